/* The node: container engine and ECS agent, task by task, as kedge's sources would tell of them. */
#include "tests/swarm/parts.h"

bool swarm_cloud_away(const struct swarm *w)
{
	return !swarm_online(w) || w->wall_error_ms < -INT64_C(8640000000);
}

static void next(struct swarm *w, uint32_t task, uint64_t ms)
{
	swarm_later(w, ms, HAP_TASK, task, ++w->task[task].gen);
}

static void arn_of(char *arn, uint32_t number)
{
	snprintf(arn, ARN_CAP, "arn:aws:ecs:eu-west-1:1:task/edge/%032u", number);
}

/* The agent's log */

static void log_line(struct swarm *w, const struct swarm_line *line)
{
	uint32_t at = w->lines++;

	w->line[at % SWARM_LINES] = *line;
	w->line[at % SWARM_LINES].wall_ms = swarm_wall_ms(w) / 1000 * 1000;
	swarm_later(w, swarm_dice(w, 10) == 0 ? swarm_dice(w, 1500) : swarm_dice(w, 60), HAP_LINE, at, w->life);
}

static struct swarm_line line_of(const struct swarm *w, uint32_t task, enum line_kind kind)
{
	const struct swarm_task *t = &w->task[task];
	const struct swarm_dep *of = &w->dep[t->of];

	return (struct swarm_line){ .kind = kind, .task = t->number, .service = t->service, .revision = of->revision,
				    .image = of->image, .class = CLASS_NONE, .stage = STAGE_RUN, .reason = "", .exit_code = -1 };
}

static void out_task(struct swarm *w, const struct swarm_line *l)
{
	struct event *ev = swarm_event(w, EV_TASK);

	ev->u.task.what = l->kind == LINE_PLACED ? T_PLACED : T_STOP_ORDER;
	arn_of(ev->u.task.task, l->task);
	ev->u.task.desired = l->kind == LINE_PLACED ? TS_RUNNING : TS_STOPPED;
	ev->u.task.time_unix_ms = l->wall_ms;
	if (l->kind == LINE_PLACED) {
		snprintf(ev->u.task.family, NAME_CAP, "web%u", l->service);
		ev->u.task.revision = l->revision;
	}
	swarm_feed(w, ev);
}

static void out_pull(struct swarm *w, const struct swarm_line *l)
{
	struct event *ev = swarm_event(w, EV_PULL);

	ev->u.pull.what = P_ATTEMPT_FAILED;
	arn_of(ev->u.pull.task, l->task);
	snprintf(ev->u.pull.container, NAME_CAP, "app");
	snprintf(ev->u.pull.image, IMAGE_CAP, "registry:5000/web%u:%u", l->service, l->revision);
	ev->u.pull.class = l->class;
	ev->u.pull.time_unix_ms = l->wall_ms;
	snprintf(ev->u.pull.reason, REASON_CAP, "%s", l->reason);
	swarm_feed(w, ev);
}

static void out_change(struct swarm *w, const struct swarm_line *l)
{
	struct event *ev = swarm_event(w, EV_CHANGE);
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
	swarm_feed(w, ev);
}

static void line_out(struct swarm *w, const struct swarm_line *l)
{
	if (l->kind == LINE_PULL)
		out_pull(w, l);
	else if (l->kind == LINE_CHANGE)
		out_change(w, l);
	else
		out_task(w, l);
}

void swarm_line_out(struct swarm *w, uint32_t at)
{
	if (at + SWARM_LINES >= w->lines)
		line_out(w, &w->line[at % SWARM_LINES]);
}

void swarm_replay_log(struct swarm *w)
{
	uint32_t from = w->lines > SWARM_LINES ? w->lines - SWARM_LINES : 0;

	for (; from < w->lines; from++)
		line_out(w, &w->line[from % SWARM_LINES]);
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
	snprintf(k->image, IMAGE_CAP, "registry:5000/web%u:%u", t->service, w->dep[t->of].revision);
	k->revision = w->dep[t->of].revision;
	k->time_unix_ms = what == C_LISTED ? 0 : swarm_wall_ms(w);
	return ev;
}

