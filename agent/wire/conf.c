#include "agent/wire/conf.h"

#include <stddef.h>
#include <string.h>

#include <ini.h>

#include "agent/base/host.h"
#include "agent/wire/arn.h"

#if !INI_HANDLER_LINENO || INI_ALLOW_MULTILINE || INI_ALLOW_INLINE_COMMENTS || !INI_STOP_ON_FIRST_ERROR
#error "inih must be built with INI_FLAGS of packaging/toolchain.mk"
#endif

#define S_MS   (UINT64_C(1000))
#define MIN_MS (60 * S_MS)
#define H_MS   (60 * MIN_MS)
#define DAY_MS (24 * H_MS)

enum type { T_CLUSTER, T_REGION, T_ARN, T_PATH, T_URL, T_PLAIN, T_LISTEN, T_DURATION, T_SIZE, T_COUNT, T_FLAG, T_WORD,
	    T_CLASSES, T_HOSTS, T_FAMILY };
enum { OPTIONAL = 1, ZERO_WORD = 2 };    /* may be empty; the first word stands for the value in `high` */

struct key {
	const char *name;                /* and behind its NUL its words, "a|b|c": of an enum, schemes of a URL, the special word of a number */
	unsigned section : 8;            /* enum section */
	enum type type : 8;
	uint16_t at, size;               /* offset and bytes in struct conf, struct policy or struct service_policy */
	unsigned flags : 8, bounds : 8;  /* bounds: of a number, index into the table below */
	const struct packed *allowed;            /* what an error says is allowed; NULL: the words */
};

#define C(m) offsetof(struct conf, m), sizeof(((struct conf *)0)->m)
#define P(m) offsetof(struct policy, m), sizeof(((struct policy *)0)->m)

#define PATH_SAYS   "an absolute path of at most 255 bytes"
#define TIME_SAYS   "a duration like 90s, 10m, 2h or 1d"
#define FLAG_SAYS   "yes or no"
#define MODE_WORDS  "off|shadow|manual|auto"
#define CRED_WORDS  "auto|env|file|container|iot|rolesanywhere"

/* Bounds of a number; of ZERO_WORD `high` is what the word stands for. */
enum { UNBOUND, TO_7D, FROM_10KB, NODES, ONE_TO_100, FROM_1S, TO_10M, TO_1D, OR_AUTO, TO_30D, TO_100 };
static const struct { uint64_t low, high; } bounds[] = {
	[TO_7D] = { S_MS, 7 * DAY_MS },
	[FROM_10KB] = { 10000, 0 },
	[NODES] = { 1, 10000000 },
	[ONE_TO_100] = { 1, 100 },
	[FROM_1S] = { S_MS, 0 },
	[TO_10M] = { S_MS, 10 * MIN_MS },
	[TO_1D] = { 0, DAY_MS },
	[OR_AUTO] = { 0, HOLD_DOWN_AUTO },
	[TO_30D] = { S_MS, 30 * DAY_MS },
	[TO_100] = { 0, 100 },
};

enum section { IN_KEDGE, IN_ENGINE, IN_ECS_AGENT, IN_AWS, IN_IOT, IN_ROLESANYWHERE, IN_POLICY, IN_SERVICE, IN_REPORT };
static const char *const sections[] = { "kedge", "engine", "ecs_agent", "aws", "iot", "rolesanywhere", "policy", "service", "report" };

