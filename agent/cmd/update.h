/* update.h - UpdateService is a person's to send: the daemon does it for one where the policy says so, else the command
 * for that person's own credentials is shown. Shared by rollback --to and deploy. */
#ifndef KEDGE_CMD_UPDATE_H
#define KEDGE_CMD_UPDATE_H

#include "agent/cmd/ask.h"

/* Asks the daemon to take service a->word[0] to definition ("web:12"), and prints what it says. Exit code of the contract;
 * EXIT_REFUSED with the command on stderr (with json in the object) where the conf does not allow it, also without a daemon. */
int update_ask(const struct cmd *c, const struct args *a, const char *definition, struct answer *answer);

#endif
