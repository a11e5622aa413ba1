#!/usr/bin/env python3
"""kedge replay (TAP): what the recorded real ECS agent and engine lived through, judged again. The table says what
is true of each recording; it was decided from what was done to the host then, not from what kedge answered."""
from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import done, ok, same  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CASES = os.path.join(ROOT, "tests", "captures", "real-agent")
KEDGE = os.environ.get("KEDGE", os.path.join(ROOT, "build", "amd64", "kedge"))
SOURCES = ["agent.log", "docker-events.jsonl", "inspect.jsonl", "tasks.jsonl"]
GARBLED = int(os.environ.get("REPLAY_GARBLED", "4"))   # damaged copies of each case

# case: why; below it each failure, oldest first (essential, counted: y, n or ?). Nothing is counted: these
# recordings do not say whether a task is of a service. `times` is how often the sources told it.
WANT = """
agentrestart: the agent was killed and came back while the task ran on; nothing failed
awsdown: the line was down; then somebody ran `docker kill`: ECS had not asked, and asks before it kills
   killed-by-signal run   unknown web essential=y exit=137 counted=n times=1 at=1795402396.421
healthy: ran well until ECS stopped it
hostnet: the same without a bridge
service-good: 11 replaced by 12, the old one stopped by ECS
toobig: 999999 MiB never fit; the task waits without container, error or event, and waiting is no failure
twononess: the non-essential `init` ended after 2 s with 0, as it should; then ECS stopped the task
notag: the tag does not exist; one task, five lines tell it
  image-not-found pull  release web essential=y exit=- counted=n times=4 at=1795402090.000
e28-notag: the same on engine 28
  image-not-found pull  release web essential=y exit=- counted=n times=4 at=1795403315.000
ctr-notag: the same, the agent itself being a container whose own events are none of ours
  image-not-found pull  release web essential=y exit=- counted=n times=4 at=1795403188.000
service-bad: 12 has no image; ECS placed two tasks of it; 11 runs on until ECS stops it at the end
  image-not-found pull  release web essential=y exit=- counted=n times=4 at=1795401038.000
  image-not-found pull  release web essential=y exit=- counted=n times=4 at=1795401100.000
noexec: /usr/bin/nosuch is not in the image; told by inspect and by the log
  exec-not-found  start release web essential=y exit=127 counted=n times=1 at=1795400493.656
exit1: ended with code 1 some milliseconds after its start
  exited-early    run   release web essential=y exit=1 counted=n times=1 at=1795400522.337
oom: took more than its 64 MiB; told by die and by the log
  oom             run   release web essential=y exit=137 counted=n times=1 at=1795400608.942
restartpol2: a restart policy starts it again after each exit; five exits, then ECS stops it
  restart-loop    run   release web essential=y exit=1 counted=n times=5 at=1795403024.075
"""

# What the event stream of a real engine alone, 20.10 and 28, says of one container: class, exit code, and how often.
ENGINES = """
exited-early=1x1                       exit1
exited-early=255x1                     exit-255
exited-early=1x1|exited-early=255x1    start-exec-format-arch start-arch-mismatch-image
killed-by-signal=137x1                 exit137-self
killed-by-signal=139x1                 sigsegv
killed-by-signal=137x1                 run-kill remove-running
oom=137x1                              oom oom-32m
unhealthy=-x1                          health-unhealthy health-healthy-then-unhealthy
restart-loop=1x6                       crashloop-restart-always
- ended well, or as somebody asked     exit0 running ecs-flow pause-unpause run-stop run-stop-ignterm
- restarted, but by a person           restart-api
- ended with the engine                daemon-live-shutdown daemon-stop-shutdown daemon-stop-after-restart
- never started; only inspect says why device-gpu-driver device-missing logdriver-fluentd-down mount-bind-file-on-dir
- the same                             mount-binds-uncreatable mount-nfs-volume-fail net-missing port-in-use-by-container
- the same                             port-in-use-by-process start-exec-isdir start-exec-notfound-abs start-exec-notfound-path
- the same                             start-exec-permission user-bad-group user-bad-name
"""



def replay(*words: str, binary: str = KEDGE) -> subprocess.CompletedProcess[str]:
    return subprocess.run([binary, "replay", *words], capture_output=True, text=True, errors="replace", timeout=60)


