/* The ECS agent's log: real lines of 1.105.1 against what an independent reading of them says, and constructed
 * lines of the eras whose agents could not be run. */
#include "agent/wire/agent_log.h"

#include "agent/wire/agent_reason.h"
#include "agent/wire/log_fields.h"
#include "tests/tap.h"
#include "tests/unit/capture.h"

#define ID "0123456789abcdef0123456789abcdef"
#define ARN "arn:aws:ecs:eu-west-1:111122223333:task/edge/" ID
#define HEAD "level=info time=2026-06-30T10:00:00Z "

static char scratch[AGENT_LINE_MAX];
static char told[64 * 1024];
static struct event ev;
static struct why why;
static struct agent_log agent;
static struct ev_change last_change;

static const char *const pull_words[] = { "started", "attempt-failed", "failed", "cached", "done" };
static const char *const status_words[] = { "unknown", "pending", "running", "stopped" };
static const char *const tri_words[] = { "unsaid", "extra", "essential" };
static const char *const link_words[] = { "", "LINK up", "LINK down", "LINK started" };

static void word(struct text *t, const char *s)
{
	text_c(t, ' ');
	text_s(t, s[0] == '\0' ? "-" : s);
}

static void put_pull(struct text *t, const struct ev_pull *p)
{
	text_s(t, "PULL");
	word(t, pull_words[p->what]);
	word(t, p->task);
	word(t, p->container);
	word(t, p->image);
	word(t, p->digest);
	word(t, p->class == CLASS_NONE ? "none" : class_name(p->class));
	if (p->reason[0] != '\0')
		word(t, p->reason);
}

static void put_change(struct text *t, const struct ev_change *c)
{
	text_s(t, "CHANGE");
	word(t, c->task);
	word(t, status_words[c->task_status]);
	word(t, c->container);
	word(t, status_words[c->status]);
	word(t, tri_words[c->essential]);
	text_c(t, ' ');
	if (c->has_exit)
		text_i64(t, c->exit_code);
	else
		text_c(t, '-');
	word(t, stage_name(c->stage));
	word(t, c->class == CLASS_NONE ? "none" : class_name(c->class));
	word(t, c->runtime_id);
	if (c->reason[0] != '\0')
		word(t, c->reason);
}

/* One event, as one line of text. */
static void put(void *arg, const struct event *e)
{
	struct text *t = arg;

	if (e->type == EV_PULL) {
		put_pull(t, &e->u.pull);
	} else if (e->type == EV_CHANGE) {
		put_change(t, &e->u.change);
		last_change = e->u.change;
	} else if (e->type == EV_TASK) {
		text_s(t, e->u.task.what == T_PLACED ? "TASK placed" : e->u.task.what == T_STOP_ORDER ? "TASK stop" : "TASK ?");
		word(t, e->u.task.task);
		text_c(t, ' ');
		text_u64(t, e->u.task.revision);
	} else {
		text_s(t, "?");
	}
	text_c(t, '\n');
}

static enum kerr feed(struct slice line, struct text *t)
{
	const struct ev_out out = { &ev, put, t };
	enum agent_log_link link;
	enum kerr err = agent_log_line(&agent, line, &out, &link, &why);

	if (link != AGENT_LINK_NONE) {
		text_s(t, link_words[link]);
		text_c(t, '\n');
	}
	return err;
}

static void is_told(const char *line, const char *want)
{
	struct text t = text_on(told, sizeof(told));
	enum kerr err = feed(slice_of(line), &t);

	ok(err == KERR_OK, "%.100s: %s", line, err == KERR_OK ? "read" : why.text);
	is_str(told, want, "tells this");
}

static void refused(const char *line, enum kerr want)
{
	struct text t = text_on(told, sizeof(told));
	enum kerr err = feed(slice_of(line), &t);

	ok(err == want && t.len == 0, "%.80s: %s: %s", line, kerr_name(err), err == KERR_OK ? "" : why.text);
}

