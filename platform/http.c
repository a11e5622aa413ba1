#include "platform/http_pool.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "agent/base/host.h"
#include "platform/clock.h"
#include "platform/crypto.h"

enum { CONNECT_DEFAULT_MS = 10000, KEEP_S = 50, CURL_BUFFER = 16 * 1024 };

_Static_assert(sizeof(struct http_line) == sizeof(struct curl_slist), "http_line is a curl_slist");
_Static_assert(offsetof(struct http_line, next) == offsetof(struct curl_slist, next), "in this order");

/* ---- what curl calls ---- */

static size_t on_head(char *data, size_t size, size_t n, void *arg)
{
	struct http_slot *s = arg;
	bool end = size * n <= 2; /* the empty line */

	if (s->state == HTTP_CANCELLED)
		return 0;
	http_head_line(s, (struct slice){ data, size * n });
	/* not for 1xx, nor for the end of a chunked body's trailers */
	if (end && s->res.status >= 200 && !s->opened) {
		s->opened = true;
		if (s->req.on_open != NULL)
			s->req.on_open(s->req.arg, s->res.status);
	}
	return s->state == HTTP_CANCELLED ? 0 : size * n;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct http_slot *s = arg;
	size_t bytes = size * n, max = s->req.max_body_bytes;

	if (s->state == HTTP_CANCELLED)
		return 0;
	if ((max > 0 || s->req.on_body == NULL) && bytes > max - s->got) {
		s->too_big = true;
		return 0;
	}
	if (s->req.on_body == NULL)
		memcpy(s->req.into + s->got, data, bytes);
	else
		s->refused = !s->req.on_body(s->req.arg, (struct slice){ data, bytes });
	if (s->req.secret)
		crypto_zero(data, bytes);
	s->got += max > 0 ? bytes : 0;
	return s->refused || s->state == HTTP_CANCELLED ? 0 : bytes;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype type)
{
	struct http_slot *s = arg;

	(void)type;
	s->resolved = true;
	if (s->unix_path[0] == '\0')
		http_count_open(s, fd);
	return CURL_SOCKOPT_OK;
}

static int on_close(void *arg, curl_socket_t fd)
{
	http_count_close(arg, fd);
	return close(fd);
}

/* ---- a request, checked and copied ---- */

static size_t scheme_length(struct slice url)
{
	return slice_starts(url, "https://") ? 8 : slice_starts(url, "http://") ? 7 : 0;
}

/* host[:port] of an URL of ours. Stricter than curl's own parser, so that they cannot disagree. */
static enum kerr check_url(const char *url, struct slice *authority, struct slice *host, struct why *why)
{
	struct slice all = slice_of(url);
	size_t at = scheme_length(all), end = 0;

	for (size_t i = 0; i < all.n; i++)
		if (all.p[i] <= ' ' || all.p[i] >= 0x7f || all.p[i] == '\\')
			return why_set(why, KERR_BAD_INPUT, "byte %zu of an URL is not allowed there", i + 1);
	if (at == 0)
		return why_set(why, KERR_BAD_INPUT, "the URL %.80s begins with neither http:// nor https://", url);
	*authority = slice_from(all, at);
	while (end < authority->n && strchr("/?#", authority->p[end]) == NULL)
		end++;
	*authority = slice_to(*authority, end);
	*host = *authority;
	if (host->n > 0 && host->p[0] == '[')
		*host = slice_to(*host, slice_find(*host, "]") == SIZE_MAX ? 0 : slice_find(*host, "]") + 1);
	else if (slice_find(*host, ":") != SIZE_MAX)
		*host = slice_to(*host, slice_find(*host, ":"));
	if (host->n == 0 || slice_find(*authority, "@") != SIZE_MAX)
		return why_set(why, KERR_BAD_INPUT, "the URL %.80s names no host, or a user", url);
	return KERR_OK;
}

static enum kerr copy_target(struct http_slot *s, const struct http_request *r, struct why *why)
{
	struct slice authority, host;
	enum kerr err = check_url(r->url, &authority, &host, why);

