/* ecs_update.h - the answer to UpdateService: the whole service with up to 100 events, of which two members are kept
 * while it streams in. */
#ifndef KEDGE_WIRE_ECS_UPDATE_H
#define KEDGE_WIRE_ECS_UPDATE_H

#include "agent/base/arena.h"
#include "agent/base/limits.h"
#include "agent/wire/ecs_in.h"
#include "agent/wire/prune.h"

#define ECS_UPDATE_KEPT (2 * ARN_CAP + 64)   /* bytes of what is kept. more: KERR_TOO_BIG */

struct ecs_update {
	struct prune prune;
	struct text kept;
	char service[NAME_CAP], family[NAME_CAP]; /* asked for */
	uint32_t revision;
	char room[ECS_UPDATE_KEPT];
};

void ecs_update_begin(struct ecs_update *u, const char *service, const char *family, uint32_t revision);
/* The next bytes, in any chunking. KERR_BAD_INPUT and KERR_TOO_BIG are final. */
enum kerr ecs_update_feed(struct ecs_update *u, struct slice bytes, struct why *why) KERR_CHECK;
/* The body is whole -> EV_AWS_UPDATED. An answer about another service, or one that did not go to family:revision, is
 * KERR_BAD_INPUT: what AWS did is then not known. The arena is left as it was. */
enum kerr ecs_update_end(struct ecs_update *u, struct arena *a, struct ecs_asked q, struct event *ev,
			 struct why *why) KERR_CHECK;

#endif
