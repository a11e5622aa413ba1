/* conf.h - kedge.conf into a struct. Unknown sections, unknown keys and bad values are errors that name file, line,
 * key and what is allowed; nothing is guessed and nothing is cut. */
#ifndef KEDGE_WIRE_CONF_H
#define KEDGE_WIRE_CONF_H

#include "agent/base/err.h"
#include "agent/core/policy.h"
#include "agent/wire/endpoint.h"

#define CONF_PATH       "/etc/kedge/kedge.conf"
#define CONF_PATH_CAP   256              /* bytes of a path. longer: refused */
#define CONF_URL_CAP    512              /* bytes of a URL. longer: refused */
#define CONF_FILE_MAX   65536            /* bytes of kedge.conf. longer: refused */

enum conf_log { CONF_LOG_ERROR, CONF_LOG_WARNING, CONF_LOG_INFO, CONF_LOG_DEBUG };
enum conf_auto { CONF_NO, CONF_YES, CONF_AUTO };
enum conf_credentials { CONF_CRED_AUTO, CONF_CRED_ENV, CONF_CRED_FILE, CONF_CRED_CONTAINER, CONF_CRED_IOT,
			CONF_CRED_ROLESANYWHERE };

struct conf {
	/* [kedge] */
	char cluster[NAME_CAP], region[32], container_instance[ARN_CAP];    /* empty: discovered */
	char state_dir[CONF_PATH_CAP], run_dir[CONF_PATH_CAP];
	char user[33];                                   /* as whom the worker works */
	enum conf_log log;
	/* [engine] */
	char engine_socket[CONF_PATH_CAP];
	/* [ecs_agent] */
	char introspection[CONF_URL_CAP], agent_log[CONF_PATH_CAP], agent_config[CONF_PATH_CAP];
	/* [aws] */
	char endpoint[CONF_URL_CAP], ecr_endpoint[CONF_URL_CAP], ca_file[CONF_PATH_CAP], credentials_file[CONF_PATH_CAP], profile[64], proxy[CONF_URL_CAP];
	enum conf_credentials credentials;
	enum endpoint_type endpoint_type;
	uint64_t heartbeat_ms, data_budget_bytes;        /* data_budget_bytes: a day; 0: no limit */
	bool credentials_file_set;                       /* named in the file, not the default */
	/* [iot] */
	char iot_endpoint[CONF_URL_CAP], iot_role_alias[130], iot_thing[130], iot_cert[CONF_PATH_CAP], iot_key[CONF_PATH_CAP];
	/* [rolesanywhere] */
	char ra_trust_anchor[ARN_CAP], ra_profile[ARN_CAP], ra_role[ARN_CAP], ra_cert[CONF_PATH_CAP], ra_key[CONF_PATH_CAP];
	char ra_endpoint[CONF_URL_CAP];          /* empty: AWS's own in the trust anchor's region */
	/* [policy], [service NAME], and fleet of [aws] (0: auto); the seed is the caller's to set */
	struct core_params core;
	/* [report] */
	char listen[CONF_URL_CAP], textfile[CONF_PATH_CAP], hooks[CONF_PATH_CAP], webhook[CONF_URL_CAP], webhook_secret[CONF_PATH_CAP];
	char mqtt[CONF_URL_CAP], mqtt_topic[NAME_CAP], mqtt_ca_file[CONF_PATH_CAP], led[CONF_PATH_CAP];  /* empty: off */
	uint64_t hook_timeout_ms;
	bool metrics, mqtt_discovery;
	enum conf_auto journald, syslog;
};

/* Every default of the contract: what holds when there is no kedge.conf at all. */
void conf_default(struct conf *out);
/* Defaults, then `text`. file is only for messages. On an error out holds the defaults again. */
enum kerr conf_parse(struct slice text, const char *file, struct conf *out, struct why *why) KERR_CHECK;

/* The ways to write values, for the verbs' own options too. "90s" "10m" "2h" "1d" "250ms"; whole numbers. */
bool conf_duration(struct slice text, uint64_t *ms);
/* "512" "64KB" "5MB" "1GB" (powers of 1000) or KiB MiB GiB. */
bool conf_size(struct slice text, uint64_t *bytes);
const char *conf_credentials_name(enum conf_credentials c);

#endif
