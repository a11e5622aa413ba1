#include "agent/run/verify.h"

#include "agent/run/node_feed.h"
#include "agent/run/serve.h"
#include "platform/file.h"

/* While it is unpacked an image is there twice, once compressed and once at least as large. */
#define TIMES_COMPRESSED 2

struct room { bool known; uint64_t free_bytes, needed_bytes; /* needed: by the images up to this one, compressed */ };

static struct room room_of(const struct node *n)
{
	struct file_space space;
	struct why why;

	if (file_space(n->engine.data_root[0] != '\0' ? n->engine.data_root : "/var/lib/docker", &space, &why) != KERR_OK)
		return (struct room){ .known = false };
	return (struct room){ true, space.free_bytes, 0 };
}

static enum tri verdict(const struct registry_answer *a, struct room room, char buf[PACKED_MAX], const char **reason)
{
	*reason = a->detail;
	if (a->word == IW_MISSING || a->word == IW_OTHER_ARCH)
		return TRI_NO;
	if (a->word != IW_THERE)
		return TRI_UNKNOWN;
	if (!room.known || room.free_bytes / TIMES_COMPRESSED >= room.needed_bytes)
		return TRI_YES;
	*reason = packed_copy(buf, PACKED_MAX,
			      PACKED("the engine's disk has less room than the layers of this task take, compressed and unpacked"));
	return TRI_NO;
}

static enum tri container(struct jw *w, const struct taskdef_container *k, const struct registry_answer *a, struct room room)
{
	static const char *const words[] = { [TRI_UNKNOWN] = "unknown", [TRI_NO] = "no", [TRI_YES] = "yes" };
	char buf[PACKED_MAX];
	const char *reason;
	enum tri would = verdict(a, room, buf, &reason);

	jw_object(w, NULL);
	jw_str(w, "container", k->name);
	jw_bool(w, "essential", k->essential == TRI_YES);
	jw_str(w, "image", k->image);
	jw_str_or_null(w, "digest", a->digest);
	jw_str_or_null(w, "arch", a->arch);
	if (a->bytes != 0)
		jw_u64(w, "compressed_bytes", a->bytes);
	else
		jw_null(w, "compressed_bytes");
	jw_str(w, "verdict", words[would]);
	jw_str(w, "reason", reason);
	jw_object_end(w);
	return would;
}

/* Several containers of one image pull it once. */
static bool seen_before(const struct registry_answer *said, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (said[at].digest[0] != '\0' && str_eq(said[i].digest, said[at].digest))
			return true;
	return false;
}

void verify_answer(struct node *n, uint32_t connection, const struct taskdef *def, const struct registry_answer *said)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct jw w = jw_on(&out);
	struct room room = room_of(n);
	bool no = false, unknown = false;
	char name[NAME_CAP + 12];
	struct text t = text_on(name, sizeof(name));

	text_definition(&t, def->family, def->revision);
	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.verify/1"));
	jw_unix_s(&w, "time_unix_s", node_unix_ms(n));
	jw_str(&w, "task_definition", name);
	jw_str(&w, "status", def->inactive ? "INACTIVE" : "ACTIVE");
	jw_str(&w, "node_arch", n->core.node.arch);
	if (room.known)
		jw_u64(&w, "free_bytes", room.free_bytes);
	else
		jw_null(&w, "free_bytes");
	jw_array(&w, "containers");
	for (uint32_t i = 0; i < def->n; i++) {
		enum tri would;

		room.needed_bytes += seen_before(said, i) ? 0 : said[i].bytes;
		would = container(&w, &def->container[i], &said[i], room);

		no = no || would == TRI_NO;
		unknown = unknown || would == TRI_UNKNOWN;
	}
	jw_array_end(&w);
	if (no || !unknown)
		jw_bool(&w, "would_pull", !no);
	else
		jw_null(&w, "would_pull");
	jw_i64(&w, "exit", no ? 1 : unknown ? 3 : 0);
	jw_object_end(&w);
	serve_answer(n, connection, &out);
}
