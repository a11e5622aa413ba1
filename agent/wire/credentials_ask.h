/* credentials_ask.h - where and with what the three providers that answer over HTTP are asked (their documents:
 * credentials_answer.h). All texts are refused rather than cut. */
#ifndef KEDGE_WIRE_CREDENTIALS_ASK_H
#define KEDGE_WIRE_CREDENTIALS_ASK_H

#include "agent/wire/endpoint.h"

#define CREDENTIALS_URL_CAP  768         /* bytes of a URL. longer: refused */
#define CREDENTIALS_BODY_CAP 2560        /* bytes: three ARNs of ARN_CAP and their names */
#define CREDENTIALS_SESSION_S 3600       /* how long Roles Anywhere is asked to make keys last: its own default */

/* What AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI say (NULL: not set; the relative one wins). *here: the
 * address is this host's own or link-local, so that no route is needed. Plain http only to loopback, 169.254.170.2,
 * 169.254.170.23 and [fd00:ec2::23]. KERR_GONE: neither is set; KERR_BAD_INPUT, KERR_DENIED, KERR_TOO_BIG. */
enum kerr credentials_container_url(const char *relative, const char *full, char out[CREDENTIALS_URL_CAP], bool *here,
				    struct why *why) KERR_CHECK;
/* "Authorization: TOKEN". A line's end closes the token of a file; one inside, or a control byte, is refused: it would
 * begin another header. KERR_BAD_INPUT; KERR_GONE: empty; KERR_TOO_BIG. The token is secret, so out is. */
enum kerr credentials_container_header(struct slice token, struct text *out, struct why *why) KERR_CHECK;

/* https://ENDPOINT/role-aliases/ALIAS/credentials; endpoint: HOST or HOST:PORT. KERR_BAD_INPUT. */
enum kerr credentials_iot_url(const char *endpoint, const char *alias, char out[CREDENTIALS_URL_CAP], struct why *why) KERR_CHECK;

/* Where CreateSession is: the trust anchor's region, or override as [aws] endpoint may say. region[40] receives it, for
 * the signature. KERR_BAD_INPUT. */
enum kerr credentials_session_endpoint(const char *override, const char *trust_anchor, struct endpoint *out,
				       char region[40], struct why *why) KERR_CHECK;
/* CreateSession's body. False when out is full. */
bool credentials_session_body(struct text *out, const char *trust_anchor, const char *profile, const char *role);

#endif
