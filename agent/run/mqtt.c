#include "agent/run/mqtt.h"

#include <poll.h>
#include <unistd.h>

#include "agent/base/host.h"
#include "agent/run/node_feed.h"
#include "agent/wire/json.h"
#include "agent/wire/mqtt.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/http_stream.h"

enum {
	KEEP_ALIVE_S = 240, ANSWER_MS = 20000, STEADY_MS = 60000, READS_MAX = 64,
	NAMELESS_MS = 20000, PORT = 1883, PORT_TLS = 8883, TOPIC_CAP = 2 * NAME_CAP + 160
};

/* [report] mqtt taken apart; conf.c has seen to its form. */
struct broker { bool tls; struct slice user, password, host; uint64_t port; };

static struct broker broker_of(const struct node *n)
{
	struct slice rest = host_and_path(slice_of(n->conf->mqtt));
	struct broker b = { .tls = slice_starts(slice_of(n->conf->mqtt), "mqtts") };
	size_t at = slice_rfind(rest, "@");

	if (at != SIZE_MAX) {
		b.password = slice_to(rest, at);
		(void)slice_next(&b.password, ':', &b.user);
		rest = slice_from(rest, at + 1);
	}
	(void)host_split(rest, &b.host, &b.port);
	b.port = b.port > 0 ? b.port : b.tls ? PORT_TLS : PORT;
	return b;
}

static void give_up(struct node *n, const char *words)
{
	struct mqtt *m = &n->mqtt;

	/* a connection that falls as soon as it stands is no better than none */
	if (m->state == MQTT_ON && clock_boot_ms() - m->welcome_ms >= STEADY_MS)
		m->tries = 0;
	if (m->tries == 0)
		log_line(&n->log, LOG_LEVEL_WARN, "mqtt: %s; tried again", words);
	loop_unwatch(&n->loop, m->fd);
	http_cancel(&n->http, m->stream);
	m->fd = -1;
	m->state = MQTT_OFF;
	m->next_ms = clock_boot_ms() + outbox_wait_ms(m->tries++, 0);
	m->failed++;
	if (!m->acked)
		outbox_back(&m->out, m->doing);
	m->acked = true;
}

/* ---- what is published ---- */

static void topic(const struct node *n, struct text *t, const char *rest, const char *name)
{
	text_s(t, n->conf->mqtt_topic);
	text_c(t, '/');
	text_s(t, n->mqtt.node);
	text_s(t, rest);
	text_s(t, name);
}

static struct text room(struct mqtt *m)
{
	return text_on(m->bytes, sizeof(m->bytes));
}

/* One packet at a time is under way; n->reply holds its payload. */
static void publish(struct node *n, const char *to, struct slice payload, bool retain, uint16_t id)
{
	struct text out = room(&n->mqtt);

	mqtt_publish(&out, to, payload, retain, id);
	if (out.full) {
		log_line(&n->log, LOG_LEVEL_ERROR, "%.200s: a notice is larger than %d bytes", to, MQTT_OUT_MAX);
		return;
	}
	n->mqtt.len = out.len;
	n->mqtt.gone = 0;
	n->mqtt.sent++;
}

/* False: the broker has it already. told: the hash of what it has. */
static bool publish_new(struct node *n, uint64_t *told, const char *rest, const char *name, struct slice payload)
{
	char to[TOPIC_CAP];
	struct text t = text_on(to, sizeof(to));

	if (slice_hash(payload) == *told)
		return false;
	*told = slice_hash(payload);
	topic(n, &t, rest, name);
	publish(n, to, payload, true, 0);
	return true;
}

static bool publish_status(struct node *n)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	node_view(n, &v);
	return view_online(&v, &out) == KERR_OK && publish_new(n, &n->mqtt.told, "/status", "", text_get(&out));
}

