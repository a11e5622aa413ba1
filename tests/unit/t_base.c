/* agent/base: errors, slices, the bounded writer, the arena. */
#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/base/str.h"
#include "tests/tap.h"

#include <stdalign.h>

static bool same(struct slice got, const char *want)
{
	return slice_is(got, want);
}

static void test_err(void)
{
	struct why why = { "" };
	char longer[2 * sizeof(why.text)];

	is_str(kerr_name(KERR_OK), "ok", "kerr_name: first");
	is_str(kerr_name(KERR_IO), "io", "kerr_name: last");
	is_str(kerr_name(KERR_BAD_INPUT), "bad-input", "kerr_name: names stand in the enum's order");
	is_str(kerr_name(KERR_KINDS), "unknown", "kerr_name: a number past the list");
	is_int(why_set(&why, KERR_GONE, "no %s at line %d", "key", 7), KERR_GONE, "why_set returns the kind");
	is_str(why.text, "no key at line 7", "why_set formats");
	is_int(why_set(NULL, KERR_IO, "%s", "x"), KERR_IO, "why_set without a place for the text");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	is_int(why_set(&why, KERR_IO, "%s", longer), KERR_IO, "why_set with more text than fits");
	is_int(strlen(why.text), sizeof(why.text) - 1, "... cuts it at the end");
}

static void test_compare(void)
{
	struct slice empty = slice_of(NULL);

	ok(empty.n == 0, "slice_of(NULL) is empty");
	ok(slice_eq(empty, SLICE("")), "two empty slices are equal, whatever they point at");
	ok(slice_eq(SLICE("ab"), slice_of("ab")), "equal bytes are equal");
	ok(!slice_eq(SLICE("ab"), SLICE("abc")), "a prefix is not equal");
	ok(!slice_eq(SLICE("ab"), SLICE("aB")), "case matters");
	ok(slice_starts(SLICE("arn:aws"), "arn:") && slice_starts(empty, ""), "slice_starts: yes");
	ok(!slice_starts(SLICE("ar"), "arn:") && !slice_starts(empty, "a"), "slice_starts: too short is no");
	ok(slice_hash(empty) == UINT64_C(0xcbf29ce484222325) && slice_hash(SLICE("a")) == UINT64_C(0xaf63dc4c8601ec8c) &&
	   slice_hash(SLICE("foobar")) == UINT64_C(0x85944171f73967e8), "slice_hash: FNV-1a's published values");
	ok(slice_ends(SLICE("a.log"), ".log") && slice_ends(empty, ""), "slice_ends: yes");
	ok(!slice_ends(SLICE("log"), ".log") && !slice_ends(SLICE("a.loG"), ".log"), "slice_ends: no");
	ok(str_eq("", "") && str_eq("a", "a") && !str_eq("a", "") && !str_eq("", "a"), "str_eq");
}

static void test_find(void)
{
	struct slice text = SLICE("to pull or not to pull");

	is_int(slice_find(text, "pull"), 3, "slice_find: the first");
	is_int(slice_rfind(text, "pull"), 18, "slice_rfind: the last");
	ok(slice_find(text, "push") == SIZE_MAX && slice_rfind(text, "push") == SIZE_MAX, "absent is SIZE_MAX");
	ok(slice_find(SLICE("pul"), "pull") == SIZE_MAX && slice_rfind(SLICE("pul"), "pull") == SIZE_MAX,
	   "a needle longer than the hay");
	is_int(slice_find(text, "to pull or not to pull"), 0, "the whole hay, forwards");
	is_int(slice_rfind(text, "to pull or not to pull"), 0, "the whole hay, backwards");
	is_int(slice_find(text, ""), 0, "an empty needle is at the start");
	is_int(slice_rfind(text, ""), (int64_t)text.n, "... or, backwards, at the end");
	is_int(slice_find_nocase(SLICE("x No Such Host"), "no such host"), 2, "slice_find_nocase");
	ok(slice_find_nocase(SLICE("no such hos"), "no such host") == SIZE_MAX, "slice_find_nocase: cut off");
	ok(slice_find(slice_of(NULL), "a") == SIZE_MAX && slice_rfind(slice_of(NULL), "a") == SIZE_MAX &&
	   slice_find_nocase(slice_of(NULL), "a") == SIZE_MAX, "nothing is in an empty slice");
}

