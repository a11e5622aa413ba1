/* The answer to UpdateService as it streams in: any chunking gives the same judgement, and only one about the service and the
 * revision asked for is taken. */
#include "agent/wire/ecs_update.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct run { struct ecs_update u; struct why why; struct event ev; };

static struct run whole, parts;
static char memory[64 * 1024];

static enum kerr feed(void *arg, struct slice part)
{
	struct run *r = arg;

	return ecs_update_feed(&r->u, part, &r->why);
}

static enum kerr run(struct run *r, const struct fuzz_pieces *p, struct slice text)
{
	struct arena a;
	enum kerr e;

	memset(r, 0, sizeof(*r));
	arena_init(&a, memory, sizeof(memory));
	ecs_update_begin(&r->u, "web", "test-task", 11);
	e = fuzz_feed(p, text, feed, r);
	if (e == KERR_OK)
		e = ecs_update_end(&r->u, &a, (struct ecs_asked){ 3, 7 }, &r->ev, &r->why);
	if (arena_mark(&a) != 0)
		fuzz_broken("the arena is not as it was");
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct fuzz_pieces p = fuzz_pieces(&in);
	enum kerr e = run(&whole, NULL, in);

	if (run(&parts, &p, in) != e || strcmp(whole.why.text, parts.why.text) != 0)
		fuzz_broken("pieces were judged otherwise than the whole");
	if (e == KERR_OK && (slice_find(in, "web") == SIZE_MAX || slice_find(in, ":11") == SIZE_MAX) &&
	    slice_find(in, "\\u") == SIZE_MAX)
		fuzz_broken("an answer that does not name what was asked for was taken");
	if (e == KERR_OK && (parts.ev.type != EV_AWS_UPDATED || parts.ev.u.aws_updated.service != 3 || parts.ev.u.aws_updated.ask != 7))
		fuzz_broken("the event is not the one asked for");
	return 0;
}