/* What Home Assistant needs to show a service without being told by hand (its MQTT discovery). */
static void announce(struct node *n, const char *name)
{
	char to[TOPIC_CAP], state[TOPIC_CAP], status[TOPIC_CAP], id[TOPIC_CAP];
	struct text t = text_on(to, sizeof(to)), s = text_on(state, sizeof(state)), a = text_on(status, sizeof(status));
	struct text i = text_on(id, sizeof(id)), out = text_on(n->asking.board->reply, VIEW_MAX);
	struct jw w = jw_on(&out);

	text_say(&i, "kedge_");
	text_s(&i, n->mqtt.node);
	text_c(&i, '_');
	text_s(&i, name);
	text_say(&t, "homeassistant/sensor/");
	text_s(&t, id);
	text_say(&t, "/config");
	topic(n, &s, "/service/", name);
	topic(n, &a, "/status", "");
	jw_object(&w, NULL);
	jw_str(&w, "name", name);
	jw_str(&w, "unique_id", id);
	jw_str(&w, "state_topic", state);
	jw_packed(&w, "value_template", PACKED("{{ value_json.verdict }}"));
	jw_str(&w, "json_attributes_topic", state);
	jw_str(&w, "availability_topic", status);
	jw_packed(&w, "availability_template", PACKED("{{ 'online' if value_json.online else 'offline' }}"));
	jw_object(&w, "device");
	jw_array(&w, "identifiers");
	jw_str(&w, NULL, n->mqtt.node);
	jw_array_end(&w);
	jw_str(&w, "name", n->mqtt.node);
	jw_str(&w, "manufacturer", "kedge");
	jw_object_end(&w);
	jw_object_end(&w);
	publish(n, to, text_get(&out), true, 0);
}

/* The one of a service that is no more is taken away. False: there is nothing new to tell of this row. */
static bool publish_service(struct node *n, uint32_t at)
{
	struct mqtt *m = &n->mqtt;
	const char *name = n->core.service[at].used ? n->core.service[at].m.name : "";
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	if (!str_eq(m->service[at].name, name)) {
		char old[NAME_CAP];

		(void)str_put(old, sizeof(old), slice_of(m->service[at].name));
		(void)str_put(m->service[at].name, NAME_CAP, slice_of(name));
		m->service[at].told = 0;
		m->service[at].announced = false;
		if (old[0] != '\0')
			return publish_new(n, &m->service[at].told, "/service/", old, SLICE(""));
	}
	if (name[0] == '\0')
		return false;
	if (n->conf->mqtt_discovery && !m->service[at].announced) {
		m->service[at].announced = true;
		announce(n, name);
		return true;
	}
	node_view(n, &v);
	return view_one_service(&v, at, &out) == KERR_OK &&
	       publish_new(n, &m->service[at].told, "/service/", name, text_get(&out));
}

static bool publish_state(struct node *n)
{
	struct mqtt *m = &n->mqtt;

	if (m->next == 0 && publish_status(n))
		return true;
	/* a row may have more than one thing to tell: it is looked at until it has none */
	for (; m->next < SERVICES_MAX; m->next++)
		if (publish_service(n, m->next))
			return true;
	m->behind = false;
	return false;
}

static void publish_failure(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	char to[TOPIC_CAP];
	struct text t = text_on(to, sizeof(to)), out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	if (!m->acked || !outbox_take(&m->out, &n->core, &m->doing))
		return;
	node_view(n, &v);
	if (notice_json(&v, m->doing, &out) != KERR_OK)
		return;
	topic(n, &t, "/failure", "");
	m->id = m->id == UINT16_MAX ? 1 : m->id + 1;
	m->acked = false;
	m->next_ms = clock_boot_ms() + ANSWER_MS;
	publish(n, to, text_get(&out), false, m->id);
}

/* ---- the connection ---- */

static loop_fn on_stream;

static void flush(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	size_t sent = 0;
	struct why why;

	while (m->gone < m->len) {
		struct slice left = { m->bytes + m->gone, m->len - m->gone };

		if (http_stream_send(&n->http, m->stream, left, &sent, &why) != KERR_OK) {
			give_up(n, why.text);
			return;
		}
		m->gone += sent;
		if (sent == 0)
			break;
	}
	if (m->gone == m->len)
		m->gone = m->len = 0;
	if (loop_watch(&n->loop, m->fd, m->len > 0 ? POLLIN | POLLOUT : POLLIN, on_stream, n, &why) != KERR_OK)
		give_up(n, why.text);
}

