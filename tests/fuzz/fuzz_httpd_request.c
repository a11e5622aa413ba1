/* The head of a request as a page's server takes it, also byte by byte: what the first bytes decide no later one changes, and what
 * is let through asks for a path of this machine by one Host that can be nobody else's. */
#include "platform/httpd_request.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 3000 };                    /* bytes libFuzzer makes, and more than any corpus has */

/* A copy of its own, so that the sanitizer sees each byte read past its end; *out speaks of in all the same. */
static bool ask(struct slice in, bool full, struct httpd_request *out)
{
	char *copy = malloc(in.n > 0 ? in.n : 1);
	bool decided;

	if (copy == NULL)
		abort();
	if (in.n > 0)
		memcpy(copy, in.p, in.n);
	decided = httpd_request((struct slice){ copy, in.n }, full, out);
	if (out->path.n > 0) {
		if (out->path.p < copy || out->path.p + out->path.n > copy + in.n)
			fuzz_broken("a path from elsewhere");
		out->path.p = in.p + (out->path.p - copy);
	}
	free(copy);
	return decided;
}

static bool same(const struct httpd_request *a, const struct httpd_request *b)
{
	return a->status == b->status && a->head == b->head && slice_eq(a->path, b->path) && (a->words == NULL) == (b->words == NULL);
}

/* By a reading of its own: the lines that say Host, and the last one's value. */
static unsigned hosts(struct slice lines, struct slice *value)
{
	struct slice line;
	unsigned n = 0;

	while (slice_next(&lines, '\n', &line))
		if (line.n >= 5 && (line.p[0] == 'h' || line.p[0] == 'H') && (line.p[1] == 'o' || line.p[1] == 'O') &&
		    (line.p[2] == 's' || line.p[2] == 'S') && (line.p[3] == 't' || line.p[3] == 'T') && line.p[4] == ':') {
			*value = slice_trim(slice_from(line, 5));
			n++;
		}
	return n;
}

static void let_through(struct slice in, const struct httpd_request *r)
{
	struct slice head = slice_to(in, slice_find(in, "\r\n\r\n")), value = SLICE("");

	if (r->words != NULL || !slice_starts(r->path, "/") || slice_find(r->path, "?") != SIZE_MAX || slice_find(r->path, " ") != SIZE_MAX)
		fuzz_broken("no path");
	if (!slice_starts(slice_trim(head), r->head ? "HEAD /" : "GET /"))
		fuzz_broken("a method that writes");
	if (hosts(slice_from(head, slice_find(head, "\n")), &value) != 1)
		fuzz_broken("a request without its one Host");
	for (size_t i = 0; i < value.n && value.p[0] != '['; i++)
		if (!ch_digit(value.p[i]) && value.p[i] != '.' && value.p[i] != ':' && slice_find_nocase(value, "localhost") != 0)
			fuzz_broken("a name that can be somebody's");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size < MOST ? size : MOST };
	struct httpd_request whole, part;
	bool decided = ask(in, false, &whole), early = false;

	for (size_t n = 0; n <= in.n && !early; n++)
		early = ask(slice_to(in, n), false, &part);
	if (early != decided || (decided && !same(&whole, &part)))
		fuzz_broken("later bytes change an answer");
	if (!decided) {
		if (!ask(in, true, &part) || part.status != 431)
			fuzz_broken("a request without end has no end");
		return 0;
	}
	if (!ask(in, true, &part) || !same(&whole, &part))
		fuzz_broken("a full buffer changes an answer");
	if (whole.status == 200)
		let_through(in, &whole);
	else if (whole.status < 400 || whole.status > 431 || whole.words == NULL || whole.path.n > 0)
		fuzz_broken("a refusal that says nothing");
	return 0;
}
