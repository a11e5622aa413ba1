#include "agent/run/node_feed.h"

#include "agent/base/backoff.h"
#include "platform/clock.h"
#include "platform/crypto.h"

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

const char *keys_state_name(enum keys_state s)
{
	static const char *const name[KEYS_STATES] = {
		"waiting", "ok", "stale", "failing", "missing", "refused", "unreachable", "expired", "rejected",
	};

	return name[s];
}

static bool over_http(enum credentials_source from)
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
		log_line(&n->log, LOG_LEVEL_INFO, "credentials: from %s", credentials_source_name(k->source));
	else if (news)
		log_line(&n->log, k->have ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "credentials: %s: %s", keys_state_name(state), k->why.text);
	n->publish |= news;
	node_fact(n, FACT_CREDENTIALS, k->have ? TRI_YES : TRI_NO, 0, k->why.text, false);
	if (!n->aws.ready)
		return;
	if (!k->have)
		node_source(n, SRC_AWS, source_of(state), k->why.text);
	else if (k->told_source)
		node_source_says(n, SRC_AWS, SS_UNKNOWN, PACKED("not asked yet"));
	k->told_source = !k->have;
}

/* Are those that AWS refused to be left? After a while they are tried again. */
static bool others_wanted(const struct keys *k)
{
	return k->rejected && clock_boot_ms() - k->rejected_ms <= REJECTED_MS;
}

/* What was had is over: nothing more is signed with it. */
static void end(struct node *n, bool refused)
{
	struct ask q = { .what = ASK_KEYS_END, .u.keys.same_as_refused = refused };
	struct why why;

	n->keys.have = false;
	(void)!asking(n, &q, SLICE(""), NULL, 0, NULL, &why);
}

static void replace(struct keys *k, enum credentials_source source, int64_t expiry_unix_s)
{
	k->source = source;
	k->expiry_unix_s = expiry_unix_s;
	k->have = true;
	k->rejected = false;
}

/* When to ask again after a failure: full jitter over a bound that doubles. */
static uint64_t next_try(struct node *n, bool refused)
{
	struct keys *k = &n->keys;
	bool urgent = k->have && k->expiry_unix_s != 0 && k->expiry_unix_s - node_unix_ms(n) / 1000 < MANDATORY_S;
	uint64_t cap = urgent ? URGENT_MS : refused ? REFUSED_MS : CALM_MS;
	uint64_t random;

	if (crypto_random_u64(&random, NULL) != KERR_OK)
		random = UINT64_MAX;
	return clock_boot_ms() + TORN_MS + backoff_ms(k->failures++, FIRST_MS, cap, random);
}

/* ---- what is on this node: environment and file ---- */

static void look(struct node *n)
{
	struct keys *k = &n->keys;
	struct ask q = { .what = ASK_KEYS_LOOK, .u.keys = { .from = k->from, .same_as_refused = others_wanted(k) } };
	const struct answer *a = &n->asking.answer;
	struct why why = { "" };
	enum kerr err = asking(n, &q, SLICE(""), NULL, 0, NULL, &why);

	k->refresh_unix_s = 0;
	k->retry_ms = clock_boot_ms() + (err == KERR_OK ? LOOK_MS : err == KERR_AGAIN && k->failures == 0 ? TORN_MS : EAGER_MS);
	k->failures = err == KERR_AGAIN;
	if (err == KERR_AGAIN && k->have && k->source == k->from)
		return;   /* caught while it is rewritten: the old keys are as good as they were */
	if (err != KERR_OK) {
		end(n, false);
		tell(n, KEYS_MISSING, why.text);
		return;
	}
	if (a->u.keys.same_as_refused) {
		k->retry_ms = clock_boot_ms() + EAGER_MS;
		tell(n, KEYS_REJECTED, k->refusal.text);
		return;
	}
	replace(k, k->from, 0);
	if (a->u.keys.overdue)
		k->retry_ms = clock_boot_ms() + EAGER_MS;
	tell(n, a->u.keys.overdue ? KEYS_STALE : KEYS_OK, a->u.keys.overdue ? a->why.text : "");
}

/* ---- what is asked for ---- */

static void failed(struct node *n, enum keys_state state, const char *detail)
{
	struct keys *k = &n->keys;

	k->retry_ms = next_try(n, state == KEYS_REFUSED);
	tell(n, k->have ? KEYS_FAILING : state, detail);
}

/* Nothing was sent: looking again costs no data. */
static void not_asked(struct node *n, enum kerr err, const char *detail)
{
	n->keys.retry_ms = clock_boot_ms() + EAGER_MS;
	tell(n, n->keys.have ? KEYS_FAILING : err == KERR_REFUSED ? KEYS_REFUSED : KEYS_MISSING, detail);
}

static void taken(struct node *n, const struct talk_keys *t)
{
	struct keys *k = &n->keys;
	int64_t now_s = node_unix_ms(n) / 1000, life_s = t->expiry_unix_s - now_s;

	if (t->same_as_refused) {
		k->retry_ms = next_try(n, false);
		tell(n, KEYS_REJECTED, k->refusal.text);
		return;
	}
	replace(k, t->from, t->expiry_unix_s);
	k->failures = 0;
	if (life_s > 0) {
		k->refresh_unix_s = k->expiry_unix_s - (life_s < 2 * ADVISORY_S ? life_s / 2 : ADVISORY_S);
		k->retry_ms = 0;
	} else {
		/* ended before they came: this node's clock is wrong, or theirs. AWS will say */
		k->expiry_unix_s = k->refresh_unix_s = 0;
		k->retry_ms = clock_boot_ms() + URGENT_MS;
	}
	tell(n, KEYS_OK, "");
}

