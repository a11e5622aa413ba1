/* notice.h - one thing worth telling, in every form the channels need: a line, fields, an object. The log, journald, hooks,
 * webhook and MQTT are written from here alone, so that they cannot disagree. A notice names what changed and is put into
 * words when it is sent: whoever was slow hears how things stand now. */
#ifndef KEDGE_WIRE_NOTICE_H
#define KEDGE_WIRE_NOTICE_H

#include "agent/wire/view.h"

enum notice_kind {
	NOTICE_FAILURE,         /* what: its id. It is final */
	NOTICE_SUSPECT,         /* what: its id. It may still be taken back */
	NOTICE_OVER,            /* what: its id. A state of the node has ended */
	NOTICE_SERVICE,         /* what: the service's slot. Its verdict or its rollback's state is another */
	NOTICE_SOURCE,          /* what: enum source. It came or went */
	NOTICE_CONFIRM,         /* what: the service's slot. May its rollback go on? For hooks */
	NOTICE_KINDS
};

struct notice {
	enum notice_kind kind;
	uint32_t what;
};

const char *notice_name(enum notice_kind kind);  /* "failure" "suspect" "over" "service" "source" "confirm" */
/* MESSAGE_ID of journald, 32 hex digits, the same in every version; kedge-agent(8) lists them. */
const char *notice_message_id(enum notice_kind kind);

/* False: what it is about is no longer in memory, and nothing can be told of it. */
bool notice_stands(const struct core *c, struct notice n);
/* Somebody should look: a warning; else it is information. */
bool notice_warns(const struct core *c, struct notice n);

/* All of a notice that stands. One line without its end. */
void notice_line(const struct core *c, struct notice n, struct text *out);
/* Lines "KEDGE_CLASS=exited-early\n", each without control characters: fields of journald, environment of a hook. */
void notice_fields(const struct core *c, struct notice n, struct text *out);
/* "kedge.event/1": event, severity, text, the node, and the failure, service or source as the verbs show it.
 * KERR_TOO_BIG when out is full. */
enum kerr notice_json(const struct view *v, struct notice n, struct text *out) KERR_CHECK;

#endif
