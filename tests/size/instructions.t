#!/usr/bin/env python3
"""Instructions that one of kedge's works takes, counted by callgrind: the same in every run, however busy the machine is. The works
are those of tests/size/count.c on the objects that are shipped, without sockets, TLS and kernel: an event of the engine (a fourth of
a container's life, with the inspection and the question to AWS that it leads to), a failure with its blame and its record, a poll
with its signature. More than packaging/budget allows is a change somebody has to have meant. Each is the difference of many and a hundred
more, with tables that are full. How cost grows, tests/bench/growth.t tells."""
import os
import platform
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import KEDGE, budget, done, figures, ok, same  # noqa: E402

COUNT = os.path.join(os.path.dirname(KEDGE), "count")
# its name, the works of one, and how many of them; the tables are full after the first of these
WORKS = {"poll": ("poll", 1), "event": ("life", 4), "failure": ("failure", 1)}
FIRST, STEP = 200, 100


def counted(work, times):
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", COUNT, work, str(times)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(r"Collected : (\d+)", ran.stdout)
    if not found or ran.returncode != 0:
        raise RuntimeError(ran.stdout[-2000:])
    return int(found[1])


def main():
    native = platform.machine() == "x86_64"
    for name, (work, parts) in WORKS.items():
        first, more = counted(work, FIRST), counted(work, FIRST + STEP)
        if name == "poll":
            same(counted(work, FIRST), first, "counted twice, the same")
        each = (more - first) / STEP / parts
        figures(**{f"instructions_{name}": round(each)})
        if native:          # another CPU has other instructions
            ok(each <= budget(f"instructions_{name}"), f"{name}: {each:.0f} instructions of {budget(f'instructions_{name}')}")
    done()


main()
