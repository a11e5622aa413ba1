/* hooks.h - programs of the site that hear of every notice, and may be asked whether a rollback goes on. What they are, and
 * what their exit codes mean: kedge-agent(8). The gate has the process of hook_runner.h
 * that runs them, one at a time; whatever they do, the worker only ever has one job under way. */
#ifndef KEDGE_RUN_HOOKS_H
#define KEDGE_RUN_HOOKS_H

#include "agent/gate/hook_runner.h"
#include "agent/run/outbox.h"

struct node;

/* What the hooks said of one rollback; the last one that counts is the most careful one. */
enum hooks_say { HOOKS_NOTHING, HOOKS_YES, HOOKS_LATER, HOOKS_NO };

struct hooks {
	bool there;                      /* the gate has a runner */
	struct outbox out;
	bool busy;                       /* the runner has a job: */
	struct notice doing;
	uint32_t asked_id;               /* NOTICE_CONFIRM: of this rollback */
	enum hooks_say say;
	struct { uint32_t id; uint64_t again_ms; } asked[SERVICES_MAX];  /* rollbacks asked of already; again_ms 0: not again */
	uint64_t unsafe;                 /* a bit of the hash of each name that was told to be unsafe: told once */
	uint64_t ran, failed;            /* programs, over the daemon's life */
};

/* Are there any? */
void hooks_start(struct node *n);
/* Once a turn: gives the runner its next job. */
void hooks_tick(struct node *n);
/* When a hook that said "later" is to be asked again, boot clock in ms; UINT64_MAX: none is. */
uint64_t hooks_due(const struct node *n);

#endif
