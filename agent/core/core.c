/* The switch over events, and what is wanted done, read off the state. Nothing is decided in this file. */
#include "agent/core/parts.h"

#include <string.h>

void core_init(struct core *c, const struct core_params *p)
{
	core_reload(c, p);
	c->rng = p->seed | 1;
	c->next_id = 1;
	c->next_seq = 1;
	c->epoch = 1;
}

void core_reload(struct core *c, const struct core_params *p)
{
	/* row by row: what no service uses is not touched */
	c->params.policy = p->policy;
	c->params.n_services = p->n_services;
	c->params.heartbeat_ms = p->heartbeat_ms;
	c->params.fleet = p->fleet;
	c->params.seed = p->seed;
	for (uint32_t i = 0; i < p->n_services; i++)
		c->params.service[i] = p->service[i];
}

const struct policy *core_policy(const struct core *c, const char *service)
{
	return policy_for(&c->params, service);
}

bool core_online(const struct core *c)
{
	return c->fact[FACT_ROUTE].yes != TRI_NO && c->fact[FACT_CREDENTIALS].yes == TRI_YES &&
	       c->fact[FACT_CLOCK].yes != TRI_NO && c->now_ms >= c->aws_retry_ms && c->node.cluster[0] != '\0';
}

static bool changed(char *known, size_t cap, const char *said)
{
	bool other;

	if (said[0] == '\0' || str_eq(known, said))
		return false;
	other = known[0] != '\0';
	put_str(known, cap, said);
	return other;
}

#define CHANGED(member) changed(c->node.member, sizeof(c->node.member), ev->member)

/* A part that becomes known is not a change; one that differs makes old failures incomparable. */
static void on_epoch(struct core *c, const struct ev_epoch *ev)
{
	struct ev_epoch before = c->node;
	bool other = false;

	other |= CHANGED(boot_id);
	other |= CHANGED(engine_id);
	other |= CHANGED(engine_version);
	other |= CHANGED(agent_version);
	other |= CHANGED(cluster);
	other |= CHANGED(container_instance);
	(void)CHANGED(region);
	(void)CHANGED(arch);
	c->epoch += other;
	c->epoch_save = c->epoch_save || memcmp(&before, &c->node, sizeof(before)) != 0;
}

static void on_source(struct core *c, const struct ev_source *ev)
{
	struct known_source *s = &c->source[ev->source];

	if (ev->source == SRC_ENGINE && s->state == SS_UP && ev->state != SS_UP)
		node_engine_left(c);
	if (s->state != ev->state)
		s->since_unix_ms = c->now_unix_ms;
	s->state = ev->state;
	PUT(s->detail, ev->detail);
}

static void on_fact(struct core *c, const struct ev_fact *ev)
{
	struct known_fact *f = &c->fact[ev->fact];
	bool route = ev->fact == FACT_ROUTE, clock = ev->fact == FACT_CLOCK;
	/* a route told anew while nothing gets through: something about the links of this node has changed; and a clock that
	 * was in doubt has been set */
	bool back = ev->yes == TRI_YES && (f->yes == TRI_NO ? route || ev->fact == FACT_CREDENTIALS || clock
							    : (route || (clock && f->yes == TRI_UNKNOWN)) && c->aws_failures > 0);
	int64_t before = f->value;

	*f = (struct known_fact){ .yes = ev->yes, .value = ev->value, .ms = c->now_ms, .unix_ms = c->now_unix_ms };
	PUT(f->about, ev->about);
	PUT(f->detail, ev->detail);
	if (ev->last)
		c->probe_until_ms = c->now_ms;
	if (back)
		pace_line_back(c, route);
	if (ev->fact == FACT_DATA && ev->value != before)
		pace_budget(c, ev->value < before);
}

static void on_saved(struct core *c, uint64_t seq)
{
	if (seq > c->saved_seq)
		c->saved_seq = seq;
	c->saves_fail = false;
}

