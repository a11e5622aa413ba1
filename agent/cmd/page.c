#include "agent/cmd/page.h"
#include "agent/cmd/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static bool locale_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct slice v = slice_of(getenv(names[i]));

		if (v.n > 0)
			return slice_find_nocase(v, "utf-8") != SIZE_MAX || slice_find_nocase(v, "utf8") != SIZE_MAX;
	}
	return false;
}

struct page page_open(void)
{
	struct page p = { .width = PAGE_WIDTH, .utf8 = locale_utf8() };
	struct winsize size = { 0 };
	bool terminal = isatty(STDOUT_FILENO) == 1;
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	uint64_t columns = 0;

	p.colour = terminal && (no_color == NULL || no_color[0] == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
	p.fixed = terminal;
	if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		p.width = size.ws_col;
	if (slice_u64(slice_of(getenv("COLUMNS")), &columns) && columns >= 40 && columns <= 1000) {
		p.width = (unsigned)columns;
		p.fixed = true;
	}
	return p;
}

const char *page_str(const cJSON *obj, const char *name)
{
	const cJSON *item = json_get(obj, name);

	return cJSON_IsString(item) && item->valuestring != NULL ? item->valuestring : "";
}

int64_t page_int(const cJSON *obj, const char *name, int64_t none)
{
	int64_t v;

	return json_i64(obj, name, &v, NULL) == KERR_OK ? v : none;
}

bool page_true(const cJSON *obj, const char *name)
{
	return cJSON_IsTrue(json_get(obj, name)) != 0;
}

static void put_time(char out[PAGE_TIME_CAP], const struct tm *tm)
{
	const struct { char before; int value; } part[] = {
		{ '-', tm->tm_mon + 1 }, { '-', tm->tm_mday }, { ' ', tm->tm_hour }, { ':', tm->tm_min }, { ':', tm->tm_sec },
	};
	struct text t = text_on(out, PAGE_TIME_CAP);

	text_u64_pad(&t, (uint64_t)tm->tm_year + 1900, 4);
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		text_c(&t, part[i].before);
		text_u64_pad(&t, (uint64_t)part[i].value, 2);
	}
}

void page_unix(int64_t unix_s, char out[PAGE_TIME_CAP])
{
	time_t s = (time_t)unix_s;
	struct tm tm;

	strcpy(out, "-");
	if (localtime_r(&s, &tm) != NULL)
		put_time(out, &tm);
}

void page_both_times(const cJSON *obj, const char *name, char out[2 * PAGE_TIME_CAP])
{
	int64_t ms = 0;
	time_t s;
	struct tm here, utc;
	char there[PAGE_TIME_CAP];
	struct text t = text_on(out, 2 * PAGE_TIME_CAP);

	page_time(obj, name, there);
	text_s(&t, there);
	if (json_unix_s(obj, name, &ms, NULL) != KERR_OK)
		return;
	s = (time_t)(ms / 1000);
	if (localtime_r(&s, &here) == NULL || gmtime_r(&s, &utc) == NULL)
		return;
	put_time(there, &utc);
	if (here.tm_hour == utc.tm_hour && here.tm_min == utc.tm_min) {
		text_say(&t, " UTC");
		return;
	}
	/* to the minute; the day where that is another one, around midnight */
	text_say(&t, " (");
	text_slice(&t, slice_from(slice_to(slice_of(there), 16), here.tm_mday == utc.tm_mday ? 11 : 5));
	text_say(&t, " UTC)");
}

void page_time(const cJSON *obj, const char *name, char out[PAGE_TIME_CAP])
{
	int64_t ms;

	strcpy(out, "-");
	if (json_unix_s(obj, name, &ms, NULL) == KERR_OK)
		page_unix(ms / 1000, out);
}

void page_age(double from_unix_s, double to_unix_s, char out[PAGE_TIME_CAP])
{
	int64_t s = (int64_t)(to_unix_s - from_unix_s);

	s = s < 0 ? 0 : s;
	if (s < 120)
		snprintf(out, PAGE_TIME_CAP, "%lld s", (long long)s);
	else if (s < 7200)
		snprintf(out, PAGE_TIME_CAP, "%lld min", (long long)(s / 60));
	else if (s < 172800)
		snprintf(out, PAGE_TIME_CAP, "%lld h", (long long)(s / 3600));
	else
		snprintf(out, PAGE_TIME_CAP, "%lld d", (long long)(s / 86400));
}

