/* kedge.conf: defaults, every kind of value, services that override, and what each mistake is told. */
#include "agent/wire/conf.h"

#include "tests/tap.h"
#include "tests/unit/capture.h"

#define NAME "/etc/kedge/kedge.conf"

static struct conf c, def;
static struct why why;

static bool parse(const char *text)
{
	return conf_parse(slice_of(text), NAME, &c, &why) == KERR_OK;
}

static void refused(const char *text, unsigned line, const char *words)
{
	char where[80];

	memset(&c, 0, sizeof(c));   /* rows of services past the count are nobody's and may hold anything */
	snprintf(where, sizeof(where), NAME " line %u: ", line);
	ok(!parse(text), "refused: %.60s", text);
	ok(strstr(why.text, words) != NULL && (line == 0 || strncmp(why.text, where, strlen(where)) == 0), "says: %s", why.text);
	ok(memcmp(&c, &def, sizeof(c)) == 0, "and the defaults hold");
}

static void defaults(void)
{
	const struct policy *p = &def.core.policy;

	conf_default(&def);
	ok(parse("") && memcmp(&c, &def, sizeof(c)) == 0, "an empty file is the defaults");
	ok(parse("\n# x\n ; y\n\n[kedge]\n[policy]\n") && memcmp(&c, &def, sizeof(c)) == 0, "comments and empty sections too");
	is_str(def.state_dir, "/var/lib/kedge", "state_dir");
	is_str(def.introspection, "http://127.0.0.1:51678", "introspection");
	is_str(def.credentials_file, "/root/.aws/credentials", "credentials_file");
	is_str(def.listen, "127.0.0.1:7733", "listen");
	ok(def.heartbeat_ms == 3600000 && def.data_budget_bytes == 5000000 && def.core.fleet == 0, "heartbeat, budget, fleet");
	ok(p->mode == MODE_MANUAL && p->failures == 3 && p->window_ms == 0 && p->deadline_ms == 600000 &&
	   p->pull_deadline_ms == 7200000 && p->early_exit_ms == 60000 && p->expire_ms == 86400000, "policy");
	ok(p->quorum_auto && p->hold_down_ms == HOLD_DOWN_AUTO && p->max_rollbacks_per_day == 3 && !p->allow_update_service &&
	   !p->probe && p->site_registries[0] == '\0', "the rest of it");
}

/* The shipped file says the defaults: with every comment mark before KEY = VALUE taken off, nothing changes. */
static void shipped(void)
{
	struct slice rest = capture("../../../conf/kedge.conf"), line;
	static char open[32768];
	struct text t = text_on(open, sizeof(open));
	unsigned keys = 0;
	bool skip = false;

	ok(conf_parse(rest, NAME, &c, &why) == KERR_OK && memcmp(&c, &def, sizeof(c)) == 0, "as shipped: %s", why.text);
	while (slice_next(&rest, '\n', &line)) {
		bool key = line.n > 1 && line.p[0] == '#' && line.p[1] != ' ';

		if (key && line.p[1] == '[')
			skip = true;    /* the example of a [service] is no default */
		else if (line.n > 0 && line.p[0] == '[')
			skip = false;
		if (skip)
			continue;
		text_slice(&t, key ? slice_from(line, 1) : line);
		text_c(&t, '\n');
		keys += key;
	}
	ok(!t.full && conf_parse(text_get(&t), NAME, &c, &why) == KERR_OK, "with all of its keys set: %s", why.text);
	c.credentials_file_set = false;
	ok(memcmp(&c, &def, sizeof(c)) == 0, "they are the defaults");
	is_int(keys, 7 + 1 + 3 + 11 + 5 + 6 + 14 + 14, "and none is left out");
}

