#include "agent/wire/deployments_in.h"

#include <string.h>

#include "agent/wire/arn.h"
#include "agent/wire/ecs_member.h"

/* Duplicates of an event are suppressed for hours, so the one that tells a trouble may not be the newest. */
static PRUNE_LIST(kept,
	"services/[]/serviceName|clusterArn|clusterName|status|desiredCount|runningCount|pendingCount|launchType|schedulingStrategy|leftOut"
	" services/[]/deploymentController/type"
	" services/[]/deployments/[12]/id|status|taskDefinition|desiredCount|pendingCount|runningCount|failedTasks|createdAt|updatedAt"
	"|launchType|rolloutState|rolloutStateReason services/[]/events/[16]/createdAt|message"
	" failures/[]/arn|reason|detail head/[1]/v|askedAt");

static bool any_of(const char *const *sign, size_t n, struct slice text)
{
	for (size_t i = 0; i < n; i++)
		if (slice_find(text, sign[i]) != SIZE_MAX)
			return true;
	return false;
}

/* Newest service events that name a trouble (ECS developer guide, "service event messages"). */
static bool trouble(struct slice text)
{
	static const char *const sign[] = {
		"unable to", "could not", "failed", "throttled", "misconfigured", "Timed out", "exceeded", "unhealthy",
	};

	return any_of(sign, sizeof(sign) / sizeof(sign[0]), text);
}

/* Those of them that say why a task got no place: no instance fits, a limit is reached, or the percentages leave no
 * room beside the old one. */
static bool no_place(struct slice text)
{
	static const char *const sign[] = {
		"unable to place", "No Container Instances were found", "unable to stop or start tasks during a deployment",
	};

	return any_of(sign, sizeof(sign) / sizeof(sign[0]), text);
}

static enum kerr read_row(const cJSON *o, struct dep_row *r, struct why *why)
{
#define ROW(member, kind, name) ECS_MEMBER(struct dep_row, member, kind, name)
	static const struct ecs_member members[] = {
		ROW(id, ECS_MUST_STR, "id"), ROW(status, ECS_MUST_STR, "status"), ROW(desired, ECS_U32, "desiredCount"),
		ROW(pending, ECS_U32, "pendingCount"), ROW(running, ECS_U32, "runningCount"), ROW(failed, ECS_U32, "failedTasks"),
		ROW(created_unix_ms, ECS_TIME, "createdAt"), ROW(updated_unix_ms, ECS_TIME, "updatedAt"),
		ROW(launch_type, ECS_TEXT, "launchType"), ROW(rollout, ECS_TEXT, "rolloutState"),
		ROW(rollout_reason, ECS_TEXT, "rolloutStateReason"),
	};
	char definition[ARN_CAP];
	struct slice family;
	enum kerr e = ecs_member_all(o, members, sizeof(members) / sizeof(members[0]), r, why);

	if (e == KERR_OK)
		e = ecs_member_must_str(o, "taskDefinition", definition, sizeof(definition), why);
	if (e != KERR_OK)
		return e;
	if (!arn_family_revision(slice_of(definition), &family, &r->revision))
		return why_set(why, KERR_BAD_INPUT, "member taskDefinition is \"%.80s\", no family:revision", definition);
	(void)str_put(r->family, sizeof(r->family), family);
	return KERR_OK;
}

static int rank(const struct dep_row *r)
{
	return str_eq(r->status, "PRIMARY") ? 0 : str_eq(r->status, "ACTIVE") ? 1 : 2;
}

static bool before(const struct dep_row *a, const struct dep_row *b)
{
	return rank(a) != rank(b) ? rank(a) < rank(b) : a->created_unix_ms > b->created_unix_ms;
}

/* PRIMARY first, then the newest; what falls off the end is counted. */
static void add_row(struct dep_service *s, const struct dep_row *r)
{
	uint32_t at = s->n;

	while (at > 0 && before(r, &s->row[at - 1]))
		at--;
	if (s->n == DEP_ROWS)
		s->left_out++;
	else
		s->n++;
	if (at == DEP_ROWS)
		return;
	memmove(&s->row[at + 1], &s->row[at], (s->n - at - 1) * sizeof(s->row[0]));
	s->row[at] = *r;
}

static enum kerr read_rows(const cJSON *o, struct dep_service *s, struct why *why)
{
	const cJSON *array, *item;
	enum kerr e = ecs_member_may_u32(o, "leftOut", &s->left_out, why);

	if (e == KERR_OK)
		e = ecs_member_may_array(o, "deployments", &array, why);
	if (e != KERR_OK)
		return e;
	cJSON_ArrayForEach(item, array) {
		struct dep_row r = { .revision = 0 };

		e = read_row(item, &r, why);
		if (e != KERR_OK)
			return e;
		add_row(s, &r);
	}
	return KERR_OK;
}

