#include "agent/cmd/show.h"

static void page(const struct page *p, const struct answer *answer)
{
	show_services(p, answer->root, true);
}

int cmd_services(const struct cmd *c)
{
	return show_reading(c, ASK_SERVICES, page, NULL);
}
