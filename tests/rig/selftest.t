#!/usr/bin/env python3
"""Checks the rig itself (TAP): the ECS agent's double on a real engine and on the engine double, against what the
recorded real agent said and did. Everything it starts ends with it, also when it is killed."""
from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))
DOUBLES = os.path.join(HERE, "..", "doubles")
CAPTURES = os.path.join(HERE, "..", "captures", "real-agent")
ENGINE = os.path.join(HERE, "engine.sh")
SCALE = 0.05
LABEL = "com.amazonaws.ecs."
sys.path[:0] = [DOUBLES, os.path.dirname(DOUBLES)]

from cloudctl import call  # noqa: E402
from docker_api import Docker, DockerError  # noqa: E402
from tap import done, ok, same  # noqa: E402

KEY = re.compile(r'\s([A-Za-z][A-Za-z0-9_-]*)=("(?:[^"\\]|\\.)*"|.*?)(?=\s[A-Za-z][A-Za-z0-9_-]*=|$)')
LINE = re.compile(r'^level=(\w+) time=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) msg="((?:[^"\\]|\\.)*)"(.*)$')


def wait(test: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.03)


def parse(line: str) -> tuple[str, str, dict[str, str]]:
    """level, msg and fields of a logfmt line; the expressions are those recorded lines were checked with."""
    found = LINE.match(line)
    if not found:
        return "", line, {}
    fields = {k: re.sub(r"\\(.)", r"\1", v[1:-1]) if v.startswith('"') else v
              for k, v in KEY.findall(found[4])}
    return found[1], re.sub(r"\\(.)", r"\1", found[3]), fields


def shape(msg: str, fields: dict[str, str]) -> tuple[str, frozenset[str]]:
    msg = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{20,}", "X", msg)
    msg = re.sub(r"127\.0\.0\.1:\d+/\S+", "IMAGE", msg)
    msg = re.sub(r"ecs-\w+-\d+-\w+-X", "NAME", msg)
    return msg, frozenset(re.sub(r"-\d+$", "-N", k) for k in fields)


def recorded_shapes() -> dict[str, set[tuple[str, frozenset[str]]]]:
    """msg -> the (level, field names) it was recorded with."""
    shapes: dict[str, set[tuple[str, frozenset[str]]]] = {}
    for case in os.listdir(CAPTURES):
        with open(os.path.join(CAPTURES, case, "agent.log"), encoding="utf-8") as f:
            for line in f:
                level, msg, fields = parse(line.rstrip("\n"))
                name, keys = shape(msg, fields)
                shapes.setdefault(name, set()).add((level, keys))
    return shapes


