#include "platform/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "agent/base/str.h"
#include "platform/file.h"
#include "platform/pem.h"

/* Where Debian, Raspberry Pi OS, Alpine and OpenWrt; RHEL and Amazon Linux; openSUSE; musl and BSD
 * habits keep the bundle. */
static const char *const usual_bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};
enum { USUAL_BUNDLES = sizeof(usual_bundles) / sizeof(usual_bundles[0]) };

static bool readable(const char *path)
{
	return access(path, R_OK) == 0;
}

enum kerr tls_init(struct tls *tls, const char *ca_file, struct why *why)
{
	*tls = (struct tls){ 0 };
	if (ca_file != NULL && ca_file[0] != '\0') {
		(void)str_put(tls->ca_path, sizeof(tls->ca_path), slice_of(ca_file));
		return readable(ca_file) ? KERR_OK : file_errno(errno, "CA bundle", ca_file, why);
	}
	for (int i = 0; i < USUAL_BUNDLES; i++) {
		if (!readable(usual_bundles[i]))
			continue;
		(void)str_put(tls->ca_path, sizeof(tls->ca_path), slice_of(usual_bundles[i]));
		return KERR_OK;
	}
	return why_set(why, KERR_GONE, "no CA bundle is in the usual places: install ca-certificates or set ca_file");
}

/* ---- roots, one at a time ---- */

struct search {
	struct tls_seen *seen;
	const mbedtls_x509_crt *child;
	mbedtls_x509_crt *found;        /* list, newest first; mbedTLS frees it */
};

static bool contains(struct slice hay, struct slice needle)
{
	for (size_t i = 0; i + needle.n <= hay.n; i++) {
		const char *at = memchr(hay.p + i, needle.p[0], hay.n - needle.n - i + 1);

		if (at == NULL)
			return false;
		i = (size_t)(at - hay.p);
		if (memcmp(at, needle.p, needle.n) == 0)
			return true;
	}
	return false;
}

/* Several roots may carry one name (a renewed key): all of them are candidates. */
static void consider_root(void *arg, struct slice der)
{
	struct search *s = arg;
	struct slice name = { (const char *)s->child->issuer_raw.p, s->child->issuer_raw.len };
	mbedtls_x509_crt *crt;

	/* parsing costs a hundred times more than looking for the name's bytes */
	if (name.n == 0 || !contains(der, name))
		return;
	crt = mbedtls_calloc(1, sizeof(*crt));
	if (crt == NULL)
		return;
	mbedtls_x509_crt_init(crt);
	if (mbedtls_x509_crt_parse_der(crt, (const unsigned char *)der.p, der.n) != 0 ||
	    !slice_eq((struct slice){ (const char *)crt->subject_raw.p, crt->subject_raw.len }, name)) {
		mbedtls_x509_crt_free(crt);
		mbedtls_free(crt);
		return;
	}
	crt->next = s->found;
	s->found = crt;
	s->seen->roots++;
}

/* mbedtls_x509_crt_ca_cb_t. Never an error: without candidates the chain is untrusted, which is true,
 * and seen->bundle says why. */
static int find_roots(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
	struct tls_seen *seen = ctx;
	struct search s = { seen, child, NULL };
	uint64_t oversize = 0;

	if (pem_each(seen->tls->ca_path, consider_root, &s, &oversize, &seen->bundle) == KERR_OK)
		seen->bundle.text[0] = '\0';
	seen->tls->oversize = oversize;
	*candidates = s.found;
	return 0;
}

/* ---- what the chain looked like ---- */

static void put_time(char out[24], const mbedtls_x509_time *t)
{
	struct text w = text_on(out, 24);

	text_u64_pad(&w, (uint64_t)t->year, 4);
	text_c(&w, '-');
	text_u64_pad(&w, (uint64_t)t->mon, 2);
	text_c(&w, '-');
	text_u64_pad(&w, (uint64_t)t->day, 2);
	text_c(&w, ' ');
	text_u64_pad(&w, (uint64_t)t->hour, 2);
	text_c(&w, ':');
	text_u64_pad(&w, (uint64_t)t->min, 2);
	text_say(&w, " UTC");
}

