"""The eight acts. What kedge says is checked with --json, what came of it with ECS's books and the engine."""
from __future__ import annotations

from typing import Any, Callable

from node import Node
from teller import Teller

good: dict[str, str] = {}    # digests of the images that work, by tag


def in_state(node: Node, *states: str) -> Callable[[], Any]:
    def test() -> Any:
        now = node.rollback()
        return now if now.get("state") in states else None
    return test


def ended(node: Node, status: str, back: int = 1) -> Callable[[], bool]:
    return lambda: node.deployment(back)["status"] == status


def only_runs(node: Node, revision: str, digest: str) -> Callable[[], bool]:
    return lambda: node.running() == [(revision, digest)]


def runs_11(node: Node, t: Teller) -> None:
    t.act("1. web:11 runs")
    good["11"] = node.engine.image("web:11")
    first = node.register("11")
    node.cloud("create-service", service="web", taskDefinition=first)
    t.event("CI: aws ecs create-service --service-name web --task-definition web:11")
    t.step("kedge sees engine, ECS agent's log, introspection and AWS",
           lambda: len(s := node.ask("status").get("sources") or {}) == 4
           and all(v["state"] == "up" for v in s.values()), 20)
    t.step("web:11 serves", lambda: node.service().get("serving") == "new", 15)
    t.step("ECS calls the deployment SUCCESSFUL", ended(node, "SUCCESSFUL"), 30)
    t.step("what runs is what was pushed, by digest", only_runs(node, "11", good["11"]), 10)
    t.step("kedge has seen no failure", lambda: node.ask("status").get("failures_total") == 0)
    t.say("For kedge it is still rolling: a release has to run for a minute before it counts as good.")
    node.show("status")


def image_missing(node: Node, t: Teller) -> None:
    t.act("2. web:12 names an image that does not exist")
    t.say("Without kedge: the deployment hangs, the deploy tool waits for its timeout, nobody at the site knows.")
    arn = node.deploy(node.register("no-such-image"))
    first = t.step("kedge says so on the node: image-not-found, the release is to blame", lambda: next(
        (f for f in node.failures(12) if f["class"] == "image-not-found" and f["blame"] == "release"), None), 40)
    node.show("failures")
    t.step("three tasks failed: a person is asked (rollback = manual is the default)",
           in_state(node, "awaiting-confirmation"), 60)
    asked = t.step("it knows the way back: web:11", lambda: (r := node.rollback())["target"] == "web:11" and r, 15)
    node.show("why", first["id"])
    node.show("deployments", "web")
    table = node.ask("deployments", "web")
    rows = {r["taskDefinition"]: r for s in table.get("services", []) for r in s["deployments"]}
    t.step("the deployment table beside it: 12 PRIMARY in progress and failing, 11 ACTIVE and running",
           lambda: rows["web:12"]["status"] == "PRIMARY" and rows["web:12"]["rolloutState"] == "IN_PROGRESS"
           and rows["web:12"]["failedTasks"] >= 2 and rows["web:11"]["status"] == "ACTIVE"
           and rows["web:11"]["running"] == 1)
    t.step("it names the deployment, and the aws command that does the same", lambda: asked["dedupe_key"] == arn
           and arn in asked["command"] and asked["command"].startswith("aws ecs stop-service-deployment"))
    t.step("nothing was sent to AWS so far", lambda: node.changes_asked() == 0)
    node.show("confirm", asked["id"])
    rolled_back(node, t, arn, "11", stops=1)
    node.show("services")


def rolled_back(node: Node, t: Teller, arn: str, tag: str, stops: int, revision: str = "") -> None:
    revision = revision or tag
    now = t.step(f"rolled back to web:{revision}, verified here by digest", in_state(node, "rolled-back"), 60)
    t.step("kedge's word is the engine's: that digest runs, and nothing else",
           lambda: now["verified"] == "here" and now["target_digest"] == good[tag]
           and only_runs(node, revision, good[tag])(), 10)
    t.step("ECS: ROLLBACK_SUCCESSFUL, by exactly one StopServiceDeployment",
           lambda: node.deployment()["status"] == "ROLLBACK_SUCCESSFUL"
           and node.stops().count(arn) == 1 and len(node.stops()) == stops)


