/* The loop: wait, read, judge, write down, do. */
#include "agent/run/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/run/acts.h"
#include "agent/run/node.h"
#include "agent/run/probe.h"
#include "agent/run/serve.h"
#include "agent/run/tell.h"
#include "agent/run/web.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/file.h"
#include "platform/proc.h"

#define HOUSEKEEPING_MS 120000  /* slow facts and credentials, when nothing happens */
#define EAGER_MS        10000   /* the same while something is missing */
#define ONCE_MS         5000

struct event *node_event(struct node *n, enum ev_type type)
{
	memset(&n->ev, 0, sizeof(n->ev));
	n->ev.type = type;
	return &n->ev;
}

static void put(void *arg, const struct event *ev)
{
	struct node *n = arg;

	/* the parser goes on with its own event: the core only ever reads it */
	(void)ev;
	node_feed(n, &n->told);
}

struct ev_out node_out(struct node *n)
{
	return (struct ev_out){ .ev = &n->told, .put = put, .arg = n };
}

void node_source(struct node *n, enum source source, enum source_state state, const char *detail)
{
	const struct known_source *known = &n->core.source[source];
	struct event *ev;
	char cut[DETAIL_CAP];

	(void)str_cut(cut, sizeof(cut), slice_of(detail));
	if (known->state == state && str_eq(known->detail, cut))
		return;
	ev = node_event(n, EV_SOURCE);
	ev->u.source.source = source;
	ev->u.source.state = state;
	(void)str_put(ev->u.source.detail, sizeof(ev->u.source.detail), slice_of(cut));
	node_feed(n, ev);
	tell_source(n, source);
}

void node_fact(struct node *n, enum fact fact, enum tri yes, int64_t value, const char *about, bool last)
{
	struct event *ev;

	if (!last && n->core.fact[fact].yes == yes && n->core.fact[fact].value == value && fact < FACT_DISK && fact != FACT_DNS)
		return;
	ev = node_event(n, EV_FACT);
	ev->u.fact.fact = fact;
	ev->u.fact.yes = yes;
	ev->u.fact.value = value;
	ev->u.fact.last = last;
	(void)str_cut(ev->u.fact.about, sizeof(ev->u.fact.about), slice_of(about));
	node_feed(n, ev);
}

static void carry_out(struct node *n, const struct action *a)
{
	switch (a->type) {
	case ACT_JOURNAL:
		journal_add(n, a);
		if (a->kind == REC_FAILURE && n->core.failure[a->index].f.over)
			tell_over(n, a->index);
		break;
	case ACT_REPORT:
	case ACT_SUSPECT:
		tell_failure(n, a->index, a->type == ACT_REPORT);
		break;
	case ACT_NOTE:
		tell_service(n, a->index);
		break;
	case ACT_INSPECT:
		src_engine_inspect(n, a->index);
		break;
	case ACT_IMAGE:
		src_engine_image(n, a->index);
		break;
	case ACT_LAST_WORDS:
		src_engine_last_words(n, a->index);
		break;
	case ACT_TARGET_IMAGE:
		src_engine_target(n, a->index);
		break;
	case ACT_REGISTRY:
		image_check_revision(n, a->index, a->ask);
		break;
	case ACT_PROBE:
		probe_failure(n, a->index);
		break;
	case ACT_AWS_TASK:
	case ACT_AWS_LIST:
	case ACT_AWS_DEPLOYMENT:
	case ACT_AWS_REVISION:
	case ACT_AWS_QUORUM:
	case ACT_AWS_STOP:
	case ACT_AWS_UPDATE:
	case ACT_AWS_SERVICE:
	case ACT_AWS_DEPLOY:
		aws_ask(n, a);
		break;
	case ACT_DEPLOYED:
		acts_deployed(n);
		break;
	case ACT_TYPES:
		break;
	}
}