void page_bytes(int64_t bytes, char out[PAGE_TIME_CAP])
{
	long long n = bytes;

	if (n < 1000)
		snprintf(out, PAGE_TIME_CAP, "%lld B", n);
	else if (n < 1000000)
		snprintf(out, PAGE_TIME_CAP, "%lld.%lld KB", n / 1000, n % 1000 / 100);
	else
		snprintf(out, PAGE_TIME_CAP, "%lld.%lld MB", n / 1000000, n % 1000000 / 100000);
}

/* Length of the character at s as it will be shown: the answer was parsed, so its UTF-8 is whole. */
static size_t char_len(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80 && ((unsigned char)s[0] & 0x80) != 0)
		n++;
	return n;
}

static bool is_control(const char *s)
{
	unsigned char a = (unsigned char)s[0], b = a == 0 ? 0 : (unsigned char)s[1];

	return a < 0x20 || a == 0x7f || (a == 0xc2 && b < 0xa0);    /* C0, DEL and C1 */
}

/* At most `columns` of s; returns how many were printed. */
static unsigned print(const struct page *p, const char *s, unsigned columns)
{
	unsigned n = 0;

	for (; *s != '\0' && n < columns; n++) {
		size_t len = char_len(s);

		if (is_control(s))
			putchar(' ');
		else if (len > 1 && !p->utf8)
			putchar('?');
		else
			fwrite(s, 1, len, stdout);
		s += len;
	}
	return n;
}

unsigned page_columns(const struct page *p, const char *s)
{
	unsigned n = 0;

	(void)p;
	for (; *s != '\0'; s += char_len(s))
		n++;
	return n;
}

void page_put(const struct page *p, const char *s)
{
	(void)print(p, s, UINT32_MAX);
}

static void colour_on(const struct page *p, enum page_colour colour)
{
	static const char *const code[] = { "", "\033[31m", "\033[32m", "\033[33m", "\033[1m" };

	if (p->colour)
		fputs(code[colour], stdout);
}

static void colour_off(const struct page *p, enum page_colour colour)
{
	if (p->colour && colour != PAGE_PLAIN)
		say("\033[0m");
}

void page_coloured(const struct page *p, enum page_colour colour, const char *s)
{
	colour_on(p, colour);
	page_put(p, s);
	colour_off(p, colour);
}

void page_cell(const struct page *p, const char *s, unsigned width, enum page_colour colour)
{
	unsigned n = page_columns(p, s);

	colour_on(p, colour);
	if (width == 0 || n <= width) {
		page_put(p, s);
	} else {
		(void)print(p, s, width - 1);
		putchar('~');
	}
	colour_off(p, colour);
	for (; width > 0 && n < width; n++)
		putchar(' ');
	if (width > 0)
		putchar(' ');
}

void page_line(const struct page *p, const char *lead, const char *s)
{
	unsigned used = page_columns(p, lead), left = p->width > used ? p->width - used : 1;

	page_put(p, lead);
	if (page_columns(p, s) <= left) {
		page_put(p, s);
	} else {
		(void)print(p, s, left - 1);
		putchar('~');
	}
	putchar('\n');
}

void page_wrap(const struct page *p, const char *lead, unsigned indent, const char *s)
{
	page_put(p, lead);
	page_wrap_on(p, page_columns(p, lead), indent, s);
}

void page_wrap_on(const struct page *p, unsigned column, unsigned indent, const char *s)
{
	bool fresh = true;

	while (*s != '\0') {
		unsigned gap = (unsigned)strspn(s, " "), n = 0;
		size_t bytes = strcspn(s + gap, " ");

		s += gap;
		for (const char *at = s; at < s + bytes; at += char_len(at))
			n++;
		if (!fresh && column + gap + n > p->width) {
			putchar('\n');
			gap = indent;
			column = 0;
		}
		column += gap + n;
		for (; gap > 0; gap--)
			putchar(' ');
		(void)print(p, s, n);
		fresh = false;
		s += bytes;
	}
	putchar('\n');
}
