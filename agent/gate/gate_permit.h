/* gate_permit.h - which changes may be signed: what the policy in kedge.conf permits by itself, within its number a day, and
 * what a person or a hook has confirmed. What was confirmed stands in a file of root's own, as the journal is the worker's. */
#ifndef KEDGE_GATE_PERMIT_H
#define KEDGE_GATE_PERMIT_H

#include "agent/base/limits.h"
#include "agent/gate/talk.h"
#include "platform/clock.h"

struct gate;

#define GRANTED_NAME "granted"           /* in state_dir; root's own */

enum { GRANTS_MAX = 64,                  /* full: the oldest is dropped */
       AUTOMATICS_MAX = 64,              /* deployments stopped by policy in a day. full: only a person may */
       GRANT_TO_CAP = NAME_CAP + 16 };

enum grant_verb { GRANT_STOP, GRANT_UPDATE };

/* A yes says what it is about, or is bound by the first request it permits: "rollback web" names no deployment. */
struct grant {
	enum grant_verb verb;
	uint32_t uid;
	int64_t unix_s;                  /* when; valid for [policy] expire, by this clock ... */
	uint64_t boot_s;                 /* ... or by the boot clock; 0: of another boot */
	char service[NAME_CAP];
	char stop[ARN_CAP];              /* the service deployment's ARN; empty: whichever */
	char to[GRANT_TO_CAP];           /* family:revision; empty: whichever */
};

struct gate_permit {
	struct grant grant[GRANTS_MAX];
	uint32_t grants;
	int64_t auto_day;                /* Unix day of those below */
	struct { char arn[ARN_CAP]; } automatic[AUTOMATICS_MAX];
	uint32_t automatics;
	char boot_id[CLOCK_BOOT_ID_LEN + 1];
};

/* Reads STATE_DIR/granted. One that is not this user's own, or whose lines are none, permits nothing. */
void gate_permit_open(struct gate *g);
/* Somebody with the right to (control socket, hook) said yes to a change of the service. what: of GRANT_STOP the ARN of
 * the service deployment, of GRANT_UPDATE family:revision; empty or "-": not known here. A yes to a stop is one to the UpdateService
 * that takes its place, too, where policy allows that. What is no name or no such thing is a yes to nothing, and fine. KERR_*: it
 * could not be written down, and does not hold. */
enum kerr gate_permit_grant(struct gate *g, enum grant_verb verb, uint32_t uid, struct slice service, struct slice what,
			    struct why *why) KERR_CHECK;
/* Somebody takes back what was said of the service. */
void gate_permit_withdraw(struct gate *g, struct slice service);
/* May this very body be sent as target? KERR_DENIED with the sentence why not. Reading operations always may. The same
 * body may again, as long as the yes is valid. */
enum kerr gate_permit_check(struct gate *g, const char *target, struct slice body, struct why *why) KERR_CHECK;

/* gate_granted.c: the file. say: what it holds. take: the same read back into an empty one; false: damaged, and *p is half of it. */
void granted_say(const struct gate_permit *p, struct text *t);
bool granted_take(struct gate_permit *p, struct slice file);
void granted_read(struct gate *g);
enum kerr granted_write(struct gate *g, struct why *why) KERR_CHECK;

#endif