void keys_news(struct node *n, const struct news *news)
{
	const struct talk_keys *t = &news->u.keys;
	bool asked = n->keys.asked;

	n->keys.asked = false;
	http_traffic_add(&n->http, PURPOSE_CREDENTIALS, (struct http_traffic){ t->up_bytes, t->down_bytes, t->segments });
	if (t->clock)
		wall_clock_doubt(n, news->why.text);
	if (t->date_unix_s > 0)
		wall_clock_learn(n, t->date_unix_s);
	/* what the gate has is signed with, whoever was asked since */
	if (news->err == KERR_OK)
		taken(n, t);
	else if (asked && t->unsent)
		not_asked(n, news->err, news->why.text);
	else if (asked)
		failed(n, news->err == KERR_DENIED ? KEYS_REFUSED : KEYS_UNREACHABLE, news->why.text);
	aws_go_on(n);
}

static void start(struct node *n)
{
	struct keys *k = &n->keys;
	struct ask q = { .what = ASK_KEYS_FETCH, .u.keys = {
		.from = k->from, .same_as_refused = others_wanted(k), .now_unix_s = node_unix_ms(n) / 1000,
	} };
	struct why why = { "" };
	enum kerr err = asking(n, &q, SLICE(""), NULL, 0, NULL, &why);

	k->asked = err == KERR_OK;
	if (k->asked)
		return;
	not_asked(n, err, why.text);
	aws_go_on(n);
}

/* ---- when ---- */

/* What must come before a provider that is not on this host can be asked; NULL: nothing. */
static const struct packed *lacks(const struct node *n)
{
	if (!over_http(n->keys.from) || n->keys.here)
		return NULL;
	if (n->core.fact[FACT_CLOCK].yes == TRI_NO)
		return PACKED("the clock of this node is not set: credentials are asked for once it is");
	return n->core.fact[FACT_ROUTE].yes == TRI_NO ? PACKED("there is no route to ask for credentials") : NULL;
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

	if (k->have && k->expiry_unix_s != 0)
		end = boot_of(n, k->expiry_unix_s);
	if (!k->asked && lacks(n) == NULL) {
		refresh = k->refresh_unix_s != 0 ? boot_of(n, k->refresh_unix_s) : 0;
		ask = refresh > k->retry_ms ? refresh : k->retry_ms;
	}
	return ask < end ? ask : end;
}

static void end_of_life(struct node *n)
{
	struct keys *k = &n->keys;
	char words[PACKED_MAX];
	struct why why;

	if (!k->have || k->expiry_unix_s == 0 || node_unix_ms(n) / 1000 < k->expiry_unix_s)
		return;
	end(n, false);
	(void)why_set(&why, KERR_OK, "the keys of %s have expired; %.160s", credentials_source_name(k->source),
		      lacks(n) == NULL && k->why.text[0] != '\0' ? k->why.text :
		      packed_copy(words, sizeof(words), lacks(n) != NULL ? lacks(n) : PACKED("new ones are asked for")));
	tell(n, KEYS_EXPIRED, why.text);
}

static void keys_hurry(struct keys *k)
{
	k->retry_ms = 0;
	k->failures = 0;
}

static void choose(struct node *n)
{
	struct ask q = { .what = ASK_KEYS_FROM };
	struct why why;

	if (asking(n, &q, SLICE(""), NULL, 0, NULL, &why) != KERR_OK)
		return;
	n->keys.from = n->asking.answer.u.keys.from;
	n->keys.here = n->asking.answer.u.keys.here;
}

void keys_tick(struct node *n)
{
	struct keys *k = &n->keys;
	char words[PACKED_MAX];
	bool waits = n->core.fact[FACT_ROUTE].yes == TRI_NO || n->core.fact[FACT_CLOCK].yes == TRI_NO;

	end_of_life(n);
	if (k->waited && !waits)
		keys_hurry(k);
	k->waited = waits;
	if (keys_due(n) > clock_boot_ms())
		return;
	choose(n);
	if (!over_http(k->from))
		look(n);
	else if (lacks(n) == NULL)
		start(n);
	else if (!k->have)
		tell(n, KEYS_WAITING, packed_copy(words, sizeof(words), lacks(n)));
}

bool keys_rejected(struct node *n)
{
	struct keys *k = &n->keys;
	char words[PACKED_MAX];

	end(n, true);
	k->rejected = true;
	k->rejected_ms = clock_boot_ms();
	(void)why_set(&k->refusal, KERR_OK, "AWS does not take the keys of %s any more; %s", credentials_source_name(k->source),
		      packed_copy(words, sizeof(words), k->from == CREDENTIALS_ENV ? PACKED("kedge has to be started with new ones")
		      : k->from == CREDENTIALS_FILE
		      ? PACKED("waiting for the file to change: after an outage the SSM agent may take 30 min")
		      : PACKED("new ones are asked for")));
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
	return !n->keys.have && n->keys.asked;
}

void keys_again(struct node *n)
{
	struct keys *k = &n->keys;

	k->asked = false;   /* whom the gate still asks, it forgets */
	keys_hurry(k);
	k->refresh_unix_s = 0;
	k->rejected = false;
	keys_tick(n);
	if (!keys_pending(n))
		aws_go_on(n);
}
