#include "agent/run/serve.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/run/kept.h"
#include "agent/run/node.h"
#include "agent/wire/json.h"
#include "platform/file.h"

static void answer(struct node *n, uint32_t id, const struct text *out)
{
	struct why why;

	if (unixsock_reply(&n->sock, id, text_get(out), &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "socket: %s", why.text);
}

static void refuse(struct node *n, uint32_t id, int exit_code, const char *words)
{
	struct text out = text_on(n->reply, sizeof(n->reply));
	struct jw w = jw_on(&out);

	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.error/1");
	jw_str(&w, "error", words);
	jw_i64(&w, "exit", exit_code);
	jw_object_end(&w);
	answer(n, id, &out);
}

typedef enum kerr view_fn(const struct view *v, struct text *out);

static void show(struct node *n, uint32_t id, view_fn *view)
{
	struct text out = text_on(n->reply, sizeof(n->reply));
	struct view v;

	node_view(n, &v);
	if (view(&v, &out) == KERR_OK)
		answer(n, id, &out);
	else
		refuse(n, id, 3, "the answer is larger than this version can send");
}

static void show_why(struct node *n, uint32_t id, struct slice which)
{
	struct text out = text_on(n->reply, sizeof(n->reply));
	struct why why = { "the answer is too large" };
	struct view v;

	node_view(n, &v);
	if (view_why(&v, which, &out, &why) == KERR_OK)
		answer(n, id, &out);
	else
		refuse(n, id, 1, why.text);
}

/* Written only when the table itself changed: asking again and again costs the disk nothing. */
static void keep_deployments(struct node *n)
{
	char path[CONF_PATH_CAP + 24];
	struct text t = text_on(path, sizeof(path)), out = text_on(n->reply, sizeof(n->reply));
	struct why why;
	size_t len = 0, tail;

	text_s(&t, n->conf->state_dir);
	text_s(&t, "/deployments.json");
	if (deployments_write(&n->aws.table, &out, &why) != KERR_OK)
		return;
	/* what follows the time it was asked at */
	tail = slice_find(text_get(&out), "\"services\"");
	if (file_read(path, FILE_REGULAR, n->work, sizeof(n->work), &len, &why) == KERR_OK && tail != SIZE_MAX) {
		struct slice old = { n->work, len };

		if (slice_eq(slice_from(old, slice_find(old, "\"services\"")), slice_from(text_get(&out), tail)))
			return;
	}
	if (file_replace(path, text_get(&out), 0640, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "deployments: %s", why.text);
}

void serve_deployments(struct node *n, uint32_t connection, bool fresh)
{
	if (fresh)
		keep_deployments(n);
	if (connection != 0)
		show(n, connection, view_deployments);
}

static void act(struct node *n, uint32_t id, const struct unixsock_peer *peer, enum op_verb verb, struct slice what, uint64_t for_ms)
{
	struct event *ev = node_event(n, EV_OPERATOR);
	struct ev_operator *op = &ev->u.operator;
	bool by_id = verb == OPV_CONFIRM || verb == OPV_CANCEL;
	struct text out = text_on(n->reply, sizeof(n->reply));
	char name[NAME_CAP], command[1600];
	struct text c = text_on(command, sizeof(command));
	int32_t at = -1;
	struct jw w;
	bool done;

	if (!str_put(name, sizeof(name), what) || name[0] == '\0') {
		refuse(n, id, 2, "name a service, or an id like r3");
		return;
	}
	for (int32_t i = 0; i < SERVICES_MAX; i++) {
		const struct service *s = &n->core.service[i];
		uint64_t number;

		if (s->used && (by_id ? what.n > 1 && what.p[0] == 'r' && slice_u64(slice_from(what, 1), &number) &&
					s->rb.state != RB_NONE && s->rb.id == number
				      : str_eq(s->m.name, name)))
			at = i;
	}
	if (at < 0) {
		refuse(n, id, 1, by_id ? "there is no rollback of this id; `kedge services` lists them"
				       : "no such service is known on this node");
		return;
	}
	if (by_id && !rb_open(n->core.service[at].rb.state)) {
		refuse(n, id, 1, "that rollback is over already");
		return;
	}
	op->verb = verb;
	op->uid = (uint32_t)peer->uid;
	op->for_ms = for_ms;
	if (by_id)
		(void)str_put(op->id, sizeof(op->id), what);
	else
		(void)str_put(op->service, sizeof(op->service), what);
	log_line(&n->log, LOG_LEVEL_INFO, "uid %u asks: %s %s", (unsigned)peer->uid,
		 verb == OPV_CONFIRM ? "confirm" : verb == OPV_CANCEL ? "cancel" : verb == OPV_HOLD ? "hold" : "rollback", name);
	node_feed(n, ev);
	done = verb == OPV_HOLD || n->core.service[at].rb.state != RB_NONE;
	w = jw_on(&out);
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.act/1");
	jw_bool(&w, "done", done);
	text_c(&c, 'r');
	text_u64(&c, n->core.service[at].rb.id);
	if (n->core.service[at].rb.state != RB_NONE)
		jw_str(&w, "id", command);
	else
		jw_null(&w, "id");
	jw_str(&w, "service", n->core.service[at].m.name);
	jw_str(&w, "state", rb_state_name(n->core.service[at].rb.state));
	jw_str(&w, "text", n->core.service[at].rb.reason);
	c = text_on(command, sizeof(command));
	jw_str_or_null(&w, "command", view_command(&n->core, (uint32_t)at, &c) ? command : "");
	jw_i64(&w, "exit", done ? 0 : 1);
	jw_object_end(&w);
	answer(n, id, &out);
}

/* What would be sent, and that nothing is: for a person who wants to look first. */
static void dry_run(struct node *n, uint32_t id, struct slice service)
{
	struct text out = text_on(n->reply, sizeof(n->reply));
	char name[NAME_CAP], command[1600];
	struct text c = text_on(command, sizeof(command));
	struct jw w = jw_on(&out);
	int32_t at = -1;

	(void)str_put(name, sizeof(name), service);
	for (int32_t i = 0; i < SERVICES_MAX; i++)
		if (n->core.service[i].used && str_eq(n->core.service[i].m.name, name))
			at = i;
	if (at < 0 || n->core.service[at].m.deployment[0] == '\0') {
		refuse(n, id, 1, at < 0 ? "no such service is known on this node" : "AWS has not yet named a deployment of it");
		return;
	}
	(void)ecs_out_cli_stop(&c, n->aws.region, n->core.service[at].m.deployment);
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.act/1");
	jw_bool(&w, "done", false);
	jw_null(&w, "id");
	jw_str(&w, "service", name);
	jw_str(&w, "state", rb_state_name(n->core.service[at].rb.state));
	jw_str(&w, "text", "Dry run: StopServiceDeployment with stopType ROLLBACK would be sent, after AWS was asked once more.");
	jw_str(&w, "command", command);
	jw_i64(&w, "exit", 0);
	jw_object_end(&w);
	answer(n, id, &out);
}

static void on_request(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	struct node *n = arg;
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
	else if (slice_is(verb, "deployments") && aws_describe_services(n, id))
		return;   /* answered when AWS has answered */
	else if (slice_is(verb, "deployments"))
		show(n, id, view_deployments);
	else if (slice_is(verb, "why"))
		show_why(n, id, what);
	else if (slice_is(verb, "confirm"))
		act(n, id, peer, OPV_CONFIRM, what, 0);
	else if (slice_is(verb, "cancel"))
		act(n, id, peer, OPV_CANCEL, what, 0);
	else if (slice_is(verb, "hold") && slice_u64(more, &ms))
		act(n, id, peer, OPV_HOLD, what, ms);
	else if (slice_is(verb, "rollback") && slice_is(more, "dry-run"))
		dry_run(n, id, what);
	else if (slice_is(verb, "rollback") && more.n == 0)
		act(n, id, peer, OPV_ROLLBACK, what, 0);
	else
		refuse(n, id, 2, "this question is not known to the agent; is the verb of another version?");
}

void serve_start(struct node *n)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path));
	struct why why;
	enum kerr err = file_make_dirs(n->conf->run_dir, 0755, &why);

	text_s(&t, n->conf->run_dir);
	text_s(&t, "/kedge.sock");
	if (err == KERR_OK)
		err = unixsock_listen(&n->sock, &n->loop, path, 0660, on_request, n, &why);
	if (err != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "socket: %s; the verbs can only show what is kept", why.text);
	if (kept_deployments(n->conf, &n->aws.table, &why) != KERR_OK)
		n->aws.table.asked_unix_ms = 0;
}
