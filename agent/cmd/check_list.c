#include "agent/cmd/check_list.h"

#include <string.h>

#include "agent/cmd/page.h"

#define PSS_MAX (1536 * 1024)            /* bytes: packaging/budget, pss_peak_kib */
#define OLDEST_AGENT 1, 60, 0            /* older ones end, and log, otherwise than kedge was tried with */

static const char *const levels[] = { "ok", "unknown", "warning", "critical" };
_Static_assert(sizeof(levels) / sizeof(levels[0]) == CHECK_LEVELS, "a word for each level");

const char *check_level_name(enum check_level level) { return levels[level]; }

int check_level_exit(enum check_level level)
{
	static const int codes[CHECK_LEVELS] = { 0, 3, 1, 2 };

	return codes[level];
}

/* The text is a, then b; the step is only kept for what is not ok. */
static void add_says(struct check_list *l, const char *name, enum check_level level, const char *a, const char *b, const char *step)
{
	struct check *c = &l->at[l->n];
	struct text t;

	l->count[level]++;
	if (l->n == CHECKS_MAX) {
		l->left_out++;
		return;
	}
	l->n++;
	c->name = name;
	c->level = level;
	t = text_on(c->text, sizeof(c->text));
	text_s(&t, a);
	text_s(&t, b);
	(void)str_cut(c->step, sizeof(c->step), slice_of(level == CHECK_OK ? "" : step));
}

static void add_two(struct check_list *l, const char *name, enum check_level level, const char *a, const char *b,
		    const struct packed *step)
{
	char words[PACKED_MAX];

	add_says(l, name, level, a, b, packed_copy(words, sizeof(words), step));
}

/* The text is whatever was found, then our words. */
static void add(struct check_list *l, const char *name, enum check_level level, const char *found, const struct packed *says,
		const struct packed *step)
{
	char words[PACKED_MAX];

	add_two(l, name, level, found, packed_copy(words, sizeof(words), says), step);
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Its state, and what it says about that itself. */
static void add_state(struct check_list *l, const char *name, enum check_level level, const cJSON *part, const struct packed *step)
{
	const char *detail = page_str(part, "detail"), *state = page_str(part, "state");
	char lead[48];
	struct text t = text_on(lead, sizeof(lead));

	text_say(&t, "It is ");
	text_slice(&t, slice_to(slice_of(state[0] == '\0' ? "unknown" : state), 30));
	text_s(&t, detail[0] == '\0' ? "." : ": ");
	add_two(l, name, level, lead, detail, step);
}

static void of_daemon(const cJSON *root, struct check_list *l)
{
	if (page_true(root, "daemon"))
		add_two(l, "daemon", CHECK_OK, "It runs: kedge ", page_str(root, "version"), PACKED(""));
	else
		add(l, "daemon", CHECK_CRITICAL, "", PACKED("kedge agent is not running; this is what it kept"),
			PACKED("Start it: service kedge start, or kedge agent."));
}

static void of_clock(const cJSON *root, struct check_list *l)
{
	const cJSON *clock = json_object(root, "clock");
	const char *state = page_str(clock, "state");
	enum check_level level = is(state, "ok") ? CHECK_OK : is(state, "unset") ? CHECK_CRITICAL :
				 state[0] == '\0' ? CHECK_UNKNOWN : CHECK_WARNING;

	add_state(l, "clock", level, clock, PACKED("Let NTP set this node's clock."));
}

static const struct part { const char *name, *source; enum check_level bad; const struct packed *step; } parts[] = {
	{ "engine", "engine", CHECK_CRITICAL,
	  PACKED("Start the container engine, or name its socket in [engine] of kedge.conf.") },
	{ "ecs_agent", "introspection", CHECK_WARNING, PACKED("Start the ECS agent: systemctl start ecs.") },
	{ "ecs_agent_log", "ecs_agent_log", CHECK_WARNING, PACKED("Start the ECS agent, or set [ecs_agent] log in kedge.conf.") },
	{ "aws", "aws", CHECK_WARNING, PACKED("Mend ecs_agent, credentials, tls first; else the line.") },
};

static void of_sources(const cJSON *root, struct check_list *l)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const cJSON *s = json_object(json_object(root, "sources"), parts[i].source);
		const char *state = page_str(s, "state");
		bool unknown = state[0] == '\0' || is(state, "unknown");

		add_state(l, parts[i].name, is(state, "up") ? CHECK_OK : unknown ? CHECK_UNKNOWN : parts[i].bad, s, parts[i].step);
	}
}

