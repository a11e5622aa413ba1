/* node.h - everything one running agent owns. One static instance; no other state in agent/run. */
#ifndef KEDGE_RUN_NODE_H
#define KEDGE_RUN_NODE_H

#include "agent/core/core.h"
#include "agent/run/asking.h"
#include "agent/run/aws.h"
#include "agent/run/hooks.h"
#include "agent/run/image_check.h"
#include "agent/run/journal.h"
#include "agent/run/keys.h"
#include "agent/run/led.h"
#include "agent/run/mqtt.h"
#include "agent/run/probe.h"
#include "agent/run/registry.h"
#include "agent/run/seam.h"
#include "agent/run/src_config.h"
#include "agent/run/src_engine.h"
#include "agent/run/src_introspection.h"
#include "agent/run/src_log.h"
#include "agent/run/traffic.h"
#include "agent/run/wall_clock.h"
#include "agent/run/webhook.h"
#include "agent/wire/conf.h"
#include "agent/wire/view.h"
#include "platform/clock.h"
#include "platform/http_pool.h"
#include "platform/httpd.h"
#include "platform/log.h"
#include "platform/net.h"

struct node {
	struct conf *conf;               /* the caller's, changed in place by a reload */
	const char *conf_path;
	struct core core;
	struct loop loop;
	struct tls tls;
	struct http http;
	struct log log;
	struct net net;
	struct asking asking;
	struct httpd web;
	struct hooks hooks;
	struct webhook webhook;
	struct led led;
	struct mqtt mqtt;
	struct seam seam;
	struct src_engine engine;
	struct src_log agent_log;
	struct src_introspection introspection;
	struct src_config agent_config;
	struct keys keys;
	struct aws aws;
	struct journal journal;
	struct traffic traffic;
	struct arena arena;
	struct event ev;                 /* the one being made */
	struct event told;               /* of parsers that tell several: they go on with it after each */
	char boot_id[CLOCK_BOOT_ID_LEN + 1]; /* empty: the kernel does not say */
	uint64_t now_ms;                 /* boot clock of this turn, or of the event being taken */
	uint64_t housekeeping_ms;        /* when slow facts are looked at again */
	struct wall_clock wall;
	uint64_t peak_pss_bytes;
	int pss_fd;                      /* proc_own_pss_bytes */
	int32_t probe;                   /* a failure waits for its experiment; NONE: none */
	struct registry registry;
	struct image_check images;
	bool stop, orphan, publish;      /* orphan: the gate is gone; publish: status.json is behind */
	char missing_part[DETAIL_CAP];   /* of what keeps a worker that was taken over where it is; empty: nothing */
	bool actor;
	uint32_t deployer;               /* the connection of whoever asked for core.deploy */
	bool table_asked;                /* for the page, and not answered yet */
	uint32_t table_of;               /* the state of the services when it last was */
	char only[NAME_CAP];             /* the service whose deployments were asked for last; empty: all */
	char arena_room[768 * 1024];
	char work[64 * 1024];
};

#endif
