#include "agent/wire/json.h"

#include <string.h>

/* cJSON's allocator hooks carry no argument, so the arena in use must be reachable without one. Set by
 * json_parse for the time of one call and cleared after it; nothing else reads it. */
static struct arena *parse_arena;

static void *parse_take(size_t n_bytes)
{
	return arena_take(parse_arena, n_bytes);
}

static void parse_drop(void *p)
{
	(void)p;
}

enum { EXP_MAX = 9999, TEN_EXACT = 22 };        /* 10^22 is the last power of ten that a double holds exactly */

static double times_ten_to(double v, int exp)
{
	while (exp != 0) {
		int n = exp > TEN_EXACT ? TEN_EXACT : exp < -TEN_EXACT ? -TEN_EXACT : exp;
		double ten = 1;

		for (int i = 0; i < n || i < -n; i++)
			ten *= 10;
		v = n > 0 ? v * ten : v / ten;
		exp -= n;
	}
	return v;
}

static uint64_t take_digits(const char **s, uint64_t v, int *taken, int *dropped)
{
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (v <= (UINT64_MAX - 9) / 10) {
			v = v * 10 + (uint64_t)(**s - '0');
			*taken += *taken < EXP_MAX;
		} else {
			*dropped += *dropped < EXP_MAX;
		}
	}
	return v;
}

static int take_exponent(const char **s)
{
	const char *p = *s;
	bool minus;
	int exp = 0;

	if (*p != 'e' && *p != 'E')
		return 0;
	minus = *++p == '-';
	p += *p == '-' || *p == '+';
	if (*p < '0' || *p > '9')
		return 0;       /* the E belongs to what follows, as in strtod */
	for (; *p >= '0' && *p <= '9'; p++)
		exp = exp < EXP_MAX ? exp * 10 + (*p - '0') : exp;
	*s = p;
	return minus ? -exp : exp;
}

double json_number(const char *s, char **end)
{
	bool minus = *s == '-';
	int whole = 0, fraction = 0, dropped = 0, lost = 0, exp;
	const char *p = s + (minus || *s == '+');
	uint64_t v = take_digits(&p, 0, &whole, &dropped);
	double d;

	if (*p == '.') {
		p++;
		v = take_digits(&p, v, &fraction, &lost);
	}
	*end = (char *)s;
	if (whole + fraction == 0)
		return 0;
	exp = take_exponent(&p) + dropped - fraction;
	*end = (char *)p;
	/* 10^-400 times any 64 bits is 0, and 10^400 too many, but 0 is 0 */
	d = v == 0 ? 0 : times_ten_to((double)v, exp > 400 ? 400 : exp < -400 ? -400 : exp);
	return minus ? -d : d;
}

/* cJSON recurses once a level and ends a string at a NUL, however it is written: both are refused before it sees the text. */
static enum kerr scan(struct slice text, struct why *why)
{
	bool in_string = false;
	size_t depth = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\0' || (in_string && slice_starts(slice_from(text, i), "\\u0000")))
			return why_set(why, KERR_BAD_INPUT, "JSON at byte %lu: a string holds \\u0000", (unsigned long)i);
		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '{' || c == '[')) {
			if (++depth > JSON_DEPTH_MAX)
				return why_set(why, KERR_TOO_BIG, "JSON at byte %lu: nested deeper than %d", (unsigned long)i,
					       JSON_DEPTH_MAX);
		} else if (!in_string && (c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return KERR_OK;
}

static enum kerr refuse(struct arena *a, size_t refused_before, size_t at, size_t n, struct why *why)
{
	if (a->refused > refused_before)
		return why_set(why, KERR_TOO_BIG, "JSON of %lu bytes does not fit its memory of %lu bytes", (unsigned long)n,
			       (unsigned long)a->cap);
	return why_set(why, KERR_BAD_INPUT, "JSON of %lu bytes: broken or cut off at byte %lu", (unsigned long)n, (unsigned long)at);
}

enum kerr json_parse(struct arena *a, struct slice text, const cJSON **root, struct why *why)
{
	cJSON_Hooks hooks = { parse_take, parse_drop };
	size_t mark = arena_mark(a), refused = a->refused, at;
	const char *end = NULL;
	enum kerr err;

	*root = NULL;
	err = scan(text, why);
	if (err != KERR_OK)
		return err;
	if (text.n == 0)
		return why_set(why, KERR_BAD_INPUT, "JSON expected, nothing came");
	parse_arena = a;
	cJSON_InitHooks(&hooks);
	*root = cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0);
	parse_arena = NULL;
	at = end == NULL ? 0 : (size_t)(end - text.p);
	if (*root != NULL && slice_trim(slice_from(text, at)).n == 0)
		return KERR_OK;
	*root = NULL;
	arena_reset(a, mark);
	return refuse(a, refused, at, text.n, why);
}

