"""The private control socket of the cloud double: one JSON line in, one JSON line out.

Every public method of Control is a command (register_task_definition is spoken
"register-task-definition"); its parameters are the members of the request. The list with
their meaning stands in ecs_cloud.py.
"""
from __future__ import annotations

import inspect
import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any, Callable

import cloud_iam as iam
import cloud_shapes as shapes
from cloud_api import Api
from cloud_clock import Bucket
from cloud_http import AFTER, BEFORE, DATES, Fault, Link, Server
from cloud_model import (TERMINAL, Epoch, Instance, Revision, Rollout, Service, ServiceDeployment,
                         Task)
from cloud_scheduler import CONFIG_ISSUE, ORDER, ApiError, World
from cloud_sigv4 import Key, new_key

Answer = dict[str, Any]
UNLOCKED = ("link", "wan", "rotate-credentials", "wait-deployment")
REPORT = {"name": "str", "containerName": "str", "status": "PENDING|RUNNING|STOPPED",
          "exitCode": "int", "reason": "str", "imageDigest": "str", "runtimeId": "str",
          "healthStatus": shapes.HEALTH, "networkBindings": "[NetworkBinding]"}
MIXED_EVENTS = (
    "has started 2 tasks: (task {task}) (task {task}).",
    "was unable to place a task because no container instance met all of its requirements. The "
    "closest matching container-instance {task} encountered error \"AGENT\".",
    "is unable to consistently start tasks successfully.",
    "has stopped 1 running tasks: (task {task}).",
    CONFIG_ISSUE,
    "was unable to place a task because no container instance met all of its requirements. The "
    "closest matching container-instance {task} has insufficient memory available.",
    "(deployment ecs-svc/{number}) deployment completed.",
)


class ControlError(Exception):
    """A command that makes no sense; the text goes back to the caller."""


