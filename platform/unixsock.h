/* unixsock.h - one question, one answer, over a path-name socket. A message ends where its writer
 * shuts its side down (EOF), so that any bytes may be in it and `nc -NU` can ask. */
#ifndef KEDGE_PLATFORM_UNIXSOCK_H
#define KEDGE_PLATFORM_UNIXSOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "agent/base/str.h"
#include "platform/loop.h"

enum {
	UNIXSOCK_CONNS = 8, UNIXSOCK_REQUEST_MAX = 8 * 1024, UNIXSOCK_REPLY_MAX = 256 * 1024,
	UNIXSOCK_PATH_MAX = 108, UNIXSOCK_DEADLINE_MS = 5000 /* of each half: question, answer */
};

struct unixsock_peer {          /* as the kernel says at connect(), SO_PEERCRED */
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

struct unixsock_conn {
	struct unixsock *owner;
	int fd;
	uint32_t id;            /* 0: free */
	struct unixsock_peer peer;
	bool asked, answered;
	uint64_t deadline_ms;   /* clock_boot_ms; 0 while the owner thinks about the answer */
	size_t in_len, out_len, out_sent;
	char in[UNIXSOCK_REQUEST_MAX];
	char out[UNIXSOCK_REPLY_MAX];
};

/* A whole request. Answer it now or later by unixsock_reply(server, id, ...). */
typedef void unixsock_fn(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request);

struct unixsock {               /* about 2.1 MiB of address space: zeroed static storage; touched as used */
	struct loop *loop;
	int fd;                 /* -1: closed */
	char path[UNIXSOCK_PATH_MAX];
	uint64_t dev, inode;    /* of the socket we made: only that one is removed again */
	uint32_t last_id;
	unixsock_fn *fn;
	void *arg;
	uint64_t refused;       /* more than UNIXSOCK_CONNS at once, or a request too long or too slow */
	struct unixsock_conn conn[UNIXSOCK_CONNS];
};

/* Listens at path with mode. A socket nobody listens on is replaced; KERR_REFUSED when somebody does,
 * KERR_BAD_INPUT when something else is there or the path is longer than the kernel's 107 bytes. */
KERR_CHECK enum kerr unixsock_listen(struct unixsock *u, struct loop *loop, const char *path, mode_t mode,
				     unixsock_fn *fn, void *arg, struct why *why);
/* Closes all and removes the socket, if it is still ours. */
void unixsock_close(struct unixsock *u);

/* Sends the answer (copied) and closes. KERR_GONE: the asker has left. KERR_TOO_BIG: longer than
 * UNIXSOCK_REPLY_MAX (the asker then gets nothing). */
KERR_CHECK enum kerr unixsock_reply(struct unixsock *u, uint32_t id, struct slice answer, struct why *why);

/* Closes what is over its time; returns the next deadline in clock_boot_ms, UINT64_MAX for none.
 * Call once a turn. */
uint64_t unixsock_expire(struct unixsock *u);

/* For the verbs: asks and waits. KERR_GONE: no socket; KERR_REFUSED: nobody listens; KERR_DENIED: mode;
 * KERR_TOO_BIG: the answer is longer than cap; KERR_TIMEOUT; KERR_IO: cut off. */
KERR_CHECK enum kerr unixsock_call(const char *path, struct slice request, char *answer, size_t cap,
				   size_t *len, uint32_t timeout_ms, struct why *why);

#endif
