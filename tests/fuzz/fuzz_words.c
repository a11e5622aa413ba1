/* Error texts and the last words of programs. The first byte: an even one, a text as it is seen at a stage (the second byte); an odd
 * one, the end of a log in pieces. Any chunking says the same and leaves nothing of the text behind. */
#include "agent/wire/agent_reason.h"
#include "agent/wire/classify.h"
#include "agent/wire/last_words.h"
#include "agent/wire/plain.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static struct last_words words;

static enum kerr feed(void *arg, struct slice part)
{
	last_words_feed(arg, part);
	return KERR_OK;
}

static enum class end_of(const struct fuzz_pieces *pieces, struct slice text)
{
	static const struct last_words none;
	enum class class;

	last_words_init(&words);
	(void)fuzz_feed(pieces, text, feed, &words);
	class = last_words_end(&words);
	if (memcmp(&words, &none, sizeof(none)) != 0)
		fuzz_broken("something of the words is left");
	return class;
}

static void log_end(struct slice text)
{
	struct fuzz_pieces pieces = fuzz_pieces(&text);
	enum class class = end_of(NULL, text);

	if (class != end_of(&pieces, text))
		fuzz_broken("in pieces the words say something else");
	if (class != CLASS_NONE && class_stage(class) != STAGE_START)
		fuzz_broken("what an application says of the world is no evidence");
}

static void sentence(struct slice text)
{
	static char plain[8192];
	enum stage stage = (enum stage)(fuzz_byte(&text) % STAGES);
	enum class class = classify(stage, text), told = agent_reason_class(stage, text);
	struct agent_reason reason = agent_reason_of(text);
	size_t n;

	if (class >= CLASSES || told >= CLASSES || reason.class >= CLASSES || reason.stage >= STAGES)
		fuzz_broken("a word out of its list");
	if (text.n == 0 && class != CLASS_NONE)
		fuzz_broken("nothing said, and it means something");
	if (agent_reason_benign(text) && told != CLASS_NONE)
		fuzz_broken("no failure at all, and a failure");
	if (text.n > sizeof(plain))
		return;
	n = plain_text(text, plain);
	if (n > text.n)
		fuzz_broken("the plain text is longer");
	for (size_t i = 0; i < n; i++)
		if (plain[i] >= 'A' && plain[i] <= 'Z')
			fuzz_broken("a capital in plain text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };

	if (fuzz_byte(&in) & 1)
		log_end(in);
	else
		sentence(in);
	return 0;
}
