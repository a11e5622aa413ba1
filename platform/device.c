#include "platform/device.h"

#include <string.h>
#include <sys/random.h>

#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/pem.h"

enum { KEY_FILE_MAX = 8 * 1024 /* an RSA-4096 key has 3.3 KB */, SHA256_LEN = 32 };

_Static_assert(sizeof(mbedtls_x509_crt) <= DEVICE_CHAIN_BYTES, "room for a certificate");
_Static_assert(sizeof(mbedtls_pk_context) <= DEVICE_KEY_BYTES, "room for a key");
_Static_assert(MBEDTLS_PK_SIGNATURE_MAX_SIZE >= DEVICE_SIGNATURE_MAX, "mbedTLS signs with keys of that size");

static mbedtls_x509_crt *chain_of(const struct device *d)
{
	return (mbedtls_x509_crt *)(uintptr_t)d->chain.bytes;
}

static mbedtls_pk_context *key_of(const struct device *d)
{
	return (mbedtls_pk_context *)(uintptr_t)d->key.bytes;
}

/* Blinding and ECDSA's nonce. Never waits: an early boot without entropy is an error, tried again later. */
static int from_kernel(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	return getrandom(out, n, GRND_NONBLOCK) == (ssize_t)n ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
}

struct reading { struct device *d; unsigned count; bool bad; };

static void take_certificate(void *arg, struct slice der)
{
	struct reading *r = arg;

	r->count++;
	r->bad = r->bad || mbedtls_x509_crt_parse_der(chain_of(r->d), (const unsigned char *)der.p, der.n) != 0;
}

static enum kerr load_certificates(struct device *d, const char *path, struct why *why)
{
	struct reading r = { .d = d };
	uint64_t oversize = 0;
	enum kerr err = pem_each(path, take_certificate, &r, &oversize, why);

	if (err == KERR_OK && (r.bad || oversize > 0))
		err = why_set(why, KERR_BAD_INPUT, "%.150s: certificate %u of it cannot be read", path, r.count);
	return err;
}

static enum kerr parse_key(struct device *d, const char *path, char *pem, size_t len, struct why *why)
{
	if (slice_find((struct slice){ pem, len }, "ENCRYPTED") != SIZE_MAX)
		return why_set(why, KERR_BAD_INPUT, "%.120s is encrypted: kedge cannot ask for a pass phrase, it needs the key without", path);
	pem[len] = '\0';
	if (mbedtls_pk_parse_key(key_of(d), (const unsigned char *)pem, len + 1, NULL, 0, from_kernel, NULL) != 0)
		return why_set(why, KERR_BAD_INPUT, "%.120s holds no private key in PEM that is RSA, P-256 or P-384", path);
	if (mbedtls_pk_get_bitlen(key_of(d)) > 8 * DEVICE_SIGNATURE_MAX)
		return why_set(why, KERR_BAD_INPUT, "%.120s: an RSA key of more than 4096 bits", path);
	return KERR_OK;
}

static enum kerr load_key(struct device *d, const char *path, struct why *why)
{
	char pem[KEY_FILE_MAX + 1];
	size_t len = 0;
	enum kerr err = file_read(path, FILE_REGULAR, pem, KEY_FILE_MAX, &len, why);

	if (err == KERR_OK)
		err = parse_key(d, path, pem, len, why);
	crypto_zero(pem, sizeof(pem));
	return err;
}

static enum kerr check_dates(const struct device *d, const char *path, int64_t now_unix_s, struct why *why)
{
	const mbedtls_x509_crt *leaf = chain_of(d);
	const mbedtls_x509_time *from = &leaf->valid_from, *to = &leaf->valid_to;
	mbedtls_x509_time now;

	if (mbedtls_x509_time_gmtime((mbedtls_time_t)now_unix_s, &now) != 0)
		return KERR_OK;
	if (mbedtls_x509_time_cmp(&now, to) > 0)
		return why_set(why, KERR_REFUSED, "the certificate %.100s expired on %04d-%02d-%02d: it has to be renewed", path,
			       to->year, to->mon, to->day);
	if (mbedtls_x509_time_cmp(&now, from) < 0)
		return why_set(why, KERR_REFUSED, "the certificate %.100s is not valid before %04d-%02d-%02d: is this node's clock "
			       "right?", path, from->year, from->mon, from->day);
	return KERR_OK;
}

enum kerr device_load(struct device *d, const char *cert, const char *key, int64_t now_unix_s, struct why *why)
{
	enum kerr err;

	mbedtls_x509_crt_init(chain_of(d));
	mbedtls_pk_init(key_of(d));
	d->loaded = true;
	err = load_certificates(d, cert, why);
	if (err == KERR_OK)
		err = load_key(d, key, why);
	if (err == KERR_OK && mbedtls_pk_check_pair(&chain_of(d)->pk, key_of(d), from_kernel, NULL) != 0)
		err = why_set(why, KERR_REFUSED, "the key %.80s is not the one of the certificate %.80s", key, cert);
	if (err == KERR_OK)
		err = check_dates(d, cert, now_unix_s, why);
	if (err != KERR_OK)
		device_free(d);
	return err;
}

void device_free(struct device *d)
{
	if (!d->loaded)
		return;
	mbedtls_x509_crt_free(chain_of(d));
	mbedtls_pk_free(key_of(d));     /* zeroes the key's numbers */
	d->loaded = false;
}

bool device_is_rsa(const struct device *d)
{
	return mbedtls_pk_get_type(key_of(d)) == MBEDTLS_PK_RSA;
}

struct slice device_certificate(const struct device *d, unsigned i)
{
	const mbedtls_x509_crt *crt = chain_of(d);

	while (crt != NULL && i-- > 0)
		crt = crt->next;
	return crt == NULL ? (struct slice){ NULL, 0 } : (struct slice){ (const char *)crt->raw.p, crt->raw.len };
}

struct slice device_serial(const struct device *d)
{
	const mbedtls_x509_buf *serial = &chain_of(d)->serial;

	return (struct slice){ (const char *)serial->p, serial->len };
}

enum kerr device_sign(struct device *d, struct slice text, uint8_t out[DEVICE_SIGNATURE_MAX], size_t *len, struct why *why)
{
	uint8_t digest[SHA256_LEN];

	crypto_sha256(text, digest);
	if (mbedtls_pk_sign(key_of(d), MBEDTLS_MD_SHA256, digest, sizeof(digest), out, DEVICE_SIGNATURE_MAX, len, from_kernel,
			    NULL) != 0)
		return why_set(why, KERR_IO, "the private key did not sign: no random numbers yet, or no memory");
	return KERR_OK;
}

enum kerr device_show(const struct device *d, void *ssl_config)
{
	return mbedtls_ssl_conf_own_cert(ssl_config, chain_of(d), key_of(d)) == 0 ? KERR_OK : KERR_AGAIN;
}
