#!/usr/bin/env python3
"""Self-test of the cloud double; prints TAP."""
from __future__ import annotations

import datetime
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, ClassVar

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

import cloudctl  # noqa: E402
from cloud_api import scientific  # noqa: E402
from cloud_model import Service, repository  # noqa: E402
from cloud_sigv4 import Key, Verifier  # noqa: E402

SCALE = 80
PREFIX = "AmazonEC2ContainerServiceV20141113."
JSON_TYPE = "application/x-amz-json-1.1"
SUITE_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo"
    "IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V"
    "SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yj"
    "c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==")
SUITE_KEY = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
ONGOING = ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"]
DIGEST = {n: "sha256:" + format(n, "064x") for n in (11, 12, 13)}


def sign(secret: str, akid: str, region: str, headers: dict[str, str], body: bytes,
         service: str = "ecs", leave_out: tuple[str, ...] = ()) -> dict[str, str]:
    """A signer of its own, so that signer and verifier can not share a mistake."""
    when = headers["x-amz-date"]
    names = sorted(set(headers) - set(leave_out))
    creq = "POST\n/\n\n"
    for name in names:
        creq += f"{name}:{headers[name].strip()}\n"
    creq += "\n" + ";".join(names) + "\n" + hashlib.sha256(body).hexdigest()
    scope = f"{when[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{hashlib.sha256(creq.encode()).hexdigest()}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 Credential={akid}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={signature}"}


