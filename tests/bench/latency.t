#!/usr/bin/env python3
"""From the cause of a failure to the line that tells it, side by side on one node with one engine: the cause is the engine's own
time of the event by which it can be known, the line is when it was read; all clocks are this machine's.

First tasks whose container exits at once, one after the other, told by who listens to the engine. Then deployments of a release
that cannot be started, told by all who ask AWS or know of tasks, each begun at any moment of the loops' 15 s. Who tells what
of a crash, a failed start and a failed pull is told, too: ECS counts a crash after RUNNING as no failed task, and the engine has
no event for a failed pull."""
import json
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import begin, record  # noqa: E402
from contenders import EVERY_S, Loop, everybody  # noqa: E402
from e2e import KEDGE, LABEL, REGISTRY, Docker, Site, done, engine_can, labels, ok, skip_all, wait  # noqa: E402

STARTS, DEPLOYMENTS, TOLD_S = 30, 6, 3 * EVERY_S


class Ends(threading.Thread):
    """{family:revision: the engine's time at which a container of it first ended, or left its network without a start}"""

    def __init__(self, socket):
        super().__init__(daemon=True)
        self.docker, self.at, self.names, self.open = Docker(socket), {}, {}, threading.Event()

    def run(self):
        _, answer = self.docker._open("GET", "/events", None, None)
        self.open.set()
        for line in answer:
            e = json.loads(line)
            of, what = e["Actor"]["Attributes"], (e["Type"], e["Action"])
            if what == ("container", "create"):
                self.names[e["id"]] = f'{of.get(LABEL + "task-definition-family")}:{of.get(LABEL + "task-definition-version")}'
            ended = e.get("id") if what == ("container", "die") else of["container"] if what == ("network", "disconnect") else None
            if ended in self.names:
                self.at.setdefault(self.names[ended], e["timeNano"] / 1e9)


def told(c, name):
    """When it told the end of this release; it says so as "suspect" first, or at once as "failure"."""
    if c.name == "kedge":
        return min((at for at in (c.told("warn: ", word, f" {name}") for word in ("suspect ", "failure ")) if at), default=0.0)
    return c.told(f"die {name}:") if c.name == "docker events" else c.told(f"/{name}")


def take(everyone, ends, name, seconds):
    """{contender: seconds from the cause}, of those that told"""
    wait(lambda: name in ends.at and all(told(c, name) for c in everyone), seconds, 0.02)
    return {c.name: told(c, name) - ends.at[name] for c in everyone if name in ends.at and told(c, name)}


def starts(s, listeners, ends, took):
    for i in range(STARTS):
        body = {"Image": f"{REGISTRY}/web:11", "Labels": labels(f"{i:032x}", f"once{i}"), "HostConfig": {"NetworkMode": "none"},
                "Cmd": ["exit", "1", "0"]}
        ident = s.docker.create(f"once-{i}", body)
        s.docker.start(ident)
        for name, seconds in take(listeners, ends, f"once{i}:1", 5).items():
            took.setdefault(name, []).append(1000 * seconds)
        s.docker.remove(ident)
    for c in listeners:
        ok(len(took.get(c.name, [])) == STARTS, f"{c.name} told all {STARTS} starts", f"{took.get(c.name)}\n{s.kedge.tail()}")


def deploy(s, **container):
    name = s.define("web", container)
    s.ctl("update-service", service="web", taskDefinition=name)
    return name


def deployments(s, everyone, ends, took):
    """Everyone who tells failed starts at all: the engine's client does not."""
    rng = random.Random(int(os.environ.get("SEED0") or 1))
    tellers = [c for c in everyone if c.name != "docker events"]
    for _ in range(DEPLOYMENTS):
        time.sleep(rng.uniform(0, EVERY_S))
        name = deploy(s, entryPoint=["/nosuch"])
        found = take(tellers, ends, name, TOLD_S)
        ok(len(found) == len(tellers), f"{name} is told by who asks", f"{found}\n{s.kedge.tail()}" + "".join(c.said() for c in tellers[1:]))
        for who, seconds in found.items():
            took.setdefault("kedge, failed starts" if who == "kedge" else who, []).append(1000 * seconds)
    for c in everyone:
        record(c.name, "tells_failed_start", [int(bool(told(c, name)))])


def who_tells(s, everyone, what, **container):
    """Two rounds of the loops, and they had their chance."""
    name = deploy(s, **container)
    wait(lambda: all(told(c, name) for c in everyone), 2 * EVERY_S + 5, 0.1)
    for c in everyone:
        record(c.name, f"tells_{what}", [int(bool(told(c, name)))])
    ok(told(everyone[0], name), f"kedge tells a {what.replace('_', ' ')}", s.kedge.tail())


def main():
    why = engine_can()
    if why:
        skip_all(f"no real engine: {why}")
    begin("latency")
    with Site(kedge=False, binary=KEDGE) as s:
        s.image("web:11", "serve", "keep=yes")
        everyone = [c for c in everybody(s) if c.name not in ("node_exporter", "collectd")]
        loops, took, ends = [c for c in everyone if isinstance(c, Loop)], {}, Ends(s.socket)
        ends.start()
        ends.open.wait(5)
        for c in everyone:
            c.start()
        time.sleep(1)
        starts(s, [c for c in everyone if c not in loops], ends, took)
        s.service("web", {})
        ok(wait(lambda: s.ctl("dump")["services"]["web"]["service"]["runningCount"] == 1, 30), "the service runs")
        deployments(s, everyone, ends, took)
        for name, values in took.items():
            who, _, of = name.partition(", ")
            record(who, "report_ms" if not of else "report_start_ms", values)
        who_tells(s, everyone, "failed_pull", image=f"{REGISTRY}/web:none")
        who_tells(s, everyone, "crash", command=["exit", "1", "100"])
        for c in everyone:
            c.stop()
    done()


main()
