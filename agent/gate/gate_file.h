/* gate_file.h - the few files and devices that the worker has a use for and no way to. */
#ifndef KEDGE_GATE_FILE_H
#define KEDGE_GATE_FILE_H

#include "agent/gate/talk.h"

struct gate;

/* ASK_FILE: kedge.conf whole; of an ecs.config the settings agent_config.h names, never a registry's password. */
void gate_file_ask(struct gate *g, const struct ask *q, struct answer *a, struct text *tail);
/* ASK_TEXTFILE, ASK_LED, ASK_HMAC. */
void gate_file_textfile(struct gate *g, uint32_t bytes, struct answer *a);
void gate_file_led(struct gate *g, uint32_t on_ms, uint32_t off_ms, struct answer *a);
void gate_file_hmac(struct gate *g, struct slice body, struct answer *a);

#endif