	if (err != KERR_OK)
		return err;
	if (!str_put(s->url, sizeof(s->url), slice_of(r->url)))
		return why_set(why, KERR_TOO_BIG, "an URL longer than %d bytes", HTTP_URL_MAX - 1);
	if (!str_put(s->unix_path, sizeof(s->unix_path), slice_of(r->unix_path)))
		return why_set(why, KERR_TOO_BIG, "the socket path %.60s... is too long", r->unix_path);
	(void)str_cut(s->host, sizeof(s->host), r->unix_path != NULL ? slice_of(r->unix_path) : authority);
	s->proxied = r->unix_path == NULL && slice_starts(slice_of(r->url), "https://") && http_goes_by_proxy(s->owner, authority);
	if (r->unix_path == NULL && !r->plain_anywhere && slice_starts(slice_of(r->url), "http://") &&
	    !host_is_loopback(host))
		return why_set(why, KERR_DENIED, "plain http to %.100s is not allowed: only https, or http to loopback",
			       s->host);
	return KERR_OK;
}

static bool header_is_clean(struct slice line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			return false;
	return slice_find(line, ":") != SIZE_MAX;
}

static void link_line(struct http_slot *s, size_t i, char *text)
{
	s->line[i] = (struct http_line){ text, NULL };
	if (i > 0)
		s->line[i - 1].next = &s->line[i];
}

static enum kerr copy_headers(struct http_slot *s, const struct http_request *r, struct why *why)
{
	static char no_expect[] = "Expect:", no_accept[] = "Accept:";
	struct text t = text_on(s->header_text, sizeof(s->header_text));

	if (r->header_count > HTTP_HEADERS_MAX)
		return why_set(why, KERR_TOO_BIG, "more than %d request headers", HTTP_HEADERS_MAX);
	/* a name without value keeps curl from sending its own */
	link_line(s, 0, no_expect);
	link_line(s, 1, no_accept);
	for (size_t i = 0; i < r->header_count; i++) {
		char *at = t.p + t.len;

		if (!header_is_clean(r->headers[i]))
			return why_set(why, KERR_BAD_INPUT, "request header %zu is not one line of NAME: VALUE", i + 1);
		text_slice(&t, r->headers[i]);
		s->header_bytes = t.len;
		if (t.full || t.cap - t.len < 2)
			return why_set(why, KERR_TOO_BIG, "request headers of more than %d bytes", HTTP_HEADER_BYTES);
		t.len++; /* keeps the NUL */
		link_line(s, i + 2, at);
	}
	return KERR_OK;
}

static enum kerr check_rest(const struct http_request *r, struct why *why)
{
	bool has_place = r->method == HTTP_STREAM || r->on_body != NULL || (r->into != NULL && r->max_body_bytes > 0);

	if (r->on_done == NULL || r->url == NULL || !has_place)
		return why_set(why, KERR_BAD_INPUT, "a request needs an URL, on_done, and a place for the body");
	if (r->purpose >= HTTP_PURPOSES)
		return why_set(why, KERR_BAD_INPUT, "purpose %u of a request is not below %d", r->purpose, HTTP_PURPOSES);
	return KERR_OK;
}

/* ---- a request, handed to curl ---- */

static CURLcode set_callbacks(struct http_slot *s)
{
	CURL *e = s->easy;
	CURLcode bad = CURLE_OK;

	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_PRIVATE, s);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->curl_text);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_HEADERDATA, s);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_data);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, on_socket);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_SOCKOPTDATA, s);
	/* a connection outlives its request: the pool, not the slot, hears of its end */
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, s->owner);
	return bad;
}

static CURLcode set_limits(struct http_slot *s)
{
	const struct http_request *r = &s->req;
	CURL *e = s->easy;
	CURLcode bad = CURLE_OK;
	long connect_ms = (long)(r->connect_ms > 0 ? r->connect_ms : (uint32_t)CONNECT_DEFAULT_MS);

	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->total_ms);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)CURL_BUFFER);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)CURL_BUFFER);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, (long)KEEP_S);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_FORBID_REUSE, r->last || r->client != NULL ? 1L : 0L);
	if (r->max_body_bytes > 0)
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_body_bytes);
	if (r->total_ms == 0)
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	return bad;
}

