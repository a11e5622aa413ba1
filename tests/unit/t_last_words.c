/* The end of a container's log, as real engines sent it and as hostile ones could. */
#include "agent/wire/last_words.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

static struct last_words words;

static enum class in_parts(struct slice bytes, size_t most)
{
	last_words_init(&words);
	while (bytes.n > 0) {
		last_words_feed(&words, slice_to(bytes, most));
		bytes = slice_from(bytes, most);
	}
	return last_words_end(&words);
}

static bool wiped(void)
{
	const char *byte = (const char *)&words;

	for (size_t i = 0; i < sizeof(words); i++)
		if (byte[i] != 0)
			return false;
	return true;
}

static void says(struct slice bytes, enum class want, const char *name)
{
	for (size_t most = 1; most < 20; most++)
		if (in_parts(bytes, most) != want || !wiped()) {
			ok(false, "%s: in parts of %u it is %s", name, (unsigned)most, class_name(in_parts(bytes, most)));
			return;
		}
	ok(in_parts(bytes, SIZE_MAX) == want && wiped(), "%s: %s, in any chunking, and nothing is left of it", name, class_name(want));
}

static void recorded(void)
{
	static const char *const file[] = { "logs-format-arch-20.bin", "logs-format-script-20.bin", "logs-missing-interp-20.bin",
					    "logs-format-arch-28.bin", "logs-format-script-28.bin", "logs-missing-interp-28.bin" };

	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++)
		says(capture(file[i]), CLASS_EXEC_FORMAT, file[i]);
}

#define F(stream, size) stream "\0\0\0\0\0\0" size

static void framed(void)
{
	says(SLICE(F("\2", "\x18") "exec /a: no such file or" F("\2", "\x0b") " directory\n"), CLASS_EXEC_FORMAT,
	     "a line in two frames");
	says(SLICE(F("\1", "\x1b") "exec /a: exec format error\n"), CLASS_NONE, "an application's own line on stdout");
	says(SLICE(F("\1", "\x05") "hello" F("\2", "\x1b") "exec /a: exec format error\n" F("\1", "\x04") "bye\n"),
	     CLASS_EXEC_FORMAT, "stderr between lines on stdout");
	says(SLICE(F("\2", "\x00") F("\2", "\x1b") "exec /a: exec format error\n"), CLASS_EXEC_FORMAT, "after an empty frame");
	says(SLICE(F("\2", "\x1b") "exec /a: exec format error\nXXXXXXXXexec /a: exec format error\n"), CLASS_NONE,
	     "a frame that is none breaks them all");
	says(SLICE("\2\0\0\0\xff\xff\xff\xff" "exec /a: exec format error\n"), CLASS_EXEC_FORMAT, "a frame longer than what came");
	says(SLICE(F("\2", "\x1b") "exec /a: exec form"), CLASS_NONE, "cut in the middle");
	says(SLICE("\2\0\0"), CLASS_NONE, "cut in its head");
	says(SLICE(F("\2", "\x2a") "Cannot connect to the Docker daemon. Now?\n"), CLASS_NONE,
	     "what an application says of the world is no evidence");
	says(SLICE(F("\2", "\x20") "write: No space left on device.\n"), CLASS_NONE, "nor is this: the disk is looked at instead");
	says(SLICE(F("\2", "\x0c") "PASSWORD=abc"), CLASS_NONE, "a secret");
}

static void plain(void)
{
	says(SLICE("exec /a: exec format error\r\n"), CLASS_EXEC_FORMAT, "a terminal");
	says(SLICE("exec /a: exec format error"), CLASS_EXEC_FORMAT, "a last line without end");
	says(SLICE("\n\n\nx\n"), CLASS_NONE, "nothing of interest");
	says(SLICE("ab\n"), CLASS_NONE, "fewer bytes than a frame's head");
	says(SLICE(""), CLASS_NONE, "nothing at all");
}

/* Only the end is kept, and never more than that. */
static void bounded(void)
{
	static char big[3 * LAST_WORDS_MAX];
	static const char line[] = "exec /a: exec format error\n";

	memset(big, 'x', sizeof(big));
	memcpy(big, line, sizeof(line) - 1);
	says((struct slice){ big, sizeof(big) }, CLASS_NONE, "a line before the last 4 KB is not seen");
	memcpy(big + sizeof(big) - sizeof(line), "\n", 1);
	memcpy(big + sizeof(big) - sizeof(line) + 1, line, sizeof(line) - 1);
	says((struct slice){ big, sizeof(big) }, CLASS_EXEC_FORMAT, "the last one is");
	last_words_init(&words);
	last_words_feed(&words, (struct slice){ big, sizeof(big) });
	is_int((int64_t)words.len, LAST_WORDS_MAX, "4 KB are kept");
	(void)last_words_end(&words);
}

int main(void)
{
	recorded();
	framed();
	plain();
	bounded();
	return done();
}