static void on_aws_failed(struct core *c, const struct ev_aws_failed *ev)
{
	if (ev->error == AE_THROTTLED)
		pace_throttled(c);
	if (deploy_failed(c, ev))
		return;
	if (ev->op == OP_TASK)
		on_aws_task_failed(c, ev);
	else if (ev->op == OP_SERVICES)
		asked_failed(c, ev);
	else if (ev->op == OP_LIST || ev->op == OP_DEPLOYMENT || ev->op == OP_REVISION)
		look_failed(c, ev);
	rollback_failed(c, ev);
}

static void take(struct core *c, const struct event *ev)
{
	switch (ev->type) {
	case EV_TICK:
		break;
	case EV_EPOCH:
		on_epoch(c, &ev->u.epoch);
		break;
	case EV_SOURCE:
		on_source(c, &ev->u.source);
		break;
	case EV_SYNC:
		on_sync(c, &ev->u.sync);
		break;
	case EV_CONTAINER:
		on_container(c, &ev->u.container);
		break;
	case EV_IMAGE:
		on_image(c, &ev->u.image);
		break;
	case EV_LAST_WORDS:
		on_last_words(c, &ev->u.last_words);
		break;
	case EV_TARGET_IMAGE:
		on_target_image(c, &ev->u.target_image);
		break;
	case EV_REGISTRY:
		on_registry(c, &ev->u.registry);
		break;
	case EV_TASK:
		on_task(c, &ev->u.task);
		break;
	case EV_PULL:
		on_pull(c, &ev->u.pull);
		break;
	case EV_CHANGE:
		on_change(c, &ev->u.change);
		break;
	case EV_FACT:
		on_fact(c, &ev->u.fact);
		break;
	case EV_SAVED:
		on_saved(c, ev->u.saved.seq);
		break;
	case EV_SAVE_FAILED:
		c->saves_fail = true;
		break;
	case EV_AWS_TASK:
		on_aws_task(c, &ev->u.aws_task);
		break;
	case EV_AWS_LIST:
		on_aws_list(c, &ev->u.aws_list);
		break;
	case EV_AWS_DEPLOYMENT:
		on_aws_deployment(c, &ev->u.aws_deployment);
		break;
	case EV_AWS_REVISION:
		on_aws_revision(c, &ev->u.aws_revision);
		break;
	case EV_AWS_QUORUM:
		on_aws_quorum(c, &ev->u.aws_quorum);
		break;
	case EV_AWS_STOPPED:
		on_aws_stopped(c, &ev->u.aws_stopped);
		break;
	case EV_AWS_UPDATED:
		if (!deploy_updated(c, &ev->u.aws_updated))
			on_aws_updated(c, &ev->u.aws_updated);
		break;
	case EV_AWS_SERVICE:
		on_aws_service(c, &ev->u.aws_service);
		break;
	case EV_AWS_FAILED:
		on_aws_failed(c, &ev->u.aws_failed);
		break;
	case EV_OPERATOR:
		on_operator(c, &ev->u.operator);
		break;
	case EV_RESTORE:
		on_restore(c, &ev->u.restore);
		break;
	case EV_TYPES:
		break;
	}
}

size_t core_step(struct core *c, const struct event *ev, struct action out[CORE_MAX_ACTIONS])
{
	size_t n;

	c->counter.events++;
	if (ev->now_ms > c->now_ms)
		c->now_ms = ev->now_ms;
	c->now_unix_ms = ev->now_unix_ms;
	if (c->begun_unix_ms == 0)
		c->begun_unix_ms = ev->now_unix_ms;
	/* anew each time: what a clock that was wrong at the start says must not last longer than that clock */
	if (c->fact[FACT_CLOCK].yes == TRI_YES)
		c->boot_unix_ms = c->now_unix_ms - (int64_t)c->now_ms;
	take(c, ev);
	if (c->restoring)
		return 0;
	blame_links(c);
	tasks_tick(c);
	node_state_tick(c);
	stuck_tick(c);
	registry_tick(c);
	judge_tick(c);
	deploy_tick(c);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++) {
		if (!c->service[i].used)
			continue;
		rollback_tick(c, i);
		look_tick(c, i);
		verdict_tick(c, i);
	}
	n = wanted(c, out);
	containers_tick(c);
	c->counter.actions += n;
	return n;
}
