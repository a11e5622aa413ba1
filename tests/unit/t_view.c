/* agent/wire/view: every member of the contract is there, unknown ones are null, and nothing outgrows its room. */
#include "agent/wire/json.h"
#include "agent/wire/view.h"
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;
static struct core big;
static char out_bytes[VIEW_MAX], arena_bytes[24 * VIEW_MAX];
static struct arena arena;

static const char failure_members[] =
	"id time_unix_s kind service candidates cluster family revision deployment started_by task container essential "
	"image digest stage class blame reason evidence exit_code count counted first_unix_s last_unix_s epoch next_step fix_by over";
static const char service_members[] =
	"service cluster family revision deployment rollout verdict serving failures tasks tasks_running last_good shadow rollback explain advice";
static const char rollback_members[] =
	"id dedupe_key state target reason verified queued_unix_s command command_note";

static const cJSON *parse(const struct text *t)
{
	const cJSON *root = NULL;
	struct why why = { "" };

	arena_init(&arena, arena_bytes, sizeof(arena_bytes));
	ok(json_parse(&arena, text_get(t), &root, &why) == KERR_OK, "it is JSON %s", why.text);
	return root;
}

static struct view view_on(const struct core *c)
{
	return (struct view){ .core = c, .version = "1.2.3", .daemon = true, .now_unix_ms = INT64_C(1800000999125),
			      .pss_bytes = 700000, .peak_pss_bytes = 900000, .purpose = { { "ListServiceDeployments", 11, 20 }, { "registry", 0, 0 }, { "credentials", 5, 2 } },
			      .purposes = 3, .overhead_bytes = 520, .data_budget_bytes = 5000000, .disk_bytes_written = 33, .wakeups = 44, .events_malformed = 5,
			      .journal_bytes = 66, .journal_damaged = 7, .keys_provider = "iot", .keys_state = "failing",
			      .keys_detail = "no answer", .keys_expiry_unix_s = 1795693500 };
}

typedef enum kerr view_fn(const struct view *v, struct text *out);

static const cJSON *shown(view_fn *fn, const struct view *v)
{
	struct text t = text_on(out_bytes, sizeof(out_bytes));

	ok(fn(v, &t) == KERR_OK, "the view is written");
	return parse(&t);
}

static const cJSON *why_of(const struct view *v, const char *id)
{
	struct text t = text_on(out_bytes, sizeof(out_bytes));
	struct why why = { "" };

	ok(view_why(v, slice_of(id), &t, &why) == KERR_OK, "why %s is written %s", id, why.text);
	return parse(&t);
}

/* Each name of a blank-separated list is a member, null or not. */
static void has(const cJSON *obj, const char *names, const char *what)
{
	struct slice rest = slice_of(names), one;
	char name[64];

	while (slice_next(&rest, ' ', &one)) {
		(void)str_put(name, sizeof(name), one);
		if (cJSON_GetObjectItemCaseSensitive(obj, name) == NULL) {
			ok(false, "%s: member %s is missing", what, name);
			return;
		}
	}
	ok(cJSON_IsObject(obj), "%s has every member of the contract", what);
}

static const char *str(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return item == NULL ? "(null)" : cJSON_IsString(item) ? item->valuestring : "(no string)";
}

static double num(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static bool is_null(const cJSON *obj, const char *name)
{
	return cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(obj, name)) != 0;
}

static void good(unsigned task, unsigned revision, const char *image_id, const char *digest)
{
	world_deploy(&w, "web", revision, digest);
	world_place(&w, task, "web", revision);
	world_run(&w, 500);
	world_create(&w, task, "web", revision, image_id);
	world_image(&w, image_id, digest);
	world_start(&w, task);
	world_run(&w, 300);
	world_running(&w, task);
	world_run(&w, 65000);
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 40000);
}

static void failing_pull(unsigned task, unsigned revision)
{
	world_place(&w, task, "web", revision);
	world_run(&w, 15000);
	world_pull_attempt(&w, task, CLASS_IMAGE_NOT_FOUND, "manifest unknown: \"web\\nosuch\"");
	world_run(&w, 14000);
	world_stopped(&w, task, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "manifest unknown: \"web\\nosuch\"", -1);
	world_run(&w, 5000);
}

static void story(enum rb_mode mode)
{
	world_init(&w, mode);
	good(1, 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "");
	for (unsigned i = 2; i < 5; i++)
		failing_pull(i, 12);
	ok(w.broken == NULL, "the story is sound");
}

