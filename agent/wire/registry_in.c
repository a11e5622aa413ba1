#include "agent/wire/registry_in.h"

#include "agent/wire/ecs_member.h"

PRUNE_LIST(registry_list,
	"token|access_token|architecture errors/[4]/code manifests/[48]/digest manifests/[48]/platform/architecture|os"
	" config/digest layers/[128]/size");

static bool is_word(char c)
{
	return ch_alnum(c) || c == '-' || c == '_';
}

/* name=value or name="value", of the front of *rest; the blanks and commas before it are dropped. False: no more. */
static bool parameter(struct slice *rest, struct slice *name, struct slice *value)
{
	size_t n = 0, end = 0;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t' || rest->p[0] == ','))
		*rest = slice_from(*rest, 1);
	while (n < rest->n && is_word(rest->p[n]))
		n++;
	*name = slice_to(*rest, n);
	*rest = slice_from(*rest, n);
	if (n == 0 || rest->n < 2 || rest->p[0] != '=')
		return false;
	*rest = slice_from(*rest, 1);
	if (rest->p[0] == '"') {
		*rest = slice_from(*rest, 1);
		end = slice_find(*rest, "\"");
		*value = slice_to(*rest, end);
		*rest = slice_from(*rest, end == SIZE_MAX ? rest->n : end + 1);
		return end != SIZE_MAX;
	}
	while (end < rest->n && rest->p[end] != ',' && rest->p[end] != ' ')
		end++;
	*value = slice_to(*rest, end);
	*rest = slice_from(*rest, end);
	return true;
}

static void query(struct text *t, const char *name, struct slice value)
{
	static const char hex[] = "0123456789ABCDEF";

	if (value.n == 0)
		return;
	text_c(t, slice_find(text_get(t), "?") == SIZE_MAX ? '?' : '&');
	text_s(t, name);
	text_c(t, '=');
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_word(value.p[i]) || c == '.' || c == '/' || c == ':') {
			text_c(t, value.p[i]);
			continue;
		}
		text_c(t, '%');
		text_c(t, hex[c >> 4]);
		text_c(t, hex[c & 15]);
	}
}

/* Nothing that could end a line of the request, that hides where it goes, or that no URL has (RFC 3986). */
static bool realm_ok(struct slice realm, bool plain)
{
	static const char never[] = "@#\"<>\\^`{|}";

	if (!slice_starts(realm, "https://") && !(plain && slice_starts(realm, "http://")))
		return false;
	for (size_t i = 0; i < realm.n; i++)
		if (realm.p[i] <= ' ' || realm.p[i] > '~' || slice_find(slice_of(never), (char[]){ realm.p[i], '\0' }) != SIZE_MAX)
			return false;
	return true;
}

bool registry_in_challenge(struct slice header, bool plain, char url[REGISTRY_URL_MAX])
{
	size_t at = slice_find_nocase(header, "bearer ");
	struct slice rest = slice_from(header, at == SIZE_MAX ? header.n : at + 7), name, value;
	struct slice realm = SLICE(""), service = SLICE(""), scope = SLICE("");
	struct text t = text_on(url, REGISTRY_URL_MAX);

	/* at the front of the header or of a challenge after another one's comma, not within a quoted value */
	if (at == SIZE_MAX || (at > 0 && header.p[at - 1] != ' ' && header.p[at - 1] != ','))
		return false;
	while (parameter(&rest, &name, &value)) {
		if (slice_is(name, "realm"))
			realm = value;
		else if (slice_is(name, "service"))
			service = value;
		else if (slice_is(name, "scope"))
			scope = value;
	}
	if (!realm_ok(realm, plain))
		return false;
	text_slice(&t, realm);
	query(&t, "service", service);
	query(&t, "scope", scope);
	return !t.full;
}

enum kerr registry_in_token(const cJSON *root, char *dst, size_t cap, struct why *why)
{
	enum kerr e = ecs_member_must_str(root, json_get(root, "token") != NULL ? "token" : "access_token", dst, cap, why);

	for (const char *c = dst; e == KERR_OK && *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			e = why_set(why, KERR_BAD_INPUT, "the token has characters that no header may have");
	if (e != KERR_OK)
		dst[0] = '\0';
	return e;
}

bool registry_in_missing(const cJSON *root)
{
	static const char *const said[] = { "MANIFEST_UNKNOWN", "NAME_UNKNOWN", "NOT_FOUND" };
	const cJSON *error;
	char code[40];

	cJSON_ArrayForEach(error, json_array(root, "errors"))
		for (size_t i = 0; json_str(error, "code", code, sizeof(code), NULL) == KERR_OK && i < sizeof(said) / sizeof(said[0]); i++)
			if (str_eq(code, said[i]))
				return true;
	return false;
}

/* How much the engine likes it: 2 its own, 1 one it can run, 0 none. */
static int liking(const char *arch, const char *node)
{
	if (str_eq(arch, node))
		return 2;
	return (str_eq(node, "arm64") && str_eq(arch, "arm")) || (str_eq(node, "amd64") && str_eq(arch, "386"));
}

bool registry_in_runs(const char *arch, const char *node_arch)
{
	return liking(arch, node_arch) > 0;
}

static void entries(const cJSON *all, const char *node, struct registry_manifest *out)
{
	const cJSON *one;
	int best = 0;

	out->index = true;
	out->cut = cJSON_GetArraySize(all) >= REGISTRY_ENTRIES;
	cJSON_ArrayForEach(one, all) {
		const cJSON *platform = json_object(one, "platform");
		char arch[16] = "", os[16] = "";

		if (json_str(platform, "architecture", arch, sizeof(arch), NULL) != KERR_OK ||
		    json_str(platform, "os", os, sizeof(os), NULL) != KERR_OK || !str_eq(os, "linux") || liking(arch, node) <= best)
			continue;
		if (json_str(one, "digest", out->digest, sizeof(out->digest), NULL) != KERR_OK)
			continue;
		best = liking(arch, node);
		out->fits = true;
		(void)str_put(out->arch, sizeof(out->arch), slice_of(arch));
	}
}

enum kerr registry_in_manifest(const cJSON *root, const char *arch, struct registry_manifest *out, struct why *why)
{
	const cJSON *layers = json_array(root, "layers"), *one;
	int64_t size;

	*out = (struct registry_manifest){ .digest = "" };
	if (json_array(root, "manifests") != NULL) {
		entries(json_array(root, "manifests"), arch, out);
		return KERR_OK;
	}
	if (layers == NULL)
		return why_set(why, KERR_BAD_INPUT, "the answer is neither an index nor a manifest");
	cJSON_ArrayForEach(one, layers) {
		if (json_i64(one, "size", &size, NULL) != KERR_OK || size < 0 || size > INT64_C(1) << 48)
			return why_set(why, KERR_BAD_INPUT, "a layer of the manifest has no size");
		out->bytes += (uint64_t)size;
	}
	/* a manifest without one is of something else than an image; what it holds can be counted all the same */
	if (json_str(json_object(root, "config"), "digest", out->digest, sizeof(out->digest), NULL) != KERR_OK)
		out->digest[0] = '\0';
	return KERR_OK;
}

void registry_in_arch(const cJSON *root, char arch[16])
{
	if (json_str(root, "architecture", arch, 16, NULL) != KERR_OK)
		arch[0] = '\0';
}
