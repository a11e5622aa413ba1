/* The words for every closed list of the core; a list and its words cannot drift apart. */
#include "agent/core/action.h"
#include "agent/core/event.h"
#include "agent/core/policy.h"
#include "agent/core/questions.h"

#define WORDS(n) _Static_assert(sizeof(words) / sizeof(words[0]) == (n), "a word for each value")

const char *ev_name(enum ev_type type)
{
	static const char *const words[] = {
		"tick", "epoch", "source", "sync", "container", "image", "last-words", "target-image", "registry", "task", "pull", "change", "fact", "saved",
		"save-failed", "aws-task", "aws-list", "aws-deployment", "aws-revision", "aws-quorum", "aws-stopped",
		"aws-updated", "aws-service",
		"aws-failed", "operator", "restore",
	};
	WORDS(EV_TYPES);
	return words[type];
}

void text_definition(struct text *t, const char *family, uint32_t revision)
{
	text_s(t, family);
	text_c(t, ':');
	text_u64(t, revision);
}

const char *act_name(enum act_type type)
{
	static const char *const words[] = {
		"journal", "report", "note", "suspect", "inspect", "image", "last-words", "target-image", "registry", "probe", "aws-task", "aws-list",
		"aws-deployment", "aws-revision", "aws-quorum", "aws-stop", "aws-update", "aws-service",
		"aws-deploy", "deployed",
	};
	WORDS(ACT_TYPES);
	return words[type];
}

const char *deploy_end_name(enum deploy_end end)
{
	static const char *const words[] = { "accepted", "not-done", "refused", "denied" };

	WORDS(DEPLOY_ENDS);
	return words[end];
}

const char *source_name(enum source source)
{
	static const char *const words[] = { "engine", "ecs_agent_log", "introspection", "aws" };

	WORDS(SOURCES);
	return words[source];
}

const struct packed *core_shed_says(enum shed shed)
{
	static const struct packed *const words[] = {
		PACKED(""), PACKED("80 % of the day's data are used: service events and registries are not asked."),
		PACKED("90 % of the day's data are used: services at rest are asked about every 6 hours."),
		PACKED("The day's data are used up: deployments are followed every 10 minutes; only a rollback is not slowed down."),
	};
	WORDS(SHED_POLLS + 1);
	return words[shed];
}

const struct packed *beat_why_says(enum beat_why why)
{
	static const struct packed *const words[] = {
		PACKED(""), PACKED("So many nodes share the account's limits."),
			PACKED("AWS throttles this account; it falls back as its answers come."),
		PACKED("The day's data budget is nearly used up."),
	};
	WORDS(BEAT_WHYS);
	return words[why];
}

const char *source_state_name(enum source_state state)
{
	static const char *const words[] = {
		"unknown", "up", "absent", "refused", "denied", "unreachable", "broken",
	};
	WORDS(SOURCE_STATES);
	return words[state];
}

const char *fact_name(enum fact fact)
{
	static const char *const words[] = {
		"route", "dns", "clock", "credentials", "disk", "inodes", "memory", "registry",
		"reasons", "images-kept", "data-budget",
	};
	WORDS(FACTS);
	return words[fact];
}

static const char *const sd_words[] = {
	"", "PENDING", "IN_PROGRESS", "SUCCESSFUL", "STOPPED", "STOP_REQUESTED", "ROLLBACK_REQUESTED",
	"ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "OTHER",
};
_Static_assert(sizeof(sd_words) / sizeof(sd_words[0]) == SD_STATUSES, "a word for each value");

const char *sd_status_name(enum sd_status status) { return sd_words[status]; }

bool sd_status_from(struct slice word, enum sd_status *out)
{
	for (int i = SD_PENDING; i < SD_OTHER; i++)
		if (slice_is(word, sd_words[i])) {
			*out = (enum sd_status)i;
			return true;
		}
	*out = SD_OTHER;
	return false;
}

bool sd_ongoing(enum sd_status status)
{
	return status == SD_PENDING || status == SD_IN_PROGRESS || status == SD_STOP_REQUESTED ||
	       status == SD_ROLLBACK_REQUESTED || status == SD_ROLLBACK_IN_PROGRESS;
}

const char *aws_op_name(enum aws_op op)
{
	static const char *const words[] = {
		"ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeTasks",
		"ListTasks", "StopServiceDeployment", "UpdateService", "DescribeServices",
	};
	WORDS(AWS_OPS);
	return words[op];
}

