#include "agent/gate/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/gate/gate_file.h"
#include "agent/gate/gate_notify.h"
#include "agent/gate/gate_state.h"
#include "agent/gate/gate_user.h"
#include "agent/gate/log_ways.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/proc.h"

#define STOP_MS     8000                 /* the worker may write down and say good-bye so long; a service manager waits longer */
#define PING_MS     120000               /* so often it is asked for a sign of life, if the service manager does not want it sooner */
#define SILENT_MS   60000                /* twice as long without one, and it is killed */
#define ROOM_BYTES  (256 * 1024)         /* of unread news; above it only what must not be lost is told */
#define EXIT_FAILED 3

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- what the worker asks ---- */

static void cost(struct gate *g, struct answer *a)
{
	/* the worker counts itself: of another user, it is not to be looked into */
	a->err = proc_pss_bytes(&g->hook.pid, g->hook.fd >= 0, &a->u.cost.pss_bytes, &a->why);
	a->u.cost.written_bytes = proc_disk_written_bytes();
}

static void answer(struct gate *g, const struct ask *q, struct slice tail, struct answer *a, struct text *out)
{
	switch (q->what) {
	case ASK_ENGINE:
	case ASK_STREAM:
	case ASK_STREAM_END:
		gate_engine_ask(g, q, a);
		break;
	case ASK_LOG:
		gate_log_ask(g, a);
		break;
	case ASK_KEYS_FROM:
	case ASK_KEYS_LOOK:
	case ASK_KEYS_FETCH:
	case ASK_KEYS_END:
		gate_keys_ask(g, q, a);
		break;
	case ASK_SIGN:
		gate_sign_ask(g, q, tail, a);
		break;
	case ASK_REPLY:
		gate_control_ask(g, q, a);
		break;
	case ASK_HOOK:
		gate_hook_ask(g, tail, a);
		break;
	case ASK_FILE:
		gate_file_ask(g, q, a, out);
		break;
	case ASK_TEXTFILE:
		gate_file_textfile(g, q->u.reply.bytes, a);
		break;
	case ASK_LED:
		gate_file_led(g, q->u.led.on_ms, q->u.led.off_ms, a);
		break;
	case ASK_HMAC:
		gate_file_hmac(g, tail, a);
		break;
	case ASK_NOTIFY:
		gate_notify_ask(g, q->u.notify, tail, a);
		break;
	case ASK_COST:
		cost(g, a);
		break;
	case ASKS:
	default:
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no such question");
	}
}

/* One question at a time: the next is read when this one's answer is on its way. */
static enum kerr take_question(struct gate *g, int fd, struct why *why)
{
	struct ask q;
	struct answer a;
	struct text out = text_on(g->out, sizeof(g->out));
	size_t got = 0;
	enum kerr err = packet_receive(fd, g->in, sizeof(g->in), &got, why);

	memset(&a, 0, sizeof(a));        /* every byte of it goes to the worker */
	if (err != KERR_OK)
		return err;
	if (got < sizeof(q))
		return why_set(why, KERR_BAD_INPUT, "a question is cut");
	memcpy(&q, g->in, sizeof(q));
	if (q.tail_bytes != got - sizeof(q))
		return why_set(why, KERR_BAD_INPUT, "a question is not as long as it says");
	answer(g, &q, (struct slice){ g->in + sizeof(q), q.tail_bytes }, &a, &out);
	a.tail_bytes = out.full ? 0 : (uint32_t)out.len;
	if (out.full)
		a.err = why_set(&a.why, KERR_TOO_BIG, "the answer is longer than %d bytes", TALK_TAIL_MAX);
	err = packet_send(fd, &a, sizeof(a), out.p, a.tail_bytes, why);
	crypto_zero(&a, sizeof(a));
	crypto_zero(g->out, out.len);
	return err;
}

