/* What a kedge's sources tell of its node: the agent's log, the container engine, introspection. */
#include "tests/swarm/parts.h"

#include <stdlib.h>
#include <string.h>

static void arn_of(char *arn, uint32_t number)
{
	snprintf(arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", number);
}

static void image_name(char *out, bool mirror, uint32_t service, uint32_t revision)
{
	snprintf(out, IMAGE_CAP, "%s:5000/web%u:%u", mirror ? "mirror" : "registry", service, revision);
}

/* The agent's log */

static struct swarm_line line_of(const struct swarm *w, uint32_t task, enum line_kind kind)
{
	const struct swarm_task *t = &w->task[task];
	const struct swarm_dep *of = &w->dep[t->of];

	return (struct swarm_line){ .kind = kind, .task = t->number, .service = t->service, .revision = of->revision, .image = of->image,
				    .mirror = w->service[t->service].mirror, .class = CLASS_NONE, .stage = STAGE_RUN, .reason = "",
				    .exit_code = -1 };
}

static void log_line(struct swarm_node *n, const struct swarm_line *line)
{
	struct swarm *w = n->w;
	uint32_t at = n->lines++;

	n->line[at % SWARM_LINES] = *line;
	n->line[at % SWARM_LINES].wall_ms = swarm_wall_ms(n) / 1000 * 1000;
	swarm_later_at(n, swarm_dice(w, 10) == 0 ? swarm_dice(w, 1500) : swarm_dice(w, 60), HAP_LINE, at, n->life);
}

void swarm_log(struct swarm *w, uint32_t task, enum line_kind kind, enum pull_what pull, enum class class, const char *reason)
{
	struct swarm_line l = line_of(w, task, kind);

	l.pull = pull;
	l.class = class;
	l.reason = reason;
	log_line(&w->node[w->task[task].node], &l);
}

void swarm_log_change(struct swarm *w, uint32_t task, enum task_status status)
{
	const struct swarm_task *t = &w->task[task];
	struct swarm_line l = line_of(w, task, LINE_CHANGE);

	l.status = status;
	if (status == TS_STOPPED) {
		l.exit_code = t->exit_code;
		l.class = t->class;
		l.stage = t->stage;
		l.reason = t->reason;
	} else if (t->cached) {
		l.class = CLASS_REGISTRY_UNREACHABLE;
		l.stage = STAGE_PULL;
		l.reason = "CannotPullImageManifestError: connect: connection refused";
	}
	log_line(&w->node[t->node], &l);
}

static void out_task(struct swarm_node *n, const struct swarm_line *l)
{
	struct event *ev = swarm_event(n->w, EV_TASK);

	ev->u.task.what = l->kind == LINE_PLACED ? T_PLACED : T_STOP_ORDER;
	arn_of(ev->u.task.task, l->task);
	ev->u.task.desired = l->kind == LINE_PLACED ? TS_RUNNING : TS_STOPPED;
	ev->u.task.time_unix_ms = l->wall_ms;
	if (l->kind == LINE_PLACED) {
		snprintf(ev->u.task.family, NAME_CAP, "web%u", l->service);
		ev->u.task.revision = l->revision;
	}
	swarm_feed(n, ev);
}

static void out_pull(struct swarm_node *n, const struct swarm_line *l)
{
	struct event *ev = swarm_event(n->w, EV_PULL);
	struct ev_pull *p = &ev->u.pull;

	p->what = l->pull;
	arn_of(p->task, l->task);
	snprintf(p->container, NAME_CAP, "app");
	image_name(p->image, l->mirror, l->service, l->revision);
	p->class = l->class;
	p->time_unix_ms = l->wall_ms;
	snprintf(p->reason, REASON_CAP, "%s", l->reason);
	if (l->pull == P_DONE)
		snprintf(p->digest, DIGEST_CAP, "sha256:d%u", l->image);
	swarm_feed(n, ev);
}

static void out_change(struct swarm_node *n, const struct swarm_line *l)
{
	struct event *ev = swarm_event(n->w, EV_CHANGE);
	struct ev_change *x = &ev->u.change;

	arn_of(x->task, l->task);
	x->task_status = x->status = l->status;
	snprintf(x->container, NAME_CAP, "app");
	x->essential = TRI_YES;
	x->has_exit = l->exit_code >= 0;
	x->exit_code = l->exit_code;
	x->stage = l->stage;
	x->class = l->class;
	x->time_unix_ms = l->wall_ms;
	snprintf(x->reason, REASON_CAP, "%s", l->reason);
	if (l->status == TS_RUNNING || l->exit_code >= 0)
		snprintf(x->runtime_id, DOCKER_ID_CAP, "%064u", l->task);
	swarm_feed(n, ev);
}

static void line_out(struct swarm_node *n, const struct swarm_line *l)
{
	if (l->kind == LINE_PULL)
		out_pull(n, l);
	else if (l->kind == LINE_CHANGE)
		out_change(n, l);
	else
		out_task(n, l);
}

void swarm_line_out(struct swarm_node *n, uint32_t at)
{
	if (at + SWARM_LINES >= n->lines)
		line_out(n, &n->line[at % SWARM_LINES]);
}

void swarm_replay_log(struct swarm_node *n)
{
	uint32_t from = n->lines > SWARM_LINES ? n->lines - SWARM_LINES : 0;

	for (; from < n->lines; from++)
		line_out(n, &n->line[from % SWARM_LINES]);
}

/* The engine */

static struct event *container(struct swarm *w, uint32_t task, enum container_what what)
{
	const struct swarm_task *t = &w->task[task];
	struct event *ev = swarm_event(w, EV_CONTAINER);
	struct ev_container *k = &ev->u.container;

	k->what = what;
	snprintf(k->id, DOCKER_ID_CAP, "%064u", t->number);
	arn_of(k->task, t->number);
	snprintf(k->cluster, NAME_CAP, "edge");
	snprintf(k->family, NAME_CAP, "web%u", t->service);
	snprintf(k->name, NAME_CAP, "app");
	image_name(k->image, w->service[t->service].mirror, t->service, w->dep[t->of].revision);
	k->revision = w->dep[t->of].revision;
	k->time_unix_ms = what == C_LISTED ? 0 : swarm_wall_ms(&w->node[t->node]);
	return ev;
}

void swarm_tell(struct swarm *w, uint32_t task, enum container_what what, int code)
{
	struct swarm_node *n = &w->node[w->task[task].node];
	struct event *ev;

	if (!n->engine_up || !n->kedge_up)
		return;
	ev = container(w, task, what);
	ev->u.container.has_exit = what == C_DIED;
	ev->u.container.exit_code = what == C_DIED ? code : 0;
	ev->u.container.signal = what == C_KILLED ? code : 0;
	swarm_feed(n, ev);
	swarm_sync_soon(n);
}

static void snapshot(struct swarm *w, uint32_t task, bool inspected)
{
	const struct swarm_task *t = &w->task[task];
	struct event *ev = container(w, task, C_LISTED);
	struct ev_container *k = &ev->u.container;

	snprintf(k->image_id, DIGEST_CAP, "sha256:%u", w->dep[t->of].image);
	k->state = t->started_ms == 0 ? CS_CREATED : t->phase == PH_RUNNING && !t->down ? CS_RUNNING : CS_EXITED;
	k->created_unix_ms = t->created_wall_ms;
	k->inspected = inspected;
	if (inspected) {
		k->started_unix_ms = t->started_wall_ms;
		k->finished_unix_ms = k->state == CS_EXITED ? t->finished_wall_ms : 0;
		k->has_exit = k->state == CS_EXITED || (k->state == CS_CREATED && t->class != CLASS_NONE);
		k->exit_code = t->exit_code < 0 ? 127 : t->exit_code;
		k->oom_killed = t->oom;
		k->health_check = w->dep[t->of].flaw == FLAW_UNHEALTHY || w->service[t->service].sickens ? TRI_YES : TRI_NO;
		if (k->state == CS_CREATED && t->class != CLASS_NONE) {
			k->class = t->class;
			snprintf(k->reason, REASON_CAP, "%s", t->reason);
		}
	}
	swarm_feed(&w->node[t->node], ev);
}

static int32_t row_of(const struct swarm_node *n, uint32_t number)
{
	for (uint32_t i = 0; i < n->w->rows; i++) {
		const struct swarm_task *t = &n->w->task[i];

		if (t->phase != PH_NONE && t->number == number && t->node == n->at && t->created)
			return (int32_t)i;
	}
	return -1;
}

void swarm_inspect(struct swarm_node *n, uint32_t number)
{
	int32_t at = row_of(n, number);
	struct event *ev;

	if (!n->engine_up || !n->kedge_up)
		return;
	if (at >= 0) {
		snapshot(n->w, (uint32_t)at, true);
		return;
	}
	ev = swarm_event(n->w, EV_CONTAINER);
	ev->u.container.what = C_DESTROYED;
	snprintf(ev->u.container.id, DOCKER_ID_CAP, "%064u", number);
	swarm_feed(n, ev);
}

static bool other_arch(const struct swarm *w, uint32_t image)
{
	for (uint32_t i = 0; i < w->n_deps; i++)
		if (w->dep[i].image == image)
			return w->dep[i].flaw == FLAW_ARCH;
	return false;
}

void swarm_image(struct swarm_node *n, uint32_t image)
{
	struct event *ev = swarm_event(n->w, EV_IMAGE);

	if (!n->engine_up)
		return;
	snprintf(ev->u.image.image_id, DIGEST_CAP, "sha256:%u", image);
	snprintf(ev->u.image.digest, DIGEST_CAP, "sha256:d%u", image);
	snprintf(ev->u.image.arch, 16, "%s", other_arch(n->w, image) ? "arm64" : "amd64");
	swarm_feed(n, ev);
}

/* A program of another CPU leaves its name for it in the log, when the log driver keeps one. */
void swarm_words(struct swarm_node *n, uint32_t number)
{
	int32_t at = row_of(n, number);
	struct event *ev = swarm_event(n->w, EV_LAST_WORDS);
	bool arch = at >= 0 && n->w->dep[n->w->task[at].of].flaw == FLAW_ARCH;

	if (!n->engine_up)
		return;
	snprintf(ev->u.last_words.id, DOCKER_ID_CAP, "%064u", number);
	ev->u.last_words.class = arch && number % 2 == 0 ? CLASS_EXEC_FORMAT : CLASS_NONE;
	swarm_feed(n, ev);
}

/* Is the image that a rollback would start in this node's store? service: the core's index, and the life that asked. */
void swarm_target(struct swarm_node *n, uint32_t service, uint32_t ask)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_TARGET_IMAGE);
	struct ev_target_image *out = &ev->u.target_image;
	const char *id;

	if (!n->kedge_up || service >> 8 != n->life)
		return;
	id = n->core->service[service & 255].work.target_image;
	out->service = service & 255;
	out->ask = ask;
	out->there = n->engine_up && id[0] != '\0' ? TRI_NO : TRI_UNKNOWN;
	for (uint32_t i = 0, image = id[0] == '\0' ? 0 : (uint32_t)strtoul(id + 7, NULL, 10); n->engine_up && i < w->n_deps; i++)
		if (w->dep[i].image == image && (w->dep[i].here >> n->at & 1) != 0)
			out->there = TRI_YES;
	snprintf(out->arch, sizeof(out->arch), "%s", out->there == TRI_YES ? "amd64" : "");
	snprintf(out->detail, sizeof(out->detail), "engine's image store");
	swarm_feed(n, ev);
}

