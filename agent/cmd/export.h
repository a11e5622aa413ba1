/* export.h - `kedge init --export DIR`: each service and its task definition as files that deploy tools take. */
#ifndef KEDGE_CMD_EXPORT_H
#define KEDGE_CMD_EXPORT_H

#include "agent/cmd/ask.h"
#include "agent/wire/iam.h"

/* Makes DIR/SERVICE/ with ecspresso.yml, ecs-service-def.json and ecs-task-def.json for each service of names; all of it or
 * nothing. The daemon asks AWS. EXIT_NO: dir is there already, or cannot be written; else what the daemon says. Prints. */
int export_to(const struct cmd *c, const char *dir, const struct iam_names *names, bool json);

#endif