class Cloud:
    """A running double and the ways to talk to it."""

    def __init__(self, *options: str) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="kc-"))
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(HERE / "ecs_cloud.py"), "--dir", str(self.dir),
             "--stdin-watch", *options], stdin=subprocess.PIPE)
        self._until(lambda: (self.dir / "port").exists(), 20)
        self.port = int((self.dir / "port").read_text())
        self.tls = ssl.create_default_context(cafile=str(self.dir / "ca.pem"))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        shutil.rmtree(self.dir)

    @staticmethod
    def _until(done: Callable[[], Any], timeout_s: float = 10) -> Any:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            value = done()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("timed out")

    until = _until

    def ctl(self, command: str, **members: Any) -> dict[str, Any]:
        answer = cloudctl.call(self.dir, command, **members)
        if not answer["ok"]:
            raise AssertionError(f"{command}: {answer['error']}")
        return answer

    def keys(self) -> dict[str, str]:
        text = (self.dir / "credentials").read_text()
        return dict(re.findall(r"^(aws_\w+)\s*=\s*(\S+)$", text, re.M))

    def signed(self, op: str, body: bytes, *, region: str = "eu-west-1", service: str = "ecs",
               skew_s: float = 0, leave_out: tuple[str, ...] = (), akid: str | None = None,
               keys: dict[str, str] | None = None) -> dict[str, str]:
        keys = keys or self.keys()
        when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew_s)
        headers = {"host": f"localhost:{self.port}", "content-type": JSON_TYPE,
                   "x-amz-date": when.strftime("%Y%m%dT%H%M%SZ"), "x-amz-target": PREFIX + op,
                   "x-amz-security-token": keys["aws_session_token"]}
        return sign(keys["aws_secret_access_key"], akid or keys["aws_access_key_id"], region,
                    headers, body, service, leave_out)

    def connect(self, timeout: float = 10) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=timeout)

    def send(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        link = self.connect()
        try:
            link.request("POST", "/", body, headers)
            answer = link.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            link.close()

    def raw(self, op: str, body: Any, **how: Any) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, text, _ = self.send(self.signed(op, data, **how), data)
        return status, json.loads(text)

    def aws(self, op: str, **body: Any) -> Any:
        status, answer = self.raw(op, body)
        if status != 200:
            raise AssertionError(f"{op}: {status} {answer}")
        return answer

    def error(self, op: str, body: Any, **how: Any) -> str:
        status, answer = self.raw(op, body, **how)
        return f"{status} {answer.get('__type')} {answer.get('message', '')}"


class Rig(unittest.TestCase):
    """One double for all tests; each uses a service and an instance of its own."""
    cloud: ClassVar[Cloud]
    serial: ClassVar[int] = 0

    @classmethod
    def setUpClass(cls) -> None:
        cls.cloud = Cloud("--time-scale", str(SCALE), "--lag-max", "0")

    @classmethod
    def tearDownClass(cls) -> None:
        lines = (cls.cloud.dir / "requests.jsonl").read_text().splitlines()
        cls.cloud.close()
        bugs = [line for line in lines if '"error":"double"' in line]
        if bugs:
            raise AssertionError(f"the double answered with a bug of its own: {bugs}")

    def setUp(self) -> None:
        type(self).serial += 1
        self.name = f"app{self.serial}"
        self.node = self.cloud.ctl("instance-register", memory=100000)["containerInstanceArn"]
        self.seq = 0
        self.addCleanup(self.cloud.ctl, "instance-deregister", instance=self.node)
        self.addCleanup(self._remove)

    def _remove(self) -> None:
        cloudctl.call(self.cloud.dir, "delete-service", service=self.name)

    def register(self, revision: int, **container: Any) -> str:
        members = {"name": "web", "image": f"reg.example:5000/{self.name}:latest", "memory": 16}
        return str(self.cloud.ctl("register-task-definition", family=self.name,
                                  first_revision=revision,
                                  containerDefinitions=[members | container])["name"])

    def service(self, revision: int = 11, **more: Any) -> None:
        """A service whose first revision is up and SUCCESSFUL."""
        td = self.register(revision)
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td, **more)
        for task in self.placed(more.get("desiredCount", 1)):
            self.run_task(task, DIGEST[11])
        self.wait("SUCCESSFUL")

    def placed(self, count: int = 1, desired: str = "RUNNING") -> list[dict[str, Any]]:
        """The next count tasks placed on (or stopped on) this test's node."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + 10
        while len(found) < count and time.monotonic() < end:
            answer = self.cloud.ctl("poll-tasks", instance=self.node, since=self.seq, wait_s=2)
            self.seq = answer["seq"]
            found += [t for t in answer["tasks"] if t["desiredStatus"] == desired]
        self.assertEqual(len(found), count)
        return found

    def submit(self, task: dict[str, Any], status: str, **container: Any) -> None:
        self.cloud.ctl("submit-task-state-change", task=task["taskArn"], status=status,
                       containers=[{"name": "web", "status": status, **container}])

    def run_task(self, task: dict[str, Any], digest: str) -> None:
        self.submit(task, "PENDING", imageDigest=digest)
        self.submit(task, "RUNNING")

    def fail_task(self, task: dict[str, Any]) -> None:
        self.submit(task, "STOPPED", reason="CannotPullImageManifestError: manifest unknown")

    def wait(self, *status: str) -> str:
        answer = self.cloud.ctl("wait-deployment", service=self.name, status=list(status),
                                timeout_s=10)
        return str(answer["serviceDeploymentArn"])

    def deploy(self, **container: Any) -> str:
        td = self.register(0, **container)
        answer = self.cloud.ctl("update-service", service=self.name, taskDefinition=td)
        self.assertTrue(answer["started"])
        return str(answer["serviceDeploymentArn"])

    def described(self, arn: str) -> Any:
        return self.cloud.aws("DescribeServiceDeployments",
                              serviceDeploymentArns=[arn])["serviceDeployments"][0]

    def shown(self) -> Any:
        return self.cloud.aws("DescribeServices", cluster="edge", services=[self.name])["services"][0]

    def breaker(self, rollback: bool, kind: str = "COUNT", value: int = 2) -> dict[str, Any]:
        return {"deploymentCircuitBreaker": {
            "enable": True, "rollback": rollback,
            "thresholdConfiguration": {"type": kind, "value": value}}}


class TestKnownAnswers(unittest.TestCase):
    """Signatures known from another implementation, by this signer and for this verifier."""

    def check(self, when: str, region: str, op: str, body: str, token: str, wanted: str) -> None:
        headers = {"host": f"ecs.{region}.amazonaws.com", "content-type": JSON_TYPE,
                   "x-amz-date": when, "x-amz-target": PREFIX + op}
        if token:
            headers["x-amz-security-token"] = token
        signed = sign(SUITE_KEY[1], SUITE_KEY[0], region, headers, body.encode())
        self.assertTrue(signed["authorization"].endswith("Signature=" + wanted))
        now = datetime.datetime.strptime(when + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
        key = Key(*SUITE_KEY, token, "mi-1")
        verifier = Verifier(region, {SUITE_KEY[0]: key})
        found = verifier.verify("POST", "/", list(signed.items()), body.encode(), now)
        self.assertIs(found, key)

    def test_static_key(self) -> None:
        self.check("20150830T123600Z", "us-east-1", "DescribeServices",
                   '{"cluster":"edge","services":["web"]}', "",
                   "a6423b42d7716099f55cce2581f4dbbd2e853a164fc406e6a767d60ace1bfccc")

    def test_session_token(self) -> None:
        self.check("20150830T123600Z", "us-east-1", "DescribeServices",
                   '{"cluster":"edge","services":["web"]}', SUITE_TOKEN,
                   "4b8dfbdc509b97ef63a3a169e4516c796c31f655e86aed84381c65ba35dcd092")

    def test_other_region(self) -> None:
        states = json.dumps(ONGOING, separators=(",", ":"))
        self.check("20260101T000000Z", "eu-west-1", "ListServiceDeployments",
                   '{"cluster":"edge","service":"web","status":' + states + "}", "",
                   "dfc3223a2860783d29a4b68f9faeb43d7adb792e6ef434de2049c6493da707ef")


class TestSmallParts(unittest.TestCase):
    def test_scientific_time(self) -> None:
        self.assertEqual(scientific(1619234847.026), "1.619234847026E9")
        self.assertEqual(scientific(1619234847.0), "1.619234847E9")

    def test_repository(self) -> None:
        self.assertEqual(repository("reg:5000/a/b:1@sha256:00"), "reg:5000/a/b")
        self.assertEqual(repository("nginx"), "nginx")

    def test_threshold(self) -> None:
        def of(desired: int, **rule: Any) -> int:
            config = {"deploymentCircuitBreaker": {"thresholdConfiguration": rule}} if rule else {}
            return Service("s", "a", "c", desired, config, 0.0).threshold(config)
        self.assertEqual([of(1), of(25), of(400), of(800)], [3, 13, 200, 200])
        self.assertEqual(of(800, type="UNBOUNDED_PERCENT", value=50), 400)
        self.assertEqual(of(9, type="COUNT", value=1), 1)


class TestRefusals(Rig):
    OP = "ListTasks"
    BODY: ClassVar[dict[str, Any]] = {"cluster": "edge"}

    def refused(self, wanted: str, **how: Any) -> str:
        text = self.cloud.error(self.OP, self.BODY, **how)
        self.assertRegex(text, "^400 " + wanted)
        return text

    def test_accepts_a_good_one(self) -> None:
        self.assertEqual(self.cloud.raw(self.OP, self.BODY)[0], 200)

    def test_answer_headers(self) -> None:
        data = b'{"cluster":"edge"}'
        _, _, headers = self.cloud.send(self.cloud.signed(self.OP, data), data)
        self.assertEqual(headers["content-type"], JSON_TYPE)
        self.assertRegex(headers["date"], r"^\w{3}, \d\d \w{3} \d{4} .* GMT$")
        self.assertIn("x-amzn-requestid", headers)

    def test_keep_alive(self) -> None:
        link, data = self.cloud.connect(), b'{"cluster":"edge"}'
        for _ in range(3):
            link.request("POST", "/", data, self.cloud.signed(self.OP, data))
            answer = link.getresponse()
            answer.read()
            sock = link.sock
            self.assertIsNotNone(sock)
        self.assertEqual(answer.status, 200)
        link.close()

    def test_changed_body(self) -> None:
        headers = self.cloud.signed(self.OP, b'{"cluster":"edge"}')
        status, text, _ = self.cloud.send(headers, b'{"cluster":"edgy"}')
        self.assertEqual(status, 400)
        self.assertIn(b"InvalidSignatureException", text)
        self.assertNotIn(self.cloud.keys()["aws_session_token"].encode(), text)

    def test_wrong_secret(self) -> None:
        keys = self.cloud.keys() | {"aws_secret_access_key": "x" * 40}
        self.refused("InvalidSignatureException The request signature", keys=keys)

    def test_unknown_key(self) -> None:
        self.refused("UnrecognizedClientException", akid="ASIAXXXXXXXXXXXXXXXX")

    def test_wrong_token(self) -> None:
        keys = self.cloud.keys() | {"aws_session_token": "x" * 400}
        self.refused("UnrecognizedClientException", keys=keys)

    def test_wrong_region(self) -> None:
        self.refused("InvalidSignatureException Credential should be scoped to a valid region",
                     region="us-east-1")

    def test_wrong_service(self) -> None:
        self.refused("InvalidSignatureException Credential should be scoped to correct service",
                     service="sts")

    def test_unsigned_headers(self) -> None:
        for name in ("host", "x-amz-date", "x-amz-target", "content-type", "x-amz-security-token"):
            self.refused(f"InvalidSignatureException '{name}' must be a 'SignedHeader'",
                         leave_out=(name,))

    def test_slow_and_fast_clock(self) -> None:
        late = r"\d{8}T\d{6}Z"
        self.refused(f"InvalidSignatureException Signature expired: {late} is now earlier than "
                     f"{late} \\({late} - 5 min.\\)$", skew_s=-400)
        self.refused(f"InvalidSignatureException Signature not yet current: {late} is still later "
                     f"than {late} \\({late} \\+ 5 min.\\)$", skew_s=400)
        self.assertEqual(self.cloud.raw(self.OP, self.BODY, skew_s=-200)[0], 200)

    def test_server_clock(self) -> None:
        self.addCleanup(self.cloud.ctl, "set-clock", offset_s=0)
        self.cloud.ctl("set-clock", offset_s=3600)
        self.refused("InvalidSignatureException Signature expired")
        self.assertEqual(self.cloud.raw(self.OP, self.BODY, skew_s=3600)[0], 200)

    def test_no_authorization(self) -> None:
        headers = self.cloud.signed(self.OP, b"{}")
        del headers["authorization"]
        self.assertIn(b"MissingAuthenticationToken", self.cloud.send(headers, b"{}")[1])
        headers["authorization"] = "AWS4-HMAC-SHA256 nonsense"
        self.assertIn(b"IncompleteSignature", self.cloud.send(headers, b"{}")[1])

    def test_expiry_and_rotation(self) -> None:
        before = self.cloud.keys()
        self.cloud.ctl("expire-credentials")
        self.refused("ExpiredTokenException The security token included in the request is expired")
        self.cloud.ctl("rotate-credentials")
        self.assertNotEqual(before, self.cloud.keys())
        self.assertEqual(self.cloud.raw(self.OP, self.BODY)[0], 200)
        self.refused("ExpiredTokenException", keys=before)

    def test_token_looks_real(self) -> None:
        self.assertEqual(len(self.cloud.keys()["aws_session_token"]), 1000)
        self.assertEqual((self.cloud.dir / "credentials").stat().st_mode & 0o777, 0o600)

    def test_deny(self) -> None:
        self.addCleanup(self.cloud.ctl, "allow-action")
        self.cloud.ctl("deny-action", action="ecs:ListTasks")
        self.refused(
            r"AccessDeniedException User: arn:aws:sts::123456789012:assumed-role/ecsAnywhereRole/"
            r"mi-0123 is not authorized to perform: ecs:ListTasks on resource: arn:aws:ecs:eu-west-1:"
            r"123456789012:container-instance/edge/\* because no identity-based policy allows the "
            r"ecs:ListTasks action$")
        other = self.cloud.ctl("add-key", session="mi-0456")
        self.assertEqual(self.cloud.raw(self.OP, self.BODY, keys=other)[0], 200)

    def test_throttle(self) -> None:
        self.addCleanup(self.cloud.ctl, "set-throttle", reset=True)
        self.cloud.ctl("set-throttle", op="ListTasks", burst=2, rate=0)
        for _ in range(2):
            self.assertEqual(self.cloud.raw(self.OP, self.BODY)[0], 200)
        self.refused("ThrottlingException Rate exceeded$")
        self.assertEqual(self.cloud.raw("ListServices", self.BODY)[0], 200)


class TestShapes(Rig):
    def refused(self, wanted: str, op: str, **body: Any) -> None:
        self.assertRegex(self.cloud.error(op, body), "^400 " + wanted)

    def test_members(self) -> None:
        wrong = "InvalidParameterException"
        self.refused(f"{wrong} Unknown member colour", "ListTasks", cluster="edge", colour="red")
        self.refused(f"{wrong} services cannot be null", "DescribeServices", cluster="edge")
        self.refused(f"{wrong} desiredStatus must be one of", "ListTasks", cluster="edge",
                     desiredStatus="GONE")
        self.refused("SerializationException cluster", "ListTasks", cluster=7)
        self.refused("SerializationException services", "DescribeServices", services="web")
        self.refused("SerializationException createdAt.after", "ListServiceDeployments",
                     service="web", createdAt={"after": "2026-01-01"})

    def test_limits(self) -> None:
        wrong = "InvalidParameterException"
        self.refused(f"{wrong} services", "DescribeServices", cluster="edge", services=["a"] * 11)
        self.refused(f"{wrong} services", "DescribeServices", cluster="edge", services=[])
        self.refused(f"{wrong} tasks", "DescribeTasks", cluster="edge", tasks=["a"] * 101)
        self.refused(f"{wrong} serviceDeploymentArns", "DescribeServiceDeployments",
                     serviceDeploymentArns=["a"] * 21)
        self.refused(f"{wrong} maxResults", "ListServiceDeployments", service="a", maxResults=101)
        self.refused(f"{wrong} maxResults", "ListTasks", cluster="edge", maxResults=0)

    def test_nonsense(self) -> None:
        self.assertRegex(self.cloud.error("ListTasks", b"{"), "^400 SerializationException")
        self.assertRegex(self.cloud.error("ListTasks", b"[]"), "^400 SerializationException")
        self.assertRegex(self.cloud.error("DropTables", {}), "^400 UnknownOperationException")

    def test_not_found(self) -> None:
        self.refused("ClusterNotFoundException", "ListTasks", cluster="nowhere")
        self.refused("ClusterNotFoundException", "ListTasks")
        self.refused("ServiceNotFoundException", "ListServiceDeployments", cluster="edge",
                     service="nobody")
        self.refused("ServiceNotFoundException", "ListTasks", cluster="edge", serviceName="nobody")
        gone = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/AAAAAAAAAAAAAAAAAAAAA"
        self.refused("ServiceDeploymentNotFoundException", "StopServiceDeployment",
                     serviceDeploymentArn=gone)
        self.refused("InvalidParameterException", "StopServiceDeployment",
                     serviceDeploymentArn=gone.replace("eu-west-1", "eu-west-2"))
        missing = self.cloud.aws("DescribeServices", cluster="edge", services=["nobody"])
        self.assertEqual(missing["failures"][0]["reason"], "MISSING")
        missing = self.cloud.aws("DescribeServiceDeployments", serviceDeploymentArns=[gone])
        self.assertEqual(missing["failures"], [{"arn": gone, "reason": "MISSING"}])

    def test_pages(self) -> None:
        td = self.register(1)
        self.cloud.ctl("add-services", count=12, taskDefinition=td, prefix=self.name, events=0)
        first = self.cloud.aws("ListServices", cluster="edge")
        self.assertEqual(len(first["serviceArns"]), 10)
        second = self.cloud.aws("ListServices", cluster="edge", nextToken=first["nextToken"])
        self.assertFalse(set(first["serviceArns"]) & set(second["serviceArns"]))
        self.refused("InvalidParameterException Invalid token", "ListServices", cluster="edge",
                     nextToken="AAAA")
        for number in range(1, 13):
            self.cloud.ctl("delete-service", service=f"{self.name}-{number}")

    def test_task_definitions(self) -> None:
        good = {"family": self.name, "containerDefinitions": [
            {"name": "a", "image": "x:1", "memory": 8, "essential": True,
             "restartPolicy": {"enabled": True, "restartAttemptPeriod": 60}}]}
        answer = self.cloud.aws("RegisterTaskDefinition", **good)["taskDefinition"]
        self.assertEqual(answer["revision"], 1)
        self.refused("ClientException", "RegisterTaskDefinition", family=self.name,
                     containerDefinitions=[{"name": "a", "image": "x:1"}])
        self.refused("ClientException", "DescribeTaskDefinition", taskDefinition="nothing:1")
        self.service_from(f"{self.name}:1")
        self.cloud.ctl("deregister-task-definition", taskDefinition=f"{self.name}:1")
        self.refused("ClientException TaskDefinition is inactive", "UpdateService", cluster="edge",
                     service=self.name, taskDefinition=f"{self.name}:1", forceNewDeployment=True)

    def service_from(self, td: str) -> None:
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td, desiredCount=0)


class TestUpdateService(Rig):
    def refused(self, wanted: str, **body: Any) -> None:
        self.assertRegex(self.cloud.error("UpdateService", body), "^400 " + wanted)

    def test_goes_to_a_revision(self) -> None:
        self.service()
        good = f"{self.name}:11"
        self.deploy()
        self.fail_task(self.placed()[0])
        answer = self.cloud.aws("UpdateService", cluster="edge", service=self.name, taskDefinition=good)["service"]
        self.assertTrue(answer["taskDefinition"].endswith(f":task-definition/{good}"))
        self.assertGreater(len(answer["events"]), 2)
        self.assertEqual([d["status"] for d in answer["deployments"]][0], "PRIMARY")
        self.assertEqual(answer["deploymentConfiguration"]["maximumPercent"], 200)
        listed = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name)
        self.assertEqual(len(listed["serviceDeployments"]), 3)
        self.run_task(next(t for t in self.placed() if t["version"] == "11"), DIGEST[11])
        self.wait("SUCCESSFUL")

    def test_makes_a_revision_of_its_own(self) -> None:
        """Unlike a rollback: the tag is asked for its digest again."""
        self.service()
        before = self.shown()["currentServiceRevisions"][0]["arn"]
        self.deploy()
        self.cloud.aws("UpdateService", cluster="edge", service=self.name, taskDefinition=f"{self.name}:11")
        sd = self.cloud.ctl("dump")["services"][self.name]["deployments"][-1]
        after = sd["targetServiceRevision"]["arn"]
        self.assertNotEqual(before, after)
        revision = self.cloud.aws("DescribeServiceRevisions", serviceRevisionArns=[after])["serviceRevisions"][0]
        self.assertTrue(revision["taskDefinition"].endswith(f"/{self.name}:11"))
        self.assertNotIn("imageDigest", revision.get("containerImages", [{}])[0])

    def test_what_is_wrong(self) -> None:
        self.service()
        good = {"cluster": "edge", "service": self.name}
        self.refused("ServiceNotFoundException", cluster="edge", service="nobody", taskDefinition="x:1")
        self.refused("ClusterNotFoundException", cluster="elsewhere", service=self.name)
        self.refused("InvalidParameterException service cannot be null", cluster="edge")
        self.refused("ClientException Unable to describe", **good, taskDefinition=f"{self.name}:99")
        self.refused("ClientException Unable to describe", **good, taskDefinition="")
        self.refused("SerializationException taskDefinition", **good, taskDefinition=11)
        self.refused("InvalidParameterException Unknown member revision", **good, revision=11)
        self.refused("InvalidParameterException desiredCount", **good, desiredCount=-1)
        self.refused("InvalidParameterException Both maximumPercent", **good,
                     deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 100})
        self.refused("InvalidParameterException minimumHealthyPercent", **good,
                     deploymentConfiguration={"maximumPercent": 50})
        listed = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name)
        self.assertEqual(len(listed["serviceDeployments"]), 1)

    def test_of_an_inactive_service(self) -> None:
        self.service()
        self.cloud.ctl("delete-service", service=self.name)
        self.refused("ServiceNotActiveException", cluster="edge", service=self.name)

    def test_controllers_of_others(self) -> None:
        td = self.register(1)
        for number, controller in enumerate(("CODE_DEPLOY", "EXTERNAL")):
            name = f"{self.name}-{number}"
            self.cloud.ctl("create-service", service=name, taskDefinition=td, controller=controller, desiredCount=0)
            body = {"cluster": "edge", "service": name}
            where = f"on services with a {controller} deployment controller"
            self.refused(f"InvalidParameterException Unable to update task definition {where}", **body, taskDefinition=td)
            self.refused(f"InvalidParameterException Cannot force a new deployment {where}", **body,
                         forceNewDeployment=True)
            self.cloud.aws("UpdateService", **body, desiredCount=0)
            self.assertRegex(self.cloud.error("ListServiceDeployments", body), "^400 UnsupportedFeatureException")
            shown = self.cloud.aws("DescribeServices", cluster="edge", services=[name])["services"][0]
            self.assertEqual(shown["deploymentController"], {"type": controller})
            self.assertEqual(shown["deployments"], [])
            self.assertEqual(shown["taskSets"][0]["status"], "PRIMARY")
            self.assertNotIn("currentServiceDeployment", shown)
            self.cloud.ctl("delete-service", service=name)
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td, controller="EXTERNAL", desiredCount=0)
        self.refused("InvalidParameterException Unable to update deploymentConfiguration", cluster="edge",
                     service=self.name, deploymentConfiguration={"maximumPercent": 150})


class TestListTasks(Rig):
    def test_pages_of_a_hundred(self) -> None:
        td = self.register(1)
        group = f"service:{self.name}"
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td, desiredCount=0)
        made = {self.cloud.ctl("run-task", taskDefinition=td, instance=self.node, group=group)["taskArn"]
                for _ in range(130)}
        body = {"cluster": "edge", "serviceName": self.name}
        first = self.cloud.aws("ListTasks", **body)
        second = self.cloud.aws("ListTasks", **body, nextToken=first["nextToken"])
        self.assertEqual((len(first["taskArns"]), len(second["taskArns"])), (100, 30))
        self.assertNotIn("nextToken", second)
        self.assertEqual(made, {*first["taskArns"], *second["taskArns"]})
        self.assertEqual(self.cloud.aws("ListTasks", **body, desiredStatus="STOPPED"), {"taskArns": []})
        for wrong in ({"desiredStatus": "STOPPED"}, {"family": self.name}, {"cluster": "edge"}):
            query = (body if "cluster" not in wrong else {}) | wrong | {"nextToken": first["nextToken"]}
            self.assertRegex(self.cloud.error("ListTasks", query), "^400 InvalidParameterException Invalid token")
        self.assertEqual(len(self.cloud.aws("DescribeTasks", cluster="edge", tasks=first["taskArns"])["tasks"]), 100)


class TestRollback(Rig):
    def test_stop_by_request(self) -> None:
        self.service()
        first = self.wait("SUCCESSFUL")
        arn = self.deploy()
        for _ in range(2):
            self.fail_task(self.placed()[0])
        sd = self.described(arn)
        self.assertEqual(sd["status"], "IN_PROGRESS")
        self.assertEqual(sd["deploymentCircuitBreaker"],
                         {"status": "DISABLED", "failureCount": 0, "threshold": 3})
        good = self.described(first)["targetServiceRevision"]["arn"]
        self.assertEqual([r["arn"] for r in sd["sourceServiceRevisions"]], [good])
        rows = {d["taskDefinition"].rsplit("/")[1]: d for d in self.shown()["deployments"]}
        bad, old = rows[f"{self.name}:12"], rows[f"{self.name}:11"]
        self.assertEqual((bad["status"], bad["failedTasks"], bad["rolloutState"]),
                         ("PRIMARY", 2, "IN_PROGRESS"))
        self.assertEqual(bad["rolloutStateReason"], f"ECS deployment {bad['id']} in progress.")
        self.assertEqual((old["status"], old["runningCount"], old["rolloutState"]),
                         ("ACTIVE", 1, "COMPLETED"))
        for _ in range(2):
            self.cloud.aws("StopServiceDeployment", serviceDeploymentArn=arn, stopType="ROLLBACK")
        self.wait("ROLLBACK_SUCCESSFUL")
        states = self.cloud.ctl("dump")["services"][self.name]["deployments"][-1]["states"]
        self.assertEqual(states, ["PENDING", "IN_PROGRESS", "ROLLBACK_REQUESTED",
                                  "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL"])
        sd = self.described(arn)
        self.assertEqual(sd["rollback"]["serviceRevisionArn"], good)
        self.assertEqual(self.shown()["deployments"][0]["id"], old["id"])
        status, answer = self.cloud.raw("StopServiceDeployment", {"serviceDeploymentArn": arn})
        self.assertEqual((status, answer["__type"]), (400, "ConflictException"))
        self.assertEqual(answer["resourceIds"], [arn])

    def test_digest_is_kept(self) -> None:
        self.service()
        task = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name)["taskArns"][0]
        arn = self.deploy()
        target = self.described(arn)["targetServiceRevision"]["arn"]
        new = self.placed()[0]
        self.assertIsNone(new["containers"][0]["imageDigest"])
        self.submit(new, "PENDING", imageDigest=DIGEST[12])
        self.submit(new, "STOPPED", exitCode=1)
        images = self.cloud.aws("DescribeServiceRevisions", serviceRevisionArns=[target])
        image = images["serviceRevisions"][0]["containerImages"][0]
        self.assertEqual(image["imageDigest"], DIGEST[12])
        self.cloud.aws("StopServiceDeployment", serviceDeploymentArn=arn)
        self.wait("ROLLBACK_SUCCESSFUL")
        self.submit({"taskArn": task}, "STOPPED", exitCode=1)
        container = self.placed()[0]["containers"][0]
        self.assertEqual(container["image"], f"reg.example:5000/{self.name}@{DIGEST[11]}")
        self.assertEqual(container["imageDigest"], DIGEST[11])
        self.assertEqual(container["definitionImage"], f"reg.example:5000/{self.name}:latest")

    def test_digest_is_immutable(self) -> None:
        self.service()
        arn = self.deploy()
        for digest in (DIGEST[12], DIGEST[13]):
            task = self.placed()[0]
            self.submit(task, "PENDING", imageDigest=digest)
            self.submit(task, "STOPPED", exitCode=1)
        target = self.described(arn)["targetServiceRevision"]["arn"]
        images = self.cloud.aws("DescribeServiceRevisions", serviceRevisionArns=[target])
        image = images["serviceRevisions"][0]["containerImages"][0]
        self.assertEqual(image["imageDigest"], DIGEST[12])

    def test_force_new_deployment_asks_again(self) -> None:
        self.service()
        before = self.shown()["currentServiceRevisions"][0]["arn"]
        answer = self.cloud.aws("UpdateService", cluster="edge", service=self.name,
                                forceNewDeployment=True)["service"]
        self.assertEqual(answer["taskDefinition"].rsplit(":", 1)[1], "11")
        task = self.placed()[0]
        self.assertIsNone(task["containers"][0]["imageDigest"])
        self.run_task(task, DIGEST[13])
        self.wait("SUCCESSFUL")
        after = self.shown()["currentServiceRevisions"][0]["arn"]
        self.assertNotEqual(before, after)
        both = self.cloud.aws("DescribeServiceRevisions", serviceRevisionArns=[before, after])
        self.assertEqual([r["containerImages"][0]["imageDigest"] for r in both["serviceRevisions"]],
                         [DIGEST[11], DIGEST[13]])

    def test_nothing_to_return_to(self) -> None:
        td = self.register(1)
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td)
        arn = self.wait("IN_PROGRESS")
        self.fail_task(self.placed()[0])
        self.cloud.aws("StopServiceDeployment", serviceDeploymentArn=arn)
        self.wait("ROLLBACK_FAILED")
        launched = len(self.all_tasks())
        time.sleep(0.5)
        self.assertEqual(len(self.all_tasks()), launched)

    def all_tasks(self) -> list[str]:
        return [t["taskArn"] for t in self.cloud.ctl("dump")["tasks"]
                if t["group"] == f"service:{self.name}"]

    def test_rollback_can_fail(self) -> None:
        self.service()
        old = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name)["taskArns"][0]
        self.deploy()
        self.cloud.ctl("stop-deployment", service=self.name)
        self.submit({"taskArn": old}, "STOPPED", exitCode=1)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            answer = self.cloud.ctl("poll-tasks", instance=self.node, since=self.seq, wait_s=0.2)
            self.seq = answer["seq"]
            for task in answer["tasks"]:
                self.fail_task(task)
            sd = self.cloud.ctl("dump")["services"][self.name]["deployments"][-1]
            if sd["status"] == "ROLLBACK_FAILED":
                break
        self.assertEqual(sd["states"][-2:], ["ROLLBACK_IN_PROGRESS", "ROLLBACK_FAILED"])

    def test_success_takes_forty_seconds(self) -> None:
        self.service()
        old = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name)["taskArns"]
        arn = self.deploy()
        new = self.placed()[0]
        start = time.monotonic()
        self.run_task(new, DIGEST[12])
        self.wait("SUCCESSFUL")
        self.assertGreaterEqual((time.monotonic() - start) * SCALE, 39)
        self.assertEqual([t["taskArn"] for t in self.placed(1, "STOPPED")], old)
        rows = self.shown()["deployments"]
        self.assertEqual(rows[0]["rolloutStateReason"], f"ECS deployment {rows[0]['id']} completed.")
        self.submit({"taskArn": old[0]}, "STOPPED", exitCode=0)
        self.assertEqual(len(self.shown()["deployments"]), 1)
        task = self.cloud.aws("DescribeTasks", cluster="edge", tasks=old)["tasks"][0]
        self.assertEqual(task["stopCode"], "ServiceSchedulerInitiated")
        self.assertEqual(task["stoppedReason"],
                         f"Scaling activity initiated by (deployment {rows[0]['id']})")
        self.assertEqual(self.described(arn)["status"], "SUCCESSFUL")


class TestBreaker(Rig):
    def test_with_rollback(self) -> None:
        self.service(deploymentConfiguration=self.breaker(True))
        arn = self.deploy()
        for _ in range(2):
            self.fail_task(self.placed()[0])
        sd = self.described(arn)
        self.assertEqual(sd["deploymentCircuitBreaker"],
                         {"status": "TRIGGERED", "failureCount": 2, "threshold": 2})
        self.assertEqual(self.wait("ROLLBACK_SUCCESSFUL"), arn)
        messages = " ".join(e["message"] for e in self.shown()["events"])
        self.assertIn("deployment failed: tasks failed to start.", messages)
        self.assertIn(f"(service {self.name}) has started 1 tasks: (task ", messages)

    def test_without_rollback(self) -> None:
        self.service(deploymentConfiguration=self.breaker(False))
        arn = self.deploy()
        for _ in range(2):
            self.fail_task(self.placed()[0])
        self.wait("STOPPED")
        row = self.shown()["deployments"][0]
        self.assertEqual((row["status"], row["rolloutState"]), ("PRIMARY", "FAILED"))
        self.assertEqual(row["rolloutStateReason"],
                         "ECS deployment circuit breaker: tasks failed to start.")
        self.assertEqual(self.cloud.error("StopServiceDeployment", {"serviceDeploymentArn": arn})[:21],
                         "400 ConflictException")

    def test_blind_to_crash_after_running(self) -> None:
        self.service(deploymentConfiguration=self.breaker(True))
        arn = self.deploy()
        for _ in range(4):
            task = self.placed()[0]
            self.run_task(task, DIGEST[12])
            self.submit(task, "STOPPED", exitCode=1)
        sd = self.described(arn)
        self.assertEqual((sd["status"], sd["deploymentCircuitBreaker"]["failureCount"]),
                         ("IN_PROGRESS", 0))
        stopped = self.cloud.aws("DescribeTasks", cluster="edge", tasks=[task["taskArn"]])["tasks"][0]
        self.assertEqual((stopped["stopCode"], stopped["containers"][0]["exitCode"]),
                         ("EssentialContainerExited", 1))

    def count_after_a_healthy_task(self, reset: bool) -> int:
        config = self.breaker(True, value=5)
        config["deploymentCircuitBreaker"]["resetOnHealthyTask"] = reset
        self.service(desiredCount=2, deploymentConfiguration=config)
        arn = self.deploy()
        bad, good = self.placed(2)
        self.fail_task(bad)
        self.assertEqual(self.described(arn)["deploymentCircuitBreaker"]["failureCount"], 1)
        self.run_task(good, DIGEST[12])

        def an_old_one_stops() -> bool:
            stopped = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name,
                                     desiredStatus="STOPPED")["taskArns"]
            return bool(set(stopped) - {bad["taskArn"]})
        self.cloud.until(an_old_one_stops)
        return int(self.described(arn)["deploymentCircuitBreaker"]["failureCount"])

    def test_reset_on_healthy_task(self) -> None:
        self.assertEqual(self.count_after_a_healthy_task(True), 0)

    def test_cumulative_count(self) -> None:
        self.assertEqual(self.count_after_a_healthy_task(False), 1)

    def test_start_failures_stop_counting_once_one_ran(self) -> None:
        self.service(deploymentConfiguration=self.breaker(True))
        arn = self.deploy()
        task = self.placed()[0]
        self.run_task(task, DIGEST[12])
        self.submit(task, "STOPPED", exitCode=1)
        for _ in range(3):
            self.fail_task(self.placed()[0])
        sd = self.described(arn)
        self.assertEqual((sd["status"], sd["deploymentCircuitBreaker"]["failureCount"]),
                         ("IN_PROGRESS", 0))

    def test_counts_failing_health_checks(self) -> None:
        self.service(deploymentConfiguration=self.breaker(True))
        arn = self.deploy(healthCheck={"command": ["CMD", "true"]})
        for _ in range(2):
            task = self.placed()[0]
            self.run_task(task, DIGEST[12])
            self.cloud.ctl("submit-health", task=task["taskArn"],
                           containers=[{"name": "web", "healthStatus": "UNHEALTHY"}])
            self.submit(task, "STOPPED", exitCode=0)
        self.assertEqual(self.described(arn)["deploymentCircuitBreaker"]["status"], "TRIGGERED")
        self.wait("ROLLBACK_SUCCESSFUL")
        stopped = self.cloud.aws("DescribeTasks", cluster="edge", tasks=[task["taskArn"]])["tasks"][0]
        self.assertEqual(stopped["stoppedReason"], "Task failed container health checks")

    def test_stall(self) -> None:
        td = self.register(1)
        self.cloud.ctl("no-target", outcome="stall")
        self.addCleanup(self.cloud.ctl, "no-target", outcome="ROLLBACK_FAILED")
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td,
                       deploymentConfiguration=self.breaker(True))
        for _ in range(2):
            self.fail_task(self.placed()[0])
        time.sleep(0.5)
        answer = self.cloud.ctl("poll-tasks", instance=self.node, since=self.seq)
        self.assertEqual([t for t in answer["tasks"] if t["desiredStatus"] == "RUNNING"], [])
        self.assertEqual(self.shown()["deployments"][0]["rolloutState"], "FAILED")


class TestScheduler(Rig):
    def test_supersede(self) -> None:
        self.service()
        bad = self.deploy()
        self.fail_task(self.placed()[0])
        good = self.deploy()
        self.assertIn(self.described(bad)["status"], ("STOP_REQUESTED", "STOPPED"))
        while True:
            task = self.placed()[0]
            if task["version"] == "13":
                break
        self.run_task(task, DIGEST[13])
        self.assertEqual(self.wait("SUCCESSFUL"), good)
        self.assertEqual(self.described(bad)["status"], "STOPPED")
        listed = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name)
        self.assertEqual([d["status"] for d in listed["serviceDeployments"]],
                         ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"])
        ongoing = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name,
                                 status=ONGOING, maxResults=1)
        self.assertEqual(ongoing, {"serviceDeployments": []})
        newest = listed["serviceDeployments"][0]["createdAt"]
        later = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name,
                               createdAt={"after": newest + 0.001})
        self.assertEqual(later, {"serviceDeployments": []})

    def test_lost_old_task(self) -> None:
        self.service()
        old = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name)["taskArns"][0]
        self.deploy()
        self.submit(self.placed()[0], "PENDING")
        self.submit({"taskArn": old}, "STOPPED", exitCode=137)
        self.assertEqual(self.placed()[0]["version"], "11")

    def test_nothing_for_a_disconnected_node(self) -> None:
        self.service()
        self.cloud.ctl("instance-disconnect", instance=self.node)
        before = {t["taskArn"] for t in self.cloud.ctl("dump")["tasks"]}
        self.deploy()
        self.cloud.until(lambda: 'encountered error "AGENT".' in json.dumps(self.shown()["events"])
                         .replace("\\", ""))
        mine = {t["taskArn"] for t in self.cloud.ctl("dump")["tasks"]} - before
        self.assertEqual(mine, set())
        self.assertFalse(self.cloud.ctl("poll-tasks", instance=self.node)["connected"])
        task = self.cloud.aws("ListTasks", cluster="edge", serviceName=self.name)["taskArns"][0]
        refused = cloudctl.call(self.cloud.dir, "submit-task-state-change", task=task,
                                status="STOPPED")
        self.assertFalse(refused["ok"])
        instance = self.cloud.aws("DescribeContainerInstances", cluster="edge",
                                  containerInstances=[self.node])["containerInstances"][0]
        self.assertFalse(instance["agentConnected"])
        self.cloud.ctl("instance-connect", instance=self.node)
        self.assertEqual(self.placed()[0]["version"], "12")

    def test_port_conflict(self) -> None:
        ports = [{"containerPort": 80, "hostPort": 8080}]
        td = self.register(1, portMappings=ports)
        self.cloud.ctl("create-service", service=self.name, taskDefinition=td)
        self.run_task(self.placed()[0], DIGEST[11])
        self.wait("SUCCESSFUL")
        self.deploy(portMappings=ports)
        node = self.node.rsplit("/", 1)[1]
        text = (f"(service {self.name}) was unable to place a task because no container instance met "
                f"all of its requirements. The closest matching container-instance {node} is already "
                "using a port required by your task.")
        self.cloud.until(lambda: text in [e["message"] for e in self.shown()["events"]])
        time.sleep(12 / SCALE)
        self.assertEqual([e["message"] for e in self.shown()["events"]].count(text), 1)
        self.cloud.ctl("set-deployment-configuration", service=self.name, minimumHealthyPercent=0,
                       maximumPercent=100)
        stop = self.placed(1, "STOPPED")[0]
        self.submit(stop, "STOPPED", exitCode=0)
        self.assertEqual(self.placed()[0]["version"], "2")

    def test_launches_slow_down(self) -> None:
        self.service()
        self.deploy()
        gaps, last = [], time.monotonic()
        for _ in range(4):
            self.fail_task(self.placed()[0])
            now = time.monotonic()
            gaps.append((now - last) * SCALE)
            last = now
        self.assertGreater(gaps[3], gaps[1] * 1.5)
        self.assertIn(f"(service {self.name}) is unable to consistently start tasks successfully.",
                      [e["message"] for e in self.shown()["events"]])

    def test_standalone_task(self) -> None:
        td = self.register(1)
        arn = self.cloud.ctl("run-task", taskDefinition=td, instance=self.node)["taskArn"]
        task = self.placed()[0]
        self.assertEqual((task["taskArn"], task["group"]), (arn, f"family:{self.name}"))
        self.submit(task, "RUNNING")
        self.submit(task, "STOPPED", exitCode=0)
        shown = self.cloud.aws("DescribeTasks", cluster="edge", tasks=[arn.rsplit("/")[-1]])["tasks"]
        self.assertEqual(shown[0]["containers"][0]["exitCode"], 0)
        self.assertNotIn("startedBy", shown[0])

    def test_history(self) -> None:
        self.service()
        td = self.register(0)
        arn = self.cloud.ctl("add-service-deployment", service=self.name, taskDefinition=td,
                             status="ROLLBACK_SUCCESSFUL", created_ago_s=7200,
                             rollback_to=f"{self.name}:11")["serviceDeploymentArn"]
        listed = self.cloud.aws("ListServiceDeployments", cluster="edge", service=self.name)
        self.assertEqual(listed["serviceDeployments"][1]["serviceDeploymentArn"], arn)
        self.assertIn("rollback", self.described(arn))


class TestReads(Rig):
    def test_lag(self) -> None:
        self.service()
        self.addCleanup(self.cloud.ctl, "set-lag", max=0)
        self.cloud.ctl("set-lag", fixed=0.8)
        time.sleep(0.9)
        arn = self.deploy()
        missing = self.cloud.aws("DescribeServiceDeployments", serviceDeploymentArns=[arn])
        self.assertEqual(missing["failures"][0]["reason"], "MISSING")
        self.cloud.aws("StopServiceDeployment", serviceDeploymentArn=arn)
        time.sleep(0.9)
        self.assertIn(self.described(arn)["status"][:8], ("ROLLBACK", "PENDING", "IN_PROGRESS"))

    def test_time_stamps(self) -> None:
        self.service()
        data = json.dumps({"cluster": "edge", "services": [self.name]}).encode()
        text = self.cloud.send(self.cloud.signed("DescribeServices", data), data)[1].decode()
        stamps = re.findall(r'"(?:createdAt|updatedAt)":([^,}]+)', text)
        self.assertGreater(len(stamps), 3)
        for stamp in stamps:
            self.assertRegex(stamp, r"^1\.\d+E9$")
            self.assertLess(abs(float(stamp) - time.time()), 60)

    def test_large_answer(self) -> None:
        td = self.register(1)
        names = self.cloud.ctl("add-services", count=10, taskDefinition=td, prefix=self.name)
        data = json.dumps({"cluster": "edge", "services": names["services"]}).encode()
        self.cloud.ctl("pause-mid-body", seconds=0.4)
        start = time.monotonic()
        text = self.cloud.send(self.cloud.signed("DescribeServices", data), data)[1]
        self.assertGreater(time.monotonic() - start, 0.35)
        self.assertGreater(len(text), 235_000)
        self.assertEqual({len(s["events"]) for s in json.loads(text)["services"]}, {100})
        for name in names["services"]:
            self.cloud.ctl("delete-service", service=name)


class TestFaults(Rig):
    def send(self) -> tuple[int, bytes]:
        data = b'{"cluster":"edge"}'
        status, text, _ = self.cloud.send(self.cloud.signed("ListTasks", data), data)
        return status, text

    def test_answers(self) -> None:
        self.cloud.ctl("fault", kind="http500", op="ListTasks")
        self.assertEqual(self.send()[0], 500)
        self.cloud.ctl("fault", kind="html", count=2)
        self.assertEqual(self.send()[0], 200)
        self.assertIn(b"<html>", self.send()[1])
        self.cloud.ctl("fault", kind="truncate")
        with self.assertRaises((http.client.IncompleteRead, OSError)):
            self.send()
        self.cloud.ctl("fault", kind="hang", seconds=0.2)
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.send()
        self.assertEqual(self.send()[0], 200)

    def test_executed_but_not_answered(self) -> None:
        self.service()
        arn = self.deploy()
        self.cloud.ctl("fault", kind="drop-answer", op="StopServiceDeployment")
        with self.assertRaises((http.client.HTTPException, OSError)):
            self.cloud.aws("StopServiceDeployment", serviceDeploymentArn=arn)
        self.assertRegex(self.described(arn)["status"], "^ROLLBACK")

    def test_link_refuses(self) -> None:
        self.addCleanup(self.cloud.ctl, "link", state="up")
        link = self.cloud.connect()
        link.connect()
        self.cloud.ctl("link", state="down")
        data = b'{"cluster":"edge"}'
        with self.assertRaises((http.client.HTTPException, OSError)):
            link.request("POST", "/", data, self.cloud.signed("ListTasks", data))
            link.getresponse()
        link.close()
        with self.assertRaises(ConnectionRefusedError):
            self.send()
        self.cloud.ctl("link", state="up")
        self.assertEqual(self.send()[0], 200)

    def test_link_swallows(self) -> None:
        self.addCleanup(self.cloud.ctl, "link", state="up")
        old, data = self.cloud.connect(timeout=0.3), b'{"cluster":"edge"}'
        old.connect()
        self.cloud.ctl("wan", state="down", mode="blackhole", instance=self.node)
        with self.assertRaises((TimeoutError, socket.timeout)):
            old.request("POST", "/", data, self.cloud.signed("ListTasks", data))
            old.getresponse()
        old.close()
        link = self.cloud.connect(timeout=0.3)
        with self.assertRaises((TimeoutError, socket.timeout)):
            link.connect()
        self.cloud.ctl("wan", state="up")
        self.assertEqual(self.send()[0], 200)

    def test_log(self) -> None:
        self.send()
        lines = (self.cloud.dir / "requests.jsonl").read_text().splitlines()
        entry = json.loads(lines[-1])
        self.assertEqual((entry["op"], entry["status"], entry["body"]),
                         ("ListTasks", 200, {"cluster": "edge"}))
        self.assertGreater(entry["bytes_in"], 1000)
        self.assertNotIn(self.cloud.keys()["aws_session_token"], "".join(lines))

    def test_control_is_strict(self) -> None:
        for command, members in (("no-such", {}), ("run", {}), ("ping", {"x": 1}),
                                 ("create-service", {"service": "x"}), ("_issue", {"session": "x"})):
            self.assertFalse(cloudctl.call(self.cloud.dir, command, **members)["ok"])

    def test_connections_are_counted(self) -> None:
        link, data = self.cloud.connect(), b'{"cluster":"edge"}'
        link.request("POST", "/", data, self.cloud.signed("ListTasks", data))
        port = link.sock.getsockname()[1]
        link.getresponse().read()
        link.close()

        def ended() -> Any:
            lines = (self.cloud.dir / "connections.jsonl").read_text().splitlines()
            return [e for e in map(json.loads, lines) if e["peer"] == port]
        entry = self.cloud.until(ended)[0]
        self.assertGreater(entry["bytes_from_client"], 1500)
        self.assertGreater(entry["bytes_to_client"], 300)

    def test_torn_credentials(self) -> None:
        thread = threading.Thread(target=self.cloud.ctl, args=("rotate-credentials",),
                                  kwargs={"torn_s": 0.4})
        thread.start()
        self.cloud.until(lambda: len(self.cloud.keys()) < 3, 2)
        thread.join()
        self.assertEqual(len(self.cloud.keys()), 3)


class TestForgetting(unittest.TestCase):
    def test_stopped_tasks_last_an_hour(self) -> None:
        cloud = Cloud("--time-scale", "3000", "--lag-max", "0", "--rsa")
        self.addCleanup(cloud.close)
        node = cloud.ctl("instance-register")["containerInstanceArn"]
        cloud.ctl("register-task-definition", family="job",
                  containerDefinitions=[{"name": "a", "image": "x:1", "memory": 8}])
        arn = cloud.ctl("run-task", taskDefinition="job", instance=node)["taskArn"]
        cloud.ctl("submit-task-state-change", task=arn, status="STOPPED")
        self.assertEqual(cloud.aws("ListTasks", cluster="edge", desiredStatus="STOPPED")["taskArns"],
                         [arn])
        cloud.until(lambda: cloud.aws("DescribeTasks", cluster="edge", tasks=[arn])["failures"], 5)


class TestCertificates(unittest.TestCase):
    def test_bad_ones_are_bad(self) -> None:
        for kind, word in (("expired", "expired"), ("wrong-host", "match|valid for")):
            cloud = Cloud("--certificate", kind)
            self.addCleanup(cloud.close)
            with self.assertRaisesRegex(ssl.SSLCertVerificationError, word):
                cloud.connect().connect()


@unittest.skipUnless(shutil.which("aws"), "awscli is not installed")
class TestSecondOpinion(Rig):
    """The AWS command line signs, sends and parses without knowing of any double."""

    def cli(self, *words: str) -> Any:
        env = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(self.cloud.dir / "credentials"),
               "AWS_CA_BUNDLE": str(self.cloud.dir / "ca.pem"), "AWS_DEFAULT_REGION": "eu-west-1",
               "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null"}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY"):
            env.pop(name, None)
        endpoint = (self.cloud.dir / "endpoint").read_text().strip()
        done = subprocess.run(["aws", "ecs", *words, "--output", "json", "--endpoint-url", endpoint],
                              env=env, capture_output=True, text=True, check=False, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_aws_cli(self) -> None:
        self.service()
        tasks = self.cli("list-tasks", "--cluster", "edge", "--service-name", self.name)["taskArns"]
        self.assertEqual(len(tasks), 1)
        service = self.cli("describe-services", "--cluster", "edge", "--services", self.name)
        self.assertEqual(service["services"][0]["deployments"][0]["rolloutState"], "COMPLETED")
        arn = self.deploy()
        self.cli("stop-service-deployment", "--service-deployment-arn", arn, "--stop-type", "ROLLBACK")
        shown = self.cli("describe-service-deployments", "--service-deployment-arns", arn)
        self.assertRegex(shown["serviceDeployments"][0]["status"], "^ROLLBACK_")


class Tap(unittest.TestResult):
    """Prints one TAP line per test; several of them may run at once."""
    lock: ClassVar[threading.Lock] = threading.Lock()
    number: ClassVar[int] = 0

    def _line(self, verdict: str, test: Any, more: str = "") -> None:
        with Tap.lock:
            Tap.number += 1
            name = test.id().removeprefix("__main__.")
            print(f"{verdict} {Tap.number} - {name}{more}", flush=True)

    def _not_ok(self, test: Any, err: Any) -> None:
        text = self._exc_info_to_string(err, test)  # type: ignore[attr-defined]
        self._line("not ok", test, "\n# " + text.rstrip().replace("\n", "\n# "))

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._line("ok", test)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self._not_ok(test, err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self._not_ok(test, err)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._line("ok", test, f" # SKIP {reason}")


def run(suite: unittest.TestSuite) -> bool:
    result = Tap()
    suite.run(result)
    return result.wasSuccessful()


def main() -> int:
    """Run all classes side by side (they mostly wait), or the tests named on the command line."""
    loader = unittest.TestLoader()
    module = sys.modules[__name__]
    if len(sys.argv) > 1:
        suites = [loader.loadTestsFromNames(sys.argv[1:], module)]
    else:
        classes = [c for c in vars(module).values() if isinstance(c, type)
                   and issubclass(c, unittest.TestCase)]
        suites = [loader.loadTestsFromTestCase(c) for c in classes]
    with ThreadPoolExecutor(max_workers=6) as pool:
        good = list(pool.map(run, suites))
    print(f"1..{Tap.number}")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
