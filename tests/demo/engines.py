"""The container engine of the demo: a real dockerd with its registry, or the double of one."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any, Callable

from docker_api import Docker

HERE = os.path.dirname(os.path.abspath(__file__))
RIG = os.path.join(HERE, "..", "rig", "engine.sh")
REPLAY = os.path.join(HERE, "..", "doubles", "engine_replay.py")
HOST = "127.0.0.1:5001"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def why_no_real_engine() -> str:
    """"" where a real engine can run, else the reason."""
    done = subprocess.run([RIG, "can"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().removeprefix("engine.sh: ") or "engine.sh refuses"


class RealEngine:
    """engine.sh watches this program and ends its namespaces however it ends."""
    name = "real engine"

    def __init__(self, folder: str, _spawn: Callable[..., Any]) -> None:
        self.folder = os.path.join(folder, "engine")
        self.socket = os.path.join(self.folder, "docker.sock")
        self.told = "a real dockerd and a real registry, in namespaces of their own"
        self._init = 0

    def _rig(self, *words: str) -> str:
        # a session of its own: Ctrl-C is for the demo, which then stops the rig in order
        done = subprocess.run([RIG, words[0], self.folder, *words[1:]], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, start_new_session=True)
        if done.returncode != 0:
            raise OSError(f"engine.sh {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def start(self) -> None:
        """Signals wait meanwhile: half a rig could not be found again."""
        held: list[int] = []
        before = {one: signal.signal(one, lambda number, _: held.append(number)) for one in ENDING}
        try:
            self._rig("start", "--guard", str(os.getpid()))
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
            if held:
                os.kill(os.getpid(), held[0])
        with open(os.path.join(self.folder, "init.pid"), encoding="utf-8") as file:
            self._init = int(file.read())

    def image(self, name: str, cmd: str = "serve", entrypoint: str = "/app") -> str:
        """Builds and pushes, is not left in the engine; returns the digest."""
        return self._rig("image", name, f"cmd={cmd}", f"entrypoint={entrypoint}")

    def registry_stop(self) -> None:
        self._rig("registry-stop")

    def registry_start(self) -> None:
        self._rig("registry-start")

    def stop(self) -> None:
        """Also when somebody removed the rig's directory: then engine.sh cannot find what it started."""
        if os.path.exists(self.folder):
            self._rig("stop")
        elif self._runs_still():
            os.kill(self._init, signal.SIGKILL)
            self._rig("stop")

    def _runs_still(self) -> bool:
        try:
            with open(f"/proc/{self._init}/cmdline", "rb") as file:
                return self.folder.encode() in file.read()
        except OSError:
            return False


class ReplayedEngine:
    name = "replayed engine"

    def __init__(self, folder: str, spawn: Callable[..., Any]) -> None:
        self.socket = os.path.join(folder, "docker.sock")
        self.told = "a double that replays what a real dockerd was recorded to say"
        self._spawn = spawn
        self._pushes = 0

    def _call(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        return Docker(self.socket).call("POST", f"/_double/{what}", body) or {}

    def start(self) -> None:
        self._spawn("engine", [REPLAY, "--socket", self.socket, "--stdin-watch"])
        for _ in range(100):
            if os.path.exists(self.socket):
                return
            time.sleep(0.1)
        raise OSError("the replayed engine does not come up")

    def image(self, name: str, cmd: str = "serve", entrypoint: str = "/app") -> str:
        self._pushes += 1
        spec = {"cmd": cmd.split(), "entrypoint": [entrypoint], "salt": str(self._pushes)}
        return str(self._call("image", {"ref": f"{HOST}/{name}", "spec": spec})["digest"])

    def registry_stop(self) -> None:
        self._call("fail", {"case": "net-refused-insecure"})

    def registry_start(self) -> None:
        self._call("fail", {"case": ""})

    def stop(self) -> None:
        """It ends with its stdin."""


def choose(folder: str, spawn: Callable[..., Any]) -> tuple[RealEngine | ReplayedEngine, str]:
    """The engine, and why it is not a real one ("" if it is). DEMO_ENGINE=replayed asks for the double."""
    why = "DEMO_ENGINE asks for it" if os.environ.get("DEMO_ENGINE") == "replayed" else why_no_real_engine()
    return (ReplayedEngine(folder, spawn), why) if why else (RealEngine(folder, spawn), "")

