/* http_verdict.c - what curl's code means to somebody who has to mend it on site. curl_easy_strerror
 * is not built in; the words are ours, curl's own are added where they know more. */
#include "platform/http_pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

static void say(struct http_slot *s, enum kerr err, enum http_cause cause)
{
	s->res.err = err;
	s->res.cause = cause;
}

static bool is_tls(const struct http_slot *s)
{
	return slice_starts(slice_of(s->url), "https://");
}

static const char *curl_words(const struct http_slot *s)
{
	return s->curl_text[0] != '\0' ? s->curl_text : "no detail";
}

/* Whom the connection is made to, for sentences. */
static const char *peer(const struct http_slot *s)
{
	return s->proxied ? s->owner->proxy.name : s->host;
}

static enum http_cause cause_here(const struct http_slot *s, enum http_cause direct)
{
	return s->proxied ? HTTP_PROXY : direct;
}

/* The proxy's own answer to CONNECT. */
static void proxy_refused(struct http_slot *s, long code)
{
	const char *name = s->owner->proxy.name;
	struct why *why = &s->res.why;
	enum kerr err;

	if (code == 407 && s->owner->proxy.header[0] != '\0')
		err = why_set(why, KERR_DENIED, "%.80s refuses the user and password it is given (status 407): correct proxy = "
			      "http://USER:PASSWORD@HOST:PORT in [aws] of kedge.conf, or https_proxy", name);
	else if (code == 407)
		err = why_set(why, KERR_DENIED, "%.80s wants authentication (status 407): set proxy = http://USER:PASSWORD@HOST:PORT "
			      "in [aws] of kedge.conf", name);
	else if (code == 403)
		err = why_set(why, KERR_DENIED, "%.80s forbids connections to %.80s (status 403): allow them there", name, s->host);
	else if (code >= 502 && code <= 504)
		err = why_set(why, KERR_UNREACHABLE, "%.80s cannot reach %.80s itself (status %ld): its way out or its DNS", name, s->host,
			      code);
	else
		err = why_set(why, KERR_UNREACHABLE, "%.80s opens no way to %.80s (status %ld)", name, s->host, code);
	say(s, err, HTTP_PROXY);
}

static void dns_failed(struct http_slot *s)
{
	say(s, why_set(&s->res.why, KERR_UNREACHABLE, "the name of %.100s cannot be resolved: DNS does not know it or does "
		       "not answer", peer(s)), cause_here(s, HTTP_DNS));
}

static void connect_failed(struct http_slot *s)
{
	long os = 0;
	enum kerr err = KERR_UNREACHABLE;
	const char *what;
	long code = 0;

	curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &code);
	if (s->proxied && code != 0) {
		proxy_refused(s, code);
		return;
	}
	curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &os);
	if (os == ECONNREFUSED)
		err = KERR_REFUSED;
	else if (os == ENOENT)
		err = KERR_GONE;
	else if (os == EACCES || os == EPERM)
		err = KERR_DENIED;
	else if (os == ETIMEDOUT)
		err = KERR_TIMEOUT;
	what = os == ECONNREFUSED ? "connection refused: nothing listens there" :
	       os == ENOENT ? "no such socket" : os != 0 ? strerror((int)os) : curl_words(s);
	say(s, why_set(&s->res.why, err, "%.100s cannot be connected: %.100s", peer(s), what), cause_here(s, HTTP_CONNECT));
}

/* Before the request was sent: what it waited for. */
static void connect_timed_out(struct http_slot *s, int64_t ms)
{
	struct why *why = &s->res.why;

	if (!s->resolved)
		say(s, why_set(why, KERR_TIMEOUT, "the name of %.100s was not resolved within %" PRId64 " ms: DNS does not "
			       "answer", peer(s), ms), cause_here(s, HTTP_DNS));
	else if (!s->seen.began && s->proxied)
		say(s, why_set(why, KERR_TIMEOUT, "%.80s did not open a way to %.80s within %" PRId64 " ms", peer(s), s->host, ms),
		    HTTP_PROXY);
	else if (!s->seen.began)
		say(s, why_set(why, KERR_TIMEOUT, "%.100s did not accept a connection within %" PRId64 " ms", s->host, ms),
		    HTTP_CONNECT);
	else
		say(s, why_set(why, KERR_TIMEOUT, "%.100s did not finish the TLS handshake within %" PRId64 " ms", s->host,
			       ms), HTTP_TIMEOUT);
}

static void timed_out(struct http_slot *s)
{
	struct why *why = &s->res.why;
	curl_off_t all_us = 0;
	long sent = 0;
	int64_t ms;

	/* not curl's timings: they are not filled in while a connection is being made */
	curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent);
	curl_easy_getinfo(s->easy, CURLINFO_TOTAL_TIME_T, &all_us);
	ms = (int64_t)all_us / 1000;
	if (sent == 0)
		connect_timed_out(s, ms);
	else if (s->res.status == 0)
		say(s, why_set(why, KERR_TIMEOUT, "%.100s took the request but did not answer within %" PRIu32 " ms",
			       s->host, s->req.total_ms), HTTP_TIMEOUT);
	else
		say(s, why_set(why, KERR_TIMEOUT, "%.100s did not finish its answer (status %u) within %" PRIu32 " ms",
			       s->host, s->res.status, s->req.total_ms), HTTP_TIMEOUT);
}

