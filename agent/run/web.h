/* web.h - what the node answers over HTTP on its loopback address: a page for people, the same objects as the verbs, numbers
 * for Prometheus, whether it is well, and a stream that says when something has changed. Read-only. */
#ifndef KEDGE_RUN_WEB_H
#define KEDGE_RUN_WEB_H

struct node;

/* Listens where [report] listen says; what stands in the way is logged, and kedge goes on without. */
void web_start(struct node *n);
/* The state that is published has changed: open pages fetch it anew. */
void web_changed(struct node *n);

#endif
