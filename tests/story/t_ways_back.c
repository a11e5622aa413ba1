/* Where a rollback leads, by which call, and every way it can end. */
#include "tests/story/world.h"
#include "tests/tap.h"

#include <string.h>

static struct world w;
static unsigned next_task;

static void begin(enum rb_mode mode)
{
	world_init(&w, mode);
	next_task = 2;
	world_good(&w, 1, "web", 11, "sha256:image11", "sha256:digest11");
	(void)world_trace(&w);
}

/* One occurrence is a verdict. */
static void bad_start(uint32_t revision)
{
	unsigned task = next_task++;

	world_place(&w, task, "web", revision);
	world_create(&w, task, "web", revision, "sha256:imagebad");
	world_run(&w, 100);
	world_start_failed(&w, task, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory");
	world_run(&w, 200);
	world_stopped(&w, task, STAGE_START, CLASS_EXEC_NOT_FOUND, "exec: \"/nosuch\": no such file or directory", -1);
	world_run(&w, 2000);
}

static void bad_release(enum rb_mode mode)
{
	begin(mode);
	world_deploy(&w, "web", 12, "sha256:digest12");
}

static const char *rb_id(void)
{
	static char id[16];

	snprintf(id, sizeof(id), "r%u", w.core.service[0].rb.id);
	return id;
}

static void ends(enum rb_state state, const char *name)
{
	is_str(rb_state_name(w.core.service[0].rb.state), rb_state_name(state), "%s", name);
	ok(w.broken == NULL, "... and no invariant is broken%s%s", w.broken ? ": " : "", w.broken ? w.broken : "");
}

static bool reason_says(const char *part)
{
	return strstr(w.core.service[0].rb.reason, part) != NULL;
}

static void images_are_looked_up(void)
{
	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_WATCHING, "no task of the old release runs, but its image is here: it goes on");
	is_int(w.stops, 1, "one stop");
	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	w.target_there = TRI_NO;
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_AWAITING_CONFIRMATION, "its image is gone: a person is asked");
	ok(reason_says("is gone from this node"), "and told why");
	is_int(w.stops, 0, "no stop");
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	is_int(w.stops, 1, "a person may say yes all the same");
	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	w.target_there = TRI_UNKNOWN;
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_AWAITING_CONFIRMATION, "nobody can say whether it is there: a person is asked");
	bad_release(MODE_AUTO);
	w.target_there = TRI_NO;
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_WATCHING, "a task of it runs somewhere: it is there");
}

/* The engine takes its time, or never answers. */
static void images_are_waited_for(void)
{
	struct event ev = { .type = EV_TARGET_IMAGE };

	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	w.image_ms = 9000;
	w.core.params.service[0].policy.hold_down_ms = 0;
	bad_start(12);
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 5000);
	ends(RB_DECIDED, "whether its image is here is waited for");
	ev.u.target_image.there = TRI_NO;
	ev.u.target_image.ask = 4711;
	world_feed(&w, &ev);
	is_int(w.core.service[0].work.target_there, TRI_UNKNOWN, "an answer to another question is none");
	world_run(&w, 30000);
	ends(RB_WATCHING, "it comes late, and it goes on");
	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	w.image_ms = 600000;
	bad_start(12);
	world_run(&w, 120000);
	ends(RB_AWAITING_CONFIRMATION, "who gets no answer asks a person");
}

