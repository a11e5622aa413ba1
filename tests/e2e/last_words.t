#!/usr/bin/env python3
"""What the log of a container that died at once ends with: its class is told, its text is never kept. Against the
engine's doubles, so that it runs where no dockerd can."""
import glob
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, done, never, ok, same, wait  # noqa: E402

SECRET = "hunter2-4711"
# name: command of the application, class that is told last
CASES = {
    "interpreter": (["say", "1", "exec /app: no such file or directory"], "exec-format"),
    "format": (["say", "255", "exec /app: exec format error"], "exec-format"),
    "own-words": (["say", "1", f"no config for password={SECRET}"], "exited-early"),
    "of-the-world": (["say", "1", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock"], "exited-early"),
    "silent": (["exit", "1", "100"], "exited-early"),
}


def newest(s, arn):
    return next(iter(s.failures(task=arn)), {})


def told(s):
    arns = {name: s.run_task(name, {"command": command}) for name, (command, _) in CASES.items()}
    for name, (_, klass) in CASES.items():
        ok(wait(lambda a=arns[name], k=klass: newest(s, a).get("class") == k, 20), f"{s.engine} {name}: {klass}",
           s.kedge.tail(20))
        same(newest(s, arns[name]).get("blame"), "release", f"{s.engine} {name}: the release's")
    ok(never(lambda: any(newest(s, arns[n]).get("class") != k for n, (_, k) in CASES.items()), 1),
       f"{s.engine}: and it stays so", s.kedge.tail(20))


def kept_nowhere(s):
    files = [p for p in glob.glob(f"{s.state_dir}/*") + glob.glob(f"{s.run_dir}/*.json") if os.path.isfile(p)]
    ok(len(files) >= 2, "journal and status are written", files)
    for path in files:
        with open(path, "rb") as f:
            ok(SECRET.encode() not in f.read(), f"{s.engine}: the log's text is not in {os.path.basename(path)}")
    ok(SECRET not in s.kedge.tail(1000), f"{s.engine}: nor in what kedge says")
    with open(f"/proc/{s.kedge.pid}/maps", encoding="ascii") as maps, open(f"/proc/{s.kedge.pid}/mem", "rb", 0) as mem:
        parts = [line.split()[0].split("-") for line in maps if " rw" in line]
        found = 0
        for low, high in parts:
            mem.seek(int(low, 16))
            found += SECRET.encode() in mem.read(int(high, 16) - int(low, 16))
    same(found, 0, f"{s.engine}: nor left in its memory")


def main():
    for engine in ("20", "28"):
        with Site(engine) as s:
            s.image("web:11")
            told(s)
            kept_nowhere(s)
    return done()


sys.exit(main())
