#include "agent/wire/plain.h"

#include <string.h>

struct writer {
	struct slice in;
	size_t at;
	char *out;
	size_t n;
	uint32_t open;      /* bit d: within a sentence quoted with d backslashes before its quotes */
};

enum { DEPTHS = 32 };

/* Words that look like names, but mean something, by their first letters. */
static const char *const kept[] = { "i/o", "text/html", "/proc/sys/", "/sys/fs/cgroup", "ssm:get", "secretsmanager:get" };

/* Phrases that a name follows, which may be any word. */
static const char *const slots[] = { "lookup ", "manifest for ", "denied for ", "such image: ", "such container: ",
				     "on endpoint ", "find user ", "find group ", "runtime specified ", "runtime name: " };

static struct slice written(const struct writer *w)
{
	return (struct slice){ w->out, w->n };
}

static void put(struct writer *w, char c)
{
	w->out[w->n++] = ch_lower(c == '\t' || c == '\r' ? ' ' : c);
}

static char last(const struct writer *w)
{
	return w->n == 0 ? ' ' : w->out[w->n - 1];
}

static struct slice rest_of(const struct writer *w)
{
	return slice_from(w->in, w->at);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool begins(struct slice word, const char *what)
{
	return slice_find_nocase(slice_to(word, strlen(what)), what) == 0;
}

/* How many backslashes are at the front of s. */
static size_t depth_of(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == '\\')
		n++;
	return n;
}

/* The quote that ends what began with one of this depth: one of this depth or of an outer one. */
static size_t closing(struct slice s, size_t depth)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t n = depth_of(slice_from(s, i));

		if (i + n < s.n && s.p[i + n] == '"' && n <= depth)
			return i;
		i += n;
	}
	return s.n;
}

static bool holds_sentence(const struct writer *w, struct slice quoted)
{
	struct slice before = slice_trim(written(w));

	return slice_starts(quoted, "<") || slice_ends(before, "=") || slice_ends(before, "caused");
}

static uint32_t bit_of(size_t depth)
{
	return UINT32_C(1) << (depth < DEPTHS ? depth : DEPTHS - 1);
}

/* At a double quote with `depth` backslashes before it. */
static void double_quote(struct writer *w, size_t depth)
{
	uint32_t bit = bit_of(depth);
	struct slice quoted;
	size_t end;

	w->at += depth + 1;
	if ((w->open & bit) != 0) {
		w->open &= ~bit;
		return;
	}
	quoted = rest_of(w);
	if (holds_sentence(w, quoted)) {
		w->open |= bit;
		put(w, ':');
		return;
	}
	end = closing(quoted, depth);
	put(w, '"');
	if (begins(quoted, "cgroup\"") || begins(quoted, "cgroup\\"))
		for (size_t i = 0; i < end; i++)
			put(w, quoted.p[i]);
	else if (end > 0)
		put(w, '*');
	w->at += end;
	depth = depth_of(rest_of(w));
	/* one that ends a sentence around it is left to be read as itself */
	if (w->at >= w->in.n || (w->open & bit_of(depth)) != 0)
		return;
	put(w, '"');
	w->at += depth + 1;
}

/* At a single quote: a name or a path in it is written as '*', anything else (an apostrophe too) as it is. */
static void single_quote(struct writer *w)
{
	struct slice s = slice_from(w->in, w->at + 1);
	bool path = slice_starts(s, "/"), opens = w->n == 0 || !ch_alnum(last(w));
	size_t end = 0;

	w->at++;
	put(w, '\'');
	while (end < s.n && s.p[end] != '\'' && s.p[end] != '\n' && (path || !blank(s.p[end])))
		end++;
	if (!opens || end == 0 || end >= s.n || s.p[end] != '\'' || s.p[0] == '<')
		return;
	put(w, '*');
	put(w, '\'');
	w->at += end + 1;
}

static bool is_kept(struct slice word)
{
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (begins(word, kept[i]))
			return true;
	return false;
}

static bool in_slot(const struct writer *w)
{
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		if (slice_ends(written(w), slots[i]))
			return true;
	return false;
}

/* Punctuation that ends a clause is no part of the word before it. */
static size_t core_of(struct slice word)
{
	while (word.n > 0 && strchr(":,;.)]}", word.p[word.n - 1]) != NULL && word.p[word.n - 1] != '\0')
		word.n--;
	return word.n;
}

static bool is_name(struct slice word)
{
	bool name = false;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (c == '<')
			return false;       /* markup */
		name = name || c == '/' || c == '@' || ((c == '.' || c == ':') && i > 0 && i + 1 < word.n);
	}
	return name;
}

static void word(struct writer *w)
{
	struct slice s = rest_of(w);
	size_t n = 0, core;

	while (n < s.n && !blank(s.p[n]) && s.p[n] != '"' && s.p[n] != '\\' && (n == 0 || s.p[n] != '\'' || ch_alnum(s.p[n - 1])))
		n++;
	s = slice_to(s, n);
	core = core_of(s);
	w->at += n;
	if (core > 0 && (in_slot(w) || is_name(slice_to(s, core))) && !is_kept(s)) {
		put(w, '*');
		s = slice_from(s, core);
	}
	for (size_t i = 0; i < s.n; i++)
		put(w, s.p[i]);
}

size_t plain_text(struct slice text, char *out)
{
	struct writer w = { .in = text, .out = out };

	while (w.at < text.n) {
		struct slice s = rest_of(&w);
		size_t depth = depth_of(s);

		if (depth < s.n && s.p[depth] == '"')
			double_quote(&w, depth);
		else if (s.p[0] == '\'')
			single_quote(&w);
		else if (blank(s.p[0]) || s.p[0] == '(' || s.p[0] == '[' || s.p[0] == '\\')
			put(&w, text.p[w.at++]);
		else
			word(&w);
	}
	return w.n;
}

static bool word_char(char c)
{
	return ch_alnum(c) || c == '-' || c == '_' || c == '*';
}

static bool clause_begins(struct slice plain, size_t at)
{
	while (at > 0 && plain.p[at - 1] == ' ')
		at--;
	return at == 0 || strchr(":=;,(\n", plain.p[at - 1]) != NULL;
}

/* Does plain go on with pattern at `at`? A hyphen behind it makes another word of its last one. */
static bool goes_on(struct slice plain, size_t at, const char *pattern)
{
	char before = ' ';

	for (; *pattern != '\0'; before = *pattern++) {
		size_t from = at;

		if (*pattern == '$' && pattern[1] == '\0')
			return at == plain.n;
		if (*pattern == '*') {
			while (at < plain.n && word_char(plain.p[at]))
				at++;
			if (at == from)
				return false;
		} else if (at >= plain.n || plain.p[at++] != *pattern) {
			return false;
		}
	}
	return at == plain.n || !ch_alnum(before) || (plain.p[at] != '-' && plain.p[at] != '_');
}

bool plain_says(struct slice plain, const char *pattern)
{
	bool clause = pattern[0] == '^';

	pattern += clause;
	for (size_t i = 0; i < plain.n; i++) {
		if (plain.p[i] != pattern[0] || (clause && !clause_begins(plain, i)))
			continue;
		if (i > 0 && ch_alnum(pattern[0]) && word_char(plain.p[i - 1]))
			continue;
		if (goes_on(plain, i, pattern))
			return true;
	}
	return false;
}
