/* replay.h - a recorded node through the real parsers and the real core, in recorded time: every field incident
 * becomes a test. No AWS, no experiment: what the record does not hold stays unknown. */
#ifndef KEDGE_RUN_REPLAY_H
#define KEDGE_RUN_REPLAY_H

#include "agent/base/err.h"
#include "agent/base/str.h"

/* Plays a directory with any of docker-events.jsonl, agent.log, tasks.jsonl, inspect.jsonl and metadata.json, or
 * one file that is a recording of /events, an ECS agent's log or kedge's own journal (its content says which), and
 * writes the failures as view_failures does into out (VIEW_MAX suffices). Lines that do not parse are named on stderr, counted and
 * passed over. Once per process: its state is static.
 * KERR_GONE, KERR_DENIED, KERR_IO: cannot be read, or holds no recording. KERR_BAD_INPUT: path is not of that kind,
 * or a journal of a later kedge.
 * KERR_REFUSED: an invariant of the core broke. why is set for each. */
KERR_CHECK enum kerr replay_dir(const char *dir, const char *version, struct text *out, struct why *why);
KERR_CHECK enum kerr replay_file(const char *path, const char *version, struct text *out, struct why *why);

#endif
