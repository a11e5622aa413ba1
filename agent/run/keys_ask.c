/* The requests to the three providers that answer over HTTP. */
#include <stdlib.h>
#include <string.h>

#include "agent/run/node.h"
#include "agent/wire/x509_sign.h"
#include "platform/crypto.h"
#include "platform/file.h"

#define CONTAINER_MS 2000                /* the agent is on this host: what it does not answer at once, it does not answer */
#define CONNECT_MS   15000
#define TOTAL_MS     30000
#define TOKEN_CAP    2048                /* bytes of the container's token. longer: refused */
#define LINE_CAP     8192                /* bytes of a header line that holds certificates: all HTTP_HEADER_BYTES allow */

static struct http_request request(struct node *n, http_done_fn *on_done)
{
	struct keys *k = &n->keys;

	/* last, secret: no copy of a key stays in a buffer of the connection */
	return (struct http_request){
		.method = HTTP_GET, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .into = k->answer,
		.max_body_bytes = sizeof(k->answer), .on_done = on_done, .arg = n, .purpose = PURPOSE_CREDENTIALS, .last = true, .secret = true,
	};
}

static enum kerr container_token(struct text *line, struct why *why)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char read[TOKEN_CAP];
	size_t len = 0;
	enum kerr e;

	if (path == NULL || path[0] == '\0')
		return token == NULL || token[0] == '\0' ? KERR_OK : credentials_container_header(slice_of(token), line, why);
	e = file_read(path, FILE_REGULAR, read, sizeof(read), &len, why);
	if (e == KERR_OK)
		e = credentials_container_header((struct slice){ read, len }, line, why);
	crypto_zero(read, sizeof(read));
	return e;
}

static enum kerr ask_container(struct node *n, http_done_fn *on_done, struct why *why)
{
	char url[CREDENTIALS_URL_CAP], line[TOKEN_CAP + sizeof("Authorization: ")];
	struct http_request r = request(n, on_done);
	struct text t = text_on(line, sizeof(line));
	enum kerr e = credentials_container_url(getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
						getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), url, &n->keys.here, why);

	if (e == KERR_OK)
		e = container_token(&t, why);
	if (e == KERR_OK) {
		r.url = url;
		r.purpose = n->keys.here ? PURPOSE_INTROSPECTION : PURPOSE_CREDENTIALS;
		r.connect_ms = r.total_ms = CONTAINER_MS;
		r.plain_anywhere = n->keys.here;
		if (t.len > 0)
			r.headers[r.header_count++] = text_get(&t);
		e = http_start(&n->http, &r, &n->keys.request, why);
	}
	crypto_zero(line, sizeof(line));
	return e;
}

static enum kerr ask_iot(struct node *n, http_done_fn *on_done, struct why *why)
{
	char url[CREDENTIALS_URL_CAP], line[sizeof(n->conf->iot_thing) + sizeof("x-amzn-iot-thingname: ")];
	struct http_request r = request(n, on_done);
	struct text t = text_on(line, sizeof(line));
	enum kerr e = credentials_iot_url(n->conf->iot_endpoint, n->conf->iot_role_alias, url, why);

	if (e == KERR_OK)
		e = device_load(&n->keys.device, n->conf->iot_cert, n->conf->iot_key, node_unix_ms(n) / 1000, why);
	if (e != KERR_OK)
		return e;
	text_say(&t, "x-amzn-iot-thingname: ");
	text_s(&t, n->conf->iot_thing);
	if (n->conf->iot_thing[0] != '\0')
		r.headers[r.header_count++] = text_get(&t);
	r.url = url;
	r.client = &n->keys.device;
	return http_start(&n->http, &r, &n->keys.request, why);
}

/* "NAME: base64(DER)[,base64(DER)]..." of the certificates from..to-1; what does not fit is for http_start to refuse. */
static struct slice certificate_line(const struct device *d, unsigned from, unsigned to, const char *name, char line[LINE_CAP])
{
	struct text t = text_on(line, LINE_CAP);

	text_s(&t, name);
	for (unsigned i = from; i < to && device_certificate(d, i).n > 0; i++) {
		if (i > from)
			text_c(&t, ',');
		text_base64(&t, device_certificate(d, i));
	}
	return text_get(&t);
}

