#include "agent/gate/gate_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "agent/gate/gate_state.h"
#include "agent/wire/credentials_answer.h"
#include "agent/wire/credentials_ask.h"
#include "agent/wire/x509_sign.h"
#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/sandbox.h"

#define CONTAINER_MS 2000                /* the agent is on this host: what it does not answer at once, it does not answer */
#define CONNECT_MS   15000
#define TOTAL_MS     30000
#define TRIES        3                   /* of the container endpoint, at once */
#define STATUS_CREATED 201
#define TOKEN_CAP    2048                /* bytes of the container's token. longer: refused */
#define LINE_CAP     8192                /* bytes of a header line that holds certificates: all HTTP_HEADER_BYTES allow */

enum { PURPOSE, ARENA_BYTES = 64 * 1024 };

struct fetch {
	const struct fetch_order *order;
	struct fetched *out;
	struct loop loop;
	struct tls tls;
	struct http http;
	struct device device;            /* during a request to IoT */
	struct http_request request;
	struct arena arena;
	bool done, near;                 /* near: the provider needs no line */
	char url[CREDENTIALS_URL_CAP], body[CREDENTIALS_BODY_CAP], answer[CREDENTIALS_ANSWER_MAX];
	char leaf[LINE_CAP], chain[LINE_CAP], canonical[2 * LINE_CAP], date[40], auth[TOKEN_CAP + 32];
	char arena_room[ARENA_BYTES];
};

static enum kerr container_token(struct text *line, struct why *why)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char read[TOKEN_CAP];
	size_t len = 0;
	enum kerr e;

	if (path == NULL || path[0] == '\0')
		return token == NULL || token[0] == '\0' ? KERR_OK : credentials_container_header(slice_of(token), line, why);
	e = file_read(path, FILE_REGULAR, read, sizeof(read), &len, why);
	return e == KERR_OK ? credentials_container_header((struct slice){ read, len }, line, why) : e;
}

static enum kerr of_container(struct fetch *f, struct why *why)
{
	struct http_request *r = &f->request;
	struct text t = text_on(f->auth, sizeof(f->auth));
	enum kerr e = credentials_container_url(getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
						getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), f->url, &f->near, why);

	if (e == KERR_OK)
		e = container_token(&t, why);
	r->connect_ms = r->total_ms = CONTAINER_MS;
	r->plain_anywhere = f->near;
	if (t.len > 0)
		r->headers[r->header_count++] = text_get(&t);
	return e;
}

static enum kerr of_iot(struct fetch *f, struct why *why)
{
	const struct conf *c = f->order->conf;
	struct http_request *r = &f->request;
	struct text t = text_on(f->auth, sizeof(f->auth));
	enum kerr e = credentials_iot_url(c->iot_endpoint, c->iot_role_alias, f->url, why);

	if (e == KERR_OK)
		e = device_load(&f->device, c->iot_cert, c->iot_key, f->order->now_unix_s, why);
	text_say(&t, "x-amzn-iot-thingname: ");
	text_s(&t, c->iot_thing);
	if (c->iot_thing[0] != '\0')
		r->headers[r->header_count++] = text_get(&t);
	r->client = &f->device;
	return e;
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

/* The four header lines of CreateSession. */
static enum kerr sign_session(struct fetch *f, const struct endpoint *at, const char *region, struct why *why)
{
	static const char leaf_name[] = "X-Amz-X509: ", chain_name[] = "X-Amz-X509-Chain: ", date_name[] = "X-Amz-Date: ";
	struct http_request *r = &f->request;
	struct device *d = &f->device;
	uint8_t signature[DEVICE_SIGNATURE_MAX];
	char string[X509_SIGN_STRING_CAP], date[SIGV4_DATE];
	struct x509_sign s = { .algorithm = device_is_rsa(d) ? X509_SIGN_RSA : X509_SIGN_ECDSA, .date = date, .region = region };
	struct slice leaf = certificate_line(d, 0, 1, leaf_name, f->leaf);
	struct slice chain = certificate_line(d, 1, UINT32_MAX, chain_name, f->chain);
	struct text date_line = text_on(f->date, sizeof(f->date)), auth = text_on(f->auth, sizeof(f->auth));
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

	_Static_assert(sizeof(f->auth) >= X509_SIGN_AUTH_CAP + sizeof("Authorization: "), "room for the Authorization line");
	if (!sigv4_date(f->order->now_unix_s, date))
		return why_set(why, KERR_BAD_INPUT, "this node's clock is not set");
	e = x509_sign_serial(device_serial(d), s.serial, why);
	if (e == KERR_OK)
		e = x509_sign_string(&s, &q, &gate_hash, f->canonical, sizeof(f->canonical), string, why);
	if (e == KERR_OK)
		e = device_sign(d, slice_of(string), signature, &len, why);
	text_say(&auth, "Authorization: ");
	if (e == KERR_OK)
		e = x509_sign_auth(&s, (struct slice){ (const char *)signature, len }, f->auth + auth.len, why);
	text_s(&date_line, date_name);
	text_s(&date_line, date);
	r->headers[r->header_count++] = SLICE("Content-Type: application/json");
	r->headers[r->header_count++] = text_get(&date_line);
	r->headers[r->header_count++] = slice_of(f->auth);
	r->headers[r->header_count++] = leaf;
	if (more)
		r->headers[r->header_count++] = chain;
	return e;
}

static enum kerr of_session(struct fetch *f, struct why *why)
{
	const struct conf *c = f->order->conf;
	struct text body = text_on(f->body, sizeof(f->body)), url = text_on(f->url, sizeof(f->url));
	struct endpoint at;
	char region[40];
	enum kerr e = credentials_session_endpoint(c->ra_endpoint, c->ra_trust_anchor, &at, region, why);

