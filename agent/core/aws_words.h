/* aws_words.h - words of the ECS API that the judgement knows, and kedge's own for what a call meets. */
#ifndef KEDGE_CORE_AWS_WORDS_H
#define KEDGE_CORE_AWS_WORDS_H

#include "agent/base/str.h"

/* ServiceDeployment.status of the ECS API 2014-11-13; SD_OTHER is a word kedge does not know yet. */
enum sd_status {
	SD_NONE, SD_PENDING, SD_IN_PROGRESS, SD_SUCCESSFUL, SD_STOPPED, SD_STOP_REQUESTED, SD_ROLLBACK_REQUESTED,
	SD_ROLLBACK_IN_PROGRESS, SD_ROLLBACK_SUCCESSFUL, SD_ROLLBACK_FAILED, SD_OTHER, SD_STATUSES
};
enum cb_status { CB_NONE, CB_TRIGGERED, CB_MONITORING, CB_MONITORING_COMPLETE, CB_DISABLED };

/* deploymentController.type; CTL_OTHER is a word kedge does not know yet. */
enum controller { CTL_UNKNOWN, CTL_ECS, CTL_CODE_DEPLOY, CTL_EXTERNAL, CTL_OTHER, CONTROLLERS };

enum aws_op { OP_LIST, OP_DEPLOYMENT, OP_REVISION, OP_TASK, OP_QUORUM, OP_STOP, OP_UPDATE, OP_SERVICES, AWS_OPS };
enum aws_error {
	AE_UNREACHABLE,     /* no answer: DNS, connect, TLS, time-out, 5xx after the retries */
	AE_THROTTLED, AE_DENIED, AE_CREDENTIALS, AE_CLOCK, AE_CONFLICT, AE_NOT_FOUND, AE_UNSUPPORTED,
	AE_INVALID,         /* AWS did not like the request, or kedge the answer */
	AWS_ERRORS
};

const char *sd_status_name(enum sd_status status);   /* AWS's own word; "" for SD_NONE */
bool sd_status_from(struct slice word, enum sd_status *out);
bool sd_ongoing(enum sd_status status);
const char *aws_op_name(enum aws_op op);             /* AWS's action name, e.g. StopServiceDeployment */
const char *aws_error_name(enum aws_error error);
const char *controller_name(enum controller controller); /* AWS's own word; "" when not known */

#endif
