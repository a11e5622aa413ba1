#include "agent/run/image_check.h"

#include "agent/run/node_feed.h"
#include "agent/run/serve.h"
#include "agent/run/verify.h"
#include "agent/wire/arn.h"
#include "agent/wire/ecs_refused.h"
#include "platform/clock.h"

#define CONNECT_MS 15000
#define TOTAL_MS   30000
#define BODY_MAX   (512 * 1024)          /* bytes of a task definition, of which TASKDEF_KEPT are kept */

static void next(struct node *n);
static void ask_next(struct node *n);

static struct image_job *now(struct node *n)
{
	return &n->images.queue[n->images.head];
}

static void finish(struct node *n)
{
	struct image_check *m = &n->images;

	m->head = (m->head + 1) % IMAGE_JOBS;
	m->count--;
	m->busy = false;
	/* connections to registries and ECR may be kept: they go when AWS's does */
	n->aws.kept = true;
	n->aws.used_ms = clock_boot_ms();
	next(n);
}

static void fail(struct node *n, const char *words)
{
	const struct image_job *j = now(n);

	log_line(&n->log, LOG_LEVEL_INFO, "images of %s:%u: %s", j->family, (unsigned)j->revision, words);
	if (j->user == IMAGE_OF_PERSON || j->user == IMAGE_EXPORT)
		serve_refuse_says(n, j->index, n->images.denied && j->user == IMAGE_EXPORT ? 5 : 3, words);
	finish(n);
}

static void on_open(void *arg, unsigned status)
{
	struct node *n = arg;
	struct image_check *m = &n->images;
	const struct image_job *j = now(n);

	m->status = status;
	m->bad = false;
	pruned_begin(&m->in, j->user != IMAGE_EXPORT ? &taskdef_list : j->revision == 0 ? &taskdef_export_service : &taskdef_export,
		     m->room, sizeof(m->room));
}

/* A refusal's own words are kept as they come, the definition only pruned. */
static bool on_body(void *arg, struct slice part)
{
	struct image_check *m = &((struct node *)arg)->images;

	if (m->status != 200)
		text_slice(&m->in.kept, part);
	else
		m->bad = m->bad || pruned_feed(&m->in, part, &m->why) != KERR_OK;
	return true;
}

/* Which permission it takes. */
static unsigned slot(const struct node *n)
{
	const struct image_job *j = &n->images.queue[n->images.head];

	return j->user == IMAGE_EXPORT && j->revision == 0 ? ECS_DESCRIBE_SERVICES : DENIED_DEFINITION;
}

static void refused(struct node *n, const struct http_result *r)
{
	const struct ecs_refusal refusal = {
		.status = (int)r->status, .error_type = SLICE(""), .body = text_get(&n->images.in.kept),
		.date_unix_s = r->date_unix_s, .signed_unix_s = n->aws.signer.signed_unix_s,
	};
	int64_t server_unix_s;

	ecs_refused(&refusal, &n->arena, (struct ecs_asked){ 0, 0 }, &n->ev, &server_unix_s);
	n->images.denied = n->ev.u.aws_failed.error == AE_DENIED;
	if (n->images.denied)
		denied_image(n, slot(n), n->ev.u.aws_failed.detail, sizeof(n->ev.u.aws_failed.detail));
	(void)str_cut(n->images.why.text, sizeof(n->images.why.text), slice_of(n->ev.u.aws_failed.detail));
}

static void export_answer(struct node *n)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct jw w = jw_on(&out);

	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.export/1"));
	text_say(&out, ",\"answer\":");
	text_slice(&out, text_get(&n->images.in.kept));
	jw_object_end(&w);
	serve_answer(n, now(n)->index, &out);
	finish(n);
}

static void on_definition(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct image_check *m = &n->images;
	const struct image_job *j = now(n);
	size_t mark = arena_mark(&n->arena);
	const cJSON *root;
	bool well = false;

	m->denied = false;
	if (r->err != KERR_OK)
		m->why = r->why;
	else if (m->status != 200)
		refused(n, r);
	else if (!m->bad && pruned_end(&m->in, &n->arena, &root, &m->why) == KERR_OK)
		well = j->user == IMAGE_EXPORT || taskdef_in(root, j->family, j->revision, &m->def, &m->why) == KERR_OK;
	if (r->err == KERR_OK && m->status == 200)
		denied_lifted(n, slot(n));
	arena_reset(&n->arena, mark);
	m->at = 0;
	if (well && j->user == IMAGE_EXPORT)
		export_answer(n);
	else if (well)
		ask_next(n);
	else
		fail(n, m->why.text);
}