	if (e == KERR_OK && !credentials_session_body(&body, c->ra_trust_anchor, c->ra_profile, c->ra_role))
		e = why_set(why, KERR_TOO_BIG, "[rolesanywhere]: the three ARNs are too long");
	if (e == KERR_OK)
		e = device_load(&f->device, c->ra_cert, c->ra_key, f->order->now_unix_s, why);
	if (e != KERR_OK)
		return e;
	f->request.method = HTTP_POST;
	f->request.body = text_get(&body);
	e = sign_session(f, &at, region, why);
	device_free(&f->device);
	text_s(&url, at.url);
	text_say(&url, "sessions");
	return e;
}

static void on_answer(void *arg, const struct http_result *r)
{
	struct fetch *f = arg;
	struct fetched *out = f->out;
	enum credentials_source from = f->order->from;
	bool whole = r->err == KERR_OK && r->status == (from == CREDENTIALS_ROLESANYWHERE ? STATUS_CREATED : 200);
	enum kerr e = r->err;

	out->why = r->why;
	if (whole)
		e = credentials_answer(from, r->body, &f->arena, &out->keys, &out->why);
	else if (e == KERR_OK)
		e = credentials_refused(from, r->status, r->body, &f->arena, &out->why);
	out->err = e;
	out->clock = r->cause == HTTP_TLS_CLOCK;
	out->date_unix_s = e == KERR_OK && r->tls ? r->date_unix_s : 0;
	f->done = true;
}

static enum kerr prepare(struct fetch *f, struct why *why)
{
	struct why ignored;
	enum kerr e;

	/* last, secret: no copy of a key stays in a buffer of the connection */
	f->request = (struct http_request){
		.method = HTTP_GET, .url = f->url, .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS, .into = f->answer,
		.max_body_bytes = sizeof(f->answer), .on_done = on_answer, .arg = f, .purpose = PURPOSE, .last = true, .secret = true,
	};
	arena_init(&f->arena, f->arena_room, sizeof(f->arena_room));
	if (f->order->from == CREDENTIALS_CONTAINER)
		e = of_container(f, why);
	else
		e = f->order->from == CREDENTIALS_IOT ? of_iot(f, why) : of_session(f, why);
	if (e != KERR_OK)
		return e;
	/* mbedTLS draws fresh random numbers after a fork: psa_crypto_random.c sees the other pid, curl's generator asks each time */
	e = loop_init(&f->loop, why);
	if (e == KERR_OK)
		e = http_init(&f->http, &f->loop, &f->tls, why);
	/* without roots or proxy the request itself says what is wrong */
	(void)!tls_init(&f->tls, f->order->conf->ca_file, &ignored);
	if (e == KERR_OK)
		(void)!http_set_proxy(&f->http, f->order->conf->proxy, &ignored);
	return e;
}

/* All that only root may read has been. */
static enum kerr step_down(const struct fetch_order *o, const char *ca_path, struct why *why)
{
	char ca[SANDBOX_PATH_MAX], names[SANDBOX_PATH_MAX];
	const char *const readable[] = {
		"/etc", sandbox_folder("/etc/resolv.conf", names), sandbox_folder(ca_path, ca), "/dev/random", NULL,
	}, *const writable[] = { NULL };
	const struct sandbox s = { .uid = o->uid, .gid = o->gid, .readable = readable, .writable = writable };
	struct sandbox_missing missing = { 0 };   /* the worker has said it */

	return sandbox_enter(&s, &missing, why);
}

static void ask(struct fetch *f)
{
	uint32_t id;
	enum kerr e = http_start(&f->http, &f->request, &id, &f->out->why);

	f->done = e != KERR_OK;
	f->out->err = e;
	f->out->unsent = e != KERR_OK;
	while (!f->done)
		if (loop_turn(&f->loop, TOTAL_MS, &f->out->why) != KERR_OK) {
			f->out->err = KERR_IO;
			return;
		}
}

/* What a second try at once may mend: only the container's endpoint is near enough. */
static bool again(const struct fetch *f)
{
	return f->order->from == CREDENTIALS_CONTAINER && !f->out->unsent && f->out->err != KERR_OK && f->out->err != KERR_DENIED;
}

static void count(struct fetch *f)
{
	struct http_traffic t = http_traffic(&f->http, PURPOSE);

	if (f->near)
		return;
	f->out->up_bytes = t.up_bytes;
	f->out->down_bytes = t.down_bytes;
	f->out->segments = t.segments;
}

void gate_fetch(const struct fetch_order *o, struct fetched *out)
{
	static struct fetch fetch;
	struct fetch *f = &fetch;
	enum kerr e;

	*out = (struct fetched){ .unsent = 1 };
	f->order = o;
	f->out = out;
	e = prepare(f, &out->why);
	if (e == KERR_OK)
		e = step_down(o, f->tls.ca_path, &out->why);
	out->err = e;
	if (e != KERR_OK)
		return;
	ask(f);
	for (int tries = 1; tries < TRIES && again(f); tries++)
		ask(f);
	count(f);
}
