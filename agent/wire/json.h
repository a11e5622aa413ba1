/* json.h - JSON in: a whole, bounded text becomes a tree on an arena, read by getters that name the member
 * they failed on. JSON out: a writer on struct text (jw_*). Both for RFC 8259 documents of known peers. */
#ifndef KEDGE_WIRE_JSON_H
#define KEDGE_WIRE_JSON_H

#include <cJSON.h>

#include "agent/base/arena.h"
#include "agent/base/err.h"
#include "agent/base/str.h"

enum { JSON_DEPTH_MAX = 32 };   /* nested objects and arrays; deeper: KERR_TOO_BIG */

/* Parses all of text into *root, which lives on the arena until the caller resets it to an earlier mark.
 * Never frees; single-threaded (cJSON's allocator hooks are process-wide). About 16 bytes of arena per byte
 * of dense JSON. KERR_BAD_INPUT names the byte offset; KERR_TOO_BIG: depth or arena. \u0000 is refused. */
KERR_CHECK enum kerr json_parse(struct arena *a, struct slice text, const cJSON **root, struct why *why);

/* strtod for cJSON, which is compiled to call this: decimal numbers only, no blanks, no locale. The nearest
 * double when the digits fit in 53 bits and the power of ten is 22 at most (all that AWS and docker write),
 * else right to 15 digits; *end is s when no number stands there. */
double json_number(const char *s, char **end);

/* Each `name` below may be packed, as json_names.h makes them; it is kedge's own, and is written without escapes. */

/* The member, names compared with case (first of duplicates wins); NULL: absent, null, or obj no object. */
const cJSON *json_get(const cJSON *obj, const char *name);
/* The same, and it must be an array (object): NULL otherwise. */
const cJSON *json_array(const cJSON *obj, const char *name);
const cJSON *json_object(const cJSON *obj, const char *name);

/* All getters: KERR_GONE when absent or null, KERR_BAD_INPUT for the wrong type; *out is then left as it was
 * (strings: emptied). json_str is for identifiers: KERR_TOO_BIG when dst[cap] cannot hold all of it, control
 * characters refused. json_text is for sentences: cut at cap (*cut, may be NULL), cleaned as by json_clean. */
KERR_CHECK enum kerr json_str(const cJSON *obj, const char *name, char *dst, size_t cap, struct why *why);
KERR_CHECK enum kerr json_text(const cJSON *obj, const char *name, char *dst, size_t cap, bool *cut, struct why *why);
/* Whole numbers in any notation (1.5e3 too); past 2^53 the last digits are those of a double. */
KERR_CHECK enum kerr json_i64(const cJSON *obj, const char *name, int64_t *out, struct why *why);
KERR_CHECK enum kerr json_bool(const cJSON *obj, const char *name, bool *out, struct why *why);
/* Times as unix_ms: an RFC 3339 string (docker, ECS agent), or seconds as a number (AWS JSON 1.1). */
KERR_CHECK enum kerr json_time(const cJSON *obj, const char *name, int64_t *unix_ms, struct why *why);
KERR_CHECK enum kerr json_unix_s(const cJSON *obj, const char *name, int64_t *unix_ms, struct why *why);

/* "member NAME is FAULT" in why; KERR_BAD_INPUT. */
enum kerr json_wrong(const char *name, const struct packed *fault, struct why *why);

/* RFC 3339 with any fraction and zone, T or blank between; milliseconds are cut, not rounded. Times before
 * 1970 (Go's zero time 0001-01-01) give 0 = never. */
bool json_rfc3339(struct slice text, int64_t *unix_ms);
/* Copies for people to read: each control character becomes a blank, each byte that is not UTF-8 becomes
 * U+FFFD; cut between characters. True when something was cut off. */
bool json_clean(char *dst, size_t cap, struct slice src);

struct jw { struct text *t; bool comma; };

/* name NULL: an element of an array, or the root. Overflow shows in t->full; nesting is the caller's. */
struct jw jw_on(struct text *t);
void jw_object(struct jw *w, const char *name);
void jw_object_end(struct jw *w);
void jw_array(struct jw *w, const char *name);
void jw_array_end(struct jw *w);
void jw_slice(struct jw *w, const char *name, struct slice v); /* controls escaped, invalid UTF-8 -> U+FFFD */
void jw_str(struct jw *w, const char *name, const char *v);    /* NULL -> null */
void jw_packed(struct jw *w, const char *name, const struct packed *v); /* the same, of ours */
void jw_str_or_null(struct jw *w, const char *name, const char *v); /* "" -> null too: "not known" */
void jw_u64(struct jw *w, const char *name, uint64_t v);
void jw_i64(struct jw *w, const char *name, int64_t v);
void jw_bool(struct jw *w, const char *name, bool v);
void jw_null(struct jw *w, const char *name);
void jw_unix_s(struct jw *w, const char *name, int64_t unix_ms); /* 1795400522.309; 0 -> null */

#include "agent/wire/json_names.h"

#endif
