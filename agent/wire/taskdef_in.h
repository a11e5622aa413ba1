/* taskdef_in.h - DescribeTaskDefinition: which images a revision starts. Its environment, commands and the names of its
 * secrets pass the pruner and are never kept. */
#ifndef KEDGE_WIRE_TASKDEF_IN_H
#define KEDGE_WIRE_TASKDEF_IN_H

#include "agent/base/limits.h"
#include "agent/core/event.h"
#include "agent/wire/pruned.h"

#define TASKDEF_KEPT (72 * 1024) /* bytes kept of one: ECS lets a definition have 64 KB; exported whole, else far less */
#define TASKDEF_TARGET "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition"

struct taskdef_container { char name[NAME_CAP], image[IMAGE_CAP]; enum tri essential; };

struct taskdef {
	char family[NAME_CAP];
	uint32_t revision, n;
	bool inactive;                   /* deregistered: it runs where it runs, and UpdateService refuses it */
	struct taskdef_container container[TASK_CONTAINERS];
};

extern const struct prune_list taskdef_list;
/* What a later deploy takes: of DescribeTaskDefinition all that RegisterTaskDefinition has, of DescribeServices (and which
 * definition it runs) all that UpdateService has. Events, deployments, times, counts and ARNs of the service pass by. */
extern const struct prune_list taskdef_export, taskdef_export_service;

/* {"taskDefinition":"FAMILY:REVISION"}. KERR_TOO_BIG: it does not fit. */
enum kerr taskdef_out(struct text *out, const char *family, uint32_t revision, struct why *why) KERR_CHECK;
/* Of an answer pruned by taskdef_list. KERR_BAD_INPUT: it is about another revision, or a member is missing or wrong;
 * KERR_TOO_BIG: a name or an image is longer than ECS allows. */
enum kerr taskdef_in(const cJSON *root, const char *family, uint32_t revision, struct taskdef *out, struct why *why) KERR_CHECK;

#endif
