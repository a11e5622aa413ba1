/* http_pool.h - the members of struct http, for whoever gives it storage (about 150 KiB, of which
 * only what is used is ever touched) and for http*.c. Nobody else looks inside. */
#ifndef KEDGE_PLATFORM_HTTP_POOL_H
#define KEDGE_PLATFORM_HTTP_POOL_H

#include "platform/http_proxy.h"

enum http_state {
	HTTP_FREE,
	HTTP_NEW,               /* filled, not handed to curl yet */
	HTTP_ON,                /* curl works on it */
	HTTP_OPEN,              /* a stream whose connection stands */
	HTTP_CANCELLED          /* cancelled while curl was calling us: taken away in the next turn */
};

struct http_slot {
	struct http *owner;
	void *easy;             /* CURL, made at first use and kept */
	enum http_state state;
	uint32_t id;
	struct http_request req;
	struct http_result res;
	struct tls_seen seen;
	uint64_t began_ms;
	size_t got;             /* body bytes seen */
	bool opened, too_big, refused;
	bool asked_exactly;     /* x-amz-retry-after was seen: Retry-After, of whole seconds, does not count beside it */
	bool resolved;          /* a socket was made, so an address was known */
	bool proxied;           /* goes by CONNECT through the proxy */
	bool metered;           /* its socket is in sock[] and the kernel counts bytes */
	char url[HTTP_URL_MAX];
	char host[256];         /* host[:port] or the socket's path, for sentences */
	char unix_path[112];
	char curl_text[256];    /* CURL_ERROR_SIZE */
	struct http_line line[HTTP_HEADERS_MAX + 2];
	char header_text[HTTP_HEADER_BYTES];
	size_t header_bytes;    /* of it in use */
};

struct http_socket {            /* one TCP connection of curl's, to count its bytes */
	int fd;                 /* -1: free */
	unsigned purpose;       /* of the request that used it last */
	struct http_traffic seen;
};

struct http {
	struct loop *loop;
	struct tls *tls;
	struct http_proxy proxy;
	struct http_slot slot[HTTP_SLOTS];
	struct http_socket sock[HTTP_SOCKETS];
	struct http_traffic traffic[HTTP_PURPOSES];
	uint32_t last_id;
	int in_curl;            /* depth of curl calling us back: curl must not be re-entered then */
	bool forget;
	uint64_t uncounted;     /* connections beyond HTTP_SOCKETS, counted by HTTP sizes only */
};

/* http_head.c: one line of a response head, its newline included; "" resets. */
void http_head_line(struct http_slot *s, struct slice line);
/* RFC 9110 5.6.7, IMF-fixdate only ("Sun, 06 Nov 1994 08:49:37 GMT"); 0 for anything else. */
int64_t http_head_date(struct slice text);

/* http_verdict.c: curl's code and timings as err, cause and a sentence. */
void http_verdict(struct http_slot *s, int curl_code);

/* http_count.c: a TCP socket of slot s was made; is about to close; all that is known about bytes. */
void http_count_open(struct http_slot *s, int fd);
void http_count_close(struct http *h, int fd);
void http_count_done(struct http_slot *s);
void http_count_all(struct http *h);

#endif
