/* What the gate lets be signed, with the file of what was granted. Byte 0: policy, and which request; then the file up to an empty
 * line; then the body. What was read of the file is written as it was read. What it lets pass is, read by another parser, a change of
 * a service of this cluster, and the file has a yes to it or policy is. */
#include "agent/gate/gate_state.h"
#include "agent/wire/ecs_out.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cJSON.h"

enum { AUTO = 1, ALLOW_UPDATE = 2, OWN_CLUSTER = 4, CALL_SHIFT = 3 };

static struct conf conf;
static struct gate g = { .conf = &conf, .log = { .level = LOG_LEVEL_ERROR, .fd = -1, .sock = -1 } };

static void begin(uint8_t how)
{
	conf.core.policy = policy_default();
	conf.core.policy.mode = how & AUTO ? MODE_AUTO : MODE_MANUAL;
	conf.core.policy.allow_update_service = (how & ALLOW_UPDATE) != 0;
	conf.core.policy.expire_ms = INT64_MAX / 2;
	(void)str_put(conf.cluster, sizeof(conf.cluster), how & OWN_CLUSTER ? SLICE("edge") : SLICE(""));
	(void)str_put(conf.state_dir, sizeof(conf.state_dir), SLICE("/proc/0/nowhere"));   /* nothing is written */
	memset(&g.permit, 0, sizeof(g.permit));
	(void)str_put(g.permit.boot_id, sizeof(g.permit.boot_id), SLICE("boot"));
}

static void file_again(struct slice file)
{
	static struct gate_permit again;
	static char first[sizeof(struct gate_permit)], second[sizeof(first)];
	struct text a = text_on(first, sizeof(first)), b = text_on(second, sizeof(second));

	memset(&again, 0, sizeof(again));
	(void)str_put(again.boot_id, sizeof(again.boot_id), SLICE("boot"));
	granted_say(&g.permit, &a);
	if (a.full || !granted_take(&again, text_get(&a)))
		fuzz_broken("what was read of a file cannot be read once it is written");
	granted_say(&again, &b);
	if (!slice_eq(text_get(&a), text_get(&b)))
		fuzz_broken("read and written twice, a file is another");
	if (a.len > file.n + 64)
		fuzz_broken("more was read of a file than there is in it");
}

/* Has a line of the file this service where a yes names it? */
static bool named(struct slice file, const char *service)
{
	struct slice line, part = SLICE("");

	while (slice_next(&file, '\n', &line)) {
		int word = 0;

		while (word < 5 && slice_next(&line, ' ', &part))
			word++;
		if (word == 5 && slice_is(part, service))
			return true;
	}
	return false;
}

/* The n-th part, from 0, of what stands behind the last colon. */
static bool part_of(const char *arn, int n, char *out, size_t cap)
{
	struct slice rest = slice_of(strrchr(arn, ':') != NULL ? strrchr(arn, ':') + 1 : ""), part = SLICE("");

	for (int i = 0; i <= n; i++)
		if (!slice_next(&rest, '/', &part))
			return false;
	return str_put(out, cap, part);
}

static const char *member(const cJSON *body, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	if (value == NULL)
		fuzz_broken("it let a request pass that lacks a member");
	return value;
}

static void passed(uint8_t how, bool stop, struct slice file, struct slice text)
{
	cJSON *body = cJSON_ParseWithLength(text.p, text.n);
	char service[ARN_CAP], cluster[ARN_CAP];

	if (body == NULL || cJSON_GetArraySize(body) != (stop ? 2 : 3))
		fuzz_broken("it let a request pass that is none, or has members more");
	if (stop) {
		const char *arn = member(body, "serviceDeploymentArn");

		if (strcmp(member(body, "stopType"), "ROLLBACK") != 0 || !part_of(arn, 1, cluster, sizeof(cluster)) ||
		    !part_of(arn, 2, service, sizeof(service)))
			fuzz_broken("it let a stop pass that is no rollback of a service deployment");
	} else {
		const char *of = member(body, "cluster");

		if (!str_put(cluster, sizeof(cluster), slice_of(strrchr(of, '/') != NULL ? strrchr(of, '/') + 1 : of)) ||
		    !str_put(service, sizeof(service), slice_of(member(body, "service"))))
			fuzz_broken("it let names pass that are too long");
		if ((how & ALLOW_UPDATE) == 0)
			fuzz_broken("it let UpdateService pass against policy");
	}
	if ((how & OWN_CLUSTER) != 0 && strcmp(cluster, "edge") != 0)
		fuzz_broken("it let a change of another cluster pass");
	if (!named(file, service) && !(stop && (how & AUTO) != 0))
		fuzz_broken("it let pass what nobody has said yes to");
	cJSON_Delete(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, file;
	uint8_t how = fuzz_byte(&in);
	enum ecs_call call = (enum ecs_call)((how >> CALL_SHIFT) % ECS_CALLS);
	bool stop = call == ECS_STOP_DEPLOYMENT, update = call == ECS_UPDATE_SERVICE;
	size_t gap = slice_find(in, "\n\n");
	struct why why;
	enum kerr e;

	begin(how);
	file = gap == SIZE_MAX ? SLICE("") : slice_to(in, gap + 1);
	in = gap == SIZE_MAX ? in : slice_from(in, gap + 2);
	if (granted_take(&g.permit, file))
		file_again(file);
	else
		begin(how);
	e = gate_permit_check(&g, ecs_out_target(call), in, &why);
	if (!stop && !update && e != KERR_OK)
		fuzz_broken("it refused a question");
	if ((stop || update) && e == KERR_OK)
		passed(how, stop, g.permit.grants > 0 ? file : SLICE(""), in);
	if (gate_permit_check(&g, ecs_out_target(call), in, &why) != e)
		fuzz_broken("asked again, it answered otherwise");
	return 0;
}
