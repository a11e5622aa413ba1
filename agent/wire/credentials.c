#include "agent/wire/credentials.h"

#include <string.h>

#include "agent/wire/sigv4.h"

/* What one file says of one profile; slices into its text. */
struct found {
	struct slice akid, secret, token;
	bool profile;                    /* its section was there */
	bool any_profile;
};

static bool key_is(struct slice key, const char *name)
{
	return key.n == strlen(name) && slice_find_nocase(key, name) == 0;
}

static bool comment(struct slice line)
{
	return line.n > 0 && (line.p[0] == '#' || line.p[0] == ';');
}

/* "[default]" or "[profile default]", blanks inside allowed */
static bool section_is(struct slice line, const char *profile)
{
	struct slice name = slice_trim((struct slice){ line.p + 1, line.n - 2 });

	if (slice_starts(name, "profile ") || slice_starts(name, "profile\t"))
		name = slice_trim(slice_from(name, 8));
	return slice_is(name, profile);
}

static enum kerr read_line(struct slice line, unsigned number, const char *file, const char *profile, bool *inside,
			   struct found *f, struct why *why)
{
	struct slice key, value;
	size_t at;

	if (line.p[0] == '[') {
		if (line.p[line.n - 1] != ']')
			return why_set(why, KERR_BAD_INPUT, "%s line %u: a section without its closing ]", file, number);
		*inside = section_is(line, profile);
		f->profile |= *inside;
		f->any_profile = true;
		return KERR_OK;
	}
	if (!*inside)
		return KERR_OK;
	at = slice_find(line, "=");
	if (at == SIZE_MAX)
		return why_set(why, KERR_BAD_INPUT, "%s line %u: neither [section] nor key = value", file, number);
	key = slice_trim(slice_to(line, at));
	value = slice_trim(slice_from(line, at + 1));
	if (key_is(key, "aws_access_key_id"))
		f->akid = value;
	else if (key_is(key, "aws_secret_access_key"))
		f->secret = value;
	else if (key_is(key, "aws_session_token"))
		f->token = value;
	return KERR_OK;
}

static enum kerr read_file(struct slice text, const char *file, const char *profile, struct found *f, struct why *why)
{
	struct slice rest = text, line;
	bool inside = false;

	if (slice_starts(rest, "\xef\xbb\xbf"))
		rest = slice_from(rest, 3);
	for (unsigned number = 1; slice_next(&rest, '\n', &line); number++) {
		bool indented = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
		enum kerr e;

		line = slice_trim(line);
		/* indented "key = value" lines belong to a nested setting such as s3 = ..., which is not ours */
		if (line.n == 0 || comment(line) || (indented && line.p[0] != '['))
			continue;
		e = read_line(line, number, file, profile, &inside, f, why);
		if (e != KERR_OK)
			return e;
	}
	return KERR_OK;
}

static bool clean(struct slice v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
			return false;
	return true;
}

static enum kerr put(char *dst, size_t cap, struct slice v, const char *where, const char *key, struct why *why)
{
	if (!clean(v))
		return why_set(why, KERR_BAD_INPUT, "%s: %s holds a blank or a byte that is not printable", where, key);
	if (!str_put(dst, cap, v))
		return why_set(why, KERR_TOO_BIG, "%s: %s has %u bytes, at most %u are allowed", where, key,
			       (unsigned)v.n, (unsigned)cap - 1);
	return KERR_OK;
}

enum kerr credentials_put(struct slice akid, struct slice secret, struct slice token, const char *where,
			  struct credentials *out, struct why *why)
{
	enum kerr e = put(out->akid, sizeof(out->akid), akid, where, "aws_access_key_id", why);

	if (e == KERR_OK)
		e = put(out->secret, sizeof(out->secret), secret, where, "aws_secret_access_key", why);
	if (e == KERR_OK)
		e = put(out->token, sizeof(out->token), token, where, "aws_session_token", why);
	if (e != KERR_OK)
		sigv4_wipe(out, sizeof(*out));
	return e;
}

