/* What a technician sees: kedge status in every verdict and with the daemon down, byte for byte as in tests/golden. Each state is
 * reached by events through the core, written by the daemon's own view and drawn by the verb's own hand. UPDATE=1 writes them anew. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/show.h"
#include "agent/wire/view.h"
#include "tests/story/world.h"
#include "tests/tap.h"

#define GOLDEN_MAX 16384
#define NOT_FOUND  "manifest for registry:5000/web:12 not found: manifest unknown"

static struct world w;
static unsigned task;
static char json[VIEW_MAX], arena_bytes[24 * VIEW_MAX];
static char want[GOLDEN_MAX], got[GOLDEN_MAX];

/* ---- the states ---- */

static void node(enum rb_mode mode)
{
	task = 1;
	world_init(&w, mode);
	snprintf(w.core.node.region, sizeof(w.core.node.region), "eu-west-1");
	for (int i = 0; i < SOURCES; i++)
		world_source(&w, (enum source)i, SS_UP);
}

static void good(void)
{
	world_good(&w, task++, "web", 11, "sha256:image11", "sha256:digest11");
}

static void failing_pull(enum class class, const char *reason)
{
	world_place(&w, task, "web", 12);
	world_run(&w, 15000);
	world_pull_attempt(&w, task, class, reason);
	world_run(&w, 14000);
	world_stopped(&w, task++, STAGE_PULL, class, reason, -1);
	world_run(&w, 5000);
}

static void release_12(unsigned failures, enum class class, const char *reason)
{
	good();
	world_deploy(&w, "web", 12, "");
	for (unsigned i = 0; i < failures; i++)
		failing_pull(class, reason);
}

static void ok_(void)
{
	node(MODE_MANUAL);
	good();
}

static void rolling_placed(void)
{
	node(MODE_MANUAL);
	good();
	world_deploy(&w, "web", 12, "");
	world_place(&w, task, "web", 12);
	world_run(&w, 8000);
}

static void rolling(void)
{
	rolling_placed();
	world_create(&w, task, "web", 12, "sha256:image12");
	world_run(&w, 2000);
}

