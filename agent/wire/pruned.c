#include "agent/wire/pruned.h"

static enum kerr keep(void *arg, struct slice bytes)
{
	struct pruned *p = arg;

	text_slice(&p->kept, bytes);
	return p->kept.full ? KERR_TOO_BIG : KERR_OK;
}

void pruned_begin(struct pruned *p, const struct prune_list *list, char *room, size_t cap_bytes)
{
	p->kept = text_on(room, cap_bytes);
	prune_init(&p->prune, list, keep, p);
}

enum kerr pruned_feed(struct pruned *p, struct slice bytes, struct why *why)
{
	return prune_feed(&p->prune, bytes, why);
}

enum kerr pruned_end(struct pruned *p, struct arena *a, const cJSON **root, struct why *why)
{
	enum kerr e = prune_end(&p->prune, why);

	if (e == KERR_OK)
		e = json_parse(a, text_get(&p->kept), root, why);
	if (e == KERR_OK && !cJSON_IsObject(*root))
		e = why_set(why, KERR_BAD_INPUT, "the answer is no JSON object");
	return e;
}