static void keep_alive(struct mqtt *m)
{
	m->pinged = false;
	m->next_ms = clock_boot_ms() + (m->acked ? KEEP_ALIVE_S * 1000 : ANSWER_MS);
}

static bool take(struct node *n, const struct mqtt_packet *p)
{
	struct mqtt *m = &n->mqtt;
	char words[80];
	struct text t = text_on(words, sizeof(words));

	if (p->type == MQTT_CONNACK && (m->state != MQTT_GREETING || p->code != 0)) {
		text_say(&t, "the broker refuses: ");
		text_packed(&t, m->state == MQTT_GREETING ? mqtt_refusal(p->code) : PACKED("it greets twice"));
		give_up(n, words);
		return false;
	}
	if (p->type == MQTT_CONNACK) {
		m->state = MQTT_ON;
		m->behind = true;
		m->welcome_ms = clock_boot_ms();
		if (m->tries > 0)
			log_line(&n->log, LOG_LEVEL_INFO, "mqtt: the broker is back, after %u failed tries", (unsigned)m->tries);
	}
	m->acked = m->acked || (p->type == MQTT_PUBACK && p->id == m->id);
	keep_alive(m);
	return true;
}

static void listen_to(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	struct mqtt_packet p;
	struct slice in;
	size_t got = 0;
	struct why why;
	enum kerr err = KERR_OK;

	/* it has hardly anything to say: who sends more is after our time */
	for (int reads = 0; reads < READS_MAX; reads++) {
		err = http_stream_recv(&n->http, m->stream, m->in + m->in_len, sizeof(m->in) - m->in_len, &got, &why);
		if (err != KERR_OK)
			break;
		m->in_len += got;
		in = (struct slice){ m->in, m->in_len };
		while ((err = mqtt_read(&in, &p, &why)) == KERR_OK)
			if (!take(n, &p))
				return;
		if (err != KERR_AGAIN)
			break;
		for (size_t i = 0; i < in.n; i++)
			m->in[i] = in.p[i];
		m->in_len = in.n;
		err = KERR_TOO_BIG;
		why_set(&why, err, "the broker floods");
	}
	if (err != KERR_AGAIN)
		give_up(n, why.text);
}

static void on_stream(void *arg, int fd, short revents)
{
	struct node *n = arg;

	(void)fd;
	if ((revents & ~POLLOUT) != 0)
		listen_to(n);
	if ((revents & POLLOUT) != 0 && n->mqtt.state != MQTT_OFF)
		flush(n);
}

static void greet(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	struct broker b = broker_of(n);
	char will[TOPIC_CAP], id[MQTT_NODE_CAP + 8], user[MQTT_HOST_CAP], password[MQTT_HOST_CAP];
	struct text t = text_on(will, sizeof(will)), i = text_on(id, sizeof(id)), out = room(m);
	struct text u = text_on(user, sizeof(user)), p = text_on(password, sizeof(password));

	topic(n, &t, "/status", "");
	text_say(&i, "kedge-");
	text_s(&i, m->node);
	text_percent_decoded(&u, b.user);
	text_percent_decoded(&p, b.password);
	mqtt_connect(&out, &(struct mqtt_hello){ id, text_get(&u), text_get(&p), will,
						 "{\"schema\":\"kedge.online/1\",\"online\":false}", KEEP_ALIVE_S + 60 });
	crypto_zero(password, sizeof(password));
	m->state = MQTT_GREETING;
	m->in_len = m->gone = 0;
	m->len = out.len;
	m->told = 0;
	m->next = 0;
	for (uint32_t k = 0; k < SERVICES_MAX; k++)
		m->service[k].told = m->service[k].announced = 0;
	m->next_ms = clock_boot_ms() + ANSWER_MS;
	flush(n);
}

