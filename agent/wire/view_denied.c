/* What AWS's permissions refuse this node's role, and the statement that would allow it. */
#include "agent/wire/arn.h"
#include "agent/wire/view_parts.h"

void view_iam_names(const struct core *c, int32_t service, struct iam_names *out)
{
	const struct service *s = service == NONE ? NULL : &c->service[service];

	*out = (struct iam_names){ .n = 0 };
	iam_names_from(out, slice_of(c->node.container_instance));
	iam_names_region(out, slice_of(c->node.region));
	if (out->cluster.n == 0)
		out->cluster = arn_cluster_name(slice_of(c->node.cluster));
	if (s == NULL || s->m.name[0] == '\0')
		return;
	out->n = 1;
	out->service[0].name = slice_of(s->m.name);
	out->service[0].family = slice_of(s->rb.update ? s->rb.target_family : s->m.n_families > 0 ? s->m.family[0] : "");
}

static void statement(struct jw *w, const struct iam_denied *d, const struct iam_names *names)
{
	char made[IAM_STATEMENT_CAP] = "";
	struct text t = text_on(made, sizeof(made));

	iam_denied_statement(d, names, &t);
	jw_str_or_null(w, "statement", t.full ? "" : made);
}

void view_denied(const struct view *v, struct jw *w)
{
	char words[ARN_CAP + 512];
	struct iam_names names;

	jw_array(w, "denied");
	for (uint32_t i = 0; i < v->n_denied; i++) {
		const struct iam_denied *d = &v->denied[i];
		struct text t = text_on(words, sizeof(words));

		if (d->action[0] == '\0')
			continue;
		view_iam_names(v->core, NONE, &names);
		iam_denied_say(d, &t);
		jw_object(w, NULL);
		jw_str(w, "action", d->action);
		jw_str_or_null(w, "resource", d->resource);
		jw_str_or_null(w, "reason", d->why);
		jw_str(w, "text", words);
		statement(w, d, &names);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void statement_for(const struct core *c, uint32_t service, const char *sentence, const char *family, struct jw *w)
{
	struct iam_names names;
	struct iam_denied d;

	if (!iam_denied_read(slice_of(sentence), &d)) {
		jw_null(w, "statement");
		return;
	}
	view_iam_names(c, (int32_t)service, &names);
	if (family != NULL)
		names.service[0].family = slice_of(family);
	statement(w, &d, &names);
}

void view_denied_deploy(const struct core *c, struct jw *w)
{
	const struct deploy *d = &c->deploy;

	statement_for(c, d->service, d->end == DEPLOY_DENIED ? d->reason : "", d->family, w);
}

void view_denied_rollback(const struct core *c, uint32_t service, struct jw *w)
{
	const struct rollback *rb = &c->service[service].rb;

	statement_for(c, service, rb->state == RB_DENIED ? rb->reason : "", NULL, w);
}
