/* platform/spawn: one program, its input, its end, its time; and what a hostile one can not do. */
#include "platform/spawn.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/clock.h"
#include "tests/tap.h"

static char said[64];
static char folder[] = "/tmp/kedge-spawn-XXXXXX";

static struct spawn_end run(const char *script, struct slice input, uint64_t limit_ms, int quit_fd)
{
	char sh[] = "/bin/sh", c[] = "-c", word[4096], path[] = "PATH=/usr/bin:/bin", mark[] = "MARK=x y";
	char *argv[] = { sh, c, word, NULL }, *envp[] = { path, mark, NULL };
	struct spawn s = { "/bin/sh", argv, envp, input, limit_ms, quit_fd, said, sizeof(said) };
	struct spawn_end end;
	struct why why = { "" };

	snprintf(word, sizeof(word), "%s", script);
	ok(spawn_run(&s, &end, &why) == KERR_OK, "run: %.60s %s", script, why.text);
	return end;
}

static void test_ends(void)
{
	struct spawn_end e = run("exit 75", SLICE(""), 5000, -1);

	is_int(e.exit_code, 75, "its exit code");
	e = run("kill -9 $$", SLICE(""), 5000, -1);
	ok(e.exit_code == -1 && e.signal == 9 && !e.timed_out, "the signal that ended it");
	e = run("cat; echo \"$MARK\" >&2; echo \"${HOME-none}\"; pwd", SLICE("in"), 5000, -1);
	is_str(said, "inx y\nnone\n/\n", "its input, both its outputs, its environment alone, its folder");
	e = run("exit 0", SLICE("nobody reads this"), 5000, -1);
	is_int(e.exit_code, 0, "who does not read its input ends as it likes");
	e = run("for i in 1 2 3 4 5 6 7 8 9; do echo 123456789; done", SLICE(""), 5000, -1);
	ok(e.output_bytes == 90 && strlen(said) == sizeof(said) - 1, "what it printed is kept up to its bound, and all of it counted");
}

static void test_start(void)
{
	char path[128], *argv[] = { path, NULL }, *envp[] = { NULL };
	struct spawn s = { path, argv, envp, SLICE(""), 1000, -1, said, sizeof(said) };
	struct spawn_end end;
	struct why why;
	FILE *f;

	snprintf(path, sizeof(path), "%s/none", folder);
	ok(spawn_run(&s, &end, &why) == KERR_OK && end.exit_code == 127 && strstr(said, "cannot be started: No such file") != NULL,
	   "a program that is not there: %s", said);
	snprintf(path, sizeof(path), "%s/empty-head", folder);
	f = fopen(path, "w");
	fputs("exit 3\n", f);
	fclose(f);
	chmod(path, 0755);
	ok(spawn_run(&s, &end, &why) == KERR_OK && end.exit_code == 127 && strstr(said, "Exec format") != NULL, "one without #! has no shell to fall to: %s", said);
}

static void test_hostile(void)
{
	uint64_t began = clock_boot_ms();
	struct spawn_end e = run("sleep 60", SLICE(""), 200, -1);
	char word[256];
	static char big[300000];

	ok(e.timed_out && e.signal == 9 && clock_boot_ms() - began < 20000, "one that hangs is killed");
	e = run("trap '' TERM INT HUP; while :; do :; done", SLICE(""), 200, -1);
	ok(e.timed_out && e.signal == 9, "and one that ignores signals");
	e = run("yes", SLICE(""), 20000, -1);
	ok(!e.timed_out && e.output_bytes <= SPAWN_FLOOD_BYTES + 4096, "one that floods finds nobody listening: %" PRIu64 " bytes", e.output_bytes);
	memset(big, 'x', sizeof(big));
	e = run("sleep 60", (struct slice){ big, sizeof(big) }, 200, -1);
	ok(e.timed_out, "one that reads nothing of a large input too");
	snprintf(word, sizeof(word), "(sleep 1; echo late >%s/late) & exit 4", folder);
	began = clock_boot_ms();
	e = run(word, SLICE(""), 5000, -1);
	is_int(e.exit_code, 4, "what it leaves behind does not hold it");
	nanosleep(&(struct timespec){ 1, 300000000 }, NULL);
	snprintf(word, sizeof(word), "%s/late", folder);
	ok(access(word, F_OK) != 0, "... and is killed");
	e = run("ls /proc/self/fd | wc -l", SLICE(""), 5000, -1);
	ok(said[0] == '4', "no file of ours is open in it: 0 1 2 and that of ls: %s", said);
}

static void test_quit(void)
{
	int ends[2];
	struct spawn_end e;

	ok(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "a socket whose peer leaves");
	close(ends[0]);
	e = run("sleep 60", SLICE(""), 60000, ends[1]);
	ok(e.quit && e.signal == 9, "whoever it runs for has gone: it is killed");
	close(ends[1]);
}

int main(void)
{
	sigset_t child;
	char word[64];

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(folder) == NULL)
		return 1;
	test_ends();
	test_start();
	test_hostile();
	test_quit();
	snprintf(word, sizeof(word), "rm -rf %s", folder);
	(void)!system(word);
	return done();
}
