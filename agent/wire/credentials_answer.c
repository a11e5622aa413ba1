#include "agent/wire/credentials_answer.h"

#include <string.h>

#include "agent/wire/json.h"
#include "agent/wire/sigv4.h"

#define SAID_CAP 72                      /* bytes of the provider's own words. longer: cut */

struct members { const char *id, *secret, *token, *expiry; };

static const struct members upper = { "AccessKeyId", "SecretAccessKey", "Token", "Expiration" };
static const struct members lower = { "accessKeyId", "secretAccessKey", "sessionToken", "expiration" };

static const char *const who[] = {
	[CREDENTIALS_NONE] = "", [CREDENTIALS_ENV] = "the environment", [CREDENTIALS_FILE] = "the file",
	[CREDENTIALS_CONTAINER] = "the container credentials endpoint", [CREDENTIALS_IOT] = "the IoT credential provider",
	[CREDENTIALS_ROLESANYWHERE] = "IAM Roles Anywhere",
};

const char *credentials_source_name(enum credentials_source s)
{
	static const char *const name[] = { "none", "env", "file", "container", "iot", "rolesanywhere" };

	return name[s];
}

static const cJSON *object_of(enum credentials_source from, const cJSON *root)
{
	if (from == CREDENTIALS_CONTAINER)
		return root;
	if (from == CREDENTIALS_ROLESANYWHERE)
		root = cJSON_GetArrayItem(json_array(root, "credentialSet"), 0);
	return json_object(root, "credentials");
}

static struct slice member(const cJSON *obj, const char *name, const char **missing)
{
	const char *v = cJSON_GetStringValue(json_get(obj, name));

	if ((v == NULL || v[0] == '\0') && *missing == NULL)
		*missing = name;
	return slice_of(v);
}

static enum kerr take(enum credentials_source from, const cJSON *root, struct credentials *out, struct why *why)
{
	const struct members *m = from == CREDENTIALS_CONTAINER ? &upper : &lower;
	const cJSON *obj = object_of(from, root);
	const char *missing = NULL;
	struct slice id = member(obj, m->id, &missing), secret = member(obj, m->secret, &missing);
	struct slice token = member(obj, m->token, &missing), expiry = member(obj, m->expiry, &missing);
	enum kerr e;

	if (missing != NULL)
		return why_set(why, KERR_BAD_INPUT, "the answer of %s has no %s", who[from], missing);
	if (!sigv4_date_parse(expiry, &out->expiry_unix_s))
		return why_set(why, KERR_BAD_INPUT, "the answer of %s: %s is no time", who[from], m->expiry);
	e = credentials_put(id, secret, token, who[from], out, why);
	if (e == KERR_OK)
		out->source = from;
	return e;
}

/* The tree holds copies of the secret, and so does what a text that broke off left behind the mark: the arena's high water
 * since the mark says how far. */
static void forget(struct arena *a, size_t mark, size_t high_before)
{
	sigv4_wipe(a->base + mark, a->high - mark);
	if (a->high < high_before)
		a->high = high_before;
	arena_reset(a, mark);
}

enum kerr credentials_answer(enum credentials_source from, struct slice body, struct arena *a, struct credentials *out,
			     struct why *why)
{
	size_t mark = arena_mark(a), high = a->high;
	const cJSON *root;
	struct why inner;
	enum kerr e;

	sigv4_wipe(out, sizeof(*out));
	if (body.n > CREDENTIALS_ANSWER_MAX)
		return why_set(why, KERR_TOO_BIG, "the answer of %s is longer than %d bytes", who[from], CREDENTIALS_ANSWER_MAX);
	a->high = mark;
	e = json_parse(a, body, &root, &inner);
	if (e == KERR_OK)
		e = take(from, root, out, why);
	else
		(void)why_set(why, e, "the answer of %s: %.160s", who[from], inner.text);
	forget(a, mark, high);
	if (e != KERR_OK)
		sigv4_wipe(out, sizeof(*out));
	return e;
}

/* Words of a refusal, letters compared without case, and what helps. The first row that fits counts. Seen of the real
 * services; of Roles Anywhere only some are documented, so its rows look for what any wording of them must name. */
