#include "agent/base/str.h"

#include <string.h>

struct slice slice_of(const char *s)
{
	return (struct slice){ s, s == NULL ? 0 : strlen(s) };
}

bool slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool slice_is(struct slice a, const char *s)
{
	return slice_eq(a, slice_of(s));
}

bool slice_starts(struct slice a, const char *prefix)
{
	size_t n = strlen(prefix);

	return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

bool slice_ends(struct slice a, const char *suffix)
{
	size_t n = strlen(suffix);

	return a.n >= n && (n == 0 || memcmp(a.p + a.n - n, suffix, n) == 0);
}

size_t slice_find(struct slice hay, const char *needle)
{
	size_t n = strlen(needle);

	if (n == 0)
		return 0;
	for (size_t i = 0; i + n <= hay.n; i++)
		if (hay.p[i] == needle[0] && memcmp(hay.p + i, needle, n) == 0)
			return i;
	return SIZE_MAX;
}

size_t slice_rfind(struct slice hay, const char *needle)
{
	size_t n = strlen(needle);

	if (n == 0 || hay.n < n)
		return n == 0 ? hay.n : SIZE_MAX;
	for (size_t i = hay.n - n + 1; i-- > 0;)
		if (memcmp(hay.p + i, needle, n) == 0)
			return i;
	return SIZE_MAX;
}

size_t slice_find_nocase(struct slice hay, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; i + n <= hay.n; i++) {
		size_t k = 0;

		while (k < n && ch_lower(hay.p[i + k]) == ch_lower(needle[k]))
			k++;
		if (k == n)
			return i;
	}
	return SIZE_MAX;
}

struct slice slice_from(struct slice a, size_t from)
{
	if (from >= a.n)
		return (struct slice){ NULL, 0 };
	return (struct slice){ a.p + from, a.n - from };
}

struct slice slice_to(struct slice a, size_t to)
{
	return (struct slice){ a.p, to < a.n ? to : a.n };
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
	while (a.n > 0 && blank(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n > 0 && blank(a.p[a.n - 1]))
		a.n--;
	return a;
}

bool slice_next(struct slice *rest, char sep, struct slice *part)
{
	size_t i = 0;

	if (rest->n == 0)
		return false;
	while (i < rest->n && rest->p[i] != sep)
		i++;
	*part = slice_to(*rest, i);
	*rest = slice_from(*rest, i + 1);
	return true;
}

uint64_t slice_hash(struct slice a)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < a.n; i++)
		h = (h ^ (uint8_t)a.p[i]) * UINT64_C(1099511628211);
	return h;
}

bool slice_u64(struct slice a, uint64_t *out)
{
	uint64_t v = 0;

	if (a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)a.p[i] - '0';

		if (!ch_digit(a.p[i]) || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return true;
}

bool slice_i64(struct slice a, int64_t *out)
{
	bool minus = a.n > 0 && a.p[0] == '-';
	uint64_t v;

	if (!slice_u64(minus ? slice_from(a, 1) : a, &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	/* -v is taken one short: the magnitude of INT64_MIN is no int64_t */
	*out = minus && v > 0 ? -(int64_t)(v - 1) - 1 : (int64_t)v;
	return true;
}

const char *str_behind(const char *s)
{
	return s + strlen(s) + 1;
}

bool str_eq(const char *a, const char *b)
{
	size_t n;

	if (a[0] != b[0])
		return false;
	/* names of one kind begin alike and differ at their ends */
	n = strlen(a);
	return n == strlen(b) && (n == 0 || (a[n - 1] == b[n - 1] && memcmp(a, b, n) == 0));
}

bool str_put(char *dst, size_t cap, struct slice src)
{
	bool fits = src.n < cap;
	size_t n = fits ? src.n : 0;

	/* the NUL comes last: src may lie in dst */
	if (n > 0)
		memmove(dst, src.p, n);
	if (cap > 0)
		dst[n] = '\0';
	return fits;
}

static bool continues_utf8(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

bool str_cut(char *dst, size_t cap, struct slice src)
{
	size_t n = src.n < cap ? src.n : cap - 1, back = 0;

	if (cap == 0)
		return src.n > 0;
	/* never in the middle of a UTF-8 sequence: a page must stay valid. More than three
	 * continuation bytes are no UTF-8, and there is nothing to spare. */
	while (n < src.n && back < n && back < 4 && continues_utf8(src.p[n - back]))
		back++;
	if (back < 4)
		n -= back;
	if (n > 0)
		memmove(dst, src.p, n);
	dst[n] = '\0';
	return n < src.n;
}

bool ch_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool ch_alnum(char c)
{
	return ch_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char ch_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct text text_on(char *buf, size_t cap)
{
	if (cap > 0)
		buf[0] = '\0';
	return (struct text){ buf, cap, 0, cap == 0 };
}

void text_slice(struct text *t, struct slice s)
{
	if (t->full || s.n == 0)
		return;
	if (s.n >= t->cap - t->len) {
		t->full = true;
		return;
	}
	memcpy(t->p + t->len, s.p, s.n);
	t->len += s.n;
	t->p[t->len] = '\0';
}

void text_c(struct text *t, char c)
{
	text_slice(t, (struct slice){ &c, 1 });
}

void text_s(struct text *t, const char *s)
{
	text_slice(t, slice_of(s));
}

void text_packed(struct text *t, const struct packed *words)
{
	struct packed_at at = packed_on(words);
	size_t before = t->len;

	for (char c; !t->full && (c = packed_next(&at)) != '\0';)
		text_c(t, c);
	/* as of any other piece: all of it or nothing */
	if (t->full && t->cap > 0) {
		t->len = before;
		t->p[before] = '\0';
	}
}

bool packed_is(const struct packed *words, struct slice s)
{
	struct packed_at at = packed_on(words);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || packed_next(&at) != s.p[i])
			return false;
	return packed_next(&at) == '\0';
}

void text_u64_pad(struct text *t, uint64_t v, unsigned digits)
{
	char buf[24];
	size_t at = sizeof(buf);

	do {
		buf[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	while (sizeof(buf) - at < digits && at > 0)
		buf[--at] = '0';
	text_slice(t, (struct slice){ buf + at, sizeof(buf) - at });
}

void text_u64(struct text *t, uint64_t v)
{
	text_u64_pad(t, v, 1);
}

void text_i64(struct text *t, int64_t v)
{
	if (v < 0)
		text_c(t, '-');
	text_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void text_hex(struct text *t, const uint8_t *bytes, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		text_c(t, digit[bytes[i] >> 4]);
		text_c(t, digit[bytes[i] & 15]);
	}
}

struct slice text_get(const struct text *t)
{
	return (struct slice){ t->p, t->len };
}

void text_base64(struct text *t, struct slice bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.n; i += 3) {
		uint32_t v = 0;

		for (size_t k = i; k < i + 3; k++)
			v = v << 8 | (k < bytes.n ? (unsigned char)bytes.p[k] : 0);
		for (size_t k = 0; k < 4; k++)
			text_c(t, i + k <= bytes.n ? digits[v >> (18 - 6 * k) & 63] : '=');
	}
}

static int nibble(char c)
{
	c = ch_lower(c);
	return ch_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void text_percent_decoded(struct text *t, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		int hi = s.p[i] == '%' && i + 2 < s.n ? nibble(s.p[i + 1]) : -1, lo = hi < 0 ? -1 : nibble(s.p[i + 2]);

		if (lo < 0) {
			text_c(t, s.p[i]);
			continue;
		}
		text_c(t, (char)((hi << 4 | lo) & 0xff));
		i += 2;
	}
}