def failures(run: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Oldest first; a run that said anything else is an empty object's KeyError, which fails the test loudly."""
    return list(reversed(json.loads(run.stdout)["failures"]))


def row(f: dict[str, Any]) -> str:
    tri = {True: "y", False: "n", None: "?"}
    code = "-" if f["exit_code"] is None else f["exit_code"]
    return (f"{f['class']:<15} {f['stage']:<5} {f['blame']} {f['container']} essential={tri[f['essential']]} exit={code} "
            f"counted={tri[f['counted']]} times={f['count']} at={f['first_unix_s']:.3f}")


def table() -> dict[str, list[str]]:
    want: dict[str, list[str]] = {}
    for line in WANT.strip().splitlines():
        if line.startswith(" "):
            want[list(want)[-1]].append(line.strip())
        else:
            want[line.split(":")[0]] = []
    return want


def case(name: str) -> str:
    return os.path.join(CASES, name)


def copy_of(name: str, to: str, *keep: str) -> str:
    os.makedirs(to)
    for file in keep:
        if os.path.exists(os.path.join(case(name), file)):
            shutil.copyfile(os.path.join(case(name), file), os.path.join(to, file))
    return to


def verdicts() -> None:
    want = table()
    same(sorted(os.listdir(CASES)), sorted(want), "the table has a row for every recording")
    for name, rows in want.items():
        run = replay("--dir", case(name))
        if not ok(run.returncode == 0, f"{name}: it is played", run.stderr):
            continue
        same("\n".join(map(row, failures(run))), "\n".join(rows), f"{name}: what failed and what did not")
        same(run.stderr, "", f"{name}: every line of it is understood")
        same(replay("--dir", case(name)).stdout, run.stdout, f"{name}: the same a second time, byte for byte")


def identity() -> None:
    body = json.loads(replay("--dir", case("notag")).stdout)
    f = body["failures"][0]
    same((body["schema"], body["failures_left_out"]), ("kedge.failures/1", 0), "the object of kedge failures --json")
    same(body["time_unix_s"], 1795402114.999, "its time is the recording's: ten seconds after the last line")
    same((f["kind"], f["service"], f["candidates"], f["deployment"]), ("unknown", None, [], None),
         "the service is not on the host, and not guessed")
    same((f["cluster"], f["family"], f["revision"], f["task"][-32:]),
         ("edge", "web", 12, "42000fad2ad2f80f5dbf3be9973f3c6d"), "cluster, family, revision and task are")
    same(f["image"], "127.0.0.1:5002/web:nosuchtag", "so is the image")
    same(f["reason"], "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown",
         "the reason is verbatim")
    same((f["provisional"], f["fix_by"]), (False, "developer"), "it is final, and whose turn it is")


def move_log(path: str, seconds: int) -> None:
    form = "%Y-%m-%dT%H:%M:%S"

    def later(m: re.Match[str]) -> str:
        return "time=" + (datetime.strptime(m[1], form) + timedelta(seconds=seconds)).strftime(form) + "Z"
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(r"time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z", later, text))


def gaps(scratch: str) -> None:
    """Files may be missing: each source alone still says what it knows."""
    def classes(name: str, *keep: str) -> list[str]:
        to = os.path.join(scratch, "gap")
        shutil.rmtree(to, ignore_errors=True)
        return [f["class"] for f in failures(replay("--dir", copy_of(name, to, *keep)))]

    same(classes("notag", "agent.log"), ["image-not-found"], "a failed pull is told by the log alone")
    same(classes("notag", "tasks.jsonl", "docker-events.jsonl"), [], "and by nothing else")
    same(classes("exit1", "docker-events.jsonl"), ["exited-early"], "an early exit is told by the engine alone")
    same(classes("exit1", "agent.log"), ["exited-early"], "and by the log alone")
    same(classes("oom", "docker-events.jsonl"), ["oom"], "an OOM is told by the engine alone")
    same(classes("oom", "agent.log"), ["oom"], "and by the log alone")
    same(classes("noexec", "docker-events.jsonl", "inspect.jsonl"), ["exec-not-found"], "a failed start by an inspect")
    same(classes("noexec", "docker-events.jsonl"), [], "not by the events alone: they do not say why nothing starts")
    same(classes("noexec", "agent.log"), ["exec-not-found"], "and by the log alone")
    # 125 s later by the log, and the engine missed the end: then it was no early exit
    to = copy_of("exit1", os.path.join(scratch, "missed"), "docker-events.jsonl", "agent.log")
    move_log(os.path.join(to, "agent.log"), 125)
    with open(os.path.join(to, "docker-events.jsonl"), "r+", encoding="utf-8") as f:
        lines = [line for line in f if '"Action":"die"' not in line]
        f.seek(0)
        f.truncate()
        f.writelines(lines)
    same([f["class"] for f in failures(replay("--dir", to))], ["exited"], "an exit the engine missed is as late as the log says")
    for name in ("healthy", "twononess", "service-good"):
        for file in SOURCES:
            same(classes(name, file), [], f"{name}: {file} alone invents nothing")