static void test_failures(void)
{
	struct view v = view_on(&w.core);
	const cJSON *root, *list, *f;

	story(MODE_MANUAL);
	root = shown(view_failures, &v);
	is_str(str(root, "schema"), "kedge.failures/1", "failures: schema");
	ok(cJSON_IsTrue(json_get(root, "daemon")), "... from a running daemon");
	ok(num(root, "time_unix_s") > 1800000999.124 && num(root, "time_unix_s") < 1800000999.126, "... now, in seconds");
	list = json_array(root, "failures");
	is_int(cJSON_GetArraySize(list), 3, "... three failures");
	is_int(num(root, "failures_left_out"), 0, "... none left out");
	f = cJSON_GetArrayItem(list, 0);
	has(f, failure_members, "a failure");
	is_str(str(f, "id"), "f3", "... the newest comes first");
	is_str(str(f, "class"), "image-not-found", "... class");
	is_str(str(f, "stage"), "pull", "... stage");
	is_str(str(f, "blame"), "release", "... blame");
	is_str(str(f, "kind"), "service", "... kind");
	is_str(str(f, "service"), "web", "... service");
	is_str(str(f, "cluster"), "edge", "... cluster");
	is_str(str(f, "family"), "web", "... family");
	is_int(num(f, "revision"), 12, "... revision");
	is_str(str(f, "deployment"), w.dep[0].arn, "... deployment: AWS's name for it");
	is_str(str(f, "container"), "app", "... container");
	ok(cJSON_IsTrue(json_get(f, "essential")), "... essential");
	ok(cJSON_IsTrue(json_get(f, "counted")), "... counted");
	is_str(str(f, "reason"), "manifest unknown: \"web\\nosuch\"", "... reason: verbatim through quotes and backslashes");
	ok(is_null(f, "exit_code"), "... no exit code: null, no 0");
	ok(is_null(f, "digest"), "... no digest: null");
	is_str(str(f, "fix_by"), "developer", "... who can fix it");
	ok(cJSON_GetArraySize(json_array(f, "evidence")) > 0, "... evidence");
	is_int(cJSON_GetArraySize(json_array(f, "candidates")), 0, "... no candidates, as the service is known");
	ok(num(f, "first_unix_s") > 1.8e9 && num(f, "last_unix_s") >= num(f, "first_unix_s"), "... times are seconds");
}

static void test_services(void)
{
	struct view v = view_on(&w.core);
	const cJSON *root = shown(view_services, &v), *s = cJSON_GetArrayItem(json_array(root, "services"), 0), *rb;
	char want[ARN_CAP + 128];

	is_str(str(root, "schema"), "kedge.services/1", "services: schema");
	has(s, service_members, "a service");
	is_str(str(s, "verdict"), "failing", "... verdict");
	is_str(str(s, "serving"), "old", "... the old release serves");
	is_str(str(s, "family"), "web", "... family");
	is_int(num(s, "revision"), 12, "... revision");
	is_str(str(s, "rollout"), "IN_PROGRESS", "... AWS's own word");
	is_int(num(s, "failures"), 3, "... three counted tasks");
	is_str(str(s, "last_good"), "web:11", "... last good");
	is_str(str(s, "last_good_digest"), "sha256:digest11", "... and its digest");
	rb = json_object(s, "rollback");
	has(rb, rollback_members, "a rollback");
	is_str(str(rb, "state"), "awaiting-confirmation", "... state");
	is_str(str(rb, "dedupe_key"), w.dep[0].arn, "... the dedupe key is the deployment");
	is_str(str(rb, "target"), "web:11", "... target");
	is_str(str(rb, "failure"), "f3", "... the failure that decided it");
	ok(is_null(rb, "verified"), "... not verified yet: null");
	snprintf(want, sizeof(want), "aws ecs stop-service-deployment --service-deployment-arn %s --stop-type ROLLBACK", w.dep[0].arn);
	is_str(str(rb, "command"), want, "... the command");
	ok(strstr(str(s, "explain"), "web:12 fails here") != NULL, "... explained: %s", str(s, "explain"));
}

static void test_status(void)
{
	struct view v = view_on(&w.core);
	const cJSON *root = shown(view_status, &v), *thrift, *source;

	is_str(str(root, "schema"), "kedge.status/1", "status: schema");
	has(root, "version node sources thrift services failures input journal", "status");
	has(json_object(root, "node"), "cluster container_instance region arch role", "node");
	is_str(str(json_object(root, "node"), "role"), "observer", "... role");
	is_str(str(json_object(root, "credentials"), "provider"), "iot", "whose the credentials are");
	is_str(str(json_object(root, "credentials"), "state"), "failing", "... their state");
	is_int(num(json_object(root, "credentials"), "expires_unix_s"), 1795693500, "... until when");
	is_str(str(json_object(root, "credentials"), "detail"), "no answer", "... and what is wrong");
	has(json_object(root, "sources"), "engine ecs_agent_log introspection aws", "sources");
	cJSON_ArrayForEach(source, json_object(root, "sources"))
		has(source, "state since_unix_s detail", source->string);
	is_str(str(json_object(json_object(root, "sources"), "aws"), "state"), "up", "... AWS answers");
	thrift = json_object(root, "thrift");
	has(thrift, "pss_bytes peak_pss_bytes wan_bytes_today by_purpose overhead_estimate_bytes budget shed heartbeat fleet "
		    "disk_bytes_written wakeups", "thrift");
	is_int(num(json_object(thrift, "wan_bytes_today"), "up"), 16, "... bytes of the WAN, up");
	is_int(num(json_object(thrift, "wan_bytes_today"), "down"), 22, "... and down");
	is_int(num(json_object(json_object(thrift, "by_purpose"), "credentials"), "up"), 5, "... by purpose");
	ok(json_get(json_object(thrift, "by_purpose"), "registry") == NULL, "... of those that cost something");
	is_int(num(thrift, "overhead_estimate_bytes"), 520, "... what TCP and IP add stands apart");
	ok(is_null(thrift, "shed"), "... nothing is left out");
	is_int(num(json_object(thrift, "heartbeat"), "seconds"), 3600, "... AWS is asked once an hour");
	ok(is_null(json_object(thrift, "heartbeat"), "why"), "... which needs no reason");
	is_int(num(json_object(thrift, "fleet"), "nodes"), 1, "... of a fleet of one");
	is_int(num(json_object(root, "input"), "events_malformed"), 5, "... bad input is counted");
	is_int(num(json_object(root, "journal"), "damaged"), 7, "... damage of the journal");
	is_str(str(json_object(root, "journal"), "state"), "durable", "... the journal's state");
	is_int(num(root, "failures_total"), 3, "... failures in all");
	w.core.fact[FACT_DATA].value = SHED_HEARTBEATS;
	w.core.params.fleet = 0;
	thrift = json_object(shown(view_status, &v), "thrift");
	is_int(num(json_object(thrift, "shed"), "level"), 2, "a data budget that is nearly used up: how far");
	ok(strstr(str(json_object(thrift, "shed"), "text"), "every 6 hours") != NULL, "... and what that means");
	is_int(num(json_object(thrift, "heartbeat"), "seconds"), 21600, "... to the heartbeat");
	ok(str(json_object(thrift, "heartbeat"), "why")[0] != '\0', "... with its reason");
	ok(cJSON_IsTrue(json_get(json_object(thrift, "fleet"), "at_least")), "a fleet nobody named is at least as large as it looks");
	w.core.fact[FACT_DATA].value = SHED_NOTHING;
	w.core.params.fleet = 1;
	v.daemon = false;
	root = shown(view_status, &v);
	ok(cJSON_IsFalse(json_get(root, "daemon")), "without the daemon: it says so");
	thrift = json_object(root, "thrift");
	ok(is_null(thrift, "pss_bytes") && is_null(thrift, "wakeups"), "... and what nobody measured is null");
	ok(is_null(json_object(root, "node"), "role") && is_null(root, "online"), "... the role and the line too");
}