const char *controller_name(enum controller controller)
{
	static const char *const words[] = { "", "ECS", "CODE_DEPLOY", "EXTERNAL", "OTHER" };

	WORDS(CONTROLLERS);
	return words[controller];
}

const char *aws_error_name(enum aws_error error)
{
	static const char *const words[] = {
		"unreachable", "throttled", "denied", "credentials", "clock", "conflict", "not-found", "unsupported",
		"invalid",
	};
	WORDS(AWS_ERRORS);
	return words[error];
}

const char *rec_kind_name(enum rec_kind kind)
{
	static const char *const words[] = { "failure", "rollback", "service", "release", "audit", "epoch" };

	WORDS(REC_KINDS);
	return words[kind];
}

static const char *const rb_words[] = {
	"none", "suspect", "decided", "awaiting-confirmation", "shadow", "queued-offline", "held", "quorum-wait",
	"breaker-wait", "acting", "watching", "rolled-back", "rollback-failed", "superseded", "adopted", "expired",
	"refused", "denied", "cancelled",
};
_Static_assert(sizeof(rb_words) / sizeof(rb_words[0]) == RB_STATES, "a word for each value");

const char *rb_state_name(enum rb_state state) { return rb_words[state]; }

bool rb_state_from(struct slice name, enum rb_state *out)
{
	for (int i = 0; i < RB_STATES; i++)
		if (slice_is(name, rb_words[i])) {
			*out = (enum rb_state)i;
			return true;
		}
	return false;
}

bool rb_open(enum rb_state state)
{
	switch (state) {
	case RB_DECIDED:
	case RB_AWAITING_CONFIRMATION:
	case RB_SHADOW:
	case RB_QUEUED_OFFLINE:
	case RB_HELD:
	case RB_QUORUM_WAIT:
	case RB_BREAKER_WAIT:
	case RB_ACTING:
	case RB_WATCHING:
	case RB_ADOPTED:
		return true;
	case RB_NONE:
	case RB_SUSPECT:
	case RB_ROLLED_BACK:
	case RB_ROLLBACK_FAILED:
	case RB_SUPERSEDED:
	case RB_EXPIRED:
	case RB_REFUSED:
	case RB_DENIED:
	case RB_CANCELLED:
	case RB_STATES:
		break;
	}
	return false;
}

const char *verified_name(enum verified v)
{
	switch (v) {
	case VERIFIED_HERE:
		return "here";
	case VERIFIED_ELSEWHERE:
		return "elsewhere";
	case VERIFIED_NO:
		return "no";
	case VERIFIED_UNKNOWN:
		break;
	}
	return NULL;
}

const char *fail_kind_name(enum fail_kind kind)
{
	static const char *const words[] = { "unknown", "service", "daemon", "standalone" };

	WORDS(FAIL_KINDS);
	return words[kind];
}

static const char *const mode_words[] = { "off", "shadow", "manual", "auto" };
_Static_assert(sizeof(mode_words) / sizeof(mode_words[0]) == MODES, "a word for each value");

const char *rb_mode_name(enum rb_mode mode) { return mode_words[mode]; }

bool rb_mode_from(struct slice name, enum rb_mode *out)
{
	for (int i = 0; i < MODES; i++)
		if (slice_is(name, mode_words[i])) {
			*out = (enum rb_mode)i;
			return true;
		}
	return false;
}

struct policy policy_default(void)
{
	return (struct policy){
		.mode = MODE_MANUAL,
		.failures = 3,
		.window_ms = 0,
		.deadline_ms = 10 * 60 * 1000,
		.pull_deadline_ms = 2 * 60 * 60 * 1000,
		.early_exit_ms = 60 * 1000,
		.classes = class_default_set(),
		.quorum_auto = true,
		.hold_down_ms = HOLD_DOWN_AUTO,
		.expire_ms = 24 * 60 * 60 * 1000,
		.max_rollbacks_per_day = 3,
	};
}

const struct policy *policy_for(const struct core_params *p, const char *service)
{
	for (uint32_t i = 0; service[0] != '\0' && i < p->n_services; i++)
		if (str_eq(p->service[i].service, service))
			return &p->service[i].policy;
	return &p->policy;
}
