/* http.h - HTTP/1.1 requests on the loop: TCP, TLS (through a proxy where one is set) or a unix socket; no redirects.
 * A fixed pool of slots; all of struct http is the caller's and large (put it in static storage). */
#ifndef KEDGE_PLATFORM_HTTP_H
#define KEDGE_PLATFORM_HTTP_H

#include "platform/http_result.h"
#include "platform/loop.h"
#include "platform/tls.h"

enum {
	HTTP_SLOTS = 12, HTTP_HEADERS_MAX = 16, HTTP_HEADER_BYTES = 8192, HTTP_URL_MAX = 1024,
	HTTP_PURPOSES = 20, HTTP_SOCKETS = 16, HTTP_NONE = 0 /* never the id of a request */
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_HEAD /* its answer has no body */, HTTP_STREAM /* none: http_stream.h */ };

/* May http_start and http_cancel. The result lives until it returns. */
typedef void http_done_fn(void *arg, const struct http_result *r);

struct http_request {
	enum http_method method;
	const char *url;        /* http:// or https://, copied; the Host header comes from it */
	const char *unix_path;  /* NULL: TCP; copied. An URL of http://localhost/... then */
	struct slice headers[HTTP_HEADERS_MAX]; size_t header_count; /* "Name: value", copied, zeroed at the end */
	struct slice body;      /* POST only; borrowed until done */
	uint32_t connect_ms;    /* DNS + TCP + TLS; 0 = 10 s */
	uint32_t total_ms;      /* 0: no end (a stream, with TCP keep-alive) */
	size_t max_body_bytes;  /* 0: no bound (with on_body only) */
	char *into;             /* collects the body, max_body_bytes long, borrowed; or NULL and ... */
	bool (*on_body)(void *arg, struct slice part);       /* false: KERR_BAD_INPUT, HTTP_ABORTED */
	void (*on_open)(void *arg, unsigned status);         /* NULL allowed: the headers are complete */
	http_done_fn *on_done;  /* exactly once, from loop_turn; never after http_cancel */
	void *arg;
	unsigned purpose;       /* below HTTP_PURPOSES: whose bytes these are */
	bool plain_anywhere;    /* false: plain http only to loopback and unix sockets (KERR_DENIED) */
	struct tls *tls;        /* whose roots count; borrowed; NULL: those of http_init */
	const struct device *client; /* a certificate to show if the server asks, borrowed until done; NULL: none. Not kept afterwards */
	bool secret;            /* curl's buffer is zeroed where the answer stood; with `into` */
	bool last;              /* close the connection afterwards instead of keeping it 50 s */
};

struct http_traffic { uint64_t up_bytes, down_bytes, segments; };
struct http;    /* its members: http_pool.h, which whoever declares one includes */

/* Binds h, which is zeroed or was closed, to loop; tls borrowed. KERR_IO. http_close ends all requests without their on_done. */
KERR_CHECK enum kerr http_init(struct http *h, struct loop *loop, struct tls *tls, struct why *why);
void http_close(struct http *h);
/* From now on https:// goes by CONNECT through url, "http://[user:password@]host[:port]" (%XX decoded); "none": through no
 * proxy; NULL or "": what https_proxy or all_proxy of the environment say (lower case first). Never hosts of no_proxy,
 * loopback, link-local addresses, plain http, unix sockets. KERR_BAD_INPUT, KERR_TOO_BIG (text without the password): none. */
KERR_CHECK enum kerr http_set_proxy(struct http *h, const char *url, struct why *why);
bool http_goes_by_proxy(const struct http *h, struct slice authority); /* host[:port] of an https:// URL */
/* Starts r, which is copied. KERR_AGAIN: no slot free; KERR_BAD_INPUT, KERR_DENIED, KERR_TOO_BIG: r is
 * wrong. Legal from any callback; nothing is called back before the next turn. */
KERR_CHECK enum kerr http_start(struct http *h, const struct http_request *r, uint32_t *id, struct why *why);
void http_cancel(struct http *h, uint32_t id);  /* no on_done any more; unknown ids do nothing */
/* Closes kept connections and forgets resolved names: after a change of route, or when idle. */
void http_forget(struct http *h);
/* Payload of the sockets (TLS included, by TCP_INFO; HTTP sizes where that is missing) since the start. */
struct http_traffic http_traffic(struct http *h, unsigned purpose);
/* What another process has sent and got for it. */
void http_traffic_add(struct http *h, unsigned purpose, struct http_traffic more);

#endif