static enum kerr read_event(const cJSON *o, struct dep_event *ev, struct why *why)
{
	enum kerr e = ecs_member_may_time(o, "createdAt", &ev->unix_ms, why);

	if (e == KERR_OK)
		e = ecs_member_may_text(o, "message", ev->text, sizeof(ev->text), why);
	ev->trouble = e == KERR_OK && trouble(slice_of(ev->text));
	return e;
}

/* AWS sends the newest first. Two of the newest and the newest trouble, or three of the newest when it is among them. */
static void add_event(struct dep_service *s, const struct dep_event *ev)
{
	bool had = false;

	for (uint32_t i = 0; i < s->events; i++)
		had |= s->event[i].trouble;
	if (s->events < DEP_EVENTS)
		s->event[s->events++] = *ev;
	else if (ev->trouble && !had)
		s->event[DEP_EVENTS - 1] = *ev;
}

static enum kerr read_events(const cJSON *o, struct dep_service *s, struct dep_event *placement, struct why *why)
{
	const cJSON *array, *item;
	enum kerr e = ecs_member_may_array(o, "events", &array, why);

	if (e != KERR_OK)
		return e;
	cJSON_ArrayForEach(item, array) {
		struct dep_event ev = { .unix_ms = 0 };

		e = read_event(item, &ev, why);
		if (e != KERR_OK)
			return e;
		add_event(s, &ev);
		if (ev.unix_ms > placement->unix_ms && no_place(slice_of(ev.text)))
			*placement = ev;
	}
	return KERR_OK;
}

static enum kerr read_cluster(const cJSON *o, struct dep_service *s, struct why *why)
{
	char arn[ARN_CAP];
	enum kerr e = ecs_member_may_str(o, "clusterArn", arn, sizeof(arn), why);

	if (e == KERR_OK && arn[0] == '\0')
		e = ecs_member_may_str(o, "clusterName", arn, sizeof(arn), why);
	if (e == KERR_OK)
		(void)str_put(s->cluster, sizeof(s->cluster), arn_cluster_name(slice_of(arn)));
	return e;
}

static enum kerr read_service(const cJSON *o, struct dep_service *s, struct dep_event *placement, struct why *why)
{
#define SERVICE(member, kind, name) ECS_MEMBER(struct dep_service, member, kind, name)
	static const struct ecs_member members[] = {
		SERVICE(name, ECS_MUST_STR, "serviceName"), SERVICE(status, ECS_TEXT, "status"),
		SERVICE(desired, ECS_U32, "desiredCount"), SERVICE(running, ECS_U32, "runningCount"),
		SERVICE(pending, ECS_U32, "pendingCount"), SERVICE(launch_type, ECS_TEXT, "launchType"),
		SERVICE(scheduling, ECS_TEXT, "schedulingStrategy"),
	};
	const cJSON *controller = NULL;
	enum kerr e = ecs_member_all(o, members, sizeof(members) / sizeof(members[0]), s, why);

	if (e == KERR_OK)
		e = read_cluster(o, s, why);
	if (e == KERR_OK)
		e = ecs_member_may_object(o, "deploymentController", &controller, why);
	if (e == KERR_OK)
		e = ecs_member_may_text(controller, "type", s->controller, sizeof(s->controller), why);
	if (e == KERR_OK)
		e = read_rows(o, s, why);
	return e == KERR_OK ? read_events(o, s, placement, why) : e;
}

static int name_cmp(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] == b[i] && a[i] != '\0')
		i++;
	return (int)(uint8_t)a[i] - (int)(uint8_t)b[i];
}

static enum kerr add_service(struct deployments_in *d, const cJSON *o, struct why *why)
{
	struct dep_table *t = d->out;
	struct dep_service *s;
	uint32_t at;
	enum kerr e;

	if (t->n == DEP_SERVICES)
		return why_set(why, KERR_TOO_BIG, "more than %d services in one answer", DEP_SERVICES);
	/* read into the free place at the end, then moved to where its name belongs */
	s = &t->service[t->n];
	memset(s, 0, offsetof(struct dep_service, row));
	memset(&d->placement, 0, sizeof(d->placement));
	e = read_service(o, s, &d->placement, why);
	if (e != KERR_OK)
		return e;
	for (at = t->n++; at > 0 && name_cmp(t->service[at].name, t->service[at - 1].name) < 0; at--) {
		struct dep_service tmp = t->service[at];

		t->service[at] = t->service[at - 1];
		t->service[at - 1] = tmp;
	}
	return KERR_OK;
}

static enum kerr add_missing(struct dep_table *t, const cJSON *o, struct why *why)
{
	char arn[ARN_CAP], reason[32], detail[120];
	struct slice name;
	size_t at;
	enum kerr e = ecs_member_must_str(o, "arn", arn, sizeof(arn), why);

