/* What the journal holds, as a timeline. Reads the file itself, so that it needs no daemon and disturbs none. */
#include <stdio.h>

#include "agent/cmd/settings.h"
#include "agent/cmd/show.h"
#include "agent/run/kept.h"
#include "agent/cmd/say.h"

enum { NEWEST = 200, FAULTS = 20, SENTENCE = 1800 };

struct reading {
	struct page page;
	bool json, count;                /* count: nothing is shown yet */
	uint64_t skip, at;               /* the first `skip` records are left out */
	uint32_t faults;
	struct { size_t offset; const char *what; } fault[FAULTS];
};

static void words(struct text *t, const char *before, const char *s)
{
	if (s[0] == '\0')
		return;
	text_s(t, before);
	text_s(t, s);
}

static void release(struct text *t, const char *family, uint32_t revision)
{
	if (family[0] != '\0')
		text_definition(t, family, revision);
}

static void failure(struct text *t, const struct failure *f)
{
	release(t, f->family, f->revision);
	words(t, " of ", f->service);
	words(t, " failed at stage ", stage_name(f->stage));
	words(t, ": ", class_name(f->class));
	words(t, ", blame ", blame_name(f->blame));
	words(t, ": ", f->reason);
	text_packed(t, f->over ? PACKED(" (it is over)") : PACKED(""));
}

static void rollback(struct text *t, const struct rollback *r)
{
	text_s(t, r->service);
	text_say(t, ": ");
	release(t, r->family, r->revision);
	text_say(t, " -> ");
	release(t, r->target_family, r->target_revision);
	words(t, ", ", rb_state_name(r->state));
	words(t, ": ", r->reason);
}

/* The sentence; the number of the record's id, or 0. */
static uint32_t sentence(const struct record *r, struct text *t)
{
	switch (r->kind) {
	case REC_FAILURE:
		failure(t, &r->u.failure);
		return r->u.failure.id;
	case REC_ROLLBACK:
		rollback(t, &r->u.rollback);
		return r->u.rollback.id;
	case REC_SERVICE:
		text_s(t, r->u.service.name);
		words(t, ", AWS says ", sd_status_name((enum sd_status)(r->u.service.status < SD_STATUSES ? r->u.service.status : SD_OTHER)));
		words(t, ": ", r->u.service.deployment);
		return 0;
	case REC_RELEASE:
		release(t, r->u.release.family, r->u.release.revision);
		words(t, " of ", r->u.release.service);
		text_s(t, r->u.release.bad ? " is bad" : r->u.release.good ? " is good" : " was seen");
		return 0;
	case REC_AUDIT:
		text_s(t, r->u.audit.text);
		text_say(t, " (uid ");
		text_u64(t, r->u.audit.uid);
		text_c(t, ')');
		return 0;
	case REC_EPOCH:
		text_s(t, r->u.epoch.node.cluster);
		words(t, ", engine ", r->u.epoch.node.engine_version);
		words(t, ", ECS agent ", r->u.epoch.node.agent_version);
		words(t, ", boot ", r->u.epoch.node.boot_id);
		return 0;
	case REC_KINDS:
		break;
	}
	return 0;
}

static void object(const struct record *r, const char *id, const char *text, bool first)
{
	char buf[SENTENCE * 6 + 256];    /* each byte may become six */
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = { &t, !first };

	jw_object(&w, NULL);
	jw_unix_s(&w, "time_unix_s", r->unix_ms);
	jw_u64(&w, "seq", r->seq);
	jw_str(&w, "kind", rec_kind_name(r->kind));
	jw_str_or_null(&w, "id", id);
	jw_str(&w, "text", text);
	jw_object_end(&w);
	fputs(buf, stdout);
}

