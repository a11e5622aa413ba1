/* The sentence shown everywhere: terminal, log, page and hook cannot disagree. */
#include "agent/core/parts.h"

static const struct failure *newest_failure(const struct core *c, const struct service *s)
{
	const struct failure *best = NULL;

	for (int32_t i = 0; i < c->rows.failures; i++) {
		const struct failure *f = &c->failure[i].f;

		if (c->failure[i].used && f->stage != STAGE_NODE && str_eq(f->service, s->m.name) && (best == NULL || f->id > best->id))
			best = f;
	}
	return best;
}

/* By its name: while a deployment is under way "the new one" could be either. */
static void serving_words(const struct core *c, struct text *t, const struct service *s)
{
	int32_t now = core_current(c, s);

	switch (s->serving) {
	case SERVING_NEW:
		if (now == NONE)
			break;
		text_c(t, ' ');
		text_definition(t, c->release[now].family, c->release[now].revision);
		text_say(t, " serves.");
		break;
	case SERVING_OLD:
		text_say(t, " The old release still serves.");
		break;
	case SERVING_NONE:
		if (c->source[SRC_ENGINE].state == SS_UP)   /* else nobody knows */
			text_say(t, " Nothing serves on this node.");
		break;
	}
}

static void failure_words(struct text *t, const struct failure *f, enum verdict verdict)
{
	text_definition(t, f->family, f->revision);
	text_packed(t, verdict == V_SUSPECT ? PACKED(" is suspect: ") : PACKED(" fails here: "));
	text_s(t, class_name(f->class));
	text_say(t, ", blame ");
	text_s(t, blame_name(f->blame));
	text_c(t, '.');
	if (f->blame != BLAME_RELEASE)
		text_say(t, " That is no reason to roll back.");
	else if (verdict == V_SUSPECT)
		text_say(t, " No verdict yet.");
}

static void rollback_words(struct text *t, const struct rollback *rb, enum verdict verdict)
{
	text_c(t, ' ');
	text_s(t, rb->reason);
	if (verdict != V_FAILING || !rb_open(rb->state) || rb->target_family[0] == '\0')
		return;
	text_say(t, " The way back is ");
	text_definition(t, rb->target_family, rb->target_revision);
	text_c(t, '.');
}

void core_explain(const struct core *c, uint32_t service, struct text *out)
{
	const struct service *s = &c->service[service];
	const struct failure *f = newest_failure(c, s);

	switch (s->verdict) {
	case V_OK:
		text_say(out, "Runs as deployed.");
		return;
	case V_ROLLING:
		text_say(out, "A deployment is under way.");
		break;
	case V_STUCK:
		text_say(out, "The deployment does not get on: ");
		text_s(out, f != NULL ? f->reason : "nothing moves");
		text_say(out, ". That is no reason to roll back.");
		break;
	case V_SUSPECT:
	case V_FAILING:
		if (f != NULL)
			failure_words(out, f, s->verdict);
		break;
	case V_ROLLING_BACK:
	case V_ROLLED_BACK:
		if (s->rb.family[0] != '\0')
			text_definition(out, s->rb.family, s->rb.revision);
		else
			text_say(out, "The service");      /* on a person's word, whatever it runs */
		text_packed(out, s->verdict == V_ROLLED_BACK ? PACKED(" was hauled back") : PACKED(" is being hauled back"));
		if (s->rb.target_family[0] != '\0') {
			text_say(out, " to ");
			text_definition(out, s->rb.target_family, s->rb.target_revision);
		}
		text_c(out, '.');
		break;
	case V_UNKNOWN:
	case VERDICTS:
		text_packed(out, c->source[SRC_ENGINE].state != SS_UP ? PACKED("What runs here is not known.")
			    : core_current(c, s) != NONE ? PACKED("None of its tasks is here.") : PACKED("Nothing is known of it yet."));
		break;
	}
	serving_words(c, out, s);
	/* what became of an older release's rollback says nothing about one that is only suspect yet */
	if (s->rb.state != RB_NONE && s->verdict != V_ROLLING && core_rollback_shown(s) == s->rb.state)
		rollback_words(out, &s->rb, s->verdict);
}