static void real_log(void)
{
	struct slice rest = capture("agent-1.105.1.log"), want = capture("agent-1.105.1.want"), line, want_line;
	size_t lines = 0, events = 0;

	while (slice_next(&rest, '\n', &line)) {
		struct text t = text_on(told, sizeof(told));
		enum kerr err = feed(line, &t);
		struct slice got = text_get(&t), got_line;

		lines++;
		if (err != KERR_OK)
			ok(false, "line %zu: %s", lines, why.text);
		while (slice_next(&got, '\n', &got_line)) {
			bool same = slice_next(&want, '\n', &want_line) && slice_eq(got_line, want_line);

			events++;
			ok(same, "%.*s", (int)(got_line.n < 150 ? got_line.n : 150), got_line.p);
			if (!same)
				printf("#  want %.*s\n", (int)want_line.n, want_line.p);
		}
	}
	ok(want.n == 0 && lines == 306 && events == 194, "all of it: %zu lines, %zu events", lines, events);
	ok(agent.bad == 0 && agent.dropped == 0, "nothing refused");
}

static void era_a(void)
{
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: pulling image r/a:1 for container c concurrently\" module=x.go",
		"PULL started " ARN " c r/a:1 - none\n");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: finished pulling image r/a:1 for container c in 1.2s\" module=x.go",
		"PULL done " ARN " c r/a:1 - none\n");
	is_told("level=error time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: failed to pull image r/a:1 for container c: Error response from daemon: "
		"manifest for r/a:1 not found: manifest unknown: manifest unknown\" module=x.go",
		"PULL failed " ARN " c r/a:1 - image-not-found Error response from daemon: manifest for r/a:1 not found: manifest unknown: manifest unknown\n");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: error transitioning container [c (Runtime ID: )] to [PULLED]: denied\" module=x.go",
		"PULL failed " ARN " c - - registry-auth denied\n");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: error transitioning container [c (Runtime ID: ab)] to [RUNNING]: x\" module=x.go", "");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Task engine [" ARN "]: found cached image r/a:1, use it directly for container c\" module=x.go",
		"PULL cached " ARN " c r/a:1 - none\n");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"Managed task [" ARN "]: new acs transition to: STOPPED; sequence number: 7; task stop sequence "
		"number: 0\" module=task_manager.go", "TASK stop " ARN " 0\n");
	is_told("level=info time=2021-06-30T10:00:00Z msg=\"TaskHandler: Sending task change: TaskChange: [" ARN " -> STOPPED, Known Sent: NONE, "
		"PullStartedAt: 2021-06-30 10:00:00.1 +0000 UTC m=+1.2, PullStoppedAt: x, ExecutionStoppedAt: y, container change: " ARN " c -> STOPPED, Exit 1, "
		", Reason CannotStartContainerError: Error response from daemon: oci: exec: \\\"x\\\": executable file not found in $PATH, Ports [{80 0 tcp}], Known "
		"Sent: NONE, container change: " ARN " side -> STOPPED, Exit -1, , Known Sent: RUNNING] sent: false\" module=task_handler.go",
		"CHANGE " ARN " stopped c stopped unsaid 1 start exec-not-found - CannotStartContainerError: Error response from daemon: oci: exec: \"x\": "
		"executable file not found in $PATH\n"
		"CHANGE " ARN " stopped side stopped unsaid -1 run none -\n");
}

