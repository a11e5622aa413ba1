/* The journal. An even first byte: the rest is the file; an odd one: the rest, cut at NULs, is the payloads, which get sound frames.
 * Every byte is accounted for, what is read can be written and reads the same, and a file cut off anywhere holds a part of it. */
#include "agent/wire/record.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define JOURNAL 32768
#define RECORDS 64

static struct arena arena;
static struct record rec, again;
static char memory[RECORD_ARENA], journal[JOURNAL], frame[RECORD_FRAME_MAX];

struct seen { size_t end, bytes; uint32_t n; uint64_t hash[RECORDS]; };

static bool only(void *ctx, const struct record *r, size_t offset, size_t n)
{
	(void)ctx, (void)r, (void)offset, (void)n;
	return true;
}

/* Bytes that are no UTF-8 are written as U+FFFD. */
static bool replaced(struct slice written)
{
	return slice_find(written, "\xEF\xBF\xBD") != SIZE_MAX || slice_find(written, "\\ufffd") != SIZE_MAX;
}

/* Writes *r and reads that into again. A text full of what JSON must escape grows, and is refused rather than cut: false. */
static bool there_and_back(const struct record *r, struct slice *written)
{
	static char more[RECORD_ARENA];
	struct record_scan scan;
	struct why why = { "" };
	struct arena a;
	size_t n = 0;

	arena_init(&a, more, sizeof(more));
	if (record_write(r, frame, sizeof(frame), &n, &why) != KERR_OK)
		return false;
	*written = (struct slice){ frame, n };
	memset(&again, 0, sizeof(again));
	record_scan(*written, &a, &again, only, NULL, &scan);
	if (scan.records == 0 && replaced(*written))   /* three bytes for each that was none: too long by now */
		return false;
	if (scan.records != 1 || scan.damaged != 0 || scan.tail_bytes != 0)
		fuzz_broken("a record that was written does not read");
	return true;
}

static void reads_back(const struct record *r)
{
	static struct record kept;
	struct slice written;

	kept = *r;
	if (!there_and_back(&kept, &written))
		return;
	/* only from then on it stays the same */
	if (replaced(written)) {
		kept = again;
		if (!there_and_back(&kept, &written))
			return;
	}
	if (again.kind != kept.kind || again.seq != kept.seq || again.unix_ms != kept.unix_ms ||
	    memcmp(&again.u, &kept.u, sizeof(kept.u)) != 0)
		fuzz_broken("a record came back as another");
}

static bool each(void *ctx, const struct record *r, size_t offset, size_t n)
{
	struct seen *s = ctx;

	if (offset < s->end || (unsigned)r->kind >= REC_KINDS)
		fuzz_broken("records overlap, or one is of no kind");
	s->end = offset + n;
	s->bytes += n;
	if (s->n < RECORDS)
		s->hash[s->n] = slice_hash((struct slice){ (const char *)r, sizeof(*r) });
	s->n++;
	return true;
}

static bool each_and_back(void *ctx, const struct record *r, size_t offset, size_t n)
{
	reads_back(r);
	return each(ctx, r, offset, n);
}

static void whole_then_cut(struct slice file, size_t at)
{
	struct seen all = { 0 }, part = { 0 };
	struct record_scan scan, cut;
	char *copy;

	arena_init(&arena, memory, sizeof(memory));
	record_scan(file, &arena, &rec, each_and_back, &all, &scan);
	if (scan.records != all.n || all.bytes + scan.skipped_bytes + scan.tail_bytes > file.n)
		fuzz_broken("bytes of the journal are counted twice");
	if (scan.damaged + scan.foreign == 0 && all.bytes + scan.tail_bytes != file.n)
		fuzz_broken("bytes of the journal are lost");
	copy = malloc(at > 0 ? at : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, file.p, at);
	record_scan((struct slice){ copy, at }, &arena, &rec, each, &part, &cut);
	free(copy);
	if (part.n > all.n)
		fuzz_broken("a cut journal holds more");
	for (uint32_t i = 0; i < part.n && i < RECORDS; i++)
		if (part.hash[i] != all.hash[i])
			fuzz_broken("a cut journal holds other records");
}

static void put_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(uint8_t)(v >> (8 * i));
}

static size_t framed(struct slice in)
{
	struct slice payload;
	size_t n = 0;

	while (slice_next(&in, '\0', &payload) && n + RECORD_FRAME_HEAD + payload.n <= sizeof(journal)) {
		char *p = journal + n;

		p[0] = (char)0xAE;
		p[1] = 1;
		put_u32(p + 2, (uint32_t)payload.n);
		if (payload.n > 0)
			memcpy(p + RECORD_FRAME_HEAD, payload.p, payload.n);
		put_u32(p + 6, record_crc32(record_crc32(0, p, 6), p + RECORD_FRAME_HEAD, payload.n));
		n += RECORD_FRAME_HEAD + payload.n;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, file;
	bool frames = (fuzz_byte(&in) & 1) != 0;
	size_t cut = fuzz_byte(&in);

	file = in;
	if (frames)
		file = (struct slice){ journal, framed(in) };
	if (file.n > 0)
		whole_then_cut(file, file.n * cut / 255);
	return 0;
}