static void learned_since(void)
{
	bad_release(MODE_AUTO);
	w.core.params.service[0].policy.hold_down_ms = 30000;
	w.core.params.service[0].policy.failures = 1;
	w.dep[0].digest[0] = '\0';
	world_place(&w, 2, "web", 12);
	world_run(&w, 15000);
	world_pull_attempt(&w, 2, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	world_stopped(&w, 2, STAGE_PULL, CLASS_IMAGE_NOT_FOUND, "manifest unknown", -1);
	world_run(&w, 6000);
	ends(RB_DECIDED, "a release whose image is not there");
	snprintf(w.core.params.service[0].policy.site_registries, NAME_CAP, "registry:5000");
	world_run(&w, 60000);
	ends(RB_REFUSED, "the conf came to say that this registry is a mirror");
	ok(reason_says("speaks for the release"), "whose fault it is is asked again before a stop");
	is_int(w.stops, 0, "no stop");
}

static void other_architecture(void)
{
	struct event ev = { .type = EV_IMAGE };

	bad_release(MODE_AUTO);
	w.dep[0].source_running = 0;
	snprintf(ev.u.image.image_id, DIGEST_CAP, "sha256:image11");
	snprintf(ev.u.image.digest, DIGEST_CAP, "sha256:digest11");
	snprintf(ev.u.image.arch, 16, "arm64");
	world_feed(&w, &ev);
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_REFUSED, "what it would return to cannot run here");
	ok(reason_says("another architecture"), "and that is said");
}

static void too_late(bool allowed)
{
	bad_release(MODE_AUTO);
	w.core.params.service[0].policy.allow_update_service = allowed;
	world_status(&w, SD_SUCCESSFUL);
	bad_start(12);
	world_run(&w, 60000);
}

static void update_instead(void)
{
	too_late(false);
	ends(RB_REFUSED, "SUCCESSFUL already, and UpdateService is not allowed");
	too_late(true);
	ends(RB_AWAITING_CONFIRMATION, "SUCCESSFUL already: policy alone never sends UpdateService");
	is_int(w.updates, 0, "nothing is sent");
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	is_int(w.updates, 1, "a person's word sends it once");
	is_int(w.stops, 0, "and no stop");
	ends(RB_WATCHING, "the new deployment is watched");
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 120000);
	ends(RB_ROLLED_BACK, "to its end");
	is_int(w.core.service[0].rb.verified, VERIFIED_HERE, "web:11 runs here, with its digest");
	is_int(w.updates, 1, "and is not sent again");
	too_late(true);
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	world_status(&w, SD_ROLLBACK_FAILED);
	world_run(&w, 120000);
	ends(RB_ROLLBACK_FAILED, "what UpdateService began may fail");
	too_late(true);
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_run(&w, 120000);
	ends(RB_SUPERSEDED, "or be overtaken");
	too_late(true);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 60000);
	ends(RB_SUPERSEDED, "or no longer be needed");
}

static void pushed_over(void)
{
	begin(MODE_AUTO);
	w.dep[0].reference = 7;
	world_deploy(&w, "web", 12, "sha256:digest12");
	w.dep[0].reference = 7;
	w.core.params.service[0].policy.allow_update_service = true;
	w.core.service[0].n_revisions = 0;
	world_status(&w, SD_SUCCESSFUL);
	bad_start(12);
	world_run(&w, 60000);
	ends(RB_REFUSED, "both revisions name one tag: UpdateService would start the same image");
	ok(reason_says("pushed over"), "that is proven and said");
}

static void by_hand(void)
{
	begin(MODE_OFF);
	world_rollback_to(&w, "web", "web", 9);
	world_run(&w, 10000);
	ends(RB_REFUSED, "rollback --to where policy does not allow UpdateService");
	w.core.params.service[0].policy.allow_update_service = true;
	world_rollback_to(&w, "web", "web", 11);
	world_run(&w, 10000);
	ends(RB_REFUSED, "rollback --to what is deployed already");
	world_rollback_to(&w, "web", "web", 9);
	world_run(&w, 10000);
	is_int(w.updates, 1, "rollback --to another revision: one UpdateService");
	world_rollback_to(&w, "web", "web", 8);
	world_run(&w, 1000);
	is_int(w.updates, 1, "not a second one while it is watched");
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 300000);
	ends(RB_ROLLED_BACK, "watched to its end");
	is_int(w.core.service[0].rb.verified, VERIFIED_NO, "web:11 runs here still: that is no way back");
	bad_release(MODE_OFF);
	w.core.params.service[0].policy.allow_update_service = true;
	world_rollback_to(&w, "web", "web", 9);
	world_run(&w, 10000);
	ok(strstr(world_trace(&w), "UPDATE web to web:9") != NULL, "it overtakes a deployment under way");
	ok(w.core.n_accepted > 0, "which is remembered as dealt with");
}

