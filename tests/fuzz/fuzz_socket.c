/* What anybody may ask on kedge.sock. Byte 0: the state of the rollback, byte 1: what the policy allows; then the request. The
 * daemon's own words are read by what is shipped (agent/run/serve.c, acts.c), the rest of the daemon is played here: each request
 * gets one answer, a JSON object, now or from whom it was handed to, and what the core is told names the service that is known. */
#include "agent/run/acts.h"
#include "agent/run/image_check.h"
#include "agent/run/kept.h"
#include "agent/run/node_feed.h"
#include "agent/run/serve.h"
#include "agent/run/web.h"
#include "platform/file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_views.h"

#include <string.h>

static struct node node;
static struct conf conf;
static struct board board;
static unsigned answers, handed, told;

enum kerr asking(struct node *n, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why)
{
	(void)n, (void)body, (void)tail, (void)cap, (void)len, (void)why;
	answers++;
	if (q->what != ASK_REPLY || q->u.reply.id != 7 || q->u.reply.bytes > sizeof(board.reply))
		fuzz_broken("an answer to somebody else, or one longer than the board");
	fuzz_json((struct slice){ board.reply, q->u.reply.bytes }, "an answer");
	return KERR_OK;
}

/* What needs AWS or a registry is answered by others, later. */
bool aws_describe_services(struct node *n, uint32_t reply)
{
	if (memchr(n->only, '\0', sizeof(n->only)) == NULL)
		fuzz_broken("a service's name without end");
	handed += reply == 7 && n->core.params.fleet > 0;
	return n->core.params.fleet > 0;
}

void image_check_verify(struct node *n, uint32_t connection, struct slice definition)
{
	(void)n, (void)definition;
	handed += connection == 7;
}

void image_check_export(struct node *n, uint32_t connection, struct slice what)
{
	(void)n, (void)what;
	handed += connection == 7;
}

void web_changed(struct node *n)
{
	(void)n;
}

void node_view(struct node *n, struct view *v)
{
	*v = fuzz_view_of(&n->core, aws_table(&n->aws));
}

struct event *node_event(struct node *n, enum ev_type type)
{
	memset(&n->ev, 0, sizeof(n->ev));
	n->ev.type = type;
	return &n->ev;
}

void node_feed(struct node *n, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];

	if (told++ > 0 || ev->type != EV_OPERATOR || ev->u.operator.uid != 1000 || strcmp(ev->u.operator.service, "web") != 0)
		fuzz_broken("the core is told what nobody asked for");
	fuzz_text(ev->u.operator.to_family, sizeof(ev->u.operator.to_family), "a family");
	ev->now_ms = 2000;
	ev->now_unix_ms = INT64_C(1800000002000);
	if (core_check(&n->core, out, core_step(&n->core, ev, out)) != NULL)
		fuzz_broken("the core breaks");
	handed += ev->u.operator.verb == OPV_DEPLOY;
}

void log_line(struct log *log, enum log_level level, const char *fmt, ...)
{
	(void)log, (void)level, (void)fmt;
}

enum kerr file_read(const char *path, enum file_flag flag, char *buf, size_t cap, size_t *len, struct why *why)
{
	(void)path, (void)flag, (void)buf, (void)cap, (void)why;
	*len = 0;
	return KERR_GONE;
}

enum kerr file_replace(const char *path, struct slice bytes, mode_t mode, struct why *why)
{
	(void)path, (void)bytes, (void)mode, (void)why;
	return KERR_OK;
}

enum kerr kept_deployments(const struct conf *c, struct dep_table *out, struct why *why)
{
	(void)c, (void)out, (void)why;
	return KERR_GONE;
}

static void put(char *dst, size_t cap, const char *words)
{
	(void)str_put(dst, cap, slice_of(words));
}

static void set_up(uint8_t state, uint8_t policy)
{
	struct action out[CORE_MAX_ACTIONS];
	struct event *ev;

	conf_default(&conf);
	conf.core.policy.allow_update_service = (policy & 1) != 0;
	conf.core.policy.mode = (enum rb_mode)(policy >> 1 & 3);
	conf.core.fleet = policy >> 3 & 1;
	memset(&node.core, 0, sizeof(node.core));
	node.conf = &conf;
	core_init(&node.core, &conf.core);
	for (unsigned i = 0; i < 2; i++) {
		struct record *r = &node_event(&node, EV_RESTORE)->u.restore.record;

		ev = &node.ev;
		ev->now_ms = 1000;
		ev->now_unix_ms = INT64_C(1800000001000);
		ev->u.restore.last = i == 1;
		r->seq = 1 + i;
		r->kind = i == 0 ? REC_SERVICE : REC_ROLLBACK;
		if (i == 0) {
			put(r->u.service.name, sizeof(r->u.service.name), "web");
			put(r->u.service.family[0], sizeof(r->u.service.family[0]), "web");
			r->u.service.n_families = 1;
			put(r->u.service.deployment, sizeof(r->u.service.deployment), policy & 16 ? "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/12" : "");
		} else {
			r->u.rollback = (struct rollback){ .id = 3, .state = (enum rb_state)(state % RB_STATES), .update = (policy & 32) != 0,
							   .target_revision = 11, .revision = 12, .expires_unix_ms = INT64_C(1900000000000) };
			put(r->u.rollback.service, sizeof(r->u.rollback.service), "web");
			put(r->u.rollback.family, sizeof(r->u.rollback.family), "web");
			put(r->u.rollback.target_family, sizeof(r->u.rollback.target_family), "web");
			put(r->u.rollback.reason, sizeof(r->u.rollback.reason), "because");
		}
		(void)core_step(&node.core, ev, out);
	}
	put(node.core.node.region, sizeof(node.core.node.region), "eu-west-1");
	put(node.core.node.cluster, sizeof(node.core.node.cluster), "edge");
	answers = handed = told = 0;
	node.asking.board = &board;
	serve_start(&node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct news news = { .what = NEWS_REQUEST, .u.request = { .id = 7, .uid = 1000 } };
	struct slice in = { (const char *)data, size };
	uint8_t state = fuzz_byte(&in), policy = fuzz_byte(&in);

	set_up(state, policy);
	if (in.n > UNIXSOCK_REQUEST_MAX)
		return 0;
	serve_news(&node, &news, in);
	if (answers + handed != 1)
		fuzz_broken("a request without an answer, or with two");
	return 0;
}
