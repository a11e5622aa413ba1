/* What providers of keys answer over HTTP, and where they are asked. The first byte says which. What is refused leaves nothing behind,
 * what is taken can stand in a header, a body's secret stays in no arena, and a plain address leaves no machine. */
#include "agent/wire/credentials_answer.h"
#include "agent/wire/credentials_ask.h"
#include "agent/wire/json.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static char memory[64 * 1024], room[CREDENTIALS_URL_CAP], line[4096];
static struct credentials c;

static enum credentials_source source(uint8_t which)
{
	static const enum credentials_source from[] = { CREDENTIALS_CONTAINER, CREDENTIALS_IOT, CREDENTIALS_ROLESANYWHERE };

	return from[which % 3];
}

static void words(enum kerr e, const struct why *why)
{
	if (e != KERR_OK && why->text[0] == '\0')
		fuzz_broken("refused without words");
	if (memchr(why->text, '\0', sizeof(why->text)) == NULL)
		fuzz_broken("words without end");
}

static void answer(enum credentials_source from, struct slice body, struct arena *a)
{
	static const struct credentials none;
	struct why why = { "" };
	enum kerr e;

	memset(&c, 0xA5, sizeof(c));
	e = credentials_answer(from, body, a, &c, &why);
	words(e, &why);
	fuzz_text(why.text, sizeof(why.text), "what is said of an answer");
	if (arena_mark(a) != 0)
		fuzz_broken("the arena is not as it was");
	for (size_t i = 0; i < sizeof(memory); i++)
		if (memory[i] != '\0')
			fuzz_broken("the arena still holds something of an answer");
	if (e != KERR_OK && memcmp(&c, &none, sizeof(none)) != 0)
		fuzz_broken("what was refused left something behind");
	if (e != KERR_OK)
		return;
	fuzz_text(c.akid, sizeof(c.akid), "a key's id");
	fuzz_text(c.secret, sizeof(c.secret), "a secret");
	fuzz_text(c.token, sizeof(c.token), "a token");
	if (c.akid[0] == '\0' || c.secret[0] == '\0' || c.token[0] == '\0' || c.expiry_unix_s <= 0 || c.source != from)
		fuzz_broken("keys with a part missing");
}

static void refused(enum credentials_source from, struct slice body, struct arena *a)
{
	struct why why = { "" };
	unsigned status = 100 + fuzz_byte(&body) * 2U;
	enum kerr e = credentials_refused(from, status, body, a, &why);

	words(e, &why);
	fuzz_text(why.text, sizeof(why.text), "what is said of a refusal");
	if (e != KERR_AGAIN && e != KERR_DENIED)
		fuzz_broken("a refusal that is neither for now nor for good");
	if (arena_mark(a) != 0)
		fuzz_broken("the arena is not as it was");
}

/* The part of a URL that names the host, the user taken for a part of it. */
static bool plain_elsewhere(const char *url)
{
	static const char *const here[] = { "127.", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };

	if (strncmp(url, "http://", 7) != 0)
		return false;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strncmp(url + 7, here[i], strlen(here[i])) == 0)
			return memchr(url + 7, '@', strcspn(url + 7, "/?#")) != NULL;
	return true;
}

static void addresses(struct slice in)
{
	static char text[3][CREDENTIALS_URL_CAP + 100];
	struct endpoint to;
	struct slice part;
	struct why why = { "" };
	char region[40];
	struct text body = text_on(line, sizeof(line));
	struct arena a;
	const cJSON *root = NULL;
	bool here = false;
	enum kerr e;

	for (size_t i = 0; i < 3; i++)
		if (!slice_next(&in, '\n', &part) || !str_put(text[i], sizeof(text[i]), part))
			text[i][0] = '\0';
	e = credentials_container_url(text[0][0] != '\0' ? text[0] : NULL, text[1][0] != '\0' ? text[1] : NULL, room, &here, &why);
	words(e, &why);
	if (e == KERR_OK && (plain_elsewhere(room) || strpbrk(room, "\r\n ") != NULL))
		fuzz_broken("a token would go to anybody, or in two lines");
	e = credentials_iot_url(text[0], text[1], room, &why);
	words(e, &why);
	if (e == KERR_OK && (strncmp(room, "https://", 8) != 0 || strpbrk(room + 8, "\r\n ?#") != NULL ||
			     memchr(room, '@', strcspn(room + 8, "/") + 8) != NULL))   /* an alias may have one */
		fuzz_broken("an IoT endpoint with more in it than a host and an alias");
	e = credentials_session_endpoint(text[0], text[1], &to, region, &why);
	words(e, &why);
	if (e == KERR_OK)
		fuzz_text(region, sizeof(region), "a region");
	if (credentials_session_body(&body, text[0], text[1], text[2])) {
		arena_init(&a, memory, sizeof(memory));
		if (json_parse(&a, text_get(&body), &root, &why) != KERR_OK || json_get(root, "roleArn") == NULL)
			fuzz_broken("a body that is no JSON object");
	}
}

static void token(struct slice in)
{
	struct text out = text_on(line, sizeof(line));
	struct why why = { "" };
	enum kerr e = credentials_container_header(in, &out, &why);

	words(e, &why);
	if (e == KERR_OK)
		fuzz_text(line, sizeof(line), "a token that begins another header");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t which = fuzz_byte(&in);
	struct arena a;

	memset(memory, 0, sizeof(memory));
	arena_init(&a, memory, sizeof(memory));
	if (credentials_source_name((enum credentials_source)(which % (CREDENTIALS_ROLESANYWHERE + 1))) == NULL)
		fuzz_broken("a provider without a name");
	if (which % 4 == 0)
		answer(source(which / 4), in, &a);
	else if (which % 4 == 1)
		refused(source(which / 4), in, &a);
	else if (which % 4 == 2)
		addresses(in);
	else
		token(in);
	return 0;
}
