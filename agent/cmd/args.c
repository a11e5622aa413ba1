#include "agent/cmd/args.h"
#include "agent/cmd/say.h"

#include <stdio.h>
#include <string.h>

static const struct option { const char *name; unsigned bit; } options[] = {
	{ "--json", ARG_JSON }, { "--brief", ARG_BRIEF }, { "--once", ARG_ONCE }, { "--dry-run", ARG_DRY_RUN },
	{ "--to", ARG_TO }, { "--for", ARG_FOR }, { "--stage", ARG_STAGE }, { "--dir", ARG_DIR },
	{ "--role", ARG_ROLE }, { "--allow-update-service", ARG_UPDATE }, { "--export", ARG_EXPORT },
	{ "--timeout", ARG_TIMEOUT }, { "-n", ARG_COUNT },
	{ "--no-wait", ARG_NO_WAIT }, { "--force", ARG_FORCE }, { "--write", ARG_WRITE }, { "--yes", ARG_YES },
};

static bool wrong(const struct cmd *c, const struct packed *what, const char *word)
{
	char words[PACKED_MAX];

	say_to(stderr, "kedge %s: %s%s%s (kedge --help shows how)\n", c->verb, packed_copy(words, sizeof(words), what), word == NULL ? "" : " ",
		word == NULL ? "" : word);
	return false;
}

/* The option's bit, or 0; *value: what stands behind its "=". */
static unsigned find(const char *word, const char **value)
{
	size_t n = strcspn(word, "=");

	*value = word[n] == '=' ? word + n + 1 : NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i].name) == n && strncmp(options[i].name, word, n) == 0)
			return options[i].bit;
	return 0;
}

static const char **place(struct args *out, unsigned bit)
{
	if (bit == ARG_TO)
		return &out->to;
	if (bit == ARG_DIR)
		return &out->dir;
	if (bit == ARG_ROLE)
		return &out->role;
	if (bit == ARG_EXPORT)
		return &out->export;
	if (bit == ARG_COUNT)
		return &out->count;
	return bit == ARG_FOR || bit == ARG_TIMEOUT ? &out->span : bit == ARG_STAGE ? &out->stage : NULL;
}

/* *i is at the option and moves on to its value. */
static bool take(const struct cmd *c, unsigned bit, const char *value, int *i, struct args *out)
{
	const char *name = c->argv[*i], **at = place(out, bit);

	if (at == NULL) {
		out->json = out->json || bit == ARG_JSON;
		out->brief = out->brief || bit == ARG_BRIEF;
		out->once = out->once || bit == ARG_ONCE;
		out->dry_run = out->dry_run || bit == ARG_DRY_RUN;
		out->update = out->update || bit == ARG_UPDATE;
		out->no_wait = out->no_wait || bit == ARG_NO_WAIT;
		out->force = out->force || bit == ARG_FORCE;
		out->write = out->write || bit == ARG_WRITE;
		out->yes = out->yes || bit == ARG_YES;
		return value == NULL || wrong(c, PACKED("this option takes no value:"), name);
	}
	if (*at != NULL)
		return wrong(c, PACKED("given twice:"), name);
	if (value == NULL && *i + 1 < c->argc)
		value = c->argv[++*i];
	*at = value;
	return (value != NULL && value[0] != '\0') || wrong(c, PACKED("this option needs a value:"), name);
}

bool args_parse(const struct cmd *c, unsigned allowed, int words_min, int words_max, struct args *out)
{
	bool only_words = false;

	*out = (struct args){ .n = 0 };
	for (int i = 0; i < c->argc; i++) {
		const char *word = c->argv[i], *value = NULL;
		unsigned bit;

		if (only_words || word[0] != '-' || word[1] == '\0') {
			if (out->n == words_max)
				return wrong(c, PACKED("one word too many:"), word);
			out->word[out->n++] = word;
			continue;
		}
		only_words = strcmp(word, "--") == 0;
		bit = only_words ? 0 : find(word, &value);
		if (!only_words && (bit & allowed) == 0)
			return wrong(c, PACKED("unknown option"), word);
		if (!only_words && !take(c, bit, value, &i, out))
			return false;
	}
	return out->n >= words_min || wrong(c, PACKED("a word is missing"), NULL);
}

bool args_word_ok(const struct cmd *c, const char *word)
{
	bool good = word[0] != '\0' && strlen(word) < 256;

	for (const char *p = word; *p != '\0'; p++)
		good = good && *p > ' ' && *p < 0x7f;
	return good || wrong(c, PACKED("not a name or id: it may hold no blanks, only printable ASCII, at most 255 bytes"), NULL);
}
