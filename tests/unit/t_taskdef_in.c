/* DescribeTaskDefinition: the images, and nothing of the secrets beside them. */
#include "agent/wire/taskdef_in.h"

#include "tests/tap.h"

#include <string.h>

static char room[256 * 1024], kept[TASKDEF_KEPT], big[96 * 1024];
static struct arena arena;
static struct taskdef def;
static struct why why;

static enum kerr read_in(const char *json, size_t step)
{
	struct pruned p;
	const cJSON *root = NULL;
	struct slice rest = slice_of(json);
	enum kerr e = KERR_OK;

	arena_init(&arena, room, sizeof(room));
	memset(kept, 0, sizeof(kept));
	pruned_begin(&p, &taskdef_list, kept, sizeof(kept));
	for (; rest.n > 0 && e == KERR_OK; rest = slice_from(rest, step))
		e = pruned_feed(&p, slice_to(rest, step), &why);
	if (e == KERR_OK)
		e = pruned_end(&p, &arena, &root, &why);
	return e == KERR_OK ? taskdef_in(root, "web", 12, &def, &why) : e;
}

#define DEF(more) "{\"taskDefinition\":{\"family\":\"web\",\"revision\":12," more "},\"tags\":[]}"
#define ONE(more) "\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"r.example/web:12\"" more "}]"

static void well(void)
{
	static const char whole[] = DEF("\"status\":\"ACTIVE\",\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"r.example/web:12\","
		"\"essential\":true,\"environment\":[{\"name\":\"PASSWORD\",\"value\":\"hunter2\"}],\"command\":[\"run\",\"--key=abc\"],"
		"\"secrets\":[{\"name\":\"S\",\"valueFrom\":\"arn:aws:ssm:x\"}],\"repositoryCredentials\":{\"credentialsParameter\":\"arn:y\"}},"
		"{\"name\":\"log\",\"image\":\"fluent\",\"essential\":false}],\"volumes\":[{\"name\":\"v\"}]");

	for (size_t step = 1; step < 12; step += 5) {
		ok(read_in(whole, step) == KERR_OK && def.n == 2 && !def.inactive, "two containers, in pieces of %u", (unsigned)step);
		ok(str_eq(def.container[0].image, "r.example/web:12") && def.container[0].essential == TRI_YES &&
		   str_eq(def.container[1].name, "log") && def.container[1].essential == TRI_NO, "their images");
		ok(strstr(kept, "hunter2") == NULL && strstr(kept, "PASSWORD") == NULL && strstr(kept, "--key") == NULL && strstr(kept, "arn:") == NULL,
		   "neither environment, command nor secrets are kept");
	}
	ok(read_in(DEF("\"status\":\"INACTIVE\"," ONE("")), 99) == KERR_OK && def.inactive && def.container[0].essential == TRI_YES,
	   "a deregistered one; essential unless said otherwise");
}

static void badly(void)
{
	struct text t = text_on(big, sizeof(big));

	ok(read_in("{\"taskDefinition\":{\"family\":\"web\",\"revision\":13," ONE("") "}}", 99) == KERR_BAD_INPUT, "another revision");
	ok(read_in("{\"taskDefinition\":{\"family\":\"api\",\"revision\":12," ONE("") "}}", 99) == KERR_BAD_INPUT, "another family");
	ok(read_in(DEF("\"containerDefinitions\":[]"), 99) == KERR_BAD_INPUT, "no container");
	ok(read_in(DEF("\"containerDefinitions\":[{\"name\":\"app\"}]"), 99) == KERR_BAD_INPUT, "no image");
	ok(read_in(DEF("\"containerDefinitions\":[{\"image\":\"x\"}]"), 99) == KERR_BAD_INPUT, "no name");
	ok(read_in(DEF(ONE(",\"essential\":\"yes\"")), 99) == KERR_BAD_INPUT, "essential is no word");
	ok(read_in(DEF("\"containerDefinitions\":[{\"name\":\"a\",\"image\":{\"x\":1}}]"), 99) == KERR_BAD_INPUT, "an image that is an object");
	ok(read_in("{}", 99) == KERR_BAD_INPUT, "nothing");
	ok(read_in("[]", 99) == KERR_BAD_INPUT, "an array");
	ok(read_in("", 99) == KERR_BAD_INPUT, "no body");
	ok(read_in("{\"taskDefinition\":{\"family\":\"web\"", 99) == KERR_BAD_INPUT, "cut off");
	ok(read_in("<html>", 99) == KERR_BAD_INPUT, "a page");
	text_s(&t, "{\"taskDefinition\":{\"family\":\"web\",\"revision\":12,\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"");
	for (int i = 0; i < IMAGE_CAP; i++)
		text_c(&t, 'a');
	text_s(&t, "\"}]}}");
	ok(read_in(big, 99) == KERR_TOO_BIG, "an image longer than any");
	t = text_on(big, sizeof(big));
	text_s(&t, "{\"taskDefinition\":{\"family\":\"web\",\"revision\":12,\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"");
	for (int i = 0; i < TASKDEF_KEPT; i++)
		text_c(&t, 'a');
	text_s(&t, "\"}]}}");
	ok(read_in(big, 99) == KERR_TOO_BIG, "more than is kept");
	t = text_on(big, sizeof(big));
	text_s(&t, "{\"taskDefinition\":{\"family\":\"web\",\"revision\":12,\"containerDefinitions\":[{\"name\":\"app\",\"image\":\"x\"}");
	for (int i = 0; i < TASK_CONTAINERS + 5; i++)
		text_s(&t, ",{\"name\":\"app\",\"image\":\"x\"}");
	text_s(&t, "]}}");
	ok(read_in(big, 99) == KERR_OK && def.n == TASK_CONTAINERS, "no more containers than ECS allows");
}

static void asked(void)
{
	char body[64], tiny[20];
	struct text t = text_on(body, sizeof(body));

	ok(taskdef_out(&t, "web", 12, &why) == KERR_OK && str_eq(body, "{\"taskDefinition\":\"web:12\"}"), "the question");
	t = text_on(tiny, sizeof(tiny));
	ok(taskdef_out(&t, "web", 12, &why) == KERR_TOO_BIG, "one that does not fit");
}

int main(void)
{
	well();
	badly();
	asked();
	return done();
}