class Bench:
    """An engine, the cloud double and an agent's double in one directory."""

    def __init__(self, folder: str, engine: str, *options: str) -> None:
        self.folder, self.engine, self.options = folder, engine, options
        os.makedirs(folder, exist_ok=True)
        self.socket = os.path.join(folder, "docker.sock")
        self.started: list[subprocess.Popen[bytes]] = []
        self.cloud = os.path.join(folder, "cloud")
        self.state = os.path.join(folder, "agent")
        self.revisions: dict[str, int] = {}

    def __enter__(self) -> Bench:
        if self.engine == "real":
            subprocess.run([ENGINE, "start", self.folder, "--guard", str(os.getpid())], check=True)
        else:
            self._run("engine_replay.py", "--socket", self.socket, "--engine", self.engine)
        os.makedirs(self.cloud, exist_ok=True)
        self._run("ecs_cloud.py", "--dir", self.cloud, "--lag-max", "0")
        wait(lambda: os.path.exists(os.path.join(self.cloud, "port")) and os.path.exists(self.socket))
        self.docker = Docker(self.socket)
        self.agent = self.start_agent()
        return self

    def __exit__(self, *_: Any) -> None:
        for p in reversed(self.started):
            if p.stdin:
                p.stdin.close()
            p.terminate()
            p.wait(30)
        if self.engine == "real":
            subprocess.run([ENGINE, "stop", self.folder], check=True)

    def _run(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with open(os.path.join(self.folder, name + ".out"), "ab") as out:
            p = subprocess.Popen([sys.executable, os.path.join(DOUBLES, name), *arguments, "--stdin-watch"],
                                 stdin=subprocess.PIPE, stdout=out, stderr=out)
        self.started.append(p)
        return p

    def start_agent(self, up: bool = True) -> subprocess.Popen[bytes]:
        p = self._run("ecs_agent.py", "--docker", self.socket, "--state", self.state, "--control",
                      os.path.join(self.cloud, "control.sock"), "--time-scale", str(SCALE), *self.options)
        if up:
            wait(lambda: self.get("/v1/metadata"))
        return p

    def stop_agent(self, how: int = signal.SIGTERM) -> None:
        self.agent.send_signal(how)
        self.agent.wait(30)
        self.started.remove(self.agent)

    def get(self, path: str) -> Any:
        try:
            with open(os.path.join(self.state, "introspection.port"), encoding="utf-8") as f:
                port = int(f.read())
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError, http.client.HTTPException):
            return None

    def image(self, tag: str, cmd: str = "serve") -> str:
        if self.engine == "real":
            done = subprocess.run([ENGINE, "image", self.folder, tag, f"cmd={cmd}"], check=True,
                                  stdout=subprocess.PIPE, text=True)
            return done.stdout.strip()
        return self.docker.call("POST", "/_double/image", {
            "ref": f"127.0.0.1:5001/{tag}", "spec": {"cmd": cmd.split()}})["digest"]

    def ctl(self, command: str, **members: Any) -> dict[str, Any]:
        answer = call(self.cloud, command, **members)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def run_task(self, family: str, *containers: dict[str, Any]) -> str:
        defaults = {"memory": 64, "essential": True, "image": "127.0.0.1:5001/web:11"}
        td = self.ctl("register-task-definition", family=family,
                      containerDefinitions=[defaults | {"name": f"c{i}"} | c
                                            for i, c in enumerate(containers)])["name"]
        return self.ctl("run-task", taskDefinition=td)["taskArn"]

    def task(self, arn: str) -> dict[str, Any]:
        listed = (self.get("/v1/tasks") or {"Tasks": []})["Tasks"]
        return next((t for t in listed if t["Arn"] == arn), {})

    def reach(self, arn: str, known: str, seconds: float = 15.0) -> dict[str, Any]:
        """Waits for the state, and a moment for its line in the log, which comes a little later."""
        wait(lambda: self.task(arn).get("KnownStatus") == known, seconds)
        wait(lambda: any(f["taskStatus"] == known for f in self.changes(arn)), 2.0)
        return self.task(arn)

    def log(self) -> list[tuple[str, str, dict[str, str]]]:
        """The present log; for a moment after a roll there is none."""
        try:
            with open(os.path.join(self.state, "ecs-agent.log"), encoding="utf-8") as f:
                return [parse(line) for line in f.read().splitlines()]
        except FileNotFoundError:
            return []

    def changes(self, arn: str) -> list[dict[str, str]]:
        return [f for _, msg, f in self.log()
                if msg == "Sending state change to ECS" and f.get("taskArn") == arn]

    def said(self, arn: str) -> list[str]:
        ident = arn.rpartition("/")[2]
        return [msg for _, msg, f in self.log() if ident in json.dumps(f)]

    def in_cloud(self, arn: str) -> dict[str, Any]:
        return next((t for t in self.ctl("dump")["tasks"] if t["taskArn"] == arn), {})

    def actions(self, arn: str) -> list[str]:
        """Container and network events of a task's containers, as ACTION or ACTION=EXITCODE."""
        conn = self.docker._open("GET", f"/events?since=1&until={time.time():.6f}", None, 10)[1]
        events = [json.loads(line) for line in conn if line.strip()]
        ids = {e["Actor"]["ID"] for e in events
               if e["Actor"]["Attributes"].get(LABEL + "task-arn") == arn}
        out = []
        for e in events:
            attributes = e["Actor"]["Attributes"]
            if e["Actor"]["ID"] in ids:
                code = attributes.get("exitCode")
                out.append(e["Action"] + (f"={code}" if code and e["Action"] == "die" else ""))
            elif attributes.get("container") in ids:
                out.append("net-" + e["Action"])
        return [a for a in out if not a.startswith("exec_")]

    def inspect(self, arn: str) -> dict[str, Any]:
        return self.docker.inspect(self.task(arn)["Containers"][0]["DockerId"])


