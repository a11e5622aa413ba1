#include "tests/fuzz/fuzz_event.h"

#include "tests/fuzz/fuzz.h"

#define TEXT(member) fuzz_text((member), sizeof(member), #member)

static void in(unsigned value, unsigned count)
{
	if (value >= count)
		fuzz_broken("a word out of its list");
}

static void container(const struct ev_container *c)
{
	TEXT(c->id), TEXT(c->task), TEXT(c->cluster), TEXT(c->family), TEXT(c->name), TEXT(c->image), TEXT(c->image_id), TEXT(c->reason);
	in(c->what, C_WHATS), in(c->state, CS_OTHER + 1), in(c->class, CLASSES), in(c->health_check, TRI_YES + 1);
	if (c->id[0] == '\0' || (c->what != C_NETWORK_LEFT && (c->task[0] == '\0' || c->family[0] == '\0' || c->name[0] == '\0')))
		fuzz_broken("a container of nobody");
}

static void change(const struct ev_change *c)
{
	TEXT(c->task), TEXT(c->container), TEXT(c->reason), TEXT(c->runtime_id);
	in(c->task_status, TS_STOPPED + 1), in(c->status, TS_STOPPED + 1), in(c->essential, TRI_YES + 1), in(c->stage, STAGES), in(c->class, CLASSES);
	if (c->task[0] == '\0')
		fuzz_broken("a change of no task");
}

void fuzz_event(const struct event *ev)
{
	in(ev->type, EV_TYPES);
	if (ev->type == EV_CONTAINER) {
		container(&ev->u.container);
	} else if (ev->type == EV_CHANGE) {
		change(&ev->u.change);
	} else if (ev->type == EV_IMAGE) {
		TEXT(ev->u.image.image_id), TEXT(ev->u.image.digest), TEXT(ev->u.image.arch);
	} else if (ev->type == EV_TASK) {
		TEXT(ev->u.task.task), TEXT(ev->u.task.family), TEXT(ev->u.task.service);
		in(ev->u.task.what, T_WHATS), in(ev->u.task.desired, TS_STOPPED + 1), in(ev->u.task.known, TS_STOPPED + 1);
	} else if (ev->type == EV_PULL) {
		TEXT(ev->u.pull.task), TEXT(ev->u.pull.container), TEXT(ev->u.pull.image), TEXT(ev->u.pull.digest), TEXT(ev->u.pull.reason);
		in(ev->u.pull.what, P_WHATS), in(ev->u.pull.class, CLASSES);
	} else if (ev->type == EV_EPOCH) {
		const struct ev_epoch *e = &ev->u.epoch;

		TEXT(e->boot_id), TEXT(e->engine_id), TEXT(e->engine_version), TEXT(e->agent_version);
		TEXT(e->cluster), TEXT(e->container_instance), TEXT(e->region), TEXT(e->arch);
	} else if (ev->type == EV_FACT) {
		in(ev->u.fact.fact, FACTS), in(ev->u.fact.yes, TRI_YES + 1);
		TEXT(ev->u.fact.about), TEXT(ev->u.fact.detail);
	}
}
