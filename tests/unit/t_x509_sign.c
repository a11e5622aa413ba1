/* The signature of IAM Roles Anywhere: serial numbers in decimal, the string to sign, the Authorization line. The known
 * answers were made with Python's hashlib and int from the description of the algorithm alone. */
#include "agent/wire/x509_sign.h"

#include <mbedtls/sha256.h>

#include "tests/tap.h"

static struct why why;

static bool sha256(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	return mbedtls_sha256(p == NULL ? (const void *)"" : p, n, out, 0) == 0;
}

static bool broken(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	(void)p, (void)n, (void)out;
	return false;
}

static void serial(const char *bytes, size_t n, const char *want)
{
	char out[X509_SIGN_SERIAL_CAP];

	ok(x509_sign_serial((struct slice){ bytes, n }, out, &why) == KERR_OK, "a serial of %u bytes", (unsigned)n);
	is_str(out, want, "in decimal");
}

static void serials(void)
{
	char out[X509_SIGN_SERIAL_CAP], ones[X509_SIGN_SERIAL_MAX + 1];

	memset(ones, 0xff, sizeof(ones));
	serial("", 0, "0");
	serial("\0", 1, "0");
	serial("\x09", 1, "9");
	serial("\x0a", 1, "10");
	serial("\x01\x00", 2, "256");
	serial("\x00\xff", 2, "255");
	serial("\x01\x02\x03\x04\x05\x06\x07\x08", 8, "72623859790382856");
	serial(ones, 19, "5708990770823839524233143877797980545530986495");
	serial(ones, 20, "1461501637330902918203684832716283019655932542975");
	serial(ones, 21, "374144419156711147060143317175368453031918731001855");
	ok(x509_sign_serial((struct slice){ ones, 22 }, out, &why) == KERR_TOO_BIG && out[0] == '\0', "22 bytes: %s", why.text);
}

#define DATE "20261126T104500Z"
#define BODY "{\"durationSeconds\":3600}"

static enum kerr string(struct x509_sign *s, const struct sigv4_hash *h, size_t work_bytes, char out[X509_SIGN_STRING_CAP])
{
	static char work[2048];
	const struct sigv4_header header[] = {
		{ SLICE("X-Amz-X509"), SLICE("MIIBCert=") }, { SLICE("content-type"), SLICE("application/json") },
		{ SLICE("X-Amz-Date"), slice_of(s->date) }, { SLICE("host"), SLICE("rolesanywhere.eu-west-1.amazonaws.com") },
	};
	const struct sigv4_request r = { SLICE("POST"), SLICE("/sessions"), SLICE(""), SLICE(BODY), header, 4 };

	return x509_sign_string(s, &r, h, work, work_bytes, out, &why);
}

static void strings(void)
{
	const struct sigv4_hash hash = { sha256, NULL }, bad = { broken, NULL };
	struct x509_sign s = { .algorithm = X509_SIGN_ECDSA, .date = DATE, .region = "eu-west-1", .serial = "255" };
	char out[X509_SIGN_STRING_CAP], auth[X509_SIGN_AUTH_CAP], big[700];

	ok(string(&s, &hash, 2048, out) == KERR_OK, "the string to sign: %s", why.text);
	is_str(out, X509_SIGN_ECDSA "\n" DATE "\n20261126/eu-west-1/rolesanywhere/aws4_request\n632014c804e190e20e414e899da48aae2db6b0d68a18f13f2942b1b3cf4f24ef", "as computed elsewhere");
	is_str(s.names, "content-type;host;x-amz-date;x-amz-x509", "signed headers");
	ok(x509_sign_auth(&s, SLICE("\x30\x01\xfe"), auth, &why) == KERR_OK, "the header");
	is_str(auth, X509_SIGN_ECDSA " Credential=255/20261126/eu-west-1/rolesanywhere/aws4_request, "
	       "SignedHeaders=content-type;host;x-amz-date;x-amz-x509, Signature=3001fe", "as documented");
	memset(big, 0x5a, sizeof(big));
	memset(s.serial, '9', X509_SIGN_SERIAL_CAP - 1);
	s.serial[X509_SIGN_SERIAL_CAP - 1] = '\0';
	ok(x509_sign_auth(&s, (struct slice){ big, 512 }, auth, &why) == KERR_OK && strlen(auth) > 1024 + 51, "the longest: RSA-4096");
	s.region = "a-region-with-a-name-of-more-than-forty-bytes-in-all-which-is-more-than-any-has-1-and-so-on-and-on-for-ever-and-"
		   "a-day-and-then-some-more-of-it-until-the-string-to-sign-is-full";
	ok(x509_sign_auth(&s, (struct slice){ big, sizeof(big) }, auth, &why) == KERR_TOO_BIG, "more: %s", why.text);
	ok(string(&s, &hash, 2048, out) == KERR_BAD_INPUT, "a region that is none: %s", why.text);
	s.region = "eu-west-1";
	ok(string(&s, &bad, 2048, out) == KERR_IO, "a hash that fails: %s", why.text);
	ok(string(&s, &hash, 64, out) == KERR_TOO_BIG, "no room: %s", why.text);
	s.date = "2026-11-26T10:45:00Z";
	ok(string(&s, &hash, 2048, out) == KERR_BAD_INPUT, "another form of date: %s", why.text);
}

static void base64(const char *in, const char *want)
{
	char out[32];
	struct text t = text_on(out, sizeof(out));

	text_base64(&t, slice_of(in));
	is_str(out, want, "base64 of \"%s\" (RFC 4648, 10)", in);
}

static void encodings(void)
{
	char out[8];
	struct text t = text_on(out, sizeof(out));

	base64("", "");
	base64("f", "Zg==");
	base64("fo", "Zm8=");
	base64("foo", "Zm9v");
	base64("foobar", "Zm9vYmFy");
	base64("\xff\xfe\xfb", "//77");
	text_base64(&t, SLICE("foobar"));
	ok(t.full, "a full text says so");
}

int main(void)
{
	serials();
	strings();
	encodings();
	return done();
}
