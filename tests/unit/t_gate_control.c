/* The control socket at the gate: what a person's words permit, whom the worker answers, and what a worker that was taken over
 * can make of it. Over the real socket; the worker and the permits are played here. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/gate/gate_state.h"
#include "platform/clock.h"
#include "tests/tap.h"

#define ARN "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/abc"

static struct gate g;
static struct conf conf;
static struct board board;
static struct { unsigned n; struct news last; char words[256]; enum kerr say; } told;
static struct { unsigned n; char what[ARN_CAP + NAME_CAP + 64]; enum kerr say; } noted;
static char withdrawn[NAME_CAP];
static unsigned order;                   /* a yes first, then the worker */
static char folder[] = "/tmp/kedge-control-XXXXXX", path[64];

struct news gate_new(enum news_what what)
{
	return (struct news){ .what = what };
}

enum kerr gate_news(struct gate *gate, struct news *news, struct slice tail)
{
	(void)gate;
	if (told.say != KERR_OK)
		return told.say;
	told.n++;
	told.last = *news;
	(void)str_cut(told.words, sizeof(told.words), tail);
	order = order * 10 + 2;
	return KERR_OK;
}

enum kerr gate_permit_grant(struct gate *gate, enum grant_verb verb, uint32_t uid, struct slice service, struct slice what, struct why *why)
{
	struct text t = text_on(noted.what, sizeof(noted.what));

	(void)gate;
	if (noted.say != KERR_OK)
		return why_set(why, noted.say, "the disk is full");
	noted.n++;
	text_s(&t, verb == GRANT_STOP ? "stop " : "update ");
	text_slice(&t, service);
	text_c(&t, ' ');
	text_slice(&t, what);
	ok(uid == (uint32_t)getuid() && !t.full, "a yes of whom the kernel names");
	order = order * 10 + 1;
	return KERR_OK;
}

void gate_permit_withdraw(struct gate *gate, struct slice service)
{
	(void)gate;
	(void)str_cut(withdrawn, sizeof(withdrawn), service);
}

static void turn(void)
{
	struct why why;

	for (int i = 0; i < 4; i++)
		if (loop_turn(&g.loop, 20, &why) != KERR_OK)
			abort();
}

/* A person in a process of its own: the exit code says whether the answer has what is wanted in it. */
static pid_t person(const char *words, const char *wanted)
{
	static char answer[UNIXSOCK_REPLY_MAX];
	struct why why;
	size_t len = 0;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	alarm(10);
	if (unixsock_call(path, slice_of(words), answer, sizeof(answer), &len, 5000, &why) != KERR_OK)
		_exit(2);
	_exit(slice_find((struct slice){ answer, len }, wanted) == SIZE_MAX);
}