static void test_cut_up(void)
{
	struct slice rest = SLICE(",a,,b,"), part = { NULL, 0 };

	ok(same(slice_from(SLICE("abc"), 1), "bc"), "slice_from");
	ok(same(slice_from(SLICE("abc"), 3), "") && same(slice_from(SLICE("abc"), 9), ""), "slice_from: past the end");
	ok(same(slice_to(SLICE("abc"), 2), "ab") && same(slice_to(SLICE("abc"), 9), "abc"), "slice_to");
	ok(same(slice_trim(SLICE(" \t a b\r\n")), "a b") && same(slice_trim(SLICE(" \n ")), ""), "slice_trim");
	ok(slice_next(&rest, ',', &part) && same(part, ""), "slice_next: an empty first part");
	ok(slice_next(&rest, ',', &part) && same(part, "a"), "slice_next: a part");
	ok(slice_next(&rest, ',', &part) && same(part, ""), "slice_next: an empty part between");
	ok(slice_next(&rest, ',', &part) && same(part, "b"), "slice_next: the last part");
	ok(!slice_next(&rest, ',', &part), "slice_next: nothing after the last separator");
}

static void test_numbers(void)
{
	static const char *const bad[] = { "", "-", "+1", "-1", " 1", "1 ", "0x1", "1e3", "18446744073709551616",
					   "99999999999999999999", "/", ":" };
	uint64_t u = 1;
	int64_t i = 1;

	ok(slice_u64(SLICE("0"), &u) && u == 0, "slice_u64: 0");
	ok(slice_u64(SLICE("18446744073709551615"), &u) && u == UINT64_MAX, "slice_u64: the largest");
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		ok(!slice_u64(slice_of(bad[k]), &u) && u == UINT64_MAX, "slice_u64 refuses '%s', out untouched", bad[k]);
	ok(slice_i64(SLICE("-42"), &i) && i == -42, "slice_i64: negative");
	ok(slice_i64(SLICE("-0"), &i) && i == 0, "slice_i64: minus zero");
	ok(slice_i64(SLICE("9223372036854775807"), &i) && i == INT64_MAX, "slice_i64: the largest");
	ok(!slice_i64(SLICE("9223372036854775808"), &i), "slice_i64: one more");
	ok(slice_i64(SLICE("-9223372036854775808"), &i) && i == INT64_MIN, "slice_i64: the smallest");
	ok(!slice_i64(SLICE("-9223372036854775809"), &i), "slice_i64: one less");
	ok(!slice_i64(SLICE("--1"), &i) && !slice_i64(SLICE("-"), &i), "slice_i64: no number");
}

static void test_put(void)
{
	char buf[5] = "xxxx", none = 'x';

	ok(str_put(buf, sizeof(buf), SLICE("abcd")), "str_put: exactly fits");
	is_str(buf, "abcd", "... with its NUL");
	ok(!str_put(buf, sizeof(buf), SLICE("abcde")), "str_put: one too long");
	is_str(buf, "", "... leaves nothing behind");
	ok(str_put(buf, sizeof(buf), slice_of(NULL)), "str_put: nothing");
	ok(str_put(buf, sizeof(buf), SLICE(" ab ")) && str_put(buf, sizeof(buf), slice_trim(slice_of(buf))),
	   "str_put: out of the same buffer");
	is_str(buf, "ab", "... keeps the bytes");
	ok(str_put(buf, sizeof(buf), slice_of(buf)), "str_put: onto itself");
	is_str(buf, "ab", "... keeps the bytes, too");
	ok(!str_put(&none, 0, SLICE("a")) && none == 'x', "str_put: no room even for a NUL");
}

