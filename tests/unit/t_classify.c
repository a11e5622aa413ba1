/* What engines, registries and the ECS agent said in each recorded failure, and the class of it. */
#include "agent/wire/classify.h"

#include "agent/wire/agent_reason.h"
#include "agent/wire/plain.h"
#include "tests/tap.h"
#include "tests/unit/capture.h"

static size_t unescape(char *s)
{
	char *to = s;

	for (char *from = s; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0') {
			from++;
			*to++ = *from == 'n' ? '\n' : *from == 't' ? '\t' : *from == 'r' ? '\r' : *from;
		} else {
			*to++ = *from;
		}
	}
	return (size_t)(to - s);
}

/* case TAB stage TAB class TAB text */
static void table(const char *file, size_t at_least)
{
	struct slice rest = capture(file), line, name, stage_word, class_word;
	size_t rows = 0;

	while (slice_next(&rest, '\n', &line)) {
		char text[8192];
		enum stage stage;
		enum class want, got;

		if (!slice_next(&line, '\t', &name) || !slice_next(&line, '\t', &stage_word) ||
		    !slice_next(&line, '\t', &class_word) || !stage_from(stage_word, &stage) ||
		    (!class_from(class_word, &want) && (want = CLASS_NONE, !slice_is(class_word, "none"))) || !str_put(text, sizeof(text), line)) {
			ok(false, "%s: row %zu is whole", file, rows);
			continue;
		}
		got = agent_reason_class(stage, (struct slice){ text, unescape(text) });
		rows++;
		ok(got == want, "%s %.*s", file, (int)name.n, name.p);
		if (got != want)
			printf("#   got %s, want %s: %s\n", class_name(got), class_name(want), text);
	}
	ok(rows >= at_least, "%s has its %zu rows", file, rows);
}

static void is_class(enum stage stage, const char *text, enum class want)
{
	enum class got = classify(stage, slice_of(text));

	ok(got == want, "%s: %.60s", stage_name(stage), text);
	if (got != want)
		printf("#   got %s, want %s\n", class_name(got), class_name(want));
}

static void scoped_by_stage(void)
{
	is_class(STAGE_PULL, "dial tcp 10.0.0.1:443: connect: connection refused", CLASS_REGISTRY_UNREACHABLE);
	is_class(STAGE_START, "dial tcp 10.0.0.1:443: connect: connection refused", CLASS_START_UNKNOWN);
	is_class(STAGE_RUN, "dial tcp 10.0.0.1:443: connect: connection refused", CLASS_NONE);
	is_class(STAGE_PULL, "permission denied", CLASS_PULL_UNKNOWN);
	is_class(STAGE_PULL, "denied", CLASS_REGISTRY_AUTH);
	is_class(STAGE_PULL, " Error response from daemon: denied\n", CLASS_REGISTRY_AUTH);
	is_class(STAGE_PULL, "CannotPullContainerError: Error response from daemon: denied", CLASS_REGISTRY_AUTH);
	is_class(STAGE_START, "no space left on device", CLASS_DISK_FULL);
	is_class(STAGE_RUN, "\1\0\0\0\0\0\0\x1e", CLASS_NONE);
	is_class(STAGE_RUN, "exec /app-arm64: exec format error", CLASS_EXEC_FORMAT);
	is_class(STAGE_RUN, "exec /badinterp: no such file or directory", CLASS_EXEC_FORMAT);
	is_class(STAGE_RUN, "Container killed due to memory usage", CLASS_OOM);
	is_class(STAGE_DEPLOY, "no such host", CLASS_NONE);
	is_class(STAGE_NODE, "no such host", CLASS_NONE);
}

static void unseen_words_stay_unknown(void)
{
	is_class(STAGE_PULL, "the moon is in the wrong phase", CLASS_PULL_UNKNOWN);
	is_class(STAGE_CREATE, "the moon is in the wrong phase", CLASS_CREATE_FAILED);
	is_class(STAGE_START, "the moon is in the wrong phase", CLASS_START_UNKNOWN);
	is_class(STAGE_RUN, "the moon is in the wrong phase", CLASS_NONE);
	is_class(STAGE_PULL, "", CLASS_NONE);
	is_class(STAGE_START, " \n", CLASS_NONE);
	ok(classify(STAGE_PULL, (struct slice){ NULL, 0 }) == CLASS_NONE, "no text at all");
}

