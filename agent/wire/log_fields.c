#include "agent/wire/log_fields.h"

#include <string.h>

/* The line still to be read, and where decoded values go. */
struct reader {
	struct slice all;
	size_t at;
	char *scratch;
	size_t cap, used;
	struct why *why;
};

static enum kerr bad(const struct reader *r, const struct packed *what)
{
	char words[PACKED_MAX];

	return why_set(r->why, KERR_BAD_INPUT, "log line at byte %lu: %s", (unsigned long)r->at,
		       packed_copy(words, sizeof(words), what));
}

static bool key_char(char c)
{
	return ch_alnum(c) || c == '_' || c == '-' || c == '.';
}

static int hex_value(char c)
{
	c = ch_lower(c);
	return ch_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n hex digits at the front of s; -1 when they are not there. */
static int32_t hex_number(struct slice s, size_t n)
{
	int32_t v = 0;

	if (s.n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int digit = hex_value(s.p[i]);

		if (digit < 0 || v > (INT32_MAX >> 4))
			return -1;
		v = v * 16 + digit;
	}
	return v;
}

/* UTF-8 of a code point; what is none (a lone surrogate, past U+10FFFF) becomes U+FFFD. At most four bytes. */
static size_t put_rune(char *dst, uint32_t rune)
{
	size_t n = 0;

	if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		rune = 0xfffd;
	if (rune < 0x80) {
		dst[n++] = (char)rune;
		return n;
	}
	if (rune < 0x800) {
		dst[n++] = (char)(0xc0 | rune >> 6);
	} else {
		if (rune < 0x10000) {
			dst[n++] = (char)(0xe0 | rune >> 12);
		} else {
			dst[n++] = (char)(0xf0 | rune >> 18);
			dst[n++] = (char)(0x80 | (rune >> 12 & 0x3f));
		}
		dst[n++] = (char)(0x80 | (rune >> 6 & 0x3f));
	}
	dst[n++] = (char)(0x80 | (rune & 0x3f));
	return n;
}

/* \u with four digits, also as a surrogate pair (JSON). Takes *s past it; 0 when it is none. */
static size_t unescape_u(struct slice *s, char *dst)
{
	int32_t high = hex_number(*s, 4), low;

	if (high < 0)
		return 0;
	*s = slice_from(*s, 4);
	if (high < 0xd800 || high > 0xdbff || !slice_starts(*s, "\\u"))
		return put_rune(dst, (uint32_t)high);
	low = hex_number(slice_from(*s, 2), 4);
	if (low < 0xdc00 || low > 0xdfff)
		return put_rune(dst, (uint32_t)high);
	*s = slice_from(*s, 6);
	return put_rune(dst, 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00));
}

/* One escape behind its backslash: of Go's %q or of JSON; another is taken literally. */
static size_t unescape(struct slice *s, char *dst)
{
	static const char letters[] = "abfnrtv", bytes[] = "\a\b\f\n\r\t\v";
	char c = s->p[0];
	const char *letter = c == '\0' ? NULL : strchr(letters, c);
	int32_t v;

	*s = slice_from(*s, 1);
	if (letter != NULL) {
		dst[0] = bytes[letter - letters];
		return 1;
	}
	if (c == 'u')
		return unescape_u(s, dst);
	if (c == 'x' || c == 'U') {
		v = hex_number(*s, c == 'x' ? 2 : 8);
		if (v < 0)
			return 0;
		*s = slice_from(*s, c == 'x' ? 2 : 8);
		if (c == 'U')
			return put_rune(dst, (uint32_t)v);
		dst[0] = (char)v;
		return 1;
	}
	dst[0] = c;
	return 1;
}

static enum kerr decode(struct reader *r, struct slice raw, struct slice *value)
{
	char *start = r->scratch + r->used;

	/* no escape is shorter than what it stands for, so the raw length is room enough */
	if (raw.n > r->cap - r->used)
		return why_set(r->why, KERR_TOO_BIG, "log line: its values do not fit %lu bytes", (unsigned long)r->cap);
	while (raw.n > 0) {
		size_t n = 1;

		if (raw.p[0] == '\\' && raw.n > 1) {
			raw = slice_from(raw, 1);
			n = unescape(&raw, r->scratch + r->used);
			if (n == 0)
				return bad(r, PACKED("an escape that is none"));
		} else {
			r->scratch[r->used] = raw.p[0];
			raw = slice_from(raw, 1);
		}
		r->used += n;
	}
	*value = (struct slice){ start, (size_t)(r->scratch + r->used - start) };
	return KERR_OK;
}

/* A quoted value; r->at is on its first quote, afterwards past its last. */
static enum kerr quoted(struct reader *r, struct slice *value)
{
	size_t start = r->at + 1, i = start;
	bool escaped = false;

