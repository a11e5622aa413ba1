#define _GNU_SOURCE /* prctl's names come with linux, SOCK_SEQPACKET's flags with it */
#include "agent/gate/gate_state.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/gate/gate_fetch.h"
#include "agent/wire/credentials_ask.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/file.h"

#define STALE_S      3600                /* the SSM agent renews its file every 30 min; keys in it last an hour */
#define LIMIT_MS     (FETCH_LIMIT_S * 1000 + 5000)   /* then the process is killed, should it not have ended itself */
#define ROOM_MS      200                 /* until there may be room for the news */

enum { FDS_MAX = 256 };

static bool set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* Explicit settings, then the environment, then what is set up on this node, then what ECS Anywhere brings. */
static enum credentials_source choose(const struct conf *c)
{
	struct file_ident ident;

	switch (c->credentials) {
	case CONF_CRED_ENV:
		return CREDENTIALS_ENV;
	case CONF_CRED_FILE:
		return CREDENTIALS_FILE;
	case CONF_CRED_CONTAINER:
		return CREDENTIALS_CONTAINER;
	case CONF_CRED_IOT:
		return CREDENTIALS_IOT;
	case CONF_CRED_ROLESANYWHERE:
		return CREDENTIALS_ROLESANYWHERE;
	case CONF_CRED_AUTO:
		break;
	}
	if (c->credentials_file_set && file_identify(c->credentials_file, &ident, NULL) == KERR_OK)
		return CREDENTIALS_FILE;
	if (set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY"))
		return CREDENTIALS_ENV;
	if (set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || set("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return CREDENTIALS_CONTAINER;
	if (c->iot_endpoint[0] != '\0' && c->iot_role_alias[0] != '\0' && c->iot_cert[0] != '\0' && c->iot_key[0] != '\0')
		return CREDENTIALS_IOT;
	if (c->ra_trust_anchor[0] != '\0' && c->ra_profile[0] != '\0' && c->ra_role[0] != '\0' && c->ra_cert[0] != '\0' &&
	    c->ra_key[0] != '\0')
		return CREDENTIALS_ROLESANYWHERE;
	return CREDENTIALS_FILE;
}

/* What names no address is asked all the same, to be told why not. */
static bool is_here(enum credentials_source from)
{
	char url[CREDENTIALS_URL_CAP];
	bool here = true;
	struct why why;

	return from == CREDENTIALS_CONTAINER &&
	       (credentials_container_url(getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
					  url, &here, &why) != KERR_OK || here);
}

static void print_of(const struct credentials *c, uint8_t out[SIGV4_HASH])
{
	uint8_t id[SIGV4_HASH];

	crypto_hmac_sha256(slice_of(c->secret), slice_of(c->akid), id);
	crypto_hmac_sha256((struct slice){ (const char *)id, sizeof(id) }, slice_of(c->token), out);
}

static void end(struct gate_keys *k)
{
	sigv4_wipe(&k->key, sizeof(k->key));
	sigv4_wipe(&k->now, sizeof(k->now));
	k->have = false;
}

static bool is_refused(const struct gate_keys *k)
{
	uint8_t print[SIGV4_HASH];

	if (!k->any_refused)
		return false;
	print_of(&k->incoming, print);
	return memcmp(print, k->refused, sizeof(print)) == 0;
}

/* The old ones are overwritten, and so is what was derived from them. What AWS has refused is left if others are wanted. */
static void take(struct gate_keys *k, bool others, struct talk_keys *out)
{
	out->same_as_refused = others && is_refused(k);
	if (!out->same_as_refused) {
		end(k);
		k->now = k->incoming;
		k->have = true;
		out->expiry_unix_s = k->now.expiry_unix_s;
	}
	sigv4_wipe(&k->incoming, sizeof(k->incoming));
}

/* A bool of somebody else may be any byte. */
static bool is_set(const bool *b)
{
	return *(const unsigned char *)b != 0;
}

/* ---- what is on this node: environment and file ---- */

static enum kerr read_file(const struct conf *c, struct credentials *out, struct file_ident *ident, struct why *why)
{
	static char text[CREDENTIALS_FILE_MAX];
	size_t len = 0;
	enum kerr err = file_identify(c->credentials_file, ident, why);

	if (err == KERR_OK)
		err = file_read(c->credentials_file, FILE_REGULAR, text, sizeof(text), &len, why);
	if (err == KERR_OK)
		err = credentials_from_file((struct slice){ text, len }, c->credentials_file, c->profile, c->credentials != CONF_CRED_FILE,
					    out, why);
	crypto_zero(text, len);
	return err;
}

/* By the machine's own clock, as the file's time is. */
static bool overdue(const struct credentials *c, const struct file_ident *ident, const char *path, struct why *why)
{
	char written[SIGV4_DATE];

	if (c->token[0] == '\0' || clock_wall_ms() / 1000 - ident->mtime_unix_s <= STALE_S || !sigv4_date(ident->mtime_unix_s, written))
		return false;
	(void)why_set(why, KERR_OK, "%.80s was last written %s: is the SSM agent running? After an outage it may take 30 min to "
		      "renew it", path, written);
	return true;
}

static enum kerr look(struct gate *g, const struct talk_keys *in, struct talk_keys *out, struct why *why)
{
	const struct credentials_env env = {
		.akid = getenv("AWS_ACCESS_KEY_ID"), .secret = getenv("AWS_SECRET_ACCESS_KEY"), .token = getenv("AWS_SESSION_TOKEN"),
	};
	struct gate_keys *k = &g->keys;
	struct file_ident ident = { 0 };
	bool file = in->from == CREDENTIALS_FILE;
	enum kerr err;

	gate_keys_forget(g);
	err = file ? read_file(g->conf, &k->incoming, &ident, why) : credentials_from_env(&env, &k->incoming, why);
	if (err != KERR_OK)
		return err;
	take(k, is_set(&in->same_as_refused), out);
	out->overdue = file && !out->same_as_refused && overdue(&k->now, &ident, g->conf->credentials_file, why);
	return KERR_OK;
}

/* ---- what is asked for ---- */

static void stop_process(struct gate *g)
{
	struct gate_keys *k = &g->keys;

	if (k->fetch_pid == 0)
		return;
	loop_unwatch(&g->loop, k->fetch_fd);
	close(k->fetch_fd);
	/* it has sockets only, so that its end does not wait for a disk */
	if (!k->fetch_ended)
		(void)kill(k->fetch_pid, SIGKILL);
	while (!k->fetch_ended && waitpid(k->fetch_pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	k->fetch_pid = 0;
}

void gate_keys_ended(struct gate *g, pid_t pid)
{
	g->keys.fetch_ended = g->keys.fetch_ended || (pid > 0 && pid == g->keys.fetch_pid);
}

static void stop_timer(struct gate *g)
{
	loop_unwatch(&g->loop, g->keys.fetch_timer_fd);
	close(g->keys.fetch_timer_fd);
}

void gate_keys_forget(struct gate *g)
{
	if (g->keys.fetch_pid != 0 || g->keys.untold)
		stop_timer(g);
	stop_process(g);
	g->keys.untold = false;
}

static void arm(const struct gate *g, uint32_t ms)
{
	const struct itimerspec t = { .it_value = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 } };

	(void)timerfd_settime(g->keys.fetch_timer_fd, 0, &t, NULL);
}

static void tell(struct gate *g)
{
	g->keys.untold = gate_news(g, &g->keys.news, SLICE("")) == KERR_AGAIN;
	if (g->keys.untold)
		arm(g, ROOM_MS);
	else
		stop_timer(g);
}

/* Nothing of a process that has parsed what came from outside is believed to be what its type says. */
static enum kerr read_fetched(struct gate *g, struct fetched *f, struct why *why)
{
	struct credentials *c = &f->keys, *to = &g->keys.incoming;
	enum kerr e;

	f->why.text[sizeof(f->why.text) - 1] = '\0';
	c->akid[sizeof(c->akid) - 1] = c->secret[sizeof(c->secret) - 1] = c->token[sizeof(c->token) - 1] = '\0';
	if (f->err >= KERR_KINDS)
		return why_set(why, KERR_BAD_INPUT, "the process that fetches credentials said nothing that can be understood");
	if (f->err != KERR_OK)
		return why_set(why, (enum kerr)f->err, "%s", f->why.text);
	e = credentials_put(slice_of(c->akid), slice_of(c->secret), slice_of(c->token), "the answer", to, why);
	if (e == KERR_OK && (to->akid[0] == '\0' || to->secret[0] == '\0' || to->token[0] == '\0' || c->expiry_unix_s <= 0)) {
		sigv4_wipe(to, sizeof(*to));
		return why_set(why, KERR_BAD_INPUT, "the process that fetches credentials has brought none");
	}
	to->expiry_unix_s = c->expiry_unix_s;
	to->source = g->keys.fetching.from;
	return e;
}

static void take_fetched(struct gate *g, struct fetched *f)
{
	struct news *n = &g->keys.news;

	*n = (struct news){ .what = NEWS_KEYS, .u.keys = {
		.from = g->keys.fetching.from, .unsent = f->unsent != 0, .clock = f->clock != 0, .date_unix_s = f->date_unix_s,
		.up_bytes = f->up_bytes, .down_bytes = f->down_bytes, .segments = f->segments,
	} };
	n->err = read_fetched(g, f, &n->why);
	if (n->err == KERR_OK)
		take(&g->keys, g->keys.fetching.same_as_refused, &n->u.keys);
	tell(g);
}

static void on_fetched(void *arg, int fd, short revents)
{
	struct gate *g = arg;
	struct fetched f;
	ssize_t got = recv(fd, &f, sizeof(f), MSG_DONTWAIT | MSG_TRUNC);

	(void)revents;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	stop_process(g);
	if (got != (ssize_t)sizeof(f)) {
		f = (struct fetched){ .err = KERR_IO };
		(void)why_set(&f.why, KERR_IO, "the process that fetches credentials ended without an answer");
	}
	take_fetched(g, &f);
	sigv4_wipe(&f, sizeof(f));
}

static void on_timer(void *arg, int fd, short revents)
{
	struct gate *g = arg;
	struct fetched f = { .err = KERR_TIMEOUT };
	uint64_t times;

	(void)revents;
	if (read(fd, &times, sizeof(times)) != (ssize_t)sizeof(times))
		return;
	if (g->keys.untold) {
		tell(g);
		return;
	}
	stop_process(g);
	(void)why_set(&f.why, KERR_TIMEOUT, "the process that fetches credentials did not answer within %d s", LIMIT_MS / 1000);
	take_fetched(g, &f);
}

/* The process that fetches: nothing of the gate's is left to it but the settings. */
static void become(struct gate *g, int fd)
{
	struct fetch_order order = {
		.conf = g->conf, .from = g->keys.fetching.from, .now_unix_s = g->keys.fetching.now_unix_s,
		.uid = g->worker.uid, .gid = g->worker.gid,
	};
	struct fetched f;
	sigset_t none;

	sigemptyset(&none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)alarm(FETCH_LIMIT_S);
	for (int i = STDERR_FILENO + 1; i < FDS_MAX; i++)
		if (i != fd)
			close(i);
	if (g->board != NULL)
		(void)munmap(g->board, sizeof(*g->board));
	end(&g->keys);
	gate_fetch(&order, &f);
	_exit(send(fd, &f, sizeof(f), MSG_NOSIGNAL) == (ssize_t)sizeof(f) ? 0 : 1);
}

static enum kerr watch(struct gate *g, struct why *why)
{
	struct gate_keys *k = &g->keys;
	enum kerr e = loop_watch(&g->loop, k->fetch_fd, POLLIN, on_fetched, g, why);

	if (e == KERR_OK)
		e = loop_watch(&g->loop, k->fetch_timer_fd, POLLIN, on_timer, g, why);
	return e;
}

static enum kerr fetch(struct gate *g, const struct talk_keys *in, struct why *why)
{
	struct gate_keys *k = &g->keys;
	int pair[2] = { -1, -1 };
	pid_t pid = -1;
	enum kerr e;

	gate_keys_forget(g);
	k->fetching = (struct talk_keys){ .from = in->from, .now_unix_s = in->now_unix_s };
	k->fetching.same_as_refused = is_set(&in->same_as_refused);
	k->fetch_timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (k->fetch_timer_fd >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		pid = fork();
	if (pid == 0)
		become(g, pair[1]);
	if (pair[1] >= 0)
		close(pair[1]);
	if (pid < 0) {
		(void)why_set(why, KERR_IO, "no process can be started to fetch credentials: %s", strerror(errno));
		if (pair[0] >= 0)
			close(pair[0]);
		if (k->fetch_timer_fd >= 0)
			close(k->fetch_timer_fd);
		return KERR_IO;
	}
	k->fetch_pid = pid;
	k->fetch_ended = false;
	k->fetch_fd = pair[0];
	arm(g, LIMIT_MS);
	e = watch(g, why);
	if (e != KERR_OK)
		gate_keys_forget(g);
	return e;
}

static void over(struct gate_keys *k, bool refused)
{
	if (k->have && refused) {
		print_of(&k->now, k->refused);
		k->any_refused = true;
	}
	end(k);
}

void gate_keys_ask(struct gate *g, const struct ask *q, struct answer *a)
{
	enum credentials_source from = q->u.keys.from;

	if (q->what == ASK_KEYS_FROM) {
		a->u.keys.from = choose(g->conf);
		a->u.keys.here = is_here(a->u.keys.from);
	} else if (q->what == ASK_KEYS_LOOK && (from == CREDENTIALS_ENV || from == CREDENTIALS_FILE)) {
		a->u.keys.from = from;
		a->err = look(g, &q->u.keys, &a->u.keys, &a->why);
	} else if (q->what == ASK_KEYS_FETCH &&
		   (from == CREDENTIALS_CONTAINER || from == CREDENTIALS_IOT || from == CREDENTIALS_ROLESANYWHERE)) {
		a->err = fetch(g, &q->u.keys, &a->why);
	} else if (q->what == ASK_KEYS_END) {
		over(&g->keys, is_set(&q->u.keys.same_as_refused));
	} else {
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no provider of credentials is asked like this");
	}
}

void gate_keys_wipe(struct gate *g)
{
	gate_keys_forget(g);
	end(&g->keys);
}
