"""Message shapes of the ECS control plane (API version 2014-11-13) and a strict checker.

A shape is a dict: member name -> type. Types are written as short strings:

    str int bool num time   scalars (time = epoch seconds, a JSON number)
    map                     object of string to string
    object                  any object (subtrees this double does not model)
    [T]                     list of T
    A|B|C  or  =A           one of these words
    Name                    another shape of SHAPES
    *T                      the same, required

Source of the members: the public service model of ECS as botocore 1.43 ships it.
"""
from __future__ import annotations

import re
from typing import Any, Callable

Shape = dict[str, str]

LAUNCH = "EC2|FARGATE|EXTERNAL|MANAGED_INSTANCES"
DEPLOYMENT_STATUS = ("PENDING|SUCCESSFUL|STOPPED|STOP_REQUESTED|IN_PROGRESS|ROLLBACK_REQUESTED|"
                     "ROLLBACK_IN_PROGRESS|ROLLBACK_SUCCESSFUL|ROLLBACK_FAILED")
STOP_CODE = ("TaskFailedToStart|EssentialContainerExited|UserInitiated|ServiceSchedulerInitiated|"
             "SpotInterruption|TerminationNotice|InfrastructureHealth")
HEALTH = "HEALTHY|UNHEALTHY|UNKNOWN"
INSTANCE_STATUS = "ACTIVE|DRAINING|REGISTERING|DEREGISTERING|REGISTRATION_FAILED"
ULIMITS = ("core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|"
           "sigpending|stack")

REQUESTS: dict[str, Shape] = {
    "ListServices": {
        "cluster": "str", "nextToken": "str", "maxResults": "int", "launchType": LAUNCH,
        "schedulingStrategy": "REPLICA|DAEMON", "resourceManagementType": "CUSTOMER|ECS"},
    "DescribeServices": {"cluster": "str", "services": "*[str]", "include": "[=TAGS]"},
    "ListTasks": {
        "cluster": "str", "containerInstance": "str", "family": "str", "nextToken": "str",
        "maxResults": "int", "startedBy": "str", "serviceName": "str",
        "desiredStatus": "RUNNING|PENDING|STOPPED", "launchType": LAUNCH, "daemonName": "str"},
    "DescribeTasks": {"cluster": "str", "tasks": "*[str]", "include": "[=TAGS]"},
    "DescribeTaskDefinition": {"taskDefinition": "*str", "include": "[=TAGS]"},
    "ListServiceDeployments": {
        "service": "*str", "cluster": "str", "status": f"[{DEPLOYMENT_STATUS}]",
        "createdAt": "CreatedAt", "nextToken": "str", "maxResults": "int"},
    "DescribeServiceDeployments": {"serviceDeploymentArns": "*[str]"},
    "DescribeServiceRevisions": {"serviceRevisionArns": "*[str]"},
    "StopServiceDeployment": {"serviceDeploymentArn": "*str", "stopType": "ABORT|ROLLBACK"},
    "UpdateService": {
        "cluster": "str", "service": "*str", "desiredCount": "int", "taskDefinition": "str",
        "capacityProviderStrategy": "[object]", "deploymentConfiguration": "DeploymentConfiguration",
        "availabilityZoneRebalancing": "ENABLED|DISABLED", "networkConfiguration": "object",
        "placementConstraints": "[object]", "placementStrategy": "[object]",
        "platformVersion": "str", "forceNewDeployment": "bool",
        "healthCheckGracePeriodSeconds": "int", "deploymentController": "DeploymentController",
        "enableExecuteCommand": "bool", "enableECSManagedTags": "bool",
        "loadBalancers": "[object]", "propagateTags": "TASK_DEFINITION|SERVICE|NONE",
        "serviceRegistries": "[object]", "serviceConnectConfiguration": "object",
        "volumeConfigurations": "[object]", "vpcLatticeConfigurations": "[object]",
        "monitoring": "object"},
    "ListContainerInstances": {
        "cluster": "str", "filter": "str", "nextToken": "str", "maxResults": "int",
        "status": INSTANCE_STATUS},
    "DescribeContainerInstances": {
        "cluster": "str", "containerInstances": "*[str]",
        "include": "[TAGS|CONTAINER_INSTANCE_HEALTH]"},
    "RegisterTaskDefinition": {
        "family": "*str", "taskRoleArn": "str", "executionRoleArn": "str",
        "networkMode": "bridge|host|awsvpc|none", "containerDefinitions": "*[ContainerDefinition]",
        "volumes": "[object]", "placementConstraints": "[object]",
        "requiresCompatibilities": f"[{LAUNCH}]", "cpu": "str", "memory": "str", "tags": "[Tag]",
        "pidMode": "host|task", "ipcMode": "host|task|none", "proxyConfiguration": "object",
        "inferenceAccelerators": "[object]", "ephemeralStorage": "object",
        "runtimePlatform": "object", "enableFaultInjection": "bool"},
}

