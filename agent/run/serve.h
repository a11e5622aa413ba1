/* serve.h - the control socket, which the gate has: one line asks, one JSON object answers, made on the board. Acting words are
 * audited with the asker's uid, which the kernel vouches for; who may ask at all is the socket's mode. */
#ifndef KEDGE_RUN_SERVE_H
#define KEDGE_RUN_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/str.h"

struct node;

/* What was kept of AWS's last table. */
void serve_start(struct node *n);
/* One JSON object to an asker; and the object that says why not, with the exit code of the contract. */
void serve_answer(struct node *n, uint32_t connection, const struct text *out);
void serve_refuse(struct node *n, uint32_t connection, int exit_code, const struct packed *words);
void serve_refuse_says(struct node *n, uint32_t connection, int exit_code, const char *words);
/* The answer to a `deployments` that had to ask AWS first (AWS_FOR_PAGE: to nobody); fresh: it did answer, and open pages
 * hear of that. */
void serve_deployments(struct node *n, uint32_t connection, bool fresh);

#endif
