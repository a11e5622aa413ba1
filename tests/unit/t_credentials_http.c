/* The providers that are asked over HTTP: where and with what, what their answers give, what their refusals mean. */
#include "agent/wire/credentials_answer.h"
#include "agent/wire/credentials_ask.h"

#include "tests/tap.h"

#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define CONTAINER "{\"RoleArn\":\"arn:aws:iam::1:role/x\",\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"" SECRET "\"," \
	"\"Token\":\"tok/+==\",\"Expiration\":\"2026-11-26T11:45:00Z\"}"
#define LOWER "{\"accessKeyId\":\"ASIA1\",\"secretAccessKey\":\"" SECRET "\",\"sessionToken\":\"tok/+==\"," \
	"\"expiration\":\"2026-11-26T11:45:00Z\"}"
#define IOT "{\"credentials\":" LOWER "}"
#define SESSION "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"a\"},\"credentials\":" LOWER ",\"packedPolicySize\":5}]," \
	"\"subjectArn\":\"s\",\"more\":[1,{}]}"
#define EXPIRY_UNIX_S 1795693500

static char room[64 * 1024];
static struct arena arena;
static struct credentials c;
static struct why why;

static enum kerr answer(enum credentials_source from, const char *body)
{
	return credentials_answer(from, slice_of(body), &arena, &c, &why);
}

static bool holds_secret(const char *p, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i++)
		if (memcmp(p + i, SECRET, 8) == 0)
			return true;
	return false;
}

static bool clean(void)
{
	return !holds_secret(room, sizeof(room)) && !holds_secret((const char *)&c, sizeof(c)) && arena_mark(&arena) == 0;
}

static void good(enum credentials_source from, const char *body)
{
	ok(answer(from, body) == KERR_OK, "an answer of %s: %s", credentials_source_name(from), why.text);
	ok(strcmp(c.akid, "ASIA1") == 0 && strcmp(c.secret, SECRET) == 0 && strcmp(c.token, "tok/+==") == 0, "its keys");
	is_int(c.expiry_unix_s, EXPIRY_UNIX_S, "when they expire");
	ok(c.source == from && !holds_secret(room, sizeof(room)), "whose they are; the parsed tree is zeroed");
}

static void bad(enum credentials_source from, const char *body, enum kerr want, const char *words)
{
	ok(answer(from, body) == want && clean(), "refused, nothing left behind");
	ok(strstr(why.text, words) != NULL && strstr(why.text, "wJal") == NULL, "says: %s", why.text);
}

/* A whole answer with its token replaced by n letters. */
static const char *with_token(size_t n)
{
	static char out[CREDENTIALS_ANSWER_MAX + 200];
	int head = snprintf(out, sizeof(out), "{\"credentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"s\",\"expiration\":"
			    "\"2026-11-26T11:45:00Z\",\"sessionToken\":\"");

	memset(out + head, 't', n);
	snprintf(out + head + n, sizeof(out) - (size_t)head - n, "\"}}");
	return out;
}

