/* What goes into a Roles Anywhere signature: a serial number in digits is the number of its bytes, base64 reads back, and neither a
 * string to sign nor an Authorization value has a line or byte that was not asked for. Byte 0: how long the serial is. */
#include "agent/wire/x509_sign.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool sha256(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	memset(out, (int)(slice_hash((struct slice){ p, n }) & 255), SIGV4_HASH);
	return true;
}

static bool hmac(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	(void)key, (void)key_n;
	return sha256(p, n, out);
}

/* digits = digits * 10 + d, in base 256, from its end on; false when it no longer fits. */
static bool times_ten(uint8_t *number, size_t n, unsigned d)
{
	for (size_t i = n; i-- > 0; d >>= 8) {
		d += number[i] * 10U;
		number[i] = (uint8_t)d;
	}
	return d == 0;
}

static void serial(struct slice bytes, struct x509_sign *s)
{
	uint8_t back[X509_SIGN_SERIAL_MAX] = { 0 };
	struct why why = { "" };

	if (x509_sign_serial(bytes, s->serial, &why) != KERR_OK) {
		if (bytes.n <= X509_SIGN_SERIAL_MAX)
			fuzz_broken(why.text[0] != '\0' ? why.text : "a serial is refused without words");
		(void)str_put(s->serial, sizeof(s->serial), SLICE("0"));
		return;
	}
	if (s->serial[0] == '\0' || (s->serial[0] == '0' && s->serial[1] != '\0'))
		fuzz_broken("a serial without digits, or with zeros in front");
	for (const char *d = s->serial; *d != '\0'; d++)
		if (*d < '0' || *d > '9' || !times_ten(back, bytes.n, (unsigned)(*d - '0')))
			fuzz_broken("a serial that is no number, or a greater one");
	if (bytes.n > 0 && memcmp(back, bytes.p, bytes.n) != 0)
		fuzz_broken("a serial became another number");
}

static unsigned value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	if (at == NULL && c != '=')
		fuzz_broken("base64 with a byte that is none of its 65");
	return at == NULL ? 0 : (unsigned)(at - alphabet);
}

static void base64(struct slice bytes)
{
	static char room[4096];
	struct text out = text_on(room, sizeof(room));

	text_base64(&out, bytes);
	if (out.full || out.len != (bytes.n + 2) / 3 * 4)
		fuzz_broken("base64 of another length");
	for (size_t i = 0; i < bytes.n; i++) {
		const char *q = room + i / 3 * 4;
		unsigned v = value(q[0]) << 18 | value(q[1]) << 12 | value(q[2]) << 6 | value(q[3]);

		if ((uint8_t)bytes.p[i] != (uint8_t)(v >> (16 - 8 * (i % 3))))
			fuzz_broken("base64 gives other bytes back");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sigv4_hash hash = { sha256, hmac };
	static char work[2048], string[X509_SIGN_STRING_CAP], auth[X509_SIGN_AUTH_CAP];
	struct x509_sign s = { .algorithm = X509_SIGN_RSA, .date = "20150830T123600Z", .region = "eu-west-1" };
	struct slice in = { (const char *)data, size }, number;
	size_t n = fuzz_byte(&in) % (X509_SIGN_SERIAL_MAX + 3);
	const struct sigv4_header header[] = { { SLICE("host"), SLICE("h") }, { SLICE("x-amz-x509"), slice_from(in, n) } };
	const struct sigv4_request r = {
		.method = SLICE("POST"), .path = SLICE("/sessions"), .query = SLICE(""), .body = slice_from(in, n), .header = header,
		.n_headers = 2,
	};
	struct why why = { "" };

	number = slice_to(in, n);
	serial(number, &s);
	base64(slice_to(slice_from(in, n), 3000));
	if (x509_sign_string(&s, &r, &hash, work, sizeof(work), string, &why) != KERR_OK)
		return 0;
	if (memchr(string, '\0', sizeof(string)) == NULL || memchr(s.names, '\0', sizeof(s.names)) == NULL)
		fuzz_broken("a string to sign without end");
	if (x509_sign_auth(&s, slice_from(in, n), auth, &why) == KERR_OK)
		fuzz_text(auth, sizeof(auth), "an Authorization value");
	return 0;
}
