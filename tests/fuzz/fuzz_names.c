/* ARNs, names of clusters and definitions, image references and the URLs made of them. The first byte says what the rest is. */
#include "agent/base/image_ref.h"
#include "agent/wire/arn.h"
#include "agent/wire/registry_out.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void inside(struct slice part, struct slice of)
{
	if (part.n > 0 && (part.p < of.p || part.p + part.n > of.p + of.n))
		fuzz_broken("a part that lies outside of its text");
}

static void again(const struct arn *a, struct slice text)
{
	char room[ARN_CAP];
	struct text t = text_on(room, sizeof(room));
	const struct slice field[] = { SLICE("arn"), a->partition, a->service, a->region, a->account, a->resource };

	for (size_t i = 0; i < 6; i++) {
		if (i > 0)
			text_c(&t, ':');
		text_slice(&t, field[i]);
	}
	if (t.full || !slice_eq(text_get(&t), text))
		fuzz_broken("the parts of an ARN are not the ARN");
}

static void arn(struct slice text)
{
	struct slice cluster = { NULL, 0 }, service = { NULL, 0 };
	char long_form[ARN_CAP];
	struct arn a, of;
	struct why why = { "" };

	inside(arn_task_id(text), text);
	inside(arn_cluster_name(text), text);
	if (arn_service_of(text, &cluster, &service)) {
		inside(cluster, text);
		inside(service, text);
		if (!arn_name_ok(service) || !arn_name_ok(cluster))
			fuzz_broken("a service whose name AWS does not allow");
	}
	if (arn_parse(text, &a, &why) != KERR_OK) {
		if (why.text[0] == '\0')
			fuzz_broken("refused without words");
		return;
	}
	again(&a, text);
	if (arn_of_service(&a, cluster, service, long_form, sizeof(long_form), &why) == KERR_OK && service.n > 0 &&
	    arn_parse_ecs(slice_of(long_form), "service", 3, &of, &why) != KERR_OK)
		fuzz_broken(why.text);
}

static void definition(struct slice text)
{
	struct slice family = { NULL, 0 };
	uint32_t revision = 0;

	if (!arn_family_revision(text, &family, &revision))
		return;
	inside(family, text);
	if (!arn_name_ok(family) || revision == 0)
		fuzz_broken("a definition without name or number");
}

static void image(struct slice text, enum registry_what what, struct slice digest)
{
	struct slice host = image_ref_host(text), url;
	struct registry_url to;

	inside(host, text);
	if (!registry_out(text, what, digest, &to))
		return;
	fuzz_text(to.host, sizeof(to.host), "a registry");
	fuzz_text(to.url, sizeof(to.url), "a URL");
	url = slice_of(to.url);
	if (!slice_starts(url, to.plain ? "http://" : "https://") || slice_find(url, " ") != SIZE_MAX ||
	    slice_find(url, "\"") != SIZE_MAX || slice_find(url, "@") != SIZE_MAX || slice_find(url, "#") != SIZE_MAX)
		fuzz_broken("a URL with what none has");
	url = slice_from(url, to.plain ? 7 : 8);
	if (!slice_starts(url, to.host) && host.n > 0)
		fuzz_broken("a URL to another host than is said");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, first = SLICE("");
	uint8_t which = fuzz_byte(&in) % 4;

	if (which == 0) {
		arn(in);
	} else if (which == 1) {
		definition(in);
	} else if (which == 2) {
		(void)slice_next(&in, '\n', &first);
		for (enum registry_what what = REGISTRY_ROOT; what <= REGISTRY_BLOB; what++)
			image(first, what, in);
	} else if (arn_partition_of(in) != NULL && (in.n == 0 || slice_find(in, "-") == SIZE_MAX)) {
		fuzz_broken("a partition of what is no region");
	}
	return 0;
}
