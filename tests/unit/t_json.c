/* JSON in (bounded tree, getters that name what failed) and out (escaping, times). */
#include "agent/wire/json.h"

#include <stdlib.h>

#include "tests/tap.h"

static char memory[256 * 1024];
static struct arena arena;
static struct why why;

static const cJSON *tree(const char *text)
{
	const cJSON *root;

	arena_init(&arena, memory, sizeof(memory));
	return json_parse(&arena, slice_of(text), &root, &why) == KERR_OK ? root : NULL;
}

static void refused(const char *text, enum kerr want, const char *words)
{
	const cJSON *root;
	enum kerr got;

	arena_init(&arena, memory, sizeof(memory));
	got = json_parse(&arena, slice_of(text), &root, &why);
	ok(got == want && root == NULL && arena.used == 0, "%.40s: %s", text, kerr_name(want));
	ok(slice_find(slice_of(why.text), words) != SIZE_MAX, "and says %s: %s", words, why.text);
}

static void parse(void)
{
	char deep[2 * JSON_DEPTH_MAX + 8], small[64];
	const cJSON *root;
	struct arena tight;

	ok(cJSON_IsArray(tree(" [1, {\"a\": null}] \n")), "a document with blanks around it");
	ok(arena.used > 0 && arena.high == arena.used, "lives on the arena");
	refused("", KERR_BAD_INPUT, "nothing");
	refused("{\"a\":1", KERR_BAD_INPUT, "of 6 bytes");
	refused("[1,", KERR_BAD_INPUT, "cut off at byte 2");
	refused("{\"a\":1}x", KERR_BAD_INPUT, "byte 7");
	refused("{\"a\":1}{}", KERR_BAD_INPUT, "byte 7");
	refused("{'a':1}", KERR_BAD_INPUT, "of 7 bytes");
	refused("[\"a\\u0000b\"]", KERR_BAD_INPUT, "u0000");
	ok(tree("[\"a\\\\u0000b\"]") != NULL, "an escaped backslash before u0000 is no NUL");
	ok(json_parse(&arena, SLICE("[\"a\0b\"]"), &root, &why) == KERR_BAD_INPUT && root == NULL, "a NUL in a string: %s", why.text);
	memset(deep, '[', sizeof(deep));
	memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	deep[2 * JSON_DEPTH_MAX] = '\0';
	ok(tree(deep) != NULL, "the deepest nesting allowed");
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	deep[JSON_DEPTH_MAX + 1] = '\0';
	refused(deep, KERR_TOO_BIG, "deeper");
	arena_init(&tight, small, sizeof(small));
	ok(json_parse(&tight, SLICE("{\"a\":[1,2,3]}"), &root, &why) == KERR_TOO_BIG && tight.used == 0, "an arena too small: %s", why.text);
}

static void strings(void)
{
	const cJSON *root = tree("{\"s\":\"abc\",\"S\":\"big\",\"n\":1,\"z\":null,\"c\":\"a\\nb\",\"u\":\"\\u20acx\"}");
	char dst[4];
	bool cut = true;

	ok(json_str(root, "s", dst, sizeof(dst), &why) == KERR_OK, "a string that just fits");
	is_str(dst, "abc", "is there whole");
	ok(json_str(root, "s", dst, 3, &why) == KERR_TOO_BIG && dst[0] == '\0', "one byte less: refused, emptied");
	is_str(why.text, "member s has 3 bytes, at most 2 are allowed", "and named");
	ok(json_str(root, "S", dst, sizeof(dst), &why) == KERR_OK && str_eq(dst, "big"), "names are told apart by case");
	ok(json_str(root, "x", dst, sizeof(dst), &why) == KERR_GONE, "absent");
	is_str(why.text, "member x is missing", "is named");
	ok(json_str(root, "z", dst, sizeof(dst), &why) == KERR_GONE, "null counts as absent");
	ok(json_str(root, "n", dst, sizeof(dst), &why) == KERR_BAD_INPUT, "a number is no string");
	ok(json_str(root, "c", dst, sizeof(dst), &why) == KERR_BAD_INPUT && dst[0] == '\0', "an identifier holds no newline");
	ok(json_text(root, "c", dst, sizeof(dst), &cut, &why) == KERR_OK && !cut && str_eq(dst, "a b"), "a sentence: cleaned");
	ok(json_text(root, "s", dst, 3, &cut, &why) == KERR_OK && cut && str_eq(dst, "ab"), "and cut, which is told");
	ok(json_text(root, "u", dst, 3, &cut, &why) == KERR_OK && cut && str_eq(dst, ""), "never within a character");
	ok(json_str(NULL, "s", dst, sizeof(dst), &why) == KERR_GONE, "of no object at all");
}

