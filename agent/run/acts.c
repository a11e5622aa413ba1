#include "agent/run/acts.h"

#include "agent/run/node.h"
#include "agent/run/serve.h"
#include "agent/wire/json.h"

#define COMMAND_CAP 2048

static void id_of(const struct service *s, char id[16])
{
	struct text t = text_on(id, 16);

	if (s->rb.state == RB_NONE)
		return;
	text_c(&t, 'r');
	text_u64(&t, s->rb.id);
}

static void told(struct node *n, uint32_t connection, uint32_t service, bool done, const char *words)
{
	const struct service *s = &n->core.service[service];
	struct text out = text_on(n->reply, sizeof(n->reply));
	char id[16] = "", command[COMMAND_CAP], note[COMMAND_CAP];
	struct text c = text_on(command, sizeof(command)), b = text_on(note, sizeof(note));
	struct jw w = jw_on(&out);

	id_of(s, id);
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.act/1");
	jw_bool(&w, "done", done);
	jw_str_or_null(&w, "id", id);
	jw_str(&w, "service", s->m.name);
	jw_str(&w, "state", rb_state_name(s->rb.state));
	jw_str(&w, "text", words);
	jw_str_or_null(&w, "command", view_command(&n->core, service, &c) ? command : "");
	jw_str_or_null(&w, "command_note", view_command_note(&n->core, service, &b) ? note : "");
	jw_i64(&w, "exit", done ? 0 : 1);
	jw_object_end(&w);
	serve_answer(n, connection, &out);
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
	case OPV_LOOK:
		break;
	}
	return "look";
}

void acts_do(struct node *n, uint32_t connection, const struct unixsock_peer *peer, enum op_verb verb, struct slice what,
	     uint64_t for_ms)
{
	int32_t at = core_service(&n->core, what);
	bool by_id = verb == OPV_CONFIRM || verb == OPV_CANCEL;
	struct event *ev;

	if (at == NONE) {
		serve_refuse(n, connection, 1, by_id ? "there is no rollback of this id; `kedge services` lists them"
						     : "no such service is known on this node");
		return;
	}
	if (by_id && !rb_open(n->core.service[at].rb.state)) {
		serve_refuse(n, connection, 1, "that rollback is over already");
		return;
	}
	log_line(&n->log, LOG_LEVEL_INFO, "uid %u asks: %s %s", (unsigned)peer->uid, verb_word(verb),
		 n->core.service[at].m.name);
	ev = node_event(n, EV_OPERATOR);
	ev->u.operator.verb = verb;
	ev->u.operator.uid = (uint32_t)peer->uid;
	ev->u.operator.for_ms = for_ms;
	(void)str_put(ev->u.operator.service, sizeof(ev->u.operator.service), slice_of(n->core.service[at].m.name));
	node_feed(n, ev);
	told(n, connection, (uint32_t)at, verb == OPV_HOLD || n->core.service[at].rb.state != RB_NONE,
	     verb == OPV_HOLD ? (for_ms > 0 ? "Held: no rollback of this service goes on until then."
					    : "The hold is over.")
			      : n->core.service[at].rb.reason);
}

void acts_dry_run(struct node *n, uint32_t connection, struct slice service)
{
	int32_t at = core_service(&n->core, service);
	struct text out = text_on(n->reply, sizeof(n->reply));
	char command[COMMAND_CAP];
	struct text c = text_on(command, sizeof(command));
	struct jw w = jw_on(&out);

	if (at == NONE || n->core.service[at].m.deployment[0] == '\0') {
		serve_refuse(n, connection, 1, at == NONE ? "no such service is known on this node"
							  : "AWS has not yet named a deployment of it");
		return;
	}
	(void)ecs_out_cli_stop(&c, n->aws.region, n->core.service[at].m.deployment);
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.act/1");
	jw_bool(&w, "done", false);
	jw_null(&w, "id");
	jw_str(&w, "service", n->core.service[at].m.name);
	jw_str(&w, "state", rb_state_name(n->core.service[at].rb.state));
	jw_str(&w, "text", "Dry run: StopServiceDeployment(ROLLBACK) would be sent, after AWS was asked once more.");
	jw_str(&w, "command", command);
	jw_i64(&w, "exit", 0);
	jw_object_end(&w);
	serve_answer(n, connection, &out);
}
