#include "agent/gate/gate_state.h"

#include <string.h>

#include "agent/wire/arn.h"
#include "agent/wire/ecs_out.h"
#include "platform/clock.h"

#define DAY_MS     86400000
#define SLACK_S    600                   /* the core counts from when it decided, by AWS's clock */
#define BODY_CAP   (ARN_CAP + 2 * NAME_CAP + 128)

/* What a body asks for. */
struct change {
	char service[NAME_CAP], cluster[NAME_CAP];
	char stop[ARN_CAP], to[GRANT_TO_CAP];    /* one of them */
};

static bool valid(const struct gate *g, const struct grant *r)
{
	int64_t life_s = (int64_t)(policy_for(&g->conf->core, r->service)->expire_ms / 1000) + SLACK_S;
	int64_t age_s = r->boot_s != 0 ? (int64_t)(clock_boot_ms() / 1000) - (int64_t)r->boot_s : clock_wall_ms() / 1000 - r->unix_s;

	return age_s <= life_s && age_s >= -life_s;
}

static bool says(const struct grant *r, const struct change *c)
{
	return c->stop[0] != '\0' ? str_eq(r->stop, c->stop) : str_eq(r->to, c->to);
}

/* A yes that names nothing yet; what was updated by it is not stopped by it as well. */
static bool open_for(const struct grant *r, const struct change *c)
{
	return c->stop[0] != '\0' ? r->verb == GRANT_STOP && r->stop[0] == '\0' && r->to[0] == '\0' : r->to[0] == '\0';
}

static struct grant *granted(struct gate *g, const struct change *c, bool (*fits)(const struct grant *, const struct change *))
{
	for (uint32_t i = 0; i < g->permit.grants; i++) {
		struct grant *r = &g->permit.grant[i];

		if (str_eq(r->service, c->service) && fits(r, c) && valid(g, r))
			return r;
	}
	return NULL;
}

static void keep(struct gate *g)
{
	struct why why;

	/* it holds as long as this process lives */
	if (granted_write(g, &why) != KERR_OK)
		log_line(&g->log, LOG_LEVEL_WARN, "permits: %s", why.text);
}

static bool by_word(struct gate *g, const struct change *c)
{
	struct grant *r = granted(g, c, says);

	if (r != NULL)
		return true;
	r = granted(g, c, open_for);
	if (r == NULL)
		return false;
	if (c->stop[0] != '\0')
		(void)str_put(r->stop, sizeof(r->stop), slice_of(c->stop));
	else
		(void)str_put(r->to, sizeof(r->to), slice_of(c->to));
	keep(g);
	return true;
}

/* A clock that is set back over midnight begins no new day. */
static void turn_day(struct gate_permit *p)
{
	int64_t day = clock_wall_ms() / DAY_MS;

	if (day == p->auto_day || day + 1 == p->auto_day)
		return;
	p->auto_day = day;
	p->automatics = 0;
}

static enum kerr by_policy(struct gate *g, const struct change *c, struct why *why)
{
	struct gate_permit *p = &g->permit;
	const struct policy *policy = policy_for(&g->conf->core, c->service);
	uint32_t of_service = 0;

	if (policy->mode != MODE_AUTO)
		return why_set(why, KERR_DENIED, "Nobody has confirmed this rollback, and the policy of %.80s is %s; "
			       "`kedge rollback %.80s` by a person permits it.", c->service, rb_mode_name(policy->mode), c->service);
	turn_day(p);
	for (uint32_t i = 0; i < p->automatics; i++) {
		struct slice cluster, service;

		if (str_eq(p->automatic[i].arn, c->stop))
			return KERR_OK;
		of_service += arn_service_of(slice_of(p->automatic[i].arn), &cluster, &service) && slice_is(service, c->service);
	}
	if (p->automatics == AUTOMATICS_MAX || of_service >= policy->max_rollbacks_per_day)
		return why_set(why, KERR_DENIED, "%u deployments of %.80s were rolled back by policy today, which is all it permits "
			       "(max_rollbacks_per_day); `kedge rollback %.80s` by a person permits it.", (unsigned)of_service,
			       c->service, c->service);
	(void)str_put(p->automatic[p->automatics++].arn, ARN_CAP, slice_of(c->stop));
	keep(g);
	return KERR_OK;
}

/* What stands between two fixed texts at the front of *rest. */
static bool between(struct slice *rest, const char *before, const char *after, char *out, size_t cap)
{
	size_t end;

	if (!slice_starts(*rest, before))
		return false;
	*rest = slice_from(*rest, strlen(before));
	end = slice_find(*rest, after);
	if (end == SIZE_MAX || !str_put(out, cap, slice_to(*rest, end)))
		return false;
	*rest = slice_from(*rest, end);
	return true;
}

/* Made anew of what was found in it, by what makes it, and then the same byte for byte. */
static bool read_stop(struct slice body, struct change *c)
{
	char made[BODY_CAP];
	struct text t = text_on(made, sizeof(made));
	struct slice rest = body, cluster, service;
	struct why why;

	return between(&rest, "{\"serviceDeploymentArn\":\"", "\"", c->stop, sizeof(c->stop)) &&
	       ecs_out_stop(&t, c->stop, &why) == KERR_OK && slice_eq(text_get(&t), body) &&
	       arn_service_of(slice_of(c->stop), &cluster, &service) && str_put(c->service, sizeof(c->service), service) &&
	       str_put(c->cluster, sizeof(c->cluster), cluster);
}

