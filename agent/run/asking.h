/* asking.h - the worker's end of agent/gate/talk.h and talk_news.h. */
#ifndef KEDGE_RUN_ASKING_H
#define KEDGE_RUN_ASKING_H

#include "agent/gate/talk_news.h"

struct node;

struct asking {
	int ask_fd, news_fd;             /* -1: none, as in a replay */
	struct board *board;             /* n->asking.board->reply is where views are written */
	struct answer answer;            /* the last one */
	char got[sizeof(struct answer) + TALK_TAIL_MAX], in[sizeof(struct news) + TALK_TAIL_MAX];
};

/* One question; blocks for its answer, at most TALK_LIMIT_MS. q->tail_bytes is set here. The answer's own tail goes to tail[cap],
 * its length to *len (all NULL/0: none is expected). Returns the gate's err, its why in *why; KERR_GONE: there is no gate (the
 * worker then ends: n->stop). The answer is n->asking.answer until the next question. */
enum kerr asking(struct node *n, struct ask *q, struct slice body, char *tail, size_t cap, size_t *len, struct why *why) KERR_CHECK;
/* The same of a question without a body, whose answer has no tail. */
KERR_CHECK static inline enum kerr asking_only(struct node *n, struct ask *q, struct why *why)
{
	return asking(n, q, (struct slice){ NULL, 0 }, NULL, 0, NULL, why);
}

/* Opens the three descriptors the gate has left, and has the loop watch the news. */
enum kerr asking_start(struct node *n, struct why *why) KERR_CHECK;
void asking_close(struct node *n);

/* Where news go: each is a whole piece; implemented beside what asked for it. */
void seam_news(struct node *n, const struct news *news, struct slice tail);      /* ENGINE, STREAM_OPEN, EVENT, STREAM_END */
void src_log_news(struct node *n, const struct news *news, struct slice tail);   /* LINE, LOG */
void keys_news(struct node *n, const struct news *news);                         /* KEYS */
void serve_news(struct node *n, const struct news *news, struct slice tail);     /* REQUEST */
void hooks_news(struct node *n, const struct news *news, struct slice tail);     /* HOOK */
/* Gives the descriptors and the board back. */
void daemon_news(struct node *n, const struct news *news);                       /* PING, RELOAD, STOP */

#endif
