/* probe.h - the experiments that decide whose fault a failure is, as far as this node can make them. */
#ifndef KEDGE_RUN_PROBE_H
#define KEDGE_RUN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/limits.h"

struct node;

/* The one question about a rollback's image that a registry has not answered yet. */
struct probe_target { bool asked, exact; uint32_t service, ask; char host[NAME_CAP]; };

/* Disk, inodes, memory, route and clock at once, and the registry if the policy allows; the last answer ends it. */
void probe_failure(struct node *n, uint32_t failure);
/* Asks the registry, without credentials, for the manifest of service[index].rb.target_digest; EV_TARGET_IMAGE
 * follows. False: the policy forbids it, no reference is known, or one such question is under way. */
bool probe_target(struct node *n, uint32_t service);
/* Route and clock: at the start, when the kernel tells of a change, and now and then. */
void probe_slow_facts(struct node *n);

#endif
