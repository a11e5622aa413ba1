"""What the ECS control plane knows: the records, and how each looks on the wire.

The behaviour (placing, deploying, rolling back) is in cloud_scheduler.py.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

ONGOING = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")
TERMINAL = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
MAX_EVENTS = 100


class Epoch(float):
    """A time stamp; written to the wire as ECS does, in scientific notation."""


def epoch(value: float | None) -> Epoch | None:
    return None if value is None else Epoch(round(value, 3))


def without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


@dataclass
class TaskDefinition:
    arn: str
    family: str
    revision: int
    containers: list[dict[str, Any]]
    registered_at: float
    extra: dict[str, Any]
    status: str = "ACTIVE"

    @property
    def name(self) -> str:
        return f"{self.family}:{self.revision}"

    def memory(self) -> int:
        return sum(c.get("memory", c.get("memoryReservation", 0)) for c in self.containers)

    def host_ports(self) -> set[int]:
        host_mode = self.extra.get("networkMode") == "host"
        ports = (p.get("hostPort", p.get("containerPort", 0) if host_mode else 0)
                 for c in self.containers for p in c.get("portMappings", []))
        return {p for p in ports if p}

    def wire(self) -> dict[str, Any]:
        return {"taskDefinitionArn": self.arn, "containerDefinitions": self.containers,
                "family": self.family, "revision": self.revision, "volumes": [],
                "status": self.status, "requiresAttributes": [], "placementConstraints": [],
                "compatibilities": ["EXTERNAL", "EC2"], "requiresCompatibilities": ["EXTERNAL"],
                "registeredAt": epoch(self.registered_at)} | self.extra


@dataclass
class Revision:
    """A service revision: immutable, but for the digests its first tasks establish."""
    arn: str
    number: int
    td: TaskDefinition
    created_at: float
    digests: dict[str, str] = field(default_factory=dict)

    def wire(self, service: "Service") -> dict[str, Any]:
        images = [without_none(containerName=c["name"], image=c["image"],
                               imageDigest=self.digests.get(c["name"])) for c in self.td.containers]
        return {"serviceRevisionArn": self.arn, "serviceArn": service.arn,
                "clusterArn": service.cluster_arn, "taskDefinition": self.td.arn,
                "launchType": "EXTERNAL", "loadBalancers": [], "serviceRegistries": [],
                "containerImages": images, "guardDutyEnabled": False,
                "createdAt": epoch(self.created_at)}


@dataclass
class Rollout:
    """An entry of Service.deployments[]: the tasks of one revision."""
    id: str
    revision: Revision
    created_at: float
    updated_at: float
    status: str = "PRIMARY"
    state: str = "IN_PROGRESS"
    reason: str = ""
    failed_tasks: int = 0
    launch_failures: int = 0
    next_launch: float = 0.0
    ever_running: bool = False
    good: bool = False


@dataclass
class ServiceDeployment:
    arn: str
    target: Revision
    rollout: Rollout
    sources: list[Revision]
    config: dict[str, Any]
    created_at: float
    changed_model: float
    status: str = "PENDING"
    status_reason: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    stopped_at: float | None = None
    updated_at: float | None = None
    rollback: dict[str, Any] | None = None
    rollback_to: Rollout | None = None
    breaker: str = "MONITORING"
    failures: int = 0
    created_by: str = "ci"
    states: list[str] = field(default_factory=lambda: ["PENDING"])

    def ongoing(self) -> bool:
        return self.status in ONGOING


@dataclass
class ContainerState:
    name: str
    arn: str
    image: str
    status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    digest: str | None = None
    runtime_id: str | None = None
    health: str | None = None
    bindings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Task:
    arn: str
    td: TaskDefinition
    instance: "Instance"
    group: str
    created_at: float
    placed_model: float
    containers: list[ContainerState]
    started_by: str | None = None
    service: "Service | None" = None
    rollout: Rollout | None = None
    pinned: dict[str, str] = field(default_factory=dict)
    desired: str = "RUNNING"
    last: str = "PENDING"
    seq: int = 0
    version: int = 1
    healthy: bool = False
    was_running: bool = False
    running_model: float | None = None
    stopped_model: float | None = None
    times: dict[str, float] = field(default_factory=dict)
    stop_code: str | None = None
    stopped_reason: str | None = None

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    def active(self) -> bool:
        return self.desired == "RUNNING" and self.last != "STOPPED"

    def container(self, name: str) -> ContainerState | None:
        return next((c for c in self.containers if c.name == name), None)

    def health(self) -> str:
        checked = [c["name"] for c in self.td.containers if "healthCheck" in c]
        states = {(self.container(name) or self.containers[0]).health or "UNKNOWN"
                  for name in checked}
        if "UNHEALTHY" in states:
            return "UNHEALTHY"
        return "HEALTHY" if states == {"HEALTHY"} else "UNKNOWN"

    def has_health_check(self) -> bool:
        return any("healthCheck" in c for c in self.td.containers)

    def wire(self, cluster_arn: str) -> dict[str, Any]:
        stamps = {name: epoch(self.times.get(name)) for name in (
            "connectivityAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt",
            "executionStoppedAt", "stoppedAt")}
        connectivity = "CONNECTED" if self.instance.connected else "DISCONNECTED"
        return without_none(
            attachments=[], attributes=[], clusterArn=cluster_arn, connectivity=connectivity,
            containerInstanceArn=self.instance.arn,
            containers=[self._container_wire(c) for c in self.containers],
            cpu=str(self.td.extra.get("cpu", "0")),
            memory=str(self.td.extra.get("memory", self.td.memory())),
            createdAt=epoch(self.created_at), desiredStatus=self.desired,
            enableExecuteCommand=False, group=self.group, healthStatus=self.health(),
            lastStatus=self.last, launchType="EXTERNAL",
            overrides={"containerOverrides": [{"name": c.name} for c in self.containers]},
            startedBy=self.started_by, stopCode=self.stop_code, stoppedReason=self.stopped_reason,
            tags=[], taskArn=self.arn, taskDefinitionArn=self.td.arn, version=self.version, **stamps)

    def _container_wire(self, c: ContainerState) -> dict[str, Any]:
        definition = next(d for d in self.td.containers if d["name"] == c.name)
        return without_none(
            containerArn=c.arn, taskArn=self.arn, name=c.name, image=c.image,
            imageDigest=c.digest, runtimeId=c.runtime_id, lastStatus=c.status,
            exitCode=c.exit_code, reason=c.reason, networkBindings=c.bindings,
            networkInterfaces=[], healthStatus=c.health or "UNKNOWN",
            cpu=str(definition.get("cpu", 0)), memory=str(definition.get("memory", 0)))

    def payload(self) -> dict[str, Any]:
        """What an agent is told of this task: the members of a real ACS task payload."""
        return without_none(
            arn=self.arn, taskArn=self.arn, containerInstanceArn=self.instance.arn, family=self.td.family, version=str(self.td.revision),
            revision=self.td.revision, desiredStatus=self.desired, lastStatus=self.last,
            seq=self.seq, group=self.group, serviceName=self.service.name if self.service else None,
            startedBy=self.started_by, launchType="EXTERNAL",
            networkMode=self.td.extra.get("networkMode", "bridge"),
            containers=[self._container_payload(d) for d in self.td.containers])

    def _container_payload(self, definition: dict[str, Any]) -> dict[str, Any]:
        name = definition["name"]
        digest = self.pinned.get(name)
        state = self.container(name)
        image = definition["image"]
        return {**definition, "essential": definition.get("essential", True),
                "image": f"{repository(image)}@{digest}" if digest else image,
                "definitionImage": image, "imageDigest": digest,
                "containerArn": state.arn if state else ""}


def repository(image: str) -> str:
    """The image name without tag and digest; a port of the registry stays."""
    name = image.split("@", 1)[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.split(":", 1)[0]


@dataclass
class Instance:
    arn: str
    ec2_id: str
    agent_version: str
    docker_version: str
    memory: int
    registered_at: float
    connected: bool = True
    status: str = "ACTIVE"
    attributes: dict[str, str] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)

    def wire(self) -> dict[str, Any]:
        running = sum(1 for t in self.tasks if t.last == "RUNNING")
        pending = sum(1 for t in self.tasks if t.last == "PENDING")
        used = sum(t.td.memory() for t in self.tasks if t.last != "STOPPED")
        return {"containerInstanceArn": self.arn, "ec2InstanceId": self.ec2_id, "version": 1,
                "versionInfo": {"agentVersion": self.agent_version, "agentHash": "a8b3e7d3",
                                "dockerVersion": self.docker_version},
                "registeredResources": self._resources(self.memory),
                "remainingResources": self._resources(self.memory - used), "status": self.status,
                "agentConnected": self.connected, "runningTasksCount": running,
                "pendingTasksCount": pending, "registeredAt": epoch(self.registered_at),
                "attachments": [], "tags": [],
                "attributes": [{"name": "ecs.capability.external"}] + [
                    {"name": k, "value": v} for k, v in self.attributes.items()]}

    @staticmethod
    def _resources(memory: int) -> list[dict[str, Any]]:
        zero = {"doubleValue": 0.0, "longValue": 0}
        return [{"name": "CPU", "type": "INTEGER", **zero, "integerValue": 4096},
                {"name": "MEMORY", "type": "INTEGER", **zero, "integerValue": memory},
                {"name": "PORTS", "type": "STRINGSET", **zero, "integerValue": 0,
                 "stringSetValue": ["22", "2375", "2376", "51678", "51679"]}]


@dataclass
class Service:
    name: str
    arn: str
    cluster_arn: str
    desired: int
    config: dict[str, Any]
    created_at: float
    controller: str = "ECS"
    status: str = "ACTIVE"
    revisions: list[Revision] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    deployments: list[ServiceDeployment] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    told: dict[str, float] = field(default_factory=dict)
    last_successful: Revision | None = None
    steady: bool = False
    next_revision: int = 0

    @property
    def primary(self) -> Rollout:
        return next(r for r in self.rollouts if r.status == "PRIMARY")

    @property
    def current(self) -> ServiceDeployment | None:
        return self.deployments[-1] if self.deployments else None

    def of(self, rollout: Rollout) -> list[Task]:
        return [t for t in self.tasks if t.rollout is rollout]

    def counts(self, rollout: Rollout) -> tuple[int, int]:
        """(running, pending) tasks of a rollout that are not on their way out."""
        tasks = self.of(rollout)
        running = sum(1 for t in tasks if t.last == "RUNNING" and t.desired == "RUNNING")
        return running, sum(1 for t in tasks if t.last == "PENDING" and t.desired == "RUNNING")

    def wanted(self, rollout: Rollout) -> int:
        if rollout.status == "PRIMARY":
            return self.desired
        return sum(1 for t in self.of(rollout) if t.active())

    def breaker_config(self, config: dict[str, Any] | None = None) -> dict[str, Any]:
        off = {"enable": False, "rollback": False}
        return {"resetOnHealthyTask": True,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
                **(config or self.config).get("deploymentCircuitBreaker", off)}

    def threshold(self, config: dict[str, Any]) -> int:
        """How many failures trip the breaker, from the latest desired count."""
        rule = self.breaker_config(config)["thresholdConfiguration"]
        if rule["type"] == "COUNT":
            return int(rule["value"])
        part = math.ceil(rule["value"] * self.desired / 100)
        if rule["type"] == "UNBOUNDED_PERCENT":
            return max(1, part)
        return min(200, max(3, part))

    def shown(self) -> list[Rollout]:
        """Rollouts DescribeServices lists, the newest first, PRIMARY at the top."""
        alive = [r for r in self.rollouts if r.status == "PRIMARY" or
                 any(t.last != "STOPPED" for t in self.of(r))]
        return sorted(alive, key=lambda r: (r.status != "PRIMARY", -r.created_at))

    def wire_config(self, config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "deploymentCircuitBreaker": self.breaker_config(config),
                "strategy": "ROLLING", "bakeTimeInMinutes": 0}

    def wire(self) -> dict[str, Any]:
        shown = self.shown()
        counts = [self.counts(r) for r in shown]
        return without_none(
            serviceArn=self.arn, serviceName=self.name, clusterArn=self.cluster_arn,
            loadBalancers=[], serviceRegistries=[], status=self.status, desiredCount=self.desired,
            runningCount=sum(c[0] for c in counts), pendingCount=sum(c[1] for c in counts),
            launchType="EXTERNAL", taskDefinition=self.primary.revision.td.arn,
            deploymentConfiguration=self.wire_config(self.config),
            **self._deployed_wire(shown, counts), events=list(self.events), createdAt=epoch(self.created_at),
            placementConstraints=[], placementStrategy=[], schedulingStrategy="REPLICA",
            deploymentController={"type": self.controller}, enableECSManagedTags=True,
            propagateTags="NONE", enableExecuteCommand=False, availabilityZoneRebalancing="DISABLED")

    def _deployed_wire(self, shown: list[Rollout], counts: list[tuple[int, int]]) -> dict[str, Any]:
        """Deployments, or the task sets of a service whose deployments are not ECS's own."""
        if self.controller != "ECS":
            return {"deployments": [],
                    "taskSets": [self._task_set_wire(r, c) for r, c in zip(shown, counts)]}
        current = self.current
        return {"deployments": [self._rollout_wire(r, c) for r, c in zip(shown, counts)],
                "currentServiceDeployment": current.arn if current else None,
                "currentServiceRevisions": [self._current_wire(r, c) for r, c in zip(shown, counts)]}

    def _task_set_wire(self, rollout: Rollout, counts: tuple[int, int]) -> dict[str, Any]:
        steady = counts[0] == self.wanted(rollout) and counts[1] == 0
        return {"id": rollout.id, "serviceArn": self.arn, "clusterArn": self.cluster_arn,
                "taskSetArn": self.arn.replace(":service/", ":task-set/") + "/" + rollout.id,
                "startedBy": self.controller, "status": rollout.status,
                "taskDefinition": rollout.revision.td.arn,
                "computedDesiredCount": self.wanted(rollout), "pendingCount": counts[1],
                "runningCount": counts[0], "createdAt": epoch(rollout.created_at),
                "updatedAt": epoch(rollout.updated_at), "launchType": "EXTERNAL",
                "loadBalancers": [], "serviceRegistries": [], "tags": [],
                "scale": {"value": 100.0, "unit": "PERCENT"},
                "stabilityStatus": "STEADY_STATE" if steady else "STABILIZING"}

    def _rollout_wire(self, rollout: Rollout, counts: tuple[int, int]) -> dict[str, Any]:
        return {"id": rollout.id, "status": rollout.status,
                "taskDefinition": rollout.revision.td.arn, "desiredCount": self.wanted(rollout),
                "pendingCount": counts[1], "runningCount": counts[0],
                "failedTasks": rollout.failed_tasks, "createdAt": epoch(rollout.created_at),
                "updatedAt": epoch(rollout.updated_at), "launchType": "EXTERNAL",
                "rolloutState": rollout.state, "rolloutStateReason": rollout.reason}

    def _current_wire(self, rollout: Rollout, counts: tuple[int, int]) -> dict[str, Any]:
        return {"arn": rollout.revision.arn, "requestedTaskCount": self.wanted(rollout),
                "runningTaskCount": counts[0], "pendingTaskCount": counts[1]}

    def _summary(self, revision: Revision, ongoing: bool) -> dict[str, Any]:
        rollout = next((r for r in reversed(self.rollouts) if r.revision is revision), None)
        if rollout is None or not ongoing:
            return {"arn": revision.arn, "requestedTaskCount": 0, "runningTaskCount": 0,
                    "pendingTaskCount": 0}
        return self._current_wire(rollout, self.counts(rollout))

    def _target_summary(self, sd: ServiceDeployment) -> dict[str, Any]:
        live = sd is self.current
        return self._summary(sd.target, live)

    def brief_wire(self, sd: ServiceDeployment) -> dict[str, Any]:
        return without_none(
            serviceDeploymentArn=sd.arn, serviceArn=self.arn, clusterArn=self.cluster_arn,
            startedAt=epoch(sd.started_at), createdAt=epoch(sd.created_at),
            finishedAt=epoch(sd.finished_at), targetServiceRevisionArn=sd.target.arn,
            status=sd.status, statusReason=sd.status_reason)

    def deployment_wire(self, sd: ServiceDeployment) -> dict[str, Any]:
        breaker = self.breaker_config(sd.config)
        state = sd.breaker if breaker["enable"] else "DISABLED"
        rollback = sd.rollback and without_none(
            reason=sd.rollback["reason"], startedAt=epoch(sd.rollback["started_at"]),
            serviceRevisionArn=sd.rollback.get("revision"))
        return without_none(
            serviceDeploymentArn=sd.arn, serviceArn=self.arn, clusterArn=self.cluster_arn,
            createdAt=epoch(sd.created_at), startedAt=epoch(sd.started_at),
            finishedAt=epoch(sd.finished_at), stoppedAt=epoch(sd.stopped_at),
            updatedAt=epoch(sd.updated_at),
            sourceServiceRevisions=[self._summary(r, sd is self.current) for r in sd.sources],
            targetServiceRevision=self._target_summary(sd), status=sd.status,
            statusReason=sd.status_reason, deploymentConfiguration=self.wire_config(sd.config),
            rollback=rollback,
            deploymentCircuitBreaker={"status": state, "failureCount": sd.failures,
                                      "threshold": self.threshold(sd.config)},
            alarms={"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []})
