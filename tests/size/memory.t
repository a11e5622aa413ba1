#!/usr/bin/env python3
"""What kedge keeps in memory: PSS of gate, worker and whatever they start, added up, run from a fresh copy of the binary (pages of a file that another
process maps too would be counted by halves), idle with one service, and at the worst moment: the cloud pauses in the
middle of a DescribeServices of ten services with 100 events each, over TLS 1.3. The verb that asks runs from a copy of
its own: it lives for one answer; what it adds is measured and told beside."""
import json
import os
import shutil
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "e2e")]
from e2e import KEDGE, Site, budget, done, engine_can, figures, note, ok, same, wait  # noqa: E402
from pss import NO_ZERO_PAGE, processes, pss_each, pss_kib, running  # noqa: E402

SERVICES, IDLE_S, PAUSE_S, EVERY_S = 10, 20, 2.0, 0.02


class Sampler(threading.Thread):
    """The most that all processes of the daemon's file had at one time, and with the verb's."""

    def __init__(self, path, verb):
        super().__init__(daemon=True)
        self.path, self.verb, self.over = path, verb, threading.Event()
        self.peak = self.together = self.samples = 0
        self.each = {}	# at the peak

    def run(self):
        while not self.over.wait(EVERY_S):
            table = running()
            each, verb = pss_each(processes(self.path, table)), pss_kib(processes(self.verb, table))
            daemon = sum(each.values())
            if daemon > self.peak:
                self.each = each
            self.peak, self.together = max(self.peak, daemon), max(self.together, daemon + verb)
            self.samples += 1


def idle(s, path):
    s.service("web", {})
    ok(wait(lambda: any(r["service"] == "web" and r["serving"] == "new"
                        for r in s.read("services").get("services", [])), 30), "one service runs", s.read("services"))
    note(f"idle for {IDLE_S} s" + (NO_ZERO_PAGE and "; this kernel has no zero page: pages of nothing are taken off" or ""))
    time.sleep(IDLE_S)	# what is measured is what is there after a time without work
    found = processes(path)
    kib = pss_kib(found)
    note("gate and worker: " + ", ".join(f"{each} KiB" for each in pss_each(found).values()))
    with open(f"/proc/{s.kedge.pid}/task/{s.kedge.pid}/children", encoding="ascii") as f:
        children = [int(pid) for pid in f.read().split()]
    same((len(children), found), (1, sorted([s.kedge.pid, *children])), "gate and worker are kedge's only processes")
    figures(pss_idle_kib=kib)
    ok(0 < kib <= budget("pss_idle_kib"), f"idle: {kib} KiB of {budget('pss_idle_kib')}")


def peak(s, path):
    for i in range(1, SERVICES):
        s.service(f"svc-{i}", {})
        s.ctl("pad-events", service=f"svc-{i}", count=100)
    s.ctl("pad-events", service="web", count=100)
    known = wait(lambda: len(s.read("services").get("services", [])) == SERVICES, 40)
    ok(known, f"{SERVICES} services are known", s.read("services"))
    s.ctl("pause-mid-body", seconds=PAUSE_S)
    verb = s.binary = os.path.join(s.folder, "kedge-verb")
    shutil.copy(KEDGE, verb)
    sampler = Sampler(path, verb)
    sampler.start()
    begun = time.monotonic()
    answer = json.loads(s.run("deployments", "--json").stdout)
    took = time.monotonic() - begun
    sampler.over.set()
    sampler.join()
    ok(took >= PAUSE_S, f"the answer paused in the middle ({took:.1f} s, {sampler.samples} samples)")
    rows = answer.get("services", [])
    ok(len(rows) == SERVICES, "and is whole", json.dumps(answer)[:2000])
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        asked = [json.loads(line) for line in f if "DescribeServices" in line]
    ok(asked, "it was asked of the cloud")
    figures(pss_peak_kib=sampler.peak, pss_peak_with_verb_kib=sampler.together)
    note("gate and worker: " + ", ".join(f"{each} KiB" for each in sampler.each.values()))
    ok(0 < sampler.peak <= budget("pss_peak_kib"), f"peak: {sampler.peak} KiB of {budget('pss_peak_kib')}")


def main():
    engine = "20" if engine_can() else "real"
    with Site(engine=engine, kedge=False) as s:
        s.binary = os.path.join(s.folder, "kedge-fresh")
        shutil.copy(KEDGE, s.binary)
        s.image("web:11")
        s.start_kedge()
        idle(s, s.binary)
        peak(s, s.binary)
        s.stop_kedge()
        with open(os.path.join(s.cloud, "connections.jsonl"), encoding="utf-8") as f:
            # one that was cut in its handshake, by the end of kedge or a slow machine, had no version yet
            versions = {row["tls"] for row in map(json.loads, f) if "tls" in row}
        same(versions, {"TLSv1.3"}, "every connection was TLS 1.3")
    done()


main()
