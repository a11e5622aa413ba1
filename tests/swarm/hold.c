/* A kedge's place in the world: it is fed, obeyed, killed anywhere, and started again from what its disk holds. */
#include "tests/swarm/parts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(table) offsetof(struct core, table)
_Static_assert(AT(task) < AT(container) && AT(container) < AT(release) && AT(release) < AT(service) && AT(service) < AT(failure) &&
	       AT(failure) + sizeof(((struct core *)0)->failure) + 8 > sizeof(struct core),
	       "blank() knows which tables the core's state ends with");

/* Only what was used is zeroed: a core is megabytes. */
static void blank(struct core *c)
{
	struct rows r = c->rows;

	memset(c, 0, offsetof(struct core, task));
	memset(c->task, 0, sizeof(c->task[0]) * (size_t)r.tasks);
	memset(c->container, 0, sizeof(c->container[0]) * (size_t)r.containers);
	memset(c->release, 0, sizeof(c->release[0]) * (size_t)r.releases);
	memset(c->service, 0, sizeof(c->service[0]) * (size_t)r.services);
	memset(c->failure, 0, sizeof(c->failure[0]) * (size_t)r.failures);
}

struct event *swarm_event(struct swarm *w, enum ev_type type)
{
	static const size_t size[EV_TYPES] = {
		[EV_EPOCH] = sizeof(struct ev_epoch), [EV_SOURCE] = sizeof(struct ev_source), [EV_SYNC] = sizeof(struct ev_sync),
		[EV_CONTAINER] = sizeof(struct ev_container), [EV_IMAGE] = sizeof(struct ev_image),
		[EV_LAST_WORDS] = sizeof(struct ev_last_words), [EV_TARGET_IMAGE] = sizeof(struct ev_target_image),
		[EV_REGISTRY] = sizeof(struct ev_registry), [EV_TASK] = sizeof(struct ev_task), [EV_PULL] = sizeof(struct ev_pull), [EV_CHANGE] = sizeof(struct ev_change),
		[EV_FACT] = sizeof(struct ev_fact), [EV_SAVED] = sizeof(struct ev_saved), [EV_AWS_TASK] = sizeof(struct ev_aws_task),
		[EV_AWS_LIST] = sizeof(struct ev_aws_list), [EV_AWS_DEPLOYMENT] = sizeof(struct ev_aws_deployment),
		[EV_AWS_REVISION] = sizeof(struct ev_aws_revision), [EV_AWS_QUORUM] = sizeof(struct ev_aws_quorum),
		[EV_AWS_STOPPED] = sizeof(struct ev_aws_stopped), [EV_AWS_UPDATED] = sizeof(struct ev_aws_updated),
		[EV_AWS_SERVICE] = sizeof(struct ev_aws_service), [EV_AWS_FAILED] = sizeof(struct ev_aws_failed),
		[EV_OPERATOR] = sizeof(struct ev_operator), [EV_RESTORE] = sizeof(struct ev_restore),
	};

	memset(&w->ev.u, 0, size[type]);
	w->ev.type = type;
	return &w->ev;
}

static int64_t kedge_unix_ms(const struct swarm_node *n)
{
	int64_t error = n->wall_error_ms < 0 ? -n->wall_error_ms : n->wall_error_ms;

	return n->server_known && error > 60000 ? swarm_true_unix_ms(n->w->now_ms) : swarm_wall_ms(n);
}

static void keep(struct swarm_node *n, enum rec_kind kind, uint32_t index, uint64_t seq)
{
	struct record *r = &n->disk->kept[n->n_journal++];

	core_record(n->core, kind, index, r);
	r->seq = seq;
}

/* The full file is written new as the daemon writes it: what is still known, the newest failures first. */
static void rewrite(struct swarm_node *n, uint64_t seq)
{
	const struct core *c = n->core;

	n->n_journal = 0;
	keep(n, REC_EPOCH, 0, seq);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++) {
		if (!c->service[i].used)
			continue;
		keep(n, REC_SERVICE, i, seq);
		if (c->service[i].rb.state != RB_NONE)
			keep(n, REC_ROLLBACK, i, seq);
	}
	for (uint32_t i = 0; i < (uint32_t)c->rows.releases; i++)
		if (c->release[i].used && (c->release[i].good || c->release[i].bad))
			keep(n, REC_RELEASE, i, seq);
	for (uint32_t below = UINT32_MAX, best = 0; best != FAILURES_MAX;) {
		best = FAILURES_MAX;
		for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++)
			if (c->failure[i].used && !c->failure[i].provisional && c->failure[i].f.id < below &&
			    (best == FAILURES_MAX || c->failure[i].f.id > c->failure[best].f.id))
				best = i;
		if (best == FAILURES_MAX)
			break;
		below = c->failure[best].f.id;
		keep(n, REC_FAILURE, best, seq);
	}
}

