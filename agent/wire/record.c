#include "agent/wire/record.h"

#include <stddef.h>
#include <string.h>

#include "agent/core/event.h"
#include "agent/wire/json.h"

_Static_assert(sizeof(enum class) == sizeof(unsigned) && sizeof(enum rb_state) == sizeof(unsigned),
	       "words are stored through an unsigned");

/* One table row per member serves writer and reader, so that they cannot drift apart. Members that are zero or
 * empty are left out. Keys are for ever: a new member gets a new key. */
enum type { T_NAME, T_TEXT, T_U32, T_I32, T_I64, T_BOOL, T_I8, T_WORD, T_WORD8, T_LIST };
enum words { W_NONE, W_CLASS, W_STAGE, W_BLAME, W_KIND, W_STATE, W_VERIFIED, W_STATUS };

/* As small as it gets: there are ninety. */
struct field {
	char key[4];
	enum type type : 8;
	uint16_t at, size;               /* offset and bytes in the struct; of a list: bytes of one string */
	enum words words : 8;
	uint8_t max;                     /* of a list */
	uint16_t count_at;
};

#define F(s, key, type, member) { key, type, offsetof(struct s, member), sizeof(((struct s *)0)->member), W_NONE, 0, 0 }
#define W(s, key, type, member, words) { key, type, offsetof(struct s, member), 0, words, 0, 0 }
#define L(s, key, member, count) { key, T_LIST, offsetof(struct s, member), sizeof(((struct s *)0)->member[0]), W_NONE, \
	sizeof(((struct s *)0)->member) / sizeof(((struct s *)0)->member[0]), offsetof(struct s, count) }

static const struct field failure_fields[] = {
	F(failure, "i", T_U32, id), F(failure, "e", T_U32, epoch), W(failure, "fk", T_WORD, kind, W_KIND),
	F(failure, "sv", T_NAME, service), F(failure, "cl", T_NAME, cluster), F(failure, "fa", T_NAME, family),
	F(failure, "rv", T_U32, revision), F(failure, "ta", T_NAME, task), F(failure, "co", T_NAME, container),
	F(failure, "de", T_NAME, deployment), F(failure, "sb", T_NAME, started_by), F(failure, "es", T_I8, essential),
	F(failure, "cn", T_BOOL, counted), F(failure, "hx", T_BOOL, has_exit), F(failure, "xc", T_I32, exit_code),
	F(failure, "rc", T_BOOL, reason_cut), F(failure, "ov", T_BOOL, over), F(failure, "un", T_BOOL, unseen), F(failure, "lb", T_BOOL, link_bad), F(failure, "im", T_NAME, image),
	F(failure, "dg", T_NAME, digest), W(failure, "st", T_WORD, stage, W_STAGE), W(failure, "c", T_WORD, class, W_CLASS),
	W(failure, "b", T_WORD, blame, W_BLAME), F(failure, "r", T_TEXT, reason), F(failure, "n", T_U32, count),
	F(failure, "t1", T_I64, first_unix_ms), F(failure, "t2", T_I64, last_unix_ms), L(failure, "ev", evidence, n_evidence),
};

static const struct field rollback_fields[] = {
	F(rollback, "i", T_U32, id), F(rollback, "f", T_U32, failure), W(rollback, "st", T_WORD, state, W_STATE),
	F(rollback, "sv", T_NAME, service), F(rollback, "fa", T_NAME, family), F(rollback, "rv", T_U32, revision),
	F(rollback, "dg", T_NAME, digest), F(rollback, "de", T_NAME, deployment),
	F(rollback, "ta", T_NAME, target_revision_arn), F(rollback, "tf", T_NAME, target_family),
	F(rollback, "tr", T_U32, target_revision), F(rollback, "td", T_NAME, target_digest), F(rollback, "r", T_TEXT, reason),
	F(rollback, "cf", T_BOOL, confirmed), F(rollback, "op", T_BOOL, by_operator), F(rollback, "ac", T_BOOL, accepted),
	F(rollback, "lb", T_BOOL, link_bad), F(rollback, "up", T_BOOL, update), F(rollback, "u", T_U32, uid), F(rollback, "t1", T_I64, decided_unix_ms),
	F(rollback, "t2", T_I64, expires_unix_ms), F(rollback, "t3", T_I64, accepted_unix_ms),
	F(rollback, "t4", T_I64, done_unix_ms), F(rollback, "t5", T_I64, first_failure_unix_ms),
	W(rollback, "vf", T_WORD, verified, W_VERIFIED),
};

