"""What a busy night brings, each part in threads of its own: deployments, every other of which is bad, starts that fail, a stream
of other containers' events, and outages of engine, line, keys and ECS agent. All at a pace; what was done is counted."""
from __future__ import annotations

import glob

import os
import random
import threading
import time
from typing import Any, Callable

from e2e import LABEL, REGISTRY, DockerError, call, labels, never, wait

from watch import SoakSite, Supervisor

ENDED = ["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]
TOLD_S = 30.0           # so long after an outage kedge may take to tell a failure


class Load:
    """A thread that does one thing again and again, so often in a minute."""

    def __init__(self, site: SoakSite, kedge: Supervisor, per_minute: float, seed: str) -> None:
        self.site, self.kedge, self.gap_s, self.random = site, kedge, 60 / per_minute, random.Random(seed)
        self.over = threading.Event()
        self.done = 0
        self.lost: list[str] = []
        self.expected: list[str] = []
        self.broken = ""
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        due = time.monotonic() + self.random.uniform(0, self.gap_s)
        try:
            while not self.over.wait(max(0.0, due - time.monotonic())):
                self.once()
                due = max(due + self.gap_s, time.monotonic() - 10 * self.gap_s)
        except Exception as e:  # the test says so: a load that stopped is no load
            self.broken = f"{type(self).__name__}: {e!r}"

    def once(self) -> None:
        raise NotImplementedError

    def expect(self, name: str, injected: Callable[[], bool]) -> None:
        """kedge tells this failure, if it came to be at all; what came late, as the ECS agent or the engine was away, so long after."""
        begun = time.strftime("%T")
        wait(lambda: name in self.kedge.told or (self.over.is_set() and not injected()), TOLD_S, 0.05)
        came = name in self.kedge.told or injected()
        if came:
            wait(lambda: name in self.kedge.told, TOLD_S, 0.05)
        if name in self.kedge.told or self.kedge.knows(name):
            self.expected.append(name)
        elif came:
            self.lost.append(f"{name}, {begun} to {time.strftime('%T')}, life {self.kedge.life}, kedge has {self.kedge.has(name)}")


class Deployments(Load):
    """One service: a bad release, its end, a good one, its end. BAD_S, GOOD_S: an end that has not come by then is overtaken."""

    BAD_S, GOOD_S = 3.0, 8.0

    def __init__(self, site: SoakSite, kedge: Supervisor, per_minute: float, name: str) -> None:
        super().__init__(site, kedge, per_minute, name)
        self.name, self.ends = name, dict.fromkeys(ENDED, 0)
        site.service(name, {"memory": 1})

    def deploy(self, container: dict[str, Any]) -> str:
        definition = self.site.define(self.name, {"memory": 1} | container)
        self.site.ctl("update-service", service=self.name, taskDefinition=definition)
        self.done += 1
        return definition

    def ended(self) -> str:
        answer = call(self.site.cloud, "wait-deployment", service=self.name, status=ENDED, timeout_s=0)
        return answer["status"] if answer["ok"] else ""

    def rest(self, seconds: float) -> None:
        end = wait(lambda: self.over.is_set() or self.ended(), seconds, 0.2)
        if end and end is not True:
            self.ends[end] += 1

    def once(self) -> None:
        if self.done % 2 == 1:
            self.deploy({})
            self.rest(self.GOOD_S)
            return
        if self.random.random() < 0.3:
            image = f"{REGISTRY}/gone:{self.name}-{self.done}"
            self.expect(self.deploy({"image": image}), lambda: self.pull_failed(image))
        else:
            definition = self.deploy({"entryPoint": ["/nosuch"]})
            self.expect(definition, lambda: self.in_engine(definition))
        self.rest(self.BAD_S)

    def in_engine(self, definition: str) -> bool:
        family, _, revision = definition.partition(":")
        try:
            rows = self.site.docker.call("GET", "/containers/json?all=1")
        except DockerError:
            return False
        return any(r["Labels"].get(LABEL + "task-definition-family") == family and r.get("State") != "running" and
                   r["Labels"].get(LABEL + "task-definition-version") == revision for r in rows)

    def pull_failed(self, image: str) -> bool:
        """The ECS agent's log says so; that it begins to pull, it says of the same image before."""
        newest = sorted(glob.glob(self.site.agent_log + "*"), key=os.path.getmtime)[-2:]
        for path in newest:
            with open(path, encoding="utf-8", errors="replace") as f:
                if any(image in line and "level=error" in line for line in f):
                    return True
        return False


class Starts(Load):
    """Tasks of their own whose one container cannot be started. Each is kept until it was told."""

    def once(self) -> None:
        self.done += 1
        name, failed = f"once{self.done}", False
        body = {"Image": f"{REGISTRY}/web:11", "Entrypoint": ["/nosuch"], "HostConfig": {"NetworkMode": "none"},
                "Labels": labels(f"{self.done:032x}", name)}
        ident = ""
        try:
            ident = self.site.docker.create(name, body)
            self.site.docker.start(ident)
        except DockerError as e:
            failed = ident != "" and e.status >= 400
        if failed:
            self.expect(f"{name}:1", lambda: True)
        wait(lambda: ident == "" or self.over.is_set() or self.removed(ident), 30, 0.2)

    def removed(self, ident: str) -> bool:
        try:
            self.site.docker.remove(ident)
            return True
        except DockerError as e:
            return e.status == 404


class Events(Load):
    """Lives of containers that are nobody's failure: some of no task, some of one that ends well."""

    LIVES = 25
    STEPS: tuple[tuple[str, dict[str, str]], ...] = (
        ("create", {}), ("start", {}), ("die", {"exitCode": "0"}), ("destroy", {}))

    def once(self) -> None:
        script = []
        for _ in range(self.LIVES):
            ident = f"{self.random.getrandbits(256):064x}"
            of_task = labels(ident[:32], "cron") if self.random.random() < 0.1 else {}
            for action, more in self.STEPS:
                script.append({"at_ms": 0, "event": {"status": action, "id": ident, "Type": "container", "Action": action, "Actor": {
                    "ID": ident, "Attributes": {"image": "busybox", "name": f"n{ident[:8]}"} | of_task | more}}})
        try:
            self.site.docker.call("POST", "/_double/script", script)
            self.done += len(script)
        except DockerError:
            pass        # the engine is away just now


class Outages(Load):
    def __init__(self, site: SoakSite, kedge: Supervisor, per_minute: float) -> None:
        super().__init__(site, kedge, per_minute, "outages")
        self.kinds: dict[str, int] = {}

    def once(self) -> None:
        kind = self.random.choice(["refuse", "stale", "eof", "stall", "down", "blackhole", "answers", "answers", "keys", "agent"])
        if kind == "agent" and self.random.random() < 0.5:
            kind = "eof"        # its start costs this machine most of a second
        seconds = self.random.uniform(0.2, 1.5)
        try:
            self.bring(kind, seconds)
        except DockerError:
            return
        self.done += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def bring(self, kind: str, seconds: float) -> None:
        ms = int(1000 * seconds)
        if kind in ("refuse", "stale", "eof", "stall"):
            step = {"eof": True} if kind == "eof" else {"stall": ms} if kind == "stall" else {"refuse": ms, "stale": kind == "stale"}
            self.site.docker.call("POST", "/_double/script", [{"at_ms": 0} | step])
            never(self.over.is_set, seconds + 0.2)
        elif kind in ("down", "blackhole"):
            self.site.ctl("link", state="down", mode="refuse" if kind == "down" else "blackhole")
            time.sleep(seconds)
            self.site.ctl("link", state="up")
        elif kind == "answers":
            self.site.ctl("fault", kind=self.random.choice(["http500", "http503", "html", "bad-json", "truncate", "reset", "drop-answer"]), count=3)
        elif kind == "keys":
            self.site.ctl("rotate-credentials", torn_s=0.2)
        else:
            self.site.stop_agent()
            self.site.start_agent()


