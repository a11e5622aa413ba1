#include "agent/gate/gate_state.h"

#include <string.h>

#include "agent/wire/ecr.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/endpoint.h"
#include "agent/wire/taskdef_in.h"
#include "platform/crypto.h"

enum { BODY_MAX = 8192 };                /* bytes of a body. longer: refused; a hundred task ids are 4 KB */

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

const struct sigv4_hash gate_hash = { sha256, hmac };

/* Ends within its array, is not empty, and has nothing that could begin another header or line. */
static bool is_word(const char *p, size_t cap, const char *more)
{
	const char *end = memchr(p, '\0', cap);

	if (end == NULL || end == p)
		return false;
	for (; p < end; p++)
		if (!ch_alnum(*p) && strchr(more, *p) == NULL)
			return false;
	return true;
}

static bool is_listed(const char *service, const char *target, struct slice body)
{
	if (str_eq(service, ECR_SIGNING_NAME))
		return str_eq(target, ECR_TARGET) && slice_is(body, ECR_BODY);
	for (unsigned i = 0; i < ECS_CALLS; i++)
		if (str_eq(target, ecs_out_target((enum ecs_call)i)))
			return str_eq(service, ECS_SIGNING_NAME);
	return str_eq(service, ECS_SIGNING_NAME) && str_eq(target, TASKDEF_TARGET);
}

static bool is_host(const struct ask *q, enum endpoint_service service, const char *own, enum endpoint_type type)
{
	struct endpoint at;

	return endpoint_find(service, own, q->u.sign.region, type, &at, NULL) == KERR_OK && str_eq(at.host, q->u.sign.host);
}

/* A signature is good at the place it is made for, and a service of one name there is in each region: this node's own place, but a
 * registry's token is had where the registry is. */
static bool is_place(const struct conf *c, const struct ask *q)
{
	bool any = false;

	if (str_eq(q->u.sign.service, ECS_SIGNING_NAME))
		return (c->region[0] == '\0' || str_eq(c->region, q->u.sign.region)) &&
		       is_host(q, ENDPOINT_ECS, c->endpoint, c->endpoint_type);
	if (c->ecr_endpoint[0] != '\0')
		return is_host(q, ENDPOINT_ECR, c->ecr_endpoint, ENDPOINT_STANDARD);
	for (unsigned type = 0; type < ENDPOINT_TYPES; type++)
		any = any || is_host(q, ENDPOINT_ECR, "", (enum endpoint_type)type);
	return any;
}

static enum kerr check(struct gate *g, const struct ask *q, struct slice body, char date[SIGV4_DATE], struct why *why)
{
	if (!is_word(q->u.sign.host, sizeof(q->u.sign.host), "-._:[]") || !is_word(q->u.sign.region, sizeof(q->u.sign.region), "-") ||
	    !is_word(q->u.sign.service, sizeof(q->u.sign.service), "") ||
	    !is_word(q->u.sign.target, sizeof(q->u.sign.target), "._") || body.n > BODY_MAX)
		return why_set(why, KERR_BAD_INPUT, "no request to AWS looks like this");
	if (!sigv4_date(q->u.sign.unix_s, date))
		return why_set(why, KERR_BAD_INPUT, "this node's clock is not set");
	if (!is_listed(q->u.sign.service, q->u.sign.target, body))
		return why_set(why, KERR_BAD_INPUT, "%s of %s is nothing kedge asks for", q->u.sign.target, q->u.sign.service);
	if (!is_place(g->conf, q))
		return why_set(why, KERR_BAD_INPUT, "%.100s in %s is no place where kedge asks", q->u.sign.host, q->u.sign.region);
	if (!g->keys.have)
		return why_set(why, KERR_AGAIN, "there are no AWS keys now");
	return gate_permit_check(g, q->u.sign.target, body, why);
}

static enum kerr sign(struct gate *g, const struct ask *q, struct slice body, const char *date, struct answer *a)
{
	const struct credentials *keys = &g->keys.now;
	const struct sigv4_header header[] = {
		{ SLICE("content-type"), SLICE(ECS_CONTENT_TYPE) },
		{ SLICE("host"), slice_of(q->u.sign.host) },
		{ SLICE("x-amz-date"), slice_of(date) },
		{ SLICE("x-amz-target"), slice_of(q->u.sign.target) },
		{ SLICE("x-amz-security-token"), slice_of(keys->token) },
	};
	const struct sigv4_request r = {
		.method = SLICE("POST"), .path = SLICE("/"), .query = SLICE(""), .body = body, .header = header,
		.n_headers = keys->token[0] != '\0' ? 5 : 4,
	};
	enum kerr e = sigv4_sign(&r, keys, date, q->u.sign.region, q->u.sign.service, &gate_hash, &g->keys.key, g->keys.work,
				 sizeof(g->keys.work), a->u.sign.authorization, &a->why);

	if (e != KERR_OK)
		a->u.sign.authorization[0] = '\0';
	(void)str_put(a->u.sign.token, sizeof(a->u.sign.token), e == KERR_OK ? slice_of(keys->token) : SLICE(""));
	return e;
}

void gate_sign_ask(struct gate *g, const struct ask *q, struct slice body, struct answer *a)
{
	char date[SIGV4_DATE];

	a->err = check(g, q, body, date, &a->why);
	if (a->err == KERR_OK)
		a->err = sign(g, q, body, date, a);
}
