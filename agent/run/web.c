#include "agent/run/web.h"

#include "agent/run/node_feed.h"

static enum kerr health(const struct view *v, struct text *out)
{
	/* of kedge itself: whether what it watches is well, its verdicts tell */
	text_packed(out, v->core->saves_fail ? PACKED("failing: the journal cannot be written\n") : PACKED("ok\n"));
	return KERR_OK;
}

typedef enum kerr view_fn(const struct view *v, struct text *out);

static const struct page { const char *path, *type; view_fn *view; } pages[] = {
	{ "/", "text/html; charset=utf-8", view_page },
	{ "/status.json", "application/json", view_status },
	{ "/failures.json", "application/json", view_failures },
	{ "/services.json", "application/json", view_services },
	{ "/tasks.json", "application/json", view_tasks },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", view_metrics },
	{ "/healthz", "text/plain", health },
};

/* When this is another one, the table of deployments may be; 0: there is no service. */
static uint32_t state_of(const struct core *c)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++)
		if (c->service[i].used)
			sum = sum * 31 + (uint32_t)c->service[i].verdict * RB_STATES + c->service[i].rb.state + 1;
	return sum;
}

/* Who looks at the page wants the table: AWS is asked once for each state that is looked at. */
static void want_table(struct node *n)
{
	uint32_t now = state_of(&n->core);

	if (n->table_asked || now == n->table_of)
		return;
	n->table_asked = true;
	if (aws_describe_services(n, AWS_FOR_PAGE))
		n->table_of = now;
	else
		n->table_asked = false;
}

static void on_request(void *arg, struct slice path, struct httpd_answer *out)
{
	struct node *n = arg;
	struct text t = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	if (slice_is(path, "/events")) {
		*out = (struct httpd_answer){ .status = 200, .type = "text/event-stream", .stream = true,
					      .body = SLICE("retry: 3000\nevent: alive\ndata: 1\n\n") };
		return;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!slice_is(path, pages[i].path) || (pages[i].view == view_metrics && !n->conf->metrics))
			continue;
		if (pages[i].view == view_page)
			want_table(n);
		node_view(n, &v);
		out->status = pages[i].view(&v, &t) == KERR_OK ? 200 : 500;
		out->type = out->status == 200 ? pages[i].type : "text/plain";
		out->body = out->status == 200 ? text_get(&t) : SLICE("the answer is larger than this version can send\n");
		out->script = pages[i].view == view_page ? view_page_script_hash : NULL;
		if (pages[i].view == health && n->core.saves_fail)
			out->status = 503;
		return;
	}
}

void web_start(struct node *n)
{
	struct why why;

	if (n->conf->listen[0] != '\0' && httpd_listen(&n->web, &n->loop, n->conf->listen, on_request, n, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "listen: %s; no metrics and no pages over HTTP", why.text);
}

void web_changed(struct node *n)
{
	httpd_push(&n->web, SLICE("event: change\ndata: 1\n\n"));
}