/* The four header lines of CreateSession, on the room the node has for work. */
static enum kerr sign_session(struct node *n, const struct endpoint *at, const char *region, struct http_request *r,
			      struct why *why)
{
	struct {
		char leaf[LINE_CAP], chain[LINE_CAP], canonical[2 * LINE_CAP], date[40], auth[X509_SIGN_AUTH_CAP + 16];
	} *w = (void *)n->work;
	static const char leaf_name[] = "X-Amz-X509: ", chain_name[] = "X-Amz-X509-Chain: ", date_name[] = "X-Amz-Date: ";
	struct device *d = &n->keys.device;
	uint8_t signature[DEVICE_SIGNATURE_MAX];
	char string[X509_SIGN_STRING_CAP], date[SIGV4_DATE];
	struct x509_sign s = { .algorithm = device_is_rsa(d) ? X509_SIGN_RSA : X509_SIGN_ECDSA, .date = date, .region = region };
	struct slice leaf = certificate_line(d, 0, 1, leaf_name, w->leaf);
	struct slice chain = certificate_line(d, 1, UINT32_MAX, chain_name, w->chain);
	struct text date_line = text_on(w->date, sizeof(w->date)), auth = text_on(w->auth, sizeof(w->auth));
	const struct sigv4_header header[] = {
		{ SLICE("host"), slice_of(at->host) }, { SLICE("content-type"), SLICE("application/json") },
		{ SLICE("x-amz-date"), { date, SIGV4_DATE - 1 } }, { SLICE("x-amz-x509"), slice_from(leaf, sizeof(leaf_name) - 1) },
		{ SLICE("x-amz-x509-chain"), slice_from(chain, sizeof(chain_name) - 1) },
	};
	bool more = chain.n >= sizeof(chain_name);
	const struct sigv4_request q = { .method = SLICE("POST"), .path = SLICE("/sessions"), .query = SLICE(""), .body = r->body,
		.header = header, .n_headers = more ? 5 : 4 };
	size_t len = 0;
	enum kerr e;

	_Static_assert(sizeof(*w) <= sizeof(n->work), "room for the lines of CreateSession");
	if (!sigv4_date(node_unix_ms(n) / 1000, date))
		return why_set(why, KERR_BAD_INPUT, "this node's clock is not set");
	e = x509_sign_serial(device_serial(d), s.serial, why);
	if (e == KERR_OK)
		e = x509_sign_string(&s, &q, &aws_hash, w->canonical, sizeof(w->canonical), string, why);
	if (e == KERR_OK)
		e = device_sign(d, slice_of(string), signature, &len, why);
	text_say(&auth, "Authorization: ");
	if (e == KERR_OK)
		e = x509_sign_auth(&s, (struct slice){ (const char *)signature, len }, w->auth + auth.len, why);
	text_s(&date_line, date_name);
	text_s(&date_line, date);
	r->headers[r->header_count++] = SLICE("Content-Type: application/json");
	r->headers[r->header_count++] = text_get(&date_line);
	r->headers[r->header_count++] = slice_of(w->auth);
	r->headers[r->header_count++] = leaf;
	if (more)
		r->headers[r->header_count++] = chain;
	return e;
}

static enum kerr ask_session(struct node *n, http_done_fn *on_done, struct why *why)
{
	const struct conf *c = n->conf;
	struct http_request r = request(n, on_done);
	struct text body = text_on(n->keys.body, sizeof(n->keys.body)), url;
	struct endpoint at;
	char region[40], target[CREDENTIALS_URL_CAP];
	enum kerr e = credentials_session_endpoint(c->ra_endpoint, c->ra_trust_anchor, &at, region, why);

	if (e == KERR_OK && !credentials_session_body(&body, c->ra_trust_anchor, c->ra_profile, c->ra_role))
		e = why_set(why, KERR_TOO_BIG, "[rolesanywhere]: the three ARNs are too long");
	if (e == KERR_OK)
		e = device_load(&n->keys.device, c->ra_cert, c->ra_key, node_unix_ms(n) / 1000, why);
	if (e != KERR_OK)
		return e;
	r.method = HTTP_POST;
	r.body = text_get(&body);
	e = sign_session(n, &at, region, &r, why);
	device_free(&n->keys.device);
	url = text_on(target, sizeof(target));
	text_s(&url, at.url);
	text_say(&url, "sessions");
	r.url = target;
	return e == KERR_OK ? http_start(&n->http, &r, &n->keys.request, why) : e;
}

enum kerr keys_ask(struct node *n, http_done_fn *on_done, struct why *why)
{
	enum kerr e;

	n->keys.here = false;
	if (n->keys.from == CREDENTIALS_CONTAINER)
		return ask_container(n, on_done, why);
	e = n->keys.from == CREDENTIALS_IOT ? ask_iot(n, on_done, why) : ask_session(n, on_done, why);
	if (e != KERR_OK)
		device_free(&n->keys.device);
	return e;
}
