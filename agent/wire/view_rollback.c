/* The intent to haul back, as every reading verb shows it. */
#include "agent/wire/view_parts.h"

const struct packed *view_rollback_next_step(enum rb_state state)
{
	switch (state) {
	case RB_AWAITING_CONFIRMATION:
	case RB_QUORUM_WAIT:
		return PACKED("kedge confirm ID does it, kedge cancel ID drops it; kedge why ID tells more, and the aws command.");
	case RB_SHADOW:
		return PACKED("Nothing is sent while the policy is shadow; kedge confirm ID or the command does it once.");
	case RB_QUEUED_OFFLINE:
		return PACKED("Restore the line to AWS; kedge goes on by itself when it is back.");
	case RB_HELD:
		return PACKED("It goes on when the hold ends; kedge hold SERVICE --for 0 ends it now.");
	case RB_REFUSED:
	case RB_ROLLBACK_FAILED:
		return PACKED("A person has to act: by the command shown, or as the note beside it says.");
	case RB_DENIED:
		return PACKED("Add the statement, if one is shown, to the policy of this node's role and ask again with kedge rollback SERVICE; "
		       "or run the command with your own credentials.");
	case RB_EXPIRED:
		return PACKED("It was too old to be acted on; look at the service and act by hand if it still fails.");
	case RB_DECIDED:
	case RB_BREAKER_WAIT:
	case RB_ACTING:
	case RB_WATCHING:
	case RB_ADOPTED:
		return PACKED("Wait; kedge goes on by itself.");
	case RB_NONE:
	case RB_SUSPECT:
	case RB_ROLLED_BACK:
	case RB_SUPERSEDED:
	case RB_CANCELLED:
	case RB_STATES:
		break;
	}
	return PACKED("kedge has nothing more to do.");
}

static void times(struct jw *w, const struct rollback *rb)
{
	jw_unix_s(w, "queued_unix_s", rb->decided_unix_ms);
	jw_unix_s(w, "expires_unix_s", rb_open(rb->state) && !rb->accepted ? rb->expires_unix_ms : 0);
	jw_unix_s(w, "accepted_unix_s", rb->accepted_unix_ms);
	jw_unix_s(w, "done_unix_s", rb->done_unix_ms);
}

static void none(struct jw *w, enum rb_state state)
{
	static const char *const members[] = {
		PACKED_TEXT("id"), PACKED_TEXT("dedupe_key"), PACKED_TEXT("target"), PACKED_TEXT("reason"), PACKED_TEXT("statement"),
		PACKED_TEXT("verified"), PACKED_TEXT("queued_unix_s"), PACKED_TEXT("command"), PACKED_TEXT("command_note"),
	};

	jw_str(w, "state", rb_state_name(state));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		jw_null(w, members[i]);
	jw_array(w, "pin_commands");
	jw_array_end(w);
	jw_object_end(w);
}

void view_rollback(const struct view *v, struct jw *w, uint32_t service)
{
	const struct rollback *rb = &v->core->service[service].rb;
	enum rb_state shown = core_rollback_shown(&v->core->service[service]);

	jw_object(w, "rollback");
	if (shown != rb->state || shown == RB_NONE) {
		none(w, shown);
		return;
	}
	view_id(w, "id", 'r', rb->id);
	jw_str_or_null(w, "dedupe_key", rb->deployment);
	jw_str(w, "state", rb_state_name(rb->state));
	view_definition(w, "target", rb->target_family, rb->target_revision);
	jw_str_or_null(w, "target_digest", rb->target_digest);
	jw_str_or_null(w, "reason", rb->reason);
	view_denied_rollback(v->core, service, w);
	jw_str(w, "verified", verified_name(rb->verified));
	times(w, rb);
	view_by_hand(v->core, service, w);
	view_definition(w, "release", rb->family, rb->revision);
	jw_str_or_null(w, "digest", rb->digest);
	view_id(w, "failure", 'f', rb->failure);
	jw_bool(w, "open", rb_open(rb->state));
	jw_bool(w, "confirmed", rb->confirmed);
	jw_bool(w, "by_operator", rb->by_operator);
	jw_bool(w, "accepted", rb->accepted);
	jw_bool(w, "by_update", rb->update);
	jw_packed(w, "next_step", view_rollback_next_step(rb->state));
	jw_object_end(w);
}
