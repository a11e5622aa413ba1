#!/usr/bin/env python3
"""nodes.py PLAN: engines, ECS agents and their introspection for a whole fleet, all in this one process and thread.

Each node has its own engine (a socket), agent log and introspection port; their words are those of tests/doubles (engine_model,
agent_task, agent_pull, agent_introspect), whose waits and threads are taken out: what has to be done goes into a queue. A pull
that fails is tried as often as the real agent does, without its pauses: all nodes fail as close together as they can.

PLAN is JSON: control (the cloud's socket), clock [SCALE, ANCHOR_MS], nodes [{instance, socket, log}]. Each gets its introspection
port as one number of a line on standard output. Standard input takes a JSON object a line:
  {"image": REF, "spec": {...}}            into the registry all nodes pull from (spec: engine_replay.py)
  {"registry": NODE, "case": CASE}         its registry fails as recorded; "" ends it
  {"wan": [NODE...], "up": BOOL}           their agents lose ECS, or have it again
Each is answered with "ok". It ends when standard input closes.
"""
from __future__ import annotations

import json
import os
import socket
import sys
import threading
import types
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(HERE, "..", where) for where in ("doubles", "e2e"))]

import agent_introspect  # noqa: E402
import agent_log  # noqa: E402
import agent_pull  # noqa: E402
import agent_task  # noqa: E402
import engine_model  # noqa: E402
import engine_texts  # noqa: E402
from agent_status import Status  # noqa: E402
from agent_submit import Change  # noqa: E402
from docker_api import DockerError  # noqa: E402
from engine_replay import Filters  # noqa: E402
from fast_clock import FastClock  # noqa: E402
from loop import Asked, Lines, Loop, listen  # noqa: E402

DIAL = "dial tcp 52.94.220.17:443: connect: network is unreachable"
POLL_S = 20.0
GATHER_S = 0.02         # reports that come so close together go to the cloud as one
LOOP = Loop()


class Clock(FastClock):
    def sleep(self, _: float) -> None:
        """Nobody waits here."""


class Soon:
    """In place of threading.Thread: the work is done in its turn."""

    def __init__(self, target: Any, args: tuple[Any, ...] = (), daemon: bool = True) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        LOOP.soon(self.target, *self.args)


def without_threads(clock: Clock) -> None:
    threads = types.SimpleNamespace(Thread=Soon, Lock=threading.Lock, RLock=threading.RLock)
    for module in (agent_task, engine_model):
        module.threading = threads  # type: ignore[attr-defined]
    for module in (agent_task, agent_pull, agent_log, engine_model):
        module.time = clock  # type: ignore[attr-defined]
    engine_model.Container = Container  # type: ignore[misc]
    engine_texts.Texts._read = lru_cache(maxsize=None)(engine_texts.Texts._read)  # type: ignore[method-assign]


class Container(engine_model.Container):
    def _live(self, run: int) -> None:
        """An application that exits after a while, one that serves, or what the model has."""
        args = self.args[1:]
        if args[:1] == ["exit"]:
            LOOP.later(int(args[2]) / 1000 if len(args) > 2 else 0.02, self.ended, run, int(args[1]))
        else:
            super()._live(run)


class Docker:
    """The engine as its agent asks it, without a socket between."""

    def __init__(self, engine: engine_model.Engine) -> None:
        self.engine = engine

    def _ask(self, what: Any, *arguments: Any) -> Any:
        try:
            return what(*arguments)
        except engine_model.Answer as e:
            if e.status == 304:
                return None
            raise DockerError(str(e), e.status) from None

    def distribution(self, ref: str) -> Any:
        return self._ask(self.engine.distribution, ref)["Descriptor"]

    def pull(self, ref: str) -> None:
        for record in self._ask(self.engine.pull, ref):
            if "error" in record:
                raise DockerError(record["error"])

    def tag(self, source: str, ref: str) -> None:
        self._ask(self.engine.tag, source, ref)

    def image(self, ref: str) -> Any:
        return self._ask(self.engine.image, ref)

    def create(self, name: str, config: Any) -> str:
        return self._ask(self.engine.create, name, config)["Id"]

    def start(self, ident: str) -> None:
        self._ask(lambda: self.engine.find(ident).start())

    def stop(self, ident: str, seconds: int) -> None:
        self._ask(lambda: self.engine.find(ident).stop(seconds))

    def inspect(self, ident: str) -> Any:
        return self._ask(lambda: self.engine.find(ident).inspect())


class Task(agent_task.Task):
    """A task that is taken a step further by each event, in its turn."""

    def begin(self, restored: bool = False) -> None:
        self.queue = types.SimpleNamespace(put=lambda event: LOOP.soon(self.take, event))  # type: ignore[assignment]
        self._take_resources()
        self._progress()

    def take(self, event: tuple[Any, ...]) -> None:
        if self.known == Status.STOPPED:
            return
        if event[0] == "acs":
            self._order(event[1], event[2])
        else:
            self._handle(*event[1:])
        if self.known == Status.STOPPED:
            self.agent.log.write("info", "Managed task has reached stopped; waiting for container cleanup", [("task", self.id)])
        else:
            self._progress()


