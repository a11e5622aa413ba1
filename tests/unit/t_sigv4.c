/* Signature Version 4: known answers, the canonical forms, the key cache, the refusals. */
#include "agent/wire/sigv4.h"

#include <mbedtls/md.h>
#include <mbedtls/sha256.h>

#include "tests/tap.h"

#define TARGET "AmazonEC2ContainerServiceV20141113."
/* the session token of AWS's published test suite, case post-sts-header-before */
#define TOKEN "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8" \
	      "YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6" \
	      "fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQw" \
	      "j2ICCR/oLxBA=="

static struct why why;
static struct sigv4_key key;
static char work[SIGV4_WORK], auth[SIGV4_AUTH_CAP];
static unsigned hmacs;

static bool sha256(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	return mbedtls_sha256(p == NULL ? (const void *)"" : p, n, out, 0) == 0;
}

static bool hmac(const void *k, size_t k_n, const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	hmacs++;
	return mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), k, k_n, p, n, out) == 0;
}

static bool broken(const void *p, size_t n, uint8_t out[SIGV4_HASH])
{
	(void)p, (void)n, (void)out;
	return false;
}

static const struct sigv4_hash hash = { sha256, hmac };
static struct credentials creds = { .akid = "AKIDEXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

static bool holds(const char *p, size_t n, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= n; i++)
		if (memcmp(p + i, what, strlen(what)) == 0)
			return true;
	return false;
}

struct kat { const char *date, *region, *token, *target, *body, *creq_sha, *names, *signature; };

static void kat(const struct kat *t, const char *what)
{
	char host[80] = "", names[200], creq[2048], hex[80], want[400];
	struct sigv4_header h[5] = {
		{ SLICE("X-Amz-Target"), slice_of(t->target) }, { SLICE("x-amz-date"), slice_of(t->date) },
		{ SLICE("Host"), slice_of(host) }, { SLICE("content-type"), SLICE(" application/x-amz-json-1.1 ") },
		{ SLICE("X-Amz-Security-Token"), slice_of(t->token) },
	};
	struct sigv4_request r = { SLICE("POST"), SLICE("/"), SLICE(""), slice_of(t->body), h, t->token == NULL ? 4 : 5 };
	struct text c = text_on(creq, sizeof(creq)), n = text_on(names, sizeof(names)), x = text_on(hex, sizeof(hex));
	uint8_t digest[SIGV4_HASH];

	snprintf(host, sizeof(host), "ecs.%s.amazonaws.com", t->region);
	h[2].value = slice_of(host);
	ok(sigv4_canonical(&r, &hash, &c, &n, &why) == KERR_OK && sha256(creq, c.len, digest), "%s: canonical request", what);
	text_hex(&x, digest, sizeof(digest));
	if (t->creq_sha != NULL)
		is_str(hex, t->creq_sha, "%s: its hash", what);
	ok(sigv4_sign(&r, &creds, t->date, t->region, "ecs", &hash, &key, work, sizeof(work), auth, &why) == KERR_OK,
	   "%s: signed", what);
	snprintf(want, sizeof(want), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%.8s/%s/ecs/aws4_request, SignedHeaders=%s, "
		 "Signature=%s", t->date, t->region, t->names, t->signature);
	is_str(auth, want, "%s: Authorization", what);
}

static void known_answers(void)
{
	static const struct kat one = {
		"20150830T123600Z", "us-east-1", NULL, TARGET "DescribeServices", "{\"cluster\":\"edge\",\"services\":[\"web\"]}",
		"b829e9ae65378de7edbe5377d9176282199d32fd98b52d38c2fbeaf9eb004877", "content-type;host;x-amz-date;x-amz-target",
		"a6423b42d7716099f55cce2581f4dbbd2e853a164fc406e6a767d60ace1bfccc" };
	static const struct kat two = {
		"20150830T123600Z", "us-east-1", TOKEN, TARGET "DescribeServices", "{\"cluster\":\"edge\",\"services\":[\"web\"]}",
		"710b81f0648cb0891221e3951f7d7855f203a70f11d65e6339c52048b13f67f4",
		"content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
		"4b8dfbdc509b97ef63a3a169e4516c796c31f655e86aed84381c65ba35dcd092" };
	static const struct kat three = {
		"20260101T000000Z", "eu-west-1", NULL, TARGET "ListServiceDeployments",
		"{\"cluster\":\"edge\",\"service\":\"web\",\"status\":[\"PENDING\",\"IN_PROGRESS\",\"STOP_REQUESTED\","
		"\"ROLLBACK_REQUESTED\",\"ROLLBACK_IN_PROGRESS\"]}", NULL, "content-type;host;x-amz-date;x-amz-target",
		"dfc3223a2860783d29a4b68f9faeb43d7adb792e6ef434de2049c6493da707ef" };

	kat(&one, "no token");
	is_int(hmacs, 5, "four HMACs for the key, one for the signature");
	kat(&two, "with a token");
	is_int(hmacs, 6, "the key came from the cache");
	kat(&three, "another day and region");
	is_int(hmacs, 11, "the key was derived anew");
	ok(!holds(work, sizeof(work), "AQoDYXdz"), "the token is wiped from the work space");
}

