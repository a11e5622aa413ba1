"""The behaviour of the ECS control plane for EXTERNAL services with rolling updates.

Everything here runs under World.lock; every public method ends by publishing what changed to
the replica that readers see. Where AWS documents no answer the choice made is marked [U].
"""
from __future__ import annotations

import heapq
import math
import random
import threading
import time
import uuid
from typing import Any, Iterable, Iterator

from cloud_clock import Clock, Replica
from cloud_model import (MAX_EVENTS, ContainerState, Instance, Revision, Rollout, Service,
                         ServiceDeployment, Task, TaskDefinition, epoch)

HEALTHY_AFTER_S = 40.0
PENDING_S = 1.0
STOPPING_S = 2.0
RELAUNCH_S = 1.0
PLACEMENT_RETRY_S = 5.0
BACKOFF_FIRST_S = 5.0
BACKOFF_MAX_S = 27 * 60.0
FORGET_S = 3600.0
EVENT_REPEAT_S = 6 * 3600.0
UNABLE_AFTER = 3
ORDER = {"PENDING": 0, "RUNNING": 1, "STOPPED": 2}
ID_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
CONFIG_ISSUE = ("was unable to stop or start tasks during a deployment because of the service "
                "deployment configuration. Update the minimumHealthyPercent or maximumPercent "
                "value and try again.")
NO_PLACE = "was unable to place a task because no container instance met all of its requirements."


