/* Status, again and again, until a signal or until nobody reads any more. The daemon may come and go meanwhile. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/cmd/settings.h"
#include "agent/cmd/show.h"
#include "agent/cmd/say.h"

enum { EVERY_S = 2 };

/* What changes by itself, and is no news. */
static bool ticks(const char *name)
{
	char words[PACKED_MAX];
	size_t at;

	packed_copy(words, sizeof(words),
		    PACKED(" time_unix_s asked_unix_s offset_s floor_unix_s thrift core bytes durable_seq "));
	at = slice_find(slice_of(words), name);
	return at != SIZE_MAX && at > 0 && words[at - 1] == ' ' && words[at + strlen(name)] == ' ';
}

/* A number that is another one when anything in the object is, of what does not tick. */
static uint64_t news_of(const cJSON *item, uint64_t before)
{
	const cJSON *child;

	before = before * 31 + (uint64_t)item->type + slice_hash(slice_of(item->valuestring)) + (uint64_t)item->valueint;
	cJSON_ArrayForEach(child, item)
		if (child->string == NULL || !ticks(child->string))
			before = news_of(child, before * 31 + slice_hash(slice_of(child->string)));
	return before;
}

static void draw(const struct answer *answer, const struct ask_why *why, bool redraw, bool json)
{
	struct page p = page_open();
	char when[PAGE_TIME_CAP];

	if (json && answer->root != NULL) {
		ask_print(answer);
		return;
	}
	page_unix((int64_t)time(NULL), when);
	if (redraw)
		say("\033[H\033[2J");
	else
		say("---- %s\n", when);
	if (answer->root != NULL) {
		ask_head(answer);
		show_status(&p, answer);
		return;
	}
	page_wrap(&p, "", 0, why->text);
}

/* False: nobody reads any more, or nothing can be written. */
static bool shown(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (fflush(stdout) == 0)
		return poll(&out, 1, 0) <= 0 || (out.revents & POLLERR) == 0;
	if (errno == EPIPE)
		clearerr(stdout);                /* that is how a pager ends; a full disk is an error */
	return false;
}

int cmd_watch(const struct cmd *c)
{
	static struct conf conf;
	const struct timespec pause = { .tv_sec = EVERY_S };
	const char *term = getenv("TERM");
	bool redraw = isatty(STDOUT_FILENO) == 1 && term != NULL && !str_eq(term, "dumb");
	uint64_t last = 0, news;
	struct answer answer;
	struct ask_why why;
	sigset_t ends;
	struct args a;

	if (!args_parse(c, ARG_JSON, 0, 0, &a) || !settings_load(c, &conf))
		return EXIT_USAGE;
	/* blocked, and taken while it waits: no handler, no state of one */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	redraw = redraw && !a.json;
	do {
		if (ask_quiet(&conf, ASK_STATUS, NULL, true, &answer, &why) != EXIT_DONE)
			answer.root = NULL;
		news = answer.root != NULL ? news_of(answer.root, 1) : slice_hash(slice_of(why.text));
		if (redraw || news != last)
			draw(&answer, &why, redraw, a.json);
		last = news;
	} while (shown() && sigtimedwait(&ends, NULL, &pause) < 0);
	return EXIT_DONE;
}
