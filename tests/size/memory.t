#!/usr/bin/env python3
"""What kedge keeps in memory: PSS of gate, worker and whatever they start, added up, run from a fresh copy of the binary (pages of a file that another
process maps too would be counted by halves), idle with one service, and at the worst moment: the cloud pauses in the
middle of a DescribeServices of ten services with 100 events each, over TLS 1.3. The verb that asks runs from a copy of
its own: it lives for one answer; what it adds is measured and told beside."""
import json
import mmap
import os
import shutil
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import KEDGE, Site, budget, done, engine_can, figures, note, ok, same, wait  # noqa: E402

SERVICES, IDLE_S, PAUSE_S, EVERY_S = 10, 20, 2.0, 0.02
PAGE = mmap.PAGESIZE
NOTHING = bytes(PAGE)


def running():
    """{process: (its parent, the file it runs)}, of those that run one"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            path = os.readlink(f"/proc/{pid}/exe")
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                found[int(pid)] = int(f.read().rpartition(")")[2].split()[1]), path
        except (OSError, IndexError):
            pass	# a thread of the kernel, or it ended meanwhile
    return found


def processes(path, table=None):
    """Every process that runs this very file, and every child of one, whatever that runs."""
    table = table or running()
    found, size = {pid for pid, (_, file) in table.items() if file == path}, -1
    while size != len(found):
        size = len(found)
        found |= {pid for pid, (parent, _) in table.items() if parent in found}
    return sorted(found)


def anonymous_pages(pid):
    """The addresses of those that are there."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/pagemap", "rb") as pagemap:
        for line in maps:
            where, mode, _, _, inode = line.split()[:5]
            if mode[:2] != "rw" or inode != "0":
                continue
            begin, end = (int(a, 16) for a in where.split("-"))
            pagemap.seek(begin // PAGE * 8)
            entries = pagemap.read((end - begin) // PAGE * 8)
            yield from (begin + i * PAGE for i, (e,) in enumerate(struct.iter_unpack("<Q", entries)) if e >> 63)


def zero_pages(pid):
    """How many there are with nothing in them: one that was only ever read is the kernel's one zero page, and no memory."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        return sum(os.pread(mem.fileno(), PAGE, at) == NOTHING for at in anonymous_pages(pid))


def zero_page_counts():
    """Some virtual machines have no such page: there each page that is read is one more. Tried on this very process."""
    with mmap.mmap(-1, 1024 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as m:
        before = pss_of(os.getpid())
        sum(m[at] for at in range(0, 1024 * PAGE, PAGE))
        return pss_of(os.getpid()) - before > 512 * PAGE // 1024


def pss_of(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def pss_each(pids):
    """{process: KiB}, of those that are still there"""
    found = {}
    for pid in pids:
        try:
            found[pid] = pss_of(pid)
            if NO_ZERO_PAGE:
                found[pid] -= zero_pages(pid) * PAGE // 1024
        except (OSError, StopIteration):
            pass	# it ended meanwhile
    return found


def pss_kib(pids):
    return sum(pss_each(pids).values())


NO_ZERO_PAGE = zero_page_counts()


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
