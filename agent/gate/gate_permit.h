/* gate_permit.h - which changes may be signed: what the policy in kedge.conf permits by itself, within its number a day, and
 * what a person or a hook has confirmed. What was confirmed stands in a file of root's own, as the journal is the worker's. */
#ifndef KEDGE_GATE_PERMIT_H
#define KEDGE_GATE_PERMIT_H

#include "agent/base/limits.h"
#include "agent/gate/talk.h"

struct gate;

#define GRANTED_NAME "granted"           /* in state_dir; root's own */

enum { GRANTS_MAX = 64 };                /* full: the oldest is dropped */

enum grant_verb { GRANT_STOP, GRANT_UPDATE };

struct grant {
	enum grant_verb verb;
	int64_t unix_s;                  /* when; valid for [policy] expire */
	uint32_t uid;
	char service[NAME_CAP], what[ARN_CAP]; /* the service deployment's ARN, or family:revision */
};

struct gate_permit {
	struct grant grant[GRANTS_MAX];
	uint32_t grants;
	int64_t auto_day;                /* Unix day of the count below */
	struct { char arn[ARN_CAP]; } automatic[16];   /* deployments stopped by policy that day */
	uint32_t automatics;
};

void gate_permit_open(struct gate *g);
/* Somebody with the right to (control socket, hook) said yes. KERR_*: it could not be written down, and does not hold. */
enum kerr gate_permit_grant(struct gate *g, enum grant_verb verb, uint32_t uid, struct slice service, struct slice what, struct why *why) KERR_CHECK;
/* May this very body be sent as target? KERR_DENIED with the sentence why not. Reading operations are always. */
enum kerr gate_permit_check(struct gate *g, const char *target, struct slice body, int64_t unix_s, struct why *why) KERR_CHECK;

#endif