def good_task(b: Bench, digest: str) -> None:
    arn = b.run_task("good", {})
    task = b.reach(arn, "RUNNING")
    ok(task.get("KnownStatus") == "RUNNING", "a good task runs", task)
    c = task["Containers"][0]
    same(list(task), ["Arn", "DesiredStatus", "KnownStatus", "Family", "Version", "Containers"],
         "introspection's task has the members, in order")
    same(list(c), ["DockerId", "DockerName", "Name", "Image", "ImageID", "CreatedAt", "StartedAt"],
         "introspection's container has the members, in order")
    ok(re.fullmatch(r"ecs-good-1-c0-[0-9a-f]{20}", c["DockerName"]), "container's name", c)
    labels = b.inspect(arn)["Config"]["Labels"]
    same({k: labels.get(LABEL + k) for k in ("cluster", "task-arn", "container-name",
                                             "task-definition-family", "task-definition-version")},
         {"cluster": "edge", "task-arn": arn, "container-name": "c0", "task-definition-family": "good",
          "task-definition-version": "1"}, "the five labels")
    same([f["taskStatus"] for f in b.changes(arn)], ["MANIFEST_PULLED", "RUNNING"], "its state changes")
    wait(lambda: b.in_cloud(arn)["lastStatus"] == "RUNNING")
    same(b.in_cloud(arn)["containers"][0]["imageDigest"], digest, "the cloud knows the image's digest")
    b.ctl("stop-task", task=arn)
    task = b.reach(arn, "STOPPED")
    same((task["DesiredStatus"], task["KnownStatus"]), ("STOPPED", "STOPPED"), "ECS stops it")
    end = ["die=0", "net-disconnect", "stop"] if b.engine != "28" else ["net-disconnect", "stop", "die=0"]
    same(b.actions(arn), ["create", "net-connect", "start", "kill", *end], "engine's events, in its order")
    ok("containerExitCode=0 " in b.changes(arn)[-1]["containerChange-0"], "exit code 0 told")


def tag_absent(b: Bench) -> None:
    begun = time.monotonic()
    arn = b.run_task("absent", {"image": "127.0.0.1:5001/web:nosuchtag"})
    wait(lambda: b.task(arn))
    task = b.task(arn)
    same((task["KnownStatus"], task["Containers"]), ("PENDING", []), "a pull in retry: PENDING, no container")
    task = b.reach(arn, "STOPPED", 30)
    took = (time.monotonic() - begun) / SCALE
    ok(24 < took < 100, "takes the first failing pull's 28 s, scaled", took)
    first = took
    c = task["Containers"][0]
    same((c["DockerId"], c["ImageID"], "CreatedAt" in c), ("", "", False), "a container without id or times")
    change = b.changes(arn)
    same(len(change), 1, "one state change only")
    ok("containerReason=CannotPullImageManifestError: Error response from daemon: manifest unknown: "
       "manifest unknown containerKnownSentStatus=NONE" in change[0]["containerChange-0"], "its reason", change)
    per_try = [m for _, m, _ in b.log() if m.startswith(
        "DockerGoClient: failed to pull image 127.0.0.1:5001/web:nosuchtag: [CannotPullContainerError] Error "
        "response from daemon: manifest for 127.0.0.1:5001/web:nosuchtag not found: manifest unknown")]
    same(len(per_try), 5, "five tries, each with its line")
    same(b.actions(arn), [], "no event of the engine")
    wanted = ["Failed to fetch image manifest from registry", "Error transitioning container",
              "Error while pulling image or its manifest; will try to run anyway",
              "Failed to pull image for container", "Error creating container; marking its desired status as "
              "STOPPED", "Sending state change to ECS"]
    said = b.said(arn)
    ok(all(w in said for w in wanted), "the recorded lines of a failed pull", "\n".join(said))
    begun = time.monotonic()
    arn = b.run_task("absent", {"image": "127.0.0.1:5001/web:nosuchtag"})
    b.reach(arn, "STOPPED", 30)
    took = (time.monotonic() - begun) / SCALE
    ok(55 < took < 140 and took > first + 15, "a later failing pull takes 65 s, scaled", (first, took))


