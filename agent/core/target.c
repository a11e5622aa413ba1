/* Where a rollback leads: the revision AWS is expected to return to, and whether its images can still be had. */
#include "agent/core/parts.h"

#define ANSWER_MS (15 * SEC)             /* engine and registry answer earlier, or nobody does */

static const struct sd_brief *last_successful(const struct service *s)
{
	for (uint32_t i = 1; i < s->n_history; i++)
		if (s->history[i].status == SD_SUCCESSFUL)
			return &s->history[i];
	return NULL;
}

void target_set(struct service *s, const struct revision *rev, const char *arn)
{
	PUT(s->rb.target_revision_arn, arn);
	if (rev == NULL || rev->missing)
		return;
	PUT(s->rb.target_family, rev->family);
	s->rb.target_revision = rev->revision;
	PUT(s->rb.target_digest, rev->n > 0 ? rev->image[0].digest : "");
}

/* AWS returns to the last successful revision; the source of the deployment is where it came from. */
bool target_find(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	const struct sd_brief *good = last_successful(s);
	const struct revision *source = look_revision(s, s->dep.source_revision);
	int32_t local = source == NULL ? NONE : release_of_revision(c, s->m.name, source);

	if (good != NULL) {
		target_set(s, look_revision(s, good->target_revision), good->target_revision);
		return true;
	}
	if (s->dep.source_revision[0] == '\0')
		return false;
	target_set(s, source, s->dep.source_revision);
	/* nothing in AWS's history calls it successful: only what this node saw itself can vouch for it */
	return local != NONE && c->release[local].good && !c->release[local].bad;
}

/* The local image of the target, as far as it was seen here. */
static const struct image_of *local_image(const struct core *c, const struct service *s)
{
	const struct revision *rev = look_revision(s, s->rb.target_revision_arn);
	int32_t release = rev == NULL ? NONE : release_of_revision(c, s->m.name, rev);

	return release == NONE || c->release[release].n_images == 0 ? NULL : &c->release[release].image[0];
}

static bool other_arch(const struct core *c, const struct image_of *image)
{
	return image != NULL && image->arch[0] != '\0' && c->node.arch[0] != '\0' && !str_eq(image->arch, c->node.arch);
}

static void look_up(struct core *c, struct service *s, const char *image_id)
{
	PUT(s->work.target_image, image_id);
	s->work.image_wanted = true;
	s->work.image_ms = c->now_ms;
}

enum preflight target_preflight(struct core *c, uint32_t service)
{
	struct service *s = &c->service[service];
	const struct image_of *image = local_image(c, s);

	if (other_arch(c, image))
		return PRE_OTHER_ARCH;
	/* a task of it runs somewhere, or a person said yes to what is shown */
	if (s->rb.confirmed || (s->dep.source_running > 0 && str_eq(s->dep.source_revision, s->rb.target_revision_arn)))
		return PRE_GO;
	if (image != NULL && s->work.image_ms == 0) {
		look_up(c, s, image->image_id);
		return PRE_WAIT;
	}
	if (s->work.image_wanted || (s->work.image_sent && c->now_ms - s->work.image_ms < ANSWER_MS))
		return PRE_WAIT;
	return s->work.target_there == TRI_YES ? PRE_GO : s->work.target_there == TRI_NO ? PRE_GONE : PRE_UNKNOWN;
}

void on_target_image(struct core *c, const struct ev_target_image *ev)
{
	struct service *s = service_at(c, ev->service);

	if (s == NULL || !s->work.image_sent || s->work.image_ask != ev->ask) {
		c->counter.stale_answers++;
		return;
	}
	s->work.image_sent = false;
	s->work.target_there = ev->there;
	s->work.next_ms = c->now_ms;
}

/* Failing and target revision name one tag and were resolved to different digests: the tag was pushed over, and
 * whoever starts the target now starts the failing image. */
bool target_overwritten(const struct service *s)
{
	const struct revision *bad = look_revision(s, s->dep.target_revision), *good = look_revision(s, s->rb.target_revision_arn);

	for (uint32_t i = 0; bad != NULL && good != NULL && i < bad->n; i++)
		for (uint32_t k = 0; k < good->n; k++) {
			const struct image_pin *b = &bad->image[i], *g = &good->image[k];

			if (str_eq(b->container, g->container) && b->tagged && b->reference != 0 && b->reference == g->reference &&
			    b->digest[0] != '\0' && g->digest[0] != '\0' && !str_eq(b->digest, g->digest))
				return true;
		}
	return false;
}
