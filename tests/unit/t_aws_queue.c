/* The queue of calls to AWS over doubles of the connection and the gate: what acts goes first, a dead line fails what waits but
 * keeps what acts, a refusal for keys or clock is tried once more, time is learnt from AWS alone, and what the gate will not sign
 * is not sent. */
#include <string.h>

#include "agent/run/node.h"
#include "platform/clock.h"
#include "tests/tap.h"

#define DEPLOYMENT "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/abc"

static struct node n;
static struct conf conf;
static struct { char target[64], authorization[64], token[64]; http_done_fn *done; unsigned n; } sent;
static struct { unsigned n[ASKS]; struct ask last; enum kerr err; char body[4096]; } asked;

/* The gate: signs, and has no keys but those of the start. */
enum kerr asking(struct node *node, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why)
{
	struct answer *a = &node->asking.answer;

	(void)tail, (void)cap, (void)len;
	asked.n[q->what]++;
	asked.last = *q;
	(void)str_put(asked.body, sizeof(asked.body), body);
	memset(a, 0, sizeof(*a));
	if (q->what == ASK_KEYS_LOOK)
		return why_set(why, KERR_GONE, "no such file");
	if (q->what == ASK_KEYS_FROM)
		a->u.keys.from = CREDENTIALS_FILE;
	if (q->what != ASK_SIGN)
		return KERR_OK;
	if (asked.err != KERR_OK)
		return why_set(why, asked.err, "the gate says no");
	(void)str_put(a->u.sign.authorization, sizeof(a->u.sign.authorization), slice_of("AWS4-HMAC-SHA256 of the gate"));
	(void)str_put(a->u.sign.token, sizeof(a->u.sign.token), slice_of("session"));
	return KERR_OK;
}

enum kerr http_init(struct http *h, struct loop *loop, struct tls *tls, struct why *why)
{
	(void)h, (void)loop, (void)tls, (void)why;
	return KERR_OK;
}

void http_close(struct http *h)
{
	(void)h;
}

void http_cancel(struct http *h, uint32_t id)
{
	(void)h, (void)id;
}

void http_forget(struct http *h)
{
	(void)h;
}

struct http_traffic http_traffic(struct http *h, unsigned purpose)
{
	(void)h, (void)purpose;
	return (struct http_traffic){ 0 };
}

void http_traffic_add(struct http *h, unsigned purpose, struct http_traffic more)
{
	(void)h, (void)purpose, (void)more;
}

static void header(const struct http_request *r, const char *name, char *to, size_t cap)
{
	to[0] = '\0';
	for (size_t i = 0; i < r->header_count; i++)
		if (slice_starts(r->headers[i], name))
			(void)str_cut(to, cap, slice_from(r->headers[i], strlen(name)));
}

enum kerr http_start(struct http *h, const struct http_request *r, uint32_t *id, struct why *why)
{
	(void)h, (void)why;
	header(r, "X-Amz-Target: AmazonEC2ContainerServiceV20141113.", sent.target, sizeof(sent.target));
	header(r, "Authorization: ", sent.authorization, sizeof(sent.authorization));
	header(r, "X-Amz-Security-Token: ", sent.token, sizeof(sent.token));
	sent.done = r->on_done;
	sent.n++;
	*id = sent.n;
	return KERR_OK;
}

static void begin(void)
{
	memset(&n, 0, sizeof(n));
	memset(&sent, 0, sizeof(sent));
	memset(&asked, 0, sizeof(asked));
	conf_default(&conf);
	n.conf = &conf;
	n.probe = NONE;
	log_init(&n.log, LOG_LEVEL_ERROR);
	arena_init(&n.arena, n.arena_room, sizeof(n.arena_room));
	core_init(&n.core, &conf.core);
	n.core.service[0].used = true;
	n.core.rows.services = 1;
	snprintf(n.core.service[0].m.name, NAME_CAP, "web");
	snprintf(n.core.service[0].rb.deployment, ARN_CAP, DEPLOYMENT);
	snprintf(n.core.service[0].rb.target_family, NAME_CAP, "web");
	n.core.service[0].rb.target_revision = 11;
	snprintf(n.core.service[0].look.arn, ARN_CAP, DEPLOYMENT);
	snprintf(n.core.task[0].arn, ARN_CAP, "arn:aws:ecs:eu-west-1:123456789012:task/edge/0123456789abcdef0123456789abcdef");
	snprintf(n.core.node.cluster, sizeof(n.core.node.cluster), "edge");
	snprintf(n.aws.region, sizeof(n.aws.region), "eu-west-1");
	snprintf(n.aws.endpoint.url, sizeof(n.aws.endpoint.url), "https://ecs.test/");
	snprintf(n.aws.endpoint.host, sizeof(n.aws.endpoint.host), "ecs.test");
	n.aws.ready = n.keys.have = true;
	n.keys.source = n.keys.from = CREDENTIALS_FILE;
	n.keys.retry_ms = CORE_NEVER;
}