static void answers(void)
{
	size_t odd = 0, whole = sizeof(SESSION) - 1;

	good(CREDENTIALS_CONTAINER, CONTAINER);
	good(CREDENTIALS_IOT, IOT);
	good(CREDENTIALS_ROLESANYWHERE, SESSION);
	bad(CREDENTIALS_IOT, CONTAINER, KERR_BAD_INPUT, "no accessKeyId");
	bad(CREDENTIALS_ROLESANYWHERE, IOT, KERR_BAD_INPUT, "no accessKeyId");
	bad(CREDENTIALS_ROLESANYWHERE, "{\"credentialSet\":[]}", KERR_BAD_INPUT, "no accessKeyId");
	bad(CREDENTIALS_CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\",\"Expiration\":\"x\"}", KERR_BAD_INPUT, "no Token");
	bad(CREDENTIALS_CONTAINER, "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"" SECRET "\",\"Token\":\"t\",\"Expiration\":\"soon\"}",
	    KERR_BAD_INPUT, "Expiration is no time");
	bad(CREDENTIALS_CONTAINER, "{\"AccessKeyId\":7,\"SecretAccessKey\":\"" SECRET "\"}", KERR_BAD_INPUT, "no AccessKeyId");
	bad(CREDENTIALS_CONTAINER, "{\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"" SECRET "\",\"Token\":\"t\",\"Expiration\":"
	    "\"2026-11-26T11:45:00Z\"}", KERR_BAD_INPUT, "not printable");
	bad(CREDENTIALS_IOT, "<html>" SECRET "</html>", KERR_BAD_INPUT, "IoT");
	bad(CREDENTIALS_IOT, "", KERR_BAD_INPUT, "IoT");
	for (size_t n = 0; n < whole; n++)
		odd += credentials_answer(CREDENTIALS_ROLESANYWHERE, (struct slice){ SESSION, n }, &arena, &c, &why) !=
		       KERR_BAD_INPUT || !clean();
	is_int(odd, 0, "every cut answer is refused and leaves no secret behind");
	ok(answer(CREDENTIALS_IOT, with_token(CREDENTIALS_TOKEN_CAP - 2)) == KERR_OK, "a token one byte below the bound");
	ok(answer(CREDENTIALS_IOT, with_token(CREDENTIALS_TOKEN_CAP - 1)) == KERR_OK, "the longest token");
	bad(CREDENTIALS_IOT, with_token(CREDENTIALS_TOKEN_CAP), KERR_TOO_BIG, "aws_session_token");
	bad(CREDENTIALS_IOT, with_token(CREDENTIALS_ANSWER_MAX), KERR_TOO_BIG, "longer than 16384");
}

static void refusal(enum credentials_source from, unsigned status, const char *body, enum kerr want, const char *words)
{
	ok(credentials_refused(from, status, slice_of(body), &arena, &why) == want && strstr(why.text, words) != NULL, "%s", why.text);
}