static void values(void)
{
	ok(parse("\xef\xbb\xbf[kedge]\r\n cluster = arn:aws:ecs:eu-west-1:123456789012:cluster/edge\r\nregion=eu-west-1\r\n"
		 "container_instance = arn:aws:ecs:eu-west-1:123456789012:container-instance/edge/0a1b\r\nlog = debug\r\n"
		 "state_dir = /data/kedge state\r\n"
		 "[aws]\nendpoint=http://127.0.0.1:4566\nheartbeat=2h\ndata_budget=512KiB\nfleet=1000\ncredentials=file\n"
		 "credentials_file=/tmp/c\n"
		 "[report]\nlisten=\nhooks=\nmetrics=no\njournald=no\nsyslog=yes\nmqtt=mqtts://broker:8883\nwebhook=https://h/x?a=b;c#d\n"),
	   "values: %s", why.text);
	is_str(c.cluster, "edge", "a cluster's ARN gives its name");
	is_str(c.state_dir, "/data/kedge state", "a path with a blank");
	is_str(c.webhook, "https://h/x?a=b;c#d", "; and # inside a value are part of it");
	ok(c.log == CONF_LOG_DEBUG && c.heartbeat_ms == 7200000 && c.data_budget_bytes == 524288 && c.core.fleet == 1000, "numbers");
	ok(c.listen[0] == '\0' && c.hooks[0] == '\0' && !c.metrics && c.journald == CONF_NO && c.syslog == CONF_YES, "switched off");
	ok(c.credentials == CONF_CRED_FILE && c.credentials_file_set, "credentials");
	ok(parse("[aws]\ndata_budget = unlimited\nfleet = auto\n[policy]\nhold_down = 0\nwindow = 6h\nclasses =\n") &&
	   c.data_budget_bytes == 0 && c.core.fleet == 0 && c.core.policy.hold_down_ms == 0 &&
	   c.core.policy.window_ms == 21600000 && c.core.policy.classes == 0, "words and nothing");
	ok(parse("[policy]\nclasses = (oom, unhealthy)\n") && c.core.policy.classes ==
	   (CLASS_BIT(CLASS_OOM) | CLASS_BIT(CLASS_UNHEALTHY)), "classes in parentheses");
	ok(parse("[policy]\nclasses = oom unhealthy\nsite_registries = (a:5000 b)\nprobe = on\nquorum = off\n") &&
	   c.core.policy.classes == (CLASS_BIT(CLASS_OOM) | CLASS_BIT(CLASS_UNHEALTHY)) && c.core.policy.probe &&
	   !c.core.policy.quorum_auto, "and without");
	is_str(c.core.policy.site_registries, "a:5000 b", "registries");
}

