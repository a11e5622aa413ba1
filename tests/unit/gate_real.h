/* gate_real.h - the gate's own words to a worker over a real socket, and the worker's end of it. */
#ifndef KEDGE_TESTS_GATE_REAL_H
#define KEDGE_TESTS_GATE_REAL_H

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/gate/gate_state.h"
#include "platform/clock.h"
#include "tests/tap.h"

static struct gate g;
static struct conf conf;
static struct board board;
static char folder[] = "/tmp/kedge-gate-XXXXXX";
static int news_end = -1;                       /* where the worker would read */
static struct { struct news head; size_t tail_n; char tail[TALK_TAIL_MAX + 1]; } heard;

static inline void start(void)
{
	const int bytes = 512 * 1024;           /* as gate_worker.c asks for */
	int pair[2];
	struct why why;

	conf_default(&conf);
	g.conf = &conf;
	g.board = &board;
	log_init(&g.log, LOG_LEVEL_ERROR);
	if (mkdtemp(folder) == NULL || loop_init(&g.loop, &why) != KERR_OK || http_init(&g.http, &g.loop, NULL, &why) != KERR_OK ||
	    packet_pair(pair, &why) != KERR_OK || fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0 || fcntl(pair[1], F_SETFL, O_NONBLOCK) != 0)
		abort();
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0)
		(void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	g.worker.news_fd = pair[0];
	g.worker.ask_fd = -1;
	news_end = pair[1];
}

static inline void stop(void)
{
	char line[96];

	gate_engine_forget(&g);
	gate_log_forget(&g);
	http_close(&g.http);
	loop_close(&g.loop);
	close(g.worker.news_fd);
	close(news_end);
	snprintf(line, sizeof(line), "rm -rf %s", folder);
	(void)!system(line);
}

/* One piece of news that is there, into heard. */
static inline bool hear(void)
{
	static char packet[PACKET_MAX];
	size_t got = 0;

	if (packet_receive(news_end, packet, sizeof(packet), &got, NULL) != KERR_OK)
		return false;
	if (got < sizeof(heard.head))
		abort();
	memcpy(&heard.head, packet, sizeof(heard.head));
	heard.tail_n = got - sizeof(heard.head);
	if (heard.tail_n != heard.head.tail_bytes || heard.tail_n >= sizeof(heard.tail))
		abort();
	memcpy(heard.tail, packet + sizeof(heard.head), heard.tail_n);
	heard.tail[heard.tail_n] = '\0';
	return true;
}

static inline void turn(unsigned ms)
{
	struct why why;

	if (loop_turn(&g.loop, ms, &why) != KERR_OK)
		abort();
}

#endif
