#include "agent/wire/registry_out.h"

#include "agent/base/host.h"
#include "agent/base/image_ref.h"

/* Docker Hub by the name it serves its API under (docker 1.6 on), and the place of its official images. */
#define HUB      "registry-1.docker.io"
#define OFFICIAL "library/"

static bool all_of(struct slice s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ch_alnum(s.p[i]) && slice_find(slice_of(more), (char[]){ s.p[i], '\0' }) == SIZE_MAX)
			return false;
	return s.n > 0;
}

static bool is_loopback(struct slice authority)
{
	struct slice host;
	uint64_t port;

	return host_split(authority, &host, &port) && (host_is_loopback(host) || slice_ends(host, ".localhost"));
}

/* Without tag and digest; *tag: whichever of the two the engine goes by. */
static struct slice name_of(struct slice rest, struct slice *tag)
{
	size_t at = slice_find(rest, "@"), colon;
	struct slice digest = slice_from(rest, at == SIZE_MAX ? rest.n : at + 1);

	rest = slice_to(rest, at);
	colon = slice_rfind(rest, ":");
	*tag = digest.n > 0 ? digest : colon == SIZE_MAX ? SLICE("latest") : slice_from(rest, colon + 1);
	return colon == SIZE_MAX ? rest : slice_to(rest, colon);
}

static bool is_digest(struct slice digest)
{
	return slice_starts(digest, "sha256:") && digest.n == 7 + 64 && all_of(slice_from(digest, 7), "");
}

bool registry_out(struct slice image, enum registry_what what, struct slice digest, struct registry_url *out)
{
	struct slice host = image_ref_host(image), tag;
	struct slice name = name_of(host.n > 0 ? slice_from(image, host.n + 1) : image, &tag);
	bool hub = host.n == 0 || slice_is(host, "docker.io");
	struct text t = text_on(out->url, sizeof(out->url));

	if (digest.n > 0)
		tag = digest;
	if (!all_of(name, "._-/") || slice_find(name, "..") != SIZE_MAX || (!hub && !all_of(host, ".:-[]")) || (digest.n > 0 && !is_digest(digest)))
		return false;
	if (slice_find(tag, ":") == SIZE_MAX ? !all_of(tag, "._-") || slice_starts(tag, ".") : !is_digest(tag))
		return false;
	if (!str_put(out->host, sizeof(out->host), hub ? slice_of(HUB) : host))
		return false;
	out->plain = !hub && is_loopback(host);
	text_s(&t, out->plain ? "http://" : "https://");
	text_s(&t, out->host);
	text_say(&t, "/v2/");
	if (what != REGISTRY_ROOT) {
		text_s(&t, hub && slice_find(name, "/") == SIZE_MAX ? OFFICIAL : "");
		text_slice(&t, name);
		text_packed(&t, what == REGISTRY_BLOB ? PACKED("/blobs/") : PACKED("/manifests/"));
		text_slice(&t, tag);
	}
	return !t.full;
}