RESPONSES: dict[str, Shape] = {
    "ListServices": {"serviceArns": "[str]", "nextToken": "str"},
    "DescribeServices": {"services": "[Service]", "failures": "[Failure]"},
    "ListTasks": {"taskArns": "[str]", "nextToken": "str"},
    "DescribeTasks": {"tasks": "[Task]", "failures": "[Failure]"},
    "DescribeTaskDefinition": {"taskDefinition": "TaskDefinition", "tags": "[Tag]"},
    "ListServiceDeployments": {"serviceDeployments": "[ServiceDeploymentBrief]", "nextToken": "str"},
    "DescribeServiceDeployments": {"serviceDeployments": "[ServiceDeployment]",
                                   "failures": "[Failure]"},
    "DescribeServiceRevisions": {"serviceRevisions": "[ServiceRevision]", "failures": "[Failure]"},
    "StopServiceDeployment": {"serviceDeploymentArn": "str"},
    "UpdateService": {"service": "Service"},
    "ListContainerInstances": {"containerInstanceArns": "[str]", "nextToken": "str"},
    "DescribeContainerInstances": {"containerInstances": "[ContainerInstance]",
                                   "failures": "[Failure]"},
    "RegisterTaskDefinition": {"taskDefinition": "TaskDefinition", "tags": "[Tag]"},
}

