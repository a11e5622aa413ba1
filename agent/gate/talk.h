/* talk.h - what the worker may ask of the gate, and its answers (unasked: talk_news.h). Both are the same binary, so that the
 * heads are plain structs; the gate takes every field for hostile all the same. Three descriptors: questions with their
 * answers, news, and a board of shared memory for what is larger than a packet. */
#ifndef KEDGE_GATE_TALK_H
#define KEDGE_GATE_TALK_H

#include "agent/base/err.h"
#include "agent/base/limits.h"
#include "agent/gate/talk_keys.h"
#include "agent/wire/engine_out.h"
#include "agent/wire/sigv4.h"
#include "agent/wire/view.h"

enum {
	TALK_ASK_FD = 3, TALK_NEWS_FD = 4, TALK_BOARD_FD = 5,    /* of the worker */
	TALK_LIMIT_MS = 10000,                   /* the worker waits so long for an answer, then it ends */
	TALK_TAIL_MAX = 64 * 1024                /* bytes behind a head. longer: refused */
};

/* Written by the worker (reply) and by the gate (body). What stands in it may change under the gate's eyes: it only ever
 * copies bytes out of it. */
struct board {
	char reply[VIEW_MAX];                    /* answers for the control socket; the textfile */
	char body[ANSWER_MAX];                   /* the pruned answer of the engine, until the next question to it */
};

enum ask_what {
	ASK_ENGINE,              /* u.engine: one GET; its answer comes as NEWS_ENGINE. KERR_AGAIN: one is under way */
	ASK_STREAM,              /* u.engine.since_unix_ms: the event stream, in place of an open one */
	ASK_STREAM_END,
	ASK_LOG,                 /* the ECS agent's log from now on, as NEWS_LINE */
	ASK_KEYS_FROM,           /* -> u.keys.from: which provider the settings and the environment name */
	ASK_KEYS_LOOK,           /* u.keys: environment or file, read now -> u.keys */
	ASK_KEYS_FETCH,          /* u.keys: a provider over HTTP; its answer comes as NEWS_KEYS */
	ASK_KEYS_END,            /* the keys in force are over, or (u.keys.same_as_refused) AWS refuses them: they are wiped */
	ASK_SIGN,                /* u.sign, tail: the body -> u.sign */
	ASK_REPLY,               /* u.reply: board.reply[0..bytes) goes to whoever asked on the control socket */
	ASK_HOOK,                /* tail: struct hook_job and what follows it; its words come as NEWS_HOOK */
	ASK_FILE,                /* u.file: -> tail: kedge.conf whole, or the known settings of an ecs.config; nothing if it is as it was */
	ASK_TEXTFILE,            /* u.reply.bytes of board.reply become [report] textfile */
	ASK_LED,                 /* u.led */
	ASK_HMAC,                /* tail: a webhook's body -> u.hmac, by [report] webhook_secret */
	ASK_NOTIFY,              /* tail: a line for `systemctl status`; u.notify: and what it is */
	ASK_COST,                /* -> u.cost: of all processes but the worker */
	ASKS
};

enum talk_file { TALK_CONF, TALK_AGENT_CONFIG, TALK_INSTANCE_CONFIG, TALK_FILES };
enum talk_notify { TALK_READY, TALK_STATUS, TALK_ALIVE };

struct ask {
	enum ask_what what;
	uint32_t tail_bytes;
	union {
		struct { enum engine_get get; int64_t since_unix_ms; char arg[IMAGE_CAP]; } engine;
		struct talk_keys keys;
		struct { int64_t unix_s; char host[300], region[40], service[16], target[96]; } sign;
		struct { uint32_t id, bytes; } reply;
		struct { enum talk_file file; uint64_t stamp; } file;  /* stamp: of what is known of it already; 0: nothing */
		struct { uint32_t on_ms, off_ms; } led;
		enum talk_notify notify;
	} u;
};

struct answer {
	enum kerr err;
	struct why why;
	uint32_t tail_bytes;
	union {
		struct talk_keys keys;
		struct { char authorization[SIGV4_AUTH_CAP], token[CREDENTIALS_TOKEN_CAP]; } sign;
		uint8_t hmac[SIGV4_HASH];
		uint64_t stamp;                  /* of the file; 0: there is none */
		struct { uint64_t pss_bytes, written_bytes; } cost;
	} u;
};

#endif
