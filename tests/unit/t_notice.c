/* agent/wire/notice and agent/run/outbox: one notice in all its forms, which agree, and the queue each channel has. */
#include "agent/run/outbox.h"
#include "agent/wire/json.h"
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;
static char bytes[65536], arena_bytes[1 << 20];
static struct arena arena;

static const char *line_of(struct notice n)
{
	struct text t = text_on(bytes, sizeof(bytes));

	notice_line(&w.core, n, &t);
	return bytes;
}

static const char *fields_of(struct notice n)
{
	struct text t = text_on(bytes, sizeof(bytes));

	notice_fields(&w.core, n, &t);
	return bytes;
}

static const cJSON *json_of(struct notice n)
{
	struct view v = { .core = &w.core, .version = "1.2.3", .daemon = true, .now_unix_ms = INT64_C(1800000999125) };
	struct text t = text_on(bytes, sizeof(bytes));
	const cJSON *root = NULL;
	struct why why = { "" };

	arena_init(&arena, arena_bytes, sizeof(arena_bytes));
	ok(notice_json(&v, n, &t) == KERR_OK && json_parse(&arena, text_get(&t), &root, &why) == KERR_OK, "%s is an object %s",
	   notice_name(n.kind), why.text);
	return root;
}

static const char *str(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return cJSON_IsString(item) ? item->valuestring : "(none)";
}

/* A release whose image has a name that wants to be two fields. */
static void story(void)
{
	world_init(&w, MODE_MANUAL);
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	world_deploy(&w, "web", 12, "");
	for (unsigned i = 2; i < 5; i++) {
		world_place(&w, i, "web", 12);
		world_run(&w, 15000);
		world_pull_attempt(&w, i, CLASS_IMAGE_NOT_FOUND, "not found:\nKEDGE_CLASS=oom");
		world_run(&w, 14000);
		world_stopped(&w, i, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "not found:\nKEDGE_CLASS=oom", -1);
		world_run(&w, 5000);
	}
}

static uint32_t first_failure(void)
{
	for (uint32_t i = 0; i < FAILURES_MAX; i++)
		if (w.core.failure[i].used)
			return w.core.failure[i].f.id;
	return 0;
}

static void test_failure(void)
{
	struct notice n = { NOTICE_FAILURE, first_failure() };
	const cJSON *root;

	ok(n.what > 0 && notice_stands(&w.core, n) && notice_warns(&w.core, n), "a failure stands, and somebody should look");
	is_str(line_of(n), "failure f1 web:12 container=app service=web class=image-not-found blame=release stage=pull reason=not found:\nKEDGE_CLASS=oom",
	       "its line");
	fields_of(n);
	ok(strncmp(bytes, "KEDGE_EVENT=failure\nKEDGE_ID=f1\nKEDGE_SERVICE=web\n", 49) == 0, "its fields");
	ok(strstr(bytes, "\nKEDGE_CLASS=image-not-found\n") != NULL, "... with the class");
	ok(strstr(bytes, "\nKEDGE_REASON=not found: KEDGE_CLASS=oom\n") != NULL, "... and none of them is two");
	root = json_of(n);
	is_str(str(root, "schema"), "kedge.event/1", "its object");
	is_str(str(root, "event"), "failure", "... says what it is");
	is_str(str(root, "severity"), "warning", "... how bad");
	is_str(str(json_get(root, "failure"), "class"), "image-not-found", "... and holds the failure as the verbs show it");
	is_str(str(json_get(root, "failure"), "id"), "f1", "... with its id");
	ok(!notice_stands(&w.core, (struct notice){ NOTICE_FAILURE, 4711 }), "one that is in no memory does not stand");
}

