/* view_parts.h - what the view_*.c files offer each other; nobody else includes it. */
#ifndef KEDGE_WIRE_VIEW_PARTS_H
#define KEDGE_WIRE_VIEW_PARTS_H

#include "agent/core/questions.h"
#include "agent/wire/json.h"
#include "agent/wire/view.h"
#include "agent/wire/view_byhand.h"

/* The head every object begins with: schema, daemon, time. */
void view_begin(const struct view *v, struct jw *w, const char *schema);
enum kerr view_end(struct jw *w) KERR_CHECK;

/* A list that outgrows its room ends early and says how many it left out: mark, write one element, keep. */
struct view_mark { size_t len; bool comma; };
struct view_mark view_mark(const struct jw *w);
/* False: the element did not leave VIEW_TAIL bytes for what follows; it is taken back. */
bool view_keep(struct jw *w, struct view_mark m);
#define VIEW_TAIL 4096

void view_tri(struct jw *w, const char *name, enum tri v);
/* "web:12", or null when the family is not known. */
void view_definition(struct jw *w, const char *name, const char *family, uint32_t revision);
void view_id(struct jw *w, const char *name, char letter, uint32_t n);   /* "f12"; 0: null */

int32_t view_service_find(const struct core *c, const char *name);
int32_t view_last_good(const struct core *c, const struct service *s);
const struct fail_slot *view_failure_find(const struct core *c, uint32_t id);

/* Indices of the failures in memory, newest first; returns how many. */
uint32_t view_newest(const struct core *c, uint8_t index[FAILURES_MAX]);
/* Writes up to `most` of them as an array, and the number it left out as "failures_left_out". */
void view_failure_list(const struct view *v, struct jw *w, uint32_t most);
const struct packed *view_next_step(const struct failure *f);
const char *view_fix_by(const struct failure *f);
void view_failure(const struct view *v, struct jw *w, const char *name, const struct fail_slot *slot);
void view_service(const struct view *v, struct jw *w, const char *name, uint32_t service);
void view_service_list(const struct view *v, struct jw *w);
void view_rollback(const struct view *v, struct jw *w, uint32_t service);
const struct packed *view_rollback_next_step(enum rb_state state);
/* When the first failure was seen that made the service's rollback; 0: a person asked for it. */
int64_t view_rollback_since(const struct core *c, uint32_t service);
/* Writes form, but for each % in it the next argument, a string, escaped so that it is text wherever text can stand, and
 * for each # the next one, a VIEW_N(number) of at most 32 bits. */
void view_html(struct text *t, const char *form, ...);
#define view_html(t, ...) view_html(t, PACKED_FORMAT __VA_ARGS__)
#define VIEW_N(n) ((const void *)(uintptr_t)(n))
/* The service's rollback, of which there is one, as an inline SVG of at most 1500 bytes, and in how many seconds it went. */
void view_strip(const struct core *c, uint32_t service, struct text *t);
/* What never changes of the page: packed. */
extern const char view_page_head[], view_page_script[];
/* "denied": what the node's role may not do, each with the statement that allows it (null: none can). */
void view_denied(const struct view *v, struct jw *w);
/* "statement" of a rollback whose reason says that it was denied; else null. */
void view_denied_rollback(const struct core *c, uint32_t service, struct jw *w);

#endif
