/* unixsock and loop: questions and answers, signals, descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/unixsock.h"
#include "tests/tap.h"

static char dir[64], path[100];
static struct loop loop;
static struct unixsock server;
static struct why why;

struct seen {
	int asked;
	uint32_t id;
	struct unixsock_peer peer;
	char text[UNIXSOCK_REQUEST_MAX];
	bool later;
};

static void on_request(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	struct seen *s = arg;
	static char big[UNIXSOCK_REPLY_MAX];

	s->asked++;
	s->id = id;
	s->peer = *peer;
	(void)str_cut(s->text, sizeof(s->text), request);
	if (s->later)
		return;
	memset(big, 'r', sizeof(big));
	(void)!unixsock_reply(&server, id, slice_is(request, "big") ? (struct slice){ big, sizeof(big) } : request, &why);
}

static void turn_for(uint64_t ms)
{
	uint64_t end = clock_boot_ms() + ms, now;

	while ((now = clock_boot_ms()) < end) {
		(void)!loop_turn(&loop, end - now, &why);
		(void)unixsock_expire(&server);
	}
}

/* A verb asks from a process of its own; its exit status is the kind of error, its check the answer. */
static pid_t ask(const char *request, const char *want, size_t cap, uint32_t timeout_ms)
{
	static char answer[UNIXSOCK_REPLY_MAX + 1];
	size_t n = 0;
	enum kerr err;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	err = unixsock_call(path, slice_of(request), answer, cap, &n, timeout_ms, &why);
	if (err == KERR_OK && want != NULL && !slice_is((struct slice){ answer, n }, want))
		_exit(99);
	if (err == KERR_OK && want == NULL && n != UNIXSOCK_REPLY_MAX)
		_exit(98);
	_exit((int)err);
}

static int answer_of(pid_t pid)
{
	int status = 0;

	for (int i = 0; i < 100 && waitpid(pid, &status, WNOHANG) == 0; i++)
		turn_for(20);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int raw_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(a.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
		abort();
	return fd;
}

static void test_call(void)
{
	static char long_request[UNIXSOCK_REQUEST_MAX + 10];
	struct seen s = { 0 };
	struct stat st;
	pid_t pid;

	is_int(unixsock_listen(&server, &loop, path, 0660, on_request, &s, &why), KERR_OK, "listens");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660, "with its mode");
	pid = ask("status", "status", 100, 2000);
	is_int(answer_of(pid), KERR_OK, "a question is answered");
	ok(s.peer.uid == getuid() && s.peer.pid == pid, "and its asker is known");
	is_int(answer_of(ask("big", NULL, UNIXSOCK_REPLY_MAX + 1, 2000)), KERR_OK, "an answer of the largest size comes whole");
	is_int(answer_of(ask("big", NULL, 1000, 2000)), KERR_TOO_BIG, "or is too long for the asker");
	memset(long_request, 'q', sizeof(long_request) - 1);
	is_int(answer_of(ask(long_request, "", 100, 2000)), KERR_IO, "a question too long gets no answer");
	is_int(server.refused, 1, "and is counted");
	is_int(answer_of(ask("", "", 100, 2000)), KERR_IO, "nor an empty one");
	s.later = true;
	is_int(answer_of(ask("slow", "", 100, 300)), KERR_TIMEOUT, "an answer that does not come is a timeout");
	turn_for(50);
	is_int(unixsock_reply(&server, s.id, SLICE("late"), &why), KERR_GONE, "the asker has left");
	pid = ask("slow", "late", 100, 2000);
	turn_for(100);
	is_int(unixsock_reply(&server, s.id, SLICE("late"), &why), KERR_OK, "an answer may come later");
	is_int(answer_of(pid), KERR_OK, "and is got");
	s.later = false;
	unixsock_close(&server);
	ok(stat(path, &st) != 0, "the socket is removed");
}

static void test_crowd(void)
{
	struct seen s = { 0 };
	int fd[UNIXSOCK_CONNS + 2];
	char c;

	is_int(unixsock_listen(&server, &loop, path, 0600, on_request, &s, &why), KERR_OK, "listens again");
	for (int i = 0; i < UNIXSOCK_CONNS + 2; i++) {
		fd[i] = raw_connect();
		turn_for(10);
	}
	turn_for(50);
	is_int(server.refused, 2, "more than the table holds are turned away");
	is_int(recv(fd[UNIXSOCK_CONNS], &c, 1, MSG_DONTWAIT), 0, "at once");
	for (int i = 0; i < UNIXSOCK_CONNS + 2; i++)
		close(fd[i]);
	turn_for(50);
	is_int(answer_of(ask("status", "status", 100, 2000)), KERR_OK, "afterwards there is room again");
	fd[0] = raw_connect();
	turn_for(UNIXSOCK_DEADLINE_MS + 200);
	is_int(recv(fd[0], &c, 1, MSG_DONTWAIT), 0, "who says nothing is dropped");
	close(fd[0]);
	unixsock_close(&server);
}

