/* fuzz_views.h - every view of a state, whatever the state: written whole or refused, and never with anything in it that a reader
 * could take for something else. */
#ifndef KEDGE_TESTS_FUZZ_VIEWS_H
#define KEDGE_TESTS_FUZZ_VIEWS_H

#include "agent/wire/view.h"

/* All views, the page, the metrics, `why` of each failure and rollback, and each notice that stands. */
void fuzz_views(const struct view *v);
/* A view with every figure of a daemon in it, of that core; table may be NULL. */
struct view fuzz_view_of(const struct core *c, const struct dep_table *table);
/* The text is one JSON object, without control bytes; NULL for what. */
void fuzz_json(struct slice text, const char *what);

#endif
