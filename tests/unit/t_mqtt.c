/* agent/wire/mqtt: the packets byte for byte as the standard has them, and what a broker sends back. */
#include "agent/wire/mqtt.h"
#include "tests/tap.h"

#define BYTES(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

static void test_connect(void)
{
	static char buf[512];
	struct text t = text_on(buf, sizeof(buf));

	mqtt_connect(&t, &(struct mqtt_hello){ "k", SLICE(""), SLICE(""), "a/b", "off", 240 });
	ok(slice_eq(text_get(&t), BYTES("\x10\x17\x00\x04MQTT\x04\x2e\x00\xf0\x00\x01k\x00\x03" "a/b\x00\x03off")), "CONNECT with a will, without a user");
	t = text_on(buf, sizeof(buf));
	mqtt_connect(&t, &(struct mqtt_hello){ "k", SLICE("me"), SLICE("p\0w"), "a", "", 1 });
	ok(slice_eq(text_get(&t), BYTES("\x10\x1b\x00\x04MQTT\x04\xee\x00\x01\x00\x01k\x00\x01" "a\x00\x00\x00\x02me\x00\x03p\0w")),
	   "and with user and password, any bytes in it");
	t = text_on(buf, 20);
	mqtt_connect(&t, &(struct mqtt_hello){ "k", SLICE(""), SLICE(""), "a/b", "off", 240 });
	ok(t.full, "what does not fit is not cut in silence");
}

static void test_publish(void)
{
	static char buf[70000], big[66000];
	struct text t = text_on(buf, sizeof(buf));

	mqtt_publish(&t, "a/b", SLICE("x"), true, 0);
	ok(slice_eq(text_get(&t), BYTES("\x31\x06\x00\x03" "a/bx")), "PUBLISH, retained");
	t = text_on(buf, sizeof(buf));
	mqtt_publish(&t, "a/b", SLICE("x"), false, 0x0102);
	ok(slice_eq(text_get(&t), BYTES("\x32\x08\x00\x03" "a/b\x01\x02x")), "and with QoS 1 an id to be acknowledged");
	t = text_on(buf, sizeof(buf));
	mqtt_publish(&t, "a", SLICE(""), true, 0);
	ok(slice_eq(text_get(&t), BYTES("\x31\x03\x00\x01" "a")), "an empty one takes a retained one away");
	/* 2.2.3: 127 in one byte, 128 in two, 16384 in three */
	static const struct { size_t payload; const char *length; size_t n; } row[] = {
		{ 124, "\x7f", 1 }, { 125, "\x80\x01", 2 }, { 16380, "\xff\x7f", 2 }, { 16381, "\x80\x80\x01", 3 }, { 65999, "\xd2\x83\x04", 3 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		t = text_on(buf, sizeof(buf));
		mqtt_publish(&t, "a", (struct slice){ big, row[i].payload }, false, 0);
		ok(!t.full && t.len == 1 + row[i].n + 3 + row[i].payload &&
		   slice_eq((struct slice){ buf + 1, row[i].n }, (struct slice){ row[i].length, row[i].n }), "the length of %zu bytes", row[i].payload);
	}
	t = text_on(buf, sizeof(buf));
	mqtt_ping(&t);
	ok(slice_eq(text_get(&t), BYTES("\xc0\x00")), "PINGREQ");
}

static void test_read(void)
{
	struct slice in = BYTES("\x20\x02\x00\x00\x40\x02\x12\x34\xd0\x00\x20\x02\x01\x05");
	struct mqtt_packet p;
	struct why why;
	char words[64];

	ok(mqtt_read(&in, &p, &why) == KERR_OK && p.type == MQTT_CONNACK && p.code == 0, "CONNACK: welcome");
	ok(mqtt_read(&in, &p, &why) == KERR_OK && p.type == MQTT_PUBACK && p.id == 0x1234, "PUBACK with its id");
	ok(mqtt_read(&in, &p, &why) == KERR_OK && p.type == MQTT_PINGRESP, "PINGRESP");
	ok(mqtt_read(&in, &p, &why) == KERR_OK && p.type == MQTT_CONNACK && p.code == 5, "CONNACK: refused");
	ok(mqtt_read(&in, &p, &why) == KERR_AGAIN, "and then nothing more");
	is_str(packed_copy(words, sizeof(words), mqtt_refusal(5)), "this client is not authorized", "in words");
	ok(mqtt_refusal(0) != NULL && mqtt_refusal(6) == mqtt_refusal(255), "a code the standard does not know has words too");
	for (size_t n = 0; n < 4; n++) {
		in = slice_to(BYTES("\x40\x02\x00\x01"), n);
		ok(mqtt_read(&in, &p, &why) == KERR_AGAIN && in.n == n, "%zu of 4 bytes are no packet yet", n);
	}
	static const struct { struct slice bytes; const char *what; } bad[] = {
		{ BYTES("\x30\x04\x00\x01" "ax"), "a PUBLISH nobody asked for" }, { BYTES("\x40\x03\x00\x01\x02"), "a PUBACK of three bytes" },
		{ BYTES("\x41\x02\x00\x01"), "flags that have to be zero" }, { BYTES("\xd0\x01x"), "a PINGRESP with a byte" },
		{ BYTES("HTTP/1.1 400 Bad Request"), "another protocol" }, { BYTES("\x20\xff\xff\xff\xff\x7f"), "a length without end" },
		{ BYTES("\x50\x02\x00\x01"), "a PUBREC" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in = bad[i].bytes;
		ok(mqtt_read(&in, &p, &why) == KERR_BAD_INPUT, "%s is refused", bad[i].what);
	}
}

int main(void)
{
	test_connect();
	test_publish();
	test_read();
	return done();
}
