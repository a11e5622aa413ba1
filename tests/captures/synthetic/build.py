#!/usr/bin/env python3
"""Writes the synthetic recordings beside this file; see README. Deterministic: the same bytes each time."""
from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from datetime import datetime, timezone
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))
T0 = 1795500000.0
REGION = "arn:aws:ecs:eu-west-1:123456789012"
NEVER = "0001-01-01T00:00:00Z"
RUNC20 = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
RUNC28 = "failed to create task for container: " + RUNC20 + "error during container init: "
DAEMON = "Error response from daemon: "


def iso(t: float, digits: int = 9) -> str:
    if t == 0:
        return NEVER
    frac = f"{t % 1:.{digits}f}"[1:].rstrip("0").rstrip(".") if digits else ""
    return datetime.fromtimestamp(int(t), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + frac + "Z"


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)


class Container:
    def __init__(self, task: Task, name: str, image: str, essential: bool) -> None:
        seed = hashlib.sha256(f"{task.arn} {name}".encode()).hexdigest()
        self.task, self.name, self.image, self.essential = task, name, image, essential
        self.id, self.image_id = seed, "sha256:" + hashlib.sha256(image.encode()).hexdigest()
        self.docker_name = f"ecs-{task.family}-{task.revision}-{name}-{seed[:20]}"
        self.state: dict[str, Any] = {"Status": "created", "Running": False, "OOMKilled": False, "ExitCode": 0, "Error": "",
                                      "StartedAt": NEVER, "FinishedAt": NEVER}
        self.created = self.started = 0.0
        self.named = False
        self.sent, self.status, self.exit = "NONE", "NONE", None
        self.reason = ""


class Task:
    def __init__(self, case: str, n: int, family: str, revision: int) -> None:
        self.id = hashlib.md5(f"{case} {n}".encode()).hexdigest()
        self.arn, self.family, self.revision = f"{REGION}:task/edge/{self.id}", family, revision
        self.desired, self.known, self.sent, self.reason = "RUNNING", "PENDING", "NONE", ""
        self.containers: list[Container] = []


