#include "agent/wire/ecs_member.h"

#define SHOWN 120                        /* bytes of a strange body that are shown */

/* The text between two tags, letters compared without case. */
static struct slice between(struct slice body, const char *open, const char *close)
{
	size_t from = slice_find_nocase(body, open), to;
	struct slice rest;

	if (from == SIZE_MAX)
		return (struct slice){ NULL, 0 };
	rest = slice_from(body, from + slice_of(open).n);
	to = slice_find_nocase(rest, close);
	return to == SIZE_MAX ? (struct slice){ NULL, 0 } : slice_trim(slice_to(rest, to));
}

void ecs_member_describe(struct slice body, struct text *out)
{
	struct slice s = slice_trim(body), title;
	char shown[SHOWN];

	if (s.n == 0) {
		text_say(out, "an empty body");
		return;
	}
	title = between(s, "<title>", "</title>");
	if (s.p[0] == '<' && (title.n > 0 || slice_find_nocase(slice_to(s, 512), "<html") != SIZE_MAX)) {
		(void)json_clean(shown, sizeof(shown), title);
		text_say(out, "an HTML page");
	} else {
		(void)json_clean(shown, sizeof(shown), s);
		text_s(out, s.p[0] == '<' ? "XML" : "text");
	}
	if (shown[0] == '\0')
		return;
	text_say(out, " (");
	text_s(out, shown);
	text_c(out, ')');
}

enum kerr ecs_member_root(struct arena *a, struct slice body, const cJSON **root, struct why *why)
{
	struct slice s = slice_trim(body);
	char what[SHOWN + 32];
	struct text t = text_on(what, sizeof(what));

	if (s.n > 0 && (s.p[0] == '{' || s.p[0] == '[')) {
		enum kerr e = json_parse(a, body, root, why);

		if (e != KERR_OK || cJSON_IsObject(*root))
			return e;
		return why_set(why, KERR_BAD_INPUT, "the answer is a JSON array, an object was expected");
	}
	ecs_member_describe(body, &t);
	return why_set(why, KERR_BAD_INPUT, "the answer is %s where JSON was expected; a proxy or captive portal?", what);
}

static enum kerr may(enum kerr e, struct why *why)
{
	if (e == KERR_GONE && why != NULL)
		why->text[0] = '\0';
	return e == KERR_GONE ? KERR_OK : e;
}

static enum kerr must(enum kerr e)
{
	return e == KERR_GONE ? KERR_BAD_INPUT : e;
}

enum kerr ecs_member_must_str(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why)
{
	enum kerr e = must(json_str(o, name, dst, cap, why));

	if (e == KERR_OK && dst[0] == '\0')
		return json_wrong(name, PACKED("empty"), why);
	return e;
}

enum kerr ecs_member_may_str(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why)
{
	return may(json_str(o, name, dst, cap, why), why);
}

enum kerr ecs_member_may_text(const cJSON *o, const char *name, char *dst, size_t cap, struct why *why)
{
	return may(json_text(o, name, dst, cap, NULL, why), why);
}

enum kerr ecs_member_may_u32(const cJSON *o, const char *name, uint32_t *out, struct why *why)
{
	int64_t v = 0;
	enum kerr e = may(json_i64(o, name, &v, why), why);

	*out = 0;
	if (e != KERR_OK)
		return e;
	if (v < 0 || v > UINT32_MAX)
		return json_wrong(name, PACKED("no count"), why);
	*out = (uint32_t)v;
	return KERR_OK;
}

enum kerr ecs_member_may_bool(const cJSON *o, const char *name, bool *out, struct why *why)
{
	*out = false;
	return may(json_bool(o, name, out, why), why);
}

enum kerr ecs_member_must_time(const cJSON *o, const char *name, int64_t *unix_ms, struct why *why)
{
	*unix_ms = 0;
	return must(json_unix_s(o, name, unix_ms, why));
}

enum kerr ecs_member_may_time(const cJSON *o, const char *name, int64_t *unix_ms, struct why *why)
{
	*unix_ms = 0;
	return may(json_unix_s(o, name, unix_ms, why), why);
}

enum kerr ecs_member_may_array(const cJSON *o, const char *name, const cJSON **out, struct why *why)
{
	const cJSON *m = json_get(o, name);

	*out = NULL;
	if (m == NULL)
		return KERR_OK;
	if (!cJSON_IsArray(m))
		return json_wrong(name, PACKED("no array"), why);
	*out = m;
	return KERR_OK;
}

enum kerr ecs_member_may_object(const cJSON *o, const char *name, const cJSON **out, struct why *why)
{
	const cJSON *m = json_get(o, name);

	*out = NULL;
	if (m == NULL)
		return KERR_OK;
	if (!cJSON_IsObject(m))
		return json_wrong(name, PACKED("no object"), why);
	*out = m;
	return KERR_OK;
}

static enum kerr one(const cJSON *o, const struct ecs_member *m, char *at, struct why *why)
{
	switch (m->kind) {
	case ECS_MUST_STR:
		return ecs_member_must_str(o, m->name, at, m->cap, why);
	case ECS_STR:
		return ecs_member_may_str(o, m->name, at, m->cap, why);
	case ECS_TEXT:
		return ecs_member_may_text(o, m->name, at, m->cap, why);
	case ECS_U32:
		return ecs_member_may_u32(o, m->name, (uint32_t *)(void *)at, why);
	case ECS_TIME:
		break;
	}
	return ecs_member_may_time(o, m->name, (int64_t *)(void *)at, why);
}

enum kerr ecs_member_all(const cJSON *o, const struct ecs_member *m, size_t n, void *dst, struct why *why)
{
	enum kerr e = KERR_OK;

	for (size_t i = 0; i < n && e == KERR_OK; i++)
		e = one(o, &m[i], (char *)dst + m[i].at, why);
	return e;
}
