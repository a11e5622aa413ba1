/* crypto.h - hashes, random numbers and the handling of secrets. */
#ifndef KEDGE_PLATFORM_CRYPTO_H
#define KEDGE_PLATFORM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"
#include "agent/base/str.h"

enum { CRYPTO_SHA256_LEN = 32 };

/* FIPS 180-4. Cannot fail: mbedTLS's own SHA-256 only fails for want of hardware it does not use. */
void crypto_sha256(struct slice data, uint8_t out[CRYPTO_SHA256_LEN]);

/* RFC 2104 with SHA-256; a key of any length; key and data may be empty. */
void crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[CRYPTO_SHA256_LEN]);

/* CRC-32 of IEEE 802.3 (zlib's); crc = 0 to begin, or the value so far to go on. */
uint32_t crypto_crc32(uint32_t crc, struct slice data);

/* Overwrites n bytes in a way no compiler removes. */
void crypto_zero(void *p, size_t n);

/* 64 random bits of the kernel (getrandom(2)). KERR_AGAIN while an early boot has no entropy yet:
 * never waits for it. */
KERR_CHECK enum kerr crypto_random_u64(uint64_t *out, struct why *why);

/* Equal? In a time that depends on the lengths only. */
bool crypto_equal(struct slice a, struct slice b);

#endif
