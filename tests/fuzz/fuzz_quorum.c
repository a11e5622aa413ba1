/* DescribeTasks answers as they stream in, one after the other (a NUL between two): any chunking counts the same nodes. */
#include "agent/wire/ecs_quorum.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct run { struct ecs_quorum q; struct why why; struct event ev; bool known; };

static struct run whole, parts;
static char memory[64 * 1024];

static enum kerr feed(void *arg, struct slice part)
{
	struct run *r = arg;

	return ecs_quorum_feed(&r->q, part, &r->why);
}

static enum kerr run(struct run *r, const struct ecs_quorum_of *of, const struct fuzz_pieces *p, struct slice rest)
{
	struct arena a;
	struct slice answer;
	enum kerr e = KERR_OK;

	memset(r, 0, sizeof(*r));
	arena_init(&a, memory, sizeof(memory));
	ecs_quorum_begin(&r->q, of, &a);
	while (e == KERR_OK && slice_next(&rest, '\0', &answer)) {
		ecs_quorum_answer(&r->q);
		e = fuzz_feed(p, answer, feed, r);
		if (e == KERR_OK)
			e = ecs_quorum_fed(&r->q, &r->why);
	}
	r->known = ecs_quorum_event(&r->q, (struct ecs_asked){ 3, 7 }, &r->ev);
	if (arena_mark(&a) != 0)
		fuzz_broken("the arena is not as it was");
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ecs_quorum_of of[] = {
		{ "ecs-svc/12345678901234567890", "test-task", 12, 0, INT64_C(1800000000000), 40000 },
		{ "", "test-task", 12, INT64_C(1799990000000), INT64_C(1800000000000), 40000 },
	};
	struct slice in = { (const char *)data, size };
	const struct ecs_quorum_of *which = &of[fuzz_byte(&in) & 1];
	struct fuzz_pieces p = fuzz_pieces(&in);
	const struct ev_aws_quorum *a = &whole.ev.u.aws_quorum, *b = &parts.ev.u.aws_quorum;

	if (run(&whole, which, NULL, in) != run(&parts, which, &p, in) || strcmp(whole.why.text, parts.why.text) != 0)
		fuzz_broken("pieces were judged otherwise than the whole");
	if (whole.known != parts.known || whole.q.tasks != parts.q.tasks || a->tried != b->tried || a->failed != b->failed ||
	    a->ran_well != b->ran_well)
		fuzz_broken("pieces gave other counts than the whole");
	if (a->tried > ECS_QUORUM_NODES || a->failed + a->ran_well > a->tried || a->tried > whole.q.tasks)
		fuzz_broken("more nodes than tried it");
	return 0;
}