/* Facts that nothing has needed yet are not known, and that is well. */
static void of_facts(const cJSON *root, struct check_list *l)
{
	static const struct fact_words { const char *name; enum check_level bad; const struct packed *words, *step; } facts[] = {
		{ "route", CHECK_WARNING, PACKED("No route leads out of this node."), PACKED("Look at its cable, modem and gateway.") },
		{ "dns", CHECK_WARNING, PACKED("Names are not found."), PACKED("Look at /etc/resolv.conf and the resolver it names.") },
		{ "disk", CHECK_CRITICAL, PACKED("The disk is full."), PACKED("Free some: docker image prune.") },
		{ "inodes", CHECK_CRITICAL, PACKED("None is left."), PACKED("Remove what makes so many files.") },
		{ "memory", CHECK_WARNING, PACKED("The node has hardly any left."), PACKED("Look at what takes it: docker stats.") },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		const cJSON *yes = json_get(json_object(root, "facts"), facts[i].name);

		if (yes != NULL)
			add(l, facts[i].name, cJSON_IsTrue(yes) ? CHECK_OK : facts[i].bad, "",
			    cJSON_IsTrue(yes) ? PACKED("It is good.") : facts[i].words, facts[i].step);
	}
}

static void of_credentials(const cJSON *root, struct check_list *l)
{
	const cJSON *keys = json_object(root, "credentials");
	const char *state = page_str(keys, "state");
	bool late = is(state, "stale") || is(state, "failing");
	enum check_level level = is(state, "ok") ? CHECK_OK : late ? CHECK_WARNING :
				 state[0] == '\0' || is(state, "waiting") ? CHECK_UNKNOWN : CHECK_CRITICAL;

	add_state(l, "credentials", level, keys,
		PACKED("systemctl status amazon-ssm-agent: it writes them. Else set [aws] credentials."));
}

/* Each service that may be rolled back without asking. Of a role that was never tried nothing is said. */
static void of_policy(const cJSON *root, bool observer, struct check_list *l)
{
	bool shared = page_true(json_object(root, "credentials"), "shared_role");
	const cJSON *s;

	cJSON_ArrayForEach(s, json_array(root, "services")) {
		if (!is(page_str(s, "policy"), "auto"))
			continue;
		if (observer)
			add(l, "policy", CHECK_WARNING, page_str(s, "service"), PACKED(" has rollback = auto, but this node may not roll back."),
			    PACKED("kedge init --role actor prints the policy it needs; or set rollback = manual."));
		else if (shared)
			add(l, "policy", CHECK_CRITICAL, page_str(s, "service"),
			    PACKED(" has rollback = auto on the role that all ECS Anywhere nodes share: one stolen box rolls back every site."),
			    PACKED("Give this device a role of its own, or set rollback = manual."));
	}
}

/* What was seen to be allowed, as one row. */
static void of_allowed(const cJSON *root, struct check_list *l)
{
	char all[CHECK_TEXT_CAP];
	struct text t = text_on(all, sizeof(all));
	const cJSON *a;

	cJSON_ArrayForEach(a, json_array(root, "allowed")) {
		text_s(&t, t.len > 0 ? ", " : "");
		text_s(&t, cJSON_IsString(a) ? a->valuestring : "");
	}
	if (t.len > 0)
		add_two(l, "iam_allowed", CHECK_OK, "Allowed: ", all, PACKED(""));
}

static void of_denied(const cJSON *d, bool role, struct check_list *l)
{
	const char *statement = page_str(d, "statement");
	char step[CHECK_STEP_CAP];
	struct text t = text_on(step, sizeof(step));

	text_packed(&t, statement[0] == '\0'
		? PACKED("Let whoever owns that policy allow it.")
		: PACKED("Add to the role's policy, then restart kedge (kedge init prints all): "));
	text_s(&t, statement);
	add_says(l, "iam", role ? CHECK_OK : CHECK_WARNING, page_str(d, "text"), "", step);
}

