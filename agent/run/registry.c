#include "agent/run/registry.h"

#include "agent/run/node_feed.h"
#include "platform/crypto.h"

#define CONNECT_MS 5000
#define TOTAL_MS   12000
#define BODY_MAX   (1024 * 1024)         /* bytes of one answer, of which REGISTRY_KEPT are kept. more: no clear answer */
#define EARLY_MS   INT64_C(600000)       /* a token is not used in its last minutes */

#define ACCEPT "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " \
	       "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

static void send(struct node *n, enum registry_step step, enum http_method method, const char *url);

static void finish_says(struct node *n, enum image_word word, const char *said)
{
	struct registry *g = &n->registry;
	struct registry_answer answer;
	char detail[2 * DETAIL_CAP];
	struct text t = text_on(detail, sizeof(detail));

	text_slice(&t, slice_to(slice_of(g->to.host), DETAIL_CAP / 2));
	text_s(&t, said);
	(void)str_cut(g->answer.detail, sizeof(g->answer.detail), slice_of(detail));
	g->answer.word = word;
	answer = g->answer;
	g->step = REGISTRY_IDLE;
	crypto_zero(g->token, sizeof(g->token));
	g->done(n, &answer);
}

static void finish(struct node *n, enum image_word word, const struct packed *said)
{
	char words[PACKED_MAX];

	finish_says(n, word, packed_copy(words, sizeof(words), said));
}

static void unclear(struct node *n, unsigned status)
{
	char words[32];
	struct text t = text_on(words, sizeof(words));

	text_say(&t, " answers ");
	text_u64(&t, status);
	finish_says(n, IW_UNCLEAR, words);
}

static void closed(struct node *n)
{
	finish(n, IW_CLOSED, n->registry.ecr ? PACKED(" does not let this node's AWS credentials see it")
					     : PACKED(" asks for credentials, and kedge has none for it"));
}

static void on_open(void *arg, unsigned status)
{
	struct registry *g = &((struct node *)arg)->registry;

	g->status = status;
	g->bad = false;
	pruned_begin(&g->in, g->step == REGISTRY_LOGIN ? &ecr_list : &registry_list, g->room, sizeof(g->room));
}

/* What is no JSON is read to its end all the same: its status may say enough. */
static bool on_body(void *arg, struct slice part)
{
	struct registry *g = &((struct node *)arg)->registry;

	g->bad = g->bad || g->step == REGISTRY_HEAD || pruned_feed(&g->in, part, &g->why) != KERR_OK;
	return true;
}

/* The tree of the body that came in, or NULL. */
static const cJSON *tree(struct node *n)
{
	const cJSON *root = NULL;

	return n->registry.bad || pruned_end(&n->registry.in, &n->arena, &root, &n->registry.why) != KERR_OK ? NULL : root;
}

static void no_login(struct node *n)
{
	char words[DETAIL_CAP] = "";

	if (n->registry.status != 400 && n->registry.status != 403) {
		finish(n, IW_UNCLEAR, PACKED(": ECR gave no token for it"));
		return;
	}
	denied_image(n, DENIED_ECR_TOKEN, words, sizeof(words));
	finish(n, IW_UNCLEAR, PACKED(": this node's credentials get no token for it (ecr:GetAuthorizationToken)"));
}

static void on_login(struct node *n, const cJSON *root)
{
	struct registry *g = &n->registry;

	if (g->status != 200 || root == NULL ||
	    ecr_token(root, g->ecr_token, sizeof(g->ecr_token), &g->ecr_until_unix_ms, &g->why) != KERR_OK) {
		no_login(n);
		return;
	}
	denied_lifted(n, DENIED_ECR_TOKEN);
	(void)str_put(g->ecr_region, sizeof(g->ecr_region), slice_of(g->ecr_of.region));
	send(n, REGISTRY_HEAD, HTTP_HEAD, g->to.url);
}

static void on_token(struct node *n, const cJSON *root)
{
	struct registry *g = &n->registry;

	if (g->status != 200 || root == NULL || registry_in_token(root, g->token, sizeof(g->token), &g->why) != KERR_OK)
		closed(n);
	else
		send(n, REGISTRY_HEAD, HTTP_HEAD, g->to.url);
}

static bool is_index(const char *type)
{
	return slice_find(slice_of(type), "index") != SIZE_MAX || slice_find(slice_of(type), "list") != SIZE_MAX;
}

