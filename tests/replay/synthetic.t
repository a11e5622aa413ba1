#!/usr/bin/env python3
"""kedge replay (TAP) over the synthetic recordings: failures and agents that were never recorded, constructed from
what is known of them. The table was decided from the facts, before kedge was asked."""
from __future__ import annotations

import filecmp
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import done, ok, same  # noqa: E402

sys.dont_write_bytecode = True
ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CASES = os.path.join(ROOT, "tests", "captures", "synthetic")
KEDGE = os.environ.get("KEDGE", os.path.join(ROOT, "build", "amd64", "kedge"))

# case: why; below it each failure, oldest first: class, stage, blame, container, exit code, whether it is essential
WANT = """
norepo: no such repository: the same words as for a tag that does not exist
  image-not-found      pull   release     web exit=- essential=y
e29-notag: the containerd store's words, which say only "not found"
  image-not-found      pull   release     web exit=- essential=y
e29-denied: a bare 403 is not "image not found"
  registry-auth        pull   credentials web exit=- essential=y
regdown: nothing listens where the registry was; no cached image
  registry-unreachable pull   registry    web exit=- essential=y
regdown-cached: the same with the image cached: the task runs well and its changes carry the pull's error all the time
throttled: a quota is not the release's fault
  registry-throttled   pull   registry    web exit=- essential=y
diskfull: nor is a full disk
  disk-full            pull   node        web exit=- essential=y
missingcmd: a command that is not in $PATH
  exec-not-found       start  release     web exit=127 essential=y
e28-missingcmd: the same on engine 28
  exec-not-found       start  release     web exit=127 essential=y
badport: the host port is taken by somebody else
  port-in-use          start  node        web exit=128 essential=y
e28-badport: the same in the words of engine 28
  port-in-use          start  node        web exit=128 essential=y
badlog: the log driver's "connection refused" is nothing of the registry
  log-driver           start  node        web exit=128 essential=y
noshim: a program of the engine is missing, not one of the image
  runtime-missing      start  node        web exit=128 essential=y
segv: died of SIGSEGV at once, and nobody sent it
  killed-by-signal     run    release     web exit=139 essential=y
exit0: ended well at once; that this is a service, and must not end, is not on the host
e28-oom: took more memory than it may
  oom                  run    release     web exit=137 essential=y
dockerkill: somebody ran `docker kill`, unasked by ECS
  killed-by-signal     run    unknown     web exit=137 essential=y
dockerrm: somebody ran `docker rm -f`
  killed-by-signal     run    unknown     web exit=137 essential=y
ignoreterm: stopped by ECS; it took signal 9 to end it
e28-stop: stopped by ECS; engine 28 tells stop before die
twocont: main ended with 1, then the agent stopped its sibling
  exited-early         run    release     main exit=1 essential=y
agentkilled: `docker kill` while the agent was down; the agent tells it 15 s late as an exit with 137
  killed-by-signal     run    unknown     web exit=137 essential=y
agentaway-exit: ended by itself while the agent was down
  exited-early         run    release     web exit=3 essential=y
dockerrestart: ended with the engine, told later as an exit with 0
stopwhilepull: ECS stopped the task before its pull failed
stopduringretry: the pull had failed twice before ECS stopped the task: told, but only as suspect
  image-not-found      pull   release     web exit=- essential=y
always-notag: ECS_IMAGE_PULL_BEHAVIOR=always: the manifest alone ends the task
  image-not-found      pull   release     web exit=- essential=y
always-portal: a page of a captive portal in the words of "denied"
  registry-blocked     pull   network     web exit=- essential=y
manifest-flaky: the manifest could not be had, the image could: it runs
nonessential-crash: a container that is not essential ends with 1
submitfail: ECS refuses the state change, and the agent writes it ten times: one failure
  exited-early         run    release     web exit=1 essential=y
cleanup1m: a minute later the agent forgets task and container: nothing new
  exited-early         run    release     web exit=1 essential=y
unhealthy: never healthy; then ECS stops it like any other task
  unhealthy            run    release     web exit=- essential=y
unhealthy-once-healthy: healthy at first; the same
  unhealthy            run    release     web exit=- essential=y
service-crash: four tasks of revision 12 end at once, 11 runs on; each is told once, and from the third on it is a loop
  exited-early         run    release     web exit=1 essential=y
  exited-early         run    release     web exit=1 essential=y
  crash-loop           run    release     web exit=1 essential=y
  crash-loop           run    release     web exit=1 essential=y
era-a-notag: agents 1.50 to 1.59 write sentences, and never say which container is essential
  image-not-found      pull   release     web exit=- essential=?
era-a-exit1: an early exit, told by the engine and by such a log
  exited-early         run    release     web exit=1 essential=y
era-b-notag: agents 1.60 to 1.71.0: fields, with the old sentence in one of them
  image-not-found      pull   release     web exit=- essential=?
era-b-exit1: the same
  exited-early         run    release     web exit=1 essential=y
secret: a secret does not exist
  secret-unavailable   create credentials web exit=- essential=y
cgroup: the memory cgroup is off, as on many a Raspberry Pi
  cgroup               create node        web exit=- essential=y
era-a-secret: the state change gives no reason; the line of the resource does
  secret-unavailable   create credentials web exit=- essential=?
era-a-cgroup: the same
  cgroup               create node        web exit=- essential=?
era-b-secret: the same
  secret-unavailable   create credentials web exit=- essential=?
era-b-cgroup: the same
  cgroup               create node        web exit=- essential=?
json-notag: the log as JSON
  image-not-found      pull   release     web exit=- essential=y
json-exit1: the same
  exited-early         run    release     web exit=1 essential=y
"""



