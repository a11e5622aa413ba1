#define _GNU_SOURCE /* pipe2 */
#include "platform/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/clock.h"

enum { FDS_MAX = 256 };

/* The caller's ends of the pipes, and what tells that a child ended. */
struct ends { int in, out, child; pid_t pid; };

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void become(const struct spawn *s, int in, int out)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigaction(SIGPIPE, &usual, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 || chdir("/") != 0)
		_exit(127);
	/* also what this process was given by whoever started it */
	for (int fd = STDERR_FILENO + 1; fd < FDS_MAX; fd++)
		close(fd);
	execve(s->path, s->argv, s->envp);
	(void)!write(STDERR_FILENO, "cannot be started: ", 19);
	(void)!write(STDERR_FILENO, strerror(errno), strlen(strerror(errno)));
	_exit(127);
}

static enum kerr start(const struct spawn *s, struct ends *e, struct why *why)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	*e = (struct ends){ -1, -1, signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), -1 };
	if (e->child >= 0 && pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0)
		e->pid = fork();
	if (e->pid == 0)
		become(s, in[0], out[1]);
	close_end(&in[0]);
	close_end(&out[1]);
	e->in = in[1];
	e->out = out[0];
	if (e->pid > 0) {
		/* here too: whoever of the two is first, a kill of the group then finds it */
		(void)setpgid(e->pid, e->pid);
		(void)fcntl(e->in, F_SETFL, O_NONBLOCK);
		(void)fcntl(e->out, F_SETFL, O_NONBLOCK);
		return KERR_OK;
	}
	why_set(why, KERR_IO, "%.150s cannot be started: %s", s->path, strerror(errno));
	close_end(&e->in);
	close_end(&e->out);
	close_end(&e->child);
	return KERR_IO;
}

static void feed(const struct spawn *s, struct ends *e, size_t *fed)
{
	ssize_t n = write(e->in, s->input.p + *fed, s->input.n - *fed);

	if (n > 0)
		*fed += (size_t)n;
	if (*fed == s->input.n || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&e->in);
}

static void listen_to(struct ends *e, struct spawn_end *end, struct text *said)
{
	char buf[4096];
	ssize_t n = read(e->out, buf, sizeof(buf));

	if (n > 0) {
		size_t room = said->cap - 1 - said->len, keep = (size_t)n < room ? (size_t)n : room;

		text_slice(said, (struct slice){ buf, keep });
		end->output_bytes += (uint64_t)n;
	}
	if (n == 0 || end->output_bytes > SPAWN_FLOOD_BYTES || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_end(&e->out);
}

/* What it leaves behind is killed before its number can be anybody else's. */
static bool ended(struct ends *e, struct spawn_end *end)
{
	struct signalfd_siginfo info;
	siginfo_t si = { 0 };
	int status;

	while (read(e->child, &info, sizeof(info)) == (ssize_t)sizeof(info))
		continue;
	if (waitid(P_PID, (id_t)e->pid, &si, WEXITED | WNOHANG | WNOWAIT) != 0 || si.si_pid != e->pid)
		return false;
	(void)kill(-e->pid, SIGKILL);
	if (waitpid(e->pid, &status, 0) != e->pid)
		return false;
	end->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return true;
}

/* Past its end it has been killed: its death is told, but one in the kernel's hands may take its time. */
static int wait_ms(const struct spawn_end *end, uint64_t until_ms)
{
	uint64_t now = clock_boot_ms();

	return end->quit || end->timed_out ? 100 : now >= until_ms ? 0 : until_ms - now > INT_MAX ? INT_MAX : (int)(until_ms - now);
}

static void run(const struct spawn *s, struct ends *e, struct spawn_end *end)
{
	uint64_t until_ms = clock_boot_ms() + s->limit_ms;
	struct text said = text_on(s->output, s->output_cap);
	size_t fed = 0;

	while (!ended(e, end)) {
		struct pollfd fd[] = {
			{ e->in, POLLOUT, 0 }, { e->out, POLLIN, 0 }, { e->child, POLLIN, 0 }, { s->quit_fd, 0, 0 },
		};

		if (poll(fd, sizeof(fd) / sizeof(fd[0]), wait_ms(end, until_ms)) < 0 && errno != EINTR)
			end->timed_out = true;
		if (fd[0].revents != 0)
			feed(s, e, &fed);
		if (fd[1].revents != 0)
			listen_to(e, end, &said);
		end->quit = end->quit || fd[3].revents != 0;
		end->timed_out = end->timed_out || clock_boot_ms() >= until_ms;
		if (end->quit || end->timed_out) {
			(void)kill(-e->pid, SIGKILL);
			(void)kill(e->pid, SIGKILL);   /* it may not have come so far as to have a group */
		}
	}
	/* what it printed last may still be in the pipe */
	for (int i = 0; i < 16 && e->out >= 0 && end->output_bytes <= SPAWN_FLOOD_BYTES; i++)
		listen_to(e, end, &said);
}

enum kerr spawn_run(const struct spawn *s, struct spawn_end *end, struct why *why)
{
	struct ends e;
	enum kerr err = start(s, &e, why);

	*end = (struct spawn_end){ .exit_code = -1 };
	s->output[0] = '\0';
	if (err != KERR_OK)
		return err;
	run(s, &e, end);
	close_end(&e.in);
	close_end(&e.out);
	close_end(&e.child);
	return KERR_OK;
}