static void test_paths(void)
{
	struct unixsock *other = calloc(1, sizeof(*other));
	struct seen s = { 0 };
	char long_path[200], answer[10];
	size_t n;
	FILE *f;

	if (other == NULL)
		abort();
	is_int(unixsock_call(path, SLICE("x"), answer, sizeof(answer), &n, 100, &why), KERR_GONE, "no socket: %s", why.text);
	is_int(unixsock_listen(&server, &loop, path, 0600, on_request, &s, &why), KERR_OK, "listens");
	is_int(unixsock_listen(other, &loop, path, 0600, on_request, &s, &why), KERR_REFUSED, "a second one is refused: %s", why.text);
	is_int(answer_of(ask("status", "status", 100, 2000)), KERR_OK, "the first goes on");
	loop_unwatch(&loop, server.fd);
	close(server.fd); /* as after kill -9: the socket stays behind */
	is_int(unixsock_call(path, SLICE("x"), answer, sizeof(answer), &n, 100, &why), KERR_REFUSED, "stale: %s", why.text);
	is_int(unixsock_listen(&server, &loop, path, 0600, on_request, &s, &why), KERR_OK, "a stale one is replaced");
	unixsock_close(&server);
	f = fopen(path, "w");
	if (f == NULL || fclose(f) != 0)
		abort();
	is_int(unixsock_listen(&server, &loop, path, 0600, on_request, &s, &why), KERR_BAD_INPUT, "a file is not: %s", why.text);
	(void)unlink(path);
	memset(long_path, 'p', sizeof(long_path));
	long_path[199] = '\0';
	is_int(unixsock_listen(&server, &loop, long_path, 0600, on_request, &s, &why), KERR_BAD_INPUT, "too long: %s", why.text);
	free(other);
}

static void on_signal(void *arg, int signo)
{
	*(int *)arg = signo;
}

static void on_pipe(void *arg, int fd, short revents)
{
	*(short *)arg = revents;
	if ((revents & POLLHUP) != 0)
		loop_unwatch(&loop, fd);
}

static void test_loop(void)
{
	int signo = 0, p[2];
	short revents = 0;
	uint64_t before, began;

	is_int(loop_signals(&loop, on_signal, &signo, &why), KERR_OK, "signals");
	(void)kill(getpid(), SIGHUP);
	is_int(loop_turn(&loop, 1000, &why), KERR_OK, "a turn");
	is_int(signo, SIGHUP, "brings the signal");
	before = loop.wakeups;
	began = clock_boot_ms();
	is_int(loop_turn(&loop, 120, &why), KERR_OK, "a turn with nothing to do");
	ok(clock_boot_ms() - began >= 115, "sleeps as long as told");
	is_int(loop.wakeups - before, 1, "and wakes once");
	if (pipe(p) != 0)
		abort();
	is_int(loop_watch(&loop, p[0], POLLIN, on_pipe, &revents, &why), KERR_OK, "a pipe");
	close(p[1]);
	is_int(loop_turn(&loop, 1000, &why), KERR_OK, "a turn");
	ok((revents & POLLHUP) != 0, "a hang-up alone is told");
	close(p[0]);
	for (int fd = 100; fd < 100 + LOOP_WATCH_MAX - 1; fd++)
		(void)!loop_watch(&loop, fd, POLLIN, on_pipe, &revents, &why);
	is_int(loop_watch(&loop, 500, POLLIN, on_pipe, &revents, &why), KERR_TOO_BIG, "the table is bounded: %s", why.text);
	for (int fd = 100; fd < 100 + LOOP_WATCH_MAX; fd++)
		loop_unwatch(&loop, fd);
}

int main(void)
{
	strcpy(dir, "/tmp/t_platform_sock.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/sock", dir);
	is_int(loop_init(&loop, &why), KERR_OK, "a loop");
	test_call();
	test_crowd();
	test_paths();
	test_loop();
	loop_close(&loop);
	is_int(rmdir(dir), 0, "nothing is left behind");
	return done();
}
