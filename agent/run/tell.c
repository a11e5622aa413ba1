#include "agent/run/tell.h"

#include "agent/run/node.h"
#include "platform/file.h"

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

void tell_publish(struct node *n)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path)), out = text_on(n->reply, sizeof(n->reply));
	struct view v;
	struct why why;

	if (!n->publish)
		return;
	n->publish = false;
	traffic_keep(n);
	text_s(&t, n->conf->run_dir);
	text_s(&t, "/status.json");
	node_view(n, &v);
	if (view_status(&v, &out) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "status.json: the state is larger than %d bytes", VIEW_MAX);
	else if (file_replace_volatile(path, text_get(&out), 0644, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "status.json: %s", why.text);
}
