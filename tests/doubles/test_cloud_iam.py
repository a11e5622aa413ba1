#!/usr/bin/env python3
"""cloud_iam.py against what the IAM user guide says of wildcards, conditions and the precedence of Deny."""
import os
import sys
from typing import Any

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import cloud_iam as iam  # noqa: E402
from tap import done, ok, same  # noqa: E402

P = "arn:aws:ecs:eu-west-1:123456789012:"
CLUSTER = {"ecs:cluster": P + "cluster/edge"}


def allow(action: Any = "ecs:ListTasks", resource: Any = "*", effect: str = "Allow", **condition: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource} | ({"Condition": condition} if condition else {})


def judge(statements: list[dict[str, Any]], action: str, *touched: tuple[str, dict[str, str]], kind: str = "identity") -> str:
    try:
        iam.authorize({kind: iam.check({"Version": "2012-10-17", "Statement": statements})}, action, list(touched))
    except iam.Denied as no:
        return no.why
    return ""


def refused(statement: Any) -> bool:
    try:
        iam.check({"Version": "2012-10-17", "Statement": [statement]})
    except iam.PolicyError:
        return True
    return False


NO = "because no identity-based policy allows the ecs:ListTasks action"
here = ("*", CLUSTER)
same(judge([allow()], "ecs:ListTasks", here), "", "allowed")
same(judge([allow("ecs:List*")], "ecs:ListTasks", here), "", "by a wildcard")
same(judge([allow("ecs:listtasks")], "ecs:ListTasks", here), "", "letters of either case")
same(judge([allow("ecs:ListTask")], "ecs:ListTasks", here), NO, "not by a part of the name")
same(judge([allow(), allow(effect="Deny")], "ecs:ListTasks", here), "with an explicit deny in an identity-based policy", "Deny wins")
same(judge([allow(effect="Deny"), allow()], "ecs:ListTasks", here, ), "with an explicit deny in an identity-based policy", "in any order")
same(judge([allow("ecs:Describe*")], "ecs:ListTasks", here, kind="boundary"), NO.replace("identity-based policy", "permissions boundary"),
     "a boundary allows nothing it does not name")
same(judge([allow(resource=P + "task/edge/*")], "ecs:ListTasks", here), NO, "* is no task")
service, other = (P + "service/edge/web", CLUSTER), (P + "service-deployment/edge/web/1", CLUSTER)
same(judge([allow(resource=P + "service/edge/*")], "ecs:ListTasks", service, other), NO, "each resource of a call must be allowed")
same(judge([allow(resource=[P + "service/edge/*", P + "service-deployment/edge/web/*"])], "ecs:ListTasks", service, other), "", "and is")
ok(not iam.arn_matches("arn:aws:ecs:*:service/edge/web", service[0]), "a * does not reach over a colon")
ok(iam.arn_matches("arn:aws:ecs:*:*:service/edge/w?b", service[0]), "? is one character")
for operator, wanted, have, hit in (
        ("ArnEquals", P + "cluster/edge", P + "cluster/edge", True), ("ArnEquals", P + "cluster/far", P + "cluster/edge", False),
        ("ArnLike", P + "cluster/e*", P + "cluster/edge", True), ("StringEquals", "a*", "ab", False), ("StringLike", "a*", "ab", True),
        ("StringEquals", "a", None, False), ("StringEqualsIfExists", "a", None, True), ("StringNotEqualsIfExists", "true", None, True),
        ("StringNotEqualsIfExists", "true", "true", False), ("StringNotEquals", "true", "false", True)):
    context = {} if have is None else {"ecs:cluster": have}
    same(judge([allow(**{operator: {"ecs:cluster": wanted}})], "ecs:ListTasks", ("*", context)) == "", hit, f"{operator} {wanted} of {have}")
for bad in ({}, allow() | {"NotAction": "x"}, allow("ListTasks"), allow(resource="service/web"), allow(NumericEquals={"ecs:cluster": "1"}),
            allow(ArnEquals={"s3:prefix": "x"}), allow() | {"Effect": "Maybe"}, allow(resource=[]), allow() | {"Sid": "a b"}):
    ok(refused(bad), f"not taken: {bad}")
same([t[0] for t in iam.touched_by("StopServiceDeployment", {"serviceDeploymentArn": other[0]}, "eu-west-1", "123456789012", None)],
     [other[0], service[0]], "a stop touches the deployment and its service")
same(iam.touched_by("ListTasks", {"cluster": "edge", "serviceName": "web"}, "eu-west-1", "123456789012", None), [here],
     "tasks of a service are listed on *")
same(iam.touched_by("UpdateService", {"cluster": "edge", "service": "web"}, "eu-west-1", "123456789012", P + "task-definition/web:3")[0][1],
     CLUSTER | {"ecs:task-definition": P + "task-definition/web:3"}, "an update tells its task definition")
sys.exit(done())
