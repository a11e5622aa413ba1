#include "agent/run/asking.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent/run/node.h"
#include "platform/crypto.h"
#include "platform/packet.h"

#define NEWS_A_TURN 64                        /* pieces of news taken in one go, so that a storm does not starve the rest */

/* Without the gate there is nothing this process could do. */
static enum kerr left(struct node *n, enum kerr err, struct why *why)
{
	if (!n->stop)
		log_line(&n->log, LOG_LEVEL_ERROR, "the gate: %s; this worker ends", why->text);
	n->stop = n->orphan = true;
	return err == KERR_OK ? KERR_GONE : err;
}

enum kerr asking(struct node *n, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why)
{
	struct asking *a = &n->asking;
	size_t got = 0;
	enum kerr err;

	if (a->ask_fd < 0 || n->orphan)
		return why_set(why, KERR_GONE, "there is no gate");
	if (body.n > TALK_TAIL_MAX)
		return why_set(why, KERR_TOO_BIG, "a question to the gate is longer than %d bytes", TALK_TAIL_MAX);
	q->tail_bytes = (uint32_t)body.n;
	err = packet_send(a->ask_fd, q, sizeof(*q), body.p, body.n, why);
	if (err == KERR_OK)
		err = packet_receive(a->ask_fd, a->got, sizeof(a->got), &got, why);
	if (err != KERR_OK)
		return left(n, err, why);
	if (got < sizeof(a->answer))
		return left(n, KERR_BAD_INPUT, why);
	memcpy(&a->answer, a->got, sizeof(a->answer));
	if (a->answer.tail_bytes != got - sizeof(a->answer) || a->answer.tail_bytes > cap)
		return left(n, KERR_BAD_INPUT, why);
	if (len != NULL)
		*len = a->answer.tail_bytes;
	if (a->answer.tail_bytes > 0)
		memcpy(tail, a->got + sizeof(a->answer), a->answer.tail_bytes);
	if (q->what == ASK_SIGN || q->what == ASK_FILE)
		crypto_zero(a->got, got);
	if (why != NULL)
		*why = a->answer.why;
	return a->answer.err;
}

static void take(struct node *n, const struct news *news, struct slice tail)
{
	switch (news->what) {
	case NEWS_ENGINE:
	case NEWS_STREAM_OPEN:
	case NEWS_EVENT:
	case NEWS_STREAM_END:
		seam_news(n, news, tail);
		break;
	case NEWS_LINE:
	case NEWS_LOG:
		src_log_news(n, news, tail);
		break;
	case NEWS_KEYS:
		keys_news(n, news);
		break;
	case NEWS_REQUEST:
		serve_news(n, news, tail);
		break;
	case NEWS_HOOK:
		hooks_news(n, news, tail);
		break;
	case NEWS_PING:
	case NEWS_RELOAD:
	case NEWS_STOP:
		daemon_news(n, news);
		break;
	case NEWSES:
		break;
	}
}

static void on_news(void *arg, int fd, short revents)
{
	struct node *n = arg;
	struct asking *a = &n->asking;
	struct news news;
	struct why why = { "" };
	size_t got;

	(void)revents;
	for (int i = 0; i < NEWS_A_TURN; i++) {
		enum kerr err = packet_receive(fd, a->in, sizeof(a->in), &got, &why);

		if (err == KERR_AGAIN)
			return;
		if (err == KERR_OK && got < sizeof(news))
			err = why_set(&why, KERR_BAD_INPUT, "its news are cut");
		if (err != KERR_OK) {
			(void)left(n, err, &why);
			loop_unwatch(&n->loop, fd);
			return;
		}
		memcpy(&news, a->in, sizeof(news));
		take(n, &news, (struct slice){ a->in + sizeof(news), got - sizeof(news) });
	}
}

enum kerr asking_start(struct node *n, struct why *why)
{
	struct asking *a = &n->asking;
	const struct timeval limit = { .tv_sec = TALK_LIMIT_MS / 1000 };
	void *board = NULL;
	enum kerr err = packet_board_open(TALK_BOARD_FD, sizeof(struct board), &board, why);

	a->ask_fd = a->news_fd = -1;
	if (err != KERR_OK)
		return err;
	(void)close(TALK_BOARD_FD);
	a->board = board;
	if (fcntl(TALK_ASK_FD, F_SETFD, FD_CLOEXEC) != 0 || fcntl(TALK_NEWS_FD, F_SETFD, FD_CLOEXEC) != 0 ||
	    setsockopt(TALK_ASK_FD, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0)
		return why_set(why, KERR_BAD_INPUT, "a worker is started by the gate, and by nobody else");
	a->ask_fd = TALK_ASK_FD;
	a->news_fd = TALK_NEWS_FD;
	return loop_watch(&n->loop, a->news_fd, POLLIN, on_news, n, why);
}

void asking_close(struct node *n)
{
	struct asking *a = &n->asking;

	if (a->news_fd >= 0)
		loop_unwatch(&n->loop, a->news_fd);
	if (a->ask_fd >= 0)
		(void)close(a->ask_fd);
	if (a->news_fd >= 0)
		(void)close(a->news_fd);
	a->ask_fd = a->news_fd = -1;
}
