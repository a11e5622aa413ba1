#!/usr/bin/env python3
"""A node that runs out of things: of disk, of a disk that may be written, of descriptors, of the engine's memory for events. kedge says
what it lacks, works on in memory, keeps what it had, tells what fails meanwhile, once, and writes it down when it can again. The clock
runs faster, so that its next try is soon."""
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import (ARN, KEDGE_TEST, REGISTRY, Docker, DockerError, Site, done, labels, note, ok, same, wait)  # noqa: E402

SCALE = 20              # its next try to write comes after 30 s of its clock
DISK_KIB = 64
IDLE_PERCENT = 10       # of a core: more is a loop that spins, also where others want the processor
PAGE_FAILURES = 12      # more than a page holds
# kedge inherits so many that its own come after them, so that a limit right behind those is an ordinary one
TAKEN = "import os, sys; [os.dup2(0, fd) for fd in range(3, 200)]; os.execv(sys.argv[1], sys.argv[1:])"
EVENTS = 400            # of which the engine remembers 256
count = 0


class Disk:
    """A small one in a mount namespace that kedge is started in, and that outlives it."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        script = f"mount -t tmpfs -o size={DISK_KIB}k none {folder} && echo up && exec cat"
        self.holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.up = self.holder.stdout.readline() == b"up\n"
        self.inside = ("nsenter", "-t", str(self.holder.pid), "-m", "--")
        self.path = f"/proc/{self.holder.pid}/root{folder}"

    def fill(self):
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 512):
                    pass
            except OSError:
                pass

    def empty(self):
        os.unlink(os.path.join(self.path, "filler"))

    def writable(self, yes):
        subprocess.run([*self.inside, "mount", "-o", f"remount,{'rw' if yes else 'ro'}", self.folder], check=True)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait(10)


def fail_one(docker):
    """A failed start of its own task; its ARN."""
    global count
    count += 1
    body = {"Image": f"{REGISTRY}/web:11", "Entrypoint": ["/nosuch"], "HostConfig": {"NetworkMode": "none"},
            "Labels": labels(f"{count:032x}", "once")}
    ident = docker.create(f"once-{count}", body)
    try:
        docker.start(ident)
    except DockerError:
        pass
    return ARN + f"{count:032x}"


def journal(s):
    return s.status().get("journal", {}).get("state")


def tasks(s):
    return sorted(f["task"] for f in s.failures() if f["task"])


def comes_back(s, what, told):
    """The disk is good again: all is written down, and survives a kill."""
    ok(s.kedge.wait_said("journal: the disk takes records again", seconds=20), f"{what}: when it is over, that is said", s.kedge.tail())
    ok(wait(lambda: journal(s) == "durable", 10), f"{what}: and all is on disk")
    s.stop_kedge(9)
    s.start_kedge()
    same(tasks(s), sorted(told), f"{what}: nothing is lost by a kill then, nor told twice", s.kedge.tail())


def cannot_write(s, what, words, told):
    for _ in range(PAGE_FAILURES):      # the last page of the journal may have room yet
        told.append(fail_one(s.docker))
        ok(s.wait_failure(task=told[-1]), f"{what}: what fails meanwhile is told", s.kedge.tail())
        if wait(lambda: journal(s) == "failing", 1):
            break
    ok(s.kedge.wait_said("journal:", words, "kept in memory"), f"{what}: the reason is said", s.kedge.tail())
    same(journal(s), "failing", f"{what}: status says so")
    told.append(fail_one(s.docker))
    ok(s.wait_failure(task=told[-1]), f"{what}: and so is the next one")


def disk_faults(s, told):
    disk = Disk(s.state_dir)
    if not disk.up:
        disk.end()
        note("no private mounts here: disks are not tried")
        s.start_kedge()
        return
    s.kedge_inside = disk.inside
    s.start_kedge()
    told.append(fail_one(s.docker))
    ok(wait(lambda: tasks(s) == told and journal(s) == "durable", 10), "a failure is kept", s.kedge.tail())
    disk.fill()
    cannot_write(s, "a full disk", "No space left", told)
    disk.empty()
    comes_back(s, "a full disk", told)
    disk.writable(False)
    cannot_write(s, "a read-only disk", "Read-only", told)
    disk.writable(True)
    comes_back(s, "a read-only disk", told)
    disk.writable(False)
    s.stop_kedge()
    s.start_kedge()
    same(tasks(s), sorted(told), "started on a read-only disk it knows what was kept", s.kedge.tail())
    cannot_write(s, "started on a read-only disk", "Read-only", told)
    disk.writable(True)
    comes_back(s, "started on a read-only disk", told)
    s.stop_kedge()
    s.kedge_inside = ()
    disk.end()


def ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        words = f.read().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def limit_descriptors(pid, n):
    """As the process's own user, who may even where root may not."""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        ids = {words[0]: int(words[1]) for words in map(str.split, f) if words[0] in ("Uid:", "Gid:")}
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={n}:"], check=True, user=ids["Uid:"], group=ids["Gid:"])


