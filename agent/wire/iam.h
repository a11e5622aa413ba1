/* iam.h - AWS permissions: which actions kedge needs for what, the two policies that grant them, what a refusal says, and
 * the statement that lifts it. One table (Service Authorization Reference for ECS and ECR: resource types, condition keys);
 * all else is made from it. Text into the caller's struct text, whose `full` tells that it did not fit. */
#ifndef KEDGE_WIRE_IAM_H
#define KEDGE_WIRE_IAM_H

#include "agent/base/limits.h"
#include "agent/base/str.h"

#define IAM_ACTION_CAP 64                /* bytes: "ecs:StopServiceDeployment". longer: the call's own name is used */
#define IAM_STATEMENT_CAP 4096           /* bytes: one service with names of 255 bytes in each place */

enum iam_role { IAM_OBSERVER, IAM_ACTOR, IAM_ACTOR_UPDATE /* and UpdateService */ };

/* What ARNs are made of; what is empty is written as REGION, ACCOUNT, CLUSTER, SERVICE, FAMILY. Slices are borrowed. */
struct iam_names {
	struct slice partition, region, account, cluster;
	uint32_t n;
	struct { struct slice name, family; } service[SERVICES_MAX];
};
/* Fills what is still empty from an ARN, which may be of any kind or none: partition, region, account, and of an ECS
 * resource the cluster; with no service yet, also that. */
void iam_names_from(struct iam_names *n, struct slice arn);
/* The same from a region's name: its partition too. */
void iam_names_region(struct iam_names *n, struct slice region);

/* A whole policy document; lines: a statement a line, else one line. */
void iam_policy(struct text *out, const struct iam_names *n, enum iam_role role, bool lines);
/* One statement, one line: the least that allows this action on what the names tell; an action that kedge's table does not
 * hold is allowed on `resource` alone. */
void iam_statement(struct text *out, const struct iam_names *n, struct slice action, struct slice resource);

/* A refusal. action is never empty; why is AWS's reason in short, or empty when AWS gave none. */
struct iam_denied { char action[IAM_ACTION_CAP], resource[ARN_CAP], why[SENTENCE_CAP]; };
/* Out of AWS's message. Where that names no action or resource (encoded, or short): the operation asked for, as X-Amz-Target
 * or "ecs:Name" tells it, on the first resource it needs. */
void iam_denied_from(struct slice message, const char *operation, const struct iam_names *n, struct iam_denied *out);
/* False: an explicit deny, a boundary or an organisation's policy is in the way; no statement for the role lifts that. */
bool iam_denied_helps(const struct iam_denied *d);
/* One sentence with all of it; iam_denied_read takes it apart again (false: it is none), also when its end was cut off. */
void iam_denied_say(const struct iam_denied *d, struct text *out);
bool iam_denied_read(struct slice sentence, struct iam_denied *out);
/* The statement that lifts it, names as in iam_statement; nothing when none can. */
void iam_denied_statement(const struct iam_denied *d, const struct iam_names *n, struct text *out);

/* The table verb -> actions, row by row; NULL behind the last. */
struct iam_use { const struct packed *verbs; uint32_t actions; /* bit i: iam_action(i) */ };
const struct iam_use *iam_use(uint32_t i);
const char *iam_action(uint32_t i);      /* NULL behind the last */

#endif
