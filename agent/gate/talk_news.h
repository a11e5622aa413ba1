/* talk_news.h - what the gate tells the worker without being asked. */
#ifndef KEDGE_GATE_TALK_NEWS_H
#define KEDGE_GATE_TALK_NEWS_H

#include "agent/gate/talk.h"

enum news_what {
	NEWS_ENGINE,             /* u.engine: the answer; 200: board.body[0..bytes), or for EG_LOGS the tail: a class's name */
	NEWS_STREAM_OPEN,        /* u.engine.status */
	NEWS_EVENT,              /* tail: one pruned event */
	NEWS_STREAM_END,         /* u.engine.err, why */
	NEWS_LINE,               /* tail: one line of the agent's log */
	NEWS_LOG,                /* u.log: its state, after lines or when it changed */
	NEWS_KEYS,               /* u.keys, err, why: of ASK_KEYS_FETCH */
	NEWS_REQUEST,            /* u.request, tail: the words of somebody on the control socket */
	NEWS_HOOK,               /* tail: struct hook_word; none: the runner is gone */
	NEWS_PING,               /* to be answered by ASK_NOTIFY, TALK_ALIVE */
	NEWS_RELOAD, NEWS_STOP,
	NEWSES
};

struct news {
	enum news_what what;
	enum kerr err;
	uint32_t tail_bytes;
	struct why why;
	union {
		struct { unsigned status; uint32_t bytes; uint64_t malformed, oversize; } engine;
		struct { uint64_t oversize, lost; } log;
		struct talk_keys keys;
		struct { uint32_t id; uint32_t uid, gid; int32_t pid; } request;
	} u;
};

#endif