/* What else each era writes another way, each as found in a log or in the source of that time. */
static void eras(void)
{
	/* 2020: no "container change: " before a container */
	is_told("level=info time=2020-08-21T04:55:04Z msg=\"TaskHandler: Sending task change: TaskChange: [" ARN " -> STOPPED, Known Sent: NONE, PullStartedAt: "
		"2020-08-21 04:40:58.49 +0000 UTC m=+1468.46, PullStoppedAt: 2020-08-21 04:41:08.1 +0000 UTC m=+1478.07, ExecutionStoppedAt: 2020-08-21 04:55:03.67 "
		"+0000 UTC m=+2313.64, " ARN " nginx -> STOPPED, Known Sent: NONE, " ARN " server -> STOPPED, Exit 0, , Known Sent: RUNNING, " ARN " w -> STOPPED, Reason "
		"CannotPullContainerError: denied: see arn:x, arn:aws:x:task/y z, Known Sent: NONE] sent: false\" module=task_handler_types.go",
		"CHANGE " ARN " stopped nginx stopped unsaid - run none -\n"
		"CHANGE " ARN " stopped server stopped unsaid 0 run none -\n"
		"CHANGE " ARN " stopped w stopped unsaid - pull registry-auth - CannotPullContainerError: denied: see arn:x, arn:aws:x:task/y z\n");
	is_told("level=info time=2019-12-12T23:43:29Z msg=\"Amazon ECS agent Version: 1.36.0, Commit: ca640387\" module=agent.go", "LINK started\n");
	is_told("level=error time=2021-06-30T10:00:00Z msg=\"Error connecting to ACS: dial tcp: i/o timeout\" module=acs_handler.go", "LINK down\n");
	is_told("{\"level\":\"info\",\"time\":\"2021-06-30T10:00:00Z\",\"msg\":\"TaskHandler: Sending task change: TaskChange: [" ARN " -\\u003e STOPPED, Known Sent: NONE, "
		"container change: " ARN " c -\\u003e STOPPED, Exit 1, , Known Sent: RUNNING] sent: false\",\"module\":\"task_handler_types.go\"}",
		"CHANGE " ARN " stopped c stopped unsaid 1 run none -\n");
	/* until 1.71.0 only the resource's own line says why the task ends */
	is_told("level=info time=2020-06-26T00:59:46Z msg=\"Managed task [" ARN "]: error transitioning resource [ssmsecret] to [CREATED]: fetching secret data from SSM "
		"Parameter Store in us-west-2: invalid parameters: /x\" module=task_manager.go", "");
	is_told("level=info time=2020-06-26T00:59:46Z msg=\"TaskHandler: Sending task change: TaskChange: [" ARN " -> STOPPED, Known Sent: NONE, container change: " ARN
		" c -> STOPPED, Known Sent: NONE] sent: false\" module=task_handler_types.go",
		"CHANGE " ARN " stopped c stopped unsaid - create secret-unavailable - fetching secret data from SSM Parameter Store in us-west-2: invalid parameters: /x\n");
	is_told(HEAD "msg=\"Error transitioning resource\" task=\"" ID "\" resource=\"cgroup\" status=\"CREATED\" error=\"cgroup resource: unable to create cgroup\"", "");
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [" ARN " -> STOPPED, Known Sent: NONE, container change: " ARN " c -> STOPPED, "
		"Known Sent: NONE, container change: " ARN " d -> STOPPED, Exit 1, , Known Sent: NONE] sent: false\"",
		"CHANGE " ARN " stopped c stopped unsaid - create cgroup - cgroup resource: unable to create cgroup\n"
		"CHANGE " ARN " stopped d stopped unsaid 1 run none -\n");
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [" ARN "0 -> STOPPED, Known Sent: NONE, container change: " ARN "0 c -> STOPPED, "
		"Known Sent: NONE] sent: false\"", "CHANGE " ARN "0 stopped c stopped unsaid - run none -\n");
	/* from 1.71.1 on, a container by itself */
	is_told(HEAD "msg=\"Sending state change to ECS\" reason=\"CannotStartContainerError: x\" eventType=\"ContainerStateChange\" portBindings=[] taskArn=\"" ARN "\" "
		"containerStatus=\"STOPPED\" exitCode=\"127\" containerName=\"c\"",
		"CHANGE " ARN " unknown c stopped unsaid 127 start start-unknown - CannotStartContainerError: x\n");
	refused(HEAD "msg=\"Sending state change to ECS\" eventType=\"ContainerStateChange\" taskArn=\"" ARN "\" containerStatus=\"STOPPED\" exitCode=\"x\" containerName=\"c\"",
		KERR_BAD_INPUT);
	refused(HEAD "msg=\"Sending state change to ECS\" eventType=\"ContainerStateChange\" taskArn=\"" ARN "\" containerStatus=\"STOPPED\"", KERR_BAD_INPUT);
	/* changes of other things are not ours */
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"AttachmentStateChange\" attachmentArn=\"x\"", "");
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"TaskStateChange\" taskArn=\"" ARN "\" taskStatus=\"MANIFEST_PULLED\" taskReason=\"\" managedAgentChange-0="
		"\"containerName=c managedAgentName=ExecuteCommandAgent managedAgentStatus=STOPPED managedAgentReason=x\" containerChange-0=\"containerName=c "
		"containerStatus=MANIFEST_PULLED containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\"",
		"CHANGE " ARN " pending c pending essential - run none -\n");
}

