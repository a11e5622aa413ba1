/* web.h - what the node answers over HTTP on its loopback address: a page for people, the same objects as the verbs, numbers
 * for Prometheus, and whether it is well. Read-only. */
#ifndef KEDGE_RUN_WEB_H
#define KEDGE_RUN_WEB_H

struct node;

/* Listens where [report] listen says; what stands in the way is logged, and kedge goes on without. */
void web_start(struct node *n);

#endif
