/* What the gate reads, writes and lights for the worker: those files alone, of an ecs.config no registry's password, and never
 * more than it should, whatever is asked. And what the service manager hears. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/gate/gate_file.h"
#include "agent/gate/gate_notify.h"
#include "agent/gate/gate_state.h"
#include "agent/wire/agent_config.h"
#include "platform/file.h"
#include "platform/light.h"
#include "tests/tap.h"

static struct gate g;
static struct conf conf;
static struct board board;
static char folder[] = "/tmp/kedge-file-XXXXXX";
static struct { unsigned n; uint32_t on_ms, off_ms; } light;
static unsigned heard;

enum kerr light_set(const char *path, uint32_t on_ms, uint32_t off_ms, struct why *why)
{
	(void)path, (void)why;
	light.n++;
	light.on_ms = on_ms;
	light.off_ms = off_ms;
	return KERR_OK;
}

void gate_heard(struct gate *gate)
{
	(void)gate;
	heard++;
}

static const char *in_folder(const char *name)
{
	static char path[4][96];
	static unsigned at;

	at = (at + 1) % 4;
	snprintf(path[at], sizeof(path[at]), "%s/%s", folder, name);
	return path[at];
}

static void put(const char *name, struct slice bytes)
{
	struct why why;

	if (file_replace_volatile(in_folder(name), bytes, 0600, &why) != KERR_OK)
		abort();
}

static struct answer ask(unsigned file, uint64_t stamp, struct text *out)
{
	static char room[TALK_TAIL_MAX];
	struct ask q = { .what = ASK_FILE, .u.file = { (enum talk_file)file, stamp } };
	struct answer a = { .err = KERR_OK };

	*out = text_on(room, sizeof(room));
	gate_file_ask(&g, &q, &a, out);
	return a;
}

static bool holds(const struct text *t, const char *what)
{
	return slice_find((struct slice){ t->p, t->len }, what) != SIZE_MAX;
}

static bool left_in_gate(const char *what)
{
	return slice_find((struct slice){ g.in, sizeof(g.in) }, what) != SIZE_MAX;
}

static void configs(void)
{
	static const char text[] = "ECS_CLUSTER=edge\n# ECS_LOGLEVEL=none\nECS_LOGLEVEL=debug\n"
				   "ECS_ENGINE_AUTH_TYPE=dockercfg\nECS_ENGINE_AUTH_DATA={\"https://index\":{\"auth\":\"c2VjcmV0LXdvcmQ=\"}}\n"
				   "HTTP_PROXY=http://u:proxy-word@proxy:3128\nAWS_SECRET_ACCESS_KEY=key-word\n"
				   "ECS_EXCLUDE_UNTRACKED_IMAGE=with a blank\nECS_INSTANCE_ATTRIBUTES={\"a\":\"b\"}\nECS_LOGLEVEL_OF_X=x\n";
	static char longer[sizeof(g.in) + 64];
	struct text out;
	struct answer a;
	uint64_t stamp;
	size_t n;

	put("ecs.config", SLICE(text));
	a = ask(TALK_AGENT_CONFIG, 0, &out);
	is_int(a.err, KERR_OK, "an ecs.config");
	ok(holds(&out, "ECS_CLUSTER=edge\n") && holds(&out, "ECS_LOGLEVEL=debug\n"), "its known settings");
	ok(holds(&out, "ECS_EXCLUDE_UNTRACKED_IMAGE="), "one that is set and means nothing is set all the same");
	ok(!holds(&out, "AUTH") && !holds(&out, "c2VjcmV0") && !holds(&out, "proxy-word") && !holds(&out, "key-word") &&
	   !holds(&out, "ATTRIBUTES") && !holds(&out, "LOGLEVEL_OF_X") && !holds(&out, "#"), "and no word of the others");
	ok(!left_in_gate("c2VjcmV0"), "nor does one stay in the gate");
	(void)agent_config_keys(&n);
	ok(n >= 10, "as many as are known");
	stamp = a.u.stamp;
	ok(stamp != 0, "it has a stamp");
	a = ask(TALK_AGENT_CONFIG, stamp, &out);
	ok(a.err == KERR_OK && out.len == 0 && a.u.stamp == stamp, "as it was: nothing is read");
	put("ecs.config", SLICE("ECS_CLUSTER=other\n"));
	a = ask(TALK_AGENT_CONFIG, stamp, &out);
	ok(a.err == KERR_OK && a.u.stamp != stamp && holds(&out, "ECS_CLUSTER=other\n"), "another file: read again");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, text, sizeof(text) - 1);
	put("ecs.config", (struct slice){ longer, sizeof(longer) });
	a = ask(TALK_AGENT_CONFIG, 0, &out);
	ok(a.err == KERR_TOO_BIG && out.len == 0, "one that is too long: nothing of it");
	ok(!left_in_gate("c2VjcmV0"), "... stays in the gate either");
	unlink(in_folder("ecs.config"));
	a = ask(TALK_AGENT_CONFIG, stamp, &out);
	ok(a.err == KERR_GONE && a.u.stamp == 0 && out.len == 0, "none");
	a = ask(TALK_CONF, 0, &out);
	ok(a.err == KERR_GONE && out.len == 0, "no kedge.conf");
	put("kedge.conf", SLICE("[kedge]\ncluster = edge\n"));
	a = ask(TALK_CONF, 0, &out);
	ok(a.err == KERR_OK && holds(&out, "[kedge]\ncluster = edge\n") && out.len == 23, "kedge.conf is told whole");
}

static void numbers(void)
{
	static const unsigned files[] = { TALK_FILES, TALK_FILES + 1, 0x7fffffffu, 0x80000000u, UINT32_MAX };
	struct text out;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct answer a = ask(files[i], 0, &out);

		ok(a.err == KERR_BAD_INPUT && out.len == 0 && a.u.stamp == 0, "file number %u is none", files[i]);
	}
}

static enum kerr textfile(uint32_t bytes)
{
	struct answer a = { .err = KERR_OK };

	gate_file_textfile(&g, bytes, &a);
	return a.err;
}

static void textfiles(void)
{
	static const uint32_t sizes[] = { VIEW_MAX + 1, 0x7fffffffu, 0x80000000u, UINT32_MAX };
	char got[64];
	size_t len = 0;
	struct why why;
	struct stat st;

	is_int(textfile(5), KERR_BAD_INPUT, "no textfile is set, and none is written");
	(void)str_put(conf.textfile, sizeof(conf.textfile), slice_of(in_folder("kedge.prom")));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		is_int(textfile(sizes[i]), KERR_BAD_INPUT, "a textfile of %u bytes", (unsigned)sizes[i]);
	is_int(access(conf.textfile, F_OK), -1, "... is not written");
	memcpy(board.reply, "up 1\nmore", 9);
	is_int(textfile(5), KERR_OK, "the numbers");
	is_int(file_read(conf.textfile, FILE_REGULAR, got, sizeof(got), &len, &why), KERR_OK, "... stand in the file");
	ok(len == 5 && memcmp(got, "up 1\n", 5) == 0, "... and nothing behind them");
	is_int(textfile(VIEW_MAX), KERR_OK, "all of the board");
	ok(stat(conf.textfile, &st) == 0 && st.st_size == VIEW_MAX && (st.st_mode & 0777) == 0644, "... is as long as it is");
	unlink(conf.textfile);
}

static enum kerr led(uint32_t on_ms, uint32_t off_ms)
{
	struct answer a = { .err = KERR_OK };

	gate_file_led(&g, on_ms, off_ms, &a);
	return a.err;
}

static void leds(void)
{
	is_int(led(100, 100), KERR_BAD_INPUT, "no LED is set");
	(void)str_put(conf.led, sizeof(conf.led), SLICE("/sys/class/leds/status"));
	is_int(led(UINT32_MAX, 0), KERR_BAD_INPUT, "an LED on for 49 days");
	is_int(led(0, UINT32_MAX), KERR_BAD_INPUT, "... off for as long");
	is_int(led(60001, 1), KERR_BAD_INPUT, "... a minute and more");
	is_int(light.n, 0, "none of it reaches it");
	is_int(led(2000, 200), KERR_OK, "a pattern");
	ok(light.n == 1 && light.on_ms == 2000 && light.off_ms == 200, "... does");
}

static enum kerr hmac(struct slice body, char hex[65])
{
	struct answer a = { .err = KERR_OK };
	struct text t = text_on(hex, 65);

	gate_file_hmac(&g, body, &a);
	text_hex(&t, a.u.hmac, sizeof(a.u.hmac));
	return a.err;
}

/* RFC 4231, test case 2. */
static void hmacs(void)
{
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	static const char body[] = "what do ya want for nothing?";
	char hex[65], long_one[300];

	is_int(hmac(SLICE(body), hex), KERR_GONE, "no secret is set");
	is_str(hex, zeros, "... no HMAC");
	(void)str_put(conf.webhook_secret, sizeof(conf.webhook_secret), slice_of(in_folder("secret")));
	is_int(hmac(SLICE(body), hex), KERR_GONE, "no such file");
	is_str(hex, zeros, "... no HMAC");
	put("secret", SLICE("Jefe\n"));
	is_int(hmac(SLICE(body), hex), KERR_OK, "a secret with its line end");
	is_str(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "... signs the body");
	memset(long_one, 'x', sizeof(long_one));
	put("secret", (struct slice){ long_one, sizeof(long_one) });
	is_int(hmac(SLICE(body), hex), KERR_TOO_BIG, "a secret that is too long");
	is_str(hex, zeros, "... no HMAC of a part of it");
	unlink(conf.webhook_secret);
}

