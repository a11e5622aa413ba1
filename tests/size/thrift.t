#!/usr/bin/env python3
"""What a healthy day costs: WAN bytes of one service, by a kedge and a cloud whose clocks run faster, and beside it, on a
real clock, wake-ups a minute, disk writes while nothing happens, and what one incident writes."""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, budget, done, figures, note, ok, same, wait  # noqa: E402
from day import CUT_S, DAY_S, Day, begin, fast_site  # noqa: E402

QUIET_S = 60
INCIDENTS = 3
CUTS = DAY_S // CUT_S


def of_all(s, file, *members):
    """Sum of those members of /proc/PID/FILE, of gate and worker together."""
    total = 0
    for pid in s.kedge.processes():
        with open(f"/proc/{pid}/{file}", encoding="ascii") as f:
            total += sum(int(line.split()[1]) for line in f if line.partition(":")[0] in members)
    return total


def io_written(s):
    return of_all(s, "io", "write_bytes")


def live(day):
    """The scaled day goes by; the other site meanwhile comes to rest."""
    total = day.pass_by()
    figures(wan_bytes_day_1svc=total)
    ok(0 < total <= budget("wan_bytes_day_1svc"), f"a day: {total} bytes of {budget('wan_bytes_day_1svc')}")
    same(day.kept_after, day.kept, "... in which nothing is written to disk")
    # no limit: a clock that runs 2,160 times faster brings timers due while an answer of 20 ms comes in
    note(f"{day.woken} wake-ups in it, with the heartbeats and {CUTS} cuts of the line")
    figures(wakeups_simulated_day=day.woken)


def row(s):
    return next(iter(s.read("services").get("services", [])), {})


def quiet(s):
    """Nothing happens any more: the deployment is over, the release has proved itself, all of it is written down."""
    rested = wait(lambda: row(s).get("last_good") and row(s).get("rollout") == "SUCCESSFUL" and
                  s.status()["journal"]["state"] == "durable", 70, 0.5)
    ok(rested, "the site is at rest", row(s))
    before, wakeups, begun = io_written(s), s.status()["thrift"]["wakeups"], time.monotonic()
    # the loop's own count is the worker's; what both were switched to is told beside, a question between them is three
    switched = of_all(s, "status", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
    time.sleep(QUIET_S)
    switched = of_all(s, "status", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches") - switched
    woken, minutes = s.status()["thrift"]["wakeups"] - wakeups, (time.monotonic() - begun) / 60
    written = io_written(s) - before
    # two of them are the questions for the number itself: a connection and what it says
    per_minute = round((woken - 2) / minutes, 1)
    figures(wakeups_per_min_idle=per_minute, switches_per_min_idle=round(switched * 60 / QUIET_S, 1), disk_bytes_day_idle=written)
    ok(per_minute <= budget("wakeups_per_min_idle"), f"idle: {per_minute} wake-ups a minute", s.kedge.tail())
    ok(written <= budget("disk_bytes_day_idle"), f"idle: {written} bytes written to disk", s.kedge.tail())


def incident(s):
    size, written = os.path.getsize(s.journal), io_written(s)
    for i in range(INCIDENTS):
        arn = s.run_task(f"broken{i}", {"entryPoint": ["/nosuch"]})
        f = s.wait_failure(task=arn, essential=True)
        ok(f, f"incident {i + 1} is told", s.kedge.tail())
        wait(lambda: s.status()["journal"]["state"] == "durable", 10)
    # one bit of it may follow when AWS has said whose task it is
    grown = (os.path.getsize(s.journal) - size) // INCIDENTS
    note(f"an incident: {(io_written(s) - written) // INCIDENTS} bytes in whole blocks of the file system")
    figures(disk_bytes_incident=grown)
    ok(0 < grown <= budget("disk_bytes_incident"), f"an incident: {grown} bytes of journal")


def main():
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s, fast_site() as fast:
        begin(s, "web")
        live(Day(fast, "web"))
        quiet(s)
        incident(s)
    done()


main()
