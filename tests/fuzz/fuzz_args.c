/* The words behind a verb, cut at NULs. The first four bytes say which options the verb knows and how many words it wants. What is
 * taken is what stood there, and no option is taken that the verb does not know. */
#include "agent/cmd/args.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#define WORDS 16

static char copy[4096];
static char *argv[WORDS];

static void points(const char *p)
{
	bool inside = p == NULL;

	for (int i = 0; i < WORDS && !inside; i++)
		inside = argv[i] != NULL && p >= argv[i] && p <= argv[i] + strlen(argv[i]);
	if (!inside)
		fuzz_broken("a value that nobody gave");
}

static void check(const struct args *a, unsigned allowed, int least, int most)
{
	const struct { bool given; unsigned bit; } flag[] = {
		{ a->json, ARG_JSON }, { a->once, ARG_ONCE }, { a->dry_run, ARG_DRY_RUN }, { a->no_wait, ARG_NO_WAIT }, { a->force, ARG_FORCE },
		{ a->write, ARG_WRITE }, { a->yes, ARG_YES }, { a->update, ARG_UPDATE }, { a->brief, ARG_BRIEF }, { a->to != NULL, ARG_TO },
		{ a->span != NULL, ARG_FOR | ARG_TIMEOUT }, { a->stage != NULL, ARG_STAGE }, { a->dir != NULL, ARG_DIR },
		{ a->role != NULL, ARG_ROLE }, { a->export != NULL, ARG_EXPORT }, { a->count != NULL, ARG_COUNT },
	};
	const char *const value[] = { a->to, a->span, a->stage, a->dir, a->role, a->export, a->count };

	for (size_t i = 0; i < sizeof(flag) / sizeof(flag[0]); i++)
		if (flag[i].given && (allowed & flag[i].bit) == 0)
			fuzz_broken("an option the verb does not know");
	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		points(value[i]);
		if (value[i] != NULL && value[i][0] == '\0')
			fuzz_broken("an option without its value");
	}
	if (a->n < least || a->n > most)
		fuzz_broken("too few or too many words");
	for (int i = 0; i < a->n; i++)
		points(a->word[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct cmd c = { .verb = "verb", .argv = argv };
	unsigned allowed = 0;
	struct args a;
	struct text t = text_on(copy, sizeof(copy));
	int least, most;
	bool taken, blank = false;
	FILE *err = stderr, *nowhere = fopen("/dev/null", "w");

	for (int i = 0; i < 3; i++)
		allowed = allowed << 8 | fuzz_byte(&in);
	least = fuzz_byte(&in) % 6;
	most = least % (ARGS_WORDS + 1);
	least /= ARGS_WORDS + 1;
	text_slice(&t, in);
	if (nowhere == NULL || t.full)
		return nowhere != NULL ? fclose(nowhere) : 0;
	memset(argv, 0, sizeof(argv));
	for (size_t at = 0; at < in.n && c.argc < WORDS; at += strlen(copy + at) + 1)
		argv[c.argc++] = copy + at;
	stderr = nowhere;
	taken = args_parse(&c, allowed, least, most, &a);
	for (int i = 0; i < c.argc; i++)
		blank = blank || (args_word_ok(&c, argv[i]) && (argv[i][0] == '\0' || strpbrk(argv[i], " \t\n\r\033\177") != NULL));
	stderr = err;
	if (blank)
		fuzz_broken("a word with a blank in it");
	if (taken)
		check(&a, allowed, least, most);
	fclose(nowhere);
	return 0;
}
