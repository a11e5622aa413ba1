#!/usr/bin/env python3
"""Self-test of the double that hands out keys: what is right is answered, each thing that is wrong is refused."""
from __future__ import annotations

import base64
import hashlib
import http.client
import json
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap  # noqa: E402
from cloudctl import call  # noqa: E402
from tap import ok, same  # noqa: E402


def until(done: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)


def start(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-B", str(HERE / script), *arguments, "--stdin-watch"], stdin=subprocess.PIPE)


class Client:
    def __init__(self, cloud: Path, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.port: dict[str, int] = json.loads((folder / "ports").read_text())
        self.arns: dict[str, str] = call(folder, "dump")["arns"]

    def ask(self, provider: str, method: str, path: str, headers: dict[str, str], body: bytes = b"",
            certificate: str = "", name: str = "localhost") -> tuple[int, dict[str, Any]]:
        """Status and object; 0 when the connection broke."""
        conn: http.client.HTTPConnection = http.client.HTTPConnection("127.0.0.1", self.port[provider], timeout=20)
        try:
            if provider != "container":
                context = ssl.create_default_context(cafile=str(self.cloud / "ca.pem"))
                context.check_hostname = False
                if certificate:
                    context.load_cert_chain(self.folder / f"{certificate}.pem", self.folder / f"{certificate}.key")
                conn.connect()
                conn.sock = context.wrap_socket(conn.sock, server_hostname=name or None)
            conn.request(method, path, body, {"Host": f"localhost:{self.port[provider]}"} | headers)
            answer = conn.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as no:
            return 0, {"message": str(no)}
        finally:
            conn.close()

    def session(self, certificate: str = "dev", when_s: float = 0, serial: int | None = None, wrong_key: str = "",
                leave_out: str = "", chain: bool = False, body: dict[str, Any] | None = None,
                region: str = "eu-west-1") -> tuple[int, dict[str, Any]]:
        """CreateSession, signed here by openssl from the description alone."""
        pems = (self.folder / f"{certificate}.pem").read_text().split("-----BEGIN")[1:]
        ders = [ssl.PEM_cert_to_DER_cert("-----BEGIN" + p.rstrip() + "\n") for p in pems]
        text = subprocess.run(["openssl", "x509", "-in", f"{certificate}.pem", "-noout", "-serial", "-text"], cwd=self.folder,
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        number = int(text.split("\n")[0].partition("=")[2], 16) if serial is None else serial
        name = f"AWS4-X509-{'RSA' if 'rsaEncryption' in text else 'ECDSA'}-SHA256"
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + when_s))
        data = json.dumps({"durationSeconds": 3600, "profileArn": self.arns["profile"], "roleArn": self.arns["role"],
                           "trustAnchorArn": self.arns["trust_anchor"]} | (body or {})).encode()
        headers = {"content-type": "application/json", "host": f"localhost:{self.port['rolesanywhere']}", "x-amz-date": date,
                   "x-amz-x509": base64.b64encode(ders[0]).decode()}
        if chain:
            headers["x-amz-x509-chain"] = ",".join(base64.b64encode(d).decode() for d in ders[1:])
        names = sorted(set(headers) - {leave_out})
        creq = "POST\n/sessions\n\n" + "".join(f"{n}:{headers[n]}\n" for n in names) + "\n" + ";".join(names) + "\n" + \
            hashlib.sha256(data).hexdigest()
        scope = f"{date[:8]}/{region}/rolesanywhere/aws4_request"
        string = f"{name}\n{date}\n{scope}\n{hashlib.sha256(creq.encode()).hexdigest()}"
        key = wrong_key or certificate
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", f"{key}.key"], cwd=self.folder,
                                   input=string.encode(), stdout=subprocess.PIPE, check=True).stdout.hex()
        headers["authorization"] = f"{name} Credential={number}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
        del headers["host"]     # ask() sends it
        return self.ask("rolesanywhere", "POST", "/sessions", headers, data)


def refused(got: tuple[int, dict[str, Any]], status: int, words: str, name: str) -> None:
    ok(got[0] == status and words in got[1].get("message", ""), name, got)