void node_feed(struct node *n, struct event *ev)
{
	struct action out[CORE_MAX_ACTIONS];
	const char *broken;
	size_t count;

	ev->now_ms = n->now_ms = clock_boot_ms();
	ev->now_unix_ms = node_unix_ms(n);
	count = core_step(&n->core, ev, out);
	broken = core_check(&n->core, out, count);
	if (broken != NULL) {
		n->core.counter.check_failed++;
		log_line(&n->log, LOG_LEVEL_ERROR, "invariant %s; nothing is sent to AWS", broken);
	}
	for (size_t i = 0; i < count; i++)
		if (broken == NULL || (out[i].type != ACT_AWS_STOP && out[i].type != ACT_AWS_UPDATE && out[i].type != ACT_AWS_DEPLOY))
			carry_out(n, &out[i]);
}

void node_view(struct node *n, struct view *v)
{
	uint64_t pss = 0, disk = 0;
	struct why why;

	if (proc_pss_bytes(&n->hooks.pid, n->hooks.fd >= 0, &pss, &why) == KERR_OK && pss > n->peak_pss_bytes)
		n->peak_pss_bytes = pss;
	if (proc_disk_written_bytes(&disk, &why) != KERR_OK)
		disk = 0;   /* a kernel without it */
	*v = (struct view){
		.core = &n->core, .deployments = n->aws.table.asked_unix_ms != 0 ? &n->aws.table : NULL, .version = KEDGE_VERSION,
		.daemon = true, .now_unix_ms = node_unix_ms(n), .pss_bytes = pss, .peak_pss_bytes = n->peak_pss_bytes,
		.data_budget_bytes = n->conf->data_budget_bytes,
		.disk_bytes_written = disk, .wakeups = n->loop.wakeups, .events_oversize = n->seam.lines.oversize,
		.events_malformed = n->seam.malformed, .log_lines_oversize = n->agent_log.tail.count.oversize,
		.log_lines_lost = n->agent_log.tail.count.lost, .answers_malformed = n->aws.malformed + n->introspection.malformed,
		.journal_bytes = n->journal.bytes, .journal_damaged = n->journal.scan.damaged,
		.journal_cut_bytes = n->journal.scan.tail_bytes, .actor = n->actor, .denied = n->aws.denied, .n_denied = DENIED_SLOTS,
		.keys_provider = credentials_source_name(n->keys.from), .keys_state = keys_state_name(n->keys.state),
		.keys_detail = n->keys.why.text, .keys_expiry_unix_s = n->keys.now.expiry_unix_s,
	};
	v->clock = (struct view_clock){ .state = wall_state_name(n->wall.state), .detail = n->wall.why.text, .floor_unix_s = n->wall.floor_unix_s };
	v->clock.heard = wall_clock_offset(n, &v->clock.offset_s);
	denied_view(n, v);
	traffic_view(n, v);
	tell_view(n, v);
}

static void on_signal(void *arg, int signo)
{
	struct node *n = arg;

	if (signo == SIGHUP)
		n->reload = true;
	else if (signo != SIGCHLD)
		n->stop = true;
}

static void on_net(void *arg, int fd, short revents)
{
	struct node *n = arg;

	(void)fd;
	(void)revents;
	if (!net_changed(&n->net))
		return;
	http_forget(&n->http);
	webhook_again(n);
	mqtt_again(n);
	probe_slow_facts(n);
	/* the route stayed, but a link changed: told anew, so that nothing waits for a back-off of the line as it was */
	if (n->core.fact[FACT_ROUTE].yes == TRI_YES && n->core.aws_failures > 0) {
		struct event *ev = node_event(n, EV_FACT);

		ev->u.fact.fact = FACT_ROUTE;
		ev->u.fact.yes = TRI_YES;
		node_feed(n, ev);
	}
}

static enum kerr read_conf(const char *path, struct conf *out, char *room, size_t cap, struct why *why)
{
	size_t len;
	enum kerr err = file_read(path, FILE_REGULAR, room, cap, &len, why);

