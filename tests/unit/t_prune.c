/* The pruner: the same bytes for any chunking, and never a member that is not on the list. */
#include "agent/wire/prune.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

static char out_buf[256 * 1024];
static struct why why;

static enum kerr take(void *arg, struct slice bytes)
{
	struct text *t = arg;

	text_slice(t, bytes);
	return t->full ? KERR_TOO_BIG : KERR_OK;
}

static enum kerr pruned(const struct prune_list *list, struct slice in, size_t chunk, struct text *t, uint64_t *dropped)
{
	struct prune p;
	enum kerr err = KERR_OK;

	prune_init(&p, list, take, t);
	for (; in.n > 0 && err == KERR_OK; in = slice_from(in, chunk))
		err = prune_feed(&p, slice_to(in, chunk), &why);
	if (err == KERR_OK)
		err = prune_end(&p, &why);
	*dropped = p.dropped;
	return err;
}

static void is_pruned(const struct prune_list *list, const char *in, const char *want)
{
	struct text t = text_on(out_buf, sizeof(out_buf));
	uint64_t dropped;
	enum kerr err = pruned(list, slice_of(in), 1, &t, &dropped);

	ok(err == KERR_OK, "%.60s: %s", in, err == KERR_OK ? "pruned" : why.text);
	is_str(out_buf, want, "is right");
}

static void refused(const char *in, enum kerr want, const char *words)
{
	static PRUNE_LIST(all, "a/**");
	struct text t = text_on(out_buf, sizeof(out_buf));
	uint64_t dropped;
	enum kerr err = pruned(&all, slice_of(in), 3, &t, &dropped);

	ok(err == want && slice_find(slice_of(why.text), words) != SIZE_MAX, "%.40s: %s", in, why.text);
}

static void grammar(void)
{
	static PRUNE_LIST(list, "a b/c l/[2] o/[]/x k/** s/[1]/** w/*/n e|f|g/h|i");

	is_pruned(&list, "{}", "{}");
	is_pruned(&list, "{\"e\":{\"h\":1,\"j\":2},\"f\":{\"i\":[1],\"h\":3},\"g\":4,\"e|f\":{\"h\":5},\"\":{\"h\":6}}", "{\"e\":{\"h\":1},\"f\":{\"h\":3}}");
	is_pruned(&list, " { \"a\" : 1 , \"x\" : 2 } ", "{\"a\":1}");
	is_pruned(&list, "{\"x\":{\"a\":1},\"a\":\"v\\\"\\u00e9\"}", "{\"a\":\"v\\\"\\u00e9\"}");
	is_pruned(&list, "{\"a\":{\"a\":1},\"b\":2,\"l\":3}", "{}");
	is_pruned(&list, "{\"b\":{\"d\":[{\"c\":9}],\"c\":null,\"c2\":1},\"a\":-0.5e+3}", "{\"b\":{\"c\":null},\"a\":-0.5e+3}");
	is_pruned(&list, "{\"l\":[1,2,3,4],\"o\":[{\"x\":1,\"y\":2},{\"y\":3},4,{\"x\":5}]}", "{\"l\":[1,2],\"o\":[{\"x\":1},{},{\"x\":5}]}");
	is_pruned(&list, "{\"k\":{\"p\\n\":[1,{\"q\":true}],\"r\":{}},\"z\":0}", "{\"k\":{\"p\\n\":[1,{\"q\":true}],\"r\":{}}}");
	is_pruned(&list, "{\"s\":[{\"m\":\"new\"},{\"m\":\"old\"}]}", "{\"s\":[{\"m\":\"new\"}]}");
	is_pruned(&list, "{\"\\u0061\":1,\"a\":2}", "{\"a\":2}");
	is_pruned(&list, "{\"\":1,\"A\":2}", "{}");
	is_pruned(&list, "{\"w\":{\"80/tcp\":{\"n\":1,\"m\":2},\"*\":{\"n\":3},\"x\":4,\"e\\n\":{\"n\":5},\"\":{\"n\":6}}}",
		  "{\"w\":{\"80/tcp\":{\"n\":1},\"*\":{\"n\":3}}}");
	is_pruned(&list, "17", "");
	is_pruned(&list, "[1,2]", "[]");
}

static void malformed(void)
{
	char deep[PRUNE_DEPTH_MAX + 2];

	refused("", KERR_BAD_INPUT, "too early");
	refused("{\"a\":", KERR_BAD_INPUT, "too early");
	refused("{\"a\" 1}", KERR_BAD_INPUT, "byte 5: a colon");
	refused("{\"a\":1,}", KERR_BAD_INPUT, "byte 7: a member's name");
	refused("{\"a\":1]", KERR_BAD_INPUT, "byte 6: a bracket");
	refused("{\"x\":[1,]}", KERR_BAD_INPUT, "byte 8: a value");
	refused("{\"x\":01}", KERR_BAD_INPUT, "byte 6: a comma");
	refused("{\"x\":1.}", KERR_BAD_INPUT, "byte 7: a number");
	refused("{\"x\":-}", KERR_BAD_INPUT, "byte 6: a number");
	refused("{\"x\":1e}", KERR_BAD_INPUT, "byte 7: a number");
	refused("{\"x\":tru}", KERR_BAD_INPUT, "byte 8: neither");
	refused("{\"x\":\"\\q\"}", KERR_BAD_INPUT, "byte 7: an unknown escape");
	refused("{\"x\":\"\\u12g4\"}", KERR_BAD_INPUT, "escape");
	refused("{\"x\":\"a\nb\"}", KERR_BAD_INPUT, "byte 7: a control");
	refused("{}{}", KERR_BAD_INPUT, "byte 2: something follows");
	refused("]", KERR_BAD_INPUT, "byte 0: a value");
	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	refused(deep, KERR_TOO_BIG, "deeper");
}