/* Cases of the published test suite that are not about ECS: method, path, query, headers. */
static void canonical(const char *path, const char *query, const char *want_path, const char *want_query)
{
	struct sigv4_header h[] = { { SLICE("host"), SLICE("example.amazonaws.com") } };
	struct sigv4_request r = { SLICE("GET"), slice_of(path), slice_of(query), SLICE(""), h, 1 };
	char creq[2048], names[100], want[1024];
	struct text c = text_on(creq, sizeof(creq)), n = text_on(names, sizeof(names));

	ok(sigv4_canonical(&r, &hash, &c, &n, &why) == KERR_OK, "canonical %s?%s", path, query);
	snprintf(want, sizeof(want), "GET\n%s\n%s\nhost:example.amazonaws.com\n\nhost\n"
		 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want_path, want_query);
	is_str(creq, want, "is as expected");
}

static void paths_and_queries(void)
{
	canonical("", "", "/", "");
	canonical("/", "Param2=value2&Param1=value1", "/", "Param1=value1&Param2=value2");
	canonical("/", "Param1=value2&Param1=Value1", "/", "Param1=Value1&Param1=value2");
	canonical("/", "a&b=", "/", "a=&b=");
	canonical("/", "p=a%20b%2fc&&p2=%zz", "/", "p=a%20b%2Fc&p2=%25zz");
	canonical("/", "\xe1\x88\xb4=bar", "/", "%E1%88%B4=bar");
	canonical("/\xe1\x88\xb4", "", "/%E1%88%B4", "");
	canonical("/a%20b", "", "/a%2520b", "");
	canonical("//foo//./bar/../", "", "/foo/", "");
	canonical("/foo/bar/../..", "", "/", "");
	canonical("/../../x", "", "/x", "");
}

static void headers(void)
{
	struct sigv4_header h[] = {
		{ SLICE("X-Amz-Date"), SLICE("20150830T123600Z") }, { SLICE("My-Header1"), SLICE("  a   b \t c  ") },
		{ SLICE("Host"), SLICE("example.amazonaws.com") }, { SLICE("My-Header1"), SLICE("value2") },
		{ SLICE("My-Header"), SLICE("") },
	};
	struct sigv4_request r = { SLICE("GET"), SLICE("/"), SLICE(""), SLICE(""), h, 5 };
	char creq[2048], names[100];
	struct text c = text_on(creq, sizeof(creq)), n = text_on(names, sizeof(names));

	ok(sigv4_canonical(&r, &hash, &c, &n, &why) == KERR_OK, "headers");
	is_str(names, "host;my-header;my-header1;x-amz-date", "names are sorted, each once");
	ok(strstr(creq, "\n\nhost:example.amazonaws.com\nmy-header:\nmy-header1:a b c,value2\nx-amz-date:2015") != NULL,
	   "values are trimmed, collapsed and joined in their order");
}

static void refused(const struct sigv4_request *r, size_t work_bytes, enum kerr want, const char *words)
{
	ok(sigv4_sign(r, &creds, "20150830T123600Z", "us-east-1", "ecs", &hash, &key, work, work_bytes, auth, &why) == want,
	   "%s", words);
	ok(strstr(why.text, words) != NULL, "says: %s", why.text);
}

static void refusals(void)
{
	struct sigv4_header many[SIGV4_HEADERS + 1], bad = { SLICE("host"), SLICE("a\r\nb") };
	struct sigv4_request r = { SLICE("POST"), SLICE("/"), SLICE(""), SLICE("{}"), many, SIGV4_HEADERS + 1 };
	struct sigv4_hash no = { broken, hmac };
	struct credentials none = { .akid = "" };

	for (size_t i = 0; i <= SIGV4_HEADERS; i++)
		many[i] = (struct sigv4_header){ SLICE("x"), SLICE("y") };
	refused(&r, sizeof(work), KERR_BAD_INPUT, "17 headers");
	r.n_headers = 2;
	refused(&r, sizeof(work), KERR_BAD_INPUT, "host header");
	many[1].name = SLICE("host");
	refused(&r, 40, KERR_TOO_BIG, "does not fit");
	r.header = &bad;
	r.n_headers = 1;
	refused(&r, sizeof(work), KERR_BAD_INPUT, "control bytes");
	r.header = many;
	r.n_headers = 2;
	ok(sigv4_sign(&r, &creds, "2015-08-30", "us-east-1", "ecs", &hash, &key, work, sizeof(work), auth, &why) ==
	   KERR_BAD_INPUT, "no date: %s", why.text);
	ok(sigv4_sign(&r, &creds, "20150830T123600Z", "us-east-1", "ecs", &no, &key, work, sizeof(work), auth, &why) == KERR_IO,
	   "a hash that fails: %s", why.text);
	ok(sigv4_sign(&r, &none, "20150830T123600Z", "us-east-1", "ecs", &hash, &key, work, sizeof(work), auth, &why) ==
	   KERR_DENIED && key.akid[0] == '\0', "no credentials: %s", why.text);
}

