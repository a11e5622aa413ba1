"""What IAM would say to a call: policy documents evaluated as the IAM user guide tells ("Policy evaluation logic"), on the
resources and condition keys that the Service Authorization Reference gives for Amazon ECS. It knows nothing of kedge's table.

A call is allowed when each kind of policy that is set (identity-based, permissions boundary, service control policy) allows the
action on every resource the call touches, and none denies it. Anything of the policy language that is not modelled is refused
when the policy is set, so that no test passes by a condition nobody looked at.
"""
from __future__ import annotations

import re
from typing import Any

Document = dict[str, Any]
Context = dict[str, str]
KINDS = {"identity": "identity-based policy", "boundary": "permissions boundary", "scp": "service control policy"}
STATEMENT = {"Sid", "Effect", "Action", "Resource", "Condition"}
OPERATORS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringEquals", "StringNotEquals", "StringLike", "StringNotLike")


class PolicyError(Exception):
    """A document IAM would refuse, or one this double does not model."""


class Denied(Exception):
    """The call is refused: resource, and the words that tell why."""

    def __init__(self, resource: str, why: str) -> None:
        super().__init__(why)
        self.resource, self.why = resource, why


def _many(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(v, str) for v in values):
        raise PolicyError(f"a string or a list of strings is wanted, not {value!r}")
    return values


def check(document: Any) -> Document:
    """The document as it came, or why it is none."""
    if not isinstance(document, dict) or set(document) - {"Version", "Id", "Statement"}:
        raise PolicyError("a policy is an object with Version and Statement")
    if document.get("Version") != "2012-10-17":
        raise PolicyError("Version must be 2012-10-17")
    statements = document.get("Statement")
    if not isinstance(statements, list) or not statements:
        raise PolicyError("Statement is a list that is not empty")
    sids = [s["Sid"] for s in statements if isinstance(s, dict) and "Sid" in s]
    if len(set(sids)) != len(sids) or not all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids):
        raise PolicyError("each Sid must be letters and digits, and only once in a policy")
    for statement in statements:
        _check_statement(statement)
    return document


def _check_statement(s: Any) -> None:
    if not isinstance(s, dict) or set(s) - STATEMENT or not {"Effect", "Action", "Resource"} <= set(s):
        raise PolicyError(f"not a statement this double models: {s!r}")
    if s["Effect"] not in ("Allow", "Deny"):
        raise PolicyError("Effect is Allow or Deny")
    for action in _many(s["Action"]):
        if action != "*" and not re.fullmatch(r"[a-z0-9-]+:[A-Za-z*?]+", action):
            raise PolicyError(f"not an action: {action}")
    for resource in _many(s["Resource"]):
        if resource != "*" and len(resource.split(":")) < 6:
            raise PolicyError(f"not a resource: {resource}")
    for operator, keys in s.get("Condition", {}).items():
        if operator.removesuffix("IfExists") not in OPERATORS:
            raise PolicyError(f"not a condition this double models: {operator}")
        for key, wanted in keys.items():
            if not re.fullmatch(r"(aws|ecs):[A-Za-z:/-]+", key):
                raise PolicyError(f"not a condition key: {key}")
            _many(wanted)


