/* kept.h - what state_dir keeps, read back: for the daemon at its start, and for verbs while it is down. */
#ifndef KEDGE_RUN_KEPT_H
#define KEDGE_RUN_KEPT_H

#include "agent/core/core.h"
#include "agent/wire/conf.h"
#include "agent/wire/deployments_in.h"
#include "agent/wire/record.h"

#define JOURNAL_FILE_MAX (512 * 1024)    /* bytes: a journal is rewritten long before. longer: KERR_TOO_BIG */

/* state_dir/journal as it is, into bytes[cap]. The errors of file_read, which name the path. */
enum kerr kept_bytes(const struct conf *conf, char *bytes, size_t cap, size_t *len, struct why *why) KERR_CHECK;

/* Feeds every record of state_dir/journal to c (already core_init'ed) and ends the restoring. A missing file is an empty
 * journal (KERR_OK). scan says what was lost in it. All or nothing: KERR_BAD_INPUT of one that a later kedge, or none, wrote,
 * KERR_DENIED, KERR_IO name the path, and then c knows of no record. */
enum kerr kept_journal(const struct conf *conf, struct core *c, struct record_scan *scan, struct why *why) KERR_CHECK;

/* The deployments table as last answered by AWS; KERR_GONE when there is none. */
enum kerr kept_deployments(const struct conf *conf, struct dep_table *out, struct why *why) KERR_CHECK;

#endif