static bool each(void *ctx, const struct record *r, size_t offset, size_t n)
{
	struct reading *reading = ctx;
	char text[SENTENCE], id[16] = "", when[PAGE_TIME_CAP], lead[96];
	struct text t = text_on(text, sizeof(text));
	uint32_t number, day_s = (uint32_t)(r->unix_ms / 1000 % 86400);

	(void)offset;
	(void)n;
	if (reading->count || reading->at++ < reading->skip)
		return true;
	number = sentence(r, &t);
	if (number != 0)
		snprintf(id, sizeof(id), "%c%u", r->kind == REC_FAILURE ? 'f' : 'r', number);
	if (reading->json) {
		object(r, id, text, reading->at == reading->skip + 1);
		return true;
	}
	page_unix(r->unix_ms / 1000, when);
	snprintf(lead, sizeof(lead), "%s (%02u:%02u:%02uZ) %s%s%s\n", when, day_s / 3600, day_s / 60 % 60, day_s % 60,
		 rec_kind_name(r->kind), id[0] == '\0' ? "" : " ", id);
	fputs(lead, stdout);
	page_wrap(&reading->page, "    ", 4, text);
	return true;
}

static void fault(void *ctx, size_t offset, const char *what)
{
	struct reading *reading = ctx;

	if (!reading->count)
		return;
	if (reading->faults < FAULTS) {
		reading->fault[reading->faults].offset = offset;
		reading->fault[reading->faults].what = what;
	}
	reading->faults++;
}

static void damage(const struct reading *r)
{
	for (uint32_t i = 0; i < r->faults && i < FAULTS; i++)
		if (r->json)
			say("%s{\"offset\":%zu,\"text\":\"%s\"}", i == 0 ? "" : ",", r->fault[i].offset, r->fault[i].what);
		else
			say("at byte %zu: passed over: %s\n", r->fault[i].offset, r->fault[i].what);
}

/* False: there are bytes, but no record in them. */
static bool print(struct reading *r, struct slice journal, uint64_t newest)
{
	static struct record record;
	static char room[RECORD_ARENA];
	struct record_scan scan;
	struct arena arena;

	r->count = true;
	arena_init(&arena, room, sizeof(room));
	record_scan_told(journal, &arena, &record, each, fault, r, &scan);
	r->count = false;
	r->skip = scan.records > newest ? scan.records - newest : 0;
	if (r->json)
		say("{\"schema\":\"kedge.journal/1\",\"records\":[");
	else if (r->skip > 0)
		say("(%llu older ones left out: -n N shows more)\n", (unsigned long long)r->skip);
	record_scan_told(journal, &arena, &record, each, fault, r, &scan);
	if (r->json)
		say("],\"left_out\":%llu,\"torn_bytes\":%llu,\"damaged\":[", (unsigned long long)r->skip, (unsigned long long)scan.tail_bytes);
	damage(r);
	if (r->json)
		say("]}\n");
	else if (scan.tail_bytes > 0)
		say("at byte %zu: torn: the last %llu bytes are no whole record\n", journal.n - (size_t)scan.tail_bytes,
		       (unsigned long long)scan.tail_bytes);
	return scan.records > 0 || journal.n == 0;
}

int cmd_journal(const struct cmd *c)
{
	static char room[JOURNAL_FILE_MAX];
	static struct conf conf;
	struct slice journal = { room, 0 };
	struct reading reading = { .page = page_open() };
	uint64_t newest = NEWEST;
	struct args a;
	struct why why;

	if (!args_parse(c, ARG_JSON | ARG_COUNT, 0, 0, &a))
		return EXIT_USAGE;
	if (a.count != NULL && (!slice_u64(slice_of(a.count), &newest) || newest == 0)) {
		say_to(stderr, "kedge journal: -n takes the number of records to show, 1 or more\n");
		return EXIT_USAGE;
	}
	if (!settings_load(c, &conf))
		return EXIT_USAGE;
	if (kept_bytes(&conf, room, sizeof(room), &journal.n, &why) != KERR_OK)
		return ask_fail_says(a.json, EXIT_UNREACHABLE, why.text);
	reading.json = a.json;
	return print(&reading, journal, newest) ? EXIT_DONE : EXIT_NO;
}
