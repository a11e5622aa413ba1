/* Journal records: there and back, their size, torn ends, flipped bits, other versions. */
#include "agent/wire/record.h"

#include "agent/core/event.h"
#include "tests/tap.h"

#define R "arn:aws:ecs:eu-west-1:123456789012:"

static char journal[65536], copy[65536], memory[RECORD_ARENA];
static size_t used;
static struct arena arena;
static struct record rec;
static struct why why;

/* Members are set one by one on zeroed memory, so that two equal records are equal bytes, padding and all. */
static void begin(struct record *r, enum rec_kind kind, uint64_t seq, int64_t unix_ms)
{
	memset(r, 0, sizeof(*r));
	r->kind = kind;
	r->seq = seq;
	r->unix_ms = unix_ms;
}

static void failure(struct record *r)
{
	struct failure *f = &r->u.failure;

	begin(r, REC_FAILURE, 41, 1795400522309);
	f->id = 7;
	f->epoch = 3;
	f->kind = FK_SERVICE;
	f->revision = 12;
	f->essential = 2;
	f->counted = true;
	f->over = true;
	f->link_bad = true;
	f->stage = STAGE_PULL;
	f->class = CLASS_IMAGE_NOT_FOUND;
	f->blame = BLAME_RELEASE;
	f->count = 3;
	f->n_evidence = 3;
	f->first_unix_ms = 1795400522309;
	f->last_unix_ms = 1795400599001;
	(void)str_put(f->service, NAME_CAP, SLICE("web"));
	(void)str_put(f->cluster, NAME_CAP, SLICE("edge"));
	(void)str_put(f->family, NAME_CAP, SLICE("test-task"));
	(void)str_put(f->task, ARN_CAP, SLICE(R "task/edge/0123456789abcdef0123456789abcdef"));
	(void)str_put(f->container, NAME_CAP, SLICE("app"));
	(void)str_put(f->deployment, ARN_CAP, SLICE(R "service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"));
	(void)str_put(f->started_by, STARTED_BY_CAP, SLICE("ecs-svc/12345678901234567890"));
	(void)str_put(f->image, IMAGE_CAP, SLICE("registry.example:5000/app:12"));
	(void)str_put(f->reason, REASON_CAP, SLICE("CannotPullContainerError: Error response from daemon: manifest for "
		"registry.example:5000/app:12 not found: manifest unknown: \"manifest\" \\unknown\\"));
	(void)str_put(f->evidence[0], SENTENCE_CAP, SLICE("the registry answered 404 for this tag, and 200 for the tag before it"));
	(void)str_put(f->evidence[1], SENTENCE_CAP, SLICE("test-task:11 started here after the first failure"));
	(void)str_put(f->evidence[2], SENTENCE_CAP, SLICE("the default route was up and the clock set"));
}

static void rollback(struct record *r)
{
	struct rollback *b = &r->u.rollback;

	begin(r, REC_ROLLBACK, 42, 1795400600000);
	b->id = 2;
	b->failure = 7;
	b->state = RB_ACTING;
	b->revision = 12;
	b->target_revision = 11;
	b->confirmed = true;
	b->uid = 1000;
	b->decided_unix_ms = 1795400600000;
	b->expires_unix_ms = 1795487000000;
	b->first_failure_unix_ms = 1795400522309;
	b->verified = VERIFIED_ELSEWHERE;
	(void)str_put(b->service, NAME_CAP, SLICE("web"));
	(void)str_put(b->family, NAME_CAP, SLICE("test-task"));
	(void)str_put(b->deployment, ARN_CAP, SLICE(R "service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"));
	(void)str_put(b->target_revision_arn, ARN_CAP, SLICE(R "service-revision/edge/web/4980306466373577095"));
	(void)str_put(b->target_family, NAME_CAP, SLICE("test-task"));
	(void)str_put(b->target_digest, DIGEST_CAP, SLICE("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"));
	(void)str_put(b->reason, sizeof(b->reason), SLICE("confirmed by uid 1000; AWS says the deployment is IN_PROGRESS"));
}

