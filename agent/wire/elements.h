/* elements.h - one element after the other out of the top-level arrays of a big JSON object, while it streams in:
 * pruned first, so that memory holds one pruned element and nothing else. {"services":[{..},{..}],"failures":[..]} */
#ifndef KEDGE_WIRE_ELEMENTS_H
#define KEDGE_WIRE_ELEMENTS_H

#include "agent/base/err.h"
#include "agent/base/str.h"
#include "agent/wire/prune.h"

/* array: the name of the top-level member; element: its pruned JSON, valid for the call; an empty element says that
 * the array begins, so that an empty one is seen too. Only objects are elements. Anything but KERR_OK stops. */
typedef enum kerr elements_each(void *ctx, const char *array, struct slice element, struct why *why);

struct elements {
	struct prune prune;
	elements_each *each;
	void *ctx;
	char *buf;
	size_t cap, n;
	size_t largest;                  /* bytes of the largest element: the figure cap is chosen from */
	struct why why;                  /* of the first failure, for the calls that follow it */
	enum kerr failed;
	char array[24];
	uint8_t array_n, depth;
	bool string, escape, inside;     /* inside: of a top-level array */
};

/* buf[cap] holds one pruned element; a larger one is KERR_TOO_BIG. list, buf and ctx are borrowed. */
void elements_begin(struct elements *e, const struct prune_list *list, char *buf, size_t cap_bytes,
		    elements_each *each, void *ctx);
/* The next bytes, in any chunking. KERR_BAD_INPUT and KERR_TOO_BIG are final. */
enum kerr elements_feed(struct elements *e, struct slice in, struct why *why) KERR_CHECK;
/* The document must be whole now. */
enum kerr elements_end(struct elements *e, struct why *why) KERR_CHECK;

#endif
