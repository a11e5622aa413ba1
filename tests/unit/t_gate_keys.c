/* Keys at the gate: out of the environment and a file, torn or refused before; and out of a process that answers, answers
 * garbage, crashes or hangs. */
#include "agent/gate/gate_fetch.h"
#include "tests/unit/gate_fake.h"

#include <errno.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

enum does { ANSWERS, GARBAGE, UNENDED, NONE_AT_ALL, CRASHES, SHORT, HANGS };

static enum does does;

/* In the forked process, in place of what asks over HTTP. */
void gate_fetch(const struct fetch_order *o, struct fetched *f)
{
	memset(f, 0, sizeof(*f));
	f->date_unix_s = 1795400001;
	f->up_bytes = 100;
	f->down_bytes = 2000;
	f->segments = 7;
	f->clock = 2;
	(void)str_put(f->keys.akid, sizeof(f->keys.akid), slice_of(g.keys.now.akid[0] == '\0' ? "AKIDFETCHED" : "THE OLD ONE IS HERE"));
	(void)str_put(f->keys.secret, sizeof(f->keys.secret), slice_of("secret"));
	(void)str_put(f->keys.token, sizeof(f->keys.token), slice_of(o->from == CREDENTIALS_IOT ? "iot" : "container"));
	f->keys.expiry_unix_s = o->now_unix_s + 3600;
	if (does == GARBAGE)
		memset(f, 0xff, sizeof(*f));
	if (does == UNENDED) {
		memset(f->keys.akid, 'A', sizeof(f->keys.akid));
		memset(f->keys.token, '\n', sizeof(f->keys.token));
	}
	if (does == NONE_AT_ALL)
		memset(&f->keys, 0, sizeof(f->keys));
	if (does == CRASHES)
		raise(SIGKILL);
	if (does == SHORT)
		_exit(0);
	while (does == HANGS)
		pause();
}

static struct answer a;

static enum kerr ask(enum ask_what what, enum credentials_source from, bool but_refused)
{
	struct ask q = { .what = what, .u.keys = { .from = from, .same_as_refused = but_refused, .now_unix_s = 1795400000 } };

	memset(&a, 0, sizeof(a));
	gate_keys_ask(&g, &q, &a);
	return a.err;
}

static void start(void)
{
	struct why why;

	fresh();
	memset(&told, 0, sizeof(told));
	if (loop_init(&g.loop, &why) != KERR_OK)
		exit(1);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	snprintf(conf.credentials_file, sizeof(conf.credentials_file), "%s/credentials", folder);
	unlink(conf.credentials_file);
}

static void finish(void)
{
	gate_keys_wipe(&g);
	loop_close(&g.loop);
}

static void file(const char *text)
{
	FILE *f = fopen(conf.credentials_file, "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		exit(1);
}

static void sources(void)
{
	start();
	is_int(ask(ASK_KEYS_FROM, CREDENTIALS_NONE, false), KERR_OK, "who is asked");
	is_int(a.u.keys.from, CREDENTIALS_FILE, "by itself the file of ECS Anywhere");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x", 1);
	(void)ask(ASK_KEYS_FROM, CREDENTIALS_NONE, false);
	ok(a.u.keys.from == CREDENTIALS_CONTAINER && a.u.keys.here, "the container's endpoint is here");
	unsetenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://keys.example/x", 1);
	(void)ask(ASK_KEYS_FROM, CREDENTIALS_NONE, false);
	ok(a.u.keys.from == CREDENTIALS_CONTAINER && !a.u.keys.here, "... or needs a route");
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	(void)ask(ASK_KEYS_FROM, CREDENTIALS_NONE, false);
	is_int(a.u.keys.from, CREDENTIALS_ENV, "the environment before it");
	conf.credentials = CONF_CRED_IOT;
	(void)ask(ASK_KEYS_FROM, CREDENTIALS_NONE, false);
	is_int(a.u.keys.from, CREDENTIALS_IOT, "a setting before all");
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_IOT, false), KERR_BAD_INPUT, "what is asked is not read");
	is_int(ask(ASK_KEYS_FETCH, CREDENTIALS_FILE, false), KERR_BAD_INPUT, "and what is read not asked");
	is_int(ask(ASK_KEYS_FETCH, (enum credentials_source)77, false), KERR_BAD_INPUT, "nor what there is not");
	finish();
}

