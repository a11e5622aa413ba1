/* The queue of calls to AWS over a double of the connection: what acts goes first, a dead line fails what waits but keeps what
 * acts, a refusal for keys or clock is tried once more, and time is learnt from AWS alone. */
#include <string.h>

#include "agent/run/node.h"
#include "platform/clock.h"
#include "tests/tap.h"

#define DEPLOYMENT "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/abc"

static struct node n;
static struct conf conf;
static struct { char target[64]; http_done_fn *done; unsigned n; } sent;

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
	sent.done = r->on_done;
	sent.n++;
	*id = sent.n;
	return KERR_OK;
}

static void begin(void)
{
	memset(&n, 0, sizeof(n));
	memset(&sent, 0, sizeof(sent));
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
	snprintf(n.keys.now.akid, sizeof(n.keys.now.akid), "AKIDEXAMPLE");
	snprintf(n.keys.now.secret, sizeof(n.keys.now.secret), "wJalrXUtnFEMI");
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

int main(void)
{
	a_task_is_no_service();
	what_acts_goes_first();
	a_dead_line();
	a_certificate_out_of_its_dates();
	hours_off();
	others_have_clocks_too();
	return done();
}
