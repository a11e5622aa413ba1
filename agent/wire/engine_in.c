#include "agent/wire/engine_in.h"

#include <string.h>

#include "agent/wire/classify.h"
#include "agent/wire/json.h"

#define LABEL "com.amazonaws.ecs."

#define refuse(why, what) why_set(why, KERR_BAD_INPUT, "engine: " what)

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ch_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n > 0;
}

static bool is_container_id(struct slice id)
{
	return id.n >= 12 && id.n <= 64 && is_hex(id);
}

static bool is_digest(struct slice s)
{
	return slice_starts(s, "sha256:") && s.n == 7 + 64 && is_hex(slice_from(s, 7));
}

/* Absence is no error for members that engines or states may leave out. */
static enum kerr optional(enum kerr err)
{
	return err == KERR_GONE ? KERR_OK : err;
}

/* The five labels the ECS agent sets on each container it creates (and none else), amazon-ecs-agent since 1.0. */
static enum kerr read_labels(const cJSON *labels, struct ev_container *c, bool *ours, struct why *why)
{
	char version[16];
	uint64_t revision;
	enum kerr err;

	*ours = json_get(labels, LABEL "task-arn") != NULL;
	if (!*ours)
		return KERR_OK;
	err = json_str(labels, LABEL "task-arn", c->task, sizeof(c->task), why);
	if (err == KERR_OK)
		err = json_str(labels, LABEL "container-name", c->name, sizeof(c->name), why);
	if (err == KERR_OK)
		err = json_str(labels, LABEL "task-definition-family", c->family, sizeof(c->family), why);
	if (err == KERR_OK)
		err = json_str(labels, LABEL "task-definition-version", version, sizeof(version), why);
	if (err == KERR_OK)
		err = optional(json_str(labels, LABEL "cluster", c->cluster, sizeof(c->cluster), why));
	if (err != KERR_OK)
		return err == KERR_GONE ? KERR_BAD_INPUT : err;
	if (c->name[0] == '\0' || c->family[0] == '\0')
		return refuse(why, "label container-name or task-definition-family is empty");
	if (!slice_u64(slice_of(version), &revision) || revision > UINT32_MAX)
		return refuse(why, "label task-definition-version is no number");
	if (!slice_starts(slice_of(c->task), "arn:") || slice_find(slice_of(c->task), ":task/") == SIZE_MAX)
		return refuse(why, "label task-arn is no task ARN");
	c->revision = (uint32_t)revision;
	return KERR_OK;
}

static enum kerr read_id(const cJSON *obj, const char *member, struct ev_container *c, struct why *why)
{
	enum kerr err = json_str(obj, member, c->id, sizeof(c->id), why);

	if (err != KERR_OK)
		return err == KERR_GONE ? KERR_BAD_INPUT : err;
	return is_container_id(slice_of(c->id)) ? KERR_OK : refuse(why, "a container's id is not hexadecimal");
}

/* The engine shows the image's id as reference once its tag has moved on: then there is no reference. */
static enum kerr read_image(const cJSON *obj, const char *member, struct ev_container *c, struct why *why)
{
	enum kerr err = optional(json_str(obj, member, c->image, sizeof(c->image), why));

	if (err == KERR_OK && slice_starts(slice_of(c->image), "sha256:"))
		c->image[0] = '\0';
	return err;
}

static enum container_state state_of(const char *word)
{
	if (str_eq(word, "created"))
		return CS_CREATED;
	if (str_eq(word, "running"))
		return CS_RUNNING;
	if (str_eq(word, "exited"))
		return CS_EXITED;
	return word[0] == '\0' ? CS_UNKNOWN : CS_OTHER;
}

/* "Exited (137) 2 hours ago": the listing has the exit code nowhere else. */
static void exit_of_status(struct slice status, struct ev_container *c)
{
	size_t open = slice_find(status, "Exited ("), close = slice_find(status, ")");
	int64_t code;

	if (open != 0 || close == SIZE_MAX || !slice_i64(slice_from(slice_to(status, close), 8), &code))
		return;
	if (code < INT32_MIN || code > INT32_MAX)
		return;
	c->has_exit = true;
	c->exit_code = (int32_t)code;
}

