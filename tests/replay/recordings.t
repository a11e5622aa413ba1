#!/usr/bin/env python3
"""kedge replay (TAP): every recording of a container's life on engine 20.10 and 28.5 that has an event in it, with the
engine's answer to an inspect where one was recorded. The table says what is true of each; it was decided from what was
done to the engine then, not from what kedge answered."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import done, same  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
KEDGE = os.environ.get("KEDGE", os.path.join(ROOT, "build", "amd64", "kedge"))
ENGINES = ("docker-20", "docker-28")
AFTER_S = 0.02                           # an inspect answers this long after the last event

# class, exit code (20.10/28.5 where they differ), times, stage, blame: the recordings it is true of
WANT = """
exec-not-found   127     1 start release: start-exec-notfound-abs start-exec-notfound-path start-fail-hostnet
exec-not-found   127     1 start release: start-fail-restart-always
exec-denied      126     1 start release: start-exec-isdir start-exec-permission
user-missing     128     1 start release: user-bad-group user-bad-name
device-missing   128     1 start node: device-gpu-driver device-missing
log-driver       128     1 start node: logdriver-awslogs-nocreds logdriver-fluentd-down logdriver-journald-absent logdriver-syslog-absent
mount-failed     127     1 start unknown: mount-bind-file-on-dir
mount-failed     128     1 start unknown: mount-binds-uncreatable mount-nfs-volume-fail mount-tmpfs-badopt
network-missing  128     1 start node: net-missing
port-in-use      128     1 start node: port-in-use-by-container port-in-use-by-process
resource-limits  127     1 start capacity: sysctl-bad
resource-limits  128     1 start capacity: sysctl-disallowed ulimit-bad
start-unknown    128     1 start unknown: hostname-bad seccomp-bad
exited-early     1       1 run release: exit1 logs-driver-none mount-readonly-rootfs-newtarget
exited-early     255     1 run release: exit-255
exited-early     1/255   1 run release: exec-format-arch-logs exec-format-script-logs exec-missing-interp-logs
exited-early     1/255   1 run release: start-arch-mismatch-image start-exec-format-arch start-exec-format-script start-exec-missing-interp
killed-by-signal 137     1 run unknown: exit137-self sigkill-external run-kill remove-running
killed-by-signal 139     1 run release: sigabrt sigsegv
oom              137     1 run release: oom oom-32m
unhealthy        -       1 run release: health-cmd-missing health-cmdshell-noshell health-healthy-then-unhealthy health-timeout health-unhealthy
restart-loop     1       2 run release: crashloop-onfailure2
restart-loop     1       6 run release: crashloop-restart-always
""" + "\n".join(f"none: {names}" for names in (
    "exit0 running start-workdir-ok run-kill-SIGUSR1 pause-unpause ecs-flow health-starting",         # ran well
    "run-stop run-stop-ignterm restart-api",                                                          # as somebody asked
    "daemon-live-shutdown daemon-stop-shutdown",                                                      # ended with the engine
    "apparmor-missing cgroup-memory-6m-tiny create-no-command net-bridge-disabled mount-bind-missing-bindsapi",  # ran all the same
    "conflict-holder port-first-holder",                                                              # what was there before
    "mount-bind-vanished-before-start",                       # its one inspect is from before the start
    "mount-volume-driver-missing start-workdir-notdir",       # refused while it was created: no container to inspect
    "links-missing volumesfrom-missing create-bad-name port-invalid",
))
# the one text that engine 20.10 has no word for: which container is missing is all it says
DIFFER = {("docker-20", "net-container-missing"): "start-unknown 128 1 start unknown",
          ("docker-28", "net-container-missing"): "network-missing 128 1 start node"}



def table(engine: str) -> dict[str, list[str]]:
    want: dict[str, list[str]] = {name: [row] for (of, name), row in DIFFER.items() if of == engine}
    for line in WANT.strip().splitlines():
        row, _, names = line.partition(":")
        words = row.split()
        for name in names.split():
            if words == ["none"]:
                want[name] = []
                continue
            code = words[1].split("/")[-1 if engine == "docker-28" else 0]
            want.setdefault(name, []).append(" ".join([words[0], code, *words[2:]]))
    return want


def played(folder: str, recording: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    events, inspect = recording["events"], recording["inspect"]
    to = os.path.join(folder, recording["name"])
    os.mkdir(to)
    with open(os.path.join(to, "docker-events.jsonl"), "w", encoding="utf-8") as f:
        f.writelines(json.dumps(e, separators=(",", ":")) + "\n" for e in events)
    if inspect:
        with open(os.path.join(to, "inspect.jsonl"), "w", encoding="utf-8") as f:
            f.write(json.dumps({"t": events[-1]["timeNano"] / 1e9 + AFTER_S, "inspect": inspect}) + "\n")
    return subprocess.run([KEDGE, "replay", "--dir", to], capture_output=True, text=True, timeout=60)


def row(f: dict[str, Any]) -> str:
    return " ".join((f["class"], "-" if f["exit_code"] is None else str(f["exit_code"]), str(f["count"]), f["stage"], f["blame"]))


def main() -> int:
    if not os.access(KEDGE, os.X_OK):
        print(f"Bail out! no kedge at {KEDGE}: build it, or say KEDGE=")
        return 1
    seen = set()
    for engine in ENGINES:
        want = table(engine)
        with open(os.path.join(ROOT, "tests", "captures", engine, "recordings.jsonl"), encoding="utf-8") as f, \
                tempfile.TemporaryDirectory() as folder:
            for recording in map(json.loads, f):
                name = recording["name"]
                run = played(folder, recording)
                got = [row(f) for f in reversed(json.loads(run.stdout)["failures"])] if run.returncode == 0 else run.stderr
                same(got, want.get(name, "no row in the table"), f"{engine} {name}: {', '.join(want.get(name, [])) or 'no failure'}",
                     run.stderr)
                seen.add(name)
    same(sorted(set(table(ENGINES[0])) - seen), [], "the table has no row without a recording")
    return done()


sys.exit(main())