static void certificate_refused(struct http_slot *s)
{
	enum tls_fault fault = tls_fault(&s->seen, s->host, &s->res.why);
	enum kerr err = KERR_UNREACHABLE;

	switch (fault) {
	case TLS_FAULT_CLOCK:
		say(s, err, HTTP_TLS_CLOCK);
		return;
	case TLS_FAULT_NAME:
		say(s, err, HTTP_TLS_NAME);
		return;
	case TLS_FAULT_BUNDLE:
		say(s, err, HTTP_TLS_BUNDLE);
		return;
	case TLS_FAULT_UNTRUSTED:
	case TLS_FAULT_WEAK:
		say(s, err, HTTP_TLS_UNTRUSTED);
		return;
	case TLS_FAULT_NONE:
		break;
	}
	say(s, why_set(&s->res.why, err, "TLS to %.100s: %.100s", s->host, curl_words(s)), HTTP_TLS);
}

/* The mbedTLS codes a field technician meets, out of curl's "(-0x7280)". */
static const char *handshake_words(const struct http_slot *s, char buf[PACKED_MAX])
{
	const char *at = strstr(s->curl_text, "(-0x");

	if (slice_starts(slice_of(s->curl_text), "Recv failure") || slice_starts(slice_of(s->curl_text), "Send failure"))
		return packed_copy(buf, PACKED_MAX, PACKED("the connection was reset during the handshake"));
	switch (at == NULL ? 0 : strtol(at + 4, NULL, 16)) {
	case 0x7280:
		return packed_copy(buf, PACKED_MAX, PACKED("the server closed the connection during the handshake"));
	case 0x7200:
	case 0x7100:
		return packed_copy(buf, PACKED_MAX, PACKED("the answer is not TLS (plain http, or something in between)"));
	case 0x7780:
		return packed_copy(buf, PACKED_MAX, PACKED("the server ended the handshake with an alert (version, cipher or client certificate)"));
	case 0x6e80:
		return packed_copy(buf, PACKED_MAX, PACKED("the server speaks no TLS 1.2 or 1.3"));
	case 0x6e00:
		return packed_copy(buf, PACKED_MAX, PACKED("no cipher or parameter in common"));
	default:
		return curl_words(s);
	}
}

static void handshake_failed(struct http_slot *s)
{
	char buf[PACKED_MAX];

	if (s->seen.flags != 0) {
		certificate_refused(s);
		return;
	}
	say(s, why_set(&s->res.why, KERR_UNREACHABLE, "TLS to %.100s: %.120s", s->host, handshake_words(s, buf)), HTTP_TLS);
}

static void cut_off(struct http_slot *s)
{
	struct why *why = &s->res.why;

	/* TLS 1.3: a server refuses a client's certificate after the client is done with the handshake */
	if (s->res.status == 0 && strstr(s->curl_text, "(-0x7780)") != NULL)
		handshake_failed(s);
	else if (s->proxied && !s->seen.began)
		say(s, why_set(why, KERR_IO, "%.80s closed the connection instead of opening a way to %.80s", peer(s), s->host),
		    HTTP_PROXY);
	else if (s->res.status == 0)
		say(s, why_set(why, KERR_IO, "%.100s closed the connection without an answer", s->host), HTTP_CUT);
	else
		say(s, why_set(why, KERR_IO, "%.100s closed the connection in the middle of its answer (status %u)", s->host,
			       s->res.status), HTTP_CUT);
}

static void write_refused(struct http_slot *s)
{
	if (s->refused)
		say(s, why_set(&s->res.why, KERR_BAD_INPUT, "the answer of %.100s was not accepted", s->host), HTTP_ABORTED);
	else
		say(s, why_set(&s->res.why, KERR_TOO_BIG, "the answer of %.100s is longer than %zu bytes", s->host,
			       s->req.max_body_bytes), HTTP_TOO_BIG);
}

void http_verdict(struct http_slot *s, int curl_code)
{
	/* curl has some hundred codes; those not named are told by number */
	switch (curl_code) {
	case CURLE_OK:
		say(s, KERR_OK, HTTP_FINE);
		s->res.tls = is_tls(s);
		return;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		dns_failed(s);
		return;
	case CURLE_COULDNT_CONNECT:
		connect_failed(s);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		timed_out(s);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
		certificate_refused(s);
		return;
	case CURLE_SSL_CONNECT_ERROR:
		handshake_failed(s);
		return;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		cut_off(s);
		return;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
		write_refused(s);
		return;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_TOO_LARGE:
		say(s, why_set(&s->res.why, KERR_BAD_INPUT, "%.100s does not answer in HTTP/1.1: %.100s", s->host,
			       curl_words(s)), HTTP_PROTOCOL);
		return;
	case CURLE_OUT_OF_MEMORY:
		say(s, why_set(&s->res.why, KERR_AGAIN, "no memory for a request to %.100s", s->host), HTTP_INTERNAL);
		return;
	default:
		say(s, why_set(&s->res.why, KERR_IO, "request to %.100s failed: %.100s (libcurl %d)", s->host, curl_words(s),
			       curl_code), HTTP_INTERNAL);
	}
}
