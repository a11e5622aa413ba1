#!/usr/bin/env python3
"""Every call that can fail, failing once: first build/glibc-san/faults/kept, which tries all of them on the way through each job of
platform/'s files, logs, programs and journal; then the tests of platform/ as they are, with the 1st, 2nd, 3rd ... call of each kind
(fault.h) failing. What such a test then says is its own affair; it has to end by itself, in time and without a sanitizer's report.

FAULTS_S seconds of these (60; FAULTS=full: until each kind was tried at up to 128 places of each program, which takes hours): each
program gets its share, so that slow ones are tried at few places. Then a table: how many places of a kind were tried, of how many.

Which test has the other faults of a node:
  engine away, refused, stalling, torn events      tests/e2e/bad_input.t
  more events meanwhile than it remembers          tests/e2e/node_faults.t; a real dockerd restarted: tests/e2e/run_failures.t
  ECS agent restarted, killed                      tests/e2e/run_failures.t; its log storm: tests/e2e/log_storm.t
  log rotated, cut, gone, torn                     tests/unit/t_platform_tail.c
  disk full, read-only, no descriptors left        tests/e2e/node_faults.t; file by file: tests/unit/t_platform_base.c
  a disk that is full when a rollback is decided   tests/crash (its stories; power cut at each byte of the journal)
  journal torn, flipped, foreign, of a later kedge tests/e2e/bad_input.t, tests/upgrade, tests/replay/journal.t
  journal full                                     tests/soak
  kill -9 under load, of a hook's runner, too      tests/soak
  clock unset, off by hours, set while it runs     tests/e2e/clock.t; of AWS: bad_input.t
  SIGHUP with a bad conf                           tests/e2e/bad_input.t
  consumers that hang                              tests/e2e/slow_consumers.t
  the line                                         tests/line"""
import concurrent.futures
import glob
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok  # noqa: E402

FOLDER = os.path.join(TOP, "build", "glibc-san", "faults")
FULL = os.environ.get("FAULTS") == "full"
BUDGET_S = float(os.environ.get("FAULTS_S") or (1e9 if FULL else 60))
WORKERS, PLACES = 3, 128        # most of each test is waiting
REPORTS = (b"AddressSanitizer", b"runtime error:")
ENOUGH = {"TAP_FAILED_MAX": "2"}        # a test without a loop or a server only waits
# a private /tmp, so that a test that gives up leaves nothing behind
PRIVATE = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount -t tmpfs none /tmp && exec "$0"']


def inside():
    """How a program gets a /tmp of its own, where that can be had."""
    if os.getuid() != 0 or FOLDER.startswith("/tmp/"):
        return []
    return PRIVATE if subprocess.run([*PRIVATE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0 else []


def run(program, limit_s, **environment):
    """(exit code or None after limit_s, what it said, how long it took)"""
    begun = time.monotonic()
    with subprocess.Popen([*inside(), program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True, cwd=TOP,
                          env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"} | environment) as p:
        code, said = None, b""
        try:
            said = p.communicate(timeout=limit_s)[0]
            code = p.returncode
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(p.pid, signal.SIGKILL)    # and what it left behind
        except ProcessLookupError:
            pass
        if code is None:
            said = p.communicate()[0]
    return code, said, time.monotonic() - begun


class Program:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path).removeprefix("t_platform_")
        self.spent_s, self.tried, self.bad = 0.0, {}, []
        counts = path + ".calls"
        code, said, self.alone_s = run(path, 300, FAULT_COUNT=counts)
        self.well = code == 0
        self.said = said
        with open(counts, encoding="ascii") as f:
            self.calls = {kind: int(n) for kind, n in map(str.split, f)}
        self.todo = self.places()

    def places(self):
        """[(kind, N)], kind by kind in turn: the first few, then ever more between."""
        rows = []
        for kind, n in self.calls.items():
            spread = [1 + (n - 1) * i // (PLACES // 2) for i in order(PLACES // 2)]
            first = list(range(1, min(n, PLACES // 2) + 1))
            mixed = [place for pair in zip(first, spread) for place in pair] if n > PLACES else list(range(1, n + 1))
            rows.append([(kind, place) for place in dict.fromkeys(mixed)])
        return [row[i] for i in range(max(map(len, rows))) for row in rows if i < len(row)]

    def try_one(self, kind, nth):
        code, said, took_s = run(self.path, 60 + 4 * self.alone_s, FAULT_KIND=kind, FAULT_NTH=str(nth), **ENOUGH)
        # nothing of kedge calls abort(): that is a test that cannot go on
        if code is None or code not in (0, 1, 2, 77, -signal.SIGABRT) or any(words in said for words in REPORTS):
            what = "hangs" if code is None else f"ends with {code}"
            self.bad.append(f"FAULT_KIND={kind} FAULT_NTH={nth} {self.path} {what}\n" + said[-3000:].decode("utf-8", "replace"))
        self.tried[kind] = self.tried.get(kind, 0) + 1
        return took_s


def order(n):
    """0 .. n-1, each new one far from those before."""
    bits = max(1, (n - 1).bit_length())
    return [i for i in (int(f"{k:0{bits}b}"[::-1], 2) for k in range(1 << bits)) if i < n]


def try_all(programs):
    """Who has had the least of the time comes next."""
    end = time.monotonic() + BUDGET_S
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        running = {}
        while True:
            while len(running) < WORKERS:
                left = [p for p in programs if p.todo and (p.spent_s == 0 or time.monotonic() + p.alone_s < end)]
                if not left:
                    break
                p = min(left, key=lambda one: one.spent_s + one.alone_s)
                p.spent_s += p.alone_s
                running[pool.submit(p.try_one, *p.todo.pop(0))] = p
            if not running:
                return
            over, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in over:
                p = running.pop(future)
                p.spent_s += future.result() - p.alone_s


def table(programs):
    kinds = list(programs[0].calls)
    print("# places tried, of all: " + "".join(f"{k:>10}" for k in kinds))
    for p in programs:
        cells = [f"{p.tried.get(k, 0)}/{p.calls[k]}" if p.calls[k] else "-" for k in kinds]
        print(f"# {p.name:<22} " + "".join(f"{c:>10}" for c in cells))


def main():
    code, said, _ = run(os.path.join(FOLDER, "kept"), 120)
    lines = said.decode("utf-8", "replace").splitlines()
    ok(code == 0, f"platform/ and the journal keep what they had: {sum(line.startswith('ok') for line in lines)} rows of calls",
       "\n".join(line for line in lines if not line.startswith("ok")))
    paths = sorted(glob.glob(os.path.join(FOLDER, "t_platform_*")))
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        programs = list(pool.map(Program, [p for p in paths if "." not in os.path.basename(p)]))
    for p in programs:
        ok(p.well, f"{p.name}: untouched it passes", p.said[-2000:].decode("utf-8", "replace"))
    try_all(programs)
    for p in programs:
        ok(not p.bad, f"{p.name}: {sum(p.tried.values())} faults, each survived", "\n".join(p.bad))
    table(programs)
    return done()


if __name__ == "__main__":
    sys.exit(main())