static enum kerr read_listed(const cJSON *item, struct ev_container *c, bool *ours, struct why *why)
{
	char state[24], status[96];
	enum kerr err = read_labels(json_object(item, "Labels"), c, ours, why);

	if (err != KERR_OK || !*ours)
		return err;
	c->what = C_LISTED;
	err = read_id(item, "Id", c, why);
	if (err == KERR_OK)
		err = read_image(item, "Image", c, why);
	if (err == KERR_OK)
		err = optional(json_str(item, "ImageID", c->image_id, sizeof(c->image_id), why));
	if (err == KERR_OK)
		err = optional(json_str(item, "State", state, sizeof(state), why));
	if (err == KERR_OK)
		err = optional(json_text(item, "Status", status, sizeof(status), NULL, why));
	if (err == KERR_OK)
		err = optional(json_unix_s(item, "Created", &c->created_unix_ms, why));
	if (err != KERR_OK)
		return err;
	c->state = state_of(state);
	if (c->state == CS_EXITED)
		exit_of_status(slice_of(status), c);
	return KERR_OK;
}

static struct ev_container *fresh(struct event *ev)
{
	ev->type = EV_CONTAINER;
	memset(&ev->u.container, 0, sizeof(ev->u.container));
	return &ev->u.container;
}

enum kerr engine_in_list(struct arena *a, struct slice body, const struct ev_out *out, struct engine_in_counts *n,
			 struct why *why)
{
	size_t mark = arena_mark(a);
	const cJSON *root, *item;
	enum kerr err = json_parse(a, body, &root, why);

	*n = (struct engine_in_counts){ 0 };
	if (err != KERR_OK)
		return err;
	if (!cJSON_IsArray(root)) {
		arena_reset(a, mark);
		return refuse(why, "the list of containers is no array");
	}
	cJSON_ArrayForEach(item, root) {
		bool ours = true;

		err = read_listed(item, fresh(out->ev), &ours, why);
		if (err != KERR_OK) {
			n->refused++;
		} else if (!ours) {
			n->foreign++;
		} else {
			n->told++;
			out->put(out->arg, out->ev);
		}
	}
	arena_reset(a, mark);
	return KERR_OK;
}

static enum kerr read_state(const cJSON *state, struct ev_container *c, struct why *why)
{
	char word[24];
	int64_t code = 0;
	const cJSON *error;
	enum kerr err = json_str(state, "Status", word, sizeof(word), why);

	if (err == KERR_OK)
		err = optional(json_bool(state, "OOMKilled", &c->oom_killed, why));
	if (err == KERR_OK)
		err = optional(json_i64(state, "ExitCode", &code, why));
	if (err == KERR_OK)
		err = optional(json_time(state, "StartedAt", &c->started_unix_ms, why));
	if (err == KERR_OK)
		err = optional(json_time(state, "FinishedAt", &c->finished_unix_ms, why));
	if (err == KERR_OK)
		err = optional(json_text(state, "Error", c->reason, sizeof(c->reason), NULL, why));
	if (err != KERR_OK)
		return err == KERR_GONE ? refuse(why, "State.Status is missing") : err;
	if (code < INT32_MIN || code > INT32_MAX)
		return refuse(why, "State.ExitCode is out of range");
	c->state = state_of(word);
	c->has_exit = c->state == CS_EXITED || (c->state == CS_CREATED && code != 0);
	c->exit_code = c->has_exit ? (int32_t)code : 0;
	/* the engine writes this text for one reason only: the container could not be started. Its last words count, and a
	 * long command line may stand before them: all of it is looked at, not only what is kept */
	error = json_get(state, "Error");
	c->class = classify(STAGE_START, cJSON_IsString(error) ? slice_of(error->valuestring) : SLICE(""));
	return KERR_OK;
}

/* The engine tells of health only when there is a check, be it the task definition's or the image's own. */
static enum tri health_check(const cJSON *root, const cJSON *config)
{
	char word[16] = "";
	const cJSON *test = json_array(json_object(config, "Healthcheck"), "Test");
	const cJSON *first = test == NULL ? NULL : test->child;

