#include "agent/run/acts.h"

#include "agent/run/node_feed.h"
#include "agent/run/serve.h"
#include "agent/wire/arn.h"
#include "agent/wire/json.h"
#include "agent/wire/view_byhand.h"

enum { EXIT_OK, EXIT_NO, EXIT_WORDS, EXIT_POLICY = 4, EXIT_DENIED };

#define NOT_ALLOWED "Policy allow_update_service = no: kedge does not send UpdateService itself; run the command with your own " \
		    "credentials."

/* Where a person wants a service to go; revision 0: to where AWS would return; forward: a deploy, no way back. */
struct wish { char family[NAME_CAP]; uint32_t revision; bool forward, force; };

static struct jw begin(struct text *out, const struct service *s, bool done, const char *state, const char *id,
		       const char *words)
{
	struct jw w = jw_on(out);

	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.act/1"));
	jw_bool(&w, "done", done);
	jw_str_or_null(&w, "id", id);
	jw_str(&w, "service", s->m.name);
	jw_str(&w, "state", state);
	jw_str(&w, "text", words);
	return w;
}

static void end(struct node *n, uint32_t connection, struct text *out, struct jw *w, int code)
{
	jw_i64(w, "exit", code);
	jw_object_end(w);
	serve_answer(n, connection, out);
}

static int exit_of(const struct service *s, enum op_verb verb)
{
	if (verb == OPV_HOLD || verb == OPV_CANCEL)
		return EXIT_OK;
	if (s->rb.state == RB_NONE)
		return EXIT_NO;
	return s->rb.state == RB_REFUSED ? EXIT_POLICY : s->rb.state == RB_DENIED ? EXIT_DENIED : EXIT_OK;
}

/* By the word of the core, and where that is UpdateService it says so: it is the larger step. */
static void told(struct node *n, uint32_t connection, uint32_t service, enum op_verb verb, const char *words)
{
	const struct service *s = &n->core.service[service];
	int code = exit_of(s, verb);
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	char id[16] = "", all[2 * NAME_CAP + sizeof(s->rb.reason)];
	struct text i = text_on(id, sizeof(id)), t = text_on(all, sizeof(all));
	struct jw w;

	if (s->rb.state != RB_NONE) {
		text_c(&i, 'r');
		text_u64(&i, s->rb.id);
	}
	text_s(&t, words);
	if (s->rb.update && rb_open(s->rb.state) && verb != OPV_HOLD) {
		text_say(&t, " The way back is UpdateService to ");
		text_definition(&t, s->rb.target_family, s->rb.target_revision);
		text_say(&t, ": a new deployment, not a stop of this one.");
	}
	w = begin(&out, s, code == EXIT_OK, rb_state_name(s->rb.state), id, all);
	view_by_hand(&n->core, service, &w);
	end(n, connection, &out, &w, code);
}

static const char *verb_word(enum op_verb verb)
{
	switch (verb) {
	case OPV_ROLLBACK:
		return "rollback";
	case OPV_CONFIRM:
		return "confirm";
	case OPV_CANCEL:
		return "cancel";
	case OPV_HOLD:
		return "hold";
	case OPV_DEPLOY:
		return "deploy";
	case OPV_LOOK:
		break;
	}
	return "look";
}

static void tell_core(struct node *n, const struct unixsock_peer *peer, enum op_verb verb, const struct service *s,
		      uint64_t for_ms, const struct wish *to)
{
	struct event *ev;

	log_line(&n->log, LOG_LEVEL_INFO, "uid %u asks: %s %s%s%s", (unsigned)peer->uid, verb_word(verb), s->m.name,
		 to->revision == 0 ? "" : " to ", to->family);
	ev = node_event(n, EV_OPERATOR);
	ev->u.operator.verb = verb;
	ev->u.operator.uid = (uint32_t)peer->uid;
	ev->u.operator.for_ms = for_ms;
	ev->u.operator.to_revision = to->revision;
	ev->u.operator.force = to->force;
	(void)str_put(ev->u.operator.to_family, sizeof(ev->u.operator.to_family), slice_of(to->family));
	(void)str_put(ev->u.operator.service, sizeof(ev->u.operator.service), slice_of(s->m.name));
	node_feed(n, ev);
}

/* What a person can run. Only of a way back it has to be said whether it means anything. */
static void by_update(const struct node *n, uint32_t service, const struct wish *to, struct jw *w)
{
	const struct service *s = &n->core.service[service];
	char line[ARN_CAP + 2 * NAME_CAP];
	struct text t = text_on(line, sizeof(line));

	if (!to->forward)
		view_by_update(&n->core, service, to->family, to->revision, w);
	else if (ecs_out_cli_update(&t, n->core.node.region, n->core.node.cluster, s->m.name, to->family, to->revision))
		jw_str(w, "command", line);
}

