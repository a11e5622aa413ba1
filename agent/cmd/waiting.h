/* waiting.h - until a deployment of a service has come to its end on this node, for people and scripts that deploy. */
#ifndef KEDGE_CMD_WAITING_H
#define KEDGE_CMD_WAITING_H

#include "agent/cmd/args.h"
#include "agent/wire/conf.h"

/* --timeout; NULL: 30 min. False: no duration, the reason is on stderr. */
bool waiting_span(const struct cmd *c, const char *span, uint64_t *ms);

/* deployment: its ARN, or empty for the newest that AWS tells. EXIT_DONE: it runs here; EXIT_NO: it does not, and why, or not
 * yet; EXIT_UNREACHABLE: no daemon, or it knows no such service. Prints, with json kedge.wait/1. */
int waiting_settle(const struct conf *conf, const char *service, const char *deployment, uint64_t ms, bool json);

#endif
