/* probe.h - the experiments that decide whose fault a failure is, as far as this node can make them. */
#ifndef KEDGE_RUN_PROBE_H
#define KEDGE_RUN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/core/event_engine.h"

struct node;

/* The one question about a rollback's image that a registry has not answered yet; waiting: a bit for each service
 * whose question comes after. */
struct probe_target { bool asked, exact; uint32_t service, ask, waiting; char host[NAME_CAP]; };

/* Disk, inodes, memory, route and clock at once, and the registry if the policy allows; the last answer ends it. */
void probe_failure(struct node *n, uint32_t failure);
/* Tells EV_TARGET_IMAGE as the answer to the newest question of that service. */
void probe_target_answer(struct node *n, uint32_t service, enum tri there, const char *arch, const char *detail);
/* The engine has no image for service[index].rb.target_digest: its registry is asked for the manifest, without
 * credentials, if the policy allows and a reference is known; else that is the answer. */
void probe_target(struct node *n, uint32_t service);
bool probe_target_pending(const struct node *n, uint32_t service);
/* Route and clock: at the start, when the kernel tells of a change, and now and then. */
void probe_slow_facts(struct node *n);

#endif
