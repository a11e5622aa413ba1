/* Keeps a service's rollback from going on for a while; a hold of 0s ends one. */
#include <inttypes.h>
#include <stdio.h>

#include "agent/cmd/act.h"
#include "agent/wire/conf.h"
#include "agent/cmd/say.h"

#define HOLD_MS     UINT64_C(86400000)   /* without --for: as long as an intent lives by default */
#define HOLD_MAX_MS (30 * HOLD_MS)       /* a hold nobody remembers must end by itself */

int cmd_hold(const struct cmd *c)
{
	uint64_t ms = HOLD_MS;
	char number[24];
	struct answer answer;
	struct args a;

	if (!args_parse(c, ARG_JSON | ARG_FOR, 1, 1, &a))
		return EXIT_USAGE;
	if (a.span != NULL && slice_is(slice_of(a.span), "0"))
		ms = 0;
	else if (a.span != NULL && (!conf_duration(slice_of(a.span), &ms) || ms > HOLD_MAX_MS)) {
		say_to(stderr, "kedge hold: --for takes a duration like 90s, 10m or 2h, 30d at most, 0 to end a hold\n");
		return EXIT_USAGE;
	}
	snprintf(number, sizeof(number), "%" PRIu64, ms);
	return act_ask(c, a.word[0], number, a.json, &answer);
}
