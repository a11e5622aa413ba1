/* What only DescribeServices tells: the service's controller, and why ECS places nothing. Asked on demand only:
 * its answer is the largest of all. */
#include "agent/core/parts.h"

void on_aws_service(struct core *c, const struct ev_aws_service *ev)
{
	struct service *s = ev->service < SERVICES_MAX ? &c->service[ev->service] : NULL;

	if (s == NULL || !s->used || !s->asked.sent || s->asked.ask != ev->ask) {
		c->counter.stale_answers++;
		return;
	}
	s->asked.sent = false;
	s->asked.ms = c->now_ms;
	s->asked.said = *ev;
}
