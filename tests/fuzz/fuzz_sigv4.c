/* The signer. Byte 0: how large its work space is; lines: method, path, query, headers, an empty line; then the body. With a hash
 * that is none but differs as one does: the same request has the same signature whatever the order of headers and of the query, a
 * warm key cache changes nothing, and the work space is wiped. */
#include "agent/wire/sigv4.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define LINES (SIGV4_HEADERS + 4)
#define PAIRS 16

struct signed_by { enum kerr e; struct why why; char auth[SIGV4_AUTH_CAP]; };

static bool sha256(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	uint64_t h = slice_hash((struct slice){ p, n });

	for (int i = 0; i < SIGV4_HASH; i++, h = h * UINT64_C(6364136223846793005) + 1442695040888963407U)
		out[i] = (uint8_t)(h >> 56);
	return true;
}

static bool hmac(const void *key, size_t key_n, const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	uint8_t a[SIGV4_HASH], b[SIGV4_HASH];

	(void)sha256(key, key_n, a);
	(void)sha256(p, n, b);
	for (int i = 0; i < SIGV4_HASH; i++)
		out[i] = (uint8_t)(a[i] * 31 + b[i]);
	return true;
}

static const struct sigv4_hash hash = { sha256, hmac };
static const struct credentials keys = { .akid = "AKIDEXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

static struct signed_by sign(const struct sigv4_request *r, struct sigv4_key *key, size_t work_bytes)
{
	struct signed_by s = { .auth = "" };
	char *work = malloc(work_bytes);

	if (work == NULL)
		abort();
	memset(work, 'w', work_bytes);
	s.e = sigv4_sign(r, &keys, "20150830T123600Z", "eu-west-1", "ecs", &hash, key, work, work_bytes, s.auth, &s.why);
	for (size_t i = 0; i < work_bytes; i++)
		if (work[i] != '\0')
			fuzz_broken("the work space is not wiped");
	free(work);
	if (s.e == KERR_OK)
		fuzz_text(s.auth, sizeof(s.auth), "an Authorization value");
	return s;
}

static void same(const struct signed_by *a, const struct signed_by *b, const char *what)
{
	if (a->e != b->e || strcmp(a->auth, b->auth) != 0)
		fuzz_broken(what);
}

/* Equal names are joined in their order, so only where all names differ may the order change. */
static bool names_differ(const struct sigv4_request *r)
{
	for (size_t i = 0; i < r->n_headers; i++)
		for (size_t k = 0; k < i; k++) {
			struct slice a = slice_trim(r->header[i].name), b = slice_trim(r->header[k].name);

			if (a.n == b.n && (a.n == 0 || slice_find_nocase(a, (char[2]){ b.p[0], '\0' }) == 0))
				return false;   /* perhaps the same: enough to leave it alone */
		}
	return true;
}

static void headers_in_reverse(struct sigv4_request r, struct sigv4_key *key, size_t work_bytes, const struct signed_by *want)
{
	struct sigv4_header back[LINES];
	struct signed_by got;

	for (size_t i = 0; i < r.n_headers; i++)
		back[i] = r.header[r.n_headers - 1 - i];
	r.header = back;
	got = sign(&r, key, work_bytes);
	if (want->e == KERR_OK)
		same(want, &got, "headers in another order gave another signature");
}

static void query_in_reverse(struct sigv4_request r, struct sigv4_key *key, size_t work_bytes, const struct signed_by *want)
{
	struct slice rest = r.query, pair[PAIRS];
	char query[4096];
	struct text t = text_on(query, sizeof(query));
	struct signed_by got;
	size_t n = 0;

	while (n < PAIRS && slice_next(&rest, '&', &pair[n]))
		n++;
	if (rest.n > 0 || slice_ends(r.query, "&"))
		return;
	for (size_t i = n; i > 0; i--) {
		text_slice(&t, pair[i - 1]);
		text_s(&t, i > 1 ? "&" : "");
	}
	if (t.full)
		return;
	r.query = text_get(&t);
	got = sign(&r, key, work_bytes);
	if (want->e == KERR_OK)
		same(want, &got, "a query in another order gave another signature");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sigv4_key warm;
	struct sigv4_key cold = { .akid = "" };
	struct sigv4_header header[LINES];
	struct sigv4_request r = { .header = header };
	struct slice in = { (const char *)data, size }, line;
	size_t work_bytes = (size_t)fuzz_byte(&in) * 33 + 1;
	struct signed_by first, second;

	(void)slice_next(&in, '\n', &r.method);
	(void)slice_next(&in, '\n', &r.path);
	(void)slice_next(&in, '\n', &r.query);
	while (r.n_headers < LINES && slice_next(&in, '\n', &line) && line.n > 0) {
		size_t colon = slice_find(line, ":");

		header[r.n_headers].name = slice_to(line, colon);
		header[r.n_headers++].value = colon == SIZE_MAX ? SLICE("") : slice_from(line, colon + 1);
	}
	r.body = in;
	first = sign(&r, &cold, work_bytes);
	second = sign(&r, &warm, work_bytes);
	same(&first, &second, "the cache of the key changed the signature");
	if (names_differ(&r))
		headers_in_reverse(r, &warm, work_bytes, &first);
	query_in_reverse(r, &warm, work_bytes, &first);
	return 0;
}
