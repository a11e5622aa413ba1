#include "agent/wire/classify.h"

#include <stdint.h>

#include "agent/wire/plain.h"

/* Sets of stages. */
enum { P = 1 << STAGE_PULL, C = 1 << STAGE_CREATE, S = 1 << STAGE_START, R = 1 << STAGE_RUN, CS = C | S, ANY = P | C | S | R };

enum { AND = 1 << STAGES };
_Static_assert(AND <= UINT8_MAX, "one more bit fits beside the stages");

struct row { uint8_t stages, class; };
_Static_assert(CLASSES <= UINT8_MAX, "a class fits its member");

#define ROW(says, stages, class) { stages, class },
static const struct row rows[] = {
#include "agent/wire/classify_rows.h"
};
#undef ROW

/* Of each row in turn, a NUL behind each: a pointer a row would be a fifth of the table. */
#define ROW(says, stages, class) says "\0"
static const char patterns[] =
#include "agent/wire/classify_rows.h"
	"";
#undef ROW

static enum class unknown(enum stage stage)
{
	switch (stage) {
	case STAGE_PULL:
		return CLASS_PULL_UNKNOWN;
	case STAGE_CREATE:
		return CLASS_CREATE_FAILED;
	case STAGE_START:
		return CLASS_START_UNKNOWN;
	case STAGE_RUN:
	case STAGE_DEPLOY:
	case STAGE_NODE:
	case STAGES:
		break;
	}
	return CLASS_NONE;
}

/* Whether one row's pattern, or both of them, fit; *pattern is left at the next row's. */
static bool says(struct slice plain, const struct row *row, bool asked, const char **pattern)
{
	char buf[PACKED_MAX];
	unsigned n = (row->stages & AND) != 0 ? 2 : 1;

	for (; n > 0; n--) {
		asked = asked && plain_says(plain, packed_format(buf, *pattern));
		*pattern = str_behind(*pattern);
	}
	return asked;
}

enum class classify(enum stage stage, struct slice text)
{
	char words[CLASSIFY_TEXT_MAX];
	const char *pattern = patterns;
	struct slice plain;

	text = slice_trim(slice_to(text, sizeof(words)));
	if (text.n == 0)
		return CLASS_NONE;
	plain = (struct slice){ words, plain_text(text, words) };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (says(plain, &rows[i], (rows[i].stages >> stage & 1) != 0, &pattern))
			return (enum class)rows[i].class;
	return unknown(stage);
}