/* Its word is evidence, never a verdict: so here it is any word at all, of the image that was asked about, and no judgement
 * may be the worse for it. */
void swarm_registry(struct swarm_node *n, uint32_t life, uint32_t ask)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_REGISTRY);

	if (!n->kedge_up || life != n->life)
		return;
	ev->u.registry.ask = ask;
	ev->u.registry.essential = TRI_YES;
	ev->u.registry.word = (enum image_word)swarm_between(w, IW_THERE, IW_UNCLEAR);
	snprintf(ev->u.registry.container, NAME_CAP, "app");
	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		const struct service *s = &n->core->service[i];
		uint32_t at = (uint32_t)strtoul(s->m.name + strcspn(s->m.name, "0123456789"), NULL, 10);

		if (s->used && s->registry.ask == ask && at < sizeof(w->service) / sizeof(w->service[0]))
			image_name(ev->u.registry.image, w->service[at].mirror, at, s->registry.revision);
	}
	swarm_feed(n, ev);
}

void swarm_list(struct swarm_node *n)
{
	struct swarm *w = n->w;
	struct event *ev = swarm_event(w, EV_SYNC);

	ev->u.sync.source = SRC_ENGINE;
	swarm_feed(n, ev);
	for (uint32_t i = 0; i < w->rows; i++)
		if (w->task[i].phase != PH_NONE && w->task[i].node == n->at && w->task[i].created)
			snapshot(w, i, false);
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_ENGINE;
	ev->u.sync.end = true;
	swarm_feed(n, ev);
	swarm_source(n, SRC_ENGINE, SS_UP);
}

