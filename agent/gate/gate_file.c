#include "agent/gate/gate_file.h"

#include "agent/gate/gate_state.h"
#include "agent/wire/agent_config.h"
#include "agent/wire/credentials.h"
#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/light.h"

enum { SECRET_MAX = 256, BLINK_MAX_MS = 60000 };

#define INSTANCE_CONFIG "/var/lib/ecs/ecs.config"

/* Of a file that may hold a registry's password, what says something of cluster, log and clean-up. */
static void known_settings(struct slice all, struct text *out)
{
	char value[NAME_CAP];
	size_t n;
	const char *const *key = agent_config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		enum kerr err = credentials_ecs_config(all, key[i], value, sizeof(value), NULL);

		if (err == KERR_GONE)
			continue;
		text_s(out, key[i]);
		text_c(out, '=');
		text_s(out, err == KERR_OK ? value : "? ?");   /* set, and nothing the agent would understand */
		text_c(out, '\n');
	}
}

static uint64_t stamp_of(const char *path)
{
	struct file_ident now;

	return file_identify(path, &now, NULL) != KERR_OK ? 0 : 1 + now.inode * 31 + now.size_bytes * 7 + (uint64_t)now.mtime_unix_s * 1000003;
}

void gate_file_ask(struct gate *g, const struct ask *q, struct answer *a, struct text *tail)
{
	enum talk_file file = q->u.file.file;
	const char *path = file == TALK_CONF ? g->conf_path : file == TALK_AGENT_CONFIG ? g->conf->agent_config : INSTANCE_CONFIG;
	size_t len = 0;

	if ((unsigned)file >= TALK_FILES) {
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no such file");
		return;
	}
	a->u.stamp = stamp_of(path);
	if (a->u.stamp != 0 && a->u.stamp == q->u.file.stamp)
		return;
	/* the question has been read: its room serves */
	a->err = file_read(path, FILE_REGULAR, g->in, sizeof(g->in), &len, &a->why);
	if (a->err == KERR_OK && file == TALK_CONF)
		text_slice(tail, (struct slice){ g->in, len });
	else if (a->err == KERR_OK)
		known_settings((struct slice){ g->in, len }, tail);
	crypto_zero(g->in, a->err == KERR_TOO_BIG ? sizeof(g->in) : len);
}

void gate_file_textfile(struct gate *g, uint32_t bytes, struct answer *a)
{
	if (g->conf->textfile[0] == '\0' || bytes > sizeof(g->board->reply))
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no textfile is set, or it is longer than %d bytes", VIEW_MAX);
	else
		a->err = file_replace_volatile(g->conf->textfile, (struct slice){ g->board->reply, bytes }, 0644, &a->why);
}

void gate_file_led(struct gate *g, uint32_t on_ms, uint32_t off_ms, struct answer *a)
{
	if (g->conf->led[0] == '\0' || on_ms > BLINK_MAX_MS || off_ms > BLINK_MAX_MS)
		a->err = why_set(&a->why, KERR_BAD_INPUT, "no LED is set, or it is to blink too slowly");
	else
		a->err = light_set(g->conf->led, on_ms, off_ms, &a->why);
}

void gate_file_hmac(struct gate *g, struct slice body, struct answer *a)
{
	char secret[SECRET_MAX];
	size_t len = 0;

	_Static_assert(sizeof(a->u.hmac) == CRYPTO_SHA256_LEN, "one length");
	a->err = g->conf->webhook_secret[0] == '\0' ? why_set(&a->why, KERR_GONE, "no webhook_secret is set")
		: file_read(g->conf->webhook_secret, FILE_REGULAR, secret, sizeof(secret), &len, &a->why);
	if (a->err == KERR_OK)
		crypto_hmac_sha256(slice_trim((struct slice){ secret, len }), body, a->u.hmac);
	crypto_zero(secret, sizeof(secret));
}
