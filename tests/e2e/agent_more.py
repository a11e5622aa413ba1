#!/usr/bin/env python3
"""The ECS agent's double with what a task definition cannot say here: the docker label e2e.config of a container
definition is JSON laid over the engine's create body (an object into the object, anything else in its place); its
member e2e.name is the name the container is created under.

E2E_LOG_CLOCK="SCALE ANCHOR_MS" in the environment: the log's times are those of a clock that runs SCALE times as fast since
the boot time ANCHOR_MS (as KEDGE_CLOCK_SCALE and KEDGE_CLOCK_ANCHOR_MS do it to kedge's)."""
from __future__ import annotations

import json
import os
import sys
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "doubles"))

import agent_log  # noqa: E402
import agent_task  # noqa: E402
import docker_api  # noqa: E402
import ecs_agent  # noqa: E402
from fast_clock import FastClock  # noqa: E402

plain, plain_create = agent_task.Task._config, docker_api.Docker.create


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def config(task: Any, c: Any) -> dict[str, Any]:
    body = plain(task, c)
    more = body["Labels"].pop("e2e.config", "{}")
    merge(body, json.loads(more))
    return body


def create(docker: Any, name: str, body: dict[str, Any]) -> str:
    return plain_create(docker, body.pop("e2e.name", name), body)


if os.environ.get("E2E_LOG_CLOCK"):
    agent_log.time = FastClock(*map(float, os.environ["E2E_LOG_CLOCK"].split()))
agent_task.Task._config = config
docker_api.Docker.create = create
ecs_agent.main()
