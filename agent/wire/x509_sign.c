#include "agent/wire/x509_sign.h"

#include <string.h>

/* One long division by ten: the number in n goes down a digit, which is returned. */
static unsigned take_digit(uint8_t *n, size_t len, bool *zero)
{
	unsigned rest = 0;

	*zero = true;
	for (size_t i = 0; i < len; i++) {
		unsigned v = rest << 8 | n[i];

		n[i] = (uint8_t)(v / 10);
		rest = v % 10;
		*zero = *zero && n[i] == 0;
	}
	return rest;
}

enum kerr x509_sign_serial(struct slice serial, char out[X509_SIGN_SERIAL_CAP], struct why *why)
{
	uint8_t n[X509_SIGN_SERIAL_MAX];
	size_t at = X509_SIGN_SERIAL_CAP - 1;
	bool zero;

	out[0] = '\0';
	if (serial.n > sizeof(n))
		return why_set(why, KERR_TOO_BIG, "the certificate's serial number has %u bytes, at most %d are allowed",
			       (unsigned)serial.n, X509_SIGN_SERIAL_MAX - 1);
	if (serial.n > 0)
		memcpy(n, serial.p, serial.n);
	out[at] = '\0';
	do
		out[--at] = (char)('0' + take_digit(n, serial.n, &zero));
	while (!zero);
	memmove(out, out + at, X509_SIGN_SERIAL_CAP - at);
	return KERR_OK;
}

enum kerr x509_sign_string(struct x509_sign *s, const struct sigv4_request *r, const struct sigv4_hash *h, char *work,
			   size_t work_bytes, char out[X509_SIGN_STRING_CAP], struct why *why)
{
	struct text canonical = text_on(work, work_bytes), names = text_on(s->names, sizeof(s->names));
	struct text t = text_on(out, X509_SIGN_STRING_CAP);
	uint8_t digest[SIGV4_HASH];
	int64_t unused;
	enum kerr e;

	if (strlen(s->date) != SIGV4_DATE - 1 || !sigv4_date_parse(slice_of(s->date), &unused))
		return why_set(why, KERR_BAD_INPUT, "\"%.20s\" is no X-Amz-Date", s->date);
	e = sigv4_canonical(r, h, &canonical, &names, why);
	if (e != KERR_OK)
		return e;
	if (!h->sha256(canonical.p, canonical.len, digest))
		return why_set(why, KERR_IO, "the SHA-256 of the TLS library failed");
	text_s(&t, s->algorithm);
	text_c(&t, '\n');
	text_s(&t, s->date);
	text_c(&t, '\n');
	sigv4_scope(&t, s->date, s->region, X509_SIGN_SERVICE);
	text_c(&t, '\n');
	text_hex(&t, digest, sizeof(digest));
	return t.full ? why_set(why, KERR_BAD_INPUT, "region \"%.40s\" is too long to sign for", s->region) : KERR_OK;
}

enum kerr x509_sign_auth(const struct x509_sign *s, struct slice signature, char out[X509_SIGN_AUTH_CAP], struct why *why)
{
	struct text t = text_on(out, X509_SIGN_AUTH_CAP);

	text_s(&t, s->algorithm);
	text_say(&t, " Credential=");
	text_s(&t, s->serial);
	text_c(&t, '/');
	sigv4_scope(&t, s->date, s->region, X509_SIGN_SERVICE);
	text_say(&t, ", SignedHeaders=");
	text_s(&t, s->names);
	text_say(&t, ", Signature=");
	text_hex(&t, (const uint8_t *)signature.p, signature.n);
	return t.full ? why_set(why, KERR_TOO_BIG, "a signature of %u bytes: RSA keys of at most 4096 bits can be used",
				(unsigned)signature.n) : KERR_OK;
}
