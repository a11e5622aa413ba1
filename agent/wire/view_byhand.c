/* The way back by hand: the command, what is known of where it leads, and the commands that pin what worked. */
#include "agent/wire/arn.h"
#include "agent/wire/ecs_out.h"
#include "agent/wire/view_parts.h"

#define LINE_CAP 4096                    /* bytes of a command or a note; one that does not fit is not shown */

enum by_hand { BY_NOTHING, BY_STOP, BY_UPDATE };

/* CodeDeploy and external controllers take no order from ECS; kedge only reports there. */
static const struct packed *own_way_back(const struct service *s)
{
	switch (s->asked.said.controller) {
	case CTL_CODE_DEPLOY:
		return PACKED("CodeDeploy owns this service's deployments, kedge only reports. The way back is its own: "
		       "aws deploy stop-deployment --deployment-id ID --auto-rollback-enabled while it runs, "
		       "else deploy the earlier revision there.");
	case CTL_EXTERNAL:
		return PACKED("An external controller owns this service's deployments, kedge only reports. The way back is its own: "
		       "aws ecs update-service-primary-task-set with the earlier task set, then delete the new one.");
	case CTL_UNKNOWN:
	case CTL_ECS:
	case CTL_OTHER:
	case CONTROLLERS:
		break;
	}
	return NULL;
}

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
		return s->rb.update ? BY_UPDATE : BY_STOP;
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

/* What the service would go back to, and what is known of its images. */
struct target {
	const char *family, *digest;
	uint32_t revision;
	const struct revision *back, *bad;       /* as AWS described them; NULL: not yet */
};

static bool is(const struct revision *r, const char *family, uint32_t revision)
{
	return !r->missing && r->revision == revision && str_eq(r->family, family);
}

/* By its ARN; where that is not known the newest of that name, as each deployment of one makes a revision of its own. */
static const struct revision *described(const struct service *s, const char *arn, const char *family, uint32_t revision)
{
	const struct revision *found = NULL;

	for (uint32_t i = 0; i < s->n_revisions; i++) {
		if (arn[0] != '\0' && str_eq(s->revision[i].arn, arn))
			return &s->revision[i];
		if (is(&s->revision[i], family, revision))
			found = &s->revision[i];
	}
	return found;
}

static const char *deployed_revision(const struct service *s)
{
	if (s->rb.deployment[0] == '\0' || str_eq(s->dep.arn, s->rb.deployment))
		return s->dep.target_revision;
	for (uint32_t i = 0; i < s->n_history; i++)
		if (str_eq(s->history[i].arn, s->rb.deployment))
			return s->history[i].target_revision;
	return "";
}

static const struct release *release_here(const struct core *c, const struct service *s, const char *family, uint32_t revision)
{
	for (uint32_t i = 0; i < (uint32_t)c->rows.releases; i++)
		if (c->release[i].used && c->release[i].revision == revision && c->release[i].n_images > 0 &&
		    str_eq(c->release[i].family, family) && str_eq(c->release[i].service, s->m.name))
			return &c->release[i];
	return NULL;
}

static void target_at(const struct core *c, const struct service *s, const char *family, uint32_t revision, struct target *t)
{
	bool predicted = s->rb.target_revision == revision && str_eq(s->rb.target_family, family);
	const struct release *r = release_here(c, s, family, revision);

	*t = (struct target){ .family = family, .revision = revision, .digest = r == NULL ? "" : r->image[0].digest };
	if (predicted && s->rb.target_digest[0] != '\0')
		t->digest = s->rb.target_digest;
	t->back = described(s, predicted ? s->rb.target_revision_arn : "", family, revision);
	t->bad = described(s, deployed_revision(s), s->rb.family, s->rb.revision);
}

/* Where AWS never named a target the last release that worked here is what a person would go back to. */
static bool target_of(const struct core *c, const struct service *s, struct target *t)
{
	int32_t good = view_last_good(c, s);

	if (s->rb.target_family[0] != '\0') {
		target_at(c, s, s->rb.target_family, s->rb.target_revision, t);
		return true;
	}
	if (good == NONE || (c->release[good].revision == s->rb.revision && str_eq(c->release[good].family, s->rb.family)))
		return false;
	target_at(c, s, c->release[good].family, c->release[good].revision, t);
	return true;
}

