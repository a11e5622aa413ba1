/* The intent to haul back, the command that does the same by hand, and what speaks against that command. */
#include "agent/wire/arn.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/view_parts.h"

enum by_hand { BY_NOTHING, BY_STOP, BY_UPDATE };

/* Stop names one deployment and so cannot undo a newer one: it is offered while it can still apply. */
static enum by_hand by_hand(const struct service *s)
{
	switch (s->rb.state) {
	case RB_DECIDED:
	case RB_AWAITING_CONFIRMATION:
	case RB_SHADOW:
	case RB_QUEUED_OFFLINE:
	case RB_HELD:
	case RB_QUORUM_WAIT:
	case RB_BREAKER_WAIT:
	case RB_DENIED:
		return BY_STOP;
	case RB_EXPIRED:
	case RB_CANCELLED:
		return s->rb.deployment[0] != '\0' && str_eq(s->rb.deployment, s->m.deployment) &&
		       sd_ongoing((enum sd_status)s->m.status) ? BY_STOP : BY_NOTHING;
	case RB_REFUSED:
	case RB_ROLLBACK_FAILED:
		return BY_UPDATE;
	case RB_NONE:
	case RB_SUSPECT:
	case RB_ACTING:
	case RB_WATCHING:
	case RB_ROLLED_BACK:
	case RB_SUPERSEDED:
	case RB_ADOPTED:
	case RB_STATES:
		break;
	}
	return BY_NOTHING;
}

/* The node's own cluster, or the one the deployment's ARN names (a node reads it from the agent only when that runs). */
static bool cluster_of(const struct core *c, const struct service *s, char *dst, size_t cap)
{
	struct slice cluster, service;

	if (arn_service_of(slice_of(s->rb.deployment), &cluster, &service))
		return str_put(dst, cap, cluster);
	cluster = arn_cluster_name(slice_of(c->node.cluster));
	return cluster.n > 0 && str_put(dst, cap, cluster);
}

/* Where AWS never named a target the last release that worked here is what a person would go back to. */
static bool target_of(const struct core *c, const struct service *s, const char **family, uint32_t *revision,
		      const char **digest)
{
	int32_t good = view_last_good(c, s);

	*family = s->rb.target_family;
	*revision = s->rb.target_revision;
	*digest = s->rb.target_digest;
	if (s->rb.target_family[0] != '\0')
		return true;
	if (good == NONE || (c->release[good].revision == s->rb.revision && str_eq(c->release[good].family, s->rb.family)))
		return false;
	*family = c->release[good].family;
	*revision = c->release[good].revision;
	*digest = c->release[good].n_images > 0 ? c->release[good].image[0].digest : "";
	return true;
}

bool view_command(const struct core *c, uint32_t service, struct text *out)
{
	const struct service *s = &c->service[service];
	char cluster[NAME_CAP];
	const char *family, *digest;
	uint32_t revision;

	switch (by_hand(s)) {
	case BY_STOP:
		return s->rb.deployment[0] != '\0' && ecs_out_cli_stop(out, c->node.region, s->rb.deployment);
	case BY_UPDATE:
		return target_of(c, s, &family, &revision, &digest) && cluster_of(c, s, cluster, sizeof(cluster)) &&
		       ecs_out_cli_update(out, c->node.region, cluster, s->m.name, family, revision);
	case BY_NOTHING:
		break;
	}
	return false;
}

/* The reference a container of that task definition was created from here; NULL: none was seen. */
static const char *image_of(const struct core *c, const char *family, uint32_t revision)
{
	for (uint32_t i = 0; i < CONTAINERS_MAX; i++) {
		const struct container *k = &c->container[i];

		if (k->used && k->task != NONE && k->image[0] != '\0' && c->task[k->task].revision == revision &&
		    str_eq(c->task[k->task].family, family))
			return k->image;
	}
	return NULL;
}

/* "registry:5000/web:11" without its tag: a colon after the last slash begins the tag. */
static struct slice repository(const char *image)
{
	struct slice s = slice_of(image);
	size_t at = slice_find(s, "@"), slash, colon;

	if (at != SIZE_MAX)
		s = slice_to(s, at);
	slash = slice_rfind(s, "/");
	colon = slice_rfind(s, ":");
	return colon != SIZE_MAX && (slash == SIZE_MAX || colon > slash) ? slice_to(s, colon) : s;
}

static void note_update(const struct core *c, struct text *out, const char *family, uint32_t revision,
			const char *digest)
{
	const char *image = image_of(c, family, revision);

	text_s(out, family);
	text_c(out, ':');
	text_u64(out, revision);
	if (image == NULL) {
		text_s(out, " starts whatever its image name means now: if that is a tag that was pushed again, going back "
			    "changes nothing.");
	} else {
		text_s(out, " names its image by tag (");
		text_s(out, image);
		text_s(out, "): if that tag was pushed again, going back starts the new image.");
	}
	if (digest[0] == '\0') {
		text_s(out, " The digest it ran with is not known here.");
		return;
	}
	text_s(out, image == NULL ? " The digest it ran with: " : " The image that worked: ");
	if (image != NULL) {
		text_slice(out, repository(image));
		text_c(out, '@');
	}
	text_s(out, digest);
}