class Agent:
    """What a task, a puller and introspection want of their agent."""

    scale = stop_scale = 0.0
    behaviour, cluster, sequence = "default", "edge", 0

    def __init__(self, fleet: Fleet, node: Node, plan: dict[str, Any]) -> None:
        self.fleet, self.node, self.instance = fleet, node, plan["instance"]
        self.log = agent_log.AgentLog(plan["log"])
        self.docker = Docker(node.engine)
        self.submitter = types.SimpleNamespace(add=self.submit)
        self.manifest_backoff, self.pull_backoff = agent_pull.Backoff(0.1, 5.0), agent_pull.Backoff(1.1, 5.0)
        self.pulled_once: set[str] = set()
        self.image_states: set[str] = set()
        self.tasks: dict[str, Task] = {}
        self.containers: dict[str, Any] = {}
        self.waiting: list[Change] = []
        self.connected = True
        node.engine.events.listen(lambda event: LOOP.soon(self.on_event, event))
        self.acs("Connected to ACS endpoint", "info")

    def listed_tasks(self) -> list[Task]:
        return list(self.tasks.values())

    def consume(self, _: Task) -> str:
        return ""

    def network_for(self, mode: str) -> str:
        return mode

    def save(self) -> None:
        """Nobody restarts this agent."""

    def acs(self, msg: str, level: str, *fields: tuple[str, Any]) -> None:
        self.log.write(level, msg, [("containerInstanceARN", self.instance), *fields])

    def submit(self, change: Change) -> None:
        self.waiting.append(change)
        self.fleet.gather(self)

    def line(self, up: bool) -> None:
        self.connected = up
        if up:
            self.acs("Connected to ACS endpoint", "info")
            self.fleet.gather(self)
        else:
            self.acs("Failed to connect to ACS", "error", ("error", DIAL))

    def on_event(self, event: dict[str, Any]) -> None:
        if event["Action"] not in ("die", "destroy"):
            return
        for task in self.tasks.values():
            for c in task.containers:
                if c.docker_id == event["Actor"]["ID"] and c.known >= Status.RUNNING:
                    task.look(c, event["Actor"]["Attributes"].get("exitCode"))

    def payload(self, p: dict[str, Any]) -> None:
        arn, desired = p["taskArn"], Status[p["desiredStatus"]]
        task = self.tasks.get(arn)
        if (task and (desired <= task.desired or task.known == Status.STOPPED)) or (not task and desired == Status.STOPPED):
            return
        self.log.write("info", "Received task payload from ACS", [("taskARN", arn), ("taskVersion", str(p["version"])),
                                                                 ("desiredStatus", desired.name)])
        if task:
            task.order(desired, self.sequence)
            return
        self.tasks[arn] = task = Task(self, arn, p["family"], str(p["version"]), p["containers"],  # type: ignore[arg-type]
                                      p.get("networkMode") or "bridge")
        task.begin()


