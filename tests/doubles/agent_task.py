"""One task as the agent manages it: a loop that takes events, and workers that talk to the engine."""
from __future__ import annotations

import queue
import random
import re
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from agent_log import Raw, go_duration, go_seconds, go_time
from agent_pull import Puller
from agent_status import Status
from agent_submit import Change
from docker_api import DockerDown, DockerError

if TYPE_CHECKING:
    from ecs_agent import Agent

LABEL = "com.amazonaws.ecs."
STOP_TIMEOUT_S = 30
RESTART_PERIOD_S = 300
KEPT = ("known", "desired", "sent", "docker_id", "docker_name", "image_id", "digest", "created_at",
        "started_at", "exit_code", "error", "bindings", "restart_count", "last_restart", "last_finish")
TASK_KEPT = ("known", "desired", "sent", "pull_started", "pull_stopped", "execution_stopped", "stopped_at")


class Container:
    def __init__(self, task: Task, definition: dict[str, Any]) -> None:
        self.task, self.definition = task, definition
        self.name: str = definition["name"]
        self.image: str = definition["image"]
        self.essential: bool = definition.get("essential", True)
        self.known = self.sent = Status.NONE
        self.desired = Status.RUNNING
        self.docker_id = self.docker_name = self.image_id = self.digest = ""
        self.created_at = self.started_at = ""
        self.exit_code: int | None = None
        self.error: tuple[str, str] | None = None
        self.bindings: list[tuple[int, int, str, str]] = []
        self.restart_count = 0
        self.last_restart = 0.0
        self.last_finish = ""
        self.busy = False

    def reason(self) -> str:
        return f"{self.error[0]}: {self.error[1]}" if self.error else ""

    def fail(self, name: str, text: str) -> None:
        """The first error stays the container's reason, whatever follows."""
        if self.error is None:
            self.error = (name, text)

    def restart_policy(self) -> dict[str, Any] | None:
        policy = self.definition.get("restartPolicy")
        return policy if policy and policy.get("enabled") else None

    def refuses_restart(self, scale: float) -> str:
        """Why the agent does not start it again; "" when it does."""
        policy = self.restart_policy() or {}
        if self.desired == Status.STOPPED:
            return "container's desired status is stopped"
        if self.exit_code is None:
            return "exit code is nil"
        if self.exit_code in (policy.get("ignoredExitCodes") or []):
            return f"exit code {self.exit_code} should be ignored"
        period = policy.get("restartAttemptPeriod") or RESTART_PERIOD_S
        if time.time() - (self.last_restart or self.task.running_since(self)) < period * scale:
            return "attempt reset period has not elapsed"
        return ""

    def ids(self) -> list[tuple[str, Any]]:
        return [("task", self.task.id), ("container", self.name), ("runtimeID", self.docker_id)]

    def learn(self, info: dict[str, Any]) -> None:
        """Takes in what the engine's inspect says."""
        self.created_at = info["Created"]
        started = info["State"]["StartedAt"]
        if not started.startswith("0001"):
            self.started_at = self.started_at or started
        self.image_id = info["Image"]
        if not info["State"]["Running"] and not started.startswith("0001"):
            self.exit_code = info["State"]["ExitCode"]
        found = []
        for port, hosts in (info["NetworkSettings"].get("Ports") or {}).items():
            inner, _, proto = port.partition("/")
            found += [(int(inner), int(h["HostPort"]), h["HostIp"], proto) for h in hosts or []]
        self.bindings = found or self.bindings


