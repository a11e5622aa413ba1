/* traffic.h - what the WAN has carried today, by purpose, from the sockets; and what the day's budget makes of it. */
#ifndef KEDGE_RUN_TRAFFIC_H
#define KEDGE_RUN_TRAFFIC_H

#include "agent/core/event_aws.h"
#include "platform/http.h"

struct node;
struct view;

/* Whose bytes a request's are; those below AWS_OPS are calls to AWS, by operation. What is below PURPOSE_WAN costs money,
 * and has a name in traffic.c. */
enum purpose {
	PURPOSE_REGISTRY = AWS_OPS, PURPOSE_CREDENTIALS, PURPOSE_DEFINITION, PURPOSE_ECR, PURPOSE_WEBHOOK, PURPOSE_MQTT, PURPOSE_WAN,
	PURPOSE_ENGINE = PURPOSE_WAN, PURPOSE_INTROSPECTION, PURPOSE_NEAR /* webhook and MQTT on the site itself */
};

struct traffic {
	int64_t day;                              /* since 1970, by the server's clock (UTC); 0: not known yet */
	struct http_traffic from[PURPOSE_WAN];    /* what the counters stood at when it began; what a former life of kedge
						     counted today is taken off */
	uint64_t kept_bytes;                      /* of today, when they were last written down */
};

/* Reads run_dir/traffic: the day's count goes on after a restart of kedge. A file of another day, or a damaged one,
 * counts as none. */
void traffic_start(struct node *n);
/* Begins a new day at midnight, and tells FACT_DATA when the budget makes another difference now. */
void traffic_look(struct node *n);
/* Writes run_dir/traffic: with status.json, so that it costs nothing while nothing happens. */
void traffic_keep(struct node *n);
/* Fills in what a view says of it. */
void traffic_view(struct node *n, struct view *v);

#endif
