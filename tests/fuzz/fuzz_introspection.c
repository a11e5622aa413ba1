/* The ECS agent's introspection answers, and its configuration files. The first byte says which; of configuration, the user's file
 * comes before a NUL, the instance's behind it. */
#include "agent/wire/agent_config.h"
#include "agent/wire/introspection_in.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_event.h"

#include <string.h>

static char memory[192 * 1024];
static struct event ev;
static uint32_t told;

static void put(void *arg, const struct event *e)
{
	(void)arg;
	told++;
	if (e->type != EV_TASK || e->u.task.what != T_STATUS || e->u.task.task[0] == '\0')
		fuzz_broken("no task's status");
	fuzz_event(e);
}

static void config(struct slice in)
{
	struct agent_config c = { .user = SLICE("") };

	(void)slice_next(&in, '\0', &c.user);
	c.instance = in;
	for (int i = 0; i < 2; i++) {
		memset(&ev, 0xA5, sizeof(ev));
		ev.type = EV_FACT;
		if (i == 0)
			agent_config_reasons(&c, &ev.u.fact);
		else
			agent_config_images(&c, &ev.u.fact);
		fuzz_text(ev.u.fact.about, sizeof(ev.u.fact.about), "what decides");
		if (ev.u.fact.fact != (i == 0 ? FACT_REASONS : FACT_IMAGES_KEPT) || ev.u.fact.yes > TRI_YES)
			fuzz_broken("another fact");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	const struct ev_out out = { &ev, put, NULL };
	struct introspection_in_counts n = { 0, 0 };
	uint8_t which = fuzz_byte(&in) % 3;
	struct why why = { "" };
	struct arena a;
	enum kerr e;

	if (which == 2) {
		config(in);
		return 0;
	}
	arena_init(&a, memory, sizeof(memory));
	memset(&ev, 0xA5, sizeof(ev));
	told = 0;
	if (which == 0)
		e = introspection_in_metadata(&a, in, &ev, &why);
	else
		e = introspection_in_tasks(&a, in, &out, &n, &why);
	if (arena_mark(&a) != 0)
		fuzz_broken("the arena is not as it was");
	if (e != KERR_OK && why.text[0] == '\0')
		fuzz_broken("refused without words");
	if (e == KERR_OK && which == 0)
		fuzz_event(&ev);
	if (n.told != told)
		fuzz_broken("tasks were miscounted");
	return 0;
}
