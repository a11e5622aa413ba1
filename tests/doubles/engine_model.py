"""A modelled container engine: images in a registry and in the store, containers, and the event ring."""
from __future__ import annotations

import copy
import hashlib
import json
import secrets
import threading
import time
from collections import deque
from datetime import datetime, timezone
from typing import Any, Callable

from engine_texts import Exchange, Texts

RING = 256
NEVER = "0001-01-01T00:00:00Z"


class Answer(Exception):
    """An answer other than the plain success of a call."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def rfc3339(nano: int) -> str:
    stamp = datetime.fromtimestamp(nano // 10**9, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{nano % 10**9:09d}".rstrip("0").rstrip(".") + "Z"


def since_text(seconds: float) -> str:
    """How long ago, in the engine's words."""
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return f"{int(seconds)} second" + ("" if int(seconds) == 1 else "s")
    if seconds < 3600:
        return "About a minute" if seconds < 120 else f"{int(seconds / 60)} minutes"
    return "About an hour" if seconds < 7200 else f"{int(seconds / 3600)} hours"


def full_reference(ref: str) -> str:
    if "@" in ref or ":" in ref.rpartition("/")[2]:
        return ref
    return ref + ":latest"


class Image:
    def __init__(self, ref: str, spec: dict[str, Any]) -> None:
        self.ref = full_reference(ref)
        self.spec = spec
        seed = f"{self.ref} {spec.get('salt', '')} {sorted(spec.items())!r}".encode()
        self.digest = spec.get("digest") or "sha256:" + hashlib.sha256(b"m" + seed).hexdigest()
        self.id = spec.get("id") or "sha256:" + hashlib.sha256(b"c" + seed).hexdigest()

    def repo(self) -> str:
        return self.ref.rpartition(":")[0]


