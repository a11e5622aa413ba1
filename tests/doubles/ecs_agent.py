#!/usr/bin/env python3
"""ecs_agent.py: a double of the Amazon ECS agent (1.105.1 and the eras before it) for tests.

It takes placements from the cloud double's control socket and drives an engine (a real dockerd, or
engine_replay.py) over its unix socket. It writes the agent's log, answers introspection, reports state changes,
keeps a checkpoint, and behaves while the cloud is away as the real one was seen to do.

Files in --state: agent.json (checkpoint), introspection.port, ecs-agent.pid.
Signals: TERM ends it (tasks go on running), USR1 rolls the log now.
"""
from __future__ import annotations

import argparse
import json
import os
import queue
import random
import secrets
import signal
import sys
import threading
import time
from datetime import datetime, timezone
from typing import Any

from agent_cloud import Cloud, Unreachable
from agent_introspect import Introspection
from agent_log import COMMIT, ERAS, VERSION, AgentLog, Raw, go_duration, go_time
from agent_pull import Backoff
from agent_status import Status
from agent_submit import Submitter
from agent_task import LABEL, Task
from docker_api import Docker, DockerDown, DockerError

POLL_S = 0.1
HEALTH_S = 20.0
TELEMETRY_S = 20.0
INIT_FIRST_S, INIT_MAX_S = 0.5, 15.0
RECONNECT_FIRST_S, RECONNECT_MAX_S = 0.25, 120.0
REPORT_WAIT_S, REPORT_TRIES = 30.0, 8640


