#include "agent/run/aws_send.h"

#include "agent/run/node_feed.h"

static bool fill(struct ask *q, const struct aws_call *call, const char *region)
{
	return str_put(q->u.sign.host, sizeof(q->u.sign.host), slice_of(call->host)) &&
	       str_put(q->u.sign.region, sizeof(q->u.sign.region), slice_of(call->region != NULL ? call->region : region)) &&
	       str_put(q->u.sign.service, sizeof(q->u.sign.service), slice_of(call->service)) &&
	       str_put(q->u.sign.target, sizeof(q->u.sign.target), slice_of(call->target));
}

enum kerr aws_send(struct node *n, const struct aws_call *call, struct http_request *r, uint32_t *id, struct why *why)
{
	struct aws_signer *a = &n->aws.signer;
	struct answer *said = &n->asking.answer;
	struct ask q = { .what = ASK_SIGN };
	struct text token = text_on(a->token_line, sizeof(a->token_line));
	char date[SIGV4_DATE], date_line[40], target_line[128], auth_line[SIGV4_AUTH_CAP + 20];
	struct text d = text_on(date_line, sizeof(date_line)), t = text_on(target_line, sizeof(target_line));
	struct text au = text_on(auth_line, sizeof(auth_line));
	enum kerr err;

	a->signed_unix_s = q.u.sign.unix_s = node_unix_ms(n) / 1000;
	if (!sigv4_date(a->signed_unix_s, date))
		return why_set(why, KERR_BAD_INPUT, "this node's clock is not set");
	if (!fill(&q, call, n->aws.region))
		return why_set(why, KERR_TOO_BIG, "the host %.100s is too long", call->host);
	err = asking(n, &q, call->body, NULL, 0, NULL, why);
	if (err != KERR_OK)
		return err;
	text_say(&d, "X-Amz-Date: ");
	text_s(&d, date);
	text_say(&t, "X-Amz-Target: ");
	text_s(&t, call->target);
	text_say(&au, "Authorization: ");
	text_s(&au, said->u.sign.authorization);
	text_say(&token, "X-Amz-Security-Token: ");
	text_s(&token, said->u.sign.token);
	r->method = HTTP_POST;
	r->url = call->url;
	r->body = call->body;
	r->headers[r->header_count++] = SLICE("Content-Type: " ECS_CONTENT_TYPE);
	r->headers[r->header_count++] = text_get(&d);
	r->headers[r->header_count++] = text_get(&t);
	r->headers[r->header_count++] = text_get(&au);
	if (said->u.sign.token[0] != '\0')
		r->headers[r->header_count++] = text_get(&token);
	err = http_start(&n->http, r, id, why);
	sigv4_wipe(a->token_line, sizeof(a->token_line));
	sigv4_wipe(&said->u.sign, sizeof(said->u.sign));
	return err;
}