bool view_command_note(const struct core *c, uint32_t service, struct text *out)
{
	const struct service *s = &c->service[service];
	enum by_hand how = by_hand(s);
	const char *family, *digest, *image;
	uint32_t revision;

	if (how == BY_STOP && s->rb.deployment[0] == '\0') {
		text_s(out, "The command needs the deployment's ARN; it is known once AWS has answered.");
		return true;
	}
	if (how != BY_UPDATE)
		return false;
	if (!target_of(c, s, &family, &revision, &digest)) {
		text_s(out, "Nothing is known that this service could go back to.");
		return true;
	}
	image = image_of(c, family, revision);
	if (image != NULL && slice_find(slice_of(image), "@") != SIZE_MAX)
		return false;
	note_update(c, out, family, revision, digest);
	return true;
}

const char *view_rollback_next_step(enum rb_state state)
{
	switch (state) {
	case RB_AWAITING_CONFIRMATION:
	case RB_QUORUM_WAIT:
		return "Confirm it with kedge confirm ID, drop it with kedge cancel ID, or run the command.";
	case RB_SHADOW:
		return "Nothing is sent while the policy is shadow; kedge confirm ID or the command does it once.";
	case RB_QUEUED_OFFLINE:
		return "Restore the line to AWS; kedge goes on by itself when it is back.";
	case RB_HELD:
		return "It goes on when the hold ends; kedge hold SERVICE --for 0 ends it now.";
	case RB_REFUSED:
	case RB_ROLLBACK_FAILED:
		return "A person has to act; the command shown goes back, mind the note beside it.";
	case RB_DENIED:
		return "Allow ecs:StopServiceDeployment to this node's role, or run the command with your own.";
	case RB_EXPIRED:
		return "It was too old to be acted on; look at the service and act by hand if it still fails.";
	case RB_DECIDED:
	case RB_BREAKER_WAIT:
	case RB_ACTING:
	case RB_WATCHING:
	case RB_ADOPTED:
		return "Wait; kedge goes on by itself.";
	case RB_NONE:
	case RB_SUSPECT:
	case RB_ROLLED_BACK:
	case RB_SUPERSEDED:
	case RB_CANCELLED:
	case RB_STATES:
		break;
	}
	return "Nothing to do.";
}

static void command(const struct core *c, struct jw *w, uint32_t service)
{
	char buf[ARN_CAP + 3 * NAME_CAP];
	struct text t = text_on(buf, sizeof(buf));
	bool known = view_command(c, service, &t);

	jw_str(w, "command", known ? buf : NULL);
	t = text_on(buf, sizeof(buf));
	known = view_command_note(c, service, &t);
	jw_str(w, "command_note", known ? buf : NULL);
}

static void times(struct jw *w, const struct rollback *rb)
{
	jw_unix_s(w, "queued_unix_s", rb->decided_unix_ms);
	jw_unix_s(w, "expires_unix_s", rb_open(rb->state) ? rb->expires_unix_ms : 0);
	jw_unix_s(w, "accepted_unix_s", rb->accepted_unix_ms);
	jw_unix_s(w, "done_unix_s", rb->done_unix_ms);
}

static void none(struct jw *w)
{
	static const char *const members[] = {
		"id", "dedupe_key", "target", "reason", "verified", "queued_unix_s", "command", "command_note",
	};

	jw_str(w, "state", rb_state_name(RB_NONE));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		jw_null(w, members[i]);
	jw_object_end(w);
}

void view_rollback(const struct view *v, struct jw *w, uint32_t service)
{
	const struct rollback *rb = &v->core->service[service].rb;

	jw_object(w, "rollback");
	if (rb->state == RB_NONE) {
		none(w);
		return;
	}
	view_id(w, "id", 'r', rb->id);
	jw_str_or_null(w, "dedupe_key", rb->deployment);
	jw_str(w, "state", rb_state_name(rb->state));
	view_definition(w, "target", rb->target_family, rb->target_revision);
	jw_str_or_null(w, "target_digest", rb->target_digest);
	jw_str_or_null(w, "reason", rb->reason);
	jw_str(w, "verified", verified_name(rb->verified));
	times(w, rb);
	command(v->core, w, service);
	view_definition(w, "release", rb->family, rb->revision);
	jw_str_or_null(w, "digest", rb->digest);
	view_id(w, "failure", 'f', rb->failure);
	jw_bool(w, "open", rb_open(rb->state));
	jw_bool(w, "confirmed", rb->confirmed);
	jw_bool(w, "by_operator", rb->by_operator);
	jw_bool(w, "accepted", rb->accepted);
	jw_str(w, "next_step", view_rollback_next_step(rb->state));
	jw_object_end(w);
}