static void test_tasks(void)
{
	struct view v = view_on(&w.core);
	const cJSON *root = shown(view_tasks, &v), *t = cJSON_GetArrayItem(json_array(root, "tasks"), 0), *k;

	is_str(str(root, "schema"), "kedge.tasks/1", "tasks: schema");
	is_int(cJSON_GetArraySize(json_array(root, "tasks")), 4, "... four of them");
	is_str(str(t, "known"), "RUNNING", "... the running one first");
	is_str(str(t, "service"), "web", "... its service");
	is_int(num(t, "revision"), 11, "... its revision");
	k = cJSON_GetArrayItem(json_array(t, "containers"), 0);
	is_str(str(k, "name"), "app", "... its container");
	is_str(str(k, "state"), "running", "... runs");
	is_str(str(k, "digest"), "sha256:digest11", "... the digest that runs");
	ok(is_null(k, "exit_code"), "... no exit code");
}

static bool sorted(const cJSON *timeline)
{
	double last = 0;
	const cJSON *item;

	cJSON_ArrayForEach(item, timeline) {
		if (num(item, "time_unix_s") < last)
			return false;
		last = num(item, "time_unix_s");
	}
	return cJSON_GetArraySize(timeline) > 0;
}

static void test_why(void)
{
	struct view v = view_on(&w.core);
	struct text t = text_on(out_bytes, sizeof(out_bytes));
	struct why why;
	const cJSON *root = why_of(&v, "f1");
	char id[16];

	is_str(str(root, "schema"), "kedge.why/1", "why: schema");
	is_str(str(root, "about"), "failure", "... about a failure");
	has(json_object(root, "failure"), failure_members, "... its failure");
	has(json_object(root, "service"), service_members, "... its service");
	ok(strstr(str(root, "next_step"), "Push the image") != NULL, "... the next step");
	is_str(str(root, "fix_by"), "developer", "... who can fix it");
	ok(sorted(json_array(root, "timeline")), "... a timeline in order");
	is_int(cJSON_GetArraySize(json_array(root, "related")), 3, "... two failures and the rollback belong to it");
	snprintf(id, sizeof(id), "r%u", w.core.service[0].rb.id);
	root = why_of(&v, id);
	is_str(str(root, "about"), "rollback", "why of a rollback");
	is_str(str(json_object(root, "failure"), "id"), "f3", "... with the failure that decided it");
	ok(strstr(str(root, "next_step"), "kedge confirm ID does it") != NULL, "... its next step");
	ok(sorted(json_array(root, "timeline")), "... a timeline in order");
	is_int(view_why(&v, SLICE("f99"), &t, &why), KERR_GONE, "a failure that never was");
	is_str(why.text, "there is no failure f99 in memory", "... is named");
	is_int(view_why(&v, SLICE("r99"), &t, &why), KERR_GONE, "a rollback that never was");
	is_int(view_why(&v, SLICE("x1"), &t, &why), KERR_BAD_INPUT, "no id");
	is_int(view_why(&v, SLICE("f"), &t, &why), KERR_BAD_INPUT, "no number");
	is_int(view_why(&v, SLICE(""), &t, &why), KERR_BAD_INPUT, "nothing");
	is_int(view_why(&v, SLICE("f0"), &t, &why), KERR_BAD_INPUT, "zero");
	is_int(view_why(&v, SLICE("f4294967297"), &t, &why), KERR_BAD_INPUT, "a number past 32 bits is no short one");
}