/* Whoever asks what is no question is not the worker any more that was started. */
static void on_question(void *arg, int fd, short revents)
{
	struct gate *g = arg;
	struct why why = { "" };
	enum kerr err;

	(void)revents;
	g->worker.asked_ms = clock_boot_ms();
	err = take_question(g, fd, &why);
	if (err == KERR_OK || err == KERR_AGAIN)
		return;
	loop_unwatch(&g->loop, fd);
	if (err == KERR_GONE)
		return;   /* SIGCHLD follows */
	log_line(&g->log, LOG_LEVEL_ERROR, "the worker: %s; it is ended", why.text);
	gate_worker_kill(g);
}

/* ---- what it is told ---- */

static void on_writable(void *arg, int fd, short revents)
{
	struct gate *g = arg;

	(void)revents;
	loop_unwatch(&g->loop, fd);
	gate_log_go_on(g);
}

bool gate_has_room(const struct gate *g)
{
	int unread = 0;

	return g->worker.news_fd >= 0 && ioctl(g->worker.news_fd, TIOCOUTQ, &unread) == 0 && unread < ROOM_BYTES;
}

void gate_wait_for_room(struct gate *g)
{
	struct why why;

	if (g->worker.news_fd >= 0 && loop_watch(&g->loop, g->worker.news_fd, POLLOUT, on_writable, g, &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_ERROR, "%s", why.text);
}

enum kerr gate_news(struct gate *g, struct news *news, struct slice tail)
{
	struct why why;

	if (g->worker.news_fd < 0)
		return KERR_GONE;
	news->tail_bytes = (uint32_t)tail.n;
	return packet_send(g->worker.news_fd, news, sizeof(*news), tail.p, tail.n, &why);
}

struct news gate_new(enum news_what what)
{
	struct news news;

	memset(&news, 0, sizeof(news));
	news.what = what;
	return news;
}

static void say(struct gate *g, enum news_what what)
{
	struct news news = gate_new(what);

	if (gate_news(g, &news, (struct slice){ NULL, 0 }) == KERR_AGAIN)
		log_line(&g->log, LOG_LEVEL_WARN, "the worker does not read what it is told");
}

enum kerr gate_watch_worker(struct gate *g, struct why *why)
{
	return loop_watch(&g->loop, g->worker.ask_fd, POLLIN, on_question, g, why);
}

/* ---- signals ---- */

static void children(struct gate *g)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == g->worker.pid)
			gate_worker_ended(g, status);
		else
			gate_keys_ended(g, pid);
}

static void on_signal(void *arg, int signo)
{
	struct gate *g = arg;

	if (signo == SIGCHLD)
		children(g);
	else if (signo == SIGHUP)
		g->reload = true;
	else
		g->stop = true;
}

/* ---- the loop ---- */

/* A hung worker is no worker. Sleep of the machine counts in the clock, so it is killed only after it was asked twice. */
static void ping(struct gate *g)
{
	uint64_t now = clock_boot_ms();

	if (g->worker.pid == 0 || now < g->ping_ms)
		return;
	if (g->pings > 1) {
		log_line(&g->log, LOG_LEVEL_ERROR, "the worker gives no sign of life; it is ended");
		g->pings = 0;
		gate_worker_kill(g);
		return;
	}
	g->pings++;
	g->ping_ms = now + (g->notify.every_ms != 0 ? g->notify.every_ms : SILENT_MS);
	say(g, NEWS_PING);
}

void gate_heard(struct gate *g)
{
	g->pings = 0;
	g->ping_ms = clock_boot_ms() + (g->notify.every_ms != 0 ? g->notify.every_ms : PING_MS);
	if (g->worker.settled)
		notify_alive(&g->notify);
}

static enum kerr read_conf(struct gate *g, struct conf *out, struct why *why)
{
	size_t len = 0;
	enum kerr err = file_read(g->conf_path, FILE_REGULAR, g->in, sizeof(g->in), &len, why);