static const struct field service_fields[] = {
	F(service_memory, "sv", T_NAME, name), F(service_memory, "de", T_NAME, deployment),
	L(service_memory, "fa", family, n_families), W(service_memory, "st", T_WORD8, status, W_STATUS),
	F(service_memory, "t1", T_I64, asked_unix_ms), F(service_memory, "t2", T_I64, hold_until_unix_ms),
	F(service_memory, "sr", T_U32, shadow_right), F(service_memory, "sw", T_U32, shadow_wrong),
};

static const struct field release_fields[] = {
	F(release_memory, "sv", T_NAME, service), F(release_memory, "de", T_NAME, deployment),
	F(release_memory, "fa", T_NAME, family), F(release_memory, "rv", T_U32, revision),
	F(release_memory, "co", T_NAME, container), F(release_memory, "dg", T_NAME, digest),
	F(release_memory, "ii", T_NAME, image_id),
	F(release_memory, "n", T_U32, starts), F(release_memory, "ok", T_BOOL, good), F(release_memory, "no", T_BOOL, bad),
	F(release_memory, "ac", T_BOOL, accepted), F(release_memory, "tr", T_BOOL, tried),
	F(release_memory, "t1", T_I64, first_unix_ms), F(release_memory, "t2", T_I64, good_unix_ms),
};

static const struct field audit_fields[] = { F(audit, "u", T_U32, uid), F(audit, "r", T_TEXT, text) };

static const struct field epoch_fields[] = {
	F(epoch_memory, "e", T_U32, epoch), F(epoch_memory, "bo", T_NAME, node.boot_id),
	F(epoch_memory, "en", T_NAME, node.engine_id), F(epoch_memory, "ver", T_NAME, node.engine_version),
	F(epoch_memory, "ag", T_NAME, node.agent_version), F(epoch_memory, "cl", T_NAME, node.cluster),
	F(epoch_memory, "ci", T_NAME, node.container_instance), F(epoch_memory, "re", T_NAME, node.region),
	F(epoch_memory, "ar", T_NAME, node.arch),
};

#define KIND(name, fields, member) { name, fields, sizeof(fields) / sizeof((fields)[0]), offsetof(struct record, u.member) }
static const struct kind {
	const char *name;
	const struct field *field;
	size_t n, at;
} kinds[] = {
	KIND("failure", failure_fields, failure), KIND("rollback", rollback_fields, rollback),
	KIND("service", service_fields, service), KIND("release", release_fields, release),
	KIND("audit", audit_fields, audit), KIND("epoch", epoch_fields, epoch),
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == REC_KINDS, "a table for each kind of record");

/* The word of a value, NULL for one that has none. */
static const char *word_of(enum words words, unsigned v)
{
	switch (words) {
	case W_CLASS:
		return v < CLASSES ? class_name((enum class)v) : NULL;
	case W_STAGE:
		return v < STAGES ? stage_name((enum stage)v) : NULL;
	case W_BLAME:
		return v < BLAMES ? blame_name((enum blame)v) : NULL;
	case W_KIND:
		return v < FAIL_KINDS ? fail_kind_name((enum fail_kind)v) : NULL;
	case W_STATE:
		return v < RB_STATES ? rb_state_name((enum rb_state)v) : NULL;
	case W_VERIFIED:
		return v <= VERIFIED_NO ? verified_name((enum verified)v) : NULL;
	case W_STATUS:
		return v < SD_STATUSES ? sd_status_name((enum sd_status)v) : NULL;
	case W_NONE:
		break;
	}
	return NULL;
}

static bool word_value(enum words words, const char *word, unsigned *v)
{
	for (*v = 0; *v < 64; ++*v) {
		const char *name = word_of(words, *v);

		if (name != NULL && str_eq(name, word))
			return true;
	}
	return false;
}

