#include "agent/run/webhook.h"

#include "agent/base/host.h"
#include "agent/run/node_feed.h"
#include "platform/clock.h"

enum { CONNECT_MS = 10000, TOTAL_MS = 20000 };

/* The HMAC of the body, so that the receiver knows who wrote it; without the secret nothing is sent. */
static enum kerr sign(struct node *n, struct slice body, struct text *header, struct why *why)
{
	struct ask q = { .what = ASK_HMAC };
	enum kerr err;

	if (n->conf->webhook_secret[0] == '\0')
		return KERR_OK;
	err = asking(n, &q, body, NULL, 0, NULL, why);
	if (err == KERR_OK) {
		text_say(header, "X-Kedge-Signature: sha256=");
		text_hex(header, n->asking.answer.u.hmac, sizeof(n->asking.answer.u.hmac));
	}
	return err;
}

static void failed(struct node *n, const char *words, uint64_t asked_ms)
{
	struct webhook *w = &n->webhook;

	/* told once, not at each try */
	if (w->tries == 0)
		log_line(&n->log, LOG_LEVEL_WARN, "webhook: %s; what there is to tell waits (%u at most), and is tried again", words,
			 (unsigned)OUTBOX_MAX);
	w->failed++;
	w->next_ms = clock_boot_ms() + outbox_wait_ms(w->tries++, asked_ms);
	outbox_back(&w->out, w->doing);
}

/* Nothing will make the receiver take it another time. */
static bool is_refusal(unsigned status)
{
	return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

static void on_done(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct webhook *w = &n->webhook;
	char words[80];
	struct text t = text_on(words, sizeof(words));

	w->busy = false;
	text_say(&t, "the receiver answers ");
	text_u64(&t, r->status);
	if (r->err == KERR_OK && r->status >= 200 && r->status < 300) {
		if (w->tries > 0)
			log_line(&n->log, LOG_LEVEL_INFO, "webhook: taken again, after %u failed tries", (unsigned)w->tries);
		w->tries = 0;
		w->sent++;
	} else if (r->err == KERR_OK && is_refusal(r->status)) {
		w->failed++;
		log_line(&n->log, LOG_LEVEL_ERROR, "webhook: %s to a %s, which is dropped", words, notice_name(w->doing.kind));
	} else {
		failed(n, r->err == KERR_OK ? words : r->why.text, r->retry_after_ms);
	}
}

static enum purpose purpose_of(const char *url)
{
	struct slice host = host_and_path(slice_of(url));
	uint64_t port;

	host = slice_to(host, slice_find(host, "/"));
	return host_split(host, &host, &port) && host_is_near(host) ? PURPOSE_NEAR : PURPOSE_WEBHOOK;
}

static enum kerr post(struct node *n, struct why *why)
{
	struct webhook *w = &n->webhook;
	struct text body = text_on(w->body, sizeof(w->body));
	char event[48], signature[96] = "";
	struct text e = text_on(event, sizeof(event)), s = text_on(signature, sizeof(signature));
	struct http_request r = { .method = HTTP_POST, .url = n->conf->webhook, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS,
				  .max_body_bytes = sizeof(w->answer), .into = w->answer, .on_done = on_done, .arg = n,
				  .purpose = purpose_of(n->conf->webhook), .plain_anywhere = true, .last = true };
	struct view v;
	uint32_t id;
	enum kerr err;

	node_view(n, &v);
	if (notice_json(&v, w->doing, &body) != KERR_OK)
		return why_set(why, KERR_TOO_BIG, "%.200s: a notice is larger than %d bytes", "webhook", WEBHOOK_BODY_MAX);
	err = sign(n, text_get(&body), &s, why);
	if (err != KERR_OK)
		return err;
	text_say(&e, "X-Kedge-Event: ");
	text_s(&e, notice_name(w->doing.kind));
	r.body = text_get(&body);
	r.headers[r.header_count++] = SLICE("Content-Type: application/json");
	r.headers[r.header_count++] = SLICE("User-Agent: kedge/" KEDGE_VERSION);
	r.headers[r.header_count++] = text_get(&e);
	if (s.len > 0)
		r.headers[r.header_count++] = text_get(&s);
	return http_start(&n->http, &r, &id, why);
}

/* What costs the WAN waits while the day's budget is nearly used up. */
static bool may_send(const struct node *n)
{
	return core_shed(&n->core) < SHED_EXTRAS || purpose_of(n->conf->webhook) == PURPOSE_NEAR;
}

void webhook_tick(struct node *n)
{
	struct webhook *w = &n->webhook;
	struct why why;

	if (w->busy || w->out.n == 0 || w->next_ms > clock_boot_ms() || !may_send(n) || !outbox_take(&w->out, &n->core, &w->doing))
		return;
	w->busy = post(n, &why) == KERR_OK;
	if (!w->busy)
		failed(n, why.text, 0);
}

uint64_t webhook_due(const struct node *n)
{
	const struct webhook *w = &n->webhook;

	return w->busy || w->out.n == 0 || !may_send(n) ? UINT64_MAX : w->next_ms;
}

void webhook_again(struct node *n)
{
	n->webhook.next_ms = 0;
}