/* An observer that may not stop a deployment is as it should be, unless it is meant to. */
static void of_iam(const cJSON *root, struct check_list *l)
{
	bool observer = is(page_str(json_object(root, "node"), "role"), "observer");
	const cJSON *list = json_array(root, "denied"), *d;
	bool barred = false;

	if (cJSON_GetArraySize(list) == 0)
		add(l, "iam", CHECK_OK, "", PACKED("No permission is known to be missing."), PACKED(""));
	cJSON_ArrayForEach(d, list) {
		bool role = observer && is(page_str(d, "action"), "ecs:StopServiceDeployment");

		of_denied(d, role, l);
		barred = barred || role;
	}
	of_allowed(root, l);
	of_policy(root, barred, l);
}

static void of_journal(const cJSON *root, struct check_list *l)
{
	const cJSON *j = json_object(root, "journal");

	if (j == NULL)
		return;
	if (is(page_str(j, "state"), "failing"))
		add(l, "journal", CHECK_CRITICAL, "", PACKED("It cannot be written: nothing is rolled back until it can."),
		    PACKED("Look at state_dir: is its disk full or read-only?"));
	else if (page_int(j, "damaged", 0) > 0)
		add(l, "journal", CHECK_WARNING, "", PACKED("It is damaged in places."),
		    PACKED("kedge journal names them; look at the health of the disk."));
	else
		add(l, "journal", CHECK_OK, "", PACKED("It is written."), PACKED(""));
}

/* A box has little, and kedge promises to take no more than this. */
static void of_kedge(const cJSON *root, struct check_list *l)
{
	const char *missing = page_str(root, "missing_part");
	char kib[32];
	struct text t = text_on(kib, sizeof(kib));
	int64_t pss = page_int(json_object(root, "thrift"), "pss_bytes", -1);

	text_i64(&t, pss / 1024);
	text_say(&t, " KiB");
	if (pss >= 0)
		add_two(l, "kedge_memory", pss <= PSS_MAX ? CHECK_OK : CHECK_WARNING, "It takes ", kib,
		    PACKED("Its budget is 1536 KiB: report it, with kedge status --json."));
	add(l, "parts", missing[0] == '\0' ? CHECK_OK : CHECK_WARNING, missing,
	    missing[0] == '\0' ? PACKED("None is missing.") : PACKED(""),
	    slice_starts(slice_of(missing), "a user") ? PACKED("Make it: adduser --system --group kedge; then restart kedge.")
						      : PACKED("kedge runs without it, less guarded."));
}

/* kedge talks TLS to all but a loopback endpoint: what it says of a failure names it. */
static void of_tls(const cJSON *root, struct check_list *l)
{
	const cJSON *aws = json_object(json_object(root, "sources"), "aws");
	const char *detail = page_str(aws, "detail");
	bool up = is(page_str(aws, "state"), "up");

	if (up || strstr(detail, "TLS") != NULL || strstr(detail, "certificate") != NULL)
		add(l, "tls", up ? CHECK_OK : CHECK_WARNING, up ? "" : detail,
		    up ? PACKED("AWS was reached.") : PACKED(""),
		    PACKED("Look at the clock, [aws] ca_file, and a proxy that opens TLS."));
}

void check_list_hooks(struct check_list *l, const char *path, bool there, uint32_t mode, uint32_t uid)
{
	bool open = there && ((mode & 022) != 0 || uid != 0);

	add(l, "hooks", open ? CHECK_CRITICAL : CHECK_OK, path, !there ? PACKED(" is not there: none is run.") : open
	    ? PACKED(" can be written by others than root, who would run as kedge.") : PACKED(" is root's alone."),
	    PACKED("chown root and chmod go-w it."));
}

/* What somebody waits to hear of this node, and does not. */
static void of_channels(const cJSON *root, struct check_list *l)
{
	const cJSON *all = json_object(root, "channels"), *c;
	char words[160] = "";
	struct text t = text_on(words, sizeof(words));

	cJSON_ArrayForEach(c, all) {
		bool lost = page_int(c, "dropped", 0) > 0, well = page_true(c, "well");

		if (well && !lost)
			continue;
		text_s(&t, t.len > 0 ? ", " : "");
		text_s(&t, c->string);
		text_packed(&t, !well ? PACKED(" does not get through") : PACKED(" has lost news"));
	}
	if (all != NULL)
		add(l, "channels", t.len == 0 ? CHECK_OK : CHECK_WARNING, words,
		    t.len == 0 ? PACKED("All get through.") : PACKED(""),
		    PACKED("The log of kedge says why; kedge status --json counts it under channels."));
}