static const cJSON *rollback_in(enum rb_state state)
{
	struct view v = view_on(&w.core);

	w.core.service[0].rb.state = state;
	return json_object(cJSON_GetArrayItem(json_array(shown(view_services, &v), "services"), 0), "rollback");
}

static const char *command(enum rb_state state, char *note, size_t note_cap)
{
	static char line[1024];
	const cJSON *rb = rollback_in(state);

	snprintf(line, sizeof(line), "%s", str(rb, "command"));
	snprintf(note, note_cap, "%s", str(rb, "command_note"));
	return line;
}

static const char *pin_command(const cJSON *rb, int i)
{
	const cJSON *item = cJSON_GetArrayItem(json_array(rb, "pin_commands"), i);

	return cJSON_IsString(item) ? item->valuestring : "(none)";
}

static void test_commands(void)
{
	struct rollback *rb = &w.core.service[0].rb;
	char note[1024];

	is_str(command(RB_REFUSED, note, sizeof(note)),
	       "aws ecs update-service --cluster edge --service web --task-definition web:11", "refused: the other command");
	ok(strstr(note, "by tag (registry:5000/web:11)") != NULL, "... with the doubt about the tag: %s", note);
	ok(strstr(note, "registry:5000/web@sha256:digest11") != NULL, "... and the image pinned by digest");
	rb->target_digest[0] = '\0';
	w.core.release[0].image[0].digest[0] = '\0';
	(void)command(RB_REFUSED, note, sizeof(note));
	ok(strstr(note, "digest it ran with is not known") != NULL, "... a digest nobody knows is no guess");
	snprintf(w.core.release[0].image[0].digest, DIGEST_CAP, "sha256:digest11");
	snprintf(w.core.container[0].image, IMAGE_CAP, "registry:5000/web@sha256:digest11");
	(void)command(RB_REFUSED, note, sizeof(note));
	is_str(note, "web:11 names its image by digest: going back starts that very image.", "an image pinned by digest is no doubt");
	is_str(command(RB_WATCHING, note, sizeof(note)), "(null)", "what AWS has accepted needs no hand");
	is_str(command(RB_SUPERSEDED, note, sizeof(note)), "(null)", "nor does what is superseded");
	rb->update = true;
	is_str(command(RB_AWAITING_CONFIRMATION, note, sizeof(note)),
	       "aws ecs update-service --cluster edge --service web --task-definition web:11", "a way back that is UpdateService says so");
	rb->update = false;
	rb->deployment[0] = '\0';
	is_str(command(RB_QUEUED_OFFLINE, note, sizeof(note)), "(null)", "no command before the deployment's ARN is known");
	ok(strstr(note, "needs the deployment's ARN") != NULL, "... and that is said");
	snprintf(w.core.node.region, sizeof(w.core.node.region), "eu-west-1");
	snprintf(rb->deployment, ARN_CAP, "%s", w.dep[0].arn);
	ok(strstr(command(RB_DENIED, note, sizeof(note)), "--region eu-west-1") != NULL, "denied: the stop, with the region");
	is_str(command(RB_NONE, note, sizeof(note)), "(null)", "without an intent no command");
}

