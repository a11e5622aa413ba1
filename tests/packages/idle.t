#!/usr/bin/env python3
"""What the installed agent costs while nothing happens: ten real minutes on a booted Debian beside a service that is well, and the
same for a day, extrapolated. Only with PACKAGES=full."""
import os
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import build  # noqa: E402
from e2e import Site, budget, done, figures, note, ok, same, skip_all, wait  # noqa: E402
from machine import Machine, cannot  # noqa: E402

MINUTES = 10
DAY_MINUTES = 24 * 60


def now(m):
    """Of all its processes: bytes written to anything, which is more than to a disk (and here the folders are in memory, where the
    kernel counts none to a disk); times they went to sleep by themselves; and what lies in its folders."""
    pids = m.sh("for p in /proc/[0-9]*; do case $(readlink $p/exe) in */bin/kedge) echo ${p#/proc/} ;; esac; done").stdout.split()
    told = m.sh("for p in " + " ".join(pids) + "; do cat /proc/$p/io /proc/$p/status; done").stdout
    rows = [line.split() for line in told.splitlines() if line.count(":") == 1]
    total = {key: sum(int(row[1]) for row in rows if row[0] == key + ":") for key in ("wchar", "voluntary_ctxt_switches")}
    return pids, total, m.sh("find /var/lib/kedge /run/kedge -printf '%p %T@ %s\\n' | sort").stdout


def main():
    if os.environ.get("PACKAGES") != "full":
        skip_all(f"only with PACKAGES=full: it takes {MINUTES} minutes")
    if cannot():
        skip_all(cannot())
    deb = build("amd64")
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        shutil.copy(deb, os.path.join(s.folder, "kedge.deb"))
        s.image("web:11")
        with Machine(s) as m:
            same(m.dpkg("-i", "/srv/site/kedge.deb")[0], 0, "installed")
            m.node()
            m.run("systemctl", "restart", "kedge")
            s.service("web", {})
            ok(wait(lambda: (m.object("services").get("services") or [{}])[0].get("verdict") == "ok", 90, 0.3), "a service that is well",
               m.told())
            time.sleep(60)     # what follows a deployment is over
            pids, before, files = now(m)
            note(f"{MINUTES} minutes of processes {pids}")
            time.sleep(MINUTES * 60)
            after_pids, after, after_files = now(m)
            same(after_pids, pids, "the same processes all the time: the watchdog, 5 minutes long, was content")
            spent = {key: after[key] - before[key] for key in before}
            note(f"in {MINUTES} minutes: {spent}\n{after_files}")
            state = [line for line in after_files.splitlines() if line.startswith("/var/lib")]
            same(state, [line for line in files.splitlines() if line.startswith("/var/lib")], "no file of its state was touched")
            wakeups = spent["voluntary_ctxt_switches"] / MINUTES
            disk = spent["wchar"] * DAY_MINUTES // MINUTES
            note(f"extrapolated from {MINUTES} minutes to a day: {disk} bytes to the disk, {wakeups * DAY_MINUTES:.0f} wake-ups")
            figures(installed_disk_bytes_day_idle=disk, installed_wakeups_per_min_idle=round(wakeups, 2))
            ok(disk <= budget("disk_bytes_day_idle"), "no more to the disk than its budget", spent)
            ok(wakeups <= budget("wakeups_per_min_idle"), "no more wake-ups than their budget", spent)
            same(m.show("NRestarts"), "0", "it was never started again")
    done()


main()
