/* tail: a log that is written, rotated, cut and missing. */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/wire/agent_log.h"
#include "platform/clock.h"
#include "platform/proc.h"
#include "platform/tail.h"
#include "tests/tap.h"

static char dir[64], got[1 << 20];
static struct tail t;

static const char *at(const char *name)
{
	static char path[4][200];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "a");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

static void move(const char *from, const char *to)
{
	if (rename(at(from), at(to)) != 0)
		abort();
}

static void on_line(void *arg, struct slice line)
{
	struct text *w = arg;

	text_slice(w, line);
	text_c(w, '|');
}

/* All there is to read now, as LINE|LINE|. */
static const char *drain(void)
{
	struct text w = text_on(got, sizeof(got));
	struct why why;
	bool more = true;

	while (more)
		(void)!tail_read(&t, on_line, &w, 4096, &more, &why);
	return got;
}

static bool readable_within(int ms)
{
	struct pollfd p = { .fd = tail_fd(&t), .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void nap(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void begin(uint64_t last_bytes, const struct tail_place *from)
{
	struct why why;

	is_int(tail_open(&t, at("log"), last_bytes, from, &why), KERR_OK, "opened");
}

static void clear(void)
{
	char command[120];

	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	if (system(command) != 0)
		abort();
}

static void test_plain(void)
{
	struct why why;
	bool more;
	struct text w = text_on(got, sizeof(got));

	begin(1000, NULL);
	is_int(tail_read(&t, on_line, &w, 4096, &more, &why), KERR_GONE, "no file yet is a state: %s", why.text);
	ok(!readable_within(0), "and wakes nobody");
	put("log", "one\ntwo\nthr");
	ok(readable_within(1000), "its appearance does");
	is_str(drain(), "one|two|", "whole lines only");
	put("log", "ee\n");
	ok(readable_within(1000), "a write wakes");
	is_str(drain(), "three|", "the line is completed");
	(void)readable_within(200);     /* writes that follow each other are looked after once more */
	is_str(drain(), "", "nothing new");
	ok(!readable_within(150), "then quiet");
	put("log", "four\n");
	ok(readable_within(1000), "a line alone wakes");
	is_str(drain(), "four|", "and is read");
	ok(!readable_within(150), "once");
	put("other", "noise\n");
	(void)drain();
	put("other", "more noise\n");
	ok(!readable_within(100), "another file's writes wake nobody");
	is_int(t.count.lines, 4, "lines are counted");
	is_int(t.count.bytes, 19, "and bytes");
	tail_close(&t);
}

static void test_start(void)
{
	struct tail_place place;

	clear();
	put("log", "aaaa\nbbbb\ncccc\n");
	begin(10, NULL);
	is_str(drain(), "bbbb|cccc|", "the last 10 bytes begin with a whole line");
	tail_close(&t);
	begin(9, NULL);
	is_str(drain(), "cccc|", "one byte less: the torn line is left out");
	put("log", "dd");
	(void)drain();
	place = tail_place(&t);
	is_int(place.offset, 15, "the place is after the last whole line");
	tail_close(&t);
	put("log", "dd\neeee\n");
	begin(0, &place);
	is_str(drain(), "dddd|eeee|", "reading goes on there");
	place = tail_place(&t);
	tail_close(&t);
	put("log", "ffff\n");
	move("log", "log.1");
	put("log", "gggg\n");
	begin(0, &place);
	is_str(drain(), "ffff|gggg|", "also when it was rotated meanwhile");
	is_int(t.count.lost, 0, "without a gap");
	place = tail_place(&t);
	tail_close(&t);
	place.inode += 12345;
	begin(0, &place);
	is_str(drain(), "gggg|", "a place nobody knows: the present file from its start");
	is_int(t.count.lost, 1, "and the gap is counted");
	tail_close(&t);
}

static void test_rotation(void)
{
	char name[32], want[400] = "";

	clear();
	put("log", "a1\n");
	begin(1000, NULL);
	is_str(drain(), "a1|", "first file");
	put("log", "a2\n");
	move("log", "log.1");
	is_str(drain(), "a2|", "renamed, and no new one yet");
	put("log.1", "a3\n");
	put("log", "b1\n");
	is_str(drain(), "a3|b1|", "the last of the old, then the new");
	is_int(t.count.rotations, 1, "one rotation");
	for (int i = 2; i < 12; i++) {
		snprintf(name, sizeof(name), "log.%d", i);
		move("log", name);
		snprintf(name, sizeof(name), "c%d\n", i);
		put("log", name);
		snprintf(want + strlen(want), sizeof(want) - strlen(want), "c%d|", i);
	}
	is_str(drain(), want, "ten rotations between two looks, in order");
	is_int(t.count.rotations, 11, "eleven rotations");
	put("log", "torn");
	(void)drain();
	move("log", "log.12");
	put("log", "next\n");
	is_str(drain(), "torn|next|", "an old file's last line without newline is a line");
	put("log", "gone\n");
	(void)unlink(at("log"));
	put("log", "fresh\n");
	is_str(drain(), "gone|fresh|", "a removed file is read to its end too");
	is_int(t.count.lost, 0, "nothing was lost");
	tail_close(&t);
}

static void test_truncation(void)
{
	clear();
	put("log", "aaaa\nbbbb\n");
	begin(1000, NULL);
	(void)drain();
	if (truncate(at("log"), 0) != 0)
		abort();
	put("log", "cc\n");
	is_str(drain(), "cc|", "cut in place and written again");
	is_int(t.count.truncations, 1, "is counted");
	tail_close(&t);
}

static void test_long_lines(void)
{
	static char big[1 << 20];

	clear();
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 2] = '\n';
	put("log", "before\n");
	put("log", big);
	put("log", "after\n");
	begin(1 << 22, NULL);
	is_str(drain(), "before|after|", "a line of 1 MB is passed over whole");
	is_int(t.count.oversize, 1, "and counted once");
	is_int(tail_place(&t).offset, 7 + (1 << 20) - 1 + 6, "the place is right behind it");
	big[TAIL_LINE_MAX - 1] = '\n';
	big[TAIL_LINE_MAX] = '\0';
	put("log", big);
	is_int(strlen(drain()), TAIL_LINE_MAX, "a line that just fits is handed on");
	big[TAIL_LINE_MAX - 1] = 'x';
	put("log", big);
	put("log", "\nend\n");
	is_str(drain(), "end|", "one byte more is not");
	is_int(t.count.oversize, 2, "and counted");
	tail_close(&t);
}

static void test_needles(void)
{
	struct why why;

	clear();
	put("log", "level=info msg=\"nothing\"\nlevel=error msg=\"x\"\nCannotPull\nx\n\nCannotPul\n");
	begin(1000, NULL);
	is_int(tail_needle(&t, "level=error", &why), KERR_OK, "a needle");
	is_int(tail_needle(&t, "CannotPull", &why), KERR_OK, "another");
	is_int(tail_needle(&t, "x", &why), KERR_BAD_INPUT, "too short for one");
	is_str(drain(), "level=error msg=\"x\"|CannotPull|", "only lines with a needle pass");
	ok(t.count.lines == 6 && t.count.passed == 2, "all are counted");
	for (int i = 2; i < TAIL_NEEDLES_MAX; i++)
		(void)!tail_needle(&t, "needle", &why);
	is_int(tail_needle(&t, "needle", &why), KERR_TOO_BIG, "the table is bounded");
	tail_close(&t);
}

static void count_line(void *arg, struct slice line)
{
	*(size_t *)arg += line.n > 0;
}

/* Of what is wanted no more than was asked for, as there may be no room for it. */
static void test_turns(void)
{
	char line[64];
	struct why why;
	size_t passed = 0;
	bool more = false;

	clear();
	for (int i = 0; i < 4000; i++) {
		snprintf(line, sizeof(line), "%s number=%05d\n", i < 1000 ? "level=info" : "level=error", i);
		put("log", line);
	}
	begin(1 << 20, NULL);
	is_int(tail_needle(&t, "level=error", &why), KERR_OK, "a needle");
	is_int(tail_read(&t, count_line, &passed, 4096, &more, &why), KERR_OK, "a turn");
	ok(passed > 0 && passed < 1000 && more, "goes on until something is wanted, and not further: %zu lines", passed);
	while (more)
		(void)!tail_read(&t, count_line, &passed, 4096, &more, &why);
	is_int(passed, 3000, "the rest comes in the next ones");
	ok(!more, "and then there is no more");
	tail_close(&t);
}

static void test_directory(void)
{
	clear();
	is_int(tail_open(&t, at("x/y/log"), 1000, NULL, NULL), KERR_OK, "a log in a directory that is not there");
	is_str(drain(), "", "is empty");
	ok(!readable_within(50), "and quiet");
	if (mkdir(at("x"), 0755) != 0)
		abort();
	ok(readable_within(1000), "a directory on the way wakes");
	(void)drain();
	if (mkdir(at("x/y"), 0755) != 0)
		abort();
	ok(readable_within(1000), "and the next");
	(void)drain();
	put("x/y/log", "here\n");
	ok(readable_within(1000), "and the file");
	is_str(drain(), "here|", "which is read");
	move("x/y", "x/z");
	if (mkdir(at("x/y"), 0755) != 0)
		abort();
	(void)drain();
	put("x/y/log", "again\n");
	nap(60);
	(void)readable_within(1000);
	is_str(drain(), "again|", "also after its directory was moved away");
	tail_close(&t);
}

/* A writer as fast as it goes, rotating by rename, against a slow reader: every line once, in order. */
static void write_fast(int lines, int per_file)
{
	char name[40], line[64];
	int fd = -1;

	for (int i = 0; i < lines; i++) {
		int n = snprintf(line, sizeof(line), "%d level=info some words to make it long\n", i);

		if (i % per_file == 0 && fd >= 0) {
			close(fd);
			snprintf(name, sizeof(name), "log.%d", i / per_file);
			move("log", name);
			fd = -1;
		}
		if (fd < 0)
			fd = open(at("log"), O_WRONLY | O_CREAT | O_APPEND, 0644);
		if (write(fd, line, (size_t)n) != n)
			_exit(1);
	}
	_exit(0);
}

static void check_order(void *arg, struct slice line)
{
	int *next = arg;
	struct slice number;
	uint64_t v;

	if (slice_next(&line, ' ', &number) && slice_u64(number, &v) && v == (uint64_t)*next)
		++*next;
}

static void test_race(void)
{
	int next = 0, status = -1, wakes = 0;
	struct why why;
	bool more;
	uint64_t end_ms;
	pid_t pid;

	clear();
	put("log", "");
	begin(0, NULL);
	pid = fork();
	if (pid == 0)
		write_fast(60000, 3000);
	end_ms = clock_boot_ms() + 20000;
	while (next < 60000 && clock_boot_ms() < end_ms) {
		if (!readable_within(1000))
			continue;
		wakes++;
		(void)!tail_read(&t, check_order, &next, 65536, &more, &why);
	}
	(void)waitpid(pid, &status, 0);
	is_int(next, 60000, "60,000 lines through 20 fast rotations: each once and in order");
	is_int(t.count.rotations, 19, "all rotations seen");
	ok(wakes < 2000, "in %d wake-ups", wakes);
	tail_close(&t);
}

static void test_cost(void)
{
	size_t passed = 0, needles, turns = 0;
	const char *const *needle = agent_log_needles(&needles);
	uint64_t before_ms, spent_ms;
	struct why why;
	bool more = true;
	FILE *f;

	clear();
	f = fopen(at("log"), "w");
	for (int i = 0; f != NULL && i < 140000; i++)
		fprintf(f, "level=error time=2026-11-23T09:00:00Z msg=\"Docker events stream closed with error: Cannot connect to the Docker "
			"daemon at unix:///var/run/docker.sock. Is the docker daemon running? Trying again: errorcode=dial unix "
			"/var/run/docker.sock: connect: no such file or directory\" module=docker_client.go number=%d\n", i);
	if (f == NULL || fclose(f) != 0)
		abort();
	begin(1 << 30, NULL);
	for (size_t i = 0; i < needles; i++)
		(void)!tail_needle(&t, needle[i], &why);
	before_ms = proc_cpu_ms();
	for (; more; turns++)
		(void)!tail_read(&t, count_line, &passed, 16 * 1024, &more, &why);
	spent_ms = proc_cpu_ms() - before_ms;
	is_int(t.count.lines, 140000, "ten seconds of a log at 14,000 lines a second");
	is_int(passed, 0, "none of them matters");
	ok(turns < t.count.bytes / (100 * 1024), "of what nobody wants much is read in one go: %zu times", turns);
	printf("# %" PRIu64 " ms of CPU\n", spent_ms);
/* a sanitizer or an emulated CPU says nothing about cost */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
	ok(spent_ms < 500, "cost less than 5 %% of a core");
#endif
	tail_close(&t);
}

int main(void)
{
	char command[100];

	strcpy(dir, "/tmp/t_platform_tail.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	test_plain();
	test_start();
	test_rotation();
	test_truncation();
	test_long_lines();
	test_needles();
	test_turns();
	test_directory();
	test_race();
	test_cost();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	is_int(system(command), 0, "cleaned up");
	return done();
}