	if (err == KERR_GONE && str_eq(path, CONF_PATH))
		err = KERR_OK;           /* none is fine, as at the start */
	return err != KERR_OK ? err : conf_parse((struct slice){ room, len }, path, out, why);
}

static void apply(struct node *n)
{
	n->conf->core.heartbeat_ms = n->conf->heartbeat_ms;
	n->log.level = n->conf->log == CONF_LOG_ERROR ? LOG_LEVEL_ERROR : n->conf->log == CONF_LOG_WARNING ? LOG_LEVEL_WARN
		     : n->conf->log == CONF_LOG_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

static void read_again(struct node *n)
{
	static struct conf fresh;
	struct why why;

	if (read_conf(n->conf_path, &fresh, n->work, sizeof(n->work), &why) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "conf: %s; the old one stays in force", why.text);
		return;
	}
	fresh.core.seed = n->conf->core.seed;
	*n->conf = fresh;
	apply(n);
	core_reload(&n->core, &n->conf->core);
	keys_again(n);
	traffic_look(n);
	tell_log(n);
	webhook_again(n);
	mqtt_again(n);
	log_line(&n->log, LOG_LEVEL_INFO, "conf: %s is read again; sockets and paths wait for a restart", n->conf_path);
	node_feed(n, node_event(n, EV_TICK));
}

static void reload(struct node *n)
{
	n->reload = false;
	if (n->conf_path == NULL)
		return;
	notify_reloading(&n->notify);
	read_again(n);
	notify_say(&n->notify, "READY=1");
}

static void identify(struct node *n)
{
	struct event *ev = node_event(n, EV_EPOCH);
	struct ev_epoch *e = &ev->u.epoch;
	struct why why;

	(void)str_put(e->arch, sizeof(e->arch), slice_of(proc_cpu().arch));
	(void)str_put(e->cluster, sizeof(e->cluster), slice_of(n->conf->cluster));
	(void)str_put(e->region, sizeof(e->region), slice_of(n->conf->region));
	(void)str_put(e->container_instance, sizeof(e->container_instance), slice_of(n->conf->container_instance));
	if (clock_boot_id(e->boot_id, &why) != KERR_OK)
		e->boot_id[0] = '\0';
	node_feed(n, ev);
}

static enum kerr open_all(struct node *n, struct why *why)
{
	enum kerr err;

