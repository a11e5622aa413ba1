#include "agent/run/node_feed.h"

#include <string.h>

#include "agent/run/kept.h"
#include "platform/clock.h"
#include "platform/file.h"

#define RETRY_MS 30000
#define FEW      8       /* of the longest names and reasons they take a sixth of the file */

static void cut_tail(struct node *n)
{
	struct journal *j = &n->journal;
	struct why why;

	if (j->scan.tail_bytes == 0)
		return;
	log_line(&n->log, LOG_LEVEL_WARN, "journal: %llu bytes of a torn record at the end are cut off",
		 (unsigned long long)j->scan.tail_bytes);
	if (file_truncate(j->path, j->bytes - j->scan.tail_bytes, &why) == KERR_OK)
		j->bytes -= j->scan.tail_bytes;
	else
		log_line(&n->log, LOG_LEVEL_ERROR, "journal: %s", why.text);
}

/* What this kedge cannot read whole is nothing to add to, and nothing to delete: a later one may want it back. */
static void refuse(struct node *n, const char *what)
{
	struct journal *j = &n->journal;
	char to[sizeof(j->path) + 32];
	struct text t = text_on(to, sizeof(to));
	struct why why;

	text_s(&t, j->path);
	text_say(&t, ".refused-");
	text_i64(&t, clock_wall_ms() / 1000);
	j->bytes = 0;
	if (file_move(j->path, to, &why) != KERR_OK) {
		j->path[0] = '\0';               /* all stays in memory */
		(void)str_cut(to, sizeof(to), slice_of(why.text));
	}
	log_line(&n->log, LOG_LEVEL_ERROR, "journal: %s; it starts empty; set aside: %s", what, to);
}

void journal_open(struct node *n)
{
	struct journal *j = &n->journal;
	struct text t = text_on(j->path, sizeof(j->path));
	struct file_ident ident;
	struct why why;

	text_s(&t, n->conf->state_dir);
	text_say(&t, "/journal");
	if (file_make_dirs(n->conf->state_dir, 0750, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "journal: %s; kedge works in memory until it can write", why.text);
	if (file_identify(j->path, &ident, &why) == KERR_OK)
		j->bytes = ident.size_bytes;
	if (kept_journal(n->conf, &n->core, &j->scan, &why) != KERR_OK)
		refuse(n, why.text);
	if (j->scan.damaged > 0)
		log_line(&n->log, LOG_LEVEL_WARN, "journal: %u damaged places passed over: %s", j->scan.damaged, j->scan.why.text);
	cut_tail(n);
}

static void put(struct node *n, enum rec_kind kind, uint32_t index, uint64_t seq, char *buf, size_t cap, size_t *at)
{
	struct journal *j = &n->journal;
	struct why why;
	size_t used;

	core_record(&n->core, kind, index, &j->record);
	j->record.seq = seq;
	if (record_write(&j->record, buf + *at, cap - *at, &used, &why) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "journal: a %s record: %s", rec_kind_name(kind), why.text);
		return;
	}
	*at += used;
}

void journal_add(struct node *n, const struct action *a)
{
	struct journal *j = &n->journal;

	j->seq = a->seq;
	put(n, a->kind, a->index, a->seq, j->batch, sizeof(j->batch), &j->batched);
}

static void rewrite(struct node *n, enum rec_kind kind, uint32_t index, size_t *at)
{
	put(n, kind, index, n->journal.seq, n->journal.rewrite, sizeof(n->journal.rewrite), at);
}

/* Everything still known, written new: the newest failures while half of the file stays free, some of them in any case, as what
 * is called durable is among them. */
static size_t everything(struct node *n)
{
	struct journal *j = &n->journal;
	const struct core *c = &n->core;
	size_t at = 0;

	rewrite(n, REC_EPOCH, 0, &at);
	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++) {
		if (c->service[i].used)
			rewrite(n, REC_SERVICE, i, &at);
		if (c->service[i].used && c->service[i].rb.state != RB_NONE)
			rewrite(n, REC_ROLLBACK, i, &at);
	}
	for (uint32_t left = FAILURES_MAX, below = UINT32_MAX; left > 0 && (left > FAILURES_MAX - FEW || at < sizeof(j->rewrite) / 2); left--) {
		uint32_t best = FAILURES_MAX;

		for (uint32_t i = 0; i < (uint32_t)c->rows.failures; i++)
			if (c->failure[i].used && !c->failure[i].provisional && c->failure[i].f.id < below &&
			    (best == FAILURES_MAX || c->failure[i].f.id > c->failure[best].f.id))
				best = i;
		if (best == FAILURES_MAX)
			break;
		below = c->failure[best].f.id;
		rewrite(n, REC_FAILURE, best, &at);
	}
	for (uint32_t i = 0; i < (uint32_t)c->rows.releases; i++)
		if (c->release[i].used && (c->release[i].good || c->release[i].bad))
			rewrite(n, REC_RELEASE, i, &at);
	return at;
}

static enum kerr write_batch(struct node *n, struct why *why)
{
	struct journal *j = &n->journal;
	size_t bytes;
	enum kerr err;

	if (j->bytes + j->batched <= JOURNAL_MAX) {
		err = file_append(j->path, (struct slice){ j->batch, j->batched }, 0640, why);
		j->bytes += err == KERR_OK ? j->batched : 0;
		j->written_bytes += err == KERR_OK ? j->batched : 0;
		return err;
	}
	bytes = everything(n);
	err = file_replace(j->path, (struct slice){ j->rewrite, bytes }, 0640, why);
	if (err == KERR_OK) {
		j->bytes = bytes;
		j->written_bytes += bytes;
	}
	return err;
}

/* A batch that grew too large while the disk refused is given up: the rewrite holds all that is known. */
static void overgrown(struct node *n)
{
	if (n->journal.batched > sizeof(n->journal.batch) / 2)
		n->journal.bytes = JOURNAL_MAX;
}

bool journal_flush(struct node *n)
{
	struct journal *j = &n->journal;
	struct event *ev;
	struct why why;
	enum kerr err;

	if (j->batched == 0 || (j->failing && n->now_ms < j->retry_ms))
		return false;
	overgrown(n);
	err = write_batch(n, &why);
	if (err != KERR_OK) {
		if (!j->failing)
			log_line(&n->log, LOG_LEVEL_ERROR, "journal: %s; kept in memory, no rollback before it is on disk", why.text);
		j->failing = true;
		j->retry_ms = n->now_ms + RETRY_MS;
		node_feed(n, node_event(n, EV_SAVE_FAILED));
		return true;
	}
	if (j->failing)
		log_line(&n->log, LOG_LEVEL_INFO, "journal: the disk takes records again");
	j->failing = false;
	j->batched = 0;
	ev = node_event(n, EV_SAVED);
	ev->u.saved.seq = j->seq;
	node_feed(n, ev);
	return true;
}

uint64_t journal_due(const struct node *n)
{
	return n->journal.batched == 0 ? CORE_NEVER : n->journal.failing ? n->journal.retry_ms : n->now_ms;
}
