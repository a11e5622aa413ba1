/* kedge.conf. What is refused says where and leaves the defaults, what is taken is whole; and where AWS is reached by what it says.
 * An odd first byte: the rest is three lines, an endpoint of one's own, a region, then bytes of which service and type. */
#include "agent/wire/conf.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static struct conf c, standard;

#define TEXT(member) fuzz_text((member), sizeof(member), #member)

static void texts(void)
{
	TEXT(c.cluster), TEXT(c.region), TEXT(c.container_instance), TEXT(c.state_dir), TEXT(c.run_dir), TEXT(c.engine_socket);
	TEXT(c.introspection), TEXT(c.agent_log), TEXT(c.agent_config), TEXT(c.endpoint), TEXT(c.ecr_endpoint), TEXT(c.ca_file);
	TEXT(c.credentials_file), TEXT(c.profile), TEXT(c.proxy), TEXT(c.iot_endpoint), TEXT(c.iot_role_alias), TEXT(c.iot_thing);
	TEXT(c.iot_cert), TEXT(c.iot_key), TEXT(c.ra_trust_anchor), TEXT(c.ra_profile), TEXT(c.ra_role), TEXT(c.ra_cert), TEXT(c.ra_key);
	TEXT(c.ra_endpoint), TEXT(c.listen), TEXT(c.textfile), TEXT(c.hooks), TEXT(c.webhook), TEXT(c.webhook_secret), TEXT(c.mqtt);
	TEXT(c.mqtt_topic), TEXT(c.mqtt_ca_file), TEXT(c.led), TEXT(c.core.policy.site_registries);
}

static void policies(void)
{
	if (c.core.n_services > SERVICES_MAX)
		fuzz_broken("more services than there is room for");
	for (uint32_t i = 0; i < c.core.n_services; i++) {
		TEXT(c.core.service[i].service), TEXT(c.core.service[i].family);
		if (c.core.service[i].service[0] == '\0' || c.core.service[i].policy.failures == 0 || c.core.service[i].policy.mode > MODE_AUTO)
			fuzz_broken("a service with half a policy");
	}
	if (c.log > CONF_LOG_DEBUG || c.credentials > CONF_CRED_ROLESANYWHERE || c.endpoint_type >= ENDPOINT_TYPES ||
	    c.journald > CONF_AUTO || c.syslog > CONF_AUTO || c.core.policy.mode > MODE_AUTO || c.core.policy.failures == 0)
		fuzz_broken("a word out of its list");
	if (conf_credentials_name(c.credentials)[0] == '\0')
		fuzz_broken("credentials without a name");
}

static void file(struct slice in)
{
	struct why why = { "" };

	conf_default(&standard);
	memset(&c, 0xA5, sizeof(c));
	if (conf_parse(in, "kedge.conf", &c, &why) == KERR_OK) {
		texts();
		policies();
		return;
	}
	if (slice_find(slice_of(why.text), "kedge.conf") == SIZE_MAX)
		fuzz_broken("refused, and it is not said where");
	if (strcmp(c.state_dir, standard.state_dir) != 0 || c.core.n_services != 0 || c.heartbeat_ms != standard.heartbeat_ms)
		fuzz_broken("a bad file changed the defaults");
}

static void values(struct slice text)
{
	uint64_t ms = 0, bytes = 0;

	if (conf_duration(text, &ms) && text.n < 2 && ms != 0)
		fuzz_broken("a time without a unit");
	if (conf_size(text, &bytes) && !ch_digit(text.p[0]))
		fuzz_broken("a size without a number");
}

static void address(struct slice in)
{
	struct slice first = SLICE(""), second = SLICE("");
	enum endpoint_service service;
	enum endpoint_type type;
	char given[400], region[40];
	struct endpoint e;
	struct why why = { "" };

	(void)slice_next(&in, '\n', &first);
	(void)slice_next(&in, '\n', &second);
	values(first);
	service = (enum endpoint_service)(fuzz_byte(&in) % ENDPOINT_SERVICES);
	type = (enum endpoint_type)(fuzz_byte(&in) % ENDPOINT_TYPES);
	if (!str_put(given, sizeof(given), first) || !str_put(region, sizeof(region), second))
		return;
	memset(&e, 0xA5, sizeof(e));
	if (endpoint_find(service, given, region, type, &e, &why) != KERR_OK) {
		if (why.text[0] == '\0' || e.url[0] != '\0' || e.host[0] != '\0')
			fuzz_broken("refused without words, or with an address");
		return;
	}
	TEXT(e.url), TEXT(e.host);
	if (!slice_starts(slice_of(e.url), e.tls ? "https://" : "http://") || strpbrk(e.url, " @?#\"<>\\") != NULL || e.host[0] == '\0')
		fuzz_broken("an address that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };

	if (fuzz_byte(&in) & 1)
		address(in);
	else
		file(in);
	return 0;
}