static void era_b(void)
{
	is_told("level=info time=2023-03-13T15:08:12Z msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [" ARN " -> STOPPED, Known "
		"Sent: NONE, PullStartedAt: 2023-03-13 15:08:12.427 +0000 UTC m=+128790.6, PullStoppedAt: x, ExecutionStoppedAt: y, container change: " ARN " app -> "
		"STOPPED, Reason CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::8:assumed-role/r/8 is not authorized to perform: "
		"ecr:GetAuthorizationToken on resource: *\\n\\tstatus code: 400, request id: 3d, Known Sent: NONE] sent: false\"",
		"CHANGE " ARN " stopped app stopped unsaid - pull registry-auth - CannotPullECRContainerError: AccessDeniedException: User: arn:aws:sts::8:"
		"assumed-role/r/8 is not authorized to perform: ecr:GetAuthorizationToken on resource: *  status code: 400, request id: 3d\n");
	/* JSON: the arrow's > is written as \u003e */
	is_told("{\"eventData\":\"TaskChange: [" ARN " -\\u003e RUNNING, Known Sent: NONE, container change: " ARN " app -\\u003e RUNNING, Known Sent: CREATED] "
		"sent: false\",\"eventType\":\"task\",\"level\":\"info\",\"msg\":\"Sending state change to ECS\",\"time\":\"2023-03-13T15:08:12Z\"}",
		"CHANGE " ARN " running app running unsaid - run none -\n");
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [" ARN " -> STOPPED, Known Sent: NONE] sent: false\"",
		"CHANGE " ARN " stopped - unknown unsaid - run none -\n");
	refused(HEAD "msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [" ARN " -> STOPPED, Known\"", KERR_BAD_INPUT);
	refused(HEAD "msg=\"Sending state change to ECS\" eventType=\"task\" eventData=\"TaskChange: [ " ARN " -> STOPPED, Known Sent: NONE] sent: false\"",
		KERR_BAD_INPUT);
	is_told(HEAD "msg=\"Sending state change to ECS\" eventType=\"container\" eventData=\"ContainerChange: [" ARN " c -> STOPPED, "
		"Exit 1, , Known Sent: NONE] sent: false\"", "CHANGE " ARN " unknown c stopped unsaid 1 run none -\n");
}

#define FLAT HEAD "msg=\"Sending state change to ECS\" eventType=\"TaskStateChange\" taskArn=\"" ARN "\" taskStatus=\"STOPPED\" "

static void era_c(void)
{
	is_told(FLAT "taskReason=\"\" containerChange-0=\"containerName=app containerStatus=STOPPED containerExitCode=1 containerReason=CannotPullContainerError: "
		"odd containerPortBindings=[x containerKnownSentStatus=y text: denied: z containerPortBindings=[{ContainerPort:80}] containerKnownSentStatus=NONE "
		"containerRuntimeID=ab12 containerIsEssential=false\"",
		"CHANGE " ARN " stopped app stopped extra 1 pull registry-auth ab12 CannotPullContainerError: odd containerPortBindings=[x "
		"containerKnownSentStatus=y text: denied: z\n");
	is_told(FLAT "taskReason=\"CgroupError: Agent could not create task's platform resources\" containerChange-0=\"containerName=app containerStatus=STOPPED "
		"containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\"",
		"CHANGE " ARN " stopped app stopped essential - create cgroup - CgroupError: Agent could not create task's platform resources\n");
	is_told(FLAT "taskReason=\"Fetching secret data from SSM Parameter Store in eu-west-1: AccessDenied\"",
		"CHANGE " ARN " stopped - unknown unsaid - create secret-unavailable - Fetching secret data from SSM Parameter Store in eu-west-1: AccessDenied\n");
	is_told(FLAT "taskReason=\"\" containerChange-0=\"containerName=app containerStatus=STOPPED containerReason=TaskStoppedBeforePullBeginError: Task stopped "
		"before image pull could begin for task: " ARN " containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\"",
		"CHANGE " ARN " stopped app stopped essential - pull none - TaskStoppedBeforePullBeginError: Task stopped before image pull could begin for "
		"task: " ARN "\n");
	is_told("{\"containerChange-0\":\"containerName=app containerStatus=STOPPED containerReason=CannotStartContainerError: exec: \\\"/x\\\": permission denied "
		"\\u003c\\u00e9\\u003e containerKnownSentStatus=NONE containerRuntimeID=ab containerIsEssential=true\",\"eventType\":\"TaskStateChange\",\"level\":\"info\","
		"\"msg\":\"Sending state change to ECS\",\"n\":{\"a\":[1,\"}\"]},\"taskArn\":\"" ARN "\",\"taskReason\":\"\",\"taskStatus\":\"STOPPED\","
		"\"time\":\"2026-06-30T10:00:00Z\"}",
		"CHANGE " ARN " stopped app stopped essential - start exec-denied ab CannotStartContainerError: exec: \"/x\": permission denied <\xc3\xa9>\n");
	is_int(last_change.time_unix_ms, INT64_C(1782813600000), "with the line's time");
	refused(FLAT "containerChange-0=\"containerName=app containerStatus=STOPPED\"", KERR_BAD_INPUT);
	refused(FLAT "containerChange-0=\"containerName=app containerStatus=STOPPED containerExitCode=x containerKnownSentStatus=NONE containerRuntimeID=\"", KERR_BAD_INPUT);
	refused(HEAD "msg=\"Sending state change to ECS\" taskStatus=\"STOPPED\"", KERR_BAD_INPUT);
}

