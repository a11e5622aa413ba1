#include "agent/wire/last_words.h"

#include <string.h>

#include "agent/wire/classify.h"
#include "agent/wire/sigv4.h"

enum { UNDECIDED, FRAMES, PLAIN, BROKEN };
enum { STREAM_STDERR = 2, STREAM_SYSTEM = 3, STREAMS };

void last_words_init(struct last_words *l)
{
	sigv4_wipe(l, sizeof(*l));
}

static void keep(struct last_words *l, struct slice in)
{
	size_t over;

	if (in.n == 0)
		return;
	in = slice_from(in, in.n > sizeof(l->text) ? in.n - sizeof(l->text) : 0);
	over = l->len + in.n > sizeof(l->text) ? l->len + in.n - sizeof(l->text) : 0;
	memmove(l->text, l->text + over, l->len - over);
	l->len -= over;
	memcpy(l->text + l->len, in.p, in.n);
	l->len += in.n;
}

static bool is_head(const unsigned char head[8])
{
	return head[0] < STREAMS && head[1] == 0 && head[2] == 0 && head[3] == 0;
}

/* The first eight bytes decide: no terminal begins with three zeros. */
static void begin_frame(struct last_words *l)
{
	if (!is_head(l->head)) {
		l->how = l->how == UNDECIDED ? PLAIN : BROKEN;
		return;
	}
	l->how = FRAMES;
	l->heard = l->head[0] == STREAM_STDERR || l->head[0] == STREAM_SYSTEM;
	l->left = 0;
	for (int i = 4; i < 8; i++)
		l->left = l->left << 8 | l->head[i];
}

static struct slice take_head(struct last_words *l, struct slice in)
{
	size_t n = sizeof(l->head) - l->head_n;

	n = n < in.n ? n : in.n;
	memcpy(l->head + l->head_n, in.p, n);
	l->head_n += n;
	if (l->head_n < sizeof(l->head))
		return slice_from(in, n);
	begin_frame(l);
	l->head_n = 0;
	if (l->how == PLAIN)
		keep(l, (struct slice){ (const char *)l->head, sizeof(l->head) });
	return slice_from(in, n);
}

void last_words_feed(struct last_words *l, struct slice in)
{
	while (in.n > 0 && l->how != BROKEN) {
		struct slice part = in;

		if (l->how != PLAIN && l->left == 0) {
			in = take_head(l, in);
			continue;
		}
		if (l->how == FRAMES) {
			part = slice_to(in, l->left);
			l->left -= (uint32_t)part.n;
		}
		if (l->how == PLAIN || l->heard)
			keep(l, part);
		in = slice_from(in, part.n);
	}
}

static enum class words_class(struct slice text)
{
	struct slice line;

	while (slice_next(&text, '\n', &line)) {
		enum class class = classify(STAGE_RUN, line);

		if (class == CLASS_EXEC_FORMAT || class == CLASS_EXEC_NOT_FOUND || class == CLASS_EXEC_DENIED)
			return class;
	}
	return CLASS_NONE;
}

enum class last_words_end(struct last_words *l)
{
	enum class class = CLASS_NONE;

	if (l->how == UNDECIDED)         /* fewer than eight bytes in all */
		keep(l, (struct slice){ (const char *)l->head, l->head_n });
	if (l->how != BROKEN)
		class = words_class((struct slice){ l->text, l->len });
	sigv4_wipe(l, sizeof(*l));
	return class;
}
