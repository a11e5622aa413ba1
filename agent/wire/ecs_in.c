#include "agent/wire/ecs_in.h"

#include <string.h>

#include "agent/wire/arn.h"
#include "agent/wire/ecs_member.h"

#define WORD_CAP 64                      /* bytes of an enum word; a longer one is none kedge knows */

/* Puts AWS's name of the call before what was wrong with its answer. */
static enum kerr of(enum aws_op op, enum kerr e, struct why *why)
{
	struct why inner;

	if (e == KERR_OK || why == NULL)
		return e;
	inner = *why;
	return why_set(why, e, "%s: %s", aws_op_name(op), inner.text);
}

static enum kerr missing_member(const char *name, struct why *why)
{
	return why_set(why, KERR_BAD_INPUT, "member %s is missing", name);
}

/* An identifier that must be the ARN of an ECS `kind`; absent is empty. */
static enum kerr may_arn(const cJSON *o, const char *name, const char *kind, char *dst, struct why *why)
{
	enum kerr e = ecs_member_may_str(o, name, dst, ARN_CAP, why);
	struct arn parsed;
	struct why inner;

	if (e != KERR_OK || dst[0] == '\0')
		return e;
	e = arn_parse_ecs(slice_of(dst), kind, 4, &parsed, &inner);
	return e == KERR_OK ? KERR_OK : why_set(why, e, "member %s: %s", name, inner.text);
}

static enum kerr must_arn(const cJSON *o, const char *name, const char *kind, char *dst, struct why *why)
{
	enum kerr e = may_arn(o, name, kind, dst, why);

	return e == KERR_OK && dst[0] == '\0' ? missing_member(name, why) : e;
}

static enum kerr must_status(const cJSON *o, enum sd_status *out, struct why *why)
{
	char word[WORD_CAP];
	enum kerr e = ecs_member_may_text(o, "status", word, sizeof(word), why);

	if (e != KERR_OK)
		return e;
	if (word[0] == '\0')
		return missing_member("status", why);
	/* a word of a newer API is SD_OTHER, which no rule takes for ongoing or done */
	if (!sd_status_from(slice_of(word), out))
		*out = SD_OTHER;
	return KERR_OK;
}

static enum kerr brief(const cJSON *o, struct sd_brief *out, struct why *why)
{
	enum kerr e;

	memset(out, 0, sizeof(*out));
	if (!cJSON_IsObject(o))
		return why_set(why, KERR_BAD_INPUT, "an element of serviceDeployments is no object");
	e = must_arn(o, "serviceDeploymentArn", "service-deployment", out->arn, why);
	if (e == KERR_OK)
		e = may_arn(o, "targetServiceRevisionArn", "service-revision", out->target_revision, why);
	if (e == KERR_OK)
		e = must_status(o, &out->status, why);
	if (e == KERR_OK)
		e = ecs_member_must_time(o, "createdAt", &out->created_unix_ms, why);
	if (e == KERR_OK)
		e = ecs_member_may_time(o, "finishedAt", &out->finished_unix_ms, why);
	return e;
}

/* Keeps the newest, newest first. */
static void insert(struct ev_aws_list *list, const struct sd_brief *b)
{
	uint32_t at = list->n;

	while (at > 0 && list->item[at - 1].created_unix_ms < b->created_unix_ms)
		at--;
	if (at == HISTORY_MAX)
		return;
	if (list->n < HISTORY_MAX)
		list->n++;
	memmove(&list->item[at + 1], &list->item[at], (list->n - at - 1) * sizeof(list->item[0]));
	list->item[at] = *b;
}

static enum kerr list_of(struct slice body, struct arena *a, struct ev_aws_list *list, struct why *why)
{
	const cJSON *root, *array, *item;
	struct sd_brief b;
	enum kerr e = ecs_member_root(a, body, &root, why);

	if (e == KERR_OK)
		e = ecs_member_may_array(root, "serviceDeployments", &array, why);
	if (e != KERR_OK)
		return e;
	if (array == NULL)
		return missing_member("serviceDeployments", why);
	cJSON_ArrayForEach(item, array) {
		e = brief(item, &b, why);
		if (e != KERR_OK)
			return e;
		insert(list, &b);
	}
	return KERR_OK;
}

enum kerr ecs_in_list(struct slice body, struct arena *a, struct ecs_asked q, struct event *ev, struct why *why)
{
	struct ev_aws_list *list = &ev->u.aws_list;

	ev->type = EV_AWS_LIST;
	memset(list, 0, sizeof(*list));
	list->service = q.service;
	list->ask = q.ask;
	return of(OP_LIST, list_of(body, a, list, why), why);
}

