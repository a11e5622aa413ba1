#include "agent/run/node.h"

#include <stdlib.h>

#include "agent/base/backoff.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/file.h"

#define LOOK_MS       120000             /* a file that is good is looked at so often */
#define EAGER_MS      10000              /* one that is missing or refused; it costs no data */
#define TORN_MS       200                /* the SSM agent rewrites its file in place */
#define ADVISORY_S    900                /* new keys are asked for so long before the old ones end, or half-way there */
#define MANDATORY_S   600                /* and more urgently from here on */
#define FIRST_MS      1000
#define CALM_MS       900000             /* the longest wait between tries that failed: each costs some KB of the line */
#define URGENT_MS     60000              /* with keys in force that end soon */
#define REFUSED_MS    3600000            /* where somebody has to change something: a reload asks at once */
#define REJECTED_MS   900000             /* then the same keys are tried again: AWS may have been wrong about them */
#define STALE_S       3600               /* the SSM agent renews its file every 30 min; keys in it last an hour */
#define TRIES         3                  /* of the container endpoint, at once */
#define STATUS_CREATED 201

const char *keys_state_name(enum keys_state s)
{
	static const char *const name[KEYS_STATES] = {
		"waiting", "ok", "stale", "failing", "missing", "refused", "unreachable", "expired", "rejected",
	};

	return name[s];
}

static bool set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0';
}

/* Explicit settings, then the environment, then what is set up on this node, then what ECS Anywhere brings. */
static enum credentials_source choose(const struct conf *c)
{
	struct file_ident ident;

