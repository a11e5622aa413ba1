/* The ECS agent's log, line after line as the tail hands it over, logfmt and JSON of all its eras. The counts are of what was told,
 * a line without any of the needles is of no interest, and a line says the same whatever lies behind its end. */
#include "agent/wire/agent_log.h"
#include "agent/wire/log_fields.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_event.h"

#include <stdlib.h>
#include <string.h>

static char scratch[2048], decoded[64];
static struct agent_log l;
static struct event ev;
static uint64_t told;

static void put(void *arg, const struct event *e)
{
	(void)arg;
	told++;
	fuzz_event(e);
}

static bool has_needle(struct slice line)
{
	size_t n;
	const char *const *needle = agent_log_needles(&n);

	for (size_t i = 0; i < n; i++)
		if (slice_find(line, needle[i]) != SIZE_MAX)
			return true;
	return false;
}

static void fields(struct slice line)
{
	static char room[4096];
	struct log_fields f;
	struct slice value = SLICE("");
	struct why why = { "" };

	if (log_fields_parse(&f, line, room, sizeof(room), &why) == KERR_OK) {
		for (size_t i = 0; i < f.n; i++)
			if (f.field[i].value.n > line.n || log_fields_get(&f, "no such key").p != NULL)
				fuzz_broken("a field longer than its line");
	} else if (why.text[0] == '\0') {
		fuzz_broken("refused without words");
	}
	if (log_fields_unescape(line, decoded, sizeof(decoded), &value, &why) == KERR_OK && value.n > line.n)
		fuzz_broken("unescaped text that is longer");
}

static void one(struct slice line)
{
	const struct ev_out out = { &ev, put, NULL };
	enum agent_log_link link = (enum agent_log_link)77;
	struct why why = { "" };
	uint64_t before = told, bad = l.bad + l.dropped;
	char *copy = malloc(line.n + 1);         /* so that the sanitizer sees a byte read past its end */
	enum kerr e;

	if (copy == NULL)
		abort();
	memcpy(copy, line.n > 0 ? line.p : "", line.n);
	copy = realloc(copy, line.n > 0 ? line.n : 1);
	line.p = copy;
	e = agent_log_line(&l, line, &out, &link, &why);
	if (link > AGENT_LINK_STARTED)
		fuzz_broken("what a line says of links is not said");
	if (e != KERR_OK && (why.text[0] == '\0' || (e == KERR_BAD_INPUT && l.bad + l.dropped == bad)))
		fuzz_broken("refused without words, or not counted");
	if ((told > before || link != AGENT_LINK_NONE) && !has_needle(line))
		fuzz_broken("a line of interest that the tail passes over");
	if (l.events != told)
		fuzz_broken("events were miscounted");
	fields(line);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, line;

	agent_log_init(&l, scratch, sizeof(scratch));
	told = 0;
	while (slice_next(&in, '\n', &line))
		one(line);
	return 0;
}
