/* record.h - what outlives a restart. The newest record of a key (kind and id, or service) wins. */
#ifndef KEDGE_CORE_RECORD_H
#define KEDGE_CORE_RECORD_H

#include "agent/base/limits.h"
#include "agent/core/class.h"

enum fail_kind { FK_UNKNOWN, FK_SERVICE, FK_DAEMON, FK_STANDALONE, FAIL_KINDS };

/* A failure as users see it (contract, "failure"). Reported once per (task, container, class). */
struct failure {
	uint32_t id;                     /* shown as f<id>; never used twice on a node */
	uint32_t epoch;                  /* epochs are counted over the journal's life */
	enum fail_kind kind;
	char service[NAME_CAP];          /* empty: not known, or not of a service */
	char cluster[NAME_CAP], family[NAME_CAP], task[ARN_CAP], container[NAME_CAP];
	char deployment[ARN_CAP];        /* service-deployment ARN, empty until AWS said it */
	char started_by[STARTED_BY_CAP];
	uint32_t revision;
	int8_t essential;                /* enum tri */
	bool counted, has_exit, reason_cut;
	bool link_bad;                   /* WAN, DNS or route was down, or the clock unset, when it was seen */
	int32_t exit_code;
	char image[IMAGE_CAP], digest[DIGEST_CAP];
	enum stage stage;
	enum class class;
	enum blame blame;
	char reason[REASON_CAP];         /* verbatim */
	uint32_t count;                  /* how often the sources repeated it, in-place restarts included */
	int64_t first_unix_ms, last_unix_ms;
	uint8_t n_evidence;
	char evidence[EVIDENCE_MAX][SENTENCE_CAP];
};

enum rb_state {
	RB_NONE, RB_SUSPECT, RB_DECIDED, RB_AWAITING_CONFIRMATION, RB_SHADOW, RB_QUEUED_OFFLINE, RB_HELD, RB_QUORUM_WAIT,
	RB_BREAKER_WAIT, RB_ACTING, RB_WATCHING, RB_ROLLED_BACK, RB_ROLLBACK_FAILED, RB_SUPERSEDED, RB_ADOPTED, RB_EXPIRED,
	RB_REFUSED, RB_DENIED, RB_CANCELLED, RB_STATES
};
enum verified { VERIFIED_UNKNOWN, VERIFIED_HERE, VERIFIED_ELSEWHERE, VERIFIED_NO };

/* The intent to haul one deployment back, from decision to verification. */
struct rollback {
	uint32_t id;                     /* shown as r<id> */
	uint32_t failure;                /* the failure that decided it; 0: a person asked */
	enum rb_state state;
	char service[NAME_CAP];
	char family[NAME_CAP];           /* of the failing release */
	uint32_t revision;
	char digest[DIGEST_CAP];         /* of its failing container, when known */
	char deployment[ARN_CAP];        /* the deployment to be stopped; the dedupe key; empty until AWS said it */
	char target_revision_arn[ARN_CAP]; /* the service revision AWS is expected to return to */
	char target_family[NAME_CAP];
	uint32_t target_revision;
	char target_digest[DIGEST_CAP];
	char reason[SENTENCE_CAP * 2];   /* why it is in this state, one or two sentences */
	bool confirmed, by_operator, accepted, link_bad;
	uint32_t uid;                    /* who confirmed, cancelled or asked */
	int64_t decided_unix_ms, expires_unix_ms, accepted_unix_ms, done_unix_ms, first_failure_unix_ms;
	enum verified verified;
};

/* What is known of a service without AWS: so that an offline reboot still shows it. */
struct service_memory {
	char name[NAME_CAP], deployment[ARN_CAP];
	uint8_t n_families;
	char family[SERVICE_FAMILIES][NAME_CAP];
	uint8_t status;                  /* enum sd_status of `deployment` when last asked */
	int64_t asked_unix_ms, hold_until_unix_ms;
};

/* A release that proved good or bad here; bad ones are remembered across reboots. */
struct release_memory {
	char service[NAME_CAP], deployment[ARN_CAP], family[NAME_CAP];
	char container[NAME_CAP], digest[DIGEST_CAP], image_id[DIGEST_CAP]; /* of its first container with a known image */
	uint32_t revision, starts;
	bool good, bad, accepted;        /* accepted: AWS took a rollback of ours for `deployment` */
	int64_t first_unix_ms, good_unix_ms;
};

/* What this node is made of. An empty member is "not known yet" and changes nothing. */
struct ev_epoch {
	char boot_id[40], engine_id[80], engine_version[48], agent_version[64];
	char cluster[NAME_CAP], container_instance[ARN_CAP], region[32], arch[16];
};

struct epoch_memory { uint32_t epoch; struct ev_epoch node; };

struct audit { uint32_t uid; char text[SENTENCE_CAP * 2]; };

enum rec_kind { REC_FAILURE, REC_ROLLBACK, REC_SERVICE, REC_RELEASE, REC_AUDIT, REC_EPOCH, REC_KINDS };

struct record {
	enum rec_kind kind;
	uint64_t seq;                    /* counted over the journal's life */
	int64_t unix_ms;
	union {
		struct failure failure;
		struct rollback rollback;
		struct service_memory service;
		struct release_memory release;
		struct audit audit;
		struct epoch_memory epoch;
	} u;
};

const char *rec_kind_name(enum rec_kind kind);
const char *rb_state_name(enum rb_state state);
bool rb_state_from(struct slice name, enum rb_state *out);
/* True while kedge still means to do or watch something for it. */
bool rb_open(enum rb_state state);
const char *verified_name(enum verified v);          /* "here" "elsewhere" "no"; NULL when unknown */
const char *fail_kind_name(enum fail_kind kind);

#endif
