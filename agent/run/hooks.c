#include "agent/run/hooks.h"

#include <string.h>
#include <unistd.h>

#include "agent/run/node_feed.h"
#include "platform/clock.h"
#include "platform/file.h"

enum { AGAIN_MS = 60000, EXIT_LATER = 75 /* EX_TEMPFAIL of sysexits.h */ };

static const char *const verdicts[] = { "leave it undecided", "confirm", "want to be asked again about", "do not confirm" };

/* ---- what a hook said ---- */

static void tell_word(struct node *n, const struct hook_word *w)
{
	const char *event = notice_name(n->hooks.doing.kind);
	uint64_t bit = UINT64_C(1) << (slice_hash(slice_of(w->name)) & 63);

	switch (w->did) {
	case HOOK_RAN:
		if (w->exit_code < 0)
			log_line(&n->log, LOG_LEVEL_WARN, "hook %s (%s) ended by signal %d: %s", w->name, event, (int)w->signal,
				 w->said);
		else
			log_line(&n->log, w->exit_code == 0 || w->exit_code == EXIT_LATER ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
				 "hook %s (%s) ended with %d after %u ms: %s", w->name, event, (int)w->exit_code,
				 (unsigned)w->took_ms, w->said);
		break;
	case HOOK_TIMED_OUT:
		log_line(&n->log, LOG_LEVEL_WARN, "hook %s (%s) was killed after %u ms", w->name, event, (unsigned)w->took_ms);
		break;
	case HOOK_UNSAFE:
		if ((n->hooks.unsafe & bit) != 0)
			break;
		n->hooks.unsafe |= bit;
		log_line(&n->log, LOG_LEVEL_ERROR, "hook %s is not run: it has to belong to root, and nobody else may write it",
			 w->name);
		break;
	case HOOK_BROKEN:
		log_line(&n->log, LOG_LEVEL_ERROR, "hook %s: %s", w->name, w->said);
		break;
	case HOOK_ALL_DONE:
		break;
	}
}

/* Of several the most careful one counts; one that was not run at all can not confirm either. */
static void weigh(struct hooks *h, const struct hook_word *w)
{
	bool ran = w->did == HOOK_RAN;
	enum hooks_say say = ran && w->exit_code == 0 ? HOOKS_YES : ran && w->exit_code == EXIT_LATER ? HOOKS_LATER : HOOKS_NO;

	if (say > h->say)
		h->say = say;
	h->ran += ran || w->did == HOOK_TIMED_OUT;
	h->failed += say == HOOKS_NO;
}

static void confirm(struct node *n, const char *service)
{
	struct event *ev = node_event(n, EV_OPERATOR);

	ev->u.operator.verb = OPV_CONFIRM;
	ev->u.operator.uid = 0;   /* whose the hooks are */
	(void)str_put(ev->u.operator.service, sizeof(ev->u.operator.service), slice_of(service));
	node_feed(n, ev);
}

static bool awaits(const struct service *s)
{
	/* what goes by UpdateService is a person's to confirm */
	return s->used && s->rb.state == RB_AWAITING_CONFIRMATION && !s->rb.update;
}

static void decided(struct node *n)
{
	struct hooks *h = &n->hooks;
	const struct service *s;
	bool still;

	if (h->doing.kind != NOTICE_CONFIRM)
		return;   /* what it was about is no service */
	s = &n->core.service[h->doing.what];
	still = awaits(s) && s->rb.id == h->asked_id;
	h->asked[h->doing.what].id = h->asked_id;
	h->asked[h->doing.what].again_ms = h->say == HOOKS_LATER ? clock_boot_ms() + AGAIN_MS : 0;
	if (h->say == HOOKS_NOTHING)
		return;   /* there is no such hook */
	log_line(&n->log, LOG_LEVEL_INFO, "hooks %s r%u of %s%s", verdicts[h->say], (unsigned)h->asked_id, s->m.name,
		 still ? "" : ", which no longer waits for it");
	if (h->say == HOOKS_YES && still)
		confirm(n, s->m.name);
}

void hooks_news(struct node *n, const struct news *news, struct slice tail)
{
	struct hooks *h = &n->hooks;
	struct hook_word w;

	(void)news;
	if (tail.n != sizeof(w)) {
		h->there = h->busy = false;   /* the gate has said why */
		return;
	}
	memcpy(&w, tail.p, sizeof(w));
	if (!h->busy)
		return;
	tell_word(n, &w);
	if (w.did != HOOK_ALL_DONE) {
		weigh(h, &w);
		return;
	}
	h->busy = false;
	decided(n);
}

/* ---- jobs ---- */

static bool send_job(struct node *n, struct notice what)
{
	struct hooks *h = &n->hooks;
	struct hook_job job = { .limit_ms = (uint32_t)n->conf->hook_timeout_ms };
	struct text t = text_on(n->work + sizeof(job), sizeof(n->work) - sizeof(job));
	struct ask q = { .what = ASK_HOOK };
	struct view v;
	struct why why;
	enum kerr err;

	(void)str_cut(job.event, sizeof(job.event), slice_of(notice_name(what.kind)));
	notice_fields(&n->core, what, &t);
	text_s(&t, "KEDGE_VERSION=" KEDGE_VERSION "\n");
	job.fields_bytes = (uint32_t)t.len;
	node_view(n, &v);
	if (notice_json(&v, what, &t) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "%.200s: a notice is larger than %d bytes", "hooks", HOOK_JOB_MAX);
		return true;
	}
	job.json_bytes = (uint32_t)t.len - job.fields_bytes;
	memcpy(n->work, &job, sizeof(job));
	err = asking(n, &q, (struct slice){ n->work, sizeof(job) + t.len }, NULL, 0, NULL, &why);
	if (err == KERR_GONE)
		h->there = false;
	if (err != KERR_OK)
		return false;
	h->busy = true;
	h->doing = what;
	h->say = HOOKS_NOTHING;
	return true;
}

static bool is_due(const struct hooks *h, const struct service *s, uint32_t at)
{
	if (!awaits(s))
		return false;
	return h->asked[at].id != s->rb.id || (h->asked[at].again_ms != 0 && h->asked[at].again_ms <= clock_boot_ms());
}

/* A question that somebody waits for goes before news. */
static bool ask(struct node *n)
{
	struct hooks *h = &n->hooks;

	for (uint32_t i = 0; i < (uint32_t)n->core.rows.services; i++) {
		if (!is_due(h, &n->core.service[i], i))
			continue;
		h->asked_id = n->core.service[i].rb.id;
		(void)send_job(n, (struct notice){ NOTICE_CONFIRM, i });
		return true;
	}
	return false;
}

void hooks_tick(struct node *n)
{
	struct notice next;

	_Static_assert(sizeof(n->work) >= HOOK_JOB_MAX, "room for a job");
	if (!n->hooks.there || n->hooks.busy || ask(n) || !outbox_take(&n->hooks.out, &n->core, &next))
		return;
	if (!send_job(n, next))
		outbox_back(&n->hooks.out, next);
}

uint64_t hooks_due(const struct node *n)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < (uint32_t)n->core.rows.services && n->hooks.there && !n->hooks.busy; i++)
		if (awaits(&n->core.service[i]) && n->hooks.asked[i].again_ms != 0 && n->hooks.asked[i].again_ms < next)
			next = n->hooks.asked[i].again_ms;
	return next;
}

void hooks_start(struct node *n)
{
	struct file_ident ident;
	struct why why;

	n->hooks.there = n->conf->hooks[0] != '\0' && file_identify(n->conf->hooks, &ident, &why) == KERR_OK;
}
