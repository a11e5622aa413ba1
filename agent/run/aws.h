/* aws.h - the calls to the ECS API: signed, one at a time, over one kept connection. */
#ifndef KEDGE_RUN_AWS_H
#define KEDGE_RUN_AWS_H

#include "agent/core/action.h"
#include "agent/run/aws_send.h"
#include "agent/run/denied.h"
#include "agent/wire/deployments_in.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/ecs_quorum.h"
#include "agent/wire/ecs_update.h"
#include "agent/wire/endpoint.h"
#include "agent/wire/iam.h"

struct node;

#define AWS_QUEUE 64
#define AWS_QUORUM_PAGES 16              /* of 100 tasks, read for one quorum: up to 3 MB. more: not read, said to be unknown */
#define AWS_BODY  (64 * 1024)            /* bytes of an answer that is not streamed */

struct aws_job {
	enum ecs_call call;
	enum aws_op op;                  /* what is asked for */
	uint32_t service, ask;           /* service SERVICES_MAX: it is about none */
	uint32_t reply;                  /* OP_SERVICES: the socket's connection of who waits, or AWS_FOR_PAGE; 0: the core asks */
	uint32_t pages;                  /* OP_QUORUM: of ListTasks that were read */
	bool full, stopped, retried;
	char task[ARN_CAP];
};

struct aws {
	struct aws_job queue[AWS_QUEUE];
	uint32_t head, count;
	bool busy, pinned, ready, kept;  /* busy: until an answer is taken in whole, by the core too; pinned: the first in
					    line was sent, or goes on with what it began, and stays the first; ready:
					    region and endpoint are known; kept: a connection may be open */
	bool by_service;                 /* a service's tasks are listed by its name: AWS did not take startedBy beside desiredStatus */
	uint64_t used_ms;                /* boot clock: when the last answer came */
	uint64_t refused;
	struct iam_denied denied[DENIED_SLOTS]; /* what the role lacked when last asked; action empty: nothing */
	uint32_t allowed;                /* bit i: slot i went through since the start */
	uint64_t wait_ms;                /* as long the newest answer asks to wait; 0: not said */
	struct ev_aws_failed failed;     /* the refusal being told */
	struct aws_signer signer;
	struct endpoint endpoint;
	char region[32];
	char body[4096], answer[AWS_BODY];
	struct deployments_in in;
	struct dep_table tables[2];      /* the one as last answered to a person, and the one coming in */
	bool shown;                      /* index of the former: aws_table() */
	uint64_t kept_hash;              /* of the table as it was last written; 0: not since the start */
	struct ecs_update update;
	struct ecs_quorum quorum;
	struct ecs_quorum_of quorum_of;
	struct ecs_task_ids ids;         /* of the page that is read */
	char token[ECS_TOKEN_CAP];       /* of the page after it; empty: there is none */
	enum kerr stream_failed;
	unsigned stream_status;
	struct text stream_text;         /* on `answer`: an error's body, where a stream was expected */
	struct why stream_why;
	uint64_t malformed;
};

/* The table as last answered to a person. */
static inline struct dep_table *aws_table(struct aws *a) { return &a->tables[a->shown]; }
/* Puts the question of an ACT_AWS_* action in line; the answer comes as an event. */
void aws_ask(struct node *n, const struct action *a);
#define AWS_FOR_PAGE UINT32_MAX          /* nobody waits; open pages are told when it is there */
/* DescribeServices of all known services for a person; the reply goes to that connection of the socket. False: not asked. */
bool aws_describe_services(struct node *n, uint32_t reply);
/* Sends what waits: new keys came, or will not. */
void aws_go_on(struct node *n);
/* The server's time, out of an answer over TLS. */
void aws_learn_time(struct node *n, const struct http_result *r);
/* Region, cluster and endpoint, once what they are made from is known. */
void aws_settle(struct node *n);
/* Closes the kept connection once AWS would close it too: its buffers are memory better given back. */
void aws_rest(struct node *n);

#endif
