#!/usr/bin/env python3
"""Days of outages by clocks that run faster: a long one each night, an hour in which the route comes and goes every minute,
three days without any, mornings behind a captive portal, and releases that go bad meanwhile; all drawn from SEED0. Nothing
is sent or tried where no route leads, the account's buckets stay more than half full, and what was decided is done.

LINE_DAYS days (1; `make bench` plays the week). At this pace a minute is 28 ms, so a single question to AWS lasts minutes:
it is a test of restraint, not of how fast anything is."""
import os
import random
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from line import ISP, LineSite, line_can  # noqa: E402
from e2e import KEDGE_TEST, done, figures, note, ok, skip_all, wait  # noqa: E402

DAYS = int(os.environ.get("LINE_DAYS") or 1)
SCALE, HOUR_S = 2160, 3600
FULL_PERCENT = 50
SERVICE = "web"


def weather(rng, days):
    """[(second of the simulated time, what happens)] in order; the line ends up and good."""
    plan = []
    for day in range(days):
        begin = 24 * HOUR_S * day
        if days >= 7 and 3 <= day < 6:
            if day == 3:
                plan += [(begin, "down"), (begin + 12 * HOUR_S, "bad"), (begin + 72 * HOUR_S, "up")]
            continue
        morning = begin + rng.uniform(6, 8) * HOUR_S
        plan += [(morning, "portal"), (morning + rng.uniform(1, 3) * HOUR_S, "clear")]
        flaps = begin + rng.uniform(12, 14) * HOUR_S
        for minute in range(60):
            plan += [(flaps + 60 * minute, "down"), (flaps + 60 * minute + rng.uniform(20, 40), "up")]
        night = begin + rng.uniform(17, 19) * HOUR_S
        plan += [(night, "down"), (night + rng.uniform(0.2, 1) * HOUR_S, "bad"), (night + rng.uniform(2, 4) * HOUR_S, "up")]
    return plan


class Sky:
    """The weather as it happens, and what went out while there was no route."""

    def __init__(self, s):
        self.s, self.routed, self.outages, self.late_s = s, True, 0, 0.0
        self.sent = self.tries = self.quiet_tries = 0
        self.pending = []
        # one process for all changes: to start one takes longer than a simulated minute
        self.ip = subprocess.Popen([*s.here.inside, "ip", "-batch", "-"], stdin=subprocess.PIPE, text=True)

    def end(self):
        self.ip.stdin.close()
        self.ip.wait(10)

    def route(self, up):
        self.ip.stdin.write(f"route replace default via {ISP}\n" if up else "route del default\n")
        self.ip.stdin.flush()
        if not wait(lambda: self.has_route() == up, 5, 0.001):
            raise RuntimeError("the route did not change")

    def has_route(self):
        with open(f"/proc/{self.s.here.holder.pid}/net/route", encoding="ascii") as f:
            return any(line.split()[1] == "00000000" for line in f.readlines()[1:])

    def counts(self):
        return self.s.here.sent("wan"), self.s.tries_without_route()

    def down(self, long):
        if long:
            self.s.forget_connections()		# of those nobody has said anything for a while
        self.route(False)
        self.before, self.long, self.outages = self.counts(), long, self.outages + 1

    def up(self):
        sent, tries = (b - a for a, b in zip(self.before, self.counts()))
        self.sent += sent
        self.tries += tries
        self.quiet_tries += tries if self.long else 0
        self.route(True)

    def play(self, plan):
        begun = time.monotonic()
        for i, (second, what) in enumerate(plan):
            due = begun + second / SCALE
            self.late_s = max(self.late_s, time.monotonic() - due)
            time.sleep(max(0.0, due - time.monotonic()))
            if what == "down":
                self.down(long=plan[i + 1][1] == "bad")
            elif what == "up":
                self.up()
            elif what == "bad":
                self.pending.append(self.s.deploy_bad(SERVICE))
            elif what == "portal":
                self.s.uplink("portal", mode="plain")
            else:
                self.s.uplink("clear")


def at_rest(s):
    return s.rollback(SERVICE).get("state") in ("none", "rolled-back", "superseded")


def main():
    why = line_can()
    if why:
        skip_all(why)
    seed = int(os.environ.get("SEED0") or 1)
    plan = weather(random.Random(seed), DAYS)
    conf = {"policy": {"rollback": "auto", "hold_down": "0s"}, f"service {SERVICE}": {"family": SERVICE}}
    with LineSite(conf=conf, cloud_options=("--time-scale", str(SCALE), "--scaled-clock"), binary=KEDGE_TEST,
                  environment={"KEDGE_CLOCK_SCALE": str(SCALE)}) as s:
        s.begin(SERVICE)
        ticks, wakeups, asked = s.cpu_ticks(), s.status()["thrift"]["wakeups"], len(s.requests())
        sky = Sky(s)
        try:
            sky.play(plan)
        finally:
            sky.end()
        ok(wait(lambda: at_rest(s), 30, 0.2), "what was decided comes to its end", f"{s.rollback(SERVICE)}\n{s.kedge.tail()}")
        ok(s.kedge.alive(), f"kedge lives through {DAYS} days, seed {seed}: {sky.outages} outages of the route", s.kedge.tail())
        ok(sky.sent == 0, f"{sky.sent} packets went out while there was no route")
        ok(sky.quiet_tries == 0, f"{sky.quiet_tries} were tried in the long outages")
        note(f"{sky.tries} tried in the minutes of flapping, ends of connections that were open when the route went")
        done_ = [d for d in sky.pending if s.accepted(d)]
        ok(len(done_) == len(sky.pending), f"{len(done_)} of {len(sky.pending)} bad releases were hauled back", s.kedge.tail())
        lowest = s.ctl("dump")["buckets_lowest_percent"]
        ok(min(lowest.values()) >= FULL_PERCENT, f"the account's buckets were never below {min(lowest.values())} percent", lowest)
        per_day = (len(s.requests()) - asked) / DAYS
        note(f"latest event {sky.late_s * SCALE / 60:.1f} simulated minutes late; {per_day:.0f} requests a day, "
             f"{(s.status()['thrift']['wakeups'] - wakeups) / DAYS:.0f} wake-ups, "
             f"{10 * (s.cpu_ticks() - ticks) / DAYS:.0f} ms of processor")
        figures(outage_days=DAYS, outage_requests_day=round(per_day), outage_packets_without_route=sky.sent,
                outage_bucket_lowest_percent=min(lowest.values()))
    done()


main()
