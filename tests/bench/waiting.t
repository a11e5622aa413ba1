#!/usr/bin/env python3
"""Waiting for a failure that does not come, all side by side on one node: memory, processor, wake-ups, and what the disk is
made to write. Three windows of two minutes in which everybody waits at the same time; what a day is, is their rate.

PSS of all processes of each. The loops' is looked at four times a second: they are nothing but a sleeping shell most of the
time, so both the mean and the most are told. kedge asks AWS once an hour, which no such window holds: look.t measures what a
look costs, and 24 of them are added to its day there."""
import os
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import DAY_S, begin, record  # noqa: E402
from contenders import Loop, everybody  # noqa: E402
from e2e import KEDGE, Site, done, note, ok, wait  # noqa: E402

WINDOWS, WINDOW_S, REST_S, EVERY_S = 3, 120, 20, 0.25


def at_rest(s):
    row = next(iter(s.read("services").get("services", [])), {})
    return row.get("last_good") and row.get("rollout") == "SUCCESSFUL" and s.status()["journal"]["state"] == "durable"


def sampled(all_of_them, loops, seconds):
    """{name: its PSS by time}; of daemons once, at the end, when the loops sleep."""
    end, seen = time.monotonic() + seconds, {c.name: [] for c in all_of_them}
    while time.monotonic() < end:
        for c in loops:
            seen[c.name].append(c.pss())
        time.sleep(EVERY_S)
    for c in all_of_them:
        if c not in loops:
            seen[c.name].append(c.pss())
    return seen


def window(everyone, loops, rows):
    begun = time.monotonic()
    for c in everyone:
        c.window()
    seen = sampled(everyone, loops, WINDOW_S)
    for c in everyone:
        ok(c.alive(), f"{c.name} waits", "" if c.name == "kedge" else c.said())
        per_day = DAY_S / (time.monotonic() - begun)
        used = c.used()
        for what, value in (("pss_kib", statistics.mean(seen[c.name])), ("pss_most_kib", max(seen[c.name])),
                            ("cpu_s_day", used.cpu_ns / 1e9 * per_day), ("wakeups_day", used.woken * per_day),
                            ("disk_kb_day", used.written / 1000 * per_day)):
            rows.setdefault((c.name, what), []).append(value)


def main():
    begin("waiting")
    with Site(engine="20", kedge=False, binary=KEDGE, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        everyone = everybody(s)
        loops = [c for c in everyone if isinstance(c, Loop)]
        everyone[0].start()
        s.service("web", {})
        s.ctl("pad-events", service="web", count=100)
        ok(wait(lambda: at_rest(s), 90, 0.5), "the node is at rest", s.read("services"))
        for c in everyone[1:]:
            if c not in loops:
                c.start()
        time.sleep(REST_S)
        rows = {}
        for _ in range(WINDOWS):
            window(everyone, loops, rows)
        note(f"a day is {WINDOWS} windows of {WINDOW_S} s, each x {DAY_S} / {WINDOW_S}")
        for (name, what), values in rows.items():
            record(name, what, values)
        for c in everyone:
            if c not in loops:
                c.stop()
    done()


main()
