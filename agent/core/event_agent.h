/* event_agent.h - what the ECS agent says, by its introspection port and its log. */
#ifndef KEDGE_CORE_EVENT_AGENT_H
#define KEDGE_CORE_EVENT_AGENT_H

#include "agent/base/limits.h"
#include "agent/core/class.h"
#include "agent/core/event_engine.h"

enum task_what {
	T_STATUS,           /* introspection: desired and known status */
	T_PLACED,           /* log: payload received, desired RUNNING */
	T_STOP_ORDER,       /* log: ECS asked to stop it */
	T_SERVICE,          /* task metadata or conf: it belongs to `service` */
	T_WHATS
};
enum task_status { TS_UNKNOWN, TS_PENDING, TS_RUNNING, TS_STOPPED };

struct ev_task {
	enum task_what what;
	char task[ARN_CAP], family[NAME_CAP], service[NAME_CAP]; /* family, service: empty = not said; T_PLACED from old agents may hold only the id in task */
	uint32_t revision;               /* 0 = not said */
	enum task_status desired, known;
	uint32_t containers, restarts;   /* T_STATUS: containers listed, the largest RestartCount */
	int64_t time_unix_ms;
};

enum pull_what { P_STARTED, P_ATTEMPT_FAILED, P_FAILED, P_CACHED, P_DONE, P_WHATS };
struct ev_pull {
	enum pull_what what;
	char task[ARN_CAP];              /* full ARN, or only the task id, or empty when only the image is known */
	char container[NAME_CAP], image[IMAGE_CAP], digest[DIGEST_CAP];
	enum class class;
	char reason[REASON_CAP];
	int64_t time_unix_ms;
};

struct ev_change {
	char task[ARN_CAP];
	enum task_status task_status;
	char container[NAME_CAP];
	enum task_status status;
	enum tri essential;
	bool has_exit, cut;              /* cut: the reason was longer than REASON_CAP */
	int32_t exit_code;
	enum stage stage;                /* read from the error's name; STAGE_RUN when there is none */
	enum class class;                /* CLASS_NONE when no reason was given */
	char reason[REASON_CAP];         /* task-level reason when the container has none */
	char runtime_id[DOCKER_ID_CAP];
	int64_t time_unix_ms;
};

#endif
