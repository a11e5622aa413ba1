/* mqtt.h - the node's state at an MQTT broker: TOPIC/NODE/status and TOPIC/NODE/service/NAME, retained, each when it changed;
 * TOPIC/NODE/failure for every failure, with QoS 1. The broker itself says that the node is gone: the will. NODE is the last
 * part of the container instance's ARN, else the host's name. */
#ifndef KEDGE_RUN_MQTT_H
#define KEDGE_RUN_MQTT_H

#include "agent/run/outbox.h"
#include "platform/http.h"

struct node;

enum { MQTT_OUT_MAX = 40 * 1024, MQTT_IN_MAX = 512, MQTT_HOST_CAP = 300, MQTT_NODE_CAP = 72 };

enum mqtt_state { MQTT_OFF, MQTT_OPENING, MQTT_GREETING, MQTT_ON };

struct mqtt {
	enum mqtt_state state;
	struct tls tls;                  /* with the roots of mqtt_ca_file */
	uint32_t stream;
	int fd;                          /* of it, watched */
	struct outbox out;               /* failures */
	uint64_t next_ms;                /* boot clock: to try again; to give up waiting; to ping */
	uint32_t tries;                  /* that failed since a connection stood for a while */
	uint64_t welcome_ms;             /* boot clock: when the broker took us */
	bool acked, pinged;              /* acked: nothing waits for its acknowledgement; pinged: its answer has not come */
	struct notice doing;
	uint16_t id;
	char node[MQTT_NODE_CAP];
	uint64_t told;                   /* hash of the status the broker has; 0: none */
	bool behind;                     /* the state has changed since every topic was looked at */
	uint32_t next;                   /* the service to be looked at next */
	struct { uint64_t told; char name[NAME_CAP]; bool announced; } service[SERVICES_MAX];
	uint64_t sent, failed;           /* packets published; connections that failed or were lost */
	char in[MQTT_IN_MAX], bytes[MQTT_OUT_MAX];
	size_t in_len, len, gone;        /* of bytes[]: what is to be sent, and what of it has been */
};

void mqtt_start(struct node *n);
/* The state has changed: the topics that are another now are published. */
void mqtt_changed(struct node *n);
/* Once a turn. mqtt_due: when it has to be called next, boot clock in ms. */
void mqtt_tick(struct node *n);
uint64_t mqtt_due(const struct node *n);
/* The line is another: tried at once. */
void mqtt_again(struct node *n);

#endif