static const struct { enum credentials_source from; unsigned status; const char *words; const struct packed *advice; } mend[] = {
	{ CREDENTIALS_IOT, 403, "thing",
	  PACKED("[iot] thing must be the name of the thing that this certificate is attached to") },
	{ CREDENTIALS_IOT, 403, "endpoint",
	  PACKED("[iot] endpoint must be the iot:CredentialProvider address of the certificate's account") },
	{ CREDENTIALS_IOT, 403, "",
	  PACKED("activate the certificate, attach a policy with iot:AssumeRoleWithCertificate on the role alias") },
	{ CREDENTIALS_IOT, 404, "", PACKED("[iot] role_alias names none in this account and region") },
	{ CREDENTIALS_IOT, 400, "duration", PACKED("the role alias asks for longer than the role's maximum session duration") },
	{ CREDENTIALS_IOT, 400, "role", PACKED("the alias's role must exist and trust credentials.iot.amazonaws.com") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "insufficient",
	  PACKED("the certificate needs CA:FALSE and key usage digitalSignature") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "untrusted", PACKED("it does not chain to the trust anchor: are the CAs between in [rolesanywhere] cert?") },
	{ CREDENTIALS_ROLESANYWHERE, 0, "disabled", PACKED("somebody has to enable it in Roles Anywhere again") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "expired", PACKED("the certificate has to be renewed") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "revoked", PACKED("the certificate has to be replaced") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "signature", PACKED("is [rolesanywhere] key the certificate's, and this node's clock right?") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "assume",
	  PACKED("the role must trust rolesanywhere.amazonaws.com, and the profile must list it") },
	{ CREDENTIALS_ROLESANYWHERE, 404, "anchor", PACKED("[rolesanywhere] trust_anchor names none in this region") },
	{ CREDENTIALS_ROLESANYWHERE, 404, "", PACKED("[rolesanywhere] profile names none in this region") },
	{ CREDENTIALS_ROLESANYWHERE, 403, "",
	  PACKED("compare [rolesanywhere] trust_anchor, profile and role with what is set up in AWS") },
	{ CREDENTIALS_CONTAINER, 0, "token", PACKED("is AWS_CONTAINER_AUTHORIZATION_TOKEN the one of this container?") },
	{ CREDENTIALS_CONTAINER, 0, "", PACKED("does the task have a task role, and does the ECS agent run?") },
	{ CREDENTIALS_NONE, 0, "", PACKED("") },
};

static void said(struct slice body, struct arena *a, char out[SAID_CAP])
{
	size_t mark = arena_mark(a);
	const cJSON *root;
	struct why inner;

	out[0] = '\0';
	if (body.n <= CREDENTIALS_ANSWER_MAX && json_parse(a, body, &root, &inner) == KERR_OK &&
	    json_text(root, "message", out, SAID_CAP, NULL, &inner) != KERR_OK &&
	    json_text(root, "Message", out, SAID_CAP, NULL, &inner) != KERR_OK)
		out[0] = '\0';
	arena_reset(a, mark);
}

enum kerr credentials_refused(enum credentials_source from, unsigned status, struct slice body, struct arena *a,
			      struct why *why)
{
	char words[SAID_CAP], advice[PACKED_MAX];
	size_t i = 0;

	said(body, a, words);
	if (status == 429 || status >= 500)
		return why_set(why, KERR_AGAIN, "%s cannot answer now (%u %s)", who[from], status, words);
	/* a portal or proxy answers in its own words, which name nothing of ours */
	if (words[0] == '\0' && from != CREDENTIALS_CONTAINER)
		return why_set(why, KERR_AGAIN, "%s did not answer, something in between did (status %u, not its JSON): a captive "
			       "portal or proxy?", who[from], status);
	while (mend[i].from != CREDENTIALS_NONE && (mend[i].from != from || (mend[i].status != 0 && mend[i].status != status) ||
						    slice_find_nocase(slice_of(words), mend[i].words) == SIZE_MAX))
		i++;
	packed_copy(advice, sizeof(advice), mend[i].advice);
	return why_set(why, KERR_DENIED, "%s refuses (%u %s)%s%s", who[from], status, words, advice[0] != '\0' ? ": " : "", advice);
}
