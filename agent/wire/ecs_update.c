#include "agent/wire/ecs_update.h"

#include <string.h>

#include "agent/wire/arn.h"
#include "agent/wire/ecs_member.h"

static PRUNE_LIST(list, "service/serviceName|taskDefinition");

static enum kerr keep(void *arg, struct slice bytes)
{
	struct ecs_update *u = arg;

	text_slice(&u->kept, bytes);
	return u->kept.full ? KERR_TOO_BIG : KERR_OK;
}

void ecs_update_begin(struct ecs_update *u, const char *service, const char *family, uint32_t revision)
{
	(void)str_put(u->service, sizeof(u->service), slice_of(service));
	(void)str_put(u->family, sizeof(u->family), slice_of(family));
	u->revision = revision;
	u->kept = text_on(u->room, sizeof(u->room));
	prune_init(&u->prune, &list, keep, u);
}

/* What is kept of a body stays short; one that is not is none of AWS's. */
static enum kerr told(enum kerr e, struct why *why)
{
	struct why inner;

	if (e == KERR_OK || why == NULL)
		return e;
	inner = *why;
	if (e == KERR_TOO_BIG)
		return why_set(why, e, "UpdateService: the names in the answer are longer than AWS allows");
	return why_set(why, e, "UpdateService: %s", inner.text);
}

enum kerr ecs_update_feed(struct ecs_update *u, struct slice bytes, struct why *why)
{
	return told(prune_feed(&u->prune, bytes, why), why);
}

static enum kerr matches(const struct ecs_update *u, struct arena *a, struct why *why)
{
	char name[NAME_CAP], definition[ARN_CAP];
	const cJSON *root, *o = NULL;
	struct slice to;
	uint32_t number;
	enum kerr e = ecs_member_root(a, text_get(&u->kept), &root, why);

	if (e == KERR_OK)
		e = ecs_member_may_object(root, "service", &o, why);
	if (e == KERR_OK)
		e = ecs_member_must_str(o, "serviceName", name, sizeof(name), why);
	if (e == KERR_OK)
		e = ecs_member_must_str(o, "taskDefinition", definition, sizeof(definition), why);
	if (e != KERR_OK)
		return e;
	if (!str_eq(name, u->service))
		return why_set(why, KERR_BAD_INPUT, "the answer is about service %.60s, which was not asked for", name);
	if (!arn_family_revision(slice_of(definition), &to, &number) || !slice_is(to, u->family) || number != u->revision)
		return why_set(why, KERR_BAD_INPUT, "the service went to %.100s, not to %.60s:%u", definition, u->family,
			       (unsigned)u->revision);
	return KERR_OK;
}

enum kerr ecs_update_end(struct ecs_update *u, struct arena *a, struct ecs_asked q, struct event *ev,
			 struct why *why)
{
	size_t mark = arena_mark(a);
	enum kerr e = prune_end(&u->prune, why);

	ev->type = EV_AWS_UPDATED;
	ev->u.aws_updated = (struct ev_aws_updated){ .service = q.service, .ask = q.ask };
	if (e == KERR_OK)
		e = matches(u, a, why);
	arena_reset(a, mark);
	return told(e, why);
}