enum kerr credentials_from_file(struct slice text, const char *file, const char *profile, bool need_token,
				struct credentials *out, struct why *why)
{
	struct found f = { .profile = false };
	const char *missing = NULL;
	bool ended;
	enum kerr e;

	sigv4_wipe(out, sizeof(*out));
	if (text.n > CREDENTIALS_FILE_MAX)
		return why_set(why, KERR_TOO_BIG, "%s: %u bytes, at most %d are read", file, (unsigned)text.n,
			       CREDENTIALS_FILE_MAX);
	if (slice_trim(text).n == 0)
		return why_set(why, KERR_AGAIN, "%s is empty: its writer may be at work", file);
	/* the SSM agent ends every line, so that an unfinished one is a value that may be cut */
	ended = text.p[text.n - 1] == '\n';
	if (!ended && need_token)
		return why_set(why, KERR_AGAIN, "%s does not end a line: its writer may be at work", file);
	e = read_file(text, file, profile, &f, why);
	if (e != KERR_OK)
		return e == KERR_BAD_INPUT && !ended ? KERR_AGAIN : e;
	if (!f.profile && ended && f.any_profile)
		return why_set(why, KERR_GONE, "%s has no profile [%s]", file, profile);
	if (f.akid.n == 0)
		missing = "aws_access_key_id";
	else if (f.secret.n == 0)
		missing = "aws_secret_access_key";
	else if (f.token.n == 0 && need_token)
		missing = "aws_session_token";
	if (missing != NULL)
		return why_set(why, KERR_AGAIN, "%s: profile [%s] has no %s yet: its writer may be at work", file, profile,
			       missing);
	e = credentials_put(f.akid, f.secret, f.token, file, out, why);
	if (e == KERR_OK)
		out->source = CREDENTIALS_FILE;
	return e;
}

enum kerr credentials_from_env(const struct credentials_env *env, struct credentials *out, struct why *why)
{
	struct found f = {
		.akid = slice_of(env->akid), .secret = slice_of(env->secret), .token = slice_of(env->token),
	};
	enum kerr e;

	sigv4_wipe(out, sizeof(*out));
	if (f.akid.n == 0 && f.secret.n == 0)
		return why_set(why, KERR_GONE, "neither AWS_ACCESS_KEY_ID nor AWS_SECRET_ACCESS_KEY is set");
	if (f.akid.n == 0 || f.secret.n == 0)
		return why_set(why, KERR_BAD_INPUT, "%s is set, but not %s",
			       f.akid.n == 0 ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID",
			       f.akid.n == 0 ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	e = credentials_put(f.akid, f.secret, f.token, "the environment", out, why);
	if (e == KERR_OK)
		out->source = CREDENTIALS_ENV;
	return e;
}

static struct slice unquote(struct slice v)
{
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		return (struct slice){ v.p + 1, v.n - 2 };
	return v;
}

enum kerr credentials_ecs_config(struct slice text, const char *key, char *out, size_t cap, struct why *why)
{
	struct slice rest = text, line, found = { NULL, 0 };
	bool seen = false;

	if (cap > 0)
		out[0] = '\0';
	while (slice_next(&rest, '\n', &line)) {
		size_t at;

		line = slice_trim(line);
		if (line.n == 0 || comment(line))
			continue;
		if (slice_starts(line, "export "))
			line = slice_trim(slice_from(line, 7));
		at = slice_find(line, "=");
		if (at == SIZE_MAX || !slice_is(slice_trim(slice_to(line, at)), key))
			continue;
		found = unquote(slice_trim(slice_from(line, at + 1)));
		seen = true;
	}
	if (!seen || found.n == 0)
		return why_set(why, KERR_GONE, "%s is not set", key);
	if (!clean(found))
		return why_set(why, KERR_BAD_INPUT, "%s holds a blank or a byte that is not printable", key);
	if (!str_put(out, cap, found))
		return why_set(why, KERR_TOO_BIG, "%s has %u bytes, at most %u are allowed", key, (unsigned)found.n,
			       (unsigned)cap - 1);
	return KERR_OK;
}
