#include "agent/gate/gate_state.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/wire/arn.h"
#include "agent/wire/notice.h"
#include "platform/file.h"

enum { LIMIT_MAX_MS = 600000 };

void gate_hook_fork(struct gate *g)
{
	struct gate_hook *h = &g->hook;
	struct file_ident ident;
	struct why why;

	h->fd = -1;
	if (g->conf->hooks[0] == '\0' || file_identify(g->conf->hooks, &ident, &why) != KERR_OK)
		return;
	if (hook_runner_fork(g->conf->hooks, &h->fd, &h->pid, &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_ERROR, "hooks: %s; none is run", why.text);
}

static void pass_on(struct gate *g, const struct hook_word *w)
{
	struct news news = gate_new(NEWS_HOOK);
	struct slice tail = { (const char *)w, w == NULL ? 0 : sizeof(*w) };

	if (g->hook.orphan)
		return;   /* the worker that is there now has not asked */
	if (gate_news(g, &news, tail) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_WARN, "hooks: nobody hears what one of them said");
}

static void gone(struct gate *g, const char *words)
{
	struct gate_hook *h = &g->hook;

	log_line(&g->log, LOG_LEVEL_ERROR, "hooks: %s; no hook is run until kedge is started again", words);
	loop_unwatch(&g->loop, h->fd);
	(void)close(h->fd);
	h->fd = -1;
	(void)waitpid(h->pid, NULL, WNOHANG);
	pass_on(g, NULL);
}

/* All that were asked said yes, and at least one was. */
static void decided(struct gate *g)
{
	struct gate_hook *h = &g->hook;
	struct why why;

	if (!h->asked || h->no || h->yes == 0)
		return;
	if (gate_permit_grant(g, GRANT_STOP, (uint32_t)geteuid(), slice_of(h->service), slice_of(h->deployment), &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_ERROR, "hooks: their yes does not count: %s", why.text);
}

static void on_runner(void *arg, int fd, short revents)
{
	struct gate *g = arg;
	struct gate_hook *h = &g->hook;
	struct hook_word w;

	while (h->busy && recv(fd, &w, sizeof(w), MSG_DONTWAIT) == (ssize_t)sizeof(w)) {
		if (w.did == HOOK_ALL_DONE) {
			h->busy = false;
			decided(g);
		} else if (w.did == HOOK_RAN && w.exit_code == 0) {
			h->yes++;
		} else {
			h->no = true;
		}
		pass_on(g, &w);
	}
	if ((revents & (POLLHUP | POLLERR)) != 0)
		gone(g, "the process that runs them has ended");
}

/* Each line is KEDGE_NAME=printable: nothing that a program's loader or a shell would obey. */
static bool is_field(struct slice line)
{
	size_t eq = slice_find(line, "=");

	if (!slice_starts(line, "KEDGE_") || eq == SIZE_MAX)
		return false;
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if (i < eq ? (c < 'A' || c > 'Z') && c != '_' : c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

/* What a hook reads under a name has to be what is noted here: each name once, and no more of them than it is given. */
static bool are_fields(struct slice fields)
{
	uint64_t seen[HOOK_FIELDS_MAX];
	struct slice line;
	size_t n = 0;

	if (fields.n > 0 && fields.p[fields.n - 1] != '\n')
		return false;
	while (slice_next(&fields, '\n', &line)) {
		if (n == HOOK_FIELDS_MAX || !is_field(line))
			return false;
		seen[n] = slice_hash(slice_to(line, slice_find(line, "=")));
		for (size_t i = 0; i < n; i++)
			if (seen[i] == seen[n])
				return false;
		n++;
	}
	return true;
}

static bool is_event(const char name[HOOK_EVENT_CAP])
{
	for (int k = 0; k < NOTICE_KINDS; k++)
		if (strncmp(name, notice_name((enum notice_kind)k), HOOK_EVENT_CAP) == 0)
			return true;
	return false;
}

/* False: it is longer than what it names can be. */
static bool value_of(struct slice fields, const char *name, char *out, size_t cap)
{
	struct slice line;

	out[0] = '\0';
	while (slice_next(&fields, '\n', &line))
		if (slice_starts(line, name))
			return str_put(out, cap, slice_from(line, strlen(name)));
	return true;
}

/* What the hooks are asked about has to be one service, and of its deployments one or whichever ("AWS has not named it"). */
static bool is_question(struct gate_hook *h, struct slice fields)
{
	struct slice cluster, service;

	h->asked = value_of(fields, "KEDGE_SERVICE=", h->service, sizeof(h->service)) && arn_name_ok(slice_of(h->service)) &&
		   value_of(fields, "KEDGE_DEPLOYMENT=", h->deployment, sizeof(h->deployment));
	return h->asked && (h->deployment[0] == '\0' || (arn_service_of(slice_of(h->deployment), &cluster, &service) &&
							slice_is(service, h->service)));
}

static enum kerr check(struct gate_hook *h, struct slice bytes, struct why *why)
{
	struct hook_job job;
	struct slice fields;

	if (h->fd < 0)
		return why_set(why, KERR_GONE, "no hooks are run");
	if (h->busy)
		return why_set(why, KERR_AGAIN, "a hook is running");
	if (bytes.n < sizeof(job) || bytes.n > HOOK_JOB_MAX)
		return why_set(why, KERR_BAD_INPUT, "no job for a hook");
	memcpy(&job, bytes.p, sizeof(job));
	if ((uint64_t)job.fields_bytes + job.json_bytes != bytes.n - sizeof(job) || job.limit_ms > LIMIT_MAX_MS || !is_event(job.event))
		return why_set(why, KERR_BAD_INPUT, "no job for a hook");
	fields = (struct slice){ bytes.p + sizeof(job), job.fields_bytes };
	if (!are_fields(fields))
		return why_set(why, KERR_BAD_INPUT, "a hook's environment holds what is not kedge's");
	h->asked = false;
	if (strncmp(job.event, notice_name(NOTICE_CONFIRM), HOOK_EVENT_CAP) == 0 && !is_question(h, fields))
		return why_set(why, KERR_BAD_INPUT, "a hook is asked about no service");
	return KERR_OK;
}

void gate_hook_ask(struct gate *g, struct slice bytes, struct answer *a)
{
	struct gate_hook *h = &g->hook;

	a->err = check(h, bytes, &a->why);
	if (a->err != KERR_OK)
		return;
	if (send(h->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		a->err = why_set(&a->why, KERR_AGAIN, "the process that runs hooks does not listen");
		return;
	}
	h->busy = true;
	h->no = h->orphan = false;
	h->yes = 0;
}

void gate_hook_forget(struct gate *g)
{
	g->hook.orphan = g->hook.busy;
}

void gate_hook_start(struct gate *g)
{
	struct why why;

	if (g->hook.fd >= 0 && loop_watch(&g->loop, g->hook.fd, POLLIN, on_runner, g, &why) != KERR_OK)
		gone(g, why.text);
}

void gate_hook_close(struct gate *g)
{
	struct gate_hook *h = &g->hook;

	if (h->fd < 0)
		return;
	loop_unwatch(&g->loop, h->fd);
	(void)close(h->fd);
	h->fd = -1;
	/* it kills the hook that runs, if one does, and ends; whoever stops kedge need not wait for that */
	(void)waitpid(h->pid, NULL, WNOHANG);
}
