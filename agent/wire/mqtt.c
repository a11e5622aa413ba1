#include "agent/wire/mqtt.h"

enum { CONNECT = 1, PUBLISH = 3, PINGREQ = 12 };
enum { CLEAN_SESSION = 0x02, HAS_WILL = 0x04, WILL_QOS_1 = 0x08, WILL_RETAIN = 0x20, HAS_PASSWORD = 0x40, HAS_USER = 0x80 };

static void u16(struct text *t, size_t v)
{
	text_c(t, (char)(v >> 8 & 0xff));
	text_c(t, (char)(v & 0xff));
}

static void string(struct text *t, struct slice s)
{
	if (s.n > UINT16_MAX) {
		t->full = true;
		return;
	}
	u16(t, s.n);
	text_slice(t, s);
}

/* Seven bits a byte, the lowest first (2.2.3). */
static void head(struct text *t, unsigned type, unsigned flags, size_t rest)
{
	text_c(t, (char)(type << 4 | flags));
	do {
		text_c(t, (char)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)));
		rest >>= 7;
	} while (rest > 0);
}

void mqtt_connect(struct text *out, const struct mqtt_hello *h)
{
	struct slice id = slice_of(h->client_id), topic = slice_of(h->will_topic), will = slice_of(h->will);
	bool known = h->user.n > 0;
	size_t rest = 10 + 6 + id.n + topic.n + will.n + (known ? 4 + h->user.n + h->password.n : 0);

	head(out, CONNECT, 0, rest);
	string(out, SLICE("MQTT"));
	text_c(out, 4);         /* the protocol's level: 3.1.1 */
	text_c(out, (char)(CLEAN_SESSION | HAS_WILL | WILL_QOS_1 | WILL_RETAIN | (known ? HAS_USER | HAS_PASSWORD : 0)));
	u16(out, h->keep_alive_s);
	string(out, id);
	string(out, topic);
	string(out, will);
	if (!known)
		return;
	string(out, h->user);
	string(out, h->password);
}

void mqtt_publish(struct text *out, const char *topic, struct slice payload, bool retain, uint16_t id)
{
	struct slice name = slice_of(topic);

	head(out, PUBLISH, (id > 0 ? 2 : 0) | (retain ? 1 : 0), 2 + name.n + (id > 0 ? 2 : 0) + payload.n);
	string(out, name);
	if (id > 0)
		u16(out, id);
	text_slice(out, payload);
}

void mqtt_ping(struct text *out)
{
	head(out, PINGREQ, 0, 0);
}

enum kerr mqtt_read(struct slice *in, struct mqtt_packet *out, struct why *why)
{
	unsigned first, rest, want;

	if (in->n < 2)
		return KERR_AGAIN;
	first = (unsigned char)in->p[0];
	rest = (unsigned char)in->p[1];
	*out = (struct mqtt_packet){ .type = (enum mqtt_type)(first >> 4) };
	want = first >> 4 == MQTT_PINGRESP ? 0 : 2;
	if ((first != MQTT_CONNACK << 4 && first != MQTT_PUBACK << 4 && first != MQTT_PINGRESP << 4) || rest != want)
		return why_set(why, KERR_BAD_INPUT, "no packet of MQTT 3.1.1 begins with 0x%02x 0x%02x here", first, rest);
	if (in->n < 2 + rest)
		return KERR_AGAIN;
	if (rest > 0) {
		out->code = (uint8_t)in->p[3];
		out->id = (uint16_t)((unsigned char)in->p[2] << 8 | (unsigned char)in->p[3]);
	}
	*in = slice_from(*in, 2 + rest);
	return KERR_OK;
}

const struct packed *mqtt_refusal(uint8_t code)
{
	static const struct packed *const words[] = {
		PACKED("it does not speak MQTT 3.1.1"), PACKED("it does not take the client's id"), PACKED("it is not available"),
		PACKED("user or password is wrong"),
		PACKED("this client is not authorized"),
	};

	return code >= 1 && code <= sizeof(words) / sizeof(words[0]) ? words[code - 1] : PACKED("it gives no reason of MQTT 3.1.1");
}
