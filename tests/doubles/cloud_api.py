"""The operations of the ECS API over the model: access, throttling, reading, writing."""
from __future__ import annotations

import base64
import binascii
import fnmatch
import json
import re
import threading
from typing import Any, Callable

import cloud_iam as iam
import cloud_shapes as shapes
from cloud_clock import Bucket, View
from cloud_model import Epoch
from cloud_scheduler import ApiError, World
from cloud_sigv4 import Key

Body = dict[str, Any]
TARGET_PREFIX = "AmazonEC2ContainerServiceV20141113."

# Category -> (operations, burst, refill per second), as the API quotas page lists them.
# StopServiceDeployment stands in none of them; it is counted as a service modification [U].
BUCKETS: dict[str, tuple[tuple[str, ...], int, int]] = {
    "service-read": (("DescribeServices", "ListServices"), 100, 20),
    "service-deployment": (("DescribeServiceDeployments", "ListServiceDeployments"), 50, 20),
    "service-revision": (("DescribeServiceRevisions",), 50, 20),
    "service-modify": (("UpdateService", "StopServiceDeployment"), 50, 5),
    "cluster-resource-read": (("DescribeContainerInstances", "DescribeTasks",
                               "ListContainerInstances", "ListTasks"), 100, 20),
    "task-definition-read": (("DescribeTaskDefinition",), 50, 20),
    "task-definition-modify": (("RegisterTaskDefinition",), 20, 1),
}
# What UpdateService takes for services whose deployments are not ECS's own.
FOREIGN = {
    "CODE_DEPLOY": ("desiredCount", "deploymentConfiguration", "healthCheckGracePeriodSeconds",
                    "placementConstraints", "placementStrategy", "enableECSManagedTags", "propagateTags"),
    "EXTERNAL": ("desiredCount", "healthCheckGracePeriodSeconds", "placementConstraints",
                 "placementStrategy", "enableECSManagedTags", "propagateTags"),
}
NOT_MODELLED = ("capacityProviderStrategy", "networkConfiguration", "placementConstraints",
                "placementStrategy", "platformVersion", "deploymentController", "loadBalancers",
                "serviceRegistries", "serviceConnectConfiguration", "volumeConfigurations",
                "vpcLatticeConfigurations", "monitoring", "healthCheckGracePeriodSeconds",
                "availabilityZoneRebalancing", "propagateTags", "enableECSManagedTags",
                "enableExecuteCommand")


def to_wire(value: Any) -> bytes:
    """JSON as ECS writes it: compact, time stamps as 1.619234847026E9."""
    text = json.dumps(_mark(value), separators=(",", ":"), ensure_ascii=False)
    return re.sub(r'"\\u0000([0-9.E]+)\\u0000"', r"\1", text).encode()