static const struct key keys[] = {
	{ "cluster\0", IN_KEDGE, T_CLUSTER, C(cluster), OPTIONAL, UNBOUND, PACKED("the cluster's name or ARN, or nothing") },
	{ "region\0", IN_KEDGE, T_REGION, C(region), OPTIONAL, UNBOUND, PACKED("a region like eu-west-1, or nothing") },
	{ "container_instance\0" "container-instance", IN_KEDGE, T_ARN, C(container_instance), OPTIONAL, UNBOUND,
	  PACKED("the ARN of a container instance, or nothing") },
	{ "state_dir\0", IN_KEDGE, T_PATH, C(state_dir), 0, UNBOUND, PACKED(PATH_SAYS) },
	{ "user\0", IN_KEDGE, T_PLAIN, C(user), 0, UNBOUND, PACKED("a user's name of at most 32 bytes") },
	{ "run_dir\0", IN_KEDGE, T_PATH, C(run_dir), 0, UNBOUND, PACKED(PATH_SAYS) },
	{ "log\0" "error|warning|info|debug", IN_KEDGE, T_WORD, C(log), 0, UNBOUND, NULL },
	{ "socket\0", IN_ENGINE, T_PATH, C(engine_socket), 0, UNBOUND, PACKED(PATH_SAYS) },
	{ "introspection\0" "http", IN_ECS_AGENT, T_URL, C(introspection), OPTIONAL, UNBOUND,
	  PACKED("a URL like http://127.0.0.1:51678, or nothing") },
	{ "log\0", IN_ECS_AGENT, T_PATH, C(agent_log), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "config\0", IN_ECS_AGENT, T_PATH, C(agent_config), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "endpoint\0" "https|http", IN_AWS, T_URL, C(endpoint), OPTIONAL, UNBOUND,
	  PACKED("https://HOST[:PORT], or http:// on loopback, or nothing") },
	{ "ecr_endpoint\0" "https|http", IN_AWS, T_URL, C(ecr_endpoint), OPTIONAL, UNBOUND,
	  PACKED("https://HOST[:PORT], or http:// on loopback, or nothing") },
	{ "ca_file\0", IN_AWS, T_PATH, C(ca_file), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "credentials\0" CRED_WORDS, IN_AWS, T_WORD, C(credentials), 0, UNBOUND, NULL },
	{ "credentials_file\0", IN_AWS, T_PATH, C(credentials_file), 0, UNBOUND, PACKED(PATH_SAYS) },
	{ "profile\0", IN_AWS, T_PLAIN, C(profile), 0, UNBOUND, PACKED("a profile's name of at most 63 bytes") },
	{ "heartbeat\0", IN_AWS, T_DURATION, C(heartbeat_ms), 0, TO_7D, PACKED(TIME_SAYS ", from 1s to 7d") },
	{ "data_budget\0" "unlimited", IN_AWS, T_SIZE, C(data_budget_bytes), ZERO_WORD, FROM_10KB,
	  PACKED("a size like 512KB or 5MB, at least 10KB, or unlimited") },
	{ "fleet\0" "auto", IN_AWS, T_COUNT, C(core.fleet), ZERO_WORD, NODES, PACKED("auto, or the number of nodes") },
	{ "proxy\0" "http", IN_AWS, T_URL, C(proxy), OPTIONAL, UNBOUND,
	  PACKED("http://[USER:PASSWORD@]HOST[:PORT], none, or nothing") },
	{ "endpoint_type\0" "standard|fips|dualstack|fips-dualstack", IN_AWS, T_WORD, C(endpoint_type), 0, UNBOUND, NULL },
	{ "endpoint\0", IN_IOT, T_PLAIN, C(iot_endpoint), OPTIONAL, UNBOUND, PACKED("the credential provider's host name") },
	{ "role_alias\0", IN_IOT, T_PLAIN, C(iot_role_alias), OPTIONAL, UNBOUND,
	  PACKED("a role alias of at most 128 bytes") },
	{ "thing\0", IN_IOT, T_PLAIN, C(iot_thing), OPTIONAL, UNBOUND, PACKED("a thing's name of at most 128 bytes") },
	{ "cert\0", IN_IOT, T_PATH, C(iot_cert), OPTIONAL, UNBOUND, PACKED(PATH_SAYS) },
	{ "key\0", IN_IOT, T_PATH, C(iot_key), OPTIONAL, UNBOUND, PACKED(PATH_SAYS) },
	{ "trust_anchor\0", IN_ROLESANYWHERE, T_ARN, C(ra_trust_anchor), OPTIONAL, UNBOUND,
	  PACKED("the trust anchor's ARN") },
	{ "profile\0", IN_ROLESANYWHERE, T_ARN, C(ra_profile), OPTIONAL, UNBOUND, PACKED("the profile's ARN") },
	{ "role\0", IN_ROLESANYWHERE, T_ARN, C(ra_role), OPTIONAL, UNBOUND, PACKED("the role's ARN") },
	{ "endpoint\0" "https|http", IN_ROLESANYWHERE, T_URL, C(ra_endpoint), OPTIONAL, UNBOUND,
	  PACKED("https://HOST[:PORT], or http:// on loopback, or nothing") },
	{ "cert\0", IN_ROLESANYWHERE, T_PATH, C(ra_cert), OPTIONAL, UNBOUND, PACKED(PATH_SAYS) },
	{ "key\0", IN_ROLESANYWHERE, T_PATH, C(ra_key), OPTIONAL, UNBOUND, PACKED(PATH_SAYS) },
	{ "rollback\0" MODE_WORDS, IN_POLICY, T_WORD, P(mode), 0, UNBOUND, NULL },
	{ "failures\0", IN_POLICY, T_COUNT, P(failures), 0, ONE_TO_100, PACKED("a number from 1 to 100") },
	{ "window\0" "deployment", IN_POLICY, T_DURATION, P(window_ms), ZERO_WORD, FROM_1S, PACKED("deployment, or " TIME_SAYS) },
	{ "deadline\0", IN_POLICY, T_DURATION, P(deadline_ms), 0, TO_7D, PACKED(TIME_SAYS ", from 1s to 7d") },
	{ "pull_deadline\0", IN_POLICY, T_DURATION, P(pull_deadline_ms), 0, TO_7D, PACKED(TIME_SAYS ", from 1s to 7d") },
	{ "early_exit\0", IN_POLICY, T_DURATION, P(early_exit_ms), 0, TO_1D, PACKED(TIME_SAYS ", at most 1d") },
	{ "classes\0", IN_POLICY, T_CLASSES, P(classes), OPTIONAL, UNBOUND, NULL },
	{ "quorum\0" "off|auto", IN_POLICY, T_WORD, P(quorum_auto), 0, UNBOUND, NULL },
	{ "hold_down\0" "auto", IN_POLICY, T_DURATION, P(hold_down_ms), ZERO_WORD, OR_AUTO, PACKED("auto, or " TIME_SAYS) },
	{ "expire\0", IN_POLICY, T_DURATION, P(expire_ms), 0, TO_30D, PACKED(TIME_SAYS ", from 1s to 30d") },
	{ "max_rollbacks_per_day\0", IN_POLICY, T_COUNT, P(max_rollbacks_per_day), 0, TO_100,
	  PACKED("a number from 0 to 100") },
	{ "allow_update_service\0", IN_POLICY, T_FLAG, P(allow_update_service), 0, UNBOUND, PACKED(FLAG_SAYS) },
	{ "probe\0" "off|on", IN_POLICY, T_WORD, P(probe), 0, UNBOUND, NULL },
	{ "site_registries\0", IN_POLICY, T_HOSTS, P(site_registries), OPTIONAL, UNBOUND,
	  PACKED("host names, with a port where they have one, separated by blanks, 255 bytes in all") },
	{ "family\0", IN_SERVICE, T_FAMILY, offsetof(struct service_policy, family), NAME_CAP, OPTIONAL, UNBOUND,
	  PACKED("a task definition family: letters, digits, - and _") },
	{ "listen\0", IN_REPORT, T_LISTEN, C(listen), OPTIONAL, UNBOUND,
	  PACKED("ADDRESS:PORT, the path of a socket, or nothing") },
	{ "metrics\0", IN_REPORT, T_FLAG, C(metrics), 0, UNBOUND, PACKED(FLAG_SAYS) },
	{ "textfile\0", IN_REPORT, T_PATH, C(textfile), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "journald\0" "no|yes|auto", IN_REPORT, T_WORD, C(journald), 0, UNBOUND, NULL },
	{ "syslog\0" "no|yes|auto", IN_REPORT, T_WORD, C(syslog), 0, UNBOUND, NULL },
	{ "hooks\0", IN_REPORT, T_PATH, C(hooks), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "hook_timeout\0", IN_REPORT, T_DURATION, C(hook_timeout_ms), 0, TO_10M, PACKED(TIME_SAYS ", from 1s to 10m") },
	{ "webhook\0" "https|http", IN_REPORT, T_URL, C(webhook), OPTIONAL, UNBOUND, PACKED("an http or https URL, or nothing") },
	{ "webhook_secret\0", IN_REPORT, T_PATH, C(webhook_secret), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "mqtt\0" "mqtt|mqtts", IN_REPORT, T_URL, C(mqtt), OPTIONAL, UNBOUND,
	  PACKED("mqtt://[USER:PASSWORD@]HOST[:PORT] or mqtts://..., or nothing") },
	{ "mqtt_topic\0", IN_REPORT, T_PLAIN, C(mqtt_topic), 0, UNBOUND, PACKED("a topic without blanks, + or #") },
	{ "mqtt_ca_file\0", IN_REPORT, T_PATH, C(mqtt_ca_file), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
	{ "mqtt_discovery\0", IN_REPORT, T_FLAG, C(mqtt_discovery), 0, UNBOUND, PACKED(FLAG_SAYS) },
	{ "led\0", IN_REPORT, T_PATH, C(led), OPTIONAL, UNBOUND, PACKED(PATH_SAYS ", or nothing") },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const char *words_of(const struct key *k) { return str_behind(k->name); }

struct reading {
	struct conf *conf;
	const char *file;
	struct slice rest;               /* of the text */
	struct why *why;
	enum kerr failed;
	unsigned line;
	bool services;                   /* second pass: only [service NAME], which start from the whole [policy] */
	char section[NAME_CAP + 16];     /* whole: inih keeps 49 bytes only */
	unsigned section_line;
	unsigned seen[KEYS];             /* line a key was last set at, in this section */
	struct service_policy *service;  /* of the current section, NULL in others */
};

void conf_default(struct conf *out)
{
	/* not the rows of services, most of which nobody ever fills: untouched they cost no memory */
	const size_t rows = offsetof(struct conf, core) + offsetof(struct core_params, service);
	const size_t past = rows + sizeof(out->core.service);

	memset(out, 0, rows);
	memset((char *)out + past, 0, sizeof(*out) - past);
	(void)str_put(out->state_dir, sizeof(out->state_dir), SLICE("/var/lib/kedge"));
	(void)str_put(out->run_dir, sizeof(out->run_dir), SLICE("/run/kedge"));
	(void)str_put(out->user, sizeof(out->user), SLICE("kedge"));
	out->log = CONF_LOG_INFO;
	(void)str_put(out->engine_socket, sizeof(out->engine_socket), SLICE("/var/run/docker.sock"));
	(void)str_put(out->introspection, sizeof(out->introspection), SLICE("http://127.0.0.1:51678"));
	(void)str_put(out->agent_log, sizeof(out->agent_log), SLICE("/var/log/ecs/ecs-agent.log"));
	(void)str_put(out->agent_config, sizeof(out->agent_config), SLICE("/etc/ecs/ecs.config"));
	(void)str_put(out->credentials_file, sizeof(out->credentials_file), SLICE("/root/.aws/credentials"));
	(void)str_put(out->profile, sizeof(out->profile), SLICE("default"));
	out->heartbeat_ms = 60 * MIN_MS;
	out->data_budget_bytes = 5 * 1000 * 1000;
	out->core.policy = policy_default();
	(void)str_put(out->listen, sizeof(out->listen), SLICE("127.0.0.1:7733"));
	out->metrics = true;
	out->hook_timeout_ms = 30 * S_MS;
	out->journald = CONF_AUTO;
	out->syslog = CONF_AUTO;
	(void)str_put(out->hooks, sizeof(out->hooks), SLICE("/etc/kedge/hooks.d"));
	(void)str_put(out->mqtt_topic, sizeof(out->mqtt_topic), SLICE("kedge"));
}

/* A whole number and the unit after it. */
static bool number_unit(struct slice text, uint64_t *n, struct slice *unit)
{
	size_t digits = 0;

	while (digits < text.n && ch_digit(text.p[digits]))
		digits++;
	*unit = slice_from(text, digits);
	return slice_u64(slice_to(text, digits), n);
}

struct unit { const char *name; uint64_t factor; };

static bool with_unit(struct slice text, const struct unit *unit, size_t units, uint64_t *out)
{
	struct slice name;
	uint64_t n;

	if (!number_unit(text, &n, &name))
		return false;
	for (size_t i = 0; i < units; i++)
		if (slice_is(name, unit[i].name)) {
			*out = n * unit[i].factor;
			return n <= UINT64_MAX / 2 / unit[i].factor;
		}
	return false;
}

bool conf_duration(struct slice text, uint64_t *ms)
{
	static const struct unit unit[] = {
		{ "ms", 1 }, { "s", S_MS }, { "m", MIN_MS }, { "min", MIN_MS }, { "h", H_MS }, { "d", DAY_MS },
	};

	if (slice_is(text, "0")) {
		*ms = 0;
		return true;
	}
	return with_unit(text, unit, sizeof(unit) / sizeof(unit[0]), ms);
}

bool conf_size(struct slice text, uint64_t *bytes)
{
	static const struct unit unit[] = {
		{ "", 1 }, { "B", 1 }, { "KB", 1000 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
		{ "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	};

	return with_unit(text, unit, sizeof(unit) / sizeof(unit[0]), bytes);
}

/* Which of "a|b|c" it is; false for none. */
static bool word_index(struct slice value, const char *words, unsigned *at)
{
	struct slice rest = slice_of(words), word;

	for (*at = 0; slice_next(&rest, '|', &word); ++*at)
		if (slice_eq(value, word))
			return true;
	return false;
}

const char *conf_credentials_name(enum conf_credentials c)
{
	static const char *const name[] = { "auto", "env", "file", "container", "iot", "rolesanywhere" };

	return name[c];
}

static bool printable(struct slice v, bool blanks)
{
	for (size_t i = 0; i < v.n; i++)
		if ((uint8_t)v.p[i] < ' ' || v.p[i] == 0x7f || (!blanks && v.p[i] == ' '))
			return false;
	return true;
}

static bool url_ok(struct slice v, const char *schemes)
{
	size_t at = slice_find(v, "://");
	unsigned which;

	return at != SIZE_MAX && word_index(slice_to(v, at), schemes, &which) && v.n > at + 3 && v.p[at + 3] != '/' &&
	       printable(v, false);
}

static bool has_user(struct slice url)
{
	struct slice rest = host_and_path(url);

	return slice_find(rest, "@") < slice_find(rest, "/");
}

static bool proxy_ok(struct slice v)
{
	size_t at = slice_rfind(v, "@");
	struct slice host;
	uint64_t port;

	return slice_is(v, "none") || (url_ok(v, "http") && host_split(slice_from(v, at == SIZE_MAX ? 7 : at + 1), &host, &port));
}

static bool broker_ok(struct slice v)
{
	struct slice rest = host_and_path(v), host;
	size_t at = slice_rfind(rest, "@");
	uint64_t port;

	return url_ok(v, "mqtt|mqtts") && host_split(slice_from(rest, at == SIZE_MAX ? 0 : at + 1), &host, &port);
}

static bool listen_ok(struct slice v)
{
	size_t at = slice_rfind(v, ":");
	uint64_t port;

	if (v.n > 0 && v.p[0] == '/')
		return printable(v, false);
	return at != SIZE_MAX && at > 0 && printable(v, false) && slice_u64(slice_from(v, at + 1), &port) && port < 65536;
}

static bool topic_ok(struct slice v)
{
	return printable(v, false) && slice_find(v, "+") == SIZE_MAX && slice_find(v, "#") == SIZE_MAX;
}

/* Values that are kept as text. */
static bool text_ok(const struct key *k, struct slice v)
{
	struct arn a;

	switch (k->type) {
	case T_CLUSTER:
		return arn_cluster_name(v).n > 0;
	case T_REGION:
		return arn_partition_of(v) != NULL;
	case T_ARN:
		return words_of(k)[0] == '\0' ? arn_parse(v, &a, NULL) == KERR_OK :
		       arn_parse_ecs(v, words_of(k), 3, &a, NULL) == KERR_OK;
	case T_PATH:
		return v.p[0] == '/' && printable(v, true);
	case T_URL:
		if (str_eq(k->name, "proxy"))
			return proxy_ok(v);
		/* no password hides in other addresses: a webhook's secret has a file */
		return str_eq(k->name, "mqtt") ? broker_ok(v) : url_ok(v, words_of(k)) && !has_user(v);
	case T_LISTEN:
		return listen_ok(v);
	case T_FAMILY:
		return arn_name_ok(v);
	case T_PLAIN:
		return str_eq(k->name, "mqtt_topic") ? topic_ok(v) : printable(v, false);
	case T_HOSTS:
		return printable(v, true);
	case T_DURATION:
	case T_SIZE:
	case T_COUNT:
	case T_FLAG:
	case T_WORD:
	case T_CLASSES:
		break;
	}
	return false;
}

static bool number(const struct key *k, struct slice v, uint64_t *n)
{
	uint64_t high = (k->flags & ZERO_WORD) != 0 && k->type != T_COUNT ? 365 * DAY_MS * 1000 : bounds[k->bounds].high;
	bool good;

	if ((k->flags & ZERO_WORD) != 0 && slice_is(v, words_of(k))) {
		*n = k->type == T_COUNT ? 0 : bounds[k->bounds].high;
		return true;
	}
	if (k->type == T_DURATION)
		good = conf_duration(v, n);
	else
		good = k->type == T_SIZE ? conf_size(v, n) : slice_u64(v, n);
	return good && *n >= bounds[k->bounds].low && *n <= high;
}

static bool put_number(const struct key *k, struct slice v, char *at)
{
	uint64_t n;
	uint32_t n32;

	if (!number(k, v, &n))
		return false;
	n32 = (uint32_t)n;
	if (k->size == sizeof(n32))
		memcpy(at, &n32, sizeof(n32));
	else
		memcpy(at, &n, sizeof(n));
	return true;
}

static bool put_word(const struct key *k, struct slice v, char *at)
{
	unsigned which;

	if (!word_index(v, words_of(k), &which))
		return false;
	if (k->size == sizeof(bool))
		*(bool *)at = which != 0;
	else
		memcpy(at, &which, sizeof(which));
	return true;
}

static bool put_flag(struct slice v, char *at)
{
	if (!slice_is(v, "yes") && !slice_is(v, "no"))
		return false;
	*(bool *)at = slice_is(v, "yes");
	return true;
}

/* "(a b c)" or "a b, c" */
static struct slice unwrap(struct slice v)
{
	if (v.n >= 2 && v.p[0] == '(' && v.p[v.n - 1] == ')')
		return slice_trim((struct slice){ v.p + 1, v.n - 2 });
	return v;
}

static bool next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (rest->n > 0 && (rest->p[0] == ' ' || rest->p[0] == '\t' || rest->p[0] == ','))
		*rest = slice_from(*rest, 1);
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t' && rest->p[n] != ',')
		n++;
	*word = slice_to(*rest, n);
	*rest = slice_from(*rest, n);
	return n > 0;
}

static enum kerr put_classes(struct reading *r, const char *name, struct slice v, char *at)
{
	struct slice rest = unwrap(v), word;
	uint64_t set = 0;
	enum class class;

	while (next_word(&rest, &word)) {
		int shown = (int)(word.n > 60 ? 60 : word.n);

		if (!class_from(word, &class))
			return why_set(r->why, KERR_BAD_INPUT, "%s line %u: %s: \"%.*s\" is no class of failure; one is "
				       "image-not-found, `kedge classify` prints the others", r->file, r->line, name, shown,
				       word.p);
		if (class_stage(class) == STAGE_DEPLOY || class_stage(class) == STAGE_NODE || class == CLASS_STALE_IMAGE ||
		    class == CLASS_PULL_CANCELLED)
			return why_set(r->why, KERR_BAD_INPUT, "%s line %u: %s: %.*s never causes a rollback; leave it out",
				       r->file, r->line, name, shown, word.p);
		set |= CLASS_BIT(class);
	}
	memcpy(at, &set, sizeof(set));
	return KERR_OK;
}

static bool put_value(const struct key *k, struct slice v, char *at)
{
	switch (k->type) {
	case T_DURATION:
	case T_SIZE:
	case T_COUNT:
		return put_number(k, v, at);
	case T_WORD:
		return put_word(k, v, at);
	case T_FLAG:
		return put_flag(v, at);
	case T_HOSTS:
		v = unwrap(v);
		break;
	case T_CLUSTER:
	case T_REGION:
	case T_ARN:
	case T_PATH:
	case T_URL:
	case T_PLAIN:
	case T_LISTEN:
	case T_CLASSES:
	case T_FAMILY:
		break;
	}
	if (v.n == 0) {
		at[0] = '\0';
		return (k->flags & OPTIONAL) != 0;
	}
	if (!text_ok(k, v))
		return false;
	/* a cluster's ARN is as good as its name, which is what ECS agent and labels say */
	return str_put(at, k->size, k->type == T_CLUSTER ? arn_cluster_name(v) : v);
}

static bool is_in(const struct key *k, const char *section)
{
	return str_eq(sections[k->section], section);
}

static const struct key *find_key(const char *section, const char *name)
{
	bool service = str_eq(section, "service");

	for (size_t i = 0; i < KEYS; i++)
		if (str_eq(keys[i].name, name) && (is_in(&keys[i], section) || (service && keys[i].section == IN_POLICY)))
			return &keys[i];
	return NULL;
}

static enum kerr unknown_key(struct reading *r, const char *section, const char *name)
{
	char list[200];
	struct text t = text_on(list, sizeof(list));
	bool service = str_eq(section, "service");

	for (size_t i = 0; i < KEYS; i++)
		if (is_in(&keys[i], section) || (service && keys[i].section == IN_POLICY)) {
			text_c(&t, ' ');
			text_s(&t, keys[i].name);
		}
	return why_set(r->why, KERR_BAD_INPUT, "%s line %u: unknown key \"%.40s\" in [%.40s]; allowed:%s", r->file, r->line,
		       name, r->section, list);
}

static char *place(struct reading *r, const struct key *k)
{
	if (r->service != NULL)
		return k->section == IN_SERVICE ? (char *)r->service + k->at : (char *)&r->service->policy + k->at;
	return k->section == IN_POLICY ? (char *)&r->conf->core.policy + k->at : (char *)r->conf + k->at;
}

static enum kerr set_key(struct reading *r, const char *section, const char *name, const char *value)
{
	const struct key *k = find_key(section, name);
	struct slice v = slice_of(value);
	char allowed[PACKED_MAX];
	unsigned *seen;

	if (k == NULL)
		return unknown_key(r, section, name);
	seen = &r->seen[k - keys];
	if (*seen != 0)
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: %s was already set in line %u", r->file, r->line, name,
			       *seen);
	*seen = r->line;
	if (k->type == T_CLASSES)
		return put_classes(r, name, v, place(r, k));
	if (!put_value(k, v, place(r, k)))
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: %s = \"%.60s\": allowed is %s", r->file, r->line, name,
			       str_eq(name, "proxy") || slice_find(slice_of(value), "@") != SIZE_MAX ? "..." : value, /* it may hold a password */
			       k->allowed != NULL ? packed_copy(allowed, sizeof(allowed), k->allowed) : words_of(k));
	if (str_eq(name, "credentials_file"))
		r->conf->credentials_file_set = true;
	return KERR_OK;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value, int line)
{
	struct reading *r = arg;
	bool service = slice_starts(slice_of(r->section), "service ");

	(void)section;
	(void)line;
	if (r->section[0] == '\0')
		r->failed = why_set(r->why, KERR_BAD_INPUT, "%s line %u: %.40s stands before the first [section]", r->file,
				    r->line, name);
	else if (service == r->services)
		r->failed = set_key(r, service ? "service" : r->section, name, value);
	return r->failed == KERR_OK;
}

static bool known_section(const char *name)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (i != IN_SERVICE && str_eq(sections[i], name))
			return true;
	return false;
}

static enum kerr begin_service(struct reading *r, struct slice name)
{
	struct core_params *core = &r->conf->core;

	if (!arn_name_ok(name))
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: [%.60s]: a service's name is letters, digits, - and _, "
			       "at most 255", r->file, r->line, r->section);
	for (uint32_t i = 0; i < core->n_services; i++)
		if (slice_is(name, core->service[i].service))
			return why_set(r->why, KERR_BAD_INPUT, "%s line %u: [%.60s] is there twice", r->file, r->line,
				       r->section);
	if (core->n_services == SERVICES_MAX)
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: more than %d [service] sections", r->file, r->line,
			       SERVICES_MAX);
	r->service = &core->service[core->n_services++];
	memset(r->service, 0, sizeof(*r->service));
	memset(r->service, 0, sizeof(*r->service));
	(void)str_put(r->service->service, NAME_CAP, name);
	r->service->policy = core->policy;
	memset(r->seen, 0, sizeof(r->seen));
	return KERR_OK;
}

