/* The control plane: what is deployed, and how calls reach it: late, now and then not at all. */
#include "tests/swarm/parts.h"

#include <stdlib.h>
#include <string.h>

#define LAG_MS 2000

bool swarm_online(const struct swarm_node *n)
{
	return !swarm_has(n, FAULT_LINE) && !swarm_has(n, FAULT_ROUTE) && !swarm_has(n, FAULT_DNS);
}

enum sd_status swarm_status_at(const struct swarm_dep *d, uint64_t ms)
{
	enum sd_status status = SD_NONE;

	for (uint32_t i = 0; i < d->n_status && d->status[i].ms <= ms; i++)
		status = d->status[i].status;
	return status;
}

void swarm_set_status(struct swarm *w, uint32_t dep, enum sd_status status)
{
	struct swarm_dep *d = &w->dep[dep];

	if (d->n_status == SWARM_STATUSES || swarm_status_at(d, w->now_ms) == status)
		return;
	d->status[d->n_status++] = (struct swarm_change){ w->now_ms, status };
	swarm_say(w, "ECS: web%u d%u (:%u %s) %s", d->service, dep, d->revision, d->flaw == FLAW_NONE ? "good" : "BAD",
		  sd_status_name(status));
}

/* Index + 1 of the newest deployment before `before` that ended SUCCESSFUL; 0: none. */
uint32_t swarm_last_good(const struct swarm *w, uint32_t service, uint32_t before)
{
	for (uint32_t i = before; i-- > 0;)
		if (w->dep[i].service == service && swarm_status_at(&w->dep[i], w->now_ms) == SD_SUCCESSFUL)
			return i + 1;
	return 0;
}

static void take_over(struct swarm *w, uint32_t service)
{
	struct swarm_service *s = &w->service[service];
	struct swarm_dep *old = s->newest == 0 ? NULL : &w->dep[s->newest - 1];

	if (old != NULL && sd_ongoing(swarm_status_at(old, w->now_ms))) {
		swarm_set_status(w, s->newest - 1, SD_STOP_REQUESTED);
		swarm_later(w, swarm_between(w, 500, 5000), HAP_STATUS, s->newest - 1, SD_STOPPED);
	}
}

static void new_image(struct swarm *w, struct swarm_dep *d, const struct swarm_dep *last)
{
	/* a forced deployment on a mutable tag keeps family:revision and brings another image */
	bool tag = last != NULL && d->flaw != FLAW_NO_IMAGE && last->flaw != FLAW_NO_IMAGE && swarm_chance(w, 10);

	d->revision = tag ? last->revision : ++w->service[d->service].definition;
	d->image = ++w->images;
	d->pushed_ms = w->now_ms;
}

/* same_as: index + 1 of a deployment whose very image is deployed again; 0: a new image. */
void swarm_deploy(struct swarm *w, uint32_t service, enum who by, uint32_t same_as, enum flaw flaw)
{
	struct swarm_service *s = &w->service[service];
	struct swarm_dep *d, *last = s->newest == 0 ? NULL : &w->dep[s->newest - 1];

	if (w->n_deps == SWARM_DEPS || (w->healed && by != WHO_KEDGE))
		return;
	take_over(w, service);
	d = &w->dep[w->n_deps++];
	*d = (struct swarm_dep){ .service = service, .number = ++s->n_deps, .by = by, .flaw = flaw, .created_ms = w->now_ms,
				 .try_ms = w->now_ms + swarm_between(w, 500, 8000) };
	if (same_as != 0) {
		const struct swarm_dep *old = &w->dep[same_as - 1];

		d->revision = old->revision;
		d->image = old->image;
		d->pushed_ms = old->pushed_ms;
		d->flaw = old->flaw;
		d->gone = old->gone;
		d->seen = old->seen;
	} else {
		new_image(w, d, last);
	}
	d->source = last == NULL ? 0 : last->rollback != 0 ? last->rollback : s->newest;
	s->newest = w->n_deps;
	w->score->deployments++;
	w->score->bad += d->flaw != FLAW_NONE;
	swarm_set_status(w, s->newest - 1, swarm_chance(w, 50) ? SD_PENDING : SD_IN_PROGRESS);
	if (d->status[0].status == SD_PENDING)
		swarm_later(w, 400, HAP_STATUS, s->newest - 1, SD_IN_PROGRESS);
	swarm_say(w, "deploy web%u d%u :%u image %u flaw %d by %d", service, s->newest - 1, d->revision, d->image, (int)d->flaw, (int)by);
	swarm_later(w, 500, HAP_SCHEDULE, service, 0);
}