static void on_head(struct node *n, const struct http_result *r)
{
	struct registry *g = &n->registry;

	if (r->status == 401 && !g->ecr && !g->challenged && registry_in_challenge(slice_of(r->challenge), g->to.plain, g->url)) {
		g->challenged = true;
		send(n, REGISTRY_TOKEN, HTTP_GET, g->url);
	} else if (r->status == 401 || r->status == 403) {
		if (g->ecr)
			g->ecr_until_unix_ms = 0;   /* perhaps it was withdrawn: the next question asks for another one */
		closed(n);
	} else if (r->status != 200 && r->status != 404) {
		unclear(n, r->status);
	} else {
		(void)str_put(g->answer.digest, sizeof(g->answer.digest), slice_of(r->digest));
		if (r->status == 404 || g->depth == REGISTRY_WHOLE || (g->depth == REGISTRY_FITS && is_index(r->content_type)))
			send(n, REGISTRY_GET, HTTP_GET, g->to.url);
		else
			finish(n, IW_THERE, PACKED(" has it"));
	}
}

/* By digest, in the same repository. */
static bool go_on(struct node *n, enum registry_step step, enum registry_what what, const char *digest)
{
	struct registry *g = &n->registry;

	if (digest[0] == '\0' || !registry_out(slice_of(g->image), what, slice_of(digest), &g->to))
		return false;
	send(n, step, HTTP_GET, g->to.url);
	return true;
}

static void on_manifest(struct node *n, const cJSON *root)
{
	struct registry *g = &n->registry;
	struct registry_manifest m;

	if (g->status == 404 && root != NULL && registry_in_missing(root))
		finish(n, IW_MISSING, PACKED(" has no such image"));
	else if (g->status != 200)
		unclear(n, g->status);
	else if (root == NULL || registry_in_manifest(root, n->core.node.arch, &m, &g->why) != KERR_OK)
		finish(n, IW_UNCLEAR, PACKED(" answers with what is no manifest"));
	else if (m.index && !m.fits)
		finish(n, m.cut ? IW_UNCLEAR : IW_OTHER_ARCH, m.cut
			? PACKED(" has it for more platforms than kedge reads")
			: PACKED(" has it for other processors only"));
	else {
		if (m.arch[0] != '\0')
			(void)str_put(g->answer.arch, sizeof(g->answer.arch), slice_of(m.arch));
		g->answer.bytes = m.bytes;
		if (g->depth == REGISTRY_WHOLE && m.index && go_on(n, REGISTRY_GET, REGISTRY_MANIFEST, m.digest))
			return;
		if (g->depth == REGISTRY_WHOLE && !m.index && g->answer.arch[0] == '\0' && go_on(n, REGISTRY_CONFIG, REGISTRY_BLOB, m.digest))
			return;
		finish(n, IW_THERE, PACKED(" has it"));
	}
}

/* Large registries keep blobs elsewhere and redirect: then the architecture stays unknown. */
static void on_config(struct node *n, const cJSON *root)
{
	struct registry *g = &n->registry;

	if (g->status == 200 && root != NULL)
		registry_in_arch(root, g->answer.arch);
	if (g->answer.arch[0] != '\0' && !registry_in_runs(g->answer.arch, n->core.node.arch))
		finish(n, IW_OTHER_ARCH, PACKED(" has it for another processor"));
	else
		finish(n, IW_THERE, PACKED(" has it"));
}

static void on_done(void *arg, const struct http_result *r)
{
	struct node *n = arg;
	struct registry *g = &n->registry;
	size_t mark = arena_mark(&n->arena);
	const cJSON *root;
	char words[DETAIL_CAP];
	struct text t = text_on(words, sizeof(words));

	if (r->err != KERR_OK) {
		text_say(&t, " did not answer: ");
		text_slice(&t, slice_to(slice_of(r->why.text), DETAIL_CAP / 2));
		finish_says(n, g->step == REGISTRY_HEAD ? IW_SILENT : IW_UNCLEAR, words);
		return;
	}
	if (g->step == REGISTRY_HEAD) {
		on_head(n, r);
		return;
	}
	root = tree(n);
	crypto_zero(g->room, g->in.kept.len);
	if (g->step == REGISTRY_LOGIN)
		on_login(n, root);
	else if (g->step == REGISTRY_TOKEN)
		on_token(n, root);
	else if (g->step == REGISTRY_GET)
		on_manifest(n, root);
	else
		on_config(n, root);
	/* a token went through all three */
	if (n->arena.used > mark)
		crypto_zero(n->arena.base + mark, n->arena.used - mark);
	arena_reset(&n->arena, mark);
}

