#!/usr/bin/env python3
"""Containers that started: what of their ends is a failure, what is none, and that nothing is told twice when the
ECS agent, the engine or kedge itself ends in the middle."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, done, engine_can, never, ok, same, skip_all, wait  # noqa: E402

# name: containers, class, blame, words, exit code
CASES = {
    "exit1": ([{"command": ["exit", "1", "200"]}], "exited-early", "release", "exited with code 1", 1),
    "say": ([{"command": ["say", "3", "no config"]}], "exited-early", "release", "exited with code 3", 3),
    "segv": ([{"command": ["segv"]}], "killed-by-signal", "release", "139", 139),
    "oom": ([{"command": ["oom"], "memory": 16}], "oom", "release", "Out of memory", 137),
    "sick": ([{"command": ["healthy-for", "0"], "healthCheck": {
        "command": ["CMD", "/app", "hc"], "interval": 1, "timeout": 1, "retries": 1}}],
        "unhealthy", "release", "health", None),
    "loop": ([{"command": ["exit", "1", "1300"],
               "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}],
             "restart-loop", "release", "restarted in place", 1),
}


def told(s, arn):
    return json.dumps(s.failures(task=arn), indent=1) + "\n" + s.kedge.tail(20)


def failing(s):
    arns = {name: s.run_task(name, *case[0]) for name, case in CASES.items()}
    for name, (_, klass, blame, words, code) in CASES.items():
        f = s.wait_failure(30, task=arns[name], **{"class": klass})
        same((f.get("stage"), f.get("class"), f.get("blame")), ("run", klass, blame),
             f"{name}: {klass}, blame {blame}", told(s, arns[name]))
        ok(f and words in f["reason"], f"{name}: the reason says it", f)
        same(f.get("exit_code"), code, f"{name}: the exit code")
        same(f.get("kind"), "standalone", f"{name}: a standalone task's")
    one = s.failures(task=arns["loop"], **{"class": "restart-loop"})
    ok(len(one) == 1 and wait(lambda: s.failures(task=arns["loop"], **{"class": "restart-loop"})[0]["count"] >= 3, 20),
       "loop: one failure that counts its restarts", one)
    ok(wait(lambda: s.failures(task=arns["exit1"], essential=True), 10), "exit1: essential", told(s, arns["exit1"]))


def exit_zero(s):
    """A service must not exit; a task may."""
    once = s.run_task("once", {"command": ["exit", "0", "100"]})
    s.service("zero", {"command": ["exit", "0", "300"]})
    f = s.wait_failure(30, service="zero")
    same((f.get("class"), f.get("exit_code"), f.get("counted"), f.get("kind")), ("exited-early", 0, True, "service"),
         "exit 0 of a service's essential container is a failure", f)
    ok(s.wait_task(once, "STOPPED") and never(lambda: s.failures(task=once), 1),
       "exit 0 of a standalone task is its success", told(s, once))
    s.ctl("delete-service", service="zero")


def crash_loop(s):
    s.service("crash", {"command": ["exit", "1", "100"]})
    f = s.wait_failure(60, service="crash", **{"class": "crash-loop"})
    found = s.failures(service="crash")
    ok(f and len({g["task"] for g in found}) == len(found) >= 3, "three tasks of a release: a crash-loop, each told once",
       json.dumps(found, indent=1))
    row = next((r for r in s.read("services").get("services", []) if r["service"] == "crash"), {})
    same(row.get("verdict"), "failing", "the service is failing", row)
    s.ctl("delete-service", service="crash")


def no_failures(s):
    part = s.run_task("part", {}, {"name": "side", "essential": False, "command": ["exit", "1", "100"]})
    stopped, by_hand = s.run_task("stopped", {}), s.run_task("by-hand", {})
    stubborn = s.run_task("stubborn", {"command": ["ignore-term"], "stopTimeout": 2})
    for arn in (part, stopped, by_hand, stubborn):
        s.wait_task(arn, "RUNNING")
    s.ctl("stop-task", task=stopped, reason="no longer wanted")
    s.ctl("stop-task", task=stubborn, reason="no longer wanted")
    s.docker.stop(s.container_of(by_hand)["Id"], 5)
    for arn in (stopped, by_hand, stubborn):
        ok(s.wait_task(arn, "STOPPED"), f"{arn[-6:]} is stopped")
    ok(wait(lambda: s.container_of(part, "side").get("State") == "exited"), "the side container ended by itself")
    ok(never(lambda: s.failures(task=stopped) + s.failures(task=stubborn), 1.5), "stopped by ECS: no failure",
       told(s, stopped) + told(s, stubborn))
    same(s.failures(task=by_hand), [], "docker stop by hand: no failure", told(s, by_hand))
    side = [f for f in s.failures(task=part) if f["essential"] is not False]
    same((side, s.failures(task=part, counted=True)), ([], []), "a non-essential exit is not counted", told(s, part))
    return part


def restarts(s, running):
    ids = sorted(f["id"] for f in s.failures())
    s.stop_agent()
    ok(s.wait_source("introspection", "refused", 40), "an ECS agent that is away is a state of its own", s.status())
    s.start_agent()
    s.stop_kedge()
    s.start_kedge()	# the agent's port may be another now
    ok(s.wait_source("introspection", "up", 40), "it is back", s.status().get("sources"))
    same(sorted(f["id"] for f in s.failures()), ids, "the agent's and kedge's restart tell nothing anew", s.kedge.tail())
    same(s.kedge.said("failure f"), [], "no line either", s.kedge.tail())
    kill_in_the_middle(s)
    before = sorted(f["id"] for f in s.failures())
    s.engine_sh("daemon-stop")
    ok(wait(lambda: s.source("engine") in ("absent", "refused"), 20), "an engine that is away is a state of its own",
       s.status().get("sources"))
    s.engine_sh("daemon-start")
    ok(s.wait_source("engine", "up", 40), "and it is back", s.status().get("sources"))
    ok(s.wait_task(running, "STOPPED", 40), "the engine took its tasks with it")
    fresh = [f for f in s.failures() if f["id"] not in before and f["class"] != "ended-with-host"]
    ok(never(lambda: [f for f in s.failures() if f["id"] not in before and f["class"] != "ended-with-host"], 3),
       "what ended with the engine is no failure", json.dumps(fresh, indent=1) + s.kedge.tail())


def kill_in_the_middle(s):
    """kedge is killed, things fail, it comes back: told once, then never again."""
    last = s.run_task("seen", {"command": ["exit", "1", "50"]})
    ok(s.wait_failure(task=last, essential=True), "seen before the kill")
    s.stop_kedge(9)
    missed = s.run_task("missed", {"command": ["exit", "7", "50"]})
    ok(s.wait_task(missed, "STOPPED"), "ended while kedge was away")
    s.start_kedge()
    f = s.wait_failure(task=missed)
    same((f.get("stage"), f.get("exit_code"), f.get("essential")), ("run", 7, True), "told when kedge is back",
         told(s, missed))
    same(len(s.failures(task=last)), 1, "what was told is kept", told(s, last))
    same(s.kedge.said("failure", "seen:"), [], "and not told again", s.kedge.tail())
    s.stop_kedge(9)
    s.start_kedge()
    ok(never(lambda: s.kedge.said("failure f"), 1.5), "a third start tells nothing", s.kedge.tail())
    same((len(s.failures(task=missed)), len(s.failures(task=last))), (1, 1), "and keeps both")


def main():
    why = engine_can()
    if why:
        skip_all(why)
    with Site(agent_options=("--health-scale", "0.05")) as s:
        s.image("web:11")
        failing(s)
        exit_zero(s)
        crash_loop(s)
        running = no_failures(s)
        restarts(s, running)
        ok(s.kedge.alive(), "kedge lives")
        same(s.stop_kedge(), 0, "and ends well")
    done()


main()