static void refusals(void)
{
	refusal(CREDENTIALS_IOT, 403, "{\"message\":\"Invalid thing name passed\"}", KERR_DENIED, "[iot] thing");
	refusal(CREDENTIALS_IOT, 403, "{\"message\":\"Access Denied\"}", KERR_DENIED, "iot:AssumeRoleWithCertificate");
	refusal(CREDENTIALS_IOT, 403, "{\"message\":\"Certificate is invalid on this endpoint\"}", KERR_DENIED, "[iot] endpoint");
	refusal(CREDENTIALS_IOT, 404, "{\"message\":\"Role alias does not exist\"}", KERR_DENIED, "role_alias names none");
	refusal(CREDENTIALS_IOT, 400, "{\"message\":\"Unable to assume the role, or the role to assume does not exist\"}", KERR_DENIED,
		"trust credentials.iot.amazonaws.com");
	refusal(CREDENTIALS_IOT, 400, "{\"message\":\"The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the "
		"role\"}", KERR_DENIED, "maximum session duration");
	refusal(CREDENTIALS_IOT, 503, "{\"message\":null}", KERR_AGAIN, "cannot answer now (503");
	refusal(CREDENTIALS_IOT, 429, "", KERR_AGAIN, "429");
	refusal(CREDENTIALS_IOT, 403, "<html>pay here</html>", KERR_AGAIN, "captive portal");
	refusal(CREDENTIALS_ROLESANYWHERE, 403, "{\"message\":\"Untrusted certificate. Insufficient certificate\"}", KERR_DENIED,
		"digitalSignature");
	refusal(CREDENTIALS_ROLESANYWHERE, 403, "{\"message\":\"Untrusted signing certificate\"}", KERR_DENIED, "chain to the trust anchor");
	refusal(CREDENTIALS_ROLESANYWHERE, 403, "{\"message\":\"Trust anchor is disabled\"}", KERR_DENIED, "enable it");
	refusal(CREDENTIALS_ROLESANYWHERE, 404, "{\"message\":\"Profile not found\"}", KERR_DENIED, "[rolesanywhere] profile");
	refusal(CREDENTIALS_ROLESANYWHERE, 404, "{\"message\":\"Trust anchor not found\"}", KERR_DENIED, "[rolesanywhere] trust_anchor");
	refusal(CREDENTIALS_ROLESANYWHERE, 403, "{\"message\":\"Unable to assume role for arn:aws:iam::1:role/x\"}", KERR_DENIED,
		"the profile must list it");
	refusal(CREDENTIALS_ROLESANYWHERE, 403, "{\"message\":\"no\"}", KERR_DENIED, "compare");
	refusal(CREDENTIALS_ROLESANYWHERE, 418, "{\"message\":\"teapot\"}", KERR_DENIED, "(418 teapot)");
	refusal(CREDENTIALS_CONTAINER, 401, "{\"Message\":\"bad token\"}", KERR_DENIED, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	refusal(CREDENTIALS_CONTAINER, 404, "", KERR_DENIED, "task role");
}

static void container(const char *relative, const char *full, enum kerr want, bool here, const char *url)
{
	char out[CREDENTIALS_URL_CAP];
	bool local = false;
	enum kerr e = credentials_container_url(relative, full, out, &local, &why);

	ok(e == want, "%s %s: %s", relative == NULL ? "-" : relative, full == NULL ? "-" : full, e == KERR_OK ? "" : why.text);
	if (want == KERR_OK) {
		is_str(out, url, "the URL");
		ok(local == here, "needs %s route", here ? "no" : "a");
	}
}

static void containers(void)
{
	static char longest[CREDENTIALS_URL_CAP + 8];

	container(NULL, NULL, KERR_GONE, true, "");
	container("", "", KERR_GONE, true, "");
	container("/v2/creds?id=1", "http://evil.example/", KERR_OK, true, "http://169.254.170.2/v2/creds?id=1");
	container(".evil.example/", NULL, KERR_BAD_INPUT, true, "");
	container("/a b", NULL, KERR_BAD_INPUT, true, "");
	container(NULL, "http://127.0.0.1:8080/c", KERR_OK, true, "http://127.0.0.1:8080/c");
	container(NULL, "http://localhost/c", KERR_OK, true, "http://localhost/c");
	container(NULL, "http://[::1]:8080/c", KERR_OK, true, "http://[::1]:8080/c");
	container(NULL, "http://169.254.170.23/v1/credentials", KERR_OK, true, "http://169.254.170.23/v1/credentials");
	container(NULL, "http://[fd00:ec2::23]/v1", KERR_OK, true, "http://[fd00:ec2::23]/v1");
	container(NULL, "https://creds.example/c", KERR_OK, false, "https://creds.example/c");
	container(NULL, "http://169.254.169.254/latest", KERR_DENIED, true, "");
	container(NULL, "http://creds.example/c", KERR_DENIED, true, "");
	container(NULL, "http://127.0.0.1.evil.example/", KERR_DENIED, true, "");
	container(NULL, "http://127.0.0.1:80@evil.example/", KERR_DENIED, true, "");
	container(NULL, "http://evil.example#@127.0.0.1/", KERR_DENIED, true, "");
	container(NULL, "https:///c", KERR_DENIED, true, "");
	container(NULL, "ftp://127.0.0.1/", KERR_BAD_INPUT, true, "");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[CREDENTIALS_URL_CAP - sizeof("http://169.254.170.2")] = '\0';
	{
		char out[CREDENTIALS_URL_CAP];
		bool here;

		ok(credentials_container_url(longest, NULL, out, &here, &why) == KERR_OK && strlen(out) == sizeof(out) - 1, "the longest");
	}
	longest[strlen(longest)] = 'x';
	container(longest, NULL, KERR_TOO_BIG, true, "");
}

static void token(const char *given, enum kerr want, const char *line)
{
	char out[40];
	struct text t = text_on(out, sizeof(out));

	ok(credentials_container_header(slice_of(given), &t, &why) == want && strstr(why.text, "evil") == NULL, "a token: %s",
	   want == KERR_OK ? given : why.text);
	if (want == KERR_OK)
		is_str(out, line, "the header");
}

static void tokens(void)
{
	token("Bearer abc\n", KERR_OK, "Authorization: Bearer abc");
	token("abc\r\n", KERR_OK, "Authorization: abc");
	token("abc\r\nX-Evil: evil", KERR_BAD_INPUT, "");
	token("abc\nevil", KERR_BAD_INPUT, "");
	token("abc\revil", KERR_BAD_INPUT, "");
	token("abc\tevil", KERR_BAD_INPUT, "");
	token("\xc3\xa9", KERR_BAD_INPUT, "");
	token(" \n", KERR_GONE, "");
	token("123456789012345678901234", KERR_OK, "Authorization: 123456789012345678901234");
	token("1234567890123456789012345", KERR_TOO_BIG, "");
}

#define ANCHOR "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/a"

static void session(const char *override, const char *anchor, enum kerr want, const char *url)
{
	struct endpoint at;
	char region[40];
	enum kerr e = credentials_session_endpoint(override, anchor, &at, region, &why);

	ok(e == want, "%s %s: %s", override, anchor, e == KERR_OK ? at.url : why.text);
	if (want == KERR_OK)
		is_str(at.url, url, "the endpoint");
}

static void others(void)
{
	char out[CREDENTIALS_URL_CAP], body[CREDENTIALS_BODY_CAP], small[64];
	struct text t = text_on(body, sizeof(body)), s = text_on(small, sizeof(small));

	ok(credentials_iot_url("abc123.credentials.iot.eu-west-1.amazonaws.com", "edge-role", out, &why) == KERR_OK, "IoT");
	is_str(out, "https://abc123.credentials.iot.eu-west-1.amazonaws.com/role-aliases/edge-role/credentials", "its URL");
	ok(credentials_iot_url("localhost:8443", "a=b,c@d_E-1", out, &why) == KERR_OK, "a port, and every sign an alias may have");
	is_str(out, "https://localhost:8443/role-aliases/a=b,c@d_E-1/credentials", "its URL");
	ok(credentials_iot_url("h/x", "a", out, &why) == KERR_BAD_INPUT && strstr(why.text, "[iot]") != NULL, "a path: %s", why.text);
	ok(credentials_iot_url("http://h", "a", out, &why) == KERR_BAD_INPUT, "a scheme: %s", why.text);
	ok(credentials_iot_url("h", "a/b", out, &why) == KERR_BAD_INPUT, "a slash in the alias: %s", why.text);
	ok(credentials_iot_url("h", "", out, &why) == KERR_BAD_INPUT, "no alias: %s", why.text);
	session("", ANCHOR, KERR_OK, "https://rolesanywhere.eu-west-1.amazonaws.com/");
	session("", "arn:aws-cn:rolesanywhere:cn-north-1:123456789012:trust-anchor/a", KERR_OK, "https://rolesanywhere.cn-north-1.amazonaws.com.cn/");
	session("", "arn:aws-us-gov:rolesanywhere:us-gov-west-1:123456789012:trust-anchor/a", KERR_OK,
		"https://rolesanywhere.us-gov-west-1.amazonaws.com/");
	session("http://127.0.0.1:8080", ANCHOR, KERR_OK, "http://127.0.0.1:8080/");
	session("http://10.0.0.1", ANCHOR, KERR_BAD_INPUT, "");
	session("", "arn:aws:iam::123456789012:role/x", KERR_BAD_INPUT, "");
	session("", "trust", KERR_BAD_INPUT, "");
	ok(credentials_session_body(&t, "T", "P", "R"), "CreateSession");
	is_str(body, "{\"durationSeconds\":3600,\"profileArn\":\"P\",\"roleArn\":\"R\",\"trustAnchorArn\":\"T\"}", "its body");
	ok(!credentials_session_body(&s, "T", "P", "R"), "no room");
}

int main(void)
{
	arena_init(&arena, room, sizeof(room));
	answers();
	refusals();
	containers();
	tokens();
	others();
	return done();
}
