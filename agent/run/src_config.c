#include "agent/run/src_config.h"

#include "agent/run/node_feed.h"
#include "agent/wire/agent_config.h"

static void tell(struct node *n, const struct ev_fact *said)
{
	const struct known_fact *known = &n->core.fact[said->fact];

	if (known->yes == said->yes && str_eq(known->about, said->about))
		return;
	if (said->yes == TRI_NO)
		log_line(&n->log, said->fact == FACT_REASONS ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "ecs agent: %s: %s", said->about, said->fact == FACT_REASONS
			 ? "its log leaves out why tasks fail" : "its clean-up deletes images a rollback may need");
	node_event(n, EV_FACT)->u.fact = *said;
	node_feed(n, &n->ev);
}

/* Into the work room from byte `at` on, right behind the one before: a page more would stay touched. False: it is as it was,
 * or not there. */
static bool read_at(struct node *n, size_t at, enum talk_file file, struct slice *text, uint64_t *stamp)
{
	struct ask q = { .what = ASK_FILE, .u.file = { file, 0 } };
	struct why why;
	size_t len = 0;

	*text = (struct slice){ n->work + at, 0 };
	if (asking(n, &q, (struct slice){ NULL, 0 }, n->work + at, sizeof(n->work) - at, &len, &why) != KERR_OK)
		return false;
	*stamp = n->asking.answer.u.stamp;
	text->n = len;
	return true;
}

/* Has one of them changed? Asked with what is known of it, nothing is read. */
static bool changed(struct node *n)
{
	bool any = false;

	for (int i = 0; i < SRC_CONFIGS; i++) {
		struct ask q = { .what = ASK_FILE, .u.file = { i == 0 ? TALK_AGENT_CONFIG : TALK_INSTANCE_CONFIG, n->agent_config.stamp[i] } };
		struct why why;
		size_t len = 0;

		if (asking(n, &q, (struct slice){ NULL, 0 }, n->work, sizeof(n->work), &len, &why) == KERR_GONE && n->agent_config.stamp[i] == 0)
			continue;
		any = any || n->asking.answer.u.stamp != n->agent_config.stamp[i];
	}
	return any;
}

void src_config_look(struct node *n)
{
	struct src_config *s = &n->agent_config;
	struct agent_config c;
	struct ev_fact said;
	bool any;

	if (s->read && !changed(n))
		return;
	s->read = true;
	s->stamp[0] = s->stamp[1] = 0;
	any = read_at(n, 0, TALK_AGENT_CONFIG, &c.user, &s->stamp[0]);
	any = read_at(n, c.user.n, TALK_INSTANCE_CONFIG, &c.instance, &s->stamp[1]) || any;
	if (!any)
		return;
	agent_config_reasons(&c, &said);
	tell(n, &said);
	agent_config_images(&c, &said);
	tell(n, &said);
}
