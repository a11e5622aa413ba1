/* What of the ECS agent's log goes through the gate: the lines that say something of a task, whole and in their order, over
 * rotations and over a worker that does not keep up; nothing else that stands in it. */
#define _DEFAULT_SOURCE /* SO_SNDBUFFORCE, as the gate has it */
#include "tests/unit/gate_real.h"

#include "agent/wire/agent_log.h"
#include "tests/unit/capture.h"

#define LINE   "level=info time=2026-11-23T02:55:02Z msg=\"Sending state change to ECS\" n="
#define SECRET "hunter2"

static char path[96];
static unsigned lines, states;
static struct news state;
static char last[TALK_TAIL_MAX + 1];

static void write_to(const char *how, struct slice s)
{
	FILE *f = fopen(path, how);

	if (f == NULL || fwrite(s.p, 1, s.n, f) != s.n || fclose(f) != 0)
		abort();
}

static void note(void)
{
	if (heard.head.what == NEWS_LOG) {
		states++;
		state = heard.head;
	}
	if (heard.head.what != NEWS_LINE)
		return;
	lines++;
	memcpy(last, heard.tail, heard.tail_n + 1);
}

static enum kerr follow(void)
{
	struct answer a = { .err = KERR_OK };

	lines = states = 0;
	last[0] = '\0';
	gate_log_ask(&g, &a);
	return a.err;
}

/* Until so many lines were told; more than that are seen, too. */
static unsigned read_on(unsigned want)
{
	for (int i = 0; i < 300 && lines < want; i++) {
		turn(10);
		while (hear())
			note();
	}
	turn(50);
	while (hear())
		note();
	return lines;
}

static bool of_interest(struct slice line)
{
	size_t n;
	const char *const *needle = agent_log_needles(&n);

	for (size_t i = 0; i < n; i++)
		if (slice_find(line, needle[i]) != SIZE_MAX)
			return true;
	return false;
}

/* The log of a real agent. */
static void real_log(void)
{
	struct slice all = capture("agent-1.105.1.log"), rest = all, line;
	unsigned want = 0, others = 0, at = 0;
	bool same = true;

	while (slice_next(&rest, '\n', &line)) {
		want += of_interest(line);
		others += line.n > 0 && !of_interest(line);
	}
	ok(want > 20 && others > 100, "a log of %u lines of interest and %u others", want, others);
	write_to("w", all);
	is_int(follow(), KERR_OK, "it is followed");
	rest = all;
	for (int i = 0; i < 300 && at < want; i++) {
		turn(10);
		while (hear()) {
			note();
			if (heard.head.what != NEWS_LINE)
				continue;
			while (slice_next(&rest, '\n', &line) && !of_interest(line))
				continue;
			same = same && slice_is(line, heard.tail);
			at++;
		}
	}
	is_int(read_on(want), want, "those of interest, and no other");
	ok(same, "byte for byte, in their order");
	ok(states == 1 && state.err == KERR_OK, "its state is told once");
}

static void nothing_else(void)
{
	write_to("w", SLICE("level=info msg=\"Registering\" AWS_SECRET_ACCESS_KEY=" SECRET "\nENV DB_PASSWORD=" SECRET "\n" LINE "1\n" SECRET));
	is_int(follow(), KERR_OK, "a log with secrets in it");
	is_int(read_on(1), 1, "one line is told");
	is_str(last, LINE "1", "the one of interest");
	write_to("a", SLICE(" and a line's end\n" LINE "2\n"));
	is_int(read_on(2), 2, "what is added is told");
	is_str(last, LINE "2", "... of that, too, only what is of interest");
	write_to("a", SLICE(LINE "3"));
	is_int(read_on(3), 2, "a line that is not whole waits");
	write_to("a", SLICE("3\n"));
	is_int(read_on(3), 3, "until it is");
	is_str(last, LINE "33", "and is told once");
}

static void rotated(void)
{
	char old[128];

	snprintf(old, sizeof(old), "%s.2026-11-23-02", path);
	write_to("w", SLICE(LINE "1\n"));
	is_int(follow(), KERR_OK, "a log");
	is_int(read_on(1), 1, "is read");
	write_to("a", SLICE(LINE "2\n"));
	ok(rename(path, old) == 0, "it is rotated");
	write_to("w", SLICE(LINE "3\n"));
	is_int(read_on(3), 3, "the old one is read to its end, then the new one");
	is_str(last, LINE "3", "in this order");
	is_int(state.u.log.lost, 0, "nothing is lost");
	unlink(old);
}