static int end_of(pid_t pid)
{
	int status = 0;

	for (int i = 0; i < 200 && waitpid(pid, &status, WNOHANG) == 0; i++)
		turn();
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void until_told(unsigned n)
{
	for (int i = 0; i < 200 && told.n < n; i++)
		turn();
}

static enum kerr reply(uint32_t id, uint32_t bytes)
{
	const struct ask q = { .what = ASK_REPLY, .u.reply = { id, bytes } };
	struct answer a = { .err = KERR_OK };

	gate_control_ask(&g, &q, &a);
	return a.err;
}

/* The words reach the worker, and permit what is wanted; "": nothing. */
static void permits(const char *words, const char *wanted)
{
	unsigned before = told.n, notes = noted.n;
	pid_t pid;

	noted.what[0] = '\0';
	order = 0;
	pid = person(words, "{}");
	until_told(before + 1);
	is_str(told.words, words, "the worker is asked: %.60s", words);
	is_str(noted.what, wanted, "... and that permits %s", wanted[0] != '\0' ? wanted : "nothing");
	is_int(noted.n - notes, wanted[0] != '\0', "... once");
	is_int(order, wanted[0] != '\0' ? 12 : 2, "... before the worker hears of it");
	memcpy(board.reply, "{}", 2);
	is_int(reply(told.last.u.request.id, 2), KERR_OK, "... it answers");
	is_int(end_of(pid), 0, "... and the person has it");
}

static void words(void)
{
	permits("status", "");
	permits("confirm r3", "");
	permits("confirm r3 web " ARN " -", "stop web " ARN);
	permits("confirm r3 web - -", "stop web -");
	permits("confirm r3 web " ARN " web:11", "update web web:11");
	permits("confirm r3 web " ARN, "");
	permits("confirm r3 web " ARN " - -", "");
	permits("confirm r3 dry-run-er " ARN " -", "stop dry-run-er " ARN);
	permits("rollback web", "stop web -");
	permits("rollback web dry-run", "");
	permits("rollback web to web:11", "update web web:11");
	permits("rollback web to web:11 dry-run", "");
	permits("deploy web to web:12", "update web web:12");
	permits("deploy web to web:12 force", "update web web:12");
	permits("deploy web to web:12 force dry-run", "");
	permits("deploy web", "");
	permits("cancel r3", "");
	is_str(withdrawn, "", "an id alone takes nothing back");
	permits("cancel r3 web", "");
	is_str(withdrawn, "web", "a cancel takes back what was said of the service");
	permits("hold web 0", "");
	permits("why f1 rollback web", "");
}

static void refused(void)
{
	pid_t pid;

	noted.say = KERR_NOSPACE;
	told.n = 0;
	pid = person("rollback web", "\"error\":\"the disk is full\",\"exit\":3");
	is_int(end_of(pid), 0, "a yes that cannot be noted is refused");
	is_int(told.n, 0, "... and the worker does not hear of it");
	noted.say = KERR_OK;
	for (int i = 0; i < 3 * UNIXSOCK_CONNS; i++) {
		told.say = i % 2 == 0 ? KERR_GONE : KERR_AGAIN;
		if (end_of(person("status", "\"schema\":\"kedge.error/1\",\"error\":\"the worker does not listen just now; ask again\",\"exit\":3")) != 0)
			break;
		if (i == 3 * UNIXSOCK_CONNS - 1)
			ok(true, "without a worker, and with one that does not keep up, each is told so, however many");
	}
	told.say = KERR_OK;
	permits("status", "");
}

static void worker_ends(void)
{
	pid_t pid[2];
	uint32_t id;

	told.n = 0;
	pid[0] = person("status", "the worker has ended");
	pid[1] = person("services", "the worker has ended");
	until_told(2);
	id = told.last.u.request.id;
	gate_control_forget(&g);
	is_int(end_of(pid[0]) + end_of(pid[1]), 0, "who waits for a worker that ends is told so");
	is_int(reply(id, 2), KERR_GONE, "the next one cannot answer them");
}

/* Nobody hears anything that was not meant for him, nor more than the board. */
static void hostile(void)
{
	pid_t pid;
	uint32_t id;

	told.n = 0;
	pid = person("status", "mine");
	until_told(1);
	id = told.last.u.request.id;
	is_int(reply(id, (uint32_t)sizeof(board.reply) + 1), KERR_TOO_BIG, "an answer longer than the board");
	is_int(reply(id, UINT32_MAX), KERR_TOO_BIG, "... of 4 GB");
	is_int(reply(0, 2), KERR_GONE, "an answer to nobody");
	is_int(reply(id + 1, 2), KERR_GONE, "... to who has not asked");
	is_int(reply(UINT32_MAX, 2), KERR_GONE, "... to any number");
	memcpy(board.reply, "mine", 4);
	is_int(reply(id, 4), KERR_OK, "the answer itself");
	memcpy(board.reply, "late", 4);
	is_int(reply(id, 4), KERR_GONE, "... is given once");
	is_int(end_of(pid), 0, "and comes as it was when it was given");
	told.n = 0;
	pid = person("status", "");
	until_told(1);
	is_int(reply(told.last.u.request.id, (uint32_t)sizeof(board.reply)), KERR_OK, "the whole board is an answer");
	is_int(end_of(pid), 0, "... that arrives");
	told.n = 0;
	pid = person("status", "");
	until_told(1);
	is_int(reply(told.last.u.request.id, 0), KERR_OK, "an empty answer");
	is_int(end_of(pid), 2, "... is none");
}

int main(void)
{
	struct why why;
	struct stat st;

	if (mkdtemp(folder) == NULL || loop_init(&g.loop, &why) != KERR_OK)
		return 1;
	conf_default(&conf);
	(void)str_put(conf.run_dir, sizeof(conf.run_dir), slice_of(folder));
	snprintf(path, sizeof(path), "%s/kedge.sock", folder);
	g.conf = &conf;
	g.board = &board;
	log_init(&g.log, LOG_LEVEL_ERROR);
	gate_control_start(&g);
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0660, "it listens, for owner and group");
	words();
	refused();
	worker_ends();
	hostile();
	gate_control_close(&g);
	is_int(access(path, F_OK), -1, "and is gone");
	loop_close(&g.loop);
	rmdir(folder);
	return done();
}
