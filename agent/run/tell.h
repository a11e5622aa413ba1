/* tell.h - what the node says by itself: each fact as one notice to the log and every channel, and RUN_DIR/status.json. */
#ifndef KEDGE_RUN_TELL_H
#define KEDGE_RUN_TELL_H

#include "agent/core/action.h"
#include "agent/core/event.h"

struct node;

/* Opens the channels of [report]. */
void tell_start(struct node *n);
void tell_close(struct node *n);
/* Once a turn: every channel gets its next notice, if it is ready. tell_due: when that is needed next, boot clock in ms. */
void tell_tick(struct node *n);
struct view;
void tell_view(const struct node *n, struct view *v);   /* fills in what a view says of the channels */
uint64_t tell_due(const struct node *n);
void tell_failure(struct node *n, uint32_t failure, bool final);
/* A state of the node has ended. */
void tell_over(struct node *n, uint32_t failure);
void tell_service(struct node *n, uint32_t service);
void tell_source(struct node *n, enum source source);
/* Writes status.json and the textfile when they are behind, and tells the service manager. */
void tell_publish(struct node *n);

#endif