def shifted(scratch: str) -> None:
    """The verdict does not depend on which source speaks first: the log or introspection seconds early or late."""
    def tasks_by(path: str, seconds: int) -> None:
        with open(path, encoding="utf-8") as f:
            lines = [json.loads(line) for line in f]
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(json.dumps({"t": line["t"] + seconds, "body": line["body"]}) + "\n" for line in lines)

    def what(f: dict[str, Any]) -> str:
        return row(f).split(" times=")[0]

    for name, rows in table().items():
        want = "\n".join(r.split(" times=")[0] for r in rows)
        for seconds in (-5, -1, 5, 60):
            for move, file in ((move_log, "agent.log"), (tasks_by, "tasks.jsonl")):
                to = copy_of(name, os.path.join(scratch, "shifted"), *SOURCES, "metadata.json")
                move(os.path.join(to, file), seconds)
                same("\n".join(map(what, failures(replay("--dir", to)))), want, f"{name}: {file} {seconds:+d} s, the same verdict")
                shutil.rmtree(to)


def one_file(scratch: str) -> None:
    same([f["class"] for f in failures(replay(os.path.join(case("notag"), "agent.log")))], ["image-not-found"],
         "FILE may be a log of the ECS agent")
    same([f["class"] for f in failures(replay(os.path.join(case("oom"), "docker-events.jsonl")))], ["oom"],
         "or the engine's events: the content says which")
    same(failures(replay(os.path.join(case("toobig"), "tasks.jsonl"))), [], "or recorded tasks")
    path = os.path.join(scratch, "poem")
    with open(path, "w", encoding="utf-8") as f:
        f.write("neither\nthis\nnor that\n")
    run = replay(path)
    ok(run.returncode == 2 and "neither events of docker" in run.stderr, "something else is said to be neither", run.stderr)
    run = replay(os.path.join(case("notag"), "docker-events.jsonl"))
    ok(run.returncode == 2 and "docker-events.jsonl is empty" in run.stderr, "and so is an empty file", run.stderr)


def engines() -> None:
    for line in ENGINES.strip().splitlines():
        want, names = line[:39].strip(), line[39:].split()
        for name in names:
            for engine in ("docker-20", "docker-28"):
                base = os.path.join(ROOT, "tests", "captures", engine, name)
                path = base + (".replay.ndjson" if name.endswith("after-restart") else ".events.ndjson")
                run = replay(path)
                got = ",".join(f"{f['class']}={f['exit_code']}x{f['count']}".replace("None", "-") for f in failures(run))
                ok(got in want.split("|") if got else want.startswith("-"), f"{engine} {name}: {want}", f"got: {got}\n{run.stderr}")


def refusals(scratch: str) -> None:
    def refused(code: int, words: list[str], part: str, name: str) -> None:
        run = replay(*words)
        ok(run.returncode == code and part in run.stderr + run.stdout and run.stdout.count("\n") <= 1, name,
           f"exit {run.returncode}\n{run.stdout}{run.stderr}")

    empty = os.path.join(scratch, "empty")
    os.mkdir(empty)
    refused(3, ["--dir", os.path.join(scratch, "no", "such")], "no/such: No such file", "a directory that is not there")
    refused(3, ["--dir", empty], "holds no recording", "a directory without a recording")
    refused(3, [os.path.join(scratch, "absent.log")], "absent.log: No such file", "a file that is not there")
    refused(2, [empty], "is a directory", "a directory as FILE")
    refused(2, [], "either --dir DIR", "nothing to play")
    refused(2, ["--dir", empty, "x"], "either --dir DIR", "two things to play")
    refused(2, ["--dir"], "needs a value", "--dir without DIR")
    refused(3, ["--json", "--dir", empty], '"schema":"kedge.error/1"', "with --json the error is an object")
    os.mkfifo(os.path.join(empty, "agent.log"))
    refused(2, ["--dir", empty], "no regular file", "a pipe in place of a file does not hang it")


