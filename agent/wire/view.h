/* view.h - the state of the core as the JSON objects of the contract: what every reading verb, the status
 * file, hooks and the page are made from. One writer, so that they cannot disagree. */
#ifndef KEDGE_WIRE_VIEW_H
#define KEDGE_WIRE_VIEW_H

#include "agent/base/err.h"
#include "agent/core/state.h"
#include "agent/wire/deployments_in.h"
#include "agent/wire/iam.h"

#define VIEW_MAX (256 * 1024)            /* bytes that hold any one view */
#define VIEW_PURPOSES 18

/* WAN bytes of today. */
struct view_purpose { const char *name; uint64_t up, down; };

/* What a channel of [report] has told since the start: sent and failed are tries, dropped: notices nobody
 * will hear of; well: the last try got through. */
struct view_channel { const char *name; bool well; uint64_t sent, failed, waiting, dropped; };
#define VIEW_CHANNELS 4

/* What the wall clock is worth. state NULL: nobody looked. offset_s: AWS's minus this node's, once heard. The time is
 * later than floor_unix_s. */
struct view_clock { const char *state, *detail; bool heard; int64_t offset_s, floor_unix_s; };

/* What the core does not know of the node; the daemon fills it, a verb without a daemon leaves it zero. */
struct view {
	const struct core *core;
	const struct dep_table *deployments;     /* NULL: never asked */
	const char *only;                        /* view_deployments: this service alone; NULL: all */
	const char *version;
	bool daemon;                             /* false: read from the journal, the daemon is not running */
	int64_t now_unix_ms;
	uint64_t pss_bytes, peak_pss_bytes, data_budget_bytes, disk_bytes_written, wakeups;
	struct view_purpose purpose[VIEW_PURPOSES];
	uint32_t purposes;                       /* 0: nobody counted */
	struct view_clock clock;
	struct view_channel channel[VIEW_CHANNELS];
	uint32_t channels;                       /* those that are set */
	uint64_t overhead_bytes;                 /* of TCP and IP, estimated, beside them */
	uint64_t events_oversize, events_malformed, log_lines_oversize, log_lines_lost, answers_malformed;
	uint64_t journal_bytes, journal_damaged, journal_cut_bytes;
	const char *keys_provider, *keys_state, *keys_detail;   /* of the AWS credentials; NULL: not known */
	int64_t keys_expiry_unix_s;              /* 0: not known */
	const struct iam_denied *denied;         /* n_denied of them, those without an action are none; NULL: not known */
	uint32_t n_denied;
	uint32_t allowed;                        /* bit i: iam_action(i) was seen to be allowed */
	bool keys_shared;                        /* the credentials are of the role that all ECS Anywhere nodes share */
	bool actor;                              /* a stop was accepted, or not refused, since the start */
	char missing_part[DETAIL_CAP];           /* what the kernel or the packaging lacks, or empty */
};

/* Each writes one whole object with its "schema"; KERR_TOO_BIG when out is full (it then holds a cut text). */
enum kerr view_status(const struct view *v, struct text *out) KERR_CHECK;
enum kerr view_failures(const struct view *v, struct text *out) KERR_CHECK;    /* newest first */
enum kerr view_services(const struct view *v, struct text *out) KERR_CHECK;
enum kerr view_deployments(const struct view *v, struct text *out) KERR_CHECK; /* founding case table, with its age */
enum kerr view_tasks(const struct view *v, struct text *out) KERR_CHECK;
enum kerr view_page(const struct view *v, struct text *out) KERR_CHECK;        /* no object: HTML of less than 24 KB */
extern const char view_page_script_hash[];                                     /* of the one script in it, as a policy names it */
enum kerr view_metrics(const struct view *v, struct text *out) KERR_CHECK;     /* no object: Prometheus text, of a daemon's view */
/* How the node fares, in one sentence of up to 1 KB. */
void view_summary(const struct core *c, struct text *out);
/* "kedge.online/1", and one service as it stands in `services`, without time or schema: for who keeps the last one. */
enum kerr view_online(const struct view *v, struct text *out) KERR_CHECK;
enum kerr view_one_service(const struct view *v, uint32_t service, struct text *out) KERR_CHECK;
/* id: f<n> or r<n>. KERR_GONE: there is none such; KERR_BAD_INPUT: not an id. */
enum kerr view_why(const struct view *v, struct slice id, struct text *out, struct why *why) KERR_CHECK;

#endif
