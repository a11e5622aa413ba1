/* gate_state.h - everything the gate owns. One static instance; no other state in agent/gate. */
#ifndef KEDGE_GATE_STATE_H
#define KEDGE_GATE_STATE_H

#include "agent/gate/gate_control.h"
#include "agent/gate/gate_engine.h"
#include "agent/gate/gate_hook.h"
#include "agent/gate/gate_keys.h"
#include "agent/gate/gate_log.h"
#include "agent/gate/gate_permit.h"
#include "agent/gate/gate_worker.h"
#include "agent/gate/talk_news.h"
#include "agent/wire/conf.h"
#include "platform/http_pool.h"
#include "platform/log.h"
#include "platform/notify.h"
#include "platform/packet.h"

struct gate {
	struct conf *conf;               /* the caller's, changed in place by a reload */
	const char *conf_path;           /* NULL: no file, all is discovered */
	struct loop loop;
	struct http http;                /* the engine's socket; nothing else */
	struct log log;
	struct notify notify;
	struct gate_worker worker;
	struct gate_engine engine;
	struct gate_log agent_log;
	struct gate_keys keys;
	struct gate_permit permit;
	struct gate_control control;
	struct gate_hook hook;
	struct board *board;
	bool once, stop, reload;
	int exit_code;                   /* of a worker whose end is the gate's end */
	uint32_t pings;                  /* signs of life asked for and not given */
	uint64_t ping_ms;                /* boot clock: when the next is asked for */
	char in[sizeof(struct ask) + TALK_TAIL_MAX], out[TALK_TAIL_MAX];
};

/* News of nothing yet. Every byte of them goes to the worker, padding too: there must be none of the stack's in it. */
struct news gate_new(enum news_what what);
/* Sends one piece of news to the worker (tail_bytes is set here). KERR_AGAIN: it does not keep up, and only what can wait or be asked
 * for again may be told so; KERR_GONE: there is no worker. */
enum kerr gate_news(struct gate *g, struct news *news, struct slice tail) KERR_CHECK;
/* May a line or an event be sent, or is what is left of the room for news that must not be lost? */
bool gate_has_room(const struct gate *g);
/* gate_log_go_on() is called once the worker has read. */
void gate_wait_for_room(struct gate *g);
/* Its questions are answered from now on. */
enum kerr gate_watch_worker(struct gate *g, struct why *why) KERR_CHECK;
/* It gave a sign of life. */
void gate_heard(struct gate *g);

#endif