/* The release goes on failing while a person's rollback waits: that must not take its place. */
static void by_hand_stays(void)
{
	bad_release(MODE_MANUAL);
	w.core.params.service[0].policy.allow_update_service = true;
	world_line(&w, false);
	world_rollback_to(&w, "web", "web", 9);
	bad_start(12);
	world_line(&w, true);
	world_run(&w, 60000);
	is_int(w.updates, 1, "rollback --to, then a failure that would ask a person: the person's word holds");
	bad_release(MODE_MANUAL);
	world_line(&w, false);
	world_operator(&w, OPV_ROLLBACK, "web", "");
	bad_start(12);
	world_line(&w, true);
	world_run(&w, 60000);
	is_int(w.stops, 1, "the same for a rollback without --to");
}

/* A revision that UpdateService makes has no digest until its first task has asked the registry. */
static void digest_comes_later(void)
{
	bad_release(MODE_MANUAL);
	w.core.params.service[0].policy.allow_update_service = true;
	world_rollback_to(&w, "web", "web", 11);
	while (w.updates == 0 && w.now_ms < 300000)
		world_run(&w, 10);
	w.dep[0].digest[0] = '\0';
	world_run(&w, 4000);
	snprintf(w.dep[0].digest, sizeof(w.dep[0].digest), "sha256:digest11");
	world_status(&w, SD_SUCCESSFUL);
	world_run(&w, 60000);
	ends(RB_ROLLED_BACK, "web:11 was deployed anew");
	is_int(w.core.service[0].rb.verified, VERIFIED_HERE, "the digest is asked for until it is there: verified here");
}

static void lost_answer(void)
{
	begin(MODE_OFF);
	w.core.params.service[0].policy.allow_update_service = true;
	world_rollback_to(&w, "web", "web", 9);
	while (w.updates == 0 && w.now_ms < 300000)
		world_run(&w, 10);
	w.queued = 0;
	world_run(&w, 200000);
	is_int(w.updates, 1, "an answer that was lost: the deployment it made is found, nothing is sent twice");
	ends(RB_WATCHING, "and watched");
}

static void controllers(enum controller controller, const char *word)
{
	bad_release(MODE_AUTO);
	w.said.controller = controller;
	w.hidden = w.n_deps;
	w.core.service[0].n_history = 0;
	w.core.service[0].history_known = false;
	world_operator(&w, OPV_LOOK, "web", "");
	bad_start(12);
	world_run(&w, 120000);
	ends(RB_REFUSED, "another controller's service");
	ok(reason_says(word), "is only reported: %s", word);
	is_int(w.stops, 0, "no stop");
}

/* The controller is known long before anything fails, and no list of deployments ever comes. */
static void known_controller(void)
{
	bad_release(MODE_AUTO);
	w.said.controller = CTL_CODE_DEPLOY;
	w.no_deployments = true;
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 20000);
	is_int(w.core.service[0].asked.said.controller, CTL_CODE_DEPLOY, "a service that is CodeDeploy's");
	bad_start(12);
	world_run(&w, 20000);
	ends(RB_REFUSED, "... then fails");
	ok(reason_says("CODE_DEPLOY"), "... and is only reported");
}

static void shadow(void)
{
	bad_release(MODE_SHADOW);
	bad_start(12);
	world_run(&w, 10000);
	ends(RB_SHADOW, "shadow");
	world_status(&w, SD_ROLLBACK_IN_PROGRESS);
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 60000);
	ends(RB_ADOPTED, "somebody went back");
	is_int(w.core.service[0].m.shadow_right, 1, "that proves it right");
	bad_release(MODE_SHADOW);
	bad_start(12);
	world_run(&w, 10000);
	world_create(&w, 90, "web", 12, "sha256:imagebad");
	world_place(&w, 90, "web", 12);
	world_start(&w, 90);
	world_running(&w, 90);
	world_run(&w, 70000);
	world_status(&w, SD_SUCCESSFUL);
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 60000);
	ends(RB_REFUSED, "the release came to run well");
	is_int(w.core.service[0].m.shadow_wrong, 1, "that proves it wrong");
	bad_release(MODE_SHADOW);
	bad_start(12);
	world_run(&w, 10000);
	world_deploy(&w, "web", 13, "sha256:digest13");
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 60000);
	ends(RB_SUPERSEDED, "somebody deployed a correction");
	is_int(w.core.service[0].m.shadow_right, 1, "right again");
}