	for (; i < r->all.n && r->all.p[i] != '"'; i++) {
		if (r->all.p[i] == '\\') {
			escaped = true;
			i++;
		}
	}
	if (i >= r->all.n)
		return bad(r, PACKED("a quote is not closed"));
	*value = slice_to(slice_from(r->all, start), i - start);
	r->at = i + 1;
	if (value->n == 0)
		*value = SLICE("");
	return escaped ? decode(r, *value, value) : KERR_OK;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->all.n && (r->all.p[r->at] == ' ' || r->all.p[r->at] == '\t'))
		r->at++;
}

/* Is there "key=" at i? */
static bool key_at(struct slice s, size_t i)
{
	size_t start = i;

	while (i < s.n && key_char(s.p[i]))
		i++;
	return i > start && i < s.n && s.p[i] == '=';
}

static enum kerr logfmt_field(struct reader *r, struct log_field *f)
{
	size_t start = r->at;

	if (!key_at(r->all, start))
		return bad(r, PACKED("a key was expected"));
	while (r->all.p[r->at] != '=')
		r->at++;
	f->key = slice_to(slice_from(r->all, start), r->at - start);
	start = ++r->at;
	if (start < r->all.n && r->all.p[start] == '"')
		return quoted(r, &f->value);
	while (r->at < r->all.n && !(r->all.p[r->at] == ' ' && key_at(r->all, r->at + 1)))
		r->at++;
	f->value = slice_to(slice_from(r->all, start), r->at - start);
	if (f->value.n == 0)
		f->value = SLICE("");
	return KERR_OK;
}

/* A JSON value that is no string: up to the comma or brace behind it, past nested ones. */
static enum kerr json_bare(struct reader *r, struct slice *value)
{
	size_t start = r->at, depth = 0;
	bool in_string = false;

	for (; r->at < r->all.n; r->at++) {
		char c = r->all.p[r->at];

		if (in_string && c == '\\')
			r->at++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && depth == 0 && (c == ',' || c == '}'))
			break;
		else if (!in_string && (c == '}' || c == ']') && depth > 0)
			depth--;
	}
	if (r->at >= r->all.n)
		return bad(r, PACKED("it ends within a value"));
	*value = slice_trim(slice_to(slice_from(r->all, start), r->at - start));
	return value->n == 0 ? bad(r, PACKED("a value was expected")) : KERR_OK;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at >= r->all.n || r->all.p[r->at] != c)
		return false;
	r->at++;
	skip_blanks(r);
	return true;
}

static enum kerr json_field(struct reader *r, struct log_field *f)
{
	enum kerr err;

	if (r->at >= r->all.n || r->all.p[r->at] != '"')
		return bad(r, PACKED("a key was expected"));
	err = quoted(r, &f->key);
	if (err != KERR_OK)
		return err;
	if (!take(r, ':') || r->at >= r->all.n)
		return bad(r, PACKED("a colon and a value were expected"));
	return r->all.p[r->at] == '"' ? quoted(r, &f->value) : json_bare(r, &f->value);
}

static enum kerr too_many(const struct reader *r)
{
	return why_set(r->why, KERR_TOO_BIG, "log line at byte %lu: more than %d fields", (unsigned long)r->at, LOG_FIELDS_MAX);
}

static enum kerr parse_json(struct log_fields *f, struct reader *r)
{
	(void)take(r, '{');
	do {
		enum kerr err;

		if (f->n == LOG_FIELDS_MAX)
			return too_many(r);
		err = json_field(r, &f->field[f->n]);
		if (err != KERR_OK)
			return err;
		f->n++;
	} while (take(r, ','));
	return take(r, '}') && r->at == r->all.n ? KERR_OK : bad(r, PACKED("a comma or the closing brace was expected"));
}

static enum kerr parse_logfmt(struct log_fields *f, struct reader *r)
{
	for (skip_blanks(r); r->at < r->all.n; skip_blanks(r)) {
		enum kerr err;

		if (f->n == LOG_FIELDS_MAX)
			return too_many(r);
		err = logfmt_field(r, &f->field[f->n]);
		if (err != KERR_OK)
			return err;
		f->n++;
	}
	return f->n > 0 ? KERR_OK : bad(r, PACKED("it is empty"));
}

enum kerr log_fields_parse(struct log_fields *f, struct slice line, char *scratch, size_t cap, struct why *why)
{
	struct reader r = { .all = slice_trim(line), .scratch = scratch, .cap = cap, .why = why };

	f->n = 0;
	return slice_starts(r.all, "{") ? parse_json(f, &r) : parse_logfmt(f, &r);
}

enum kerr log_fields_unescape(struct slice raw, char *scratch, size_t cap, struct slice *value, struct why *why)
{
	struct reader r = { .all = raw, .scratch = scratch, .cap = cap, .why = why };

	return decode(&r, raw, value);
}

struct slice log_fields_get(const struct log_fields *f, const char *key)
{
	for (size_t i = 0; i < f->n; i++)
		if (slice_is(f->field[i].key, key))
			return f->field[i].value;
	return (struct slice){ NULL, 0 };
}
