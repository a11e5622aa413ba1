#include "agent/cmd/pretty.h"

#include <string.h>

/* The member whose name comes next behind `after`; NULL after the last. Of members of one name only one is written. */
static const cJSON *next_by_name(const cJSON *object, const char *after)
{
	const cJSON *m, *best = NULL;

	cJSON_ArrayForEach(m, object)
		if ((after == NULL || strcmp(m->string, after) > 0) && (best == NULL || strcmp(m->string, best->string) < 0))
			best = m;
	return best;
}

static void scalar(struct text *t, const cJSON *v)
{
	struct jw w = jw_on(t);
	double n = v->valuedouble;

	if (cJSON_IsString(v))
		jw_str(&w, NULL, v->valuestring);
	else if (!cJSON_IsNumber(v))
		text_s(t, cJSON_IsTrue(v) ? "true" : cJSON_IsFalse(v) ? "false" : "null");
	else if (n > -9e15 && n < 9e15 && (double)(int64_t)n == n)
		text_i64(t, (int64_t)n);
	else
		jw_unix_s(&w, NULL, (int64_t)(n * 1000));   /* percentages have a few digits behind the point */
}

static void line(struct text *t, unsigned depth)
{
	text_c(t, '\n');
	while (depth-- > 0)
		text_say(t, "  ");
}

static void value(struct text *t, const cJSON *v, unsigned depth, const char *skip)
{
	bool object = cJSON_IsObject(v), any = false;
	const cJSON *m;

	if (!object && !cJSON_IsArray(v)) {
		scalar(t, v);
		return;
	}
	text_c(t, object ? '{' : '[');
	for (m = object ? next_by_name(v, NULL) : v->child; m != NULL; m = object ? next_by_name(v, m->string) : m->next) {
		struct jw w = jw_on(t);

		if (object && skip != NULL && strcmp(m->string, skip) == 0)
			continue;
		text_s(t, any ? "," : "");
		line(t, depth + 1);
		if (object) {
			jw_str(&w, NULL, m->string);
			text_say(t, ": ");
		}
		value(t, m, depth + 1, NULL);
		any = true;
	}
	if (any)
		line(t, depth);
	text_c(t, object ? '}' : ']');
}

void pretty_json(struct text *t, const cJSON *root, const char *skip)
{
	value(t, root, 0, skip);
	text_c(t, '\n');
}
