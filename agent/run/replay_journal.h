/* replay_journal.h - the journal of a node in the field, restored as the daemon does at its start. */
#ifndef KEDGE_RUN_REPLAY_JOURNAL_H
#define KEDGE_RUN_REPLAY_JOURNAL_H

#include "agent/base/arena.h"
#include "agent/run/replay_core.h"

/* Feeds every record of the file at path to r, at the time of the newest one, and lets the core come to rest. What is
 * damaged or of a later kedge is named on stderr, with its offset, and passed over. room: the file and its end must
 * fit in it (JOURNAL_FILE_MAX suffices). *found false: it is no journal, whatever else it is or why it cannot be read.
 * KERR_BAD_INPUT: every record of it is of a later kedge. */
KERR_CHECK enum kerr replay_journal(struct replay_core *r, struct arena *arena, const char *path, char *room, size_t cap,
				    bool *found, struct why *why);

#endif
