/* agent/cmd/settled: when a deployment has come to its end on this node, and how. */
#include <stdlib.h>

#include "agent/cmd/settled.h"
#include "tests/tap.h"

static struct settled_wanted wanted;

static enum settled judge(const char *verdict, const char *rollout, const char *state, const char *policy, const char *primary)
{
	static char room[65536];
	char text[512];
	const cJSON *root = NULL;
	struct arena a;
	struct why why;

	snprintf(text, sizeof(text), "{\"deployment\":\"arn:new\",\"deployment_created_unix_s\":1000.5,\"family\":\"web\",\"revision\":12,\"verdict\":\"%s\",\"rollout\":%s%s%s,\"policy\":\"%s\","
		 "\"rollback\":{\"state\":\"%s\",\"target\":\"web:11\"}}", verdict, rollout == NULL ? "null" : "\"",
		 rollout == NULL ? "" : rollout, rollout == NULL ? "" : "\"", policy, state);
	arena_init(&a, room, sizeof(room));
	if (json_parse(&a, slice_of(text), &root, &why) != KERR_OK) {
		printf("Bail out! %s\n", why.text);
		exit(1);
	}
	(void)str_put(wanted.primary, sizeof(wanted.primary), slice_of(primary));
	return settled_of(root, &wanted);
}

int main(void)
{
	static const struct { const char *verdict, *rollout, *state, *policy; enum settled want; } row[] = {
		{ "ok", "SUCCESSFUL", "none", "manual", SETTLED_GOOD },
		{ "ok", NULL, "none", "manual", SETTLED_GOOD },
		{ "ok", "IN_PROGRESS", "none", "manual", SETTLED_NOT },
		{ "ok", "PENDING", "none", "manual", SETTLED_NOT },
		{ "ok", "STOP_REQUESTED", "none", "manual", SETTLED_NOT },
		{ "ok", "ROLLBACK_IN_PROGRESS", "none", "manual", SETTLED_NOT },
		{ "ok", "OTHER", "none", "manual", SETTLED_NOT },
		{ "ok", "STOPPED", "none", "manual", SETTLED_BAD },
		{ "ok", "ROLLBACK_SUCCESSFUL", "none", "manual", SETTLED_BAD },
		{ "ok", "ROLLBACK_FAILED", "none", "manual", SETTLED_BAD },
		{ "rolling", "SUCCESSFUL", "none", "manual", SETTLED_NOT },
		{ "unknown", "SUCCESSFUL", "none", "manual", SETTLED_NOT },
		{ "suspect", "IN_PROGRESS", "suspect", "manual", SETTLED_NOT },
		{ "stuck", "IN_PROGRESS", "none", "manual", SETTLED_BAD },
		{ "rolling-back", "IN_PROGRESS", "acting", "auto", SETTLED_NOT },
		{ "rolled-back", "ROLLBACK_SUCCESSFUL", "rolled-back", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "awaiting-confirmation", "manual", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "shadow", "shadow", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "refused", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "denied", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "rollback-failed", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "expired", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "cancelled", "auto", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "none", "off", SETTLED_BAD },
		{ "failing", "IN_PROGRESS", "none", "auto", SETTLED_NOT },
		{ "failing", "IN_PROGRESS", "decided", "auto", SETTLED_NOT },
		{ "failing", "IN_PROGRESS", "queued-offline", "auto", SETTLED_NOT },
		{ "failing", "IN_PROGRESS", "held", "auto", SETTLED_NOT },
		{ "failing", "IN_PROGRESS", "quorum-wait", "auto", SETTLED_NOT },
		{ "failing", "IN_PROGRESS", "superseded", "auto", SETTLED_NOT },
		{ "a verdict of a later kedge", "SUCCESSFUL", "none", "auto", SETTLED_NOT },
		{ "", "SUCCESSFUL", "none", "auto", SETTLED_NOT },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		is_int(judge(row[i].verdict, row[i].rollout, row[i].state, row[i].policy, ""), row[i].want, "%s, %s, %s, %s",
		       row[i].verdict, row[i].rollout == NULL ? "AWS not asked" : row[i].rollout, row[i].state, row[i].policy);
	is_int(settled_of(NULL, &wanted), SETTLED_NOT, "no row");
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:12"), SETTLED_GOOD, "AWS wants what the row is about");
	wanted.created_unix_ms = 1011000;
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:12"), SETTLED_NOT, "the same definition, deployed anew since");
	is_int(judge("stuck", "IN_PROGRESS", "none", "manual", "web:12"), SETTLED_BAD, "what is stuck is, whatever came after");
	wanted.created_unix_ms = 1009000;
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:12"), SETTLED_GOOD, "two times of one deployment may differ by seconds");
	(void)str_put(wanted.deployment, sizeof(wanted.deployment), SLICE("arn:new"));
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:13"), SETTLED_GOOD, "by its ARN: the row is about it");
	(void)str_put(wanted.deployment, sizeof(wanted.deployment), SLICE("arn:newer"));
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:12"), SETTLED_NOT, "... or not");
	wanted = (struct settled_wanted){ .created_unix_ms = 0 };
	is_int(judge("ok", "SUCCESSFUL", "none", "manual", "web:13"), SETTLED_NOT, "AWS wants what this node has not seen yet");
	is_int(judge("rolled-back", "ROLLBACK_SUCCESSFUL", "rolled-back", "auto", "web:11"), SETTLED_BAD, "it was hauled back to what AWS wants");
	is_int(judge("rolled-back", "ROLLBACK_SUCCESSFUL", "rolled-back", "auto", "web:13"), SETTLED_NOT, "the one after a rollback has not begun");
	is_int(judge("failing", "IN_PROGRESS", "denied", "auto", "web:12"), SETTLED_BAD, "a failing one that AWS wants");
	return done();
}
