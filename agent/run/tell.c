#include "agent/run/tell.h"

#include "agent/run/node.h"
#include "platform/file.h"

void tell_start(struct node *n)
{
	const struct conf *c = n->conf;
	const struct { const char *key, *value; } set[] = { { "webhook", c->webhook }, { "mqtt", c->mqtt }, { "led", c->led } };
	struct file_ident ident;
	struct why why;

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		if (set[i].value[0] != '\0')
			log_line(&n->log, LOG_LEVEL_ERROR, "[report] %s = %s is not served by this version", set[i].key, set[i].value);
	if (c->hooks[0] != '\0' && file_identify(c->hooks, &ident, &why) == KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "[report] hooks: what is in %s is not run by this version", c->hooks);
}

void tell_failure(struct node *n, uint32_t failure, bool final)
{
	const struct failure *f = &n->core.failure[failure].f;
	char whose[2 * NAME_CAP + 64] = "";
	struct text t = text_on(whose, sizeof(whose));

	if (f->family[0] != '\0') {
		text_c(&t, ' ');
		text_definition(&t, f->family, f->revision);
	}
	if (f->container[0] != '\0') {
		text_s(&t, " container=");
		text_s(&t, f->container);
	}
	if (f->stage != STAGE_NODE || f->service[0] != '\0') {
		text_s(&t, " service=");
		text_s(&t, f->service[0] != '\0' ? f->service : "?");
	}
	log_line(&n->log, LOG_LEVEL_WARN, "%s f%u%s class=%s blame=%s stage=%s reason=%.500s", final ? "failure" : "suspect", f->id,
		 whose, class_name(f->class), blame_name(f->blame), stage_name(f->stage), f->reason);
	n->publish = true;
}

void tell_over(struct node *n, uint32_t failure)
{
	const struct failure *f = &n->core.failure[failure].f;

	log_line(&n->log, LOG_LEVEL_INFO, "over f%u class=%s", f->id, class_name(f->class));
	n->publish = true;
}

void tell_service(struct node *n, uint32_t service)
{
	const struct service *s = &n->core.service[service];
	char words[1024];
	struct text t = text_on(words, sizeof(words));

	core_explain(&n->core, service, &t);
	log_line(&n->log, LOG_LEVEL_INFO, "service %s verdict=%s serving=%s rollback=%s: %s", s->m.name, verdict_name(s->verdict),
		 serving_name(s->serving), rb_state_name(core_rollback_shown(s)), words);
	n->publish = true;
}

void tell_source(struct node *n, enum source source)
{
	const struct known_source *s = &n->core.source[source];

	log_line(&n->log, s->state == SS_UP ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "source %s is %s%s%s", source_name(source),
		 source_state_name(s->state), s->detail[0] != '\0' ? ": " : "", s->detail);
	n->publish = true;
}

/* The service that is worst off, or that none is. */
static void summary(const struct core *c, struct text *out)
{
	uint32_t all = 0, well = 0, worst = 0;

	for (uint32_t i = 0; i < SERVICES_MAX; i++) {
		if (!c->service[i].used)
			continue;
		worst = all == 0 || (c->service[i].verdict != V_OK && c->service[worst].verdict == V_OK) ? i : worst;
		all++;
		well += c->service[i].verdict == V_OK;
	}
	if (all == 0) {
		text_s(out, "no service of this node is known yet");
	} else {
		text_u64(out, well);
		text_s(out, " of ");
		text_u64(out, all);
		text_s(out, all == 1 ? " service runs as deployed" : " services run as deployed");
	}
	text_s(out, "; AWS is ");
	text_s(out, source_state_name(c->source[SRC_AWS].state));
	if (well == all)
		return;
	text_s(out, ". ");
	text_s(out, c->service[worst].m.name);
	text_s(out, ": ");
	core_explain(c, worst, out);
}

static void tell_manager(struct node *n)
{
	char words[1024];
	struct text t = text_on(words, sizeof(words));

	summary(&n->core, &t);
	notify_status(&n->notify, words);
}

/* For node_exporter's textfile collector, which reads no half-written file. */
static void textfile(struct node *n, const struct view *v)
{
	struct text out = text_on(n->reply, sizeof(n->reply));
	struct why why;

	if (n->conf->textfile[0] == '\0')
		return;
	if (view_metrics(v, &out) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "textfile: the numbers are larger than %d bytes", VIEW_MAX);
	else if (file_replace_volatile(n->conf->textfile, text_get(&out), 0644, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "textfile: %s", why.text);
}

void tell_publish(struct node *n)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path)), out = text_on(n->reply, sizeof(n->reply));
	struct view v;
	struct why why;

	if (!n->publish)
		return;
	n->publish = false;
	tell_manager(n);
	traffic_keep(n);
	text_s(&t, n->conf->run_dir);
	text_s(&t, "/status.json");
	node_view(n, &v);
	if (view_status(&v, &out) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "status.json: the state is larger than %d bytes", VIEW_MAX);
	else if (file_replace_volatile(path, text_get(&out), 0644, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "status.json: %s", why.text);
	textfile(n, &v);
}
