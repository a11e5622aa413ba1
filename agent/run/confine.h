/* confine.h - the worker shuts itself in: another user, no privilege, a few folders, the calls it needs. */
#ifndef KEDGE_RUN_CONFINE_H
#define KEDGE_RUN_CONFINE_H

#include "agent/base/err.h"
#include "agent/run/daemon.h"

struct node;

/* For good. What the kernel or the packaging lacks goes into n->missing_part, and the rest is done. KERR_IO: it could not be
 * done, and this process must not go on. */
enum kerr confine(struct node *n, const struct worker *w, struct why *why) KERR_CHECK;

#endif
