/* A task of the new revision that runs another image than the revision was resolved to: its pull failed, and the ECS
 * agent started what was there. Everything looks deployed, and the old code runs. */
#include "agent/core/parts.h"

#define CLOCKS_MS 5000                   /* so much AWS's clock and ours may differ when both are right */

static void compare(struct core *c, const struct container *k, const struct image_pin *pin)
{
	const struct task *t = &c->task[k->task];
	const struct image_of *image = t->release == NONE ? NULL : release_image(&c->release[t->release], k->name);
	const char *runs = image == NULL ? "" : image->digest;
	char reason[SENTENCE_CAP];
	struct text text = text_on(reason, sizeof(reason));

	if (runs[0] == '\0' || pin->digest[0] == '\0' || str_eq(runs, pin->digest))
		return;
	text_say(&text, "runs ");
	text_s(&text, runs);
	text_say(&text, ", deployed is ");
	text_s(&text, pin->digest);
	(void)judge_sighting(c, &(struct sighting){
		.task = k->task, .container = k->name, .image = k->image, .digest = runs, .reason = reason,
		.stage = STAGE_PULL, .class = CLASS_STALE_IMAGE, .essential = k->essential,
	});
}

void stale_look(struct core *c, uint32_t service)
{
	const struct service *s = &c->service[service];
	const struct revision *rev = look_revision(s, s->dep.target_revision);

	for (int32_t i = 0; rev != NULL && i < c->rows.containers; i++) {
		const struct container *k = &c->container[i];
		const struct task *t = &c->task[k->task];

		if (!k->used || k->state != CS_RUNNING || t->revision != rev->revision || !str_eq(t->family, rev->family) ||
		    !str_eq(t->service, s->m.name) || t->first_unix_ms + CLOCKS_MS < s->dep.created_unix_ms)
			continue;
		for (uint32_t n = 0; n < rev->n; n++)
			if (str_eq(rev->image[n].container, k->name))
				compare(c, k, &rev->image[n]);
	}
}