def row(f: dict[str, Any]) -> str:
    tri = {True: "y", False: "n", None: "?"}
    code = "-" if f["exit_code"] is None else f["exit_code"]
    return f"{f['class']:<20} {f['stage']:<6} {f['blame']:<11} {f['container']} exit={code} essential={tri[f['essential']]}"


def table() -> dict[str, list[str]]:
    want: dict[str, list[str]] = {}
    for line in WANT.strip().splitlines():
        if line.startswith(" "):
            want[list(want)[-1]].append(line.strip())
        else:
            want[line.split(":")[0]] = []
    return want


def replay(folder: str) -> tuple[list[dict[str, Any]], str]:
    run = subprocess.run([KEDGE, "replay", "--dir", folder], capture_output=True, text=True, errors="replace", timeout=60)
    try:
        return list(reversed(json.loads(run.stdout)["failures"])), run.stderr
    except (ValueError, KeyError):
        return [{"class": f"exit {run.returncode}", **dict.fromkeys(("stage", "blame", "container", "exit_code", "essential"), "")}], run.stderr


def suspect() -> None:
    got, _ = replay(os.path.join(CASES, "stopduringretry"))
    same([(f["provisional"], f["counted"]) for f in got], [(True, False)], "stopduringretry: provisional, and not counted")


def verdicts() -> None:
    want = table()
    same(sorted(e.name for e in os.scandir(CASES) if e.is_dir()), sorted(want), "the table has a row for every recording")
    for name, rows in want.items():
        got, errors = replay(os.path.join(CASES, name))
        same("\n".join(map(row, got)), "\n".join(rows), f"{name}: what failed and what did not")
        same(errors, "", f"{name}: every line of it is understood")


def log_alone(scratch: str) -> None:
    """What only the log tells is told without the engine too; what only the engine tells is not invented."""
    # the log holds no health at info level, and 137 may be a stop that nobody saw asked for
    silent = {"unhealthy", "unhealthy-once-healthy", "dockerkill", "dockerrm", "agentkilled"}
    no_end = {"segv", "era-a-exit1", "era-b-exit1"}       # old logs do not name the essential ones
    for name, rows in table().items():
        # a line of the log names a task and no revision: which tasks are of one release it does not tell
        want = [] if name in silent else [r.split()[0].replace("crash-loop", "exited-early") for r in rows]
        to = os.path.join(scratch, name)
        os.makedirs(to)
        shutil.copyfile(os.path.join(CASES, name, "agent.log"), os.path.join(to, "agent.log"))
        got = [f["class"] for f in replay(to)[0]]
        if name in no_end:
            ok(set(got) <= {*want, "exited-early"}, f"{name}: the log alone does not say more than it knows", got)
        else:
            same(got, want, f"{name}: the log alone")


def built(scratch: str) -> None:
    spec = importlib.util.spec_from_file_location("build", os.path.join(CASES, "build.py"))
    assert spec is not None and spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    sys.modules["build"] = build
    spec.loader.exec_module(build)
    for name, (recording, play) in build.CASES.items():
        play(recording)
        recording.write(os.path.join(scratch, "built", name))
        files = os.listdir(os.path.join(scratch, "built", name))
        _, differ, missing = filecmp.cmpfiles(os.path.join(scratch, "built", name), os.path.join(CASES, name), files, shallow=False)
        same(differ + missing, [], f"{name}: is what build.py writes")


def main() -> int:
    if not os.access(KEDGE, os.X_OK):
        print(f"Bail out! no kedge at {KEDGE}: build it, or say KEDGE=")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        verdicts()
        suspect()
        log_alone(scratch)
        built(scratch)
    return done()


sys.exit(main())