static void write_down(struct swarm_node *n, uint32_t records)
{
	const struct record *pending = n->disk->pending;
	bool full = n->n_journal + records > SWARM_KEPT;

	for (uint32_t i = 0; i < records; i++) {
		if (!full)
			n->disk->kept[n->n_journal++] = pending[i];
		if (pending[i].kind == REC_FAILURE)
			swarm_recorded(n, &pending[i].u.failure);
	}
	if (full && records > 0)
		rewrite(n, pending[records - 1].seq);
}

void swarm_saved(struct swarm_node *n)
{
	struct event *ev;

	n->saving = false;
	if (!n->kedge_up || n->n_pending == 0)
		return;
	if (swarm_has(n, FAULT_DISK)) {
		n->saving = true;
		swarm_later_at(n, 30 * SWARM_SEC, HAP_SAVED, 0, n->life);
		swarm_feed(n, swarm_event(n->w, EV_SAVE_FAILED));
		return;
	}
	ev = swarm_event(n->w, EV_SAVED);
	ev->u.saved.seq = n->disk->pending[n->n_pending - 1].seq;
	write_down(n, n->n_pending);
	n->n_pending = 0;
	swarm_feed(n, ev);
}

static void journal(struct swarm_node *n, const struct action *a)
{
	struct record *r;

	if (n->n_pending == SWARM_PENDING) {   /* the daemon rewrites from memory then; here the oldest half is superseded anyway */
		memmove(n->disk->pending, n->disk->pending + SWARM_PENDING / 2, sizeof(*n->disk->pending) * (SWARM_PENDING / 2));
		n->n_pending = SWARM_PENDING / 2;
	}
	r = &n->disk->pending[n->n_pending++];
	core_record(n->core, a->kind, a->index, r);
	r->seq = a->seq;
	if (n->saving)
		return;
	n->saving = true;
	swarm_later_at(n, swarm_between(n->w, 1, 30), HAP_SAVED, 0, n->life);
}

static uint32_t number_of(const char *id) { return (uint32_t)strtoul(id, NULL, 10); }

static void carry_out(struct swarm_node *n, const struct action *a)
{
	const struct core *c = n->core;
	struct swarm *w = n->w;

	switch (a->type) {
	case ACT_JOURNAL:
		journal(n, a);
		break;
	case ACT_REPORT:
		swarm_reported(n, &c->failure[a->index].f);
		break;
	case ACT_NOTE:
		swarm_noted(n, &c->service[a->index]);
		break;
	case ACT_INSPECT:
		swarm_later_at(n, swarm_between(w, 3, 40), HAP_INSPECT, number_of(c->container[a->index].id), n->life);
		break;
	case ACT_IMAGE:
		swarm_later_at(n, swarm_between(w, 3, 40), HAP_IMAGE, number_of(c->container[a->index].image_id + 7), n->life);
		break;
	case ACT_LAST_WORDS:
		swarm_later_at(n, swarm_between(w, 5, 80), HAP_WORDS, number_of(c->container[a->index].id), n->life);
		break;
	case ACT_TARGET_IMAGE:
		swarm_later_at(n, swarm_between(w, 5, 900), HAP_TARGET, a->index | n->life << 8, a->ask);
		break;
	case ACT_REGISTRY:
		swarm_later_at(n, swarm_between(w, 200, 9000), HAP_REGISTRY, n->life, a->ask);
		break;
	case ACT_PROBE:
		swarm_later_at(n, swarm_between(w, 1, 900), HAP_PROBE, 0, n->life);
		break;
	case ACT_AWS_TASK: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM:
	case ACT_AWS_STOP: case ACT_AWS_UPDATE: case ACT_AWS_SERVICE: case ACT_AWS_DEPLOY:
		swarm_ask_aws(n, a);
		break;
	case ACT_SUSPECT: case ACT_DEPLOYED: case ACT_TYPES:
		break;
	}
}

static bool dies_here(struct swarm_node *n, const struct action *a)
{
	bool busy = a->type == ACT_JOURNAL || a->type == ACT_REPORT || a->type == ACT_AWS_STOP || a->type == ACT_AWS_UPDATE;

	return busy && !n->w->healed && n->kill_ppm > 0 && swarm_dice(n->w, 1000000) < n->kill_ppm;
}

void swarm_feed(struct swarm_node *n, struct event *ev)
{
	struct swarm *w = n->w;
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t got;

	if (!n->kedge_up || w->broken[0] != '\0')
		return;
	ev->now_ms = w->now_ms - n->boot_ms;
	ev->now_unix_ms = kedge_unix_ms(n);
	got = core_step(n->core, ev, out);
	w->score->steps++;
	n->deadline_ms = 0;
	broken = (const char *)core_check(n->core, out, got);
	if (broken != NULL)
		swarm_broke(w, "node %u core_check: %s", n->at, broken);
	for (size_t i = 0; i < got && n->kedge_up; i++) {
		carry_out(n, &out[i]);
		if (dies_here(n, &out[i])) {
			w->score->faults[FAULT_KILL]++;
			swarm_kedge_down(n);
			swarm_later_at(n, swarm_between(w, 100, 20000), HAP_KEDGE_UP, 0, 0);
		}
	}
}

