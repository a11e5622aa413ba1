#include "agent/cmd/settled.h"

#include "agent/cmd/show.h"

#define CLOCKS_MS 10000                  /* one deployment's two times in two answers of AWS differ by less */

/* Is it one of the words, each with a blank on both sides? The empty one is in no list. */
static bool among(const struct packed *words, const char *word)
{
	char padded[64], all[PACKED_MAX];
	struct text t = text_on(padded, sizeof(padded));

	text_c(&t, ' ');
	text_s(&t, word);
	text_c(&t, ' ');
	return word[0] != '\0' && !t.full && slice_find(slice_of(packed_copy(all, sizeof(all), words)), padded) != SIZE_MAX;
}

/* It runs well here; AWS says how its deployment went. */
static enum settled by_rollout(const char *rollout)
{
	if (among(PACKED(" STOPPED ROLLBACK_SUCCESSFUL ROLLBACK_FAILED "), rollout))
		return SETTLED_BAD;
	return rollout[0] == '\0' || among(PACKED(" SUCCESSFUL "), rollout) ? SETTLED_GOOD : SETTLED_NOT;
}

static enum settled by_verdict(const cJSON *service)
{
	const char *verdict = page_str(service, "verdict"), *state = page_str(json_object(service, "rollback"), "state");

	if (among(PACKED(" ok "), verdict))
		return by_rollout(page_str(service, "rollout"));
	if (among(PACKED(" rolled-back stuck "), verdict))
		return SETTLED_BAD;
	if (!among(PACKED(" failing "), verdict))
		return SETTLED_NOT;
	if (among(PACKED(" awaiting-confirmation shadow refused denied rollback-failed expired cancelled "), state))
		return SETTLED_BAD;
	return among(PACKED(" none "), state) && among(PACKED(" off "), page_str(service, "policy")) ? SETTLED_BAD : SETTLED_NOT;
}

/* The same definition may have been deployed anew: then AWS made its deployment later than the one the row is about. */
static bool of_earlier(const cJSON *service, const struct settled_wanted *wanted)
{
	int64_t created_ms;

	return json_unix_s(service, "deployment_created_unix_s", &created_ms, NULL) == KERR_OK &&
	       wanted->created_unix_ms > created_ms + CLOCKS_MS;
}

enum settled settled_of(const cJSON *service, const struct settled_wanted *wanted)
{
	enum settled settled = by_verdict(service);
	char definition[300];

	if (wanted->deployment[0] != '\0')
		return str_eq(wanted->deployment, page_str(service, "deployment")) ? settled : SETTLED_NOT;
	show_definition(service, definition, sizeof(definition));
	if (wanted->primary[0] == '\0' || str_eq(wanted->primary, definition))
		return settled == SETTLED_GOOD && of_earlier(service, wanted) ? SETTLED_NOT : settled;
	/* once it was hauled back AWS wants what it was hauled back to */
	return settled == SETTLED_BAD && str_eq(wanted->primary, page_str(json_object(service, "rollback"), "target")) ? settled : SETTLED_NOT;
}
