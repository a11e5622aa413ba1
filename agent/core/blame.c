/* Blame is an experiment: the facts that this node can see, weighed, and kept as sentences. */
#include "agent/core/parts.h"

static struct text sentence(struct core *c, struct failure *f)
{
	if (f->n_evidence == EVIDENCE_MAX) {
		c->counter.evidence_dropped++;
		return text_on(NULL, 0);
	}
	return text_on(f->evidence[f->n_evidence++], SENTENCE_CAP);
}

static void say(struct core *c, struct failure *f, const char *words)
{
	struct text t = sentence(c, f);

	text_s(&t, words);
}

static bool is_no(const struct core *c, enum fact fact) { return c->fact[fact].yes == TRI_NO; }
static bool is_yes(const struct core *c, enum fact fact) { return c->fact[fact].yes == TRI_YES; }

/* That the line is bad is learned by asking: what ended since AWS last answered may have ended for want of it. */
static void since_when(struct core *c)
{
	int64_t since_unix_ms = c->now_unix_ms - (int64_t)(c->now_ms - c->aws_ok_ms);

	for (int32_t i = 0; i < c->rows.failures; i++) {
		struct fail_slot *slot = &c->failure[i];
		struct failure *f = &slot->f;

		if (!slot->used || f->stage != STAGE_RUN || f->link_bad || f->first_unix_ms < since_unix_ms)
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

	if (!bad)
		c->link_bad_ms = 0;
	else if (c->link_bad_ms == 0) {
		c->link_bad_ms = c->now_ms;
		since_when(c);
	}
}

static void definition(struct text *t, const char *family, uint32_t revision)
{
	text_s(t, family);
	text_c(t, ':');
	text_u64(t, revision);
}

static struct slice registry_host(const char *image)
{
	struct slice host = slice_to(slice_of(image), slice_find(slice_of(image), "/"));

	/* without a dot, a port or "localhost" the first part is a namespace of Docker Hub */
	if (slice_find(host, ".") != SIZE_MAX || slice_find(host, ":") != SIZE_MAX || slice_is(host, "localhost"))
		return slice_find(slice_of(image), "/") == SIZE_MAX ? slice_of("docker.io") : host;
	return slice_of("docker.io");
}

static bool is_mirror(const struct policy *p, struct slice host)
{
	struct slice rest = slice_of(p->site_registries), one;

	while (slice_next(&rest, ' ', &one))
		if (one.n > 0 && slice_eq(one, host))
			return true;
	return false;
}

/* How far the predecessor's working here excuses node, registry and network: 3 strong, 2 medium, 1 weak, 0 none. */
static int predecessor(struct core *c, struct failure *f, int32_t release)
{
	int32_t before = release == NONE ? NONE : release_predecessor(c, release);
	const struct release *p;
	struct text t;

	if (before == NONE)
		return 0;
	p = &c->release[before];
	t = sentence(c, f);
	definition(&t, p->family, p->revision);
	if (p->last_start_unix_ms > f->first_unix_ms) {
		text_s(&t, " started here after this failure: node, registry and network are fine.");
		return 3;
	}
	if (p->starts > 0) {
		text_s(&t, " started here on this boot and worked.");
		return 2;
	}
	if (release_running(c, before) > 0) {
		text_s(&t, " is still running here; that says nothing about a new start.");
		return 1;
	}
	text_s(&t, p->good ? " worked here before." : " was here before.");
	return p->good ? 1 : 0;
}

static bool ever_ran(const struct core *c, int32_t release)
{
	const struct release *r;

	if (release == NONE)
		return false;
	r = &c->release[release];
	/* a definition names one reference: that any deployment of it started here shows that the registry had it */
	for (int32_t i = 0; i < c->rows.releases; i++) {
		const struct release *o = &c->release[i];

		if (o->used && (o->good || o->starts > 0) && o->revision == r->revision && str_eq(o->family, r->family))
			return true;
	}
	for (int32_t i = 0; i < c->rows.services; i++)
		if (c->service[i].used && str_eq(c->service[i].m.name, r->service) && c->service[i].dep.running > 0 &&
		    r->deployment[0] != '\0' && str_eq(c->service[i].dep.arn, r->deployment))
			return true;
	return false;
}

static enum blame not_found(struct core *c, struct failure *f, int32_t release)
{
	struct slice host = registry_host(f->image);
	struct text t = sentence(c, f);

	text_s(&t, "The registry ");
	text_slice(&t, host);
	text_s(&t, " answered the engine: it has no such image.");
	if (is_mirror(core_policy(c, f->service), host)) {
		say(c, f, "That registry is a mirror of this site: what it lacks may exist upstream.");
		return BLAME_REGISTRY;
	}
	if (ever_ran(c, release)) {
		say(c, f, "This release ran before: the image was deleted from the registry.");
		return BLAME_REGISTRY;
	}
	return BLAME_RELEASE;
}

static enum blame unreachable(struct core *c, struct failure *f)
{
	struct slice reason = slice_of(f->reason), host = registry_host(f->image);
	const struct known_fact *probe = &c->fact[FACT_REGISTRY];
	bool about_it = slice_eq(slice_of(probe->about), host) && probe->unix_ms >= f->first_unix_ms - 1000;
	struct text t;

	if (is_no(c, FACT_ROUTE)) {
		say(c, f, "This node has no default route: the line is down.");
		return BLAME_NETWORK;
	}
	if (about_it && probe->yes == TRI_YES) {
		t = sentence(c, f);
		text_s(&t, "The registry ");
		text_slice(&t, host);
		text_s(&t, " answers kedge now: the fault was short or lies between engine and registry.");
		return BLAME_NETWORK;
	}
	if (slice_find_nocase(reason, "connection refused") != SIZE_MAX ||
	    slice_find_nocase(reason, "connection reset") != SIZE_MAX) {
		t = sentence(c, f);
		text_s(&t, "The host of registry ");
		text_slice(&t, host);
		text_s(&t, " refused the connection: the machine is there, the registry on it is not.");
		return BLAME_REGISTRY;
	}
	if (c->source[SRC_AWS].state == SS_UP) {
		say(c, f, "AWS answers this node: the line is up, only this registry does not answer.");
		return BLAME_REGISTRY;
	}
	return BLAME_NETWORK;
}

static enum blame of_pull(struct core *c, struct failure *f, int32_t release)
{
	if (f->class == CLASS_IMAGE_NOT_FOUND)
		return not_found(c, f, release);
	if (f->class == CLASS_REGISTRY_UNREACHABLE || f->class == CLASS_PULL_TIMEOUT)
		return unreachable(c, f);
	if (f->class == CLASS_REGISTRY_TLS && is_no(c, FACT_CLOCK)) {
		say(c, f, "This node's clock is not set: every certificate looks wrong to it.");
		return BLAME_NODE;
	}
	if (f->class == CLASS_IMAGE_WRONG_ARCH)
		say(c, f, "The registry answered; the image has no variant for this node's architecture.");
	return class_blame(f->class);
}

/* Edge applications that need the cloud exit when it is away: that is no fault of the release, unless the
 * predecessor started under the same conditions and stayed up. */
static enum blame of_run(struct core *c, struct failure *f, int32_t release)
{
	int proof = predecessor(c, f, release);
	int32_t before = release == NONE ? NONE : release_predecessor(c, release);

	if (f->link_bad) {
		say(c, f, "The line to AWS was down, or the clock unset, when it ended.");
		if (before == NONE || proof < 3 || release_running(c, before) == 0)
			return BLAME_NETWORK;
		say(c, f, "Its predecessor started under the same conditions and stays up.");
	}
	if (before != NONE && c->release[before].bad && !c->release[before].good) {
		say(c, f, "Its predecessor failed here too: it was broken before this release.");
		return BLAME_UNKNOWN;
	}
	if (f->class == CLASS_KILLED_BY_SIGNAL && (f->exit_code == 137 || f->exit_code == 143)) {
		say(c, f, "The engine neither sent the signal nor saw a lack of memory: somebody on this host did, or the engine missed it.");
		return BLAME_UNKNOWN;
	}
	if (f->class == CLASS_OOM && is_no(c, FACT_MEMORY)) {
		say(c, f, "The whole host is out of memory.");
		return BLAME_NODE;
	}
	if (f->class == CLASS_KILLED_BY_SIGNAL)
		return BLAME_RELEASE;
	return class_blame(f->class);
}

static bool needs_disk(enum class class)
{
	return class == CLASS_PULL_UNKNOWN || class == CLASS_CREATE_FAILED || class == CLASS_START_UNKNOWN ||
	       class == CLASS_EXITED_EARLY || class == CLASS_CRASH_LOOP || class == CLASS_RESTART_LOOP ||
	       class == CLASS_IMAGE_CORRUPT;
}

void blame_weigh(struct core *c, struct fail_slot *slot)
{
	struct failure *f = &slot->f;
	struct text t;

	f->n_evidence = 0;
	if (needs_disk(f->class) && (is_no(c, FACT_DISK) || is_no(c, FACT_INODES))) {
		t = sentence(c, f);
		text_s(&t, "The disk of the engine's data root is full: ");
		text_i64(&t, c->fact[FACT_DISK].value / (1024 * 1024));
		text_s(&t, " MiB and ");
		text_i64(&t, c->fact[FACT_INODES].value);
		text_s(&t, " inodes are left.");
		f->blame = BLAME_NODE;
		return;
	}
	switch (f->stage) {
	case STAGE_PULL:
		f->blame = of_pull(c, f, slot->release);
		if (f->blame == BLAME_RELEASE)
			(void)predecessor(c, f, slot->release);
		break;
	case STAGE_RUN:
		f->blame = of_run(c, f, slot->release);
		break;
	case STAGE_CREATE:
	case STAGE_START:
		f->blame = class_blame(f->class);
		if (class_deterministic(f->class))
			say(c, f, "The engine's answer depends only on the image and the task definition.");
		(void)predecessor(c, f, slot->release);
		break;
	case STAGE_DEPLOY:
	case STAGE_NODE:
	case STAGES:
		f->blame = class_blame(f->class);
		break;
	}
	if (is_yes(c, FACT_DISK) && f->blame == BLAME_RELEASE && f->n_evidence < EVIDENCE_MAX) {
		t = sentence(c, f);
		text_s(&t, "The engine's disk has room: ");
		text_i64(&t, c->fact[FACT_DISK].value / (1024 * 1024));
		text_s(&t, " MiB are free.");
	}
	if (is_yes(c, FACT_ROUTE) && is_yes(c, FACT_CLOCK) && !f->link_bad && f->n_evidence < EVIDENCE_MAX)
		say(c, f, "Route, line and clock of this node were good when it happened.");
}
