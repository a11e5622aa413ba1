/* prune.h - lets only the allowed members of one JSON document through, while it streams in, in any
 * chunking. What is not on the list (Env, Cmd, Args, Mounts, log options ...) is skipped as it passes and
 * never stored. State is bounded and holds no value, only a member's name and the position in the grammar. */
#ifndef KEDGE_WIRE_PRUNE_H
#define KEDGE_WIRE_PRUNE_H

#include "agent/base/err.h"
#include "agent/base/str.h"

enum {
	PRUNE_DEPTH_MAX = 64,   /* nested objects and arrays, skipped ones too; deeper: KERR_TOO_BIG */
	PRUNE_PATHS_MAX = 32,   /* paths in one list */
	PRUNE_PATHS_CAP = 512,  /* bytes of them with the NUL */
	PRUNE_NAME_MAX = 96     /* bytes of a member's name; a longer one, or one with escapes, is not on any list */
};

/* Paths of the members to keep, a blank between them, at most PRUNE_PATHS_MAX: names joined by '/', "a|b" for either. "*" stands
 * for each member of an object, "[]" for each element of an array, "[8]" for its first eight. A path ends at a scalar (an object or
 * array found there is dropped), or in "**": everything below. Example: "services/[]/events/[5]/message|createdAt". */
struct prune_list { const struct packed *paths; };
/* Defines one; a list has hundreds of bytes, so it is packed until a document begins (agent/base/packed.h). */
#define PRUNE_LIST(name, literal) \
	const struct prune_list name = { PACKED(literal) }; \
	_Static_assert(sizeof(literal) <= PRUNE_PATHS_CAP, "the paths fit")

extern const struct prune_list prune_containers; /* GET /containers/json */
extern const struct prune_list prune_container;  /* GET /containers/ID/json */
extern const struct prune_list prune_image;      /* GET /images/NAME/json */
extern const struct prune_list prune_version;    /* GET /version */
extern const struct prune_list prune_info;       /* GET /info */
extern const struct prune_list prune_event;      /* one line of GET /events */

/* Takes the pruned bytes in order, 256 at a time and the rest at the end, however the document came in; anything but KERR_OK stops
 * the pruner, which then returns it. */
typedef enum kerr prune_put(void *arg, struct slice bytes);

struct prune_level {
	uint32_t live;          /* paths of the list that lead on from here; bit i = path[i] */
	uint32_t elements;      /* seen so far, arrays */
	uint8_t mode;           /* skip, pick by list, or keep everything below */
	bool array, comma;      /* comma: something was put already */
};

struct prune {
	prune_put *put;
	void *arg;
	uint64_t offset;        /* bytes taken so far */
	uint64_t dropped;       /* members and elements left out */
	size_t depth, name_len, out_len;
	enum kerr failed;
	uint32_t live;          /* of the value that comes next: paths that lead into it, */
	bool leaf, all;         /* one that ends at it, one that takes everything below it */
	bool keep, name_odd;
	uint8_t state, back, number, hex;
	const char *word;       /* rest of true, false or null */
	struct prune_level level[PRUNE_DEPTH_MAX];
	char paths[PRUNE_PATHS_CAP];
	char name[PRUNE_NAME_MAX];
	char out[256];
};

/* arg is borrowed for p's life. */
void prune_init(struct prune *p, const struct prune_list *list, prune_put *put, void *arg);
/* KERR_BAD_INPUT names the byte offset and what was wrong; the pruner stays failed. What put refuses is told here or at the end. */
KERR_CHECK enum kerr prune_feed(struct prune *p, struct slice in, struct why *why);
/* The document must be whole now: KERR_BAD_INPUT when it is cut off or nothing came. */
KERR_CHECK enum kerr prune_end(struct prune *p, struct why *why);

#endif