static CURLcode set_request(struct http_slot *s)
{
	const struct http_request *r = &s->req;
	CURL *e = s->easy;
	CURLcode bad = CURLE_OK;

	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_URL, s->url);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_HTTPHEADER, (struct curl_slist *)(void *)s->line);
	if (s->unix_path[0] != '\0')
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, s->unix_path);
	if (r->method == HTTP_STREAM)
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	if (r->method == HTTP_HEAD)
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	if (r->method == HTTP_POST) {
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_POST, 1L);
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body.n > 0 ? r->body.p : "");
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
	}
	return bad;
}

/* An empty CURLOPT_PROXY keeps curl from looking for one by itself; no header of the request goes to a proxy. */
static CURLcode set_proxy(struct http_slot *s)
{
	struct http_proxy *p = &s->owner->proxy;
	CURL *e = s->easy;
	CURLcode bad = curl_easy_setopt(e, CURLOPT_PROXY, s->proxied ? p->url : "");

	p->line = (struct http_line){ p->header, NULL };
	bad = bad ? bad : curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (s->proxied && p->header[0] != '\0')
		bad = bad ? bad : curl_easy_setopt(e, CURLOPT_PROXYHEADER, (struct curl_slist *)(void *)&p->line);
	return bad;
}

static enum kerr prepare(struct http_slot *s, struct why *why)
{
	CURLcode bad;

	if (s->easy == NULL)
		s->easy = curl_easy_init();
	if (s->easy == NULL)
		return why_set(why, KERR_AGAIN, "no memory for a request to %.100s", s->host);
	curl_easy_reset(s->easy);
	bad = set_callbacks(s);
	bad = bad ? bad : set_limits(s);
	bad = bad ? bad : set_request(s);
	bad = bad ? bad : set_proxy(s);
	if (bad != CURLE_OK)
		return why_set(why, KERR_IO, "libcurl refuses an option of a request to %.100s (code %d)", s->host, (int)bad);
	return tls_apply(s->req.tls != NULL ? s->req.tls : s->owner->tls, &s->seen, s->req.client, s->easy, why);
}

/* ---- slots ---- */

static void release(struct http_slot *s)
{
	/* headers carry signatures and session tokens */
	crypto_zero(s->header_text, s->header_bytes);
	s->state = HTTP_FREE;
	s->id = HTTP_NONE;
	s->req = (struct http_request){ 0 };
}

static void drop(struct http_slot *s)
{
	if (s->state == HTTP_ON || s->state == HTTP_OPEN || s->state == HTTP_CANCELLED) {
		http_count_done(s);
		curl_multi_remove_handle(s->owner->loop->multi, s->easy);
	}
	release(s);
}

static void finish(struct http_slot *s, CURLcode code)
{
	http_done_fn *on_done = s->req.on_done;
	void *arg = s->req.arg;
	struct http_result res;

	if (s->state == HTTP_CANCELLED) {
		drop(s);
		return;
	}
	http_verdict(s, (int)code);
	if (s->req.method == HTTP_STREAM && code == CURLE_OK) {
		s->state = HTTP_OPEN;   /* curl keeps the connection as long as it has the handle */
		on_done(arg, &s->res);
		return;
	}
	http_count_done(s);
	curl_multi_remove_handle(s->owner->loop->multi, s->easy);
	s->res.elapsed_ms = (uint32_t)(clock_boot_ms() - s->began_ms);
	if (s->req.into != NULL && s->req.on_body == NULL)
		s->res.body = (struct slice){ s->req.into, s->got };
	res = s->res;
	release(s);
	on_done(arg, &res);
}

static bool start_new(struct http *h)
{
	bool failed = false;

	for (int i = 0; i < HTTP_SLOTS; i++) {
		struct http_slot *s = &h->slot[i];

		if (s->state == HTTP_CANCELLED)
			drop(s);
		if (s->state != HTTP_NEW)
			continue;
		s->state = HTTP_ON;
		if (curl_multi_add_handle(h->loop->multi, s->easy) == CURLM_OK)
			continue;
		finish(s, CURLE_FAILED_INIT);
		failed = true;
	}
	return failed;
}