static void write_number(struct jw *w, const struct field *f, const char *p)
{
	uint32_t u32;
	int32_t i32;
	int64_t v = 0;

	if (f->type == T_U32) {
		memcpy(&u32, p, sizeof(u32));
		v = u32;
	} else if (f->type == T_I32) {
		memcpy(&i32, p, sizeof(i32));
		v = i32;
	} else if (f->type == T_I64) {
		memcpy(&v, p, sizeof(v));
	} else {
		v = *(const int8_t *)p;
	}
	if (v != 0)
		jw_i64(w, f->key, v);
}

static void write_list(struct jw *w, const struct field *f, const char *base)
{
	uint8_t n = *(const uint8_t *)(base + f->count_at);

	if (n == 0)
		return;
	jw_array(w, f->key);
	for (uint8_t i = 0; i < n && i < f->max; i++)
		jw_str(w, NULL, base + f->at + i * f->size);
	jw_array_end(w);
}

static void write_word(struct jw *w, const struct field *f, const char *p)
{
	unsigned v = *(const uint8_t *)p;
	const char *word;

	if (f->type == T_WORD)
		memcpy(&v, p, sizeof(v));
	word = word_of(f->words, v);
	if (v != 0 && word != NULL)
		jw_str(w, f->key, word);
}

static void write_field(struct jw *w, const struct field *f, const char *base)
{
	const char *p = base + f->at;

	switch (f->type) {
	case T_NAME:
	case T_TEXT:
		if (p[0] != '\0')
			jw_str(w, f->key, p);
		break;
	case T_U32:
	case T_I32:
	case T_I64:
	case T_I8:
		write_number(w, f, p);
		break;
	case T_BOOL:
		if (*(const bool *)p)
			jw_bool(w, f->key, true);
		break;
	case T_WORD:
	case T_WORD8:
		write_word(w, f, p);
		break;
	case T_LIST:
		write_list(w, f, base);
		break;
	}
}

uint32_t record_crc32(uint32_t crc, const void *p, size_t n)
{
	/* four bits at a time: fast enough for a journal, and a table of 64 bytes */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *byte = p;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc = table[(crc ^ byte[i]) & 15] ^ (crc >> 4);
		crc = table[(crc ^ (uint32_t)(byte[i] >> 4)) & 15] ^ (crc >> 4);
	}
	return ~crc;
}

static void put_u32(char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(uint8_t)(v >> (8 * i));
}

static uint32_t get_u32(const char *p)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

static uint32_t frame_crc(const char *frame, uint32_t payload)
{
	return record_crc32(record_crc32(0, frame, 6), frame + RECORD_FRAME_HEAD, payload);
}

static enum kerr write_payload(const struct record *r, struct text *t, struct why *why)
{
	const struct kind *k = &kinds[r->kind];
	struct jw w = jw_on(t);

	jw_object(&w, NULL);
	jw_u64(&w, "v", RECORD_VERSION);
	jw_str(&w, "k", k->name);
	jw_u64(&w, "s", r->seq);
	jw_i64(&w, "t", r->unix_ms);
	for (size_t i = 0; i < k->n; i++)
		write_field(&w, &k->field[i], (const char *)r + k->at);
	jw_object_end(&w);
	return t->full ? why_set(why, KERR_TOO_BIG, "a journal record of a %s does not fit %u bytes", k->name,
				 (unsigned)t->cap) : KERR_OK;
}

enum kerr record_write(const struct record *r, char *buf, size_t cap, size_t *n, struct why *why)
{
	struct text t;
	enum kerr e;

	*n = 0;
	if ((unsigned)r->kind >= REC_KINDS)
		return why_set(why, KERR_BAD_INPUT, "a journal record of no kind (%u)", (unsigned)r->kind);
	if (cap <= RECORD_FRAME_HEAD)
		return why_set(why, KERR_TOO_BIG, "a journal record does not fit %u bytes", (unsigned)cap);
	if (cap > RECORD_FRAME_MAX)
		cap = RECORD_FRAME_MAX;
	t = text_on(buf + RECORD_FRAME_HEAD, cap - RECORD_FRAME_HEAD);
	e = write_payload(r, &t, why);
	if (e != KERR_OK)
		return e;
	buf[0] = (char)RECORD_MAGIC;
	buf[1] = RECORD_VERSION;
	put_u32(buf + 2, (uint32_t)t.len);
	put_u32(buf + 6, frame_crc(buf, (uint32_t)t.len));
	*n = RECORD_FRAME_HEAD + t.len;
	return KERR_OK;
}

