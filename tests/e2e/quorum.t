#!/usr/bin/env python3
"""How other nodes fare with a release, asked of AWS page by page; and that what was not read lets nothing go on."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, never, ok, same, wait  # noqa: E402

MISSING = "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown"


def rollback(s, service):
    rows = s.read("services").get("services", [])
    return next((r for r in rows if r["service"] == service), {}).get("rollback", {})


def asked(s):
    """The calls of a quorum: operation, what was asked for, how many tasks."""
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        calls = [(r["op"], r["body"]) for r in map(json.loads, f)]
    return [(op, b.get("desiredStatus", ""), "nextToken" in b, len(b.get("tasks", []))) for op, b in calls
            if op == "ListTasks" or (op == "DescribeTasks" and len(b["tasks"]) > 1)]


def stops(s):
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return sum(1 for r in map(json.loads, f) if r["op"] == "StopServiceDeployment")


def fleet(s, service, more):
    """A service on this node and on five others; two of them fail with revision 2 as well; more tasks wait there."""
    s.image(f"{service}:1")
    s.service(service, {"image": f"{REGISTRY}/{service}:1", "memory": 1})
    wait(lambda: s.ctl("dump")["services"][service]["deployments"][-1]["status"] == "SUCCESSFUL", 40)
    others = [s.ctl("instance-register", memory=1000000)["containerInstanceArn"] for _ in range(5)]
    td = s.define(service, {"image": f"{REGISTRY}/{service}:nosuch", "memory": 1})
    deployment = s.ctl("update-service", service=service, taskDefinition=td, desiredCount=7)["deployment"]
    of = {"group": f"service:{service}", "startedBy": deployment}
    s.ctl("batch", commands=[{"command": "run-task", "taskDefinition": td, "instance": others[2]} | of] * more)
    for instance in others[:2]:
        task = s.ctl("run-task", taskDefinition=td, instance=instance, **of)["taskArn"]
        s.ctl("submit-task-state-change", task=task, status="STOPPED",
              containers=[{"name": "app", "status": "STOPPED", "reason": MISSING}])


def all_pages(s):
    fleet(s, "wide", 150)
    now = wait(lambda: (r := rollback(s, "wide")).get("state") in ("watching", "rolled-back") and r, 90, 0.3)
    ok(now, "three of six nodes fail and none runs it well: it goes back", str(rollback(s, "wide")) + s.kedge.tail())
    first = asked(s)[:6]
    same([c[:3] for c in first if c[0] == "ListTasks"],
         [("ListTasks", "RUNNING", False), ("ListTasks", "RUNNING", True), ("ListTasks", "STOPPED", False)],
         "asked: two pages of running tasks, then the stopped ones", first)
    same(first[1][0::3], ("DescribeTasks", 100), "a full page described before the next is read", first)
    ok(first[3][0] == "DescribeTasks" and 50 < first[3][3] < 70, "then the rest", first)
    same(stops(s), 1, "one stop")


def by_service(s):
    """AWS may not take startedBy beside desiredStatus: then the service is asked for, at once and ever after."""
    s.ctl("started-by-alone")
    fleet(s, "plain", 10)
    now = wait(lambda: (r := rollback(s, "plain")).get("state") in ("watching", "rolled-back") and r, 90, 0.3)
    ok(now, "startedBy is refused, and it goes back all the same", str(rollback(s, "plain")) + s.kedge.tail())
    pages = [c[1] for c in asked(s) if c[0] == "ListTasks"]
    same(pages[:3], ["RUNNING", "RUNNING", "STOPPED"], "asked: once in vain, then by the service's name", pages)
    same(stops(s), 1, "one stop")


def too_many(s):
    before = len(asked(s))
    fleet(s, "huge", 1700)
    said = wait(lambda: s.kedge.said("service huge", "rollback=quorum-wait"), 90)
    ok(said, "more tasks than are read: a person is asked", str(rollback(s, "huge")) + s.kedge.tail())
    ok(wait(lambda: "cannot be asked" in (rollback(s, "huge").get("reason") or ""), 10, 0.2), "... and told why", rollback(s, "huge"))
    pages = [c for c in asked(s)[before:] if c[0] == "ListTasks"]
    ok(len(pages) == 16, "sixteen pages are read and no more", pages)
    ok(never(lambda: stops(s) > 1, 3), "nothing is sent")


def main():
    conf = {"policy": {"rollback": "auto", "hold_down": "1s"}}
    with Site(engine="28", conf=conf, cloud_options=("--time-scale", "20")) as s:
        all_pages(s)
        too_many(s)
    with Site(engine="28", conf=conf, cloud_options=("--time-scale", "20")) as s:
        by_service(s)
    done()


main()
