/* What this node is, its kedge.conf, and what its role must be allowed: the IAM policy and the table verb -> actions. Writes both
 * files only when told to, and neither over one that is there. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/ask.h"
#include "agent/cmd/export.h"
#include "agent/cmd/page.h"
#include "agent/cmd/settings.h"
#include "agent/wire/arn.h"
#include "agent/wire/credentials.h"
#include "agent/wire/iam.h"
#include "agent/cmd/say.h"
#include "platform/file.h"

enum { POLICY_CAP = 96 * 1024 };         /* bytes: 32 services with names of 255 bytes. longer: refused */

struct found { struct iam_names names; const char *instance; bool daemon; };

static void add_cluster(struct iam_names *n, const char *name_or_arn)
{
	iam_names_from(n, slice_of(name_or_arn));
	if (n->cluster.n == 0)
		n->cluster = arn_cluster_name(slice_of(name_or_arn));
}

static void add_service(struct iam_names *n, const char *name, const char *family)
{
	if (name[0] == '\0' || n->n == SERVICES_MAX)
		return;
	n->service[n->n].name = slice_of(name);
	n->service[n->n++].family = slice_of(family);
}

static void from_daemon(const cJSON *root, struct found *f)
{
	const cJSON *node = json_object(root, "node"), *s;

	f->daemon = true;
	f->instance = page_str(node, "container_instance");
	iam_names_from(&f->names, slice_of(f->instance));
	iam_names_region(&f->names, slice_of(page_str(node, "region")));
	add_cluster(&f->names, page_str(node, "cluster"));
	cJSON_ArrayForEach(s, json_array(root, "services"))
		add_service(&f->names, page_str(s, "service"), page_str(s, "family"));
}

static void from_conf(const struct conf *conf, struct found *f)
{
	if (f->instance[0] == '\0')
		f->instance = conf->container_instance;
	iam_names_from(&f->names, slice_of(conf->container_instance));
	iam_names_region(&f->names, slice_of(conf->region));
	add_cluster(&f->names, conf->cluster);
	for (uint32_t i = 0; !f->daemon && i < conf->core.n_services; i++)
		add_service(&f->names, conf->core.service[i].service, conf->core.service[i].family);
}

/* ECS Anywhere's installer writes both into the agent's two files. */
static void from_agent(const char *path, struct iam_names *n)
{
	static char bytes[16384], value[2][2][NAME_CAP];   /* the names borrow them */
	static unsigned files;
	char (*v)[NAME_CAP] = value[files++ & 1];
	struct why why;
	size_t len;

	if (file_read(path, FILE_REGULAR, bytes, sizeof(bytes), &len, &why) != KERR_OK)
		return;
	if (credentials_ecs_config((struct slice){ bytes, len }, "AWS_DEFAULT_REGION", v[0], NAME_CAP, &why) == KERR_OK)
		iam_names_region(n, slice_of(v[0]));
	if (credentials_ecs_config((struct slice){ bytes, len }, "ECS_CLUSTER", v[1], NAME_CAP, &why) == KERR_OK)
		add_cluster(n, v[1]);
}

static void find(const struct conf *conf, struct found *f)
{
	struct answer answer;

	*f = (struct found){ .instance = "" };
	if (ask_daemon(conf, &answer))
		from_daemon(answer.root, f);
	from_conf(conf, f);
	from_agent(conf->agent_config, &f->names);
	from_agent("/var/lib/ecs/ecs.config", &f->names);
}

