/* The head of an HTTP answer, line by line, as curl hands it over. What is kept of it is bounded and clean of line ends, and a date is
 * the one that stands there. */
#include "platform/http_pool.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct http_slot slot;

static void ended(const char *p, size_t cap, const char *what)
{
	if (memchr(p, '\0', cap) == NULL || strpbrk(p, "\r\n") != NULL)
		fuzz_broken(what);
}

/* Written out again by the C library it must be the same date; the day of the week is anybody's. */
static void date(struct slice text)
{
	int64_t unix_s = http_head_date(text);
	time_t t = (time_t)unix_s;
	char buf[64], given[64];
	struct tm tm;

	if (unix_s == 0 || !str_put(given, sizeof(given), text) || strlen(given) != text.n)   /* a weekday may be any bytes */
		return;
	if (unix_s < 0 || gmtime_r(&t, &tm) == NULL || strftime(buf, sizeof(buf), "%b %Y", &tm) == 0)
		fuzz_broken("a date that is none");
	/* the 31st of a short month and a leap second are the next day's */
	if (tm.tm_mday > 3 && strstr(given, buf) == NULL && strstr(given, ":60 ") == NULL && strstr(given, " 0") == NULL)
		fuzz_broken("a date is another one");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, line;

	memset(&slot.res, 0, sizeof(slot.res));
	while (in.n > 0) {
		size_t end = slice_find(in, "\n");

		line = slice_to(in, end == SIZE_MAX ? in.n : end + 1);   /* curl gives the line with its end */
		in = slice_from(in, line.n);
		http_head_line(&slot, line);
		if (slot.res.status > 999 || slot.res.date_unix_s < 0)
			fuzz_broken("a status or date beyond its bounds");
		ended(slot.res.content_type, sizeof(slot.res.content_type), "a content type");
		ended(slot.res.request_id, sizeof(slot.res.request_id), "a request's id");
		date(slice_trim(line));
	}
	return 0;
}
