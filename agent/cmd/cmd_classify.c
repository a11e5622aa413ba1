/* What kedge makes of an error text, without a daemon: to try it on a log line. */
#include <stdio.h>

#include "agent/cmd/args.h"
#include "agent/cmd/ask.h"
#include "agent/wire/classify.h"

static int unreadable(const struct args *a)
{
	return ask_fail(a->json, EXIT_UNREACHABLE, "the text cannot be read from standard input");
}

static int answer(const struct args *a, enum stage stage, struct slice text)
{
	enum class class = classify(stage, text);
	char buf[256];
	struct text t = text_on(buf, sizeof(buf));
	struct jw w = jw_on(&t);

	if (!a->json) {
		printf("%s, blame %s\n", class_name(class), blame_name(class_blame(class)));
		return EXIT_DONE;
	}
	jw_object(&w, NULL);
	jw_str(&w, "schema", "kedge.classify/1");
	jw_str(&w, "stage", stage_name(stage));
	jw_str(&w, "class", class_name(class));
	jw_str(&w, "blame", blame_name(class_blame(class)));
	jw_object_end(&w);
	puts(buf);
	return EXIT_DONE;
}

int cmd_classify(const struct cmd *c)
{
	static char text[CLASSIFY_TEXT_MAX];     /* classify looks at no more */
	enum stage stage;
	struct args a;
	size_t n;

	if (!args_parse(c, ARG_JSON | ARG_STAGE, 0, 1, &a))
		return EXIT_USAGE;
	if (a.stage == NULL || !stage_from(slice_of(a.stage), &stage) || stage > STAGE_RUN) {
		fprintf(stderr, "kedge classify: --stage must be one of pull, create, start, run\n");
		return EXIT_USAGE;
	}
	if (a.n == 1 && !slice_is(slice_of(a.word[0]), "-"))
		return answer(&a, stage, slice_of(a.word[0]));
	n = fread(text, 1, sizeof(text), stdin);
	return ferror(stdin) ? unreadable(&a) : answer(&a, stage, slice_trim((struct slice){ text, n }));
}
