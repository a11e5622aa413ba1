#include "agent/gate/gate_state.h"

#include <sys/stat.h>

#include "agent/wire/arn.h"
#include "agent/wire/json.h"
#include "platform/file.h"

#define EXIT_UNREACHABLE 3

static void forget(struct gate *g, uint32_t id)
{
	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (g->control.waits[i] == id)
			g->control.waits[i] = 0;
}

static void refuse(struct gate *g, uint32_t id, const char *words)
{
	struct text out = text_on(g->out, sizeof(g->out));
	struct jw w = jw_on(&out);
	struct why why;

	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.error/1");
	jw_str(&w, "error", words);
	jw_i64(&w, "exit", EXIT_UNREACHABLE);
	jw_object_end(&w);
	if (unixsock_reply(&g->control.sock, id, text_get(&out), &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_DEBUG, "socket: %s", why.text);
}

/* "confirm r3 SERVICE DEPLOYMENT|- FAMILY:REV|-", "rollback SERVICE [to FAMILY:REV]", "deploy SERVICE to FAMILY:REV":
 * what this person wants to happen, as the person's own client has put it. Dry runs want nothing. */
static enum kerr note(struct gate *g, uint32_t uid, struct slice request, struct why *why)
{
	struct slice word[6] = { { NULL, 0 } }, rest = slice_trim(request);
	size_t n = 0;
	bool confirm;

	while (n < 6 && slice_next(&rest, ' ', &word[n]))
		n++;
	confirm = n == 5 && slice_is(word[0], "confirm");
	if (slice_find(request, "dry-run") != SIZE_MAX)
		return KERR_OK;
	if (confirm && !slice_is(word[4], "-"))
		return gate_permit_grant(g, GRANT_UPDATE, uid, word[2], word[4], why);
	if (confirm)
		return gate_permit_grant(g, GRANT_STOP, uid, word[2], word[3], why);
	if (n == 2 && slice_is(word[0], "rollback"))
		return gate_permit_grant(g, GRANT_STOP, uid, word[1], SLICE("-"), why);
	if (n >= 4 && (slice_is(word[0], "rollback") || slice_is(word[0], "deploy")) && slice_is(word[2], "to"))
		return gate_permit_grant(g, GRANT_UPDATE, uid, word[1], word[3], why);
	return KERR_OK;
}

static bool remember(struct gate *g, uint32_t id)
{
	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (g->control.waits[i] == 0) {
			g->control.waits[i] = id;
			return true;
		}
	return false;
}

static void on_request(void *arg, uint32_t id, const struct unixsock_peer *peer, struct slice request)
{
	struct gate *g = arg;
	struct news news = { .what = NEWS_REQUEST, .u.request = { id, peer->uid, peer->gid, peer->pid } };
	struct why why;

	if (note(g, peer->uid, request, &why) != KERR_OK)
		refuse(g, id, why.text);
	else if (!remember(g, id) || gate_news(g, &news, request) != KERR_OK)
		refuse(g, id, "the worker does not listen just now; ask again");
}

void gate_control_ask(struct gate *g, const struct ask *q, struct answer *a)
{
	if (q->u.reply.bytes > sizeof(g->board->reply)) {
		a->err = why_set(&a->why, KERR_TOO_BIG, "an answer is longer than %d bytes", VIEW_MAX);
		return;
	}
	forget(g, q->u.reply.id);
	a->err = unixsock_reply(&g->control.sock, q->u.reply.id, (struct slice){ g->board->reply, q->u.reply.bytes }, &a->why);
}

void gate_control_forget(struct gate *g)
{
	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		if (g->control.waits[i] != 0)
			refuse(g, g->control.waits[i], "the worker has ended; another one is started");
	for (int i = 0; i < UNIXSOCK_CONNS; i++)
		g->control.waits[i] = 0;
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
