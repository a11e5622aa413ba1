#include "agent/wire/agent_log.h"

#include <string.h>

#include "agent/wire/agent_change.h"
#include "agent/wire/agent_reason.h"
#include "agent/wire/json.h"
#include "agent/wire/log_fields.h"

/* One line being told. A member that does not fit its bound spoils its event, not the line's others. */
struct line {
	struct agent_log *log;
	const struct log_fields *f;
	const struct ev_out *out;
	struct why *why;
	struct slice msg;
	int64_t unix_ms;
	enum kerr err;
};

static const char *const needles[] = {
	"Sending state change to ECS", "TaskHandler: Sending", "Received task payload from ACS", "got acs event",
	"new acs transition to: STOPPED", "failed to pull image", "Failed to pull image for container",
	"Failed to fetch image manifest", "ulling image for container", ": pulling image ", "]: finished pulling image ",
	"manifest digest for container", "moving task to STOPPED", "rror transitioning ", "ound cached image",
	"already exists, not pulling", "Connected to ACS endpoint", "ACS WebSocket connection closed", "Failed to connect to ACS",
	"Disconnected from ACS", "Error connecting to ACS", "Starting Amazon ECS Agent", "Amazon ECS agent Version",
};
_Static_assert(sizeof(needles) / sizeof(needles[0]) <= AGENT_LOG_NEEDLES_MAX, "the tail holds no more");

void agent_log_init(struct agent_log *l, char *scratch, size_t cap_bytes)
{
	*l = (struct agent_log){ .scratch = scratch, .cap = cap_bytes };
}

const char *const *agent_log_needles(size_t *n)
{
	*n = sizeof(needles) / sizeof(needles[0]);
	return needles;
}

static void spoil(struct line *l, enum kerr err, const struct packed *what)
{
	char words[PACKED_MAX];

	if (err == KERR_TOO_BIG)
		l->log->dropped++;
	else
		l->log->bad++;
	l->err = why_set(l->why, err, "ECS agent's log: %s", packed_copy(words, sizeof(words), what));
}

/* Identifiers: whole and printable, or the event is spoilt. */
static bool put_name(struct line *l, char *dst, size_t cap, struct slice s, const struct packed *what)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
			spoil(l, KERR_BAD_INPUT, what);
			return false;
		}
	}
	if (str_put(dst, cap, s))
		return true;
	spoil(l, KERR_TOO_BIG, what);
	return false;
}

/* A task's ARN, or only its id, as most lines have it. */
static bool put_task(struct line *l, char *dst, struct slice s)
{
	if (s.n == 0) {
		spoil(l, KERR_BAD_INPUT, PACKED("a line without its task"));
		return false;
	}
	return put_name(l, dst, ARN_CAP, s, PACKED("a task's name does not fit or is not printable"));
}

static void tell(struct line *l)
{
	l->log->events++;
	l->out->put(l->out->arg, l->out->ev);
}

static struct slice field(const struct line *l, const char *key)
{
	return log_fields_get(l->f, key);
}

static struct slice either(struct slice a, struct slice b)
{
	return a.n > 0 ? a : b;
}

static struct ev_task *begin_task(struct line *l, enum task_what what)
{
	struct ev_task *t = &l->out->ev->u.task;

	l->out->ev->type = EV_TASK;
	memset(t, 0, sizeof(*t));
	t->what = what;
	t->time_unix_ms = l->unix_ms;
	return t;
}

static struct ev_pull *begin_pull(struct line *l, enum pull_what what)
{
	struct ev_pull *p = &l->out->ev->u.pull;

	l->out->ev->type = EV_PULL;
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->time_unix_ms = l->unix_ms;
	return p;
}

/* What a pull's line may name; empty slices where it does not. */
struct pull_words { struct slice task, container, image, digest, error; };

static void tell_pull(struct line *l, enum pull_what what, struct pull_words w)
{
	struct ev_pull *p = begin_pull(l, what);

	if (agent_reason_benign(w.error))
		return;
	if (!put_name(l, p->task, sizeof(p->task), w.task, PACKED("a task's name does not fit or is not printable")) ||
	    !put_name(l, p->container, sizeof(p->container), w.container, PACKED("a container's name does not fit or is not printable")) ||
	    !put_name(l, p->image, sizeof(p->image), w.image, PACKED("an image's name does not fit or is not printable")) ||
	    !put_name(l, p->digest, sizeof(p->digest), w.digest, PACKED("a digest does not fit or is not printable")))
		return;
	if (w.error.n > 0) {
		(void)json_clean(p->reason, sizeof(p->reason), w.error);
		p->class = agent_reason_class(STAGE_PULL, w.error);
	}
	tell(l);
}

