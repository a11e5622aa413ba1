/* probe.h - the experiments that decide whose fault a failure is, as far as this node can make them. */
#ifndef KEDGE_RUN_PROBE_H
#define KEDGE_RUN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct node;

/* Disk, inodes, memory, route and clock at once, and the registry if the policy allows; the last answer ends it. */
void probe_failure(struct node *n, uint32_t failure);
/* Route and clock: at the start, when the kernel tells of a change, and now and then. */
void probe_slow_facts(struct node *n);

#endif
