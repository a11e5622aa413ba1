/* The shared credentials file, the environment, ecs.config. The first byte says which. What is refused leaves nothing behind, and
 * what is taken can stand in a header. */
#include "agent/wire/credentials.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static struct credentials c;

static void no_blank(const char *p, size_t cap, const char *what)
{
	fuzz_text(p, cap, what);
	if (strchr(p, ' ') != NULL)
		fuzz_broken(what);
}

static void check(enum kerr e, bool token, const struct why *why)
{
	static const struct credentials none;

	if (e != KERR_OK) {
		if (memcmp(&c, &none, sizeof(none)) != 0)
			fuzz_broken("what was refused left something behind");
		if (why->text[0] == '\0')
			fuzz_broken("refused without words");
		return;
	}
	no_blank(c.akid, sizeof(c.akid), "a key's id");
	no_blank(c.secret, sizeof(c.secret), "a secret");
	no_blank(c.token, sizeof(c.token), "a token");
	if (c.akid[0] == '\0' || c.secret[0] == '\0' || (token && c.token[0] == '\0'))
		fuzz_broken("keys with a part missing");
}

static void from_env(struct slice in)
{
	static char room[3][5000];
	const char *value[3] = { NULL, NULL, NULL };
	struct credentials_env env;
	struct slice line;
	struct why why = { "" };
	enum kerr e;

	for (int i = 0; i < 3 && slice_next(&in, '\n', &line); i++)
		if (!slice_is(line, "-") && str_put(room[i], sizeof(room[i]), line))
			value[i] = room[i];
	env = (struct credentials_env){ value[0], value[1], value[2] };
	e = credentials_from_env(&env, &c, &why);
	check(e, false, &why);
}

static void ecs_config(struct slice in)
{
	struct slice key = { NULL, 0 };
	char name[32], value[64];
	struct why why = { "" };

	(void)slice_next(&in, '\n', &key);
	if (str_put(name, sizeof(name), key) && credentials_ecs_config(in, name, value, sizeof(value), &why) == KERR_OK &&
	    strlen(value) >= sizeof(value))
		fuzz_broken("a value without end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	uint8_t which = fuzz_byte(&in) % 4;
	struct why why = { "" };
	enum kerr e;

	memset(&c, 0xA5, sizeof(c));
	if (which == 2) {
		from_env(in);
	} else if (which == 3) {
		ecs_config(in);
	} else {
		e = credentials_from_file(in, "file", "default", which == 1, &c, &why);
		check(e, which == 1, &why);
	}
	return 0;
}
