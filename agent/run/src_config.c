#include "agent/run/src_config.h"

#include "agent/run/node.h"
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

/* Into the work room from byte `at` on, right behind the one before: a page more would stay touched. */
static bool read_at(struct node *n, size_t at, const char *path, struct slice *text)
{
	struct why why;
	size_t len;

	*text = (struct slice){ n->work + at, 0 };
	if (file_read(path, FILE_REGULAR, n->work + at, sizeof(n->work) - at, &len, &why) != KERR_OK)
		return false;
	text->n = len;
	return true;
}

static bool same(const struct file_ident *a, const struct file_ident *b)
{
	return a->inode == b->inode && a->size_bytes == b->size_bytes && a->mtime_unix_s == b->mtime_unix_s;
}

void src_config_look(struct node *n)
{
	const char *const path[SRC_CONFIGS] = { n->conf->agent_config, "/var/lib/ecs/ecs.config" };
	struct agent_config c;
	struct ev_fact said;
	bool any, old = n->agent_config.read;

	for (size_t i = 0; i < SRC_CONFIGS; i++) {
		struct file_ident now;
		struct why why;

		if (file_identify(path[i], &now, &why) != KERR_OK)
			now = (struct file_ident){ 0 };
		old = old && same(&now, &n->agent_config.seen[i]);
		n->agent_config.seen[i] = now;
	}
	n->agent_config.read = true;
	if (old)
		return;
	any = read_at(n, 0, path[0], &c.user);
	any = read_at(n, c.user.n, path[1], &c.instance) || any;
	if (!any)
		return;
	agent_config_reasons(&c, &said);
	tell(n, &said);
	agent_config_images(&c, &said);
	tell(n, &said);
}
