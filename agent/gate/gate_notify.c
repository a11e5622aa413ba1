#include "agent/gate/gate_notify.h"

#include "agent/gate/gate_state.h"

void gate_notify_ask(struct gate *g, enum talk_notify what, struct slice words, struct answer *a)
{
	char line[NOTIFY_STATUS_MAX];

	if (what == TALK_READY) {
		g->worker.settled = true;
		notify_say(&g->notify, "READY=1");
	} else if (what == TALK_STATUS) {
		(void)str_cut(line, sizeof(line), words);
		notify_status(&g->notify, line);
	} else if (what == TALK_ALIVE) {
		gate_heard(g);
	} else {
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no such notice");
	}
}
