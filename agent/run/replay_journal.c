#include "agent/run/replay_journal.h"

#include <stdio.h>

#include "agent/wire/record.h"
#include "platform/file.h"

struct reading {
	struct replay_core *core;
	const char *path;
	int64_t newest_unix_ms;
	uint32_t named;
};

static bool look(void *ctx, const struct record *rec, size_t offset, size_t n)
{
	struct reading *reading = ctx;

	(void)offset;
	(void)n;
	if (rec->unix_ms > reading->newest_unix_ms)
		reading->newest_unix_ms = rec->unix_ms;
	return true;
}

static bool restore(void *ctx, const struct record *rec, size_t offset, size_t n)
{
	struct reading *reading = ctx;
	struct event *ev = replay_core_event(reading->core, EV_RESTORE);

	(void)offset;
	(void)n;
	ev->u.restore.record = *rec;
	replay_core_feed(reading->core, ev);
	return !reading->core->broken;
}

static void fault(void *ctx, size_t offset, const char *what)
{
	struct reading *reading = ctx;

	if (reading->named++ < REPLAY_BAD_SHOWN)
		fprintf(stderr, "kedge: %s: at byte %zu: passed over: %s\n", reading->path, offset, what);
}

enum kerr replay_journal(struct replay_core *r, struct arena *arena, const char *path, char *room, size_t cap, bool *found,
			 struct why *why)
{
	static struct record rec;
	struct reading reading = { .core = r, .path = path };
	struct record_scan scan;
	struct slice journal = { room, 0 };
	struct event *last;

	*found = false;
	if (file_read(path, FILE_REGULAR, room, cap, &journal.n, why) != KERR_OK)
		return KERR_OK;
	record_scan(journal, arena, &rec, look, &reading, &scan);
	*found = scan.records + scan.foreign > 0;
	if (!*found)
		return KERR_OK;
	if (scan.records == 0)
		return why_set(why, KERR_BAD_INPUT, "%s is the journal of a later kedge: %s", path, scan.why.text);
	replay_core_begin(r, reading.newest_unix_ms);
	record_scan_told(journal, arena, &rec, restore, fault, &reading, &scan);
	last = replay_core_event(r, EV_RESTORE);
	last->u.restore.last = true;
	replay_core_feed(r, last);
	replay_core_settle(r);
	if (reading.named > 0)
		fprintf(stderr, "kedge: %s: %u records read, %u places passed over\n", path, scan.records, reading.named);
	return KERR_OK;
}
