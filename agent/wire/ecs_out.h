/* ecs_out.h - requests to the Amazon ECS API (version 2014-11-13, JSON 1.1): what stands in X-Amz-Target and in
 * the body; and the same as `aws ecs` lines for people. Every call is POST / with CONTENT_TYPE. */
#ifndef KEDGE_WIRE_ECS_OUT_H
#define KEDGE_WIRE_ECS_OUT_H

#include "agent/base/err.h"
#include "agent/base/str.h"

#define ECS_CONTENT_TYPE  "application/x-amz-json-1.1"
#define ECS_SIGNING_NAME  "ecs"
#define ECS_TASKS_MAX     100            /* ids one DescribeTasks takes, and one ListTasks page holds */
#define ECS_SERVICES_MAX  10             /* names one DescribeServices takes */
#define ECS_ARNS_MAX      20             /* ARNs DescribeServiceDeployments and DescribeServiceRevisions take */
#define ECS_TASK_ID_CAP   40             /* bytes: 32 hex, or the 36 of older accounts */
#define ECS_TOKEN_CAP     2048           /* bytes of a nextToken */

enum ecs_call { ECS_LIST_DEPLOYMENTS, ECS_DESCRIBE_DEPLOYMENTS, ECS_DESCRIBE_REVISIONS, ECS_LIST_TASKS,
		ECS_DESCRIBE_TASKS, ECS_DESCRIBE_SERVICES, ECS_STOP_DEPLOYMENT, ECS_UPDATE_SERVICE, ECS_CALLS };

struct ecs_task_ids { uint32_t n; char id[ECS_TASKS_MAX][ECS_TASK_ID_CAP]; };

/* "AmazonEC2ContainerServiceV20141113.ListTasks" */
const char *ecs_out_target(enum ecs_call call);

/* Bodies, appended to *out; KERR_TOO_BIG when it is full, KERR_BAD_INPUT for an empty or oversized argument.
 * The newest HISTORY_MAX deployments of a service, whatever their state. */
enum kerr ecs_out_list_all(struct text *out, const char *cluster, const char *service, struct why *why) KERR_CHECK;
/* Those created after a time only (exclusive by a millisecond): 25 bytes of answer when there are none. */
enum kerr ecs_out_list_after(struct text *out, const char *cluster, const char *service, int64_t after_unix_ms,
			     struct why *why) KERR_CHECK;
enum kerr ecs_out_deployments(struct text *out, const struct slice *arn, size_t n, struct why *why) KERR_CHECK;
enum kerr ecs_out_revisions(struct text *out, const struct slice *arn, size_t n, struct why *why) KERR_CHECK;
/* Running or stopped tasks: those that started_by (of a deployment) names, or where it is empty all of the service. token: of
 * the page before, empty for the first. */
enum kerr ecs_out_list_tasks(struct text *out, const char *cluster, const char *service, const char *started_by,
			     bool stopped, const char *token, struct why *why) KERR_CHECK;
enum kerr ecs_out_task(struct text *out, const char *cluster, struct slice task, struct why *why) KERR_CHECK;
enum kerr ecs_out_tasks(struct text *out, const char *cluster, const struct ecs_task_ids *ids, struct why *why) KERR_CHECK;
enum kerr ecs_out_services(struct text *out, const char *cluster, const struct slice *service, size_t n,
			   struct why *why) KERR_CHECK;
/* stopType ROLLBACK: names one deployment, so a stale request cannot undo a newer one. */
enum kerr ecs_out_stop(struct text *out, const char *deployment_arn, struct why *why) KERR_CHECK;

/* The service goes to that revision of its task definition, and nothing else of it changes. */
enum kerr ecs_out_update(struct text *out, const char *cluster, const char *service, const char *family,
			 uint32_t revision, struct why *why) KERR_CHECK;

/* The lines a person would type, shell-quoted; region empty leaves --region out. False when out is full. */
bool ecs_out_cli_stop(struct text *out, const char *region, const char *deployment_arn);
/* revision 0: the newest. */
bool ecs_out_cli_update(struct text *out, const char *region, const char *cluster, const char *service,
			const char *family, uint32_t revision);
/* The task definition as JSON on stdout, and a new revision out of such a file. */
bool ecs_out_cli_definition(struct text *out, const char *region, const char *family, uint32_t revision);
bool ecs_out_cli_register(struct text *out, const char *region, const char *file);
bool ecs_out_cli_describe(struct text *out, const char *region, const char *cluster, const char *service);
/* One word for a POSIX shell: bare when harmless, else in single quotes. */
void ecs_out_shell(struct text *out, struct slice word);

#endif