def start_failure(b: Bench) -> None:
    arn = b.run_task("noexec", {"entryPoint": ["/usr/bin/nosuch"]})
    task = b.reach(arn, "STOPPED")
    ok(task["Containers"][0]["DockerId"] and "StartedAt" not in task["Containers"][0],
       "start failure: created, never started", task)
    state = b.inspect(arn)["State"]
    text = 'exec: "/usr/bin/nosuch": stat /usr/bin/nosuch: no such file or directory'
    same((state["Status"], state["ExitCode"], text in state["Error"]), ("created", 127, True),
         "what inspect says of it")
    reason = b.changes(arn)[-1]["containerChange-0"]
    ok("containerReason=CannotStartContainerError: Error response from daemon: " in reason and text in reason
       and "ExitCode" not in reason, "its reason, no exit code", reason)
    net = ["net-connect", "net-disconnect"] if b.engine != "28" else ["net-disconnect"]
    same(b.actions(arn), ["create", *net], "neither start nor die among the events")


def exits(b: Bench) -> None:
    arn = b.run_task("exit1", {"command": ["exit", "1", "300"]})
    b.reach(arn, "STOPPED")
    same([f["taskStatus"] for f in b.changes(arn)], ["MANIFEST_PULLED", "RUNNING", "STOPPED"],
         "exit 1: its state changes")
    last = b.changes(arn)[-1]
    ok("containerExitCode=1 containerKnownSentStatus=RUNNING" in last["containerChange-0"]
       and last["taskReason"] == "", "exit code without a reason", last)
    ok("die=1" in b.actions(arn) and "kill" not in b.actions(arn), "die without kill", b.actions(arn))
    arn = b.run_task("oom", {"command": ["oom"], "memory": 16})
    b.reach(arn, "STOPPED", 30)
    last = b.changes(arn)[-1]["containerChange-0"]
    ok("containerExitCode=137 containerReason=OutOfMemoryError: Container killed due to memory usage" in last,
       "out of memory has its reason", last)
    same((b.inspect(arn)["State"]["OOMKilled"], "oom" in b.actions(arn)), (True, True), "and the engine's word")


def pair(b: Bench) -> None:
    arn = b.run_task("pair", {"name": "main", "command": ["exit", "3", "600"]},
                     {"name": "side"}, {"name": "once", "essential": False, "command": ["exit", "0", "100"]})
    b.reach(arn, "STOPPED")
    changes = b.changes(arn)
    same([f["taskStatus"] for f in changes], ["MANIFEST_PULLED", "RUNNING", "STOPPED"],
         "a non-essential exit is not told by itself")
    ends = {re.search(r"containerName=(\S+)", v)[1]: re.search(r"containerExitCode=(\d+)", v)[1]
            for k, v in changes[-1].items() if k.startswith("containerChange-")}
    same(ends, {"main": "3", "side": "0", "once": "0"}, "an essential exit stops the others, told together")


def restart_policy(b: Bench) -> None:
    arn = b.run_task("loop", {"command": ["exit", "1", "200"], "restartPolicy": {
        "enabled": True, "ignoredExitCodes": [], "restartAttemptPeriod": 1}})
    wait(lambda: (b.task(arn).get("Containers") or [{}])[0].get("RestartCount", 0) >= 3, 20)
    task = b.task(arn)
    same(task["KnownStatus"], "RUNNING", "restart policy: the task stays RUNNING")
    ok(task["Containers"][0]["RestartCount"] >= 3, "RestartCount grows", task)
    starts = b.actions(arn).count("start")
    ok(starts >= 3 and b.actions(arn).count("create") == 1, "the same container is started again", starts)
    same([f["taskStatus"] for f in b.changes(arn)], ["MANIFEST_PULLED", "RUNNING"], "ECS is told nothing of it")
    ok("Restarted container" in b.said(arn), "the agent's line")
    b.ctl("stop-task", task=arn)
    same(b.reach(arn, "STOPPED")["KnownStatus"], "STOPPED", "and it can be stopped")
    ok("Not Restarting container" in b.said(arn), "with the reason why it is not restarted")