static void memories(struct record *r, enum rec_kind kind)
{
	begin(r, kind, UINT64_C(9007199254740991), 1);
	if (kind == REC_SERVICE) {
		r->u.service.n_families = 2;
		r->u.service.status = SD_IN_PROGRESS;
		r->u.service.asked_unix_ms = 5;
		(void)str_put(r->u.service.name, NAME_CAP, SLICE("web"));
		(void)str_put(r->u.service.family[0], NAME_CAP, SLICE("a"));
		(void)str_put(r->u.service.family[1], NAME_CAP, SLICE("b"));
	} else if (kind == REC_RELEASE) {
		r->u.release.revision = UINT32_MAX;
		r->u.release.starts = 2;
		r->u.release.bad = true;
		r->u.release.first_unix_ms = -1;
		(void)str_put(r->u.release.container, NAME_CAP, SLICE("app"));
	} else if (kind == REC_AUDIT) {
		(void)str_put(r->u.audit.text, sizeof(r->u.audit.text), SLICE("kedge rollback web \"x\"\\ \xc3\xa9"));
	} else {
		r->u.epoch.epoch = 4;
		(void)str_put(r->u.epoch.node.boot_id, sizeof(r->u.epoch.node.boot_id), SLICE("b"));
		(void)str_put(r->u.epoch.node.arch, sizeof(r->u.epoch.node.arch), SLICE("arm64"));
	}
}

struct seen { unsigned n, wrong; struct record want[8]; size_t offset[8], bytes[8]; unsigned wants; };

/* Byte for byte a record that was written. */
static bool check(void *ctx, const struct record *r, size_t offset, size_t n)
{
	struct seen *s = ctx;
	bool found = false;

	for (unsigned i = 0; i < s->wants; i++)
		found |= memcmp(&s->want[i], r, sizeof(*r)) == 0;
	s->wrong += !found;
	if (s->n < 8) {
		s->offset[s->n] = offset;
		s->bytes[s->n] = n;
	}
	s->n++;
	return true;
}

static struct seen all;
static struct record_scan scanned;

static void scan(const char *p, size_t n)
{
	all.n = all.wrong = 0;
	arena_init(&arena, memory, sizeof(memory));
	record_scan((struct slice){ p, n }, &arena, &rec, check, &all, &scanned);
}

static size_t add(const struct record *r)
{
	size_t n = 0;
	enum kerr e = record_write(r, journal + used, sizeof(journal) - used, &n, &why);

	ok(e == KERR_OK, "%s: %zu bytes", rec_kind_name(r->kind), n);
	memcpy(&all.want[all.wants++], r, sizeof(*r));
	used += n;
	return n;
}

static void round_trip(void)
{
	static struct record r;

	failure(&r);
	ok(add(&r) < 1200, "a failure is small");
	rollback(&r);
	ok(add(&r) < 700, "a transition of a rollback is smaller");
	for (int k = REC_SERVICE; k < REC_KINDS; k++) {
		memories(&r, (enum rec_kind)k);
		add(&r);
	}
	scan(journal, used);
	ok(scanned.records == REC_KINDS && all.n == REC_KINDS && all.wrong == 0, "all kinds come back as they were");
	ok(scanned.damaged == 0 && scanned.foreign == 0 && scanned.skipped_bytes == 0 && scanned.tail_bytes == 0 &&
	   scanned.why.text[0] == '\0', "and nothing is amiss");
	ok(all.offset[1] == all.bytes[0] && arena.used == 0, "offsets; the arena is as it was");
	ok(record_crc32(0, "123456789", 9) == 0xcbf43926, "the CRC's known answer");
}

/* Power may be cut after each byte of a write. */
static void truncation(void)
{
	size_t ends[REC_KINDS + 1] = { 0 }, bad = 0, whole = 0;

	for (int i = 0; i < REC_KINDS; i++)
		ends[i + 1] = all.offset[i] + all.bytes[i];
	for (size_t n = 0; n <= used; n++) {
		while (whole < REC_KINDS && ends[whole + 1] <= n)
			whole++;
		memcpy(copy, journal, n);
		scan(copy, n);
		bad += scanned.records != whole || all.wrong != 0 || scanned.tail_bytes != n - ends[whole] ||
		       scanned.damaged != 0 || (scanned.tail_bytes > 0) != (scanned.why.text[0] != '\0');
	}
	is_int(bad, 0, "each cut: the whole records, and the rest is the tail");
}

static void bit_flips(void)
{
	size_t bad = 0, lost = 0;

	for (size_t bit = 0; bit < used * 8; bit++) {
		memcpy(copy, journal, used);
		copy[bit / 8] ^= (char)(1 << (bit % 8));
		scan(copy, used);
		bad += all.wrong != 0 || scanned.records != REC_KINDS - 1 || scanned.why.text[0] == '\0';
		lost += scanned.damaged > 1 || scanned.skipped_bytes + scanned.tail_bytes == 0;
	}
	is_int(bad, 0, "each flipped bit: one record less, none wrong, and it is said");
	is_int(lost, 0, "the lost bytes are counted");
}

