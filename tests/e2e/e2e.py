"""One site for the end-to-end tests: engine, registry, cloud, ECS agent and the real kedge in one directory.

Everything a site starts ends with it; when the test itself is killed, the engine's guard and the doubles' closed
standard input end the rest, and kedge gets a TERM from the kernel. Nothing here waits by sleeping for a while and
hoping: each wait is for a condition and has an end.
"""
from __future__ import annotations

import ctypes
import fcntl
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DOUBLES = os.path.join(TOP, "tests", "doubles")
ENGINE = os.path.join(TOP, "tests", "rig", "engine.sh")
KEDGE = os.environ.get("KEDGE") or os.path.join(TOP, "build", "amd64", "kedge")
KEDGE_TEST = os.environ.get("KEDGE_TEST") or KEDGE + "-test"
REGISTRY = "127.0.0.1:5001"
LABEL = "com.amazonaws.ecs."
ARN = "arn:aws:ecs:eu-west-1:123456789012:task/edge/"
PR_SET_PDEATHSIG = 1
sys.path[:0] = [DOUBLES, os.path.join(TOP, "tests")]
sys.dont_write_bytecode = True

import tap  # noqa: E402
from cloudctl import call  # noqa: E402
from docker_api import Docker, DockerError, UnixConnection  # noqa: E402, F401
from tap import ok, same  # noqa: E402, F401

_libc = ctypes.CDLL(None)


# ---- TAP

def note(text: str) -> None:
    for line in text.splitlines():
        print(f"# {line}", flush=True)


def skip_all(why: str) -> None:
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def done() -> None:
    sys.exit(tap.done())


def figures(**values: float) -> None:
    """Into build/figures.json, and as TAP comments."""
    words = [f"{name}={value}" for name, value in values.items()]
    note("  ".join(words))
    subprocess.run([os.path.join(TOP, "tests", "figures"), *words], check=True)


