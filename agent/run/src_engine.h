/* src_engine.h - the container engine: its events always drained, a full listing after each connect. */
#ifndef KEDGE_RUN_SRC_ENGINE_H
#define KEDGE_RUN_SRC_ENGINE_H

#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

struct node;

struct src_engine {
	bool identified;
	uint32_t failures;
	uint64_t retry_ms;               /* boot clock: when to connect again; 0: now */
	uint64_t listed_ms, heard_ms;    /* boot clock: when the listing was asked for, and that or the newest event */
	int64_t last_unix_ms;            /* engine's time of the newest event */
	char data_root[256];
	uint64_t events;
};

/* Connects when it is time; returns when it next wants to be called. */
uint64_t src_engine_tick(struct node *n);
void src_engine_inspect(struct node *n, uint32_t container);
void src_engine_image(struct node *n, uint32_t container);
void src_engine_last_words(struct node *n, uint32_t container);
/* Of service[index].work.target_image; once the engine says no, the registry is asked if the policy allows. */
void src_engine_target(struct node *n, uint32_t service);

/* Called by the seam. */
void src_engine_open(struct node *n, unsigned status);
void src_engine_line(struct node *n, struct slice line);
void src_engine_end(struct node *n, enum kerr err, const char *detail);

#endif