	arena_init(&n->arena, n->arena_room, sizeof(n->arena_room));
	n->probe = NONE;
	err = loop_init(&n->loop, why);
	if (err == KERR_OK)
		err = loop_signals(&n->loop, on_signal, n, why);
	if (err != KERR_OK)
		return err;
	if (tls_init(&n->tls, n->conf->ca_file, why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "tls: %s; AWS cannot be reached", why->text);
	err = http_init(&n->http, &n->loop, &n->tls, why);
	if (err != KERR_OK)
		return err;
	if (http_set_proxy(&n->http, n->conf->proxy, why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_ERROR, "proxy: %s; AWS is asked without one", why->text);
	if (net_open(&n->net, why) != KERR_OK || loop_watch(&n->loop, n->net.fd, 1, on_net, n, why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_WARN, "routes: %s; looked at now and then", why->text);
	if (crypto_random_u64(&n->conf->core.seed, why) != KERR_OK)
		n->conf->core.seed = clock_boot_ms();
	return KERR_OK;
}

static void start(struct node *n)
{
	apply(n);
	core_init(&n->core, &n->conf->core);
	journal_open(n);
	wall_clock_start(n);
	identify(n);
	serve_start(n);
	web_start(n);
	tell_start(n);
	aws_settle(n);
	probe_slow_facts(n);
	keys_tick(n);
	traffic_start(n);
	traffic_look(n);
	src_config_look(n);
	src_log_start(n);
	log_line(&n->log, LOG_LEVEL_INFO, "kedge %s: %u failures and %u rollbacks remembered, default policy %s", KEDGE_VERSION,
		 (unsigned)n->core.next_id - 1, (unsigned)n->core.n_accepted, rb_mode_name(n->conf->core.policy.mode));
}

static bool something_missing(const struct node *n)
{
	return !n->aws.ready || n->core.fact[FACT_ROUTE].yes == TRI_NO ||
	       n->core.fact[FACT_CLOCK].yes != TRI_YES;
}

static void housekeeping(struct node *n)
{
	if (n->now_ms < n->housekeeping_ms)
		return;
	aws_settle(n);
	aws_rest(n);
	probe_slow_facts(n);
	traffic_look(n);
	src_config_look(n);
	n->housekeeping_ms = n->now_ms + (something_missing(n) ? EAGER_MS : HOUSEKEEPING_MS);
}

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool turn(struct node *n)
{
	uint64_t due, now;
	struct why why;

	n->now_ms = clock_boot_ms();
	housekeeping(n);
	keys_tick(n);
	due = soonest(src_engine_tick(n), src_introspection_tick(n));
	if (core_deadline(&n->core) <= clock_boot_ms())
		node_feed(n, node_event(n, EV_TICK));
	while (journal_flush(n))
		continue;
	tell_publish(n);
	tell_tick(n);
	due = soonest(due, soonest(core_deadline(&n->core), n->housekeeping_ms));
	due = soonest(due, keys_due(n));
	due = soonest(due, soonest(unixsock_expire(&n->sock), journal_due(n)));
	notify_alive(&n->notify);
	due = soonest(due, soonest(notify_due(&n->notify), httpd_expire(&n->web)));
	due = soonest(due, tell_due(n));
	now = clock_boot_ms();
	if (loop_turn(&n->loop, due > now ? due - now : 0, &why) == KERR_OK)
		return true;
	log_line(&n->log, LOG_LEVEL_ERROR, "loop: %s", why.text);
	return false;
}

static void print_failures(struct node *n)
{
	struct text out = text_on(n->asking.board->reply, VIEW_MAX);
	struct view v;

	node_view(n, &v);
	if (view_failures(&v, &out) == KERR_OK)
		printf("%s\n", out.p);
}

static void finish(struct node *n)
{
	notify_say(&n->notify, "STOPPING=1");
	(void)journal_flush(n);
	n->publish = true;
	tell_publish(n);
	unixsock_close(&n->sock);
	httpd_close(&n->web);
	seam_close(n);
	tail_close(&n->agent_log.tail);
	http_close(&n->http);
	net_close(&n->net);
	loop_close(&n->loop);
	keys_wipe(n);
	registry_wipe(n);
	sigv4_wipe(&n->aws.signer, sizeof(n->aws.signer));
	tell_close(n);
}

int daemon_run(struct conf *conf, const char *conf_path, bool once)
{
	static struct node node;
	struct node *n = &node;
	struct why why = { "" };
	uint64_t end_ms;
	bool well = true;

	n->conf = conf;
	n->conf_path = conf_path;
	log_init(&n->log, LOG_LEVEL_INFO);
	notify_open(&n->notify);
	/* one look is for who asked for it, and tells nobody else */
	if (once)
		conf->hooks[0] = conf->webhook[0] = conf->mqtt[0] = conf->led[0] = '\0';
	hooks_fork(n);
	if (open_all(n, &why) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "start: %s", why.text);
		return 3;
	}
	start(n);
	notify_say(&n->notify, "READY=1");
	end_ms = once ? clock_boot_ms() + ONCE_MS : CORE_NEVER;
	while (well && !n->stop && clock_boot_ms() < end_ms) {
		well = turn(n);
		if (n->reload)
			reload(n);
	}
	if (once)
		print_failures(n);
	finish(n);
	return well ? 0 : 3;
}
