/* A yes is one to what was seen: by the words of a person's client, the worker goes on only where they name what it would do. */
#include <stdlib.h>

#include "agent/run/node_feed.h"
#include "agent/run/serve.h"
#include "agent/run/web.h"
#include "tests/tap.h"

#define OF(id) "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/" id
#define CHANGED "it has changed since you looked"

static struct node n;
static struct conf conf;
static struct board board;
static struct { char answer[VIEW_MAX]; unsigned n; } got;
static unsigned confirmed;

enum kerr asking(struct node *node, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why)
{
	(void)node, (void)body, (void)tail, (void)cap, (void)len, (void)why;
	if (q->what != ASK_REPLY || q->u.reply.id != 9 || q->u.reply.bytes >= sizeof(got.answer))
		abort();
	memcpy(got.answer, board.reply, q->u.reply.bytes);
	got.answer[q->u.reply.bytes] = '\0';
	got.n++;
	return KERR_OK;
}

struct event *node_event(struct node *node, enum ev_type type)
{
	memset(&node->ev, 0, sizeof(node->ev));
	node->ev.type = type;
	return &node->ev;
}

void node_feed(struct node *node, struct event *ev)
{
	(void)node;
	ok(ev->type == EV_OPERATOR && ev->u.operator.uid == 1000 && strcmp(ev->u.operator.service, "web") == 0,
	   "the core hears who said it, of which service");
	confirmed += ev->u.operator.verb == OPV_CONFIRM;
}

void node_view(struct node *node, struct view *v)
{
	*v = (struct view){ .core = &node->core, .version = "1.2.3", .daemon = true };
}

/* ---- whom nobody asks here ---- */

bool aws_describe_services(struct node *node, uint32_t reply)
{
	(void)node, (void)reply;
	abort();
}

void image_check_verify(struct node *node, uint32_t connection, struct slice definition)
{
	(void)node, (void)connection, (void)definition;
	abort();
}

void image_check_export(struct node *node, uint32_t connection, struct slice what)
{
	(void)node, (void)connection, (void)what;
	abort();
}

void web_changed(struct node *node)
{
	(void)node;
	abort();
}

static struct service *begin(void)
{
	struct service *s = &n.core.service[0];

	conf_default(&conf);
	conf.core.policy.allow_update_service = true;
	memset(&n, 0, sizeof(n));
	n.conf = &conf;
	n.asking.board = &board;
	log_init(&n.log, LOG_LEVEL_ERROR);
	core_init(&n.core, &conf.core);
	n.core.rows.services = 1;
	s->used = true;
	(void)str_put(s->m.name, sizeof(s->m.name), SLICE("web"));
	s->rb = (struct rollback){ .id = 3, .state = RB_AWAITING_CONFIRMATION, .target_revision = 11, .revision = 12 };
	(void)str_put(s->rb.target_family, sizeof(s->rb.target_family), SLICE("web"));
	(void)str_put(s->rb.deployment, sizeof(s->rb.deployment), SLICE(OF("abc")));
	return s;
}

static void says(const char *words, unsigned yes, const char *answer)
{
	const struct news news = { .what = NEWS_REQUEST, .u.request = { .id = 9, .uid = 1000, .gid = 1000, .pid = 77 } };
	unsigned before = confirmed, answers = got.n;

	serve_news(&n, &news, slice_of(words));
	is_int(confirmed - before, yes, "%s: %s", words, yes ? "goes on" : "does not");
	ok(got.n == answers + 1 && strstr(got.answer, answer) != NULL, "... and is told %s", answer);
}

int main(void)
{
	struct service *s = begin();

	says("confirm r3 web " OF("abc") " -", 1, "\"exit\":0");
	says("confirm r3 web " OF("other") " -", 0, CHANGED);
	ok(strstr(got.answer, "\"exit\":1") != NULL, "... with exit 1");
	says("confirm r3 web - -", 0, CHANGED);
	says("confirm r3 db " OF("abc") " -", 0, CHANGED);
	says("confirm r3 web " OF("abc") " web:11", 0, CHANGED);
	says("confirm r3 web " OF("abc"), 0, CHANGED);
	says("confirm r3 web " OF("abc") " - -", 0, CHANGED);
	says("confirm r3 x", 0, CHANGED);
	says("confirm r4 web " OF("abc") " -", 0, "there is no rollback of this id");
	s->rb.update = true;
	says("confirm r3 web " OF("abc") " -", 0, CHANGED);
	says("confirm r3 web " OF("abc") " web:12", 0, CHANGED);
	says("confirm r3 web " OF("abc") " web:11", 1, "\"exit\":0");
	s->rb.update = false;
	s->rb.deployment[0] = '\0';
	says("confirm r3 web - -", 1, "\"exit\":0");
	says("confirm r3 web " OF("abc") " -", 0, CHANGED);
	s->rb.state = RB_ROLLED_BACK;
	says("confirm r3 web - -", 0, "over already");
	return done();
}
