#include "agent/wire/sigv4.h"

#include <string.h>

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define QUERY_MAX   32
#define NAMES_CAP   1024                 /* bytes of "a;b;c" */

void sigv4_wipe(void *p, size_t n)
{
	volatile uint8_t *byte = p;

	for (size_t i = 0; i < n; i++)
		byte[i] = 0;
}

/* Days since 1970 <-> civil date, proleptic Gregorian, with the year beginning in March. */
static void civil(int64_t days, unsigned *y, unsigned *m, unsigned *d)
{
	int64_t z = days + 719468, era = z / 146097, of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), march = (5 * of_year + 2) / 153;

	*d = (unsigned)(of_year - (153 * march + 2) / 5 + 1);
	*m = (unsigned)(march < 10 ? march + 3 : march - 9);
	*y = (unsigned)(year + era * 400 + (*m <= 2));
}

static int64_t days_of(unsigned year, unsigned m, unsigned d)
{
	int64_t y = (int64_t)year - (m <= 2), era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool sigv4_date(int64_t unix_s, char out[SIGV4_DATE])
{
	struct text t = text_on(out, SIGV4_DATE);
	unsigned y, m, d;
	uint64_t s;

	out[0] = '\0';
	if (unix_s < 0 || unix_s >= INT64_C(253402300800))
		return false;
	civil(unix_s / 86400, &y, &m, &d);
	s = (uint64_t)(unix_s % 86400);
	text_u64_pad(&t, y, 4);
	text_u64_pad(&t, m, 2);
	text_u64_pad(&t, d, 2);
	text_c(&t, 'T');
	text_u64_pad(&t, s / 3600, 2);
	text_u64_pad(&t, s / 60 % 60, 2);
	text_u64_pad(&t, s % 60, 2);
	text_c(&t, 'Z');
	return true;
}

bool sigv4_date_words(int64_t unix_s, bool seconds, struct text *out)
{
	char date[SIGV4_DATE];

	if (!sigv4_date(unix_s, date))
		return false;
	for (size_t i = 0; i < strlen(seconds ? "20150830T123600" : "20150830T1236"); i++) {
		if (i == 4 || i == 6 || i == 11 || i == 13)
			text_c(out, i < 8 ? '-' : ':');
		text_c(out, date[i] == 'T' ? ' ' : date[i]);
	}
	text_say(out, " UTC");
	return true;
}

static bool take(struct slice *s, size_t digits, char sep, bool seps, unsigned *out)
{
	uint64_t v;

	if (s->n < digits || !slice_u64(slice_to(*s, digits), &v))
		return false;
	*out = (unsigned)v;
	*s = slice_from(*s, digits);
	if (!seps || sep == '\0')
		return true;
	if (s->n == 0 || s->p[0] != sep)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

bool sigv4_date_parse(struct slice text, int64_t *unix_s)
{
	bool seps = text.n > 4 && text.p[4] == '-';
	struct slice s = text;
	unsigned y, mo, d, h, mi, sec;

	if (!take(&s, 4, '-', seps, &y) || !take(&s, 2, '-', seps, &mo) || !take(&s, 2, '\0', seps, &d) ||
	    s.n == 0 || s.p[0] != 'T')
		return false;
	s = slice_from(s, 1);
	if (!take(&s, 2, ':', seps, &h) || !take(&s, 2, ':', seps, &mi) || !take(&s, 2, '\0', seps, &sec))
		return false;
	if (s.n > 1 && s.p[0] == '.')
		for (s = slice_from(s, 1); s.n > 0 && ch_digit(s.p[0]);)
			s = slice_from(s, 1);
	if (!slice_is(s, "Z") || y < 1970 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 60)
		return false;
	*unix_s = days_of(y, mo, d) * 86400 + (int64_t)h * 3600 + (int64_t)mi * 60 + (int64_t)sec;
	return true;
}

static bool unreserved(char c)
{
	return ch_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_encoded(struct text *t, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t byte = (uint8_t)c;

	if (unreserved(c)) {
		text_c(t, c);
		return;
	}
	text_c(t, '%');
	text_c(t, hex[byte >> 4]);
	text_c(t, hex[byte & 15]);
}

static void drop_parent(struct text *t, size_t root)
{
	while (t->len > root && t->p[--t->len] != '/')
		continue;
	if (t->cap > 0)
		t->p[t->len] = '\0';
}

/* "." and empty segments go, ".." takes its parent along. */
static void put_path(struct text *t, struct slice path)
{
	struct slice rest = path, part;
	size_t root = t->len;
	bool slash = slice_ends(path, "/");

	while (slice_next(&rest, '/', &part)) {
		if (part.n == 0 || slice_is(part, "."))
			continue;
		if (slice_is(part, "..")) {
			drop_parent(t, root);
			continue;
		}
		text_c(t, '/');
		for (size_t i = 0; i < part.n; i++)
			put_encoded(t, part.p[i]);
	}
	if (slash || t->len == root)
		text_c(t, '/');
}

static int hex_digit(char c)
{
	if (ch_digit(c))
		return c - '0';
	c = ch_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of a query part, its own %XX taken off. */
static char next_byte(struct slice *s)
{
	char c = s->p[0];
	int high = s->n > 2 && c == '%' ? hex_digit(s->p[1]) : -1, low = high < 0 ? -1 : hex_digit(s->p[2]);

	*s = slice_from(*s, low < 0 ? 1 : 3);
	return low < 0 ? c : (char)(high * 16 + low);
}

static void put_query_part(struct text *t, struct slice s)
{
	while (s.n > 0)
		put_encoded(t, next_byte(&s));
}

/* As the encoded forms compare: "%" sorts before every unreserved byte but "-" and ".". */
static int encoded_cmp(struct slice a, struct slice b)
{
	while (a.n > 0 && b.n > 0) {
		char x = next_byte(&a), y = next_byte(&b);
		int rank_x = unreserved(x) ? x : '%', rank_y = unreserved(y) ? y : '%';

		if (rank_x != rank_y)
			return rank_x - rank_y;
		if (x != y)
			return (int)(uint8_t)x - (int)(uint8_t)y;
	}
	return (a.n > 0) - (b.n > 0);
}

struct param { struct slice name, value; };

static bool param_before(const struct param *a, const struct param *b)
{
	int by_name = encoded_cmp(a->name, b->name);

	return by_name != 0 ? by_name < 0 : encoded_cmp(a->value, b->value) < 0;
}

static bool put_query(struct text *t, struct slice query)
{
	struct param p[QUERY_MAX];
	struct slice part;
	size_t n = 0;

	while (slice_next(&query, '&', &part)) {
		size_t at = slice_find(part, "="), i = n;
		struct param q = { slice_to(part, at), at == SIZE_MAX ? SLICE("") : slice_from(part, at + 1) };

		if (part.n == 0)
			continue;
		if (n == QUERY_MAX)
			return false;
		for (; i > 0 && param_before(&q, &p[i - 1]); i--)
			p[i] = p[i - 1];
		p[i] = q;
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text_c(t, '&');
		put_query_part(t, p[i].name);
		text_c(t, '=');
		put_query_part(t, p[i].value);
	}
	return true;
}

static int name_cmp(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (ch_lower(a.p[i]) != ch_lower(b.p[i]))
			return (int)(uint8_t)ch_lower(a.p[i]) - (int)(uint8_t)ch_lower(b.p[i]);
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static bool header_ok(const struct sigv4_header *h)
{
	if (h->name.n == 0)
		return false;
	for (size_t i = 0; i < h->name.n; i++)
		if (h->name.p[i] <= ' ' || h->name.p[i] >= 0x7f || h->name.p[i] == ':' || h->name.p[i] == ';')
			return false;
	for (size_t i = 0; i < h->value.n; i++)
		if (((uint8_t)h->value.p[i] < ' ' && h->value.p[i] != '\t') || h->value.p[i] == 0x7f)
			return false;
	return true;
}

static enum kerr sort_headers(const struct sigv4_request *r, struct sigv4_header *out, struct why *why)
{
	bool host = false;

	if (r->n_headers > SIGV4_HEADERS)
		return why_set(why, KERR_BAD_INPUT, "%u headers to sign, at most %d are allowed", (unsigned)r->n_headers,
			       SIGV4_HEADERS);
	for (size_t n = 0; n < r->n_headers; n++) {
		size_t i = n;

		if (!header_ok(&r->header[n]))
			return why_set(why, KERR_BAD_INPUT, "header %u to sign has an empty name or control bytes",
				       (unsigned)n);
		host |= name_cmp(r->header[n].name, SLICE("host")) == 0;
		for (; i > 0 && name_cmp(r->header[n].name, out[i - 1].name) < 0; i--)
			out[i] = out[i - 1];
		out[i] = r->header[n];
	}
	return host ? KERR_OK : why_set(why, KERR_BAD_INPUT, "the host header must be signed");
}

/* Blanks at the ends go, a run of them inside becomes one. */
static void put_value(struct text *t, struct slice value)
{
	value = slice_trim(value);
	for (size_t i = 0; i < value.n; i++) {
		bool blank = value.p[i] == ' ' || value.p[i] == '\t';

		if (!blank)
			text_c(t, value.p[i]);
		else if (value.p[i - 1] != ' ' && value.p[i - 1] != '\t')
			text_c(t, ' ');
	}
}

static void put_headers(const struct sigv4_header *h, size_t n, struct text *t, struct text *names)
{
	for (size_t i = 0; i < n; i++) {
		bool again = i > 0 && name_cmp(h[i].name, h[i - 1].name) == 0;

		if (again) {
			text_c(t, ',');
		} else {
			if (i > 0) {
				text_c(t, '\n');
				text_c(names, ';');
			}
			for (size_t c = 0; c < h[i].name.n; c++) {
				text_c(t, ch_lower(h[i].name.p[c]));
				text_c(names, ch_lower(h[i].name.p[c]));
			}
			text_c(t, ':');
		}
		put_value(t, h[i].value);
	}
	text_say(t, "\n\n");
	text_slice(t, text_get(names));
}

static enum kerr hash_failed(struct why *why)
{
	return why_set(why, KERR_IO, "the SHA-256 of the TLS library failed");
}

enum kerr sigv4_canonical(const struct sigv4_request *r, const struct sigv4_hash *h, struct text *out,
			  struct text *names, struct why *why)
{
	struct sigv4_header sorted[SIGV4_HEADERS];
	uint8_t digest[SIGV4_HASH];
	enum kerr e = sort_headers(r, sorted, why);

	if (e != KERR_OK)
		return e;
	text_slice(out, r->method);
	text_c(out, '\n');
	put_path(out, r->path);
	text_c(out, '\n');
	if (!put_query(out, r->query))
		return why_set(why, KERR_BAD_INPUT, "a query of more than %d parameters", QUERY_MAX);
	text_c(out, '\n');
	put_headers(sorted, r->n_headers, out, names);
	text_c(out, '\n');
	if (!h->sha256(r->body.p, r->body.n, digest))
		return hash_failed(why);
	text_hex(out, digest, sizeof(digest));
	if (out->full || names->full)
		return why_set(why, KERR_TOO_BIG, "the request does not fit the signer's %u bytes", (unsigned)out->cap);
	return KERR_OK;
}

/* The secret too: a person who corrects a mistyped one keeps its id. */
static bool key_fits(const struct sigv4_key *k, const struct credentials *c, const char *date, const char *region,
		     const char *service)
{
	return k->akid[0] != '\0' && str_eq(k->akid, c->akid) && str_eq(k->secret, c->secret) && memcmp(k->day, date, 8) == 0 &&
	       str_eq(k->region, region) && str_eq(k->service, service);
}

static bool chain(const struct sigv4_hash *h, const char *secret, const char *date, const char *region,
		  const char *service, uint8_t key[SIGV4_HASH])
{
	char first[4 + CREDENTIALS_SECRET_CAP];
	struct text t = text_on(first, sizeof(first));
	uint8_t a[SIGV4_HASH], b[SIGV4_HASH];
	bool good;

	text_say(&t, "AWS4");
	text_s(&t, secret);
	good = !t.full && h->hmac(first, t.len, date, 8, a) && h->hmac(a, sizeof(a), region, strlen(region), b) &&
	       h->hmac(b, sizeof(b), service, strlen(service), a) && h->hmac(a, sizeof(a), "aws4_request", 12, key);
	sigv4_wipe(first, sizeof(first));
	sigv4_wipe(a, sizeof(a));
	sigv4_wipe(b, sizeof(b));
	return good;
}

static enum kerr derive(struct sigv4_key *k, const struct credentials *c, const char *date, const char *region,
			const char *service, const struct sigv4_hash *h, struct why *why)
{
	if (key_fits(k, c, date, region, service))
		return KERR_OK;
	sigv4_wipe(k, sizeof(*k));
	if (c->akid[0] == '\0' || c->secret[0] == '\0')
		return why_set(why, KERR_DENIED, "no credentials to sign with");
	memcpy(k->akid, c->akid, sizeof(k->akid));
	memcpy(k->secret, c->secret, sizeof(k->secret));
	if (!str_put(k->region, sizeof(k->region), slice_of(region)) ||
	    !str_put(k->service, sizeof(k->service), slice_of(service)) ||
	    !str_put(k->day, sizeof(k->day), slice_to(slice_of(date), 8))) {
		sigv4_wipe(k, sizeof(*k));
		return why_set(why, KERR_BAD_INPUT, "region \"%.40s\" or service \"%.32s\" is too long to sign for", region,
			       service);
	}
	if (!chain(h, c->secret, date, region, service, k->key)) {
		sigv4_wipe(k, sizeof(*k));
		return hash_failed(why);
	}
	return KERR_OK;
}

void sigv4_scope(struct text *t, const char *date, const char *region, const char *service)
{
	text_slice(t, slice_to(slice_of(date), 8));
	text_c(t, '/');
	text_s(t, region);
	text_c(t, '/');
	text_s(t, service);
	text_say(t, "/aws4_request");
}

static enum kerr put_auth(struct text *auth, const struct credentials *c, const char *date, const char *region,
			  const char *service, struct slice names, const uint8_t signature[SIGV4_HASH], struct why *why)
{
	text_s(auth, ALGORITHM " Credential=");
	text_s(auth, c->akid);
	text_c(auth, '/');
	sigv4_scope(auth, date, region, service);
	text_say(auth, ", SignedHeaders=");
	text_slice(auth, names);
	text_say(auth, ", Signature=");
	text_hex(auth, signature, SIGV4_HASH);
	return auth->full ? why_set(why, KERR_TOO_BIG, "the Authorization header is longer than %d bytes",
				    SIGV4_AUTH_CAP - 1) : KERR_OK;
}

enum kerr sigv4_sign(const struct sigv4_request *r, const struct credentials *c, const char *date, const char *region,
		     const char *service, const struct sigv4_hash *h, struct sigv4_key *key, char *work,
		     size_t work_bytes, char auth[SIGV4_AUTH_CAP], struct why *why)
{
	char signed_names[NAMES_CAP];
	uint8_t digest[SIGV4_HASH], signature[SIGV4_HASH];
	struct text names = text_on(signed_names, sizeof(signed_names)), t = text_on(work, work_bytes);
	struct text a = text_on(auth, SIGV4_AUTH_CAP);
	int64_t unused;
	enum kerr e;
	bool hashed;

	if (strlen(date) != SIGV4_DATE - 1 || !sigv4_date_parse(slice_of(date), &unused))
		return why_set(why, KERR_BAD_INPUT, "\"%.20s\" is no x-amz-date", date);
	e = derive(key, c, date, region, service, h, why);
	if (e == KERR_OK)
		e = sigv4_canonical(r, h, &t, &names, why);
	hashed = e == KERR_OK && h->sha256(t.p, t.len, digest);
	/* the canonical request holds the session token */
	sigv4_wipe(work, work_bytes);
	if (e != KERR_OK)
		return e;
	t = text_on(work, work_bytes);
	text_s(&t, ALGORITHM "\n");
	text_s(&t, date);
	text_c(&t, '\n');
	sigv4_scope(&t, date, region, service);
	text_c(&t, '\n');
	text_hex(&t, digest, sizeof(digest));
	hashed = hashed && !t.full && h->hmac(key->key, sizeof(key->key), t.p, t.len, signature);
	sigv4_wipe(work, work_bytes);
	if (!hashed)
		return hash_failed(why);
	return put_auth(&a, c, date, region, service, text_get(&names), signature, why);
}