static void of_thrift(const cJSON *root, struct check_list *l)
{
	const cJSON *shed = json_object(json_object(root, "thrift"), "shed"), *input = json_object(root, "input"), *item;
	int64_t lost = 0;

	add(l, "data_budget", shed == NULL ? CHECK_OK : CHECK_WARNING,
	    page_str(shed, "text"), shed != NULL ? PACKED("") : PACKED("It holds."),
	    PACKED("Raise [aws] data_budget or heartbeat."));
	cJSON_ArrayForEach(item, input)
		lost += page_int(input, item->string, 0);
	add(l, "input", lost == 0 ? CHECK_OK : CHECK_WARNING, "",
	    lost == 0 ? PACKED("Nothing was lost.") : PACKED("Some was too long, lost or malformed."),
	    PACKED("kedge status --json counts it under input."));
}

/* "1.105.1", less than major.minor.patch? False also for what is no version. */
static bool older(const char *version, uint64_t major, uint64_t minor, uint64_t patch)
{
	const uint64_t than[] = { major, minor, patch };
	struct slice rest = slice_of(version), part;

	for (size_t i = 0; i < 3; i++) {
		uint64_t v = 0;

		if (!slice_next(&rest, '.', &part) || !slice_u64(part, &v))
			return false;
		if (v != than[i])
			return v < than[i];
	}
	return false;
}

static void of_versions(const cJSON *root, struct check_list *l)
{
	const char *engine = page_str(json_object(root, "node"), "engine_version");
	const char *agent = page_str(json_object(root, "node"), "ecs_agent_version");
	bool old = older(agent, OLDEST_AGENT);

	add(l, "engine_version", engine[0] == '\0' ? CHECK_UNKNOWN : CHECK_OK, engine,
	    engine[0] == '\0' ? PACKED("Not known yet.") : PACKED(""),
	    PACKED("It is known once the engine answers."));
	add(l, "ecs_agent_version", agent[0] == '\0' ? CHECK_UNKNOWN : old ? CHECK_WARNING : CHECK_OK,
	    agent, agent[0] == '\0' ? PACKED("Not known yet.") : old ? PACKED(" is older than 1.60.0.") : PACKED(""),
	    old ? PACKED("Update the ECS agent.") : PACKED("It is known once the ECS agent answers."));
}

void check_list_of(const cJSON *status, struct check_list *out)
{
	memset(out, 0, sizeof(*out));
	of_daemon(status, out);
	of_journal(status, out);
	of_versions(status, out);
	if (!page_true(status, "daemon"))
		return;                          /* of the rest nobody has looked at anything */
	of_clock(status, out);
	of_sources(status, out);
	of_facts(status, out);
	of_credentials(status, out);
	of_iam(status, out);
	of_tls(status, out);
	of_kedge(status, out);
	of_thrift(status, out);
	of_channels(status, out);
}

void check_list_without(bool daemon, const char *why, struct check_list *out)
{
	memset(out, 0, sizeof(*out));
	add(out, "daemon", daemon ? CHECK_UNKNOWN : CHECK_CRITICAL, why, PACKED(""),
	    strstr(why, "denied") != NULL ? PACKED("Ask as root.") : PACKED("Start it: service kedge start, or kedge agent."));
}

enum check_level check_list_worst(const struct check_list *list)
{
	int level = CHECK_LEVELS - 1;

	while (level > 0 && list->count[level] == 0)
		level--;
	return (enum check_level)level;
}

void check_list_line(const struct check_list *list, struct text *out)
{
	static const char *const words[CHECK_LEVELS] = { "OK", "UNKNOWN", "WARNING", "CRITICAL" };
	enum check_level worst = check_list_worst(list);
	uint32_t all = list->n + list->left_out;

	text_say(out, "KEDGE ");
	text_s(out, words[worst]);
	text_say(out, " - ");
	if (worst != CHECK_OK) {
		text_u64(out, all - list->count[CHECK_OK]);
		text_say(out, " of ");
	}
	text_u64(out, all);
	text_s(out, worst == CHECK_OK ? " checks" : " checks:");
	/* the worst first: a pager shows the beginning */
	for (int level = CHECK_LEVELS - 1; level > CHECK_OK; level--)
		for (uint32_t i = 0; i < list->n; i++) {
			if (list->at[i].level != (enum check_level)level)
				continue;
			text_c(out, ' ');
			text_s(out, list->at[i].name);
			text_say(out, " (");
			text_s(out, check_level_name(list->at[i].level));
			text_c(out, ')');
		}
}
