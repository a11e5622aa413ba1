#define _DEFAULT_SOURCE /* environ of unistd.h is not declared by POSIX */
#include "agent/gate/gate_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/backoff.h"
#include "agent/gate/gate_state.h"
#include "platform/clock.h"

#define FIRST_MS    1000
#define LONGEST_MS  60000
#define SETTLED_MS  60000                /* whoever lived so long did not fail at its start */
#define NEWS_BYTES  (512 * 1024)         /* of unread news the kernel is asked to keep */
#define FAR_FD      16                   /* where descriptors are out of the way of 3, 4 and 5 */
#define EXIT_FAILED 3

extern char **environ;

/* The proxy and the time zone are the worker's to know; keys, tokens and whatever else there is are not. The last four bend the
 * clock of a test build, and mean nothing to others. */
static const char *const known[] = {
	"https_proxy=", "HTTPS_PROXY=", "all_proxy=", "ALL_PROXY=", "no_proxy=", "NO_PROXY=", "TZ=", "JOURNAL_STREAM=", "KEDGE_CLOCK_",
};

enum { ENV_MAX = 16 };

static void environment(char *env[ENV_MAX])
{
	size_t n = 0;

	for (char **e = environ; *e != NULL && n < ENV_MAX - 1; e++)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (slice_starts(slice_of(*e), known[i])) {
				env[n++] = *e;
				break;
			}
	env[n] = NULL;
}

/* In the new process. Nothing is open in it but the standard streams and the three. */
_Noreturn static void become(struct gate *g, int ask, int news)
{
	char who[32], *env[ENV_MAX];
	char *argv[] = { "kedge", "--worker", (char *)(g->conf_path != NULL ? g->conf_path : ""), who, (char *)g->worker.missing,
			 g->once ? "once" : NULL, NULL };
	sigset_t none;
	int own = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);   /* this very file, whatever was installed over it meanwhile */

	environment(env);
	snprintf(who, sizeof(who), "%u:%u", (unsigned)g->worker.uid, (unsigned)g->worker.gid);
	sigemptyset(&none);
	ask = fcntl(ask, F_DUPFD_CLOEXEC, FAR_FD);
	news = fcntl(news, F_DUPFD_CLOEXEC, FAR_FD);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == 0 && dup2(fcntl(g->worker.board_fd, F_DUPFD_CLOEXEC, FAR_FD), TALK_BOARD_FD) >= 0 &&
	    dup2(ask, TALK_ASK_FD) >= 0 && dup2(news, TALK_NEWS_FD) >= 0)
		fexecve(own, argv, env);
	log_line(&g->log, LOG_LEVEL_ERROR, "the worker cannot be started out of /proc/self/exe: %s", strerror(errno));
	_exit(EXIT_FAILED);
}

static enum kerr set_up(struct gate *g, struct why *why)
{
	const int bytes = NEWS_BYTES;
	struct gate_worker *w = &g->worker;

	w->asked_ms = w->started_ms = clock_boot_ms();
	/* more than the system's limit where this is root, else as much as that allows */
	if (setsockopt(w->news_fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(w->news_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (fcntl(w->ask_fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(w->news_fd, F_SETFL, O_NONBLOCK) != 0)
		return why_set(why, KERR_IO, "the worker's sockets: %s", strerror(errno));
	return gate_watch_worker(g, why);
}

enum kerr gate_worker_start(struct gate *g, struct why *why)
{
	struct gate_worker *w = &g->worker;
	int ask[2] = { -1, -1 }, news[2] = { -1, -1 };
	enum kerr err = packet_pair(ask, why);

	if (err == KERR_OK)
		err = packet_pair(news, why);
	if (err == KERR_OK && fcntl(news[1], F_SETFL, O_NONBLOCK) != 0)
		err = why_set(why, KERR_IO, "the worker's sockets: %s", strerror(errno));
	w->pid = err == KERR_OK ? fork() : -1;
	if (w->pid == 0)
		become(g, ask[1], news[1]);
	if (err == KERR_OK && w->pid < 0)
		err = why_set(why, KERR_IO, "no process for the worker: %s", strerror(errno));
	(void)close(ask[1]);
	(void)close(news[1]);
	w->ask_fd = ask[0];
	w->news_fd = news[0];
	if (err == KERR_OK)
		return set_up(g, why);
	(void)close(ask[0]);
	(void)close(news[0]);
	w->pid = 0;
	w->ask_fd = w->news_fd = -1;
	return err;
}

static void try_again(struct gate *g)
{
	struct gate_worker *w = &g->worker;

	w->again_ms = clock_boot_ms() + backoff_ms(w->failures++, FIRST_MS, LONGEST_MS, UINT64_MAX);
}

void gate_worker_kill(struct gate *g)
{
	if (g->worker.pid > 0)
		(void)kill(g->worker.pid, SIGKILL);
}

/* Of one look, and of one that cannot even start, the end is this process's end too: whoever started it has to know. */
static bool is_ours(const struct gate *g, int status)
{
	return g->stop || g->once || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED && !g->worker.settled);
}

void gate_worker_ended(struct gate *g, int status)
{
	struct gate_worker *w = &g->worker;

	loop_unwatch(&g->loop, w->ask_fd);
	loop_unwatch(&g->loop, w->news_fd);
	(void)close(w->ask_fd);
	(void)close(w->news_fd);
	w->ask_fd = w->news_fd = -1;
	w->pid = 0;
	gate_engine_forget(g);
	gate_log_forget(g);
	gate_keys_forget(g);
	gate_control_forget(g);
	gate_hook_forget(g);
	if (is_ours(g, status)) {
		g->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
		g->stop = true;
		return;
	}
	if (clock_boot_ms() - w->started_ms > SETTLED_MS)
		w->failures = 0;
	if (WIFSIGNALED(status))
		log_line(&g->log, LOG_LEVEL_ERROR, "the worker was ended by signal %d; another one is started", WTERMSIG(status));
	else
		log_line(&g->log, LOG_LEVEL_ERROR, "the worker ended with %d; another one is started", WEXITSTATUS(status));
	try_again(g);
}

void gate_worker_tick(struct gate *g)
{
	struct gate_worker *w = &g->worker;
	struct why why;

	if (w->pid != 0 || g->stop || w->again_ms > clock_boot_ms())
		return;
	if (gate_worker_start(g, &why) == KERR_OK)
		return;
	log_line(&g->log, LOG_LEVEL_ERROR, "%s", why.text);
	try_again(g);
}

uint64_t gate_worker_due(const struct gate *g)
{
	return g->worker.pid != 0 || g->stop ? UINT64_MAX : g->worker.again_ms;
}
