/* aws_send.h - one JSON 1.1 call to an AWS service: signed by the gate with the keys in force, and on its way. */
#ifndef KEDGE_RUN_AWS_SEND_H
#define KEDGE_RUN_AWS_SEND_H

#include "agent/wire/sigv4.h"
#include "platform/http.h"

struct node;

struct aws_call {
	const char *url, *host;          /* POST goes to url; host is the Host header's value, with the port if it shows */
	const char *region;              /* of the signature; NULL: this node's */
	const char *service, *target;    /* the signing name ("ecs"), and what X-Amz-Target says */
	struct slice body;               /* borrowed until the request is done */
};

struct aws_signer {
	int64_t signed_unix_s;           /* what the newest request said the time is */
	char token_line[CREDENTIALS_TOKEN_CAP + 32];
};

/* Completes *r (method, url, headers, body) and starts it; where its answer goes, how long it may take and whom it
 * tells are the caller's. KERR_BAD_INPUT: the clock is not set; KERR_DENIED: nobody permits it (agent/gate/gate_permit.h);
 * KERR_AGAIN: there are no keys; else what signing or http_start refuses. */
enum kerr aws_send(struct node *n, const struct aws_call *call, struct http_request *r, uint32_t *id, struct why *why) KERR_CHECK;

#endif