static void environment(void)
{
	start();
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, false), KERR_GONE, "no variables: %s", a.why.text);
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, true), KERR_OK, "read");
	ok(g.keys.have && str_eq(g.keys.now.akid, "AKIDENV"), "kept");
	is_int(a.u.keys.expiry_unix_s, 0, "without an end");
	is_int(ask(ASK_KEYS_END, CREDENTIALS_NONE, true), KERR_OK, "AWS refuses them");
	ok(!g.keys.have && g.keys.now.secret[0] == '\0', "they are wiped");
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, true), KERR_OK, "looked at again");
	ok(a.u.keys.same_as_refused && !g.keys.have && g.keys.incoming.secret[0] == '\0', "the same ones are left, and wiped");
	(void)ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, false);
	ok(!a.u.keys.same_as_refused && g.keys.have, "... unless they are wanted");
	(void)ask(ASK_KEYS_END, CREDENTIALS_NONE, true);
	setenv("AWS_SESSION_TOKEN", "token", 1);
	(void)ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, true);
	ok(!a.u.keys.same_as_refused && g.keys.have, "others are taken");
	(void)ask(ASK_KEYS_END, CREDENTIALS_NONE, false);
	(void)ask(ASK_KEYS_LOOK, CREDENTIALS_ENV, true);
	ok(g.keys.have, "whose time was over is not refused");
	finish();
}

static void files(void)
{
	start();
	at.wall_ms = (int64_t)time(NULL) * 1000;
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_FILE, false), KERR_GONE, "no file: %s", a.why.text);
	file("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\naws_session_token = token\n");
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_FILE, false), KERR_OK, "read: %s", a.why.text);
	ok(g.keys.have && str_eq(g.keys.now.akid, "AKIDFILE") && !a.u.keys.overdue, "kept, and fresh");
	file("[default]\naws_access_key_id = AKIDNEW\naws_secr");
	is_int(ask(ASK_KEYS_LOOK, CREDENTIALS_FILE, false), KERR_AGAIN, "caught while it is rewritten");
	ok(g.keys.have && str_eq(g.keys.now.akid, "AKIDFILE"), "the old keys stay");
	file("[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = secret\naws_session_token = token\n");
	at.wall_ms += 2 * 3600 * 1000;
	(void)ask(ASK_KEYS_LOOK, CREDENTIALS_FILE, false);
	ok(a.u.keys.overdue && strstr(a.why.text, "SSM agent") != NULL, "not renewed in time: %s", a.why.text);
	(void)ask(ASK_KEYS_END, CREDENTIALS_NONE, true);
	(void)ask(ASK_KEYS_LOOK, CREDENTIALS_FILE, true);
	ok(a.u.keys.same_as_refused && !a.u.keys.overdue, "refused ones are not overdue as well");
	finish();
}

/* Until there is news. */
static bool turn_until(unsigned n)
{
	struct why why;

	for (int i = 0; i < 100 && told.n < n; i++)
		if (loop_turn(&g.loop, 100, &why) != KERR_OK)
			return false;
	return told.n >= n;
}

static void fetched(enum does what, const char *words)
{
	start();
	does = what;
	is_int(ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false), KERR_OK, "%s: started", words);
	ok(turn_until(1) && told.last.what == NEWS_KEYS, "%s: told", words);
	is_int(g.keys.fetch_pid, 0, "%s: the process is over", words);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "%s: ... and waited for", words);
}

