/* keys.h - the AWS credentials in force: whose they are, when new ones are asked for, and what is said about it. The gate has
 * them (agent/gate/gate_keys.h); here it is only known that they are there.
 * Their life is judged in the server's time (node_unix_ms). Old keys stay in use while new ones cannot be had, until
 * they end or AWS refuses them. */
#ifndef KEDGE_RUN_KEYS_H
#define KEDGE_RUN_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/wire/credentials_answer.h"

struct node;

enum keys_state {
	KEYS_WAITING,       /* none yet: an answer, a route, or the clock is awaited */
	KEYS_OK,
	KEYS_STALE,         /* in use, but the SSM agent has not renewed its file in time */
	KEYS_FAILING,       /* in use; new ones were asked for in vain */
	KEYS_MISSING,       /* no such file, profile, variable or setting; or one that cannot be read */
	KEYS_REFUSED,       /* the provider says no: somebody has to change something */
	KEYS_UNREACHABLE,   /* the provider does not answer */
	KEYS_EXPIRED,       /* their time is over, and there are no others */
	KEYS_REJECTED,      /* AWS does not take them (any more), and there are no others */
	KEYS_STATES
};

struct keys {
	bool have;                       /* they may be signed with */
	bool rejected;                   /* AWS refused them, and others have not come yet */
	bool waited;                     /* there was no route, or no clock, when it was last looked */
	bool told_source;                /* that AWS cannot be asked was said by this file */
	bool asked;                      /* the provider was, and has not answered */
	bool here;                       /* the provider needs no route */
	enum credentials_source from;    /* who is asked ... */
	enum credentials_source source;  /* ... and whose the keys in force are */
	enum keys_state state;
	struct why why, refusal;         /* the sentence about a state that is not ok; what AWS's refusal means */
	int64_t expiry_unix_s;           /* of the keys in force; 0: not known */
	int64_t refresh_unix_s;          /* server time at which new ones are asked for; 0: retry_ms alone says */
	uint64_t retry_ms;               /* boot clock: not before this */
	uint64_t rejected_ms;            /* boot clock: when AWS refused them */
	uint32_t failures;               /* in a row; 0: the last time went well */
};

/* Does what is due: reads the file, asks the provider, ends keys whose time is over. keys_due: when to call it next, boot
 * clock in ms. */
void keys_tick(struct node *n);
uint64_t keys_due(const struct node *n);
/* AWS refused the keys in force as expired or unknown. True: there are others, or they are on their way (keys_pending),
 * so that the call may be tried again. */
bool keys_rejected(struct node *n);
/* An answer of the provider is awaited, and there are no keys to go on with. */
bool keys_pending(const struct node *n);
/* For a reload: whoever is configured now is asked at once. */
void keys_again(struct node *n);
/* "ok" "stale" ..., as status has it. */
const char *keys_state_name(enum keys_state s);

#endif
