/* The findings on a failure weighed by the table of blame_rules.c, and kept as sentences a technician understands. */
#include "agent/core/blame.h"

#include "agent/core/parts.h"

static bool is_no(const struct core *c, enum fact fact) { return c->fact[fact].yes == TRI_NO; }

#define VOUCH_MS (60 * SEC)              /* a question sent so soon after an end tells how the line was when it fell */

/* That the line is bad is learned by asking: what ended since AWS last answered, and before `until_ms`, may have ended for
 * want of it. By the boot clock: the sources tell times of a wall clock that may be hours off. */
static void since_when(struct core *c, uint64_t until_ms)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];
		struct failure *f = &slot->f;

		slot->again = slot->again && until_ms != CORE_NEVER;
		if (!slot->used || f->stage != STAGE_RUN || f->link_bad || slot->seen_ms <= c->aws_ok_ms || slot->seen_ms >= until_ms)
			continue;
		f->link_bad = true;
		blame_weigh(c, slot);
		slot->save = !slot->provisional;
		for (int32_t k = 0; k < c->rows.services; k++)
			if (c->service[k].used && c->service[k].rb.failure == f->id)
				c->service[k].rb.link_bad = c->service[k].work.save = true;
	}
}

/* The line counts as bad while any part of it is: a later verdict must know under what conditions an exit fell. */
void blame_links(struct core *c)
{
	bool bad = is_no(c, FACT_ROUTE) || is_no(c, FACT_DNS) || is_no(c, FACT_CLOCK) ||
		   c->source[SRC_AWS].state == SS_UNREACHABLE;

	if (bad == (c->link_bad_ms != 0))
		return;
	c->link_bad_ms = bad ? c->now_ms : 0;
	if (bad)
		since_when(c, CORE_NEVER);
	else
		c->link_good_ms = c->now_ms;
}

/* A loop that began with a bad line, and whose newest end an answer now shows to have fallen with a good one. */
static void fell_well(struct core *c, uint64_t sent_ms)
{
	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];
		bool vouched = slot->used && slot->again && sent_ms <= slot->seen_ms + VOUCH_MS;

		slot->again = false;
		if (!vouched)
			continue;
		slot->f.link_bad = false;
		slot->save = true;
		judge_weigh(c, slot);
	}
}

void blame_line_answers(struct core *c, uint64_t sent_ms)
{
	if (sent_ms > VOUCH_MS)
		since_when(c, sent_ms - VOUCH_MS);
	fell_well(c, sent_ms);
	c->aws_ok_ms = c->now_ms;
}

static void definition(struct text *t, const struct release *r)
{
	text_definition(t, r->family, r->revision);
}

static void mebibytes(struct text *t, int64_t bytes)
{
	text_i64(t, bytes / (1024 * 1024));
	text_say(t, " MiB");
}

