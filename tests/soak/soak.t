#!/usr/bin/env python3
"""A night in an hour: `make soak MINUTES=60` plays a million of the engine's events, ten thousand deployments and a thousand outages
to a kedge, a cloud and an agent's log whose clock runs twelve times as fast; fewer minutes, as much less of each.
kedge's processes are killed without a warning in the first fifth of it, and at the end; a supervisor starts it anew. In between it
lives on, so that what it holds in its second fifth and in its last can be compared. Nothing that failed may go untold or be lost."""
import json
import os
import random
import socket
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from watch import SoakSite, Supervisor, family  # noqa: E402  (it knows where e2e is)
from e2e import REGISTRY, done, figures, note, ok, same, wait  # noqa: E402
from load import Deployments, Events, Outages, Starts  # noqa: E402

MINUTES = float(os.environ.get("MINUTES") or 1)
SCALE, SERVICES = 12, 20
EVENTS, DEPLOYMENTS, OUTAGES, STARTS, KILLS = 1_000_000 / 60, 10_000 / 60, 1_000 / 60, 30, 1.5   # a minute
DURABLE_S, NEWEST = 3.0, 40     # told so long ago and so recently, a failure has to survive a kill
JOURNAL_MAX = 256 * 1024
FLAT_MIN = 10                   # minutes: shorter runs say nothing of flat memory


def free_port():
    with socket.socket() as c:
        c.bind(("127.0.0.1", 0))
        return c.getsockname()[1]


def newest(failures):
    """By when they happened: of more than there are rows those give way that happened first, however late they were found."""
    return [int(f["id"][1:]) for f in sorted(failures, key=lambda f: f["first_unix_s"])[-NEWEST:]]


def kill_one(kedge, what, rng, missed):
    """One of kedge's processes; of what it knew the newest, told some seconds before, are known afterwards."""
    told = {i for at, i in kedge.ids if time.monotonic() - at > DURABLE_S}
    before = [i for i in newest(kedge.site.failures()) if i in told]
    below = family(kedge.kedge.pid)
    one = below[0] if what == "main" or len(below) == 1 else rng.choice(below[1:] if what == "child" else below)
    kedge.kill(one)
    left = kedge.known_ids()
    missed += [i for i in before if i not in left]


def in_first_fifth(kedge, begun, length_s, rng):
    """Kills, spread over it; what was missed after one."""
    missed, count = [], max(2, round(KILLS * MINUTES))
    for i in range(count):
        due = begun + length_s / 5 * (i + 0.5) / count
        time.sleep(max(0.0, due - time.monotonic()))
        kill_one(kedge, ["main", "child"][i] if i < 2 else "any", rng, missed)
    return missed


def flat(kedge, begun, length_s):
    """At rest, which a tenth of the samples are: what stays is no buffer of the message that is just being read."""
    def part(number, member, percent=10):
        lo, hi = begun + length_s * number / 5, begun + length_s * (number + 1) / 5
        values = [getattr(one, member) for one in kedge.samples if lo <= one.at < hi]
        return round(statistics.quantiles(values, n=100)[percent - 1]) if len(values) > 1 else 0

    for member in ("pss_kib", "own_kib", "rss_kib"):
        early, late, bound = part(1, member), part(4, member), part(1, member) * 1.05 + 128
        by_fifths = "; ".join(f"{name} by fifths: {[part(i, member, percent) for i in range(5)]}"
                              for name, percent in (("at rest", 10), ("median", 50), ("at work", 90)))
        if MINUTES >= FLAT_MIN and member != "rss_kib":     # the tables fill for the first time; with a program's clean pages
            ok(0 < late <= bound, f"{member} at rest: {early} in the second fifth, {late} in the last")
        note(f"{member}, {by_fifths}")
    early, late = part(1, "fds", 50), part(4, "fds", 50)
    ok(0 < late <= early + 2, f"descriptors: {early} in the second fifth, {late} in the last")
    figures(soak_pss_kib_second_fifth=part(1, "pss_kib"), soak_pss_kib_last_fifth=part(4, "pss_kib"),
            soak_rss_kib_last_fifth=part(4, "rss_kib"), soak_fds_last_fifth=part(4, "fds", 50))


