/* What a broker sends, cut anywhere: whole packets are taken and nothing else, and in pieces it comes out as in one. And text of a
 * URL decoded: never longer than it was. The packets sent out of such text are as long as they say. */
#include "agent/wire/mqtt.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static char text[4096], again[64];

/* A packet as MQTT frames it: its length is the length it says. */
static void framed(struct text *t, uint8_t type)
{
	size_t rest = 0, at = 1;

	if (t->full)
		return;
	for (unsigned shift = 0; at < t->len && shift < 28; shift += 7) {
		rest |= (size_t)((uint8_t)t->p[at] & 0x7f) << shift;
		if (((uint8_t)t->p[at++] & 0x80) == 0)
			break;
	}
	if (t->len < 2 || (uint8_t)t->p[0] >> 4 != type || at + rest != t->len)
		fuzz_broken("a packet that is not as long as it says");
	*t = text_on(text, sizeof(text));
}

/* Lines: topic, user, password; then the payload. */
static void packets(struct slice in)
{
	static char topic[600], user[600];
	struct slice line[3] = { SLICE(""), SLICE(""), SLICE("") };
	struct text t = text_on(text, sizeof(text));

	for (int i = 0; i < 3; i++)
		(void)slice_next(&in, '\n', &line[i]);
	if (!str_put(topic, sizeof(topic), line[0]) || !str_put(user, sizeof(user), line[1]))
		return;
	mqtt_connect(&t, &(struct mqtt_hello){ "kedge-1", line[1], line[2], topic, "{}", 60 });
	framed(&t, 1);
	mqtt_publish(&t, topic, in, true, 7);
	framed(&t, 3);
	mqtt_publish(&t, topic, in, false, 0);
	framed(&t, 3);
	mqtt_ping(&t);
	framed(&t, 12);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size }, all = in, part;
	struct text t = text_on(text, sizeof(text));
	struct mqtt_packet p, q;
	struct why why = { "" };
	enum kerr err;

	while ((err = mqtt_read(&in, &p, &why)) == KERR_OK) {
		size_t taken = all.n - in.n;

		if (taken != (p.type == MQTT_PINGRESP ? 2u : 4u) || taken > all.n)
			fuzz_broken("a packet of another length");
		for (size_t n = 0; n < taken; n++) {
			memcpy(again, all.p, n);
			part = (struct slice){ again, n };
			if (mqtt_read(&part, &q, &why) != KERR_AGAIN || part.n != n)
				fuzz_broken("half a packet was taken for a whole one");
		}
		if (p.type == MQTT_CONNACK && ((const char *)mqtt_refusal(p.code))[0] == '\0')
			fuzz_broken("a refusal without words");
		all = in;
	}
	if (err == KERR_BAD_INPUT && why.text[0] == '\0')
		fuzz_broken("refused without a word");
	if (err == KERR_AGAIN && in.n >= 4)
		fuzz_broken("more is waited for than any packet has");
	text_percent_decoded(&t, (struct slice){ (const char *)data, size });
	if (!t.full && t.len > size)
		fuzz_broken("decoded text that is longer");
	packets((struct slice){ (const char *)data, size });
	return 0;
}
