/* record.h - what outlives a restart. The newest record of a key (kind and id, or service) wins. */
#ifndef KEDGE_CORE_RECORD_H
#define KEDGE_CORE_RECORD_H

#include "agent/core/failure.h"
#include "agent/core/intent.h"

/* What is known of a service without AWS: so that an offline reboot still shows it. */
struct service_memory {
	char name[NAME_CAP], deployment[ARN_CAP];
	uint8_t n_families;
	char family[SERVICE_FAMILIES][NAME_CAP];
	uint8_t status;                  /* enum sd_status of `deployment` when last asked */
	int64_t asked_unix_ms, hold_until_unix_ms;
	uint32_t shadow_right, shadow_wrong; /* what `shadow` would have done, and what then proved of it */
};

/* A release that proved good or bad here; bad ones are remembered across reboots. */
struct release_memory {
	char service[NAME_CAP], deployment[ARN_CAP], family[NAME_CAP];
	char container[NAME_CAP], digest[DIGEST_CAP], image_id[DIGEST_CAP]; /* of its first container with a known image */
	uint32_t revision, starts;
	bool good, bad, accepted;        /* accepted: AWS took a rollback of ours for `deployment` */
	bool tried;                      /* a stop was sent for it, and no answer came */
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

/* "family:revision", as AWS and people write a task definition. */
void text_definition(struct text *t, const char *family, uint32_t revision);

const char *rec_kind_name(enum rec_kind kind);

#endif