static enum cb_status cb_word(const char *word)
{
	static const struct { const char *word; enum cb_status status; } row[] = {
		{ "TRIGGERED", CB_TRIGGERED }, { "MONITORING", CB_MONITORING },
		{ "MONITORING_COMPLETE", CB_MONITORING_COMPLETE }, { "DISABLED", CB_DISABLED },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (str_eq(word, row[i].word))
			return row[i].status;
	return CB_NONE;
}

static enum kerr read_configuration(const cJSON *o, struct ev_aws_deployment *d, struct why *why)
{
	const cJSON *conf, *cb_conf = NULL, *cb = NULL;
	char word[WORD_CAP];
	enum kerr e = ecs_member_may_object(o, "deploymentConfiguration", &conf, why);

	if (e == KERR_OK)
		e = ecs_member_may_u32(conf, "minimumHealthyPercent", &d->min_percent, why);
	if (e == KERR_OK)
		e = ecs_member_may_u32(conf, "maximumPercent", &d->max_percent, why);
	if (e == KERR_OK)
		e = ecs_member_may_object(conf, "deploymentCircuitBreaker", &cb_conf, why);
	if (e == KERR_OK)
		e = ecs_member_may_bool(cb_conf, "enable", &d->cb_enabled, why);
	if (e == KERR_OK)
		e = ecs_member_may_bool(cb_conf, "rollback", &d->cb_rollback, why);
	if (e == KERR_OK)
		e = ecs_member_may_object(o, "deploymentCircuitBreaker", &cb, why);
	if (e == KERR_OK)
		e = ecs_member_may_text(cb, "status", word, sizeof(word), why);
	if (e != KERR_OK)
		return e;
	d->cb_status = cb_word(word);
	e = ecs_member_may_u32(cb, "failureCount", &d->cb_failures, why);
	return e == KERR_OK ? ecs_member_may_u32(cb, "threshold", &d->cb_threshold, why) : e;
}

static uint32_t plus(uint32_t a, uint32_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

/* The source that serves most is the one a rollback returns to; their tasks are added up. */
static enum kerr read_sources(const cJSON *o, struct ev_aws_deployment *d, struct why *why)
{
	const cJSON *array, *item;
	uint32_t most = 0, running, requested;
	char arn[ARN_CAP];
	enum kerr e = ecs_member_may_array(o, "sourceServiceRevisions", &array, why);

	if (e != KERR_OK || array == NULL)
		return e;
	cJSON_ArrayForEach(item, array) {
		e = must_arn(item, "arn", "service-revision", arn, why);
		if (e == KERR_OK)
			e = ecs_member_may_u32(item, "runningTaskCount", &running, why);
		if (e == KERR_OK)
			e = ecs_member_may_u32(item, "requestedTaskCount", &requested, why);
		if (e != KERR_OK)
			return e;
		d->source_running = plus(d->source_running, running);
		d->source_requested = plus(d->source_requested, requested);
		if (d->source_revision[0] == '\0' || running > most) {
			(void)str_put(d->source_revision, sizeof(d->source_revision), slice_of(arn));
			most = running;
		}
	}
	return KERR_OK;
}

static enum kerr read_target(const cJSON *o, struct ev_aws_deployment *d, struct why *why)
{
	const cJSON *target, *rollback = NULL;
	enum kerr e = ecs_member_may_object(o, "targetServiceRevision", &target, why);

	if (e == KERR_OK)
		e = may_arn(target, "arn", "service-revision", d->target_revision, why);
	if (e == KERR_OK)
		e = ecs_member_may_u32(target, "requestedTaskCount", &d->requested, why);
	if (e == KERR_OK)
		e = ecs_member_may_u32(target, "runningTaskCount", &d->running, why);
	if (e == KERR_OK)
		e = ecs_member_may_u32(target, "pendingTaskCount", &d->pending, why);
	if (e == KERR_OK)
		e = ecs_member_may_object(o, "rollback", &rollback, why);
	if (e == KERR_OK)
		e = may_arn(rollback, "serviceRevisionArn", "service-revision", d->rollback_revision, why);
	return e;
}

static enum kerr read_pause(const cJSON *o, struct ev_aws_deployment *d, struct why *why)
{
	const cJSON *array = NULL, *item;
	char word[WORD_CAP];
	enum kerr e = ecs_member_may_text(o, "lifecycleStage", word, sizeof(word), why);

	if (e == KERR_OK)
		e = ecs_member_may_array(o, "lifecycleHookDetails", &array, why);
	if (e != KERR_OK)
		return e;
	d->paused = str_eq(word, "BAKE_TIME");
	cJSON_ArrayForEach(item, array) {
		e = ecs_member_may_text(item, "status", word, sizeof(word), why);
		if (e != KERR_OK)
			return e;
		d->paused |= str_eq(word, "AWAITING_ACTION");
	}
	return KERR_OK;
}

static enum kerr read_deployment(const cJSON *o, struct ev_aws_deployment *d, struct why *why)
{
	enum kerr e = must_arn(o, "serviceDeploymentArn", "service-deployment", d->arn, why);

	if (e == KERR_OK)
		e = must_status(o, &d->status, why);
	if (e == KERR_OK)
		e = ecs_member_may_text(o, "statusReason", d->status_reason, sizeof(d->status_reason), why);
	if (e == KERR_OK)
		e = ecs_member_must_time(o, "createdAt", &d->created_unix_ms, why);
	if (e == KERR_OK)
		e = read_target(o, d, why);
	if (e == KERR_OK)
		e = read_sources(o, d, why);
	if (e == KERR_OK)
		e = read_configuration(o, d, why);
	return e == KERR_OK ? read_pause(o, d, why) : e;
}

/* A failures[] element: what, and whether AWS says that it does not exist. */
static enum kerr read_failure(const cJSON *o, char *arn, size_t cap, struct why *why)
{
	char reason[WORD_CAP], detail[120];
	enum kerr e = ecs_member_may_str(o, "arn", arn, cap, why);

	if (e == KERR_OK)
		e = ecs_member_may_text(o, "reason", reason, sizeof(reason), why);
	if (e == KERR_OK)
		e = ecs_member_may_text(o, "detail", detail, sizeof(detail), why);
	if (e != KERR_OK)
		return e;
	if (str_eq(reason, "MISSING"))
		return KERR_OK;
	return why_set(why, KERR_REFUSED, "AWS could not describe it: %s%s%s", reason[0] == '\0' ? "no reason" : reason,
		       detail[0] == '\0' ? "" : ", ", detail);
}

struct answer { const cJSON *items, *failures; };

static enum kerr answer_of(struct slice body, struct arena *a, const char *member, struct answer *out, struct why *why)
{
	const cJSON *root;
	enum kerr e = ecs_member_root(a, body, &root, why);

	if (e == KERR_OK)
		e = ecs_member_may_array(root, member, &out->items, why);
	if (e == KERR_OK)
		e = ecs_member_may_array(root, "failures", &out->failures, why);
	if (e == KERR_OK && out->items == NULL && out->failures == NULL)
		return missing_member(member, why);
	return e;
}

static enum kerr deployment_of(struct slice body, struct arena *a, const char *asked, struct ev_aws_deployment *d,
			       struct why *why)
{
	struct answer answer;
	enum kerr e = answer_of(body, a, "serviceDeployments", &answer, why);

	if (e != KERR_OK)
		return e;
	if (cJSON_GetArraySize(answer.items) == 0) {
		if (cJSON_GetArraySize(answer.failures) == 0)
			return why_set(why, KERR_BAD_INPUT, "neither a deployment nor a failure in the answer");
		d->missing = true;
		return read_failure(answer.failures->child, d->arn, sizeof(d->arn), why);
	}
	e = read_deployment(answer.items->child, d, why);
	if (e == KERR_OK && !str_eq(d->arn, asked))
		return why_set(why, KERR_BAD_INPUT, "the answer is about %.100s, which was not asked for", d->arn);
	return e;
}

enum kerr ecs_in_deployment(struct slice body, struct arena *a, struct ecs_asked q, const char *arn, struct event *ev,
			    struct why *why)
{
	struct ev_aws_deployment *d = &ev->u.aws_deployment;
	enum kerr e;

	ev->type = EV_AWS_DEPLOYMENT;
	memset(d, 0, sizeof(*d));
	d->service = q.service;
	d->ask = q.ask;
	e = deployment_of(body, a, arn, d, why);
	if (d->missing)
		(void)str_put(d->arn, sizeof(d->arn), slice_of(arn));
	return of(OP_DEPLOYMENT, e, why);
}

static bool digest_ok(struct slice s)
{
	return s.n > 0 && s.n < DIGEST_CAP && slice_starts(s, "sha256:");
}

static enum kerr read_pin(const cJSON *o, struct image_pin *pin, struct why *why)
{
	char digest[160], image[IMAGE_CAP];
	struct slice found;
	size_t at;
	enum kerr e = ecs_member_must_str(o, "containerName", pin->container, sizeof(pin->container), why);

	if (e == KERR_OK)
		e = ecs_member_may_str(o, "imageDigest", digest, sizeof(digest), why);
	if (e == KERR_OK)
		e = ecs_member_may_str(o, "image", image, sizeof(image), why);
	if (e != KERR_OK)
		return e;
	at = slice_find(slice_of(image), "@sha256:");
	pin->reference = image[0] == '\0' ? 0 : slice_hash(slice_of(image));
	pin->tagged = image[0] != '\0' && slice_find(slice_of(image), "@") == SIZE_MAX;
	found = digest[0] != '\0' ? slice_of(digest) : at == SIZE_MAX ? SLICE("") : slice_from(slice_of(image), at + 1);
	/* no digest is a fact too: this container is not pinned */
	if (found.n == 0)
		return KERR_OK;
	if (!digest_ok(found))
		return why_set(why, KERR_BAD_INPUT, "member imageDigest of container %.60s is no sha256 digest",
			       pin->container);
	(void)str_put(pin->digest, sizeof(pin->digest), found);
	return KERR_OK;
}

static enum kerr read_revision(const cJSON *o, struct ev_aws_revision *r, struct why *why)
{
	const cJSON *images = NULL, *item;
	char definition[ARN_CAP];
	struct slice family;
	enum kerr e = must_arn(o, "serviceRevisionArn", "service-revision", r->arn, why);

	if (e == KERR_OK)
		e = ecs_member_must_str(o, "taskDefinition", definition, sizeof(definition), why);
	if (e == KERR_OK)
		e = ecs_member_may_array(o, "containerImages", &images, why);
	if (e != KERR_OK)
		return e;
	if (!arn_family_revision(slice_of(definition), &family, &r->revision))
		return why_set(why, KERR_BAD_INPUT, "member taskDefinition is \"%.80s\", no family:revision", definition);
	(void)str_put(r->family, sizeof(r->family), family);
	cJSON_ArrayForEach(item, images) {
		if (r->n == TASK_CONTAINERS)
			return why_set(why, KERR_TOO_BIG, "member containerImages has more than %d containers",
				       TASK_CONTAINERS);
		e = read_pin(item, &r->image[r->n++], why);
		if (e != KERR_OK)
			return e;
	}
	return KERR_OK;
}

static enum kerr one_revision(const cJSON *o, bool missing, bool last, struct ecs_asked q, struct ev_aws_revision *r,
			      struct why *why)
{
	memset(r, 0, sizeof(*r));
	r->service = q.service;
	r->ask = q.ask;
	r->missing = missing;
	r->last = last;
	return missing ? read_failure(o, r->arn, sizeof(r->arn), why) : read_revision(o, r, why);
}

/* Once to check (emit false), once to emit: half an answer would leave the asker waiting for its last part. */
static enum kerr revisions(const struct answer *answer, struct ecs_asked q, const struct ev_out *out, bool emit,
			   struct why *why)
{
	const cJSON *item;
	int left = cJSON_GetArraySize(answer->items) + cJSON_GetArraySize(answer->failures);
	enum kerr e = KERR_OK;

	if (left == 0)
		return why_set(why, KERR_BAD_INPUT, "neither a revision nor a failure in the answer");
	cJSON_ArrayForEach(item, answer->items) {
		e = one_revision(item, false, --left == 0, q, &out->ev->u.aws_revision, why);
		if (e != KERR_OK)
			return e;
		if (emit)
			out->put(out->arg, out->ev);
	}
	cJSON_ArrayForEach(item, answer->failures) {
		e = one_revision(item, true, --left == 0, q, &out->ev->u.aws_revision, why);
		if (e != KERR_OK)
			return e;
		if (emit)
			out->put(out->arg, out->ev);
	}
	return KERR_OK;
}

enum kerr ecs_in_revisions(struct slice body, struct arena *a, struct ecs_asked q, const struct ev_out *out,
			   struct why *why)
{
	struct answer answer;
	enum kerr e = answer_of(body, a, "serviceRevisions", &answer, why);

	out->ev->type = EV_AWS_REVISION;
	if (e == KERR_OK)
		e = revisions(&answer, q, out, false, why);
	if (e == KERR_OK)
		e = revisions(&answer, q, out, true, why);
	return of(OP_REVISION, e, why);
}

static enum kerr read_task(const cJSON *o, const char *asked, struct ev_aws_task *t, struct why *why)
{
	char group[NAME_CAP + 16];
	enum kerr e = ecs_member_must_str(o, "taskArn", t->task, sizeof(t->task), why);

	if (e == KERR_OK)
		e = ecs_member_may_str(o, "group", group, sizeof(group), why);
	if (e != KERR_OK)
		return e;
	if (arn_task_id(slice_of(t->task)).n == 0 ||
	    !slice_eq(arn_task_id(slice_of(t->task)), arn_task_id(slice_of(asked))))
		return why_set(why, KERR_BAD_INPUT, "the answer is about %.100s, which was not asked for", t->task);
	if (slice_starts(slice_of(group), "service:") &&
	    (!arn_name_ok(slice_from(slice_of(group), 8)) ||
	     !str_put(t->service, sizeof(t->service), slice_from(slice_of(group), 8))))
		return why_set(why, KERR_BAD_INPUT, "member group is \"%.80s\", no service's name", group);
	e = ecs_member_may_str(o, "startedBy", t->started_by, sizeof(t->started_by), why);
	/* only a person's own startedBy can be longer than a service's: of no use here */
	return e == KERR_TOO_BIG && t->service[0] == '\0' ? KERR_OK : e;
}

static enum kerr task_of(struct slice body, struct arena *a, const char *asked, struct ev_aws_task *t, struct why *why)
{
	struct answer answer;
	enum kerr e = answer_of(body, a, "tasks", &answer, why);

	if (e != KERR_OK)
		return e;
	if (cJSON_GetArraySize(answer.items) > 0)
		return read_task(answer.items->child, asked, t, why);
	if (cJSON_GetArraySize(answer.failures) == 0)
		return why_set(why, KERR_BAD_INPUT, "neither a task nor a failure in the answer");
	t->missing = true;
	return read_failure(answer.failures->child, t->task, sizeof(t->task), why);
}

enum kerr ecs_in_task(struct slice body, struct arena *a, const char *task, struct event *ev, struct why *why)
{
	struct ev_aws_task *t = &ev->u.aws_task;
	enum kerr e;

	ev->type = EV_AWS_TASK;
	memset(t, 0, sizeof(*t));
	e = task_of(body, a, task, t, why);
	/* as the asker wrote it, also when it was only the id */
	(void)str_put(t->task, sizeof(t->task), slice_of(task));
	return of(OP_TASK, e, why);
}

enum kerr ecs_in_stopped(struct slice body, struct arena *a, struct ecs_asked q, struct event *ev, struct why *why)
{
	struct ev_aws_stopped *s = &ev->u.aws_stopped;
	const cJSON *root;
	enum kerr e = ecs_member_root(a, body, &root, why);

	ev->type = EV_AWS_STOPPED;
	memset(s, 0, sizeof(*s));
	s->service = q.service;
	s->ask = q.ask;
	if (e == KERR_OK)
		e = must_arn(root, "serviceDeploymentArn", "service-deployment", s->arn, why);
	return of(OP_STOP, e, why);
}

static void add_id(struct ecs_task_ids *ids, struct slice id, uint32_t *left_out)
{
	for (uint32_t i = 0; i < ids->n; i++)
		if (slice_is(id, ids->id[i]))
			return;
	if (ids->n == ECS_TASKS_MAX || !str_put(ids->id[ids->n], sizeof(ids->id[0]), id)) {
		++*left_out;
		return;
	}
	ids->n++;
}

static enum kerr task_ids(struct slice body, struct arena *a, struct ecs_task_ids *ids, uint32_t *left_out, char *token,
			  struct why *why)
{
	const cJSON *root, *array, *item;
	enum kerr e = ecs_member_root(a, body, &root, why);

	if (e == KERR_OK)
		e = ecs_member_may_array(root, "taskArns", &array, why);
	if (e != KERR_OK)
		return e;
	if (array == NULL)
		return missing_member("taskArns", why);
	e = ecs_member_may_str(root, "nextToken", token, ECS_TOKEN_CAP, why);
	if (e != KERR_OK)
		return e;
	cJSON_ArrayForEach(item, array) {
		struct slice id = arn_task_id(slice_of(cJSON_IsString(item) ? item->valuestring : NULL));

		if (id.n == 0)
			return why_set(why, KERR_BAD_INPUT, "an element of taskArns is no task's ARN");
		add_id(ids, id, left_out);
	}
	return KERR_OK;
}

enum kerr ecs_in_task_ids(struct slice body, struct arena *a, struct ecs_task_ids *ids, uint32_t *left_out,
			  char token[ECS_TOKEN_CAP], struct why *why)
{
	token[0] = '\0';
	return of(OP_QUORUM, task_ids(body, a, ids, left_out, token, why), why);
}