	if (first != NULL && cJSON_IsString(first))
		return str_eq(first->valuestring, "NONE") ? TRI_NO : TRI_YES;
	(void)!json_str(json_object(json_object(root, "State"), "Health"), "Status", word, sizeof(word), NULL);
	return word[0] == '\0' || str_eq(word, "none") ? TRI_NO : TRI_YES;
}

/* Ports from here on are Linux's ephemeral ones, and what the ECS agent takes for a task definition that names none
 * (agent 1.105.1 writes its own choice into the bindings; older ones write 0). */
enum { DYNAMIC_PORTS = 32768 };

static bool fixed_port(const cJSON *bindings)
{
	const cJSON *port, *binding;

	cJSON_ArrayForEach(port, bindings) {
		cJSON_ArrayForEach(binding, port) {
			char word[16];
			uint64_t n;

			if (json_str(binding, "HostPort", word, sizeof(word), NULL) == KERR_OK && slice_u64(slice_of(word), &n) &&
			    n > 0 && n < DYNAMIC_PORTS)
				return true;
		}
	}
	return false;
}

static enum kerr read_inspect(const cJSON *root, struct ev_container *c, bool *told, struct why *why)
{
	const cJSON *config = json_object(root, "Config");
	enum kerr err = read_labels(json_object(config, "Labels"), c, told, why);

	if (err != KERR_OK || !*told)
		return err;
	c->what = C_LISTED;
	c->inspected = true;
	err = read_id(root, "Id", c, why);
	if (err == KERR_OK)
		err = optional(json_time(root, "Created", &c->created_unix_ms, why));
	if (err == KERR_OK)
		err = optional(json_str(root, "Image", c->image_id, sizeof(c->image_id), why));
	if (err == KERR_OK)
		err = read_image(config, "Image", c, why);
	if (err == KERR_OK)
		err = read_state(json_object(root, "State"), c, why);
	c->health_check = health_check(root, config);
	c->fixed_port = fixed_port(json_object(json_object(root, "HostConfig"), "PortBindings"));
	return err;
}

enum kerr engine_in_inspect(struct arena *a, struct slice body, struct event *ev, bool *told, struct why *why)
{
	size_t mark = arena_mark(a);
	const cJSON *root;
	enum kerr err = json_parse(a, body, &root, why);

	*told = false;
	if (err != KERR_OK)
		return err;
	if (!cJSON_IsObject(root) || json_get(root, "Id") == NULL)
		err = refuse(why, "an inspect answer has no Id");
	else
		err = read_inspect(root, fresh(ev), told, why);
	if (err != KERR_OK)
		*told = false;
	arena_reset(a, mark);
	return err;
}

/* The repository of a reference: without tag and digest, and without what is implied for Docker Hub. */
static struct slice repository(struct slice ref)
{
	size_t at = slice_find(ref, "@"), colon, slash;

	ref = slice_to(ref, at);
	colon = slice_rfind(ref, ":");
	slash = slice_rfind(ref, "/");
	/* a colon before the last slash belongs to a port */
	if (colon != SIZE_MAX && (slash == SIZE_MAX || colon > slash))
		ref = slice_to(ref, colon);
	if (slice_starts(ref, "docker.io/"))
		ref = slice_from(ref, 10);
	if (slice_starts(ref, "library/"))
		ref = slice_from(ref, 8);
	return ref;
}

struct slice engine_in_ref_digest(struct slice image)
{
	size_t at = slice_find(image, "@");
	struct slice digest = at == SIZE_MAX ? slice_to(image, 0) : slice_from(image, at + 1);

	return is_digest(digest) ? digest : (struct slice){ NULL, 0 };
}

/* How well a repo digest fits the reference: 4 the very digest, 3 its repository, 2 the containerd store's own name
 * of the image, which is true of every repository, 1 any. */
static int digest_rank(struct slice candidate, struct slice image, const char *id)
{
	struct slice digest = engine_in_ref_digest(candidate);

	if (digest.n == 0)
		return 0;
	if (slice_eq(repository(candidate), repository(image)))
		return slice_eq(digest, engine_in_ref_digest(image)) ? 4 : 3;
	return slice_is(digest, id) ? 2 : 1;
}

/* Two that fit equally well and differ: one image was pushed under two manifests, and nobody can tell by which of
 * them this container came. */
