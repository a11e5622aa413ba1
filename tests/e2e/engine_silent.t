#!/usr/bin/env python3
"""The engine's stream of events stays open and says nothing while containers fail to start and end: its events come late, or never.
kedge asks for the listing when it has heard nothing for ten minutes, so that each of it is told by then, once; what comes late is
nothing new. Without the ECS agent, which tells most of it at once. The clock runs faster."""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import ARN, KEDGE_TEST, REGISTRY, DockerError, Site, done, labels, ok, same, wait  # noqa: E402

SCALE = 100
SILENT_S = 600 / SCALE
SLACK_S = 4.0           # for the inspects, and a busy machine
HUSH_S = SILENT_S + SLACK_S + 2
count = 0


def container(s, **more):
    global count
    count += 1
    body = {"Image": f"{REGISTRY}/web:11", "HostConfig": {"NetworkMode": "none"}, "Labels": labels(f"{count:032x}", "once")} | more
    ident = s.docker.create(f"once-{count}", body)
    try:
        s.docker.start(ident)
    except DockerError:
        pass
    return ident, ARN + f"{count:032x}"


def told(s, task):
    return [(f["class"], f["count"]) for f in s.failures() if f["task"] == task]


def silent(s, lose):
    how = "never" if lose else "late"
    ends, of_ends = container(s)
    stops, of_stops = container(s)
    ok(wait(lambda: {of_ends, of_stops} <= {t["task"] for t in s.read("tasks")["tasks"]}, 5), f"{how}: two containers run")
    time.sleep(1)
    s.docker.call("POST", "/_double/script", [{"at_ms": 0, "hush": int(1000 * HUSH_S), "lose": lose}])
    time.sleep(0.3)
    begun = time.monotonic()
    _, of_start = container(s, Entrypoint=["/nosuch"])
    s.docker.call("POST", "/_double/end", {"id": ends, "code": 3})
    s.docker.call("POST", "/_double/end", {"id": stops, "code": 143})
    same(s.source("engine"), "up", f"{how}: the engine seems to be there")
    ok(wait(lambda: told(s, of_start), SILENT_S + SLACK_S, 0.2), f"{how}: a start that failed is told by the listing", s.kedge.tail())
    ok(wait(lambda: told(s, of_ends), SILENT_S + SLACK_S, 0.2), f"{how}: so is an exit", s.kedge.tail())
    took_s = time.monotonic() - begun
    ok(took_s < HUSH_S, f"{how}: after {took_s * SCALE / 60:.1f} minutes of its clock, while the stream is silent")
    time.sleep(max(0.0, begun + HUSH_S + 1 - time.monotonic()))
    same([len(told(s, of_start)), told(s, of_ends), told(s, of_stops)], [1, [("exited-early", 1)], []],
         f"{how}: afterwards each is told once, and what looks like a stop is none", s.kedge.tail())
    _, after = container(s, Entrypoint=["/nosuch"])
    ok(s.wait_failure(task=after), f"{how}: the stream speaks again", s.kedge.tail())


def main():
    with Site(engine="20", cloud=False, binary=KEDGE_TEST, environment={"KEDGE_CLOCK_SCALE": str(SCALE)}) as s:
        s.image("web:11")
        s.docker.pull(f"{REGISTRY}/web:11")
        ok(s.wait_source("engine", "up"), "the engine is there")
        silent(s, lose=False)
        silent(s, lose=True)
        same(s.stop_kedge(), 0, "kedge ends well")
    done()


main()
