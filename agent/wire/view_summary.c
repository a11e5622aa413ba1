/* How the node fares in one sentence, and as the small object that says so over MQTT. */
#include "agent/wire/view_parts.h"

void view_summary(const struct core *c, struct text *out)
{
	uint32_t all = 0, well = 0, worst = 0;

	for (uint32_t i = 0; i < (uint32_t)c->rows.services; i++) {
		if (!c->service[i].used)
			continue;
		worst = all == 0 || (c->service[i].verdict != V_OK && c->service[worst].verdict == V_OK) ? i : worst;
		all++;
		well += c->service[i].verdict == V_OK;
	}
	if (all == 0) {
		text_say(out, "no service of this node is known yet");
	} else {
		text_u64(out, well);
		text_say(out, " of ");
		text_u64(out, all);
		text_packed(out, all == 1 ? PACKED(" service runs as deployed") : PACKED(" services run as deployed"));
	}
	text_say(out, "; AWS is ");
	text_s(out, source_state_name(c->source[SRC_AWS].state));
	if (well == all)
		return;
	text_say(out, ". ");
	text_s(out, c->service[worst].m.name);
	text_say(out, ": ");
	core_explain(c, worst, out);
}

/* Without the time, so that what did not change is not sent again. */
enum kerr view_online(const struct view *v, struct text *out)
{
	char words[1024];
	struct text t = text_on(words, sizeof(words));
	struct jw w = jw_on(out);

	view_summary(v->core, &t);
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.online/1"));
	jw_bool(&w, "online", true);
	jw_str(&w, "version", v->version);
	jw_str(&w, "text", words);
	jw_object(&w, "sources");
	for (int i = 0; i < SOURCES; i++)
		jw_str(&w, source_name((enum source)i), source_state_name(v->core->source[i].state));
	jw_object_end(&w);
	return view_end(&w);
}

enum kerr view_one_service(const struct view *v, uint32_t service, struct text *out)
{
	struct jw w = jw_on(out);

	view_service(v, &w, NULL, service);
	return out->full ? KERR_TOO_BIG : KERR_OK;
}
