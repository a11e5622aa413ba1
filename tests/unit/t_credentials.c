/* Credentials out of files and the environment; ecs.config. Above all: what a half-written file looks like. */
#include "agent/wire/credentials.h"

#include "tests/tap.h"

#define FILE_NAME "/root/.aws/credentials"
#define WHOLE "[default]\n" \
	"aws_access_key_id     = ASIAIOSFODNN7EXAMPLE\n" \
	"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n" \
	"aws_session_token     = FwoGZXIvYXdzEBEaDLk+/=token==\n"

static struct credentials c;
static struct why why;

static enum kerr from(const char *text, const char *profile, bool need_token)
{
	return credentials_from_file(slice_of(text), FILE_NAME, profile, need_token, &c, &why);
}

static bool wiped(void)
{
	const char *p = (const char *)&c;

	for (size_t i = 0; i < sizeof(c); i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void good(void)
{
	ok(from(WHOLE, "default", true) == KERR_OK, "a whole file");
	is_str(c.akid, "ASIAIOSFODNN7EXAMPLE", "id");
	is_str(c.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "secret");
	is_str(c.token, "FwoGZXIvYXdzEBEaDLk+/=token==", "token, with = in it");
	ok(c.source == CREDENTIALS_FILE && c.expiry_unix_s == 0, "source; the file has no expiry");
	ok(from("\xef\xbb\xbf; c\r\n# c\r\n[other]\r\nx\r\n[ profile site ]\r\nAWS_ACCESS_KEY_ID=a\r\naws_secret_access_key=b\r\n"
		"region = x\r\ns3 =\r\n  aws_session_token = nested\r\n", "site", false) == KERR_OK,
	   "a person's file: BOM, CRLF, comments, [profile NAME], upper case, nested settings");
	ok(strcmp(c.akid, "a") == 0 && strcmp(c.secret, "b") == 0 && c.token[0] == '\0', "its values; the nested one is no token");
	ok(from("[default]\naws_access_key_id=a\naws_access_key_id=b\naws_secret_access_key=s\n", "default", false) == KERR_OK &&
	   strcmp(c.akid, "b") == 0, "the last one wins, as in AWS's tools");
}

static void partial(void)
{
	const size_t whole = sizeof(WHOLE) - 1;
	size_t again = 0, other = 0;

	/* the SSM agent truncates the file and writes it again: each prefix may be seen */
	for (size_t n = 0; n < whole; n++) {
		if (credentials_from_file((struct slice){ WHOLE, n }, FILE_NAME, "default", true, &c, &why) == KERR_AGAIN)
			again++;
		if (!wiped())
			other++;
	}
	is_int(again, whole, "every prefix is `again`, the last value's too");
	is_int(other, 0, "and nothing secret is left behind");
	for (size_t n = 0; n < whole; n++) {
		enum kerr e = credentials_from_file((struct slice){ WHOLE, n }, FILE_NAME, "default", false, &c, &why);

		other += e != KERR_AGAIN && e != KERR_OK;
	}
	is_int(other, 0, "nor is one an error where no token is asked for");
	ok(from("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", "default", true) == KERR_AGAIN &&
	   strstr(why.text, "aws_session_token") != NULL, "no token where one belongs: %s", why.text);
	ok(from("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", "default", false) == KERR_OK,
	   "long-lived keys have none");
	ok(from("", "default", true) == KERR_AGAIN && strstr(why.text, "empty") != NULL, "empty: %s", why.text);
	ok(from("\n \n", "default", true) == KERR_AGAIN, "blank");
}

static void refused(const char *text, const char *profile, enum kerr want, const char *words)
{
	enum kerr e = from(text, profile, false);

	ok(e == want && wiped(), "%s: %s", words, kerr_name(e));
	ok(strstr(why.text, words) != NULL && strstr(why.text, FILE_NAME) != NULL, "says: %s", why.text);
	ok(strstr(why.text, "verysecret") == NULL, "and no secret");
}

static void refusals(void)
{
	char big[CREDENTIALS_TOKEN_CAP + 200];
	static char huge[CREDENTIALS_FILE_MAX + 2];
	size_t head;

	refused(WHOLE, "edge", KERR_GONE, "no profile [edge]");
	refused("[default\nx=y\n", "default", KERR_BAD_INPUT, "line 1");
	refused("[default]\nverysecret\n", "default", KERR_BAD_INPUT, "line 2");
	refused("[default]\naws_access_key_id=a\naws_secret_access_key=very secret\n", "default", KERR_BAD_INPUT,
		"aws_secret_access_key");
	refused("[default]\naws_access_key_id=a\naws_secret_access_key=verysecret\x01\n", "default", KERR_BAD_INPUT,
		"not printable");
	head = (size_t)snprintf(big, sizeof(big), "[default]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=");
	memset(big + head, 't', CREDENTIALS_TOKEN_CAP - 1);
	memcpy(big + head + CREDENTIALS_TOKEN_CAP - 1, "\n", 2);
	ok(from(big, "default", true) == KERR_OK && strlen(c.token) == CREDENTIALS_TOKEN_CAP - 1, "the longest token");
	memcpy(big + head + CREDENTIALS_TOKEN_CAP - 1, "t\n", 3);
	refused(big, "default", KERR_TOO_BIG, "aws_session_token has 4100 bytes");
	memset(huge, '\n', sizeof(huge) - 1);
	refused(huge, "default", KERR_TOO_BIG, "65537 bytes");
}

static void env(void)
{
	struct credentials_env e = { "a", "b", NULL };

	ok(credentials_from_env(&e, &c, &why) == KERR_OK && c.source == CREDENTIALS_ENV && c.token[0] == '\0', "environment");
	e.token = "t";
	ok(credentials_from_env(&e, &c, &why) == KERR_OK && strcmp(c.token, "t") == 0, "with a token");
	e.secret = "b\r\n";
	ok(credentials_from_env(&e, &c, &why) == KERR_BAD_INPUT && wiped(), "bytes that would break a header: %s", why.text);
	e.secret = NULL;
	ok(credentials_from_env(&e, &c, &why) == KERR_BAD_INPUT && strstr(why.text, "but not AWS_SECRET_ACCESS_KEY") != NULL,
	   "half: %s", why.text);
	e.akid = "";
	ok(credentials_from_env(&e, &c, &why) == KERR_GONE, "nothing: %s", why.text);
}

static void ecs_config(void)
{
	static const char text[] = "# ECS\nECS_CLUSTER=old\nECS_CLUSTER_NAME=x\n export AWS_DEFAULT_REGION=\"eu-west-1\"\r\n"
		"ECS_CLUSTER = edge\nEMPTY=\nBAD=a b\n";
	char out[16], tiny[3];

	ok(credentials_ecs_config(SLICE(text), "ECS_CLUSTER", out, sizeof(out), &why) == KERR_OK, "a key");
	is_str(out, "edge", "the last one wins");
	ok(credentials_ecs_config(SLICE(text), "AWS_DEFAULT_REGION", out, sizeof(out), &why) == KERR_OK, "quoted, exported");
	is_str(out, "eu-west-1", "without its quotes");
	ok(credentials_ecs_config(SLICE(text), "EMPTY", out, sizeof(out), &why) == KERR_GONE, "empty: %s", why.text);
	ok(credentials_ecs_config(SLICE(text), "NONE", out, sizeof(out), &why) == KERR_GONE && out[0] == '\0', "not there");
	ok(credentials_ecs_config(SLICE(text), "BAD", out, sizeof(out), &why) == KERR_BAD_INPUT, "a blank inside: %s", why.text);
	ok(credentials_ecs_config(SLICE(text), "ECS_CLUSTER", tiny, sizeof(tiny), &why) == KERR_TOO_BIG, "too long: %s", why.text);
}

int main(void)
{
	good();
	partial();
	refusals();
	env();
	ecs_config();
	return done();
}
