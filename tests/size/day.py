"""A day of kedge and the cloud, whose clocks run faster: what goes over the line in it, counted by the cloud from its sockets."""
from __future__ import annotations

import json
import os
import time
from typing import Any

from e2e import KEDGE_TEST, Site, note, ok, wait

DAY_S, SCALE = 86400, 2160      # a day in 40 s
SLOW_SCALE = 432                # in 200 s: for many services, whose answers would come too late by the faster clock
CUT_S = 1728                    # between two cuts of idle connections


def fast_site(scale: int = SCALE) -> Site:
    return Site(engine="20", kedge=False, binary=KEDGE_TEST, environment={"KEDGE_CLOCK_SCALE": str(scale)},
                cloud_options=("--time-scale", str(scale), "--scaled-clock"))


def lines(s: Site, name: str) -> list[dict[str, Any]]:
    with open(os.path.join(s.cloud, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def wan_bytes(rows: list[dict[str, Any]]) -> int:
    """TCP payload, TLS with it, both ways."""
    return sum(r.get("bytes_to_client", 0) + r.get("bytes_from_client", 0) for r in rows)


def known(s: Site) -> dict[str, dict[str, Any]]:
    return {r["service"]: r for r in s.read("services").get("services", [])}


def begin(s: Site, *services: str) -> None:
    """Each has a task that runs, and kedge knows it."""
    s.image("web:11")
    s.start_kedge()
    for name in services:
        s.service(name, {"memory": 1})
    ok(wait(lambda: all(known(s).get(name, {}).get("serving") == "new" for name in services), 60),
       f"{len(services)} services run" if len(services) > 1 else "one service runs", s.read("services"))


class Day:
    """Connections that idle are cut as AWS cuts them, so that each heartbeat pays its handshake."""

    def __init__(self, s: Site, *services: str) -> None:
        self.s, self.scale = s, int(s.environment["KEDGE_CLOCK_SCALE"])
        begin(s, *services)
        over = wait(lambda: all(known(s).get(name, {}).get("rollout") == "SUCCESSFUL" for name in services), 60, 0.2)
        ok(over, "the first deployment is over", s.read("services"))
        self.cut()
        self.begun, self.asked = time.monotonic(), len(lines(s, "requests.jsonl"))
        self.connections = wait(lambda: len(lines(s, "connections.jsonl")), 5)
        self.kept, self.wakeups = self.state(), s.status()["thrift"]["wakeups"]

    def state(self) -> list[tuple[str, int, int]]:
        """What is kept on disk: each file, its size, and when it was last written."""
        return sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in os.scandir(self.s.state_dir))

    def cut(self) -> None:
        self.s.ctl("link", state="down", mode="refuse")
        self.s.ctl("link", state="up")

    def pass_by(self) -> int:
        """Waits for the end of the day; the bytes."""
        self.live()
        return self.end()

    def live(self) -> None:
        while time.monotonic() - self.begun < DAY_S / self.scale:
            time.sleep(CUT_S / self.scale)
            self.cut()

    def end(self) -> int:
        ok(self.s.kedge.alive(), "kedge lives through the day")
        self.kept_after, self.woken = self.state(), self.s.status()["thrift"]["wakeups"] - self.wakeups
        self.s.stop_kedge()
        rows = lines(self.s, "connections.jsonl")[self.connections:]
        names = [r["op"] or "?" for r in lines(self.s, "requests.jsonl")[self.asked:]]
        note(f"{len(names)} requests: " + ", ".join(f"{n} x{names.count(n)}" for n in sorted(set(names))))
        note(f"{len(rows)} connections, {sum(bool(r.get('resumed')) for r in rows)} resumed")
        ok(len(names) >= 20, "it asked about once an hour", f"{len(names)} requests")
        return wan_bytes(rows)