def health(b: Bench) -> None:
    arn = b.run_task("sick", {"command": ["healthy-for", "1500"], "healthCheck": {
        "command": ["CMD", "/app", "hc"], "interval": 1, "retries": 2, "timeout": 2}})
    wait(lambda: b.in_cloud(arn).get("containers", [{}])[0].get("healthStatus") == "UNHEALTHY", 20)
    same(b.in_cloud(arn)["containers"][0]["healthStatus"], "UNHEALTHY", "the cloud hears that it is unhealthy")
    same(b.task(arn)["KnownStatus"], "RUNNING", "introspection does not tell")
    ok("health_status: unhealthy" in b.actions(arn), "the engine does", b.actions(arn))
    b.ctl("stop-task", task=arn)
    b.reach(arn, "STOPPED")


def offline(b: Bench) -> None:
    arn = b.run_task("away", {})
    b.reach(arn, "RUNNING")
    wait(lambda: b.in_cloud(arn)["lastStatus"] == "RUNNING")
    b.ctl("wan", state="down")
    wait(lambda: any(m == "Failed to connect to ACS" for _, m, _ in b.log()))
    ok(any(m == "Waiting before reconnecting to ACS" for _, m, _ in b.log()), "WAN down: the lines of ACS")
    b.docker.call("POST", f"/containers/{b.task(arn)['Containers'][0]['DockerId']}/kill")
    task = b.reach(arn, "STOPPED")
    same(task["KnownStatus"], "STOPPED", "introspection shows the death all the same")
    time.sleep(0.5)
    same([f["taskStatus"] for f in b.changes(arn)], ["MANIFEST_PULLED", "RUNNING", "STOPPED"],
         "the line is written once, before the call that does not end")
    same(b.in_cloud(arn)["lastStatus"], "RUNNING", "the cloud knows nothing")
    b.ctl("wan", state="up")
    wait(lambda: b.in_cloud(arn)["lastStatus"] == "STOPPED", 30)
    same(b.in_cloud(arn)["containers"][0]["exitCode"], 137, "WAN up: it gets there")


def agent_restart(b: Bench) -> None:
    kept, lost = b.run_task("kept", {}), b.run_task("lost", {})
    b.reach(kept, "RUNNING"), b.reach(lost, "RUNNING")
    ident, before = b.task(lost)["Containers"][0]["DockerId"], b.get("/v1/metadata")
    b.stop_agent()
    same(b.get("/v1/metadata"), None, "the agent is down: its port is closed")
    b.docker.call("POST", f"/containers/{ident}/kill")
    b.agent = b.start_agent()
    same(b.get("/v1/metadata"), before, "with its checkpoint: the same instance")
    same(b.task(kept).get("KnownStatus"), "RUNNING", "a task that ran goes on")
    b.reach(lost, "STOPPED")
    ok("containerExitCode=137" in b.changes(lost)[-1]["containerChange-0"], "a death in between is told")
    b.ctl("stop-task", task=kept)
    b.reach(kept, "STOPPED")


def registry_down(b: Bench) -> None:
    if b.engine == "real":
        subprocess.run([ENGINE, "registry-stop", b.folder], check=True)
    else:
        b.docker.call("POST", "/_double/fail", {"case": "net-refused-insecure"})
    arn = b.run_task("cached", {})
    b.reach(arn, "RUNNING", 30)
    running = [f for f in b.changes(arn) if f["taskStatus"] == "RUNNING"]
    ok(running and "containerReason=CannotPullImageManifestError: Error response from daemon: Get " in
       running[0]["containerChange-0"] and "connect: connection refused" in running[0]["containerChange-0"],
       "registry down, image here: RUNNING with the pull's reason", running)
    if b.engine == "real":
        subprocess.run([ENGINE, "registry-start", b.folder], check=True)
    else:
        b.docker.call("POST", "/_double/fail", {"case": ""})
    b.ctl("stop-task", task=arn)
    b.reach(arn, "STOPPED")