def crash_loop_offline(node: Node, t: Teller) -> None:
    t.act("3. web:13 crashes at start, again and again; then the WAN goes down")
    t.say("""Its restartPolicy starts it again in place, so for ECS the task is RUNNING and failedTasks stays 0.
        This site now trusts kedge to act.""")
    node.policy(rollback="auto")
    # crashes after the restartPolicy's shortest period, so that the agent does start it again
    node.engine.image("web:13", cmd="exit 1 4500")
    arn = node.deploy(node.register(
        "13", restartPolicy={"enabled": True, "restartAttemptPeriod": 60},
        healthCheck={"command": ["CMD", "/app", "hc"], "interval": 60, "retries": 10, "startPeriod": 300}))
    loop = t.step("two restarts seen: restart-loop, suspect", lambda: next(
        (f for f in node.failures(13) if f["class"] == "restart-loop" and f["count"] == 2), None), 30)
    t.step("ECS saw none of it", lambda: [r["failedTasks"] for s in [node.web()["service"]]
                                          for r in s["deployments"] if r["status"] == "PRIMARY"] == [0])
    node.cloud("wan", state="down")
    t.event("the WAN is cut")
    t.step("third time: decided here, offline, and queued", in_state(node, "queued-offline"), 40)
    t.step("it is the same failure, counted on", lambda: next(
        (f for f in node.failures(13) if f["id"] == loop["id"] and f["count"] >= 3), None), 5)
    node.show("services")
    t.step("nothing was sent", lambda: len(node.stops()) == 1)
    node.cloud("wan", state="up")
    t.event("the WAN is back")
    rolled_back(node, t, arn, "11", stops=2)
    node.show("why", node.rollback()["id"])


def registry_down(node: Node, t: Teller) -> None:
    t.act("4. web:14 is fine, but the site's registry is down")
    good["14"] = node.engine.image("web:14")
    node.engine.registry_stop()
    t.event("the registry is stopped")
    node.deploy(node.register("14"))
    t.step("three tasks failed to pull: registry-unreachable, the registry is to blame", lambda: len(
        [f for f in node.failures(14) if f["class"] == "registry-unreachable" and f["blame"] == "registry"]) >= 3, 60)
    node.show("failures")
    t.step("no rollback was decided, none was sent", lambda: node.rollback()["state"] == "suspect"
           and node.rollback()["id"] is None and node.changes_asked() == 2 and node.deployment()["status"] == "IN_PROGRESS")
    node.engine.registry_start()
    t.event("the registry is back")
    t.step("web:14 comes up by itself", ended(node, "SUCCESSFUL"), 90)
    t.step("and it is the right image", only_runs(node, "14", good["14"]), 10)
    t.step("still nothing was sent", lambda: node.changes_asked() == 2)


def superseded(node: Node, t: Teller) -> None:
    t.act("5. A bad image is pushed over web:14, the WAN goes down, and CI is faster")
    node.policy(rollback="auto", hold_down="10s")
    node.engine.image("web:14", entrypoint="/nosuch")
    bad = node.deploy("web:14", forceNewDeployment=True)
    t.step("its task is placed on this node", lambda: node.placed(bad), 20)
    node.cloud("wan", state="down")
    t.event("the WAN is cut")
    t.step("the program is not in the image: exec-not-found, once is enough", lambda: next(
        (f for f in node.failures(14) if f["class"] == "exec-not-found" and f["blame"] == "release"), None), 20)
    queued = t.step("decided, and queued until the line is back", in_state(node, "queued-offline"), 40)
    good["15"] = node.engine.image("web:15")
    fixed = node.deploy(node.register("15"))
    node.cloud("wan", state="up")
    t.event("the WAN is back, with a corrected web:15 already deployed")
    now = t.step("kedge asks AWS first: superseded", in_state(node, "superseded"), 60)
    t.step("it is that intent, and no stop was sent", lambda: now["id"] == queued["id"]
           and node.changes_asked() == 2)
    node.show("why", now["id"])
    t.step("web:15 runs", lambda: node.deployment()["serviceDeploymentArn"] == fixed
           and node.deployment()["status"] == "SUCCESSFUL", 60)
    t.step("the image is the corrected one", only_runs(node, "15", good["15"]), 10)