static void json_names(struct jw *w, const struct found *f)
{
	const struct { const char *name; struct slice v; } member[] = {
		{ "partition", f->names.partition }, { "region", f->names.region }, { "account", f->names.account },
		{ "cluster", f->names.cluster }, { "container_instance", slice_of(f->instance) },
	};

	jw_bool(w, "daemon", f->daemon);
	for (size_t i = 0; i < sizeof(member) / sizeof(member[0]); i++)
		if (member[i].v.n > 0)
			jw_slice(w, member[i].name, member[i].v);
		else
			jw_null(w, member[i].name);
	jw_array(w, "services");
	for (uint32_t i = 0; i < f->names.n; i++) {
		jw_object(w, NULL);
		jw_slice(w, "service", f->names.service[i].name);
		jw_slice(w, "family", f->names.service[i].family);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void json_actions(struct jw *w)
{
	const struct iam_use *use;
	const char *action;

	jw_array(w, "actions");
	for (uint32_t i = 0; (use = iam_use(i)) != NULL; i++) {
		jw_object(w, NULL);
		jw_packed(w, "for", use->verbs);
		jw_array(w, "actions");
		for (uint32_t k = 0; (action = iam_action(k)) != NULL; k++)
			if ((use->actions >> k & 1) != 0)
				jw_str(w, NULL, action);
		jw_array_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void print_json(const struct found *f, enum iam_role role, const char *conf, struct text *t)
{
	struct jw w = jw_on(t);

	jw_object(&w, NULL);
	jw_packed(&w, "schema", PACKED("kedge.init/1"));
	json_names(&w, f);
	jw_str(&w, "role", role == IAM_OBSERVER ? "observer" : "actor");
	jw_bool(&w, "allow_update_service", role == IAM_ACTOR_UPDATE);
	text_say(t, ",\"policy\":");
	iam_policy(t, &f->names, role, false);
	json_actions(&w);
	jw_str(&w, "conf", conf);
	jw_object_end(&w);
}

static void line(const struct page *p, const char *lead, struct slice v)
{
	char word[ARN_CAP];

	(void)str_cut(word, sizeof(word), v.n > 0 ? v : SLICE("not known"));
	page_line(p, lead, word);
}

static void print_names(const struct page *p, const struct found *f, const char *path, const char *conf)
{
	line(p, "cluster             ", f->names.cluster);
	line(p, "region              ", f->names.region);
	line(p, "account             ", f->names.account);
	line(p, "container instance  ", slice_of(f->instance));
	for (uint32_t i = 0; i < f->names.n; i++)
		line(p, "service             ", f->names.service[i].name);
	page_wrap(p, "", 0, f->daemon ? "As the running kedge agent knows it."
				      : "From kedge.conf and the ECS agent's files.");
	say("\n%s:\n%s\nIAM policy for this node's role; names in capitals are yours to fill in:\n", path, conf);
}

static void print_actions(const struct page *p)
{
	const struct iam_use *use;
	const char *action;

	say("\nWhat needs which action:\n");
	for (uint32_t i = 0; (use = iam_use(i)) != NULL; i++) {
		char all[640] = "", lead[96];
		struct text t = text_on(all, sizeof(all)), l = text_on(lead, sizeof(lead));

		for (uint32_t k = 0; (action = iam_action(k)) != NULL; k++)
			if ((use->actions >> k & 1) != 0) {
				text_s(&t, t.len > 0 ? ", " : "");
				text_s(&t, action);
			}
		text_packed(&l, use->verbs);
		text_say(&l, ": ");
		page_wrap(p, lead, 4, use->actions == 0 ? "none" : all);
	}
}

/* One key of kedge.conf; what is not known is left to be asked of the ECS agent. */
static void key(struct text *t, const char *name, struct slice v)
{
	text_s(t, v.n == 0 ? "#" : "");
	text_s(t, name);
	text_say(t, " = ");
	text_slice(t, v);
	text_c(t, '\n');
}

static void make_conf(const struct found *f, bool update, struct text *t)
{
	text_say(t, "# Made by kedge init; the rest is at its default. A node that registers anew gets another container instance.\n[kedge]\n");
	key(t, "cluster", f->names.cluster);
	key(t, "region", f->names.region);
	text_say(t, "#container_instance = ");
	text_s(t, f->instance);
	text_say(t, "\n\n[policy]\nrollback = manual\n");
	text_packed(t, update ? PACKED("allow_update_service = yes\n") : PACKED(""));
	for (uint32_t i = 0; i < f->names.n; i++) {
		if (!arn_name_ok(f->names.service[i].name))
			continue;
		text_say(t, "\n[service ");
		text_slice(t, f->names.service[i].name);
		text_say(t, "]\n");
		key(t, "family", arn_name_ok(f->names.service[i].family) ? f->names.service[i].family : SLICE(""));
	}
}

struct made { char conf_path[CONF_PATH_CAP], policy_path[CONF_PATH_CAP], conf[CONF_FILE_MAX]; };

/* The policy lies beside the conf. */
static bool places(const char *path, struct made *m)
{
	struct text c = text_on(m->conf_path, sizeof(m->conf_path)), p = text_on(m->policy_path, sizeof(m->policy_path));
	size_t at = slice_rfind(slice_of(path), "/");

	text_s(&c, path);
	text_slice(&p, slice_to(slice_of(path), at == SIZE_MAX ? 0 : at + 1));
	text_say(&p, "kedge-policy.json");
	return !c.full && !p.full;
}

static bool said_yes(const struct made *m)
{
	int c;

	if (isatty(STDIN_FILENO) != 1)
		return false;
	say("\nWrite %s and %s? [y/N] ", m->conf_path, m->policy_path);
	fflush(stdout);
	c = getchar();
	return c == 'y' || c == 'Y';
}

/* Both, or neither. */
static int write_both(const struct made *m, struct slice policy, bool json)
{
	char folder[CONF_PATH_CAP];
	struct slice path = slice_of(m->conf_path);
	size_t at = slice_rfind(path, "/");
	enum kerr e = KERR_OK;
	struct why why;

	(void)str_put(folder, sizeof(folder), slice_to(path, at == SIZE_MAX ? 0 : at));
	if (folder[0] != '\0')
		e = file_make_dirs(folder, 0755, &why);
	if (e == KERR_OK)
		e = file_create(m->policy_path, policy, 0644, &why);
	if (e != KERR_OK)
		return ask_fail_says(json, EXIT_NO, why.text);
	e = file_create(m->conf_path, slice_of(m->conf), 0644, &why);
	if (e == KERR_OK)
		return EXIT_DONE;
	(void)remove(m->policy_path);
	return ask_fail_says(json, EXIT_NO, why.text);
}

/* The first of the two files that is there already, or NULL. */
static const char *there(const struct made *m)
{
	struct file_ident ident;
	struct why why;

	if (file_identify(m->conf_path, &ident, &why) != KERR_GONE)
		return m->conf_path;
	return file_identify(m->policy_path, &ident, &why) != KERR_GONE ? m->policy_path : NULL;
}

static int refuse(const struct made *m, bool json)
{
	char words[CONF_PATH_CAP + 64];

	if (there(m) == NULL)
		return ask_fail(json, EXIT_NO, PACKED("nothing was written: without a terminal it takes --yes"));
	snprintf(words, sizeof(words), "nothing was written: %s is there already", there(m));
	return ask_fail_says(json, EXIT_NO, words);
}

/* What was found and what is lacking stands last: that is what the screen shows. */
static void print_rest(const struct page *p, const struct cmd *c)
{
	const struct cmd check = { .verb = c->verb, .conf_path = c->conf_path };

	print_actions(p);
	putchar('\n');
	(void)cmd_check(&check);
}

static int show(const struct cmd *c, const struct found *f, enum iam_role role, const struct args *a, const struct made *m)
{
	static char bytes[POLICY_CAP];
	struct text t = text_on(bytes, sizeof(bytes));
	struct page p = page_open();

	if (a->write && there(m) != NULL)
		return refuse(m, a->json);
	if (a->json)
		print_json(f, role, m->conf, &t);
	else
		iam_policy(&t, &f->names, role, true);
	if (t.full)
		return ask_fail(a->json, EXIT_NO, PACKED("the policy does not fit; name fewer services in kedge.conf"));
	if (!a->json)
		print_names(&p, f, m->conf_path, m->conf);
	fwrite(bytes, 1, t.len, stdout);
	if (a->json)
		putchar('\n');
	else
		print_rest(&p, c);
	if (!a->write)
		return EXIT_DONE;
	if (!a->yes && !said_yes(m))
		return refuse(m, a->json);
	t = text_on(bytes, sizeof(bytes));
	iam_policy(&t, &f->names, role, true);
	return write_both(m, text_get(&t), a->json);
}

/* A conf that is to be written cannot be read yet. */
static bool load(const struct cmd *c, const struct args *a, struct conf *conf, const char *path)
{
	struct file_ident ident;
	struct why why;

	if (!a->write || file_identify(path, &ident, &why) != KERR_GONE)
		return settings_load(c, conf);
	conf_default(conf);
	return true;
}

int cmd_init(const struct cmd *c)
{
	static struct conf conf;
	static struct found f;
	static struct made m;
	struct text t = text_on(m.conf, sizeof(m.conf));
	struct args a;
	bool actor;

	if (!args_parse(c, ARG_JSON | ARG_ROLE | ARG_UPDATE | ARG_EXPORT | ARG_WRITE | ARG_YES, 0, 0, &a))
		return EXIT_USAGE;
	actor = a.role != NULL && strcmp(a.role, "actor") == 0;
	if (a.role != NULL && !actor && strcmp(a.role, "observer") != 0)
		return ask_fail(a.json, EXIT_USAGE, PACKED("--role is observer or actor"));
	if (a.update && !actor)
		return ask_fail(a.json, EXIT_USAGE, PACKED("--allow-update-service needs --role actor"));
	if (!places(settings_path(c), &m))
		return ask_fail(a.json, EXIT_USAGE, PACKED("the path of the conf is too long"));
	if (!load(c, &a, &conf, m.conf_path))
		return EXIT_USAGE;
	find(&conf, &f);
	if (a.export != NULL)
		return export_to(c, a.export, &f.names, a.json);
	make_conf(&f, a.update, &t);
	if (t.full)
		return ask_fail(a.json, EXIT_NO, PACKED("the conf does not fit"));
	return show(c, &f, a.update ? IAM_ACTOR_UPDATE : actor ? IAM_ACTOR : IAM_OBSERVER, &a, &m);
}
