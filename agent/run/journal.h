/* journal.h - the records on disk: appended with one fsync a step, rewritten whole when the file is full. */
#ifndef KEDGE_RUN_JOURNAL_H
#define KEDGE_RUN_JOURNAL_H

#include "agent/core/action.h"
#include "agent/wire/record.h"

struct node;

#define JOURNAL_MAX   (256 * 1024)       /* bytes of the file. full: rewritten from what is still known */
#define JOURNAL_BATCH (96 * 1024)        /* bytes of one step's records */

struct journal {
	char path[320];
	uint64_t bytes, seq, written_bytes; /* seq: of the newest record in the batch */
	size_t batched;
	bool failing;
	uint64_t retry_ms;
	struct record_scan scan;         /* what the start found in it */
	struct record record;
	char batch[JOURNAL_BATCH];
	char rewrite[JOURNAL_MAX];
};

/* Reads the journal into the core and cuts a torn tail off. Damage is counted; a journal that is not this kedge's to read is
 * set aside, whole, as journal.refused-UNIX_S. */
void journal_open(struct node *n);
void journal_add(struct node *n, const struct action *a);
/* Writes the batch; true when it fed EV_SAVED or EV_SAVE_FAILED to the core. */
bool journal_flush(struct node *n);
/* When a refused write is tried again; CORE_NEVER: nothing waits. */
uint64_t journal_due(const struct node *n);

#endif
