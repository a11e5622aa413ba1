/* One event to the core, and what the core wants done. */
#include "agent/run/node_feed.h"

#include <string.h>

#include "agent/run/acts.h"
#include "agent/run/probe.h"
#include "agent/run/tell.h"
#include "platform/clock.h"
#include "platform/proc.h"

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

void node_source_says(struct node *n, enum source source, enum source_state state, const struct packed *detail)
{
	char words[PACKED_MAX];

	node_source(n, source, state, packed_copy(words, sizeof(words), detail));
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
	const struct packed *broken;
	char words[PACKED_MAX];
	size_t count;

	ev->now_ms = n->now_ms = clock_boot_ms();
	ev->now_unix_ms = node_unix_ms(n);
	count = core_step(&n->core, ev, out);
	broken = core_check(&n->core, out, count);
	if (broken != NULL) {
		n->core.counter.check_failed++;
		log_line(&n->log, LOG_LEVEL_ERROR, "invariant %s; nothing is sent to AWS", packed_copy(words, sizeof(words), broken));
	}
	for (size_t i = 0; i < count; i++)
		if (broken == NULL || (out[i].type != ACT_AWS_STOP && out[i].type != ACT_AWS_UPDATE && out[i].type != ACT_AWS_DEPLOY))
			carry_out(n, &out[i]);
}

void node_view(struct node *n, struct view *v)
{
	struct ask q = { .what = ASK_COST };
	uint64_t pss = 0, disk = proc_disk_written_bytes();
	struct why why;

	if (proc_own_pss_bytes(&n->pss_fd, &pss, &why) == KERR_OK &&
	    asking_only(n, &q, &why) == KERR_OK) {
		pss += n->asking.answer.u.cost.pss_bytes;
		disk += n->asking.answer.u.cost.written_bytes;
	}
	if (pss > n->peak_pss_bytes)
		n->peak_pss_bytes = pss;
	*v = (struct view){
		.core = &n->core, .deployments = aws_table(&n->aws)->asked_unix_ms != 0 ? aws_table(&n->aws) : NULL, .version = KEDGE_VERSION,
		.daemon = true, .now_unix_ms = node_unix_ms(n), .pss_bytes = pss, .peak_pss_bytes = n->peak_pss_bytes,
		.data_budget_bytes = n->conf->data_budget_bytes,
		.disk_bytes_written = disk, .wakeups = n->loop.wakeups, .events_oversize = n->seam.oversize,
		.events_malformed = n->seam.malformed + n->seam.malformed_here, .log_lines_oversize = n->agent_log.oversize,
		.log_lines_lost = n->agent_log.lost, .answers_malformed = n->aws.malformed + n->introspection.malformed,
		.journal_bytes = n->journal.bytes, .journal_damaged = n->journal.scan.damaged,
		.journal_cut_bytes = n->journal.scan.tail_bytes, .actor = n->actor, .denied = n->aws.denied, .n_denied = DENIED_SLOTS,
		.keys_provider = credentials_source_name(n->keys.from), .keys_state = keys_state_name(n->keys.state),
		.keys_detail = n->keys.why.text, .keys_expiry_unix_s = n->keys.expiry_unix_s,
	};
	v->clock = (struct view_clock){ .state = wall_state_name(n->wall.state), .detail = n->wall.why.text, .floor_unix_s = n->wall.floor_unix_s };
	v->clock.heard = wall_clock_offset(n, &v->clock.offset_s);
	denied_view(n, v);
	traffic_view(n, v);
	tell_view(n, v);
	(void)str_cut(v->missing_part, sizeof(v->missing_part), slice_of(n->missing_part));
}