static void is_i64(const char *number, enum kerr want_err, int64_t want)
{
	char text[80];
	struct text t = text_on(text, sizeof(text));
	int64_t v = -7;
	enum kerr err;

	text_s(&t, "{\"n\":");
	text_s(&t, number);
	text_s(&t, "}");
	err = json_i64(tree(text), "n", &v, &why);
	ok(err == want_err && v == (want_err == KERR_OK ? want : -7), "%s: %s", number, kerr_name(want_err));
}

static void numbers(void)
{
	int64_t ms = 0;
	bool b = false;

	is_i64("0", KERR_OK, 0);
	is_i64("-12", KERR_OK, -12);
	is_i64("1.5e3", KERR_OK, 1500);
	is_i64("1.795400185E9", KERR_OK, 1795400185);
	is_i64("9007199254740992", KERR_OK, INT64_C(9007199254740992));
	is_i64("1.5", KERR_BAD_INPUT, 0);
	is_i64("9223372036854775808", KERR_BAD_INPUT, 0);
	is_i64("-9223372036854775808", KERR_OK, INT64_MIN);
	is_i64("1e999", KERR_BAD_INPUT, 0);
	is_i64("\"1\"", KERR_BAD_INPUT, 0);
	is_i64("null", KERR_GONE, 0);
	ok(json_unix_s(tree("{\"t\":1795402104.549}"), "t", &ms, &why) == KERR_OK && ms == INT64_C(1795402104549), "seconds with a fraction");
	ok(json_unix_s(tree("{\"t\":1.795402104549E9}"), "t", &ms, &why) == KERR_OK && ms == INT64_C(1795402104549), "and an exponent");
	ok(json_unix_s(tree("{\"t\":-1}"), "t", &ms, &why) == KERR_BAD_INPUT, "before 1970");
	ok(json_unix_s(tree("{\"t\":1e13}"), "t", &ms, &why) == KERR_BAD_INPUT, "milliseconds mistaken for seconds");
	ok(json_bool(tree("{\"b\":true}"), "b", &b, &why) == KERR_OK && b, "true");
	ok(json_bool(tree("{\"b\":1}"), "b", &b, &why) == KERR_BAD_INPUT, "1 is not true");
}

/* strtod knows better; every bit of it is asked for where the head promises that */
static void is_number(const char *text, double tolerance)
{
	char *want_end, *end = NULL;
	double want = strtod(text, &want_end), got = json_number(text, &end), off = got - want;

	off = off < 0 ? -off : off;
	ok(end == want_end && (got == want || off <= tolerance * (want < 0 ? -want : want)), "the number %s", text);
}

static void like_strtod(void)
{
	static const char *const exact[] = {
		"0", "-0", "7", "-12", "1.5", "-1.5e3", "1795400522.309", "1.7954E9", "1764131146.123", "9007199254740993",
		"1764131146123456789", "18446744073709551615", "0.001", "1e22", "123e-22", "5.", ".5", "+3", "0e99999", "1e400",
		"-1e400", "1e-999999999", "", "-", ".", "e5", "1e", "1e+", "1x", "0000000000000000000000000001", "1.50000",
	};
	static const char *const near[] = {
		"3.14159265358979323846264338327950288", "123456789012345678901234567890", "1e300", "2.5e-300", "1e23",
		"0.000000000000000000000000000000000000000000123", "1764131146.1234567890123", "1.7976931348623157e308",
		"100000000000000000000000000000000000000000000000000000000e-56",
	};

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		is_number(exact[i], 0);
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		is_number(near[i], 1e-15);
}

static void is_time(const char *text, int64_t want)
{
	int64_t ms = -1;
	bool good = json_rfc3339(slice_of(text), &ms);

	ok(want < 0 ? !good : good && ms == want, "%s", text);
	if (good && ms != want)
		printf("#   got %" PRId64 "\n", ms);
}