/* The reference a container of that task definition was created from here; NULL: none was seen. */
static const char *image_of(const struct core *c, const struct target *t)
{
	for (uint32_t i = 0; i < (uint32_t)c->rows.containers; i++) {
		const struct container *k = &c->container[i];

		if (k->used && k->image[0] != '\0' && c->task[k->task].revision == t->revision &&
		    str_eq(c->task[k->task].family, t->family))
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

/* What UpdateService would start for one container, the surest statement last. */
enum proof { PROOF_NONE, PROOF_PINNED, PROOF_SAME, PROOF_MAYBE, PROOF_OVERWRITTEN };

static const struct image_pin *pin_of(const struct revision *r, const char *container)
{
	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		if (str_eq(r->image[i].container, container))
			return &r->image[i];
	return NULL;
}

static enum proof prove(const struct image_pin *back, const struct image_pin *bad)
{
	if (back->reference == 0)
		return PROOF_NONE;
	if (!back->tagged)
		return PROOF_PINNED;
	if (bad == NULL || bad->reference != back->reference || bad->digest[0] == '\0' || back->digest[0] == '\0')
		return PROOF_MAYBE;
	return str_eq(bad->digest, back->digest) ? PROOF_SAME : PROOF_OVERWRITTEN;
}

/* Of the container that failed; where that is not known the surest of all. */
static enum proof proof_of(const struct core *c, const struct service *s, const struct target *t, const char **container)
{
	const struct fail_slot *slot = s->rb.failure == 0 ? NULL : view_failure_find(c, s->rb.failure);
	const struct image_pin *failed = slot == NULL ? NULL : pin_of(t->back, slot->f.container);
	enum proof best = PROOF_NONE;

	for (uint32_t i = 0; t->back != NULL && i < t->back->n; i++) {
		const struct image_pin *pin = &t->back->image[i];
		enum proof proof = prove(pin, pin_of(t->bad, pin->container));

		if ((failed != NULL && pin != failed) || proof <= best)
			continue;
		best = proof;
		*container = pin->container;
	}
	return best;
}

static void worked_with(struct text *out, const char *image, const char *digest)
{
	if (digest[0] == '\0') {
		text_say(out, " The digest it ran with is not known here.");
		return;
	}
	text_packed(out, image == NULL ? PACKED(" The digest it ran with: ") : PACKED(" The image that worked: "));
	if (image != NULL) {
		text_slice(out, repository(image));
		text_c(out, '@');
	}
	text_s(out, digest);
}

static void note_update(const struct core *c, const struct service *s, const struct target *t, struct text *out)
{
	const char *container = "", *image = image_of(c, t);
	enum proof proof = proof_of(c, s, t, &container);

	text_definition(out, t->family, t->revision);
	if (proof == PROOF_PINNED || (proof == PROOF_NONE && image != NULL && slice_find(slice_of(image), "@") != SIZE_MAX)) {
		text_say(out, " names its image by digest: going back starts that very image.");
		return;
	}
	if (proof == PROOF_SAME) {
		text_say(out, " has the very image that runs now in container ");
		text_s(out, container);
		text_say(out, ": going back changes the rest of the task definition only.");
		return;
	}
	if (proof == PROOF_OVERWRITTEN) {
		text_say(out, " names the same tag as the failing release for container ");
		text_s(out, container);
		text_say(out, ", and that tag was pushed again since: proven, going back by UpdateService alone starts the bad image again.");
	} else if (image == NULL) {
		text_say(out, " starts whatever its image name means now: if that is a tag that was pushed again, going back "
			    "changes nothing.");
	} else {
		text_say(out, " names its image by tag (");
		text_s(out, image);
		text_say(out, "): if that tag was pushed again, going back starts the new image.");
	}
	worked_with(out, image, t->digest);
}

static bool plain_digest(const char *digest)
{
	struct slice hex = slice_from(slice_of(digest), 7);

	for (size_t i = 0; i < hex.n; i++)
		if (!ch_alnum(hex.p[i]))
			return false;
	return hex.n > 0 && slice_starts(slice_of(digest), "sha256:");
}

static void pin(struct text *out, const char *container, const char *digest, uint32_t *n)
{
	if (!arn_name_ok(slice_of(container)) || !plain_digest(digest))
		return;
	text_s(out, *n == 0 ? "{\"" : ",\"");
	text_s(out, container);
	text_say(out, "\":\"");
	text_s(out, digest);
	text_c(out, '"');
	++*n;
}

/* {"app":"sha256:..."}: as AWS recorded them for the revision, else as they ran here. Returns how many. */
static uint32_t pins(const struct core *c, const struct service *s, const struct target *t, struct text *out)
{
	const struct release *r = release_here(c, s, t->family, t->revision);
	uint32_t n = 0;

	for (uint32_t i = 0; t->back != NULL && i < t->back->n; i++)
		if (t->back->image[i].tagged || t->back->image[i].reference == 0)
			pin(out, t->back->image[i].container, t->back->image[i].digest, &n);
	if (t->back == NULL)
		for (uint32_t i = 0; r != NULL && i < r->n_images; i++)
			pin(out, r->image[i].container, r->image[i].digest, &n);
	text_c(out, '}');
	return n;
}

/* What describe-task-definition tells and register-task-definition does not take is dropped. */
static void program(struct text *out, struct slice digests)
{
	char room[LINE_CAP];
	struct text t = text_on(room, sizeof(room));

	text_slice(&t, digests);
	text_say(&t, " as $d | .containerDefinitions[] |= (.name as $n | if $d[$n] then .image |= ((sub(\"@.*\"; \"\") | "
		   "sub(\":[^/]*$\"; \"\")) + \"@\" + $d[$n]) else . end) | del(.taskDefinitionArn, .revision, .status, "
		   ".requiresAttributes, .compatibilities, .registeredAt, .registeredBy, .deregisteredAt, .deleteRequestedAt)");
	ecs_out_shell(out, text_get(&t));
	out->full = out->full || t.full;
}

static void add_line(struct jw *w, const struct text *line)
{
	if (!line->full)
		jw_slice(w, NULL, text_get(line));
}

static void pin_commands(const struct core *c, const struct service *s, const struct target *t, struct jw *w)
{
	char digests[LINE_CAP], room[LINE_CAP], cluster[NAME_CAP], file[NAME_CAP + 32];
	struct text d = text_on(digests, sizeof(digests)), line = text_on(room, sizeof(room)), f = text_on(file, sizeof(file));

	if (pins(c, s, t, &d) == 0 || d.full || !cluster_of(c, s, cluster, sizeof(cluster)))
		return;
	text_s(&f, t->family);
	text_c(&f, '-');
	text_u64(&f, t->revision);
	text_say(&f, "-pinned.json");
	(void)ecs_out_cli_definition(&line, c->node.region, t->family, t->revision);
	text_say(&line, " | jq ");
	program(&line, text_get(&d));
	text_say(&line, " > ");
	text_s(&line, file);
	if (line.full)
		return;
	add_line(w, &line);
	line = text_on(room, sizeof(room));
	(void)ecs_out_cli_register(&line, c->node.region, file);
	add_line(w, &line);
	line = text_on(room, sizeof(room));
	(void)ecs_out_cli_update(&line, c->node.region, cluster, s->m.name, t->family, 0);
	add_line(w, &line);
}

static void members(struct jw *w, const struct text *command, const char *note)
{
	jw_str_or_null(w, "command", command->full ? "" : command->p);
	jw_str(w, "command_note", note);
	jw_array(w, "pin_commands");
}

static void update_members(const struct core *c, const struct service *s, const struct target *t, struct jw *w)
{
	char line[LINE_CAP], words[LINE_CAP], cluster[NAME_CAP];
	struct text command = text_on(line, sizeof(line)), note = text_on(words, sizeof(words));

	if (cluster_of(c, s, cluster, sizeof(cluster)))
		(void)ecs_out_cli_update(&command, c->node.region, cluster, s->m.name, t->family, t->revision);
	note_update(c, s, t, &note);
	members(w, &command, words);
	pin_commands(c, s, t, w);
	jw_array_end(w);
}

void view_by_update(const struct core *c, uint32_t service, const char *family, uint32_t revision, struct jw *w)
{
	const struct service *s = &c->service[service];
	struct target t;

	target_at(c, s, family, revision, &t);
	update_members(c, s, &t, w);
}

void view_by_hand(const struct core *c, uint32_t service, struct jw *w)
{
	const struct service *s = &c->service[service];
	const struct packed *note = s->rb.state == RB_NONE ? NULL : own_way_back(s);
	enum by_hand how = note != NULL ? BY_NOTHING : by_hand(s);
	char line[LINE_CAP], words[PACKED_MAX];
	struct text command = text_on(line, sizeof(line));
	struct target t;

	if (how == BY_UPDATE && target_of(c, s, &t)) {
		update_members(c, s, &t, w);
		return;
	}
	if (how == BY_UPDATE)
		note = PACKED("Nothing is known that this service could go back to.");
	else if (how == BY_STOP && s->rb.deployment[0] == '\0')
		note = PACKED("The command needs the deployment's ARN; it is known once AWS has answered.");
	else if (how == BY_STOP)
		(void)ecs_out_cli_stop(&command, c->node.region, s->rb.deployment);
	members(w, &command, note == NULL ? NULL : packed_copy(words, sizeof(words), note));
	jw_array_end(w);
}