static void ask(enum act_type type)
{
	const struct action a = { .type = type };

	aws_ask(&n, &a);
}

static void answer(struct http_result r)
{
	http_done_fn *told = sent.done;

	sent.target[0] = '\0';
	told(&n, &r);
}

static void all_but_the_stop(void)
{
	begin();
	ask(ACT_AWS_LIST);
	is_str(sent.target, "ListServiceDeployments", "the first is sent at once");
	ask(ACT_AWS_TASK);
	ask(ACT_AWS_DEPLOYMENT);
	ask(ACT_AWS_STOP);
	is_int(sent.n, 1, "one at a time");
}

static void what_acts_goes_first(void)
{
	all_but_the_stop();
	answer((struct http_result){ .status = 200, .tls = true, .body = SLICE("{}") });
	is_str(sent.target, "StopServiceDeployment", "the stop overtakes what only asks");
	answer((struct http_result){ .status = 200, .tls = true, .body = SLICE("{}") });
	is_str(sent.target, "DescribeTasks", "then the others in their order");
	ask(ACT_AWS_STOP);
	ask(ACT_AWS_UPDATE);
	answer((struct http_result){ .status = 200, .tls = true, .body = SLICE("{}") });
	is_str(sent.target, "StopServiceDeployment", "of two that act");
	answer((struct http_result){ .status = 200, .tls = true, .body = SLICE("{}") });
	is_str(sent.target, "UpdateService", "... the older one first");
}

static void a_dead_line(void)
{
	struct http_result dead = { .err = KERR_UNREACHABLE, .cause = HTTP_CONNECT, .why = { "no way there" } };

	all_but_the_stop();
	answer(dead);
	is_int(sent.n, 2, "what waits is not tried, each its whole time, on a dead line");
	is_str(sent.target, "StopServiceDeployment", "but what acts is");
	is_int(n.core.source[SRC_AWS].state, SS_UNREACHABLE, "AWS is unreachable");
	ask(ACT_AWS_LIST);
	ask(ACT_AWS_UPDATE);
	answer(dead);
	is_int(sent.n, 3, "an act that was asked for meanwhile");
	is_str(sent.target, "UpdateService", "... is tried before what only asks, which fails");
	answer(dead);
	is_int(n.aws.count, 0, "nothing waits any more");
	is_int(n.core.fact[FACT_DNS].yes, TRI_UNKNOWN, "of names nothing was learnt");
}

static void a_certificate_out_of_its_dates(void)
{
	begin();
	wall_clock_look(&n);
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .err = KERR_UNREACHABLE, .cause = HTTP_TLS_CLOCK, .why = { "the certificate of ecs.test expired" } });
	is_int(n.wall.state, WALL_DOUBTED, "the clock is doubted");
	is_int(n.core.fact[FACT_CLOCK].yes, TRI_UNKNOWN, "... and evidence for nothing");
	ok(strstr(n.wall.why.text, "expired") != NULL && strstr(n.wall.why.text, "this node's clock") != NULL, "said: %s", n.wall.why.text);
	ask(ACT_AWS_LIST);
	is_int(sent.n, 2, "AWS is asked again all the same");
}

static void hours_off(void)
{
	int64_t now = clock_wall_ms() / 1000, off = 0;

	begin();
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .status = 403, .tls = true, .date_unix_s = now + 7200, .error_type = "InvalidSignatureException",
				     .body = SLICE("{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}") });
	is_str(sent.target, "ListServiceDeployments", "refused for the clock: tried again at once");
	ok(wall_clock_offset(&n, &off) && off > 7190 && off < 7210, "by AWS's time: %lld s", (long long)off);
	is_int(n.wall.state, WALL_CORRECTED, "... which the state says");
	answer((struct http_result){ .status = 403, .tls = true, .date_unix_s = now + 7200, .error_type = "InvalidSignatureException",
				     .body = SLICE("{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired\"}") });
	is_int(sent.n, 2, "but only once");
}

