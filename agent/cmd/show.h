/* show.h - pieces of pages that several verbs print. */
#ifndef KEDGE_CMD_SHOW_H
#define KEDGE_CMD_SHOW_H

#include "agent/cmd/ask.h"
#include "agent/cmd/page.h"

/* "web:12", or "-" */
void show_definition(const cJSON *obj, char *out, size_t cap);
enum page_colour show_verdict_colour(const char *verdict);
/* Who is meant by "fix_by"; "" for nobody. */
const char *show_fixer(const char *fix_by);
/* One line a service with its head; each followed by its sentence, and with commands by what a person can run. */
void show_services(const struct page *p, const cJSON *root, bool commands);
/* Two lines a failure: what, and its reason cut to the width. */
void show_failures(const struct page *p, const cJSON *root, int most);
/* What a service is advised, a paragraph each. */
void show_advice(const struct page *p, const cJSON *service);
/* A command on lines of its own, unwrapped so that it can be copied, and the note that belongs to it. */
void show_command(const struct page *p, const cJSON *obj);
/* What the node's role may not do, a paragraph each, and the statement that allows it on a line that can be copied. */
void show_denied(const struct page *p, const cJSON *root);
void show_statement(const struct page *p, const cJSON *obj);
/* The commands that pin what worked, if there are any. */
void show_pins(const struct page *p, const cJSON *obj);
/* "(3 left out)" when `name` is above 0. */
void show_left_out(const cJSON *root, const char *name);

/* The whole page of `kedge status`, in show_status.c. */
void show_status(const struct page *p, const struct answer *answer);
/* A line for the node, and one for each service that is not ok, however long. */
void show_brief(const struct page *p, const struct answer *answer);

/* The frame of a reading verb without words of its own: asks, then prints the object with --json, with --brief (unknown
 * where brief is NULL) calls brief, else page. */
typedef void show_page(const struct page *p, const struct answer *answer);
int show_reading(const struct cmd *c, enum ask_what what, show_page *page, show_page *brief);

#endif