static enum kerr begin_section(struct reading *r, struct slice line)
{
	size_t at = slice_find(line, "]");
	struct slice name = slice_trim(slice_to(slice_from(line, 1), at == SIZE_MAX ? 0 : at - 1));

	if (at == SIZE_MAX || at + 1 != line.n)
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: a section is [NAME] and nothing after it", r->file, r->line);
	if (!str_put(r->section, sizeof(r->section), name))
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: a section's name of %u bytes is too long", r->file, r->line,
			       (unsigned)name.n);
	r->service = NULL;
	if (slice_starts(name, "service ")) {
		(void)str_put(r->section, sizeof(r->section), name);
		return r->services ? begin_service(r, slice_trim(slice_from(name, 8))) : KERR_OK;
	}
	if (!known_section(r->section))
		return why_set(r->why, KERR_BAD_INPUT, "%s line %u: unknown section [%.40s]; allowed: kedge engine ecs_agent aws "
			       "iot rolesanywhere policy report, and \"service NAME\"", r->file, r->line, r->section);
	return KERR_OK;
}

static bool text_line(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if (((uint8_t)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
			return false;
	return true;
}

/* inih's fgets: one line, which is looked at before inih cuts anything. NULL ends the file or the attempt. */
static char *next_line(char *str, int num, void *arg)
{
	struct reading *r = arg;
	struct slice line;

	if (r->failed != KERR_OK || !slice_next(&r->rest, '\n', &line))
		return NULL;
	r->line++;
	if (r->line == 1 && slice_starts(line, "\xef\xbb\xbf"))
		line = slice_from(line, 3);
	line = slice_trim(line);
	/* the line, its newline and the NUL, and one more byte so that inih does not take it for cut */
	if (line.n + 3 > (size_t)num)
		r->failed = why_set(r->why, KERR_BAD_INPUT, "%s line %u: %u bytes, at most %d are allowed", r->file, r->line,
				    (unsigned)line.n, num - 3);
	else if (!text_line(line))
		r->failed = why_set(r->why, KERR_BAD_INPUT, "%s line %u: a control byte; is this a text file?", r->file, r->line);
	else if (line.n > 0 && line.p[0] == '[')
		r->failed = begin_section(r, line);
	if (r->failed != KERR_OK)
		return NULL;
	if (line.n > 0)
		memcpy(str, line.p, line.n);
	str[line.n] = '\n';
	str[line.n + 1] = '\0';
	return str;
}

static enum kerr pass(struct slice text, const char *file, bool services, struct conf *out, struct why *why)
{
	struct reading r = { .conf = out, .file = file, .rest = text, .why = why, .services = services };
	int line = ini_parse_stream(next_line, &r, on_pair, &r);

	if (r.failed != KERR_OK)
		return r.failed;
	if (line != 0)
		return why_set(why, KERR_BAD_INPUT, "%s line %d: neither [section] nor key = value", file, line);
	return KERR_OK;
}

/* The line a key stands on, for what is only wrong together with another key; 0: it is not written. */
static unsigned line_of(struct slice text, const char *section, const char *key)
{
	struct slice rest = text, line, name;
	unsigned number = 0;
	bool inside = false;

	while (slice_next(&rest, '\n', &line)) {
		number++;
		line = slice_trim(line);
		if (slice_starts(line, "["))
			inside = slice_is(slice_to(slice_from(line, 1), slice_find(slice_from(line, 1), "]")), section);
		name = slice_trim(slice_to(line, slice_find(line, "=")));
		if (inside && slice_is(name, key))
			return number;
	}
	return 0;
}

static enum kerr together(const struct conf *c, struct slice text, const char *file, struct why *why)
{
	unsigned line = line_of(text, "aws", "credentials");
	struct endpoint endpoint;
	struct why inner;

	if (c->endpoint[0] != '\0' &&
	    endpoint_find(ENDPOINT_ECS, c->endpoint, c->region, c->endpoint_type, &endpoint, &inner) != KERR_OK)
		return why_set(why, KERR_BAD_INPUT, "%s line %u: [aws] endpoint: %s", file, line_of(text, "aws", "endpoint"),
			       inner.text);
	if (c->ecr_endpoint[0] != '\0' && endpoint_find(ENDPOINT_ECR, c->ecr_endpoint, "", ENDPOINT_STANDARD, &endpoint, &inner) != KERR_OK)
		return why_set(why, KERR_BAD_INPUT, "%s line %u: [aws] ecr_endpoint: %s", file, line_of(text, "aws", "ecr_endpoint"),
			       inner.text);
	if (c->ra_endpoint[0] != '\0' &&
	    endpoint_find(ENDPOINT_ROLESANYWHERE, c->ra_endpoint, "", ENDPOINT_STANDARD, &endpoint, &inner) != KERR_OK)
		return why_set(why, KERR_BAD_INPUT, "%s line %u: [rolesanywhere] endpoint: %s", file,
			       line_of(text, "rolesanywhere", "endpoint"), inner.text);
	if (c->credentials == CONF_CRED_IOT && (c->iot_endpoint[0] == '\0' || c->iot_role_alias[0] == '\0' ||
						c->iot_cert[0] == '\0' || c->iot_key[0] == '\0'))
		return why_set(why, KERR_BAD_INPUT,
			       "%s line %u: credentials = iot needs endpoint, role_alias, cert and key in [iot]", file, line);
	if (c->credentials == CONF_CRED_ROLESANYWHERE &&
	    (c->ra_trust_anchor[0] == '\0' || c->ra_profile[0] == '\0' || c->ra_role[0] == '\0' || c->ra_cert[0] == '\0' ||
	     c->ra_key[0] == '\0'))
		return why_set(why, KERR_BAD_INPUT, "%s line %u: credentials = rolesanywhere needs trust_anchor, profile, role, "
			       "cert and key in [rolesanywhere]", file, line);
	return KERR_OK;
}

enum kerr conf_parse(struct slice text, const char *file, struct conf *out, struct why *why)
{
	enum kerr e = KERR_OK;

	conf_default(out);
	if (text.n > CONF_FILE_MAX)
		return why_set(why, KERR_TOO_BIG, "%s: %u bytes, at most %d are read", file, (unsigned)text.n, CONF_FILE_MAX);
	e = pass(text, file, false, out, why);
	if (e == KERR_OK)
		e = pass(text, file, true, out, why);
	if (e == KERR_OK)
		e = together(out, text, file, why);
	if (e == KERR_OK)
		return KERR_OK;
	memset(out->core.service, 0, out->core.n_services * sizeof(out->core.service[0]));
	conf_default(out);
	return e;
}