/* Curl's own callback only relaxes the checks it is told to relax, which we never ask for. */
static int note_link(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct tls_seen *seen = ctx;

	(void)depth;
	seen->verified = true;
	if (*flags != 0 && seen->subject[0] == '\0') {
		/* a name that does not fit leaves an empty text, and the sentence does without */
		if (mbedtls_x509_dn_gets(seen->subject, sizeof(seen->subject), &crt->subject) < 0)
			(void)str_put(seen->subject, sizeof(seen->subject), SLICE("(a long name)"));
		if (mbedtls_x509_dn_gets(seen->issuer, sizeof(seen->issuer), &crt->issuer) < 0)
			(void)str_put(seen->issuer, sizeof(seen->issuer), SLICE("(a long name)"));
		put_time(seen->valid_from, &crt->valid_from);
		put_time(seen->valid_to, &crt->valid_to);
	}
	seen->flags |= *flags;
	return 0;
}

static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *arg)
{
	mbedtls_ssl_config *conf = ssl_ctx;
	struct tls_seen *seen = arg;

	(void)easy;
	seen->began = true;
	mbedtls_ssl_conf_ca_cb(conf, find_roots, arg);
	mbedtls_ssl_conf_verify(conf, note_link, arg);
	/* curl turns TLS 1.2 tickets off; a resumed handshake is a fifth of a full one on the wire */
	mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
	if (seen->client != NULL && device_show(seen->client, conf) != KERR_OK)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

enum kerr tls_apply(struct tls *tls, struct tls_seen *seen, const struct device *client, void *easy, struct why *why)
{
	*seen = (struct tls_seen){ .tls = tls, .client = client };
	if (curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, seen) != CURLE_OK ||
	    /* a resumed session would show the certificate of the day it began */
	    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, client == NULL ? 1L : 0L) != CURLE_OK)
		return why_set(why, KERR_IO, "libcurl was built without the TLS options kedge needs");
	return KERR_OK;
}

/* ---- words ---- */

static enum tls_fault clock_fault(const struct tls_seen *seen, const char *host, struct why *why)
{
	bool future = (seen->flags & MBEDTLS_X509_BADCERT_FUTURE) != 0;

	(void)why_set(why, KERR_OK, "TLS to %s: the certificate of %s %s %s: is this machine's clock right?", host,
		      seen->subject, future ? "is not valid before" : "expired on",
		      future ? seen->valid_from : seen->valid_to);
	return TLS_FAULT_CLOCK;
}

static enum tls_fault issuer_fault(const struct tls_seen *seen, const char *host, struct why *why)
{
	if (seen->roots == 0)
		(void)why_set(why, KERR_OK, "TLS to %s: unknown issuer: %s signed by %s, which is not in %.80s", host,
			      seen->subject, seen->issuer, seen->tls->ca_path);
	else
		(void)why_set(why, KERR_OK, "TLS to %s: %s is not signed by the %s of %.80s", host, seen->subject,
			      seen->issuer, seen->tls->ca_path);
	return TLS_FAULT_UNTRUSTED;
}

enum tls_fault tls_fault(const struct tls_seen *seen, const char *host, struct why *why)
{
	const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;

	if (seen->flags == 0)
		return TLS_FAULT_NONE;
	if ((seen->flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
		if (seen->bundle.text[0] == '\0')
			return issuer_fault(seen, host, why);
		(void)why_set(why, KERR_OK, "TLS to %s: no CA bundle to check it with: %s", host, seen->bundle.text);
		return TLS_FAULT_BUNDLE;
	}
	if ((seen->flags & ~dates) == 0)
		return clock_fault(seen, host, why);
	if ((seen->flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
		(void)why_set(why, KERR_OK, "TLS to %s: wrong name: the certificate is for %s", host, seen->subject);
		return TLS_FAULT_NAME;
	}
	(void)why_set(why, KERR_OK, "TLS to %s: key, hash or usage of %s is not accepted (flags 0x%" PRIx32 ")", host,
		      seen->subject, seen->flags);
	return TLS_FAULT_WEAK;
}
