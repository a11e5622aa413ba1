/* JSON in and out. The first byte says what the rest is: a document, a number, a time. A document that was read and written anew
 * is the same document; a number is what the C library reads in it; a time is what the other reader of times sees in it. */
#include "agent/wire/json.h"
#include "agent/wire/sigv4.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS 2000                     /* of one document that are looked at */

static char memory[2][192 * 1024], room[64 * 1024];

static void getters(const cJSON *o, const char *name)
{
	char id[24], text[40];
	int64_t i = 0, ms = 0, unix_ms = 0;
	bool yes = false, cut = false;

	memset(id, 'x', sizeof(id));
	memset(text, 'x', sizeof(text));
	if (json_str(o, name, id, sizeof(id), NULL) == KERR_OK || id[0] != 'x')
		fuzz_text(id, sizeof(id), "a string member");
	if (json_text(o, name, text, sizeof(text), &cut, NULL) == KERR_OK)
		fuzz_text(text, sizeof(text), "a sentence");
	if (json_bool(o, name, &yes, NULL) == KERR_OK && json_i64(o, name, &i, NULL) == KERR_OK)
		fuzz_broken("a member that is a number and a truth");
	if (json_time(o, name, &ms, NULL) == KERR_OK && json_unix_s(o, name, &unix_ms, NULL) == KERR_OK)
		fuzz_broken("a time that is text and number");
	if (ms < 0 || unix_ms < 0)
		fuzz_broken("a time before 1970");
	(void)json_array(o, name);
	(void)json_object(o, name);
}

/* Names that are written are kedge's own: ASCII without what a string escapes, or packed. */
static const char *own(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c > 0x7e || (unsigned char)*c < 0x20 || *c == '"' || *c == '\\')
			return "other";
	return name;
}

static void write_tree(struct jw *w, const cJSON *v, const char *name, unsigned *members)
{
	const cJSON *item;

	if (++*members > MEMBERS)
		return;
	if (cJSON_IsObject(v) || cJSON_IsArray(v)) {
		if (cJSON_IsObject(v))
			jw_object(w, name);
		else
			jw_array(w, name);
		cJSON_ArrayForEach(item, v) {
			if (cJSON_IsObject(v))
				getters(v, item->string);
			write_tree(w, item, cJSON_IsObject(v) ? own(item->string) : NULL, members);
		}
		if (cJSON_IsObject(v))
			jw_object_end(w);
		else
			jw_array_end(w);
	} else if (cJSON_IsString(v)) {
		jw_str(w, name, v->valuestring);
	} else if (cJSON_IsBool(v)) {
		jw_bool(w, name, cJSON_IsTrue(v));
	} else if (cJSON_IsNumber(v) && fabs(v->valuedouble) < 1e15) {
		jw_i64(w, name, (int64_t)v->valuedouble);
	} else {
		jw_null(w, name);
	}
}

static void document(struct slice text)
{
	static char twice[64 * 1024];
	struct text out = text_on(room, sizeof(room)), again = text_on(twice, sizeof(twice));
	struct jw w = jw_on(&out), w2 = jw_on(&again);
	unsigned members = 0;
	struct arena a;
	const cJSON *root;
	struct why why = { "" };
	enum kerr e;

	arena_init(&a, memory[0], sizeof(memory[0]));
	e = json_parse(&a, text, &root, &why);
	if (e != KERR_OK) {
		if (why.text[0] == '\0' || (e != KERR_BAD_INPUT && e != KERR_TOO_BIG))
			fuzz_broken("refused without words");
		return;
	}
	write_tree(&w, root, NULL, &members);
	arena_init(&a, memory[1], sizeof(memory[1]));
	if (out.full || members > MEMBERS)
		return;
	e = json_parse(&a, text_get(&out), &root, &why);
	if (e == KERR_TOO_BIG)
		return;
	if (e != KERR_OK)
		fuzz_broken("what was written does not read");
	members = 0;
	write_tree(&w2, root, NULL, &members);
	if (!slice_eq(text_get(&out), text_get(&again)))
		fuzz_broken("what was written reads as something else");
}

static void number(struct slice in)
{
	char text[400], *ours = NULL, *theirs = NULL;
	double a, b;

	if (!str_put(text, sizeof(text), in))
		return;
	for (const char *c = text; *c != '\0'; c++)
		if (strchr("0123456789+-.eE", *c) == NULL)
			return;
	a = json_number(text, &ours);
	b = strtod(text, &theirs);
	if (ours != theirs)
		fuzz_broken("a number ends elsewhere");
	/* near the ends of what a double holds its digits are fewer */
	if (fabs(b) > 1e290 || fabs(b) < 1e-290 ? fabs(a) > fabs(b) * 2 + 1e-280 : fabs(a - b) > fabs(b) * 1e-14)
		fuzz_broken("a number is another one");
}

static void time_of(struct slice text)
{
	int64_t ms = 0, s = 0;
	bool rfc = json_rfc3339(text, &ms), sigv4 = sigv4_date_parse(text, &s);

	char date[SIGV4_DATE], words[40];
	struct text t = text_on(words, sizeof(words));
	int64_t again = 0;

	if (rfc && ms < 0)
		fuzz_broken("a time before 1970");
	if (sigv4 && sigv4_date(s, date) && (!sigv4_date_parse(slice_of(date), &again) || again != s))
		fuzz_broken("a time that was written reads as another");
	if (sigv4 && sigv4_date_words(s, (s & 1) != 0, &t) && (t.full || !slice_ends(text_get(&t), " UTC")))
		fuzz_broken("a time for people that is none");
	if (rfc && sigv4 && text.n >= 10 && text.p[4] == '-' && slice_ends(text, "Z") && s >= 0 && ms / 1000 != s)
		fuzz_broken("two readers of one time");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t which = fuzz_byte(&in) % 4;
	char text[64];

	if (which == 1)
		number(in);
	else if (which == 2)
		time_of(in);
	else
		document(in);
	(void)json_clean(text, which * 8U, in);
	if (which > 0)
		fuzz_text(text, which * 8U, "a cleaned text");
	return 0;
}
