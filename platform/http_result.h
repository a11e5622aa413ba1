/* http_result.h - what became of an HTTP request. */
#ifndef KEDGE_PLATFORM_HTTP_RESULT_H
#define KEDGE_PLATFORM_HTTP_RESULT_H

#include "agent/base/err.h"
#include "agent/base/str.h"

/* What failed, for the caller that blames; the sentence for people is result.why. */
enum http_cause {
	HTTP_FINE, HTTP_DNS, HTTP_PROXY /* any trouble with it */, HTTP_CONNECT, HTTP_TLS, HTTP_TLS_UNTRUSTED, HTTP_TLS_CLOCK,
	HTTP_TLS_NAME, HTTP_TLS_BUNDLE, HTTP_TIMEOUT, HTTP_CUT /* closed in the middle */, HTTP_TOO_BIG, HTTP_ABORTED /* on_body
	said no */, HTTP_PROTOCOL /* not HTTP */, HTTP_INTERNAL
};

struct http_result {
	enum kerr err;          /* KERR_OK = a whole answer, whatever its status */
	enum http_cause cause;
	struct why why;
	unsigned status;        /* 0: none came */
	bool tls;               /* the answer came over a verified TLS connection */
	int64_t date_unix_s;    /* Date header, 0: none */
	uint64_t retry_after_ms; /* x-amz-retry-after, else Retry-After; 0: none, and an hour at most */
	char content_type[64], request_id[64]; /* "" : none (request_id: x-amzn-requestid) */
	char challenge[512];    /* www-authenticate; of several the first Bearer. "": none, or longer */
	char digest[80];        /* docker-content-digest */
	char error_type[96], location[128];    /* x-amzn-errortype, Location: cut, "" : none */
	struct slice body;      /* in the caller's buffer; empty with on_body */
	uint64_t up_bytes, down_bytes; /* HTTP level, without TLS and TCP */
	uint32_t elapsed_ms;
};

#endif