static void tell(struct swarm *w, uint32_t task, enum container_what what, int code)
{
	struct event *ev;

	if (!w->engine_up || !w->kedge_up)
		return;
	ev = container(w, task, what);
	ev->u.container.has_exit = what == C_DIED;
	ev->u.container.exit_code = what == C_DIED ? code : 0;
	ev->u.container.signal = what == C_KILLED ? code : 0;
	swarm_feed(w, ev);
	swarm_sync_soon(w);
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
		if (k->state == CS_CREATED && t->class != CLASS_NONE) {
			k->class = t->class;
			snprintf(k->reason, REASON_CAP, "%s", t->reason);
		}
	}
	swarm_feed(w, ev);
}

void swarm_inspect(struct swarm *w, uint32_t number)
{
	struct event *ev;

	if (!w->engine_up || !w->kedge_up)
		return;
	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase != PH_NONE && w->task[i].number == number && w->task[i].created) {
			snapshot(w, i, true);
			return;
		}
	ev = swarm_event(w, EV_CONTAINER);
	ev->u.container.what = C_DESTROYED;
	snprintf(ev->u.container.id, DOCKER_ID_CAP, "%064u", number);
	swarm_feed(w, ev);
}

void swarm_image(struct swarm *w, uint32_t image)
{
	struct event *ev = swarm_event(w, EV_IMAGE);
	bool other = false;

	if (!w->engine_up)
		return;
	for (uint32_t i = 0; i < w->n_deps; i++)
		other = other || (w->dep[i].image == image && w->dep[i].flaw == FLAW_ARCH);
	snprintf(ev->u.image.image_id, DIGEST_CAP, "sha256:%u", image);
	snprintf(ev->u.image.digest, DIGEST_CAP, "sha256:d%u", image);
	snprintf(ev->u.image.arch, 16, "%s", other ? "arm64" : "amd64");
	swarm_feed(w, ev);
}

void swarm_list(struct swarm *w)
{
	struct event *ev = swarm_event(w, EV_SYNC);

	ev->u.sync.source = SRC_ENGINE;
	swarm_feed(w, ev);
	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase != PH_NONE && w->task[i].created)
			snapshot(w, i, false);
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_ENGINE;
	ev->u.sync.end = true;
	swarm_feed(w, ev);
	swarm_source(w, SRC_ENGINE, SS_UP);
}

/* Introspection */

void swarm_sync_soon(struct swarm *w)
{
	if (w->syncing || !w->kedge_up)
		return;
	w->syncing = true;
	swarm_later(w, w->now_ms < w->sync_ms + 5000 ? 5000 : 100, HAP_SYNC, w->life, 0);
}

void swarm_sync(struct swarm *w)
{
	struct event *ev;
	bool full = swarm_chance(w, 5);

	w->syncing = false;
	w->sync_ms = w->now_ms;
	if (!w->agent_up) {
		swarm_source(w, SRC_INTROSPECTION, SS_REFUSED);
		return;
	}
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_INTROSPECTION;
	swarm_feed(w, ev);
	for (uint32_t i = 0; i < SWARM_TASKS && w->kedge_up; i++) {
		const struct swarm_task *t = &w->task[i];

		/* what ended long ago says the same each time: most listings leave it out, for speed */
		if (t->phase == PH_NONE || (!full && t->phase == PH_ENDED && w->now_ms - t->ended_ms > 20 * SWARM_SEC))
			continue;
		ev = swarm_event(w, EV_TASK);
		ev->u.task.what = T_STATUS;
		arn_of(ev->u.task.task, t->number);
		snprintf(ev->u.task.family, NAME_CAP, "web%u", t->service);
		ev->u.task.revision = w->dep[t->of].revision;
		ev->u.task.desired = t->stop_ordered || t->phase == PH_ENDED ? TS_STOPPED : TS_RUNNING;
		ev->u.task.known = t->phase == PH_ENDED ? TS_STOPPED : t->phase == PH_RUNNING ? TS_RUNNING : TS_PENDING;
		ev->u.task.containers = t->phase != PH_PULL;
		ev->u.task.restarts = t->restarts;
		swarm_feed(w, ev);
	}
	ev = swarm_event(w, EV_SYNC);
	ev->u.sync.source = SRC_INTROSPECTION;
	ev->u.sync.end = true;
	swarm_feed(w, ev);
	swarm_source(w, SRC_INTROSPECTION, SS_UP);
}