#define W(of, before, after) { of, PACKED_TEXT(before) "\0" PACKED_TEXT(after) }
/* The sentence of a finding: what stands before that which it is about, and behind the NUL what stands after it. */
static const struct words { enum { OF_NOTHING, OF_HOST, OF_BEFORE, OF_OTHER_FAILING, OF_OTHER_STARTED, OF_SPACE, OF_ROOM, OF_NODES } of;
			    const char *words; } words[FINDINGS] = {
[FIND_NO_ROUTE] = W(OF_NOTHING, "This node has no default route: the line is down.", ""),
[FIND_NO_DNS] = W(OF_NOTHING, "Names are not resolved on this node.", ""),
[FIND_CLOCK_UNSET] = W(OF_NOTHING, "This node's clock is not set.", ""),
[FIND_LINE_BAD] = W(OF_NOTHING, "The line to AWS was down or not known to be up, or the clock unset, when it ended.", ""),
[FIND_AWS_ANSWERS] = W(OF_NOTHING, "AWS answers this node.", ""),
[FIND_REGISTRY_ANSWERS] = W(OF_HOST, "The registry ", " answers kedge now."),
[FIND_REGISTRY_SERVED] = W(OF_HOST, "The registry ", " served this node another image at that time."),
[FIND_HOST_REFUSED] = W(OF_HOST, "The host of registry ", " refused the connection: the machine is there, the registry on it is not."),
[FIND_UNSEEN] = W(OF_NOTHING, "Nobody saw it end, as kedge or the engine was away: whether somebody asked it to is not known.", ""),
[FIND_NO_SPACE] = W(OF_SPACE, "The disk of the engine's data root is full: ", " inodes are left."),
[FIND_NO_MEMORY] = W(OF_NOTHING, "The whole host is out of memory.", ""),
[FIND_WORKED_HERE] = W(OF_NOTHING, "This very release had worked here before.", ""),
[FIND_RUNS_ELSEWHERE] = W(OF_NODES, "Another node runs this release well (", " asked about): this node is the suspect."),
[FIND_FAILS_ELSEWHERE] = W(OF_NODES, "Other nodes fail with this release, too (", " that tried it)."),
[FIND_BEFORE_STARTED] = W(OF_BEFORE, "", " started here after this failure: node, registry and network are fine."),
[FIND_BEFORE_THIS_BOOT] = W(OF_BEFORE, "", " started here on this boot and worked."),
[FIND_BEFORE_RUNS] = W(OF_BEFORE, "", " is still running here; that says nothing about a new start."),
[FIND_BEFORE_WORKED] = W(OF_BEFORE, "", " worked here before."),
[FIND_BEFORE_SAME_LINE] = W(OF_NOTHING, "Its predecessor started under the same conditions and stays up.", ""),
[FIND_BEFORE_BAD] = W(OF_NOTHING, "Its predecessor failed here too: it was broken before this release.", ""),
[FIND_OTHERS_FAIL] = W(OF_OTHER_FAILING, "", ", which had proved good, fails here at the same time: one cause on this node is likely."),
[FIND_OTHERS_START] = W(OF_OTHER_STARTED, "", " of another service started here since: the engine starts containers."),
[FIND_KILLED_BY_HAND] = W(OF_NOTHING, "Somebody on this host had the engine kill it; ECS had not asked for it.", ""),
[FIND_NOBODY_KILLED] = W(OF_NOTHING, "The engine neither sent the signal nor saw a lack of memory: somebody on this host did, or the engine missed it.", ""),
[FIND_DEFINITION_ONLY] = W(OF_NOTHING, "The engine's answer depends only on the image and the task definition.", ""),
[FIND_ROOM] = W(OF_ROOM, "The engine's disk has room: ", " are free."),
[FIND_SITE_GOOD] = W(OF_NOTHING, "Route, line and clock of this node were good when it happened.", ""),
};
#undef W

static void about(const struct core *c, const struct fail_slot *slot, enum finding finding, struct text *t)
{
	int32_t at = slot->release == NONE ? NONE : service_find(c, c->release[slot->release].service);

	switch (words[finding].of) {
	case OF_NOTHING:
		break;
	case OF_HOST:
		text_slice(t, blame_host(slot->f.image));
		break;
	case OF_BEFORE:
		definition(t, &c->release[release_predecessor(c, slot->release)]);
		break;
	case OF_OTHER_FAILING:
		definition(t, &c->release[c->failure[blame_other_failing(c, &slot->f)].release]);
		break;
	case OF_OTHER_STARTED:
		definition(t, &c->release[blame_other_started(c, slot)]);
		break;
	case OF_SPACE:
		mebibytes(t, c->fact[FACT_DISK].value);
		text_say(t, " and ");
		text_i64(t, c->fact[FACT_INODES].value);
		break;
	case OF_ROOM:
		mebibytes(t, c->fact[FACT_DISK].value);
		break;
	case OF_NODES:
		text_u64(t, at == NONE ? 0 : c->service[at].work.quorum.tried);
		text_say(t, " nodes");
		break;
	}
}

