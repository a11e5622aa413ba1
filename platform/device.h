/* device.h - who this node is: a certificate and its private key, out of PEM files. To be shown in a TLS handshake
 * (http_request.client), and to sign with. */
#ifndef KEDGE_PLATFORM_DEVICE_H
#define KEDGE_PLATFORM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum {
	DEVICE_SIGNATURE_MAX = 512,     /* bytes: RSA-4096 */
	DEVICE_CHAIN_BYTES = 1024, DEVICE_KEY_BYTES = 64 /* room for mbedTLS's structures; device.c asserts it */
};

/* Holds the private key: device_free as soon as it was used. Zeroed: nothing loaded. */
struct device {
	bool loaded;
	union { max_align_t align; char bytes[DEVICE_CHAIN_BYTES]; } chain;     /* mbedtls_x509_crt: the leaf, then the others */
	union { max_align_t align; char bytes[DEVICE_KEY_BYTES]; } key;         /* mbedtls_pk_context */
};

/* cert: one or more certificates, the device's own first, then those between it and the root. key: PKCS#1, SEC1 or PKCS#8,
 * RSA to 4096 bits, P-256 or P-384, not encrypted. now_unix_s: the server's time, which the certificate must be valid at.
 * KERR_GONE, KERR_DENIED, KERR_IO: a file; KERR_BAD_INPUT: what is in it; KERR_REFUSED: they do not belong together, or
 * the certificate's time is over or has not come. d, which must hold nothing, holds nothing then. */
KERR_CHECK enum kerr device_load(struct device *d, const char *cert, const char *key, int64_t now_unix_s, struct why *why);
void device_free(struct device *d);

bool device_is_rsa(const struct device *d);
/* The i-th certificate as DER; empty after the last. Lives as long as d. */
struct slice device_certificate(const struct device *d, unsigned i);
/* Big-endian, as in the DER: perhaps with a leading zero. */
struct slice device_serial(const struct device *d);
/* SHA-256, then RSASSA-PKCS1-v1_5, or ECDSA in DER. KERR_IO. */
KERR_CHECK enum kerr device_sign(struct device *d, struct slice text, uint8_t out[DEVICE_SIGNATURE_MAX], size_t *len,
				 struct why *why);

/* For platform/tls.c: ssl_config is an mbedtls_ssl_config, which borrows d until its connection is up. */
KERR_CHECK enum kerr device_show(const struct device *d, void *ssl_config);

#endif