static void refuse_update(struct node *n, uint32_t connection, uint32_t service, const struct wish *to)
{
	const struct service *s = &n->core.service[service];
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	char words[PACKED_MAX];
	struct jw w = begin(&out, s, false, rb_state_name(s->rb.state), "", packed_copy(words, sizeof(words), PACKED(NOT_ALLOWED)));

	by_update(n, service, to, &w);
	end(n, connection, &out, &w, EXIT_POLICY);
}

static bool may_update(const struct node *n, const struct service *s)
{
	return core_policy(&n->core, s->m.name)->allow_update_service;
}

void acts_do(struct node *n, uint32_t connection, const struct unixsock_peer *peer, enum op_verb verb, struct slice what,
	     uint64_t for_ms)
{
	int32_t at = core_service(&n->core, what);
	bool by_id = verb == OPV_CONFIRM || verb == OPV_CANCEL;
	struct wish to = { .revision = 0 };
	const struct service *s;
	char words[PACKED_MAX];

	if (at == NONE) {
		serve_refuse(n, connection, EXIT_NO, by_id ? PACKED("there is no rollback of this id; `kedge services` lists them")
							   : PACKED("no such service is known on this node"));
		return;
	}
	s = &n->core.service[at];
	if (by_id && !rb_open(s->rb.state)) {
		serve_refuse(n, connection, EXIT_NO, PACKED("that rollback is over already"));
		return;
	}
	if (verb == OPV_CONFIRM && s->rb.update && !may_update(n, s)) {
		(void)str_put(to.family, sizeof(to.family), slice_of(s->rb.target_family));
		to.revision = s->rb.target_revision;
		refuse_update(n, connection, (uint32_t)at, &to);
		return;
	}
	tell_core(n, peer, verb, s, for_ms, &to);
	told(n, connection, (uint32_t)at, verb, verb != OPV_HOLD ? s->rb.reason : packed_copy(words, sizeof(words), for_ms > 0
	     ? PACKED("Held: no rollback of this service goes on until then.") : PACKED("The hold is over.")));
}

/* "SERVICE DEPLOYMENT|- FAMILY:REV|-", as whoever says yes has seen it; nothing: by a name that says it all. */
static bool is_as_seen(const struct node *n, struct slice what, struct slice seen)
{
	int32_t at = core_service(&n->core, what);
	struct slice service = SLICE(""), deployment = SLICE(""), to = SLICE("");
	char target[NAME_CAP + 16];
	struct text t = text_on(target, sizeof(target));
	const struct service *s;

	if (seen.n == 0 || at == NONE)
		return true;
	s = &n->core.service[at];
	(void)slice_next(&seen, ' ', &service);
	(void)slice_next(&seen, ' ', &deployment);
	(void)slice_next(&seen, ' ', &to);
	text_definition(&t, s->rb.target_family, s->rb.target_revision);
	return seen.n == 0 && slice_is(service, s->m.name) && slice_is(deployment, s->rb.deployment[0] != '\0' ? s->rb.deployment : "-") &&
	       (s->rb.update ? slice_is(to, target) : slice_is(to, "-"));
}

void acts_confirm(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice what, struct slice seen)
{
	if (is_as_seen(n, what, seen))
		acts_do(n, connection, peer, OPV_CONFIRM, what, 0);
	else
		serve_refuse(n, connection, EXIT_NO, PACKED("it has changed since you looked; look again, and confirm what it is now"));
}

/* The very bytes that would be signed, made by what makes them. */
static void dry_run(struct node *n, uint32_t connection, uint32_t service, const struct wish *to)
{
	const struct service *s = &n->core.service[service];
	bool update = to->revision != 0, allowed = !update || may_update(n, s);
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	char body[ARN_CAP + 2 * NAME_CAP + 64], line[ARN_CAP + 128], words[PACKED_MAX];
	struct text b = text_on(body, sizeof(body)), c = text_on(line, sizeof(line));
	struct why why;
	struct jw w;
	enum kerr err;

	err = update ? ecs_out_update(&b, n->core.node.cluster, s->m.name, to->family, to->revision, &why)
		     : ecs_out_stop(&b, s->m.deployment, &why);
	if (err != KERR_OK) {
		serve_refuse_says(n, connection, EXIT_NO, update || s->m.deployment[0] != '\0' ? why.text
									 : "AWS has not yet named a deployment of it");
		return;
	}
	packed_copy(words, sizeof(words),
		    allowed ? PACKED("Dry run: this would be sent, after AWS was asked once more.") : PACKED(NOT_ALLOWED));
	w = begin(&out, s, false, rb_state_name(s->rb.state), "", words);
	jw_str(&w, "operation", aws_op_name(update ? OP_UPDATE : OP_STOP));
	jw_str(&w, "body", body);
	if (update) {
		by_update(n, service, to, &w);
	} else {
		(void)ecs_out_cli_stop(&c, n->core.node.region, s->m.deployment);
		jw_str(&w, "command", line);
	}
	end(n, connection, &out, &w, allowed ? EXIT_OK : EXIT_POLICY);
}