static void best_digest(const cJSON *digests, struct slice image, struct ev_image *im)
{
	const cJSON *item;
	int best = 0;

	cJSON_ArrayForEach(item, digests) {
		struct slice candidate = slice_of(cJSON_IsString(item) ? item->valuestring : NULL);
		struct slice digest = engine_in_ref_digest(candidate);
		int rank = digest_rank(candidate, image, im->image_id);

		if (rank > best && str_put(im->digest, sizeof(im->digest), digest))
			best = rank;
		else if (rank > 0 && rank == best && !slice_is(digest, im->digest))
			im->digest[0] = '\0';
	}
}

enum kerr engine_in_image(struct arena *a, struct slice body, const char *image, struct event *ev, struct why *why)
{
	size_t mark = arena_mark(a);
	struct ev_image *im = &ev->u.image;
	const cJSON *root;
	enum kerr err = json_parse(a, body, &root, why);

	if (err != KERR_OK)
		return err;
	ev->type = EV_IMAGE;
	memset(im, 0, sizeof(*im));
	err = json_str(root, "Id", im->image_id, sizeof(im->image_id), why);
	if (err == KERR_OK)
		err = optional(json_str(root, "Architecture", im->arch, sizeof(im->arch), why));
	else if (err == KERR_GONE)
		err = refuse(why, "an image answer has no Id");
	best_digest(json_array(root, "RepoDigests"), slice_of(image), im);
	arena_reset(a, mark);
	return err;
}

static const struct action_word { const char *word; enum container_what what; } action_words[] = {
	{ "create", C_CREATED }, { "start", C_STARTED }, { "die", C_DIED }, { "oom", C_OOM }, { "kill", C_KILLED },
	{ "stop", C_STOPPED }, { "destroy", C_DESTROYED }, { "health_status: healthy", C_HEALTHY },
	{ "health_status: unhealthy", C_UNHEALTHY },
};

static bool action_of(const char *word, enum container_what *what)
{
	for (size_t i = 0; i < sizeof(action_words) / sizeof(action_words[0]); i++) {
		if (str_eq(word, action_words[i].word)) {
			*what = action_words[i].what;
			return true;
		}
	}
	return false;
}

/* Exit codes and signals are decimal strings in events; other words (podman) are left out. */
static bool small_number(const cJSON *attributes, const char *name, int32_t *out)
{
	char word[16];
	int64_t v;

	if (json_str(attributes, name, word, sizeof(word), NULL) != KERR_OK || !slice_i64(slice_of(word), &v) || v < INT32_MIN ||
	    v > INT32_MAX)
		return false;
	*out = (int32_t)v;
	return true;
}

static enum kerr read_time(const cJSON *root, struct ev_container *c, struct why *why)
{
	int64_t t = 0;
	enum kerr err = json_i64(root, "timeNano", &t, why);

	if (err == KERR_GONE)
		return optional(json_unix_s(root, "time", &c->time_unix_ms, why));
	c->time_unix_ms = t / 1000000;
	return err;
}

static enum kerr read_network_event(const cJSON *attributes, const char *action, struct ev_container *c, bool *told,
				    struct why *why)
{
	if (!str_eq(action, "disconnect") || json_get(attributes, "container") == NULL)
		return KERR_OK;
	c->what = C_NETWORK_LEFT;
	*told = true;
	return read_id(attributes, "container", c, why);
}

static enum kerr read_container_event(const cJSON *actor, const char *action, struct ev_container *c, bool *told,
				      struct why *why)
{
	const cJSON *attributes = json_object(actor, "Attributes");
	enum kerr err;

	if (!action_of(action, &c->what))
		return KERR_OK;
	err = read_labels(attributes, c, told, why);
	if (err != KERR_OK || !*told)
		return err;
	err = read_id(actor, "ID", c, why);
	if (err == KERR_OK)
		err = read_image(attributes, "image", c, why);
	if (c->what == C_DIED)
		c->has_exit = small_number(attributes, "exitCode", &c->exit_code);
	if (c->what == C_KILLED)
		(void)small_number(attributes, "signal", &c->signal);
	return err;
}

