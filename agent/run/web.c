#include "agent/run/web.h"

#include "agent/run/node.h"

static enum kerr health(const struct view *v, struct text *out)
{
	/* of kedge itself: whether what it watches is well, its verdicts tell */
	text_s(out, v->core->saves_fail ? "failing: the journal cannot be written\n" : "ok\n");
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

static void on_request(void *arg, struct slice path, struct httpd_answer *out)
{
	struct node *n = arg;
	struct text t = text_on(n->reply, sizeof(n->reply));
	struct view v;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!slice_is(path, pages[i].path) || (pages[i].view == view_metrics && !n->conf->metrics))
			continue;
		node_view(n, &v);
		out->status = pages[i].view(&v, &t) == KERR_OK ? 200 : 500;
		out->type = out->status == 200 ? pages[i].type : "text/plain";
		out->body = out->status == 200 ? text_get(&t) : SLICE("the answer is larger than this version can send\n");
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