/* One bad container does not hide its sibling. */
static void half_bad(void)
{
	struct text t = text_on(told, sizeof(told));

	ok(feed(SLICE(FLAT "containerChange-0=\"garbage\" containerChange-1=\"containerName=b containerStatus=STOPPED containerExitCode=2 "
		      "containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\""), &t) == KERR_BAD_INPUT, "a bad container: %s", why.text);
	is_str(told, "CHANGE " ARN " stopped b stopped essential 2 run none -\n", "its sibling is told");
}

static void others(void)
{
	is_told(HEAD "msg=\"Error transitioning container\" nextState=\"PULLED\" task=\"" ID "\" container=\"c\" error=\"engine ecr credentials: not found\"",
		"PULL failed " ID " c - - registry-auth engine ecr credentials: not found\n");
	is_told(HEAD "msg=\"Error transitioning container\" nextState=\"PULLED\" task=\"" ID "\" container=\"c\" error=\"Task stopped before image pull could begin for "
		"task: " ARN "\"", "");
	is_told(HEAD "msg=\"Error while pulling image or its manifest; moving task to STOPPED\" status=\"MANIFEST_PULLED\" task=\"" ID "\" image=\"r/a:1\" "
		"container=\"c\" error=\"toomanyrequests: slow down\"", "PULL failed " ID " c r/a:1 - registry-throttled toomanyrequests: slow down\n");
	is_told(HEAD "msg=\"Error while pulling image or its manifest; will try to run anyway\" task=\"" ID "\" error=\"x\"", "");
	is_told(HEAD "msg=\"Found cached image, use it directly for container\" task=\"" ID "\" container=\"c\" image=\"r/a:1\"", "PULL cached " ID " c r/a:1 - none\n");
	is_told("level=error time=2026-06-30T10:00:00Z msg=\"DockerGoClient: failed to pull image r:5000/a:1: [CannotPullContainerError] Error response from daemon: "
		"Get \\\"https://r:5000/v2/\\\": dial tcp: lookup r on 1.1.1.1:53: no such host\" module=docker_client.go",
		"PULL attempt-failed - - r:5000/a:1 - registry-dns Error response from daemon: Get \"https://r:5000/v2/\": dial tcp: lookup r on 1.1.1.1:53: no such host\n");
	is_told(HEAD "msg=\"Received task payload from ACS\" taskVersion=\"7\" taskARN=\"" ARN "\" desiredStatus=\"RUNNING\"", "TASK placed " ARN " 7\n");
	refused(HEAD "msg=\"Received task payload from ACS\" taskVersion=\"7\" desiredStatus=\"RUNNING\"", KERR_BAD_INPUT);
	is_told(HEAD "msg=\"ACS WebSocket connection closed for a valid reason\" x=1", "");
	is_told("level=warn time=2026-06-30T10:00:00Z msg=\"ACS WebSocket connection closed\" error=\"EOF\"", "LINK down\n");
	is_told(HEAD "msg=\"Connected to ACS endpoint\" lastConnectedTime=2026-06-30 17:02:14.1 +0000 UTC m=+3.4 containerInstanceARN=\"a\"", "LINK up\n");
	is_told("level=error time=2026-06-30T10:00:00Z msg=\"Docker events stream closed with error: x\"", "");
	refused("not a log line that says failed to pull image at all", KERR_BAD_INPUT);
}