def mutable_tag(node: Node, t: Teller) -> None:
    t.act("6. web:latest: the same family:revision, another image")
    node.policy(rollback="auto")
    good["latest"] = node.engine.image("web:latest")
    definition = node.register("latest")
    node.deploy(definition)
    t.step(f"{definition} with a good web:latest is deployed", ended(node, "SUCCESSFUL"), 60)
    t.step("it runs", only_runs(node, "16", good["latest"]), 10)
    broken = node.engine.image("web:latest", cmd="exit 1 300")
    t.say("""The tag is pushed again with a broken image and the same web:16 redeployed. Going back to web:16
        by name would start the broken image once more.""")
    arn = node.deploy(definition, forceNewDeployment=True)
    t.step("kedge tells the two apart by digest", lambda: [
        f for f in node.failures(16) if f["digest"] == broken and f["stage"] == "run"], 40)
    rolled_back(node, t, arn, "latest", stops=3, revision="16")
    now = node.rollback()
    t.step("from web:16 back to web:16: only the digest differs", lambda: now["release"] == now["target"] == "web:16"
           and now["digest"] == broken and now["target_digest"] == good["latest"])
    node.show("why", now["id"])


def breaker_first(node: Node, t: Teller) -> None:
    t.act("7. A circuit breaker that acts first")
    before = node.rollback()
    node.engine.image("web:17", entrypoint="/nosuch")
    arn = node.deploy(node.register("17"), deploymentConfiguration={
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "minimumHealthyPercent": 0, "maximumPercent": 100})
    t.step("kedge has its verdict after one failed start, and leaves the first move to ECS",
           lambda: (r := node.rollback())["id"] != before["id"]
           and r["state"] in ("decided", "breaker-wait", "adopted"), 40)
    # on a busy machine ECS may be at the end of it before kedge's next look
    now = t.step("the breaker acts; kedge adopts its rollback", in_state(node, "adopted", "rolled-back"), 60)
    node.show("services")
    now = t.step("watched to its end: rolled back, verified here", in_state(node, "rolled-back"), 60)
    t.step("kedge itself has sent nothing", lambda: now["dedupe_key"] == arn and now["verified"] == "here"
           and node.changes_asked() == 3)
    t.step("the old image runs again", only_runs(node, "16", good["latest"]), 10)


def too_late(node: Node, t: Teller) -> None:
    t.act("8. A crash 45 s after the start: the deployment is already SUCCESSFUL")
    t.say("""A task that lived for 40 s is healthy to ECS, and its deployment cannot be stopped any more.
        For kedge an end within early_exit (60 s) is a failed start. One crash is enough at this site.""")
    node.policy(rollback="auto", failures="1")
    node.engine.image("web:18", cmd="exit 1 45000")
    definition = node.register("18")
    node.deploy(definition, deploymentConfiguration={"deploymentCircuitBreaker": {"enable": False, "rollback": False},
                                                     "minimumHealthyPercent": 100, "maximumPercent": 200})
    t.step("ECS calls it SUCCESSFUL", ended(node, "SUCCESSFUL"), 40)
    node.show("services")
    now = t.step("45 s after its start it crashes: refused, a person has to act", in_state(node, "refused"), 60)
    node.show("why", now["id"])
    crash = next(f for f in node.failures(18) if f["id"] == now["failure"])
    t.step("it lived for 45 s of kedge's own, real clock", lambda: "exited with code 1, 45." in crash["reason"])
    t.step("with the command that goes back, and the proof that a tag would betray it",
           lambda: "aws ecs update-service" in now["command"] and "--task-definition web:16" in now["command"]
           and good["latest"] in (now["command_note"] or ""))
    t.step("kedge has sent nothing", lambda: node.changes_asked() == 3)


ACTS = (runs_11, image_missing, crash_loop_offline, registry_down, superseded, mutable_tag, breaker_first, too_late)
