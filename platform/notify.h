/* notify.h - what the service manager is told by sd_notify(3)'s protocol: a datagram of lines to NOTIFY_SOCKET. Without
 * libsystemd; nobody listens outside of a unit of Type=notify, and then nothing is sent. Nothing here waits or fails. */
#ifndef KEDGE_PLATFORM_NOTIFY_H
#define KEDGE_PLATFORM_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

enum { NOTIFY_STATUS_MAX = 240, NOTIFY_PATH_MAX = 108 };

struct notify {
	char to[NOTIFY_PATH_MAX];               /* empty: nobody listens */
	uint64_t every_ms, next_ms;             /* of "still alive", boot clock; every_ms 0: nobody waits for it */
	char status[NOTIFY_STATUS_MAX];         /* as told last */
};

/* Takes NOTIFY_SOCKET (a path, or @abstract), WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child speaks
 * for this process. "Still alive" is said twice in the manager's time, as sd_watchdog_enabled(3) asks. */
void notify_open(struct notify *n);
/* "READY=1", "STOPPING=1", or several lines. */
void notify_say(struct notify *n, const char *lines);
/* "RELOADING=1" with the time the protocol wants (systemd 253); READY=1 has to follow. */
void notify_reloading(struct notify *n);
/* One line for `systemctl status`; only when it is another than the last. Control characters become blanks. */
void notify_status(struct notify *n, const char *text);
/* Says that the loop turns, when it is time; notify_due: when the next time is, UINT64_MAX: never. */
void notify_alive(struct notify *n);
uint64_t notify_due(const struct notify *n);

#endif