static void fields(void)
{
	struct log_fields f;

	ok(log_fields_parse(&f, SLICE("a=\"q\\\"\\\\\\n\\x41\\u20ac\\U0001F600\\a\" b=[{1 2} c:3] d= e=\"\" f=2026-06-30 17:02 +0000 m=+3.4"), scratch, sizeof(scratch), &why) ==
	   KERR_OK, "all kinds of values");
	ok(slice_is(log_fields_get(&f, "a"), "q\"\\\nA\xe2\x82\xac\xf0\x9f\x98\x80\a"), "escapes of Go");
	ok(slice_is(log_fields_get(&f, "b"), "[{1 2} c:3]"), "blanks in a bare value");
	ok(slice_is(log_fields_get(&f, "d"), "") && log_fields_get(&f, "d").p != NULL && slice_is(log_fields_get(&f, "e"), ""), "empty ones");
	ok(slice_is(log_fields_get(&f, "f"), "2026-06-30 17:02 +0000"), "a time");
	ok(log_fields_get(&f, "g").p == NULL, "one that is not there");
	ok(log_fields_parse(&f, SLICE("{\"a\":\"\\ud83d\\ude00\\ud83dx\\/\",\"b\" : -1.5 , \"c\":null}"), scratch, sizeof(scratch), &why) == KERR_OK, "JSON");
	ok(slice_is(log_fields_get(&f, "a"), "\xf0\x9f\x98\x80\xef\xbf\xbdx/") && slice_is(log_fields_get(&f, "b"), "-1.5"), "surrogates, numbers");
	ok(log_fields_parse(&f, SLICE("a=\"x\\u12\""), scratch, sizeof(scratch), &why) == KERR_BAD_INPUT, "a broken escape: %s", why.text);
	ok(log_fields_parse(&f, SLICE("a=\"xyz\\n\""), scratch, 4, &why) == KERR_TOO_BIG, "no room to decode: %s", why.text);
	ok(log_fields_parse(&f, SLICE("{\"a\":1"), scratch, sizeof(scratch), &why) == KERR_BAD_INPUT, "cut off: %s", why.text);
	ok(log_fields_parse(&f, SLICE("{\"a\":1} x"), scratch, sizeof(scratch), &why) == KERR_BAD_INPUT, "something behind: %s", why.text);
	ok(log_fields_parse(&f, SLICE("{}"), scratch, sizeof(scratch), &why) == KERR_BAD_INPUT, "nothing in it");
}

static void is_reason(const char *reason, enum stage stage, enum class class)
{
	struct agent_reason r = agent_reason_of(slice_of(reason));

	ok(r.stage == stage && r.class == class, "%.70s", reason);
	if (r.stage != stage || r.class != class)
		printf("#   got %s %s\n", stage_name(r.stage), class_name(r.class));
}

static void reasons(void)
{
	is_reason("", STAGE_RUN, CLASS_NONE);
	is_reason("OutOfMemoryError: Container killed due to memory usage", STAGE_RUN, CLASS_OOM);
	is_reason("DockerTimeoutError: Could not transition to pulled; timed out after waiting 2h0m0s", STAGE_PULL, CLASS_PULL_TIMEOUT);
	is_reason("DockerTimeoutError: Could not transition to MANIFEST_PULLED; timed out after waiting 1m0s", STAGE_PULL, CLASS_PULL_TIMEOUT);
	is_reason("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s", STAGE_CREATE, CLASS_START_TIMEOUT);
	is_reason("DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s", STAGE_START, CLASS_START_TIMEOUT);
	is_reason("DockerTimeoutError: Could not transition to stopped; timed out after waiting 30s", STAGE_RUN, CLASS_NONE);
	is_reason("CannotPullContainerAuthError: engine docker private registry credentials: not found", STAGE_PULL, CLASS_REGISTRY_AUTH);
	is_reason("CannotCreateContainerError: Error response from daemon: Conflict. The container name \"/x\" is already in use", STAGE_CREATE, CLASS_NAME_CONFLICT);
	is_reason("CannotCreateContainerError: Error response from daemon: No such image: r/a:1", STAGE_CREATE, CLASS_IMAGE_NOT_FOUND);
	is_reason("CannotStartContainerError: something new", STAGE_START, CLASS_START_UNKNOWN);
	is_reason("ResourceInitializationError: resource cannot be initialized for task x: fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: /y", STAGE_CREATE, CLASS_SECRET_UNAVAILABLE);
	is_reason("ResourceInitializationError: something new", STAGE_CREATE, CLASS_CREATE_FAILED);
	is_reason("VolumeError: Agent could not create task's volume resources", STAGE_CREATE, CLASS_MOUNT_FAILED);
	is_reason("NewErrorOfTomorrow: x", STAGE_RUN, CLASS_NONE);
	is_reason("CannotPullContainerError: ", STAGE_PULL, CLASS_PULL_UNKNOWN);
	is_reason("CannotPullContainerError:x", STAGE_RUN, CLASS_NONE);
	is_reason("Could not transition to pulled; timed out after waiting 2h0m0s", STAGE_PULL, CLASS_PULL_TIMEOUT);
}