/* The revisions as AWS described them: what the failing one and the one to go back to name, and what that was. */
static void described(struct image_pin back, struct image_pin bad)
{
	struct service *s = &w.core.service[0];

	snprintf(back.container, NAME_CAP, "app");
	snprintf(bad.container, NAME_CAP, "app");
	for (uint32_t i = 0; i < s->n_revisions; i++) {
		s->revision[i].n = 1;
		s->revision[i].image[0] = s->revision[i].revision == 12 ? bad : back;
	}
}

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void test_proof(void)
{
	struct service *s = &w.core.service[0];
	char note[1024];
	const cJSON *rb;

	story(MODE_MANUAL);
	snprintf(w.core.container[0].image, IMAGE_CAP, "registry:5000/web:live");
	snprintf(s->rb.target_digest, DIGEST_CAP, A);
	described((struct image_pin){ "", A, 7, true }, (struct image_pin){ "", B, 7, true });
	(void)command(RB_REFUSED, note, sizeof(note));
	ok(strstr(note, "same tag as the failing release for container app") != NULL && strstr(note, "proven") != NULL,
	   "one tag, two digests: proven meaningless: %s", note);
	ok(strstr(note, "The image that worked: registry:5000/web@" A) != NULL, "... and what did work");
	rb = rollback_in(RB_REFUSED);
	is_int(cJSON_GetArraySize(json_array(rb, "pin_commands")), 3, "... three commands pin it");
	is_str(pin_command(rb, 0), "aws ecs describe-task-definition --task-definition web:11 --query taskDefinition --output json | jq "
	       "'{\"app\":\"" A "\"} as $d | .containerDefinitions[] |= (.name as $n | if $d[$n] then .image |= ((sub(\"@.*\"; \"\") | "
	       "sub(\":[^/]*$\"; \"\")) + \"@\" + $d[$n]) else . end) | del(.taskDefinitionArn, .revision, .status, .requiresAttributes, "
	       ".compatibilities, .registeredAt, .registeredBy, .deregisteredAt, .deleteRequestedAt)' > web-11-pinned.json", "... describe");
	is_str(pin_command(rb, 1), "aws ecs register-task-definition --cli-input-json file://web-11-pinned.json", "... register");
	is_str(pin_command(rb, 2), "aws ecs update-service --cluster edge --service web --task-definition web", "... update");
	described((struct image_pin){ "", A, 7, true }, (struct image_pin){ "", A, 7, true });
	(void)command(RB_REFUSED, note, sizeof(note));
	ok(strstr(note, "very image that runs now in container app") != NULL, "one tag, one digest: %s", note);
	described((struct image_pin){ "", A, 7, true }, (struct image_pin){ "", "", 7, true });
	(void)command(RB_REFUSED, note, sizeof(note));
	ok(strstr(note, "if that tag was pushed again") != NULL, "one tag, a digest unknown: no proof");
	described((struct image_pin){ "", A, 6, true }, (struct image_pin){ "", B, 7, true });
	(void)command(RB_REFUSED, note, sizeof(note));
	ok(strstr(note, "if that tag was pushed again") != NULL && strstr(note, "proven") == NULL, "two tags: not known: %s", note);
	is_int(cJSON_GetArraySize(json_array(rollback_in(RB_REFUSED), "pin_commands")), 3, "... pinned all the same");
	described((struct image_pin){ "", A, 6, false }, (struct image_pin){ "", B, 7, true });
	(void)command(RB_REFUSED, note, sizeof(note));
	is_str(note, "web:11 names its image by digest: going back starts that very image.", "a digest: going back means something");
	is_int(cJSON_GetArraySize(json_array(rollback_in(RB_REFUSED), "pin_commands")), 0, "... nothing to pin");
	described((struct image_pin){ "", "sha256:a\"'; rm", 6, true }, (struct image_pin){ "", B, 7, true });
	is_int(cJSON_GetArraySize(json_array(rollback_in(RB_REFUSED), "pin_commands")), 0, "what is no digest gets into no command");
	described((struct image_pin){ "", A, 7, true }, (struct image_pin){ "", B, 7, true });
	is_int(cJSON_GetArraySize(json_array(rollback_in(RB_AWAITING_CONFIRMATION), "pin_commands")), 0, "a stop needs no pin");
	s->asked.said.controller = CTL_CODE_DEPLOY;
	is_str(command(RB_REFUSED, note, sizeof(note)), "(null)", "CodeDeploy takes no UpdateService");
	ok(strstr(note, "aws deploy stop-deployment") != NULL && strstr(note, "only reports") != NULL, "... its own way back: %s", note);
	s->asked.said.controller = CTL_EXTERNAL;
	(void)command(RB_DECIDED, note, sizeof(note));
	ok(strstr(note, "update-service-primary-task-set") != NULL, "an external controller's: %s", note);
	s->asked.said.controller = CTL_ECS;
}

static void test_audit(void)
{
	struct view v = view_on(&w.core);
	struct rollback *rb = &w.core.service[0].rb;
	const cJSON *a;
	char id[16];

	snprintf(id, sizeof(id), "r%u", rb->id);
	a = json_object(why_of(&v, id), "audit");
	ok(num(a, "time_to_detect_s") > 80 && num(a, "time_to_detect_s") < 100, "detected since the release's first failure, not its third: %.1f s",
	   num(a, "time_to_detect_s"));
	for (int i = 0; i < RELEASES_MAX; i++)
		w.core.release[i].first_fail_unix_ms = 0;
	rb->state = RB_AWAITING_CONFIRMATION;
	rb->first_failure_unix_ms = rb->decided_unix_ms - 1500;
	a = json_object(why_of(&v, id), "audit");
	ok(strcmp(str(a, "who"), "policy") == 0 && is_null(a, "uid"), "audit: the policy");
	ok(strcmp(str(a, "failure"), "f3") == 0 && strcmp(str(a, "class"), "image-not-found") == 0, "... why");
	ok(strstr(str(a, "reason"), "manifest unknown") != NULL, "... word for word");
	is_str(str(a, "deployment"), w.dep[0].arn, "... of which deployment");
	ok(num(a, "time_to_detect_s") > 1.499 && num(a, "time_to_detect_s") < 1.501, "... how soon it was seen");
	ok(is_null(a, "time_to_recover_s") && is_null(a, "digest_before"), "... not yet, not known");
	rb->confirmed = true;
	rb->uid = 1000;
	rb->state = RB_ROLLED_BACK;
	rb->done_unix_ms = rb->first_failure_unix_ms + 90250;
	snprintf(rb->digest, DIGEST_CAP, B);
	a = json_object(why_of(&v, id), "audit");
	ok(strcmp(str(a, "who"), "person") == 0 && num(a, "uid") == 1000, "a person confirmed it");
	ok(num(a, "time_to_recover_s") > 90.249 && num(a, "time_to_recover_s") < 90.251, "... how long it lasted");
	ok(strcmp(str(a, "digest_before"), B) == 0 && strcmp(str(a, "digest_after"), A) == 0, "... from which image to which");
	rb->first_failure_unix_ms = rb->decided_unix_ms;
	rb->state = RB_SUPERSEDED;
	a = json_object(why_of(&v, id), "audit");
	ok(num(a, "time_to_detect_s") == 0 && is_null(a, "time_to_recover_s"), "seen at once; what was superseded was not recovered by it");
	ok(is_null(why_of(&v, "f1"), "audit"), "a failure has no audit record");
}

