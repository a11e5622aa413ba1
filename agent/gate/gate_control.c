#include "agent/gate/gate_state.h"

#include "agent/wire/json.h"

#define EXIT_UNREACHABLE 3

static void refuse(struct gate *g, uint32_t id, const char *words)
{
	struct text out = text_on(g->out, sizeof(g->out));
	struct jw w = jw_on(&out);
	struct why why;

	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.error/1"));
	jw_str(&w, "error", words);
	jw_i64(&w, "exit", EXIT_UNREACHABLE);
	jw_object_end(&w);
	if (unixsock_reply(&g->control.sock, id, text_get(&out), &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_DEBUG, "socket: %s", why.text);
}

/* "SERVICE DEPLOYMENT|- FAMILY:REV|-" behind the id: as it was seen. Less than that is no yes to anything. */
static enum kerr note_confirm(struct gate *g, uint32_t uid, struct slice seen, struct why *why)
{
	struct slice service, deployment, to;

	if (!slice_next(&seen, ' ', &service) || !slice_next(&seen, ' ', &deployment) || !slice_next(&seen, ' ', &to) || seen.n > 0)
		return KERR_OK;
	return slice_is(to, "-") ? gate_permit_grant(g, GRANT_STOP, uid, service, deployment, why)
				 : gate_permit_grant(g, GRANT_UPDATE, uid, service, to, why);
}

/* "to FAMILY:REV", "force" and "dry-run", each optional. */
static enum kerr note_way(struct gate *g, uint32_t uid, struct slice service, bool back, struct slice how, struct why *why)
{
	struct slice word, to = SLICE("");

	while (slice_next(&how, ' ', &word)) {
		if (slice_is(word, "dry-run"))
			return KERR_OK;
		if (slice_is(word, "to"))
			(void)slice_next(&how, ' ', &to);
	}
	if (to.n > 0)
		return gate_permit_grant(g, GRANT_UPDATE, uid, service, to, why);
	/* which deployment that is, AWS says: the yes is bound by the first that is asked for */
	return back ? gate_permit_grant(g, GRANT_STOP, uid, service, SLICE("-"), why) : KERR_OK;
}

/* What this person wants to happen, as the person's own client has put it. */
static enum kerr note(struct gate *g, uint32_t uid, struct slice request, struct why *why)
{
	struct slice rest = slice_trim(request), verb = SLICE(""), what = SLICE("");

	(void)slice_next(&rest, ' ', &verb);
	(void)slice_next(&rest, ' ', &what);
	if (slice_is(verb, "confirm"))
		return note_confirm(g, uid, rest, why);
	if (slice_is(verb, "cancel") && slice_next(&rest, ' ', &what))
		gate_permit_withdraw(g, what);  /* behind the id: the service */
	if (slice_is(verb, "rollback") || slice_is(verb, "deploy"))
		return note_way(g, uid, what, slice_is(verb, "rollback"), rest, why);
	return KERR_OK;
}

static void on_request(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	struct gate *g = arg;
	struct news news = gate_new(NEWS_REQUEST);
	struct why why;

	news.u.request.id = id;
	news.u.request.uid = peer->uid;
	news.u.request.gid = peer->gid;
	news.u.request.pid = peer->pid;
	if (note(g, peer->uid, request, &why) != KERR_OK)
		refuse(g, id, why.text);
	else if (gate_news(g, &news, request) != KERR_OK)
		refuse(g, id, "the worker does not listen just now; ask again");
}

void gate_control_ask(struct gate *g, const struct ask *q, struct answer *a)
{
	_Static_assert(sizeof(g->board->reply) <= UNIXSOCK_REPLY_MAX, "what fits the board fits the socket");
	if (q->u.reply.bytes > sizeof(g->board->reply))
		a->err = why_set(&a->why, KERR_TOO_BIG, "an answer is longer than %d bytes", VIEW_MAX);
	else
		a->err = unixsock_reply(&g->control.sock, q->u.reply.id, (struct slice){ g->board->reply, q->u.reply.bytes }, &a->why);
}

void gate_control_forget(struct gate *g)
{
	for (int i = 0; i < UNIXSOCK_CONNS; i++) {
		const struct unixsock_conn *c = &g->control.sock.conn[i];

		if (c->id != 0 && c->asked && !c->answered)
			refuse(g, c->id, "the worker has ended; another one is started");
	}
}

void gate_control_start(struct gate *g)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path));
	struct why why;

	text_s(&t, g->conf->run_dir);
	text_say(&t, "/kedge.sock");
	if (unixsock_listen(&g->control.sock, &g->loop, path, 0660, on_request, g, &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_ERROR, "socket: %s; the verbs can only show what is kept", why.text);
}

void gate_control_close(struct gate *g)
{
	unixsock_close(&g->control.sock);
}
