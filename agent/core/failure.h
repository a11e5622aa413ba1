/* failure.h - a failure as users see it, and as the journal keeps it. */
#ifndef KEDGE_CORE_FAILURE_H
#define KEDGE_CORE_FAILURE_H

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
	bool unseen;                     /* nobody saw it end: whether somebody asked it to is not known */
	bool over;                       /* a state of the node that has ended; at last_unix_ms */
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

const char *fail_kind_name(enum fail_kind kind);

#endif
