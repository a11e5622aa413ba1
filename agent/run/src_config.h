/* src_config.h - the ECS agent's configuration files, as far as they are facts for the judgement. */
#ifndef KEDGE_RUN_SRC_CONFIG_H
#define KEDGE_RUN_SRC_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct node;

enum { SRC_CONFIGS = 2 };                /* the user's file and the instance's */

struct src_config { bool read; uint64_t stamp[SRC_CONFIGS]; };    /* stamp: as the gate tells it */

/* Reads them when they are new or changed; at the start and now and then. Without either there is no fact. */
void src_config_look(struct node *n);

#endif