static void others_have_clocks_too(void)
{
	static const char page[] = "<html>Welcome to the hotel</html>";
	int64_t now = clock_wall_ms() / 1000, off;

	begin();
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .status = 200, .tls = true, .date_unix_s = now - 86400, .content_type = "text/html", .body = SLICE(page) });
	ok(!wall_clock_offset(&n, &off), "a portal's page over TLS tells no time");
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .status = 200, .tls = false, .date_unix_s = now - 86400, .body = SLICE("{}") });
	ok(!wall_clock_offset(&n, &off), "nor does what came without TLS");
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .status = 200, .tls = true, .date_unix_s = now - 86400, .body = SLICE("{\"serviceDeployments\":[]}") });
	ok(wall_clock_offset(&n, &off) && off < -86000, "AWS does: %lld s", (long long)off);
}

/* Of a task that is further down its table than there are services; and of one that stands where a service does. */
static void a_task_is_no_service(void)
{
	const uint32_t rows[] = { TASKS_MAX - 1, 0 };

	for (size_t i = 0; i < 2; i++) {
		const struct action a = { .type = ACT_AWS_TASK, .index = rows[i] };

		begin();
		(void)str_put(n.core.task[rows[i]].arn, ARN_CAP, slice_of("arn:aws:ecs:eu-west-1:123456789012:task/edge/abc"));
		n.core.service[0].rb.state = RB_ACTING;
		n.core.service[0].rb.confirmed = true;
		aws_ask(&n, &a);
		is_str(sent.target, "DescribeTasks", "task %u is asked about", (unsigned)rows[i]);
		answer((struct http_result){ .status = 400, .tls = true, .error_type = "AccessDeniedException",
					     .body = SLICE("{\"__type\":\"AccessDeniedException\"}") });
		is_int(n.core.service[0].rb.state, RB_ACTING, "... and refused, which is no service's rollback");
	}
}

static bool holds(const void *p, size_t len, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= len; i++)
		if (memcmp((const char *)p + i, what, strlen(what)) == 0)
			return true;
	return false;
}

static void signed_by_the_gate(void)
{
	begin();
	ask(ACT_AWS_STOP);
	is_int(asked.n[ASK_SIGN], 1, "the gate is asked to sign");
	is_str(asked.last.u.sign.target, "AmazonEC2ContainerServiceV20141113.StopServiceDeployment", "... this operation");
	is_str(asked.last.u.sign.host, "ecs.test", "... of this host");
	is_str(asked.last.u.sign.region, "eu-west-1", "... in this region");
	is_str(asked.last.u.sign.service, "ecs", "... of this service");
	ok(strstr(asked.body, DEPLOYMENT) != NULL, "... with this body");
	is_int(asked.last.u.sign.unix_s, n.aws.signer.signed_unix_s, "... at the time that is compared with AWS's");
	is_str(sent.authorization, "AWS4-HMAC-SHA256 of the gate", "what it answers is sent");
	is_str(sent.token, "session", "with the token");
	ok(!holds(&n.asking.answer, sizeof(n.asking.answer), "session") && !holds(&n.aws.signer, sizeof(n.aws.signer), "session"),
	   "which is wiped here");
}

static void not_signed(void)
{
	begin();
	asked.err = KERR_DENIED;
	n.core.service[0].rb.state = RB_ACTING;
	ask(ACT_AWS_STOP);
	is_int(sent.n, 0, "what the gate will not sign is not sent");
	is_int(n.core.service[0].rb.state, RB_DENIED, "the rollback is denied");
	is_str(n.core.service[0].rb.reason, "the gate says no", "... in the gate's words");
	begin();
	asked.err = KERR_AGAIN;
	n.core.service[0].rb.state = RB_ACTING;
	ask(ACT_AWS_STOP);
	ok(rb_open(n.core.service[0].rb.state), "without keys it stays open: %s", n.core.service[0].rb.reason);
}

static void keys_aws_refuses(void)
{
	begin();
	ask(ACT_AWS_LIST);
	answer((struct http_result){ .status = 400, .tls = true, .error_type = "ExpiredTokenException",
				     .body = SLICE("{\"__type\":\"ExpiredTokenException\"}") });
	ok(asked.n[ASK_KEYS_END] >= 1 && !n.keys.have, "keys that AWS refuses are over at the gate");
}

int main(void)
{
	signed_by_the_gate();
	not_signed();
	keys_aws_refuses();
	a_task_is_no_service();
	what_acts_goes_first();
	a_dead_line();
	a_certificate_out_of_its_dates();
	hours_off();
	others_have_clocks_too();
	return done();
}
