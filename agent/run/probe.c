#include "agent/run/probe.h"

#include "agent/run/node.h"
#include "agent/wire/registry_out.h"
#include "platform/clock.h"
#include "platform/file.h"

#define DISK_LOW_BYTES   (UINT64_C(64) << 20)  /* less than this holds no layer worth pulling */
#define INODES_LOW       1000
#define MEMORY_LOW_BYTES (INT64_C(16) << 20)

static bool loopback_endpoint(const struct node *n)
{
	struct slice host = slice_of(n->aws.endpoint.host);

	return slice_starts(host, "127.") || slice_starts(host, "localhost") || slice_starts(host, "[::1]");
}

/* Nothing is asked of AWS without a way out, so no answer will tell how the line is. */
static void route_seen(struct node *n, bool have)
{
	static const char none[] = "no way out: this node has no default route", back[] = "a default route is there again; not asked yet";
	const struct known_source *aws = &n->core.source[SRC_AWS];

	node_fact(n, FACT_ROUTE, have ? TRI_YES : TRI_NO, 0, "", false);
	if (!n->aws.ready || !n->keys.have)
		return;
	if (!have)
		node_source(n, SRC_AWS, SS_UNREACHABLE, none);
	else if (str_eq(aws->detail, none))
		node_source(n, SRC_AWS, SS_UNKNOWN, back);
}

void probe_slow_facts(struct node *n)
{
	bool have = false;
	struct why why = { "" };
	bool sane = clock_wall_sane(KEDGE_BUILD_UNIX_S) || n->server_minus_boot_ms != 0;

	node_fact(n, FACT_CLOCK, sane ? TRI_YES : TRI_NO, 0, "", false);
	if (n->aws.ready && loopback_endpoint(n))   /* what is asked is on this very machine */
		node_fact(n, FACT_ROUTE, TRI_YES, 0, "", false);
	else if (net_default_route(&have, &why) == KERR_OK)
		route_seen(n, have);
	else
		node_fact(n, FACT_ROUTE, TRI_UNKNOWN, 0, why.text, false);
}

static void disk(struct node *n)
{
	struct file_space space;
	struct why why;
	const char *root = n->engine.data_root[0] != '\0' ? n->engine.data_root : "/var/lib/docker";

	if (file_space(root, &space, &why) != KERR_OK)
		return;   /* not visible from here: no evidence either way */
	node_fact(n, FACT_INODES, space.total_inodes == 0 || space.free_inodes > INODES_LOW ? TRI_YES : TRI_NO,
		  (int64_t)space.free_inodes, root, false);
	node_fact(n, FACT_DISK, space.free_bytes > DISK_LOW_BYTES ? TRI_YES : TRI_NO, (int64_t)space.free_bytes, root, false);
}

/* MemAvailable of /proc/meminfo, in KiB (proc(5), Linux 3.14). */
static void memory(struct node *n)
{
	char text[4096];
	size_t len = 0, at;
	struct slice rest, number;
	uint64_t kib;
	struct why why;

	if (file_read("/proc/meminfo", FILE_ANY_KIND, text, sizeof(text), &len, &why) != KERR_OK)
		return;
	at = slice_find((struct slice){ text, len }, "MemAvailable:");
	if (at == SIZE_MAX)
		return;
	rest = slice_trim(slice_from((struct slice){ text, len }, at + sizeof("MemAvailable:") - 1));
	if (slice_next(&rest, ' ', &number) && slice_u64(number, &kib))
		node_fact(n, FACT_MEMORY, (int64_t)(kib << 10) > MEMORY_LOW_BYTES ? TRI_YES : TRI_NO, (int64_t)(kib << 10), "", false);
}

static void on_registry(void *arg, const struct http_result *r)
{
	struct node *n = arg;

	node_fact(n, FACT_REGISTRY, r->status != 0 ? TRI_YES : TRI_NO, r->status, n->core.failure[n->probe].probed, true);
	n->probe = NONE;
}

/* Without a route nothing is tried but what is on this very machine. */
static bool can_reach(const struct node *n, const struct registry_url *to)
{
	return to->plain || n->core.fact[FACT_ROUTE].yes != TRI_NO;
}

/* GET /v2/ of the registry, without credentials: any HTTP answer shows that it is there. */
static bool registry(struct node *n, uint32_t failure)
{
	struct fail_slot *slot = &n->core.failure[failure];
	struct registry_url to;
	struct http_request r = {
		.method = HTTP_GET, .url = to.url, .connect_ms = 3000, .total_ms = 4000, .into = n->work,
		.max_body_bytes = sizeof(n->work), .on_done = on_registry, .arg = n, .last = true, .purpose = PURPOSE_REGISTRY,
	};
	struct why why;
	uint32_t id;

	if (!core_policy(&n->core, slot->f.service)->probe || slot->f.stage != STAGE_PULL || n->probe != NONE ||
	    core_shed(&n->core) >= SHED_EXTRAS || !registry_out(slice_of(slot->f.image), slice_of(""), &to) || !can_reach(n, &to))
		return false;
	r.plain_anywhere = to.plain;
	(void)str_put(slot->probed, sizeof(slot->probed), slice_of(to.host));
	if (http_start(&n->http, &r, &id, &why) != KERR_OK)
		return false;
	n->probe = (int32_t)failure;
	return true;
}