static void test_service(void)
{
	struct notice n = { NOTICE_SERVICE, 0 };
	const cJSON *root;

	ok(notice_stands(&w.core, n), "a service stands");
	ok(strncmp(line_of(n), "service web verdict=failing serving=old rollback=awaiting-confirmation: ", 72) == 0, "its line");
	fields_of(n);
	ok(strstr(bytes, "KEDGE_ID=r4\n") != NULL && strstr(bytes, "KEDGE_RELEASE=web:12\n") != NULL &&
	   strstr(bytes, "KEDGE_TARGET=web:11\n") != NULL && strstr(bytes, "KEDGE_ROLLBACK=awaiting-confirmation\n") != NULL, "its fields say what a hook decides by");
	n.kind = NOTICE_CONFIRM;
	root = json_of(n);
	is_str(str(root, "event"), "confirm", "the question to a hook is of the same form");
	is_str(str(json_get(json_get(root, "service"), "rollback"), "state"), "awaiting-confirmation", "... and holds the rollback");
	ok(!notice_stands(&w.core, (struct notice){ NOTICE_SERVICE, 1 }) && !notice_stands(&w.core, (struct notice){ NOTICE_SERVICE, SERVICES_MAX }),
	   "a slot without a service does not stand");
}

static void test_source(void)
{
	struct notice n = { NOTICE_SOURCE, SRC_ENGINE };

	world_source(&w, SRC_ENGINE, SS_REFUSED);
	ok(notice_warns(&w.core, n), "a source that went is a warning");
	ok(strncmp(line_of(n), "source engine is refused", 24) == 0, "its line");
	is_str(str(json_get(json_of(n), "source"), "state"), "refused", "... and its object");
	world_source(&w, SRC_ENGINE, SS_UP);
	ok(!notice_warns(&w.core, n), "one that came is none");
	ok(strlen(notice_message_id(NOTICE_SOURCE)) == 32, "journald knows it by an id");
}

static void test_outbox(void)
{
	static struct outbox o;
	struct notice n;

	ok(!outbox_take(&o, &w.core, &n), "an empty one gives nothing");
	outbox_put(&o, (struct notice){ NOTICE_SERVICE, 0 });
	outbox_put(&o, (struct notice){ NOTICE_FAILURE, 1 });
	outbox_put(&o, (struct notice){ NOTICE_SERVICE, 0 });
	is_int(o.n, 2, "what waits and is told again is told once");
	is_int(o.folded, 1, "... and counted");
	ok(outbox_take(&o, &w.core, &n) && n.kind == NOTICE_SERVICE, "the oldest comes first");
	outbox_put(&o, (struct notice){ NOTICE_SERVICE, 0 });
	is_int(o.n, 2, "what is under way may be told again");
	outbox_back(&o, n);
	is_int(o.n, 2, "... and then need not be put back");
	n = (struct notice){ NOTICE_SOURCE, SRC_AWS };
	outbox_back(&o, n);
	ok(outbox_take(&o, &w.core, &n) && n.kind == NOTICE_SOURCE, "what is put back comes first again");
	for (uint32_t i = 0; i < OUTBOX_MAX + 5; i++)
		outbox_put(&o, (struct notice){ NOTICE_FAILURE, 1000 + i });
	is_int(o.n, OUTBOX_MAX, "a full one stays full");
	is_int(o.dropped, 7, "... the oldest go, counted");
	outbox_back(&o, (struct notice){ NOTICE_SOURCE, SRC_AWS });
	is_int(o.dropped, 8, "... and nothing is put back before them");
	ok(!outbox_take(&o, &w.core, &n), "what no longer stands is not told");
	is_int(o.n, 0, "... and does not wait either");
	for (uint32_t tries = 0; tries < 40; tries++) {
		uint64_t ms = outbox_wait_ms(tries, 0), top = tries < 8 ? 1000 + (2000ULL << tries) : 300000;

		ok(ms >= 1000 && ms <= top, "after %u tries it waits at most %llu ms", (unsigned)tries, (unsigned long long)top);
	}
	ok(outbox_wait_ms(0, 900000) == 900000, "or as long as it is asked to");
}

int main(void)
{
	story();
	test_failure();
	test_service();
	test_source();
	test_outbox();
	return done();
}