class Agent:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.scale: float = options.time_scale
        self.stop_scale = min(1.0, self.scale)
        self.behaviour: str = options.pull_behavior
        self.cluster: str = options.cluster
        self.instance = ""
        self.log = AgentLog(options.log, options.era, options.log_format, options.log_size, options.log_keep)
        self.docker = Docker(options.docker)
        self.cloud = Cloud(options.control, options.link_file)
        self.submitter = Submitter(self)
        self.manifest_backoff, self.pull_backoff = Backoff(0.1, 5.0), Backoff(1.1, 5.0)
        self.pulled_once: set[str] = set()
        self.image_states: set[str] = set()
        self.tasks: dict[str, Task] = {}
        self.health: dict[tuple[str, str], str] = {}
        self.sequence = 0
        self._taken: dict[str, tuple[int, set[int]]] = {}
        self._networks: set[str] | None = None
        self._lock = threading.RLock()

    # ---- what tasks ask of the agent

    def listed_tasks(self) -> list[Task]:
        with self._lock:
            return list(self.tasks.values())

    def consume(self, task: Task) -> str:
        """Takes the task's share of the host; returns what there is not enough of, or ""."""
        memory = sum(c.definition.get("memory") or c.definition.get("memoryReservation") or 0
                     for c in task.containers)
        ports = {p["hostPort"] for c in task.containers
                 for p in c.definition.get("portMappings") or [] if p.get("hostPort")}
        with self._lock:
            if sum(m for m, _ in self._taken.values()) + memory > self.options.memory:
                return "MEMORY"
            if any(ports & taken for _, taken in self._taken.values()):
                return "PORTS_TCP"
            self._taken[task.arn] = (memory, ports)
        return ""

    def release(self, task: Task) -> None:
        with self._lock:
            self._taken.pop(task.arn, None)

    def network_for(self, mode: str) -> str:
        """The task's network mode, or none where the engine has no bridge (as in the test rig)."""
        if self._networks is None:
            self._networks = {n["Name"] for n in self.docker.call("GET", "/networks")}
        return mode if mode in self._networks or mode == "host" else "none"

    def save(self) -> None:
        """The checkpoint; whole or not at all."""
        with self._lock:
            kept = {"cluster": self.cluster, "instance": self.instance,
                    "pulled": sorted(self.pulled_once), "sequence": self.sequence,
                    "tasks": [t.save() for t in self.tasks.values()]}
            path = os.path.join(self.options.state, "agent.json")
            with open(path + ".new", "w", encoding="utf-8") as f:
                json.dump(kept, f)
            os.replace(path + ".new", path)

    def schedule_cleanup(self, task: Task) -> None:
        threading.Thread(target=self._clean_up, args=(task,), daemon=True).start()

    def _clean_up(self, task: Task) -> None:
        left = (task.stopped_at or time.time()) + self.options.cleanup_wait - time.time()
        time.sleep(max(0.0, left))
        for attempt in range(1, REPORT_TRIES + 1):
            if task.sent == Status.STOPPED:
                break
            self.log.write("warn", "Blocking cleanup until the task has been reported stopped", [
                ("task", task.id), ("Attempt", attempt), ("MaxAttempts", REPORT_TRIES)])
            time.sleep(REPORT_WAIT_S * self.scale)
        self.log.write("info", "Cleaning up task's containers and data", [("task", task.id)])
        for c in task.containers:
            if c.docker_id:
                try:
                    self.docker.remove(c.docker_id)
                except DockerError as e:
                    self.log.write("warn", "Error removing container", c.ids() + [("error", str(e))])
        with self._lock:
            self.tasks.pop(task.arn, None)
        self.log.write("info", "Finished removing task data, removing task from managed tasks",
                       [("task", task.id)])
        self.save()

    # ---- start

    def restore(self) -> list[Task]:
        path = os.path.join(self.options.state, "agent.json")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            kept = json.load(f)
        self.cluster, self.instance = kept["cluster"], kept["instance"]
        self.pulled_once, self.sequence = set(kept["pulled"]), kept["sequence"]
        tasks = [Task.load(self, t) for t in kept["tasks"]]
        self.tasks = {t.arn: t for t in tasks}
        return tasks

    def start_lines(self) -> None:
        era = self.log.era
        self.log.write("info", "Starting Amazon ECS Agent",
                       [("version", VERSION[era]), ("commit", COMMIT[era])])
        self.log.write("info", "Loading configuration")
        self.log.write("warn", "Unable to fetch user data: blackholed", module="config.go")
        self.log.write("info", "ECS Agent is running in external mode.")

    def register(self) -> None:
        """Before anything else works. While ECS is away the process ends and is started over and over."""
        delay = INIT_FIRST_S
        while True:
            self.start_lines()
            try:
                self.instance = self.cloud.register({
                    "containerInstanceArn": self.instance, "ec2InstanceId": self.options.instance_id,
                    "agentVersion": VERSION[self.log.era], "memory": self.options.memory})
                break
            except Unreachable as e:
                error = f"operation error ECS: RegisterContainerInstance, {e}"
                self.log.write("error", "Unable to register as a container instance with ECS",
                               [("error", error)])
                if self.log.since("D"):
                    self.log.write("error", "Received terminal error from RegisterContainerInstance call, "
                                   "exiting", [("error", error)])
            time.sleep(delay * self.scale)
            delay = min(delay * 2, INIT_MAX_S)
        self.log.write("info", "Registered container instance with cluster!")

    def run(self) -> None:
        tasks = self.restore()
        known = bool(self.instance)
        self.register()
        if known:
            self.log.write("info", "Restored from checkpoint file", [
                ("containerInstanceARN", self.instance), ("cluster", self.cluster)])
        self.save()
        self.sync(tasks)
        for target in (self._follow_engine, self._follow_cloud, self._telemetry):
            threading.Thread(target=target, daemon=True).start()
        server = self._listen()
        port = server.server_address[1]
        with open(os.path.join(self.options.state, "introspection.port"), "w", encoding="utf-8") as f:
            f.write(f"{port}\n")
        server.serve_forever()

    def _listen(self) -> Introspection:
        """The port asked for; with 0 the one of the last run when it is still free."""
        wanted = self.options.introspection_port
        if wanted == 0:
            try:
                with open(os.path.join(self.options.state, "introspection.port"), encoding="utf-8") as f:
                    return Introspection(self, int(f.read()))
            except (OSError, ValueError):
                pass
        return Introspection(self, wanted)

    def sync(self, tasks: list[Task]) -> None:
        """What became of the tasks while the agent was away."""
        for task in tasks:
            if task.known == Status.STOPPED:
                self.schedule_cleanup(task)
                continue
            if task.sent == task.known:
                self.log.write("error", "Skipping emitting event for task due to error", [
                    ("task", task.id), ("reason", ""),
                    ("error", "create task state change event api: status "
                              f"[{task.known.name}] already sent")])
            task.begin(restored=True)

    # ---- the engine's events

    def _find(self, ident: str) -> tuple[Task, Any] | None:
        for task in self.listed_tasks():
            for c in task.containers:
                if c.docker_id == ident:
                    return task, c
        return None

    def _follow_engine(self) -> None:
        while True:
            try:
                for event in self.docker.events():
                    if not event:
                        self._resync()
                    else:
                        self._engine_event(event)
            except DockerDown as e:
                self.log.write("info", f"Docker events stream closed with error: {e}",
                               module="docker_client.go")
                time.sleep(self.options.storm_gap)

    def _resync(self) -> None:
        for task in self.listed_tasks():
            for c in task.containers:
                if c.docker_id and c.known == Status.RUNNING:
                    task.look(c)

    def _engine_event(self, event: dict[str, Any]) -> None:
        action = event["Action"]
        found = self._find(event["Actor"]["ID"])
        if not found:
            return
        task, c = found
        if action in ("die", "destroy"):
            if c.known >= Status.RUNNING:
                task.look(c, event["Actor"]["Attributes"].get("exitCode"))
        elif action == "oom":
            self.log.write("info", f"DockerGoClient: process within container {c.docker_id} "
                           f'(name: "{c.docker_name}") died due to OOM', module="docker_client.go")
        elif action.startswith("health_status: "):
            self.health[(task.arn, c.name)] = action.partition(": ")[2].upper()

    # ---- the cloud

    def _telemetry(self) -> None:
        """Container health goes to ECS with the telemetry, not with the state changes."""
        told: dict[tuple[str, str], str] = {}
        beat = 0.0
        while True:
            time.sleep(HEALTH_S * self.options.health_scale)
            for key, status in list(self.health.items()):
                if told.get(key) == status:
                    continue
                try:
                    self.cloud.publish_health(key[0], key[1], status)
                    told[key] = status
                except Unreachable:
                    break
            if time.monotonic() - beat >= TELEMETRY_S and self.cloud.reachable():
                beat = time.monotonic()
                ident = secrets.token_hex(16)
                self.log.write("info", "Successfully published instance status message to TCS with request "
                               f"ID: {ident[:8]}-{ident[8:12]}-{ident[12:16]}-{ident[16:20]}-{ident[20:]}")

    def _follow_cloud(self) -> None:
        delay, up = RECONNECT_FIRST_S, False
        while True:
            try:
                if not up:
                    self._connect_acs()
                    delay, up = RECONNECT_FIRST_S, True
                self._poll()
                time.sleep(POLL_S)
            except Unreachable as e:
                self._acs_lost(up, e)
                up = False
                wait = delay * (1 + random.random() * 0.2)
                self._acs("info", "Waiting before reconnecting to ACS", [("reconnectDelay", go_duration(wait))])
                time.sleep(wait * self.scale)
                self._acs("info", "Done waiting; reconnecting to ACS")
                delay = min(delay * 1.5, RECONNECT_MAX_S)

    def _acs(self, level: str, msg: str, fields: list[tuple[str, Any]] = []) -> None:
        self.log.write(level, msg, [("containerInstanceARN", self.instance), *fields])

    def _connect_acs(self) -> None:
        host = f"ecs-a-1.{self.options.region}.amazonaws.com"
        self._acs("info", "Using cached DiscoverPollEndpoint", [
            ("endpoint", f"https://{host}/"), ("systemLogsEndpoint", "")])
        url = (f"https://{host}/ws?agentHash={COMMIT[self.log.era]}&agentVersion={VERSION[self.log.era]}"
               f"&clusterArn={self.cluster}&protocolVersion=2&sendCredentials=true&seqNum=1")
        self.log.write("info", "Establishing a Websocket connection", [("url", url)])
        self.cloud.connect()
        self.log.write("info", "Websocket connection established.", [
            ("URL", url), ("ConnectTime", go_time(int(time.time()))[:19]),
            ("ExpectedDisconnectTime", go_time(int(time.time()) + 1800)[:19])])
        self._acs("info", "Connected to ACS endpoint", [
            ("lastConnectedTime", Raw(go_time(time.time(), self.log.monotonic())))])

    def _acs_lost(self, was_up: bool, e: Exception) -> None:
        host = f"ecs-a-1.{self.options.region}.amazonaws.com"
        if was_up:
            self._acs("info", "Current ACS session is done and a new one might be created.")
        error = f"websocket client: unable to dial {host} response: : {e}"
        self.log.write("warn", f"Error creating a websocket client: {e}", [("URL", f"https://{host}/ws")])
        self._acs("error", "Failed to connect to ACS", [("error", error)])
        if self.log.since("D"):
            self._acs("warn", "ACS WebSocket connection closed", [("error", error)])

    def _poll(self) -> None:
        for p in self.cloud.poll_tasks():
            self._payload(p)

    def _payload(self, p: dict[str, Any]) -> None:
        """p: taskArn family version desiredStatus containers[] (container definitions)."""
        arn, desired = p["taskArn"], Status[p["desiredStatus"]]
        with self._lock:
            task = self.tasks.get(arn)
        if task and (desired <= task.desired or task.known == Status.STOPPED):
            return
        if not task and desired == Status.STOPPED:
            return
        if self.log.since("B"):
            self.log.write("info", "Received task payload from ACS", [
                ("taskARN", arn), ("taskVersion", str(p["version"])), ("desiredStatus", desired.name)])
        if task:
            task.order(desired, self.sequence)
            return
        task = Task(self, arn, p["family"], str(p["version"]), p["containers"],
                    p.get("networkMode") or "bridge")
        with self._lock:
            self.tasks[arn] = task
        self.save()
        task.begin()

    def end(self) -> None:
        self.log.write("info", "Agent received termination signal: terminated",
                       module="termination_handler.go")
        self._acs("info", "Current ACS session is done and a new one might be created.")
        self._acs("info", "ACS session ended (context closed)", [("reason", "context canceled")])
        self.cloud.disconnect()
        self.save()