/* Broken, cut off and huge lines: refused or of no interest, nothing read past, nothing told that was not there. */
static void hostile(void)
{
	static char big[1024 * 1024];
	static char copy[4096];
	struct slice rest = capture("agent-1.105.1.log"), line;
	size_t refusals = 0;

	while (slice_next(&rest, '\n', &line)) {
		for (size_t n = 0; n < line.n; n += 1 + line.n / 97) {
			struct text t = text_on(told, sizeof(told));

			refusals += feed(slice_to(line, n), &t) != KERR_OK;
		}
		for (size_t i = 0; i < line.n && line.n <= sizeof(copy); i += 1 + line.n / 97) {
			struct text t = text_on(told, sizeof(told));

			memcpy(copy, line.p, line.n);
			copy[i] = (char)(i * 7 + line.n);
			refusals += feed((struct slice){ copy, line.n }, &t) != KERR_OK;
		}
	}
	ok(refusals > 100, "lines cut off or changed: %zu refused", refusals);
	memset(big, 'a', sizeof(big));
	memcpy(big, FLAT "taskReason=\"\\n", sizeof(FLAT "taskReason=\"\\n") - 1);
	big[sizeof(big) - 1] = '"';
	ok(feed((struct slice){ big, sizeof(big) }, &(struct text){ told, sizeof(told), 0, false }) == KERR_TOO_BIG, "1 MB in one value: %s", why.text);
	memset(big, ' ', sizeof(big));
	memcpy(big, "{\"msg\":\"failed to pull image\"", 29);
	ok(feed((struct slice){ big, sizeof(big) }, &(struct text){ told, sizeof(told), 0, false }) == KERR_BAD_INPUT, "1 MB of nothing: %s", why.text);
}

static void long_reason(void)
{
	static char line[8192];
	struct text t = text_on(line, sizeof(line)), o = text_on(told, sizeof(told));

	text_s(&t, FLAT "containerChange-0=\"containerName=app containerStatus=STOPPED containerReason=CannotPullContainerError: denied: ");
	for (int i = 0; i < 300; i++)
		text_s(&t, "reason ");
	text_s(&t, "containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\"");
	ok(feed(text_get(&t), &o) == KERR_OK && last_change.cut && strlen(last_change.reason) == REASON_CAP - 1, "a long reason is cut and marked");
	t = text_on(line, sizeof(line));
	text_s(&t, FLAT "containerChange-0=\"containerName=");
	for (int i = 0; i < NAME_CAP; i++)
		text_c(&t, 'n');
	text_s(&t, " containerStatus=STOPPED containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true\"");
	o = text_on(told, sizeof(told));
	agent.dropped = 0;
	ok(feed(text_get(&t), &o) == KERR_TOO_BIG && o.len == 0 && agent.dropped == 1, "a name too long is refused, counted: %s", why.text);
}

int main(void)
{
	size_t n;

	agent_log_init(&agent, scratch, sizeof(scratch));
	ok(agent_log_needles(&n) != NULL && n <= AGENT_LOG_NEEDLES_MAX, "%zu needles", n);
	real_log();
	era_a();
	eras();
	era_b();
	era_c();
	half_bad();
	others();
	fields();
	reasons();
	long_reason();
	hostile();
	return done();
}