/* A task's life */

static int32_t free_slot(struct swarm *w)
{
	int32_t best = -1;

	for (int32_t i = 0; i < SWARM_TASKS; i++) {
		const struct swarm_task *t = &w->task[i];

		if (t->phase == PH_NONE)
			return i;
		if (t->phase == PH_ENDED && t->told_end && (best < 0 || t->number < w->task[best].number))
			best = i;
	}
	return best;
}

static void forget(struct swarm *w, uint32_t task)
{
	if (w->task[task].created)
		tell(w, task, C_DESTROYED, 0);
	w->task[task].phase = PH_NONE;
	w->task[task].gen++;
}

void swarm_place(struct swarm *w, uint32_t service, uint32_t dep, uint32_t of)
{
	int32_t at = free_slot(w);
	struct swarm_task *t;
	struct swarm_line l;

	if (at < 0)
		return;
	if (w->task[at].phase != PH_NONE)
		forget(w, (uint32_t)at);
	t = &w->task[at];
	*t = (struct swarm_task){ .number = ++w->tasks, .service = service, .dep = dep, .of = of, .gen = t->gen + 1, .phase = PH_PULL,
				  .from_rollback = of != dep, .exit_code = -1, .class = CLASS_NONE, .stage = STAGE_RUN, .reason = "" };
	w->dep[dep].placed++;
	swarm_say(w, "place task %u of web%u d%u :%u", t->number, service, dep, w->dep[of].revision);
	l = line_of(w, (uint32_t)at, LINE_PLACED);
	log_line(w, &l);
	swarm_sync_soon(w);
	next(w, (uint32_t)at, swarm_between(w, 1000, 20000));
}

/* Why the registry does not give the image now; CLASS_NONE when it does. */
static enum class pull_class(const struct swarm *w, const struct swarm_task *t, const char **reason)
{
	const struct swarm_dep *of = &w->dep[t->of];
	bool local = w->service[t->service].local_registry;

	if (swarm_has(w, FAULT_DISK)) {
		*reason = "failed to register layer: write /usr/lib/x: no space left on device";
		return CLASS_DISK_FULL;
	}
	if (!local && swarm_has(w, FAULT_DNS)) {
		*reason = "Get \"https://registry:5000/v2/\": dial tcp: lookup registry: server misbehaving";
		return CLASS_REGISTRY_DNS;
	}
	if (swarm_has(w, FAULT_REGISTRY) || (!local && !swarm_online(w))) {
		*reason = swarm_has(w, FAULT_REGISTRY) ? "dial tcp 10.0.0.9:5000: connect: connection refused" : "net/http: request canceled while waiting for connection";
		return CLASS_REGISTRY_UNREACHABLE;
	}
	if (!local && swarm_cloud_away(w)) {
		*reason = "x509: certificate has expired or is not yet valid";
		return CLASS_REGISTRY_TLS;
	}
	if (of->flaw == FLAW_NO_IMAGE || of->gone) {
		*reason = "manifest unknown: manifest unknown";
		return CLASS_IMAGE_NOT_FOUND;
	}
	return CLASS_NONE;
}

static bool image_here(const struct swarm *w, uint32_t image)
{
	for (uint32_t i = 0; i < w->n_deps; i++)
		if (w->dep[i].image == image && w->dep[i].here)
			return true;
	return false;
}

static void change(struct swarm *w, uint32_t task, enum task_status status)
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
	log_line(w, &l);
}

/* The agent catches up with what the engine shows; then ECS learns it as soon as the line allows. */
static void agent_sees(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];

	if (t->phase == PH_NONE || !w->agent_up || !w->engine_up)
		return;
	if (t->started_ms != 0 && !t->logged_run) {
		t->logged_run = true;
		change(w, task, TS_RUNNING);
	}
	if (t->phase == PH_ENDED && !t->logged_end) {
		t->logged_end = true;
		change(w, task, TS_STOPPED);
	}
	if ((t->logged_run && !t->told_run) || (t->logged_end && !t->told_end))
		swarm_later(w, swarm_between(w, 50, 2000), HAP_TELL_ECS, task, 1);
	swarm_sync_soon(w);
}

