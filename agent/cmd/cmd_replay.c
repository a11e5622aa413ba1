/* What kedge makes of a recording: to look into an incident of the field again, away from the field. */
#include <stdio.h>

#include "agent/cmd/args.h"
#include "agent/cmd/ask.h"
#include "agent/run/replay.h"
#include "agent/wire/view.h"
#include "agent/cmd/say.h"

static int code_of(enum kerr err)
{
	if (err == KERR_REFUSED)
		return EXIT_NO;
	return err == KERR_BAD_INPUT || err == KERR_TOO_BIG ? EXIT_USAGE : EXIT_UNREACHABLE;
}

int cmd_replay(const struct cmd *c)
{
	static char json[VIEW_MAX];
	struct text out = text_on(json, sizeof(json));
	struct why why = { "" };
	struct args a;
	enum kerr err;

	if (!args_parse(c, ARG_JSON | ARG_DIR, 0, 1, &a))
		return EXIT_USAGE;
	if ((a.dir != NULL) == (a.n == 1)) {
		say_to(stderr, "kedge replay: say either --dir DIR, a recorded directory, or one FILE\n");
		return EXIT_USAGE;
	}
	err = a.dir != NULL ? replay_dir(a.dir, version_number(), &out, &why) : replay_file(a.word[0], version_number(), &out, &why);
	if (err != KERR_OK)
		return ask_fail_says(a.json, code_of(err), why.text);
	puts(json);
	return EXIT_DONE;
}