/* ---- the service manager ---- */

static int manager(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", in_folder("notify"));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		abort();
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	notify_open(&g.notify);
	return fd;
}

static const char *said(int fd)
{
	static char got[4096];
	ssize_t n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static enum kerr notify(unsigned what, struct slice words)
{
	struct answer a = { .err = KERR_OK };

	gate_notify_ask(&g, (enum talk_notify)what, words, &a);
	return a.err;
}

static void notices(void)
{
	static char long_one[TALK_TAIL_MAX];
	const char *got;
	int fd = manager();

	is_int(notify(TALK_READY, SLICE("")), KERR_OK, "the worker is ready");
	is_str(said(fd), "READY=1", "... so is kedge");
	ok(g.worker.settled, "... and one that ends now is started anew");
	(void)!notify(TALK_STATUS, SLICE("all runs as deployed"));
	is_str(said(fd), "STATUS=all runs as deployed", "its line");
	(void)!notify(TALK_STATUS, SLICE("x\nMAINPID=1\nWATCHDOG=trigger"));
	is_str(said(fd), "STATUS=x MAINPID=1 WATCHDOG=trigger", "no line of it is an order to the service manager");
	memset(long_one, 'x', sizeof(long_one));
	(void)!notify(TALK_STATUS, (struct slice){ long_one, sizeof(long_one) });
	got = said(fd);
	ok(strncmp(got, "STATUS=xxx", 10) == 0 && strlen(got) < NOTIFY_STATUS_MAX + 8, "a line of 64 KiB is cut");
	is_int(heard, 0, "so far no sign of life");
	(void)!notify(TALK_ALIVE, SLICE(""));
	is_int(heard, 1, "one");
	is_int(notify(3, SLICE("")), KERR_BAD_INPUT, "no such notice");
	is_int(notify(UINT32_MAX, SLICE("")), KERR_BAD_INPUT, "... by far");
	is_str(said(fd), "", "... is told to nobody");
	close(fd);
	unlink(in_folder("notify"));
}

int main(void)
{
	static char conf_path[96];

	if (mkdtemp(folder) == NULL)
		return 1;
	conf_default(&conf);
	conf.led[0] = conf.textfile[0] = conf.webhook_secret[0] = '\0';
	(void)str_put(conf.agent_config, sizeof(conf.agent_config), slice_of(in_folder("ecs.config")));
	g.conf = &conf;
	snprintf(conf_path, sizeof(conf_path), "%s/kedge.conf", folder);
	g.conf_path = conf_path;
	g.board = &board;
	log_init(&g.log, LOG_LEVEL_ERROR);
	configs();
	numbers();
	textfiles();
	leds();
	hmacs();
	notices();
	unlink(conf_path);
	rmdir(folder);
	return done();
}