void swarm_end_task(struct swarm *w, uint32_t task, enum cause cause, int exit_code, bool seen)
{
	struct swarm_task *t = &w->task[task];

	swarm_say(w, "task %u of web%u ends: exit %d cause %d class %s%s", t->number, t->service, exit_code, (int)cause, class_name(t->class),
		  seen ? "" : " unseen");
	t->cause = cause;
	t->exit_code = exit_code;
	t->ended_ms = w->now_ms;
	t->finished_wall_ms = swarm_wall_ms(w);
	if (t->down)
		seen = false;
	t->phase = PH_ENDED;
	t->gen++;
	if (cause == CAUSE_FLAW) {
		w->dep[t->of].failed++;
		w->dep[t->of].failed_healed += w->healed;
		w->dep[t->of].last_fail_ms = w->now_ms;
	}
	if (seen && exit_code >= 0) {
		if (t->oom)
			tell(w, task, C_OOM, 0);
		tell(w, task, C_DIED, exit_code);
	}
	swarm_later(w, swarm_between(w, 20, 300), HAP_TELL_ECS, task, 0);
	swarm_later(w, w->cleanup_s * SWARM_SEC, HAP_TELL_ECS, task, 2 + t->number);
}

static void fails(struct swarm *w, uint32_t task, enum cause cause, enum stage stage, enum class class, const char *reason)
{
	struct swarm_task *t = &w->task[task];

	t->stage = stage;
	t->class = class;
	t->reason = reason;
	swarm_end_task(w, task, cause, -1, true);
}

static void pull_step(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	const char *reason = "";
	enum class class = pull_class(w, t, &reason);
	bool away = class == CLASS_REGISTRY_UNREACHABLE || class == CLASS_REGISTRY_DNS || class == CLASS_REGISTRY_TLS;
	struct swarm_line l = line_of(w, task, LINE_PULL);

	if (class != CLASS_NONE && !t->pull_failed) {
		t->pull_failed = true;
		l.class = class;
		l.reason = reason;
		log_line(w, &l);
		next(w, task, swarm_between(w, 13000, 50000));
		return;
	}
	if (class != CLASS_NONE && !(away && image_here(w, w->dep[t->of].image))) {
		fails(w, task, class == CLASS_IMAGE_NOT_FOUND && w->dep[t->of].flaw == FLAW_NO_IMAGE ? CAUSE_FLAW : CAUSE_SITE,
		      STAGE_PULL, class, reason);
		return;
	}
	t->cached = class != CLASS_NONE;
	t->created = true;
	t->phase = PH_CREATED;
	t->created_wall_ms = swarm_wall_ms(w);
	w->dep[t->of].seen = w->dep[t->of].here = true;
	tell(w, task, C_CREATED, 0);
	next(w, task, swarm_between(w, 100, 900));
}

/* When, and by whose fault, a task that starts now will end by itself. */
static uint64_t lives_ms(struct swarm *w, const struct swarm_task *t)
{
	switch (w->dep[t->of].flaw) {
	case FLAW_ARCH:
		return swarm_between(w, 30, 300);
	case FLAW_EXITS:
		return swarm_between(w, 200, 30000);
	case FLAW_CRASHES:
		return swarm_between(w, 5000, 58000);
	case FLAW_LOOPS:
		return swarm_between(w, 1000, 20000);
	case FLAW_UNHEALTHY:
		return swarm_between(w, 10000, 35000);
	case FLAW_LATE:
		return swarm_between(w, 180000, 1200000);
	case FLAW_OOM:
		return swarm_between(w, 2000, 30000);
	case FLAW_NONE: case FLAW_NO_IMAGE: case FLAW_NO_EXEC: case FLAWS:
		break;
	}
	return 0;
}