static const char *page(const struct view *v)
{
	struct text t = text_on(out_bytes, sizeof(out_bytes));

	is_int(view_page(v, &t), KERR_OK, "the page is written");
	ok(t.len < 24000 && strstr(out_bytes, "</html>\n") != NULL, "... whole, in %zu bytes", t.len);
	return out_bytes;
}

static void strip_is(const struct view *v, enum rb_state state, const char *label, const char *words)
{
	const char *at;

	w.core.service[0].rb.state = state;
	at = strstr(page(v), "aria-label='");
	ok(at != NULL && strncmp(at + 12, label, strlen(label)) == 0 && at[12 + strlen(label)] == '\'', "the strip of %s: %.120s", rb_state_name(state),
	   at == NULL ? "none" : at);
	ok(strstr(out_bytes, words) != NULL, "... %s", words);
}

static void test_strip(void)
{
	struct view v = view_on(&w.core);
	struct rollback *rb = &w.core.service[0].rb;
	const int64_t t0 = INT64_C(1800000000000);       /* 08:00:00 */

	story(MODE_MANUAL);
	for (uint32_t i = 0; i < RELEASES_MAX; i++)
		w.core.release[i].first_fail_unix_ms = 0;
	rb->first_failure_unix_ms = t0;
	rb->decided_unix_ms = t0 + 4000;
	strip_is(&v, RB_AWAITING_CONFIRMATION, "first failure 08:00:00, decided 08:00:04, accepted not yet, rolled-back not yet", "Detected after 4 s.");
	ok(strstr(out_bytes, "kedge confirm r") != NULL && strstr(out_bytes, "ID") == NULL, "... the next step names the rollback");
	strip_is(&v, RB_ADOPTED, "first failure 08:00:00, decided 08:00:04, rolled-back not yet", "Wait; kedge goes on by itself.");
	rb->accepted_unix_ms = t0 + 5000;
	rb->done_unix_ms = t0 + 3605000;
	strip_is(&v, RB_ROLLED_BACK, "first failure 08:00:00, decided 08:00:04, accepted 08:00:05, rolled-back 09:00:05",
		 "Detected after 4 s, recovered after 60 min.");
	rb->accepted_unix_ms = 0;
	strip_is(&v, RB_SUPERSEDED, "first failure 08:00:00, decided 08:00:04, superseded 09:00:05", "class=so");
	rb->first_failure_unix_ms = 0;
	strip_is(&v, RB_REFUSED, "asked for 08:00:04, refused 09:00:05", "class=no");
	w.core.service[1] = (struct service){ .used = true, .verdict = V_OK };
	w.core.rows.services = 2;
	snprintf(w.core.service[1].m.name, NAME_CAP, "fine");
	w.core.service[0].verdict = V_FAILING;
	(void)page(&v);
	ok(strstr(out_bytes, "<b>web</b>") < strstr(out_bytes, "<b>fine</b>"), "the worst service comes first");
	w.core.service[0].verdict = V_OK;
	w.core.service[1].verdict = V_STUCK;
	(void)page(&v);
	ok(strstr(out_bytes, "<b>web</b>") > strstr(out_bytes, "<b>fine</b>") && strstr(out_bytes, "<title>1 of 2 ok - kedge<") != NULL, "... whichever it is");
}

static void test_hostile(void)
{
	struct view v = view_on(&w.core);
	const char *script;
	const cJSON *f;
	struct text t;

	snprintf(w.core.failure[0].f.reason, REASON_CAP, "\x1b[31m\"quoted\"\n\xff end");
	f = cJSON_GetArrayItem(json_array(shown(view_failures, &v), "failures"), 2);
	is_str(str(f, "reason"), "\x1b[31m\"quoted\"\n\xef\xbf\xbd end", "control characters, quotes and bad UTF-8 arrive escaped");
	ok(strchr(out_bytes, '\x1b') == NULL && strchr(out_bytes, '\n') == NULL, "... and are none in the JSON itself");
	snprintf(w.core.failure[2].f.reason, REASON_CAP, "<script>alert('x')</script>&amp;\x1b[31m");
	ok(strstr(page(&v), "&lt;script>alert('x')&lt;/script>&amp;amp; [31m") != NULL, "on the page a tag is text");
	script = strstr(out_bytes, "<script");
	ok(script != NULL && strncmp(script, "<script>let ", 12) == 0 && strstr(script + 1, "<script") == NULL && strchr(out_bytes, '\x1b') == NULL,
	   "... there is one script, and no control character");
	ok(strstr(out_bytes, "//") == NULL, "... nor an address elsewhere");
	v.version = "1\"2\\3\n";
	t = text_on(out_bytes, sizeof(out_bytes));
	is_int(view_metrics(&v, &t), KERR_OK, "numbers");
	ok(strstr(out_bytes, "kedge_build_info{version=\"1\\\"2\\\\3\\n\"} 1\n") != NULL, "a label's quotes, backslashes and line feeds are escaped");
	t = text_on(out_bytes, 200);
	is_int(view_metrics(&v, &t), KERR_TOO_BIG, "numbers that do not fit are not cut");
	t = text_on(out_bytes, 200);
	is_int(view_page(&v, &t), KERR_TOO_BIG, "nor is a page");
	t = text_on(out_bytes, 200);
	is_int(view_status(&v, &t), KERR_TOO_BIG, "a room of 200 bytes is said to be too small");
	ok(t.len < 200, "... and not overrun");
	t = text_on(out_bytes, 0);
	is_int(view_failures(&v, &t), KERR_TOO_BIG, "no room at all");
}