static void suspect(void)
{
	node(MODE_MANUAL);
	release_12(1, CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
}

static void failing(void)
{
	node(MODE_MANUAL);
	release_12(3, CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
}

/* A reason with letters that only a UTF-8 terminal has, and with what no terminal may be sent. */
static void failing_utf8(void)
{
	node(MODE_MANUAL);
	release_12(3, CLASS_IMAGE_NOT_FOUND, "caf\xc3\xa9 \xe2\x80\x94 \x1b[2Jnot found: manifest unknown");
}

static void suspect_registry(void)
{
	node(MODE_AUTO);
	release_12(3, CLASS_REGISTRY_UNREACHABLE, "dial tcp 10.0.0.9:5000: connect: connection refused");
}

static void failing_offline(void)
{
	node(MODE_AUTO);
	release_12(1, CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
	failing_pull(CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
	world_line(&w, false);
	failing_pull(CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
}

static void failing_shadow(void)
{
	node(MODE_SHADOW);
	release_12(3, CLASS_IMAGE_NOT_FOUND, NOT_FOUND);
}

static void stuck(void)
{
	node(MODE_MANUAL);
	good();
	world_deploy(&w, "web", 12, "");
	world_place(&w, task, "web", 12);
	world_run(&w, 660000);
}

static void rolling_back(void)
{
	char id[16];

	failing();
	snprintf(id, sizeof(id), "r%u", w.core.service[0].rb.id);
	world_operator(&w, OPV_CONFIRM, "", id);
	world_run(&w, 5000);
}

static void rolled_back(void)
{
	rolling_back();
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
}

static void unknown(void)
{
	failing();
	world_init(&w, MODE_MANUAL);
	world_source(&w, SRC_ENGINE, SS_UNREACHABLE);
	good();
	world_restart(&w);
	world_source(&w, SRC_ENGINE, SS_UNREACHABLE);
	world_run(&w, 1000);
}

static void down(void)
{
	failing();
	world_restart(&w);
}

/* ---- as the verb draws it ---- */

static struct answer answered(bool daemon)
{
	struct view v = { .core = &w.core, .version = "0.1.0", .daemon = daemon, .pss_bytes = 700000,
			  .now_unix_ms = WORLD_UNIX_MS + (int64_t)w.now_ms, .data_budget_bytes = 5000000, .disk_bytes_written = 4096,
			  .purpose = { { "ListServiceDeployments", 12000, 4300 } }, .purposes = 1, .keys_provider = "ssm",
			  .keys_state = "ok", .keys_expiry_unix_s = WORLD_UNIX_MS / 1000 + 3600, .clock = { .state = "ok", .heard = true },
			  .actor = true };
	struct text t = text_on(json, sizeof(json));
	struct answer a = { .daemon = daemon };
	static struct arena arena;
	struct why why = { "" };

	arena_init(&arena, arena_bytes, sizeof(arena_bytes));
	ok(view_status(&v, &t) == KERR_OK && json_parse(&arena, text_get(&t), &a.root, &why) == KERR_OK, "the view %s", why.text);
	a.json = text_get(&t);
	return a;
}

static size_t slurp(FILE *f, char *to)
{
	size_t n;

	rewind(f);
	n = fread(to, 1, GOLDEN_MAX - 1, f);
	to[n] = '\0';
	return n;
}

/* stdout, for as long as it draws, is a file. */
static void draw(show_page *page, const struct page *p, const struct answer *a)
{
	FILE *to = tmpfile();
	int saved;

	if (to == NULL) {
		puts("Bail out! no temporary file");
		exit(1);
	}
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(fileno(to), STDOUT_FILENO);
	if (page != show_brief)
		ask_head(a);
	page(p, a);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ok(slurp(to, got) < GOLDEN_MAX - 1, "it fits");
	fclose(to);
}

static void path_of(const char *name, char *path, size_t cap)
{
	const char *root = getenv("KEDGE_SRCDIR");

	snprintf(path, cap, "%s/tests/golden/status-%s.txt", root != NULL ? root : ".", name);
}

static void compare(const char *name)
{
	bool update = getenv("UPDATE") != NULL;
	char path[256];
	FILE *f;

	path_of(name, path, sizeof(path));
	f = fopen(path, update ? "w" : "r");
	if (f == NULL) {
		ok(false, "%s is there", path);
		return;
	}
	if (update)
		fputs(got, f);
	else
		slurp(f, want);
	fclose(f);
	is_str(got, update ? got : want, "status-%s", name);
}

/* Every line but those of --brief, which are for a file as well: counted in columns. */
static bool fits(const char *text)
{
	size_t columns = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\033')
			p += strcspn(p, "m");
		else if (*p == '\n')
			columns = 0;
		else
			columns += ((unsigned char)*p & 0xc0) != 0x80;
		if (columns > PAGE_WIDTH)
			return false;
	}
	return true;
}

static void shown(const char *name, void (*reach)(void), show_page *page, bool daemon, bool utf8, bool colour)
{
	struct page p = { .width = PAGE_WIDTH, .fixed = true, .utf8 = utf8, .colour = colour };
	struct answer a;

	reach();
	ok(w.broken == NULL, "%s: no invariant is broken", name);
	a = answered(daemon);
	draw(page, &p, &a);
	compare(name);
	ok(page == show_brief || fits(got), "%s: 80 columns hold it", name);
}

int main(void)
{
	static const struct { const char *name; void (*reach)(void); } state[] = {
		{ "ok", ok_ }, { "rolling", rolling }, { "rolling-placed", rolling_placed }, { "suspect", suspect }, { "failing", failing }, { "stuck", stuck },
		{ "rolling-back", rolling_back }, { "rolled-back", rolled_back }, { "unknown", unknown },
		{ "suspect-registry", suspect_registry }, { "failing-offline", failing_offline }, { "failing-shadow", failing_shadow },
	};

	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < sizeof(state) / sizeof(state[0]); i++)
		shown(state[i].name, state[i].reach, show_status, true, false, false);
	shown("down", down, show_status, false, false, false);
	shown("failing-utf8", failing_utf8, show_status, true, true, false);
	shown("failing-ascii", failing_utf8, show_status, true, false, false);
	shown("failing-colour", failing, show_status, true, false, true);
	shown("ok-colour", ok_, show_status, true, false, true);
	shown("ok-brief", ok_, show_brief, true, false, false);
	shown("failing-brief", failing, show_brief, true, false, false);
	shown("unknown-brief", unknown, show_brief, true, false, false);
	shown("down-brief", down, show_brief, false, false, false);
	/* an hour ahead of UTC, and where it is still yesterday */
	setenv("TZ", "CET-1", 1);
	tzset();
	shown("ok-local", ok_, show_status, true, false, false);
	setenv("TZ", "HST10", 1);
	tzset();
	shown("failing-yesterday", failing, show_status, true, false, false);
	return done();
}
