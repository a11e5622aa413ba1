#include "platform/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/str.h"
#include "platform/clock.h"

static socklen_t address(const char *path, struct sockaddr_un *to)
{
	size_t len = strlen(path);

	_Static_assert(sizeof(to->sun_path) >= NOTIFY_PATH_MAX, "room for a path");
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(to->sun_path, path, len + 1);
	if (path[0] == '@')
		to->sun_path[0] = '\0';
	/* an abstract name ends with its length, a path with its NUL */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (path[0] == '/'));
}

static bool for_this_process(const char *pid)
{
	uint64_t v;

	return pid == NULL || (slice_u64(slice_of(pid), &v) && v == (uint64_t)getpid());
}

void notify_open(struct notify *n)
{
	const char *socket_path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
	uint64_t v;

	*n = (struct notify){ .every_ms = 0 };
	if (socket_path != NULL && (socket_path[0] == '/' || socket_path[0] == '@') && socket_path[1] != '\0')
		(void)str_put(n->to, sizeof(n->to), slice_of(socket_path));
	if (n->to[0] != '\0' && usec != NULL && for_this_process(getenv("WATCHDOG_PID")) && slice_u64(slice_of(usec), &v))
		n->every_ms = v / 2000 > 0 ? v / 2000 : 1;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_say(struct notify *n, const char *lines)
{
	struct sockaddr_un to;
	int fd;

	if (n->to[0] == '\0')
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	/* a manager that does not read misses a line; the watchdog's next one comes */
	(void)sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)(const void *)&to, address(n->to, &to));
	close(fd);
}

void notify_reloading(struct notify *n)
{
	char lines[80];
	struct text t = text_on(lines, sizeof(lines));
	struct timespec ts;

	/* the protocol's own clock: systemd compares it with the time of its request */
	if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
		return;
	text_say(&t, "RELOADING=1\nMONOTONIC_USEC=");
	text_u64(&t, (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	notify_say(n, lines);
}

void notify_status(struct notify *n, const char *text)
{
	char lines[NOTIFY_STATUS_MAX + 8] = "STATUS=", *status = lines + 7;

	(void)str_cut(status, NOTIFY_STATUS_MAX, slice_of(text));
	for (char *p = status; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	if (n->to[0] == '\0' || str_eq(n->status, status))
		return;
	(void)str_put(n->status, sizeof(n->status), slice_of(status));
	notify_say(n, lines);
}

void notify_alive(struct notify *n)
{
	uint64_t now = clock_boot_ms();

	if (n->every_ms == 0 || now < n->next_ms)
		return;
	n->next_ms = now + n->every_ms;
	notify_say(n, "WATCHDOG=1");
}

uint64_t notify_due(const struct notify *n)
{
	return n->every_ms == 0 ? UINT64_MAX : n->next_ms;
}
