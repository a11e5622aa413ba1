"""A fleet on one machine: one cloud, one process that plays all nodes' engines and ECS agents, and a real kedge for each node."""
from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any, Iterable

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", where) for where in ("e2e", "doubles")]
from e2e import (KEDGE, KEDGE_TEST, REGISTRY, done, figures, note, ok, percentile, same, wait)  # noqa: E402, F401

DOUBLES = os.path.join(HERE, "..", "doubles")
INOTIFY = "/proc/sys/fs/inotify/max_user_instances"
START_GAP_S = 0.4       # of the fleet's time between two nodes' starts: kedge is brought to a fleet node by node,
START_ALL_S = 200.0     # and to all of them in so long
POLICY = {"rollback": "auto"}


class Control:
    """The cloud's control socket, one connection for all commands."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.stream = self.sock.makefile("rwb")

    def __call__(self, command: str, **members: Any) -> dict[str, Any]:
        self.stream.write(json.dumps({"command": command} | members).encode() + b"\n")
        self.stream.flush()
        answer = json.loads(self.stream.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def batch(self, commands: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers = self("batch", commands=commands)["answers"]
        for a in answers:
            if not a["ok"]:
                raise RuntimeError(a["error"])
        return answers


class Fleet:
    """with Fleet(N, scale) as f: … ; scale: how many times as fast as this machine's all clocks run."""

    def __init__(self, nodes: int, scale: int) -> None:
        self.n, self.scale = nodes, scale
        self.folder = tempfile.mkdtemp(prefix="fl", dir="/tmp")
        os.chmod(self.folder, 0o711)
        self.cloud = os.path.join(self.folder, "cloud")
        self.started: list[subprocess.Popen[bytes]] = []
        self.kedges: list[subprocess.Popen[bytes]] = []
        self.kept_inotify = ""

    def __enter__(self) -> Fleet:
        self._kept_term = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            self._up()
        except BaseException:
            self._down()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        self._down()
        signal.signal(signal.SIGTERM, self._kept_term)

    # ---- up and down

    def double(self, script: str, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        with open(os.path.join(self.folder, os.path.basename(script) + ".out"), "ab") as out:
            p = subprocess.Popen([sys.executable, script, *arguments], stdin=subprocess.PIPE, stderr=out,
                                 **({"stdout": out} | more))
        self.started.append(p)
        return p

    def _up(self) -> None:
        self._more_inotify()
        os.makedirs(self.cloud)
        self.double(os.path.join(DOUBLES, "ecs_cloud.py"), "--dir", self.cloud, "--lag-max", "2", "--ports", "2",
                    "--time-scale", str(self.scale), "--scaled-clock", "--stdin-watch")
        self.must(lambda: os.path.exists(os.path.join(self.cloud, "port")), "the cloud's double listens")
        self.ctl = Control(os.path.join(self.cloud, "control.sock"))
        pong = self.ctl("ping")
        self.anchor_ms = int(1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - pong["model_s"] / self.scale))
        self._nodes()
        with open(os.path.join(self.cloud, "endpoint"), encoding="utf-8") as f:
            self.endpoints = f.read().split()
        self._confs()

    def _more_inotify(self) -> None:
        """Linux gives a user 128 of them, and all nodes here are one user's."""
        with open(INOTIFY, encoding="ascii") as f:
            now = int(f.read())
        if now >= 2 * self.n + 128:
            return
        try:
            with open(INOTIFY, "w", encoding="ascii") as f:
                f.write(str(2 * self.n + 128))
            self.kept_inotify = str(now)
        except OSError:
            note("inotify has a limit here: some nodes look at their agent's log every 2 s")

    def _nodes(self) -> None:
        """Container instances, their keys, and the process that plays them."""
        self.instances = [a["containerInstanceArn"] for a in self.ctl.batch(
            [{"command": "instance-register", "ec2InstanceId": f"mi-{i:05d}", "memory": 100000} for i in range(self.n)])]
        self.keys = self.ctl.batch([{"command": "add-key", "session": f"mi-{i:05d}"} for i in range(self.n)])
        for i in range(self.n):
            os.makedirs(self.path(i))
        plan = {"control": os.path.join(self.cloud, "control.sock"), "clock": [self.scale, self.anchor_ms], "nodes": [
            {"instance": arn, "socket": self.path(i, "docker.sock"), "log": self.path(i, "ecs-agent.log")}
            for i, arn in enumerate(self.instances)]}
        with open(os.path.join(self.folder, "plan"), "w", encoding="utf-8") as f:
            json.dump(plan, f)
        self.player = self.double(os.path.join(HERE, "nodes.py"), os.path.join(self.folder, "plan"), stdout=subprocess.PIPE)
        assert self.player.stdout
        self.ports = self.player.stdout.readline().split()
        if len(self.ports) != self.n:
            raise RuntimeError("the nodes' double did not come up")

    def _confs(self) -> None:
        for i in range(self.n):
            key = self.keys[i]
            credentials = self.path(i, "credentials")
            with open(credentials, "w", encoding="ascii") as f:
                os.chmod(credentials, 0o600)
                f.write("[default]\n" + "".join(f"{k} = {key[k]}\n" for k in (
                    "aws_access_key_id", "aws_secret_access_key", "aws_session_token")))
            conf = {
                "kedge": {"state_dir": self.path(i, "state"), "run_dir": self.path(i, "run"), "user": "nobody",
                          "region": "eu-west-1"},
                "engine": {"socket": self.path(i, "docker.sock")},
                "ecs_agent": {"introspection": f"http://127.0.0.1:{self.ports[i].decode()}", "log": self.path(i, "ecs-agent.log"),
                              "config": self.path(i, "ecs.config")},
                "aws": {"endpoint": self.endpoints[i % 2], "ca_file": os.path.join(self.cloud, "ca.pem"),
                        "credentials": "file", "credentials_file": credentials},
                "policy": POLICY, "report": {"listen": ""}}
            with open(self.path(i, "kedge.conf"), "w", encoding="utf-8") as f:
                f.write("".join(f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in m.items()) for s, m in conf.items()))

    def _down(self) -> None:
        if self.kept_inotify:
            with open(INOTIFY, "w", encoding="ascii") as f:
                f.write(self.kept_inotify)
        for k in self.kedges:
            if k.poll() is None:
                k.terminate()
        end = time.monotonic() + 20
        for k in self.kedges:
            try:
                k.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                k.kill()
                k.wait()
        for p in self.started:
            p.terminate()       # their standard input closes when this process ends
            p.wait()
        if os.environ.get("E2E_KEEP"):
            note(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def must(test: Any, what: str, seconds: float = 60.0) -> Any:
        value = wait(test, seconds, 0.1)
        if not value:
            raise RuntimeError(f"never came true: {what}")
        return value

    def path(self, node: int, *names: str) -> str:
        return os.path.join(self.folder, f"{node:05d}", *names)

    # ---- kedges

    def start(self) -> None:
        """One after the other. Node 0 runs from a copy of its own, to see what a node costs that shares no page."""
        own = os.path.join(self.folder, "kedge-own")
        binary = KEDGE if self.scale == 1 else KEDGE_TEST
        shutil.copy(binary, own)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")} | {
            "KEDGE_CLOCK_SCALE": str(self.scale), "KEDGE_CLOCK_ANCHOR_MS": str(self.anchor_ms)}
        begin, gap_s = time.monotonic(), min(START_GAP_S / self.scale, START_ALL_S / self.n / self.scale)
        for i in range(self.n):
            with open(self.path(i, "kedge.log"), "ab") as log:
                self.kedges.append(subprocess.Popen(
                    ["setpriv", "--pdeathsig", "TERM", own if i == 0 else binary, "--conf", self.path(i, "kedge.conf"), "agent"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=environment, close_fds=False))
            time.sleep(max(0.0, begin + (i + 1) * gap_s - time.monotonic()))

    def alive(self) -> int:
        return sum(k.poll() is None for k in self.kedges)

    def read(self, node: int, name: str) -> dict[str, Any]:
        """What a node's kedge keeps for its readers."""
        try:
            with open(self.path(node, "run", name), encoding="utf-8") as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def log(self, node: int) -> list[str]:
        with open(self.path(node, "kedge.log"), encoding="utf-8", errors="replace") as f:
            return f.read().splitlines()

    def pss_kib(self, nodes: Iterable[int]) -> list[int]:
        """Of each node: gate and worker together."""
        found = []
        for i in nodes:
            pid = self.kedges[i].pid
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                family = [pid, *map(int, f.read().split())]
            total = 0
            for one in family:
                with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as f:
                    total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
            found.append(total)
        return found

    # ---- what happens to the fleet

    def order(self, **what: Any) -> None:
        assert self.player.stdin and self.player.stdout
        self.player.stdin.write(json.dumps(what).encode() + b"\n")
        self.player.stdin.flush()
        if self.player.stdout.readline() != b"ok\n":
            raise RuntimeError("the nodes' double is gone")

    def image(self, ref: str, **spec: Any) -> None:
        self.order(image=f"{REGISTRY}/{ref}", spec=spec)

    def define(self, family: str, image: str, **more: Any) -> str:
        return self.ctl("register-task-definition", family=family, containerDefinitions=[
            {"name": "app", "memory": 1, "essential": True, "image": f"{REGISTRY}/{image}"} | more])["name"]

    def wan(self, nodes: list[int], up: bool) -> None:
        """The nodes of one endpoint lose the line to ECS: kedge's and the agent's, or have it again."""
        self.ctl("link", state="up" if up else "down", at=nodes[0] % 2)
        self.ctl.batch([{"command": "instance-connect" if up else "instance-disconnect", "instance": self.instances[i]}
                        for i in nodes])
        self.order(wan=nodes, up=up)

    def requests(self) -> list[dict[str, Any]]:
        with open(os.path.join(self.cloud, "requests.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]