static struct pull_words pull_fields(const struct line *l)
{
	return (struct pull_words){
		.task = either(field(l, "task"), field(l, "taskARN")),
		.container = either(field(l, "container"), field(l, "containerName")),
		.image = field(l, "image"), .digest = field(l, "imageDigest"), .error = field(l, "error"),
	};
}

static void on_payload(struct line *l)
{
	struct slice desired = field(l, "desiredStatus");
	bool stop = slice_is(desired, "STOPPED");
	struct ev_task *t;
	uint64_t revision;

	if (!stop && !slice_is(desired, "RUNNING"))
		return;
	t = begin_task(l, stop ? T_STOP_ORDER : T_PLACED);
	t->desired = stop ? TS_STOPPED : TS_RUNNING;
	if (!put_task(l, t->task, either(field(l, "taskARN"), field(l, "taskArn"))))
		return;
	if (slice_u64(field(l, "taskVersion"), &revision) && revision <= UINT32_MAX)
		t->revision = (uint32_t)revision;
	tell(l);
}

static void on_acs_event(struct line *l)
{
	struct ev_task *t = begin_task(l, T_STOP_ORDER);

	if (!slice_is(field(l, "desiredStatus"), "STOPPED"))
		return;
	t->desired = TS_STOPPED;
	if (put_task(l, t->task, field(l, "task")))
		tell(l);
}

static void on_pull_started(struct line *l)
{
	tell_pull(l, P_STARTED, pull_fields(l));
}

static void on_pull_attempt_failed(struct line *l)
{
	tell_pull(l, P_ATTEMPT_FAILED, pull_fields(l));
}

static void on_pull_failed(struct line *l)
{
	tell_pull(l, P_FAILED, pull_fields(l));
}

static void on_pull_cached(struct line *l)
{
	tell_pull(l, P_CACHED, pull_fields(l));
}

static void on_pull_done(struct line *l)
{
	tell_pull(l, P_DONE, pull_fields(l));
}

/* A failed transition into a pull; those into CREATED and RUNNING are told by the state change. */
static void transition(struct line *l, struct slice state, struct pull_words w)
{
	if (slice_is(state, "PULLED"))
		tell_pull(l, P_FAILED, w);
	else if (slice_is(state, "MANIFEST_PULLED"))
		tell_pull(l, P_ATTEMPT_FAILED, w);
}

static void on_transition(struct line *l)
{
	transition(l, field(l, "nextState"), pull_fields(l));
}

static struct ev_change *begin_change(struct line *l)
{
	struct ev_change *c = &l->out->ev->u.change;

	l->out->ev->type = EV_CHANGE;
	memset(c, 0, sizeof(*c));
	c->time_unix_ms = l->unix_ms;
	c->stage = STAGE_RUN;
	return c;
}

static void change_failed(struct line *l, enum kerr err)
{
	l->err = err;
	if (err == KERR_TOO_BIG)
		l->log->dropped++;
	else
		l->log->bad++;
}

static struct slice id_of(struct slice task)
{
	size_t slash = slice_rfind(task, "/");

	return slash == SIZE_MAX ? task : slice_from(task, slash + 1);
}

static void resource_failed(struct line *l, struct slice task, struct slice error)
{
	if (!str_put(l->log->resource_task, sizeof(l->log->resource_task), id_of(task)))
		spoil(l, KERR_TOO_BIG, PACKED("a task's name does not fit"));
	(void)str_cut(l->log->resource_error, sizeof(l->log->resource_error), error);
}

static void on_resource_failed(struct line *l)
{
	resource_failed(l, field(l, "task"), field(l, "error"));
}

/* Eras A and B: the change itself says nothing of a resource that failed. */
static void explain_by_resource(const struct agent_log *log, struct ev_change *c)
{
	if (c->status == TS_STOPPED && c->reason[0] == '\0' && !c->has_exit && log->resource_error[0] != '\0' &&
	    slice_is(id_of(slice_of(c->task)), log->resource_task))
		agent_change_resource(c, slice_of(log->resource_error));
}

/* Eras A and B. */
static void old_change(struct line *l, struct slice text)
{
	struct ev_change *c = begin_change(l);
	enum task_status task_status;
	struct slice rest;
	enum kerr err = agent_change_old(text, c, &rest, l->why);

	if (err != KERR_OK) {
		change_failed(l, err);
		return;
	}
	if (rest.n == 0)
		tell(l);
	for (task_status = c->task_status; rest.n > 0;) {
		c = begin_change(l);
		c->task_status = task_status;
		err = agent_change_old_next(&rest, c, l->why);
		if (err != KERR_OK) {
			change_failed(l, err);
			continue;
		}
		explain_by_resource(l->log, c);
		tell(l);
	}
}