	if (e == KERR_OK)
		e = ecs_member_may_text(o, "reason", reason, sizeof(reason), why);
	if (e == KERR_OK)
		e = ecs_member_may_text(o, "detail", detail, sizeof(detail), why);
	if (e != KERR_OK)
		return e;
	if (!str_eq(reason, "MISSING"))
		return why_set(why, KERR_REFUSED, "AWS could not describe %.80s: %s%s%s", arn, reason,
			       detail[0] == '\0' ? "" : ", ", detail);
	at = slice_rfind(slice_of(arn), "/");
	name = at == SIZE_MAX ? slice_of(arn) : slice_from(slice_of(arn), at + 1);
	if (t->missing == DEP_SERVICES || !str_put(t->missing_name[t->missing], NAME_CAP, name))
		return why_set(why, KERR_TOO_BIG, "more failures in the answer than services asked for");
	t->missing++;
	return KERR_OK;
}

static enum kerr read_head(struct deployments_in *d, const cJSON *o, struct why *why)
{
	uint32_t version;
	enum kerr e = ecs_member_may_u32(o, "v", &version, why);

	if (e == KERR_OK && version != 1)
		return why_set(why, KERR_BAD_INPUT, "written in version %u, this kedge reads 1", version);
	if (e == KERR_OK)
		e = ecs_member_must_time(o, "askedAt", &d->out->asked_unix_ms, why);
	d->head |= e == KERR_OK;
	return e;
}

static enum kerr one_element(void *ctx, const char *array, struct slice element, struct why *why)
{
	struct deployments_in *d = ctx;
	size_t mark = arena_mark(d->arena);
	const cJSON *root;
	enum kerr e;

	if (element.n == 0) {
		d->answered |= str_eq(array, "services");
		return KERR_OK;
	}
	e = ecs_member_root(d->arena, element, &root, why);
	if (e == KERR_OK && str_eq(array, "services"))
		e = add_service(d, root, why);
	else if (e == KERR_OK && str_eq(array, "failures"))
		e = add_missing(d->out, root, why);
	else if (e == KERR_OK && d->cached)
		e = read_head(d, root, why);
	arena_reset(d->arena, mark);
	return e;
}

/* Counts say what there is: what is not written costs no page. */
static void empty(struct dep_table *t, int64_t asked_unix_ms)
{
	t->asked_unix_ms = asked_unix_ms;
	t->n = t->missing = 0;
}

void deployments_in_begin(struct deployments_in *d, struct arena *a, struct dep_table *out, int64_t asked_unix_ms)
{
	empty(out, asked_unix_ms);
	d->arena = a;
	d->out = out;
	d->answered = d->cached = d->head = false;
	memset(&d->placement, 0, sizeof(d->placement));
	elements_begin(&d->elements, &kept, d->element, sizeof(d->element), one_element, d);
}

/* No half table: what was read before the fault is dropped. */
static enum kerr told(struct deployments_in *d, enum kerr e, const char *whose, struct why *why)
{
	struct why inner;

	if (e == KERR_OK)
		return KERR_OK;
	empty(d->out, 0);
	if (why == NULL)
		return e;
	inner = *why;
	return why_set(why, e, "%s: %s", whose, inner.text);
}

enum kerr deployments_in_feed(struct deployments_in *d, struct slice bytes, struct why *why)
{
	return told(d, elements_feed(&d->elements, bytes, why), "DescribeServices", why);
}

enum kerr deployments_in_end(struct deployments_in *d, struct why *why)
{
	enum kerr e = elements_end(&d->elements, why);

	if (e == KERR_OK && !d->answered)
		e = why_set(why, KERR_BAD_INPUT, "member services is missing");
	return told(d, e, "DescribeServices", why);
}

static enum controller controller_of(const char *word)
{
	for (int c = CTL_ECS; c < CTL_OTHER; c++)
		if (str_eq(word, controller_name((enum controller)c)))
			return (enum controller)c;
	return word[0] == '\0' ? CTL_UNKNOWN : CTL_OTHER;
}

/* "(service web) was unable ..." without the name that everybody knows; and when it is still too long, only its last
 * sentence, which names the lack. */
static void say_placement(const struct dep_event *ev, char out[SENTENCE_CAP])
{
	struct slice s = slice_of(ev->text);
	size_t end = slice_starts(s, "(service ") ? slice_find(s, ") ") : SIZE_MAX, last;

	if (end != SIZE_MAX)
		s = slice_from(s, end + 2);
	last = slice_find(s, ". The closest ");
	if (s.n >= SENTENCE_CAP && last != SIZE_MAX)
		s = slice_from(s, last + 2);
	(void)str_cut(out, SENTENCE_CAP, s);
}

