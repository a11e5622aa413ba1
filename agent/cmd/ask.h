/* ask.h - an answer for a verb: from the daemon over RUN_DIR/kedge.sock, or, for readings while it is down, from
 * what state_dir keeps. One request line, one JSON object. */
#ifndef KEDGE_CMD_ASK_H
#define KEDGE_CMD_ASK_H

#include "agent/cmd/args.h"
#include "agent/wire/conf.h"
#include "agent/wire/json.h"

enum ask_what { ASK_STATUS, ASK_FAILURES, ASK_SERVICES, ASK_DEPLOYMENTS, ASK_TASKS, ASK_WHY };

struct answer {
	struct slice json;               /* as received, in static memory */
	const cJSON *root;
	bool daemon;                     /* false: read from state_dir */
};

struct ask_why { char text[512]; };

/* word: the id for ASK_WHY, a service for ASK_DEPLOYMENTS, or NULL. EXIT_DONE with *out filled; any other exit code:
 * the reason has been printed (with json as the error object on stdout, else on stderr). */
int ask_reading(const struct cmd *c, enum ask_what what, const char *word, bool json, struct answer *out);

/* The same for verbs that ask again and again: nothing is printed, and the reason is in *why. kept false: only the daemon is
 * asked. out->daemon false: it does not run, whatever else went wrong. */
int ask_quiet(const struct conf *conf, enum ask_what what, const char *word, bool kept, struct answer *out, struct ask_why *why);

/* The daemon's status, where it runs; false, and nothing printed, where it does not. */
bool ask_daemon(const struct conf *conf, struct answer *out);

/* For verbs that only the daemon can answer, which may have to ask others first. request without its newline. */
int ask_acting(const struct cmd *c, const char *request, bool json, struct answer *out);
/* The exit code in an answer; `otherwise` when it has none that kedge knows. */
int ask_exit(const struct answer *a, int otherwise);

/* Prints the object as received. */
void ask_print(const struct answer *a);
/* The line that says that the daemon does not run; nothing when it does. */
void ask_head(const struct answer *a);
/* Prints the error to stderr, or with json as kedge.error/1 to stdout; returns code. */
int ask_fail(bool json, int code, const struct packed *words);
int ask_fail_says(bool json, int code, const char *text);

#endif