uint32_t swarm_last_number(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	return slash == NULL ? UINT32_MAX : (uint32_t)strtoul(slash + 1, NULL, 10);
}

static void of_service(struct swarm_ask *q, const struct action *a, const struct service *s)
{
	bool change = a->type == ACT_AWS_STOP || a->type == ACT_AWS_UPDATE;

	snprintf(q->name, NAME_CAP, "%s", s->m.name);
	snprintf(q->arn, ARN_CAP, "%s", change ? s->rb.deployment : s->look.arn);
	q->by_person = s->rb.confirmed || s->rb.by_operator;
	q->revision = s->rb.target_revision;
	q->after_unix_ms = s->n_history > 0 ? s->history[0].created_unix_ms : s->dep.created_unix_ms;
	for (; a->type == ACT_AWS_REVISION && q->n_want < s->look.n_want; q->n_want++)
		snprintf(q->want[q->n_want], ARN_CAP, "%s", s->want[REVISIONS_MAX - 1 - q->n_want]);
}

void swarm_ask_aws(struct swarm_node *n, const struct action *a)
{
	struct swarm *w = n->w;
	uint32_t at = 0;
	struct swarm_ask *q;

	while (at < SWARM_ASKS && w->ask[at].used)
		at++;
	if (at == SWARM_ASKS)
		return;   /* as the daemon with a full queue: no answer ever comes */
	q = &w->ask[at];
	q->type = a->type;
	q->used = true;
	q->full = a->full;
	q->node = n->at;
	q->service = a->index;
	q->ask = a->ask;
	q->life = n->life;
	q->lost = q->by_person = false;
	q->n_want = 0;
	if (a->type == ACT_AWS_TASK)
		snprintf(q->arn, ARN_CAP, "%s", n->core->task[a->index].arn);
	else
		of_service(q, a, &n->core->service[a->index]);
	if (a->type == ACT_AWS_STOP || a->type == ACT_AWS_UPDATE)
		swarm_say(w, "node %u: kedge sends %s %s :%u", n->at, a->type == ACT_AWS_STOP ? "STOP" : "UPDATE", q->arn, q->revision);
	if (a->type == ACT_AWS_UPDATE && !q->by_person)
		swarm_broke(w, "node %u: an UpdateService that no person asked for", n->at);
	swarm_later_at(n, swarm_between(w, 20, w->aws_ms), HAP_ARRIVES, at, 0);
}

/* The newest deployment goes back as AWS does it: to the newest one that succeeded. One that is on its way back already
 * takes the call, and nothing comes of it. */
static enum aws_error stop(struct swarm *w, struct swarm_ask *q)
{
	uint32_t dep = swarm_last_number(q->arn), back;
	struct swarm_dep *d = &w->dep[dep < w->n_deps ? dep : 0];
	enum sd_status status = swarm_status_at(d, w->now_ms);

	w->score->stops++;
	if (dep >= w->n_deps)
		return AE_NOT_FOUND;
	if (status == SD_ROLLBACK_REQUESTED || status == SD_ROLLBACK_IN_PROGRESS) {
		w->score->idle_stops++;
		return AWS_ERRORS;
	}
	if (status != SD_PENDING && status != SD_IN_PROGRESS)
		return AE_CONFLICT;
	back = swarm_last_good(w, d->service, dep);
	if (back == 0)
		return AE_INVALID;
	d->rollback = back;
	swarm_stop_accepted(w, dep, q->node, q->by_person);
	swarm_set_status(w, dep, SD_ROLLBACK_IN_PROGRESS);
	d->tries = 0;
	d->try_ms = w->now_ms + swarm_between(w, 500, 4000);
	d->steady_ms = 0;
	swarm_later(w, 600, HAP_SCHEDULE, d->service, 0);
	return AWS_ERRORS;
}

/* To a definition, not to an image: whatever its tag means now is started. */
static enum aws_error update(struct swarm *w, const struct swarm_ask *q)
{
	uint32_t service = (uint32_t)(q->name[3] - '0'), newest = w->service[service].newest - 1;

	w->score->updates++;
	if (q->arn[0] != '\0' && swarm_last_number(q->arn) != newest && w->now_ms - w->dep[newest].created_ms > 15 * SWARM_SEC)
		swarm_broke(w, "d%u, deployed by %d, is overtaken by an UpdateService for %s", newest, (int)w->dep[newest].by, q->arn);
	for (uint32_t i = w->n_deps; i-- > 0;)
		if (w->dep[i].service == service && w->dep[i].revision == q->revision) {
			swarm_deploy(w, service, WHO_KEDGE, i + 1, FLAW_NONE);
			return AWS_ERRORS;
		}
	return AE_INVALID;
}