/* A break shorter than kedge's next question leaves no trace to judge by: apps here sit such a one out. */
static bool away_for(const struct swarm *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	return w->until_ms[FAULT_LINE] > until || w->until_ms[FAULT_ROUTE] > until || w->until_ms[FAULT_DNS] > until ||
	       w->wall_error_ms < -INT64_C(8640000000);
}

static bool site_kills(const struct swarm *w, const struct swarm_task *t)
{
	return (w->service[t->service].needs_cloud && swarm_cloud_away(w) && away_for(w, 40 * SWARM_SEC)) ||
	       (swarm_has(w, FAULT_DISK) && w->until_ms[FAULT_DISK] > w->now_ms + 20 * SWARM_SEC && t->number % 2 == 0);
}

static void start(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	uint64_t ms = lives_ms(w, t);

	t->phase = PH_RUNNING;
	t->down = false;
	t->started_ms = w->now_ms;
	t->started_wall_ms = swarm_wall_ms(w);
	tell(w, task, C_STARTED, 0);
	swarm_later(w, swarm_between(w, 20, 400), HAP_TELL_ECS, task, 0);
	if (ms == 0 && site_kills(w, t))
		ms = swarm_between(w, 3000, 40000);
	if (w->dep[t->of].flaw == FLAW_LOOPS && t->restarts > 5)
		ms *= 20;
	if (ms != 0)
		next(w, task, ms);
}

static void created_step(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];

	if (w->dep[t->of].flaw == FLAW_NO_EXEC || swarm_has(w, FAULT_PORT)) {
		bool port = w->dep[t->of].flaw != FLAW_NO_EXEC;

		fails(w, task, port ? CAUSE_SITE : CAUSE_FLAW, STAGE_START, port ? CLASS_PORT_IN_USE : CLASS_EXEC_NOT_FOUND,
		      port ? "failed to bind host port: address already in use" : "exec: \"/nosuch\": no such file or directory");
		tell(w, task, C_NETWORK_LEFT, 0);
		return;
	}
	start(w, task);
}

static void stopped_by_ecs(struct swarm *w, uint32_t task)
{
	static const int codes[] = { 0, 0, 143, 137, 1 };
	struct swarm_task *t = &w->task[task];

	if (t->phase != PH_RUNNING) {
		swarm_end_task(w, task, t->sick ? CAUSE_FLAW : CAUSE_ASKED, -1, true);
		return;
	}
	tell(w, task, C_KILLED, 15);
	swarm_end_task(w, task, t->sick ? CAUSE_FLAW : CAUSE_ASKED, codes[swarm_dice(w, 5)], true);
	tell(w, task, C_STOPPED, 0);
}

static void in_place(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];

	if (t->down) {
		t->restarts++;
		start(w, task);
		return;
	}
	t->down = true;
	t->exit_code = 1;
	t->finished_wall_ms = swarm_wall_ms(w);
	if (w->dep[t->of].flaw == FLAW_LOOPS) {
		w->dep[t->of].failed++;
		w->dep[t->of].failed_healed += w->healed;
		w->dep[t->of].last_fail_ms = w->now_ms;
	}
	tell(w, task, C_DIED, 1);
	next(w, task, t->restarts < 6 ? swarm_between(w, 100, 3000) : swarm_between(w, 60000, 600000));
}

static void running_step(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	enum flaw flaw = w->dep[t->of].flaw;
	bool good = lives_ms(w, t) == 0;

	if (flaw == FLAW_LOOPS || (t->down && w->service[t->service].restarts) ||
	    (good && w->service[t->service].restarts && site_kills(w, t))) {
		in_place(w, task);
	} else if (flaw == FLAW_UNHEALTHY) {
		if (t->sick)
			return;
		t->sick = true;
		tell(w, task, C_UNHEALTHY, 0);
		swarm_later(w, swarm_between(w, 1000, 20000), HAP_TELL_ECS, task, 1);
	} else if (!good) {
		t->oom = flaw == FLAW_OOM;
		if (t->oom) {
			t->class = CLASS_OOM;
			t->reason = "OutOfMemoryError: Container killed due to memory usage";
		}
		swarm_end_task(w, task, CAUSE_FLAW, t->oom ? 137 : flaw == FLAW_CRASHES ? 2 : 1, true);
	} else if (site_kills(w, t)) {
		swarm_end_task(w, task, CAUSE_SITE, 1, true);
	}
}

