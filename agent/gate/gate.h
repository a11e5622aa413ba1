/* gate.h - the process that holds what is worth stealing: the engine's socket, the AWS keys, the ECS agent's log, the control
 * socket. It answers the worker's questions from a short list and parses next to nothing. */
#ifndef KEDGE_GATE_GATE_H
#define KEDGE_GATE_GATE_H

#include <stdbool.h>

struct conf;

/* Runs until a signal ends it, or with once until the worker has ended; returns the exit code of the contract. conf stays
 * the caller's. */
int gate_run(struct conf *conf, const char *conf_path, bool once);

#endif