static void middle(void)
{
	memcpy(copy, journal, used);
	memset(copy + all.offset[1] + 40, 0, 8);
	scan(copy, used);
	ok(scanned.records == REC_KINDS - 1 && scanned.damaged == 1 && scanned.tail_bytes == 0 && all.wrong == 0,
	   "zeroes in the middle: the rest is read: %s", scanned.why.text);
	memcpy(copy, journal, used);
	memset(copy + used, 0, 512);
	scan(copy, used + 512);
	ok(scanned.records == REC_KINDS && scanned.tail_bytes == 512, "zeroes at the end are the tail");
	memset(copy, (char)0xAE, sizeof(copy));
	scan(copy, sizeof(copy));
	ok(scanned.records == 0 && scanned.tail_bytes == sizeof(copy), "nothing but magic bytes");
}

/* A sound frame around any payload. */
static size_t frame(char *p, char version, const char *payload)
{
	uint32_t n = (uint32_t)strlen(payload), crc;

	p[0] = (char)0xAE;
	p[1] = version;
	for (int i = 0; i < 4; i++)
		p[2 + i] = (char)(n >> (8 * i));
	memcpy(p + 10, payload, n);
	crc = record_crc32(record_crc32(0, p, 6), payload, n);
	for (int i = 0; i < 4; i++)
		p[6 + i] = (char)(crc >> (8 * i));
	return 10 + n;
}

static void one(char version, const char *payload, uint32_t records, uint32_t foreign, uint32_t damaged, const char *words)
{
	scan(copy, frame(copy, version, payload));
	ok(scanned.records == records && scanned.foreign == foreign && scanned.damaged == damaged && scanned.tail_bytes == 0,
	   "%.60s", payload);
	ok(strstr(scanned.why.text, words) != NULL, "says: %s", scanned.why.text);
}

static void versions(void)
{
	one(1, "{\"v\":1,\"k\":\"audit\",\"s\":1,\"t\":2,\"r\":\"x\",\"of_tomorrow\":{\"a\":[1]}}", 1, 0, 0, "");
	ok(rec.kind == REC_AUDIT && strcmp(rec.u.audit.text, "x") == 0, "a key of tomorrow is no harm");
	one(1, "{\"v\":2,\"k\":\"audit\",\"s\":1,\"t\":2}", 0, 1, 0, "version 2");
	one(2, "{\"v\":1,\"k\":\"audit\",\"s\":1,\"t\":2}", 0, 1, 0, "version 2");
	one(1, "{\"v\":1,\"k\":\"omen\",\"s\":1,\"t\":2}", 0, 1, 0, "kind");
	one(1, "{\"v\":1,\"k\":\"failure\",\"s\":1,\"t\":2,\"c\":\"new-class\"}", 0, 1, 0, "new-class");
	one(1, "{\"v\":1,\"k\":\"failure\",\"s\":1,\"t\":2,\"i\":-1}", 0, 0, 1, "member i is out of range");
	one(1, "{\"v\":1,\"k\":\"failure\",\"s\":1,\"t\":2,\"sv\":7}", 0, 0, 1, "member sv");
	one(1, "{\"v\":1,\"k\":\"service\",\"s\":1,\"t\":2,\"fa\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}", 0, 0, 1, "member fa");
	one(1, "{\"v\":1,\"k\":\"audit\",\"s\":1}", 0, 0, 1, "t");
	one(1, "{\"v\":1,}", 0, 0, 1, "byte");
}

static bool stop(void *ctx, const struct record *r, size_t offset, size_t n)
{
	(void)r, (void)offset, (void)n;
	return ++*(unsigned *)ctx < 2;
}

