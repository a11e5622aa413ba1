/* limits.h - every capacity of kedge, with its unit and what happens when it is full.
 * ECS's own bounds (names 255, ten containers a task) are met in full; the rest is chosen for a node. */
#ifndef KEDGE_BASE_LIMITS_H
#define KEDGE_BASE_LIMITS_H

#define NAME_CAP        256   /* bytes: service, family, cluster, container. longer: refuse, counted */
#define ARN_CAP         640   /* bytes: a service-deployment ARN with two 255-byte names. longer: refuse */
#define DOCKER_ID_CAP    65   /* bytes: 64 hex. longer: refuse */
#define DIGEST_CAP       80   /* bytes: "sha256:" + 64 hex, room for sha512's cut form refused */
#define IMAGE_CAP       400   /* bytes: an image reference with tag and digest. longer: refuse */
#define REASON_CAP     1024   /* bytes: verbatim reason, as long as ECS itself keeps. longer: cut, marked */
#define SENTENCE_CAP    200   /* bytes: one sentence of evidence */
#define STARTED_BY_CAP   64   /* bytes: "ecs-svc/" + 20 digits */
#define DETAIL_CAP      160   /* bytes: why a source is not up */

#define TASKS_MAX       128   /* tasks known. full: the oldest ended one is dropped, else one nobody names or runs, else refuse, counted */
#define CONTAINERS_MAX  256   /* containers known. full: as tasks */
#define TASK_CONTAINERS  10   /* ECS: containers in one task definition */
#define RELEASES_MAX     64   /* releases remembered. full: the oldest without task, verdict or memory is dropped */
#define SERVICES_MAX     32   /* services on this node. full: refuse, counted */
#define SERVICE_FAMILIES  4   /* families one service was seen with. full: drop oldest */
#define FAILURES_MAX     96   /* failures in memory. full: drop oldest (the journal keeps its own bound) */
#define EVIDENCE_MAX      8   /* sentences a failure. full: drop newest */
#define HISTORY_MAX       5   /* service deployments asked of AWS and kept, newest first */
#define REVISIONS_MAX     8   /* service revisions kept a service. full: drop oldest */
#define ACCEPTED_MAX     64   /* deployment ARNs a rollback was accepted for. full: drop oldest */
#define CORE_MAX_ACTIONS 32   /* actions one event causes; more wait for the next tick, none is lost */

#define ENGINE_LINE_MAX  (256 * 1024)  /* bytes: one event of the engine. longer: skipped whole, counted */
#define AGENT_LINE_MAX   (64 * 1024)   /* bytes: one line of the ECS agent's log. longer: skipped, counted */
#define ANSWER_MAX       (512 * 1024)  /* bytes: one answer of engine, agent or AWS. longer: refused, counted */

#endif
