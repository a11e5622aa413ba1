/* Which requests go through a proxy, and that what is wrong with one never tells its password. */
#include "platform/http_pool.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static struct http http;
static struct why why;

static void env(const char *lower, const char *upper, const char *all, const char *spare)
{
	static const char *const name[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" };
	const char *value[] = { lower, upper, all, NULL, spare, NULL };

	for (int i = 0; i < 6; i++) {
		unsetenv(name[i]);
		if (value[i] != NULL)
			setenv(name[i], value[i], 1);
	}
}

static void chosen(const char *conf, const char *want, const char *what)
{
	is_int(http_set_proxy(&http, conf, &why), KERR_OK, "%s", what);
	is_str(http.proxy.url, want, "is %s", want[0] == '\0' ? "none" : want);
}

static void choice(void)
{
	env("http://low:1", "http://up:2", "http://all:3", NULL);
	chosen("http://conf:4", "http://conf:4", "kedge.conf comes first");
	chosen("", "http://low:1", "then https_proxy");
	chosen("none", "", "none switches the environment off");
	env(NULL, "http://up:2", "http://all:3", NULL);
	chosen(NULL, "http://up:2", "then HTTPS_PROXY");
	env(NULL, NULL, "http://all:3", NULL);
	chosen("", "http://all:3", "then all_proxy");
	env("", "http://up:2", NULL, NULL);
	chosen("", "", "an empty lower case one hides the upper case");
	env(NULL, NULL, NULL, NULL);
	chosen("", "", "without any");
	chosen("gw.site:8080/", "http://gw.site:8080", "without scheme");
	chosen("http://[2001:db8::1]", "http://[2001:db8::1]:80", "without port");
}

static void credentials(void)
{
	static const struct { const char *url, *header; } row[] = {
		{ "http://Aladdin:open%20sesame@p:1", "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" }, /* RFC 7617, 2 */
		{ "http://test:123%C2%a3@p:1", "Proxy-Authorization: Basic dGVzdDoxMjPCow==" },              /* RFC 7617, 2.1 */
		{ "http://a:b@c@p:1", "Proxy-Authorization: Basic YTpiQGM=" },
		{ "http://u:5%@p:1", "Proxy-Authorization: Basic dTo1JQ==" },
		{ "http://p:1", "" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		is_int(http_set_proxy(&http, row[i].url, &why), KERR_OK, "%s", row[i].url);
		is_str(http.proxy.header, row[i].header, "its header");
		is_str(http.proxy.name, row[i].url[7] == 'p' || strstr(row[i].url, "@p:1") != NULL ? "the proxy p:1" : "", "its name");
	}
}

static void wrong(const char *url, enum kerr err)
{
	is_int(http_set_proxy(&http, url, &why), err, "%s", why.text);
	ok(strstr(why.text, "hunter2") == NULL, "without the password");
	is_str(http.proxy.url, "", "and there is none");
}

static void refusals(void)
{
	char longer[HTTP_PROXY_HEADER + 40] = "http://u:";

	memset(longer + 9, 'x', HTTP_PROXY_HEADER);
	strcpy(longer + 9 + HTTP_PROXY_HEADER, "@p:1");
	wrong("socks5://u:hunter2@p:1", KERR_BAD_INPUT);
	wrong("https://u:hunter2@p:1", KERR_BAD_INPUT);
	wrong("http://u:hunter2@p:port", KERR_BAD_INPUT);
	wrong("http://u:hunter2@", KERR_BAD_INPUT);
	wrong("http://u:hunter2@p/path", KERR_BAD_INPUT);
	wrong(longer, KERR_TOO_BIG);
}

static void goes(const char *host, bool want)
{
	ok(http_goes_by_proxy(&http, slice_of(host)) == want, "%s %s", host, want ? "goes through it" : "does not");
}

static void spared(void)
{
	env(NULL, NULL, NULL, "internal.example, .site , 10.0.0.0/8,192.0.2.7,Reg.Example.");
	chosen("http://p:1", "http://p:1", "with no_proxy");
	goes("ecs.eu-west-1.amazonaws.com", true);
	goes("ecs.eu-west-1.amazonaws.com:8443", true);
	goes("internal.example:443", false);
	goes("a.internal.example", false);
	goes("notinternal.example", true);
	goes("site", false);
	goes("cam.SITE", false);
	goes("10.255.0.1", false);
	goes("11.0.0.1", true);
	goes("192.0.2.7", false);
	goes("192.0.2.70", true);
	goes("reg.example", false);
	goes("127.0.0.1:5000", false);
	goes("localhost", false);
	goes("169.254.170.2", false);
	goes("[::1]:9", false);
	goes("[2001:db8::2]", true);
	env(NULL, NULL, NULL, "*");
	chosen("http://p:1", "http://p:1", "with no_proxy *");
	goes("ecs.eu-west-1.amazonaws.com", false);
	chosen("none", "", "with none");
	goes("ecs.eu-west-1.amazonaws.com", false);
}

int main(void)
{
	choice();
	credentials();
	refusals();
	spared();
	return done();
}
