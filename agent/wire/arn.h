/* arn.h - Amazon resource names: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. All slices point into the
 * text that was parsed. Forms: AWS general reference "ARN format"; ECS developer guide, "ARNs and IDs". */
#ifndef KEDGE_WIRE_ARN_H
#define KEDGE_WIRE_ARN_H

#include "agent/base/err.h"
#include "agent/base/limits.h"
#include "agent/base/str.h"

#define ARN_PARTS 4                      /* kind / cluster / name / id is the longest ECS resource */

struct arn {
	struct slice partition, service, region, account, resource;
	struct slice part[ARN_PARTS];    /* the resource, split at "/" */
	size_t parts;
};

/* Shorter than ARN_CAP, six fields, only printable ASCII without blanks or quotes, account of twelve digits
 * (or empty), resource of one to ARN_PARTS non-empty parts. KERR_BAD_INPUT names what is wrong. */
enum kerr arn_parse(struct slice text, struct arn *out, struct why *why) KERR_CHECK;
/* The same, and the resource must be of ECS, start with `kind` and have `parts` parts, kind included. */
enum kerr arn_parse_ecs(struct slice text, const char *kind, size_t parts, struct arn *out, struct why *why) KERR_CHECK;

/* The id of a task (its last part); of a bare id that id itself; empty when it is neither. */
struct slice arn_task_id(struct slice arn_or_id);
/* Cluster and service out of a service-deployment, service-revision or long service ARN. */
bool arn_service_of(struct slice arn, struct slice *cluster, struct slice *service);
/* "family:7", or a task-definition ARN that ends so; false on anything else, also on a missing revision. */
bool arn_family_revision(struct slice text, struct slice *family, uint32_t *revision);
/* The name of a cluster given as name or ARN; empty when it is neither. */
struct slice arn_cluster_name(struct slice name_or_arn);

/* The ARN of a service of the same partition, region and account as `like`: long form with the cluster, or,
 * cluster empty, the short form old accounts use. KERR_TOO_BIG when out is too small. */
enum kerr arn_of_service(const struct arn *like, struct slice cluster, struct slice service, char *out, size_t cap,
			 struct why *why) KERR_CHECK;

/* ECS names: letters, digits, "-" and "_", 1-255 bytes. */
bool arn_name_ok(struct slice name);
/* The partition a region belongs to ("aws", "aws-cn", ...); NULL for a word that is no region's name. */
const char *arn_partition_of(struct slice region);

#endif