static bool is_container_change(struct slice key)
{
	return slice_starts(key, "containerChange-");
}

/* Era C on: a task's fields, and one field for each container. */
static void flat_change(struct line *l)
{
	size_t containers = 0;

	for (size_t i = 0; i < l->f->n; i++)
		containers += is_container_change(l->f->field[i].key);
	for (size_t i = 0; i < l->f->n; i++) {
		struct ev_change *c = begin_change(l);
		enum kerr err = KERR_OK;

		if (containers > 0 && !is_container_change(l->f->field[i].key))
			continue;
		c->task_status = agent_change_status(field(l, "taskStatus"));
		if (!put_task(l, c->task, either(field(l, "taskArn"), field(l, "taskARN"))))
			return;
		if (containers > 0)
			err = agent_change_flat(l->f->field[i].value, field(l, "taskReason"), c, l->why);
		else
			agent_change_reason(c, field(l, "taskReason"));
		if (err == KERR_OK)
			tell(l);
		else
			change_failed(l, err);
		if (containers == 0)
			return;
	}
}

/* Era C on, should the agent ever tell one container by itself. */
static void lone_change(struct line *l)
{
	struct ev_change *c = begin_change(l);
	enum kerr err;

	if (!put_task(l, c->task, field(l, "taskArn")))
		return;
	err = agent_change_lone(field(l, "containerName"), field(l, "containerStatus"), field(l, "exitCode"), field(l, "reason"), c, l->why);
	if (err == KERR_OK)
		tell(l);
	else
		change_failed(l, err);
}

static void on_change(struct line *l)
{
	if (slice_is(field(l, "eventType"), "ContainerStateChange"))
		lone_change(l);
	else if (slice_is(field(l, "eventType"), "task") || slice_is(field(l, "eventType"), "container"))
		old_change(l, field(l, "eventData"));
	else if (slice_is(field(l, "eventType"), "TaskStateChange") || field(l, "taskStatus").n > 0)
		flat_change(l);
}

/* Lines of era C on, and of era B where it has fields: the whole message names what happened. */
static const struct told_by_fields { const struct packed *msg; void (*on)(struct line *l); } by_fields[] = {
	{ PACKED("Sending state change to ECS"), on_change },
	{ PACKED("Received task payload from ACS"), on_payload },
	{ PACKED("Managed task got acs event"), on_acs_event },
	{ PACKED("Pulling image for container concurrently"), on_pull_started },
	{ PACKED("Fetched image manifest digest for container from registry"), on_pull_started },
	{ PACKED("Failed to fetch image manifest from registry"), on_pull_attempt_failed },
	{ PACKED("Failed to pull image for container"), on_pull_failed },
	{ PACKED("Error while pulling image or its manifest; moving task to STOPPED"), on_pull_failed },
	{ PACKED("Error while pulling image; moving task to STOPPED"), on_pull_failed },
	{ PACKED("Error transitioning container"), on_transition },
	{ PACKED("Error transitioning resource"), on_resource_failed },
	{ PACKED("Found cached image, use it directly for container"), on_pull_cached },
	{ PACKED("Image for container already exists, not pulling it again"), on_pull_cached },
	{ PACKED("Finished pulling image for container"), on_pull_done },
};

/* The whole message; those that end in a blank are followed by an error or a version. */
static const struct link_word { const char *msg; enum agent_log_link link; } link_words[] = {
	{ "Connected to ACS endpoint", AGENT_LINK_UP },
	{ "ACS WebSocket connection closed", AGENT_LINK_DOWN },
	{ "Failed to connect to ACS", AGENT_LINK_DOWN },
	{ "Disconnected from ACS", AGENT_LINK_DOWN },
	{ "Error connecting to ACS: ", AGENT_LINK_DOWN },               /* era A */
	{ "Starting Amazon ECS Agent", AGENT_LINK_STARTED },
	{ "Amazon ECS agent Version: ", AGENT_LINK_STARTED },           /* era A */
};

/* Takes "before" off the front of *s and what follows, up to `end`, as *part; both must be there. */
static bool between(struct slice *s, const char *before, const char *end, struct slice *part)
{
	size_t n;

	if (!slice_starts(*s, before))
		return false;
	n = slice_find(slice_from(*s, slice_of(before).n), end);
	if (n == SIZE_MAX)
		return false;
	*part = slice_to(slice_from(*s, slice_of(before).n), n);
	*s = slice_from(*s, slice_of(before).n + n + slice_of(end).n);
	return true;
}