def _mark(value: Any) -> Any:
    if isinstance(value, Epoch):
        return f"\0{scientific(value)}\0"
    if isinstance(value, dict):
        return {k: _mark(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_mark(v) for v in value]
    return value


def scientific(value: float) -> str:
    """A time stamp with milliseconds the way Java prints a double."""
    digits = f"{value:.3f}".replace(".", "")
    exponent = len(digits) - 4
    mantissa = digits[1:].rstrip("0") or "0"
    return f"{digits[0]}.{mantissa}E{exponent}"


class Api:
    def __init__(self, world: World) -> None:
        self.world = world
        self.started_by_alone = False       # desiredStatus counts as a filter beside it
        self.buckets: dict[str, Bucket] = {}
        self._bucket_of: dict[str, str] = {}
        self.retry_after_ms = 0
        self._door = threading.Lock()
        self.reset_buckets()
        self._ops: dict[str, Callable[[Body, View], Body]] = {
            "ListServices": self._list_services, "DescribeServices": self._describe_services,
            "ListTasks": self._list_tasks, "DescribeTasks": self._describe_tasks,
            "DescribeTaskDefinition": self._describe_task_definition,
            "ListServiceDeployments": self._list_deployments,
            "DescribeServiceDeployments": self._describe_deployments,
            "DescribeServiceRevisions": self._describe_revisions,
            "StopServiceDeployment": self._stop_deployment,
            "UpdateService": self._update_service,
            "ListContainerInstances": self._list_instances,
            "DescribeContainerInstances": self._describe_instances,
            "RegisterTaskDefinition": self._register_task_definition,
        }

    def reset_buckets(self) -> None:
        for name, (ops, burst, rate) in BUCKETS.items():
            self.buckets[name] = Bucket(burst, rate)
            self._bucket_of |= {op: name for op in ops}

    # --- entry ---------------------------------------------------------------------------

    def call(self, op: str, body: Any, key: Key) -> tuple[Body, float]:
        """Run one authenticated call; returns the answer and the lag it was read with."""
        world = self.world
        with self._door:        # throttled when it comes, however long the model is busy then
            if not self.buckets[self._bucket_of[op]].take(world.clock.running()):
                raise ApiError("ThrottlingException", "Rate exceeded")
        with world.lock:
            try:
                shapes.check_request(op, body)
            except shapes.ShapeError as error:
                raise ApiError(error.code, error.message) from error
            members = {k: v for k, v in body.items() if v is not None}
            self._authorize(op, members, key)
            view = world.replica.view()
            answer = self._ops[op](members, view)
            world.publish()
            shapes.check_response(op, answer)
            return answer, view.lag

    def _authorize(self, op: str, body: Body, key: Key) -> None:
        self._by_policy(op, body, key)
        for resource in self._resources(op, body):
            for rule in key.denied:
                action = rule["action"].removeprefix("ecs:")
                if fnmatch.fnmatchcase(op, action) and \
                        fnmatch.fnmatchcase(resource, rule.get("resource", "*")):
                    who = f"arn:aws:sts::{self.world.account}:assumed-role/ecsAnywhereRole/{key.session}"
                    raise ApiError("AccessDeniedException",
                                   f"User: {who} is not authorized to perform: ecs:{op} on resource: "
                                   f"{resource} because no identity-based policy allows the "
                                   f"ecs:{op} action")

    def _by_policy(self, op: str, body: Body, key: Key) -> None:
        world = self.world
        wanted = body.get("taskDefinition", "") if op == "UpdateService" else ""
        definition = wanted if not wanted or wanted.startswith("arn:") else \
            f"arn:aws:ecs:{world.region}:{world.account}:task-definition/{wanted}"
        try:
            iam.authorize(key.policies, f"ecs:{op}",
                          iam.touched_by(op, body, world.region, world.account, definition))
        except iam.Denied as no:
            who = f"arn:aws:sts::{world.account}:assumed-role/ecsAnywhereRole/{key.session}"
            raise ApiError("AccessDeniedException", f"User: {who} is not authorized to perform: ecs:{op} "
                           f"on resource: {no.resource} {no.why}") from no

    def _resources(self, op: str, body: Body) -> list[str]:
        """The resources IAM looks at for a call, first the one named in a refusal."""
        arn, cluster = self.world.arn, self._cluster_name(body)
        if op in ("ListServices", "DescribeTaskDefinition", "RegisterTaskDefinition"):
            return ["*"]
        if op == "ListContainerInstances":
            return [arn("cluster", cluster)]
        named = {"DescribeServices": ("service", "services"), "DescribeTasks": ("task", "tasks"),
                 "DescribeContainerInstances": ("container-instance", "containerInstances")}
        if op in named:
            kind, member = named[op]
            return [name if name.startswith("arn:") else arn(kind, cluster, name)
                    for name in body[member]]
        if op in ("ListServiceDeployments", "UpdateService"):
            return [arn("service", cluster, body["service"].rsplit("/", 1)[-1])]
        if op == "ListTasks":
            name = body.get("containerInstance", "*")
            return [name if name.startswith("arn:") else arn("container-instance", cluster, name)]
        members = {"DescribeServiceDeployments": "serviceDeploymentArns",
                   "DescribeServiceRevisions": "serviceRevisionArns"}
        return list(body[members[op]]) if op in members else [body["serviceDeploymentArn"]]

    @staticmethod
    def _cluster_name(body: Body) -> str:
        return str(body.get("cluster", "default")).rsplit("/", 1)[-1]

    # --- helpers -------------------------------------------------------------------------

    def _check_cluster(self, body: Body) -> None:
        name = body.get("cluster", "default")
        if name not in (self.world.cluster, self.world.cluster_arn):
            raise ApiError("ClusterNotFoundException", "Cluster not found.")

    def _service_view(self, body: Body, member: str, view: View) -> Body:
        self._check_cluster(body)
        name = body[member]
        arn = name if name.startswith("arn:") else self.world.arn("service", self.world.cluster, name)
        service = view.get("service", arn)
        if service is None:
            raise ApiError("ServiceNotFoundException", "Service not found.")
        return dict(service)

    def _own_arn(self, arn: str, kind: str) -> None:
        """An ARN of this kind in this account, region and cluster, or the error ECS gives."""
        if not arn.startswith(f"arn:aws:ecs:{self.world.region}:{self.world.account}:{kind}/"):
            raise ApiError("InvalidParameterException", f"Invalid identifier: {arn[:120]}")
        parts = arn.split(":", 5)[5].split("/")
        if len(parts) != 4 or not all(parts):
            raise ApiError("InvalidParameterException", f"Invalid identifier: {arn[:120]}")
        if parts[1] != self.world.cluster:
            raise ApiError("ClusterNotFoundException", "Cluster not found.")

    def _page(self, op: str, body: Body, items: list[Any]) -> tuple[list[Any], Body]:
        """One page of items, and the nextToken member if there are more."""
        size = body.get("maxResults", shapes.PAGE_LIMITS[op][0])
        query = {k: v for k, v in body.items() if k not in ("nextToken", "maxResults")}
        start = self._token_start(op, query, body.get("nextToken"))
        more: Body = {}
        if start + size < len(items):
            token = json.dumps([op, query, start + size], sort_keys=True).encode()
            more["nextToken"] = base64.b64encode(token).decode()
        return items[start:start + size], more

    @staticmethod
    def _token_start(op: str, query: Body, token: str | None) -> int:
        if token is None:
            return 0
        try:
            said = json.loads(base64.b64decode(token, validate=True))
        except (binascii.Error, ValueError) as error:
            raise ApiError("InvalidParameterException", "Invalid token") from error
        if not isinstance(said, list) or len(said) != 3 or said[:2] != [op, query]:
            raise ApiError("InvalidParameterException", "Invalid token")
        return int(said[2])

    @staticmethod
    def _missing(arn: str) -> Body:
        return {"arn": arn, "reason": "MISSING"}

    def _describe(self, view: View, kind: str, arns: list[str], many: str) -> Body:
        found = [(arn, view.get(kind, arn)) for arn in dict.fromkeys(arns)]
        return {many: [value for _, value in found if value is not None],
                "failures": [self._missing(arn) for arn, value in found if value is None]}

    # --- services ------------------------------------------------------------------------

    def _list_services(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        arns = [s["serviceArn"] for s in view.all("service") if s["status"] == "ACTIVE"
                and body.get("launchType", "EXTERNAL") == "EXTERNAL"
                and body.get("schedulingStrategy", "REPLICA") == "REPLICA"]
        page, more = self._page("ListServices", body, arns)
        return {"serviceArns": page} | more

    def _describe_services(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        arns = [name if name.startswith("arn:") else
                self.world.arn("service", self.world.cluster, name) for name in body["services"]]
        return self._describe(view, "service", arns, "services")

    def _update_service(self, body: Body, _: View) -> Body:
        self._check_cluster(body)
        for member in NOT_MODELLED:
            if member in body:
                raise ApiError("UnsupportedFeatureException",
                               f"This double does not model UpdateService.{member}.")
        world = self.world
        service = world.find_service(body["service"])
        self._check_controller(service.controller, body)
        self._check_percents(service.config | body.get("deploymentConfiguration", {}))
        if body.get("desiredCount", 0) < 0:
            raise ApiError("InvalidParameterException", "desiredCount must not be negative.")
        td = world.find_task_definition(body["taskDefinition"]) if "taskDefinition" in body else None
        world.update_service(service, td, body.get("forceNewDeployment", False),
                             body.get("desiredCount"), body.get("deploymentConfiguration"), "api")
        return {"service": service.wire()}

    @staticmethod
    def _check_controller(controller: str, body: Body) -> None:
        """CodeDeploy and external controllers deploy by themselves; ECS takes no deployment from others."""
        if controller == "ECS":
            return
        where = f"on services with a {controller} deployment controller."
        if "taskDefinition" in body:
            raise ApiError("InvalidParameterException", f"Unable to update task definition {where}")
        if body.get("forceNewDeployment"):
            raise ApiError("InvalidParameterException", f"Cannot force a new deployment {where}")
        for member in body:
            if member not in ("cluster", "service", "forceNewDeployment", *FOREIGN[controller]):
                raise ApiError("InvalidParameterException", f"Unable to update {member} {where}")

    @staticmethod
    def _check_percents(config: Body) -> None:
        low, high = config.get("minimumHealthyPercent", 100), config.get("maximumPercent", 200)
        if low < 0 or high < 100 or low > 100:
            raise ApiError("InvalidParameterException", "minimumHealthyPercent must be between 0 and "
                           "100, maximumPercent at least 100.")
        if low == high:
            raise ApiError("InvalidParameterException", "Both maximumPercent and minimumHealthyPercent "
                           "cannot be 100 as this will block deployments.")

    # --- service deployments and revisions -----------------------------------------------

    def _list_deployments(self, body: Body, view: View) -> Body:
        service = self._service_view(body, "service", view)
        if service["deploymentController"]["type"] != "ECS":
            raise ApiError("UnsupportedFeatureException",
                           "Service deployments are only supported for the ECS deployment controller.")
        created = body.get("createdAt", {})
        briefs = [d["brief"] for d in view.all("deployment")
                  if d["brief"]["serviceArn"] == service["serviceArn"]
                  and d["brief"]["status"] in body.get("status", [d["brief"]["status"]])
                  and created.get("after", 0) <= d["brief"]["createdAt"]
                  and d["brief"]["createdAt"] <= created.get("before", 1e12)]
        briefs.sort(key=lambda b: -b["createdAt"])
        page, more = self._page("ListServiceDeployments", body, briefs)
        return {"serviceDeployments": page} | more

    def _describe_deployments(self, body: Body, view: View) -> Body:
        for arn in body["serviceDeploymentArns"]:
            self._own_arn(arn, "service-deployment")
        answer = self._describe(view, "deployment", body["serviceDeploymentArns"],
                                "serviceDeployments")
        answer["serviceDeployments"] = [d["full"] for d in answer["serviceDeployments"]]
        return answer

    def _describe_revisions(self, body: Body, view: View) -> Body:
        for arn in body["serviceRevisionArns"]:
            self._own_arn(arn, "service-revision")
        return self._describe(view, "revision", body["serviceRevisionArns"], "serviceRevisions")

    def _stop_deployment(self, body: Body, _: View) -> Body:
        if body.get("stopType", "ROLLBACK") != "ROLLBACK":
            raise ApiError("InvalidParameterException", "The valid values for stopType are ROLLBACK.")
        self._own_arn(body["serviceDeploymentArn"], "service-deployment")
        self.world.stop_deployment(body["serviceDeploymentArn"])
        return {"serviceDeploymentArn": body["serviceDeploymentArn"]}

    # --- tasks and instances -------------------------------------------------------------

    def _list_tasks(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        others = {"serviceName", "family", "containerInstance"} | ({"desiredStatus"} if self.started_by_alone else set())
        if "startedBy" in body and others & body.keys():
            raise ApiError("InvalidParameterException",
                           "startedBy must be the only filter when it is used.")
        if "serviceName" in body:
            self._service_view(body, "serviceName", view)
        instance = self._instance_arn(body["containerInstance"]) if "containerInstance" in body else ""
        arns = [t["taskArn"] for t in view.all("task") if self._task_fits(t, body, instance)]
        page, more = self._page("ListTasks", body, arns)
        return {"taskArns": page} | more

    def _instance_arn(self, name: str) -> str:
        arn = name if name.startswith("arn:") else \
            self.world.arn("container-instance", self.world.cluster, name)
        if arn not in self.world.instances:
            raise ApiError("InvalidParameterException", "The referenced container instance was not found.")
        return arn

    @staticmethod
    def _task_fits(task: Body, body: Body, instance: str) -> bool:
        family = task["taskDefinitionArn"].rsplit("/", 1)[1].split(":")[0]
        service = body.get("serviceName", "").rsplit("/", 1)[-1]
        return (body.get("desiredStatus", "RUNNING") == task["desiredStatus"]
                and body.get("launchType", "EXTERNAL") == "EXTERNAL"
                and body.get("family", family) == family
                and body.get("startedBy", task.get("startedBy")) == task.get("startedBy")
                and (not instance or instance == task["containerInstanceArn"])
                and (not service or task["group"] == f"service:{service}"))

    def _describe_tasks(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        arns = [name if name.startswith("arn:") else self.world.arn("task", self.world.cluster, name)
                for name in body["tasks"]]
        return self._describe(view, "task", arns, "tasks")

    def _list_instances(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        if "filter" in body:
            raise ApiError("UnsupportedFeatureException", "This double does not model filter.")
        arns = [i["containerInstanceArn"] for i in view.all("instance")
                if i["status"] == body.get("status", "ACTIVE")]
        page, more = self._page("ListContainerInstances", body, arns)
        return {"containerInstanceArns": page} | more

    def _describe_instances(self, body: Body, view: View) -> Body:
        self._check_cluster(body)
        arns = [name if name.startswith("arn:") else
                self.world.arn("container-instance", self.world.cluster, name)
                for name in body["containerInstances"]]
        return self._describe(view, "instance", arns, "containerInstances")

    # --- task definitions ----------------------------------------------------------------

    def _describe_task_definition(self, body: Body, _: View) -> Body:
        return {"taskDefinition": self.world.find_task_definition(body["taskDefinition"]).wire(),
                "tags": []}

    def _register_task_definition(self, body: Body, _: View) -> Body:
        return {"taskDefinition": self.register(body).wire(), "tags": body.get("tags", [])}

    def register(self, body: Body) -> Any:
        """Validate and store a task definition (also the control command's way in)."""
        if not shapes.FAMILY.match(body["family"]):
            raise ApiError("ClientException", "Family contains invalid characters.")
        containers = body["containerDefinitions"]
        names = [c.get("name", "") for c in containers]
        if not containers or len(set(names)) != len(names):
            raise ApiError("ClientException", "Container names must be present and unique.")
        for container in containers:
            if not shapes.CONTAINER_NAME.match(container.get("name", "")):
                raise ApiError("ClientException", "Container.name is missing or invalid.")
            if not container.get("image"):
                raise ApiError("ClientException", "Container.image should not be null or empty.")
            if not container.get("memory") and not container.get("memoryReservation") \
                    and not body.get("memory"):
                raise ApiError("ClientException", "Invalid setting for container "
                               f"'{container['name']}'. At least one of 'memory' or "
                               "'memoryReservation' must be specified.")
        if not any(c.get("essential", True) for c in containers):
            raise ApiError("ClientException", "At least one container must be marked as essential.")
        if body.get("networkMode") == "awsvpc":
            raise ApiError("ClientException", "awsvpc is not supported for EXTERNAL.")
        extra = {k: v for k, v in body.items() if k not in ("family", "containerDefinitions", "tags")}
        return self.world.register_task_definition(body["family"], containers, extra)
