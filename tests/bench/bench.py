"""What the benches share: their results in build/bench.json, the conditions they were got under, and what a process has used."""
from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from typing import Any, Iterable, Iterator

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), os.path.join(HERE, "..", "size")]
from e2e import KEDGE, TOP, note  # noqa: E402

RESULTS = os.path.join(TOP, "build", "bench.json")
DAY_S = 86400
PACKAGES = ("awscli", "curl", "jq", "docker.io", "prometheus-node-exporter", "collectd")


def said(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


def load() -> float:
    return os.getloadavg()[0]


def cpu_model() -> str:
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        found = [line.partition(":")[2].strip() for line in f if line.startswith(("model name", "Model"))]
    return f"{found[0] if found else platform.machine()}, {os.cpu_count()} cores"


def versions() -> dict[str, str]:
    rows = said("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES).splitlines()
    known = dict(row.split(" ", 1) for row in rows if " " in row)
    return {"kedge": said(KEDGE, "version").split()[1]} | {p: known.get(p, "not installed") for p in PACKAGES}


def kept() -> dict[str, Any]:
    if not os.path.exists(RESULTS):
        return {"conditions": {}, "figures": {}, "growth": {}}
    with open(RESULTS, encoding="utf-8") as f:
        found: dict[str, Any] = json.load(f)
    return found


@contextlib.contextmanager
def changed() -> Iterator[dict[str, Any]]:
    """The results, to be changed; two benches run at one time."""
    with open(RESULTS + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = kept()
        yield results
        with open(RESULTS + ".new", "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1, sort_keys=True)
            f.write("\n")
        os.replace(RESULTS + ".new", RESULTS)


def begin(name: str) -> None:
    """Prints the conditions of this part, and keeps them."""
    found = {"cpu": cpu_model(), "kernel": platform.release(), "versions": versions(), "date": time.strftime("%Y-%m-%d", time.gmtime())}
    with changed() as results:
        results["conditions"] |= found
        results["conditions"].setdefault("load", {})[name] = round(load(), 2)
    note(f"conditions: {found['cpu']}; Linux {found['kernel']}; load {load():.2f}")
    note("; ".join(f"{p} {v}" for p, v in found["versions"].items()))


def rounded(value: float) -> float:
    """Three digits say what was measured; bytes and counts are whole."""
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")


def record(who: str, what: str, values: Iterable[float], why: str = "") -> float:
    """Median and spread of the repeats, kept and printed. why: how a figure came to be that was not simply read."""
    found = sorted(values)
    row = [rounded(v) for v in (statistics.median(found), found[0], found[-1])]
    with changed() as results:
        results["figures"].setdefault(who, {})[what] = {"median": row[0], "min": row[1], "max": row[2], "n": len(found)}
    note(f"{who}: {what} {row[0]:g} ({row[1]:g} to {row[2]:g}, n {len(found)}){'; ' + why if why else ''}")
    return row[0]


def record_line(name: str, points: list[dict[str, Any]]) -> None:
    """How a cost grows: a row for each size."""
    with changed() as results:
        results["growth"][name] = points


class Used:
    """What processes have used so far: nanoseconds of a processor, times they were woken, bytes they let the disk write."""

    def __init__(self, cpu_ns: int = 0, woken: int = 0, written: int = 0) -> None:
        self.cpu_ns, self.woken, self.written = cpu_ns, woken, written

    def __sub__(self, other: Used) -> Used:
        return Used(self.cpu_ns - other.cpu_ns, self.woken - other.woken, self.written - other.written)

    def __add__(self, other: Used) -> Used:
        return Used(self.cpu_ns + other.cpu_ns, self.woken + other.woken, self.written + other.written)


def member(path: str, name: str) -> int:
    with open(path, encoding="ascii", errors="replace") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name))


def used_by(pids: Iterable[int]) -> Used:
    """Of processes that are alive: all their threads."""
    total = Used()
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            at = f"/proc/{pid}/task/{thread}"
            with open(f"{at}/schedstat", encoding="ascii") as f:
                total.cpu_ns += int(f.read().split()[0])
            total.woken += member(f"{at}/status", "voluntary_ctxt_switches:")
        total.written += member(f"/proc/{pid}/io", "write_bytes:")
    return total


def used_up(pid: int) -> Used:
    """Waits for a child's end: what it and all that it waited for itself have used."""
    _, _, spent = os.wait4(pid, 0)
    return Used(round(1e9 * (spent.ru_utime + spent.ru_stime)), spent.ru_nvcsw, 512 * spent.ru_oublock)
