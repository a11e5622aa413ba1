/* httpd_request.h - the head of an HTTP request as a page for this machine takes it: bytes in, a path or a refusal out; nothing else
 * is touched. Sources: RFC 9112 sections 2 and 3, RFC 9110 section 7.2. */
#ifndef KEDGE_PLATFORM_HTTPD_REQUEST_H
#define KEDGE_PLATFORM_HTTPD_REQUEST_H

#include "agent/base/str.h"

struct httpd_request {
	unsigned status;                /* 200: path is asked for; else what is answered, with words */
	bool head;                      /* the answer's head alone is wanted */
	struct slice path;              /* within the input; decoded of nothing, without what follows a "?" */
	const struct packed *words;
};

/* in: all that came so far; full: no more will be taken. True: *out is what to do about it, and no byte that follows changes that.
 * False: more has to come. */
bool httpd_request(struct slice in, bool full, struct httpd_request *out);

#endif
