/* tell.h - what the node says by itself: one log line a fact, and RUN_DIR/status.json. */
#ifndef KEDGE_RUN_TELL_H
#define KEDGE_RUN_TELL_H

#include "agent/core/action.h"
#include "agent/core/event.h"

struct node;

/* Says which channels of [report] are set that this version does not serve. */
void tell_start(struct node *n);
void tell_failure(struct node *n, uint32_t failure, bool final);
/* A state of the node has ended. */
void tell_over(struct node *n, uint32_t failure);
void tell_service(struct node *n, uint32_t service);
void tell_source(struct node *n, enum source source);
/* Writes status.json and the textfile when they are behind, and tells the service manager. */
void tell_publish(struct node *n);

#endif