	if (err == KERR_GONE && str_eq(g->conf_path, CONF_PATH))
		err = KERR_OK;           /* none is fine, as at the start */
	if (err == KERR_OK)
		err = conf_parse((struct slice){ g->in, len }, g->conf_path, out, why);
	crypto_zero(g->in, len);             /* a broker's or a proxy's password may stand in it */
	return err;
}

/* Wrong words stay without force, here as in the worker, which tells of them. */
static void reload(struct gate *g)
{
	static struct conf fresh;
	struct why why;

	g->reload = false;
	notify_reloading(&g->notify);
	if (read_conf(g, &fresh, &why) == KERR_OK) {
		*g->conf = fresh;
		log_ways(&g->log, g->conf);
	}
	say(g, NEWS_RELOAD);
}

static bool turn(struct gate *g)
{
	uint64_t due, now;
	struct why why;

	gate_worker_tick(g);
	ping(g);
	due = soonest(gate_worker_due(g), unixsock_expire(&g->control.sock));
	due = soonest(due, g->worker.pid != 0 ? g->ping_ms : UINT64_MAX);
	now = clock_boot_ms();
	if (loop_turn(&g->loop, due > now ? due - now : 0, &why) != KERR_OK) {
		log_line(&g->log, LOG_LEVEL_ERROR, "loop: %s", why.text);
		return false;
	}
	if (g->reload)
		reload(g);
	return true;
}

/* The worker goes first: what it has to write down and to ask for is still answered. */
static void finish(struct gate *g)
{
	uint64_t end_ms = clock_boot_ms() + STOP_MS, now;
	struct why why;

	notify_say(&g->notify, "STOPPING=1");
	g->stop = true;
	say(g, NEWS_STOP);
	while (g->worker.pid != 0 && (now = clock_boot_ms()) < end_ms)
		if (loop_turn(&g->loop, end_ms - now, &why) != KERR_OK)
			break;
	gate_worker_kill(g);
	gate_control_close(g);
	gate_engine_forget(g);
	gate_log_forget(g);
	gate_hook_close(g);
	gate_keys_wipe(g);
	http_close(&g->http);
	loop_close(&g->loop);
	log_close(&g->log);
}

static enum kerr open_all(struct gate *g, struct why *why)
{
	enum kerr err = loop_init(&g->loop, why);

	g->worker.ask_fd = g->worker.news_fd = -1;
	if (err == KERR_OK)
		err = loop_signals(&g->loop, on_signal, g, why);
	if (err == KERR_OK)
		err = http_init(&g->http, &g->loop, NULL, why);
	if (err == KERR_OK)
		err = packet_board(sizeof(struct board), &g->worker.board_fd, (void **)&g->board, why);
	if (err != KERR_OK)
		return err;
	log_ways(&g->log, g->conf);
	gate_user_find(g);
	gate_user_folders(g);
	gate_permit_open(g);
	gate_hook_start(g);
	gate_control_start(g);
	return gate_worker_start(g, why);
}

int gate_run(struct conf *conf, const char *conf_path, bool once)
{
	static struct gate gate;
	struct gate *g = &gate;
	struct why why = { "" };
	bool well = true;

	g->conf = conf;
	g->conf_path = conf_path;
	g->once = once;
	log_init(&g->log, LOG_LEVEL_INFO);
	notify_open(&g->notify);
	/* one look is for who asked for it, and tells nobody else */
	if (once)
		conf->hooks[0] = conf->textfile[0] = conf->led[0] = '\0';
	gate_hook_fork(g);
	/* keys are here: no core dump, whatever the limit or the pattern is, and nobody but root looks in */
	proc_no_dump();
	if (open_all(g, &why) != KERR_OK) {
		log_line(&g->log, LOG_LEVEL_ERROR, "start: %s", why.text);
		return EXIT_FAILED;
	}
	gate_heard(g);
	while (well && !g->stop)
		well = turn(g);
	finish(g);
	return well ? g->exit_code : EXIT_FAILED;
}
