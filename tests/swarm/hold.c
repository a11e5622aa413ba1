/* kedge's place in the world: it is fed, obeyed, killed anywhere, and started again from what its disk holds. */
#include "tests/swarm/parts.h"

#include <string.h>

#define KEPT_MAX    2048
#define PENDING_MAX 192
#define SPIN_MAX    600          /* wake-ups within one virtual minute that nobody can need */

struct event *swarm_event(struct swarm *w, enum ev_type type)
{
	memset(&w->ev, 0, sizeof(w->ev));
	w->ev.type = type;
	return &w->ev;
}

static int64_t kedge_unix_ms(const struct swarm *w)
{
	int64_t error = w->wall_error_ms < 0 ? -w->wall_error_ms : w->wall_error_ms;

	return w->server_known && error > 60000 ? swarm_true_unix_ms(w->now_ms) : swarm_wall_ms(w);
}

/* The newest record of a key wins: what is superseded gives way when the file is full. */
static bool same_key(const struct record *a, const struct record *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case REC_FAILURE:
		return a->u.failure.id == b->u.failure.id;
	case REC_ROLLBACK:
		return strcmp(a->u.rollback.service, b->u.rollback.service) == 0;
	case REC_SERVICE:
		return strcmp(a->u.service.name, b->u.service.name) == 0;
	case REC_RELEASE:
		return a->u.release.revision == b->u.release.revision && strcmp(a->u.release.service, b->u.release.service) == 0 &&
		       strcmp(a->u.release.deployment, b->u.release.deployment) == 0 &&
		       strcmp(a->u.release.image_id, b->u.release.image_id) == 0;
	case REC_AUDIT: case REC_EPOCH: case REC_KINDS:
		break;
	}
	return true;
}

static void compact(struct swarm *w)
{
	struct record *kept = w->disk->kept;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_journal; i++) {
		bool newer = false;

		for (uint32_t k = i + 1; k < w->n_journal && !newer; k++)
			newer = same_key(&kept[i], &kept[k]);
		if (!newer && n != i)
			kept[n] = kept[i];
		n += !newer;
	}
	w->n_journal = n;
	if (n > KEPT_MAX - PENDING_MAX)
		swarm_broke(w, "the modelled journal is too small: %u records", n);
}

static void write_down(struct swarm *w, uint32_t n)
{
	if (w->n_journal + n > KEPT_MAX)
		compact(w);
	for (uint32_t i = 0; i < n; i++) {
		w->disk->kept[w->n_journal++] = w->disk->pending[i];
		if (w->disk->pending[i].kind == REC_FAILURE)
			swarm_recorded(w, &w->disk->pending[i].u.failure);
	}
}

void swarm_saved(struct swarm *w)
{
	struct event *ev;

	w->saving = false;
	if (!w->kedge_up || w->n_pending == 0)
		return;
	if (swarm_has(w, FAULT_DISK)) {
		w->saving = true;
		swarm_later(w, 30 * SWARM_SEC, HAP_SAVED, w->life, 0);
		swarm_feed(w, swarm_event(w, EV_SAVE_FAILED));
		return;
	}
	ev = swarm_event(w, EV_SAVED);
	ev->u.saved.seq = w->disk->pending[w->n_pending - 1].seq;
	write_down(w, w->n_pending);
	w->n_pending = 0;
	swarm_feed(w, ev);
}

static void journal(struct swarm *w, const struct action *a)
{
	struct record *r;

	if (w->n_pending == PENDING_MAX) {
		compact(w);   /* the daemon rewrites from memory then; here the oldest half is superseded anyway */
		memmove(w->disk->pending, w->disk->pending + PENDING_MAX / 2, sizeof(*w->disk->pending) * (PENDING_MAX / 2));
		w->n_pending = PENDING_MAX / 2;
	}
	r = &w->disk->pending[w->n_pending++];
	core_record(&w->core, a->kind, a->index, r);
	r->seq = a->seq;
	if (w->saving)
		return;
	w->saving = true;
	swarm_later(w, swarm_between(w, 1, 30), HAP_SAVED, w->life, 0);
}

static uint32_t number_of(const char *id)
{
	uint32_t n = 0;

	for (; *id >= '0' && *id <= '9'; id++)
		n = n * 10 + (uint32_t)(*id - '0');
	return n;
}

static void carry_out(struct swarm *w, const struct action *a)
{
	const struct core *c = &w->core;

	switch (a->type) {
	case ACT_JOURNAL:
		journal(w, a);
		break;
	case ACT_REPORT:
		swarm_reported(w, &c->failure[a->index].f);
		break;
	case ACT_NOTE:
		swarm_noted(w, &c->service[a->index]);
		break;
	case ACT_INSPECT:
		swarm_later(w, swarm_between(w, 3, 40), HAP_INSPECT, number_of(c->container[a->index].id), w->life);
		break;
	case ACT_IMAGE:
		swarm_later(w, swarm_between(w, 3, 40), HAP_IMAGE, number_of(c->container[a->index].image_id + 7), w->life);
		break;
	case ACT_PROBE:
		swarm_later(w, swarm_between(w, 1, 900), HAP_PROBE, a->index, w->life);
		break;
	case ACT_AWS_TASK: case ACT_AWS_LIST: case ACT_AWS_DEPLOYMENT: case ACT_AWS_REVISION: case ACT_AWS_QUORUM:
	case ACT_AWS_STOP: case ACT_AWS_UPDATE: case ACT_AWS_SERVICE:
		swarm_ask_aws(w, a);
		break;
	case ACT_SUSPECT: case ACT_LAST_WORDS: case ACT_TARGET_IMAGE: case ACT_TYPES:
		break;
	}
}