static void bounds(void)
{
	static struct record r;
	static char small[64], big[RECORD_FRAME_MAX];
	size_t n = 1;
	unsigned calls = 0;

	failure(&r);
	ok(record_write(&r, small, sizeof(small), &n, &why) == KERR_TOO_BIG && n == 0, "no room: %s", why.text);
	ok(record_write(&r, small, 5, &n, &why) == KERR_TOO_BIG, "not even for the head: %s", why.text);
	r.kind = REC_KINDS;
	ok(record_write(&r, big, sizeof(big), &n, &why) == KERR_BAD_INPUT, "no kind: %s", why.text);
	failure(&r);
	memset(r.u.failure.reason, '"', REASON_CAP - 1);
	for (int i = 0; i < EVIDENCE_MAX; i++)
		memset(r.u.failure.evidence[i], '"', SENTENCE_CAP - 1);
	r.u.failure.n_evidence = EVIDENCE_MAX;
	memset(r.u.failure.image, 'i', IMAGE_CAP - 1);
	ok(record_write(&r, big, sizeof(big), &n, &why) == KERR_OK, "the largest failure, all of it escaped: %zu bytes", n);
	all.wants = 1;
	memcpy(&all.want[0], &r, sizeof(r));
	scan(big, n);
	ok(scanned.records == 1 && all.wrong == 0, "comes back whole");
	record_scan((struct slice){ journal, used }, &arena, &rec, stop, &calls, &scanned);
	ok(calls == 2 && scanned.records == 2, "the callback can end the scan");
}

/* Fills every string of a block of equal arrays with its own text. */
static void fill(char *p, size_t size, const char *text)
{
	(void)str_put(p, size, slice_of(text));
}

static void every_member(void)
{
	static struct record r;
	struct rollback *b = &r.u.rollback;
	struct failure *f = &r.u.failure;
	struct ev_epoch *n = &r.u.epoch.node;

	used = 0;
	all.wants = 0;
	failure(&r);
	f->has_exit = f->reason_cut = f->link_bad = true;
	f->exit_code = -139;
	fill(f->digest, DIGEST_CAP, "sha256:d");
	f->stage = STAGE_NODE;
	f->class = CLASS_CLOCK_UNSET;
	f->blame = BLAME_CAPACITY;
	f->kind = FK_STANDALONE;
	add(&r);
	rollback(&r);
	b->by_operator = b->accepted = b->link_bad = true;
	b->accepted_unix_ms = 11;
	b->done_unix_ms = 12;
	fill(b->digest, DIGEST_CAP, "sha256:e");
	b->state = RB_CANCELLED;
	b->verified = VERIFIED_NO;
	add(&r);
	memories(&r, REC_SERVICE);
	fill(r.u.service.deployment, ARN_CAP, "d");
	r.u.service.hold_until_unix_ms = 13;
	r.u.service.status = SD_ROLLBACK_FAILED;
	add(&r);
	memories(&r, REC_RELEASE);
	r.u.release.good = true;
	r.u.release.good_unix_ms = 14;
	fill(r.u.release.service, NAME_CAP, "s");
	fill(r.u.release.deployment, ARN_CAP, "d");
	fill(r.u.release.family, NAME_CAP, "f");
	fill(r.u.release.digest, DIGEST_CAP, "g");
	fill(r.u.release.image_id, DIGEST_CAP, "i");
	add(&r);
	memories(&r, REC_AUDIT);
	r.u.audit.uid = UINT32_MAX;
	add(&r);
	memories(&r, REC_EPOCH);
	fill(n->engine_id, sizeof(n->engine_id), "e");
	fill(n->engine_version, sizeof(n->engine_version), "v");
	fill(n->agent_version, sizeof(n->agent_version), "a");
	fill(n->cluster, sizeof(n->cluster), "c");
	fill(n->container_instance, sizeof(n->container_instance), "i");
	fill(n->region, sizeof(n->region), "r");
	add(&r);
	scan(journal, used);
	ok(scanned.records == REC_KINDS && all.wrong == 0, "every member of every kind comes back");
}

/* What the journal does not write is forgotten at the next restart: each yes-or-no of each record, alone. */
static void alone(struct record *r, bool *member, const char *name)
{
	used = all.wants = 0;
	*member = true;
	add(r);
	scan(journal, used);
	ok(scanned.records == 1 && all.wrong == 0, "%s survives", name);
	*member = false;
}

static void every_bool(void)
{
	static struct record r;

#define ALONE(member) alone(&r, &r.u.member, #member)
	failure(&r);
	ALONE(failure.counted), ALONE(failure.has_exit), ALONE(failure.reason_cut), ALONE(failure.over), ALONE(failure.unseen);
	ALONE(failure.link_bad);
	rollback(&r);
	ALONE(rollback.confirmed), ALONE(rollback.by_operator), ALONE(rollback.accepted), ALONE(rollback.link_bad), ALONE(rollback.update);
	memories(&r, REC_RELEASE);
	ALONE(release.good), ALONE(release.bad), ALONE(release.accepted), ALONE(release.tried);
#undef ALONE
}

int main(void)
{
	round_trip();
	truncation();
	bit_flips();
	middle();
	versions();
	bounds();
	every_member();
	every_bool();
	return done();
}
