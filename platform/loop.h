/* loop.h - the one place the process sleeps: curl's transfers and every other descriptor in one poll.
 * It has no timers: the caller says how long a turn may sleep. */
#ifndef KEDGE_PLATFORM_LOOP_H
#define KEDGE_PLATFORM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/err.h"

enum { LOOP_WATCH_MAX = 32 };

/* revents as in poll(2). The callback may watch, unwatch and start requests. */
typedef void loop_fn(void *arg, int fd, short revents);
typedef void loop_signal_fn(void *arg, int signo);

struct loop_watch {
	int fd;                 /* -1: free */
	short events;
	uint32_t born;          /* turn it was added in: an fd number used again is not the old one */
	loop_fn *fn;
	void *arg;
};

struct loop {
	void *multi;            /* CURLM */
	struct loop_watch watch[LOOP_WATCH_MAX];
	bool (*pump)(void *arg);/* http.c: moves the transfers on, true when something was called back */
	void *pump_arg;
	loop_signal_fn *on_signal;
	void *signal_arg;
	int signal_fd;          /* -1: none */
	uint32_t turn;
	uint64_t wakeups;       /* times poll returned */
	uint64_t rested_ms;     /* boot clock: when the code's pages were given back last */
};

/* Sets up curl (global part, once per process). KERR_IO. loop_close gives everything back; close
 * http (http_close) first. */
KERR_CHECK enum kerr loop_init(struct loop *loop, struct why *why);
void loop_close(struct loop *loop);

/* Calls fn when one of events (POLLIN, POLLOUT) or an error is there. The fd stays the caller's.
 * An fd watched already gets the new events, fn and arg. KERR_TOO_BIG past LOOP_WATCH_MAX. */
KERR_CHECK enum kerr loop_watch(struct loop *loop, int fd, short events, loop_fn *fn, void *arg,
				struct why *why);
/* No effect when fd is not watched. Call it before close(fd). */
void loop_unwatch(struct loop *loop, int fd);

/* TERM, INT, HUP and CHLD become calls of fn, from the loop. Blocks them for this process and, by
 * inheritance, its children: unblock before exec. Also ignores PIPE. KERR_IO. */
KERR_CHECK enum kerr loop_signals(struct loop *loop, loop_signal_fn *fn, void *arg, struct why *why);

/* One turn: sleeps until something happens, at most max_wait_ms of clock_boot_ms, then calls back.
 * Returns early and at once when a transfer just ended. KERR_IO when polling itself fails. */
KERR_CHECK enum kerr loop_turn(struct loop *loop, uint64_t max_wait_ms, struct why *why);

#endif