SHAPES: dict[str, Shape] = {
    "CreatedAt": {"before": "time", "after": "time"},
    "Failure": {"arn": "str", "reason": "str", "detail": "str"},
    "Tag": {"key": "str", "value": "str"},
    "KeyValuePair": {"name": "str", "value": "str"},
    "DeploymentController": {"type": "*ECS|CODE_DEPLOY|EXTERNAL"},
    "DeploymentConfiguration": {
        "deploymentCircuitBreaker": "DeploymentCircuitBreaker", "maximumPercent": "int",
        "minimumHealthyPercent": "int", "alarms": "DeploymentAlarms",
        "strategy": "ROLLING|BLUE_GREEN|LINEAR|CANARY", "bakeTimeInMinutes": "int",
        "lifecycleHooks": "[object]", "linearConfiguration": "object",
        "canaryConfiguration": "object"},
    "DeploymentCircuitBreaker": {
        "enable": "*bool", "rollback": "*bool", "resetOnHealthyTask": "bool",
        "thresholdConfiguration": "ThresholdConfiguration"},
    "ThresholdConfiguration": {"type": "*COUNT|BOUNDED_PERCENT|UNBOUNDED_PERCENT", "value": "*int"},
    "DeploymentAlarms": {"alarmNames": "*[str]", "rollback": "*bool", "enable": "*bool"},
    "ContainerDefinition": {
        "name": "str", "image": "str", "repositoryCredentials": "object", "cpu": "int",
        "memory": "int", "memoryReservation": "int", "links": "[str]",
        "portMappings": "[PortMapping]", "essential": "bool",
        "restartPolicy": "ContainerRestartPolicy", "entryPoint": "[str]", "command": "[str]",
        "environment": "[KeyValuePair]", "environmentFiles": "[object]", "mountPoints": "[object]",
        "volumesFrom": "[object]", "linuxParameters": "object", "secrets": "[object]",
        "dependsOn": "[ContainerDependency]", "startTimeout": "int", "stopTimeout": "int",
        "versionConsistency": "enabled|disabled", "hostname": "str", "user": "str",
        "workingDirectory": "str", "disableNetworking": "bool", "privileged": "bool",
        "readonlyRootFilesystem": "bool", "dnsServers": "[str]", "dnsSearchDomains": "[str]",
        "extraHosts": "[object]", "dockerSecurityOptions": "[str]", "interactive": "bool",
        "pseudoTerminal": "bool", "dockerLabels": "map", "ulimits": "[Ulimit]",
        "logConfiguration": "object", "healthCheck": "HealthCheck", "systemControls": "[object]",
        "resourceRequirements": "[object]", "firelensConfiguration": "object",
        "credentialSpecs": "[str]"},
    "PortMapping": {
        "containerPort": "int", "hostPort": "int", "protocol": "tcp|udp", "name": "str",
        "appProtocol": "http|http2|grpc", "containerPortRange": "str"},
    "ContainerRestartPolicy": {"enabled": "*bool", "ignoredExitCodes": "[int]",
                               "restartAttemptPeriod": "int"},
    "ContainerDependency": {"containerName": "*str", "condition": "*START|COMPLETE|SUCCESS|HEALTHY"},
    "Ulimit": {"name": "*" + ULIMITS, "softLimit": "*int", "hardLimit": "*int"},
    "HealthCheck": {"command": "*[str]", "interval": "int", "timeout": "int", "retries": "int",
                    "startPeriod": "int"},
    "TaskDefinition": {
        "taskDefinitionArn": "str", "containerDefinitions": "[ContainerDefinition]",
        "family": "str", "taskRoleArn": "str", "executionRoleArn": "str",
        "networkMode": "bridge|host|awsvpc|none", "revision": "int", "volumes": "[object]",
        "status": "ACTIVE|INACTIVE|DELETE_IN_PROGRESS", "requiresAttributes": "[object]",
        "placementConstraints": "[object]", "compatibilities": f"[{LAUNCH}]",
        "runtimePlatform": "object", "requiresCompatibilities": f"[{LAUNCH}]", "cpu": "str",
        "memory": "str", "inferenceAccelerators": "[object]", "pidMode": "host|task",
        "ipcMode": "host|task|none", "proxyConfiguration": "object", "registeredAt": "time",
        "deregisteredAt": "time", "deleteRequestedAt": "time", "registeredBy": "str",
        "ephemeralStorage": "object", "enableFaultInjection": "bool"},
    "Service": {
        "serviceArn": "str", "serviceName": "str", "clusterArn": "str", "loadBalancers": "[object]",
        "serviceRegistries": "[object]", "status": "str", "desiredCount": "int",
        "runningCount": "int", "pendingCount": "int", "launchType": LAUNCH,
        "taskDefinition": "str", "deploymentConfiguration": "DeploymentConfiguration",
        "deployments": "[Deployment]", "taskSets": "[TaskSet]", "roleArn": "str", "events": "[ServiceEvent]",
        "createdAt": "time", "currentServiceDeployment": "str",
        "currentServiceRevisions": "[ServiceCurrentRevisionSummary]",
        "placementConstraints": "[object]", "placementStrategy": "[object]",
        "schedulingStrategy": "REPLICA|DAEMON", "deploymentController": "DeploymentController",
        "createdBy": "str", "enableECSManagedTags": "bool",
        "propagateTags": "TASK_DEFINITION|SERVICE|NONE", "enableExecuteCommand": "bool",
        "availabilityZoneRebalancing": "ENABLED|DISABLED"},
    "Deployment": {
        "id": "str", "status": "str", "taskDefinition": "str", "desiredCount": "int",
        "pendingCount": "int", "runningCount": "int", "failedTasks": "int", "createdAt": "time",
        "updatedAt": "time", "launchType": LAUNCH, "rolloutState": "COMPLETED|FAILED|IN_PROGRESS",
        "rolloutStateReason": "str"},
    "TaskSet": {
        "id": "str", "taskSetArn": "str", "serviceArn": "str", "clusterArn": "str",
        "startedBy": "str", "externalId": "str", "status": "PRIMARY|ACTIVE|DRAINING",
        "taskDefinition": "str", "computedDesiredCount": "int", "pendingCount": "int",
        "runningCount": "int", "createdAt": "time", "updatedAt": "time", "launchType": LAUNCH,
        "loadBalancers": "[object]", "serviceRegistries": "[object]", "scale": "object",
        "stabilityStatus": "STEADY_STATE|STABILIZING", "stabilityStatusAt": "time", "tags": "[Tag]"},
    "ServiceEvent": {"id": "str", "createdAt": "time", "message": "str"},
    "ServiceCurrentRevisionSummary": {"arn": "str", "requestedTaskCount": "int",
                                      "runningTaskCount": "int", "pendingTaskCount": "int"},
    "Task": {
        "attachments": "[object]", "attributes": "[object]", "clusterArn": "str",
        "connectivity": "CONNECTED|DISCONNECTED", "connectivityAt": "time",
        "containerInstanceArn": "str", "containers": "[Container]", "cpu": "str",
        "createdAt": "time", "desiredStatus": "str", "enableExecuteCommand": "bool",
        "executionStoppedAt": "time", "group": "str", "healthStatus": HEALTH, "lastStatus": "str",
        "launchType": LAUNCH, "memory": "str", "overrides": "object", "pullStartedAt": "time",
        "pullStoppedAt": "time", "startedAt": "time", "startedBy": "str", "stopCode": STOP_CODE,
        "stoppedAt": "time", "stoppedReason": "str", "stoppingAt": "time", "tags": "[Tag]",
        "taskArn": "str", "taskDefinitionArn": "str", "version": "int"},
    "Container": {
        "containerArn": "str", "taskArn": "str", "name": "str", "image": "str",
        "imageDigest": "str", "runtimeId": "str", "lastStatus": "str", "exitCode": "int",
        "reason": "str", "networkBindings": "[NetworkBinding]", "networkInterfaces": "[object]",
        "healthStatus": HEALTH, "cpu": "str", "memory": "str", "memoryReservation": "str"},
    "NetworkBinding": {"bindIP": "str", "containerPort": "int", "hostPort": "int",
                       "protocol": "tcp|udp", "containerPortRange": "str", "hostPortRange": "str"},
    "ContainerInstance": {
        "containerInstanceArn": "str", "ec2InstanceId": "str", "version": "int",
        "versionInfo": "VersionInfo", "remainingResources": "[Resource]",
        "registeredResources": "[Resource]", "status": "str", "agentConnected": "bool",
        "runningTasksCount": "int", "pendingTasksCount": "int", "attributes": "[Attribute]",
        "registeredAt": "time", "attachments": "[object]", "tags": "[Tag]"},
    "VersionInfo": {"agentVersion": "str", "agentHash": "str", "dockerVersion": "str"},
    "Resource": {"name": "str", "type": "str", "doubleValue": "num", "longValue": "int",
                 "integerValue": "int", "stringSetValue": "[str]"},
    "Attribute": {"name": "*str", "value": "str"},
    "ServiceDeploymentBrief": {
        "serviceDeploymentArn": "str", "serviceArn": "str", "clusterArn": "str",
        "startedAt": "time", "createdAt": "time", "finishedAt": "time",
        "targetServiceRevisionArn": "str", "status": DEPLOYMENT_STATUS, "statusReason": "str"},
    "ServiceDeployment": {
        "serviceDeploymentArn": "str", "serviceArn": "str", "clusterArn": "str",
        "createdAt": "time", "startedAt": "time", "finishedAt": "time", "stoppedAt": "time",
        "updatedAt": "time", "sourceServiceRevisions": "[ServiceRevisionSummary]",
        "targetServiceRevision": "ServiceRevisionSummary", "status": DEPLOYMENT_STATUS,
        "statusReason": "str", "lifecycleStage": "str",
        "deploymentConfiguration": "DeploymentConfiguration", "rollback": "Rollback",
        "deploymentCircuitBreaker": "ServiceDeploymentCircuitBreaker",
        "alarms": "ServiceDeploymentAlarms"},
    "ServiceRevisionSummary": {"arn": "str", "requestedTaskCount": "int", "runningTaskCount": "int",
                               "pendingTaskCount": "int"},
    "Rollback": {"reason": "str", "startedAt": "time", "serviceRevisionArn": "str"},
    "ServiceDeploymentCircuitBreaker": {
        "status": "TRIGGERED|MONITORING|MONITORING_COMPLETE|DISABLED", "failureCount": "int",
        "threshold": "int"},
    "ServiceDeploymentAlarms": {"status": "TRIGGERED|MONITORING|MONITORING_COMPLETE|DISABLED",
                                "alarmNames": "[str]", "triggeredAlarmNames": "[str]"},
    "ServiceRevision": {
        "serviceRevisionArn": "str", "serviceArn": "str", "clusterArn": "str",
        "taskDefinition": "str", "launchType": LAUNCH, "loadBalancers": "[object]",
        "serviceRegistries": "[object]", "containerImages": "[ContainerImage]",
        "guardDutyEnabled": "bool", "createdAt": "time"},
    "ContainerImage": {"containerName": "str", "imageDigest": "str", "image": "str"},
}