static enum kerr read_event(const cJSON *root, struct ev_container *c, bool *told, struct why *why)
{
	const cJSON *actor = json_object(root, "Actor");
	char type[16], action[64];
	enum kerr err = json_text(root, "Type", type, sizeof(type), NULL, why);

	/* an action may quote a command (exec_start: ...): cut, since those are of no interest */
	if (err == KERR_OK)
		err = json_text(root, "Action", action, sizeof(action), NULL, why);
	if (err != KERR_OK)
		return err == KERR_GONE ? refuse(why, "an event has no Type or Action") : err;
	if (str_eq(type, "container"))
		err = read_container_event(actor, action, c, told, why);
	else if (str_eq(type, "network"))
		err = read_network_event(json_object(actor, "Attributes"), action, c, told, why);
	if (err == KERR_OK && *told)
		err = read_time(root, c, why);
	return err;
}

enum kerr engine_in_event(struct arena *a, struct slice line, struct event *ev, bool *told, struct why *why)
{
	size_t mark = arena_mark(a);
	const cJSON *root;
	enum kerr err = json_parse(a, line, &root, why);

	*told = false;
	if (err != KERR_OK)
		return err;
	err = read_event(root, fresh(ev), told, why);
	if (err != KERR_OK)
		*told = false;
	arena_reset(a, mark);
	return err;
}

/* Go's names, as images carry them, from uname's. */
static void normal_arch(char *arch, size_t cap)
{
	static const struct { const char *uname, *go; } names[] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv8l", "arm" }, { "armv7l", "arm" }, { "armv6l", "arm" },
		{ "i386", "386" }, { "i686", "386" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(arch, names[i].uname))
			(void)str_put(arch, cap, slice_of(names[i].go));
}

static enum kerr begin_epoch(struct arena *a, struct slice body, struct event *ev, const cJSON **root, struct why *why)
{
	enum kerr err = json_parse(a, body, root, why);

	if (err != KERR_OK)
		return err;
	ev->type = EV_EPOCH;
	memset(&ev->u.epoch, 0, sizeof(ev->u.epoch));
	return KERR_OK;
}

enum kerr engine_in_version(struct arena *a, struct slice body, struct event *ev, struct why *why)
{
	struct ev_epoch *e = &ev->u.epoch;
	size_t mark = arena_mark(a);
	const cJSON *root;
	enum kerr err = begin_epoch(a, body, ev, &root, why);

	if (err != KERR_OK)
		return err;
	err = json_str(root, "Version", e->engine_version, sizeof(e->engine_version), why);
	if (err == KERR_OK)
		err = optional(json_str(root, "Arch", e->arch, sizeof(e->arch), why));
	else if (err == KERR_GONE)
		err = refuse(why, "a version answer has no Version");
	normal_arch(e->arch, sizeof(e->arch));
	arena_reset(a, mark);
	return err;
}

enum kerr engine_in_info(struct arena *a, struct slice body, struct event *ev, struct engine_in_host *host, struct why *why)
{
	struct ev_epoch *e = &ev->u.epoch;
	size_t mark = arena_mark(a);
	const cJSON *root;
	enum kerr err = begin_epoch(a, body, ev, &root, why);

	*host = (struct engine_in_host){ .memory_bytes = 0 };
	if (err != KERR_OK)
		return err;
	err = json_str(root, "ID", e->engine_id, sizeof(e->engine_id), why);
	if (err == KERR_GONE)
		err = refuse(why, "an info answer has no ID");
	if (err == KERR_OK)
		err = optional(json_str(root, "ServerVersion", e->engine_version, sizeof(e->engine_version), why));
	if (err == KERR_OK)
		err = optional(json_str(root, "Architecture", e->arch, sizeof(e->arch), why));
	if (err == KERR_OK)
		err = optional(json_str(root, "DockerRootDir", host->data_root, sizeof(host->data_root), why));
	if (err == KERR_OK)
		err = optional(json_i64(root, "MemTotal", &host->memory_bytes, why));
	if (err == KERR_OK)
		err = optional(json_bool(root, "LiveRestoreEnabled", &host->live_restore, why));
	normal_arch(e->arch, sizeof(e->arch));
	arena_reset(a, mark);
	return err;
}
