/* deploy.h - the fix forward: a person's word that a service goes to a revision, from that word to its outcome. It is no
 * rollback: it makes no intent, counts against no limit, marks no release, and no restart repeats it. */
#ifndef KEDGE_CORE_DEPLOY_H
#define KEDGE_CORE_DEPLOY_H

#include "agent/core/event_aws.h"

enum deploy_step {
	DEPLOY_NONE,
	DEPLOY_LOOKING,         /* AWS is asked what is deployed now, and the word is written down */
	DEPLOY_SENDING,         /* UpdateService goes with the next action */
	DEPLOY_SENT,            /* no answer yet */
	DEPLOY_FOLLOWING,       /* AWS took it, or did not say: its deployment is looked for */
	DEPLOY_ENDED            /* ACT_DEPLOYED tells the person; then DEPLOY_NONE */
};

enum deploy_end {
	DEPLOY_ACCEPTED,
	DEPLOY_NOT,             /* nothing was sent, or AWS did not take it, or nobody knows */
	DEPLOY_REFUSED,         /* by this node's policy */
	DEPLOY_DENIED,          /* by AWS's permissions */
	DEPLOY_ENDS
};

struct deploy {                          /* of the whole node: people deploy one service at a time */
	enum deploy_step step;
	enum deploy_end end;
	uint32_t service, uid, revision, ask;
	bool lost, no_list;              /* the call got no answer; AWS keeps no list of this service's deployments */
	char family[NAME_CAP];
	char before[ARN_CAP], deployment[ARN_CAP]; /* the newest one when it was sent; the one it made, empty: not seen yet */
	enum sd_status overtook;         /* the state `before` was in, if it was under way; else SD_NONE */
	uint64_t seq, asked_ms, sent_ms; /* seq: of the audit record, 0: not written yet */
	int64_t sent_unix_ms;
	char reason[REASON_CAP];         /* at its end: what became of it, in one or two sentences */
};

const char *deploy_end_name(enum deploy_end end);

#endif