class Task:
    def __init__(self, agent: Agent, arn: str, family: str, revision: str,
                 definitions: list[dict[str, Any]], network: str) -> None:
        self.agent, self.arn, self.family, self.revision = agent, arn, family, revision
        self.id = arn.rpartition("/")[2]
        self.network = network
        self.known = self.sent = Status.NONE
        self.desired = Status.RUNNING
        self.pull_started: float | None = None
        self.pull_stopped: float | None = None
        self.execution_stopped: float | None = None
        self.stopped_at: float | None = None
        self.containers = [Container(self, d) for d in definitions]
        self.queue: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self._running_since: dict[str, float] = {}

    # ---- kept over a restart of the agent

    def save(self) -> dict[str, Any]:
        return {"arn": self.arn, "family": self.family, "revision": self.revision,
                "network": self.network, **{k: getattr(self, k) for k in TASK_KEPT},
                "containers": [{"definition": c.definition, **{k: getattr(c, k) for k in KEPT}}
                               for c in self.containers]}

    @classmethod
    def load(cls, agent: Agent, kept: dict[str, Any]) -> Task:
        task = cls(agent, kept["arn"], kept["family"], kept["revision"],
                   [c["definition"] for c in kept["containers"]], kept["network"])
        for key in TASK_KEPT:
            setattr(task, key, kept[key])
        for c, old in zip(task.containers, kept["containers"]):
            for key in KEPT:
                setattr(c, key, old[key])
            c.error = tuple(c.error) if c.error else None
            c.bindings = [tuple(b) for b in c.bindings]
        for owner in [task, *task.containers]:
            for key in ("known", "desired", "sent"):
                setattr(owner, key, Status(getattr(owner, key)))
        return task

    # ---- called from other threads

    def begin(self, restored: bool = False) -> None:
        threading.Thread(target=self._run, args=(restored,), daemon=True).start()

    def order(self, desired: Status, sequence: int) -> None:
        self.queue.put(("acs", desired, sequence))

    def container_event(self, c: Container, status: Status, name: str = "", text: str = "",
                        finish: str = "") -> None:
        """finish: the engine's time of an exit, by which the same exit told twice is known."""
        self.queue.put(("container", c, status, name, text, finish))

    def running_since(self, c: Container) -> float:
        return self._running_since.get(c.name, 0.0)

    def mark_sent(self, change: Change) -> None:
        self.sent = max(self.sent, change.status)
        for c, status, *_ in change.containers:
            c.sent = max(c.sent, status)
        self.agent.save()

    # ---- the loop

    def _run(self, restored: bool) -> None:
        log = self.agent.log
        if restored:
            log.write("info", "Resources successfully consumed, continue to task creation",
                      [("taskArn", self.arn)])
        else:
            self._take_resources()
        while self.known != Status.STOPPED:
            self._progress()
            event = self.queue.get()
            if event[0] == "acs":
                self._order(event[1], event[2])
            else:
                self._handle(*event[1:])
            self.agent.save()
        self.stopped_at = self.stopped_at or time.time()
        self.agent.release(self)
        self.agent.save()
        log.write("info", "Managed task has reached stopped; waiting for container cleanup",
                  [("task", self.id)])
        self.agent.schedule_cleanup(self)

    def _take_resources(self) -> None:
        log, told = self.agent.log, False
        while missing := self.agent.consume(self):
            if not told:
                log.write("info", "Resources not consumed, enough resources not available",
                          [("taskArn", self.arn), ("resources", Raw(f"[{missing}]"))])
                told = True
            try:
                event = self.queue.get(timeout=0.2)
            except queue.Empty:
                continue
            if event[0] == "acs":
                self._order(event[1], event[2])
                if self.desired == Status.STOPPED:
                    return
        log.write("info", "Resources successfully consumed, continue to task creation",
                  [("taskArn", self.arn)])
        log.write("info", "Host resources consumed, progressing task", [("taskARN", self.arn)])
        log.write("info", f"Creating task cgroup taskARN={self.arn} cgroupPath=/ecs/{self.id} "
                  "cgroupV2=false", module="cgroup.go")
        log.write("info", "Transitioned resource",
                  [("task", self.id), ("resource", "cgroup"), ("status", "CREATED")])
        self._resource_line("CREATED", "NONE")

    def _resource_line(self, status: str, known: str) -> None:
        self.agent.log.write("info", "Handling resource state change", [
            ("task", self.id), ("resource", "cgroup"), ("status", status), ("knownStatus", known)])

    def _order(self, desired: Status, sequence: int) -> None:
        fields = [("task", self.id), ("desiredStatus", desired.name), ("seqnum", sequence)]
        self.agent.log.write("info", "Managed task got acs event", fields)
        if desired <= self.desired:
            return
        self.agent.log.write("info", "New acs transition", fields)
        self.desired = desired
        self._resource_line("REMOVED", "CREATED")

    def _progress(self) -> None:
        for c in self.containers:
            if self.desired == Status.STOPPED:
                c.desired = Status.STOPPED
            if c.known == Status.STOPPED:
                continue
            if c.desired == Status.STOPPED:
                self._progress_to_stop(c)
            elif not c.busy and c.known < Status.RUNNING:
                self._work(c, self._worker_for(c))

    def _progress_to_stop(self, c: Container) -> None:
        if c.known < Status.RUNNING and not (c.busy and c.known >= Status.PULLED):
            c.busy = True	# a pull that goes on is left to itself, its end is not looked at any more
            self._handle(c, Status.STOPPED, "", "")
        elif not c.busy:
            self._work(c, self._stop)

    def _worker_for(self, c: Container) -> Any:
        if c.known == Status.NONE and self.agent.log.since("D"):
            return self._resolve
        return {Status.NONE: self._pull, Status.MANIFEST_PULLED: self._pull, Status.PULLED: self._create,
                Status.CREATED: self._start}[c.known]

    def _work(self, c: Container, worker: Any) -> None:
        c.busy = True
        threading.Thread(target=worker, args=(c,), daemon=True).start()

    # ---- events

    def _handle(self, c: Container, status: Status, name: str, text: str, finish: str = "") -> None:
        if c.known == Status.STOPPED or (status <= c.known and not name):
            return
        if finish and finish == c.last_finish:
            return
        c.last_finish = finish
        log = self.agent.log
        log.write("info", "Handling container change event", c.ids() + [
            ("changeEventStatus", status.name), ("knownStatus", c.known.name),
            ("desiredStatus", c.desired.name)])
        if status == Status.STOPPED and c.restart_policy() and self._restarts(c):
            return
        c.busy = False
        if name and not self._survives(c, status, name, text):
            return
        c.known = status
        if status == Status.RUNNING:
            self._running_since[c.name] = time.time()
        if status == Status.STOPPED and c.essential:
            self._essential_stopped(c)
        changed = self._update_known()
        if changed:
            log.write("info", "Container change also resulted in task change", c.ids() + [
                ("desiredStatus", self.desired.name), ("knownStatus", self.known.name)])
        if status == Status.STOPPED and c.essential:
            self._want_stopped()
        if changed:
            self._tell()

    def _essential_stopped(self, c: Container) -> None:
        if self.execution_stopped is not None:
            return
        self.execution_stopped = time.time()
        when = go_time(self.execution_stopped, self.agent.log.monotonic())
        self.agent.log.write("info", "Essential container stopped; recording task stopped time", [
            ("task", self.id), ("container", c.name), ("executionStoppedAt", when)])

    def _want_stopped(self) -> None:
        if self.desired == Status.STOPPED:
            return
        self.desired = Status.STOPPED
        if self.agent.log.since("C"):
            self.agent.log.write(
                "info", "Essential container stopped; updated task desired status to stopped", [
                    ("taskFamily", self.family), ("taskVersion", self.revision), ("taskArn", self.arn),
                    ("taskKnownStatus", self.known.name), ("taskDesiredStatus", "STOPPED"),
                    ("nContainers", len(self.containers)), ("nENIs", 0)])
        if self.known != Status.STOPPED:
            self._resource_line("REMOVED", "CREATED")

    def _survives(self, c: Container, status: Status, name: str, text: str) -> bool:
        """An error came with the event: does the container get that state all the same?"""
        c.fail(name, text)
        log = self.agent.log
        if status <= Status.PULLED:
            return self._survives_pull(c, status, text)
        if status == Status.CREATED:
            log.write("warn", "Error creating container; marking its desired status as STOPPED", [
                ("task", self.id), ("container", c.name), ("error", text)])
        elif status == Status.RUNNING:
            log.write("warn", "Error starting/provisioning container[%s (Runtime ID: %s)];",
                      c.ids() + [("error", text)])
        else:
            log.write("warn", "Error stopping the container; marking it as stopped anyway",
                      c.ids() + [("ErrorName", name), ("error", text)])
            return True
        c.desired = Status.STOPPED
        if c.essential:
            self._want_stopped()
        return False

    def _survives_pull(self, c: Container, status: Status, text: str) -> bool:
        goes_on = self.agent.behaviour in ("default", "prefer-cached")
        what = "image or its manifest" if self.agent.log.since("D") else "image"
        then = "will try to run anyway" if goes_on else "moving task to STOPPED"
        self.agent.log.write("error", f"Error while pulling {what}; {then}", [
            ("task", self.id), ("image", c.image), ("container", c.name), ("error", text),
            ("status", status.name)])
        if not goes_on:
            self.desired = Status.STOPPED
        return goes_on

    def _restarts(self, c: Container) -> bool:
        log = self.agent.log
        refusal = c.refuses_restart(self.agent.scale)
        fields = c.ids() + [("changeEventStatus", "STOPPED"), ("knownStatus", c.known.name),
                            ("desiredStatus", c.desired.name)]
        if not refusal:
            c.restart_count += 1
            c.last_restart = time.time()
            refusal = self._start_again(c)
        fields += [("restartCount", c.restart_count), ("lastRestartAt", go_seconds(c.last_restart or None))]
        if refusal:
            log.write("info", "Not Restarting container", fields + [("reason", refusal)])
            return False
        log.write("info", "Restarted container", fields)
        c.exit_code = None
        return True

    def _start_again(self, c: Container) -> str:
        begun = time.monotonic()
        self.agent.log.write("info", "Starting container", c.ids())
        try:
            self.agent.docker.start(c.docker_id)
        except DockerError as e:
            self.agent.log.write("error", "Restart container failed", c.ids() + [("error", str(e))])
            return str(e)
        self.agent.log.write("info", "Started container", c.ids() + [
            ("elapsed", Raw(go_duration(time.monotonic() - begun)))])
        return ""

    def _update_known(self) -> bool:
        lowest = min(c.known for c in self.containers)
        if lowest == Status.PULLED:
            lowest = Status.MANIFEST_PULLED if self.agent.log.since("D") else Status.NONE
        if lowest <= self.known:
            return False
        self.known = lowest
        return True

    def _tell(self) -> None:
        """Sends what ECS is told of: manifest resolved, running, stopped."""
        if self.known not in (Status.MANIFEST_PULLED, Status.RUNNING, Status.STOPPED):
            return
        if self.known == Status.MANIFEST_PULLED and not any(c.digest for c in self.containers):
            return
        changed = [c for c in self.containers if c.known > c.sent
                   and (c.known != Status.MANIFEST_PULLED or c.digest)]
        random.shuffle(changed)
        self.agent.submitter.add(Change(self, changed))

    # ---- workers

    def _failed(self, c: Container, status: Status, name: str, e: Exception) -> None:
        self.agent.log.write(
            "error", "Error transitioning container",
            c.ids() + [("nextState", status.name), ("error", str(e))], old_level="info",
            old=f"Task engine [{self.arn}]: error transitioning container [{c.name} (Runtime ID: "
                f"{c.docker_id})] to [{status.name}]: {e}")
        self.container_event(c, status, name, str(e))

    def _resolve(self, c: Container) -> None:
        try:
            Puller(self.agent, c).resolve()
        except DockerError as e:
            self._failed(c, Status.MANIFEST_PULLED, "CannotPullImageManifestError", e)
            return
        self.container_event(c, Status.MANIFEST_PULLED)

    def _pull(self, c: Container) -> None:
        if c.known == Status.STOPPED:
            return
        try:
            Puller(self.agent, c).pull()
        except DockerError as e:
            self._failed(c, Status.PULLED, "CannotPullContainerError", e)
            return
        self.container_event(c, Status.PULLED)

    def _create(self, c: Container) -> None:
        log, begun = self.agent.log, time.monotonic()
        log.write("info", "Creating container", [("task", self.id), ("container", c.name)],
                  old=f"Task engine [{self.arn}]: creating container: {c.name}")
        plain = re.sub(r"[^A-Za-z0-9-]", "", c.name)
        c.docker_name = f"ecs-{self.family}-{self.revision}-{plain}-{secrets.token_hex(10)}"
        log.write("info", "Created container name mapping for task", [
            ("task", self.id), ("container", c.name), ("dockerContainerName", c.docker_name)],
            old=f"Task engine [{self.arn}]: created container name mapping for task:  {c.name} -> "
                f"{c.docker_name}")
        error: DockerError | None = None
        try:
            c.docker_id = self.agent.docker.create(c.docker_name, self._config(c))
            c.learn(self.agent.docker.inspect(c.docker_id))
        except DockerError as e:
            error = e
        took = go_duration(time.monotonic() - begun)
        log.write("info", "Created docker container for task", [
            ("task", self.id), ("container", c.name), ("dockerId", c.docker_id), ("elapsed", Raw(took))],
            old=f"Task engine [{self.arn}]: created docker container for task: {c.name} -> "
                f"{c.docker_id}, took {took}")
        if error:
            self._failed(c, Status.CREATED, "CannotCreateContainerError", error)
        else:
            self.container_event(c, Status.CREATED)

    def _config(self, c: Container) -> dict[str, Any]:
        d = c.definition
        host: dict[str, Any] = {"NetworkMode": self.agent.network_for(self.network),
                                "LogConfig": {"Type": "json-file", "Config": {}}}
        if d.get("memory"):
            host["Memory"] = d["memory"] * 1024 * 1024
        if d.get("readonlyRootFilesystem"):
            host["ReadonlyRootfs"] = True
        if d.get("privileged"):
            host["Privileged"] = True
        config: dict[str, Any] = {
            "Image": c.image, "HostConfig": host,
            "Env": [f"{e['name']}={e['value']}" for e in d.get("environment") or []] + [
                f"ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/{secrets.token_hex(16)}"],
            "Labels": dict(d.get("dockerLabels") or {}) | {
                LABEL + "cluster": self.agent.cluster, LABEL + "container-name": c.name,
                LABEL + "task-arn": self.arn, LABEL + "task-definition-family": self.family,
                LABEL + "task-definition-version": self.revision}}
        for key, theirs in (("command", "Cmd"), ("entryPoint", "Entrypoint"), ("user", "User"),
                            ("workingDirectory", "WorkingDir"), ("hostname", "Hostname")):
            if d.get(key):
                config[theirs] = d[key]
        if probe := d.get("healthCheck"):
            config["Healthcheck"] = {
                "Test": probe["command"], "Interval": int(probe.get("interval", 30) * 1e9),
                "Timeout": int(probe.get("timeout", 5) * 1e9), "Retries": probe.get("retries", 3),
                "StartPeriod": int(probe.get("startPeriod", 0) * 1e9)}
        if host["NetworkMode"] == "bridge":
            self._publish(d, config, host)
        return config

    @staticmethod
    def _publish(d: dict[str, Any], config: dict[str, Any], host: dict[str, Any]) -> None:
        bound: dict[str, Any] = {}
        for p in d.get("portMappings") or []:
            key = f"{p['containerPort']}/{p.get('protocol', 'tcp')}"
            bound[key] = [{"HostPort": str(p.get("hostPort") or "")}]
        config["ExposedPorts"] = {key: {} for key in bound}
        host["PortBindings"] = bound

    def _start(self, c: Container) -> None:
        log, begun = self.agent.log, time.monotonic()
        log.write("info", "Starting container", c.ids(),
                  old=f"Task engine [{self.arn}]: starting container: {c.name} (Runtime ID: {c.docker_id})")
        try:
            self.agent.docker.start(c.docker_id)
            c.learn(self.agent.docker.inspect(c.docker_id))
        except DockerError as e:
            self._failed(c, Status.RUNNING, "CannotStartContainerError", e)
            return
        took = go_duration(time.monotonic() - begun)
        log.write("info", "Started container", c.ids() + [("elapsed", Raw(took))],
                  old=f"Task engine [{self.arn}]: started docker container for task: {c.name} -> "
                      f"{c.docker_id}, took {took}")
        self.container_event(c, Status.RUNNING)
        if c.exit_code is not None:
            self.look(c)

    def _stop(self, c: Container) -> None:
        self.agent.log.write("info", "Stopping container", [("task", self.id), ("container", c.name)],
                             old=f"Task engine [{self.arn}]: stopping container [{c.name}]")
        seconds = c.definition.get("stopTimeout") or STOP_TIMEOUT_S
        try:
            self.agent.docker.stop(c.docker_id, max(1, round(seconds * self.agent.stop_scale)))
        except DockerDown:
            c.busy = False
            return
        except DockerError as e:
            self.container_event(c, Status.STOPPED, "CannotStopContainerError", str(e))
            return
        self.look(c)

    def look(self, c: Container, told: str | None = None) -> None:
        """Asks the engine how the container is, after an event or a gap; told: the die event's exit code."""
        try:
            info = self.agent.docker.inspect(c.docker_id)
        except DockerDown:
            return
        except DockerError:
            c.exit_code = int(told) if told else c.exit_code
            if c.exit_code is None:
                self.container_event(c, Status.STOPPED, "ContainerVanishedError",
                                     "No container matching saved ID found")
            else:
                self.container_event(c, Status.STOPPED)
            return
        state = info["State"]
        if state["Running"] or state["Status"] == "created":
            return
        c.learn(info)
        name = text = ""
        if state["OOMKilled"]:
            name, text = "OutOfMemoryError", "Container killed due to memory usage"
        elif state["Error"]:
            name, text = "DockerStateError", state["Error"]
        self.container_event(c, Status.STOPPED, name, text, state["FinishedAt"])
