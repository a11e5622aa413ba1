#include "agent/run/node_feed.h"

#include "agent/wire/introspection_in.h"

#define SOON_MS 100      /* after an event: the agent needs a moment to see it too */
#define GAP_MS  1000     /* between two questions at the least */
#define BUSY_MS 5000     /* while a task is on its way */
#define IDLE_MS 120000   /* engine and log tell of every change: this only finds an agent that is gone */

static void sync_event(struct node *n, bool end)
{
	struct event *ev = node_event(n, EV_SYNC);

	ev->u.sync.source = SRC_INTROSPECTION;
	ev->u.sync.end = end;
	node_feed(n, ev);
}

static bool on_the_way(const struct node *n)
{
	for (int32_t i = 0; i < n->core.rows.tasks; i++)
		if (n->core.task[i].used && n->core.task[i].in_agent && n->core.task[i].known == TS_PENDING)
			return true;
	return false;
}

static void refused(struct node *n, const struct http_result *r)
{
	n->introspection.metadata = false;
	n->introspection.due_ms = n->now_ms + BUSY_MS;
	if (r->cause == HTTP_CONNECT)
		node_source_says(n, SRC_INTROSPECTION, SS_REFUSED,
			PACKED("nobody listens: the ECS agent is down, or cannot start without a line"));
	else if (r->err == KERR_OK)
		node_source_says(n, SRC_INTROSPECTION, SS_BROKEN, PACKED("it answered with an error"));
	else
		node_source(n, SRC_INTROSPECTION, SS_BROKEN, r->why.text);
}

static void on_tasks(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct ev_out out = node_out(n);
	struct introspection_in_counts counts = { 0 };
	struct why why = { "" };

	n->introspection.busy = false;
	if (r->err != KERR_OK || r->status != 200) {
		refused(n, r);
		return;
	}
	n->introspection.due_ms = n->now_ms + (on_the_way(n) ? BUSY_MS : IDLE_MS);
	sync_event(n, false);
	if (introspection_in_tasks(&n->arena, r->body, &out, &counts, &why) == KERR_OK) {
		sync_event(n, true);
		node_source(n, SRC_INTROSPECTION, SS_UP, "");
		if (on_the_way(n))
			n->introspection.due_ms = n->now_ms + BUSY_MS;
	} else {
		n->introspection.malformed++;
		node_source(n, SRC_INTROSPECTION, SS_BROKEN, why.text);
	}
	n->introspection.malformed += counts.refused;
}

static void on_metadata(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct why why = { "" };

	n->introspection.busy = false;
	if (r->err != KERR_OK || r->status != 200) {
		refused(n, r);
		return;
	}
	if (introspection_in_metadata(&n->arena, r->body, &n->ev, &why) != KERR_OK) {
		n->introspection.malformed++;
		n->introspection.due_ms = n->now_ms + BUSY_MS;
		node_source(n, SRC_INTROSPECTION, SS_BROKEN, why.text);
		return;
	}
	n->introspection.metadata = true;
	n->introspection.due_ms = n->now_ms;
	node_feed(n, &n->ev);
	aws_settle(n);
}

static void ask(struct node *n, const char *path, http_done_fn *fn)
{
	char url[CONF_URL_CAP + 32];
	struct text t = text_on(url, sizeof(url));
	struct http_request r = {
		.method = HTTP_GET, .url = url, .connect_ms = 3000, .total_ms = 10000,
		.into = n->introspection.body, .max_body_bytes = sizeof(n->introspection.body), .on_done = fn, .arg = n,
		.purpose = PURPOSE_INTROSPECTION,
	};
	struct why why;
	uint32_t id;

	text_s(&t, n->conf->introspection);
	text_s(&t, path);
	n->introspection.asked_ms = n->now_ms;
	n->introspection.due_ms = n->now_ms + BUSY_MS;
	if (http_start(&n->http, &r, &id, &why) == KERR_OK)
		n->introspection.busy = true;
	else
		node_source(n, SRC_INTROSPECTION, SS_BROKEN, why.text);
}

void src_introspection_soon(struct node *n)
{
	struct src_introspection *s = &n->introspection;
	uint64_t at = n->now_ms + SOON_MS;

	if (s->asked_ms != 0 && at < s->asked_ms + GAP_MS)
		at = s->asked_ms + GAP_MS;
	if (at < s->due_ms)
		s->due_ms = at;
}

uint64_t src_introspection_tick(struct node *n)
{
	struct src_introspection *s = &n->introspection;

	if (s->busy)
		return CORE_NEVER;
	if (s->due_ms > n->now_ms)
		return s->due_ms;
	ask(n, s->metadata ? INTROSPECTION_IN_TASKS : INTROSPECTION_IN_METADATA, s->metadata ? on_tasks : on_metadata);
	return s->busy ? CORE_NEVER : s->due_ms;
}
