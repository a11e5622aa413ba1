#include "agent/run/probe.h"

#include "agent/base/host.h"
#include "agent/run/node_feed.h"
#include "agent/wire/registry_out.h"
#include "platform/file.h"

#define DISK_LOW_BYTES   (UINT64_C(64) << 20)  /* less than this holds no layer worth pulling */
#define INODES_LOW       1000
#define MEMORY_LOW_BYTES (INT64_C(16) << 20)

static bool loopback_endpoint(const struct node *n)
{
	struct slice host;
	uint64_t port;

	return host_split(slice_of(n->aws.endpoint.host), &host, &port) && host_is_loopback(host);
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

	wall_clock_look(n);
	if (n->aws.ready && loopback_endpoint(n))   /* what is asked is on this very machine */
		node_fact(n, FACT_ROUTE, TRI_YES, 0, "", false);
	else if (net_default_route(&n->net, &have, &why) != KERR_OK)
		node_fact(n, FACT_ROUTE, TRI_UNKNOWN, 0, why.text, false);
	else if (!have && n->aws.ready && http_goes_by_proxy(&n->http, slice_of(n->aws.endpoint.host)))
		node_fact(n, FACT_ROUTE, TRI_UNKNOWN, 0, "no default route, but a proxy", false);   /* which may be in this very network */
	else
		route_seen(n, have);
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
	    core_shed(&n->core) >= SHED_EXTRAS || !registry_out(slice_of(slot->f.image), REGISTRY_ROOT, slice_of(""), &to) || !registry_reachable(n, &to))
		return false;
	r.plain_anywhere = to.plain;
	(void)str_put(slot->probed, sizeof(slot->probed), slice_of(to.host));
	if (http_start(&n->http, &r, &id, &why) != KERR_OK)
		return false;
	n->probe = (int32_t)failure;
	return true;
}

void probe_failure(struct node *n, uint32_t failure)
{
	disk(n);
	memory(n);
	probe_slow_facts(n);
	if (!registry(n, failure) && n->probe == NONE)
		node_fact(n, FACT_CLOCK, n->core.fact[FACT_CLOCK].yes, 0, "", true);
}