/* Introspection */

void swarm_sync_soon(struct swarm_node *n)
{
	if (n->syncing || !n->kedge_up)
		return;
	n->syncing = true;
	swarm_later_at(n, n->w->now_ms < n->sync_ms + 5000 ? 5000 : 100, HAP_SYNC, 0, n->life);
}

static void one_task(struct swarm_node *n, const struct swarm_task *t, bool stalled)
{
	struct event *ev = swarm_event(n->w, EV_TASK);
	enum phase phase = stalled ? t->shown : t->phase;

	ev->u.task.what = T_STATUS;
	arn_of(ev->u.task.task, t->number);
	snprintf(ev->u.task.family, NAME_CAP, "web%u", t->service);
	ev->u.task.revision = n->w->dep[t->of].revision;
	ev->u.task.desired = (stalled ? t->shown_stop : t->stop_ordered) || phase == PH_ENDED ? TS_STOPPED : TS_RUNNING;
	ev->u.task.known = phase == PH_ENDED ? TS_STOPPED : phase == PH_RUNNING ? TS_RUNNING : TS_PENDING;
	ev->u.task.containers = phase != PH_PULL;
	ev->u.task.restarts = t->restarts;
	swarm_feed(n, ev);
}

void swarm_sync(struct swarm_node *n)
{
	struct swarm *w = n->w;
	struct event *ev;
	bool full = swarm_chance(w, 5), stalled = swarm_stalled(n);

	n->syncing = false;
	n->sync_ms = w->now_ms;
	if (!n->agent_up) {
		swarm_source(n, SRC_INTROSPECTION, SS_REFUSED);
		return;
	}
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_INTROSPECTION;
	swarm_feed(n, ev);
	for (uint32_t i = 0; i < w->rows && n->kedge_up; i++) {
		const struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE || t->node != n->at || t->orphan || (stalled && t->shown == PH_NONE))
			continue;
		/* what ended long ago says the same each time: most listings leave it out, for speed */
		if (full || t->phase != PH_ENDED || w->now_ms - t->ended_ms <= 20 * SWARM_SEC)
			one_task(n, t, stalled);
	}
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_INTROSPECTION;
	ev->u.sync.end = true;
	swarm_feed(n, ev);
	swarm_source(n, SRC_INTROSPECTION, SS_UP);
}