# Most list entries a request may carry, and the page limits (default, maximum).
LIST_LIMITS: dict[tuple[str, str], int] = {
    ("DescribeServices", "services"): 10,
    ("DescribeTasks", "tasks"): 100,
    ("DescribeContainerInstances", "containerInstances"): 100,
    ("DescribeServiceDeployments", "serviceDeploymentArns"): 20,
    ("DescribeServiceRevisions", "serviceRevisionArns"): 20,
}
PAGE_LIMITS: dict[str, tuple[int, int]] = {
    "ListServices": (10, 100), "ListTasks": (100, 100), "ListServiceDeployments": (20, 100),
    "ListContainerInstances": (100, 100),
}


class ShapeError(Exception):
    """A message that does not fit its shape; code is the AWS error name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _json_kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "list",
             dict: "structure", type(None): "null"}
    return kinds[type(value)]


def _mistyped(path: str, wanted: str, value: Any) -> ShapeError:
    return ShapeError("SerializationException",
                      f"{path}: a {_json_kind(value)} can not be converted to {wanted}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_num(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())


SCALARS: dict[str, Callable[[Any], bool]] = {
    "str": lambda v: isinstance(v, str), "bool": lambda v: isinstance(v, bool),
    "int": _is_int, "num": _is_num, "time": _is_num, "map": _is_map,
    "object": lambda v: isinstance(v, dict),
}


def check_type(path: str, kind: str, value: Any) -> None:
    """Raise ShapeError unless value fits the type kind (without its star)."""
    if kind in SCALARS:
        if not SCALARS[kind](value):
            raise _mistyped(path, kind, value)
        return
    if kind.startswith("["):
        if not isinstance(value, list):
            raise _mistyped(path, "list", value)
        for index, item in enumerate(value):
            check_type(f"{path}[{index}]", kind[1:-1], item)
        return
    if kind in SHAPES:
        check_struct(path, SHAPES[kind], value)
        return
    if not isinstance(value, str):
        raise _mistyped(path, "string", value)
    words = kind.lstrip("=").split("|")
    if value not in words:
        raise ShapeError("InvalidParameterException",
                         f"{path} must be one of {', '.join(words)}, not '{value[:80]}'.")


def check_struct(path: str, shape: Shape, value: Any) -> None:
    """Raise ShapeError unless value is an object of exactly this shape."""
    if not isinstance(value, dict):
        raise _mistyped(path or "body", "structure", value)
    for name, kind in shape.items():
        if kind.startswith("*") and value.get(name) is None:
            raise ShapeError("InvalidParameterException", f"{_join(path, name)} cannot be null.")
    for name, item in value.items():
        if name not in shape:
            raise ShapeError("InvalidParameterException",
                             f"Unknown member {_join(path, name)} in the request.")
        if item is not None:
            check_type(_join(path, name), shape[name].lstrip("*"), item)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def check_request(op: str, body: Any) -> None:
    """Check a request against its shape and against the limits of its operation."""
    check_struct("", REQUESTS[op], body)
    for (limited_op, member), most in LIST_LIMITS.items():
        if limited_op != op:
            continue
        if not body[member]:
            raise ShapeError("InvalidParameterException", f"{member} cannot be empty.")
        if len(body[member]) > most:
            raise ShapeError("InvalidParameterException",
                             f"{member} can have at most {most} items, not {len(body[member])}.")
    if body.get("maxResults") is not None:
        most = PAGE_LIMITS[op][1]
        if not 1 <= body["maxResults"] <= most:
            raise ShapeError("InvalidParameterException",
                             f"maxResults must be between 1 and {most}.")


def check_response(op: str, body: Any) -> None:
    """The double's own answers must fit as well; a misfit is a bug of the double."""
    check_struct("", RESPONSES[op], body)


FAMILY = re.compile(r"^[A-Za-z0-9_-]{1,255}$")
CONTAINER_NAME = re.compile(r"^[A-Za-z0-9_-]{1,255}$")
