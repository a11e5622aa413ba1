#include "agent/run/node.h"

#include <stdlib.h>

#include "platform/crypto.h"
#include "platform/file.h"

static enum kerr credentials_from_disk(struct node *n, struct credentials *out, struct why *why)
{
	struct file_ident ident;
	size_t len = 0;
	enum kerr err = file_identify(n->conf->credentials_file, &ident, why);

	if (err == KERR_OK)
		err = file_read(n->conf->credentials_file, FILE_REGULAR, n->work, sizeof(n->work), &len, why);
	if (err == KERR_OK)
		err = credentials_from_file((struct slice){ n->work, len }, n->conf->credentials_file, n->conf->profile,
					    n->conf->credentials != CONF_CRED_FILE, out, why);
	crypto_zero(n->work, len);
	return err;
}

static enum kerr credentials_read(struct node *n, struct credentials *out, struct why *why)
{
	const struct credentials_env env = {
		.akid = getenv("AWS_ACCESS_KEY_ID"), .secret = getenv("AWS_SECRET_ACCESS_KEY"), .token = getenv("AWS_SESSION_TOKEN"),
	};
	enum conf_credentials how = n->conf->credentials;
	enum kerr err;

	if (how == CONF_CRED_CONTAINER || how == CONF_CRED_IOT || how == CONF_CRED_ROLESANYWHERE)
		return why_set(why, KERR_REFUSED, "credentials = %s is not available yet; use auto, env or file",
			       conf_credentials_name(how));
	if (how == CONF_CRED_ENV || how == CONF_CRED_AUTO) {
		err = credentials_from_env(&env, out, why);
		if (err == KERR_OK || how == CONF_CRED_ENV)
			return err;
	}
	return credentials_from_disk(n, out, why);
}

void keys_refresh(struct node *n)
{
	struct keys *k = &n->keys;
	struct credentials *fresh = &k->incoming;
	struct why why = { "" };
	enum kerr err;

	aws_settle(n);
	err = credentials_read(n, fresh, &why);
	/* a file caught while it is rewritten: the old keys are as good as they were */
	if (err == KERR_OK || (err != KERR_AGAIN && k->have)) {
		k->now = *fresh;
		k->have = err == KERR_OK;
	}
	sigv4_wipe(fresh, sizeof(*fresh));
	node_fact(n, FACT_CREDENTIALS, k->have ? TRI_YES : TRI_NO, 0, why.text, false);
	if (!k->have && n->aws.ready)
		node_source(n, SRC_AWS, SS_ABSENT, why.text);
	else if (n->aws.ready && n->core.source[SRC_AWS].state == SS_ABSENT)
		node_source(n, SRC_AWS, SS_UNKNOWN, "not asked yet");
}

void keys_wipe(struct node *n)
{
	sigv4_wipe(&n->keys.now, sizeof(n->keys.now));
}
