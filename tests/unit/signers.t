#!/usr/bin/env python3
"""The same requests signed by kedge's signer, by botocore's and by curl's: each call kedge makes, with and without a session token,
odd characters, and (botocore alone: curl 7.88 neither sorts a query nor encodes a path anew) a query and a path to normalise."""
from __future__ import annotations

import http.server
import os
import subprocess
import sys
import tempfile
import threading
from typing import Any

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from tap import done, ok, same  # noqa: E402

SIGNER = os.environ.get("SIGNER", os.path.join(TOP, "build/glibc-san/tests/unit/t_sigv4"))
AKID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth=="
DATE = "20261126T114500Z"
ECS = "AmazonEC2ContainerServiceV20141113."
ECR = "AmazonEC2ContainerRegistry_V20150921."
Request = dict[str, Any]


def json_call(service: str, host: str, target: str, body: str, token: str) -> Request:
    headers = {"Content-Type": "application/x-amz-json-1.1", "Host": host, "X-Amz-Date": DATE, "X-Amz-Target": target}
    if token:
        headers["X-Amz-Security-Token"] = token
    return {"method": "POST", "path": "/", "query": "", "headers": headers, "body": body.encode(), "token": token,
            "region": "eu-west-1", "service": service}


def requests() -> dict[str, Request]:
    host, ecr = "ecs.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"
    arn = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/Xk3mVbT9wQ2rLs7PfYz0a"
    bodies = {
        "ListServiceDeployments": '{"cluster":"edge","service":"web","maxResults":5}',
        "DescribeServiceDeployments": '{"serviceDeploymentArns":["%s"]}' % arn,
        "DescribeServiceRevisions": '{"serviceRevisionArns":["%s"]}' % arn.replace("deployment", "revision"),
        "DescribeServices": '{"cluster":"edge","services":["web"]}',
        "DescribeTasks": '{"cluster":"edge","tasks":["0123456789abcdef0123456789abcdef"]}',
        "ListTasks": '{"cluster":"edge","family":"web"}',
        "StopServiceDeployment": '{"serviceDeploymentArn":"%s","stopType":"ROLLBACK"}' % arn,
        "UpdateService": '{"cluster":"edge","service":"web","taskDefinition":"web:11"}',
    }
    every = {}
    for name, body in bodies.items():
        every[name] = json_call("ecs", host, ECS + name, body, "")
        every[name + " with a token"] = json_call("ecs", host, ECS + name, body, TOKEN)
    every["GetAuthorizationToken"] = json_call("ecr", ecr, ECR + "GetAuthorizationToken", "{}", TOKEN)
    odd = json_call("ecs", host + ":8443", ECS + "DescribeServices", '{"cluster":"K\u00fcche \u2028 \\u0000 %2F +&=","services":[]}', TOKEN)
    odd["region"] = "cn-north-1"
    every["odd characters, a port, another region"] = odd
    return every


def to_normalise() -> dict[str, Request]:
    get = json_call("ecs", "ecs.eu-west-1.amazonaws.com", ECS + "X", "", TOKEN)
    return {
        "a query out of order": {**get, "method": "GET", "query": "b=2&a=%20x&a=1&c&B=~-._&a=%2F"},
        "a path with dots and empty parts": {**get, "method": "GET", "path": "/a/./b/../c//d/"},
        "a path with what is encoded already": {**get, "method": "GET", "path": "/a%20b/%2F/c:d@e"},
    }


def by_kedge(r: Request) -> str:
    head = [AKID, SECRET, r["token"], DATE, r["region"], r["service"], r["method"], r["path"], r["query"]]
    head += [f"{name}:{value}" for name, value in r["headers"].items()]
    with tempfile.NamedTemporaryFile() as f:
        f.write("\n".join(head).encode() + b"\n\n" + r["body"])
        f.flush()
        return subprocess.run([SIGNER, f.name], capture_output=True, text=True, check=False).stdout.strip()


def url_of(r: Request, base: str) -> str:
    return base + r["path"] + ("?" + r["query"] if r["query"] else "")


def by_botocore(r: Request) -> str:
    auth = SigV4Auth(Credentials(AKID, SECRET), r["service"], r["region"])
    asked = AWSRequest(method=r["method"], url=url_of(r, "https://" + r["headers"]["Host"]), headers=r["headers"], data=r["body"])
    asked.context["timestamp"] = DATE
    signature = auth.signature(auth.string_to_sign(asked, auth.canonical_request(asked)), asked)
    return (f"AWS4-HMAC-SHA256 Credential={auth.scope(asked)}, SignedHeaders={auth.signed_headers(auth.headers_to_sign(asked))}, "
            f"Signature={signature}")


class Heard(http.server.BaseHTTPRequestHandler):
    authorization = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        Heard.authorization = self.headers.get("Authorization", "")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing: TAP goes out here."""


def by_curl(r: Request, base: str) -> str:
    Heard.authorization = ""
    command = ["curl", "-sS", "--noproxy", "*", "-A", "", "--aws-sigv4", f"aws:amz:{r['region']}:{r['service']}",
               "--user", f"{AKID}:{SECRET}", "-X", r["method"], "--data-binary", "@-", url_of(r, base)]
    for name, value in r["headers"].items():
        command += ["-H", f"{name}: {value}"]
    ran = subprocess.run(command, input=r["body"], capture_output=True, check=False)
    return Heard.authorization or ran.stderr.decode()


def parts(authorization: str) -> list[str]:
    return sorted(p.strip() for p in authorization.replace("AWS4-HMAC-SHA256 ", "").split(","))


def main() -> int:
    server = http.server.HTTPServer(("127.0.0.1", 0), Heard)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    ok(os.access(SIGNER, os.X_OK), "kedge's signer is built", SIGNER)
    for name, r in requests().items():
        ours = parts(by_kedge(r))
        same(ours, parts(by_botocore(r)), f"botocore agrees: {name}")
        same(ours, parts(by_curl(r, base)), f"curl agrees: {name}")
    for name, r in to_normalise().items():
        same(parts(by_kedge(r)), parts(by_botocore(r)), f"botocore agrees: {name}")
    server.shutdown()
    return done()


if __name__ == "__main__":
    sys.exit(main())
