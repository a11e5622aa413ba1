/* The pruner: any chunking gives the same bytes, what it lets through is JSON, and pruning that again changes nothing. */
#include "agent/wire/json.h"
#include "agent/wire/prune.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ROOM 8192

struct run { struct prune prune; struct text kept; struct why why; char room[ROOM]; };

static struct run whole, parts, again;
static char tree[16 * ROOM];

static enum kerr keep(void *arg, struct slice bytes)
{
	struct run *r = arg;

	text_slice(&r->kept, bytes);
	return r->kept.full ? KERR_TOO_BIG : KERR_OK;
}

static enum kerr feed(void *arg, struct slice part)
{
	struct run *r = arg;

	return prune_feed(&r->prune, part, &r->why);
}

static enum kerr run(struct run *r, const struct prune_list *list, const struct fuzz_pieces *p, struct slice text)
{
	enum kerr e;

	memset(r, 0, sizeof(*r));
	r->kept = text_on(r->room, sizeof(r->room));
	prune_init(&r->prune, list, keep, r);
	e = fuzz_feed(p, text, feed, r);
	return e == KERR_OK ? prune_end(&r->prune, &r->why) : e;
}

static void must_parse(struct slice text)
{
	struct arena a;
	const cJSON *root;
	enum kerr e;

	/* cJSON takes no \u0000, no half of a surrogate pair and no name that repeats a lone quote: escapes are judged elsewhere */
	if (slice_find(text, "\\u") != SIZE_MAX || text.n == 0)   /* of a lone scalar nothing is let through */
		return;
	arena_init(&a, tree, sizeof(tree));
	e = json_parse(&a, text, &root, NULL);
	if (e != KERR_OK && e != KERR_TOO_BIG)
		fuzz_broken("what the pruner lets through is not JSON");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static PRUNE_LIST(mixed, "services/[]/events/[2]/message services/[]/deployments/[]/** failures/[]/* a a/b */[]/id");
	static PRUNE_LIST(all, "**");
	const struct prune_list *const lists[] = { &prune_containers, &prune_container, &prune_image, &prune_version, &prune_info,
						   &prune_event, &mixed, &all };
	struct slice in = { (const char *)data, size };
	const struct prune_list *list = lists[fuzz_byte(&in) % 8];
	struct fuzz_pieces p = fuzz_pieces(&in);
	enum kerr e = run(&whole, list, NULL, in);

	if (run(&parts, list, &p, in) != e || strcmp(whole.why.text, parts.why.text) != 0)
		fuzz_broken("pieces were judged otherwise than the whole");
	if (e != KERR_OK)
		return 0;
	if (!slice_eq(text_get(&whole.kept), text_get(&parts.kept)))
		fuzz_broken("pieces gave other bytes than the whole");
	must_parse(text_get(&whole.kept));
	if (whole.kept.len > 0 && (run(&again, list, NULL, text_get(&whole.kept)) != KERR_OK ||
				   !slice_eq(text_get(&again.kept), text_get(&whole.kept))))
		fuzz_broken("pruning what was pruned changed it");
	return 0;
}