	switch (c->credentials) {
	case CONF_CRED_ENV:
		return CREDENTIALS_ENV;
	case CONF_CRED_FILE:
		return CREDENTIALS_FILE;
	case CONF_CRED_CONTAINER:
		return CREDENTIALS_CONTAINER;
	case CONF_CRED_IOT:
		return CREDENTIALS_IOT;
	case CONF_CRED_ROLESANYWHERE:
		return CREDENTIALS_ROLESANYWHERE;
	case CONF_CRED_AUTO:
		break;
	}
	if (c->credentials_file_set && file_identify(c->credentials_file, &ident, NULL) == KERR_OK)
		return CREDENTIALS_FILE;
	if (set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY"))
		return CREDENTIALS_ENV;
	if (set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || set("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		return CREDENTIALS_CONTAINER;
	if (c->iot_endpoint[0] != '\0' && c->iot_role_alias[0] != '\0' && c->iot_cert[0] != '\0' && c->iot_key[0] != '\0')
		return CREDENTIALS_IOT;
	if (c->ra_trust_anchor[0] != '\0' && c->ra_profile[0] != '\0' && c->ra_role[0] != '\0' && c->ra_cert[0] != '\0' &&
	    c->ra_key[0] != '\0')
		return CREDENTIALS_ROLESANYWHERE;
	return CREDENTIALS_FILE;
}

static bool asked(enum credentials_source from)
{
	return from == CREDENTIALS_CONTAINER || from == CREDENTIALS_IOT || from == CREDENTIALS_ROLESANYWHERE;
}

static enum source_state source_of(enum keys_state s)
{
	return s == KEYS_REFUSED ? SS_REFUSED : s == KEYS_REJECTED ? SS_DENIED : s == KEYS_UNREACHABLE ? SS_UNREACHABLE : SS_ABSENT;
}

/* Log, fact, source: all from here, so that they cannot disagree. */
static void tell(struct node *n, enum keys_state state, const char *detail)
{
	struct keys *k = &n->keys;
	bool news = state != k->state || !str_eq(detail, k->why.text);

	if (detail != k->why.text)
		(void)str_cut(k->why.text, sizeof(k->why.text), slice_of(detail));
	k->state = state;
	if (news && state == KEYS_OK)
		log_line(&n->log, LOG_LEVEL_INFO, "credentials: from %s", credentials_source_name(k->now.source));
	else if (news)
		log_line(&n->log, k->have ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "credentials: %s: %s", keys_state_name(state), k->why.text);
	n->publish |= news;
	node_fact(n, FACT_CREDENTIALS, k->have ? TRI_YES : TRI_NO, 0, k->why.text, false);
	if (!n->aws.ready)
		return;
	if (!k->have)
		node_source(n, SRC_AWS, source_of(state), k->why.text);
	else if (k->told_source)
		node_source(n, SRC_AWS, SS_UNKNOWN, "not asked yet");
	k->told_source = !k->have;
}

static bool same(const struct credentials *a, const struct credentials *b)
{
	return str_eq(a->akid, b->akid) && str_eq(a->secret, b->secret) && str_eq(a->token, b->token);
}

/* The old ones are overwritten, and so is what was derived from them. */
static void replace(struct node *n)
{
	struct keys *k = &n->keys;

	sigv4_wipe(&n->aws.signer.key, sizeof(n->aws.signer.key));
	k->now = k->incoming;
	sigv4_wipe(&k->incoming, sizeof(k->incoming));
	k->have = true;
	k->rejected = false;
}

/* When to ask again after a failure: full jitter over a bound that doubles. */
static uint64_t next_try(struct node *n, bool refused)
{
	struct keys *k = &n->keys;
	bool urgent = k->have && k->now.expiry_unix_s != 0 && k->now.expiry_unix_s - node_unix_ms(n) / 1000 < MANDATORY_S;
	uint64_t cap = urgent ? URGENT_MS : refused ? REFUSED_MS : CALM_MS;
	uint64_t random;

	if (crypto_random_u64(&random, NULL) != KERR_OK)
		random = UINT64_MAX;
	return clock_boot_ms() + TORN_MS + backoff_ms(k->failures++, FIRST_MS, cap, random);
}

/* The keys that came are those AWS has just refused. */
static bool refused_before(struct keys *k)
{
	if (!k->rejected || !same(&k->now, &k->incoming) || clock_boot_ms() - k->rejected_ms > REJECTED_MS)
		return false;
	sigv4_wipe(&k->incoming, sizeof(k->incoming));
	return true;
}

/* ---- what is on this node: environment and file ---- */

static enum kerr read_file(struct node *n, struct credentials *out, struct file_ident *ident, struct why *why)
{
	size_t len = 0;
	enum kerr err = file_identify(n->conf->credentials_file, ident, why);

	if (err == KERR_OK)
		err = file_read(n->conf->credentials_file, FILE_REGULAR, n->work, sizeof(n->work), &len, why);
	if (err == KERR_OK)
		err = credentials_from_file((struct slice){ n->work, len }, n->conf->credentials_file, n->conf->profile,
					    n->conf->credentials != CONF_CRED_FILE, out, why);
	crypto_zero(n->work, len);
	return err;
}

/* By the machine's own clock, as the file's time is. */
static bool overdue(const struct credentials *c, const struct file_ident *ident, const char *path, struct why *why)
{
	char written[SIGV4_DATE];

	if (c->token[0] == '\0' || clock_wall_ms() / 1000 - ident->mtime_unix_s <= STALE_S || !sigv4_date(ident->mtime_unix_s, written))
		return false;
	(void)why_set(why, KERR_OK, "%.80s was last written %s: is the SSM agent running? After an outage it may take 30 min to "
		      "renew it", path, written);
	return true;
}

static void look(struct node *n)
{
	struct keys *k = &n->keys;
	const struct credentials_env env = {
		.akid = getenv("AWS_ACCESS_KEY_ID"), .secret = getenv("AWS_SECRET_ACCESS_KEY"), .token = getenv("AWS_SESSION_TOKEN"),
	};
	struct file_ident ident = { 0 };
	struct why why = { "" };
	bool file = k->from == CREDENTIALS_FILE, old;
	enum kerr err = file ? read_file(n, &k->incoming, &ident, &why) : credentials_from_env(&env, &k->incoming, &why);

	k->refresh_unix_s = 0;
	k->retry_ms = clock_boot_ms() + (err == KERR_OK ? LOOK_MS : err == KERR_AGAIN && k->failures == 0 ? TORN_MS : EAGER_MS);
	k->failures = err == KERR_AGAIN;
	if (err == KERR_AGAIN && k->have && k->now.source == k->from)
		return;   /* caught while it is rewritten: the old keys are as good as they were */
	if (err != KERR_OK) {
		k->have = false;
		tell(n, KEYS_MISSING, why.text);
		return;
	}
	if (refused_before(k)) {
		k->retry_ms = clock_boot_ms() + EAGER_MS;
		tell(n, KEYS_REJECTED, k->refusal.text);
		return;
	}
	replace(n);
	old = file && overdue(&k->now, &ident, n->conf->credentials_file, &why);
	if (old)
		k->retry_ms = clock_boot_ms() + EAGER_MS;
	tell(n, old ? KEYS_STALE : KEYS_OK, why.text);
}

/* ---- what is asked for ---- */

static void failed(struct node *n, enum keys_state state, const char *detail)
{
	struct keys *k = &n->keys;

	k->retry_ms = next_try(n, state == KEYS_REFUSED);
	tell(n, k->have ? KEYS_FAILING : state, detail);
}

static void taken(struct node *n)
{
	struct keys *k = &n->keys;
	int64_t now_s = node_unix_ms(n) / 1000, life_s = k->incoming.expiry_unix_s - now_s;

	if (refused_before(k)) {
		k->retry_ms = next_try(n, false);
		tell(n, KEYS_REJECTED, k->refusal.text);
		return;
	}
	replace(n);
	k->failures = 0;
	if (life_s > 0) {
		k->refresh_unix_s = k->now.expiry_unix_s - (life_s < 2 * ADVISORY_S ? life_s / 2 : ADVISORY_S);
		k->retry_ms = 0;
	} else {
		/* ended before they came: this node's clock is wrong, or theirs. AWS will say */
		k->now.expiry_unix_s = k->refresh_unix_s = 0;
		k->retry_ms = clock_boot_ms() + URGENT_MS;
	}
	tell(n, KEYS_OK, "");
}

static void start(struct node *n);

static void on_answer(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct keys *k = &n->keys;
	struct why why = r->why;
	bool whole = r->err == KERR_OK && r->status == (k->from == CREDENTIALS_ROLESANYWHERE ? STATUS_CREATED : 200);
	enum kerr err = r->err;

	k->request = HTTP_NONE;
	device_free(&k->device);
	if (whole)
		err = credentials_answer(k->from, r->body, &n->arena, &k->incoming, &why);
	else if (err == KERR_OK)
		err = credentials_refused(k->from, r->status, r->body, &n->arena, &why);
	crypto_zero(k->answer, r->body.n);
	if (err != KERR_OK && err != KERR_DENIED && k->from == CREDENTIALS_CONTAINER && ++k->tries < TRIES) {
		start(n);
		return;
	}
	if (r->cause == HTTP_TLS_CLOCK)
		wall_clock_doubt(n, why.text);
	if (err == KERR_OK)
		aws_learn_time(n, r);
	if (err == KERR_OK)
		taken(n);
	else
		failed(n, err == KERR_DENIED ? KEYS_REFUSED : KEYS_UNREACHABLE, why.text);
	aws_go_on(n);
}

static void start(struct node *n)
{
	struct why why = { "" };
	enum kerr err = keys_ask(n, on_answer, &why);

	if (err == KERR_OK)
		return;
	/* nothing was sent: looking again costs no data */
	n->keys.retry_ms = clock_boot_ms() + EAGER_MS;
	tell(n, n->keys.have ? KEYS_FAILING : err == KERR_REFUSED ? KEYS_REFUSED : KEYS_MISSING, why.text);
	aws_go_on(n);
}

/* ---- when ---- */

/* What must come before a provider that is not on this host can be asked; NULL: nothing. */
static const char *lacks(const struct node *n)
{
	if (!asked(n->keys.from) || n->keys.here)
		return NULL;
	if (n->core.fact[FACT_CLOCK].yes == TRI_NO)
		return "the clock of this node is not set: credentials are asked for once it is";
	return n->core.fact[FACT_ROUTE].yes == TRI_NO ? "there is no route to ask for credentials" : NULL;
}

/* Boot clock of a moment in the server's time. */
static uint64_t boot_of(const struct node *n, int64_t unix_s)
{
	int64_t left_ms = unix_s * 1000 - node_unix_ms(n);

	return clock_boot_ms() + (left_ms > 0 ? (uint64_t)left_ms : 0);
}

uint64_t keys_due(const struct node *n)
{
	const struct keys *k = &n->keys;
	uint64_t ask = CORE_NEVER, end = CORE_NEVER, refresh;

	if (k->have && k->now.expiry_unix_s != 0)
		end = boot_of(n, k->now.expiry_unix_s);
	if (k->request == HTTP_NONE && lacks(n) == NULL) {
		refresh = k->refresh_unix_s != 0 ? boot_of(n, k->refresh_unix_s) : 0;
		ask = refresh > k->retry_ms ? refresh : k->retry_ms;
	}
	return ask < end ? ask : end;
}

static void end_of_life(struct node *n)
{
	struct keys *k = &n->keys;
	struct why why;

	if (!k->have || k->now.expiry_unix_s == 0 || node_unix_ms(n) / 1000 < k->now.expiry_unix_s)
		return;
	k->have = false;
	(void)why_set(&why, KERR_OK, "the keys of %s have expired; %.160s", credentials_source_name(k->now.source),
		      lacks(n) != NULL ? lacks(n) : k->why.text[0] != '\0' ? k->why.text : "new ones are asked for");
	tell(n, KEYS_EXPIRED, why.text);
}

static void keys_hurry(struct keys *k)
{
	k->retry_ms = 0;
	k->failures = 0;
}

void keys_tick(struct node *n)
{
	struct keys *k = &n->keys;
	bool waits = n->core.fact[FACT_ROUTE].yes == TRI_NO || n->core.fact[FACT_CLOCK].yes == TRI_NO;

	end_of_life(n);
	if (k->waited && !waits)
		keys_hurry(k);
	k->waited = waits;
	if (keys_due(n) > clock_boot_ms())
		return;
	k->from = choose(n->conf);
	k->here = k->from == CREDENTIALS_CONTAINER;
	k->tries = 0;
	if (!asked(k->from))
		look(n);
	else if (lacks(n) == NULL)
		start(n);
	else if (!k->have)
		tell(n, KEYS_WAITING, lacks(n));
}

bool keys_rejected(struct node *n)
{
	struct keys *k = &n->keys;

	k->have = false;
	k->rejected = true;
	k->rejected_ms = clock_boot_ms();
	(void)why_set(&k->refusal, KERR_OK, "AWS does not take the keys of %s any more; %s", credentials_source_name(k->now.source),
		      k->from == CREDENTIALS_ENV ? "kedge has to be started with new ones" : k->from == CREDENTIALS_FILE
		      ? "waiting for the file to change: after an outage the SSM agent may take 30 min" : "new ones are asked for");
	/* asked once at once, then with the patience of any failure */
	if (k->failures == 0)
		k->retry_ms = 0;
	k->refresh_unix_s = 0;
	keys_tick(n);
	if (!k->have && !keys_pending(n) && (k->state == KEYS_OK || k->state == KEYS_STALE || k->state == KEYS_FAILING))
		tell(n, KEYS_REJECTED, k->refusal.text);
	return k->have || keys_pending(n);
}

bool keys_pending(const struct node *n)
{
	return !n->keys.have && n->keys.request != HTTP_NONE;
}

void keys_again(struct node *n)
{
	struct keys *k = &n->keys;

	if (k->request != HTTP_NONE) {
		http_cancel(&n->http, k->request);
		k->request = HTTP_NONE;
		device_free(&k->device);
		crypto_zero(k->answer, sizeof(k->answer));
	}
	keys_hurry(k);
	k->refresh_unix_s = 0;
	k->rejected = false;
	keys_tick(n);
	if (!keys_pending(n))
		aws_go_on(n);
}

void keys_wipe(struct node *n)
{
	struct keys *k = &n->keys;

	sigv4_wipe(&k->now, sizeof(k->now));
	sigv4_wipe(&k->incoming, sizeof(k->incoming));
	sigv4_wipe(&n->aws.signer.key, sizeof(n->aws.signer.key));
	sigv4_wipe(k->answer, sizeof(k->answer));
	device_free(&k->device);
}
