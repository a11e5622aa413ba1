/* args.h - the words and options behind a verb. */
#ifndef KEDGE_CMD_ARGS_H
#define KEDGE_CMD_ARGS_H

#include <stdbool.h>

#include "agent/cmd/cmd.h"

enum { ARG_JSON = 1, ARG_ONCE = 2, ARG_DRY_RUN = 4, ARG_TO = 8, ARG_FOR = 16, ARG_STAGE = 32, ARG_DIR = 64,
       ARG_ROLE = 128, ARG_UPDATE = 256, ARG_EXPORT = 512, ARG_TIMEOUT = 1024, ARG_COUNT = 2048,
       ARG_NO_WAIT = 4096, ARG_FORCE = 8192, ARG_WRITE = 16384, ARG_YES = 32768, ARG_BRIEF = 65536, ARGS_WORDS = 2 };

struct args {
	bool json, once, dry_run, no_wait, force, write, yes, update, brief; /* update: --allow-update-service */
	const char *to, *span, *stage, *dir, *role, *export, *count; /* --to, --stage, ...; NULL: not given */
	int n;                               /* words; span above is --for or --timeout, count is -n */
	const char *word[ARGS_WORDS];
};

/* allowed: the options this verb knows. "--" ends the options, "-" is a word. False (the reason is on stderr, the
 * exit code is EXIT_USAGE): an option it does not know, one given twice or without its value, too few or many words. */
bool args_parse(const struct cmd *c, unsigned allowed, int words_min, int words_max, struct args *out);

/* For words that become part of a request to the daemon: printable ASCII without blanks, not empty; else as above. */
bool args_word_ok(const struct cmd *c, const char *word);

#endif
