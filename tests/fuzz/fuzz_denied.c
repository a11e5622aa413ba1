/* What AWS says when it denies, taken apart, said again and taken apart again; and the statement that would lift it, which has to
 * be JSON whatever the message held. The first byte says which operation was asked for. */
#include "agent/wire/iam.h"
#include "agent/wire/json.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static char memory[64 * 1024], policy[32 * 1024], statement[4096], sentence[ARN_CAP + 2 * SENTENCE_CAP], known[ARN_CAP];

static void must_be_json(const struct iam_denied *d, const struct iam_names *n)
{
	struct text out = text_on(statement, sizeof(statement));
	struct arena a;
	const cJSON *root = NULL;
	struct why why = { "" };

	iam_denied_statement(d, n, &out);
	if (!iam_denied_helps(d) && out.len > 0)
		fuzz_broken("a statement for what none lifts");
	if (out.full || out.len == 0)
		return;
	arena_init(&a, memory, sizeof(memory));
	if (json_parse(&a, text_get(&out), &root, &why) != KERR_OK || json_get(root, "Effect") == NULL)
		fuzz_broken("a statement that is no JSON object");
}

/* Both policies of whatever names are known, and the table they come from. */
static void policies(const struct iam_names *n)
{
	struct arena a;
	const cJSON *root = NULL;
	struct why why = { "" };

	for (enum iam_role role = IAM_OBSERVER; role <= IAM_ACTOR_UPDATE; role++) {
		struct text out = text_on(policy, sizeof(policy));

		iam_policy(&out, n, role, role == IAM_ACTOR);
		arena_init(&a, memory, sizeof(memory));
		if (!out.full && (json_parse(&a, text_get(&out), &root, &why) != KERR_OK || !cJSON_IsArray(json_get(root, "Statement"))))
			fuzz_broken("a policy that is none");
	}
	for (uint32_t i = 0; iam_use(i) != NULL; i++)
		for (uint32_t bit = 0; bit < 32; bit++)
			if ((iam_use(i)->actions >> bit & 1) != 0 && iam_action(bit) == NULL)
				fuzz_broken("a use of an action that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const asked[] = { "AmazonEC2ContainerServiceV20141113.ListServiceDeployments", "ecs:StopServiceDeployment",
					     "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "" };
	static struct iam_denied d, again;
	struct slice in = { (const char *)data, size }, arn = SLICE("");
	uint8_t which = fuzz_byte(&in);
	struct iam_names names = { 0 };
	struct text out = text_on(sentence, sizeof(sentence));

	(void)slice_next(&in, '\n', &arn);
	if (str_put(known, sizeof(known), arn))
		iam_names_from(&names, slice_of(known));
	iam_denied_from(in, asked[which % 4], &names, &d);
	fuzz_text(d.action, sizeof(d.action), "an action");
	fuzz_text(d.resource, sizeof(d.resource), "a resource");
	fuzz_text(d.why, sizeof(d.why), "a reason");
	if (d.action[0] == '\0' && which % 4 != 3)
		fuzz_broken("denied, and no action");
	must_be_json(&d, &names);
	iam_denied_say(&d, &out);
	if (!out.full && d.action[0] != '\0') {
		if (!iam_denied_read(text_get(&out), &again) || !str_eq(again.action, d.action))
			fuzz_broken("the sentence does not say what was denied");
	}
	policies(&names);
	if (iam_denied_read(in, &again)) {
		fuzz_text(again.action, sizeof(again.action), "an action");
		fuzz_text(again.resource, sizeof(again.resource), "a resource");
		must_be_json(&again, &names);
	}
	return 0;
}
