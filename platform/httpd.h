/* httpd.h - a few pages for this very machine: HTTP/1.1, GET and HEAD, one answer a connection, on a loopback address, and a
 * stream of events for who wants to hear of changes. Sources: RFC 9110, RFC 9112, WHATWG HTML 9.2 (server-sent events). What is no such
 * request gets its status and is closed; the Host header has to name this machine, so that no page of the Internet can read these
 * by a name of its own (DNS rebinding). */
#ifndef KEDGE_PLATFORM_HTTPD_H
#define KEDGE_PLATFORM_HTTPD_H

#include "agent/base/err.h"
#include "agent/base/str.h"
#include "platform/loop.h"

enum {
	HTTPD_CONNS = 6, HTTPD_STREAMS = 2 /* of them; one more: 503 */, HTTPD_REQUEST_MAX = 4096, HTTPD_BODY_MAX = 256 * 1024,
	HTTPD_HEAD_MAX = 768, HTTPD_DEADLINE_MS = 5000 /* of each half: request, answer */,
	HTTPD_ALIVE_MS = 30000, /* between two signs of life on streams, all at one time */
	HTTPD_UNREAD = 4096 /* bytes the kernel keeps for who does not read a stream; it makes some more of it */
};

struct httpd_answer {
	unsigned status;                /* 404 when the function leaves it alone */
	const char *type;               /* of the body */
	struct slice body;              /* borrowed until the function returns; longer than HTTPD_BODY_MAX: 500 */
	const struct packed *words;     /* the body instead, where not NULL */
	const char *script;             /* hash ('sha256-...') of the one script the page may run; NULL: none */
	bool stream;                    /* 200 without an end: what httpd_push sends follows the body */
};

/* path: decoded of nothing, without what follows a "?". */
typedef void httpd_fn(void *arg, struct slice path, struct httpd_answer *out);

struct httpd_conn {
	struct httpd *owner;
	int fd;                         /* -1: free */
	bool answered, head, stream;
	uint64_t deadline_ms;           /* clock_boot_ms; UINT64_MAX: a stream that has all its events */
	size_t in_len, out_len, out_sent;
	char in[HTTPD_REQUEST_MAX];
	char out[HTTPD_HEAD_MAX + HTTPD_BODY_MAX];
};

struct httpd {                          /* 1.6 MB of address space: zeroed static storage; touched as used */
	struct loop *loop;
	int fd;                         /* -1: closed */
	httpd_fn *fn;
	void *arg;
	uint64_t refused;               /* connections and requests that were none of these pages' */
	bool open;
	uint64_t alive_ms;              /* when streams get their next sign of life */
	struct httpd_conn conn[HTTPD_CONNS];
};

/* Listens on "ADDRESS:PORT" (127.x.y.z, [::1] or localhost). loop and arg are borrowed. KERR_REFUSED: the port is taken;
 * KERR_DENIED: an address that is not this machine's own loopback; KERR_BAD_INPUT: no address; KERR_IO. */
KERR_CHECK enum kerr httpd_listen(struct httpd *h, struct loop *loop, const char *at, httpd_fn *fn, void *arg, struct why *why);
/* Also of one that never listened. */
void httpd_close(struct httpd *h);
/* Sends one event, as it stands, to every stream. Who does not read is dropped once the kernel's room for him is full. */
void httpd_push(struct httpd *h, struct slice event);
/* Drops whoever takes too long, and tells streams that it lives; when to call it next, boot clock in ms (UINT64_MAX: nobody is
 * connected). */
uint64_t httpd_expire(struct httpd *h);

#endif