class Recording:
    """One case being played: every method says what the node would have shown at `at` seconds after the start."""

    def __init__(self, case: str, era: str = "e", engine: int = 20) -> None:
        self.case, self.era, self.engine = case, era, engine
        self.dice = random.Random(case)
        self.tasks: list[Task] = []
        self.events: list[tuple[float, str]] = []
        self.inspects: list[tuple[float, str]] = []
        self.bodies: list[tuple[float, str]] = []
        self.log: list[tuple[float, str]] = []
        self.show(0)

    # --- the agent's log
    def line(self, at: float, level: str, msg: str, **fields: Any) -> None:
        keys = list(fields)
        self.dice.shuffle(keys)
        when = iso(T0 + at, 0)
        if self.era == "json":
            text = json.dumps(dict(sorted({"level": level, "time": when, "msg": msg, **fields}.items())), ensure_ascii=False,
                              separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        else:
            text = f"level={level} time={when} msg={quoted(msg)}" + "".join(f" {k.replace('__', '-')}={quoted(fields[k])}" for k in keys)
        self.log.append((at, text))

    def words(self, at: float, level: str, msg: str, module: str) -> None:
        if self.era == "json":
            self.line(at, level, msg, module=module)
        else:
            self.log.append((at, f"level={level} time={iso(T0 + at, 0)} msg={quoted(msg)} module={module}"))

    def payload(self, at: float, task: Task, desired: str) -> None:
        if self.era == "a":
            if desired == "STOPPED":
                self.words(at, "info", f"Managed task [{task.arn}]: new acs transition to: STOPPED; sequence number: 0; task stop sequence "
                           "number: 0", "task_manager.go")
            return
        self.line(at, "info", "Received task payload from ACS", taskARN=task.arn, taskVersion=str(task.revision), desiredStatus=desired)
        if desired == "STOPPED":
            self.line(at, "info", "Managed task got acs event", task=task.id, desiredStatus=desired, seqnum=0)
            self.line(at, "info", "New acs transition", task=task.id, desiredStatus=desired, seqnum=0)

    def resource_failed(self, at: float, task: Task, resource: str, error: str, reason: str) -> None:
        """Secrets, cgroup or volume could not be had: the task ends before its containers. Only new agents give a reason."""
        if self.era == "a":
            self.words(at, "info", f"Managed task [{task.arn}]: error transitioning resource [{resource}] to [CREATED]: {error}", "task_manager.go")
        else:
            self.line(at, "info", "Error transitioning resource", task=task.id, resource=resource, failedStatus="CREATED", error=error)
        for c in task.containers:
            c.named = False
        task.reason = reason
        self.ended(at + 0.1, task)

    def change(self, at: float, task: Task, status: str) -> None:
        """The line of a state change in the words of its era."""
        if self.era in ("a", "b"):
            text = f"TaskChange: [{task.arn} -> {status}, Known Sent: {task.sent}, PullStartedAt: {NEVER}, PullStoppedAt: {NEVER}, "
            text += f"ExecutionStoppedAt: {NEVER}"
            for c in task.containers:
                text += f", container change: {task.arn} {c.name} -> {c.status}"
                text += f", Exit {c.exit}, " if c.exit is not None else ""
                text += f", Reason {c.reason}" if c.reason else ""
                text += f", Known Sent: {c.sent}"
            text += "] sent: false"
            if self.era == "a":
                self.words(at, "info", "TaskHandler: Sending task change: " + text, "task_handler_types.go")
            else:
                self.line(at, "info", "Sending state change to ECS", eventType="task", eventData=text)
        else:
            fields: dict[str, Any] = {"eventType": "TaskStateChange", "taskArn": task.arn, "taskStatus": status, "taskReason": task.reason,
                                      "taskKnownSentStatus": task.sent, "taskPullStartedAt": NEVER, "taskPullStoppedAt": NEVER,
                                      "taskExecutionStoppedAt": iso(T0 + at, 0) if status == "STOPPED" else NEVER}
            for i, c in enumerate(task.containers):
                text = f"containerName={c.name} containerStatus={c.status}"
                text += f" containerExitCode={c.exit}" if c.exit is not None else ""
                text += f" containerReason={c.reason}" if c.reason else ""
                text += f" containerKnownSentStatus={c.sent} containerRuntimeID={c.id if c.created else ''} "
                fields[f"containerChange-{i}"] = text + f"containerIsEssential={'true' if c.essential else 'false'}"
            self.line(at, "info", "Sending state change to ECS", **fields)
        for c in task.containers:
            c.sent = c.status
        task.sent = status

    # --- the engine
    def event(self, at: float, action: str, c: Container, **more: str) -> None:
        labels = {"com.amazonaws.ecs.cluster": "edge", "com.amazonaws.ecs.container-name": c.name,
                  "com.amazonaws.ecs.task-arn": c.task.arn, "com.amazonaws.ecs.task-definition-family": c.task.family,
                  "com.amazonaws.ecs.task-definition-version": str(c.task.revision), "image": c.image, "name": c.docker_name, **more}
        t = T0 + at
        self.events.append((at, json.dumps({"status": action, "id": c.id, "from": c.image, "Type": "container", "Action": action,
                                            "Actor": {"ID": c.id, "Attributes": dict(sorted(labels.items()))}, "scope": "local",
                                            "time": int(t), "timeNano": round(t * 1e9)}, separators=(",", ":"))))

    def inspect(self, at: float, c: Container) -> None:
        body = {"Id": c.id, "Created": iso(c.created), "State": dict(c.state), "Image": c.image_id, "Name": "/" + c.docker_name,
                "RestartCount": 0, "Config": {"Image": c.image, "Labels": {
                    "com.amazonaws.ecs.cluster": "edge", "com.amazonaws.ecs.container-name": c.name,
                    "com.amazonaws.ecs.task-arn": c.task.arn, "com.amazonaws.ecs.task-definition-family": c.task.family,
                    "com.amazonaws.ecs.task-definition-version": str(c.task.revision)}}}
        self.inspects.append((at, json.dumps({"t": round(T0 + at, 3), "inspect": body}, separators=(",", ":"))))

    # --- introspection
    def show(self, at: float) -> None:
        rows = []
        for task in self.tasks:
            row: dict[str, Any] = {"Arn": task.arn, "DesiredStatus": task.desired, "KnownStatus": task.known, "Family": task.family,
                                   "Version": str(task.revision), "Containers": []}
            for c in task.containers:
                if c.named:
                    shown = {"DockerId": c.id if c.created else "", "DockerName": c.docker_name, "Name": c.name, "Image": c.image,
                             "ImageID": c.image_id if c.created else ""}
                    if c.created:
                        shown["CreatedAt"] = iso(c.created)
                    if c.started:
                        shown["StartedAt"] = iso(c.started)
                    row["Containers"].append(shown)
            self.dice.shuffle(row["Containers"])
            rows.append(row)
        self.dice.shuffle(rows)
        self.bodies.append((at, json.dumps({"t": round(T0 + at, 3), "body": json.dumps({"Tasks": rows}, separators=(",", ":"))})))

    # --- what happens
    def place(self, at: float, *containers: str, revision: int = 12, image: str = "") -> Task:
        """containers: names, a '-' before one that is not essential."""
        task = Task(self.case, len(self.tasks), "web", revision)
        for name in containers or ("web",):
            task.containers.append(Container(task, name.lstrip("-"), image or f"127.0.0.1:5002/web:{revision}", name[0] != "-"))
        self.tasks.append(task)
        self.payload(at, task, "RUNNING")
        self.show(at + 0.1)
        return task

    def pulling(self, at: float, c: Container) -> None:
        if self.era == "a":
            self.words(at, "info", f"Task engine [{c.task.arn}]: pulling image {c.image} for container {c.name} concurrently",
                       "docker_task_engine.go")
        else:
            self.line(at, "info", "Pulling image for container concurrently", task=c.task.id, container=c.name, image=c.image)

    def manifest_failed(self, at: float, c: Container, error: str) -> None:
        if self.era in ("a", "b"):
            return
        self.line(at, "error", "Failed to fetch image manifest from registry", taskARN=c.task.arn, containerName=c.name, image=c.image,
                  error=DAEMON + error)
        self.line(at, "error", "Error transitioning container", task=c.task.id, container=c.name, runtimeID="",
                  nextState="MANIFEST_PULLED", error=DAEMON + error)
        self.line(at, "error", "Error while pulling image or its manifest; will try to run anyway", task=c.task.id, container=c.name,
                  image=c.image, status="MANIFEST_PULLED", error=DAEMON + error)
        c.reason = c.reason or "CannotPullImageManifestError: " + DAEMON + error

    def pull_failed(self, at: float, c: Container, error: str) -> None:
        self.pulling(at, c)
        for after in (0.2, 1.3, 3.5, 8, 14):
            self.words(at + after, "error", f"DockerGoClient: failed to pull image {c.image}: [CannotPullContainerError] {DAEMON}{error}",
                       "docker_client.go")
        at += 14
        if self.era == "a":
            engine = f"Task engine [{c.task.arn}]: "
            self.words(at, "error", engine + f"failed to pull image {c.image} for container {c.name}: {DAEMON}{error}", "docker_task_engine.go")
            self.words(at, "info", engine + f"error transitioning container [{c.name} (Runtime ID: )] to [PULLED]: {DAEMON}{error}",
                       "docker_task_engine.go")
        else:
            self.line(at, "error", "Failed to pull image for container", task=c.task.id, container=c.name, image=c.image, error=DAEMON + error)
            self.line(at, "error", "Error transitioning container", task=c.task.id, container=c.name, runtimeID="", nextState="PULLED",
                      error=DAEMON + error)
            either = "image" if self.era == "b" else "image or its manifest"
            self.line(at, "error", f"Error while pulling {either}; will try to run anyway", task=c.task.id, container=c.name, image=c.image,
                      status="PULLED", error=DAEMON + error)
        c.reason = c.reason or "CannotPullContainerError: " + DAEMON + error

    def no_image(self, at: float, c: Container) -> None:
        """No cached image either: the task ends without a container."""
        c.named = True
        if self.era != "a":
            self.line(at, "error", "Error transitioning container", task=c.task.id, container=c.name, runtimeID="", nextState="CREATED",
                      error=DAEMON + "No such image: " + c.image)
        self.ended(at, c.task)

    def never_pulled(self, task: Task, manifest: str, pull: str) -> None:
        c = task.containers[0]
        self.manifest_failed(15.2, c, manifest)
        self.pull_failed(15.4, c, pull)
        self.no_image(29.6, c)

    def create(self, at: float, c: Container) -> None:
        c.created, c.named = T0 + at, True
        self.event(at, "create", c)
        if self.era != "a":
            self.line(at, "info", "Created docker container for task", task=c.task.id, container=c.name, dockerId=c.id, elapsed="41.8ms")
        self.show(at + 0.05)

    def start(self, at: float, c: Container) -> None:
        c.started = T0 + at
        c.state.update(Status="running", Running=True, StartedAt=iso(T0 + at))
        c.status = "RUNNING"
        self.event(at, "start", c)
        self.inspect(at + 0.01, c)

    def running(self, at: float, task: Task) -> None:
        task.known = "RUNNING"
        self.change(at, task, "RUNNING")
        self.show(at + 0.05)

    def run(self, at: float, task: Task) -> None:
        for c in task.containers:
            self.pulling(at, c)
            if self.era != "a":
                self.line(at, "info", "Finished pulling image for container", task=task.id, container=c.name, image=c.image,
                          elapsed="185.5ms", elapsedMs=185)
            self.create(at + 0.2, c)
            self.start(at + 0.4, c)
        self.running(at + 0.5, task)

    def start_failed(self, at: float, c: Container, code: int, error: str) -> None:
        self.pulling(at, c)
        self.create(at + 0.2, c)
        c.state.update(ExitCode=code, Error=error)
        c.reason = "CannotStartContainerError: " + DAEMON + error
        self.inspect(at + 0.6, c)
        self.line(at + 0.6, "error", "Error transitioning container", task=c.task.id, container=c.name, runtimeID=c.id, nextState="RUNNING",
                  error=DAEMON + error)
        self.ended(at + 0.7, c.task)

    def die(self, at: float, c: Container, code: int, stop: bool = False) -> None:
        c.state.update(Status="exited", Running=False, ExitCode=code, FinishedAt=iso(T0 + at))
        c.exit, c.status = code, "STOPPED"
        order = [lambda: self.event(at, "die", c, exitCode=str(code), **({"execDuration": "9"} if self.engine > 20 else {}))]
        if stop:
            order.append(lambda: self.event(at, "stop", c))
        for tell in reversed(order) if self.engine > 20 else order:
            tell()
        self.inspect(at + 0.02, c)

    def ended(self, at: float, task: Task, desired: str = "STOPPED") -> None:
        task.desired = desired
        for c in task.containers:
            c.status = "STOPPED"
        task.known = "STOPPED"
        self.change(at, task, "STOPPED")
        self.show(at + 0.05)

    def ecs_stop(self, at: float, task: Task, code: int = 0, ignores: float = 0) -> None:
        self.payload(at, task, "STOPPED")
        task.desired = "STOPPED"
        self.show(at + 0.02)
        for c in task.containers:
            if c.state["Running"]:
                self.event(at + 0.1, "kill", c, signal="15")
                if ignores:
                    self.event(at + 0.1 + ignores, "kill", c, signal="9")
                self.die(at + 0.2 + ignores, c, code, stop=True)
        self.ended(at + 0.3 + ignores, task)

    def write(self, folder: str) -> None:
        os.makedirs(folder)
        for name, rows in (("agent.log", self.log), ("docker-events.jsonl", self.events), ("inspect.jsonl", self.inspects),
                           ("tasks.jsonl", self.bodies)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.writelines(text + "\n" for _, text in sorted(rows, key=lambda row: row[0]))
        version = {"a": "1.57.0", "b": "1.68.2"}.get(self.era, "1.105.1")
        with open(os.path.join(folder, "metadata.json"), "w", encoding="utf-8") as f:
            json.dump({"Cluster": "edge", "ContainerInstanceArn": f"{REGION}:container-instance/edge/{'9446a4c7' * 4}",
                       "Version": f"Amazon ECS Agent - v{version} (*a8b3e7d3)"}, f, separators=(",", ":"))


ABSENT = "manifest unknown: manifest unknown"
GONE = "manifest for 127.0.0.1:5002/web:12 not found: manifest unknown: manifest unknown"
REFUSED = 'Get "http://127.0.0.1:5009/v2/": dial tcp 127.0.0.1:5009: connect: connection refused'


def pulls(manifest: str, pull: str) -> Callable[[Recording], None]:
    return lambda r: r.never_pulled(r.place(0.1), manifest, pull)


def starts(code: int, error: str) -> Callable[[Recording], None]:
    return lambda r: r.start_failed(0.3, r.place(0.1).containers[0], code, error)


def exits(code: int, at: float = 1.0, oom: bool = False) -> Callable[[Recording], None]:
    def play(r: Recording) -> None:
        task = r.place(0.1)
        r.run(0.3, task)
        if oom:
            r.event(at - 0.01, "oom", task.containers[0])
            task.containers[0].state["OOMKilled"] = True
            task.containers[0].reason = "OutOfMemoryError: Container killed due to memory usage"
        r.die(at, task.containers[0], code)
        r.ended(at + 0.1, task)
    return play


def regdown_cached(r: Recording) -> None:
    task = r.place(0.1)
    c = task.containers[0]
    r.manifest_failed(15.2, c, REFUSED)
    r.pull_failed(15.4, c, REFUSED)
    r.create(29.6, c)
    r.start(29.9, c)
    r.running(30.0, task)
    r.ecs_stop(50, task)


def killed(signal: str, remove: bool) -> Callable[[Recording], None]:
    def play(r: Recording) -> None:
        task = r.place(0.1)
        r.run(0.3, task)
        r.event(5, "kill", task.containers[0], signal=signal)
        r.die(5.1, task.containers[0], 137)
        if remove:
            r.event(5.3, "destroy", task.containers[0])
        r.ended(5.4, task)
    return play


def stopped(code: int, ignores: float) -> Callable[[Recording], None]:
    def play(r: Recording) -> None:
        task = r.place(0.1)
        r.run(0.3, task)
        r.ecs_stop(8, task, code, ignores)
    return play


def twocont(r: Recording) -> None:
    task = r.place(0.1, "main", "side")
    r.run(0.3, task)
    main, side = task.containers
    r.die(5, main, 1)
    r.event(5.1, "kill", side, signal="15")
    r.die(5.2, side, 0, stop=True)
    r.ended(5.4, task)


def agent_away(code: int, kill: bool) -> Callable[[Recording], None]:
    def play(r: Recording) -> None:
        task = r.place(0.1)
        r.run(0.3, task)
        if kill:
            r.event(10, "kill", task.containers[0], signal="9")
        r.die(10.1, task.containers[0], code)
        r.line(25, "info", "Starting Amazon ECS Agent", version="1.105.1", commit="a8b3e7d3")
        r.ended(25.6, task)
    return play


def dockerrestart(r: Recording) -> None:
    task = r.place(0.1)
    r.run(0.3, task)
    r.event(10, "kill", task.containers[0], signal="15")
    r.die(10.1, task.containers[0], 0, stop=True)
    r.ended(14, task)


def stopwhilepull(r: Recording) -> None:
    task = r.place(0.1)
    r.payload(10, task, "STOPPED")
    task.desired = "STOPPED"
    r.show(10.1)
    r.manifest_failed(15.2, task.containers[0], ABSENT)
    r.ended(15.4, task)


def stopduringretry(r: Recording) -> None:
    task = r.place(0.1)
    r.manifest_failed(15.2, task.containers[0], ABSENT)
    r.words(15.6, "error", f"DockerGoClient: failed to pull image {task.containers[0].image}: [CannotPullContainerError] {DAEMON}{GONE}", "docker_client.go")
    r.payload(20, task, "STOPPED")
    task.desired = "STOPPED"
    r.show(20.1)
    r.ended(29, task)


def pull_always(manifest: str) -> Callable[[Recording], None]:
    """ECS_IMAGE_PULL_BEHAVIOR=always: the manifest alone ends the task, and no container is ever named."""
    def play(r: Recording) -> None:
        task = r.place(0.1)
        c = task.containers[0]
        r.line(15.2, "error", "Failed to fetch image manifest from registry", taskARN=task.arn, containerName=c.name, image=c.image,
               error=DAEMON + manifest)
        r.line(15.2, "error", "Error transitioning container", task=task.id, container=c.name, runtimeID="", nextState="MANIFEST_PULLED",
               error=DAEMON + manifest)
        r.line(15.2, "error", "Error while pulling image or its manifest; moving task to STOPPED", task=task.id, container=c.name, image=c.image,
               status="MANIFEST_PULLED", error=DAEMON + manifest)
        c.reason = "CannotPullImageManifestError: " + DAEMON + manifest
        r.ended(15.3, task)
    return play


def manifest_flaky(r: Recording) -> None:
    task = r.place(0.1)
    r.manifest_failed(15.2, task.containers[0], "toomanyrequests: Rate exceeded")
    r.run(15.5, task)
    r.ecs_stop(40, task)


def nonessential(r: Recording) -> None:
    task = r.place(0.1, "main", "-side")
    for c in task.containers:
        c.status = "MANIFEST_PULLED"
    r.change(0.2, task, "MANIFEST_PULLED")
    r.run(0.3, task)
    r.die(2, task.containers[1], 1)
    r.ecs_stop(20, task)


def submitfail(r: Recording) -> None:
    exits(1)(r)
    task = r.tasks[0]
    at = 1.1
    for wait in (0.1, 0.1, 0.3, 0.6, 1.5, 2.2, 6.3, 7.9, 29):
        r.line(at + wait / 2, "error", "Could not submit task state change", taskStateChange="TaskStateChange",
               error="ServerException: 500")
        at += wait
        r.change(at, task, "STOPPED")


def cleanup1m(r: Recording) -> None:
    exits(1)(r)
    r.event(61.2, "destroy", r.tasks[0].containers[0])
    r.tasks.clear()
    r.show(61.3)


def health(ever_healthy: bool) -> Callable[[Recording], None]:
    def play(r: Recording) -> None:
        task = r.place(0.1)
        r.run(0.3, task)
        if ever_healthy:
            r.event(5.7, "health_status: healthy", task.containers[0])
        r.event(20.7, "health_status: unhealthy", task.containers[0])
        r.ecs_stop(32, task)
    return play


def service_crash(r: Recording) -> None:
    good = r.place(0.1, revision=11)
    r.run(0.3, good)
    for at in (5, 11, 22, 43):
        task = r.place(at)
        r.run(at + 0.2, task)
        r.die(at + 0.8, task.containers[0], 1)
        r.ended(at + 0.9, task)


NO_SECRET = "etching secret data from SSM Parameter Store in eu-west-1: invalid parameters: /db/unauthorized"


def no_resource(resource: str, error: str, reason: str) -> Callable[[Recording], None]:
    return lambda r: r.resource_failed(0.5, r.place(0.1), resource, error, reason)


CASES: dict[str, tuple[Recording, Callable[[Recording], None]]] = {}


def case(name: str, play: Callable[[Recording], None], era: str = "e", engine: int = 20) -> None:
    CASES[name] = (Recording(name, era, engine), play)


case("norepo", pulls(ABSENT, GONE))
case("regdown", pulls(REFUSED, REFUSED))
case("regdown-cached", regdown_cached)
case("e29-notag", pulls(ABSENT, 'failed to resolve reference "127.0.0.1:5002/web:12": 127.0.0.1:5002/web:12: not found'), engine=28)
case("e29-denied", pulls("denied", 'unknown: failed to resolve reference "127.0.0.1:5002/web:12": unexpected status from HEAD request to '
                         "http://127.0.0.1:5002/v2/web/manifests/12: 403 Forbidden"), engine=28)
case("throttled", pulls("toomanyrequests: Rate exceeded", "toomanyrequests: Rate exceeded"))
case("diskfull", pulls("write /var/lib/docker/tmp/x: no space left on device",
                       "failed to register layer: write /blob: no space left on device"))
case("missingcmd", starts(127, RUNC20 + 'exec: "nosuch": executable file not found in $PATH: unknown'))
case("e28-missingcmd", starts(127, RUNC28 + 'exec: "nosuch": executable file not found in $PATH'), engine=28)
case("badport", starts(128, "driver failed programming external connectivity on endpoint ecs-web-12-web-aa (bb): Error starting userland "
                       "proxy: listen tcp4 0.0.0.0:5003: bind: address already in use"))
case("e28-badport", starts(128, "failed to set up container networking: driver failed programming external connectivity on endpoint "
                           "ecs-web-12-web-aa (bb): failed to bind host port for 0.0.0.0:5003:172.17.0.2:80/tcp: address already in use"), engine=28)
case("badlog", starts(128, "failed to initialize logging driver: dial tcp 127.0.0.1:9: connect: connection refused"))
case("noshim", starts(128, 'failed to start shim: start failed: exec: "containerd-shim-runc-v2": executable file not found in $PATH: unknown'))
case("segv", exits(139))
case("exit0", exits(0))
case("e28-oom", exits(137, oom=True), engine=28)
case("dockerkill", killed("9", False))
case("dockerrm", killed("9", True))
case("ignoreterm", stopped(137, 5))
case("e28-stop", stopped(0, 0), engine=28)
case("twocont", twocont)
case("agentkilled", agent_away(137, True))
case("agentaway-exit", agent_away(3, False))
case("dockerrestart", dockerrestart)
case("stopwhilepull", stopwhilepull)
case("stopduringretry", stopduringretry)
case("always-notag", pull_always(ABSENT))
case("always-portal", pull_always("denied: <html>Please log in</html>"), engine=28)
case("manifest-flaky", manifest_flaky)
case("nonessential-crash", nonessential)
case("submitfail", submitfail)
case("cleanup1m", cleanup1m)
case("unhealthy", health(False))
case("unhealthy-once-healthy", health(True))
case("service-crash", service_crash)
for when in ("a", "b", "e"):
    case(f"era-{when}-secret".replace("era-e-", ""), no_resource("ssmsecret", "f" + NO_SECRET, "F" + NO_SECRET), era=when)
    case(f"era-{when}-cgroup".replace("era-e-", ""), no_resource("cgroup", "cgroup resource: setup cgroup: unable to create cgroup at /ecs/0a",
                                                                "CgroupError: Agent could not create task's platform resources"), era=when)
for when in ("a", "b", "json"):
    case(f"era-{when}-notag".replace("era-json", "json"), pulls(ABSENT, GONE), era=when)
    case(f"era-{when}-exit1".replace("era-json", "json"), exits(1), era=when)

if __name__ == "__main__":
    for name, (recording, play) in CASES.items():
        play(recording)
        shutil.rmtree(os.path.join(HERE, name), ignore_errors=True)
        recording.write(os.path.join(HERE, name))