/* "to FAMILY:REVISION force dry-run", each part of it optional. */
static bool read_how(struct slice how, struct wish *to, bool *dry)
{
	struct slice word = SLICE(""), family;

	*to = (struct wish){ .revision = 0 };
	(void)slice_next(&how, ' ', &word);
	if (slice_is(word, "to")) {
		word = SLICE("");
		(void)slice_next(&how, ' ', &word);
		if (!arn_family_revision(word, &family, &to->revision) || to->revision == 0 ||
		    !str_put(to->family, sizeof(to->family), family))
			return false;
		word = SLICE("");
		(void)slice_next(&how, ' ', &word);
	}
	to->force = slice_is(word, "force");
	if (to->force) {
		word = SLICE("");
		(void)slice_next(&how, ' ', &word);
	}
	*dry = slice_is(word, "dry-run");
	return how.n == 0 && (*dry || word.n == 0);
}

void acts_rollback(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice service,
		   struct slice how)
{
	int32_t at = core_service(&n->core, service);
	struct wish to;
	bool dry;

	if (!read_how(how, &to, &dry))
		serve_refuse(n, connection, EXIT_WORDS, PACKED("a rollback goes to FAMILY:REVISION, like web:11"));
	else if (at == NONE)
		serve_refuse(n, connection, EXIT_NO, PACKED("no such service is known on this node"));
	else if (dry)
		dry_run(n, connection, (uint32_t)at, &to);
	else if (to.revision != 0 && !may_update(n, &n->core.service[at]))
		refuse_update(n, connection, (uint32_t)at, &to);
	else {
		tell_core(n, peer, OPV_ROLLBACK, &n->core.service[at], 0, &to);
		told(n, connection, (uint32_t)at, OPV_ROLLBACK, n->core.service[at].rb.reason);
	}
}

void acts_deploy(struct node *n, uint32_t connection, const struct unixsock_peer *peer, struct slice service, struct slice how)
{
	int32_t at = core_service(&n->core, service);
	struct wish to;
	bool dry;

	to.forward = read_how(how, &to, &dry);
	if (!to.forward || to.revision == 0)
		serve_refuse(n, connection, EXIT_WORDS, PACKED("a deployment goes to FAMILY:REVISION, like web:12"));
	else if (at == NONE)
		serve_refuse(n, connection, EXIT_NO, PACKED("no such service is known on this node"));
	else if (dry)
		dry_run(n, connection, (uint32_t)at, &to);
	else if (!may_update(n, &n->core.service[at]))
		refuse_update(n, connection, (uint32_t)at, &to);
	else if (n->core.deploy.step != DEPLOY_NONE)
		serve_refuse(n, connection, EXIT_NO, PACKED("another deploy is under way on this node; ask again in a minute"));
	else {
		n->deployer = connection;
		tell_core(n, peer, OPV_DEPLOY, &n->core.service[at], 0, &to);
	}
}

void acts_deployed(struct node *n)
{
	static const uint8_t exits[DEPLOY_ENDS] = {
		[DEPLOY_ACCEPTED] = EXIT_OK, [DEPLOY_NOT] = EXIT_NO, [DEPLOY_REFUSED] = EXIT_POLICY, [DEPLOY_DENIED] = EXIT_DENIED,
	};
	const struct deploy *d = &n->core.deploy;
	const struct service *s = &n->core.service[d->service];
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct jw w = begin(&out, s, d->end == DEPLOY_ACCEPTED, deploy_end_name(d->end), "", d->reason);

	log_line(&n->log, LOG_LEVEL_INFO, "deploy of %s: %s", s->m.name, d->reason);
	jw_str_or_null(&w, "deployment", d->deployment);
	jw_str_or_null(&w, "overtook", d->overtook == SD_NONE ? "" : d->before);
	view_denied_deploy(&n->core, &w);
	end(n, n->deployer, &out, &w, exits[d->end]);
}
