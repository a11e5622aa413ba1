/* engine_lines.h - a byte stream as lines, over chunks of any size: the engine's event stream. */
#ifndef KEDGE_WIRE_ENGINE_LINES_H
#define KEDGE_WIRE_ENGINE_LINES_H

#include "agent/base/str.h"

struct engine_lines {
	char *buf;
	size_t cap, len;
	bool skipping;          /* in the middle of a line longer than cap */
	uint64_t oversize;      /* such lines, skipped whole */
};

/* buf is borrowed for l's life; ENGINE_LINE_MAX suffices. Also to be called after a reconnect. */
void engine_lines_init(struct engine_lines *l, char *buf, size_t cap_bytes);
/* Takes the next whole line off the front of *in; false: all of *in is taken and no line is whole. The line
 * (without its newline, never empty) is valid until the next call and may lie in *in's bytes or in buf. */
bool engine_lines_next(struct engine_lines *l, struct slice *in, struct slice *line);

#endif