/* The agent puts a sentence with a typographic apostrophe before the engine's words (1.84.0 on). */
static void augmented_by_the_agent(void)
{
#define CANT "CannotPullContainerError: The task can\xe2\x80\x99t pull the image. "
	is_class(STAGE_PULL, CANT "Check whether the image exists. Error response from daemon: pull access denied for x, repository "
		 "does not exist or may require 'docker login': denied: requested access to the resource is denied",
		 CLASS_REGISTRY_AUTH);
	is_class(STAGE_PULL, CANT "Check your network configuration. Error response from daemon: Get \"https://r/v2/\": net/http: "
		 "request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
		 CLASS_REGISTRY_UNREACHABLE);
	is_class(STAGE_PULL, CANT "Check whether the image exists. denied: <html>blocked</html>", CLASS_REGISTRY_BLOCKED);
	is_class(STAGE_PULL, CANT "Check that the role has the permissions to pull images from the registry. ", CLASS_REGISTRY_AUTH);
	is_class(STAGE_PULL, CANT "Check your network configuration. ", CLASS_REGISTRY_UNREACHABLE);
#undef CANT
}

static void is_plain(const char *text, const char *want)
{
	char buf[512];
	size_t n = plain_text(slice_of(text), buf);

	ok(n <= strlen(text), "no longer than it was");
	buf[n] = '\0';
	is_str(buf, want, "%.60s", text);
}

/* What is left of a text when its names are taken out, and how words are looked for in it. */
static void names_taken_out(void)
{
	struct slice s = SLICE("open *: permission denied (a b): denied-x");

	is_plain("", "");
	is_plain("Don't push r.io/App:1, it's OK", "don't push *, it's ok");
	is_plain("exec: \"/a b\": stat /a: no", "exec: \"*\": stat *: no");
	is_plain("caused \"exec: \\\"a\\\": no\": unknown", "caused :exec: \"*\": no: unknown");
	is_plain("caused \"a \\\"b", "caused :a \"*");
	is_plain("not closed \"x: denied", "not closed \"*");
	is_plain("\"a\\\"b\" c", "\"*\" c");
	is_plain("a \\\"b\" c", "a \"*\" c");
	is_plain("body: \"<html>\\\"q\\\" Sorry</html>\"", "body: :<html>\"*\" sorry</html>");
	is_plain("path '/a b' and 'x' and 'two words' and '<'", "path '*' and '*' and 'two words' and '<'");
	is_plain("i/o timeout (text/html) \\ x", "i/o timeout (text/html) \\ x");
	is_plain("lookup denied on [::1]:53: x", "lookup * on [*: x");
	is_plain("\\\\\\", "\\\\\\");
	ok(plain_says(s, "^permission denied") && plain_says(s, "^open * permission") == false, "a clause begins behind a colon");
	ok(plain_says(s, "^open *: permission") && plain_says(s, "permission denied (* b)"), "a name stands for one word");
	ok(!plain_says(s, "^denied") && !plain_says(s, "ermission"), "words are whole");
	ok(plain_says(s, "denied-x$") && !plain_says(s, "(a b$"), "the end of the text");
}

/* Any bytes: never longer, never read or written past, always one of the classes. */
static void any_bytes(void)
{
	static const char *const piece[] = { "\"", "\\", "\\\"", "'", " ", ":", ": ", "=", "caused ", "<html", "x/y", "lookup ", "exec: ", "a", ".", "(", "\n",
					     "\0", "\xff", "denied", "*", "^", "$" };
	uint32_t dice = 7;
	bool fine = true;

	for (int i = 0; i < 20000; i++) {
		char text[96], plain[96];
		struct text t = text_on(text, sizeof(text));
		size_t pieces = (size_t)i % 24, n;

		for (size_t k = 0; k < pieces; k++) {
			dice = dice * 1664525 + 1013904223;
			n = (dice >> 16) % (sizeof(piece) / sizeof(piece[0]));
			if (piece[n][0] == '\0')
				text_c(&t, '\0');
			text_s(&t, piece[n]);
		}
		n = plain_text(text_get(&t), plain);
		fine = fine && n <= t.len && classify((enum stage)(i % STAGES), text_get(&t)) < CLASSES;
	}
	ok(fine, "20000 texts of quotes, escapes and names");
}

static void long_texts(void)
{
	static char big[1024 * 1024];

	memset(big, 'x', sizeof(big));
	memcpy(big + 100, ": manifest unknown", 18);
	ok(classify(STAGE_PULL, (struct slice){ big, sizeof(big) }) == CLASS_IMAGE_NOT_FOUND, "1 MB with words at its start");
	memset(big, 'x', 200);
	memcpy(big + CLASSIFY_TEXT_MAX - 1, ": manifest unknown", 18);
	ok(classify(STAGE_PULL, (struct slice){ big, sizeof(big) }) == CLASS_PULL_UNKNOWN, "words behind the bound are not seen");
}

int main(void)
{
	table("docker-20.10.24.tsv", 204);
	table("docker-28.5.2.tsv", 205);
	table("docker-28-containerd.tsv", 36);
	table("other-sources.tsv", 53);
	table("ecs-agent.tsv", 60);
	table("hostile-names.tsv", 54);
	scoped_by_stage();
	unseen_words_stay_unknown();
	augmented_by_the_agent();
	names_taken_out();
	any_bytes();
	long_texts();
	return done();
}