def log_form(b: Bench) -> None:
    recorded, strange = recorded_shapes(), []
    compared = set()
    for level, msg, fields in b.log():
        name, keys = shape(msg, fields)
        if not level:
            strange.append(f"not logfmt: {msg}")
        elif name in recorded and "ACS" not in name and "ebsocket" not in name and "Poll" not in name:
            compared.add(name)
            if (level, keys) not in recorded[name]:
                strange.append(f"{level} {name}: {sorted(keys)}, recorded {recorded[name]}")
    ok(not strange, f"{len(compared)} kinds of line have the recorded level and fields",
       "\n".join(sorted(set(strange))))
    ok(len(compared) >= 40, "enough kinds compared", len(compared))


def bench(folder: str, engine: str) -> None:
    print(f"# engine: {engine}")
    with Bench(folder, engine) as b:
        digest = b.image("web:11")
        good_task(b, digest)
        tag_absent(b)
        start_failure(b)
        exits(b)
        pair(b)
        restart_policy(b)
        health(b)
        registry_down(b)
        offline(b)
        agent_restart(b)
        log_form(b)


STATE_A = re.compile(r"^TaskHandler: Sending task change: TaskChange: \[(\S+) -> (\w+), (.*)\] sent: false$")
STATE_B = re.compile(r"^TaskChange: \[(\S+) -> (\w+), (.*)\] sent: false$")
MOVE_A = re.compile(r"^Task engine \[(\S+)\]: error transitioning container \[(.+?) \(Runtime ID: (\w*)\)\] to "
                    r"\[(\w+)\]: (.*)$")


def eras(folder: str) -> None:
    """The older texts, by the expressions they were dated with."""
    for era in "ABCD":
        with Bench(os.path.join(folder, f"era{era}"), "20", "--era", era) as b:
            arn = b.run_task("absent", {"image": "127.0.0.1:5001/web:nosuchtag"})
            task = b.reach(arn, "STOPPED", 30)
            log = b.log()
            texts = [m for _, m, _ in log]
            ok(any("[CannotPullContainerError]" in t for t in texts), f"era {era}: the line of each pull try")
            tail = "image or its manifest; will" if era == "D" else "image; will"
            ok(f"Error while pulling {tail} try to run anyway" in texts, f"era {era}: will try to run anyway")
            if era == "A":
                moves = [m[4] for m in map(MOVE_A.match, texts) if m and m[1] == arn]
                same(moves, ["PULLED", "CREATED"], "era A: failed transitions as plain text")
                told = [STATE_A.match(t) for t in texts]
            elif era == "B":
                told = [STATE_B.match(f.get("eventData", "")) for _, _, f in log]
            else:
                told = []
                name = "CannotPullImageManifestError" if era == "D" else "CannotPullContainerError"
                ok(f"containerReason={name}: " in b.changes(arn)[-1]["containerChange-0"],
                   f"era {era}: state change as flat fields, {name}")
            if era in "AB":
                told = [m for m in told if m]
                ok(len(told) == 1 and told[0][2] == "STOPPED" and "Reason CannotPullContainerError: " in
                   told[0][3], f"era {era}: state change as text", told)
            same("Image" in task["Containers"][0], era >= "C", f"era {era}: introspection's members")


