#!/usr/bin/env python3
"""What a healthy day costs: WAN bytes of one service, by a kedge and a cloud whose clocks run faster, and beside it, on a
real clock, wake-ups a minute, disk writes while nothing happens, and what one incident writes."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import KEDGE_TEST, Site, budget, done, figures, note, ok, wait  # noqa: E402

DAY_S, SCALE = 86400, 2160	# a day in 40 s
CUT_S = 0.8			# real seconds between two cuts of idle connections: half an hour there
QUIET_S = 60
INCIDENTS = 3


def serving(s):
    return any(r["service"] == "web" and r["serving"] == "new" for r in s.read("services").get("services", []))


def lines(s, name):
    with open(os.path.join(s.cloud, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def io_written(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("write_bytes:"))


def begin(s):
    s.image("web:11")
    s.start_kedge()
    s.service("web", {})
    ok(wait(lambda: serving(s), 30), "one service runs", s.read("services"))


class Day:
    """The scaled site: connections that idle are cut as AWS cuts them, so that each heartbeat pays its handshake."""

    def __init__(self, s):
        self.s = s
        begin(s)
        settled = wait(lambda: self.rollout() == "SUCCESSFUL", 20)
        ok(settled, "its deployment is over", s.read("services"))
        self.cut()
        self.begun, self.requests = time.monotonic(), len(lines(s, "requests.jsonl"))
        self.connections = wait(lambda: len(lines(s, "connections.jsonl")), 5)

    def rollout(self):
        return next((r["rollout"] for r in self.s.read("services").get("services", [])), None)

    def cut(self):
        self.s.ctl("link", state="down", mode="refuse")
        self.s.ctl("link", state="up")

    def over(self):
        return time.monotonic() - self.begun >= DAY_S / SCALE

    def end(self):
        s = self.s
        ok(s.kedge.alive(), "kedge lives through the day")
        s.stop_kedge()
        rows = lines(s, "connections.jsonl")[self.connections:]
        asked = lines(s, "requests.jsonl")[self.requests:]
        names = [r.get("operation") or r.get("op") or r.get("target") or "?" for r in asked]
        note(f"{len(asked)} requests: " + ", ".join(f"{n} x{names.count(n)}" for n in sorted(set(names))))
        total = sum(r.get("bytes_to_client", 0) + r.get("bytes_from_client", 0) for r in rows)
        note(f"{len(rows)} connections, {sum(bool(r.get('resumed')) for r in rows)} resumed")
        ok(len(asked) >= 20, "it asked about once an hour", f"{len(asked)} requests")
        figures(wan_bytes_day_1svc=total)
        ok(0 < total <= budget("wan_bytes_day_1svc"), f"a day: {total} bytes of {budget('wan_bytes_day_1svc')}")


def live(day):
    """The scaled day goes by; the other site meanwhile comes to rest."""
    while not day.over():
        time.sleep(CUT_S)
        day.cut()
    day.end()


def row(s):
    return next(iter(s.read("services").get("services", [])), {})


def quiet(s):
    """Nothing happens any more: the deployment is over, the release has proved itself, all of it is written down."""
    rested = wait(lambda: row(s).get("last_good") and row(s).get("rollout") == "SUCCESSFUL" and
                  s.status()["journal"]["state"] == "durable", 70, 0.5)
    ok(rested, "the site is at rest", row(s))
    before, wakeups, begun = io_written(s.kedge.pid), s.status()["thrift"]["wakeups"], time.monotonic()
    time.sleep(QUIET_S)
    woken, minutes = s.status()["thrift"]["wakeups"] - wakeups, (time.monotonic() - begun) / 60
    written = io_written(s.kedge.pid) - before
    # two of them are the questions for the number itself: a connection and what it says
    per_minute = round((woken - 2) / minutes, 1)
    figures(wakeups_per_min_idle=per_minute, disk_bytes_day_idle=written)
    ok(per_minute <= budget("wakeups_per_min_idle"), f"idle: {per_minute} wake-ups a minute", s.kedge.tail())
    ok(written <= budget("disk_bytes_day_idle"), f"idle: {written} bytes written to disk", s.kedge.tail())


def incident(s):
    size, written = os.path.getsize(s.journal), io_written(s.kedge.pid)
    for i in range(INCIDENTS):
        arn = s.run_task(f"broken{i}", {"entryPoint": ["/nosuch"]})
        f = s.wait_failure(task=arn, essential=True)
        ok(f, f"incident {i + 1} is told", s.kedge.tail())
        wait(lambda: s.status()["journal"]["state"] == "durable", 10)
    # one bit of it may follow when AWS has said whose task it is
    grown = (os.path.getsize(s.journal) - size) // INCIDENTS
    note(f"an incident: {(io_written(s.kedge.pid) - written) // INCIDENTS} bytes in whole blocks of the file system")
    figures(disk_bytes_incident=grown)
    ok(0 < grown <= budget("disk_bytes_incident"), f"an incident: {grown} bytes of journal")


def main():
    scaled = ("--time-scale", str(SCALE), "--scaled-clock")
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s, \
            Site(engine="20", kedge=False, binary=KEDGE_TEST, cloud_options=scaled,
                 environment={"KEDGE_CLOCK_SCALE": str(SCALE)}) as fast:
        begin(s)
        live(Day(fast))
        quiet(s)
        incident(s)
    done()


main()
