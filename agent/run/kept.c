#include "agent/run/kept.h"

#include "platform/clock.h"
#include "platform/file.h"

static char room[JOURNAL_FILE_MAX];
static char arena_room[RECORD_ARENA];

struct reading { struct core *core; struct event ev; };

static bool each(void *ctx, const struct record *r, size_t offset, size_t n)
{
	struct reading *reading = ctx;
	struct action out[CORE_MAX_ACTIONS];

	(void)offset;
	(void)n;
	reading->ev.u.restore.record = *r;
	(void)core_step(reading->core, &reading->ev, out);
	return true;
}

/* Written by a later kedge, or by none: with a single record, or in all of it. Zeros are what a loss of power leaves. */
static bool strange(struct slice journal, const struct record_scan *scan)
{
	return scan->foreign > 0 || (scan->records == 0 && journal.n > 1 && journal.p[0] != '\0' && journal.p[1] != '\0' &&
				     ((uint8_t)journal.p[0] != RECORD_MAGIC || journal.p[1] != RECORD_VERSION));
}

static bool none(void *ctx, const struct record *r, size_t offset, size_t n)
{
	(void)ctx;
	(void)r;
	(void)offset;
	(void)n;
	return true;
}

static void path_of(const struct conf *conf, const char *name, struct text *t)
{
	text_s(t, conf->state_dir);
	text_c(t, '/');
	text_s(t, name);
}

enum kerr kept_bytes(const struct conf *conf, char *bytes, size_t cap, size_t *len, struct why *why)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path));

	path_of(conf, "journal", &t);
	return file_read(path, FILE_REGULAR, bytes, cap, len, why);
}

enum kerr kept_journal(const struct conf *conf, struct core *c, struct record_scan *scan, struct why *why)
{
	static struct reading reading;
	static struct record record;
	struct arena arena;
	struct action out[CORE_MAX_ACTIONS];
	struct slice journal;
	size_t len = 0;
	enum kerr err;

	*scan = (struct record_scan){ 0 };
	err = kept_bytes(conf, room, sizeof(room), &len, why);
	if (err != KERR_OK && err != KERR_GONE)
		return err;
	reading.core = c;
	reading.ev.type = EV_RESTORE;
	reading.ev.now_ms = clock_boot_ms();
	reading.ev.now_unix_ms = clock_wall_ms();
	reading.ev.u.restore.last = false;
	arena_init(&arena, arena_room, sizeof(arena_room));
	journal = (struct slice){ room, len };
	record_scan(journal, &arena, &record, none, NULL, scan);
	err = KERR_OK;
	if (strange(journal, scan)) {
		err = why_set(why, KERR_BAD_INPUT, "%s/journal is not this version's: %s", conf->state_dir, scan->why.text);
		journal.n = 0;
	}
	record_scan(journal, &arena, &record, each, &reading, scan);
	reading.ev.u.restore.last = true;
	(void)core_step(c, &reading.ev, out);
	return err;
}

enum kerr kept_deployments(const struct conf *conf, struct dep_table *out, struct why *why)
{
	static struct deployments_in in;
	static char big_arena[DEP_ARENA];
	char path[CONF_PATH_CAP + 24];
	struct text t = text_on(path, sizeof(path));
	struct arena arena;
	size_t len;
	enum kerr err;

	path_of(conf, "deployments.json", &t);
	err = file_read(path, FILE_REGULAR, room, sizeof(room), &len, why);
	if (err != KERR_OK)
		return err;
	arena_init(&arena, big_arena, sizeof(big_arena));
	return deployments_read((struct slice){ room, len }, path, &in, &arena, out, why);
}