static void audited(void)
{
	bad_release(MODE_AUTO);
	bad_start(12);
	world_run(&w, 40000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	ends(RB_ROLLED_BACK, "rolled back by policy");
	ok(strstr(w.core.audit.text, "rolled-back r2 by policy for f1, from ? to sha256:digest11, decided after 0 s, done after ") != NULL,
	   "the audit record says which, by whom, why, from what to what, how fast: %s", w.core.audit.text);
}

/* The disk is slow, and AWS's state moves on before the intent is on it. */
static void overtaken_by_states(void)
{
	struct service *s = &w.core.service[0];

	bad_release(MODE_AUTO);
	w.core.params.service[0].policy.hold_down_ms = 20000;
	bad_start(12);
	while (s->work.hold_ms == CORE_NEVER || w.now_ms + 100 < s->work.hold_ms)
		world_run(&w, 50);
	w.disk_full = true;
	s->rb.deployment[0] = '\0';   /* AWS names it only now: written down again before anything is sent */
	while (s->rb.state != RB_ACTING && w.now_ms < 400000)
		world_run(&w, 10);
	is_int(w.stops, 0, "nothing leaves before it is written down");
	world_status(&w, SD_STOP_REQUESTED);
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 5000);
	ends(RB_DECIDED, "AWS is on its way to another state: asked again");
	w.disk_full = false;
	world_run(&w, 60000);
	is_int(w.stops, 0, "a deployment that is being stopped is not stopped again");
}

static void taken_away(void)
{
	too_late(true);
	world_line(&w, false);
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 10000);
	w.core.params.service[0].policy.allow_update_service = false;
	world_line(&w, true);
	world_run(&w, 120000);
	is_int(w.updates, 0, "what a reload took away is not sent, though it was confirmed before");
	ends(RB_REFUSED, "it is refused");
}

static void accepted_before(void)
{
	bad_release(MODE_AUTO);
	snprintf(w.core.accepted[0], ARN_CAP, "%s", w.dep[0].arn);
	w.core.n_accepted = 1;
	bad_start(12);
	world_operator(&w, OPV_ROLLBACK, "web", "");
	world_run(&w, 60000);
	is_int(w.stops, 0, "a read that lags does not lead to a second stop");
	ends(RB_WATCHING, "it is watched");
}

/* A person hauls back what no task of this node knows; only the intent's own record remembers it. */
static void accepted_without_a_release(void)
{
	bad_release(MODE_OFF);
	world_operator(&w, OPV_ROLLBACK, "web", "");
	world_run(&w, 5000);
	is_int(w.stops, 1, "a person's rollback of a deployment that never came here");
	world_status(&w, SD_IN_PROGRESS);   /* reads lag */
	world_restart(&w);
	world_operator(&w, OPV_CANCEL, "", rb_id());
	world_operator(&w, OPV_ROLLBACK, "web", "");
	world_run(&w, 30000);
	is_int(w.stops, 1, "after a restart it is still known that AWS took it");
	ends(RB_WATCHING, "it is watched");
}

/* Neither of two releases was ever resolved to a digest: that makes them no one release. */
static void nothing_in_common(void)
{
	bad_release(MODE_AUTO);
	w.dep[0].digest[0] = '\0';
	bad_start(12);
	world_run(&w, 40000);
	world_status(&w, SD_ROLLBACK_SUCCESSFUL);
	world_run(&w, 60000);
	ends(RB_ROLLED_BACK, "web:12 was hauled back");
	world_deploy(&w, "web", 13, "");
	bad_start(13);
	world_run(&w, 40000);
	ends(RB_WATCHING, "web:13 is another release, though neither digest is known");
	is_int(w.stops, 2, "and goes back as well");
}