static void ask_definition(struct node *n)
{
	struct image_check *m = &n->images;
	struct text body = text_on(m->body, sizeof(m->body));
	struct http_request r = { .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .on_open = on_open, .on_body = on_body,
				  .max_body_bytes = BODY_MAX, .on_done = on_definition, .arg = n, .purpose = PURPOSE_DEFINITION };
	struct aws_call call = { .url = n->aws.endpoint.url, .host = n->aws.endpoint.host, .service = ECS_SIGNING_NAME,
				 .target = now(n)->revision != 0 ? TASKDEF_TARGET : ecs_out_target(ECS_DESCRIBE_SERVICES) };
	uint32_t id;
	const struct image_job *j = now(n);
	struct slice name = slice_of(j->family);
	enum kerr e = j->revision != 0 ? taskdef_out(&body, j->family, j->revision, &m->why)
				       : ecs_out_services(&body, n->core.node.cluster, &name, 1, &m->why);

	call.body = text_get(&body);
	if (e == KERR_OK && (!n->aws.ready || !n->keys.have || !core_online(&n->core)))
		e = why_set(&m->why, KERR_AGAIN, "AWS cannot be asked now for the task definition (line, clock or credentials)");
	if (e == KERR_OK && core_shed(&n->core) >= SHED_EXTRAS)
		e = why_set(&m->why, KERR_AGAIN, "the day's data budget leaves nothing for questions about images");
	if (e == KERR_OK)
		e = aws_send(n, &call, &r, &id, &m->why);
	if (e != KERR_OK)
		fail(n, m->why.text);
}

static void on_container(struct node *n, const struct registry_answer *a)
{
	struct image_check *m = &n->images;
	const struct taskdef_container *k = &m->def.container[m->at];
	struct event *ev;

	m->said[m->at++] = *a;
	log_line(&n->log, LOG_LEVEL_INFO, "image %s of %s:%u: %s", k->image, m->def.family, (unsigned)m->def.revision, a->detail);
	if (now(n)->user == IMAGE_OF_REVISION) {
		ev = node_event(n, EV_REGISTRY);
		ev->u.registry.ask = now(n)->ask;
		ev->u.registry.word = a->word;
		ev->u.registry.essential = k->essential;
		(void)str_put(ev->u.registry.container, sizeof(ev->u.registry.container), slice_of(k->name));
		(void)str_put(ev->u.registry.image, sizeof(ev->u.registry.image), slice_of(k->image));
		node_feed(n, ev);
	}
	ask_next(n);
}

static void ask_next(struct node *n)
{
	struct image_check *m = &n->images;
	bool whole = now(n)->user == IMAGE_OF_PERSON;

	if (m->at < m->def.n) {
		registry_ask(n, m->def.container[m->at].image, "", whole ? REGISTRY_WHOLE : REGISTRY_FITS, on_container);
		return;
	}
	if (whole)
		verify_answer(n, now(n)->index, &m->def, m->said);
	finish(n);
}

/* The target's own container here, else one that shares its family and name: then only a yes is an answer, since
 * the repository may be another one by now. */
static const char *target_reference(const struct core *c, const struct service *s, bool *exact)
{
	const char *best = "", *name = "";

	*exact = false;
	for (int32_t i = 0; i < c->rows.releases; i++)
		for (uint32_t k = 0; c->release[i].used && k < c->release[i].n_images; k++)
			if (str_eq(c->release[i].image[k].image_id, s->work.target_image))
				name = c->release[i].image[k].container;
	for (int32_t i = 0; i < c->rows.containers && !*exact; i++) {
		const struct container *k = &c->container[i];

		if (!k->used || k->image[0] == '\0')
			continue;
		*exact = str_eq(k->image_id, s->work.target_image);
		if (*exact || (str_eq(c->task[k->task].family, s->rb.target_family) && str_eq(k->name, name)))
			best = k->image;
	}
	return best;
}

void image_check_target_is(struct node *n, uint32_t service, enum tri there, const char *arch, const char *detail)
{
	struct event *ev = node_event(n, EV_TARGET_IMAGE);
	struct ev_target_image *said = &ev->u.target_image;

	said->service = service;
	said->ask = n->core.service[service].work.image_ask;
	said->there = there;
	(void)str_put(said->arch, sizeof(said->arch), slice_of(arch));
	(void)str_cut(said->detail, sizeof(said->detail), slice_of(detail));
	node_feed(n, ev);
}

