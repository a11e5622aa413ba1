#include "agent/wire/agent_config.h"

#include <string.h>

#include "agent/wire/credentials.h"

#define HOUR_S INT64_C(3600)
/* A rollback is wanted within a day of the deployment (policy expire), so the image must outlive its last task by
 * that. The clean-up interval cannot help, as a cycle may come at any moment, and the minimum age counts from the
 * pull: it protects a release only while that is younger, so it must be longer than releases usually live. */
#define KEEP_S (24 * HOUR_S)
#define AGE_S  (30 * 24 * HOUR_S)

enum { VALUE_CAP = 200 };

/* False when neither file has the key. A value longer than that, or with blanks, is left empty. */
static bool value_of(const struct agent_config *c, const char *key, char value[VALUE_CAP])
{
	value[0] = '\0';
	return credentials_ecs_config(c->user, key, value, VALUE_CAP, NULL) != KERR_GONE ||
	       credentials_ecs_config(c->instance, key, value, VALUE_CAP, NULL) != KERR_GONE;
}

static bool is_word(const char *value, const char *word)
{
	return slice_of(value).n == slice_of(word).n && slice_find_nocase(slice_of(value), word) == 0;
}

/* As Go reads booleans. */
static bool is_true(const char *value)
{
	return str_eq(value, "1") || is_word(value, "t") || is_word(value, "true");
}

static void decided(struct ev_fact *out, enum tri yes, const char *key, const char *value)
{
	struct text t = text_on(out->about, sizeof(out->about));

	out->yes = yes;
	text_s(&t, key);
	text_packed(&t, value == NULL ? PACKED(" is not set") : PACKED("="));
	text_s(&t, value == NULL ? "" : value);
}

static struct ev_fact *begin(struct ev_fact *out, enum fact fact)
{
	memset(out, 0, sizeof(*out));
	out->fact = fact;
	return out;
}

static bool hides_info(const char *level)
{
	static const char *const words[] = { "warn", "error", "crit", "none" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (is_word(level, words[i]))
			return true;
	return false;
}

void agent_config_reasons(const struct agent_config *c, struct ev_fact *out)
{
	char level[VALUE_CAP], driver[VALUE_CAP], here[VALUE_CAP];
	bool own = value_of(c, "ECS_LOGLEVEL_ON_INSTANCE", here), set = value_of(c, "ECS_LOGLEVEL", level);

	begin(out, FACT_REASONS);
	if (own && here[0] != '\0')
		decided(out, hides_info(here) ? TRI_NO : TRI_YES, "ECS_LOGLEVEL_ON_INSTANCE", here);
	else if (value_of(c, "ECS_LOG_DRIVER", driver) && driver[0] != '\0')
		decided(out, TRI_NO, "ECS_LOG_DRIVER", driver);   /* it switches the file on the host off */
	else
		decided(out, hides_info(level) ? TRI_NO : TRI_YES, "ECS_LOGLEVEL", set ? level : NULL);
}

static int64_t unit_s(struct slice *rest)
{
	static const struct { const char *name; int64_t s; } units[] = { { "h", HOUR_S }, { "ms", 0 }, { "m", 60 }, { "s", 1 } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_starts(*rest, units[i].name)) {
			*rest = slice_from(*rest, slice_of(units[i].name).n);
			return units[i].s;
		}
	return -1;
}

/* Go's "1h30m", cut to seconds; -1: none, or one of more than a century. */
static int64_t duration_s(const char *value)
{
	struct slice rest = slice_of(value);
	int64_t sum = 0;

	while (rest.n > 0) {
		size_t digits = 0;
		int64_t unit;
		uint64_t n;

		while (digits < rest.n && ch_digit(rest.p[digits]))
			digits++;
		if (!slice_u64(slice_to(rest, digits), &n) || n > 1000000)
			return -1;
		rest = slice_from(rest, digits);
		unit = unit_s(&rest);
		if (unit < 0)
			return -1;
		sum += (int64_t)n * unit;
	}
	return value[0] == '\0' ? -1 : sum;
}

void agent_config_images(const struct agent_config *c, struct ev_fact *out)
{
	char off[VALUE_CAP], pull[VALUE_CAP], wait[VALUE_CAP], age[VALUE_CAP], spared[VALUE_CAP];

	begin(out, FACT_IMAGES_KEPT);
	if (value_of(c, "ECS_DISABLE_IMAGE_CLEANUP", off) && is_true(off))
		decided(out, TRI_YES, "ECS_DISABLE_IMAGE_CLEANUP", off);
	else if (value_of(c, "ECS_IMAGE_PULL_BEHAVIOR", pull) && str_eq(pull, "prefer-cached"))
		decided(out, TRI_YES, "ECS_IMAGE_PULL_BEHAVIOR", pull);   /* the agent then never cleans up */
	else if (value_of(c, "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", wait) && duration_s(wait) >= KEEP_S)
		decided(out, TRI_YES, "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", wait);   /* until then its container keeps it */
	else if (value_of(c, "ECS_IMAGE_MINIMUM_CLEANUP_AGE", age) && duration_s(age) >= AGE_S)
		decided(out, TRI_YES, "ECS_IMAGE_MINIMUM_CLEANUP_AGE", age);
	else if (value_of(c, "ECS_EXCLUDE_UNTRACKED_IMAGE", spared))
		decided(out, TRI_UNKNOWN, "ECS_EXCLUDE_UNTRACKED_IMAGE", spared);   /* it may name the very image */
	else if (age[0] != '\0')
		decided(out, TRI_NO, "ECS_IMAGE_MINIMUM_CLEANUP_AGE", age);
	else
		decided(out, TRI_NO, "ECS_DISABLE_IMAGE_CLEANUP", off[0] != '\0' ? off : NULL);
}

const char *const *agent_config_keys(size_t *n)
{
	static const char *const keys[] = {
		"ECS_CLUSTER", "AWS_DEFAULT_REGION", "ECS_LOGLEVEL", "ECS_LOGLEVEL_ON_INSTANCE", "ECS_LOG_DRIVER",
		"ECS_DISABLE_IMAGE_CLEANUP", "ECS_IMAGE_PULL_BEHAVIOR", "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION",
		"ECS_IMAGE_MINIMUM_CLEANUP_AGE", "ECS_EXCLUDE_UNTRACKED_IMAGE",
	};

	*n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