static void long_text(char *dst, size_t cap, char c)
{
	memset(dst, c, cap - 1);
	dst[cap - 1] = '\0';
}

static void fill_failure(struct fail_slot *slot, uint32_t id)
{
	struct failure *f = &slot->f;

	slot->used = true;
	slot->release = NONE;
	f->id = f->revision = id;
	long_text(f->service, NAME_CAP, 's');
	long_text(f->cluster, NAME_CAP, 'c');
	long_text(f->family, NAME_CAP, 'f');
	long_text(f->task, ARN_CAP, 'a');
	long_text(f->container, NAME_CAP, 'n');
	long_text(f->deployment, ARN_CAP, 'd');
	long_text(f->image, IMAGE_CAP, 'i');
	long_text(f->reason, REASON_CAP, '\x01');        /* six bytes each once escaped */
	f->n_evidence = EVIDENCE_MAX;
	for (int i = 0; i < EVIDENCE_MAX; i++)
		long_text(f->evidence[i], SENTENCE_CAP, '"');
}

static void fill_service(struct core *c, uint32_t i)
{
	struct service *s = &c->service[i];

	s->used = true;
	long_text(s->m.name, NAME_CAP, (char)('a' + i % 26));
	long_text(s->m.deployment, ARN_CAP, 'd');
	s->rb.state = RB_REFUSED;
	s->rb.id = 1000 + i;
	long_text(s->rb.family, NAME_CAP, 'f');
	long_text(s->rb.deployment, ARN_CAP, '\'');
	long_text(s->rb.target_family, NAME_CAP, 't');
	long_text(s->rb.reason, sizeof(s->rb.reason), '\x02');
	s->verdict = V_FAILING;
}

static void test_full(void)
{
	struct view v = view_on(&big);
	const cJSON *root;
	uint32_t n;

	big.rows = (struct rows){ .tasks = TASKS_MAX, .containers = CONTAINERS_MAX, .services = SERVICES_MAX, .failures = FAILURES_MAX };
	for (uint32_t i = 0; i < FAILURES_MAX; i++)
		fill_failure(&big.failure[i], i + 1);
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		fill_service(&big, i);
	for (uint32_t i = 0; i < TASKS_MAX; i++) {
		big.task[i].used = true;
		big.task[i].release = NONE;
		long_text(big.task[i].arn, ARN_CAP, 't');
		long_text(big.task[i].family, NAME_CAP, '\x03');
	}
	for (uint32_t i = 0; i < CONTAINERS_MAX; i++) {
		big.container[i].used = true;
		big.container[i].task = (int32_t)(i % TASKS_MAX);
		long_text(big.container[i].image, IMAGE_CAP, '"');
	}
	root = shown(view_failures, &v);
	n = (uint32_t)cJSON_GetArraySize(json_array(root, "failures"));
	ok(n > 0 && n < FAILURES_MAX, "a full core: %u failures fit", n);
	is_int(num(root, "failures_left_out"), FAILURES_MAX - n, "... the others are counted");
	is_str(str(cJSON_GetArrayItem(json_array(root, "failures"), 0), "id"), "f96", "... the newest is among those that fit");
	root = shown(view_tasks, &v);
	is_int(num(root, "tasks_left_out") + cJSON_GetArraySize(json_array(root, "tasks")), TASKS_MAX, "... tasks are there or counted");
	root = shown(view_services, &v);
	is_int(num(root, "services_left_out") + cJSON_GetArraySize(json_array(root, "services")), SERVICES_MAX,
	       "... services too");
	(void)shown(view_status, &v);
	ok(strstr(page(&v), " more: kedge services") != NULL && strstr(out_bytes, "All of them: kedge failures") != NULL,
	   "... the page says what it left out");
	ok(strstr(out_bytes, "What kedge costs") != NULL, "... and has what stands below");
	(void)why_of(&v, "f96");
	(void)why_of(&v, "r1031");
}

static void test_candidates(void)
{
	struct view v = view_on(&w.core);
	struct failure *f = &w.core.failure[0].f;
	const cJSON *shown_f;

	story(MODE_MANUAL);
	f->service[0] = '\0';
	f->kind = FK_UNKNOWN;
	w.core.service[1] = (struct service){ .used = true };
	w.core.rows.services = 2;
	snprintf(w.core.service[1].m.name, NAME_CAP, "web-two");
	snprintf(w.core.service[1].m.family[0], NAME_CAP, "web");
	w.core.service[1].m.n_families = 1;
	snprintf(w.core.service[0].m.family[0], NAME_CAP, "web");
	w.core.service[0].m.n_families = 1;
	shown_f = cJSON_GetArrayItem(json_array(shown(view_failures, &v), "failures"), 2);
	ok(is_null(shown_f, "service"), "a failure of an unknown service: null");
	is_int(cJSON_GetArraySize(json_array(shown_f, "candidates")), 2, "... two candidates stay two");
}