static bool dies_here(struct swarm *w, const struct action *a)
{
	bool busy = a->type == ACT_JOURNAL || a->type == ACT_REPORT || a->type == ACT_AWS_STOP;

	return busy && !w->healed && w->kill_ppm > 0 && swarm_dice(w, 1000000) < w->kill_ppm;
}

void swarm_feed(struct swarm *w, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t n;

	if (!w->kedge_up || w->broken[0] != '\0')
		return;
	ev->now_ms = w->now_ms - w->boot_ms;
	ev->now_unix_ms = kedge_unix_ms(w);
	n = core_step(&w->core, ev, out);
	w->score->steps++;
	w->deadline_ms = 0;
	broken = core_check(&w->core, out, n);
	if (broken != NULL)
		swarm_broke(w, "core_check: %s", broken);
	for (size_t i = 0; i < n && w->kedge_up; i++) {
		carry_out(w, &out[i]);
		if (dies_here(w, &out[i])) {
			w->score->faults[FAULT_KILL]++;
			swarm_kedge_down(w);
			swarm_later(w, swarm_between(w, 100, 20000), HAP_KEDGE_UP, w->life, 0);
		}
	}
}

/* What was on its way to the disk may or may not have got there; what was on its way to AWS arrives. */
void swarm_kedge_down(struct swarm *w)
{
	if (!w->kedge_up)
		return;
	swarm_say(w, "kedge dies (%u records pending)", w->n_pending);
	w->kedge_up = w->saving = w->syncing = false;
	w->life++;
	write_down(w, (uint32_t)swarm_dice(w, w->n_pending + 1));
	w->n_pending = 0;
}

void swarm_fact(struct swarm *w, enum fact fact, enum tri yes, int64_t value, const char *about, bool last)
{
	struct event *ev;

	if (!w->kedge_up || (!last && fact < FACT_DISK && fact != FACT_DNS && w->core.fact[fact].yes == yes))
		return;
	ev = swarm_event(w, EV_FACT);
	ev->u.fact.fact = fact;
	ev->u.fact.yes = yes;
	ev->u.fact.value = value;
	ev->u.fact.last = last;
	snprintf(ev->u.fact.about, sizeof(ev->u.fact.about), "%s", about);
	swarm_feed(w, ev);
}

void swarm_source(struct swarm *w, enum source source, enum source_state state)
{
	struct event *ev;

	if (!w->kedge_up || w->core.source[source].state == state)
		return;
	ev = swarm_event(w, EV_SOURCE);
	ev->u.source.source = source;
	ev->u.source.state = state;
	swarm_feed(w, ev);
}

static bool clock_sane(const struct swarm *w)
{
	return w->server_known || w->wall_error_ms > -INT64_C(8640000000);
}

static void slow_facts(struct swarm *w)
{
	swarm_fact(w, FACT_CLOCK, clock_sane(w) ? TRI_YES : TRI_NO, 0, "", false);
	swarm_fact(w, FACT_ROUTE, swarm_has(w, FAULT_ROUTE) ? TRI_NO : TRI_YES, 0, "", false);
	swarm_fact(w, FACT_CREDENTIALS, swarm_has(w, FAULT_CREDS) ? TRI_NO : TRI_YES, 0, "", false);
}

void swarm_probe(struct swarm *w, uint32_t failure)
{
	const struct failure *f = &w->core.failure[failure].f;

	swarm_fact(w, FACT_INODES, TRI_YES, 100000, "", false);
	swarm_fact(w, FACT_DISK, swarm_has(w, FAULT_DISK) ? TRI_NO : TRI_YES, swarm_has(w, FAULT_DISK) ? 0 : INT64_C(4) << 30, "", false);
	swarm_fact(w, FACT_MEMORY, TRI_YES, INT64_C(1) << 30, "", false);
	slow_facts(w);
	(void)f;
	swarm_fact(w, FACT_CLOCK, clock_sane(w) ? TRI_YES : TRI_NO, 0, "", true);
}

static void identify(struct swarm *w)
{
	struct event *ev = swarm_event(w, EV_EPOCH);

	snprintf(ev->u.epoch.cluster, NAME_CAP, "edge");
	snprintf(ev->u.epoch.boot_id, 40, "boot-%u", w->boots);
	snprintf(ev->u.epoch.arch, 16, "amd64");
	swarm_feed(w, ev);
}

/* In the daemon's order: the journal, what the node is, the slow facts, the agent's log, then the engine's list. */
void swarm_kedge_up(struct swarm *w)
{
	struct event *ev;

	if (w->kedge_up || !w->powered)
		return;
	w->score->restarts += w->life > 0;
	memset(&w->core, 0, sizeof(w->core));
	w->params.seed = swarm_dice(w, UINT64_MAX);
	core_init(&w->core, &w->params);
	w->kedge_up = true;
	w->server_known = false;
	for (uint32_t i = 0; i < w->n_journal; i++) {
		ev = swarm_event(w, EV_RESTORE);
		ev->u.restore.record = w->disk->kept[i];
		swarm_feed(w, ev);
	}
	ev = swarm_event(w, EV_RESTORE);
	ev->u.restore.last = true;
	swarm_feed(w, ev);
	swarm_say(w, "kedge starts with %u records", w->n_journal);
	identify(w);
	slow_facts(w);
	swarm_replay_log(w);
	swarm_source(w, SRC_AGENT_LOG, SS_UP);
	if (w->engine_up)
		swarm_list(w);
	else
		swarm_source(w, SRC_ENGINE, SS_REFUSED);
	swarm_sync_soon(w);
}