static bool pump(void *arg)
{
	struct http *h = arg;
	CURLM *multi = h->loop->multi;
	bool called = start_new(h);
	int running, left;
	CURLMsg *msg;

	if (h->forget) {
		h->forget = false;
		curl_multi_setopt(multi, CURLMOPT_NETWORK_CHANGED, CURLMNWC_CLEAR_ALL | CURLMNWC_CLEAR_CONNS |
				  CURLMNWC_CLEAR_DNS);
	}
	h->in_curl++;
	(void)curl_multi_perform(multi, &running);
	h->in_curl--;
	while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
		CURLcode code = msg->data.result;
		char *slot = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &slot);
		finish((struct http_slot *)(void *)slot, code);
		called = true;
	}
	/* what a callback has just started must be on its way before the loop sleeps */
	for (int i = 0; i < HTTP_SLOTS; i++)
		called = called || h->slot[i].state == HTTP_NEW;
	return called;
}

enum kerr http_init(struct http *h, struct loop *loop, struct tls *tls, struct why *why)
{
	if (loop->multi == NULL || loop->pump != NULL)
		return why_set(why, KERR_IO, "the loop is closed or serves another http already");
	h->loop = loop;
	h->tls = tls;
	for (int i = 0; i < HTTP_SOCKETS; i++)
		h->sock[i].fd = -1;
	memset(h->traffic, 0, sizeof(h->traffic));
	h->last_id = HTTP_NONE;
	h->in_curl = 0;
	h->forget = false;
	h->uncounted = 0;
	loop->pump = pump;
	loop->pump_arg = h;
	return KERR_OK;
}

void http_close(struct http *h)
{
	crypto_zero(&h->proxy, sizeof(h->proxy));
	for (int i = 0; i < HTTP_SLOTS; i++) {
		drop(&h->slot[i]);
		curl_easy_cleanup(h->slot[i].easy);
		h->slot[i].easy = NULL;
	}
	h->loop->pump = NULL;
}

static struct http_slot *free_slot(struct http *h)
{
	for (int i = 0; i < HTTP_SLOTS; i++)
		if (h->slot[i].state == HTTP_FREE)
			return &h->slot[i];
	return NULL;
}

enum kerr http_start(struct http *h, const struct http_request *r, uint32_t *id, struct why *why)
{
	struct http_slot *s = free_slot(h);
	enum kerr err = check_rest(r, why);

	*id = HTTP_NONE;
	if (err != KERR_OK)
		return err;
	if (s == NULL)
		return why_set(why, KERR_AGAIN, "all %d request slots are in use", HTTP_SLOTS);
	s->owner = h;
	s->req = *r;
	s->res = (struct http_result){ 0 };
	s->got = 0;
	s->opened = s->too_big = s->refused = s->metered = s->resolved = false;
	s->curl_text[0] = '\0';
	s->began_ms = clock_boot_ms();
	err = copy_target(s, r, why);
	if (err == KERR_OK)
		err = copy_headers(s, r, why);
	if (err == KERR_OK)
		err = prepare(s, why);
	if (err != KERR_OK) {
		release(s);
		return err;
	}
	h->last_id = h->last_id == UINT32_MAX ? 1 : h->last_id + 1;
	s->id = h->last_id;
	s->state = HTTP_NEW;
	*id = s->id;
	return KERR_OK;
}

void http_cancel(struct http *h, uint32_t id)
{
	for (int i = 0; i < HTTP_SLOTS; i++) {
		struct http_slot *s = &h->slot[i];

		if (id == HTTP_NONE || s->id != id || s->state == HTTP_FREE)
			continue;
		if (s->state == HTTP_ON && h->in_curl > 0)
			s->state = HTTP_CANCELLED;
		else
			drop(s);
	}
}

void http_forget(struct http *h)
{
	h->forget = true;
}

struct http_traffic http_traffic(struct http *h, unsigned purpose)
{
	http_count_all(h);
	return purpose < HTTP_PURPOSES ? h->traffic[purpose] : (struct http_traffic){ 0 };
}
