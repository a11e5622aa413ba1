/* http_head.c - the few response headers kedge looks at. */
#include "platform/http_pool.h"

#include <string.h>

static bool take_number(struct slice *rest, char sep, uint64_t *v)
{
	struct slice part;

	return slice_next(rest, sep, &part) && slice_u64(part, v);
}

static int month_of(struct slice name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12 && name.n == 3; i++)
		if (memcmp(name.p, months + (size_t)i * 3, 3) == 0)
			return i + 1;
	return 0;
}

/* Days from 1970-01-01, proleptic Gregorian: years begin in March so that the leap day comes last. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t year = m <= 2 ? y - 1 : y;
	int64_t month = (m + 9) % 12;

	return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + d - 1 - 719468;
}

int64_t http_head_date(struct slice text)
{
	struct slice rest = text, weekday, month;
	uint64_t d, y, hh, mm, ss;
	int m;

	if (!slice_next(&rest, ' ', &weekday) || weekday.n != 4 || !take_number(&rest, ' ', &d) ||
	    !slice_next(&rest, ' ', &month) || !take_number(&rest, ' ', &y) || !take_number(&rest, ':', &hh) ||
	    !take_number(&rest, ':', &mm) || !take_number(&rest, ' ', &ss) || !slice_is(rest, "GMT"))
		return 0;
	m = month_of(month);
	if (m == 0 || d < 1 || d > 31 || y < 1970 || y > 9999 || hh > 23 || mm > 59 || ss > 60)
		return 0;
	return days_from_civil((int64_t)y, m, (int64_t)d) * 86400 + (int64_t)(hh * 3600 + mm * 60 + ss);
}

#define ASKED_MAX_MS 3600000             /* no server is heard that wants a client away for longer */

static uint64_t bounded_ms(uint64_t v, uint64_t unit_ms)
{
	return v < ASKED_MAX_MS / unit_ms ? v * unit_ms : ASKED_MAX_MS;
}

/* Seconds, or a date. */
static uint64_t retry_after_ms(const struct http_slot *s, struct slice value)
{
	int64_t when = http_head_date(value);
	uint64_t v;

	if (slice_u64(value, &v))
		return bounded_ms(v, 1000);
	return when > s->res.date_unix_s && s->res.date_unix_s > 0 ? bounded_ms((uint64_t)(when - s->res.date_unix_s), 1000) : 0;
}

static void status_line(struct http_slot *s, struct slice line)
{
	struct slice rest = line, version, code;
	uint64_t status = 0;

	s->res.status = 0;
	s->res.date_unix_s = 0;
	s->res.retry_after_ms = 0;
	s->asked_exactly = false;
	s->res.content_type[0] = '\0';
	s->res.request_id[0] = s->res.error_type[0] = s->res.location[0] = '\0';
	s->res.challenge[0] = s->res.digest[0] = '\0';
	if (slice_next(&rest, ' ', &version) && slice_next(&rest, ' ', &code) && slice_u64(code, &status) && status < 1000)
		s->res.status = (unsigned)status;
}

/* A registry may offer several ways in, each in a header of its own. */
static void take_challenge(struct http_slot *s, struct slice value)
{
	struct slice known = slice_of(s->res.challenge);

	if (known.n == 0 || (slice_find_nocase(value, "bearer ") == 0 && slice_find_nocase(known, "bearer ") != 0))
		(void)str_put(s->res.challenge, sizeof(s->res.challenge), value);
}

void http_head_line(struct http_slot *s, struct slice line)
{
	struct slice text = slice_trim(line), value;
	size_t colon = slice_find(text, ":");
	char name[32];
	uint64_t ms;

	if (slice_starts(text, "HTTP/")) {
		status_line(s, text);
		return;
	}
	if (colon == SIZE_MAX || !str_put(name, sizeof(name), slice_to(text, colon)))
		return;
	for (char *c = name; *c != '\0'; c++)
		*c = ch_lower(*c);
	value = slice_trim(slice_from(text, colon + 1));
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return;   /* none that HTTP allows, and it would stand in messages */
	if (str_eq(name, "date"))
		s->res.date_unix_s = http_head_date(value);
	else if (str_eq(name, "content-type"))
		(void)str_cut(s->res.content_type, sizeof(s->res.content_type), value);
	else if (str_eq(name, "x-amzn-requestid"))
		(void)str_cut(s->res.request_id, sizeof(s->res.request_id), value);
	else if (str_eq(name, "www-authenticate"))
		take_challenge(s, value);
	else if (str_eq(name, "docker-content-digest"))
		(void)str_put(s->res.digest, sizeof(s->res.digest), value);
	else if (str_eq(name, "x-amzn-errortype"))
		(void)str_cut(s->res.error_type, sizeof(s->res.error_type), value);
	else if (str_eq(name, "location"))
		(void)str_cut(s->res.location, sizeof(s->res.location), value);
	else if (str_eq(name, "x-amz-retry-after") && slice_u64(value, &ms)) {
		s->asked_exactly = true;
		s->res.retry_after_ms = bounded_ms(ms, 1);
	} else if (str_eq(name, "retry-after") && !s->asked_exactly)
		s->res.retry_after_ms = retry_after_ms(s, value);
}
