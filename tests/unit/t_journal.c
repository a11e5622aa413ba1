/* A journal that is full of what cannot be left out: as many services as there are rows, each with a rollback under way, and the
 * longest names AWS allows. What is written last must be there after a restart, and the file stays below its bound. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/run/kept.h"
#include "agent/run/node.h"
#include "platform/clock.h"
#include "tests/tap.h"

#define NOW_MS clock_wall_ms()

static struct node n;
static struct conf conf;
static struct core back;
static char dir[64];

static void fill(char *p, size_t bytes, unsigned number)
{
	memset(p, 'n', bytes);
	p[bytes] = '\0';
	p[bytes - 1] = (char)('0' + number % 10);
	p[bytes - 2] = (char)('0' + number / 10 % 10);
	p[bytes - 3] = (char)('0' + number / 100 % 10);
}
#define FILL(array, bytes, number) fill((array), (bytes) < sizeof(array) ? (bytes) : sizeof(array) - 1, (number))

static void services(size_t name)
{
	for (unsigned i = 0; i < SERVICES_MAX; i++) {
		struct service *s = &n.core.service[i];

		s->used = true;
		FILL(s->m.name, name, i);
		for (s->m.n_families = 0; s->m.n_families < SERVICE_FAMILIES; s->m.n_families++)
			FILL(s->m.family[s->m.n_families], name, i);
		FILL(s->m.deployment, 2 * name + 80, i);
		s->rb.id = i + 1;
		s->rb.state = RB_DECIDED;
		s->rb.decided_unix_ms = NOW_MS;
		s->rb.expires_unix_ms = NOW_MS + 86400000;
		(void)str_put(s->rb.service, NAME_CAP, slice_of(s->m.name));
		FILL(s->rb.family, name, i);
		FILL(s->rb.deployment, 2 * name + 80, i);
		FILL(s->rb.target_revision_arn, 2 * name + 80, i);
		FILL(s->rb.target_family, name, i);
		FILL(s->rb.digest, 71, i);
		FILL(s->rb.target_digest, 71, i);
		FILL(s->rb.reason, 2 * SENTENCE_CAP - 1, i);
	}
	n.core.rows.services = SERVICES_MAX;
}

static void releases(size_t name)
{
	for (unsigned i = 0; i < RELEASES_MAX; i++) {
		struct release *r = &n.core.release[i];

		r->used = r->good = true;
		FILL(r->service, name, i);
		FILL(r->family, name, i);
		FILL(r->deployment, 2 * name + 80, i);
		r->revision = i + 1;
		r->n_images = 1;
		FILL(r->image[0].container, name, i);
		FILL(r->image[0].image_id, 71, i);
		FILL(r->image[0].digest, 71, i);
	}
	n.core.rows.releases = RELEASES_MAX;
}

static void failures(size_t name)
{
	for (unsigned i = 0; i < FAILURES_MAX; i++) {
		struct failure *f = &n.core.failure[i].f;

		n.core.failure[i].used = true;
		f->id = i + 1;
		f->class = CLASS_IMAGE_NOT_FOUND;
		f->first_unix_ms = f->last_unix_ms = NOW_MS + i;
		FILL(f->service, name, i);
		FILL(f->cluster, name, i);
		FILL(f->family, name, i);
		FILL(f->container, name, i);
		FILL(f->task, name + 80, i);
		FILL(f->deployment, 2 * name + 80, i);
		FILL(f->image, name + 80, i);
		FILL(f->reason, REASON_CAP - 1, i);
		for (f->n_evidence = 0; f->n_evidence < EVIDENCE_MAX; f->n_evidence++)
			FILL(f->evidence[f->n_evidence], SENTENCE_CAP - 1, i);
	}
	n.core.rows.failures = FAILURES_MAX;
	n.core.next_id = FAILURES_MAX + 1;
}

static void begin(size_t name)
{
	memset(&n, 0, sizeof(n));
	n.conf = &conf;
	(void)str_put(conf.state_dir, sizeof(conf.state_dir), slice_of(dir));
	log_init(&n.log, LOG_LEVEL_ERROR);
	core_init(&n.core, &conf.core);
	journal_open(&n);
	services(name);
	releases(name);
	failures(name);
}

static void add(enum rec_kind kind, uint32_t index, uint64_t seq)
{
	journal_add(&n, &(struct action){ .type = ACT_JOURNAL, .kind = kind, .index = index, .seq = seq });
	(void)journal_flush(&n);
}

static unsigned rollbacks_back(void)
{
	unsigned found = 0;

	for (int32_t i = 0; i < back.rows.services; i++)
		found += back.service[i].used && rb_open(back.service[i].rb.state);
	return found;
}

static uint32_t newest_back(unsigned *count)
{
	uint32_t newest = 0;

	*count = 0;
	for (int32_t i = 0; i < back.rows.failures; i++)
		if (back.failure[i].used) {
			++*count;
			newest = back.failure[i].f.id > newest ? back.failure[i].f.id : newest;
		}
	return newest;
}

static void full(size_t name)
{
	struct record_scan scan = { 0 };
	struct why why;
	unsigned count;

	begin(name);
	for (uint64_t seq = 1; seq < 400; seq++) {
		add(REC_FAILURE, (uint32_t)seq % FAILURES_MAX, seq);
		if (n.journal.bytes > JOURNAL_MAX)
			break;
	}
	ok(n.journal.bytes <= JOURNAL_MAX && !n.journal.failing, "names of %zu bytes: the file keeps its bound", name);
	n.core.failure[3].f.id = 500;
	n.core.next_id = 501;
	n.journal.bytes = JOURNAL_MAX;
	add(REC_FAILURE, 3, 400);
	memset(&back, 0, sizeof(back));
	core_init(&back, &conf.core);
	is_int(kept_journal(&conf, &back, &scan, &why), KERR_OK, "it is read back");
	printf("# %llu bytes, %u records, failing %d\n", (unsigned long long)n.journal.bytes, scan.records, n.journal.failing);
	is_int(scan.damaged + scan.tail_bytes, 0, "... whole");
	is_int(rollbacks_back(), SERVICES_MAX, "... every rollback that is under way is in it");
	is_int(newest_back(&count), 500, "... and the failure that was written last");
	ok(count >= 8, "... with those before it: %u", count);
	(void)remove(n.journal.path);
}

int main(void)
{
	strcpy(dir, "/tmp/t_journal.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	full(20);
	full(60);
	full(255);
	(void)rmdir(dir);
	return done();
}
