#!/usr/bin/env python3
"""How kedge's cost grows on one node: with its services, its tasks, the engine's events in a minute, and the failures it has seen.
At each size a kedge of its own with an empty state: processor time of both processes since their start until all is taken in,
memory after that, and bytes: on the line for services, of the journal for the rest. Nothing may grow faster than what it grows
with, with a margin for what a busy machine adds; memory is flat once a table is full, and the counter that says so is shown."""
import json
import os
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import KEDGE, begin, record_line, used_by  # noqa: E402
from day import known, lines, wan_bytes  # noqa: E402
from e2e import REGISTRY, Site, done, labels, note, ok, wait  # noqa: E402
from pss import pss_kib  # noqa: E402

SERVICES, TASKS, EVENTS, FAILURES = (1, 10, 32, 100), (1, 10, 300, 500), (10, 1000, 10000, 100000), (1, 90, 3000, 10000)
# what limits.h has room for
SERVICES_MAX, TASKS_MAX, CONTAINERS_MAX, FAILURES_MAX = 32, 128, 256, 96
SETTLED_S = 25                  # after the start, of which what is asked about so many services is spread
JOURNAL_FULL = 3000             # failures that fill its 256 KiB more than once, so that it was rewritten
WINDOW_S, CHUNK, PART, FAILURES_S = 10, 48, 8000, 250
MORE, FLAT_KIB = 1.5, 64        # times as much as in proportion; KiB that a table of full size may still move
ROWS_KIB = 800                  # what as many more tasks take, which have rows of their own
LISTING_KIB = 2 * 512           # what limits.h allows of one answer, and as much for its tree


def fresh(s):
    """A kedge that knows nothing yet, of a copy of its own: nobody else maps its pages."""
    s.binary = os.path.join(s.folder, "kedge-fresh")
    if not os.path.exists(s.binary):
        shutil.copy(KEDGE, s.binary)
    shutil.rmtree(s.state_dir, ignore_errors=True)
    return s.start_kedge()


def taken(s, size, bytes_now):
    pids = s.kedge.processes()
    used = used_by(pids).cpu_ns / 1e6
    point = {"size": size, "cpu_ms": round(used, 1), "pss_kib": pss_kib(pids), "bytes": bytes_now}
    return point


def full(s, *counters):
    core = s.status().get("core", {})
    return ", ".join(f"{name} {core[name]}" for name in counters if core.get(name))


def judge(name, points, cap, more_kib=0):
    for a, b in zip(points, points[1:]):
        times = b["size"] / a["size"]
        for what in ("cpu_ms", "bytes"):
            ok(b[what] <= max(a[what], 1) * times * MORE, f"{name}, {a['size']} to {b['size']}: {what} {a[what]} to {b[what]}")
    at_cap = [p["pss_kib"] for p in points if p["size"] >= cap]
    if len(at_cap) > 1:
        ok(at_cap[-1] <= at_cap[0] * 1.05 + FLAT_KIB + more_kib, f"{name}: memory is flat from {cap} on: {at_cap} KiB")
        ok(points[-1]["full"], f"{name}: a full table is said", points[-1])
    for p in points:
        note(f"{name} {p}")
    record_line(name, points)


def services():
    points, made = [], 0
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        for size in SERVICES:
            for i in range(made, size):
                s.service(f"svc{i}", {"memory": 1})
            made = size
            ok(wait(lambda: all(x["service"]["runningCount"] == 1 for x in s.ctl("dump")["services"].values()), 120, 0.5),
               f"{size} services run")
            before = len(lines(s, "connections.jsonl"))
            fresh(s)
            want = min(size, SERVICES_MAX)
            begun = time.monotonic()
            ok(wait(lambda: len(known(s)) >= want, 60, 1), f"kedge knows {want} of them", f"{len(known(s))}\n{s.kedge.tail()}")
            time.sleep(max(0.0, begun + SETTLED_S - time.monotonic()))
            point = taken(s, size, 0) | {"full": full(s, "services_refused")}
            s.stop_kedge()
            point["bytes"] = wait(lambda: wan_bytes(lines(s, "connections.jsonl")[before:]), 10)
            points.append(point)
    judge("services", points, SERVICES_MAX, ROWS_KIB)


def alone():
    """No cloud and no ECS agent: the engine is all there is."""
    return Site(engine="20", kedge=False, cloud=False, agent=False)


def journal_bytes(s):
    return os.path.getsize(s.journal) if os.path.exists(s.journal) else 0


