/* The URLs asked of registries: what engines make of the same references, and references that are traps. */
#include "agent/wire/registry_out.h"

#include "tests/tap.h"

#define HEX  "1111111111111111111111111111111111111111111111111111111111111111"
#define D    "sha256:" HEX

static struct registry_url got;

static void is(const char *image, const char *digest, const char *want)
{
	if (!registry_out(slice_of(image), digest[0] == '\0' ? REGISTRY_ROOT : REGISTRY_MANIFEST, slice_of(digest), &got))
		got.url[0] = '\0';
	ok(str_eq(got.url, want), "%s -> %s", image, want[0] == '\0' ? "refused" : want);
	if (!str_eq(got.url, want))
		printf("# got %s\n", got.url);
}

/* What the reference itself names. */
static void manifest(const char *image, const char *want)
{
	if (!registry_out(slice_of(image), REGISTRY_MANIFEST, slice_of(""), &got))
		got.url[0] = '\0';
	ok(str_eq(got.url, want), "manifest of %s -> %s", image, want[0] == '\0' ? "refused" : want);
}

static void plain(const char *image, bool want)
{
	ok(registry_out(slice_of(image), REGISTRY_ROOT, slice_of(""), &got) && got.plain == want, "%s: %s", image, want ? "http" : "https");
}

int main(void)
{
	is("r.example:5000/team/app:1", "", "https://r.example:5000/v2/");
	is("r.example:5000/team/app:1@" D, D, "https://r.example:5000/v2/team/app/manifests/" D);
	is("127.0.0.1:5000/app", D, "http://127.0.0.1:5000/v2/app/manifests/" D);
	is("nginx:1.25", "", "https://registry-1.docker.io/v2/");
	is("nginx:1.25", D, "https://registry-1.docker.io/v2/library/nginx/manifests/" D);
	is("docker.io/nginx", D, "https://registry-1.docker.io/v2/library/nginx/manifests/" D);
	is("team/app:1", D, "https://registry-1.docker.io/v2/team/app/manifests/" D);
	is("localhost/app:1", "", "http://localhost/v2/");
	plain("127.0.0.1/app", true);
	plain("reg.localhost:5000/app", true);
	plain("127.evil.example/app", false);
	plain("127.0.0.1.evil.example/app", false);
	plain("localhost.evil.example/app", false);
	is("", "", "");
	is("r.example/", "", "");
	is("r.example/a b", "", "");
	is("r.example/a?x=", D, "");
	is("r.example/a/../../admin", D, "");
	is("user@r.example/app", "", "");
	is("r.exa%6dple/app", "", "");
	is("r.example/app", "sha256:11", "");
	manifest("r.example:5000/team/app:1.2-b_3", "https://r.example:5000/v2/team/app/manifests/1.2-b_3");
	manifest("r.example/app", "https://r.example/v2/app/manifests/latest");
	manifest("nginx:1.25", "https://registry-1.docker.io/v2/library/nginx/manifests/1.25");
	manifest("r.example/app:1@" D, "https://r.example/v2/app/manifests/" D);
	manifest("r.example/app@sha512:11", "");
	manifest("r.example/app:..", "");
	manifest("r.example/app:1?x=y", "");
	manifest("r.example/app:", "");
	ok(registry_out(slice_of("nginx"), REGISTRY_BLOB, slice_of(D), &got) &&
	   str_eq(got.url, "https://registry-1.docker.io/v2/library/nginx/blobs/" D), "a blob");
	ok(!registry_out(slice_of("nginx"), REGISTRY_BLOB, slice_of("sha256:22"), &got), "a blob without a digest");
	is("r.example/app", "sha256:../../../../etc/passwd1111111111111111111111111111111111111111111", "");
	return done();
}
