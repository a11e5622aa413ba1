/* One seed, from its first deployment to the verdict over it. */
#include "tests/swarm/parts.h"

#include <string.h>

#define TICKS_MAX 600            /* wake-ups of kedge's own within a virtual minute */

static struct swarm_disk disk;

static void begin(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose)
{
	memset(w, 0, sizeof(*w));
	w->disk = &disk;
	w->seed = w->rng = seed;
	w->score = score;
	w->verbose = verbose;
	w->now_ms = 100000;
	w->powered = w->engine_up = w->agent_up = true;
	swarm_draw(w);
	swarm_say(w, "mode %s failures %u services %u heal at %u h", rb_mode_name(w->params.policy.mode), w->params.policy.failures,
		  w->n_services, (unsigned)(w->heal_ms / SWARM_HOUR));
	swarm_kedge_up(w);
	swarm_later(w, w->heal_ms - w->now_ms, HAP_LINE, 0, UINT32_MAX);
}

static void ntp(struct swarm *w)
{
	if (!swarm_online(w)) {
		swarm_later(w, swarm_between(w, 60000, 300000), HAP_NTP, 0, 0);
		return;
	}
	w->wall_error_ms = 0;
	swarm_fact(w, FACT_CLOCK, TRI_YES, 0, "", false);
}

static void happens(struct swarm *w, const struct swarm_item *i)
{
	switch (i->what) {
	case HAP_TASK:
		swarm_task_step(w, i->a, i->b);
		break;
	case HAP_SAVED:
		if (i->a == w->life)
			swarm_saved(w);
		break;
	case HAP_ARRIVES:
		swarm_arrives(w, i->a);
		break;
	case HAP_ANSWER:
		swarm_answer(w, i->a);
		break;
	case HAP_INSPECT:
		if (i->b == w->life)
			swarm_inspect(w, i->a);
		break;
	case HAP_IMAGE:
		if (i->b == w->life)
			swarm_image(w, i->a);
		break;
	case HAP_PROBE:
		if (i->b == w->life)
			swarm_probe(w, i->a);
		break;
	case HAP_SYNC:
		if (i->a == w->life)
			swarm_sync(w);
		break;
	case HAP_SCHEDULE:
		if (w->service[i->a].newest != 0)
			swarm_schedule(w, i->a);
		break;
	case HAP_DEPLOY:
		swarm_ci(w, i->a);
		break;
	case HAP_PERSON:
		if (i->a == UINT32_MAX)
			swarm_patience(w);
		else
			swarm_person(w, i->a);
		break;
	case HAP_FAULT:
		swarm_fault(w, (enum fault)i->a);
		break;
	case HAP_MEND:
		swarm_mend(w, (enum fault)i->a);
		break;
	case HAP_TELL_ECS:
		swarm_tell_ecs(w, i->a, i->b);
		break;
	case HAP_LINE:
		if (i->b == UINT32_MAX)
			swarm_heal(w);
		else if (i->b == w->life)
			swarm_line_out(w, i->a);
		break;
	case HAP_BOOTED:
		if (!w->powered)
			swarm_booted(w);
		break;
	case HAP_STATUS:
		if (sd_ongoing(swarm_status_at(&w->dep[i->a], w->now_ms)))
			swarm_set_status(w, i->a, (enum sd_status)i->b);
		break;
	case HAP_KEDGE_UP:
		swarm_kedge_up(w);
		break;
	case HAP_NTP:
		ntp(w);
		break;
	case HAP_AGENT_UP:
		swarm_agent_up(w);
		break;
	}
}

static void tick(struct swarm *w)
{
	if (w->now_ms - w->ticks_ms > 60000) {
		w->ticks_ms = w->now_ms;
		w->ticks = 0;
	}
	if (++w->ticks > TICKS_MAX)
		swarm_broke(w, "kedge wakes %u times within a minute", w->ticks);
	swarm_feed(w, swarm_event(w, EV_TICK));
}

static uint64_t kedge_wants_ms(struct swarm *w)
{
	if (!w->kedge_up)
		return UINT64_MAX;
	if (w->deadline_ms == 0) {
		uint64_t at = core_deadline(&w->core);

		w->deadline_ms = at == CORE_NEVER ? UINT64_MAX : at + w->boot_ms;
	}
	return w->deadline_ms > w->now_ms ? w->deadline_ms : w->now_ms + 1;
}

bool swarm_run(struct swarm *w, uint64_t seed, struct swarm_score *score, bool verbose)
{
	struct swarm_item item;

	begin(w, seed, score, verbose);
	while (w->now_ms < w->end_ms && w->broken[0] == '\0') {
		uint64_t wants = kedge_wants_ms(w), world = swarm_next_ms(w);

		if (wants < world && wants < w->end_ms) {
			w->now_ms = wants;
			tick(w);
			continue;
		}
		if (!swarm_pop(w, w->end_ms, &item))
			break;
		w->now_ms = item.ms;
		happens(w, &item);
	}
	swarm_verdict(w);
	score->seeds++;
	score->hours += w->now_ms / SWARM_HOUR;
	return w->broken[0] == '\0';
}
