/* settled.h - whether a deployment has come to its end on this node, judged from one row of kedge.services/1. Pure. */
#ifndef KEDGE_CMD_SETTLED_H
#define KEDGE_CMD_SETTLED_H

#include "agent/wire/json.h"

enum settled {
	SETTLED_NOT,            /* it rolls, is looked at, or kedge goes on by itself */
	SETTLED_GOOD,           /* the release runs here, and AWS, where it was asked, calls the deployment SUCCESSFUL */
	SETTLED_BAD             /* hauled back, stuck, or failing and nothing goes on by itself */
};

/* service: a row; NULL gives SETTLED_NOT. primary: the task definition AWS wants now, "web:12", or empty where it could not be
 * asked: a row that is about an earlier deployment has settled nothing. */
enum settled settled_of(const cJSON *service, const char *primary);

#endif