/* The digest of a revision is asked for until it is there. */
static void resolved_late(void)
{
	bad_release(MODE_OFF);
	w.dep[0].digest[0] = '\0';
	world_operator(&w, OPV_LOOK, "web", "");
	world_run(&w, 40000);
	is_str(w.core.service[0].revision[w.core.service[0].n_revisions - 1].image[0].digest, "", "not resolved yet");
	snprintf(w.dep[0].digest, DIGEST_CAP, "sha256:digest12");
	w.dep[0].running = 1;
	world_run(&w, 60000);
	is_str(w.core.service[0].revision[w.core.service[0].n_revisions - 1].image[0].digest, "sha256:digest12", "asked again once it moved");
}

static void every_end(void)
{
	bad_release(MODE_MANUAL);
	ends(RB_NONE, "none");
	ok(core_rollback_shown(&w.core.service[0]) == RB_NONE, "and shown as none");
	world_place(&w, 50, "web", 12);
	world_run(&w, 15000);
	world_pull_attempt(&w, 50, CLASS_IMAGE_NOT_FOUND, "manifest unknown");
	is_str(rb_state_name(core_rollback_shown(&w.core.service[0])), "suspect", "suspect: a first sign, nothing decided");
	bad_start(12);
	ends(RB_AWAITING_CONFIRMATION, "awaiting-confirmation");
	world_operator(&w, OPV_CANCEL, "", rb_id());
	ends(RB_CANCELLED, "cancelled");
	bad_release(MODE_AUTO);
	world_line(&w, false);
	bad_start(12);
	world_run(&w, 10000);
	ends(RB_QUEUED_OFFLINE, "queued-offline");
	world_line(&w, true);
	world_run(&w, 60000);
	is_int(w.stops, 1, "that a command is missing is seen without a line: no fresh failure is waited for");
	bad_release(MODE_AUTO);
	w.core.service[0].m.hold_until_unix_ms = INT64_MAX;
	bad_start(12);
	ends(RB_HELD, "held");
	bad_release(MODE_AUTO);
	w.dep[0].requested = 8;
	w.quorum = (struct ev_aws_quorum){ .tried = 8, .failed = 1 };
	bad_start(12);
	world_run(&w, 40000);
	ends(RB_QUORUM_WAIT, "quorum-wait");
	w.quorum.failed = 2;
	world_run(&w, 5000);
	is_int(w.stops, 0, "others are asked again a minute later at the earliest");
	world_run(&w, 60000);
	is_int(w.stops, 1, "and a second node that fails makes the quorum");
	bad_release(MODE_AUTO);
	w.dep[0].cb_enabled = true;
	bad_start(12);
	world_run(&w, 40000);
	ends(RB_BREAKER_WAIT, "breaker-wait");
	bad_release(MODE_MANUAL);
	bad_start(12);
	w.denied = true;
	world_operator(&w, OPV_CONFIRM, "", rb_id());
	world_run(&w, 60000);
	ends(RB_DENIED, "denied");
	bad_release(MODE_AUTO);
	bad_start(12);
	world_run(&w, 40000);
	world_status(&w, SD_ROLLBACK_FAILED);
	world_run(&w, 60000);
	ends(RB_ROLLBACK_FAILED, "rollback-failed");
}

int main(void)
{
	images_are_looked_up();
	images_are_waited_for();
	learned_since();
	other_architecture();
	update_instead();
	pushed_over();
	by_hand();
	by_hand_stays();
	digest_comes_later();
	lost_answer();
	controllers(CTL_CODE_DEPLOY, "CODE_DEPLOY");
	controllers(CTL_EXTERNAL, "EXTERNAL");
	known_controller();
	shadow();
	audited();
	overtaken_by_states();
	taken_away();
	accepted_before();
	accepted_without_a_release();
	nothing_in_common();
	resolved_late();
	every_end();
	return done();
}