def iot(c: Client) -> None:
    path, thing = "/role-aliases/edge-role/credentials", {"x-amzn-iot-thingname": "thing1"}
    status, got = c.ask("iot", "GET", path, thing, certificate="dev")
    same((status, sorted(got["credentials"])), (200, ["accessKeyId", "expiration", "secretAccessKey", "sessionToken"]), "IoT: keys")
    same(c.ask("iot", "GET", path, {}, certificate="dev")[0], 200, "IoT: no thing named")
    refused(c.ask("iot", "GET", path, thing | {"x-amzn-iot-thingname": "x"}, certificate="dev"), 403, "thing name", "another thing")
    refused(c.ask("iot", "GET", path, thing, certificate="dev", name=""), 403, "endpoint", "no SNI")
    refused(c.ask("iot", "GET", path, thing, certificate="dev", name="elsewhere.example"), 403, "endpoint", "another SNI")
    refused(c.ask("iot", "GET", path, thing | {"Host": "x"}, certificate="dev"), 403, "endpoint", "another host")
    refused(c.ask("iot", "GET", "/role-aliases/x/credentials", thing, certificate="dev"), 404, "does not exist", "another alias")
    refused(c.ask("iot", "POST", path, thing, b"{}", certificate="dev"), 400, "Invalid", "another method")
    same(c.ask("iot", "GET", path, thing)[0], 0, "no certificate: no connection")
    same(c.ask("iot", "GET", path, thing, certificate="stranger")[0], 0, "a certificate of another CA: no connection")
    for member, status, words in (("policy", 403, "Access Denied"), ("active", 403, "Access Denied"), ("role", 400, "assume")):
        call(c.folder, "set", provider="iot", **{member: False})
        refused(c.ask("iot", "GET", path, thing, certificate="dev"), status, words, f"IoT: {member} = no")
        call(c.folder, "set", provider="iot", **{member: True})
    for kind, status in (("http500", 500), ("throttle", 429), ("html", 0), ("reset", 0), ("bad-json", 0)):
        call(c.folder, "fail", provider="iot", kind=kind)
        same(c.ask("iot", "GET", path, thing, certificate="dev")[0], status, f"IoT told to fail: {kind}")


def anywhere(c: Client) -> None:
    for name in ("dev", "dev-rsa"):
        status, got = c.session(name)
        same((status, len(got.get("credentialSet", []))), (201, 1), f"Roles Anywhere, {name}: keys", got)
    same(c.session("dev-chain", chain=True)[0], 201, "with the CA between")
    refused(c.session("dev-chain"), 403, "Untrusted signing", "without it")
    refused(c.session("stranger"), 403, "Untrusted signing", "of another CA")
    refused(c.session("dev-usage"), 403, "Insufficient", "no digitalSignature")
    refused(c.session("dev-old"), 403, "expired", "an old certificate")
    refused(c.session(wrong_key="dev-other"), 403, "Invalid signature", "another key's signature")
    refused(c.session(serial=1), 403, "serial", "another serial number")
    refused(c.session(when_s=-400), 403, "expired", "400 s ago")
    refused(c.session(when_s=400), 403, "expired", "in 400 s")
    refused(c.session(region="eu-central-1"), 403, "scope", "another region")
    for header in ("host", "content-type", "x-amz-date", "x-amz-x509"):
        refused(c.session(leave_out=header), 403, "signed headers", f"{header} is not signed")
    refused(c.session(body={"durationSeconds": 899}), 400, "durationSeconds", "899 s")
    refused(c.session(body={"durationSeconds": 43201}), 400, "durationSeconds", "43,201 s")
    refused(c.session(body={"more": 1}), 400, "members", "a member too many")
    for member, status, words in (("trustAnchorArn", 404, "Trust anchor"), ("profileArn", 404, "Profile"), ("roleArn", 403, "assume")):
        refused(c.session(body={member: "arn:aws:iam::1:x/y"}), status, words, f"another {member}")
    for member, words in (("anchor_enabled", "Trust anchor is disabled"), ("profile_enabled", "Profile is disabled"),
                          ("assume", "Unable to assume")):
        call(c.folder, "set", provider="rolesanywhere", **{member: False})
        refused(c.session(), 403, words, f"{member} = no")
        call(c.folder, "set", provider="rolesanywhere", **{member: True})


def container(c: Client) -> None:
    call(c.folder, "set", provider="container", token="t1")
    status, got = c.ask("container", "GET", "/v2/credentials", {"Authorization": "t1"})
    ok(status == 200 and {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} <= set(got), "container: keys", got)
    refused(c.ask("container", "GET", "/v2/credentials", {"Authorization": "t2"}), 401, "token", "another token")
    refused(c.ask("container", "GET", "/v2/credentials", {}), 401, "token", "none")
    same(c.ask("container", "GET", "/x", {"Authorization": "t1"})[0], 404, "another path")


def main() -> int:
    cloud, folder = Path(tempfile.mkdtemp(prefix="kc-")), Path(tempfile.mkdtemp(prefix="kk-"))
    running = [start("ecs_cloud.py", "--dir", str(cloud))]
    until((cloud / "port").exists)
    running.append(start("key_cloud.py", "--dir", str(folder), "--cloud", str(cloud)))
    until((folder / "ports").exists)
    try:
        c = Client(cloud, folder)
        for name, members in (("dev", {"thing": "thing1"}), ("dev-rsa", {"key": "rsa"}), ("dev-other", {}), ("dev-old", {"days": 0}),
                              ("dev-usage", {"usage": False}), ("dev-chain", {"via_intermediate": True})):
            call(folder, "issue", name=name, **members)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        "stranger.key", "-out", "stranger.pem", "-subj", "/CN=stranger"], cwd=folder, check=True, capture_output=True)
        iot(c)
        anywhere(c)
        container(c)
    finally:
        for p in reversed(running):
            assert p.stdin
            p.stdin.close()
            p.wait(10)
        shutil.rmtree(cloud)
        shutil.rmtree(folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
