"""kedge as a supervisor keeps it: it is started again whenever it ends, its lines are read as they come, what its processes hold
is looked at all the time, and now and then one of them is killed without a warning."""
from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from e2e import KEDGE_TEST, Kedge, Site, wait  # noqa: E402

TOLD = re.compile(r"^\w+: failure f(\d+) (\S+:\d+) ")
AFTERWARDS_S = 5.0      # an end of kedge so soon after one of its processes was killed is the driver's doing


class SoakSite(Site):
    """kedge, the engine, the cloud and the ECS agent's log share one fast clock; the daemon runs from a file of its own, so that
    the pages of the verbs are not counted as shared with it."""

    def __init__(self, scale: int, **more: Any) -> None:
        super().__init__(engine="20", kedge=False, binary=KEDGE_TEST, environment={"KEDGE_CLOCK_SCALE": str(scale)},
                         cloud_options=("--time-scale", str(scale), "--scaled-clock"), **more)
        self.scale = scale
        self.daemon_binary = os.path.join(self.folder, "kedge-daemon")
        shutil.copy(KEDGE_TEST, self.daemon_binary)

    def double(self, name: str, *arguments: str, inside: tuple[str, ...] = ()) -> Any:
        anchor = os.path.join(self.folder, "clock-anchor")
        if name == "engine_replay.py":
            name = os.path.join(HERE, "fast_engine.py")
            inside = ("env", f"FAST_CLOCK_SCALE={self.scale}", f"FAST_CLOCK_ANCHOR={anchor}")
        if os.path.basename(name) == "agent_more.py":
            if "KEDGE_CLOCK_ANCHOR_MS" not in self.environment:
                ahead_s = self.ctl("ping")["server_unix_s"] - time.time()
                anchor_ms = int(1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - ahead_s / (self.scale - 1)))
                self.environment["KEDGE_CLOCK_ANCHOR_MS"] = str(anchor_ms)
                with open(anchor + ".new", "w", encoding="ascii") as f:
                    f.write(str(anchor_ms))
                os.rename(anchor + ".new", anchor)
            inside = ("env", f"E2E_LOG_CLOCK={self.scale} {self.environment['KEDGE_CLOCK_ANCHOR_MS']}")
        return super().double(name, *arguments, inside=inside)

    def start_kedge(self, synced: bool = True, fresh_conf: bool = True, uid: int = 0) -> Kedge:
        verbs, self.binary = self.binary, self.daemon_binary
        try:
            return super().start_kedge(False, fresh_conf, uid)
        finally:
            self.binary = verbs


def family(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for one in found:
        try:
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as f:
                found += map(int, f.read().split())
        except OSError:
            pass
    return found


@dataclass
class Sample:
    at: float
    pss_kib: int
    rss_kib: int
    own_kib: int        # of it what is no file's: a program's clean pages come and go with the moment of a sample
    fds: int


def sample(pid: int) -> Sample | None:
    """What all of them hold together; None when one has ended meanwhile."""
    pss = rss = own = fds = 0
    try:
        for one in family(pid):
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as f:
                kib = {words[0]: int(words[1]) for words in map(str.split, f) if words[-1] == "kB"}
            pss, rss, own = pss + kib["Pss:"], rss + kib["Rss:"], own + kib["Anonymous:"] + kib["Pss_Shmem:"]
            fds += len(os.listdir(f"/proc/{one}/fd"))
    except (OSError, KeyError):
        return None
    return Sample(time.monotonic(), pss, rss, own, fds)


class Supervisor(threading.Thread):
    EVERY_S, SAMPLE_S, RESTART_S = 0.05, 0.5, 0.2

    def __init__(self, site: SoakSite) -> None:
        super().__init__(daemon=True)
        self.site, self.over = site, threading.Event()
        self.told: dict[str, list[int]] = {}            # FAMILY:REV: in which of kedge's lives it was told
        self.ids: list[tuple[float, int]] = []          # of failures, and when each was told
        self.samples: list[Sample] = []
        self.kills: list[str] = []
        self.crashes: list[str] = []
        self.ticks = self.lines = 0
        self.invariants: list[str] = []
        self.killed_at = -AFTERWARDS_S
        self.life = 0
        self.sampled_at = 0.0
        self.begin()

    def begin(self) -> None:
        self.kedge = self.site.start_kedge(synced=False, fresh_conf=self.life == 0)
        self.life += 1
        self.read = self.life_ticks = 0

    def run(self) -> None:
        while not self.over.wait(self.EVERY_S):
            self.look()

    def look(self) -> None:
        alive = self.kedge.alive()
        if not alive:
            self.kedge.wait_exit()
        self.read_lines()
        if not alive:
            if time.monotonic() - self.killed_at > AFTERWARDS_S:
                self.crashes.append(f"exit {self.kedge.process.returncode}: {self.kedge.tail(60)}")
            self.ticks += self.life_ticks
            time.sleep(self.RESTART_S)
            self.begin()
        elif time.monotonic() - self.sampled_at >= self.SAMPLE_S:
            self.sampled_at = time.monotonic()
            found = sample(self.kedge.pid)
            self.samples += [found] if found else []
            self.life_ticks = sum(map(cpu_ticks, family(self.kedge.pid)))

    def read_lines(self) -> None:
        with self.kedge.changed:
            fresh, self.read = self.kedge.lines[self.read:], len(self.kedge.lines)
        self.lines += len(fresh)
        for _, line in fresh:
            found = TOLD.match(line)
            if found:
                self.told.setdefault(found[2], []).append(self.life)
                self.ids.append((time.monotonic(), int(found[1])))
            if "invariant" in line:
                self.invariants.append(line)

    def kill(self, pid: int) -> None:
        """And waits until its successor, or whoever it was a child of, answers."""
        what = "main" if pid == self.kedge.pid else "child"
        self.killed_at, life = time.monotonic(), self.life
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return      # of a process that ended by itself the crashes tell
        self.kills.append(what)
        wait(lambda: self.life > life, 10 if what == "main" else 1, 0.05)
        wait(lambda: self.site.source("engine") != "", 10, 0.1)

    def known_ids(self) -> set[int]:
        return {int(f["id"][1:]) for f in self.site.failures()}

    def knows(self, name: str) -> bool:
        """This failure is among those of the verb: its line may have been one that a full pipe did not take."""
        family_, _, revision = name.partition(":")
        return any(f["family"] == family_ and str(f["revision"]) == revision for f in self.site.failures())

    def has(self, name: str) -> str:
        """The tasks of that definition as kedge sees them, for whoever looks into what was never told."""
        family_, _, revision = name.partition(":")
        tasks = self.site.read("tasks")["tasks"]
        return "; ".join(f"{t['known']}, stop ordered {t['stop_ordered']}, since {t['first_unix_s']}: " +
                         ", ".join(f"{k['state']} {k['exit_code']}" for k in t["containers"])
                         for t in tasks if t["family"] == family_ and str(t["revision"]) == revision)

    def cpu_s(self) -> float:
        return (self.ticks + self.life_ticks) / os.sysconf("SC_CLK_TCK")


def cpu_ticks(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            words = f.read().rpartition(")")[2].split()
        return int(words[11]) + int(words[12])
    except OSError:
        return 0
