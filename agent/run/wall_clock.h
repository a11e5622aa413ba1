/* wall_clock.h - what this node's wall clock is worth, and the time that judgements go by. A board without a battery for
 * its clock boots in 1970 or at its last shutdown; kedge never sets the clock, it waits, corrects and says so.
 * Sources: AWS refuses signatures more than 5 min off; TLS refuses certificates outside of their dates, by the wall clock. */
#ifndef KEDGE_RUN_WALL_CLOCK_H
#define KEDGE_RUN_WALL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"

struct node;

enum wall_state {
	WALL_OK,            /* plausible, and within a minute of AWS's where AWS has spoken */
	WALL_CORRECTED,     /* wrong, but AWS's is known: that one is gone by */
	WALL_BEHIND,        /* before the time at which AWS last answered, which the journal knows; AWS is asked all the same */
	WALL_DOUBTED,       /* a certificate of AWS was outside of its dates: this clock or the certificate is wrong */
	WALL_UNSET,         /* before kedge was built, or decades after: TLS and signatures cannot work, nobody is asked */
	WALL_STATES
};

struct wall_clock {
	int64_t server_minus_boot_ms;    /* AWS's clock on the boot clock; 0: AWS has not spoken in this life */
	int64_t floor_unix_s;            /* it is later than this */
	int64_t doubted_minus_boot_ms;   /* the wall clock that was doubted, on the boot clock */
	bool doubted;
	enum wall_state state;
	struct why why;                  /* the sentence about a state that is not ok */
};

/* The floor: when kedge was built, or later, when AWS last answered. After the journal is read. */
void wall_clock_start(struct node *n);
/* Judges the clock anew and tells the core FACT_CLOCK when that has changed. */
void wall_clock_look(struct node *n);
/* The server's time, out of an answer that only AWS can have given. */
void wall_clock_learn(struct node *n, int64_t server_unix_s);
/* AWS could not be asked because a certificate was outside of its dates. words: which, and what they are. */
void wall_clock_doubt(struct node *n, const char *words);
/* AWS's clock minus this node's, in seconds. False: AWS has not spoken yet. */
bool wall_clock_offset(const struct node *n, int64_t *offset_s);
/* "ok" "corrected" ..., as status has it. */
const char *wall_state_name(enum wall_state s);

#endif
