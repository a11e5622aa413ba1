/* What tells of images: DescribeTaskDefinition, ECR's token, and what registries answer, header, manifest and error. The first byte
 * says which. Bodies come in pieces through the pruner. What is taken can stand in a header or a URL, and is about what was asked. */
#include "agent/wire/ecr.h"
#include "agent/wire/pruned.h"
#include "agent/wire/registry_in.h"
#include "agent/wire/taskdef_in.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static char memory[256 * 1024], room[32 * 1024], token[4096];
static struct pruned in;

static enum kerr feed(void *arg, struct slice part)
{
	return pruned_feed(&in, part, arg);
}

/* The tree of what is kept, in pieces; that of the whole at once is the same. */
static const cJSON *tree(const struct prune_list *list, const struct fuzz_pieces *pieces, struct slice text, struct arena *a)
{
	const cJSON *root = NULL;
	struct why why = { "" };

	pruned_begin(&in, list, room, sizeof(room));
	if (fuzz_feed(pieces, text, feed, &why) != KERR_OK || pruned_end(&in, a, &root, &why) != KERR_OK) {
		if (why.text[0] == '\0')
			fuzz_broken("refused without words");
		return NULL;
	}
	if (root == NULL)
		fuzz_broken("taken, and there is nothing");
	return root;
}

static void definition(const cJSON *root)
{
	static struct taskdef def;
	struct why why = { "" };

	if (taskdef_in(root, "web", 12, &def, &why) != KERR_OK) {
		if (why.text[0] == '\0')
			fuzz_broken("refused without words");
		return;
	}
	if (strcmp(def.family, "web") != 0 || def.revision != 12)
		fuzz_broken("a definition that was not asked for");
	if (def.n > TASK_CONTAINERS)
		fuzz_broken("more containers than there is room for");
	for (uint32_t i = 0; i < def.n; i++) {
		fuzz_text(def.container[i].name, sizeof(def.container[i].name), "a container");
		fuzz_text(def.container[i].image, sizeof(def.container[i].image), "an image");
		if (def.container[i].name[0] == '\0' || def.container[i].image[0] == '\0')
			fuzz_broken("a container without name or image");
	}
}

static void in_a_header(const char *p, size_t cap)
{
	fuzz_text(p, cap, "a token");
	if (p[0] == '\0' || strpbrk(p, " \t") != NULL)
		fuzz_broken("a token no header can hold");
}

static void ecr(const cJSON *root)
{
	struct why why = { "" };
	int64_t until = 0;

	if (ecr_token(root, token, sizeof(token), &until, &why) != KERR_OK)
		return;
	in_a_header(token, sizeof(token));
	if (strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != strlen(token))
		fuzz_broken("a token that is no base64");
}

static void registry(const cJSON *root)
{
	struct registry_manifest m;
	struct why why = { "" };
	char arch[16];

	if (registry_in_token(root, token, sizeof(token), &why) == KERR_OK)
		in_a_header(token, sizeof(token));
	(void)registry_in_missing(root);
	registry_in_arch(root, arch);
	fuzz_text(arch, sizeof(arch), "an architecture");
	if (registry_in_manifest(root, "arm64", &m, &why) != KERR_OK) {
		if (why.text[0] == '\0')
			fuzz_broken("refused without words");
		return;
	}
	fuzz_text(m.digest, sizeof(m.digest), "a digest");
	fuzz_text(m.arch, sizeof(m.arch), "an architecture");
	if (m.index && m.bytes != 0)
		fuzz_broken("an index has no layers");
	if (!m.index && (m.fits || m.cut))
		fuzz_broken("a manifest is of one platform");
	if (m.index && m.fits && m.arch[0] != '\0' && !registry_in_runs(m.arch, "arm64"))
		fuzz_broken("an entry that does not run here was chosen");
}

static void challenge(struct slice header, bool plain)
{
	char url[REGISTRY_URL_MAX];

	if (!registry_in_challenge(header, plain, url))
		return;
	fuzz_text(url, sizeof(url), "where a token is to be had");
	if (strpbrk(url, " \"<>\\^`{|}") != NULL)
		fuzz_broken("a URL with what none has");
	if (strncmp(url, "https://", 8) != 0 && !(plain && strncmp(url, "http://", 7) == 0))
		fuzz_broken("a realm of another scheme");
}

static void host(struct slice text)
{
	struct ecr_of of;

	if (!ecr_is(text, &of))
		return;
	fuzz_text(of.region, sizeof(of.region), "a region");
	if (slice_find(text, ".dkr") == SIZE_MAX || slice_find(text, "/") != SIZE_MAX || slice_find(text, "@") != SIZE_MAX)
		fuzz_broken("ECR's keys would go to somebody else");
	if (slice_find(text, of.region) == SIZE_MAX)
		fuzz_broken("a region that is not the registry's");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	uint8_t which = fuzz_byte(&text);
	struct fuzz_pieces pieces;
	const cJSON *root;
	struct arena a;

	if (which % 5 == 3) {
		challenge(text, which & 128);
		return 0;
	}
	if (which % 5 == 4) {
		host(text);
		return 0;
	}
	pieces = fuzz_pieces(&text);
	arena_init(&a, memory, sizeof(memory));
	root = tree(which % 5 == 0 ? &taskdef_list : which % 5 == 1 ? &ecr_list : &registry_list, &pieces, text, &a);
	if (root == NULL)
		return 0;
	if (which % 5 == 0)
		definition(root);
	else if (which % 5 == 1)
		ecr(root);
	else
		registry(root);
	return 0;
}
