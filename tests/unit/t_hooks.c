/* What the runner of hooks answers, whatever it was told of: over a double of the runner, that only says "done". */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/gate/hook_runner.h"
#include "agent/run/node.h"
#include "tests/tap.h"

static struct node n;
static struct conf conf;
static int runner;

static void begin(void)
{
	int pair[2];
	struct why why;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 || loop_init(&n.loop, &why) != KERR_OK)
		abort();
	conf_default(&conf);
	n.conf = &conf;
	log_init(&n.log, LOG_LEVEL_ERROR);
	core_init(&n.core, &conf.core);
	n.hooks.fd = pair[0];
	runner = pair[1];
	hooks_start(&n);
}

/* The runner takes the job and says that no hook is left to run. */
static bool through(struct notice what)
{
	static char job[HOOK_JOB_MAX];
	struct hook_word w = { .did = HOOK_ALL_DONE };
	struct why why;

	outbox_put(&n.hooks.out, what);
	hooks_tick(&n);
	if (recv(runner, job, sizeof(job), MSG_DONTWAIT) <= 0 || send(runner, &w, sizeof(w), 0) != (ssize_t)sizeof(w))
		return false;
	return loop_turn(&n.loop, 1000, &why) == KERR_OK && !n.hooks.busy;
}

int main(void)
{
	static const uint32_t ids[] = { 1, SERVICES_MAX, 5000, UINT32_MAX };

	begin();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		n.core.rows.failures = 1;
		n.core.failure[0].used = true;
		n.core.failure[0].f.id = ids[i];
		ok(through((struct notice){ NOTICE_FAILURE, ids[i] }), "failure f%u is told and done with", (unsigned)ids[i]);
	}
	ok(through((struct notice){ NOTICE_SOURCE, SRC_ENGINE }), "a source, too");
	is_int(n.hooks.asked[0].id, 0, "nobody was asked about a rollback");
	close(runner);
	hooks_close(&n);
	loop_close(&n.loop);
	return done();
}