static void expect(struct node *n, struct http_request *r)
{
	r->connect_ms = CONNECT_MS;
	r->total_ms = TOTAL_MS;
	r->on_open = on_open;
	r->on_body = on_body;
	r->max_body_bytes = BODY_MAX;
	r->on_done = on_done;
	r->arg = n;
}

static void send(struct node *n, enum registry_step step, enum http_method method, const char *url)
{
	struct registry *g = &n->registry;
	struct http_request r = { .method = method, .url = url, .plain_anywhere = g->to.plain, .purpose = PURPOSE_REGISTRY };
	struct text line = text_on(g->line, sizeof(g->line));
	const char *token = g->ecr ? g->ecr_token : g->token;
	uint32_t id;
	enum kerr e;

	g->step = step;
	expect(n, &r);
	r.headers[r.header_count++] = step == REGISTRY_TOKEN || step == REGISTRY_CONFIG ? SLICE("Accept: application/json") : SLICE(ACCEPT);
	if (step != REGISTRY_TOKEN && token[0] != '\0') {
		text_packed(&line, g->ecr ? PACKED("Authorization: Basic ") : PACKED("Authorization: Bearer "));
		text_s(&line, token);
		r.headers[r.header_count++] = text_get(&line);
	}
	e = http_start(&n->http, &r, &id, &g->why);
	crypto_zero(g->line, sizeof(g->line));
	if (e != KERR_OK)
		finish(n, IW_UNCLEAR, PACKED(" cannot be asked now"));
}

static void log_in(struct node *n)
{
	struct registry *g = &n->registry;
	const char *own = n->conf->ecr_endpoint;
	struct endpoint at;
	struct http_request r = { .purpose = PURPOSE_ECR };
	struct aws_call call = { .url = at.url, .host = at.host, .region = g->ecr_of.region, .service = ECR_SIGNING_NAME,
				 .target = ECR_TARGET, .body = SLICE(ECR_BODY) };
	uint32_t id;
	enum kerr e = endpoint_find(ENDPOINT_ECR, own, g->ecr_of.region, own[0] != '\0' ? ENDPOINT_STANDARD : g->ecr_of.type, &at, &g->why);

	g->step = REGISTRY_LOGIN;
	expect(n, &r);
	if (e != KERR_OK || !n->keys.have || aws_send(n, &call, &r, &id, &g->why) != KERR_OK)
		finish(n, IW_UNCLEAR, PACKED(": ECR cannot be asked for a token without an address, credentials and a clock"));
}

bool registry_reachable(const struct node *n, const struct registry_url *to)
{
	return to->plain || n->core.fact[FACT_ROUTE].yes != TRI_NO;
}

void registry_ask(struct node *n, const char *image, const char *digest, enum registry_depth depth, registry_done *done)
{
	struct registry *g = &n->registry;

	g->depth = depth;
	g->done = done;
	g->answer = (struct registry_answer){ .word = IW_NONE };
	g->challenged = false;
	g->token[0] = '\0';
	g->to.host[0] = '\0';
	if (!str_put(g->image, sizeof(g->image), slice_of(image)) ||
	    !registry_out(slice_of(image), REGISTRY_MANIFEST, slice_of(digest), &g->to)) {
		finish(n, IW_UNCLEAR, PACKED("no registry can have an image of that name"));
		return;
	}
	if (!registry_reachable(n, &g->to)) {
		finish(n, IW_SILENT, PACKED(" cannot be asked: this node has no route"));
		return;
	}
	g->ecr = ecr_is(slice_of(g->to.host), &g->ecr_of);
	if (g->ecr && (!str_eq(g->ecr_region, g->ecr_of.region) || node_unix_ms(n) > g->ecr_until_unix_ms - EARLY_MS))
		log_in(n);
	else
		send(n, REGISTRY_HEAD, HTTP_HEAD, g->to.url);
}

void registry_wipe(struct node *n)
{
	crypto_zero(n->registry.ecr_token, sizeof(n->registry.ecr_token));
	crypto_zero(n->registry.token, sizeof(n->registry.token));
}
