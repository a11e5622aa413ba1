/* gate_notify.h - the service manager hears of the worker through the gate, which is the process it knows. */
#ifndef KEDGE_GATE_NOTIFY_H
#define KEDGE_GATE_NOTIFY_H

#include "agent/gate/talk.h"

struct gate;

/* ASK_NOTIFY. */
void gate_notify_ask(struct gate *g, enum talk_notify what, struct slice words, struct answer *a);

#endif