static bool read_update(struct slice body, struct change *c)
{
	char made[BODY_CAP], family[NAME_CAP], cluster[ARN_CAP];
	struct text t = text_on(made, sizeof(made));
	struct slice rest = body, name;
	uint32_t revision;
	struct why why;

	return between(&rest, "{\"cluster\":\"", "\"", cluster, sizeof(cluster)) &&
	       between(&rest, "\",\"service\":\"", "\"", c->service, sizeof(c->service)) &&
	       between(&rest, "\",\"taskDefinition\":\"", "\"", c->to, sizeof(c->to)) &&
	       arn_name_ok(slice_of(c->service)) && arn_family_revision(slice_of(c->to), &name, &revision) &&
	       str_put(family, sizeof(family), name) &&
	       ecs_out_update(&t, cluster, c->service, family, revision, &why) == KERR_OK && slice_eq(text_get(&t), body) &&
	       str_put(c->cluster, sizeof(c->cluster), arn_cluster_name(slice_of(cluster)));
}

static enum kerr check(struct gate *g, const struct change *c, struct why *why)
{
	struct slice own = arn_cluster_name(slice_of(g->conf->cluster));

	if (own.n > 0 && !slice_is(own, c->cluster))
		return why_set(why, KERR_DENIED, "This node is of the cluster %.80s ([kedge] cluster), and %.80s is not in it.",
			       g->conf->cluster, c->service);
	if (c->to[0] != '\0' && !policy_for(&g->conf->core, c->service)->allow_update_service)
		return why_set(why, KERR_DENIED, "Policy allow_update_service = no: the command shown does it.");
	if (by_word(g, c))
		return KERR_OK;
	if (c->stop[0] != '\0')
		return by_policy(g, c, why);
	/* by policy alone UpdateService is never sent */
	return why_set(why, KERR_DENIED, "Nobody has asked that %.80s goes to %.80s; `kedge rollback` or `kedge deploy` by a person "
		       "permits it.", c->service, c->to);
}

enum kerr gate_permit_check(struct gate *g, const char *target, struct slice body, struct why *why)
{
	struct change c = { .service = "" };
	bool stop = str_eq(target, ecs_out_target(ECS_STOP_DEPLOYMENT)), update = str_eq(target, ecs_out_target(ECS_UPDATE_SERVICE));

	if (!stop && !update)
		return KERR_OK;
	if (stop ? !read_stop(body, &c) : !read_update(body, &c))
		return why_set(why, KERR_DENIED, "No request of kedge to change a service looks like this.");
	return check(g, &c, why);
}

static bool fill(struct grant *r, struct slice service, struct slice what)
{
	struct text to = text_on(r->to, sizeof(r->to));
	struct slice family, cluster, name;
	uint32_t revision;

	if (!arn_name_ok(service) || !str_put(r->service, sizeof(r->service), service))
		return false;
	if (what.n == 0 || slice_is(what, "-"))
		return true;
	if (r->verb == GRANT_STOP)
		return arn_service_of(what, &cluster, &name) && slice_is(name, r->service) &&
		       str_put(r->stop, sizeof(r->stop), what);
	if (!arn_family_revision(what, &family, &revision) || !arn_name_ok(family))
		return false;
	text_slice(&to, family);
	text_c(&to, ':');
	text_u64(&to, revision);
	return !to.full;
}

static bool same(const struct grant *a, const struct grant *b)
{
	return a->verb == b->verb && str_eq(a->service, b->service) && str_eq(a->stop, b->stop) && str_eq(a->to, b->to);
}

/* Said twice it is one yes, and the newer one. */
static void add(struct gate_permit *p, const struct grant *r)
{
	uint32_t at = 0;

	while (at < p->grants && !same(&p->grant[at], r))
		at++;
	if (at == p->grants && p->grants == GRANTS_MAX)
		at = 0;
	if (at < p->grants)
		memmove(&p->grant[at], &p->grant[at + 1], (--p->grants - at) * sizeof(p->grant[0]));
	p->grant[p->grants++] = *r;
}

/* Those that are too old, and those of one service. */
static void drop(struct gate *g, struct slice service)
{
	struct gate_permit *p = &g->permit;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < p->grants; i++)
		if (valid(g, &p->grant[i]) && !slice_is(service, p->grant[i].service) && kept++ != i)
			p->grant[kept - 1] = p->grant[i];
	p->grants = kept;
}

void gate_permit_withdraw(struct gate *g, struct slice service)
{
	const uint32_t before = g->permit.grants;

	drop(g, service);
	if (g->permit.grants != before)
		keep(g);
}

enum kerr gate_permit_grant(struct gate *g, enum grant_verb verb, uint32_t uid, struct slice service, struct slice what,
			    struct why *why)
{
	struct grant r = { .verb = verb, .uid = uid, .unix_s = clock_wall_ms() / 1000, .boot_s = clock_boot_ms() / 1000 + 1 };
	enum kerr e;

	if (!fill(&r, service, what))
		return KERR_OK;          /* the worker says what is wrong with it */
	drop(g, SLICE(""));
	add(&g->permit, &r);
	e = granted_write(g, why);
	if (e != KERR_OK)
		g->permit.grants--;
	return e;
}

void gate_permit_open(struct gate *g)
{
	struct gate_permit *p = &g->permit;
	struct why why;

	if (clock_boot_id(p->boot_id, &why) != KERR_OK)
		p->boot_id[0] = '\0';
	p->auto_day = clock_wall_ms() / DAY_MS;
	granted_read(g);
	drop(g, SLICE(""));
}