def variants(folder: str) -> None:
    with Bench(os.path.join(folder, "json"), "20", "--log-format", "json", "--log-size", "4000",
               "--pull-behavior", "always") as b:
        b.image("web:11")
        arn = b.run_task("absent", {"image": "127.0.0.1:5001/web:nosuchtag"})
        same(b.reach(arn, "STOPPED", 30)["Containers"], [], "always: a failed pull leaves no container")
        good = b.run_task("good", {})
        b.reach(good, "RUNNING")
        rolls = sorted((n for n in os.listdir(b.state) if re.fullmatch(r"ecs-agent\.log(\.\d+)?", n)),
                       key=lambda n: int(n.rpartition(".")[2]) if n[-1].isdigit() else 10**6)
        ok(len(rolls) > 3 and rolls[0] == "ecs-agent.log.1", "the log rolls by size, the oldest is .1", rolls)
        records = []
        for name in rolls:
            with open(os.path.join(b.state, name), encoding="utf-8") as f:
                records += [json.loads(line) for line in f]
        ok(records[0]["msg"] == "Starting Amazon ECS Agent", "JSON records, none lost at a roll", records[0])
        ok(any(r["msg"].endswith("moving task to STOPPED") for r in records), "always: moving task to STOPPED")
    with Bench(os.path.join(folder, "cached"), "20", "--pull-behavior", "prefer-cached") as b:
        b.image("web:11")
        b.reach(b.run_task("one", {}), "RUNNING")
        b.docker.call("POST", "/_double/fail", {"case": "net-refused-insecure"})
        arn = b.run_task("two", {})
        same(b.reach(arn, "RUNNING").get("KnownStatus"), "RUNNING", "prefer-cached: nobody asks the registry")
        ok("Found cached image, use it directly for container" in b.said(arn), "and the line says so")


def stall(folder: str) -> None:
    """Away from the cloud, the second event of one task holds up everybody's."""
    with Bench(os.path.join(folder, "stall"), "20") as b:
        b.docker.call("POST", "/_double/image", {"ref": "127.0.0.1:5001/slow:1", "spec": {"pull_ms": 700}})
        b.image("web:11")
        other = b.run_task("other", {})
        b.reach(other, "RUNNING")
        slow = b.run_task("slow", {"image": "127.0.0.1:5001/slow:1", "command": ["exit", "1", "200"]})
        wait(lambda: b.in_cloud(slow).get("containers", [{}])[0].get("imageDigest"))
        b.ctl("wan", state="down")
        b.reach(slow, "STOPPED")
        b.docker.call("POST", f"/containers/{b.task(other)['Containers'][0]['DockerId']}/kill")
        b.reach(other, "STOPPED")
        time.sleep(0.3)
        same(([f["taskStatus"] for f in b.changes(slow)], [f["taskStatus"] for f in b.changes(other)]),
             (["MANIFEST_PULLED", "RUNNING"], ["MANIFEST_PULLED", "RUNNING"]),
             "away: one submit waits, nobody else's is even begun")
        b.ctl("wan", state="up")
        wait(lambda: b.in_cloud(slow)["lastStatus"] == b.in_cloud(other)["lastStatus"] == "STOPPED", 30)
        same((b.in_cloud(slow)["lastStatus"], b.in_cloud(other)["lastStatus"]), ("STOPPED", "STOPPED"),
             "back: all of them get there")


def offline_start(folder: str) -> None:
    """An agent that starts away from the cloud does not come up at all; a killed one has its checkpoint."""
    link = os.path.join(folder, "link-down")
    with Bench(os.path.join(folder, "boot"), "20", "--link-file", link) as b:
        b.image("web:11")
        arn = b.run_task("web", {})
        b.reach(arn, "RUNNING")
        b.stop_agent(signal.SIGKILL)
        with open(link, "w", encoding="utf-8"):
            pass
        b.agent = b.start_agent(up=False)
        terminal = "Received terminal error from RegisterContainerInstance call, exiting"
        ok(wait(lambda: [m for _, m, _ in b.log()].count(terminal) >= 3), "offline start: over and over again")
        same(b.get("/v1/metadata"), None, "and no introspection")
        os.unlink(link)
        ok(wait(lambda: b.task(arn).get("KnownStatus") == "RUNNING"), "the link is back: the task is listed again")


