#include "agent/cmd/show.h"

int cmd_status(const struct cmd *c)
{
	return show_reading(c, ASK_STATUS, show_status, show_brief);
}
