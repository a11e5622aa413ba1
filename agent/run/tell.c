#include "agent/run/tell.h"

#include "agent/run/node_feed.h"
#include "agent/run/web.h"
#include "platform/file.h"

void tell_start(struct node *n)
{
	hooks_start(n);
	mqtt_start(n);
}

void tell_close(struct node *n)
{
	log_close(&n->log);
}

void tell_view(const struct node *n, struct view *v)
{
	const struct hooks *h = &n->hooks;
	const struct webhook *w = &n->webhook;
	const struct mqtt *m = &n->mqtt;
	const struct view_channel all[] = {
		{ "log", true, n->log.told, n->log.lost, 0, n->log.lost },
		{ "hooks", true, h->ran, h->failed, h->out.n, h->out.dropped },
		{ "webhook", w->tries == 0, w->sent, w->failed, w->out.n, w->out.dropped },
		{ "mqtt", m->state == MQTT_ON, m->sent, m->failed, m->out.n, m->out.dropped },
	};
	const bool set[] = { true, h->there, n->conf->webhook[0] != '\0', n->conf->mqtt[0] != '\0' };

	_Static_assert(sizeof(all) / sizeof(all[0]) <= VIEW_CHANNELS, "room for each");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (set[i])
			v->channel[v->channels++] = all[i];
}

void tell_tick(struct node *n)
{
	hooks_tick(n);
	webhook_tick(n);
	mqtt_tick(n);
}

uint64_t tell_due(const struct node *n)
{
	const uint64_t due[] = { hooks_due(n), webhook_due(n), mqtt_due(n) };
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++)
		first = due[i] < first ? due[i] : first;
	return first;
}

/* Written to the log at once, and put where each channel finds it when it is ready: none of them can hold the loop. */
static void tell(struct node *n, struct notice notice)
{
	char line[LOG_LINE_MAX], fields[LOG_FIELDS_MAX];
	struct text t = text_on(line, sizeof(line)), f = text_on(fields, sizeof(fields));

	text_say(&f, "MESSAGE_ID=");
	text_s(&f, notice_message_id(notice.kind));
	text_c(&f, '\n');
	notice_line(&n->core, notice, &t);
	notice_fields(&n->core, notice, &f);
	log_event(&n->log, notice_warns(&n->core, notice) ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, fields, line);
	if (n->hooks.there)
		outbox_put(&n->hooks.out, notice);
	if (n->conf->webhook[0] != '\0')
		outbox_put(&n->webhook.out, notice);
	if (n->conf->mqtt[0] != '\0' && notice.kind <= NOTICE_OVER)
		outbox_put(&n->mqtt.out, notice);   /* the rest stands in its retained topics */
	n->publish = true;
}

void tell_failure(struct node *n, uint32_t failure, bool final)
{
	tell(n, (struct notice){ final ? NOTICE_FAILURE : NOTICE_SUSPECT, n->core.failure[failure].f.id });
}

void tell_over(struct node *n, uint32_t failure)
{
	tell(n, (struct notice){ NOTICE_OVER, n->core.failure[failure].f.id });
}

void tell_service(struct node *n, uint32_t service)
{
	tell(n, (struct notice){ NOTICE_SERVICE, service });
}

void tell_source(struct node *n, enum source source)
{
	tell(n, (struct notice){ NOTICE_SOURCE, source });
}

static void tell_manager(struct node *n)
{
	struct ask q = { .what = ASK_NOTIFY, .u.notify = TALK_STATUS };
	char words[1024];
	struct text t = text_on(words, sizeof(words));
	struct why why;

	view_summary(&n->core, &t);
	if (asking(n, &q, text_get(&t), NULL, 0, NULL, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "notify: %s", why.text);
}

/* For node_exporter's textfile collector, which reads no half-written file. */
static void textfile(struct node *n, const struct view *v)
{
	struct ask q = { .what = ASK_TEXTFILE };
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct why why;

	if (n->conf->textfile[0] == '\0')
		return;
	if (view_metrics(v, &out) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "textfile: the numbers are larger than %d bytes", VIEW_MAX);
	q.u.reply.bytes = (uint32_t)out.len;
	if (!out.full && asking_only(n, &q, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "textfile: %s", why.text);
}

void tell_publish(struct node *n)
{
	char path[CONF_PATH_CAP + 16];
	struct text t = text_on(path, sizeof(path)), out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;
	struct why why;

	if (!n->publish)
		return;
	n->publish = false;
	tell_manager(n);
	led_show(n);
	mqtt_changed(n);
	traffic_keep(n);
	text_s(&t, n->conf->run_dir);
	text_say(&t, "/status.json");
	node_view(n, &v);
	if (view_status(&v, &out) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "status.json: the state is larger than %d bytes", VIEW_MAX);
	else if (file_replace_volatile(path, text_get(&out), 0644, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "status.json: %s", why.text);
	textfile(n, &v);
	web_changed(n);
}
