#include "agent/run/aws_send.h"

#include "agent/run/node.h"
#include "platform/crypto.h"

static bool sha256(const void *p, size_t len, uint8_t out[SIGV4_HASH])
{
	crypto_sha256((struct slice){ p, len }, out);
	return true;
}

static bool hmac(const void *key, size_t key_len, const void *p, size_t len, uint8_t out[SIGV4_HASH])
{
	crypto_hmac_sha256((struct slice){ key, key_len }, (struct slice){ p, len }, out);
	return true;
}

const struct sigv4_hash aws_hash = { sha256, hmac };

static enum kerr sign(struct node *n, const struct aws_call *call, const char *date, struct why *why)
{
	const struct credentials *keys = &n->keys.now;
	struct aws_signer *a = &n->aws.signer;
	const struct sigv4_header header[] = {
		{ SLICE("content-type"), SLICE(ECS_CONTENT_TYPE) },
		{ SLICE("host"), slice_of(call->host) },
		{ SLICE("x-amz-date"), slice_of(date) },
		{ SLICE("x-amz-target"), slice_of(call->target) },
		{ SLICE("x-amz-security-token"), slice_of(keys->token) },
	};
	const struct sigv4_request r = {
		.method = SLICE("POST"), .path = SLICE("/"), .query = SLICE(""), .body = call->body, .header = header,
		.n_headers = keys->token[0] != '\0' ? 5 : 4,
	};

	return sigv4_sign(&r, keys, date, call->region != NULL ? call->region : n->aws.region, call->service, &aws_hash, &a->key, a->work, sizeof(a->work),
			  a->authorization, why);
}

enum kerr aws_send(struct node *n, const struct aws_call *call, struct http_request *r, uint32_t *id, struct why *why)
{
	struct aws_signer *a = &n->aws.signer;
	struct text token = text_on(a->token_line, sizeof(a->token_line));
	char date[SIGV4_DATE], date_line[40], target_line[128], auth_line[SIGV4_AUTH_CAP + 20];
	struct text d = text_on(date_line, sizeof(date_line)), t = text_on(target_line, sizeof(target_line));
	struct text au = text_on(auth_line, sizeof(auth_line));
	enum kerr err;

	a->signed_unix_s = node_unix_ms(n) / 1000;
	if (!sigv4_date(a->signed_unix_s, date))
		return why_set(why, KERR_BAD_INPUT, "this node's clock is not set");
	err = sign(n, call, date, why);
	if (err != KERR_OK)
		return err;
	text_say(&d, "X-Amz-Date: ");
	text_s(&d, date);
	text_say(&t, "X-Amz-Target: ");
	text_s(&t, call->target);
	text_say(&au, "Authorization: ");
	text_s(&au, a->authorization);
	text_say(&token, "X-Amz-Security-Token: ");
	text_s(&token, n->keys.now.token);
	r->method = HTTP_POST;
	r->url = call->url;
	r->body = call->body;
	r->headers[r->header_count++] = SLICE("Content-Type: " ECS_CONTENT_TYPE);
	r->headers[r->header_count++] = text_get(&d);
	r->headers[r->header_count++] = text_get(&t);
	r->headers[r->header_count++] = text_get(&au);
	if (n->keys.now.token[0] != '\0')
		r->headers[r->header_count++] = text_get(&token);
	err = http_start(&n->http, r, id, why);
	sigv4_wipe(a->token_line, sizeof(a->token_line));
	return err;
}