static void services(void)
{
	char text[16384], name[NAME_CAP];
	size_t n = 0;

	ok(parse("[service web]\nrollback = auto\nfamily = web-family\n[service api]\n[policy]\nfailures = 5\ndeadline = 1m\n"),
	   "services, before [policy]: %s", why.text);
	ok(c.core.n_services == 2 && c.core.policy.mode == MODE_MANUAL, "two");
	is_str(c.core.service[0].service, "web", "name");
	is_str(c.core.service[0].family, "web-family", "family");
	ok(c.core.service[0].policy.mode == MODE_AUTO && c.core.service[0].policy.failures == 5 &&
	   c.core.service[0].policy.deadline_ms == 60000, "its own, and [policy]'s, wherever that stands");
	ok(c.core.service[1].policy.mode == MODE_MANUAL && c.core.service[1].policy.failures == 5, "the other one");
	memset(name, 's', 255);
	name[255] = '\0';
	snprintf(text, sizeof(text), "[service %s]\n", name);
	ok(parse(text) && strcmp(c.core.service[0].service, name) == 0, "a name of 255 bytes comes through whole");
	snprintf(text, sizeof(text), "[service %ss]\n", name);
	refused(text, 1, "service's name");
	for (int i = 0; i < SERVICES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[service s%d]\nfailures=1\n", i);
	ok(parse(text) && c.core.n_services == SERVICES_MAX, "as many as fit");
	snprintf(text + n, sizeof(text) - n, "[service more]\n");
	refused(text, 2 * SERVICES_MAX + 1, "more than 32");
	refused("[service web]\n[service web]\n", 2, "twice");
	refused("[service]\n", 1, "unknown section [service]");
	refused("[service ]\n", 1, "unknown section [service]");
	refused("[service a b]\n", 1, "service's name");
	refused("[service web]\ncluster = x\n", 2, "unknown key \"cluster\" in [service web]; allowed: rollback failures");
}

static void mistakes(void)
{
	char text[3000];

	refused("cluster = x\n", 1, "before the first [section]");
	refused("[polcy]\n", 1, "unknown section [polcy]; allowed: kedge engine");
	refused("[kedge\n", 1, "[NAME]");
	refused("[kedge] x\n", 1, "[NAME]");
	refused("[kedge]\n\nclutser = x\n", 3, "unknown key \"clutser\" in [kedge]; allowed: cluster region");
	refused("[kedge]\njust words\n", 2, "neither [section] nor key = value");
	refused("[kedge]\nlog = info\nlog = debug\n", 3, "already set in line 2");
	refused("[policy]\nfailures=1\n[kedge]\n[policy]\nfailures=2\n", 5, "already set in line 2");
	refused("[kedge]\nlog = loud\n", 2, "log = \"loud\": allowed is error|warning|info|debug");
	refused("[kedge]\nregion = Europe\n", 2, "a region like eu-west-1");
	refused("[kedge]\ncontainer_instance = x\n", 2, "ARN of a container instance");
	refused("[kedge]\nstate_dir = var\n", 2, "absolute path");
	refused("[kedge]\nstate_dir =\n", 2, "absolute path");
	refused("[engine]\nsocket = tcp://x\n", 2, "absolute path");
	refused("[ecs_agent]\nintrospection = 127.0.0.1\n", 2, "a URL like");
	refused("[aws]\nheartbeat = 60\n", 2, "a duration like 90s");
	refused("[aws]\nheartbeat = 1.5h\n", 2, "a duration like 90s");
	refused("[aws]\nheartbeat = 999ms\n", 2, "from 1s to 7d");
	refused("[aws]\nheartbeat = 8d\n", 2, "from 1s to 7d");
	refused("[aws]\nheartbeat = 18446744073709551615d\n", 2, "from 1s to 7d");
	refused("[aws]\ndata_budget = 5 MB\n", 2, "a size like");
	refused("[aws]\ndata_budget = 9KB\n", 2, "at least 10KB");
	refused("[aws]\nfleet = many\n", 2, "auto, or the number of nodes");
	refused("[aws]\nfleet = 0\n", 2, "auto, or the number of nodes");
	refused("[aws]\nendpoint = http://10.0.0.1\n", 2, "[aws] endpoint");
	refused("[aws]\necr_endpoint = http://10.0.0.1\n", 2, "[aws] ecr_endpoint");
	refused("[aws]\nendpoint = https://h/x\n", 2, "nothing more");
	refused("[aws]\nendpoint = https://h\nendpoint_type = fips\n", 2, "endpoint_type");
	refused("[aws]\ncredentials = iot\n", 2, "[iot]");
	refused("[aws]\ncredentials = rolesanywhere\n", 2, "[rolesanywhere]");
	refused("[rolesanywhere]\nendpoint = http://10.0.0.1\n", 2, "[rolesanywhere] endpoint");
	ok(parse("[rolesanywhere]\nendpoint = http://127.0.0.1:8080\n") && strcmp(c.ra_endpoint, "http://127.0.0.1:8080") == 0,
	   "Roles Anywhere elsewhere: on loopback without TLS");
	refused("[policy]\nrollback = yes\n", 2, "off|shadow|manual|auto");
	refused("[policy]\nfailures = 0\n", 2, "1 to 100");
	refused("[policy]\nfailures = -1\n", 2, "1 to 100");
	refused("[policy]\nclasses = image-not-found, typo\n", 2, "\"typo\" is no class");
	refused("[policy]\nclasses = stuck\n", 2, "stuck never causes a rollback");
	refused("[policy]\nallow_update_service = maybe\n", 2, "yes or no");
	refused("[policy]\nfailures = 3 ; three\n", 2, "\"3 ; three\"");
	refused("[report]\nlisten = 7733\n", 2, "ADDRESS:PORT");
	refused("[report]\nlisten = h:70000\n", 2, "ADDRESS:PORT");
	refused("[report]\nmqtt = http://h\n", 2, "mqtt://");
	refused("[report]\nmqtt = mqtt://u:p@\n", 2, "mqtt://");
	refused("[report]\nmqtt = mqtt://host:99999\n", 2, "mqtt://");
	refused("[report]\nmqtt_topic = a/#\n", 2, "topic");
	refused("[report]\nwebhook = https://user:secret@h/x\n", 2, "http");
	refused("[report]\nhook_timeout = 0s\n", 2, "from 1s to 10m");
	refused("[kedge]\nlog = in\x01" "fo\n", 2, "control byte");
	ok(conf_parse((struct slice){ "[kedge]\nlog\0=info\n", 18 }, NAME, &c, &why) == KERR_BAD_INPUT, "a NUL: %s", why.text);
	memset(text, 'x', sizeof(text));
	memcpy(text, "[report]\n#", 10);
	text[9 + 1021] = '\0';
	ok(parse(text), "the longest line: %s", why.text);
	text[9 + 1021] = 'x';
	text[9 + 1022] = '\0';
	refused(text, 2, "1022 bytes, at most 1021");
	memcpy(text, "[report]\ntextfile=/", 19);
	text[9 + 9 + 255] = '\0';
	ok(parse(text) && strlen(c.textfile) == 255, "the longest path");
	text[9 + 9 + 255] = 'x';
	text[9 + 9 + 256] = '\0';
	refused(text, 2, "at most 255 bytes");
}

static void units(void)
{
	uint64_t v;

	ok(conf_duration(SLICE("250ms"), &v) && v == 250, "ms");
	ok(conf_duration(SLICE("1d"), &v) && v == 86400000, "d");
	ok(conf_duration(SLICE("0"), &v) && v == 0, "0 needs no unit");
	ok(!conf_duration(SLICE("10"), &v) && !conf_duration(SLICE("s"), &v) && !conf_duration(SLICE(""), &v) &&
	   !conf_duration(SLICE("-1s"), &v) && !conf_duration(SLICE("1s "), &v), "and what is none");
	ok(conf_size(SLICE("5MB"), &v) && v == 5000000 && conf_size(SLICE("1KiB"), &v) && v == 1024, "sizes");
	ok(!conf_size(SLICE("5mb"), &v) && !conf_size(SLICE("99999999999999999999"), &v) &&
	   !conf_size(SLICE("18446744073709551615GB"), &v), "and what is none");
}

static void fuzz(void)
{
	struct slice whole = capture("../../../conf/kedge.conf");
	static char copy[32768];
	size_t bad = 0;

	for (size_t i = 0; i < 2 * whole.n; i += 3) {
		struct slice text = { copy, i < whole.n ? i : whole.n };

		memcpy(copy, whole.p, whole.n);
		if (i >= whole.n)
			copy[i - whole.n] ^= (char)(1 << (i % 8));
		if (conf_parse(text, NAME, &c, &why) != KERR_OK && strstr(why.text, NAME) == NULL)
			bad++;
	}
	is_int(bad, 0, "every refusal names the file");
}

int main(void)
{
	defaults();
	shipped();
	values();
	services();
	mistakes();
	units();
	fuzz();
	return done();
}