class Events:
    """The last 256 events and whoever listens; an item is bytes to send, or None for an abrupt end."""

    def __init__(self) -> None:
        self.ring: deque[dict[str, Any]] = deque(maxlen=RING)
        self.readers: list[Callable[[Any], None]] = []
        self.lock = threading.Lock()
        self._last = 0

    def add(self, kind: str, action: str, ident: str, attributes: dict[str, str],
            legacy: dict[str, str] | None = None) -> None:
        with self.lock:
            self._last = max(time.time_ns(), self._last + 1)
            event = (legacy or {}) | {
                "Type": kind, "Action": action, "Actor": {"ID": ident, "Attributes": attributes},
                "scope": "local", "time": self._last // 10**9, "timeNano": self._last}
            self._out(event)

    def play(self, event: dict[str, Any]) -> None:
        """A scripted event, as it is; without a time it gets the present."""
        with self.lock:
            now = time.time_ns()
            self._out({"time": now // 10**9, "timeNano": now} | event)

    def _out(self, event: dict[str, Any]) -> None:
        self.ring.append(event)
        for reader in self.readers:
            reader(event)

    def raw(self, item: bytes | None) -> None:
        with self.lock:
            for reader in self.readers:
                reader(item)

    def listen(self, reader: Callable[[Any], None]) -> list[dict[str, Any]]:
        """Adds a reader; returns what the ring holds, so that none is lost between."""
        with self.lock:
            self.readers.append(reader)
            return list(self.ring)

    def leave(self, reader: Callable[[Any], None]) -> None:
        with self.lock:
            self.readers.remove(reader)


class Container:
    def __init__(self, engine: Engine, name: str, config: dict[str, Any], image: Image) -> None:
        self.engine, self.name, self.config, self.image = engine, name, config, image
        self.id = secrets.token_hex(32)
        self.created = time.time_ns()
        self.status, self.exit_code, self.error = "created", 0, ""
        self.oom = False
        self.started = self.finished = 0
        self.health = ""
        self.log = b""
        self.run_id = 0
        spec = image.spec
        self.entrypoint: list[str] = config.get("Entrypoint") or spec.get("entrypoint", ["/app"])
        self.cmd: list[str] = config.get("Cmd") or spec.get("cmd", ["serve"])
        self.args = [*self.entrypoint, *self.cmd]
        self.labels: dict[str, str] = config.get("Labels") or {}

    # ---- what it says of itself

    def event(self, action: str, **extra: str) -> None:
        attributes = dict(sorted({**self.labels, **extra, "image": self.config["Image"],
                                  "name": self.name}.items()))
        self.engine.events.add("container", action, self.id, attributes,
                               {"status": action, "id": self.id, "from": self.config["Image"]})

    def network_event(self, action: str) -> None:
        mode = self.network()
        kind = {"none": "null"}.get(mode, mode)
        self.engine.events.add("network", action, self.engine.network_id(mode),
                               {"container": self.id, "name": mode, "type": kind})

    def network(self) -> str:
        mode = (self.config.get("HostConfig") or {}).get("NetworkMode") or "default"
        return "bridge" if mode == "default" else mode

    def inspect(self) -> dict[str, Any]:
        out = copy.deepcopy(self.engine.texts.container)
        running = self.status == "running"
        state = {"Status": self.status, "Running": running, "Paused": False, "Restarting": False,
                 "OOMKilled": self.oom, "Dead": False, "Pid": 4242 if running else 0,
                 "ExitCode": self.exit_code, "Error": self.error,
                 "StartedAt": rfc3339(self.started) if self.started else NEVER,
                 "FinishedAt": rfc3339(self.finished) if self.finished else NEVER}
        if self.health:
            state["Health"] = {"Status": self.health, "FailingStreak": int(self.health == "unhealthy"),
                               "Log": []}
        out |= {"Id": self.id, "Created": rfc3339(self.created), "Path": self.args[0],
                "Args": self.args[1:], "State": state, "Image": self.image.id, "Name": "/" + self.name}
        out["HostConfig"] |= self.config.get("HostConfig") or {}
        out["Config"] |= {k: v for k, v in self.config.items() if k not in ("HostConfig", "NetworkingConfig")}
        out["Config"]["Hostname"] = self.id[:12]
        return out

    def listed(self) -> dict[str, Any]:
        out = copy.deepcopy(self.engine.texts.listed)
        command = " ".join(self.args)
        return out | {"Id": self.id, "Names": ["/" + self.name], "Image": self.config["Image"],
                      "ImageID": self.image.id, "Command": command, "Created": self.created // 10**9,
                      "Labels": self.labels, "State": self.status, "Status": self.status_text(),
                      "HostConfig": {"NetworkMode": self.network()}}

    def status_text(self) -> str:
        now = time.time_ns()
        if self.status == "created":
            return "Created"
        if self.status == "running":
            text = "Up " + since_text((now - self.started) / 1e9)
            health = {"starting": "health: starting"}.get(self.health, self.health)
            return text + (f" ({health})" if health else "")
        return f"Exited ({self.exit_code}) {since_text((now - self.finished) / 1e9)} ago"

    # ---- what happens to it

    def start(self) -> None:
        if self.status == "running":
            raise Answer(304, "")
        old = self.engine.texts.engine == "20"
        failure = self._start_failure()
        if failure:
            status, text, code = failure
            self.exit_code, self.error = code, text
            if old:
                self.network_event("connect")
            self.network_event("disconnect")
            raise Answer(status, text)
        self.network_event("connect")
        with self.engine.lock:
            self.started = time.time_ns()
            self.status, self.exit_code, self.error, self.oom = "running", 0, "", False
            self.run_id += 1
            if self._probe():
                self.health = "starting"
        self.event("start")
        threading.Thread(target=self._live, args=(self.run_id,), daemon=True).start()

    def _start_failure(self) -> tuple[int, str, int] | None:
        texts, spec = self.engine.texts, self.image.spec
        if case := spec.get("start_fails"):
            return texts.start_error(case)
        user = self.config.get("User") or ""
        if user and not user.split(":")[0].isdigit() and user not in ("root", "nobody"):
            return texts.start_error("user-bad-name", user)
        program = self.args[0]
        if program in spec.get("files", ["/app"]):
            if spec.get("mode") == "0644":
                return texts.start_error("start-exec-permission", program)
            return None
        case = "start-exec-notfound-abs" if program.startswith("/") else "start-exec-notfound-path"
        return texts.start_error(case, program)

    def _probe(self) -> dict[str, Any] | None:
        return self.config.get("Healthcheck") or self.image.spec.get("healthcheck")

    def _live(self, run: int) -> None:
        """Plays the application of tests/rig/app.c."""
        args = self.args[1:] or ["serve"]
        if self.image.spec.get("arch", "amd64") != "amd64":
            self.log += f"exec {self.args[0]}: exec format error\n".encode()
            self.ended(run, 1 if self.engine.texts.engine == "20" else 255)
            return
        if args[0] == "exit":
            time.sleep(int(args[2]) / 1000 if len(args) > 2 else 0.02)
            self.ended(run, int(args[1]) if len(args) > 1 else 1)
        elif args[0] == "segv":
            self.ended(run, 139)
        elif args[0] == "oom":
            time.sleep(0.05)
            if self.run_id == run and self.status == "running":
                self.oom = True
                self.event("oom")
                self.ended(run, 137)
        elif args[0] == "say":
            self.log += (args[2] if len(args) > 2 else "").encode() + b"\n"
            self.ended(run, int(args[1]) if len(args) > 1 else 1)
        elif args[0] in ("serve", "ignore-term", "healthy-for"):
            self._probe_loop(run, args)
        else:
            self.log += f'app: no behaviour "{args[0]}"\n'.encode()
            self.ended(run, 64)

    def _probe_loop(self, run: int, args: list[str]) -> None:
        probe = self._probe()
        if not probe:
            return
        well_until = time.monotonic() + (int(args[1]) / 1000 if args[0] == "healthy-for" and len(args) > 1
                                         else 0)
        fails, command = 0, " ".join(probe["Test"][1:])
        while True:
            time.sleep((probe.get("Interval") or 30e9) / 1e9)
            if self.run_id != run or self.status != "running":
                return
            well = time.monotonic() < well_until
            ident = secrets.token_hex(32)
            self.event(f"exec_create: {command}", execID=ident)
            self.event(f"exec_start: {command}", execID=ident)
            self.event("exec_die", execID=ident, exitCode=str(int(not well)))
            fails = 0 if well else fails + 1
            now = "healthy" if well else "unhealthy" if fails >= (probe.get("Retries") or 3) else self.health
            if now != self.health:
                self.health = now
                self.event(f"health_status: {now}")

    def ended(self, run: int, code: int, stop: bool = False) -> None:
        """stop: an API stop ended it, which has an event of its own, in the order of that engine."""
        with self.engine.lock:
            if self.status != "running" or self.run_id != run:
                return
            self.status, self.exit_code, self.finished = "exited", code, time.time_ns()
        die: dict[str, str] = {"exitCode": str(code)}
        if self.engine.texts.engine != "20":
            die["execDuration"] = str((self.finished - self.started) // 10**9)
            self.network_event("disconnect")
            if stop:
                self.event("stop")
            self.event("die", **die)
            return
        self.event("die", **die)
        self.network_event("disconnect")
        if stop:
            self.event("stop")

    def stop(self, seconds: float) -> None:
        if self.status != "running":
            raise Answer(304, "")
        run = self.run_id
        self.event("kill", signal="15")
        if self.args[1:2] != ["ignore-term"]:
            self.ended(run, 0, stop=True)
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.status == "running":
            time.sleep(0.02)
        self.event("kill", signal="9")
        self.ended(run, 137, stop=True)

    def kill(self, signal: str) -> None:
        if self.status != "running":
            raise Answer(409, f"Cannot kill container: {self.id}: Container {self.id} is not running")
        number = {"KILL": 9, "SIGKILL": 9, "TERM": 15, "SIGTERM": 15}.get(signal) or int(signal)
        self.event("kill", signal=str(number))
        if number == 9:
            self.ended(self.run_id, 137)
        elif number == 15 and self.args[1:2] != ["ignore-term"]:
            self.ended(self.run_id, 0)


class Engine:
    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.lock = threading.RLock()
        self.events = Events()
        self.registry: dict[str, Image] = {}
        self.registry_fails = ""
        self.ref_fails: dict[str, str] = {}
        self.store: dict[str, Image] = {}
        self.containers: dict[str, Container] = {}
        self._networks: dict[str, str] = {}

    def network_id(self, name: str) -> str:
        return self._networks.setdefault(name, hashlib.sha256(name.encode()).hexdigest())

    # ---- registry and images

    def add_image(self, ref: str, spec: dict[str, Any]) -> Image:
        """Puts an image into the registry; the tag's digest changes with what is in spec."""
        image = Image(ref, spec)
        with self.lock:
            self.registry[image.ref] = image
            self.registry[f"{image.repo()}@{image.digest}"] = image
            if spec.get("local"):
                self._keep(image)
        return image

    def _keep(self, image: Image) -> None:
        self.store[image.ref] = image
        self.store[f"{image.repo()}@{image.digest}"] = image
        self.store[image.id] = image

    def _failure(self, ref: str, kind: str) -> Exchange | None:
        case = self.registry_fails or self.ref_fails.get(full_reference(ref), "")
        if case:
            return self.texts.recorded(case, kind, ref)
        if full_reference(ref) not in self.registry:
            return self.texts.recorded("real-tag-absent", kind, ref)
        return None

    def distribution(self, ref: str) -> dict[str, Any]:
        if failure := self._failure(ref, "distribution"):
            raise Answer(failure.status, failure.message())
        image = self.registry[full_reference(ref)]
        return {"Descriptor": {"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                               "digest": image.digest, "size": 476},
                "Platforms": [{"architecture": image.spec.get("arch", "amd64"), "os": "linux"}]}

    def pull(self, ref: str) -> list[dict[str, Any]]:
        """The stream's records; an error before the first of them is raised."""
        failure = self._failure(ref, "pull")
        if failure and failure.status >= 400:
            raise Answer(failure.status, failure.message())
        if failure:
            return [json.loads(line) for line in failure.body.splitlines() if line.strip()]
        image = self.registry[full_reference(ref)]
        time.sleep(image.spec.get("pull_ms", 20) / 1000)
        with self.lock:
            new = image.id not in self.store
            self.store[f"{image.repo()}@{image.digest}"] = image
            self.store[image.id] = image
            if "@" not in ref:
                self.store[image.ref] = image
        self.events.add("image", "pull", full_reference(ref), {"name": image.repo()},
                        {"status": "pull", "id": full_reference(ref)})
        what = "Downloaded newer image" if new else "Image is up to date"
        return [{"status": f"Pulling from {image.repo().partition('/')[2]}", "id": full_reference(ref)},
                {"status": f"Digest: {image.digest}"}, {"status": f"Status: {what} for {full_reference(ref)}"}]

    def local(self, ref: str) -> Image | None:
        with self.lock:
            return self.store.get(ref) or self.store.get(full_reference(ref))

    def image(self, ref: str) -> dict[str, Any]:
        image = self.local(ref)
        if not image:
            text = f"No such image: {ref}"
            raise Answer(404, f"no such image: {ref}: {text}" if self.texts.engine == "20" else text)
        with self.lock:
            names = [r for r, i in self.store.items() if i.id == image.id]
        out = copy.deepcopy(self.texts.image)
        return out | {"Id": image.id, "Architecture": image.spec.get("arch", "amd64"),
                      "RepoTags": [n for n in names if "@" not in n and not n.startswith("sha256:")],
                      "RepoDigests": [n for n in names if "@" in n]}

    def tag(self, source: str, ref: str) -> None:
        image = self.local(source)
        if not image:
            raise Answer(404, f"No such image: {source}")
        with self.lock:
            self.store[full_reference(ref)] = image
        self.events.add("image", "tag", image.id, {"name": full_reference(ref)},
                        {"status": "tag", "id": image.id})

    def remove_image(self, ref: str) -> None:
        image = self.local(ref)
        if not image:
            raise Answer(404, f"No such image: {ref}")
        with self.lock:
            self.store = {r: i for r, i in self.store.items() if i.id != image.id}

    # ---- containers

    def create(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        image = self.local(config.get("Image", ""))
        if not image:
            raise Answer(404, f"No such image: {full_reference(config.get('Image', ''))}")
        if case := image.spec.get("create_fails"):
            status, text, _ = self.texts.start_error(case)
            raise Answer(status, text)
        with self.lock:
            holder = next((c for c in self.containers.values() if c.name == name), None)
            if holder:
                raise Answer(409, f'Conflict. The container name "/{name}" is already in use by container '
                             f'"{holder.id}". You have to remove (or rename) that container to be able to '
                             "reuse that name.")
            c = Container(self, name, config, image)
            self.containers[c.id] = c
        c.event("create")
        return {"Id": c.id, "Warnings": []}

    def find(self, ident: str) -> Container:
        with self.lock:
            for c in self.containers.values():
                if c.name == ident.lstrip("/") or c.id.startswith(ident):
                    return c
        raise Answer(404, f"No such container: {ident}")

    def remove(self, c: Container, force: bool) -> None:
        if c.status == "running":
            if not force:
                raise Answer(409, f"You cannot remove a running container {c.id}. Stop the container before "
                             "attempting removal or force remove")
            c.kill("9")
        with self.lock:
            del self.containers[c.id]
        c.event("destroy")

    def list(self, everything: bool) -> list[Container]:
        with self.lock:
            found = [c for c in self.containers.values() if everything or c.status == "running"]
        return sorted(found, key=lambda c: -c.created)
