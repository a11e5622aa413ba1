/* policy.h - what the operator allows, per service. Defaults are the contract's. */
#ifndef KEDGE_CORE_POLICY_H
#define KEDGE_CORE_POLICY_H

#include "agent/base/limits.h"
#include "agent/core/class.h"

enum rb_mode { MODE_OFF, MODE_SHADOW, MODE_MANUAL, MODE_AUTO, MODES };

#define HOLD_DOWN_AUTO UINT64_MAX

struct policy {
	enum rb_mode mode;
	uint32_t failures;               /* distinct tasks, or in-place restarts, of a repeating class */
	uint64_t window_ms;              /* 0: the deployment's whole life */
	uint64_t deadline_ms, pull_deadline_ms, early_exit_ms;
	uint64_t classes;                /* set of CLASS_BIT */
	bool quorum_auto;                /* false: this node decides alone */
	uint64_t hold_down_ms;           /* or HOLD_DOWN_AUTO */
	uint64_t expire_ms;
	uint32_t max_rollbacks_per_day;
	bool allow_update_service, probe;
	char site_registries[NAME_CAP];  /* hosts that are mirrors on this site, separated by blanks */
};

struct service_policy {
	char service[NAME_CAP];
	char family[NAME_CAP];           /* tasks of this family belong to the service; empty: not said */
	struct policy policy;
};

struct core_params {
	struct policy policy;            /* [policy]: for every service without a section of its own */
	uint32_t n_services;
	struct service_policy service[SERVICES_MAX];
	uint64_t heartbeat_ms;           /* between looks at a service that nothing happens to; 0: 60 min */
	uint32_t fleet;                  /* nodes of the account and region; 0: not known */
	uint64_t seed;                   /* of the hold-down's dice */
};

/* The contract's defaults (kedge.conf, [policy]). */
struct policy policy_default(void);
const char *rb_mode_name(enum rb_mode mode);
/* Of that service, or the one for all others. */
const struct policy *policy_for(const struct core_params *p, const char *service);
bool rb_mode_from(struct slice name, enum rb_mode *out);

#endif
