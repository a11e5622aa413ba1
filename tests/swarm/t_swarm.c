/* Thousands of seeds of a modelled world: no good release is touched, no bad one is forgotten.
 * swarm [SEED0 [SEEDS [SECONDS [trace]]]], on all processors; SECONDS: begin no further seed after so many, 0: no bound. */
#include "tests/swarm/swarm.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define SHOWN_MAX   20           /* broken seeds shown of each worker */

struct broken { uint64_t seed; char text[400]; };
struct result { struct swarm_score score; uint64_t failed; struct broken shown[SHOWN_MAX]; };

static struct swarm world;
static struct result result, all[WORKERS_MAX];

static uint64_t clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static void seeds(uint64_t first, uint64_t n, uint64_t step, uint64_t until_s, bool verbose)
{
	for (uint64_t i = first; i < first + n && (until_s == 0 || clock_s() < until_s); i += step) {
		if (swarm_run(&world, i, &result.score, verbose))
			continue;
		if (result.failed < SHOWN_MAX) {
			result.shown[result.failed].seed = i;
			snprintf(result.shown[result.failed].text, sizeof(world.broken), "%s", world.broken);
		}
		result.failed++;
	}
}

static bool whole(int fd, struct result *r)
{
	char *at = (char *)r;
	size_t left = sizeof(*r);
	ssize_t got = 1;

	for (; left > 0 && got > 0; left -= (size_t)got, at += got)
		got = read(fd, at, left);
	return left == 0;
}

static void worker(int fd, uint64_t first, uint64_t n, uint64_t step, uint64_t until_s)
{
	const char *at = (const char *)&result;
	size_t left = sizeof(result);
	ssize_t put = 1;

	seeds(first, n, step, until_s, false);
	for (; left > 0 && put > 0; left -= (size_t)put, at += put)
		put = write(fd, at, left);
	_exit(left != 0);
}

/* Every worker takes each workers-th seed: what is printed does not depend on who was faster. */
static bool run_all(uint64_t seed, uint64_t n, uint32_t workers, uint64_t until_s)
{
	int fd[WORKERS_MAX][2];
	bool fine = true;

	for (uint32_t i = 0; i < workers; i++) {
		pid_t pid;

		if (pipe(fd[i]) != 0 || (pid = fork()) < 0)
			return false;
		if (pid == 0)
			worker(fd[i][1], seed + i, n - i, workers, until_s);
		close(fd[i][1]);
	}
	for (uint32_t i = 0; i < workers; i++)
		fine = whole(fd[i][0], &all[i]) && fine;
	while (wait(NULL) > 0)
		;
	return fine;
}

static void add_up(struct result *sum, const struct result *one)
{
	uint64_t *to = (uint64_t *)&sum->score;
	const uint64_t *from = (const uint64_t *)&one->score;

	for (size_t i = 0; i < sizeof(sum->score) / sizeof(*to); i++)
		to[i] += from[i];
	sum->failed += one->failed;
}

static int by_seed(const void *a, const void *b)
{
	const struct broken *x = a, *y = b;

	return x->seed < y->seed ? -1 : x->seed > y->seed;
}

static void show_broken(uint32_t workers)
{
	static struct broken shown[WORKERS_MAX * SHOWN_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < workers; i++)
		for (uint64_t k = 0; k < all[i].failed && k < SHOWN_MAX; k++)
			shown[n++] = all[i].shown[k];
	qsort(shown, n, sizeof(*shown), by_seed);
	for (size_t i = 0; i < n && i < SHOWN_MAX; i++)
		printf("# %s\n# replay: make swarm SEEDS=1 SEED0=%" PRIu64 " V=1\n", shown[i].text, shown[i].seed);
}

static uint64_t wrong(const struct swarm_score *s) { return s->matrix[TRUTH_GOOD][OUT_WRONG] + s->matrix[TRUTH_SITE][OUT_WRONG]; }

static void show_totals(const struct swarm_score *s)
{
	static const char *const truth[TRUTHS] = { "bad release", "good release", "site fault" };

	printf("# seeds %" PRIu64 " nodes %" PRIu64 " hours %" PRIu64 " steps %" PRIu64 " deployments %" PRIu64 " bad %" PRIu64
	       " restarts %" PRIu64 " told %" PRIu64 " by-breaker %" PRIu64 " by-people %" PRIu64 "\n# faults", s->seeds, s->nodes, s->hours, s->steps, s->deployments,
	       s->bad, s->restarts, s->told, s->by_breaker, s->by_people);
	for (int f = 0; f < FAULTS; f++)
		printf(" %s %" PRIu64, swarm_fault_name((enum fault)f), s->faults[f]);
	printf("\n# misjudged failures %" PRIu64 " intents against good releases %" PRIu64 " misled (by people, or by an image deleted unseen) %" PRIu64
	       " told again after clock steps %" PRIu64 " stops %" PRIu64 " of no effect %" PRIu64 " updates %" PRIu64 " quorums %" PRIu64 "\n",
	       s->blamed_wrong, s->decided_wrong, s->misled, s->told_again, s->stops, s->idle_stops, s->updates, s->quorums);
	printf("# %-14s %14s %10s %10s %14s %10s\n", "deployments", "rolled back", "wrong", "missed", "asked a person", "left alone");
	for (int t = 0; t < TRUTHS; t++)
		printf("# %-14s %14" PRIu64 " %10" PRIu64 " %10" PRIu64 " %14" PRIu64 " %10" PRIu64 "\n", truth[t], s->matrix[t][OUT_RIGHT],
		       s->matrix[t][OUT_WRONG], s->matrix[t][OUT_MISSED], s->matrix[t][OUT_ASKED], s->matrix[t][OUT_ALONE]);
	printf("# figures swarm_seeds=%" PRIu64 " swarm_wrong=%" PRIu64 " swarm_missed=%" PRIu64 "\n", s->seeds, wrong(s),
	       s->matrix[TRUTH_BAD][OUT_MISSED]);
}

static uint64_t number(int argc, char **argv, int at, uint64_t otherwise)
{
	return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = number(argc, argv, 1, 1), n = number(argc, argv, 2, 200), cap_s = number(argc, argv, 3, 0), begun_s = clock_s();
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t workers = cpus < 1 ? 1 : cpus > WORKERS_MAX ? WORKERS_MAX : (uint32_t)cpus;
	struct result sum = { .failed = 0 };

	workers = n < workers ? (uint32_t)n : workers;
	if (argc > 4 && strcmp(argv[4], "trace") == 0) {
		workers = 1;
		seeds(seed, n, 1, 0, true);
		all[0] = result;
	} else if (!run_all(seed, n, workers, cap_s == 0 ? 0 : begun_s + cap_s)) {
		printf("Bail out! a worker ended before its time\n");
		return 1;
	}
	for (uint32_t i = 0; i < workers; i++)
		add_up(&sum, &all[i]);
	show_broken(workers);
	ok(sum.failed == 0, "%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " broke something", sum.score.seeds, seed, sum.failed);
	ok(wrong(&sum.score) == 0, "no good release was hauled back");
	ok(sum.score.seeds > 0 && (sum.score.seeds < 50 || sum.score.matrix[TRUTH_BAD][OUT_RIGHT] > 0), "of many seeds some bad ones were");
	printf("1..%d\n", tap_count);
	show_totals(&sum.score);
	return tap_failed != 0;
}
