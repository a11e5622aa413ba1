#include "platform/crypto.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

enum { SHA256_BLOCK = 64 };

static void sha256_two(struct slice a, struct slice b, uint8_t out[CRYPTO_SHA256_LEN])
{
	mbedtls_sha256_context ctx;

	mbedtls_sha256_init(&ctx);
	(void)mbedtls_sha256_starts(&ctx, 0);
	(void)mbedtls_sha256_update(&ctx, (const unsigned char *)a.p, a.n);
	(void)mbedtls_sha256_update(&ctx, (const unsigned char *)b.p, b.n);
	(void)mbedtls_sha256_finish(&ctx, out);
	mbedtls_sha256_free(&ctx);
}

void crypto_sha256(struct slice data, uint8_t out[CRYPTO_SHA256_LEN])
{
	sha256_two(data, SLICE(""), out);
}

void crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[CRYPTO_SHA256_LEN])
{
	uint8_t block[SHA256_BLOCK] = { 0 }, inner[CRYPTO_SHA256_LEN];
	struct slice pad = { (const char *)block, sizeof(block) };

	if (key.n > SHA256_BLOCK)
		crypto_sha256(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	for (size_t i = 0; i < SHA256_BLOCK; i++)
		block[i] ^= 0x36;
	sha256_two(pad, data, inner);
	for (size_t i = 0; i < SHA256_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	sha256_two(pad, (struct slice){ (const char *)inner, sizeof(inner) }, out);
	crypto_zero(block, sizeof(block));
	crypto_zero(inner, sizeof(inner));
}

uint32_t crypto_crc32(uint32_t crc, struct slice data)
{
	/* four bits at a time: sixteen words of table, the 0xedb88320 polynomial reflected */
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < data.n; i++) {
		crc ^= (uint8_t)data.p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

void crypto_zero(void *p, size_t n)
{
	if (n > 0)
		mbedtls_platform_zeroize(p, n);
}

enum kerr crypto_random_u64(uint64_t *out, struct why *why)
{
	ssize_t n = getrandom(out, sizeof(*out), GRND_NONBLOCK);

	if (n == (ssize_t)sizeof(*out))
		return KERR_OK;
	if (n < 0 && errno == EAGAIN)
		return why_set(why, KERR_AGAIN, "the kernel has no random numbers yet (early boot)");
	return why_set(why, KERR_IO, "getrandom: %s", n < 0 ? strerror(errno) : "short answer");
}

bool crypto_equal(struct slice a, struct slice b)
{
	unsigned char diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff = (unsigned char)(diff | ((unsigned char)a.p[i] ^ (unsigned char)b.p[i]));
	return diff == 0;
}
