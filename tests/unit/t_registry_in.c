/* What registries answer, well-meant and not: challenges, tokens, errors, indexes, manifests. */
#include "agent/wire/registry_in.h"
#include "agent/wire/pruned.h"

#include "tests/tap.h"

#include <string.h>

static char room[400 * 1024], kept[REGISTRY_KEPT], url[REGISTRY_URL_MAX];
static struct arena arena;

/* As it would come in: in pieces of seven bytes. NULL: refused. */
static const cJSON *tree(const char *json)
{
	struct pruned p;
	struct why why;
	const cJSON *root = NULL;
	struct slice rest = slice_of(json);

	arena_init(&arena, room, sizeof(room));
	pruned_begin(&p, &registry_list, kept, sizeof(kept));
	for (; rest.n > 0; rest = slice_from(rest, 7))
		if (pruned_feed(&p, slice_to(rest, 7), &why) != KERR_OK)
			return NULL;
	return pruned_end(&p, &arena, &root, &why) == KERR_OK ? root : NULL;
}

static void challenge(const char *header, bool plain, const char *want, const char *name)
{
	bool is = registry_in_challenge(slice_of(header), plain, url);

	ok(want == NULL ? !is : is && str_eq(url, want), "%s", name);
	if (is && want != NULL && !str_eq(url, want))
		printf("# got %s\n", url);
}

static void challenges(void)
{
	static char long_realm[1100];

	challenge("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:library/nginx:pull\"", false,
		  "https://auth.docker.io/token?service=registry.docker.io&scope=repository:library/nginx:pull", "Docker Hub's");
	challenge("bearer realm=\"https://h/t\", service=\"a b&c\"", false, "https://h/t?service=a%20b%26c", "a service with a blank and more");
	challenge("Bearer realm=\"https://h/t?a=1\",scope=\"x\"", false, "https://h/t?a=1&scope=x", "a realm with a query");
	challenge("Bearer service=s,realm=https://h/t", false, "https://h/t?service=s", "without quotes");
	challenge("Basic realm=\"x\", Bearer realm=\"https://h/t\"", false, "https://h/t", "behind a Basic");
	challenge("Bearer realm=\"https://h/t\", Basic realm=\"http://evil/\"", false, "https://h/t", "before a Basic");
	challenge("Bearer realm=\"http://127.0.0.1:5001/t\"", true, "http://127.0.0.1:5001/t", "http where the registry is asked over http");
	challenge("Bearer realm=\"http://h/t\"", false, NULL, "but nowhere else");
	challenge("Bearer realm=\"https://h/to{en\"", false, NULL, "what no URL has");
	challenge("Bearer realm=\"file:///etc/passwd\"", true, NULL, "no other scheme");
	challenge("Bearer realm=\"https://user:word@h/t\"", false, NULL, "no user in it");
	challenge("Bearer realm=\"https://h/t\tx\"", false, NULL, "no control character");
	challenge("Bearer realm=\"https://h\\@evil/t\"", false, NULL, "no backslash");
	challenge("Bearer realm=\"https://h/t#x\"", false, NULL, "no fragment");
	challenge("Basic realm=\"https://h/\"", false, NULL, "Basic alone");
	challenge("ForBearer realm=\"https://h/\"", false, NULL, "a word that ends like it");
	challenge("Bearer", false, NULL, "nothing behind it");
	challenge("Bearer service=\"s\"", false, NULL, "no realm");
	challenge("Bearer realm=\"https://h/t", false, NULL, "a quote that never ends");
	challenge("Bearer realm=", false, NULL, "a value that is missing");
	challenge("Bearer realm", false, NULL, "a name alone");
	challenge("", false, NULL, "an empty header");
	memset(long_realm, 'a', sizeof(long_realm) - 1);
	memcpy(long_realm, "Bearer realm=https://", 21);
	challenge(long_realm, false, NULL, "longer than any URL of ours");
}

static void tokens(void)
{
	char token[64];
	struct why why;

	ok(registry_in_token(tree("{\"token\":\"abc.DEF-_\",\"expires_in\":300}"), token, sizeof(token), &why) == KERR_OK && str_eq(token, "abc.DEF-_"),
	   "a token");
	ok(registry_in_token(tree("{\"access_token\":\"abc\"}"), token, sizeof(token), &why) == KERR_OK && str_eq(token, "abc"), "under its other name");
	ok(registry_in_token(tree("{\"token\":\"a\\r\\nX-Evil: 1\"}"), token, sizeof(token), &why) != KERR_OK && token[0] == '\0', "no line's end in it");
	ok(registry_in_token(tree("{\"token\":\"a b\"}"), token, sizeof(token), &why) == KERR_BAD_INPUT, "no blank in it");
	ok(registry_in_token(tree("{\"token\":\"\"}"), token, sizeof(token), &why) != KERR_OK, "an empty one");
	ok(registry_in_token(tree("{\"token\":7}"), token, sizeof(token), &why) != KERR_OK, "a number");
	ok(registry_in_token(tree("{}"), token, sizeof(token), &why) != KERR_OK, "none");
	ok(registry_in_token(tree("{\"token\":\"0123456789012345678901234567890123456789012345678901234567890123\"}"), token, sizeof(token), &why) ==
	   KERR_TOO_BIG, "one that is too long");
}

