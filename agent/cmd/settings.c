#include "agent/cmd/settings.h"
#include "agent/cmd/say.h"

#include <stdio.h>

#include "platform/crypto.h"
#include "platform/file.h"

const char *settings_path(const struct cmd *c)
{
	return c->conf_path != NULL ? c->conf_path : CONF_PATH;
}

bool settings_load(const struct cmd *c, struct conf *out)
{
	static char bytes[CONF_FILE_MAX];
	struct why why;
	size_t n = 0;
	enum kerr e = file_read(settings_path(c), FILE_REGULAR, bytes, sizeof(bytes), &n, &why);

	conf_default(out);
	if (e == KERR_GONE && c->conf_path == NULL)
		return true;
	if (e == KERR_OK)
		e = conf_parse((struct slice){ bytes, n }, settings_path(c), out, &why);
	crypto_zero(bytes, n);
	if (e != KERR_OK)
		say_to(stderr, "kedge: %s\n", why.text);
	return e == KERR_OK;
}