def no_descriptors(s, told):
    s.kedge_inside = (sys.executable, "-c", TAKEN)
    s.start_kedge()
    s.kedge_inside = ()
    told.append(fail_one(s.docker))
    ok(s.wait_failure(task=told[-1]), "a failure is told")
    pids = s.kedge.processes()
    for pid in pids:
        limit_descriptors(pid, max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1)
    told.append(fail_one(s.docker))
    said = s.kedge.wait_said("journal:", "No file descriptors available", seconds=10)
    ok(said, "out of descriptors: that is said", s.kedge.tail())
    asker = subprocess.Popen([s.binary, "--conf", s.conf_path, "status"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    used, begun = sum(map(ticks, pids)), time.monotonic()
    time.sleep(3)
    percent = round(100 * (sum(map(ticks, pids)) - used) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - begun))
    ok(percent < IDLE_PERCENT, f"out of descriptors: it does not spin over whoever waits to be answered: {percent} % of a core")
    lines = len(s.kedge.lines)
    ok(lines < 200, f"out of descriptors: and does not flood the log: {lines} lines")
    ok(s.kedge.alive(), "out of descriptors: it lives", s.kedge.tail())
    for pid in pids:
        limit_descriptors(pid, 1024)
    asker.wait(40)
    ok(s.wait_failure(task=told[-1], seconds=30), "descriptors again: what failed meanwhile is known", s.kedge.tail())
    ok(wait(lambda: journal(s) == "durable", 30), "descriptors again: all is on disk", s.kedge.tail())
    told.append(fail_one(s.docker))
    ok(s.wait_failure(task=told[-1]), "descriptors again: the next one is told")
    same(s.source("engine"), "up", "descriptors again: the engine is there")


def overrun(s, told):
    """More happens while kedge is away from the engine than that remembers."""
    away = Docker(s.socket + ".away")
    s.docker.call("POST", "/_double/script", [{"at_ms": 0, "refuse": 3000}])
    ok(s.wait_source("engine", "absent"), "the engine is away", s.kedge.tail())
    lost = fail_one(away)
    away.call("POST", "/_double/script", [{"at_ms": 0, "event": {"Type": "container", "Action": "start", "Actor": {
        "ID": f"{i:064x}", "Attributes": {"image": "busybox", "name": f"n{i}"}}}} for i in range(EVENTS)])
    late = fail_one(away)
    told += [lost, late]
    ok(s.wait_source("engine", "up", 20), "the engine is back", s.kedge.tail())
    ok(s.wait_failure(task=late), "what it remembers is told")
    ok(s.wait_failure(task=lost), f"and so is what came {EVENTS} events before", s.kedge.tail())
    time.sleep(1)
    same(tasks(s), sorted(told), "each once")


def main():
    told = []
    with Site(engine="20", cloud=False, kedge=False, binary=KEDGE_TEST, environment={"KEDGE_CLOCK_SCALE": str(SCALE)}) as s:
        s.image("web:11")
        s.docker.pull(f"{REGISTRY}/web:11")
        if os.getuid() == 0:
            disk_faults(s, told)
        else:
            note("not root: disks are not tried")
        told.clear()
        for c in s.docker.call("GET", "/containers/json?all=1"):
            s.docker.remove(c["Id"])
        no_descriptors(s, told)
        overrun(s, told)
        same(s.stop_kedge(), 0, "kedge ends well")
    done()


main()