/* What was on its way to the disk may or may not have got there; what was on its way to AWS arrives. */
void swarm_kedge_down(struct swarm_node *n)
{
	if (!n->kedge_up)
		return;
	swarm_say(n->w, "node %u: kedge dies (%u records pending)", n->at, n->n_pending);
	n->kedge_up = n->saving = n->syncing = false;
	n->life++;
	write_down(n, (uint32_t)swarm_dice(n->w, n->n_pending + 1));
	n->n_pending = 0;
}

void swarm_fact(struct swarm_node *n, enum fact fact, enum tri yes, int64_t value, const char *about, bool last)
{
	struct event *ev;

	if (!n->kedge_up || (!last && fact < FACT_DISK && fact != FACT_DNS && n->core->fact[fact].yes == yes))
		return;
	ev = swarm_event(n->w, EV_FACT);
	ev->u.fact.fact = fact;
	ev->u.fact.yes = yes;
	ev->u.fact.value = value;
	ev->u.fact.last = last;
	snprintf(ev->u.fact.about, sizeof(ev->u.fact.about), "%s", about);
	swarm_feed(n, ev);
}

void swarm_source(struct swarm_node *n, enum source source, enum source_state state)
{
	struct event *ev;

	if (!n->kedge_up || n->core->source[source].state == state)
		return;
	ev = swarm_event(n->w, EV_SOURCE);
	ev->u.source.source = source;
	ev->u.source.state = state;
	swarm_feed(n, ev);
}

static bool clock_sane(const struct swarm_node *n)
{
	return n->server_known || n->wall_error_ms > -INT64_C(8640000000);
}

static void slow_facts(struct swarm_node *n)
{
	swarm_fact(n, FACT_CLOCK, clock_sane(n) ? TRI_YES : TRI_NO, 0, "", false);
	swarm_fact(n, FACT_ROUTE, swarm_has(n, FAULT_ROUTE) ? TRI_NO : TRI_YES, 0, "", false);
	swarm_fact(n, FACT_CREDENTIALS, swarm_has(n, FAULT_CREDS) ? TRI_NO : TRI_YES, 0, "", false);
}

void swarm_probe(struct swarm_node *n)
{
	bool full = swarm_has(n, FAULT_DISK);

	swarm_fact(n, FACT_INODES, TRI_YES, 100000, "", false);
	swarm_fact(n, FACT_DISK, full ? TRI_NO : TRI_YES, full ? 0 : INT64_C(4) << 30, "", false);
	swarm_fact(n, FACT_MEMORY, TRI_YES, INT64_C(1) << 30, "", false);
	slow_facts(n);
	swarm_fact(n, FACT_CLOCK, clock_sane(n) ? TRI_YES : TRI_NO, 0, "", true);
}

/* The agent's part of it is known only while the agent answers. */
void swarm_identify(struct swarm_node *n)
{
	struct event *ev = swarm_event(n->w, EV_EPOCH);
	struct ev_epoch *e = &ev->u.epoch;

	snprintf(e->boot_id, sizeof(e->boot_id), "boot-%u", n->boots);
	snprintf(e->arch, sizeof(e->arch), "amd64");
	snprintf(e->cluster, sizeof(e->cluster), "edge");
	if (n->engine_up) {
		snprintf(e->engine_id, sizeof(e->engine_id), "engine-%u", n->at);
		snprintf(e->engine_version, sizeof(e->engine_version), "28.5.%u", n->engines);
	}
	if (n->agent_up) {
		snprintf(e->agent_version, sizeof(e->agent_version), "1.105.1");
		snprintf(e->container_instance, sizeof(e->container_instance), "arn:aws:ecs:eu-west-1:1:container-instance/edge/%u",
			 n->registrations * SWARM_NODES + n->at);
	}
	swarm_feed(n, ev);
}

static void restore(struct swarm_node *n)
{
	struct event *ev;

	for (uint32_t i = 0; i < n->n_journal; i++) {
		ev = swarm_event(n->w, EV_RESTORE);
		ev->u.restore.record = n->disk->kept[i];
		swarm_feed(n, ev);
	}
	ev = swarm_event(n->w, EV_RESTORE);
	ev->u.restore.last = true;
	swarm_feed(n, ev);
}

/* In the daemon's order: the journal, what the node is, the slow facts, the agent's log, then the engine's list. */
void swarm_kedge_up(struct swarm_node *n)
{
	struct swarm *w = n->w;

	if (n->kedge_up || !n->powered)
		return;
	w->score->restarts += n->life > 0;
	blank(n->core);
	w->params.seed = swarm_dice(w, UINT64_MAX);
	core_init(n->core, &w->params);
	n->kedge_up = true;
	n->deadline_ms = 0;
	n->server_known = false;
	restore(n);
	swarm_say(w, "node %u: kedge starts with %u records", n->at, n->n_journal);
	swarm_identify(n);
	slow_facts(n);
	swarm_replay_log(n);
	swarm_source(n, SRC_AGENT_LOG, SS_UP);
	if (n->engine_up)
		swarm_list(n);
	else
		swarm_source(n, SRC_ENGINE, SS_REFUSED);
	swarm_sync_soon(n);
}