static void missing(void)
{
	unlink(path);
	is_int(follow(), KERR_OK, "a log that is not there yet");
	for (int i = 0; i < 300 && states == 0; i++) {
		turn(10);
		while (hear())
			note();
	}
	ok(states > 0 && state.err == KERR_GONE, "is told: %s", state.why.text);
	write_to("w", SLICE(LINE "1\n"));
	is_int(read_on(1), 1, "and read when it comes");
	is_int(state.err, KERR_OK, "which is told, too");
}

static void line_of(char *to, size_t len)
{
	memset(to, 'x', len);
	memcpy(to, LINE, sizeof(LINE) - 1);
	to[len - 1] = '\n';
}

static void long_lines(void)
{
	static char text[3 * TALK_TAIL_MAX];

	line_of(text, TAIL_LINE_MAX);
	write_to("w", (struct slice){ text, TAIL_LINE_MAX });
	is_int(follow(), KERR_OK, "the longest line there can be");
	is_int(read_on(1), 1, "is told");
	is_int(strlen(last), TAIL_LINE_MAX - 1, "whole");
	line_of(text, 2 * TAIL_LINE_MAX);
	write_to("a", (struct slice){ text, 2 * TAIL_LINE_MAX });
	write_to("a", SLICE(LINE "2\n"));
	is_int(read_on(2), 2, "a longer one is passed over");
	is_str(last, LINE "2", "and the next is told");
	is_int(state.u.log.oversize, 1, "it is counted");
}

/* 2 MB of lines to a worker that does not read: the gate stops reading, spins for nothing, and goes on. */
static void slow_worker(void)
{
	enum { LINES = 2000, LEN = 1000 };
	static char text[LEN];
	unsigned turns = 0;
	bool in_order = true;

	write_to("w", SLICE(""));
	is_int(follow(), KERR_OK, "a log");
	for (unsigned i = 0; i < LINES; i++) {
		line_of(text, sizeof(text));
		snprintf(text + sizeof(LINE) - 1, 8, "%06u", i);
		text[sizeof(LINE) - 1 + 6] = ' ';
		write_to("a", (struct slice){ text, sizeof(text) });
	}
	for (int i = 0; i < 100 && !g.agent_log.waits; i++)
		turn(20);
	ok(g.agent_log.waits, "the worker does not read: the gate waits for it");
	for (uint64_t until = clock_boot_ms() + 300; clock_boot_ms() < until; turns++)
		turn(100);
	ok(turns < 20, "and sleeps meanwhile (%u turns)", turns);
	ok(gate_news(&g, &(struct news){ .what = NEWS_STOP }, SLICE("")) == KERR_OK, "there is room left for what must not be lost");
	for (int i = 0; i < 4000 && lines < LINES; i++) {
		turn(10);
		while (hear()) {
			if (heard.head.what == NEWS_LINE)
				in_order = in_order && (unsigned)atoi(heard.tail + sizeof(LINE) - 1) == lines;
			note();
		}
	}
	is_int(lines, LINES, "it reads: not one line is missing");
	ok(in_order, "and none is out of its order");
	is_int(g.agent_log.tail.count.lost, 0, "none was counted as lost");
}

static void anew(void)
{
	write_to("w", SLICE(LINE "1\n" LINE "2\n"));
	is_int(follow(), KERR_OK, "the first worker");
	is_int(read_on(2), 2, "reads");
	is_int(follow(), KERR_OK, "the next one");
	is_int(read_on(2), 2, "is told all of it again");
	is_int(states, 1, "and the state, too");
	gate_log_forget(&g);
	write_to("a", SLICE(LINE "3\n"));
	is_int(read_on(3), 2, "when there is no worker nothing is read");
	gate_log_go_on(&g);
	is_int(read_on(3), 2, "also not when there is room");
}

static void no_file(void)
{
	memset(conf.agent_log, 'x', sizeof(conf.agent_log) - 1);
	ok(follow() != KERR_OK || read_on(1) == 0, "a path that is too long, or leads nowhere, tells nothing");
	(void)snprintf(conf.agent_log, sizeof(conf.agent_log), "%s", folder);
	is_int(follow(), KERR_OK, "a folder");
	is_int(read_on(1), 0, "has no lines");
	ok(state.err != KERR_OK, "and says so: %s", state.why.text);
}

int main(void)
{
	start();
	snprintf(path, sizeof(path), "%s/ecs-agent.log", folder);
	snprintf(conf.agent_log, sizeof(conf.agent_log), "%s", path);
	real_log();
	nothing_else();
	rotated();
	missing();
	long_lines();
	slow_worker();
	anew();
	no_file();
	stop();
	return done();
}
