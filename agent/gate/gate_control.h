/* gate_control.h - RUN_DIR/kedge.sock: whoever asks there is named by the kernel; the words are the worker's to answer, and a
 * yes of somebody who may say it is noted before the worker hears of it. */
#ifndef KEDGE_GATE_CONTROL_H
#define KEDGE_GATE_CONTROL_H

#include "agent/gate/talk.h"
#include "platform/unixsock.h"

struct gate;

struct gate_control {
	struct unixsock sock;
};

void gate_control_start(struct gate *g);
void gate_control_close(struct gate *g);
/* The worker has ended: whoever waits for its answer is told so. */
void gate_control_forget(struct gate *g);
/* ASK_REPLY. */
void gate_control_ask(struct gate *g, const struct ask *q, struct answer *a);

#endif