/* Era A, behind "Task engine [ARN]: ". */
static void engine_words(struct line *l, struct slice task, struct slice s)
{
	struct pull_words w = { .task = task };
	struct slice id, state;

	if (between(&s, "pulling image ", " for container ", &w.image)) {
		w.container = slice_to(s, slice_find(s, " "));
		tell_pull(l, P_STARTED, w);
	} else if (between(&s, "finished pulling image ", " for container ", &w.image)) {
		w.container = slice_to(s, slice_find(s, " "));
		tell_pull(l, P_DONE, w);
	} else if (between(&s, "found cached image ", ", use it directly for container ", &w.image)) {
		w.container = s;
		tell_pull(l, P_CACHED, w);
	} else if (between(&s, "failed to pull image ", " for container ", &w.image) && between(&s, "", ": ", &w.container)) {
		w.error = s;
		tell_pull(l, P_FAILED, w);
	} else if (between(&s, "error transitioning container [", " (Runtime ID: ", &w.container) &&
		   between(&s, "", ")] to [", &id) && between(&s, "", "]: ", &state)) {
		w.error = s;
		transition(l, state, w);
	}
}

/* Era A, behind "Managed task [ARN]: ". */
static void manager_words(struct line *l, struct slice task, struct slice s)
{
	struct slice transition;

	if (slice_starts(s, "new acs transition to: STOPPED;")) {
		struct ev_task *t = begin_task(l, T_STOP_ORDER);

		t->desired = TS_STOPPED;
		if (put_task(l, t->task, task))
			tell(l);
	} else if (between(&s, "error transitioning resource [", "]: ", &transition)) {
		resource_failed(l, task, s);
	}
}

/* Era A of everything, and what the docker client still writes this way: all is in the message. */
static void on_words(struct line *l)
{
	struct slice s = l->msg, task, name;
	struct pull_words w = { .task = { NULL, 0 } };

	if (between(&s, "DockerGoClient: failed to pull image ", ": [", &w.image) && between(&s, "", "] ", &name)) {
		w.error = s;
		tell_pull(l, P_ATTEMPT_FAILED, w);
	} else if (between(&s, "Task engine [", "]: ", &task)) {
		engine_words(l, task, s);
	} else if (between(&s, "TaskHandler: Sending ", " change: ", &name)) {
		old_change(l, s);
	} else if (between(&s, "Managed task [", "]: ", &task)) {
		manager_words(l, task, s);
	}
}

static void dispatch(struct line *l, enum agent_log_link *link)
{
	for (size_t i = 0; i < sizeof(link_words) / sizeof(link_words[0]); i++)
		if (slice_is(l->msg, link_words[i].msg) ||
		    (slice_ends(slice_of(link_words[i].msg), " ") && slice_starts(l->msg, link_words[i].msg)))
			*link = link_words[i].link;
	for (size_t i = 0; i < sizeof(by_fields) / sizeof(by_fields[0]); i++) {
		if (packed_is(by_fields[i].msg, l->msg)) {
			by_fields[i].on(l);
			return;
		}
	}
	on_words(l);
}

static bool of_interest(struct slice line)
{
	for (size_t i = 0; i < sizeof(needles) / sizeof(needles[0]); i++)
		if (slice_find(line, needles[i]) != SIZE_MAX)
			return true;
	return false;
}

enum kerr agent_log_line(struct agent_log *l, struct slice line, const struct ev_out *out, enum agent_log_link *link,
			 struct why *why)
{
	struct log_fields fields;
	struct line at = { .log = l, .f = &fields, .out = out, .why = why };
	enum kerr err;

	*link = AGENT_LINK_NONE;
	if (!of_interest(line))
		return KERR_OK;
	l->lines++;
	/* a power cut leaves blocks of nothing in a file: no part of a line may end at one */
	err = memchr(line.p, '\0', line.n) != NULL ? why_set(why, KERR_BAD_INPUT, "a line of the ECS agent's log holds NUL bytes")
						   : log_fields_parse(&fields, line, l->scratch, l->cap, why);
	if (err != KERR_OK) {
		l->bad++;
		return err;
	}
	at.msg = log_fields_get(&fields, "msg");
	if (!json_rfc3339(log_fields_get(&fields, "time"), &at.unix_ms))
		at.unix_ms = 0;
	dispatch(&at, link);
	return at.err;
}
