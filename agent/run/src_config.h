/* src_config.h - the ECS agent's configuration files, as far as they are facts for the judgement. */
#ifndef KEDGE_RUN_SRC_CONFIG_H
#define KEDGE_RUN_SRC_CONFIG_H

#include "platform/file.h"

struct node;

enum { SRC_CONFIGS = 2 };                /* the user's file and the instance's */

struct src_config { bool read; struct file_ident seen[SRC_CONFIGS]; };

/* Reads them when they are new or changed; at the start and now and then. Without either there is no fact. */
void src_config_look(struct node *n);

#endif
