/* tell.h - what the node says by itself: one log line a fact, and RUN_DIR/status.json. */
#ifndef KEDGE_RUN_TELL_H
#define KEDGE_RUN_TELL_H

#include "agent/core/action.h"
#include "agent/core/event.h"

struct node;

void tell_failure(struct node *n, uint32_t failure, bool final);
/* A state of the node has ended. */
void tell_over(struct node *n, uint32_t failure);
void tell_service(struct node *n, uint32_t service);
void tell_source(struct node *n, enum source source);
/* Writes status.json when it is behind, and tells the service manager; a failure is logged once. */
void tell_publish(struct node *n);

#endif