/* What must never get out, put into a real answer. */
static const char *const secret[] = { "Env", "hunter2", "Cmd", "Args", "Mounts", "NetworkMode", "Binds", "Interval", "HostIp", "Path", "LogPath", "Entrypoint" };

static void real(const char *file, const struct prune_list *list, const char *const *must, size_t n_must)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 4096, 1024 * 1024 };
	static char first[sizeof(out_buf)];
	struct slice in = capture(file);
	uint64_t dropped;

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		struct text t = text_on(out_buf, sizeof(out_buf));
		enum kerr err = pruned(list, in, chunks[i], &t, &dropped);

		ok(err == KERR_OK && dropped > 0, "%s in chunks of %zu: %s", file, chunks[i], err == KERR_OK ? "pruned" : why.text);
		if (i == 0)
			memcpy(first, out_buf, sizeof(first));
		ok(strcmp(first, out_buf) == 0, "the same bytes (%zu of %zu)", t.len, in.n);
	}
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		ok(strstr(first, secret[i]) == NULL, "%s: no %s", file, secret[i]);
	for (size_t i = 0; i < n_must; i++)
		ok(strstr(first, must[i]) != NULL, "%s: %s is kept", file, must[i]);
}

static void put_refuses(void)
{
	char small[8];
	struct text t = text_on(small, sizeof(small));
	uint64_t dropped;
	struct prune p;

	ok(pruned(&prune_version, SLICE("{\"Version\":\"a long version word\"}"), 4096, &t, &dropped) == KERR_TOO_BIG, "a full taker: %s", why.text);
	t = text_on(small, sizeof(small));
	prune_init(&p, &prune_version, take, &t);
	ok(prune_feed(&p, SLICE("{,"), &why) == KERR_BAD_INPUT, "an error");
	ok(prune_feed(&p, SLICE("}"), &why) == KERR_BAD_INPUT && prune_end(&p, &why) == KERR_BAD_INPUT, "stays");
}

static void long_values(void)
{
	static char doc[1024 * 1024];
	struct text t = text_on(doc, sizeof(doc)), o = text_on(out_buf, sizeof(out_buf));
	uint64_t dropped;

	text_s(&t, "{\"");
	for (int i = 0; i < 300; i++)
		text_s(&t, "Id");
	text_s(&t, "\":1,\"Env\":[\"");
	for (int i = 0; i < 80000; i++)
		text_s(&t, "hunter2 ");
	text_s(&t, "\"],\"Id\":\"");
	for (int i = 0; i < 10000; i++)
		text_s(&t, "abcd");
	text_s(&t, "\"}");
	ok(!t.full && pruned(&prune_container, text_get(&t), 4096, &o, &dropped) == KERR_OK, "a long name, a long secret, a long value: %s", why.text);
	ok(o.len == 40000 + strlen("{\"Id\":\"\"}") && strstr(out_buf, "hunter2") == NULL, "only the value came out");
	is_int(sizeof(struct prune) < 4096, 1, "within %zu bytes of state", sizeof(struct prune));
}

static void each_byte_changed(void)
{
	struct slice in = slice_to(capture("inspect-oom.json"), 1400);
	static char copy[1400];
	uint64_t dropped;
	size_t whole = 0;

	for (size_t i = 0; i < in.n; i++) {
		for (int c = 0; c < 256; c += 5) {
			struct text t = text_on(out_buf, sizeof(out_buf));

			memcpy(copy, in.p, in.n);
			copy[i] = (char)c;
			whole += pruned(&prune_container, (struct slice){ copy, in.n }, 512, &t, &dropped) == KERR_OK;
		}
	}
	is_int(whole, 0, "a document cut off stays so, whatever byte is replaced");
}

#define MUST(...) (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

int main(void)
{
	grammar();
	malformed();
	real("list-20.json", &prune_containers, MUST("\"Id\":", "\"State\":\"running\"", "com.amazonaws.ecs.task-arn"));
	real("list-28.json", &prune_containers, MUST("\"Id\":", "\"State\":\"running\"", "com.amazonaws.ecs.task-arn"));
	real("inspect-notfound-20.json", &prune_container, MUST("\"Error\":", "\"StartedAt\":", "fake.test:5010/ok/app:latest"));
	real("inspect-notfound-28.json", &prune_container, MUST("\"Error\":", "\"StartedAt\":", "fake.test:5010/ok/app:latest"));
	real("inspect-secret.json", &prune_container, MUST("\"OOMKilled\":true", "\"ExitCode\":137", "task-definition-version"));
	real("inspect-health.json", &prune_container, MUST("\"Health\":{\"Status\":\"unhealthy\"}", "\"Healthcheck\":{\"Test\":[\"CMD\"]}",
	     "\"PortBindings\":{\"8080/tcp\":[{\"HostPort\":\"32768\"}]}"));
	real("image-20.json", &prune_image, MUST("\"RepoDigests\":[\"fake", "\"Architecture\":\"amd64\""));
	real("image-28.json", &prune_image, MUST("\"RepoDigests\":[\"fake", "\"Architecture\":\"amd64\""));
	real("version-28.json", &prune_version, MUST("\"Version\":\"28.5.2", "\"Arch\":\"amd64\""));
	put_refuses();
	long_values();
	each_byte_changed();
	return done();
}