def judge(kedge, loads, missed, begun, length_s):
    of = {kind: [load for load in loads if isinstance(load, kind)] for kind in (Deployments, Events, Outages, Starts)}
    count = {kind.__name__: sum(load.done for load in of[kind]) for kind in of}
    wanted = {"Deployments": DEPLOYMENTS, "Events": EVENTS, "Outages": OUTAGES}
    for name, per_minute in wanted.items():
        ok(count[name] >= per_minute * MINUTES / 2, f"{count[name]} {name.lower()} of {round(per_minute * MINUTES)}")
    same([load.broken for load in loads if load.broken], [], "the load was never interrupted")
    lost, expected = sum((load.lost for load in loads), []), sum((load.expected for load in loads), [])
    ok(expected and not lost, f"{len(expected)} failures were injected, {len(lost)} of them never told", lost[:20])
    twice = [name for name, lives in kedge.told.items() if name.startswith("once") and len(set(lives)) < len(lives)]
    ok(not twice, "each of one task is told once, unless kedge was killed between", twice[:20])
    same(missed, [], f"what was kept is there after {len(kedge.kills)} kills: {kedge.kills.count('main')} of the main process")
    same(kedge.crashes, [], "it never ended by itself")
    same(kedge.invariants, [], "no invariant was broken")
    flat(kedge, begun, length_s)
    ends = {end: sum(load.ends[end] for load in of[Deployments]) for end in of[Deployments][0].ends}
    percent = round(100 * kedge.cpu_s() / length_s, 1)
    note(f"outages: {of[Outages][0].kinds}; deployments ended: {ends}; {kedge.lines} lines; {percent} % of a core")
    figures(soak_minutes=MINUTES, soak_events=count["Events"], soak_deployments=count["Deployments"], soak_outages=count["Outages"],
            soak_failures=len(expected), soak_kills=len(kedge.kills), soak_cpu_percent=percent)


def end(s, kedge):
    """At last it is killed once more, in peace, and what the first and the second say is the same."""
    wait(lambda: s.status().get("journal", {}).get("state") == "durable", 20, 0.3)
    status = s.status()
    same({k: v for k, v in status.get("core", {}).items() if k in ("check_failed", "services_refused")},
         {"check_failed": 0, "services_refused": 0}, "its counters say so, too", json.dumps(status.get("core")))
    ok(os.path.getsize(s.journal) <= JOURNAL_MAX, f"the journal has {os.path.getsize(s.journal)} bytes")
    was = {int(f["id"][1:]): f for f in s.failures()}
    before = newest(list(was.values()))
    kedge.kill(kedge.kedge.pid)
    left = kedge.known_ids()
    gone = sorted(set(before) - left)
    ok(before and not gone, "after a last kill the newest failures are there",
       [(i, was[i]["class"], was[i]["provisional"], was[i]["service"]) for i in gone if i in was])
    kedge.over.set()
    kedge.join(10)
    same(kedge.kedge.stop(), 0, "and it ends well")


def main():
    length_s, rng = 60 * MINUTES, random.Random(os.environ.get("SEED0") or 1)
    conf = {"aws": {"data_budget": "unlimited"}, "policy": {"rollback": "auto", "hold_down": "0s", "max_rollbacks_per_day": 100}}
    with SoakSite(SCALE, conf=conf, agent_options=("--cleanup-wait", "5", "--introspection-port", str(free_port()))) as s:
        hooks = os.path.join(s.folder, "hooks.d")
        os.mkdir(hooks, 0o755)  # an empty folder of hooks gives kedge its child
        s.conf["report"] = {"listen": "", "hooks": hooks}
        s.image("web:11")
        s.docker.pull(f"{REGISTRY}/web:11")
        kedge = Supervisor(s)
        kedge.start()
        ok(wait(lambda: s.source("engine") == "up", 30), "kedge is there", kedge.kedge.tail())
        loads = [Deployments(s, kedge, DEPLOYMENTS / SERVICES, f"svc{i}") for i in range(SERVICES)]
        loads += [Events(s, kedge, EVENTS / (4 * Events.LIVES), "events"), Outages(s, kedge, OUTAGES), Starts(s, kedge, STARTS, "starts")]
        begun = time.monotonic()
        for load in loads:
            load.thread.start()
        missed = in_first_fifth(kedge, begun, length_s, rng)
        time.sleep(max(0.0, begun + length_s - time.monotonic()))
        for load in loads:
            load.over.set()
        s.ctl("link", state="up")
        s.ctl("clear-faults")
        for load in loads:
            load.thread.join(60)
        judge(kedge, loads, missed, begun, length_s)
        end(s, kedge)
    done()


main()
