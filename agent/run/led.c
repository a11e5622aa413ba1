#include "agent/run/led.h"

#include "agent/run/node.h"

/* By urgency, the least urgent first. */
static const struct { uint32_t on_ms, off_ms; } patterns[] = {
	{ 0, 1000 }, { 1000, 0 }, { 2000, 200 }, { 1000, 1000 }, { 100, 1900 }, { 100, 100 },
};

static uint32_t urgency(enum verdict v)
{
	switch (v) {
	case V_UNKNOWN:
	case VERDICTS:
		break;
	case V_OK:
		return 1;
	case V_ROLLED_BACK:
		return 2;
	case V_ROLLING:
	case V_ROLLING_BACK:
		return 3;
	case V_SUSPECT:
		return 4;
	case V_FAILING:
	case V_STUCK:
		return 5;
	}
	return 0;
}

void led_show(struct node *n)
{
	struct ask q = { .what = ASK_LED };
	struct led *l = &n->led;
	uint32_t worst = 0;
	struct why why;

	if (n->conf->led[0] == '\0')
		return;
	for (uint32_t i = 0; i < (uint32_t)n->core.rows.services; i++)
		if (n->core.service[i].used && urgency(n->core.service[i].verdict) > worst)
			worst = urgency(n->core.service[i].verdict);
	if (l->set && l->on_ms == patterns[worst].on_ms && l->off_ms == patterns[worst].off_ms)
		return;
	l->on_ms = patterns[worst].on_ms;
	l->off_ms = patterns[worst].off_ms;
	q.u.led.on_ms = l->on_ms;
	q.u.led.off_ms = l->off_ms;
	l->set = asking_only(n, &q, &why) == KERR_OK;
	if (!l->set && !l->broken)
		log_line(&n->log, LOG_LEVEL_ERROR, "led: %s", why.text);
	l->broken = !l->set;
}
