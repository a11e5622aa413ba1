#include <limits.h>

#include "agent/cmd/show.h"

static void page(const struct page *p, const struct answer *answer)
{
	show_failures(p, answer->root, INT_MAX);
	show_left_out(answer->root, PACKED_TEXT("failures_left_out"));
}

int cmd_failures(const struct cmd *c)
{
	return show_reading(c, ASK_FAILURES, page, NULL);
}