static void on_open(void *arg, const struct http_result *r)
{
	struct node *n = arg;

	if (r->err == KERR_OK) {
		n->mqtt.fd = http_stream_fd(&n->http, n->mqtt.stream);
		greet(n);
	} else {
		give_up(n, r->why.text);
	}
}

/* The container instance's id is the fleet's name for this node; a host's name may be on every board. */
static void name_of(const struct node *n, char name[MQTT_NODE_CAP])
{
	struct slice arn = slice_of(n->core.node.container_instance);
	size_t at = slice_rfind(arn, "/");
	char host[MQTT_NODE_CAP] = "";

	(void)gethostname(host, sizeof(host) - 1);
	if (at == SIZE_MAX || !str_put(name, MQTT_NODE_CAP, slice_from(arn, at + 1)))
		(void)str_cut(name, MQTT_NODE_CAP, slice_of(host[0] != '\0' ? host : "node"));
}

static void open_stream(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	struct broker b = broker_of(n);
	char url[MQTT_HOST_CAP];
	struct text t = text_on(url, sizeof(url));
	struct http_request r = { .method = HTTP_STREAM, .url = url, .tls = &m->tls, .on_done = on_open, .arg = n,
				  .plain_anywhere = true, .purpose = host_is_near(b.host) ? PURPOSE_NEAR : PURPOSE_MQTT };
	struct why why;

	name_of(n, m->node);
	text_s(&t, b.tls ? "https://" : "http://");
	text_slice(&t, b.host);
	text_c(&t, ':');
	text_u64(&t, b.port);
	text_c(&t, '/');
	m->state = MQTT_OPENING;
	if (http_start(&n->http, &r, &m->stream, &why) != KERR_OK)
		give_up(n, why.text);
}

void mqtt_start(struct node *n)
{
	const struct conf *c = n->conf;
	struct why why;

	n->mqtt.acked = true;
	n->mqtt.fd = -1;
	/* the ECS agent tells the node's name within seconds, where it runs */
	n->mqtt.next_ms = clock_boot_ms() + NAMELESS_MS;
	if (c->mqtt[0] != '\0' && tls_init(&n->mqtt.tls, c->mqtt_ca_file[0] != '\0' ? c->mqtt_ca_file : c->ca_file, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "mqtt: %s", why.text);
}

void mqtt_changed(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	char name[MQTT_NODE_CAP];

	if (n->conf->mqtt[0] == '\0')
		return;
	name_of(n, name);
	if (m->state == MQTT_OFF && m->tries == 0 && n->core.node.container_instance[0] != '\0')
		m->next_ms = 0;
	else if (m->state == MQTT_ON && !str_eq(name, m->node))
		give_up(n, "this node has another name now");
	m->behind = true;
	m->next = 0;
}

void mqtt_again(struct node *n)
{
	if (n->mqtt.state == MQTT_OFF)
		n->mqtt.next_ms = 0;
}

/* Time is over: for the answer to a greeting, a failure or a ping; or for nothing, and then it is time to ping. */
static void late(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	struct text out = room(m);

	if (m->state != MQTT_ON || !m->acked || m->pinged || m->len > 0) {
		give_up(n, "the broker does not answer");
		return;
	}
	mqtt_ping(&out);
	m->len = out.len;
	m->pinged = true;
	m->next_ms = clock_boot_ms() + ANSWER_MS;
	flush(n);
}

void mqtt_tick(struct node *n)
{
	struct mqtt *m = &n->mqtt;
	bool late_now = m->next_ms <= clock_boot_ms();

	if (n->conf->mqtt[0] == '\0')
		return;
	if (m->state == MQTT_OFF && late_now)
		open_stream(n);
	else if ((m->state == MQTT_GREETING || m->state == MQTT_ON) && late_now)
		late(n);
	while (m->state == MQTT_ON && m->len == 0) {
		if (!m->behind || !publish_state(n))
			publish_failure(n);
		if (m->len == 0)
			break;
		flush(n);
	}
}

uint64_t mqtt_due(const struct node *n)
{
	return n->conf->mqtt[0] == '\0' || n->mqtt.state == MQTT_OPENING ? UINT64_MAX : n->mqtt.next_ms;
}