def matches(pattern: str, text: str) -> bool:
    """* is any run of characters, ? is one; nothing else is special."""
    parts = [re.escape(p).replace(r"\?", ".") for p in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def arn_matches(pattern: str, arn: str) -> bool:
    """Each of the six parts for itself: a * never reaches over a colon into another part."""
    if pattern == "*":
        return True
    want, have = pattern.split(":", 5), arn.split(":", 5)
    return len(want) == len(have) and all(matches(w, h) for w, h in zip(want, have))


def _condition(operator: str, wanted: list[str], have: str | None) -> bool:
    plain = operator.removesuffix("IfExists")
    negated = "Not" in plain
    if have is None:
        return negated or plain != operator
    if plain.startswith("Arn"):
        hit = any(arn_matches(w, have) for w in wanted)
    elif plain.endswith("Like"):
        hit = any(matches(w, have) for w in wanted)
    else:
        hit = have in wanted
    return hit != negated


def _fits(statement: Document, action: str, resource: str, context: Context) -> bool:
    return (any(matches(a.lower(), action.lower()) for a in _many(statement["Action"]))
            and any(r == "*" or arn_matches(r, resource) for r in _many(statement["Resource"]))
            and all(_condition(operator, _many(wanted), context.get(key))
                    for operator, keys in statement.get("Condition", {}).items() for key, wanted in keys.items()))


def authorize(policies: dict[str, Document], action: str, touched: list[tuple[str, Context]]) -> None:
    """Raise Denied for the first resource the call may not touch."""
    for resource, context in touched:
        effects = {kind: {s["Effect"] for s in document["Statement"] if _fits(s, action, resource, context)}
                   for kind, document in policies.items()}
        for kind, found in effects.items():
            if "Deny" in found:
                article = "an" if kind == "identity" else "a"
                raise Denied(resource, f"with an explicit deny in {article} {KINDS[kind]}")
        for kind, found in effects.items():
            if "Allow" not in found:
                raise Denied(resource, f"because no {KINDS[kind]} allows the {action} action")


def touched_by(op: str, body: Document, region: str, account: str, task_definition: str | None) -> list[tuple[str, Context]]:
    """The resources IAM looks at for a call, each with its condition keys."""
    def arn(kind: str, *path: str) -> str:
        return f"arn:aws:ecs:{region}:{account}:{kind}/{'/'.join(path)}"

    def named(kind: str, name: str) -> str:
        return name if name.startswith("arn:") else arn(kind, cluster, name)

    cluster = str(body.get("cluster", "default")).rsplit("/", 1)[-1]
    keys = {"ecs:cluster": arn("cluster", cluster)}
    if op in ("DescribeTaskDefinition", "RegisterTaskDefinition", "ListTaskDefinitions"):
        return [("*", {})]
    if op == "ListServices":
        return [("*", keys)]
    if op == "ListContainerInstances":
        return [(arn("cluster", cluster), {})]
    lists = {"DescribeServices": ("service", "services"), "DescribeTasks": ("task", "tasks"),
             "DescribeContainerInstances": ("container-instance", "containerInstances")}
    if op in lists:
        kind, member = lists[op]
        return [(named(kind, name), keys) for name in body[member]]
    if op == "ListTasks":     # without a container instance the call is judged on *, as refusals in the field show
        return [(named("container-instance", body["containerInstance"]), keys)] if "containerInstance" in body else [("*", keys)]
    if op == "ListServiceDeployments":
        return [(named("service", body["service"]), keys)]
    if op == "UpdateService":
        more = {"ecs:task-definition": task_definition} if task_definition else {}
        if "enableExecuteCommand" in body:
            more["ecs:enable-execute-command"] = str(body["enableExecuteCommand"]).lower()
        return [(named("service", body["service"]), keys | more)]
    by_arn = {"DescribeServiceDeployments": "serviceDeploymentArns", "DescribeServiceRevisions": "serviceRevisionArns",
              "StopServiceDeployment": "serviceDeploymentArn"}
    return [pair for one in _many(body[by_arn[op]]) for pair in _of_deployment(one)]


def _of_deployment(arn: str) -> list[tuple[str, Context]]:
    """A deployment or revision needs the action on itself and on its service."""
    head, _, path = arn.partition("/")
    names = path.split("/")
    prefix = head.rsplit(":", 1)[0]
    if len(names) != 3:
        return [(arn, {})]
    service = f"{prefix}:service/{names[0]}/{names[1]}"
    keys = {"ecs:cluster": f"{prefix}:cluster/{names[0]}"}
    return [(arn, keys | {"ecs:service": service}), (service, keys)]