def tasks():
    points, made = [], 0
    with alone() as s:
        s.image("web:11")
        s.docker.pull(f"{REGISTRY}/web:11")
        for size in TASKS:
            for i in range(made, size):
                s.docker.start(s.docker.create(f"t{i}", {"Image": f"{REGISTRY}/web:11", "Labels": labels(f"{i:032x}", f"fam{i % 40}"),
                                                         "HostConfig": {"NetworkMode": "none"}}))
            made = size
            fresh(s)
            time.sleep(3)
            points.append(taken(s, size, journal_bytes(s)) | {"full": full(s, "tasks_refused", "tasks_dropped", "containers_dropped")})
            s.stop_kedge()
    judge("tasks", points, CONTAINERS_MAX, LISTING_KIB)     # the tables are full, the listing still grows


def life(number, family, exit_code, steps):
    """Lines of the engine about one container; when they are said, play() says."""
    ident, out = f"{number:064x}", []
    for action in steps:
        of = labels(f"{number:032x}", family) | {"image": "web:11", "name": f"n{number}"} | ({"exitCode": str(exit_code)} if action == "die" else {})
        out.append(json.dumps({"status": action, "id": ident, "from": "web:11", "Type": "container", "Action": action, "scope": "local",
                               "Actor": {"ID": ident, "Attributes": of}, "time": "@S", "timeNano": "@N"}))
    return out


def said_at(text, unix_ms):
    return text.replace('"@S"', str(unix_ms // 1000)).replace('"@N"', f"{unix_ms}000000")


def play(s, some, seconds, chunk=CHUNK):
    """Spread over so many seconds, in chunks as they come out of a pipe; returns when that time has passed."""
    begun = time.monotonic()
    for at in range(0, len(some), PART):
        part = some[at:at + PART]
        length_s, chunks = seconds * len(part) / len(some), [part[i:i + chunk] for i in range(0, len(part), chunk)]
        at_ms, now_ms = [int(1000 * length_s * i / len(chunks)) for i in range(len(chunks))], time.time_ns() // 10**6
        s.docker.call("POST", "/_double/script", [{"at_ms": ms, "raw": said_at("\n".join(c) + "\n", now_ms + ms)} for ms, c in zip(at_ms, chunks)])
        time.sleep(max(0.0, begun + seconds * (at + len(part)) / len(some) - time.monotonic()))


def drained(s, number):
    """A last failure is told, so all that came before it has been read; one that came while the stream was begun anew is lost, as the
    container is none that a listing would hold."""
    names = [f"last{number}x{i}" for i in range(6)]
    for i, name in enumerate(names):
        play(s, life(10**9 + 10 * number + i, name, 1, ("create", "start", "die")), 0)
        if wait(lambda: s.kedge.said("warn: ", f" {name}"), 15, 0.2):
            break
    ok(s.kedge.said("warn: ", f" {name}"), f"after {number} kedge has read all", s.kedge.tail())


def anew(s):
    """What kedge does when the engine is faster than it, and says: it begins the stream anew, with a listing first."""
    times = len(s.kedge.said("events came faster than they could be judged"))
    return f"stream begun anew {times} times; " if times else ""


def events():
    """Containers that come and go well, of another node agent's or of none: what most of the engine's lines are about."""
    points = []
    with alone() as s:
        for size in EVENTS:
            fresh(s)
            count = size * WINDOW_S // 60
            steps = ("create", "start", "top", "rename")
            some = [line for i in range(count // len(steps) + 1) for line in life(i % TASKS_MAX, "cron", 0, steps)][:max(1, count)]
            play(s, some, WINDOW_S)
            drained(s, size)
            points.append(taken(s, size, journal_bytes(s)) | {"full": anew(s) + full(s, "tasks_refused", "tasks_dropped", "containers_dropped")})
            s.stop_kedge()
    judge("events a minute", points, 10**9)


def history():
    points = []
    with alone() as s:
        for size in FAILURES:
            fresh(s)
            some = [line for i in range(size) for line in life(i, f"fam{i % 40}", 1, ("create", "start", "die", "destroy"))]
            play(s, some, size / FAILURES_S, 4)
            drained(s, size)
            wait(lambda: s.status().get("journal", {}).get("state") == "durable", 20, 0.3)
            told = len(s.kedge.said("warn: failure"))
            if size < FAILURES_MAX:
                ok(told > size, f"{size} failures and the last are told")
            note(f"{told} of {size} and the last are told; {anew(s)}")
            # what came while the stream was begun anew is in no listing of this engine, and was not seen
            points.append(taken(s, told, journal_bytes(s)) | {"full": anew(s) + full(s, "failures_dropped", "tasks_dropped", "containers_dropped")})
            s.stop_kedge()
    judge("failures seen", points, JOURNAL_FULL // 2)


def main():
    begin("growth")
    for part in (tasks, events, history, services):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
    done()


main()
