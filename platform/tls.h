/* tls.h - how curl checks the server it talks to: TLS 1.2 or newer, always verified, roots read from
 * the system's bundle one certificate at a time, so that the bundle never stands in memory. */
#ifndef KEDGE_PLATFORM_TLS_H
#define KEDGE_PLATFORM_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "platform/device.h"

enum { TLS_PATH_MAX = 512 };

struct tls {
	char ca_path[TLS_PATH_MAX];     /* "" when no bundle was found */
	uint64_t oversize;              /* certificates in the bundle skipped as larger than 8 KiB */
};

/* What one handshake found; lives as long as the request. */
struct tls_seen {
	struct tls *tls;
	const struct device *client;    /* what this side shows of itself; NULL: nothing */
	bool began;                     /* TCP is there, the handshake has begun */
	uint32_t flags;                 /* MBEDTLS_X509_BADCERT_*, of all links of the chain */
	unsigned roots;                 /* roots in the bundle that carry the wanted name */
	bool verified;                  /* the verify callback ran: a full handshake, not a resumed one */
	struct why bundle;              /* why the bundle could not be read; "" when it could */
	char subject[96];               /* of the first link that did not verify */
	char issuer[96];
	char valid_from[24], valid_to[24];
};

enum tls_fault {
	TLS_FAULT_NONE,                 /* nothing wrong with the certificates */
	TLS_FAULT_BUNDLE,               /* no roots to compare with */
	TLS_FAULT_CLOCK,                /* only the dates: expired or not yet valid, our clock or theirs */
	TLS_FAULT_NAME,
	TLS_FAULT_UNTRUSTED,            /* unknown issuer, or a signature that does not match */
	TLS_FAULT_WEAK                  /* key, hash or usage not accepted */
};

/* ca_file NULL or "" = the first of the usual places that can be read. KERR_GONE or KERR_DENIED with
 * the paths tried; tls stays usable and every handshake then fails with the same words. */
KERR_CHECK enum kerr tls_init(struct tls *tls, const char *ca_file, struct why *why);

/* Sets the TLS options of a curl easy handle. tls, seen and client (NULL: none) are borrowed until the request ends. */
KERR_CHECK enum kerr tls_apply(struct tls *tls, struct tls_seen *seen, const struct device *client, void *easy, struct why *why);

/* What was wrong, and the sentence about it ("the certificate of ... is not valid before ...; ..."). */
enum tls_fault tls_fault(const struct tls_seen *seen, const char *host, struct why *why);

#endif
