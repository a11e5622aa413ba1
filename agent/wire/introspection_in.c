#include "agent/wire/introspection_in.h"

#include <string.h>

#include "agent/wire/json.h"

#define refuse(why, what) why_set(why, KERR_BAD_INPUT, "introspection: " what)

static enum kerr optional(enum kerr err)
{
	return err == KERR_GONE ? KERR_OK : err;
}

/* "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)" -> "1.105.1"; another wording is kept whole. */
static void version_of(char *version, size_t cap)
{
	struct slice s = slice_of(version);
	size_t at = slice_find(s, " - v");

	if (at == SIZE_MAX)
		return;
	s = slice_from(s, at + 4);
	(void)str_put(version, cap, slice_to(s, slice_find(s, " ")));
}

/* arn:PARTITION:ecs:REGION:... */
static void region_of(struct slice arn, char *region, size_t cap)
{
	struct slice part = { NULL, 0 };

	for (int i = 0; i < 4; i++)
		if (!slice_next(&arn, ':', &part))
			return;
	(void)str_put(region, cap, part);
}

enum kerr introspection_in_metadata(struct arena *a, struct slice body, struct event *ev, struct why *why)
{
	struct ev_epoch *e = &ev->u.epoch;
	size_t mark = arena_mark(a);
	const cJSON *root;
	enum kerr err = json_parse(a, body, &root, why);

	if (err != KERR_OK)
		return err;
	ev->type = EV_EPOCH;
	memset(e, 0, sizeof(*e));
	err = json_str(root, "Version", e->agent_version, sizeof(e->agent_version), why);
	if (err == KERR_GONE)
		err = refuse(why, "a metadata answer has no Version");
	if (err == KERR_OK)
		err = optional(json_str(root, "Cluster", e->cluster, sizeof(e->cluster), why));
	if (err == KERR_OK)
		err = optional(json_str(root, "ContainerInstanceArn", e->container_instance, sizeof(e->container_instance), why));
	version_of(e->agent_version, sizeof(e->agent_version));
	region_of(slice_of(e->container_instance), e->region, sizeof(e->region));
	arena_reset(a, mark);
	return err;
}

static enum task_status status_of(const char *word)
{
	if (str_eq(word, "PENDING"))
		return TS_PENDING;
	if (str_eq(word, "RUNNING"))
		return TS_RUNNING;
	return str_eq(word, "STOPPED") ? TS_STOPPED : TS_UNKNOWN;
}

static enum kerr read_containers(const cJSON *containers, struct ev_task *t, struct why *why)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, containers) {
		int64_t restarts = 0;
		enum kerr err = optional(json_i64(item, "RestartCount", &restarts, why));

		if (err != KERR_OK)
			return err;
		if (restarts < 0 || restarts > UINT32_MAX)
			return refuse(why, "a RestartCount is out of range");
		t->containers++;
		t->restarts = (uint32_t)restarts > t->restarts ? (uint32_t)restarts : t->restarts;
	}
	return KERR_OK;
}

static enum kerr read_task(const cJSON *item, struct ev_task *t, struct why *why)
{
	char desired[16], known[16], version[16];
	uint64_t revision = 0;
	enum kerr err = json_str(item, "Arn", t->task, sizeof(t->task), why);

	if (err == KERR_OK)
		err = json_str(item, "KnownStatus", known, sizeof(known), why);
	if (err == KERR_OK)
		err = optional(json_str(item, "DesiredStatus", desired, sizeof(desired), why));
	if (err == KERR_OK)
		err = optional(json_str(item, "Family", t->family, sizeof(t->family), why));
	if (err == KERR_OK)
		err = optional(json_str(item, "Version", version, sizeof(version), why));
	if (err != KERR_OK)
		return err;
	/* the answer to an unknown task is a task with nothing in it */
	if (!slice_starts(slice_of(t->task), "arn:"))
		return refuse(why, "a task's Arn is none");
	if (version[0] != '\0' && (!slice_u64(slice_of(version), &revision) || revision > UINT32_MAX))
		return refuse(why, "a task's Version is no revision number");
	t->what = T_STATUS;
	t->revision = (uint32_t)revision;
	t->desired = status_of(desired);
	t->known = status_of(known);
	return read_containers(json_array(item, "Containers"), t, why);
}

enum kerr introspection_in_tasks(struct arena *a, struct slice body, const struct ev_out *out,
				 struct introspection_in_counts *n, struct why *why)
{
	size_t mark = arena_mark(a);
	const cJSON *root, *tasks, *item;
	enum kerr err = json_parse(a, body, &root, why);

	*n = (struct introspection_in_counts){ 0 };
	if (err != KERR_OK)
		return err;
	tasks = json_get(root, "Tasks");
	/* Go writes an empty list that was never filled as null */
	if (!cJSON_IsArray(tasks) && !cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(root, "Tasks"))) {
		arena_reset(a, mark);
		return refuse(why, "a tasks answer has no list Tasks");
	}
	cJSON_ArrayForEach(item, tasks) {
		out->ev->type = EV_TASK;
		memset(&out->ev->u.task, 0, sizeof(out->ev->u.task));
		if (read_task(item, &out->ev->u.task, why) != KERR_OK) {
			n->refused++;
			continue;
		}
		n->told++;
		out->put(out->arg, out->ev);
	}
	arena_reset(a, mark);
	return KERR_OK;
}
