/* sigv4.h - AWS Signature Version 4 by headers (IAM user guide, "Create a signed AWS API request"). Pure: the
 * time is given, the hash functions are passed in, secrets are wiped as soon as they were used. */
#ifndef KEDGE_WIRE_SIGV4_H
#define KEDGE_WIRE_SIGV4_H

#include "agent/base/err.h"
#include "agent/base/str.h"
#include "agent/wire/credentials.h"

#define SIGV4_HASH      32               /* bytes of a SHA-256 */
#define SIGV4_DATE      17               /* "20150830T123600Z" and its NUL */
#define SIGV4_HEADERS   16               /* headers signed at most */
#define SIGV4_AUTH_CAP  640              /* bytes: an Authorization value */
#define SIGV4_WORK      8192             /* bytes of work space that hold any request kedge makes */

/* Both return false when the library refuses (no memory, no such algorithm). */
struct sigv4_hash {
	bool (*sha256)(const void *p, size_t n, uint8_t out[SIGV4_HASH]);
	bool (*hmac)(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SIGV4_HASH]);
};

struct sigv4_header { struct slice name, value; };

struct sigv4_request {
	struct slice method, path, query, body; /* path and query as they are sent; path "" means "/" */
	const struct sigv4_header *header;      /* all that are to be signed: host and every x-amz-* at least */
	size_t n_headers;                       /* the order does not matter */
};

/* The signing key of one (credentials, day, region, service): four HMACs saved on every later
 * request of the day. Secret as the credentials are. */
struct sigv4_key {
	char akid[CREDENTIALS_ID_CAP], secret[CREDENTIALS_SECRET_CAP], day[9], region[40], service[32];
	uint8_t key[SIGV4_HASH];
};

/* "20150830T123600Z" of a Unix time; false outside the years 1970-9999. */
bool sigv4_date(int64_t unix_s, char out[SIGV4_DATE]);
/* The same for people, "2015-08-30 12:36:00 UTC", or without the seconds; false, and nothing is written, for the same years. */
bool sigv4_date_words(int64_t unix_s, bool seconds, struct text *out);
/* The way back; also reads "2015-08-30T12:36:00Z", with or without a fraction. */
bool sigv4_date_parse(struct slice text, int64_t *unix_s);

/* Canonical request into *out and "a;b;c" into *names. The path is normalised and encoded once more, the query
 * sorted (every service but S3 wants that). KERR_TOO_BIG when the work space is too small, KERR_BAD_INPUT for
 * a header with control bytes, a missing host, or too many headers. */
enum kerr sigv4_canonical(const struct sigv4_request *r, const struct sigv4_hash *h, struct text *out,
			  struct text *names, struct why *why) KERR_CHECK;

/* "20150830/us-east-1/ecs/aws4_request": the day is date's. */
void sigv4_scope(struct text *out, const char *date, const char *region, const char *service);

/* Writes the Authorization value. date: what x-amz-date says. key: the cache, derived anew when it is of other
 * credentials, another day, region or service; zero it to begin with. work is wiped before returning. */
enum kerr sigv4_sign(const struct sigv4_request *r, const struct credentials *c, const char *date, const char *region,
		     const char *service, const struct sigv4_hash *h, struct sigv4_key *key, char *work,
		     size_t work_bytes, char auth[SIGV4_AUTH_CAP], struct why *why) KERR_CHECK;

/* Zeroes memory in a way no compiler leaves out. */
void sigv4_wipe(void *p, size_t n);

#endif