const cJSON *json_get(const cJSON *obj, const char *name)
{
	char plain[PACKED_MAX];
	const cJSON *item = cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, packed_format(plain, name)) : NULL;

	return cJSON_IsNull(item) ? NULL : item;
}

const cJSON *json_array(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *json_object(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return cJSON_IsObject(item) ? item : NULL;
}

static enum kerr absent(const char *name, struct why *why)
{
	char plain[PACKED_MAX];

	return why_set(why, KERR_GONE, "member %s is missing", packed_format(plain, name));
}

enum kerr json_wrong(const char *name, const struct packed *fault, struct why *why)
{
	char plain[PACKED_MAX], words[PACKED_MAX];

	return why_set(why, KERR_BAD_INPUT, "member %s is %s", packed_format(plain, name), packed_copy(words, sizeof(words), fault));
}

static bool control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static enum kerr get_slice(const cJSON *obj, const char *name, struct slice *out, struct why *why)
{
	const cJSON *item = json_get(obj, name);

	if (item == NULL)
		return absent(name, why);
	if (!cJSON_IsString(item) || item->valuestring == NULL)
		return json_wrong(name, PACKED("not a string"), why);
	*out = slice_of(item->valuestring);
	return KERR_OK;
}

enum kerr json_str(const cJSON *obj, const char *name, char *dst, size_t cap, struct why *why)
{
	char plain[PACKED_MAX];
	struct slice s;
	enum kerr err;

	dst[0] = '\0';
	err = get_slice(obj, name, &s, why);
	if (err != KERR_OK)
		return err;
	for (size_t i = 0; i < s.n; i++)
		if (control(s.p[i]))
			return json_wrong(name, PACKED("not free of control characters"), why);
	if (!str_put(dst, cap, s))
		return why_set(why, KERR_TOO_BIG, "member %s has %lu bytes, at most %lu are allowed", packed_format(plain, name),
			       (unsigned long)s.n, (unsigned long)(cap - 1));
	return KERR_OK;
}

enum kerr json_text(const cJSON *obj, const char *name, char *dst, size_t cap, bool *cut, struct why *why)
{
	struct slice s;
	enum kerr err;
	bool was_cut;

	dst[0] = '\0';
	err = get_slice(obj, name, &s, why);
	if (err != KERR_OK)
		return err;
	was_cut = json_clean(dst, cap, s);
	if (cut != NULL)
		*cut = was_cut;
	return KERR_OK;
}

enum kerr json_i64(const cJSON *obj, const char *name, int64_t *out, struct why *why)
{
	const cJSON *item = json_get(obj, name);
	double v;

	if (item == NULL)
		return absent(name, why);
	if (!cJSON_IsNumber(item))
		return json_wrong(name, PACKED("not a number"), why);
	v = item->valuedouble;
	/* the bounds are powers of two, exact as doubles; infinities fail them */
	if (!(v >= -9223372036854775808.0 && v < 9223372036854775808.0) || (double)(int64_t)v < v || (double)(int64_t)v > v)
		return json_wrong(name, PACKED("not a whole number of 64 bits"), why);
	*out = (int64_t)v;
	return KERR_OK;
}

enum kerr json_bool(const cJSON *obj, const char *name, bool *out, struct why *why)
{
	const cJSON *item = json_get(obj, name);

	if (item == NULL)
		return absent(name, why);
	if (!cJSON_IsBool(item))
		return json_wrong(name, PACKED("not true or false"), why);
	*out = cJSON_IsTrue(item) != 0;
	return KERR_OK;
}

enum kerr json_time(const cJSON *obj, const char *name, int64_t *unix_ms, struct why *why)
{
	struct slice s;
	enum kerr err = get_slice(obj, name, &s, why);
	int64_t ms;

	if (err != KERR_OK)
		return err;
	if (!json_rfc3339(s, &ms))
		return json_wrong(name, PACKED("not a time as of RFC 3339"), why);
	*unix_ms = ms;
	return KERR_OK;
}

enum kerr json_unix_s(const cJSON *obj, const char *name, int64_t *unix_ms, struct why *why)
{
	const cJSON *item = json_get(obj, name);
	double v;

	if (item == NULL)
		return absent(name, why);
	if (!cJSON_IsNumber(item))
		return json_wrong(name, PACKED("not a number of seconds"), why);
	v = item->valuedouble;
	if (!(v >= 0.0 && v < 1e12))
		return json_wrong(name, PACKED("not a time in seconds since 1970"), why);
	*unix_ms = (int64_t)(v * 1000.0 + 0.5);
	return KERR_OK;
}

/* Takes exactly n digits off the front. */
static bool digits(struct slice *s, size_t n, int64_t *out)
{
	uint64_t v;

	if (s->n < n || !slice_u64(slice_to(*s, n), &v))
		return false;
	*out = (int64_t)v;
	*s = slice_from(*s, n);
	return true;
}

static bool mark(struct slice *s, const char *one_of)
{
	if (s->n == 0 || strchr(one_of, s->p[0]) == NULL)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool fraction_ms(struct slice *s, int64_t *ms)
{
	int64_t scale = 100;

	*ms = 0;
	if (!mark(s, ".,"))
		return true;
	if (s->n == 0 || !ch_digit(s->p[0]))
		return false;
	for (; s->n > 0 && ch_digit(s->p[0]); *s = slice_from(*s, 1)) {
		*ms += scale * (s->p[0] - '0');
		scale /= 10;
	}
	return true;
}

static bool zone_s(struct slice *s, int64_t *offset)
{
	bool minus = s->n > 0 && s->p[0] == '-';
	int64_t h, m;

	*offset = 0;
	if (mark(s, "Zz"))
		return s->n == 0;
	if (!mark(s, "+-") || !digits(s, 2, &h) || !mark(s, ":") || !digits(s, 2, &m) || s->n > 0 || h > 23 || m > 59)
		return false;
	*offset = (minus ? -1 : 1) * (h * 3600 + m * 60);
	return true;
}

/* Days from 1970-01-01 in the Gregorian calendar; years start in March so that a leap day is the last. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = y / 400;
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_ok(int64_t y, int64_t m, int64_t d)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap ? 1 : 0);
}

bool json_rfc3339(struct slice text, int64_t *unix_ms)
{
	int64_t y, mo, d, h, mi, s, ms, zone, t;

	if (!digits(&text, 4, &y) || !mark(&text, "-") || !digits(&text, 2, &mo) || !mark(&text, "-") || !digits(&text, 2, &d) ||
	    !mark(&text, "Tt ") || !digits(&text, 2, &h) || !mark(&text, ":") || !digits(&text, 2, &mi) ||
	    !mark(&text, ":") || !digits(&text, 2, &s) || !fraction_ms(&text, &ms) || !zone_s(&text, &zone))
		return false;
	/* 60: a leap second, which unix time does not count */
	if (!date_ok(y, mo, d) || h > 23 || mi > 59 || s > 60)
		return false;
	t = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - zone;
	*unix_ms = t < 0 ? 0 : t * 1000 + ms;
	return true;
}

/* Length of the valid UTF-8 sequence at the front (RFC 3629: shortest form, no surrogates), 0 = none. */
static size_t utf8_len(struct slice s)
{
	const unsigned char *b = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (b[0] < 0x80)
		return 1;
	if (b[0] < 0xc2 || b[0] > 0xf4)
		return 0;
	n = b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	if (s.n < n)
		return 0;
	low = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : low;
	high = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : high;
	if (b[1] < low || b[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool json_clean(char *dst, size_t cap, struct slice src)
{
	struct text out = text_on(dst, cap);

	while (src.n > 0 && !out.full) {
		size_t n = utf8_len(src);

		if (n == 0)
			text_say(&out, "\xef\xbf\xbd");
		else if (n == 1 && control(src.p[0]))
			text_c(&out, ' ');
		else
			text_slice(&out, slice_to(src, n));
		src = slice_from(src, n == 0 ? 1 : n);
	}
	return out.full;
}

struct jw jw_on(struct text *t)
{
	return (struct jw){ t, false };
}

static void jw_string(struct text *t, struct slice v)
{
	text_c(t, '"');
	while (v.n > 0 && !t->full) {
		size_t n = utf8_len(v);
		uint8_t byte = (uint8_t)v.p[0];

		if (n == 0) {
			text_say(t, "\xef\xbf\xbd");
		} else if (n == 1 && control(v.p[0])) {
			text_say(t, "\\u00");
			text_hex(t, &byte, 1);
		} else {
			if (byte == '"' || byte == '\\')
				text_c(t, '\\');
			text_slice(t, slice_to(v, n));
		}
		v = slice_from(v, n == 0 ? 1 : n);
	}
	text_c(t, '"');
}

/* What stands before a value: a comma after a sibling, the name in an object. */
static void jw_lead(struct jw *w, const char *name)
{
	if (w->comma)
		text_c(w->t, ',');
	w->comma = true;
	if (name == NULL)
		return;
	text_c(w->t, '"');
	text_packed(w->t, (const struct packed *)name);
	text_say(w->t, "\":");
}

static void jw_open(struct jw *w, const char *name, char bracket)
{
	jw_lead(w, name);
	text_c(w->t, bracket);
	w->comma = false;
}

static void jw_close(struct jw *w, char bracket)
{
	text_c(w->t, bracket);
	w->comma = true;
}

void jw_object(struct jw *w, const char *name)
{
	jw_open(w, name, '{');
}

void jw_object_end(struct jw *w)
{
	jw_close(w, '}');
}

void jw_array(struct jw *w, const char *name)
{
	jw_open(w, name, '[');
}

void jw_array_end(struct jw *w)
{
	jw_close(w, ']');
}

void jw_slice(struct jw *w, const char *name, struct slice v)
{
	jw_lead(w, name);
	jw_string(w->t, v);
}

void jw_str(struct jw *w, const char *name, const char *v)
{
	if (v == NULL)
		jw_null(w, name);
	else
		jw_slice(w, name, slice_of(v));
}

void jw_packed(struct jw *w, const char *name, const struct packed *v)
{
	char words[PACKED_MAX];

	jw_str(w, name, v == NULL ? NULL : packed_copy(words, sizeof(words), v));
}

void jw_str_or_null(struct jw *w, const char *name, const char *v)
{
	jw_str(w, name, v == NULL || v[0] == '\0' ? NULL : v);
}

void jw_u64(struct jw *w, const char *name, uint64_t v)
{
	jw_lead(w, name);
	text_u64(w->t, v);
}

void jw_i64(struct jw *w, const char *name, int64_t v)
{
	jw_lead(w, name);
	text_i64(w->t, v);
}

void jw_bool(struct jw *w, const char *name, bool v)
{
	jw_lead(w, name);
	text_s(w->t, v ? "true" : "false");
}

void jw_null(struct jw *w, const char *name)
{
	jw_lead(w, name);
	text_say(w->t, "null");
}

void jw_unix_s(struct jw *w, const char *name, int64_t unix_ms)
{
	if (unix_ms <= 0) {
		jw_null(w, name);
		return;
	}
	jw_lead(w, name);
	text_u64(w->t, (uint64_t)unix_ms / 1000);
	text_c(w->t, '.');
	text_u64_pad(w->t, (uint64_t)unix_ms % 1000, 3);
}
