/* agent_config.h - what the ECS agent's own configuration means for kedge: whether its log tells reasons, and whether
 * its clean-up leaves the image of a rollback alone. Facts: amazon-ecs-agent 1.50 to 1.105. */
#ifndef KEDGE_WIRE_AGENT_CONFIG_H
#define KEDGE_WIRE_AGENT_CONFIG_H

#include "agent/core/event.h"

/* Texts of the two KEY=VALUE files; a key of the user's file overrides the instance's. Empty: no such file. */
struct agent_config { struct slice user, instance; };

/* FACT_REASONS and FACT_IMAGES_KEPT into *out, with the key and value that decide in `about`. A value the agent would
 * not understand counts as not set, as it does there. */
void agent_config_reasons(const struct agent_config *c, struct ev_fact *out);
void agent_config_images(const struct agent_config *c, struct ev_fact *out);

/* The settings kedge has a use for, by name; *n of them. Whatever else stands in the files, a registry's password say, is not
 * to be handed around. */
const char *const *agent_config_keys(size_t *n);

#endif