def engine_restart(folder: str) -> None:
    """The real engine goes down cleanly under a running agent, and comes back."""
    with Bench(os.path.join(folder, "down"), "real") as b:
        b.image("web:11")
        arn = b.run_task("web", {})
        b.reach(arn, "RUNNING")
        subprocess.run([ENGINE, "daemon-stop", b.folder], check=True)
        ok(wait(lambda: any("Docker events stream closed with error" in m for _, m, _ in b.log())),
           "engine down: the agent's storm of lines")
        subprocess.run([ENGINE, "daemon-start", b.folder], check=True)
        same(b.reach(arn, "STOPPED", 20).get("KnownStatus"), "STOPPED", "engine back: its container is gone")
        ok(b.changes(arn)[-1]["taskStatus"] == "STOPPED", "and told", b.changes(arn))


def script(folder: str) -> None:
    """The engine double's scripted faults."""
    sock, plan = os.path.join(folder, "s.sock"), os.path.join(folder, "plan.json")
    with open(plan, "w", encoding="utf-8") as f:
        json.dump([{"at_ms": 50, "event": {"Type": "container", "Action": "die", "Actor": {
            "ID": "a", "Attributes": {"exitCode": "1"}}}}, {"at_ms": 60, "raw": "{not json\n"},
            {"at_ms": 70, "oversize": 100000}, {"at_ms": 80, "refuse": 400, "stale": True}], f)
    p = subprocess.Popen([sys.executable, os.path.join(DOUBLES, "engine_replay.py"), "--socket", sock,
                          "--script", plan, "--stdin-watch"], stdin=subprocess.PIPE)
    try:
        wait(lambda: os.path.exists(sock))
        d = Docker(sock)
        answer = d._open("GET", "/events", None, 5)[1]
        got = [answer.readline() for _ in range(3)]
        same((json.loads(got[0])["Action"], got[1], len(got[2]) > 100000), ("die", b"{not json\n", True),
             "scripted: an event, a broken line, an oversize line")
        try:
            rest = answer.read()
        except (http.client.IncompleteRead, OSError) as e:
            rest = type(e).__name__
        same(rest, "IncompleteRead", "scripted: an end without the last chunk")
        def answers() -> bool:
            try:
                return d.call("GET", "/_ping") == "OK"
            except DockerError:
                return False
        ok(not answers() and os.path.exists(sock), "scripted: a dead socket")
        ok(wait(answers, 2), "and then a living one")
    finally:
        p.stdin.close()
        p.wait(30)


def left_over(folder: str) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if folder in words and int(pid) != os.getpid():
            found.append(words)
    with open("/proc/mounts", encoding="utf-8") as f:
        found += [line for line in f if folder in line]
    name = subprocess.run(["cksum"], input=os.path.join(folder, "real").encode(), check=True,
                          stdout=subprocess.PIPE).stdout.split()[0].decode()
    for top, folders, _ in os.walk("/sys/fs/cgroup"):
        found += [os.path.join(top, d) for d in folders if d == f"kedge-rig-{name}"]
    return found


def janitor(folder: str) -> subprocess.Popen[bytes]:
    """Removes the directory also when this process is killed: its standard input closes then."""
    p = subprocess.Popen(["sh", "-c", "read -r d; cat >/dev/null; sleep 3; rm -rf \"$d\""],
                         stdin=subprocess.PIPE, start_new_session=True)
    p.stdin.write(folder.encode() + b"\n")
    p.stdin.flush()
    return p


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    can = subprocess.run([ENGINE, "can"], stderr=subprocess.PIPE, text=True)
    wanted = sys.argv[1:] or ["real", "20", "28"]
    with tempfile.TemporaryDirectory(prefix="kedge-rig.") as folder:
        keeper = janitor(folder)
        for engine in wanted:
            if engine == "real" and can.returncode != 0:
                ok(True, f"real engine # SKIP {can.stderr.strip()}")
                continue
            bench(os.path.join(folder, engine), engine)
        if "20" in wanted:
            eras(folder)
            variants(folder)
            stall(folder)
            offline_start(folder)
            script(folder)
        if "real" in wanted and can.returncode == 0:
            engine_restart(folder)
        found = left_over(folder)
        ok(not found, "no process, mount or cgroup is left", "\n".join(found))
        keeper.kill()
        keeper.wait()
    sys.exit(done())


if __name__ == "__main__":
    main()