class Node:
    """One engine, its agent and the two ways others ask them."""

    def __init__(self, fleet: Fleet, plan: dict[str, Any]) -> None:
        self.engine = engine_model.Engine(fleet.texts)
        self.engine.registry = fleet.registry
        self.agent = Agent(fleet, self, plan)
        self.pages = agent_introspect.Introspection.__new__(agent_introspect.Introspection)
        self.pages.agent = self.agent  # type: ignore[assignment]
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.bind(plan["socket"])
        os.chmod(plan["socket"], 0o660)
        listen(LOOP, unix, self.on_engine)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.bind(("127.0.0.1", 0))
        self.port: int = tcp.getsockname()[1]
        listen(LOOP, tcp, self.on_introspection)

    def on_introspection(self, who: Asked, target: str) -> None:
        status, kind, text = self.pages.answer(target)
        who.answer(status, kind, text.encode())

    def on_engine(self, who: Asked, target: str) -> None:
        url = urlsplit(target)
        path, query = unquote(url.path).split("/")[1:], {k: v[0] for k, v in parse_qs(url.query).items()}
        try:
            if path == ["events"]:
                self.follow(who, query)
                return
            value = self.ask(path, query)
        except engine_model.Answer as e:
            who.answer(e.status, "application/json", json.dumps({"message": str(e)}).encode())
            return
        body = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode() + b"\n"
        who.answer(200, "application/json", body)

    def ask(self, path: list[str], query: dict[str, str]) -> Any:
        engine, texts = self.engine, self.engine.texts
        if path == ["version"]:
            return texts.version
        if path == ["_ping"]:
            return b"OK"
        if path == ["info"]:
            return {"ID": "DOUB:LE00", "Name": "double", "ServerVersion": texts.version["Version"], "OSType": "linux",
                    "Architecture": "x86_64", "NCPU": 2, "MemTotal": 2 << 30, "Driver": "overlay2",
                    "DockerRootDir": "/var/lib/docker", "LiveRestoreEnabled": False}
        if path == ["containers", "json"]:
            wanted = Filters(query.get("filters"))
            return [c.listed() for c in engine.list("all" in query) if wanted.container(c)]
        if path[:1] == ["containers"] and path[2:] == ["json"]:
            return engine.find(path[1]).inspect()
        if path[:1] == ["containers"] and path[2:] == ["logs"]:
            return b""
        if path[:1] == ["images"] and path[-1:] == ["json"]:
            return engine.image("/".join(path[1:-1]))
        raise engine_model.Answer(404, "page not found")

    def follow(self, who: Asked, query: dict[str, str]) -> None:
        wanted = Filters(query.get("filters"))
        since = float(query["since"]) * 1e9 if "since" in query else None

        def tell(event: Any) -> None:
            if wanted.event(event):
                who.chunk(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        who.stream("application/json")
        for event in self.engine.events.listen(tell) if since is not None else self.engine.events.listen(tell)[:0]:
            if event["timeNano"] >= since:
                tell(event)
        who.on_gone = lambda: self.engine.events.leave(tell)


class Fleet:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.texts = engine_texts.Texts("28")
        self.registry: dict[str, engine_model.Image] = {}
        self.seq = 0
        self.gathered: dict[str, Agent] = {}
        self.sending: list[tuple[Agent, Change]] = []
        self.nodes = [Node(self, n) for n in plan["nodes"]]
        self.of = {n.agent.instance: n.agent for n in self.nodes}
        self.polls = Lines(LOOP, self.dial(plan["control"]), self.on_tasks)
        self.tells = Lines(LOOP, self.dial(plan["control"]), self.on_told)
        self.poll()

    @staticmethod
    def dial(path: str) -> socket.socket:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(path)
        return s

    # ---- what ECS orders

    def poll(self) -> None:
        self.ask(self.polls, "poll-tasks", instance="*", since=self.seq, wait_s=POLL_S)

    @staticmethod
    def ask(whom: Lines, command: str, **members: Any) -> None:
        whom.send(json.dumps({"command": command} | members).encode() + b"\n")

    def on_tasks(self, line: bytes) -> None:
        answer = json.loads(line)
        self.seq = answer["seq"]
        for p in answer["tasks"]:
            LOOP.soon(self.of[p["containerInstanceArn"]].payload, p)
        self.poll()

    # ---- what the agents tell

    def gather(self, agent: Agent) -> None:
        if not self.gathered:
            LOOP.later(GATHER_S, self.tell)
        self.gathered[agent.instance] = agent

    def tell(self) -> None:
        if self.sending:
            LOOP.later(GATHER_S, self.tell)
            return
        commands: list[dict[str, Any]] = []
        for agent in self.gathered.values():
            if not agent.connected:
                continue
            for change in agent.waiting:
                change.log(agent.log)
                self.sending.append((agent, change))
                commands.append({"command": "submit-task-state-change"} |
                                {k: v for k, v in change.body().items() if k != "cluster"})
            agent.waiting = []
        self.gathered = {}
        if commands:
            self.ask(self.tells, "batch", commands=commands)

    def on_told(self, line: bytes) -> None:
        sent, self.sending = self.sending, []
        for (agent, change), answer in zip(sent, json.loads(line)["answers"]):
            if answer["ok"]:
                change.task.mark_sent(change)
            elif "disconnected" in answer["error"]:
                agent.waiting.append(change)
            else:
                raise RuntimeError(answer["error"])

    # ---- what the test orders

    def order(self, line: bytes) -> None:
        o = json.loads(line)
        if "image" in o:
            image = engine_model.Image(o["image"], o["spec"] | {"pull_ms": 0})
            self.registry[image.ref] = self.registry[f"{image.repo()}@{image.digest}"] = image
        elif "registry" in o:
            self.nodes[o["registry"]].engine.registry_fails = o["case"]
        else:
            self.seq = 0        # what was ordered while a node was away was passed over
            for node in o["wan"]:
                self.nodes[node].agent.line(o["up"])
        print("ok", flush=True)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as f:
        plan = json.load(f)
    without_threads(Clock(*plan["clock"]))
    fleet = Fleet(plan)
    print(*(n.port for n in fleet.nodes), flush=True)
    inbox, outbox = socket.socketpair()

    def read_orders() -> None:
        for line in sys.stdin.buffer:
            outbox.sendall(line)
        os._exit(0)
    threading.Thread(target=read_orders, daemon=True).start()
    Lines(LOOP, inbox, fleet.order)
    LOOP.run()


if __name__ == "__main__":
    main()
