/* mqtt.h - the packets of MQTT 3.1.1 that somebody who only publishes needs. Source: OASIS, MQTT Version 3.1.1 (2014). */
#ifndef KEDGE_WIRE_MQTT_H
#define KEDGE_WIRE_MQTT_H

#include "agent/base/err.h"
#include "agent/base/str.h"

struct mqtt_hello {
	const char *client_id;
	struct slice user, password;     /* user empty: neither is sent */
	const char *will_topic;          /* what the broker publishes, retained and with QoS 1, when the connection ends ... */
	const char *will;                /* ... without a DISCONNECT */
	uint16_t keep_alive_s;
};

/* Each writes one whole packet; out->full when it does not fit. */
void mqtt_connect(struct text *out, const struct mqtt_hello *hello);     /* of a clean session */
/* id 0: QoS 0; else QoS 1, to be acknowledged under this id. An empty retained payload takes a retained one away. */
void mqtt_publish(struct text *out, const char *topic, struct slice payload, bool retain, uint16_t id);
void mqtt_ping(struct text *out);

enum mqtt_type { MQTT_CONNACK = 2, MQTT_PUBACK = 4, MQTT_PINGRESP = 13 };

struct mqtt_packet {
	enum mqtt_type type;
	uint8_t code;                    /* MQTT_CONNACK: 0 welcome, else mqtt_refusal */
	uint16_t id;                     /* MQTT_PUBACK */
};

/* Takes the first packet off *in. KERR_AGAIN: it is not all there yet; KERR_BAD_INPUT: none that a broker may send to who
 * subscribed to nothing. */
KERR_CHECK enum kerr mqtt_read(struct slice *in, struct mqtt_packet *out, struct why *why);
const struct packed *mqtt_refusal(uint8_t code);

#endif