def budget(name: str) -> int:
    with open(os.path.join(TOP, "packaging", "budget"), encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if words[:1] == [name]:
                return int(words[1])
    raise KeyError(name)


def percentile(values: list[float], p: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


# ---- waiting

def wait(test: Callable[[], Any], seconds: float = 15.0, every: float = 0.03) -> Any:
    """What test() gives as soon as that is true, else what it gave last."""
    end = time.monotonic() + seconds
    while True:
        value = test()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def never(test: Callable[[], Any], seconds: float) -> bool:
    """test() stays false all the time: for what must not happen."""
    return not wait(test, seconds)


def engine_can() -> str:
    """Empty, or why no real engine can run here."""
    found = subprocess.run([ENGINE, "can"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if found.returncode == 0 else found.stdout.strip() or "no real engine can run here"


def _become(uid: int) -> None:
    if uid:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Kedge:
    """A running `kedge agent`; its lines with the time each was read."""

    def __init__(self, conf: str, log: str, binary: str, environment: dict[str, str], uid: int = 0,
                 inside: tuple[str, ...] = ()) -> None:
        self.lines: list[tuple[float, str]] = []
        self.changed = threading.Condition()
        # pid 1 of nothing, no shell in between: the process id is kedge's own
        self.process = subprocess.Popen(
            [*inside, binary, "--conf", conf, "agent"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, preexec_fn=lambda: _become(uid),
            env={k: v for k, v in os.environ.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
            | environment)
        assert self.process.stderr
        fcntl.fcntl(self.process.stderr, fcntl.F_SETPIPE_SZ, 1024 * 1024)  # kedge never waits: what does not fit is lost
        self._log = open(log, "ab")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    def processes(self) -> list[int]:
        """The gate and each of its children."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as f:
            return [self.pid, *map(int, f.read().split())]

    def _read(self) -> None:
        assert self.process.stderr
        for raw in self.process.stderr:
            at = time.time()
            self._log.write(raw)
            self._log.flush()
            with self.changed:
                self.lines.append((at, raw.decode("utf-8", "replace").rstrip("\n")))
                self.changed.notify_all()

    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self, *words: str) -> list[str]:
        """The lines that hold all these words."""
        with self.changed:
            return [line for _, line in self.lines if all(w in line for w in words)]

    def wait_said(self, *words: str, seconds: float = 10.0) -> list[str]:
        with self.changed:
            self.changed.wait_for(lambda: any(all(w in line for w in words) for _, line in self.lines), seconds)
        return self.said(*words)

    def wait_exit(self, seconds: float = 10.0) -> int | None:
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(5)
        return code

    def stop(self, how: int = signal.SIGTERM) -> int | None:
        if self.alive():
            self.process.send_signal(how)
        code = self.wait_exit()
        if code is None:
            self.process.kill()
            self.wait_exit()
        self._reader.join(5)
        self._log.close()
        return code

    def tail(self, lines: int = 12) -> str:
        with self.changed:
            return "\n".join(line for _, line in self.lines[-lines:])


class Site:
    """with Site() as s: … ; engine is "real", "20" or "28" (doubles). conf: {section: {key: value}} on top."""

    def __init__(self, engine: str = "real", conf: dict[str, dict[str, Any]] | None = None, cloud: bool = True,
                 agent: bool = True, kedge: bool = True, agent_options: tuple[str, ...] = (),
                 cloud_options: tuple[str, ...] = (), disk: str = "256m", daemon_json: dict[str, Any] | None = None,
                 binary: str | None = None, environment: dict[str, str] | None = None) -> None:
        self.engine, self.conf = engine, conf or {}
        self.with_cloud, self.with_agent, self.with_kedge = cloud, agent and cloud, kedge
        self.agent_options, self.cloud_options, self.disk = agent_options, cloud_options, disk
        self.daemon_json = daemon_json
        self.binary, self.environment = binary or KEDGE, environment or {}
        self.folder = tempfile.mkdtemp(prefix="ke", dir="/tmp")
        os.chmod(self.folder, 0o711)    # the worker, who is nobody in particular, gets through to its own
        self.rig = os.path.join(self.folder, "e")
        self.socket = os.path.join(self.rig if engine == "real" else self.folder, "docker.sock")
        self.cloud = os.path.join(self.folder, "cloud")
        self.state = os.path.join(self.folder, "agent")
        self.agent_log = os.path.join(self.state, "ecs-agent.log")
        self.state_dir = os.path.join(self.folder, "state")
        self.run_dir = os.path.join(self.folder, "run")
        self.journal = os.path.join(self.state_dir, "journal")
        self.conf_path = os.path.join(self.folder, "kedge.conf")
        self.started: list[subprocess.Popen[bytes]] = []
        self.kedges: list[Kedge] = []
        self.agent: subprocess.Popen[bytes] | None = None
        self.docker = Docker(self.socket)
        self.kedge_inside: tuple[str, ...] = ()         # what enters the namespaces kedge runs in
        self._kept_term: Any = None

    # ---- up and down

    def __enter__(self) -> Site:
        self._kept_term = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            self._up()
        except BaseException:
            self._down()
            raise
        return self

    def _up(self) -> None:
        os.makedirs(self.state)
        if self.engine == "real":
            self.start_engine()
        elif self.engine:
            self.double("engine_replay.py", "--socket", self.socket, "--engine", self.engine)
            self._must(lambda: os.path.exists(self.socket), "the engine's double listens")
        if self.with_cloud:
            os.makedirs(self.cloud)
            self.double("ecs_cloud.py", "--dir", self.cloud, "--lag-max", "0", *self.cloud_options)
            self._must(lambda: os.path.exists(os.path.join(self.cloud, "port")), "the cloud's double listens")
        if self.with_agent:
            self.start_agent()
        if self.with_kedge:
            self.kedge = self.start_kedge()

    def __exit__(self, kind: Any, *_: Any) -> None:
        try:
            if kind is not None and kind is not SystemExit and self.kedges:
                note("kedge's last words:\n" + self.kedges[-1].tail(30))
        finally:
            self._down()
            signal.signal(signal.SIGTERM, self._kept_term)

    def _down(self) -> None:
        for k in self.kedges:
            if k.alive():
                k.stop()
        for p in reversed(self.started):
            self._end(p)
        if self.engine == "real" and os.path.exists(self.rig):
            subprocess.run([ENGINE, "stop", self.rig], check=False, stderr=subprocess.DEVNULL)
        if os.environ.get("E2E_KEEP"):
            note(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _end(p: subprocess.Popen[bytes]) -> None:
        if p.stdin:
            p.stdin.close()
        p.terminate()
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()

    @staticmethod
    def _must(test: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
        value = wait(test, seconds)
        if not value:
            raise RuntimeError(f"never came true: {what}")
        return value

    def start_engine(self) -> None:
        environment = os.environ | {"RIG_DISK": self.disk}
        subprocess.run([ENGINE, "start", self.rig, "--guard", str(os.getpid())], check=True, env=environment)
        if self.daemon_json is not None:
            with open(os.path.join(self.rig, "daemon.json"), "w", encoding="utf-8") as f:
                json.dump(self.daemon_json, f)
            self.engine_sh("daemon-stop")
            self.engine_sh("daemon-start")

    def engine_sh(self, command: str, *arguments: str) -> str:
        return subprocess.run([ENGINE, command, self.rig, *arguments], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()

    def in_rig(self, *command: str) -> subprocess.Popen[bytes]:
        """A server in the rig's network; it ends when its standard input closes."""
        p = subprocess.Popen([ENGINE, "in", self.rig, *command], stdin=subprocess.PIPE)
        self.started.append(p)
        return p

    def double(self, name: str, *arguments: str, inside: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        script = name if os.path.isabs(name) else os.path.join(DOUBLES, name)
        with open(os.path.join(self.folder, os.path.basename(name) + ".out"), "ab") as out:
            p = subprocess.Popen([*inside, sys.executable, script, *arguments, "--stdin-watch"], stdin=subprocess.PIPE,
                                 stdout=out, stderr=out)
        self.started.append(p)
        return p

    def start_agent(self) -> None:
        port = os.path.join(self.state, "introspection.port")
        if os.path.exists(port):
            os.unlink(port)
        self.agent = self.double(os.path.join(HERE, "agent_more.py"), "--docker", self.socket, "--state", self.state,
                                 "--control", os.path.join(self.cloud, "control.sock"), "--time-scale", "0.02",
                                 *self.agent_options)
        self._must(lambda: os.path.exists(port) and os.path.getsize(port), "the ECS agent's double is up")

    def stop_agent(self) -> None:
        assert self.agent
        self.started.remove(self.agent)
        self._end(self.agent)

    # ---- kedge

    def write_conf(self, **more: dict[str, Any]) -> str:
        port = "1"
        if self.with_agent:
            with open(os.path.join(self.state, "introspection.port"), encoding="utf-8") as f:
                port = f.read().strip()
        conf: dict[str, dict[str, Any]] = {
            "kedge": {"state_dir": self.state_dir, "run_dir": self.run_dir, "user": "nobody", "region": "eu-west-1",
                      "log": "info"},
            "engine": {"socket": self.socket},
            "ecs_agent": {"introspection": f"http://127.0.0.1:{port}", "log": self.agent_log,
                          "config": os.path.join(self.folder, "ecs.config")},
            "aws": {"endpoint": "http://127.0.0.1:1", "credentials_file": os.path.join(self.cloud, "credentials")},
            "policy": {"rollback": "manual"},
            "report": {"listen": ""},       # many sites run at one time
        }
        if self.with_cloud:
            with open(os.path.join(self.cloud, "endpoint"), encoding="utf-8") as f:
                conf["aws"]["endpoint"] = f.read().strip()
            conf["aws"]["ca_file"] = os.path.join(self.cloud, "ca.pem")
        for section, members in [*self.conf.items(), *more.items()]:
            conf[section] = conf.get(section, {}) | members
        text = "".join(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in members.items())
                       for section, members in conf.items())
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write(text)
        return self.conf_path

    def start_kedge(self, synced: bool = True, fresh_conf: bool = True, uid: int = 0) -> Kedge:
        if fresh_conf or not os.path.exists(self.conf_path):
            self.write_conf()
        k = Kedge(self.conf_path, os.path.join(self.folder, "kedge.log"), self.binary,
                  self.environment, uid, self.kedge_inside)
        self.kedges.append(k)
        self.kedge = k
        if synced:
            self._must(lambda: self.source("engine") == "up" or not k.alive(), "kedge has the engine's listing")
        return k

    def reload(self, conf: dict[str, dict[str, Any]]) -> None:
        """These settings instead, in the kedge that runs."""
        assert self.kedge
        self.conf = conf
        self.write_conf()
        before = len(self.kedge.said("is read again"))
        self.kedge.process.send_signal(signal.SIGHUP)
        wait(lambda: self.kedge and len(self.kedge.said("is read again")) > before)

    def set_policy(self, **members: Any) -> None:
        self.reload(self.conf | {"policy": {"rollback": "manual"} | members})

    def stop_kedge(self, how: int = signal.SIGTERM) -> int | None:
        return self.kedge.stop(how)

    def run(self, *arguments: str, conf: bool = True, seconds: float = 40) -> subprocess.CompletedProcess[str]:
        """One verb of the binary under test."""
        head = [self.binary, "--conf", self.conf_path] if conf else [self.binary]
        return subprocess.run([*head, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=seconds, errors="replace")

    def read(self, verb: str, *arguments: str) -> dict[str, Any]:
        """The JSON object of a reading verb; {} when there is none yet."""
        try:
            found = json.loads(self.run(verb, *arguments, "--json").stdout)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def status(self) -> dict[str, Any]:
        return self.read("status")

    def source(self, name: str) -> str:
        found = self.status()
        return found.get("sources", {}).get(name, {}).get("state", "") if found.get("daemon", True) else ""

    def wait_source(self, name: str, state: str, seconds: float = 15.0) -> bool:
        return bool(wait(lambda: self.source(name) == state, seconds))

    def failures(self, **members: Any) -> list[dict[str, Any]]:
        """Those whose members are as told, oldest first; provisional ones are left out."""
        found = [f for f in self.read("failures").get("failures", []) if not f.get("provisional")]
        return [f for f in reversed(found) if all(f.get(k) == v for k, v in members.items())]

    def wait_failure(self, seconds: float = 20.0, **members: Any) -> dict[str, Any]:
        found = wait(lambda: self.failures(**members), seconds, 0.1)
        return found[-1] if found else {}

    # ---- the cloud and its tasks

    def ctl(self, command: str, **members: Any) -> dict[str, Any]:
        answer = call(self.cloud, command, **members)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def define(self, family: str, *containers: dict[str, Any]) -> str:
        defaults = {"memory": 64, "essential": True, "image": f"{REGISTRY}/web:11"}
        return self.ctl("register-task-definition", family=family, containerDefinitions=[
            defaults | {"name": "app" if i == 0 else f"c{i}"} | c for i, c in enumerate(containers)])["name"]

    def run_task(self, family: str, *containers: dict[str, Any]) -> str:
        return self.ctl("run-task", taskDefinition=self.define(family, *containers))["taskArn"]

    def service(self, name: str, *containers: dict[str, Any], **members: Any) -> str:
        """Returns the task definition's name."""
        td = self.define(name, *containers)
        self.ctl("create-service", service=name, taskDefinition=td, **members)
        return td

    def task_in_cloud(self, arn: str) -> dict[str, Any]:
        return next((t for t in self.ctl("dump")["tasks"] if t["taskArn"] == arn), {})

    def tasks_of(self, family: str) -> list[dict[str, Any]]:
        return [t for t in self.ctl("dump")["tasks"] if f"/{family}:" in t["taskDefinitionArn"]]

    def wait_task(self, arn: str, status: str, seconds: float = 30.0) -> bool:
        return bool(wait(lambda: self.task_in_cloud(arn).get("lastStatus") == status, seconds))

    def container_of(self, arn: str, name: str = "app") -> dict[str, Any]:
        """The engine's listing row of a task's container."""
        filters = json.dumps({"label": [f"{LABEL}task-arn={arn}", f"{LABEL}container-name={name}"]})
        rows = self.docker.call("GET", "/containers/json?all=1&filters=" + filters.replace(" ", "")
                                .replace('"', "%22").replace("{", "%7B").replace("}", "%7D"))
        return rows[0] if rows else {}

    def image(self, tag: str, cmd: str = "serve", *options: str, **spec: Any) -> str:
        """Into the registry; options are those of engine.sh image, spec those of engine_replay.py."""
        if self.engine == "real":
            return self.engine_sh("image", tag, f"cmd={cmd}", *options)
        return self.docker.call("POST", "/_double/image", {
            "ref": f"{REGISTRY}/{tag}", "spec": {"cmd": cmd.split()} | spec})["digest"]


def image_files(site: Site, tag: str, files: dict[str, tuple[bytes, int]], entrypoint: list[str],
                arch: str = "amd64") -> None:
    """An image of these files (path: content, mode) in the registry, said to be for arch; not in the engine."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for path, (content, mode) in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    diff = hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps({"architecture": arch, "os": "linux", "config": {"Entrypoint": entrypoint},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + diff]}, "history": [{}]}).encode()
    ref = f"{REGISTRY}/{tag}"
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": [ref], "Layers": ["l/layer.tar"]}]).encode()
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for path, content in (("l/layer.tar", layer.getvalue()), (name, config), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    repo, _, version = ref.rpartition(":")
    post(site.socket, "/images/load", whole.getvalue(), "Loaded image")
    post(site.socket, f"/images/{repo}/push?tag={version}", b"", "digest: sha256")
    site.docker.call("DELETE", f"/images/{ref}?force=1")


def post(socket: str, path: str, body: bytes, wanted: str) -> None:
    conn = UnixConnection(socket, 60)
    conn.request("POST", path, body, {"Host": "docker", "Content-Type": "application/x-tar",
                                      "X-Registry-Auth": "e30="})
    answer = conn.getresponse().read().decode()
    conn.close()
    if wanted not in answer:
        raise RuntimeError(f"{path}: {answer}")


def labels(task: str, family: str = "direct", revision: int = 1, container: str = "app") -> dict[str, str]:
    """The five labels the ECS agent gives each container."""
    return {LABEL + "cluster": "edge", LABEL + "container-name": container, LABEL + "task-arn": ARN + task,
            LABEL + "task-definition-family": family, LABEL + "task-definition-version": str(revision)}