static bool changes(const struct swarm_ask *q) { return q->type == ACT_AWS_STOP || q->type == ACT_AWS_UPDATE; }

static enum aws_error reached(struct swarm *w, struct swarm_ask *q)
{
	struct swarm_node *n = &w->node[q->node];

	if (!n->powered || !swarm_online(n))
		return AE_UNREACHABLE;
	if (n->wall_error_ms < -INT64_C(8640000000))
		return AE_CLOCK;   /* no certificate is valid yet */
	if (swarm_has(n, FAULT_CREDS))
		return AE_CREDENTIALS;
	if (swarm_has(n, FAULT_THROTTLE) && swarm_chance(w, 80))
		return AE_THROTTLED;
	if (swarm_has(n, FAULT_DENIED) && (changes(q) || w->rate[FAULT_DENIED] > 0.2))
		return AE_DENIED;
	if (q->type == ACT_AWS_STOP)
		return stop(w, q);
	return q->type == ACT_AWS_UPDATE ? update(w, q) : AWS_ERRORS;
}

void swarm_arrives(struct swarm *w, uint32_t ask)
{
	struct swarm_ask *q = &w->ask[ask];
	struct swarm_node *n = &w->node[q->node];
	uint64_t lag = swarm_dice(w, LAG_MS + 1);

	q->as_of_ms = w->now_ms > lag ? w->now_ms - lag : 0;
	q->error = reached(w, q);
	q->lost = q->error == AWS_ERRORS && swarm_has(n, FAULT_LOST_ANSWER) && swarm_chance(w, 50);
	swarm_later(w, q->error == AE_UNREACHABLE || q->lost ? swarm_between(w, 100, 30000) : swarm_between(w, 20, w->aws_ms),
		    HAP_ANSWER, ask, 0);
}

static void failed(struct swarm_node *n, const struct swarm_ask *q, enum aws_error error)
{
	static const enum aws_op op[ACT_TYPES] = {
		[ACT_AWS_TASK] = OP_TASK, [ACT_AWS_LIST] = OP_LIST, [ACT_AWS_DEPLOYMENT] = OP_DEPLOYMENT, [ACT_AWS_REVISION] = OP_REVISION,
		[ACT_AWS_QUORUM] = OP_QUORUM, [ACT_AWS_STOP] = OP_STOP, [ACT_AWS_UPDATE] = OP_UPDATE, [ACT_AWS_SERVICE] = OP_SERVICES,
	};
	struct event *ev;

	if (swarm_has(n, FAULT_DNS))
		swarm_fact(n, FACT_DNS, TRI_NO, 0, "ecs.eu-west-1.amazonaws.com", false);
	swarm_source(n, SRC_AWS, error == AE_UNREACHABLE ? SS_UNREACHABLE : SS_UP);
	ev = swarm_event(n->w, EV_AWS_FAILED);
	ev->u.aws_failed.service = q->type == ACT_AWS_TASK ? UINT32_MAX : q->service;
	ev->u.aws_failed.ask = q->ask;
	ev->u.aws_failed.op = op[q->type];
	ev->u.aws_failed.error = error;
	snprintf(ev->u.aws_failed.detail, REASON_CAP, "%s", aws_error_name(error));
	if (q->type == ACT_AWS_TASK)
		snprintf(ev->u.aws_failed.task, ARN_CAP, "%s", q->arn);
	swarm_feed(n, ev);
}

void swarm_answer(struct swarm *w, uint32_t ask)
{
	static struct swarm_ask copy;
	const struct swarm_ask *q = &copy;
	struct swarm_node *n = &w->node[w->ask[ask].node];

	copy = w->ask[ask];
	w->ask[ask].used = false;
	if (!n->kedge_up || q->life != n->life)
		return;
	if (q->error != AWS_ERRORS || q->lost) {
		failed(n, q, q->lost ? AE_UNREACHABLE : q->error);
		return;
	}
	n->server_known = true;
	swarm_fact(n, FACT_CLOCK, TRI_YES, 0, "", false);
	if (n->core->fact[FACT_DNS].yes != TRI_YES)
		swarm_fact(n, FACT_DNS, TRI_YES, 0, "ecs.eu-west-1.amazonaws.com", false);
	swarm_source(n, SRC_AWS, SS_UP);
	if (n->kedge_up && q->life == n->life)
		swarm_answered(n, q);
}
