/* x509_sign.h - the signature IAM Roles Anywhere wants (user guide, "signing process"): SigV4's canonical request, signed
 * with a certificate's private key instead of a chain of HMACs. Pure: the key itself is the caller's. */
#ifndef KEDGE_WIRE_X509_SIGN_H
#define KEDGE_WIRE_X509_SIGN_H

#include "agent/wire/sigv4.h"

#define X509_SIGN_RSA         "AWS4-X509-RSA-SHA256"
#define X509_SIGN_ECDSA       "AWS4-X509-ECDSA-SHA256"
#define X509_SIGN_SERVICE     "rolesanywhere"
#define X509_SIGN_SERIAL_MAX  21         /* bytes of a serial number: RFC 5280's 20, and a 0 of DER before. longer: refused */
#define X509_SIGN_SERIAL_CAP  52         /* 168 bits have 51 digits */
#define X509_SIGN_STRING_CAP  256
#define X509_SIGN_NAMES_CAP   160
#define X509_SIGN_AUTH_CAP    1536       /* bytes: an Authorization value with the 1,024 digits of RSA-4096 */

struct x509_sign {
	const char *algorithm;           /* X509_SIGN_RSA or X509_SIGN_ECDSA */
	const char *date, *region;       /* date: what X-Amz-Date says */
	char serial[X509_SIGN_SERIAL_CAP];       /* in decimal digits: x509_sign_serial */
	char names[X509_SIGN_NAMES_CAP]; /* of the signed headers: x509_sign_string writes it, x509_sign_auth reads it */
};

/* Big-endian bytes of the certificate's serial number as a decimal number. KERR_TOO_BIG. */
enum kerr x509_sign_serial(struct slice serial, char out[X509_SIGN_SERIAL_CAP], struct why *why) KERR_CHECK;
/* The string to sign (with SHA-256, then PKCS#1 v1.5 or ECDSA). work: room for the canonical request. Errors as of
 * sigv4_canonical; KERR_BAD_INPUT for a date that is none. */
enum kerr x509_sign_string(struct x509_sign *s, const struct sigv4_request *r, const struct sigv4_hash *h, char *work,
			   size_t work_bytes, char out[X509_SIGN_STRING_CAP], struct why *why) KERR_CHECK;
/* The Authorization value. KERR_TOO_BIG: the signature is longer than RSA-4096's. */
enum kerr x509_sign_auth(const struct x509_sign *s, struct slice signature, char out[X509_SIGN_AUTH_CAP],
			 struct why *why) KERR_CHECK;

#endif
