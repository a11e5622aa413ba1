#include "agent/wire/ecs_refused.h"

#include <string.h>

#include "agent/wire/ecs_member.h"
#include "agent/wire/sigv4.h"

#define CODE_CAP     96
#define SKEW_S      240                  /* seconds: where AWS's own SDKs begin to suspect the clock */

/* What was refused, in AWS's words. */
struct said { char code[CODE_CAP], message[REASON_CAP]; };

/* "com.amazon#Code:http://..." -> "Code", as AWS's own parsers do it. */
static void put_code(char *code, struct slice raw)
{
	size_t at = slice_find(raw, ":");

	raw = slice_trim(slice_to(raw, at));
	at = slice_rfind(raw, "#");
	if (at != SIZE_MAX)
		raw = slice_from(raw, at + 1);
	(void)json_clean(code, CODE_CAP, raw);
}

static struct slice tag(struct slice body, const char *open, const char *close)
{
	size_t from = slice_find(body, open), to;
	struct slice rest;

	if (from == SIZE_MAX)
		return (struct slice){ NULL, 0 };
	rest = slice_from(body, from + strlen(open));
	to = slice_find(rest, close);
	return to == SIZE_MAX ? (struct slice){ NULL, 0 } : slice_to(rest, to);
}

static void read_json(const cJSON *root, struct said *s)
{
	const cJSON *type = json_get(root, "__type");
	const char *name = json_get(root, "message") != NULL ? "message" : "Message";

	if (type == NULL)
		type = json_get(root, "code");
	if (cJSON_IsString(type))
		put_code(s->code, slice_of(type->valuestring));
	if (json_text(root, name, s->message, sizeof(s->message), NULL, NULL) != KERR_OK)
		s->message[0] = '\0';
}

static void read_body(const struct ecs_refusal *r, struct arena *a, struct said *s)
{
	size_t mark = arena_mark(a);
	struct slice body = slice_trim(r->body);
	const cJSON *root;
	struct text t;

	if (body.n > 0 && body.p[0] == '{' && ecs_member_root(a, body, &root, NULL) == KERR_OK)
		read_json(root, s);
	else if (tag(body, "<Code>", "</Code>").n > 0) {
		put_code(s->code, tag(body, "<Code>", "</Code>"));
		(void)json_clean(s->message, sizeof(s->message), tag(body, "<Message>", "</Message>"));
	} else {
		t = text_on(s->message, sizeof(s->message));
		ecs_member_describe(body, &t);
	}
	arena_reset(a, mark);
	if (s->code[0] == '\0')
		put_code(s->code, r->error_type);
}

struct row { enum aws_error error; const struct packed *codes; };

/* Names without their "Exception". Sources: botocore's throttling list; ECS API reference, common errors. */
static const struct row rows[] = {
	{ AE_THROTTLED,
	  PACKED("Throttling Throttled RequestThrottled TooManyRequests ProvisionedThroughputExceeded "
	  "TransactionInProgress RequestLimitExceeded BandwidthLimitExceeded LimitExceeded SlowDown "
	  "PriorRequestNotComplete EC2Throttled") },
	{ AE_DENIED, PACKED("AccessDenied UnauthorizedOperation NotAuthorized OptInRequired") },
	{ AE_CREDENTIALS,
	  PACKED("ExpiredToken UnrecognizedClient InvalidClientTokenId MissingAuthenticationToken AuthFailure "
	  "InvalidSignature SignatureDoesNotMatch InvalidAccessKeyId") },
	{ AE_CLOCK, PACKED("RequestTimeTooSkewed RequestExpired RequestInTheFuture") },
	{ AE_CONFLICT, PACKED("Conflict") },
	{ AE_NOT_FOUND, PACKED("ServiceDeploymentNotFound ServiceNotFound ClusterNotFound ServiceNotActive ResourceNotFound") },
	{ AE_UNSUPPORTED, PACKED("UnsupportedFeature UnknownOperation") },
	{ AE_UNREACHABLE, PACKED("Server InternalFailure InternalError InternalServer ServiceUnavailable RequestTimeout") },
	{ AE_INVALID, PACKED("InvalidParameter Client") },
};

static bool by_code(const char *code, enum aws_error *out)
{
	struct slice s = slice_of(code), rest, one;
	char codes[PACKED_MAX];

	if (slice_ends(s, "Exception"))
		s = slice_to(s, s.n - 9);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (rest = slice_of(packed_copy(codes, sizeof(codes), rows[i].codes)); slice_next(&rest, ' ', &one);)
			if (slice_eq(one, s)) {
				*out = rows[i].error;
				return true;
			}
	return false;
}