class ApiError(Exception):
    """An error answer of the API: code, message, further members of the error body."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class World:
    def __init__(self, clock: Clock, region: str, account: str, cluster: str, lag_max: float,
                 rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.region, self.account, self.cluster = region, account, cluster
        self.lock = threading.RLock()
        self.cond = threading.Condition(self.lock)
        self.replica = Replica(clock, lag_max, random.Random(rng.random()))
        self.families: dict[str, list[TaskDefinition]] = {}
        self.services: dict[str, Service] = {}
        self.instances: dict[str, Instance] = {}
        self.tasks: dict[str, Task] = {}
        self.no_target = "ROLLBACK_FAILED"
        self.seq = 0
        self._dirty: dict[tuple[str, str], Any] = {}
        self._published: dict[tuple[str, str], Any] = {}

    # --- names ---------------------------------------------------------------------------

    def arn(self, kind: str, *path: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{'/'.join((kind, *path))}"

    @property
    def cluster_arn(self) -> str:
        return self.arn("cluster", self.cluster)

    def hex_id(self) -> str:
        return f"{self.rng.getrandbits(128):032x}"

    def _long_id(self) -> str:
        return str(self.rng.randrange(10 ** 18, 9 * 10 ** 18))

    def find_service(self, name: str) -> Service:
        service = self.services.get(name.rsplit("/", 1)[-1])
        if service is None or (name.startswith("arn:") and name != service.arn):
            raise ApiError("ServiceNotFoundException", "Service not found.")
        return service

    def find_task_definition(self, name: str) -> TaskDefinition:
        """By family, family:revision or ARN."""
        text = name.rsplit("/", 1)[-1] if name.startswith("arn:") else name
        family, _, number = text.partition(":")
        for td in reversed(self.families.get(family, [])):
            if (number == str(td.revision)) or (not number and td.status == "ACTIVE"):
                if not name.startswith("arn:") or name == td.arn:
                    return td
        raise ApiError("ClientException", "Unable to describe task definition.")

    def find_instance(self, name: str) -> Instance:
        if name in self.instances:
            return self.instances[name]
        for instance in self.instances.values():
            if name in (instance.arn, instance.arn.rsplit("/", 1)[1], instance.ec2_id):
                return instance
        raise ApiError("InvalidParameterException", f"Container instance not found: {name}")

    def find_deployment(self, arn: str) -> tuple[Service, ServiceDeployment]:
        for service in self.services.values():
            for sd in service.deployments:
                if sd.arn == arn:
                    return service, sd
        raise ApiError("ServiceDeploymentNotFoundException", "Service deployment not found.")

    # --- publishing ----------------------------------------------------------------------

    def touch_service(self, service: Service) -> None:
        self._dirty[("service", service.arn)] = service.wire
        for sd in service.deployments[-3:]:
            self.touch_deployment(service, sd)

    def touch_deployment(self, service: Service, sd: ServiceDeployment) -> None:
        self._dirty[("deployment", sd.arn)] = lambda: {
            "full": service.deployment_wire(sd), "brief": service.brief_wire(sd)}

    def touch_revision(self, service: Service, revision: Revision) -> None:
        self._dirty[("revision", revision.arn)] = lambda: revision.wire(service)

    def touch_task(self, task: Task) -> None:
        self._dirty[("task", task.arn)] = lambda: task.wire(self.cluster_arn)
        self.touch_instance(task.instance)
        if task.service is not None:
            self.touch_service(task.service)

    def touch_instance(self, instance: Instance) -> None:
        self._dirty[("instance", instance.arn)] = instance.wire

    def publish(self) -> None:
        for key, render in self._dirty.items():
            value = render()
            if self._published.get(key) != value:
                self._published[key] = value
                self.replica.publish(*key, value)
        self._dirty.clear()

    def event(self, service: Service, text: str, once: bool = False) -> None:
        """Add a service event; once: not again with the same text for six hours."""
        now = self.clock.model()
        if once and now - service.told.get(text, -EVENT_REPEAT_S) < EVENT_REPEAT_S:
            return
        service.told[text] = now
        service.events.insert(0, {
            "id": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "createdAt": epoch(self.clock.server()), "message": f"(service {service.name}) {text}"})
        del service.events[MAX_EVENTS:]
        self.touch_service(service)

    # --- registering ---------------------------------------------------------------------

    def register_task_definition(self, family: str, containers: list[dict[str, Any]],
                                 extra: dict[str, Any]) -> TaskDefinition:
        revisions = self.families.setdefault(family, [])
        number = revisions[-1].revision + 1 if revisions else int(extra.pop("first_revision", 1))
        arn = self.arn("task-definition", f"{family}:{number}")
        td = TaskDefinition(arn, family, number, containers, self.clock.server(), extra)
        revisions.append(td)
        return td

    def register_instance(self, arn: str | None, **members: Any) -> Instance:
        arn = arn or self.arn("container-instance", self.cluster, self.hex_id())
        instance = self.instances.get(arn)
        if instance is None:
            instance = Instance(arn, registered_at=self.clock.server(), **members)
            self.instances[arn] = instance
        instance.connected = True
        self.touch_instance(instance)
        return instance

    def set_connected(self, instance: Instance, connected: bool) -> None:
        instance.connected = connected
        self.touch_instance(instance)
        for task in instance.tasks:
            task.times["connectivityAt"] = self.clock.server()
            self.touch_task(task)
        self.cond.notify_all()

    # --- deploying -----------------------------------------------------------------------

    def create_service(self, name: str, td: TaskDefinition, desired: int,
                       config: dict[str, Any], controller: str, created_by: str) -> Service:
        if name in self.services:
            raise ApiError("InvalidParameterException", "Creation of service was not idempotent.")
        arn = self.arn("service", self.cluster, name)
        full = {"maximumPercent": 200, "minimumHealthyPercent": 100, **config}
        service = Service(name, arn, self.cluster_arn, desired, full, self.clock.server(), controller)
        self.services[name] = service
        self._deploy(service, td, created_by)
        return service

    def update_service(self, service: Service, td: TaskDefinition | None, force: bool,
                       desired: int | None, config: dict[str, Any] | None, created_by: str) -> bool:
        """Change a service; True when that started a new deployment."""
        if service.status != "ACTIVE":
            raise ApiError("ServiceNotActiveException", "Service was not ACTIVE.")
        if td is not None and td.status != "ACTIVE":
            raise ApiError("ClientException", "TaskDefinition is inactive")
        if desired is not None:
            service.desired = desired
        service.config |= config or {}
        self.touch_service(service)
        current = service.primary.revision.td
        if not force and (td is None or td is current):
            return False
        self._deploy(service, td or current, created_by)
        return True

    def _deploy(self, service: Service, td: TaskDefinition, created_by: str) -> None:
        now = self.clock.server()
        sources = self._supersede(service)
        path = (self.cluster, service.name, self._long_id())
        revision = Revision(self.arn("service-revision", *path), len(service.revisions) + 1, td, now)
        service.revisions.append(revision)
        rollout = Rollout("ecs-svc/" + self._long_id(), revision, now, now)
        rollout.reason = f"ECS deployment {rollout.id} in progress."
        service.rollouts.append(rollout)
        ident = "".join(self.rng.choice(ID_CHARS) for _ in range(21))
        sd = ServiceDeployment(self.arn("service-deployment", self.cluster, service.name, ident),
                               revision, rollout, sources, dict(service.config), now,
                               self.clock.model(), created_by=created_by, updated_at=now)
        service.deployments.append(sd)
        service.steady = False
        self.touch_service(service)
        self.touch_revision(service, revision)

    def _supersede(self, service: Service) -> list[Revision]:
        """Close what is ongoing; the revisions now deployed are the sources of the next."""
        current = service.current
        if current is not None and current.ongoing() and current.status != "STOP_REQUESTED":
            self._set_status(service, current, "STOP_REQUESTED",
                             "A newer service deployment was started.")
        sources = [r.revision for r in service.rollouts
                   if r.status == "PRIMARY" or any(t.active() for t in service.of(r))]
        for rollout in service.rollouts:
            if rollout.status == "PRIMARY":
                self._demote(rollout)
        return sources

    def _demote(self, rollout: Rollout) -> None:
        rollout.status = "ACTIVE"
        rollout.updated_at = self.clock.server()

    def _set_status(self, service: Service, sd: ServiceDeployment, status: str,
                    reason: str | None = None) -> None:
        now = self.clock.server()
        sd.status, sd.changed_model, sd.updated_at = status, self.clock.model(), now
        sd.status_reason = reason or sd.status_reason
        sd.states.append(status)
        if not sd.ongoing():
            sd.finished_at = now
            if status == "STOPPED":
                sd.stopped_at = now
            if sd.breaker == "MONITORING":
                sd.breaker = "MONITORING_COMPLETE"
        self.touch_service(service)
        self.touch_deployment(service, sd)

    def stop_deployment(self, arn: str) -> None:
        """StopServiceDeployment with ROLLBACK: idempotent while ongoing, Conflict afterwards."""
        service, sd = self.find_deployment(arn)
        if not sd.ongoing():
            raise ApiError("ConflictException",
                           f"The service deployment cannot be stopped because it is in the "
                           f"{sd.status} state.", resourceIds=[arn])
        if sd.status in ("PENDING", "IN_PROGRESS"):
            self._set_status(service, sd, "ROLLBACK_REQUESTED",
                             "Service deployment rollback requested by user.")

    # --- rolling back --------------------------------------------------------------------

    def _trip(self, service: Service, sd: ServiceDeployment) -> None:
        """The circuit breaker found its threshold reached."""
        rollout = sd.rollout
        sd.breaker = "TRIGGERED"
        self.event(service, f"(deployment {rollout.id}) deployment failed: tasks failed to start.")
        self._fail_rollout(rollout, "ECS deployment circuit breaker: tasks failed to start.")
        if not service.breaker_config(sd.config)["rollback"]:
            self._set_status(service, sd, "STOP_REQUESTED", rollout.reason)
            return
        self._start_rollback(service, sd, "ECS deployment circuit breaker: tasks failed to start.")

    def _fail_rollout(self, rollout: Rollout, reason: str) -> None:
        rollout.state, rollout.reason = "FAILED", reason
        rollout.updated_at = self.clock.server()

    def _start_rollback(self, service: Service, sd: ServiceDeployment, reason: str) -> None:
        target = service.last_successful
        back = next((r for r in reversed(service.rollouts)
                     if target is not None and r.revision is target), None)
        now = self.clock.server()
        if back is None or target is sd.target:
            self._no_way_back(service, sd, reason)
            return
        if sd.rollout.state != "FAILED":
            self._fail_rollout(sd.rollout, "ECS deployment was stopped by a user request.")
        self._demote(sd.rollout)
        back.status, back.state, back.updated_at = "PRIMARY", "IN_PROGRESS", now
        back.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {back.id}." \
            if sd.breaker == "TRIGGERED" else f"ECS deployment {back.id} in progress."
        back.failed_tasks, back.launch_failures, back.next_launch = 0, 0, 0.0
        sd.rollback = {"reason": reason, "started_at": now, "revision": back.revision.arn}
        sd.rollback_to = back
        self._set_status(service, sd, "ROLLBACK_IN_PROGRESS", reason)
        self.event(service, f"rolling back to deployment {back.id}.")

    def _no_way_back(self, service: Service, sd: ServiceDeployment, reason: str) -> None:
        """Nothing SUCCESSFUL to return to: ECS launches nothing more; the state is undocumented [U]."""
        self._fail_rollout(sd.rollout, "ECS deployment circuit breaker: tasks failed to start.")
        if self.no_target != "stall":
            self._set_status(service, sd, self.no_target,
                             f"{reason} There is no completed deployment to roll back to.")
        elif sd.status != "IN_PROGRESS":
            self._set_status(service, sd, "IN_PROGRESS", reason)

    def _finish_rollback(self, service: Service, sd: ServiceDeployment) -> None:
        back = sd.rollback_to
        assert back is not None
        self._complete_rollout(service, back)
        self._set_status(service, sd, "ROLLBACK_SUCCESSFUL")

    def fail_rollback(self, service: Service, sd: ServiceDeployment) -> None:
        assert sd.rollback_to is not None
        self._fail_rollout(sd.rollback_to, "ECS deployment circuit breaker: tasks failed to start.")
        self._set_status(service, sd, "ROLLBACK_FAILED",
                         "The service deployment rollback failed: tasks failed to start.")

    def _complete_rollout(self, service: Service, rollout: Rollout) -> None:
        rollout.state, rollout.good = "COMPLETED", True
        rollout.reason = f"ECS deployment {rollout.id} completed."
        rollout.updated_at = self.clock.server()
        for other in service.rollouts:
            if other is not rollout:
                other.status = "INACTIVE"
        if service.desired > 0:
            service.last_successful = rollout.revision
        self.event(service, f"(deployment {rollout.id}) deployment completed.")

    # --- tasks ---------------------------------------------------------------------------

    def new_task(self, td: TaskDefinition, instance: Instance, group: str,
                 pinned: dict[str, str] | None = None) -> Task:
        ident = self.hex_id()
        containers = [ContainerState(c["name"], self.arn("container", self.cluster, ident,
                                                         str(uuid.UUID(int=self.rng.getrandbits(128)))),
                                     c["image"]) for c in td.containers]
        task = Task(self.arn("task", self.cluster, ident), td, instance, group, self.clock.server(),
                    self.clock.model(), containers, pinned=dict(pinned or {}))
        self.tasks[task.arn] = task
        instance.tasks.append(task)
        self._changed(task)
        return task

    def _changed(self, task: Task) -> None:
        """The agent has to hear of this task."""
        self.seq += 1
        task.seq = self.seq
        task.version += 1
        self.touch_task(task)
        self.cond.notify_all()

    def order_stop(self, task: Task, code: str, reason: str) -> None:
        if task.desired == "STOPPED":
            return
        task.desired, task.stop_code, task.stopped_reason = "STOPPED", code, reason
        task.times["stoppingAt"] = self.clock.server()
        self._changed(task)

    def task_state(self, task: Task, status: str, containers: Iterable[dict[str, Any]],
                   times: dict[str, float]) -> None:
        """A state change an agent reports. Late and repeated reports change nothing."""
        if task.last == "STOPPED" or ORDER[status] < ORDER[task.last]:
            return
        for report in containers:
            self._container_state(task, report)
        task.times |= times
        task.version += 1
        if status == "RUNNING" and task.last != "RUNNING":
            self._task_running(task)
        if status == "STOPPED":
            self._task_stopped(task)
        self.touch_task(task)

    def _container_state(self, task: Task, report: dict[str, Any]) -> None:
        container = task.container(report["name"])
        assert container is not None
        container.status = report.get("status") or container.status
        container.exit_code = report.get("exitCode", container.exit_code)
        container.reason = (report.get("reason") or container.reason or "")[:1024] or None
        container.runtime_id = report.get("runtimeId") or container.runtime_id
        container.bindings = report.get("networkBindings") or container.bindings
        container.health = report.get("healthStatus") or container.health
        digest = report.get("imageDigest")
        if digest:
            container.digest = digest
            self._establish(task, container.name, digest)

    def _establish(self, task: Task, name: str, digest: str) -> None:
        """Software version consistency: the first task of a revision fixes the digest."""
        definition = next(c for c in task.td.containers if c["name"] == name)
        if task.rollout is None or definition.get("versionConsistency") == "disabled":
            return
        revision = task.rollout.revision
        if name not in revision.digests and task.service is not None:
            revision.digests[name] = digest
            self.touch_revision(task.service, revision)

    def _task_running(self, task: Task) -> None:
        task.last, task.was_running = "RUNNING", True
        task.running_model = self.clock.model()
        task.times.setdefault("startedAt", self.clock.server())
        if task.rollout is not None:
            task.rollout.ever_running = True

    def _task_stopped(self, task: Task) -> None:
        task.last = "STOPPED"
        task.healthy = False
        task.stopped_model = self.clock.model()
        now = self.clock.server()
        task.times.setdefault("stoppingAt", now)
        task.times.setdefault("executionStoppedAt", now)
        task.times["stoppedAt"] = now
        for container in task.containers:
            container.status = "STOPPED"
        if task.desired == "STOPPED":
            return
        task.desired = "STOPPED"
        self.seq += 1
        task.seq = self.seq
        if task.was_running:
            task.stop_code = "EssentialContainerExited"
            task.stopped_reason = "Essential container in task exited"
        else:
            task.stop_code, task.stopped_reason = "TaskFailedToStart", "Task failed to start"
        self._task_lost(task)

    def _task_lost(self, task: Task) -> None:
        service, rollout = task.service, task.rollout
        if service is None or rollout is None:
            return
        service.steady = False
        now = self.clock.model()
        if task.was_running:
            rollout.next_launch = max(rollout.next_launch, now + RELAUNCH_S)
            return
        rollout.failed_tasks += 1
        rollout.launch_failures += 1
        delay = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (rollout.launch_failures - 1))
        rollout.next_launch = now + delay
        if rollout.launch_failures >= UNABLE_AFTER:
            self.event(service, "is unable to consistently start tasks successfully.", once=True)
        if not rollout.ever_running:
            self._count_failure(service, rollout)
        self._check_rollback_failure(service, rollout)

    def _count_failure(self, service: Service, rollout: Rollout) -> None:
        """One more failure for the circuit breaker."""
        sd = service.current
        if sd is None or not service.breaker_config(sd.config)["enable"]:
            return
        if sd.rollout is rollout and sd.status in ("PENDING", "IN_PROGRESS") \
                and rollout.state == "IN_PROGRESS":
            sd.failures += 1
            self.touch_deployment(service, sd)
            if sd.failures >= service.threshold(sd.config):
                self._trip(service, sd)

    def _check_rollback_failure(self, service: Service, rollout: Rollout) -> None:
        """A rollback whose tasks keep failing ends as ROLLBACK_FAILED at the same threshold [U]."""
        sd = service.current
        if sd is not None and sd.status == "ROLLBACK_IN_PROGRESS" and sd.rollback_to is rollout \
                and rollout.failed_tasks >= service.threshold(sd.config):
            self.fail_rollback(service, sd)

    # --- the scheduler -------------------------------------------------------------------

    def step(self) -> None:
        for service in list(self.services.values()):
            self.step_service(service)
        self._forget()
        self.publish()

    def step_service(self, service: Service) -> None:
        if service.status == "ACTIVE":
            self._advance(service)
            self._judge_health(service)
            self._scale(service)
            self._conclude(service)

    def _advance(self, service: Service) -> None:
        now = self.clock.model()
        for sd in service.deployments[-8:]:
            age = now - sd.changed_model
            if sd.status == "PENDING" and age >= PENDING_S:
                sd.started_at = self.clock.server()
                self._set_status(service, sd, "IN_PROGRESS")
            elif sd.status == "STOP_REQUESTED" and age >= STOPPING_S:
                self._set_status(service, sd, "STOPPED")
            elif sd.status == "ROLLBACK_REQUESTED" and age >= STOPPING_S:
                self._start_rollback(service, sd, "Service deployment rollback requested by user.")

    def _judge_health(self, service: Service) -> None:
        now = self.clock.model()
        for task in service.tasks:
            if not task.active() or task.running_model is None:
                continue
            if task.health() == "UNHEALTHY":
                self._unhealthy(service, task)
            elif not task.healthy and self._is_healthy(task, now):
                self._became_healthy(service, task)

    @staticmethod
    def _is_healthy(task: Task, now: float) -> bool:
        if task.has_health_check():
            return task.health() == "HEALTHY"
        return task.running_model is not None and now - task.running_model >= HEALTHY_AFTER_S

    def _became_healthy(self, service: Service, task: Task) -> None:
        task.healthy = True
        rollout, sd = task.rollout, service.current
        assert rollout is not None
        rollout.failed_tasks = rollout.launch_failures = 0
        if sd is not None and sd.rollout is rollout and sd.status == "IN_PROGRESS" \
                and service.breaker_config(sd.config)["resetOnHealthyTask"]:
            sd.failures = 0
        self.touch_service(service)

    def _unhealthy(self, service: Service, task: Task) -> None:
        rollout = task.rollout
        assert rollout is not None
        task.healthy = False
        self.order_stop(task, "ServiceSchedulerInitiated", "Task failed container health checks")
        rollout.failed_tasks += 1
        rollout.next_launch = max(rollout.next_launch, self.clock.model() + RELAUNCH_S)
        self._count_failure(service, rollout)
        self._check_rollback_failure(service, rollout)

    def _scale(self, service: Service) -> None:
        primary = service.primary
        upper = service.desired * service.config["maximumPercent"] // 100
        lower = math.ceil(service.desired * service.config["minimumHealthyPercent"] / 100)
        self._drop_failed(service)
        self._drop_old(service, primary, lower)
        self._drop_surplus(service, primary)
        self._replace_lost_old(service, primary, lower, upper)
        if primary.state != "FAILED":
            self._fill(service, primary, lower, upper)

    def _stop_task(self, service: Service, task: Task, by: Rollout) -> None:
        running = task.last == "RUNNING"
        self.order_stop(task, "ServiceSchedulerInitiated",
                        f"Scaling activity initiated by (deployment {by.id})")
        if running:
            self.event(service, f"has stopped 1 running tasks: (task {task.id}).")

    def _drop_failed(self, service: Service) -> None:
        """Tasks of a revision that never worked go as soon as it is no longer the primary one."""
        for rollout in service.rollouts:
            if rollout.status == "ACTIVE" and not rollout.good:
                for task in service.of(rollout):
                    if task.active() and not task.healthy:
                        self._stop_task(service, task, service.primary)

    def _drop_old(self, service: Service, primary: Rollout, lower: int) -> None:
        """Old tasks go as new ones become healthy, never below the minimum."""
        new_healthy = sum(1 for t in service.of(primary) if t.healthy and t.active())
        old = [t for t in service.tasks if t.active() and t.rollout is not primary]
        healthy = new_healthy + sum(1 for t in old if t.healthy)
        surplus = len(old) - max(0, service.desired - new_healthy)
        for task in sorted(old, key=lambda t: t.healthy)[:max(0, surplus)]:
            if task.healthy and healthy - 1 < lower:
                return
            healthy -= 1 if task.healthy else 0
            self._stop_task(service, task, primary)

    def _drop_surplus(self, service: Service, primary: Rollout) -> None:
        active = [t for t in service.of(primary) if t.active()]
        surplus = len(active) - service.desired
        for task in sorted(active, key=lambda t: (t.healthy, -t.placed_model))[:max(0, surplus)]:
            self._stop_task(service, task, primary)

    def _replace_lost_old(self, service: Service, primary: Rollout, lower: int, upper: int) -> None:
        """An old task lost during a rollout is replaced by its own, old revision."""
        old = next((r for r in reversed(service.rollouts)
                    if r is not primary and r.good and r.status == "ACTIVE"), None)
        if old is None or service.last_successful is not old.revision:
            return
        active = [t for t in service.tasks if t.active()]
        kept = sum(1 for t in active if t.rollout is not primary or t.healthy)
        missing = min(lower - kept, upper - len(active))
        if missing > 0 and self.clock.model() >= old.next_launch:
            self._launch(service, old, missing)

    def _fill(self, service: Service, primary: Rollout, lower: int, upper: int) -> None:
        active = [t for t in service.tasks if t.active()]
        missing = service.desired - sum(1 for t in active if t.rollout is primary)
        if missing <= 0 or self.clock.model() < primary.next_launch:
            return
        room = upper - len(active)
        if room <= 0:
            self._make_room(service, primary, lower)
            return
        self._launch(service, primary, min(missing, room))

    def _make_room(self, service: Service, primary: Rollout, lower: int) -> None:
        old = [t for t in service.tasks if t.active() and t.rollout is not primary]
        healthy = sum(1 for t in service.tasks if t.active() and t.healthy)
        victim = next(iter(sorted(old, key=lambda t: t.healthy)), None)
        if victim is not None and (not victim.healthy or healthy - 1 >= lower):
            self._stop_task(service, victim, primary)
            return
        self.event(service, CONFIG_ISSUE, once=True)

    def _launch(self, service: Service, rollout: Rollout, count: int) -> None:
        started: list[Task] = []
        places = self._places(service, rollout.revision.td)
        for _ in range(count):
            instance, why = next(places)
            if instance is None:
                self.event(service, why, once=True)
                rollout.next_launch = self.clock.model() + PLACEMENT_RETRY_S
                break
            task = self.new_task(rollout.revision.td, instance, f"service:{service.name}",
                                 rollout.revision.digests)
            task.service, task.rollout, task.started_by = service, rollout, rollout.id
            service.tasks.append(task)
            started.append(task)
            self.touch_task(task)
        if started:
            service.steady = False
            names = " ".join(f"(task {t.id})" for t in started)
            self.event(service, f"has started {len(started)} tasks: {names}.")

    def _places(self, service: Service, td: TaskDefinition) -> Iterator[tuple[Instance | None, str]]:
        """For one new task after the other: a connected instance with room, the emptiest of this service first; or why there is
        none."""
        why = NO_PLACE
        active: dict[str, int] = {}
        for task in service.tasks:
            if task.active():
                active[task.instance.arn] = active.get(task.instance.arn, 0) + 1
        waiting = [(active.get(i.arn, 0), n, i) for n, i in enumerate(self.instances.values())]
        heapq.heapify(waiting)
        while waiting:
            count, number, instance = waiting[0]
            problem = self._misfit(instance, td)
            if problem is None:
                yield instance, ""
                heapq.heapreplace(waiting, (count + 1, number, instance))
                continue
            heapq.heappop(waiting)
            why = f"{NO_PLACE} The closest matching container-instance " \
                  f"{instance.arn.rsplit('/', 1)[1]} {problem}"
        while True:
            yield None, why

    def _misfit(self, instance: Instance, td: TaskDefinition) -> str | None:
        if not instance.connected or instance.status != "ACTIVE":
            return 'encountered error "AGENT".'
        if not td.memory() and not td.host_ports():
            return None
        here = [t for t in instance.tasks if t.last != "STOPPED"]
        if any(td.host_ports() & t.td.host_ports() for t in here):
            return "is already using a port required by your task."
        if sum(t.td.memory() for t in here) + td.memory() > instance.memory:
            return "has insufficient memory available."
        return None

    def _conclude(self, service: Service) -> None:
        primary, sd = service.primary, service.current
        healthy = sum(1 for t in service.of(primary) if t.active() and t.healthy)
        others = any(t.active() for t in service.tasks if t.rollout is not primary)
        if healthy < service.desired or others or primary.state == "FAILED":
            return
        if sd is not None and sd.status == "ROLLBACK_IN_PROGRESS" and sd.rollback_to is primary:
            self._finish_rollback(service, sd)
        elif sd is not None and sd.status == "IN_PROGRESS" and sd.rollout is primary:
            self._complete_rollout(service, primary)
            self._set_status(service, sd, "SUCCESSFUL")
        if not service.steady and primary.state == "COMPLETED":
            service.steady = True
            self.event(service, "has reached a steady state.")

    def _forget(self) -> None:
        """Stopped tasks are kept for an hour; rollouts long gone are dropped."""
        old = [t for t in self.tasks.values() if t.stopped_model is not None
               and self.clock.model() - t.stopped_model > FORGET_S]
        for task in old:
            del self.tasks[task.arn]
            task.instance.tasks.remove(task)
            if task.service is not None:
                task.service.tasks.remove(task)
            self._dirty.pop(("task", task.arn), None)
            self._published.pop(("task", task.arn), None)
            self.replica.publish("task", task.arn, None)

    # --- rigs ----------------------------------------------------------------------------

    def wait_change(self, instance: Instance | None, since: int, wait_s: float) -> list[Task]:
        """Tasks of an instance (None: of all) changed after since; waits up to wait_s for one."""
        deadline = time.monotonic() + wait_s
        while True:
            tasks = self.tasks.values() if instance is None else instance.tasks
            changed = [t for t in tasks if t.seq > since and t.instance.connected]
            left = deadline - time.monotonic()
            if changed or left <= 0:
                return changed
            self.cond.wait(min(left, 0.5))