void swarm_task_step(struct swarm *w, uint32_t task, uint32_t gen)
{
	struct swarm_task *t = &w->task[task];

	if (t->gen != gen || t->phase == PH_NONE || t->phase == PH_ENDED)
		return;
	if (!w->engine_up || (!w->agent_up && (t->phase != PH_RUNNING || t->stop_ordered))) {
		next(w, task, 5000);
		return;
	}
	if (t->stop_ordered)
		stopped_by_ecs(w, task);
	else if (t->phase == PH_PULL)
		pull_step(w, task);
	else if (t->phase == PH_CREATED)
		created_step(w, task);
	else
		running_step(w, task);
}

void swarm_stop_task(struct swarm *w, uint32_t task)
{
	struct swarm_task *t = &w->task[task];
	struct swarm_line l = line_of(w, task, LINE_STOP);

	if (t->stop_ordered || !w->agent_up || !swarm_online(w) || t->phase == PH_ENDED)
		return;
	t->stop_ordered = true;
	log_line(w, &l);
	next(w, task, swarm_between(w, 100, 3000));
}

static void all_see(struct swarm *w)
{
	for (uint32_t i = 0; i < SWARM_TASKS; i++)
		if (w->task[i].phase != PH_NONE)
			swarm_later(w, swarm_between(w, 100, 5000), HAP_TELL_ECS, i, 0);
}

void swarm_dockerd_down(struct swarm *w, bool graceful)
{
	static const int codes[] = { 0, 143, 137, 1, 2 };
	bool seen = graceful && swarm_chance(w, 50);

	for (uint32_t i = 0; i < SWARM_TASKS; i++) {
		if (w->task[i].phase != PH_RUNNING)
			continue;
		if (seen)
			tell(w, i, C_KILLED, 15);
		swarm_end_task(w, i, CAUSE_HOST, graceful ? codes[swarm_dice(w, 5)] : swarm_chance(w, 50) ? 255 : 137, seen);
	}
	w->engine_up = false;
	swarm_source(w, SRC_ENGINE, SS_REFUSED);
}

void swarm_dockerd_up(struct swarm *w)
{
	if (!w->powered || w->engine_up)
		return;
	w->engine_up = true;
	if (w->kedge_up)
		swarm_list(w);
	all_see(w);
}

/* The agent cannot start without its control plane (ECS Anywhere registers first). */
void swarm_agent_up(struct swarm *w)
{
	if (!w->powered || w->agent_up)
		return;
	if (!swarm_online(w) || !w->engine_up || swarm_cloud_away(w)) {
		swarm_later(w, 30 * SWARM_SEC, HAP_AGENT_UP, 0, 0);
		return;
	}
	w->agent_up = true;
	all_see(w);
	for (uint32_t i = 0; i < w->n_services; i++)
		swarm_later(w, 3000, HAP_SCHEDULE, i, 0);
}

/* what: 0 the agent looks at its engine, 1 ECS learns, more: the agent cleans up the task of that number - 2. */
void swarm_tell_ecs(struct swarm *w, uint32_t task, uint32_t what)
{
	struct swarm_task *t = &w->task[task];

	if (what == 0) {
		agent_sees(w, task);
	} else if (what == 1) {
		if (t->phase == PH_RUNNING && t->sick && !t->stop_ordered)
			swarm_stop_task(w, task);
		swarm_ecs_learns(w, task);
	} else if (t->number == what - 2 && t->phase == PH_ENDED) {
		if (t->told_end && w->engine_up && w->agent_up)
			forget(w, task);
		else
			swarm_later(w, 600 * SWARM_SEC, HAP_TELL_ECS, task, what);
	}
}

void swarm_killed(struct swarm *w, uint32_t task)
{
	tell(w, task, C_KILLED, 9);
	swarm_end_task(w, task, CAUSE_ASKED, 137, true);
}
