#include "agent/wire/engine_out.h"

#include <stdint.h>

/* No label filter: the engine would then drop network events, which have no labels but tell of failed starts.
 * The actions are listed so that health probes' exec_* events (three each) never wake this process.
 * Docker Engine API, GET /events; "health_status" also matches "health_status: healthy". */
static const char filters[] = "{\"type\":[\"container\",\"network\"],\"event\":[\"create\",\"start\",\"die\",\"oom\",\"kill\","
			      "\"stop\",\"destroy\",\"health_status\",\"disconnect\"]}";

static bool plain(char c)
{
	return ch_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

static void encoded(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		uint8_t byte = (uint8_t)*s;

		if (plain(*s)) {
			text_c(t, *s);
		} else {
			text_c(t, '%');
			text_hex(t, &byte, 1);
		}
	}
}

static bool container_id(struct slice id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!ch_digit(id.p[i]) && !(id.p[i] >= 'a' && id.p[i] <= 'f'))
			return false;
	return id.n >= 12 && id.n <= 64;
}

/* A reference's characters need no encoding in a path; empty names and dots alone could lead out of it. */
static bool image_name(struct slice name)
{
	struct slice rest = name, part;

	if (name.n == 0 || name.n > 512 || name.p[0] == '/' || name.p[name.n - 1] == '/')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!plain(name.p[i]) && name.p[i] != '/' && name.p[i] != ':' && name.p[i] != '@')
			return false;
	while (slice_next(&rest, '/', &part))
		if (part.n == 0 || part.p[0] == '.')
			return false;
	return true;
}

static void events(struct text *t, int64_t since_unix_ms)
{
	text_say(t, "/events?");
	if (since_unix_ms > 0) {
		text_say(t, "since=");
		text_u64(t, (uint64_t)since_unix_ms / 1000);
		text_c(t, '.');
		text_u64_pad(t, (uint64_t)since_unix_ms % 1000, 3);
		text_say(t, "000000&");
	}
	text_say(t, "filters=");
	encoded(t, filters);
}

static void about(struct text *t, const char *before, struct slice arg, const char *after)
{
	text_s(t, before);
	text_slice(t, arg);
	text_s(t, after);
}

enum kerr engine_out_url(enum engine_get get, struct slice arg, int64_t since_unix_ms, char *url, size_t cap, struct why *why)
{
	struct text t = text_on(url, cap);

	switch (get) {
	case EG_PING:
		text_say(&t, "/_ping");
		break;
	case EG_VERSION:
		text_say(&t, "/version");
		break;
	case EG_INFO:
		text_say(&t, "/info");
		break;
	case EG_LIST:
		text_say(&t, "/containers/json?all=1");
		break;
	case EG_INSPECT:
	case EG_LOGS:
		if (!container_id(arg))
			return why_set(why, KERR_BAD_INPUT, "engine: not a container's id");
		about(&t, "/containers/", arg, get == EG_LOGS ? "/logs?stdout=1&stderr=1&tail=20" : "/json");
		break;
	case EG_IMAGE:
		if (!image_name(arg))
			return why_set(why, KERR_BAD_INPUT, "engine: not an image's id or reference");
		about(&t, "/images/", arg, "/json");
		break;
	case EG_EVENTS:
		events(&t, since_unix_ms);
		break;
	case ENGINE_GETS:
		return why_set(why, KERR_BAD_INPUT, "engine: no such request");
	}
	if (t.full)
		return why_set(why, KERR_TOO_BIG, "engine: a URL of more than %lu bytes", (unsigned long)(cap - 1));
	return KERR_OK;
}
