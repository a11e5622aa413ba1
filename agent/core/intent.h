/* intent.h - the intent to haul one deployment back, as users see it and as the journal keeps it. */
#ifndef KEDGE_CORE_INTENT_H
#define KEDGE_CORE_INTENT_H

#include "agent/base/limits.h"
#include "agent/core/class.h"

enum rb_state {
	RB_NONE, RB_SUSPECT, RB_DECIDED, RB_AWAITING_CONFIRMATION, RB_SHADOW, RB_QUEUED_OFFLINE, RB_HELD, RB_QUORUM_WAIT,
	RB_BREAKER_WAIT, RB_ACTING, RB_WATCHING, RB_ROLLED_BACK, RB_ROLLBACK_FAILED, RB_SUPERSEDED, RB_ADOPTED, RB_EXPIRED,
	RB_REFUSED, RB_DENIED, RB_CANCELLED, RB_STATES
};
enum verified { VERIFIED_UNKNOWN, VERIFIED_HERE, VERIFIED_ELSEWHERE, VERIFIED_NO };

/* The intent to haul one deployment back, from decision to verification. */
struct rollback {
	uint32_t id;                     /* shown as r<id> */
	uint32_t failure;                /* the failure that decided it; 0: a person asked */
	enum rb_state state;
	char service[NAME_CAP];
	char family[NAME_CAP];           /* of the failing release */
	uint32_t revision;
	char digest[DIGEST_CAP];         /* of its failing container, when known */
	char deployment[ARN_CAP];        /* the deployment to be stopped; the dedupe key; empty until AWS said it */
	char target_revision_arn[ARN_CAP]; /* the service revision AWS is expected to return to */
	char target_family[NAME_CAP];
	uint32_t target_revision;
	char target_digest[DIGEST_CAP];
	char reason[SENTENCE_CAP * 2];   /* why it is in this state, one or two sentences */
	bool confirmed, by_operator, accepted, link_bad;
	bool update;                     /* the way back is UpdateService: a person asked for it, or Stop no longer applies */
	uint32_t uid;                    /* who confirmed, cancelled or asked */
	int64_t decided_unix_ms, expires_unix_ms, accepted_unix_ms, done_unix_ms, first_failure_unix_ms;
	enum verified verified;
};

const char *rb_state_name(enum rb_state state);
bool rb_state_from(struct slice name, enum rb_state *out);
/* True while kedge still means to do or watch something for it. */
bool rb_open(enum rb_state state);
const char *verified_name(enum verified v);          /* "here" "elsewhere" "no"; NULL when unknown */

#endif