def parse(argv: list[str]) -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--docker", required=True, help="the engine's unix socket")
    p.add_argument("--control", required=True, help="the cloud double's control socket")
    p.add_argument("--state", required=True, help="directory of the checkpoint")
    p.add_argument("--log", help="the log (default STATE/ecs-agent.log)")
    p.add_argument("--log-format", choices=("logfmt", "json"), default="logfmt")
    p.add_argument("--log-size", type=int, default=5_000_000, help="bytes at which the log rolls")
    p.add_argument("--log-keep", type=int, default=24)
    p.add_argument("--era", choices=list(ERAS), default="E", help="whose texts: see agent_log.py")
    p.add_argument("--cluster", default="edge")
    p.add_argument("--region", default="eu-west-1")
    p.add_argument("--instance-id", default="", help="managed instance id (mi-…)")
    p.add_argument("--introspection-port", type=int, default=0, help="0: chosen, told in the state directory")
    p.add_argument("--pull-behavior", choices=("default", "always", "once", "prefer-cached"), default="default")
    p.add_argument("--time-scale", type=float, default=1.0, help="of all the agent's own waits")
    p.add_argument("--health-scale", type=float, help="of the 20 s health period (default: time scale)")
    p.add_argument("--cleanup-wait", type=float, default=10800, help="seconds a stopped task stays; not scaled")
    p.add_argument("--memory", type=int, default=24105, help="MiB for tasks")
    p.add_argument("--link-file", help="while this file exists, the cloud is out of reach")
    p.add_argument("--storm-gap", type=float, default=0.05, help="seconds between two tries of a dead engine")
    p.add_argument("--stdin-watch", action="store_true", help="end when stdin closes")
    options = p.parse_args(argv)
    options.log = options.log or os.path.join(options.state, "ecs-agent.log")
    if options.health_scale is None:
        options.health_scale = options.time_scale
    return options


def main() -> None:
    options = parse(sys.argv[1:])
    os.makedirs(options.state, exist_ok=True)
    agent = Agent(options)
    over: queue.SimpleQueue[None] = queue.SimpleQueue()	# a handler may put into it whatever it interrupts
    signal.signal(signal.SIGTERM, lambda *_: over.put(None))
    signal.signal(signal.SIGINT, lambda *_: over.put(None))
    signal.signal(signal.SIGUSR1, lambda *_: agent.log.roll())
    with open(os.path.join(options.state, "ecs-agent.pid"), "w", encoding="utf-8") as f:
        f.write(f"{os.getpid()}\n")
    threading.Thread(target=agent.run, daemon=True).start()
    if options.stdin_watch:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), over.put(None)), daemon=True).start()
    over.get()
    agent.end()
    os._exit(0)	# managed tasks may be stuck in a submit, as the real ones


if __name__ == "__main__":
    main()