static void other_secret(void)
{
	struct sigv4_header h[] = { { SLICE("host"), SLICE("h") } };
	struct sigv4_request r = { SLICE("POST"), SLICE("/"), SLICE(""), SLICE("{}"), h, 1 };
	struct credentials c = creds;
	char first[SIGV4_AUTH_CAP];

	ok(sigv4_sign(&r, &c, "20150830T123600Z", "us-east-1", "ecs", &hash, &key, work, sizeof(work), first, &why) == KERR_OK,
	   "signed");
	c.secret[0] = 'x';
	ok(sigv4_sign(&r, &c, "20150830T123600Z", "us-east-1", "ecs", &hash, &key, work, sizeof(work), auth, &why) == KERR_OK &&
	   strcmp(first, auth) != 0, "a corrected secret of the same id does not meet the old key");
}

static void dates(void)
{
	static const struct { int64_t s; const char *text; } row[] = {
		{ 0, "19700101T000000Z" }, { 951782399, "20000228T235959Z" }, { 951782400, "20000229T000000Z" },
		{ 1440938160, "20150830T123600Z" }, { 4107542400, "21000301T000000Z" }, { 253402300799, "99991231T235959Z" },
	};
	char out[SIGV4_DATE], said[64];
	struct text words = text_on(said, sizeof(said));
	int64_t back;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ok(sigv4_date(row[i].s, out), "%s", row[i].text);
		is_str(out, row[i].text, "to text");
		ok(sigv4_date_parse(slice_of(out), &back) && back == row[i].s, "and back");
	}
	ok(sigv4_date_words(1440938160, true, &words) && sigv4_date_words(1440938160, false, &words), "for people");
	is_str(said, "2015-08-30 12:36:00 UTC2015-08-30 12:36 UTC", "... with seconds and without");
	ok(!sigv4_date_words(-1, true, &words) && words.len == strlen(said), "... or not at all");
	ok(!sigv4_date(-1, out) && !sigv4_date(INT64_C(253402300800), out), "outside the years");
	ok(sigv4_date_parse(SLICE("2018-01-18T09:18:06Z"), &back) && back == 1516267086, "with separators");
	ok(sigv4_date_parse(SLICE("2018-01-18T09:18:06.123Z"), &back) && back == 1516267086, "with a fraction");
	ok(!sigv4_date_parse(SLICE("20180118T091806"), &back) && !sigv4_date_parse(SLICE("20181318T091806Z"), &back) &&
	   !sigv4_date_parse(SLICE(""), &back) && !sigv4_date_parse(SLICE("2018-01-18T09:18:06+01:00"), &back), "and what is none");
}

/* For tests/unit/signers.t: the Authorization value of a request that is read from a file, a line each: access key, secret, session
 * token, date, region, service, method, path, query; the headers, an empty line; then the body. */
static int sign_file(const char *path)
{
	static char room[8192];
	struct slice in = { room, 0 }, line[9], l;
	struct sigv4_header header[SIGV4_HEADERS];
	struct sigv4_request r = { .header = header };
	struct credentials c = { .akid = "" };
	char date[20] = "", region[40] = "", service[40] = "";
	FILE *f = fopen(path, "rb");
	enum kerr e;

	if (f == NULL)
		return 2;
	in.n = fread(room, 1, sizeof(room), f);
	fclose(f);
	for (size_t i = 0; i < 9; i++)
		if (!slice_next(&in, '\n', &line[i]))
			return 2;
	while (r.n_headers < SIGV4_HEADERS && slice_next(&in, '\n', &l) && l.n > 0) {
		header[r.n_headers].name = slice_to(l, slice_find(l, ":"));
		header[r.n_headers++].value = slice_from(l, slice_find(l, ":") + 1);
	}
	r.method = line[6];
	r.path = line[7];
	r.query = line[8];
	r.body = in;
	if (!str_put(c.akid, sizeof(c.akid), line[0]) || !str_put(c.secret, sizeof(c.secret), line[1]) ||
	    !str_put(c.token, sizeof(c.token), line[2]) || !str_put(date, sizeof(date), line[3]) ||
	    !str_put(region, sizeof(region), line[4]) || !str_put(service, sizeof(service), line[5]))
		return 2;
	e = sigv4_sign(&r, &c, date, region, service, &hash, &key, work, sizeof(work), auth, &why);
	puts(e == KERR_OK ? auth : why.text);
	return e == KERR_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	char secret[4] = "abc";

	if (argc == 2)
		return sign_file(argv[1]);

	known_answers();
	paths_and_queries();
	headers();
	refusals();
	other_secret();
	dates();
	sigv4_wipe(secret, sizeof(secret));
	ok(memcmp(secret, "\0\0\0\0", 4) == 0, "wiped");
	return done();
}
