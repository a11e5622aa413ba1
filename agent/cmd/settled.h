/* settled.h - whether a deployment has come to its end on this node, judged from one row of kedge.services/1. Pure. */
#ifndef KEDGE_CMD_SETTLED_H
#define KEDGE_CMD_SETTLED_H

#include "agent/base/limits.h"
#include "agent/wire/json.h"

enum settled {
	SETTLED_NOT,            /* it rolls, is looked at, or kedge goes on by itself */
	SETTLED_GOOD,           /* the release runs here, and AWS, where it was asked, calls the deployment SUCCESSFUL */
	SETTLED_BAD             /* hauled back, stuck, or failing and nothing goes on by itself */
};

/* Which deployment it is asked for: a row that is about an earlier one has settled nothing. By its ARN; else by what AWS says is
 * its PRIMARY deployment now: "web:12", and when it was made. Empty and 0: not known. */
struct settled_wanted { char deployment[ARN_CAP], primary[NAME_CAP + 12]; int64_t created_unix_ms; };

/* service: a row; NULL gives SETTLED_NOT. */
enum settled settled_of(const cJSON *service, const struct settled_wanted *wanted);

#endif
