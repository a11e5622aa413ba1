#include "agent/wire/elements.h"

#include <string.h>

/* The pruner passes on nothing but sound JSON without blanks between its words, so this needs no grammar of its
 * own: strings, depth, and the last name seen in the root object. */

static enum kerr stop(struct elements *e, enum kerr kind)
{
	e->failed = kind;
	return kind;
}

static enum kerr keep(struct elements *e, char c)
{
	if (e->n == e->cap)
		return stop(e, why_set(&e->why, KERR_TOO_BIG, "one element of \"%s\" has more than %u bytes", e->array,
				       (unsigned)e->cap));
	e->buf[e->n++] = c;
	return KERR_OK;
}

static enum kerr give(struct elements *e)
{
	struct slice element = { e->buf, e->n };
	enum kerr kind;

	if (e->n > e->largest)
		e->largest = e->n;
	e->n = 0;
	kind = e->each(e->ctx, e->array, element, &e->why);
	return kind == KERR_OK ? KERR_OK : stop(e, kind);
}

static void name_byte(struct elements *e, char c)
{
	/* a name that does not fit is none a caller asks for; it must not become one by being cut */
	if (e->array_n + 1U < sizeof(e->array))
		e->array[e->array_n++] = c;
	else
		e->array[0] = '\0';
}

static void in_string(struct elements *e, char c)
{
	if (e->escape)
		e->escape = false;
	else if (c == '\\')
		e->escape = true;
	else if (c == '"')
		e->string = false;
	if (e->depth != 1)
		return;
	if (e->string)
		name_byte(e, c);
	else if (e->array[0] != '\0')
		e->array[e->array_n] = '\0';
}

static enum kerr open_level(struct elements *e, char c)
{
	e->depth++;
	if (e->depth == 2 && c == '[') {
		e->inside = true;
		return give(e);
	}
	return KERR_OK;
}

static enum kerr take(struct elements *e, char c)
{
	enum kerr kind = KERR_OK;

	if (e->string) {
		in_string(e, c);
	} else if (c == '"') {
		e->string = true;
		if (e->depth == 1) {
			e->array_n = 0;
			memset(e->array, 0, sizeof(e->array));
		}
	} else if (c == '{' || c == '[') {
		kind = open_level(e, c);
	} else if (c == '}' || c == ']') {
		e->depth--;
		if (e->depth == 1)
			e->inside = false;
	}
	return kind;
}

static enum kerr put(void *arg, struct slice bytes)
{
	struct elements *e = arg;

	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t before = e->depth;
		enum kerr kind = take(e, bytes.p[i]);

		/* from the "{" that opens depth 3 to the "}" that leaves it */
		if (kind == KERR_OK && e->inside && (e->depth > 2 || before > 2))
			kind = keep(e, bytes.p[i]);
		if (kind == KERR_OK && e->inside && before == 3 && e->depth == 2)
			kind = e->buf[0] == '{' ? give(e) : KERR_OK;
		if (kind != KERR_OK)
			return kind;
		if (e->depth == 2)
			e->n = 0;
	}
	return KERR_OK;
}

void elements_begin(struct elements *e, const struct prune_list *list, char *buf, size_t cap_bytes,
		    elements_each *each, void *ctx)
{
	memset(e, 0, sizeof(*e));
	e->each = each;
	e->ctx = ctx;
	e->buf = buf;
	e->cap = cap_bytes;
	prune_init(&e->prune, list, put, e);
}

/* The pruner knows what was wrong with the bytes, `why` of ours what was wrong with an element. */
static enum kerr told(struct elements *e, enum kerr kind, struct why *why)
{
	if (kind == KERR_OK)
		return KERR_OK;
	if (e->failed == KERR_OK)
		return kind;
	if (why != NULL)
		*why = e->why;
	return e->failed;
}

enum kerr elements_feed(struct elements *e, struct slice in, struct why *why)
{
	return told(e, prune_feed(&e->prune, in, why), why);
}

enum kerr elements_end(struct elements *e, struct why *why)
{
	return told(e, prune_end(&e->prune, why), why);
}