static enum kerr absent_ok(enum kerr e)
{
	return e == KERR_GONE ? KERR_OK : e;
}

static enum kerr read_number(const cJSON *o, const struct field *f, char *p, struct why *why)
{
	int64_t v = 0, low = INT32_MIN, high = INT32_MAX;
	enum kerr e = absent_ok(json_i64(o, f->key, &v, why));
	uint32_t u32;
	int32_t i32;

	if (f->type == T_U32) {
		low = 0;
		high = UINT32_MAX;
	} else if (f->type == T_I64) {
		low = INT64_MIN;
		high = INT64_MAX;
	} else if (f->type == T_I8) {
		low = 0;
		high = INT8_MAX;
	}
	if (e == KERR_OK && (v < low || v > high))
		return why_set(why, KERR_BAD_INPUT, "member %s is out of range", f->key);
	if (e != KERR_OK)
		return e;
	u32 = (uint32_t)v;
	i32 = (int32_t)v;
	if (f->type == T_U32)
		memcpy(p, &u32, sizeof(u32));
	else if (f->type == T_I32)
		memcpy(p, &i32, sizeof(i32));
	else if (f->type == T_I64)
		memcpy(p, &v, sizeof(v));
	else
		*(int8_t *)p = (int8_t)v;
	return KERR_OK;
}

static enum kerr read_word(const cJSON *o, const struct field *f, char *p, struct why *why)
{
	char word[48];
	unsigned v;
	enum kerr e = absent_ok(json_str(o, f->key, word, sizeof(word), why));

	if (e != KERR_OK || word[0] == '\0')
		return e;
	/* a word of a later kedge: to guess would make a wrong record */
	if (!word_value(f->words, word, &v))
		return why_set(why, KERR_GONE, "member %s has the word \"%s\", which this kedge does not know", f->key, word);
	if (f->type == T_WORD)
		memcpy(p, &v, sizeof(v));
	else
		*(uint8_t *)p = (uint8_t)v;
	return KERR_OK;
}

static enum kerr read_list(const cJSON *o, const struct field *f, char *base, struct why *why)
{
	const cJSON *item;
	uint8_t n = 0;

	cJSON_ArrayForEach(item, json_array(o, f->key)) {
		if (!cJSON_IsString(item) || n == f->max)
			return why_set(why, KERR_BAD_INPUT, "member %s has no or too many strings", f->key);
		(void)json_clean(base + f->at + n * f->size, f->size, slice_of(item->valuestring));
		n++;
	}
	*(uint8_t *)(base + f->count_at) = n;
	return KERR_OK;
}

static enum kerr read_field(const cJSON *o, const struct field *f, char *base, struct why *why)
{
	char *p = base + f->at;

	switch (f->type) {
	case T_NAME:
		return absent_ok(json_str(o, f->key, p, f->size, why));
	case T_TEXT:
		return absent_ok(json_text(o, f->key, p, f->size, NULL, why));
	case T_U32:
	case T_I32:
	case T_I64:
	case T_I8:
		return read_number(o, f, p, why);
	case T_BOOL:
		return absent_ok(json_bool(o, f->key, (bool *)p, why));
	case T_WORD:
	case T_WORD8:
		return read_word(o, f, p, why);
	case T_LIST:
		break;
	}
	return read_list(o, f, base, why);
}