static struct text sentence(struct core *c, struct failure *f)
{
	if (f->n_evidence == EVIDENCE_MAX) {
		c->counter.evidence_dropped++;
		return text_on(NULL, 0);
	}
	return text_on(f->evidence[f->n_evidence++], SENTENCE_CAP);
}

static void say(struct core *c, struct failure *f, const struct packed *sentence_words)
{
	struct text t = sentence(c, f);

	text_packed(&t, sentence_words);
}

/* What the registry told kedge, by the clock of this node's judgements. */
static void registry_itself(struct core *c, struct failure *f)
{
	static const struct packed *const says[IMAGE_WORDS] = {
		[IW_OFFLINE] = PACKED("For want of a line or of data budget kedge did not ask the registry itself about "),
		[IW_THERE] = PACKED("The registry itself says it has "),
		[IW_MISSING] = PACKED("The registry itself says it has no tag "),
		[IW_OTHER_ARCH] = PACKED("The registry itself says it has nothing that this node's processor runs in "),
		[IW_CLOSED] = PACKED("The registry itself does not let kedge see "),
		[IW_SILENT] = PACKED("The registry itself does not answer kedge about "),
		[IW_UNCLEAR] = PACKED("The registry itself gives kedge no clear answer about "),
	};
	int64_t unix_ms = 0;
	enum image_word word = registry_said(c, f, &unix_ms);
	struct text t;

	if (word == IW_NONE)
		return;
	t = sentence(c, f);
	text_packed(&t, word == IW_MISSING && slice_find(slice_of(f->image), "@") != SIZE_MAX
			     ? PACKED("The registry itself says it has no image ") : says[word]);
	text_slice(&t, slice_to(slice_of(f->image), SENTENCE_CAP / 2));
	if (word != IW_OFFLINE) {
		text_say(&t, " (asked by kedge at ");
		text_u64_pad(&t, (uint64_t)(unix_ms / 3600000 % 24), 2);
		text_c(&t, ':');
		text_u64_pad(&t, (uint64_t)(unix_ms / 60000 % 60), 2);
		text_c(&t, ':');
		text_u64_pad(&t, (uint64_t)(unix_ms / 1000 % 60), 2);
		text_say(&t, " UTC)");
	}
	text_c(&t, '.');
}

/* What the registry said by the engine's mouth. */
static void registry_by_engine(struct core *c, struct failure *f)
{
	struct text t;

	if (f->class == CLASS_IMAGE_WRONG_ARCH)
		say(c, f, PACKED("The registry answered; the image has no variant for this node's architecture."));
	if (f->class != CLASS_IMAGE_NOT_FOUND)
		return;
	t = sentence(c, f);
	text_say(&t, "The registry ");
	text_slice(&t, blame_host(f->image));
	text_say(&t, " answered the engine: it has no such image.");
}

void blame_weigh(struct core *c, struct fail_slot *slot)
{
	struct failure *f = &slot->f;
	uint32_t found = blame_find(c, slot), told = found & blame_relevant(f->stage);
	const struct packed *because;

	f->n_evidence = 0;
	f->blame = blame_decide(f->class, found, &because);
	registry_itself(c, f);
	if (!slot->own)
		registry_by_engine(c, f);
	for (int i = 0; i < FINDINGS && f->n_evidence < EVIDENCE_MAX; i++) {
		struct text t;

		if ((told >> i & 1) == 0 || words[i].words == NULL || ((UINT32_C(1) << i & FIND(ROOM)) != 0 && f->blame != BLAME_RELEASE))
			continue;
		t = sentence(c, f);
		text_packed(&t, (const struct packed *)words[i].words);
		about(c, slot, (enum finding)i, &t);
		text_packed(&t, (const struct packed *)str_behind(words[i].words));
	}
	if (because != NULL && f->n_evidence < EVIDENCE_MAX)
		say(c, f, because);
}