class Control:
    def __init__(self, api: Api, server: Server, links: list[Link], keys: dict[str, Key],
                 folder: Path, session: str) -> None:
        self._api = api
        self._world: World = api.world
        self._server = server
        self._links = links
        self._keys = keys
        self._folder = folder
        self._session = session
        self._late: dict[str, Service] | None = None    # in a batch: services to be stepped at its end
        self._denied: dict[str, list[dict[str, str]]] = {}
        self._policies: dict[str, dict[str, iam.Document]] = {}
        self._key = self._issue(session)
        self._write_credentials(0.0)

    def run(self, request: Any) -> Answer:
        """Run one command; every problem becomes {"ok": false, "error": text}."""
        try:
            if not isinstance(request, dict) or not isinstance(request.get("command"), str):
                raise ControlError("a request is an object with a member 'command'")
            name = request["command"]
            method = getattr(self, name.replace("-", "_"), None)
            if name == "run" or name.startswith("_") or not callable(method):
                raise ControlError(f"unknown command '{name}'")
            arguments = {k: v for k, v in request.items() if k != "command"}
            return {"ok": True} | self._run(name, method, arguments)
        except (ControlError, ApiError, shapes.ShapeError, iam.PolicyError) as error:
            return {"ok": False, "error": str(error)}

    def _run(self, name: str, method: Callable[..., Answer], arguments: dict[str, Any]) -> Answer:
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise ControlError(f"{name}: {error}") from error
        if name in UNLOCKED:
            return method(**arguments)
        with self._world.lock:
            answer = method(**arguments)
            if self._late is None:
                self._world.publish()
            return answer

    def batch(self, commands: list[Any]) -> Answer:
        """Many commands as one: the scheduler steps, and readers see what changed, once."""
        self._late = {}
        try:
            answers = [self.run(c) for c in commands]
        finally:
            late, self._late = self._late, None
        for service in late.values():
            self._world.step_service(service)
        return {"answers": answers}

    # --- looking -------------------------------------------------------------------------

    def ping(self) -> Answer:
        return {"model_s": round(self._world.clock.model(), 3),
                "server_unix_s": round(self._world.clock.server(), 3)}

    def dump(self) -> Answer:
        world = self._world
        return {"services": {s.name: self._dump_service(s) for s in world.services.values()},
                "tasks": [t.wire(world.cluster_arn) for t in world.tasks.values()],
                "instances": [i.wire() for i in world.instances.values()],
                "taskDefinitions": [td.wire() for f in world.families.values() for td in f],
                "clock": {"offset_s": world.clock.offset_s, "scale": world.clock.scale} | self.ping(),
                "buckets": {n: round(b.level, 2) for n, b in self._api.buckets.items()},
                "buckets_lowest_percent": {n: round(100 * b.lowest / b.burst, 1) for n, b in self._api.buckets.items() if b.burst},
                "link": self._links[0].mode, "requests": self._server.log.count,
                "handshakes": self._server.handshakes}

    def dump_service(self, service: str) -> Answer:
        return self._dump_service(self._world.find_service(service))

    @staticmethod
    def _dump_service(service: Service) -> Answer:
        last = service.last_successful
        return {"service": service.wire(), "lastSuccessfulRevision": last.arn if last else None,
                "deployments": [service.deployment_wire(d) | {"createdBy": d.created_by, "states": d.states}
                                for d in service.deployments],
                "revisions": [r.wire(service) for r in service.revisions]}

    def wait_deployment(self, service: str, status: list[str], timeout_s: float = 30.0) -> Answer:
        """Wait until the newest deployment of a service has one of these states."""
        end = time.monotonic() + timeout_s
        while True:
            with self._world.lock:
                sd = self._current(service)
                if sd.status in status:
                    return {"serviceDeploymentArn": sd.arn, "status": sd.status}
            if time.monotonic() > end:
                raise ControlError(f"still {sd.status} after {timeout_s} s")
            time.sleep(0.02)

    # --- deploying -----------------------------------------------------------------------

    def register_task_definition(self, **body: Any) -> Answer:
        shapes.check_request("RegisterTaskDefinition",
                             {k: v for k, v in body.items() if k != "first_revision"})
        td = self._api.register(body)
        return {"taskDefinitionArn": td.arn, "name": td.name}

    def deregister_task_definition(self, taskDefinition: str) -> Answer:
        self._world.find_task_definition(taskDefinition).status = "INACTIVE"
        return {}

    def create_service(self, service: str, taskDefinition: str, desiredCount: int = 1,
                       deploymentConfiguration: Answer | None = None, controller: str = "ECS",
                       by: str = "ci") -> Answer:
        config = self._config(deploymentConfiguration or {})
        td = self._world.find_task_definition(taskDefinition)
        made = self._world.create_service(service, td, desiredCount, config, controller, by)
        return {"serviceArn": made.arn, "serviceDeploymentArn": self._current(service).arn}

    def update_service(self, service: str, taskDefinition: str | None = None,
                       forceNewDeployment: bool = False, desiredCount: int | None = None,
                       deploymentConfiguration: Answer | None = None, by: str = "ci") -> Answer:
        found = self._world.find_service(service)
        config = self._config(deploymentConfiguration or {})
        td = self._world.find_task_definition(taskDefinition) if taskDefinition else None
        started = self._world.update_service(found, td, forceNewDeployment, desiredCount, config, by)
        sd = self._current(service)
        return {"started": started, "serviceDeploymentArn": sd.arn, "deployment": sd.rollout.id}

    def console_deploy(self, service: str, taskDefinition: str | None = None) -> Answer:
        """Somebody at the AWS console: a deployment nobody on the node asked for."""
        return self.update_service(service, taskDefinition, taskDefinition is None, by="console")

    def stop_deployment(self, service: str | None = None, arn: str | None = None) -> Answer:
        """Somebody else's StopServiceDeployment(ROLLBACK)."""
        wanted = arn or self._current(service or "").arn
        self._world.stop_deployment(wanted)
        return {"serviceDeploymentArn": wanted}

    def delete_service(self, service: str) -> Answer:
        found = self._world.find_service(service)
        found.status, found.desired = "INACTIVE", 0
        for task in found.tasks:
            self._world.order_stop(task, "ServiceSchedulerInitiated", "Service was deleted")
        self._world.touch_service(found)
        return {}

    def set_deployment_configuration(self, service: str, **config: Any) -> Answer:
        """Change breaker or percentages for what comes and for the deployment that goes on."""
        found = self._world.find_service(service)
        found.config |= self._config(config)
        sd = found.current
        if sd is not None and sd.ongoing():
            sd.config = dict(found.config)
        self._world.touch_service(found)
        return {"deploymentConfiguration": found.config}

    def fail_rollback(self, service: str) -> Answer:
        sd = self._current(service)
        if sd.rollback_to is None or not sd.ongoing():
            raise ControlError("no rollback goes on")
        self._world.fail_rollback(self._world.find_service(service), sd)
        return {}

    def no_target(self, outcome: str) -> Answer:
        """What becomes of a deployment without anything to roll back to."""
        if outcome not in ("ROLLBACK_FAILED", "STOPPED", "stall"):
            raise ControlError("outcome is ROLLBACK_FAILED, STOPPED or stall")
        self._world.no_target = outcome
        return {}

    def add_service_deployment(self, service: str, taskDefinition: str, status: str,
                               created_ago_s: float, sources: list[str] | None = None,
                               digests: dict[str, str] | None = None, reason: str | None = None,
                               rollback_to: str | None = None, failureCount: int = 0) -> Answer:
        """Add a finished deployment to the history of a service."""
        if status not in TERMINAL or created_ago_s <= 0:
            raise ControlError("status must be terminal and created_ago_s positive")
        world, found = self._world, self._world.find_service(service)
        when = world.clock.server() - created_ago_s
        target = self._history_revision(found, taskDefinition, when, digests or {},
                                        status == "SUCCESSFUL")
        old = [self._history_revision(found, name, when - 1, {}, True) for name in sources or []]
        arn = world.arn("service-deployment", world.cluster, found.name, world.hex_id()[:21])
        rollout = next(r for r in found.rollouts if r.revision is target)
        sd = ServiceDeployment(arn, target, rollout, old, dict(found.config), when,
                               world.clock.model(), status=status, status_reason=reason,
                               started_at=when + 1, finished_at=when + 60, updated_at=when + 60,
                               stopped_at=when + 60 if status == "STOPPED" else None,
                               breaker="MONITORING_COMPLETE", failures=failureCount,
                               created_by="history", states=[status])
        if rollback_to is not None:
            back = self._history_revision(found, rollback_to, when - 1, {}, True)
            sd.rollback = {"reason": reason or "", "started_at": when + 30, "revision": back.arn}
        found.deployments.append(sd)
        found.deployments.sort(key=lambda d: d.created_at)
        world.touch_deployment(found, sd)
        world.touch_service(found)
        return {"serviceDeploymentArn": arn, "targetServiceRevisionArn": target.arn}

    def _history_revision(self, service: Service, name: str, when: float, digests: dict[str, str],
                          good: bool) -> Revision:
        td = self._world.find_task_definition(name)
        for known in service.revisions:
            if known.td is td and (not digests or known.digests == digests):
                return known
        number = str(self._world.rng.randrange(10 ** 18, 9 * 10 ** 18))
        path = (self._world.cluster, service.name, number)
        revision = Revision(self._world.arn("service-revision", *path), 0, td, when, dict(digests))
        service.revisions.append(revision)
        rollout = Rollout(f"ecs-svc/{number}", revision, when, when, "INACTIVE",
                          "COMPLETED" if good else "FAILED", good=good)
        service.rollouts.append(rollout)
        if good and service.last_successful is None:
            service.last_successful = revision
        self._world.touch_revision(service, revision)
        return revision

    def _current(self, service: str) -> ServiceDeployment:
        sd = self._world.find_service(service).current
        assert sd is not None
        return sd

    @staticmethod
    def _config(config: Answer) -> Answer:
        shapes.check_type("deploymentConfiguration", "DeploymentConfiguration", config)
        return config

    # --- the agent double ----------------------------------------------------------------

    def instance_register(self, containerInstanceArn: str | None = None,
                          ec2InstanceId: str | None = None, agentVersion: str = "1.105.1",
                          dockerVersion: str = "20.10.24", memory: int = 4096,
                          attributes: dict[str, str] | None = None) -> Answer:
        instance = self._world.register_instance(
            containerInstanceArn, ec2_id=ec2InstanceId or f"mi-0{self._world.hex_id()[:16]}",
            agent_version=agentVersion, docker_version=f"DockerVersion: {dockerVersion}",
            memory=memory, attributes=attributes or {})
        return {"containerInstanceArn": instance.arn, "ec2InstanceId": instance.ec2_id,
                "cluster": self._world.cluster}

    def instance_connect(self, instance: str) -> Answer:
        self._world.set_connected(self._world.find_instance(instance), True)
        return {}

    def instance_disconnect(self, instance: str) -> Answer:
        self._world.set_connected(self._world.find_instance(instance), False)
        return {}

    def instance_deregister(self, instance: str) -> Answer:
        found = self._world.find_instance(instance)
        for task in list(found.tasks):
            self._world.order_stop(task, "UserInitiated", "Container instance was deregistered.")
            self._world.task_state(task, "STOPPED", [], {})
        found.status, found.connected = "INACTIVE", False
        self._world.touch_instance(found)
        return {}

    def poll_tasks(self, instance: str, since: int = 0, wait_s: float = 0.0) -> Answer:
        """Tasks of the instance (or of all: *) placed or ordered to stop since an earlier answer."""
        found = None if instance == "*" else self._world.find_instance(instance)
        tasks = self._world.wait_change(found, since, min(wait_s, 60.0))
        if found is not None and not found.connected:
            return {"connected": False, "seq": since, "tasks": []}
        return {"connected": True, "seq": max([since, *(t.seq for t in tasks)]),
                "tasks": [t.payload() for t in sorted(tasks, key=lambda t: t.seq)]}

    def submit_task_state_change(self, task: str, status: str, containers: list[Answer] | None = None,
                                 reason: str = "", pullStartedAt: float | None = None,
                                 pullStoppedAt: float | None = None,
                                 executionStoppedAt: float | None = None) -> Answer:
        found = self._task(task)
        self._check_connected(found.instance)
        if status not in ORDER:
            raise ControlError(f"status is PENDING, RUNNING or STOPPED, not '{status}'")
        reports = [self._report(found, c) for c in containers or []]
        times = {"pullStartedAt": pullStartedAt, "pullStoppedAt": pullStoppedAt,
                 "executionStoppedAt": executionStoppedAt}
        self._world.task_state(found, status, reports,
                               {k: float(v) for k, v in times.items() if v is not None})
        if reason and found.last == "STOPPED":
            found.stopped_reason = reason
            self._world.touch_task(found)
        self._after(found)
        return {"lastStatus": found.last, "desiredStatus": found.desired}

    def submit_health(self, task: str, containers: list[Answer]) -> Answer:
        """Container health as the agent's telemetry tells it."""
        found = self._task(task)
        self._check_connected(found.instance)
        reports = [self._report(found, c) for c in containers]
        if found.last != "STOPPED":
            self._world.task_state(found, found.last, reports, {})
        self._after(found)
        return {"desiredStatus": found.desired}

    def run_task(self, taskDefinition: str, instance: str | None = None, group: str | None = None,
                 startedBy: str | None = None) -> Answer:
        """A standalone or scheduled task: no service, no policy."""
        world = self._world
        td = world.find_task_definition(taskDefinition)
        where = world.find_instance(instance) if instance else \
            next((i for i in world.instances.values() if i.connected), None)
        if where is None:
            raise ControlError("no connected instance")
        task = world.new_task(td, where, group or f"family:{td.family}")
        task.started_by = startedBy
        world.touch_task(task)
        return {"taskArn": task.arn}

    def stop_task(self, task: str, reason: str = "Task stopped by user") -> Answer:
        self._world.order_stop(self._task(task), "UserInitiated", reason)
        return {}

    def _task(self, name: str) -> Task:
        if name in self._world.tasks:
            return self._world.tasks[name]
        for task in self._world.tasks.values():
            if name in (task.arn, task.id):
                return task
        raise ControlError(f"no task {name}")

    def _after(self, task: Task) -> None:
        if task.service is not None and self._late is not None:
            self._late[task.service.name] = task.service
        elif task.service is not None:
            self._world.step_service(task.service)

    @staticmethod
    def _check_connected(instance: Instance) -> None:
        if not instance.connected:
            raise ControlError("the container instance is disconnected")

    @staticmethod
    def _report(task: Task, report: Answer) -> Answer:
        shapes.check_struct("container", REPORT, report)
        name = report.get("name") or report.get("containerName") or ""
        if task.container(name) is None:
            raise ControlError(f"task {task.id} has no container '{name}'")
        return {**report, "name": name}

    # --- weather -------------------------------------------------------------------------

    def link(self, state: str, mode: str = "refuse", at: int = 0) -> Answer:
        """up | down; down refuses or blackholes the HTTPS port (of several the one at that place)."""
        if state not in ("up", "down") or mode not in ("refuse", "blackhole"):
            raise ControlError("state is up or down, mode is refuse or blackhole")
        if not 0 <= at < len(self._links):
            raise ControlError(f"there are {len(self._links)} ports")
        self._links[at].set_mode("up" if state == "up" else mode)
        return {"link": self._links[at].mode}

    def wan(self, state: str, mode: str = "refuse", instance: str | None = None) -> Answer:
        """link, and the agents' connection with it (of one instance, or of all)."""
        answer = self.link(state, mode)
        with self._world.lock:
            for found in list(self._world.instances.values()):
                if instance is None or found is self._world.find_instance(instance):
                    self._world.set_connected(found, state == "up")
            self._world.publish()
        return answer

    def set_throttle(self, category: str | None = None, op: str | None = None, burst: float = 0,
                     rate: float = 0, reset: bool = False, retry_after_ms: int = 0) -> Answer:
        """Replace the token bucket of a category (or of an operation's category)."""
        self._api.retry_after_ms = retry_after_ms
        if reset:
            self._api.reset_buckets()
            return {}
        name = category or self._api._bucket_of.get(op or "", "")
        if name not in self._api.buckets:
            raise ControlError(f"categories: {', '.join(self._api.buckets)}")
        self._api.buckets[name] = Bucket(burst, rate)
        return {"category": name}

    def fault(self, kind: str, count: int = 1, op: str | None = None, seconds: float = 5.0,
              at: float = 0.5) -> Answer:
        if kind not in BEFORE + AFTER:
            raise ControlError(f"kinds: {', '.join(BEFORE + AFTER)}")
        if op is not None and op not in shapes.REQUESTS:
            raise ControlError(f"unknown operation {op}")
        self._server.set_faults(Fault(kind, count, op, seconds, at))
        return {}

    def started_by_alone(self) -> Answer:
        """The documents call startedBy "the only filter", and leave open whether desiredStatus is one."""
        self._api.started_by_alone = True
        return {}

    def clear_faults(self) -> Answer:
        self._server.set_faults(None)
        return {}

    def pause_mid_body(self, seconds: float, op: str = "DescribeServices", at: float = 0.5,
                       count: int = 1) -> Answer:
        return self.fault("pause_mid_body", count, op, seconds, at)

    def set_tls(self, certificate: str = "good", newest: str = "1.3") -> Answer:
        """For connections from now on: a certificate that is good, expired or of the future, the newest version
        spoken, and new ticket keys."""
        if certificate not in DATES or newest not in ("1.2", "1.3"):
            raise ControlError(f"certificate: {', '.join(DATES)}; newest: 1.2, 1.3")
        self._server.renew_tls(certificate, newest)
        return {}

    def set_clock(self, offset_s: float) -> Answer:
        self._world.clock.offset_s = float(offset_s)
        return self.ping()

    def set_lag(self, max: float | None = None, fixed: float | None = None) -> Answer:
        """Lag of reads: drawn from 0..max, or always fixed."""
        replica = self._world.replica
        replica.lag_max = replica.lag_max if max is None else max
        replica.fixed = fixed
        return {"max": replica.lag_max, "fixed": fixed}

    # --- keys ----------------------------------------------------------------------------

    def _issue(self, session: str) -> Key:
        key = new_key(session)
        key.denied = self._denied.setdefault(session, [])
        key.policies = self._policies.setdefault(session, {})
        self._keys[key.access_key_id] = key
        return key

    def _write_credentials(self, torn_s: float) -> None:
        """Rewrite the shared file in place, as the SSM agent does: not atomic."""
        key, path = self._key, self._folder / "credentials"
        text = (f"[default]\naws_access_key_id     = {key.access_key_id}\n"
                f"aws_secret_access_key = {key.secret}\naws_session_token     = {key.token}\n\n")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="ascii") as file:
            file.write(text[:90])
            file.flush()
            time.sleep(torn_s)
            file.write(text[90:])

    def _named(self, session: str | None) -> list[Key]:
        name = session or self._session
        found = [k for k in self._keys.values() if k.session == name]
        if not found:
            raise ControlError(f"no key of {name}")
        return found

    def expire_credentials(self, session: str | None = None, in_s: float = 0.0) -> Answer:
        """All keys given out so far to a session end in in_s server seconds."""
        for key in self._named(session):
            key.expires_at = self._world.clock.server() + in_s
        return {}

    def rotate_credentials(self, expire_old: bool = False, torn_s: float = 0.0) -> Answer:
        """New keys in DIR/credentials; the old ones live on unless expire_old."""
        with self._world.lock:
            if expire_old:
                self.expire_credentials()
            self._key = self._issue(self._session)
        self._write_credentials(torn_s)
        return {"aws_access_key_id": self._key.access_key_id}

    def add_key(self, session: str, in_s: float | None = None) -> Answer:
        """Credentials of one more node; session is its mi-… id. They end in in_s server seconds."""
        key = self._issue(session)
        key.expires_at = None if in_s is None else self._world.clock.server() + in_s
        return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret,
                "aws_session_token": key.token, "session": session}

    def deny_action(self, action: str, resource: str = "*", session: str | None = None) -> Answer:
        """Deny an action (ecs:Name, globs allowed) to a session."""
        self._named(session)
        self._denied[session or self._session].append({"action": action, "resource": resource})
        return {"denied": self._denied[session or self._session]}

    def allow_action(self, action: str | None = None, session: str | None = None) -> Answer:
        """Take back denials of an action, or all."""
        rules = self._denied[session or self._session]
        rules[:] = [r for r in rules if action is not None and r["action"] != action]
        return {"denied": rules}

    def set_policy(self, policy: Any = None, kind: str = "identity", session: str | None = None) -> Answer:
        """The policy of a session's role: a document or a file's path; null: no policy, and all is allowed."""
        if kind not in iam.KINDS:
            raise ControlError(f"kinds: {', '.join(iam.KINDS)}")
        self._named(session)
        mine = self._policies[session or self._session]
        if policy is None:
            mine.pop(kind, None)
            return {"policies": sorted(mine)}
        if isinstance(policy, str):
            try:
                policy = json.loads(Path(policy).read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise ControlError(f"{policy}: {error}") from error
        mine[kind] = iam.check(policy)
        return {"policies": sorted(mine)}

    # --- bulk ----------------------------------------------------------------------------

    def pad_events(self, service: str, count: int = 100, kind: str = "mixed") -> Answer:
        """Fill the events of a service up to count (at most 100)."""
        world, found = self._world, self._world.find_service(service)
        texts = MIXED_EVENTS if kind == "mixed" else ("has reached a steady state.",)
        while len(found.events) < min(count, 100):
            index = len(found.events)
            text = texts[index % len(texts)].format(task=world.hex_id(), number=10 ** 18 + index)
            found.events.append({
                "id": f"{world.hex_id()[:8]}-0000-4000-8000-{world.hex_id()[:12]}",
                "createdAt": Epoch(found.created_at - 21600.0 * (index + 1)),
                "message": f"(service {found.name}) {text}"})
        world.touch_service(found)
        return {"events": len(found.events)}

    def add_services(self, count: int, taskDefinition: str, prefix: str = "svc",
                     desiredCount: int = 0, events: int = 100, kind: str = "mixed") -> Answer:
        """Add services prefix-1 … prefix-count."""
        names = [f"{prefix}-{n}" for n in range(1, count + 1)]
        for name in names:
            self.create_service(name, taskDefinition, desiredCount)
            self.pad_events(name, events, kind)
        return {"services": names}


def serve_control(control: Control, path: Path) -> None:
    """Answer on a unix socket until the process ends."""
    if len(os.fsencode(path)) > 100:
        raise SystemExit(f"the path of the control socket is too long: {path}")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(64)
    threading.Thread(target=_accept, args=(control, listener), daemon=True).start()


def _accept(control: Control, listener: socket.socket) -> None:
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_talk, args=(control, sock), daemon=True).start()


def _talk(control: Control, sock: socket.socket) -> None:
    with sock, sock.makefile("rwb") as stream:
        for line in stream:
            try:
                request = json.loads(line)
            except ValueError as error:
                request = {"command": None}
                print(f"control: not JSON: {error}", flush=True)
            try:
                stream.write(json.dumps(control.run(request), separators=(",", ":")).encode() + b"\n")
                stream.flush()
            except OSError:
                return
