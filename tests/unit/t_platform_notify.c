/* What the service manager is told, by a path and by an abstract name, and nothing where nobody listens. */
#include "platform/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/clock.h"
#include "tests/tap.h"

static struct notify n;

static int listener(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + (name[0] == '/'));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, name, strlen(name) + 1);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	ok(bind(fd, (const struct sockaddr *)(const void *)&at, len) == 0, "a manager listens at %s", name);
	return fd;
}

static const char *heard(int fd)
{
	static char line[600];
	ssize_t got = recv(fd, line, sizeof(line) - 1, 0);

	line[got > 0 ? got : 0] = '\0';
	return line;
}

static void begin(const char *name, const char *usec, const char *pid)
{
	if (name != NULL)
		setenv("NOTIFY_SOCKET", name, 1);
	if (usec != NULL)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	notify_open(&n);
	ok(getenv("NOTIFY_SOCKET") == NULL && getenv("WATCHDOG_USEC") == NULL && getenv("WATCHDOG_PID") == NULL,
	   "no child can speak for this process");
}

static void over(const char *name)
{
	char pid[24];
	int fd = listener(name);

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	begin(name, "4000000", pid);
	notify_say(&n, "READY=1");
	is_str(heard(fd), "READY=1", "ready");
	is_int(n.every_ms, 2000, "still alive is said twice in the manager's time");
	notify_alive(&n);
	is_str(heard(fd), "WATCHDOG=1", "at once");
	notify_alive(&n);
	is_str(heard(fd), "", "and then not before it is due");
	ok(notify_due(&n) > clock_boot_ms() && notify_due(&n) <= clock_boot_ms() + 2000, "in two seconds");
	notify_status(&n, "web: fails\nhere");
	is_str(heard(fd), "STATUS=web: fails here", "a status is one line");
	notify_status(&n, "web: fails\nhere");
	is_str(heard(fd), "", "said once");
	notify_reloading(&n);
	ok(strncmp(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27) == 0, "a reload comes with its time");
	close(fd);
	notify_say(&n, "READY=1");
	ok(true, "a manager that went away stops nobody");
}

int main(void)
{
	char path[64], far[200];

	snprintf(path, sizeof(path), "/tmp/kedge-notify-%d", (int)getpid());
	over(path);
	unlink(path);
	path[0] = '@';
	over(path);
	begin(NULL, "4000000", NULL);
	is_int(n.every_ms, 0, "no socket: nobody waits for a sign of life");
	ok(notify_due(&n) == UINT64_MAX, "... and none is due");
	notify_status(&n, "x");
	is_str(n.status, "", "nothing is told to nobody");
	begin("/run/x", "4000000", "1");
	is_int(n.every_ms, 0, "another process is watched");
	begin("/run/x", "lots", NULL);
	is_int(n.every_ms, 0, "a time that is none");
	begin("relative", NULL, NULL);
	is_str(n.to, "", "an address that is none");
	memset(far, 'x', sizeof(far));
	far[0] = '/';
	far[sizeof(far) - 1] = '\0';
	begin(far, NULL, NULL);
	is_str(n.to, "", "one that is too long");
	return done();
}
