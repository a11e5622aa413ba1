/* settings.h - kedge.conf for a verb. */
#ifndef KEDGE_CMD_SETTINGS_H
#define KEDGE_CMD_SETTINGS_H

#include <stdbool.h>

#include "agent/cmd/cmd.h"
#include "agent/wire/conf.h"

/* Without a file at CONF_PATH the defaults hold; a file named with --conf must be there. False: what is wrong
 * with it is on stderr, the exit code is EXIT_USAGE. */
bool settings_load(const struct cmd *c, struct conf *out);
/* The file that was read, or would have been. */
const char *settings_path(const struct cmd *c);

#endif
