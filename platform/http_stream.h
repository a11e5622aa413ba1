/* http_stream.h - a connection for another protocol than HTTP, TCP or TLS, opened and counted like a request: http_start with
 * method HTTP_STREAM and an URL http(s)://HOST:PORT/. Its on_done says whether it stands; from then on it is read and written
 * here, until http_cancel closes it. */
#ifndef KEDGE_PLATFORM_HTTP_STREAM_H
#define KEDGE_PLATFORM_HTTP_STREAM_H

#include "platform/http.h"

/* To be watched by the loop, and let go of (loop_unwatch) before http_cancel; -1: no open stream has that id. */
int http_stream_fd(struct http *h, uint32_t id);

/* Sends what the kernel takes now, *sent bytes (0: it takes none now). KERR_IO: the connection is lost; KERR_GONE: no such. */
KERR_CHECK enum kerr http_stream_send(struct http *h, uint32_t id, struct slice bytes, size_t *sent, struct why *why);

/* Reads what is there, *got bytes; KERR_AGAIN: nothing now. KERR_GONE: the peer has closed, or no such; KERR_IO. */
KERR_CHECK enum kerr http_stream_recv(struct http *h, uint32_t id, char *buf, size_t cap, size_t *got, struct why *why);

#endif