static void test_cut(void)
{
	char buf[5], none = 'x';

	ok(!str_cut(buf, sizeof(buf), SLICE("abcd")), "str_cut: nothing cut");
	is_str(buf, "abcd", "... all there");
	ok(str_cut(buf, sizeof(buf), SLICE("abcde")), "str_cut: says that it cut");
	is_str(buf, "abcd", "... what fits");
	ok(str_cut(buf, sizeof(buf), SLICE("abc\xc3\xa9")), "str_cut: inside a two-byte character");
	is_str(buf, "abc", "... drops all of it");
	ok(str_cut(buf, sizeof(buf), SLICE("a\xf0\x9f\x98\x80z")), "str_cut: inside a four-byte character");
	is_str(buf, "a", "... drops all of it");
	ok(str_cut(buf, sizeof(buf), SLICE("\xc3\xa9\xc3\xa9\xc3\xa9")), "str_cut: between characters");
	is_str(buf, "\xc3\xa9\xc3\xa9", "... keeps both");
	ok(str_cut(buf, sizeof(buf), SLICE("\x80\x80\x80\x80\x80\x80")), "str_cut: bytes that are no UTF-8");
	is_int(strlen(buf), 4, "... are not all lost");
	ok(str_cut(&none, 0, SLICE("a")) && none == 'x', "str_cut: no room even for a NUL");
}

static void test_text(void)
{
	char buf[64], small[4];
	struct text t = text_on(buf, sizeof(buf)), none = text_on(NULL, 0);
	const uint8_t bytes[] = { 0x00, 0x9f, 0xff };

	text_s(&t, "n=");
	text_i64(&t, INT64_MIN);
	text_c(&t, ' ');
	text_u64(&t, UINT64_MAX);
	text_c(&t, ' ');
	text_u64_pad(&t, 7, 3);
	text_hex(&t, bytes, sizeof(bytes));
	is_str(buf, "n=-9223372036854775808 18446744073709551615 007009fff", "text: all writers");
	ok(!t.full && same(text_get(&t), buf), "text_get is what was written");
	t = text_on(buf, sizeof(buf));
	text_u64_pad(&t, 1234, 2);
	text_u64(&t, 0);
	is_str(buf, "12340", "text_u64_pad never drops a digit, and zero is one digit");
	t = text_on(small, sizeof(small));
	text_s(&t, "abc");
	ok(!t.full, "text: exactly fits");
	text_c(&t, 'd');
	ok(t.full, "text: one more is full");
	is_str(small, "abc", "... and not written");
	t = text_on(small, sizeof(small));
	text_s(&t, "abcd");
	text_c(&t, 'e');
	is_str(small, "", "text: once full nothing more is written, even if it would fit");
	text_c(&none, 'x');
	ok(none.full && text_get(&none).n == 0, "text: no buffer at all");
}

static void test_arena(void)
{
	static alignas(max_align_t) char buf[256];
	const size_t align = alignof(max_align_t);
	struct arena a;
	size_t mark;

	arena_init(&a, buf, sizeof(buf));
	ok(arena_take(&a, 1) == buf, "arena: from the start of the buffer");
	ok(arena_take(&a, 1) == buf + align, "arena: the next one is aligned");
	mark = arena_mark(&a);
	ok(arena_take(&a, sizeof(buf) - 2 * align) != NULL, "arena: exactly the rest");
	ok(arena_take(&a, 1) == NULL && arena_take(&a, SIZE_MAX) == NULL, "arena: no more");
	is_int(a.refused, 2, "arena: refusals are counted");
	arena_reset(&a, mark);
	is_int(arena_mark(&a), mark, "arena: back at the mark");
	is_int(a.high, sizeof(buf), "arena: the high-water mark stays");
	arena_reset(&a, sizeof(buf));
	is_int(arena_mark(&a), mark, "arena: a mark of the future is not followed");
	arena_reset(&a, 0);
	ok(arena_take(&a, sizeof(buf)) == buf, "arena: empty again");
	arena_init(&a, buf + 1, 2 * align);
	ok((uintptr_t)arena_take(&a, 1) % align == 0, "arena: aligned in an odd buffer");
	ok(arena_take(&a, align) == NULL, "arena: the padding counts");
	arena_init(&a, buf, 0);
	ok(arena_take(&a, 1) == NULL, "arena: an empty one has nothing");
}

int main(void)
{
	test_err();
	test_compare();
	test_find();
	test_cut_up();
	test_numbers();
	test_put();
	test_cut();
	test_text();
	test_arena();
	return done();
}