static void answers(void)
{
	const struct talk_keys *k = &told.last.u.keys;

	fetched(ANSWERS, "an answer");
	is_int(told.last.err, KERR_OK, "good");
	ok(g.keys.have && str_eq(g.keys.now.akid, "AKIDFETCHED") && g.keys.now.source == CREDENTIALS_CONTAINER, "taken: %s", g.keys.now.akid);
	ok(k->from == CREDENTIALS_CONTAINER && k->expiry_unix_s == 1795403600 && k->date_unix_s == 1795400001, "whose, until when, at what time");
	ok(k->up_bytes == 100 && k->down_bytes == 2000 && k->segments == 7, "what the line carried");
	ok(k->clock && !k->unsent, "any byte but 0 is a yes");
	does = ANSWERS;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_IOT, false);
	ok(turn_until(2) && str_eq(g.keys.now.token, "iot") && str_eq(g.keys.now.akid, "AKIDFETCHED"), "new ones, where the old ones were not to be seen");
	(void)ask(ASK_KEYS_END, CREDENTIALS_NONE, true);
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_IOT, true);
	ok(turn_until(3) && k->same_as_refused && !g.keys.have, "the same that AWS refused");
	finish();
}

static void bad_answers(void)
{
	static const struct { enum does does; const char *words; } bad[] = {
		{ GARBAGE, "garbage" }, { UNENDED, "texts without end" }, { NONE_AT_ALL, "no keys in it" }, { CRASHES, "a crash" }, { SHORT, "no answer" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fetched(bad[i].does, bad[i].words);
		ok(told.last.err != KERR_OK && told.last.why.text[0] != '\0', "%s: %s", bad[i].words, told.last.why.text);
		ok(!g.keys.have && g.keys.now.akid[0] == '\0' && g.keys.incoming.akid[0] == '\0', "%s: nothing is taken", bad[i].words);
		finish();
	}
}

/* The time of the process is over at once. */
static void hurry(void)
{
	const struct itimerspec now = { .it_value = { .tv_nsec = 1 } };

	if (timerfd_settime(g.keys.fetch_timer_fd, 0, &now, NULL) != 0)
		exit(1);
}

static void hangs(void)
{
	pid_t first;

	start();
	does = HANGS;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	first = g.keys.fetch_pid;
	ok(first > 0, "one that hangs");
	does = ANSWERS;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	ok(kill(first, 0) < 0 && errno == ESRCH, "is ended by the next question");
	ok(turn_until(1) && told.last.err == KERR_OK, "which is answered");
	does = HANGS;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	first = g.keys.fetch_pid;
	gate_keys_forget(&g);
	ok(kill(first, 0) < 0 && errno == ESRCH, "and when the worker ends");
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	hurry();
	ok(turn_until(2) && told.last.err == KERR_TIMEOUT, "or when its time is over: %s", told.last.why.text);
	is_int(g.keys.fetch_pid, 0, "it is gone");
	ok(g.keys.have, "the keys that are there stay");
	finish();
}

static void no_room(void)
{
	struct why why;

	start();
	does = ANSWERS;
	told.say = KERR_AGAIN;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	for (int i = 0; i < 100 && !g.keys.untold; i++)
		(void)!loop_turn(&g.loop, 100, &why);
	ok(g.keys.untold && g.keys.have, "a worker that does not read");
	told.say = KERR_OK;
	ok(turn_until(1) && told.last.err == KERR_OK && !g.keys.untold, "is told when it does");
	told.say = KERR_GONE;
	told.n = 0;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	for (int i = 0; i < 100 && g.keys.fetch_pid != 0; i++)
		(void)!loop_turn(&g.loop, 100, &why);
	ok(!g.keys.untold && told.n == 0, "one that is gone is not");
	finish();
}

/* A signal told first that it has ended, and somebody else may have its number by now. */
static void reaped(void)
{
	start();
	does = CRASHES;
	(void)ask(ASK_KEYS_FETCH, CREDENTIALS_CONTAINER, false);
	ok(waitpid(g.keys.fetch_pid, NULL, 0) == g.keys.fetch_pid, "its end is taken elsewhere");
	gate_keys_ended(&g, g.keys.fetch_pid + 1);
	ok(!g.keys.fetch_ended, "another's end is not its end");
	gate_keys_ended(&g, g.keys.fetch_pid);
	ok(g.keys.fetch_ended && turn_until(1) && told.last.err == KERR_IO, "told all the same");
	finish();
}

int main(void)
{
	sources();
	environment();
	files();
	answers();
	bad_answers();
	hangs();
	no_room();
	reaped();
	sweep();
	return done();
}