static void errors(void)
{
	ok(registry_in_missing(tree("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"detail\":{\"Tag\":\"9\"}}]}")), "no such tag");
	ok(registry_in_missing(tree("{\"errors\":[{\"code\":\"DENIED\"},{\"code\":\"NAME_UNKNOWN\"}]}")), "no such repository, as the second");
	ok(registry_in_missing(tree("{\"errors\":[{\"code\":\"NOT_FOUND\"}]}")), "Harbor's word");
	ok(!registry_in_missing(tree("{\"errors\":[{\"code\":\"DENIED\"}]}")), "another error");
	ok(!registry_in_missing(tree("{\"errors\":[{\"code\":\"THIS_CODE_IS_MUCH_LONGER_THAN_ANY_THAT_IS_KNOWN\"},7]}")), "words of nobody");
	ok(!registry_in_missing(tree("{\"errors\":\"MANIFEST_UNKNOWN\"}")), "no array");
	ok(tree("<html>MANIFEST_UNKNOWN</html>") == NULL, "a page is no answer");
}

static struct registry_manifest m;
static bool manifest(const char *json, const char *arch)
{
	struct why why;

	return registry_in_manifest(tree(json), arch, &m, &why) == KERR_OK;
}

#define ENTRY(arch, digest) "{\"digest\":\"" digest "\",\"platform\":{\"architecture\":\"" arch "\",\"os\":\"linux\"}}"
static const char index_of[] = "{\"manifests\":[" ENTRY("arm", "sha256:v7") "," ENTRY("386", "sha256:x86") "," ENTRY("amd64", "sha256:x64") ","
	"{\"digest\":\"sha256:win\",\"platform\":{\"architecture\":\"arm64\",\"os\":\"windows\"}},{\"digest\":\"sha256:none\"},"
	"{\"platform\":{\"architecture\":\"riscv64\",\"os\":\"linux\"}}]}";

static void manifests(void)
{
	static char many[16000];
	struct text t = text_on(many, sizeof(many));

	ok(manifest(index_of, "amd64") && m.index && m.fits && str_eq(m.digest, "sha256:x64") && str_eq(m.arch, "amd64"), "its own entry, not 386's");
	ok(manifest(index_of, "arm64") && m.fits && str_eq(m.arch, "arm"), "arm64 falls back to arm, not to Windows");
	ok(manifest(index_of, "arm") && m.fits && str_eq(m.digest, "sha256:v7"), "arm");
	ok(manifest(index_of, "s390x") && m.index && !m.fits && !m.cut, "none");
	ok(manifest(index_of, "riscv64") && !m.fits, "an entry without a digest is none");
	ok(manifest("{\"manifests\":[]}", "amd64") && m.index && !m.fits, "an empty index");
	text_s(&t, "{\"manifests\":[" ENTRY("arm", "sha256:1"));
	for (int i = 1; i < REGISTRY_ENTRIES - 1; i++)
		text_s(&t, "," ENTRY("arm", "sha256:1"));
	text_s(&t, "]}");
	ok(manifest(many, "amd64") && !m.cut, "one entry fewer than are read");
	t = text_on(many, sizeof(many));
	text_s(&t, "{\"manifests\":[" ENTRY("arm", "sha256:1"));
	for (int i = 0; i < REGISTRY_ENTRIES + 3; i++)
		text_s(&t, "," ENTRY("arm", "sha256:1"));
	text_s(&t, "]}");
	ok(manifest(many, "amd64") && m.cut, "more entries than are read: said");
	ok(manifest("{\"config\":{\"digest\":\"sha256:c\"},\"layers\":[{\"size\":10},{\"size\":20.0}]}", "amd64") && !m.index && m.bytes == 30 &&
	   str_eq(m.digest, "sha256:c"), "a manifest: its layers counted");
	ok(manifest("{\"layers\":[]}", "amd64") && m.bytes == 0 && m.digest[0] == '\0', "one of nothing");
	ok(!manifest("{\"layers\":[{\"size\":-1}]}", "amd64"), "a size below zero");
	ok(!manifest("{\"layers\":[{\"size\":1e30}]}", "amd64"), "a size beyond all disks");
	ok(!manifest("{\"layers\":[{}]}", "amd64"), "no size");
	ok(!manifest("{\"schemaVersion\":1,\"fsLayers\":[]}", "amd64"), "neither index nor manifest");
}

static void configs(void)
{
	char arch[16] = "?";

	registry_in_arch(tree("{\"architecture\":\"arm64\",\"config\":{\"Env\":[\"PASSWORD=x\"]}}"), arch);
	ok(str_eq(arch, "arm64"), "an image's architecture");
	ok(strstr(kept, "PASSWORD") == NULL, "its environment is not kept");
	registry_in_arch(tree("{\"architecture\":\"a-name-that-is-too-long\"}"), arch);
	ok(arch[0] == '\0', "one that is too long");
	registry_in_arch(tree("{}"), arch);
	ok(arch[0] == '\0', "none");
	ok(registry_in_runs("amd64", "amd64") && registry_in_runs("arm", "arm64") && registry_in_runs("386", "amd64"), "what runs");
	ok(!registry_in_runs("arm64", "arm") && !registry_in_runs("arm", "amd64") && !registry_in_runs("amd64", "386"), "what does not");
}

int main(void)
{
	challenges();
	tokens();
	errors();
	manifests();
	configs();
	return done();
}
