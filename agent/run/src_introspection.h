/* src_introspection.h - the ECS agent's introspection port: who is placed here, as the agent sees it. */
#ifndef KEDGE_RUN_SRC_INTROSPECTION_H
#define KEDGE_RUN_SRC_INTROSPECTION_H

#include "agent/base/limits.h"
#include "platform/http.h"

struct node;

struct src_introspection {
	bool busy, metadata;             /* metadata: known since the last connect */
	uint64_t due_ms, asked_ms;
	uint64_t malformed;
	char body[ANSWER_MAX];
};

/* Something happened that the agent's view may explain: asks soon, not at once for each event of a burst. */
void src_introspection_soon(struct node *n);
uint64_t src_introspection_tick(struct node *n);

#endif