static void test_deployments(void)
{
	static struct dep_table table = { .asked_unix_ms = INT64_C(1800000000000), .n = 2, .missing = 1 };
	struct view v = view_on(&w.core);
	const cJSON *root = shown(view_deployments, &v), *row;
	struct dep_row *r = &table.service[0].row[0];

	ok(is_null(root, "asked_unix_s"), "deployments nobody asked for: null, no zero");
	snprintf(table.service[0].name, NAME_CAP, "web");
	snprintf(table.service[1].name, NAME_CAP, "api");
	snprintf(table.missing_name[0], NAME_CAP, "gone");
	table.service[0].n = 1;
	snprintf(r->id, sizeof(r->id), "ecs-svc/12345678901234567890");
	snprintf(r->family, NAME_CAP, "test-task");
	r->revision = 12;
	r->failed = 5;
	r->created_unix_ms = INT64_C(1700000000500);
	v.deployments = &table;
	root = shown(view_deployments, &v);
	is_str(str(root, "schema"), "kedge.deployments/1", "deployments: schema");
	row = cJSON_GetArrayItem(json_array(cJSON_GetArrayItem(json_array(root, "services"), 0), "deployments"), 0);
	has(row, "id status taskDefinition desired pending running failedTasks rolloutState rolloutStateReason launchType "
		 "created_unix_s updated_unix_s", "a row of the founding case's table");
	is_str(str(row, "taskDefinition"), "test-task:12", "... its task definition");
	is_int(num(row, "failedTasks"), 5, "... its failed tasks");
	ok(is_null(row, "rolloutState") && is_null(row, "updated_unix_s"), "... what AWS did not say is null");
	is_str(cJSON_GetArrayItem(json_array(root, "missing"), 0)->valuestring, "gone", "... names AWS does not know");
	v.only = "api";
	root = shown(view_deployments, &v);
	is_int(cJSON_GetArraySize(json_array(root, "services")), 1, "one service alone");
}

/* A state of the node has no task, container or release, and ends. */
static void test_node_state(void)
{
	struct view v = view_on(&w.core);
	const cJSON *f, *line;

	world_init(&w, MODE_MANUAL);
	world_source(&w, SRC_ENGINE, SS_REFUSED);
	world_run(&w, 40000);
	f = cJSON_GetArrayItem(json_array(shown(view_failures, &v), "failures"), 0);
	has(f, failure_members, "a state of the node");
	is_str(str(f, "class"), "engine-down", "... the engine is down");
	is_str(str(f, "kind"), "unknown", "... of no kind of task");
	ok(is_null(f, "service") && is_null(f, "family") && is_null(f, "revision") && is_null(f, "task") && is_null(f, "container") &&
	   is_null(f, "essential") && is_null(f, "image") && is_null(f, "exit_code"), "... and of no task at all: null, no zero");
	ok(cJSON_IsFalse(json_get(f, "over")) && cJSON_IsFalse(json_get(f, "counted")), "... it lasts, and is never counted");
	is_str(str(f, "fix_by"), "site", "... the site can mend it");
	line = cJSON_GetArrayItem(json_array(why_of(&v, "f1"), "timeline"), 0);
	is_str(str(line, "text"), "f1 engine-down", "... its line of the timeline names no release");
	world_source(&w, SRC_ENGINE, SS_UP);
	world_run(&w, 5000);
	f = cJSON_GetArrayItem(json_array(shown(view_failures, &v), "failures"), 0);
	ok(cJSON_IsTrue(json_get(f, "over")), "... then it is over");
	is_str(str(f, "fix_by"), "nobody", "... nobody need do anything");
	is_str(str(why_of(&v, "f1"), "next_step"), "Nothing to do; it is over.", "... and it says so");
	line = cJSON_GetArrayItem(json_array(why_of(&v, "f1"), "timeline"), 1);
	is_str(str(line, "text"), "f1 was over", "... with the time");
}

static void test_shadow(void)
{
	struct view v = view_on(&w.core);
	const cJSON *s;

	story(MODE_SHADOW);
	w.core.service[0].m.shadow_right = 3;
	w.core.service[0].m.shadow_wrong = 1;
	w.core.fact[FACT_REASONS].yes = TRI_NO;
	s = cJSON_GetArrayItem(json_array(shown(view_services, &v), "services"), 0);
	is_int(num(json_object(s, "shadow"), "right"), 3, "shadow: what it would have done rightly");
	is_int(num(json_object(s, "shadow"), "wrong"), 1, "... and wrongly");
	ok(cJSON_IsString(json_array(s, "advice")->child) && strstr(cJSON_GetArrayItem(json_array(s, "advice"),
	   cJSON_GetArraySize(json_array(s, "advice")) - 1)->valuestring, "ECS_LOGLEVEL") != NULL, "advice is sentences");
}

int main(void)
{
	test_failures();
	test_services();
	test_status();
	test_tasks();
	test_why();
	test_commands();
	test_proof();
	test_audit();
	test_strip();
	test_hostile();
	test_full();
	test_candidates();
	test_deployments();
	test_node_state();
	test_shadow();
	return done();
}