static bool target_current(const struct node *n, const struct image_job *j)
{
	const struct rb_work *w = &n->core.service[j->index].work;

	return w->image_sent && w->image_ask == j->ask;
}

static void on_target(struct node *n, const struct registry_answer *a)
{
	const struct image_job *j = now(n);
	char detail[2 * DETAIL_CAP];
	struct text t = text_on(detail, sizeof(detail));

	text_say(&t, "the engine has it no more; ");
	text_s(&t, a->detail);
	if (target_current(n, j))
		image_check_target_is(n, j->index, a->word == IW_THERE ? TRI_YES : a->word == IW_MISSING && n->images.exact ? TRI_NO
				      : TRI_UNKNOWN, "", detail);
	finish(n);
}

static void ask_target(struct node *n)
{
	const struct image_job *j = now(n);
	const struct service *s = &n->core.service[j->index];
	const char *image = target_reference(&n->core, s, &n->images.exact);

	if (target_current(n, j) && core_policy(&n->core, s->m.name)->probe && s->rb.target_digest[0] != '\0' && image[0] != '\0') {
		registry_ask(n, image, s->rb.target_digest, REGISTRY_THERE, on_target);
		return;
	}
	if (target_current(n, j))
		image_check_target_is(n, j->index, TRI_NO, "", "the engine has it no more; no registry was asked");
	finish(n);
}

static void next(struct node *n)
{
	struct image_check *m = &n->images;

	if (m->busy || m->count == 0)
		return;
	m->busy = true;
	if (now(n)->user == IMAGE_OF_TARGET)
		ask_target(n);
	else
		ask_definition(n);
}

static bool add(struct node *n, const struct image_job *job)
{
	struct image_check *m = &n->images;

	if (m->count == IMAGE_JOBS)
		return false;
	m->queue[(m->head + m->count++) % IMAGE_JOBS] = *job;
	next(n);
	return true;
}

void image_check_revision(struct node *n, uint32_t service, uint32_t ask)
{
	const struct asked_registry *a = &n->core.service[service].registry;
	struct image_job j = { .user = IMAGE_OF_REVISION, .index = service, .ask = ask, .revision = a->revision };

	(void)str_put(j.family, sizeof(j.family), slice_of(a->family));
	if (!add(n, &j))
		log_line(&n->log, LOG_LEVEL_WARN, "images of %s:%u: too many questions wait; they are not asked for", j.family,
			 (unsigned)j.revision);
}

void image_check_target(struct node *n, uint32_t service)
{
	struct image_job j = { .user = IMAGE_OF_TARGET, .index = service, .ask = n->core.service[service].work.image_ask };

	if (!add(n, &j))
		image_check_target_is(n, service, TRI_UNKNOWN, "", "too many questions about images wait");
}

bool image_check_pending(const struct node *n, uint32_t service)
{
	const struct image_check *m = &n->images;

	for (uint32_t i = 0; i < m->count; i++) {
		const struct image_job *j = &m->queue[(m->head + i) % IMAGE_JOBS];

		if (j->user == IMAGE_OF_TARGET && j->index == service && target_current(n, j))
			return true;
	}
	return false;
}

static void for_person(struct node *n, struct image_job *j)
{
	if (!add(n, j))
		serve_refuse(n, j->index, 3, PACKED("too many questions about images wait"));
}

void image_check_verify(struct node *n, uint32_t connection, struct slice definition)
{
	struct image_job j = { .user = IMAGE_OF_PERSON, .index = connection };
	struct slice family;

	if (!arn_family_revision(definition, &family, &j.revision) || j.revision == 0 || !str_put(j.family, sizeof(j.family), family))
		serve_refuse(n, connection, 2, PACKED("a task definition is named FAMILY:REVISION, like web:12"));
	else
		for_person(n, &j);
}

void image_check_export(struct node *n, uint32_t connection, struct slice what)
{
	struct image_job j = { .user = IMAGE_EXPORT, .index = connection };
	struct slice family = what;

	(void)arn_family_revision(what, &family, &j.revision);
	if (!arn_name_ok(family) || !str_put(j.family, sizeof(j.family), family))
		serve_refuse(n, connection, 2, PACKED("no service or task definition has such a name"));
	else
		for_person(n, &j);
}
