#include "agent/run/serve.h"

#include "agent/run/acts.h"
#include "agent/run/kept.h"
#include "agent/run/node_feed.h"
#include "agent/run/web.h"
#include "agent/wire/json.h"
#include "platform/file.h"

void serve_answer(struct node *n, uint32_t id, const struct text *out)
{
	struct ask q = { .what = ASK_REPLY, .u.reply = { id, (uint32_t)out->len } };
	struct why why;

	/* it stands where the gate reads it: each answer is made on the board */
	if (asking_only(n, &q, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "socket: %s", why.text);
}

void serve_refuse_says(struct node *n, uint32_t id, int exit_code, const char *words)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct jw w = jw_on(&out);

	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.error/1"));
	jw_str(&w, "error", words);
	jw_i64(&w, "exit", exit_code);
	jw_object_end(&w);
	serve_answer(n, id, &out);
}

void serve_refuse(struct node *n, uint32_t id, int exit_code, const struct packed *words)
{
	char buf[PACKED_MAX];

	serve_refuse_says(n, id, exit_code, packed_copy(buf, sizeof(buf), words));
}

typedef enum kerr view_fn(const struct view *v, struct text *out);

static void show(struct node *n, uint32_t id, view_fn *view)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	node_view(n, &v);
	if (view(&v, &out) == KERR_OK)
		serve_answer(n, id, &out);
	else
		serve_refuse(n, id, 3, PACKED("the answer is larger than this version can send"));
}

static void show_why(struct node *n, uint32_t id, struct slice which)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct why why = { "the answer is too large" };
	struct view v;
	enum kerr err;

	node_view(n, &v);
	err = view_why(&v, which, &out, &why);
	if (err == KERR_OK)
		serve_answer(n, id, &out);
	else
		serve_refuse_says(n, id, err == KERR_BAD_INPUT ? 2 : 1, why.text);
}

/* Written only when the table itself changed: asking again and again costs the disk nothing. */
static void keep_deployments(struct node *n)
{
	char path[CONF_PATH_CAP + 24];
	struct text t = text_on(path, sizeof(path)), out = text_on(n->asking.board->reply, VIEW_MAX);
	struct why why;
	size_t tail;
	uint64_t hash;

	text_s(&t, n->conf->state_dir);
	text_say(&t, "/deployments.json");
	if (deployments_write(aws_table(&n->aws), &out, &why) != KERR_OK)
		return;
	/* what follows the time it was asked at */
	tail = slice_find(text_get(&out), "\"services\"");
	hash = tail == SIZE_MAX ? 0 : slice_hash(slice_from(text_get(&out), tail));
	if (hash != 0 && hash == n->aws.kept_hash)
		return;
	if (file_replace(path, text_get(&out), 0640, &why) == KERR_OK)
		n->aws.kept_hash = hash;
	else
		log_line(&n->log, LOG_LEVEL_WARN, "deployments: %s", why.text);
}

void serve_deployments(struct node *n, uint32_t connection, bool fresh)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	if (fresh) {
		keep_deployments(n);
		web_changed(n);
	}
	if (connection == AWS_FOR_PAGE) {
		n->table_asked = false;
		return;
	}
	node_view(n, &v);
	v.only = n->only[0] != '\0' ? n->only : NULL;
	if (view_deployments(&v, &out) == KERR_OK)
		serve_answer(n, connection, &out);
	else
		serve_refuse(n, connection, 3, PACKED("the answer is larger than this version can send"));
}

/* Asked of AWS when it can be asked, and then answered when it has answered. */
static void show_deployments(struct node *n, uint32_t id, struct slice service)
{
	if (!str_put(n->only, sizeof(n->only), service))
		serve_refuse(n, id, 2, PACKED("no service has so long a name"));
	else if (!aws_describe_services(n, id))
		serve_deployments(n, id, false);
}

static void on_request(struct node *n, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	struct slice rest = slice_trim(request), verb = SLICE(""), what = SLICE(""), more;
	uint64_t ms = 0;

	(void)slice_next(&rest, ' ', &verb);
	(void)slice_next(&rest, ' ', &what);
	more = slice_trim(rest);
	if (slice_is(verb, "status"))
		show(n, id, view_status);
	else if (slice_is(verb, "failures"))
		show(n, id, view_failures);
	else if (slice_is(verb, "services"))
		show(n, id, view_services);
	else if (slice_is(verb, "tasks"))
		show(n, id, view_tasks);
	else if (slice_is(verb, "deployments"))
		show_deployments(n, id, what);
	else if (slice_is(verb, "why"))
		show_why(n, id, what);
	else if (slice_is(verb, "verify"))
		image_check_verify(n, id, what);
	else if (slice_is(verb, "export"))
		image_check_export(n, id, what);
	else if (slice_is(verb, "confirm"))
		acts_confirm(n, id, peer, what, more);
	else if (slice_is(verb, "cancel"))
		acts_do(n, id, peer, OPV_CANCEL, what, 0);
	else if (slice_is(verb, "hold") && slice_u64(more, &ms))
		acts_do(n, id, peer, OPV_HOLD, what, ms);
	else if (slice_is(verb, "rollback"))
		acts_rollback(n, id, peer, what, more);
	else if (slice_is(verb, "deploy"))
		acts_deploy(n, id, peer, what, more);
	else
		serve_refuse(n, id, 2, PACKED("unknown question; is the verb of another version?"));
}

void serve_news(struct node *n, const struct news *news, struct slice tail)
{
	const struct unixsock_peer peer = { news->u.request.uid, news->u.request.gid, news->u.request.pid };

	on_request(n, news->u.request.id, &peer, tail);
}

void serve_start(struct node *n)
{
	struct why why;

	if (kept_deployments(n->conf, aws_table(&n->aws), &why) != KERR_OK)
		aws_table(&n->aws)->asked_unix_ms = 0;
}
