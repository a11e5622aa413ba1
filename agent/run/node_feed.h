/* node_feed.h - how what was learned reaches the core, and the views what they show. */
#ifndef KEDGE_RUN_NODE_FEED_H
#define KEDGE_RUN_NODE_FEED_H

#include "agent/run/node.h"

/* Hands one event to the core and carries out what it wants. n->ev may be passed. */
void node_feed(struct node *n, struct event *ev);

/* For parsers that tell several events: an ev_out that feeds each. */
struct ev_out node_out(struct node *n);

/* The time that judgements use: the server's when the machine's own differs by more than a minute. */
int64_t node_unix_ms(const struct node *n);

/* Clears n->ev for a new event of that type. */
struct event *node_event(struct node *n, enum ev_type type);

/* A source's state, told only when it differs from what was told last. */
void node_source(struct node *n, enum source source, enum source_state state, const char *detail);
void node_source_says(struct node *n, enum source source, enum source_state state, const struct packed *detail); /* of ours */
void node_fact(struct node *n, enum fact fact, enum tri yes, int64_t value, const char *about, bool last);

/* What the views need beside the core. */
void node_view(struct node *n, struct view *v);

#endif
