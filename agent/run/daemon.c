/* The loop: wait, read, judge, write down, do. */
#include "agent/run/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/gate/log_ways.h"
#include "agent/run/confine.h"
#include "agent/run/node_feed.h"
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
#define LONG_WAIT_MS    1000    /* a wait that is worth giving memory back for */

static void on_signal(void *arg, int signo)
{
	struct node *n = arg;

	/* a reload is the gate's to read and to say */
	if (signo != SIGHUP && signo != SIGCHLD)
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

/* The gate reads it: this process may not. */
static enum kerr read_conf(struct node *n, struct conf *out, struct why *why)
{
	struct ask q = { .what = ASK_FILE, .u.file.file = TALK_CONF };
	size_t len = 0;
	enum kerr err = asking(n, &q, (struct slice){ NULL, 0 }, n->work, sizeof(n->work), &len, why);

	if (err == KERR_GONE && str_eq(n->conf_path, CONF_PATH))
		err = KERR_OK;           /* none is fine, as at the start */
	if (err == KERR_OK)
		err = conf_parse((struct slice){ n->work, len }, n->conf_path, out, why);
	crypto_zero(n->work, len);           /* a broker's or a proxy's password may stand in it */
	return err;
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

	if (read_conf(n, &fresh, &why) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "conf: %s; the old one stays in force", why.text);
		return;
	}
	fresh.core.seed = n->conf->core.seed;
	*n->conf = fresh;
	apply(n);
	core_reload(&n->core, &n->conf->core);
	keys_again(n);
	traffic_look(n);
	log_ways(&n->log, n->conf);
	webhook_again(n);
	mqtt_again(n);
	log_line(&n->log, LOG_LEVEL_INFO, "conf: %s is read again; sockets and paths wait for a restart", n->conf_path);
	node_feed(n, node_event(n, EV_TICK));
}

static void say(struct node *n, enum talk_notify what)
{
	struct ask q = { .what = ASK_NOTIFY, .u.notify = what };
	struct why why;

	if (asking_only(n, &q, &why) != KERR_OK)
		log_line(&n->log, LOG_LEVEL_DEBUG, "notify: %s", why.text);
}

void daemon_news(struct node *n, const struct news *news)
{
	if (news->what == NEWS_STOP)
		n->stop = true;
	else if (news->what == NEWS_PING)
		say(n, TALK_ALIVE);
	else if (n->conf_path != NULL) {
		read_again(n);
		say(n, TALK_READY);
	}
}

static void identify(struct node *n)
{
	struct event *ev = node_event(n, EV_EPOCH);
	struct ev_epoch *e = &ev->u.epoch;

	(void)str_put(e->arch, sizeof(e->arch), slice_of(proc_cpu().arch));
	(void)str_put(e->cluster, sizeof(e->cluster), slice_of(n->conf->cluster));
	(void)str_put(e->region, sizeof(e->region), slice_of(n->conf->region));
	(void)str_put(e->container_instance, sizeof(e->container_instance), slice_of(n->conf->container_instance));
	(void)str_put(e->boot_id, sizeof(e->boot_id), slice_of(n->boot_id));
	node_feed(n, ev);
}

static enum kerr open_all(struct node *n, struct why *why)
{
	enum kerr err;

	arena_init(&n->arena, n->arena_room, sizeof(n->arena_room));
	n->probe = NONE;
	err = loop_init(&n->loop, why);
	if (err == KERR_OK)
		err = asking_start(n, why);
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

/* What a burst has filled once would stay resident for good. */
static void give_back(struct node *n)
{
	if (n->arena.used == 0)
		proc_give_back(n->arena_room, sizeof(n->arena_room));
	if (n->journal.batched == 0)
		proc_give_back(n->journal.batch, sizeof(n->journal.batch));
	proc_give_back(n->journal.rewrite, sizeof(n->journal.rewrite));
	if (!n->introspection.busy)
		proc_give_back(n->introspection.body, sizeof(n->introspection.body));
	if (n->seam.count == 0)
		proc_give_back(n->seam.queue, sizeof(n->seam.queue));
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
	due = soonest(due, soonest(httpd_expire(&n->web), journal_due(n)));
	due = soonest(due, tell_due(n));
	now = clock_boot_ms();
	if (due > now && due - now >= LONG_WAIT_MS)
		give_back(n);
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
	(void)journal_flush(n);
	n->publish = true;
	tell_publish(n);
	httpd_close(&n->web);
	http_close(&n->http);
	net_close(&n->net);
	loop_close(&n->loop);
	registry_wipe(n);
	tell_close(n);
	asking_close(n);
}

int daemon_run(struct conf *conf, const struct worker *w)
{
	static struct node node;
	struct node *n = &node;
	struct why why = { "" };
	uint64_t end_ms;
	bool well = true;

	n->conf = conf;
	n->conf_path = w->conf_path;
	log_init(&n->log, LOG_LEVEL_INFO);
	/* one look is for who asked for it, and tells nobody else */
	if (w->once)
		conf->hooks[0] = conf->webhook[0] = conf->mqtt[0] = conf->textfile[0] = conf->led[0] = '\0';
	log_ways(&n->log, n->conf);
	n->pss_fd = -1;
	(void)!proc_own_pss_bytes(&n->pss_fd, &n->peak_pss_bytes, &why);   /* opened while it can be */
	if (clock_boot_id(n->boot_id, &why) != KERR_OK)
		n->boot_id[0] = '\0';
	if (open_all(n, &why) != KERR_OK || confine(n, w, &why) != KERR_OK) {
		log_line(&n->log, LOG_LEVEL_ERROR, "start: %s", why.text);
		return 3;
	}
	start(n);
	say(n, TALK_READY);
	end_ms = w->once ? clock_boot_ms() + ONCE_MS : CORE_NEVER;
	while (well && !n->stop && clock_boot_ms() < end_ms)
		well = turn(n);
	if (w->once)
		print_failures(n);
	finish(n);
	return well && !n->orphan ? 0 : 3;
}