static enum aws_error by_status(int status, bool coded)
{
	if (status == 429)
		return AE_THROTTLED;
	/* a code AWS gave, or none: then a proxy, a portal or a gateway spoke, and AWS was not reached */
	if (coded && (status == 401 || status == 403))
		return AE_DENIED;
	if (status >= 500 || !coded)
		return AE_UNREACHABLE;
	return AE_INVALID;
}

/* "Signature expired: A is now earlier than B (C - 5 min.)" and "Signature not yet current: A is still later than
 * B (C + 5 min.)": C is the server's clock. */
static bool server_clock(const char *message, int64_t *unix_s)
{
	struct slice m = slice_of(message), c;
	size_t at = slice_find(m, "Signature expired:");

	if (at == SIZE_MAX)
		at = slice_find(m, "Signature not yet current:");
	if (at == SIZE_MAX)
		return false;
	c = slice_from(m, at);
	at = slice_find(c, "(");
	c = at == SIZE_MAX ? SLICE("") : slice_from(c, at + 1);
	at = slice_find(c, " ");
	if (!sigv4_date_parse(slice_to(c, at == SIZE_MAX ? c.n : at), unix_s))
		*unix_s = 0;
	return true;
}

/* A wrong clock is refused under these names too. */
static bool clock_may_hide(const char *code)
{
	static const char *const names[] = {
		"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed",
		"AccessDeniedException",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(code, names[i]))
			return true;
	return false;
}

static bool skewed(const struct ecs_refusal *r)
{
	int64_t skew = r->date_unix_s - r->signed_unix_s;

	return r->date_unix_s != 0 && r->signed_unix_s != 0 && (skew > SKEW_S || skew < -SKEW_S);
}

/* No code of AWS's, nor what a load balancer or a half-open proxy says for itself: somebody else sent a page. */
static bool stranger(const struct ecs_refusal *r, const struct said *s)
{
	return s->code[0] == '\0' && r->status < 500 && r->status != 407 && r->status != 429 && !slice_starts(slice_trim(r->body), "{");
}

/* The host a redirect leads to, else the one that should have been AWS. */
static struct slice sender(const struct ecs_refusal *r)
{
	struct slice to = slice_of(r->location);
	size_t at = slice_find(to, "//");

	to = at == SIZE_MAX ? SLICE("") : slice_from(to, at + 2);
	for (at = 0; at < to.n && to.p[at] != '/' && to.p[at] != '?' && to.p[at] != '#'; at++)
		;
	return at > 0 ? slice_to(to, at) : slice_of(r->host);
}

static void put_stranger(const struct ecs_refusal *r, const struct said *s, struct text *t)
{
	text_say(t, "not AWS answered: a captive portal or proxy at ");
	text_slice(t, sender(r));
	text_say(t, " (HTTP ");
	text_i64(t, r->status);
	text_say(t, ", ");
	text_s(t, s->message);
	text_c(t, ')');
}

static void put_detail(const struct ecs_refusal *r, const struct said *s, char *out, size_t cap)
{
	char buf[CODE_CAP + REASON_CAP + 256];
	struct text t = text_on(buf, sizeof(buf));

	if (stranger(r, s)) {
		put_stranger(r, s, &t);
		(void)json_clean(out, cap, text_get(&t));
		return;
	}
	if (s->code[0] != '\0') {
		text_s(&t, s->code);
	} else {
		text_say(&t, "HTTP ");
		text_i64(&t, r->status);
		if (r->status == 407)
			text_say(&t, ", the proxy wants authentication");
	}
	if (s->message[0] != '\0') {
		text_say(&t, ": ");
		text_s(&t, s->message);
	}
	(void)json_clean(out, cap, text_get(&t));
}

void ecs_refused(const struct ecs_refusal *r, struct arena *a, struct ecs_asked q, struct event *ev,
		 int64_t *server_unix_s)
{
	struct ev_aws_failed *f = &ev->u.aws_failed;
	struct said s = { "", "" };

	*server_unix_s = 0;
	ev->type = EV_AWS_FAILED;
	memset(f, 0, sizeof(*f));
	f->service = q.service;
	f->ask = q.ask;
	read_body(r, a, &s);
	if (!by_code(s.code, &f->error))
		f->error = by_status(r->status, s.code[0] != '\0');
	if (server_clock(s.message, server_unix_s)) {
		f->error = AE_CLOCK;
	} else if (skewed(r) && clock_may_hide(s.code)) {
		f->error = AE_CLOCK;
	}
	if (f->error == AE_CLOCK && *server_unix_s == 0)
		*server_unix_s = r->date_unix_s;
	put_detail(r, &s, f->detail, sizeof(f->detail));
}
