#include "platform/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "platform/clock.h"
#include "platform/proc.h"

#define LONG_MS 1000    /* a wait before which the code's pages are always let go */
#define REST_MS 20      /* before shorter ones no more often than this: they come back by page faults */

/* kept connections of all purposes: engine, introspection, AWS, credentials */
enum { KEPT_CONNECTIONS = 4, RESOLVER_THREADS = 2 };

enum kerr loop_init(struct loop *loop, struct why *why)
{
	CURLM *multi;

	*loop = (struct loop){ .signal_fd = -1 };
	for (int i = 0; i < LOOP_WATCH_MAX; i++)
		loop->watch[i].fd = -1;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return why_set(why, KERR_IO, "libcurl does not start");
	multi = curl_multi_init();
	if (multi == NULL) {
		curl_global_cleanup();
		return why_set(why, KERR_IO, "libcurl has no memory to start with");
	}
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(multi, CURLMOPT_RESOLVE_THREADS_MAX, (long)RESOLVER_THREADS);
	/* a name server that does not answer must not hold the exit */
	curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
	loop->multi = multi;
	return KERR_OK;
}

void loop_close(struct loop *loop)
{
	if (loop->multi == NULL)
		return;
	curl_multi_cleanup(loop->multi);
	loop->multi = NULL;
	curl_global_cleanup();
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	loop->signal_fd = -1;
}

static struct loop_watch *find(struct loop *loop, int fd)
{
	for (int i = 0; i < LOOP_WATCH_MAX; i++)
		if (loop->watch[i].fd == fd)
			return &loop->watch[i];
	return NULL;
}

enum kerr loop_watch(struct loop *loop, int fd, short events, loop_fn *fn, void *arg, struct why *why)
{
	struct loop_watch *w;

	if (fd < 0)
		return why_set(why, KERR_BAD_INPUT, "the loop cannot watch descriptor %d", fd);
	w = find(loop, fd);
	if (w == NULL)
		w = find(loop, -1);
	if (w == NULL)
		return why_set(why, KERR_TOO_BIG, "the loop watches %d descriptors already", LOOP_WATCH_MAX);
	*w = (struct loop_watch){ fd, events, loop->turn, fn, arg };
	return KERR_OK;
}

void loop_unwatch(struct loop *loop, int fd)
{
	struct loop_watch *w = fd < 0 ? NULL : find(loop, fd);

	if (w != NULL)
		*w = (struct loop_watch){ .fd = -1 };
}

static void take_signals(void *arg, int fd, short revents)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->on_signal(loop->signal_arg, (int)info.ssi_signo);
}

enum kerr loop_signals(struct loop *loop, loop_signal_fn *fn, void *arg, struct why *why)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	loop->on_signal = fn;
	loop->signal_arg = arg;
	if (sigaction(SIGPIPE, &ignore, NULL) != 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return why_set(why, KERR_IO, "signals: %s", strerror(errno));
	loop->signal_fd = signalfd(loop->signal_fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return why_set(why, KERR_IO, "signalfd: %s", strerror(errno));
	return loop_watch(loop, loop->signal_fd, POLLIN, take_signals, loop, why);
}

static bool pump(struct loop *loop)
{
	return loop->pump != NULL && loop->pump(loop->pump_arg);
}

/* curl's poll hides POLLHUP and POLLERR of our descriptors: ask again, without waiting. */
static void dispatch(struct loop *loop)
{
	struct pollfd fds[LOOP_WATCH_MAX];

	for (int i = 0; i < LOOP_WATCH_MAX; i++)
		fds[i] = (struct pollfd){ loop->watch[i].fd, loop->watch[i].events, 0 };
	if (poll(fds, LOOP_WATCH_MAX, 0) <= 0)
		return;
	for (int i = 0; i < LOOP_WATCH_MAX; i++) {
		struct loop_watch w = loop->watch[i];

		/* an earlier callback may have closed it, and the number may be another file now */
		if (fds[i].fd < 0 || fds[i].revents == 0 || w.fd != fds[i].fd || w.born == loop->turn)
			continue;
		w.fn(w.arg, w.fd, fds[i].revents);
	}
}

/* Between two turns hardly any code is needed, and what the last one needed the next one may not. */
static void rest(struct loop *loop, uint64_t wait_ms)
{
	uint64_t now = clock_boot_ms();

	if (wait_ms == 0 || (wait_ms < LONG_MS && now - loop->rested_ms < REST_MS))
		return;
	loop->rested_ms = now;
	proc_rest();
}

static enum kerr sleep_a_turn(struct loop *loop, uint64_t wait_ms, struct why *why)
{
	struct curl_waitfd fds[LOOP_WATCH_MAX];
	unsigned n = 0;
	CURLMcode code;
	uint64_t real_ms = clock_real_ms(wait_ms);

	for (int i = 0; i < LOOP_WATCH_MAX; i++) {
		struct loop_watch *w = &loop->watch[i];
		int events = (w->events & POLLIN ? CURL_WAIT_POLLIN : 0) |
			     (w->events & POLLOUT ? CURL_WAIT_POLLOUT : 0);

		if (w->fd >= 0)
			fds[n++] = (struct curl_waitfd){ w->fd, (short)events, 0 };
	}
	rest(loop, real_ms);
	code = curl_multi_poll(loop->multi, fds, n, real_ms > INT_MAX ? INT_MAX : (int)real_ms, NULL);
	loop->wakeups++;
	if (code != CURLM_OK)
		return why_set(why, KERR_IO, "libcurl cannot poll (code %d): %s", (int)code, strerror(errno));
	return KERR_OK;
}

enum kerr loop_turn(struct loop *loop, uint64_t max_wait_ms, struct why *why)
{
	bool busy = pump(loop);
	enum kerr err = sleep_a_turn(loop, busy ? 0 : max_wait_ms, why);

	if (err != KERR_OK)
		return err;
	loop->turn++;
	dispatch(loop);
	(void)pump(loop);
	return KERR_OK;
}