def named(scratch: str) -> None:
    """Bad lines are named by file and line, counted and passed over; what is around them is still judged."""
    to = copy_of("exit1", os.path.join(scratch, "named"), *SOURCES, "metadata.json")
    events = os.path.join(to, "docker-events.jsonl")
    with open(events, encoding="utf-8") as f:
        lines = f.read().splitlines()
    lines[1:1] = ["", "{\"Type\":\"container\",", "x" * 300000]
    with open(events, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))                      # and the last line has no end
    with open(os.path.join(to, "tasks.jsonl"), "a", encoding="utf-8") as f:
        f.write('{"t": 1795400523.0, "body": 7}\n{"t": 1795400524.0, "body": "{}"}\n{"body": "{}"}\n')
    with open(os.path.join(to, "inspect.jsonl"), "a", encoding="utf-8") as f:
        f.write('{"t": 1795400523.0, "inspect": []}\n')
    with open(os.path.join(to, "agent.log"), "a", encoding="utf-8") as f:
        f.write('level=info time=2026-11-23T02:22:03Z msg="Sending state change to ECS" taskArn="arn\n')
    with open(os.path.join(to, "metadata.json"), "w", encoding="utf-8") as f:
        f.write("{]")
    run = replay("--dir", to)
    same((run.returncode, [f["class"] for f in failures(run)]), (0, ["exited-early"]), "the verdict is still found")
    for part in ("docker-events.jsonl:3: passed over: ", "docker-events.jsonl:4: passed over: it is longer than any line",
                 "docker-events.jsonl: 2 of ", "tasks.jsonl:6: passed over: there is no text", "tasks.jsonl:7: passed over: ",
                 "tasks.jsonl:8: passed over: there is no time", "inspect.jsonl:3: passed over: ", "agent.log:38: passed over: ",
                 "metadata.json: passed over: "):
        ok(part in run.stderr, f"named: {part}", run.stderr)
    same(failures(run)[0]["cluster"], None, "what only the damaged file said is not known")


def backwards(scratch: str) -> None:
    """A clock that was set back or far ahead while it was recorded: time waits, or passes as if the host were off."""
    for name, stamp in (("ten days back", "17945"), ("some years ahead", "18954")):
        to = copy_of("exit1", os.path.join(scratch, name), *SOURCES, "metadata.json")
        path = os.path.join(to, "docker-events.jsonl")
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines[:5] + [line.replace('"timeNano":17954', f'"timeNano":{stamp}') for line in lines[5:]]))
        run = replay("--dir", to)
        same((run.returncode, failures(run)[0]["class"]), (0, "exited-early"), f"the engine's clock goes {name}")
        ok(json.loads(run.stdout)["time_unix_s"] > 1795400522, "and time never goes back")


def damage(path: str, dice: random.Random) -> None:
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    for i, line in enumerate(lines):
        chance = dice.random()
        if chance < 0.10 and line:
            changed = bytearray(line)
            for _ in range(dice.randint(1, 6)):
                changed[dice.randrange(len(changed))] = dice.randrange(256)
            lines[i] = bytes(changed)
        elif chance < 0.16:
            lines[i] = line[:dice.randrange(len(line) + 1)]
        elif chance < 0.18:
            lines[i] = line + line
        elif chance < 0.22:
            j = dice.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
        elif chance < 0.26 and line:
            digits = [k for k in range(len(line)) if line[k:k + 1].isdigit()]
            changed = bytearray(line)
            for k in dice.sample(digits, min(len(digits), 3)):
                changed[k] = ord(dice.choice("0123456789"))
            lines[i] = bytes(changed)
    body = b"\n".join(lines)
    with open(path, "wb") as f:
        f.write(body[:dice.randrange(len(body) + 1)] if dice.random() < 0.3 else body)


def garbled(scratch: str) -> None:
    """Random damage, always the same for a seed: the answer may be wrong, but there is one."""
    for name in table():
        bad = []
        for seed in range(GARBLED):
            dice = random.Random(f"{name} {seed}")
            to = copy_of(name, os.path.join(scratch, f"{name}-{seed}"), *SOURCES, "metadata.json")
            for file in sorted(os.listdir(to)):
                damage(os.path.join(to, file), dice)
            run = replay("--dir", to)
            try:
                fine = run.returncode == 0 and isinstance(failures(run), list)
            except (ValueError, KeyError):
                fine = False
            if not fine:
                bad.append(f"seed {seed}: exit {run.returncode}: {run.stderr[-2000:]}")
            shutil.rmtree(to)
        same("\n".join(bad), "", f"{name}: {GARBLED} damaged copies are played without a crash or a broken invariant")


def main() -> int:
    if not os.access(KEDGE, os.X_OK):
        print(f"Bail out! no kedge at {KEDGE}: build it, or say KEDGE=")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        verdicts()
        identity()
        gaps(scratch)
        shifted(scratch)
        one_file(scratch)
        engines()
        refusals(scratch)
        named(scratch)
        backwards(scratch)
        garbled(scratch)
    return done()


sys.exit(main())
