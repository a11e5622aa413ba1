/* check_list.h - the doctor's judgement: what a node's status says of each of its parts. Pure, so that it can be tested. */
#ifndef KEDGE_CMD_CHECK_LIST_H
#define KEDGE_CMD_CHECK_LIST_H

#include "agent/wire/json.h"

/* In the order in which one outweighs the other. */
enum check_level { CHECK_OK, CHECK_UNKNOWN, CHECK_WARNING, CHECK_CRITICAL, CHECK_LEVELS };

enum { CHECKS_MAX = 40, CHECK_TEXT_CAP = 1536, CHECK_STEP_CAP = 4352 /* an IAM statement and some words */ };

struct check {
	const char *name;                /* "clock", "route", ...; several may have the same */
	enum check_level level;
	char text[CHECK_TEXT_CAP];       /* one sentence */
	char step[CHECK_STEP_CAP];       /* what to do about it; empty when there is nothing to do */
};

/* left_out: checks that found no room any more; they count for the worst level all the same. */
struct check_list { uint32_t n, left_out, count[CHECK_LEVELS]; struct check at[CHECKS_MAX]; };

/* status: an object kedge.status/1. What is not known is CHECK_UNKNOWN where a running
 * daemon should know it, else no check: facts that nothing has needed yet, all that only a daemon sees. */
void check_list_of(const cJSON *status, struct check_list *out);
/* The folder whose programs are run at each event; there: mode and owner are its own. */
void check_list_hooks(struct check_list *l, const char *path, bool there, uint32_t mode, uint32_t uid);
/* There is no status, and why. daemon: one runs, but did not answer, or not to this user. */
void check_list_without(bool daemon, const char *why, struct check_list *out);

enum check_level check_list_worst(const struct check_list *list);
const char *check_level_name(enum check_level level);    /* "ok" "unknown" "warning" "critical" */
/* As monitoring plugins exit: 0 ok, 1 warning, 2 critical, 3 unknown. */
int check_level_exit(enum check_level level);
/* "KEDGE WARNING - 2 of 14 checks: clock, iam"; at ok how many there were. */
void check_list_line(const struct check_list *list, struct text *out);

#endif
