"""The agent's introspection server: /v1/metadata, /v1/tasks, /license; anything else lists the commands."""
from __future__ import annotations

import json
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from agent_log import COMMIT, VERSION

if TYPE_CHECKING:
    from agent_task import Container, Task
    from ecs_agent import Agent

EMPTY_TASK = {"Arn": "", "KnownStatus": "", "Family": "", "Version": "", "Containers": None}


def container_json(c: Container, era: str) -> dict[str, Any]:
    out: dict[str, Any] = {"DockerId": c.docker_id, "DockerName": c.docker_name, "Name": c.name}
    if era >= "C":
        out |= {"Image": c.image, "ImageID": c.image_id}
        if c.created_at:
            out["CreatedAt"] = c.created_at
        if c.started_at:
            out["StartedAt"] = c.started_at
    ports = [{"ContainerPort": inner, "Protocol": proto, "HostPort": outer}
             for inner, outer, _, proto in c.bindings]
    if not ports:
        ports = [{"ContainerPort": p["containerPort"], "Protocol": p.get("protocol", "tcp")}
                 for p in c.definition.get("portMappings") or []]
    if ports:
        out["Ports"] = ports
    if c.restart_policy() and era >= "D":
        out["RestartCount"] = c.restart_count
    return out


def task_json(task: Task, era: str) -> dict[str, Any]:
    out: dict[str, Any] = {"Arn": task.arn}
    desired, known = task.desired.backend(), task.known.backend()
    if not (known == "STOPPED" and desired != "STOPPED"):
        out["DesiredStatus"] = desired
    containers = [container_json(c, era) for c in task.containers if c.docker_name]
    random.shuffle(containers)
    return out | {"KnownStatus": known, "Family": task.family, "Version": task.revision,
                  "Containers": containers}


class Introspection(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, agent: Agent, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.agent = agent

    def answer(self, target: str) -> tuple[int, str, str]:
        url = urlsplit(target)
        if url.path == "/license":
            return 200, "text/plain", "Copyright Amazon.com, Inc. or its affiliates.\n"
        if url.path == "/v1/metadata":
            return self._json(200, self.metadata())
        if url.path == "/v1/tasks":
            return self._tasks(parse_qs(url.query))
        return self._json(200, {"AvailableCommands": ["/v1/metadata", "/v1/tasks", "/license"]})

    def metadata(self) -> dict[str, Any]:
        era = self.agent.log.era
        return {"Cluster": self.agent.cluster, "ContainerInstanceArn": self.agent.instance,
                "Version": f"Amazon ECS Agent - v{VERSION[era]} (*{COMMIT[era]})"}

    def _tasks(self, query: dict[str, list[str]]) -> tuple[int, str, str]:
        era, tasks = self.agent.log.era, self.agent.listed_tasks()
        if "taskarn" in query and "dockerid" in query:
            return self._json(400, EMPTY_TASK)
        if "taskarn" in query:
            tasks = [t for t in tasks if t.arn == query["taskarn"][0]]
        elif "dockerid" in query:
            tasks = self._by_docker_id(tasks, query["dockerid"][0])
        else:
            random.shuffle(tasks)
            return self._json(200, {"Tasks": [task_json(t, era) for t in tasks]})
        if len(tasks) > 1:
            return self._json(400, EMPTY_TASK)
        if not tasks:
            self.agent.log.write("error", "Failed to get v1 task metadata.")
            return self._json(404, EMPTY_TASK)
        return self._json(200, task_json(tasks[0], era))

    @staticmethod
    def _by_docker_id(tasks: list[Task], ident: str) -> list[Task]:
        def hit(c: Container) -> bool:
            return c.docker_id == ident if len(ident) > 12 else c.docker_id.startswith(ident)
        return [t for t in tasks if any(c.docker_id and hit(c) for c in t.containers)]

    @staticmethod
    def _json(status: int, value: Any) -> tuple[int, str, str]:
        return status, "application/json", json.dumps(value, separators=(",", ":"))


class _Handler(BaseHTTPRequestHandler):
    server: Introspection
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, kind, text = self.server.answer(self.path)
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Requests are logged at debug level only."""
