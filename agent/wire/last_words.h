/* last_words.h - what the end of a container's log says of its program, as a class and never as text. The bytes are
 * the answer to GET /containers/ID/logs: without a terminal in frames of an 8-byte head (stream, three zeros, length
 * as u32 BE), else as they were written. They can be anything, secrets included. */
#ifndef KEDGE_WIRE_LAST_WORDS_H
#define KEDGE_WIRE_LAST_WORDS_H

#include <stdint.h>

#include "agent/base/str.h"
#include "agent/core/class.h"

#define LAST_WORDS_MAX 4096              /* bytes kept, the last ones */

struct last_words {
	uint8_t how;                     /* in frames or not, once the first head has told */
	bool heard;                      /* this frame is of stderr */
	size_t head_n, len;
	uint32_t left;                   /* bytes of this frame still to come */
	unsigned char head[8];
	char text[LAST_WORDS_MAX];
};

void last_words_init(struct last_words *l);
/* Takes the answer in any chunking. Of frames only stderr is heard: the runtime writes there. */
void last_words_feed(struct last_words *l, struct slice in);
/* What the lines say of the program itself (of the exec classes: what an application says of the world is not
 * evidence); CLASS_NONE: nothing, or the frames were broken. Wipes l. */
enum class last_words_end(struct last_words *l);

#endif