enum kerr deployments_in_service(const struct deployments_in *d, struct ecs_asked q, const char *service,
				 struct event *ev, struct why *why)
{
	const struct dep_service *s = &d->out->service[0];
	struct ev_aws_service *out = &ev->u.aws_service;

	ev->type = EV_AWS_SERVICE;
	*out = (struct ev_aws_service){ .service = q.service, .ask = q.ask, .missing = true };
	if (d->out->n == 0 && d->out->missing == 1)
		return KERR_OK;
	if (d->out->n != 1 || !str_eq(s->name, service))
		return why_set(why, KERR_BAD_INPUT, "DescribeServices: the answer is not about service %.60s alone", service);
	out->missing = str_eq(s->status, "INACTIVE");
	out->controller = controller_of(s->controller);
	out->placement_unix_ms = d->placement.unix_ms;
	say_placement(&d->placement, out->placement);
	if (s->n == 0 || !str_eq(s->row[0].status, "PRIMARY"))
		return KERR_OK;
	out->failed_tasks = s->row[0].failed;
	out->running = s->row[0].running;
	out->pending = s->row[0].pending;
	return KERR_OK;
}

static void write_row(struct jw *w, const struct dep_row *r)
{
	char definition[NAME_CAP + 16];
	struct text t = text_on(definition, sizeof(definition));

	text_s(&t, r->family);
	text_c(&t, ':');
	text_u64(&t, r->revision);
	jw_object(w, NULL);
	jw_str(w, "id", r->id);
	jw_str(w, "status", r->status);
	jw_str(w, "taskDefinition", definition);
	jw_u64(w, "desiredCount", r->desired);
	jw_u64(w, "pendingCount", r->pending);
	jw_u64(w, "runningCount", r->running);
	jw_u64(w, "failedTasks", r->failed);
	jw_unix_s(w, "createdAt", r->created_unix_ms);
	jw_unix_s(w, "updatedAt", r->updated_unix_ms);
	jw_str_or_null(w, "launchType", r->launch_type);
	jw_str_or_null(w, "rolloutState", r->rollout);
	jw_str_or_null(w, "rolloutStateReason", r->rollout_reason);
	jw_object_end(w);
}

static void write_service(struct jw *w, const struct dep_service *s)
{
	jw_object(w, NULL);
	jw_str(w, "serviceName", s->name);
	jw_str_or_null(w, "clusterName", s->cluster);
	jw_str_or_null(w, "status", s->status);
	jw_u64(w, "desiredCount", s->desired);
	jw_u64(w, "runningCount", s->running);
	jw_u64(w, "pendingCount", s->pending);
	jw_str_or_null(w, "launchType", s->launch_type);
	jw_str_or_null(w, "schedulingStrategy", s->scheduling);
	jw_object(w, "deploymentController");
	jw_str_or_null(w, "type", s->controller);
	jw_object_end(w);
	jw_u64(w, "leftOut", s->left_out);
	jw_array(w, "deployments");
	for (uint32_t i = 0; i < s->n; i++)
		write_row(w, &s->row[i]);
	jw_array_end(w);
	jw_array(w, "events");
	for (uint32_t i = 0; i < s->events; i++) {
		jw_object(w, NULL);
		jw_unix_s(w, "createdAt", s->event[i].unix_ms);
		jw_str(w, "message", s->event[i].text);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

enum kerr deployments_write(const struct dep_table *t, struct text *out, struct why *why)
{
	struct jw w = jw_on(out);

	jw_object(&w, NULL);
	jw_array(&w, "head");
	jw_object(&w, NULL);
	jw_u64(&w, "v", 1);
	jw_unix_s(&w, "askedAt", t->asked_unix_ms);
	jw_object_end(&w);
	jw_array_end(&w);
	jw_array(&w, "services");
	for (uint32_t i = 0; i < t->n; i++)
		write_service(&w, &t->service[i]);
	jw_array_end(&w);
	jw_array(&w, "failures");
	for (uint32_t i = 0; i < t->missing; i++) {
		jw_object(&w, NULL);
		jw_str(&w, "arn", t->missing_name[i]);
		jw_str(&w, "reason", "MISSING");
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_object_end(&w);
	return out->full ? why_set(why, KERR_TOO_BIG, "the deployments do not fit %u bytes", (unsigned)out->cap) : KERR_OK;
}

enum kerr deployments_read(struct slice text, const char *file, struct deployments_in *room, struct arena *a,
			   struct dep_table *out, struct why *why)
{
	enum kerr e;

	deployments_in_begin(room, a, out, 0);
	room->cached = true;
	e = elements_feed(&room->elements, text, why);
	if (e == KERR_OK)
		e = elements_end(&room->elements, why);
	if (e == KERR_OK && (!room->head || !room->answered))
		e = why_set(why, KERR_BAD_INPUT, "not a table of deployments: head or services is missing");
	return told(room, e, file, why);
}
