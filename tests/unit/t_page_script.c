/* A browser runs the page's script only under its hash; when the script was changed, this says the new one. */
#include "agent/wire/view.h"
#include "platform/crypto.h"
#include "tests/story/world.h"
#include "tests/tap.h"

static struct world w;
static char page[VIEW_MAX];

int main(void)
{
	struct view v = { .core = &w.core, .version = "1.2.3", .daemon = true, .now_unix_ms = WORLD_UNIX_MS };
	struct text t = text_on(page, sizeof(page)), h;
	struct slice script;
	uint8_t digest[CRYPTO_SHA256_LEN];
	char hash[64];

	world_init(&w, MODE_MANUAL);
	ok(view_page(&v, &t) == KERR_OK, "the page is written");
	script = slice_from(text_get(&t), slice_find(text_get(&t), "<script>") + strlen("<script>"));
	script = slice_to(script, slice_find(script, "</script>"));
	ok(script.n > 100, "its script is in it");
	crypto_sha256(script, digest);
	h = text_on(hash, sizeof(hash));
	text_s(&h, "'sha256-");
	text_base64(&h, (struct slice){ (const char *)digest, sizeof(digest) });
	text_s(&h, "'");
	is_str(view_page_script_hash, hash, "the hash is that of the script");
	return done();
}
