#!/usr/bin/env python3
"""How long after the evidence kedge tells: 50 failed starts, from dockerd's own time of the event to kedge's line, and
50 failed pulls, from the write of the ECS agent's log line to kedge's line; all clocks are this machine's.

A line that says so late would be no error of the verdict: only every one missing, told twice or later than 2 s is."""
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import (ARN, REGISTRY, Docker, DockerError, Site, done, engine_can, figures, labels, note, ok,  # noqa: E402
                 percentile, wait)
from agent_log import AgentLog  # noqa: E402

TRIES, LIMIT_S = 50, 2.0


def told_at(kedge, mark):
    """When kedge's lines about this family were read: "suspect" and "failure" alike, first one first."""
    with kedge.changed:
        return [(at, line) for at, line in kedge.lines if f" {mark}:" in line]


def report(what, took):
    ms = [1000 * t for t in took]
    figures(**{f"report_{what}_ms_p{p}": round(percentile(ms, p), 1) for p in (50, 90, 99)})
    note(f"{what}: min {min(ms):.1f} ms, max {max(ms):.1f} ms of {len(ms)}")
    return max(took)


class Events(threading.Thread):
    """dockerd's time of the event by which a failed start can be known: the container leaves its network."""

    def __init__(self, socket):
        super().__init__(daemon=True)
        self.docker, self.left, self.died = Docker(socket), {}, {}
        self.open = threading.Event()

    def run(self):
        conn, answer = self.docker._open("GET", "/events", None, None)
        self.open.set()
        for line in answer:
            e = json.loads(line)
            if (e["Type"], e["Action"]) == ("network", "disconnect"):
                self.left[e["Actor"]["Attributes"]["container"]] = e["timeNano"] / 1e9
            elif (e["Type"], e["Action"]) == ("container", "die"):
                self.died[e["id"]] = e["timeNano"] / 1e9
        conn.close()


def starts(s, what, cmd, times):
    """Each container is of a task of its own; the next one begins when kedge has told of the last."""
    took, once = [], 0
    for i in range(TRIES):
        family = f"{what}{i}"
        body = {"Image": f"{REGISTRY}/web:11", "Labels": labels(what.encode().hex()[:8] + f"{i:024x}", family),
                "HostConfig": {"NetworkMode": "none"}} | cmd
        ident = s.docker.create(f"{what}-{i}", body)
        try:
            s.docker.start(ident)
        except DockerError:
            pass
        wait(lambda: ident in times and told_at(s.kedge, family), 5, 0.002)
        lines = told_at(s.kedge, family)
        once += len(lines) == 1
        if ident in times and lines:
            took.append(lines[0][0] - times[ident])
        s.docker.remove(ident)
    ok(len(took) == TRIES and once == TRIES, f"{what}: all {TRIES} are told, each exactly once",
       f"{len(took)} timed, {once} once\n" + s.kedge.tail(20))
    if took:
        name = {"notfound": "start", "exits": "exit"}[what]
        ok(report(name, took) < LIMIT_S, f"{what}: every one within {LIMIT_S:.0f} s")


def pull_lines(log, arn, name, image):
    """What the real agent writes when the last try failed (tests/captures/real-agent/notag)."""
    ident = arn.rpartition("/")[2]
    text = (f"Error response from daemon: manifest for {image} not found: manifest unknown: manifest unknown")
    log.write("info", "Received task payload from ACS", [("taskARN", arn), ("taskVersion", "1"),
                                                        ("desiredStatus", "RUNNING")])
    at = time.time()
    log.write("error", "Failed to pull image for container", [("task", ident), ("container", name), ("image", image),
                                                             ("error", text)])
    return at


def end_lines(log, arn, name, image):
    ident = arn.rpartition("/")[2]
    reason = (f"CannotPullContainerError: Error response from daemon: manifest for {image} not found: "
              "manifest unknown: manifest unknown")
    change = (f"containerName={name} containerStatus=STOPPED containerReason={reason} "
              "containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true")
    at = time.time()
    log.write("info", "Sending state change to ECS", [
        ("eventType", "TaskStateChange"), ("taskArn", arn), ("taskStatus", "STOPPED"), ("taskReason", ""),
        ("taskKnownSentStatus", "NONE"), ("containerChange-0", change)])
    return at, ident


def pulls(s):
    log = AgentLog(s.agent_log)
    first, last, once = [], [], 0
    for i in range(TRIES):
        arn = ARN + f"{i:029x}abc"
        image = f"{REGISTRY}/pull{i}:nosuch"
        seen = lambda word: [at for at, line in list(s.kedge.lines)  # noqa: E731
                             if line.startswith(f"warn: {word} ") and f"pull{i}:nosuch" in line]
        at = pull_lines(log, arn, "app", image)
        if wait(lambda: seen("suspect"), 5, 0.002):
            first.append(seen("suspect")[0] - at)
        at, _ = end_lines(log, arn, "app", image)
        if wait(lambda: seen("failure"), 5, 0.002):
            last.append(seen("failure")[0] - at)
        once += len(seen("suspect")) == len(seen("failure")) == 1
    ok(len(first) == len(last) == once == TRIES, f"pull: all {TRIES} are told at the first line and at the last, once each",
       f"{len(first)} {len(last)} {once}\n" + s.kedge.tail(20))
    if first and last:
        worst = max(report("pull", first), report("pull_final", last))
        ok(worst < LIMIT_S, f"pull: every one within {LIMIT_S:.0f} s")


def one_real_pull(s):
    arn = s.run_task("real", {"image": f"{REGISTRY}/web:nosuch"})
    f = s.wait_failure(30, task=arn)
    written = wait(lambda: [line for line in open(s.agent_log, encoding="utf-8")
                            if "Sending state change" in line and arn in line], 10)
    ok(f.get("class") == "image-not-found" and written, "a real failed pull is told the same way", f)


def main():
    why = engine_can()
    if why:
        note(f"no real engine, so no failed starts of one: {why}")
    else:
        real_starts()
    with Site(engine="20" if why else "real", agent=False) as s:
        pulls(s)
    done()


def real_starts():
    with Site() as s:
        s.image("web:11", "exit 1", "keep=yes")
        events = Events(s.socket)
        events.start()
        events.open.wait(5)
        starts(s, "notfound", {"Entrypoint": ["/nosuch"]}, events.left)
        starts(s, "exits", {}, events.died)
        one_real_pull(s)


main()