static void times(void)
{
	is_time("2026-11-23T02:18:31Z", INT64_C(1795400311000));
	is_time("2026-11-23T02:18:31.340285717Z", INT64_C(1795400311340));
	is_time("2026-11-23T03:18:31.9999999+01:00", INT64_C(1795400311999));
	is_time("2026-11-22 21:18:31-05:00", INT64_C(1795400311000));
	is_time("2024-02-29T00:00:00Z", INT64_C(1709164800000));
	is_time("1970-01-01T00:00:00Z", 0);
	is_time("0001-01-01T00:00:00Z", 0);
	is_time("2000-03-01T00:00:00Z", INT64_C(951868800000));
	is_time("2025-02-29T00:00:00Z", -1);
	is_time("2026-13-01T00:00:00Z", -1);
	is_time("2026-11-23T24:00:00Z", -1);
	is_time("2026-11-23T02:18:31", -1);
	is_time("2026-11-23T02:18:31.Z", -1);
	is_time("2026-11-23T02:18:31Z ", -1);
	is_time("2026-1-23T02:18:31Z", -1);
	is_time("", -1);
}

static void clean(void)
{
	char dst[64];

	ok(!json_clean(dst, sizeof(dst), SLICE("a\tb\x7f\xff\xc3\xa9\xed\xa0\x80z")), "nothing cut");
	is_str(dst, "a b \xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz", "controls and broken UTF-8 replaced, the rest kept");
	ok(json_clean(dst, 3, SLICE("ab\xc3\xa9")) && str_eq(dst, "ab"), "cut between characters");
	ok(!json_clean(dst, 1, (struct slice){ NULL, 0 }) && dst[0] == '\0', "nothing from nothing");
	(void)json_clean(dst, sizeof(dst), SLICE("\xf4\x90\x80\x80\xc0\x80\xe2\x82"));
	is_str(dst, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	       "too big, overlong and cut-off sequences");
}

static void writer(void)
{
	char buf[512], small[16];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	jw_object(&w, NULL);
	jw_str(&w, "s", "q\"b\\n\n\x01\xff\xe2\x82\xac");
	jw_array(&w, "a");
	jw_u64(&w, NULL, UINT64_MAX);
	jw_i64(&w, NULL, INT64_MIN);
	jw_object(&w, NULL);
	jw_object_end(&w);
	jw_array(&w, NULL);
	jw_array_end(&w);
	jw_array_end(&w);
	jw_bool(&w, "t", true);
	jw_null(&w, "z");
	jw_str(&w, "n", NULL);
	jw_str_or_null(&w, "e", "");
	jw_unix_s(&w, "at", INT64_C(1795400522009));
	jw_unix_s(&w, "never", 0);
	jw_object_end(&w);
	ok(!t.full, "it fits");
	is_str(buf, "{\"s\":\"q\\\"b\\\\n\\u000a\\u0001\xef\xbf\xbd\xe2\x82\xac\",\"a\":[18446744073709551615,-9223372036854775808,{},[]],"
	       "\"t\":true,\"z\":null,\"n\":null,\"e\":null,\"at\":1795400522.009,\"never\":null}", "what was written");
	ok(tree(buf) != NULL, "and reads back");
	t = text_on(small, sizeof(small));
	w = jw_on(&t);
	jw_object(&w, NULL);
	jw_str(&w, "name", "too long for this buffer");
	jw_object_end(&w);
	ok(t.full && strlen(small) < sizeof(small), "overflow is told, not written past");
}

/* Each prefix and each changed byte of a document: an error or a tree, never more. */
static void broken(void)
{
	static const char good[] = "{\"Id\":\"ab\",\"State\":{\"Status\":\"x\\u20ac\\n\",\"n\":-1.5e3,\"t\":true,\"z\":null},\"l\":[1,{}]}";
	char text[sizeof(good)];
	const cJSON *root;
	size_t parsed = 0;

	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		arena_init(&arena, memory, sizeof(memory));
		parsed += json_parse(&arena, (struct slice){ good, n }, &root, &why) == KERR_OK;
	}
	is_int(parsed, 0, "no prefix is whole");
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, good, sizeof(good));
			text[i] = (char)c;
			arena_init(&arena, memory, sizeof(memory));
			parsed += json_parse(&arena, (struct slice){ text, sizeof(good) - 1 }, &root, &why) == KERR_OK;
		}
	}
	ok(parsed > sizeof(good) && parsed < sizeof(good) * 256, "each byte replaced by each other: %zu are still JSON", parsed);
}

int main(void)
{
	parse();
	strings();
	numbers();
	like_strtod();
	times();
	clean();
	writer();
	broken();
	return done();
}
