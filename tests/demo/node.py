"""One node with kedge on it, and the cloud above it: the processes of the demo, and questions to them."""
from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

import engines
from cloudctl import call
from docker_api import Docker, DockerError
from teller import Teller

DOUBLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "doubles")
CLOUD_SCALE = 5          # ECS's own waits: 40 s until a task counts as healthy are 8 s
AGENT_SCALE = 0.05       # the ECS agent's own waits: a retried pull gives up after some seconds
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "COLUMNS", "NO_COLOR", "TMPDIR")
PR_SET_PDEATHSIG = 1


class Trouble(Exception):
    """The stage broke down; it is not the play's fault."""


def die_with_parent() -> None:
    """In the child: the kernel ends it should the demo be killed without a chance to clean up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Node:
    def __init__(self, kedge: str, teller: Teller) -> None:
        self.kedge = kedge
        self.teller = teller
        self.folder = tempfile.mkdtemp(prefix="kedge-demo-")
        if len(self.folder) > 60:    # a socket's name has at most 107 bytes
            os.rmdir(self.folder)
            self.folder = tempfile.mkdtemp(prefix="kedge-demo-", dir="/tmp")
        os.chmod(self.folder, 0o711)
        self.conf = self.path("kedge.conf")
        self.environment = {k: v for k, v in os.environ.items() if k in KEPT_ENVIRONMENT}
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.engine, self.why_replayed = engines.choose(self.folder, self._spawn)

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder, *parts)

    # ---- processes

    def _spawn(self, name: str, argv: list[str]) -> None:
        """A double: it ends when its stdin does, so also when this program is killed."""
        with open(self.path(name + ".out"), "wb") as out:
            self.children[name] = subprocess.Popen(
                [sys.executable, *argv], stdin=subprocess.PIPE, stdout=out, stderr=out,
                env=self.environment, start_new_session=True)

    def _wait_for_file(self, name: str, *parts: str) -> str:
        for _ in range(150):
            if os.path.exists(self.path(*parts)):
                with open(self.path(*parts), encoding="utf-8") as file:
                    return file.read().strip()
            if self.children[name].poll() is not None:
                raise Trouble(f"the {name} double ended at once:\n{self._tail(name + '.out', 5)}")
            time.sleep(0.1)
        raise Trouble(f"the {name} double does not come up")

    def start(self) -> None:
        self.teller.act("The stage")
        self.teller.say(f"Engine: {self.engine.told}." + (f" (No real one: {self.why_replayed}.)"
                                                          if self.why_replayed else ""))
        self.teller.say(f"""ECS and its agent are doubles on this machine. Their clocks run faster than life:
            ECS's {CLOUD_SCALE} times (so "40 s until healthy" are {40 // CLOUD_SCALE} s), the agent's
            {round(1 / AGENT_SCALE)} times. kedge is {self.kedge}, as it ships, and its clock is the real one.""")
        try:
            self.engine.start()
        except OSError as why:
            raise Trouble(str(why)) from why
        self._spawn("cloud", [os.path.join(DOUBLES, "ecs_cloud.py"), "--dir", self.path("cloud"),
                              "--time-scale", str(CLOUD_SCALE), "--lag-max", "0.3", "--stdin-watch"])
        self._wait_for_file("cloud", "cloud", "port")
        self._spawn("agent", [os.path.join(DOUBLES, "ecs_agent.py"), "--docker", self.engine.socket,
                              "--control", self.path("cloud", "control.sock"), "--state", self.path("agent"),
                              "--time-scale", str(AGENT_SCALE), "--stdin-watch"])
        self._wait_for_file("agent", "agent", "introspection.port")
        self.write_conf()
        self._start_kedge()

    def _start_kedge(self) -> None:
        with open(self.path("kedge.log"), "ab") as log:
            self.children["kedge"] = subprocess.Popen(
                [self.kedge, "--conf", self.conf, "agent"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, start_new_session=True, preexec_fn=die_with_parent)

    def stop(self) -> None:
        """Ends everything in the order of dependence and leaves nothing behind."""
        for name in ("kedge", "agent"):
            self._end(name)
        try:
            self.engine.stop()
        except OSError as why:
            print(f"demo: {why}", file=sys.stderr)
        for name in list(self.children):
            self._end(name)
        if not os.environ.get("DEMO_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, name: str) -> None:
        child = self.children.pop(name, None)
        if child is None:
            return
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()

    # ---- kedge

    def write_conf(self, **policy: str) -> None:
        """policy: keys of [policy] beside the demo's short hold-down."""
        with open(self.path("cloud", "endpoint"), encoding="utf-8") as file:
            endpoint = file.read().strip()
        with open(self.path("agent", "introspection.port"), encoding="utf-8") as file:
            port = file.read().strip()
        lines = {
            "kedge": {"state_dir": self.path("state"), "run_dir": self.path("run"), "user": "nobody", "region": "eu-west-1"},
            "engine": {"socket": self.engine.socket},
            "ecs_agent": {"introspection": f"http://127.0.0.1:{port}", "log": self.path("agent", "ecs-agent.log"),
                          "config": self.path("ecs.config")},
            "aws": {"endpoint": endpoint, "ca_file": self.path("cloud", "ca.pem"), "credentials": "file",
                    "credentials_file": self.path("cloud", "credentials")},
            "policy": {"hold_down": "1s", **policy},
            "report": {"listen": ""},
        }
        text = "".join(f"[{section}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
                       for section, keys in lines.items())
        with open(self.conf + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.conf + ".new", self.conf)

    def policy(self, **policy: str) -> None:
        """New rules for the running daemon, as `systemctl reload kedge` would bring them."""
        self.write_conf(**policy)
        self.children["kedge"].send_signal(signal.SIGHUP)
        self.teller.event("kedge.conf now has " + ", ".join(f"{k} = {v}" for k, v in policy.items()) +
                          "; it is read again (SIGHUP)")

    def verb(self, *words: str) -> list[str]:
        return [self.kedge, "--conf", self.conf, *words]

    def show(self, *words: str) -> None:
        self.teller.show("kedge " + " ".join(words), self.verb(*words), self.environment)

    def ask(self, *words: str) -> dict[str, Any]:
        """A reading verb's JSON; {} while there is none yet."""
        if self.children["kedge"].poll() is not None:
            raise Trouble(f"kedge ended by itself with {self.children['kedge'].returncode}")
        done = subprocess.run(self.verb(*words, "--json"), env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=30)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def service(self) -> dict[str, Any]:
        return next((s for s in self.ask("services").get("services", []) if s["service"] == "web"), {})

    def rollback(self) -> dict[str, Any]:
        found = self.service().get("rollback")
        return found if isinstance(found, dict) else {}

    def failures(self, revision: int) -> list[dict[str, Any]]:
        """Of one revision of web, oldest first, those still in retry left out."""
        found = [f for f in self.ask("failures").get("failures", [])
                 if f["revision"] == revision and not f["provisional"]]
        return sorted(found, key=lambda f: int(f["id"][1:]))

    # ---- the cloud and the engine, asked past kedge

    def cloud(self, command: str, **members: Any) -> dict[str, Any]:
        answer = call(self.path("cloud"), command, **members)
        if not answer.get("ok"):
            raise Trouble(f"cloud double: {command}: {answer.get('error')}")
        return answer

    def web(self) -> dict[str, Any]:
        """ECS's own books of the service: service, deployments[], revisions[]."""
        found: dict[str, Any] = self.cloud("dump")["services"]["web"]
        return found

    def deployment(self, back: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.web()["deployments"][-back]
        return found

    def register(self, tag: str, **more: Any) -> str:
        """The next revision of the task definition web; returns its name."""
        container = {"name": "web", "image": f"{engines.HOST}/web:{tag}", "essential": True, "memory": 64, **more}
        return str(self.cloud("register-task-definition", family="web", containerDefinitions=[container],
                              **({"first_revision": 11} if tag == "11" else {}))["name"])

    def deploy(self, definition: str, **more: Any) -> str:
        """What a CI does; returns the service deployment's ARN."""
        self.teller.event(f"CI: aws ecs update-service --service web --task-definition {definition}" +
                            (" --force-new-deployment" if more.get("forceNewDeployment") else ""))
        return str(self.cloud("update-service", service="web", taskDefinition=definition, **more)
                   ["serviceDeploymentArn"])

    def stops(self) -> list[str]:
        """ARNs of the StopServiceDeployment calls that ECS accepted of kedge, in order."""
        with open(self.path("cloud", "requests.jsonl"), encoding="utf-8") as file:
            entries = [json.loads(line) for line in file if line.endswith("\n")]
        return [e["body"]["serviceDeploymentArn"] for e in entries
                if e["op"] == "StopServiceDeployment" and e["status"] == 200]

    def changes_asked(self) -> int:
        """Every call of kedge that would change something in AWS, accepted or not."""
        with open(self.path("cloud", "requests.jsonl"), encoding="utf-8") as file:
            return sum(1 for line in file if '"op":"StopServiceDeployment"' in line or '"op":"UpdateService"' in line)

    def placed(self, deployment: str) -> bool:
        """The ECS agent was given a task of this newest deployment, whatever became of it since."""
        books = self.cloud("dump")
        web = books["services"]["web"]
        rollout = next(d["id"] for d in web["service"]["deployments"] if d["status"] == "PRIMARY")
        return web["deployments"][-1]["serviceDeploymentArn"] == deployment and any(
            t.get("startedBy") == rollout and self._agent_has(t["taskArn"]) for t in books["tasks"])

    def _agent_has(self, task: str) -> bool:
        with open(self.path("agent", "ecs-agent.log"), encoding="utf-8") as file:
            return any(task in line and "Received task payload" in line for line in file)

    def running(self) -> list[tuple[str, str]]:
        """(revision of web, digest) of every container that the engine runs now."""
        docker, label = Docker(self.engine.socket), "com.amazonaws.ecs.task-definition-version"
        found = []
        try:
            for c in docker.call("GET", "/containers/json"):
                digests = docker.image(c["ImageID"]).get("RepoDigests") or [""]
                found += [(c["Labels"][label], d.rpartition("@")[2]) for d in digests]
        except DockerError:
            return []    # it ended between the two questions
        return found

    # ---- when it went wrong

    def _tail(self, name: str, lines: int) -> str:
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return "".join(f"    {line}" for line in file.readlines()[-lines:])
        except OSError:
            return "    (nothing)\n"

    def seen(self) -> str:
        """What there is to find out why a step failed."""
        parts = []
        for title, get in (("kedge services --json", lambda: self.ask("services")),
                           ("kedge failures --json", lambda: self.ask("failures").get("failures", [])[:4]),
                           ("sources", lambda: self.ask("status").get("sources")),
                           ("ECS's deployments", lambda: [
                               {k: d.get(k) for k in ("serviceDeploymentArn", "status", "statusReason", "states")}
                               for d in self.web()["deployments"][-3:]]),
                           ("calls that change something", self.changes_asked),
                           ("running", self.running)):
            try:
                parts.append(f"-- {title}\n{json.dumps(get(), indent=1)}\n")
            except Exception as why:    # whatever it is, the rest is still worth seeing
                parts.append(f"-- {title}: {why}\n")
        for name, lines in (("kedge.log", 40), ("agent/ecs-agent.log", 12), ("cloud.out", 5), ("agent.out", 5)):
            parts.append(f"-- the end of {name}\n{self._tail(name, lines)}")
        return "".join(parts)