static const struct kind *kind_of(const cJSON *o, struct why *why)
{
	char name[16];

	if (json_str(o, "k", name, sizeof(name), why) != KERR_OK)
		name[0] = '\0';
	for (size_t i = 0; i < REC_KINDS; i++)
		if (str_eq(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

/* KERR_GONE: a sound record of a later kedge. KERR_BAD_INPUT: not what a kedge writes. */
static enum kerr read_payload(struct slice payload, struct arena *arena, struct record *r, struct why *why)
{
	const struct kind *k;
	const cJSON *o;
	int64_t v = 0, seq = 0;
	enum kerr e = json_parse(arena, payload, &o, why);

	if (e == KERR_OK)
		e = json_i64(o, "v", &v, why);
	if (e == KERR_OK)
		e = json_i64(o, "s", &seq, why);
	if (e != KERR_OK)
		return KERR_BAD_INPUT;
	memset(r, 0, sizeof(*r));
	k = kind_of(o, why);
	if (v != RECORD_VERSION || k == NULL)
		return why_set(why, KERR_GONE, "a record of version %d or a kind this kedge does not know", (int)v);
	if (seq < 0 || json_i64(o, "t", &r->unix_ms, why) != KERR_OK)
		return KERR_BAD_INPUT;
	r->kind = (enum rec_kind)(k - kinds);
	r->seq = (uint64_t)seq;
	for (size_t i = 0; i < k->n && e == KERR_OK; i++)
		e = read_field(o, &k->field[i], (char *)r + k->at, why);
	return e;
}

/* Bytes of the whole, sound frame that begins at p, 0 when there is none. */
static size_t frame_at(const char *p, size_t left)
{
	uint32_t payload;

	if (left < RECORD_FRAME_HEAD || (uint8_t)p[0] != RECORD_MAGIC)
		return 0;
	payload = get_u32(p + 2);
	if (payload < 2 || payload > RECORD_FRAME_MAX - RECORD_FRAME_HEAD || payload > left - RECORD_FRAME_HEAD)
		return 0;
	/* cheap to see, and keeps a hostile journal from costing a CRC at each byte */
	if (p[RECORD_FRAME_HEAD] != '{' || p[RECORD_FRAME_HEAD + payload - 1] != '}' ||
	    frame_crc(p, payload) != get_u32(p + 6))
		return 0;
	return RECORD_FRAME_HEAD + payload;
}

struct scan {
	struct arena *arena;
	struct record *rec;
	record_each *each;
	record_fault *fault;
	void *ctx;
	struct record_scan *out;
};

static void passed_over(const struct scan *s, size_t at, const char *what)
{
	if (s->fault != NULL)
		s->fault(s->ctx, at, what);
	if (s->out->why.text[0] == '\0')
		(void)why_set(&s->out->why, KERR_BAD_INPUT, "journal at byte %lu: %s", (unsigned long)at, what);
}

/* One sound frame. False: the callback wants no more. */
static bool one_frame(const struct scan *s, struct slice journal, size_t at, size_t n)
{
	size_t mark = arena_mark(s->arena);
	struct slice payload = { journal.p + at + RECORD_FRAME_HEAD, n - RECORD_FRAME_HEAD };
	struct why why = { "" };
	enum kerr e = KERR_GONE;

	if (journal.p[at + 1] == RECORD_VERSION)
		e = read_payload(payload, s->arena, s->rec, &why);
	else
		(void)why_set(&why, e, "a record of version %d, this kedge reads %d", journal.p[at + 1], RECORD_VERSION);
	arena_reset(s->arena, mark);
	if (e == KERR_OK) {
		s->out->records++;
		return s->each(s->ctx, s->rec, at, n);
	}
	if (e == KERR_GONE)
		s->out->foreign++;
	else
		s->out->damaged++;
	passed_over(s, at, why.text);
	return true;
}

void record_scan_told(struct slice journal, struct arena *arena, struct record *rec, record_each *each,
		      record_fault *fault, void *ctx, struct record_scan *out)
{
	const struct scan s = { arena, rec, each, fault, ctx, out };
	size_t lost = 0;                 /* bytes since the last sound frame */

	*out = (struct record_scan){ .records = 0 };
	for (size_t at = 0; at < journal.n;) {
		size_t n = frame_at(journal.p + at, journal.n - at);

		if (n == 0) {
			if (lost++ == 0)
				passed_over(&s, at, "a damaged or unfinished record");
			at++;
			continue;
		}
		if (lost > 0) {
			out->damaged++;
			out->skipped_bytes += lost;
			lost = 0;
		}
		if (!one_frame(&s, journal, at, n))
			return;
		at += n;
	}
	out->tail_bytes = lost;
}

void record_scan(struct slice journal, struct arena *arena, struct record *rec, record_each *each, void *ctx,
		 struct record_scan *out)
{
	record_scan_told(journal, arena, rec, each, NULL, ctx, out);
}
