/* page.h - text for people on stdout: as wide as the terminal, plain ASCII unless the locale is UTF-8, colour only
 * on a terminal that did not refuse it, times local. What it prints may come from anybody: no control character
 * ever reaches the terminal. */
#ifndef KEDGE_CMD_PAGE_H
#define KEDGE_CMD_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/wire/json.h"

enum page_colour { PAGE_PLAIN, PAGE_RED, PAGE_GREEN, PAGE_YELLOW, PAGE_BOLD };
enum { PAGE_WIDTH = 80, PAGE_TIME_CAP = 32 };

struct page {
	unsigned width;                  /* columns */
	bool fixed;                      /* a terminal, or COLUMNS: lines must fit; else a table may be wider */
	bool utf8, colour;
};

struct page page_open(void);

/* A member of an answer as text: "" when absent or null. */
const char *page_str(const cJSON *obj, const char *name);
/* A whole number, `none` when absent or null. */
int64_t page_int(const cJSON *obj, const char *name, int64_t none);
bool page_true(const cJSON *obj, const char *name);
/* "2026-11-23 10:41:27" in local time, "-" when the member is null. */
void page_time(const cJSON *obj, const char *name, char out[PAGE_TIME_CAP]);
/* Local time, and what that is in UTC where it differs. */
void page_both_times(const cJSON *obj, const char *name, char out[2 * PAGE_TIME_CAP]);
void page_unix(int64_t unix_s, char out[PAGE_TIME_CAP]);
/* "12 s", "3 min", "5 h", "2 d" between two times in seconds. */
void page_age(double from_unix_s, double to_unix_s, char out[PAGE_TIME_CAP]);
/* "412 B", "3.1 KB", "4.0 MB" */
void page_bytes(int64_t bytes, char out[PAGE_TIME_CAP]);

/* Columns the text takes. */
unsigned page_columns(const struct page *p, const char *s);
void page_put(const struct page *p, const char *s);
/* Left-aligned in `width` columns, cut (marked with ~) or padded, and a blank; width 0: all that is left, no padding. */
void page_cell(const struct page *p, const char *s, unsigned width, enum page_colour colour);
/* A paragraph: `lead` once, then words wrapped at the page's width, further lines indented by `indent`. */
void page_wrap(const struct page *p, const char *lead, unsigned indent, const char *s);
/* The same behind `column` columns that are printed already. */
void page_wrap_on(const struct page *p, unsigned column, unsigned indent, const char *s);
/* One line, cut at the page's width. */
void page_line(const struct page *p, const char *lead, const char *s);
void page_coloured(const struct page *p, enum page_colour colour, const char *s);

/* Names are packed as those of json.h. */
#define page_str(obj, name)        page_str(obj, PACKED_FORMAT name)
#define page_int(obj, name, none)  page_int(obj, PACKED_FORMAT name, none)
#define page_true(obj, name)       page_true(obj, PACKED_FORMAT name)
#define page_time(obj, name, out)  page_time(obj, PACKED_FORMAT name, out)

#endif
