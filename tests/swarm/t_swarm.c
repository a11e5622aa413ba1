/* Thousands of seeds of a modelled site: no good release is touched, no bad one is forgotten. t_swarm [SEED0 [N]] */
#include "tests/swarm/swarm.h"
#include "tests/tap.h"

#include <stdlib.h>

static struct swarm world;

static void totals(const struct swarm_score *s)
{
	static const char *const fault[FAULTS] = {
		"line", "route", "dns", "registry", "disk", "clock", "power", "dockerd", "agent", "kill", "throttle", "denied",
		"credentials", "port", "docker-kill", "lost-answer", "tag-deleted",
	};

	printf("# seeds %" PRIu64 " hours %" PRIu64 " steps %" PRIu64 " deployments %" PRIu64 " bad %" PRIu64 " restarts %" PRIu64 " told %" PRIu64
	       " by-breaker %" PRIu64 " by-people %" PRIu64 "\n# faults", s->seeds, s->hours, s->steps, s->deployments, s->bad, s->restarts,
	       s->told, s->by_breaker, s->by_people);
	for (int f = 0; f < FAULTS; f++)
		printf(" %s %" PRIu64, fault[f], s->faults[f]);
	printf("\n# misjudged failures %" PRIu64 " intents against good releases %" PRIu64 " misled people %" PRIu64 " told again after clock steps %" PRIu64
	       "\n# stops %" PRIu64 " rollbacks right %" PRIu64 " wrong %" PRIu64 " missed %" PRIu64 " asked %" PRIu64 "\n",
	       s->blamed_wrong, s->decided_wrong, s->misled, s->told_again, s->stops, s->right, s->wrong, s->missed, s->asked);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, n = argc > 2 ? strtoull(argv[2], NULL, 10) : 200, failed = 0;
	struct swarm_score score = { 0 };

	for (uint64_t i = 0; i < n; i++) {
		if (swarm_run(&world, seed + i, &score, n == 1))
			continue;
		failed++;
		if (failed <= 20)
			printf("# %s\n# replay: t_swarm %" PRIu64 " 1\n", world.broken, seed + i);
	}
	ok(failed == 0, "%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " broke something", n, seed, failed);
	totals(&score);
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
