/* ev_out.h - where a parser puts events that come several from one answer or line. */
#ifndef KEDGE_WIRE_EV_OUT_H
#define KEDGE_WIRE_EV_OUT_H

#include "agent/core/event.h"

/* The parser fills *ev (its now_ms and now_unix_ms are the caller's and left alone) and calls put once for
 * each event; *ev is reused afterwards. Caller's memory: an event is several kilobytes. */
struct ev_out {
	struct event *ev;
	void (*put)(void *arg, const struct event *ev);
	void *arg;
};

#endif
