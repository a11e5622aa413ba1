/* image_check.h - whether the images of a revision are to be had, asked of their registries themselves: for a revision that
 * waits here (evidence), for `kedge verify`, and for the image a rollback would start. One after the other. */
#ifndef KEDGE_RUN_IMAGE_CHECK_H
#define KEDGE_RUN_IMAGE_CHECK_H

#include "agent/run/registry.h"
#include "agent/wire/taskdef_in.h"

#define IMAGE_JOBS (2 * SERVICES_MAX + 4)        /* each service may ask twice, and some people. full: refused, told */

enum image_user { IMAGE_OF_REVISION, IMAGE_OF_TARGET, IMAGE_OF_PERSON, IMAGE_EXPORT /* no images: the definition itself */ };

struct image_job {
	enum image_user user;
	uint32_t index, ask;             /* index: the service's, or the connection of the person who waits */
	uint32_t revision;               /* 0, of an export: family is a service, which is asked for instead */
	char family[NAME_CAP];
};

struct image_check {
	struct image_job queue[IMAGE_JOBS];
	uint32_t head, count, at;        /* at: the container that is asked about */
	bool busy, exact;                /* exact: the reference asked for is the target's own, so that a no is an answer */
	bool bad, denied;
	unsigned status;
	struct pruned in;
	struct why why;
	struct taskdef def;
	struct registry_answer said[TASK_CONTAINERS];
	char body[2 * NAME_CAP + 64], room[TASKDEF_KEPT];
};

/* ACT_REGISTRY: EV_REGISTRY for each container, none when AWS does not tell the images. */
void image_check_revision(struct node *n, uint32_t service, uint32_t ask);
/* The engine has no image for service[index].rb.target_digest: its registry is asked if the policy allows and a reference
 * is known, else that is the answer; EV_TARGET_IMAGE either way. */
void image_check_target(struct node *n, uint32_t service);
bool image_check_pending(const struct node *n, uint32_t service);
/* Tells EV_TARGET_IMAGE as the answer to the newest question of that service. */
void image_check_target_is(struct node *n, uint32_t service, enum tri there, const char *arch, const char *detail);
/* `kedge verify`: the answer goes to that connection of the socket. */
void image_check_verify(struct node *n, uint32_t connection, struct slice definition);

/* `kedge init --export`: what AWS keeps of a service, or of FAMILY:REVISION, as far as a later deploy takes it: kedge.export/1. */
void image_check_export(struct node *n, uint32_t connection, struct slice what);

#endif