/* The target's own container here, else one that shares its family and name: then only a yes is an answer, since
 * the repository may be another one by now. */
static const char *target_reference(const struct core *c, const struct service *s, bool *exact)
{
	const char *best = "", *name = "";

	*exact = false;
	for (int32_t i = 0; i < RELEASES_MAX; i++)
		for (uint32_t k = 0; c->release[i].used && k < c->release[i].n_images; k++)
			if (str_eq(c->release[i].image[k].image_id, s->work.target_image))
				name = c->release[i].image[k].container;
	for (int32_t i = 0; i < CONTAINERS_MAX && !*exact; i++) {
		const struct container *k = &c->container[i];

		if (!k->used || k->task == NONE || k->image[0] == '\0')
			continue;
		*exact = str_eq(k->image_id, s->work.target_image);
		if (*exact || (str_eq(c->task[k->task].family, s->rb.target_family) && str_eq(k->name, name)))
			best = k->image;
	}
	return best;
}

void probe_target_answer(struct node *n, uint32_t service, enum tri there, const char *arch, const char *detail)
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

static void next_target(struct node *n);

static void on_target(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	char detail[DETAIL_CAP];
	struct text t = text_on(detail, sizeof(detail));

	text_s(&t, "the engine has it no more; ");
	text_slice(&t, slice_to(slice_of(n->target.host), DETAIL_CAP / 2));
	text_s(&t, r->status == 0 ? " did not answer" : " answers ");
	if (r->status != 0)
		text_u64(&t, r->status);
	n->target.asked = false;
	if (n->core.service[n->target.service].work.image_ask == n->target.ask)
		probe_target_answer(n, n->target.service, r->status == 200 ? TRI_YES : r->status == 404 && n->target.exact ? TRI_NO
				    : TRI_UNKNOWN, "", detail);
	next_target(n);
}

/* A manifest is never read, only asked for: its headers tell. */
static bool no_body(void *arg, struct slice part)
{
	(void)arg;
	(void)part;
	return true;
}

static bool ask_registry(struct node *n, uint32_t service)
{
	const struct service *s = &n->core.service[service];
	struct probe_target *p = &n->target;
	struct registry_url to;
	struct http_request r = {
		.method = HTTP_HEAD, .url = to.url, .connect_ms = 3000, .total_ms = 8000, .on_body = no_body,
		.on_done = on_target, .arg = n, .last = true, .purpose = PURPOSE_REGISTRY, .header_count = 1,
		.headers = { SLICE("Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
				   "application/vnd.docker.distribution.manifest.list.v2+json, "
				   "application/vnd.docker.distribution.manifest.v2+json") },
	};
	struct why why;
	uint32_t id;

	if (!core_policy(&n->core, s->m.name)->probe || s->rb.target_digest[0] == '\0' ||
	    !registry_out(slice_of(target_reference(&n->core, s, &p->exact)), slice_of(s->rb.target_digest), &to) || !can_reach(n, &to))
		return false;
	r.plain_anywhere = to.plain;
	(void)str_put(p->host, sizeof(p->host), slice_of(to.host));
	p->service = service;
	p->ask = s->work.image_ask;
	p->asked = http_start(&n->http, &r, &id, &why) == KERR_OK;
	return p->asked;
}

static void next_target(struct node *n)
{
	_Static_assert(SERVICES_MAX <= 32, "a bit for each service");
	for (uint32_t i = 0; i < SERVICES_MAX && !n->target.asked; i++) {
		if ((n->target.waiting >> i & 1) == 0)
			continue;
		n->target.waiting &= ~(UINT32_C(1) << i);
		if (n->core.service[i].work.image_sent && !ask_registry(n, i))
			probe_target_answer(n, i, TRI_NO, "", "the engine has it no more; no registry was asked");
	}
}

void probe_target(struct node *n, uint32_t service)
{
	n->target.waiting |= UINT32_C(1) << service;
	next_target(n);
}

bool probe_target_pending(const struct node *n, uint32_t service)
{
	const struct probe_target *p = &n->target;

	return (p->waiting >> service & 1) != 0 ||
	       (p->asked && p->service == service && p->ask == n->core.service[service].work.image_ask);
}

void probe_failure(struct node *n, uint32_t failure)
{
	disk(n);
	memory(n);
	probe_slow_facts(n);
	if (!registry(n, failure) && n->probe == NONE)
		node_fact(n, FACT_CLOCK, n->core.fact[FACT_CLOCK].yes, 0, "", true);
}
