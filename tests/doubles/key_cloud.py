#!/usr/bin/env python3
"""Doubles of what hands out AWS credentials: the IoT Core credential provider, IAM Roles Anywhere's CreateSession, and
the container credentials endpoint.

    key_cloud.py --dir DIR --cloud CLOUD [--region eu-west-1] [--account 123456789012] [--stdin-watch]

CLOUD is the directory of a running ecs_cloud.py: keys given out here are accepted there until they expire by its clock,
and the TLS servers show its certificate (DNS name localhost). Files in DIR: device-ca.pem (the CA of the devices; the
trust anchor), tls/, requests.jsonl (one line a request), control.sock (cloudctl.py speaks to it too) and, written last,
ports: one JSON object {"iot", "rolesanywhere", "container"}.

What the real services verify is verified here, by openssl and hashlib, with no code of kedge: see Iot, Anywhere and
Container. Where AWS documents no wording, the text is marked [U].

Control, one JSON object a line, {"command": NAME, ...}: set (provider and any of the members of Iot, Anywhere or
Container below), fail (provider, kind http500|throttle|html|hang|reset|bad-json, count=1), issue (name, key rsa|p256|p384,
days=30, usage=true, via_intermediate=false, thing=null: a certificate DIR/NAME.pem and DIR/NAME.key, attached to thing),
dump.
"""
from __future__ import annotations

import argparse
import base64
import calendar
import hashlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloud_sigv4 import canonical_request  # noqa: E402
from cloudctl import call  # noqa: E402
from leash import end_with_stdin  # noqa: E402

Answer = tuple[int, dict[str, Any]]
SKEW_S = 300
NAME = "localhost"


def openssl(where: Path, *args: str, stdin: bytes = b"") -> tuple[bool, str]:
    done = subprocess.run(["openssl", *args], cwd=where, input=stdin, capture_output=True, check=False)
    return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")


def must(where: Path, *args: str) -> str:
    good, text = openssl(where, *args)
    if not good:
        raise RuntimeError(f"openssl {args[0]}: {text}")
    return text


class Refused(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Devices:
    """The CA, and the certificates it gave out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.thing: dict[str, str] = {}         # SHA-256 of the DER -> the thing it is attached to
        self._ca("device-ca", None)
        self._ca("device-sub", "device-ca")

    def _ca(self, name: str, signer: str | None) -> None:
        must(self.folder, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        (self.folder / f"{name}.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
        must(self.folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        by = ["-signkey", f"{name}.key"] if signer is None else ["-CA", f"{signer}.pem", "-CAkey", f"{signer}.key"]
        must(self.folder, "x509", "-req", "-in", f"{name}.csr", *by, "-set_serial", "7", "-days", "3650", "-extfile",
             f"{name}.ext", "-out", f"{name}.pem")

    def issue(self, name: str, key: str = "p256", days: int = 30, usage: bool = True, via_intermediate: bool = False,
              thing: str | None = None) -> None:
        make = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if key == "rsa" else \
            ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:P-{key[1:]}"]
        must(self.folder, "genpkey", *make, "-out", f"{name}.key")
        must(self.folder, "req", "-new", "-key", f"{name}.key", "-subj", f"/O=kedge/CN={name}", "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical," +
            ("digitalSignature" if usage else "keyEncipherment") + "\n")
        signer = "device-sub" if via_intermediate else "device-ca"
        # 160 bits with the first one set: the longest serial number RFC 5280 allows, and a 0 before it in DER
        serial = "0x00" + f"{(1 << 159) | uuid.uuid4().int:040x}"
        must(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{signer}.pem", "-CAkey", f"{signer}.key",
             "-set_serial", serial, "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.new")
        text = (self.folder / f"{name}.new").read_text()
        der = ssl.PEM_cert_to_DER_cert(text)
        if via_intermediate:
            text += (self.folder / "device-sub.pem").read_text()
        (self.folder / f"{name}.pem").write_text(text)
        self.thing[hashlib.sha256(der).hexdigest()] = thing or ""


class Cloud:
    """The double of ECS beside this one: it knows the time, and which keys are good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def now(self) -> float:
        return float(call(self.folder, "ping")["server_unix_s"])

    def keys(self, session: str, seconds: float) -> tuple[dict[str, str], str]:
        made = call(self.folder, "add-key", session=session, in_s=seconds)
        if not made.get("ok"):
            raise RuntimeError(f"ecs_cloud: {made}")
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now() + seconds))
        return made, end


class Provider:
    """What the three have in common: who may be told to fail, and the keys."""
    plain = False

    def __init__(self, devices: Devices, cloud: Cloud, arguments: argparse.Namespace) -> None:
        self.devices, self.cloud, self.arguments = devices, cloud, arguments
        self.duration_s: float = 3600   # how long the keys last; 0 (Roles Anywhere): as long as was asked for
        self.faults: list[str] = []
        self.gave = ""                  # the secret of the newest keys; requests.jsonl keeps them all
        self.session = "mi-0123"        # the ecs_cloud's name of this node: what is denied to it is denied to these keys

    def set(self, **members: Any) -> None:
        for name, value in members.items():
            if name not in self.__dict__:
                raise ValueError(f"{type(self).__name__} has no {name}")
            setattr(self, name, value)

    def lower(self, asked_s: float = 0) -> dict[str, Any]:
        made, end = self.cloud.keys(self.session, self.duration_s or asked_s)
        self.gave = made["aws_secret_access_key"]
        return {"accessKeyId": made["aws_access_key_id"], "secretAccessKey": made["aws_secret_access_key"],
                "sessionToken": made["aws_session_token"], "expiration": end}

    def answer(self, request: "Handler", body: bytes) -> Answer:
        raise NotImplementedError


class Iot(Provider):
    """GET /role-aliases/ALIAS/credentials, mutual TLS, SNI. The order of the checks and the texts are those seen of the
    real one."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.alias, self.policy, self.active, self.role = "edge-role", True, True, True
        self.max_s: float = 43200

    def answer(self, request: "Handler", body: bytes) -> Answer:
        tls = request.connection
        assert isinstance(tls, ssl.SSLSocket)
        der = tls.getpeercert(True)
        if request.server.sni.get(tls) != NAME:  # type: ignore[attr-defined]
            raise Refused(403, "AccessDeniedException", "Certificate is invalid on this endpoint")
        found = re.fullmatch(r"/role-aliases/([\w=,@-]{1,128})/credentials", request.path)
        if request.command != "GET" or body or found is None:
            raise Refused(400, "InvalidRequestException", "Invalid request")             # [U]
        if request.headers.get("Host") != f"{NAME}:{request.server.server_address[1]}":
            raise Refused(403, "AccessDeniedException", "Certificate is invalid on this endpoint")
        thing = self.devices.thing.get(hashlib.sha256(der or b"").hexdigest())
        named = request.headers.get_all("x-amzn-iot-thingname", [])
        if len(named) > 1 or (named and named[0] != thing):
            raise Refused(403, "AccessDeniedException", "Invalid thing name passed")
        if thing is None or not self.policy or not self.active:
            raise Refused(403, "AccessDeniedException", "Access Denied")
        if found.group(1) != self.alias:
            raise Refused(404, "ResourceNotFoundException", "Role alias does not exist")
        if not self.role:
            raise Refused(400, "InvalidRequestException",
                          "Unable to assume the role, or the role to assume does not exist")
        if self.duration_s > self.max_s:
            raise Refused(400, "InvalidRequestException", "The requested CredentialDurationSeconds exceeds the "
                          "MaxSessionDuration set for the role")
        return 200, {"credentials": self.lower()}


class Anywhere(Provider):
    """POST /sessions: the certificate's chain, its use and dates, the whole signature, the ARNs, the duration."""

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        base = f"arn:aws:rolesanywhere:{self.arguments.region}:{self.arguments.account}"
        self.trust_anchor, self.profile = f"{base}:trust-anchor/a1", f"{base}:profile/p1"
        self.role = f"arn:aws:iam::{self.arguments.account}:role/edge"
        self.anchor_enabled, self.profile_enabled, self.assume = True, True, True
        self.duration_s = 0

    def answer(self, request: "Handler", body: bytes) -> Answer:
        if request.command != "POST" or request.path != "/sessions":
            raise Refused(404, "UnknownOperationException", "")
        headers = list(request.headers.items())
        found = {k.lower(): v for k, v in headers}
        if len(found) != len(headers):
            raise Refused(400, "ValidationException", "a header is there twice")         # [U]
        asked = self._body(found, body)
        with tempfile.TemporaryDirectory() as where:
            serial, algorithm = self._certificate(Path(where), found)
            self._signature(Path(where), serial, algorithm, headers, body)
        self._rights(asked)
        role = asked["roleArn"]
        session = f"{role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/{serial:x}"
        return 201, {"credentialSet": [{"assumedRoleUser": {"arn": session, "assumedRoleId": f"AROATEST:{serial:x}"},
                                        "credentials": self.lower(asked.get("durationSeconds", 3600)), "packedPolicySize": 38, "roleArn": role,
                                        "sourceIdentity": "CN=device"}],
                     "subjectArn": self.trust_anchor.replace("trust-anchor/a1", "subject/s1")}

    def _body(self, found: dict[str, str], body: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(body)
        except ValueError as bad:
            raise Refused(400, "ValidationException", "the body is not JSON") from bad   # [U]
        needed = {"profileArn", "roleArn", "trustAnchorArn"}
        if found.get("content-type") != "application/json" or not isinstance(asked, dict) or not needed <= set(asked) or \
                not set(asked) <= needed | {"durationSeconds", "roleSessionName"}:
            raise Refused(400, "ValidationException", f"members or content type: {sorted(asked)}")       # [U]
        seconds = asked.get("durationSeconds", 3600)
        if not isinstance(seconds, int) or not 900 <= seconds <= 43200:
            raise Refused(400, "ValidationException", "durationSeconds must be 900 to 43200")            # [U]
        return asked

    def _certificate(self, where: Path, found: dict[str, str]) -> tuple[int, str]:
        """The leaf's serial number and the algorithm its key must sign with; files leaf.pem and pub in where."""
        try:
            der = base64.b64decode(found.get("x-amz-x509", ""), validate=True)
            chain = [base64.b64decode(part, validate=True) for part in found.get("x-amz-x509-chain", "").split(",") if part]
        except ValueError as bad:
            raise Refused(400, "ValidationException", "X-Amz-X509 is not base64") from bad               # [U]
        if not der or len(chain) > 5:
            raise Refused(400, "ValidationException", "X-Amz-X509 is missing, or its chain too long")    # [U]
        (where / "leaf.pem").write_text(ssl.DER_cert_to_PEM_cert(der))
        (where / "chain.pem").write_text("".join(ssl.DER_cert_to_PEM_cert(c) for c in chain))
        good, text = openssl(where, "x509", "-in", "leaf.pem", "-noout", "-serial", "-text")
        if not good:
            raise Refused(403, "AccessDeniedException", "Untrusted certificate. Insufficient certificate")
        untrusted = ["-untrusted", "chain.pem"] if chain else []
        anchor = str(self.devices.folder / "device-ca.pem")
        if not openssl(where, "verify", "-no_check_time", "-CAfile", anchor, *untrusted, "leaf.pem")[0]:
            raise Refused(403, "AccessDeniedException", "Untrusted signing certificate")
        if not openssl(where, "verify", "-attime", str(int(self.cloud.now())), "-CAfile", anchor, *untrusted, "leaf.pem")[0]:
            raise Refused(403, "AccessDeniedException", "Untrusted certificate. Certificate is expired")         # [U]
        if "CA:FALSE" not in text or "Digital Signature" not in text:
            raise Refused(403, "AccessDeniedException", "Untrusted certificate. Insufficient certificate")
        (where / "pub").write_text(must(where, "x509", "-in", "leaf.pem", "-noout", "-pubkey"))
        serial = re.search(r"^serial=([0-9A-F]+)$", text, re.M)
        assert serial
        return int(serial.group(1), 16), "RSA" if "rsaEncryption" in text else "ECDSA"

    def _signature(self, where: Path, serial: int, algorithm: str, headers: list[tuple[str, str]], body: bytes) -> None:
        found = {k.lower(): v for k, v in headers}
        name = f"AWS4-X509-{algorithm}-SHA256"
        claim = re.fullmatch(rf"{name} Credential=(\d+)/(\d{{8}})/([a-z0-9-]+)/rolesanywhere/aws4_request, "
                             r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]+)", found.get("authorization", ""))
        when = found.get("x-amz-date", "")
        if claim is None or not re.fullmatch(r"\d{8}T\d{6}Z", when):
            raise Refused(403, "AccessDeniedException", f"Incomplete signature: {name} is wanted")               # [U]
        signed = claim.group(4).split(";")
        needed = {"host", "content-type"} | {k for k in found if k.startswith("x-amz-")}
        if int(claim.group(1)) != serial or claim.group(1) != str(serial):
            raise Refused(403, "AccessDeniedException", "Invalid signature: another serial number")              # [U]
        if claim.group(2) != when[:8] or claim.group(3) != self.arguments.region or signed != sorted(needed):
            raise Refused(403, "AccessDeniedException", "Invalid signature: scope or signed headers")            # [U]
        if abs(calendar.timegm(time.strptime(when, "%Y%m%dT%H%M%SZ")) - self.cloud.now()) > SKEW_S:
            raise Refused(403, "AccessDeniedException", "Signature expired")                                     # [U]
        creq = canonical_request("POST", "/sessions", headers, signed, body)
        scope = "/".join([when[:8], self.arguments.region, "rolesanywhere", "aws4_request"])
        text = "\n".join([name, when, scope, hashlib.sha256(creq.encode()).hexdigest()])
        (where / "signature").write_bytes(bytes.fromhex(claim.group(5)))
        if not openssl(where, "dgst", "-sha256", "-verify", "pub", "-signature", "signature", stdin=text.encode())[0]:
            raise Refused(403, "AccessDeniedException", "Invalid signature")                                     # [U]

    def _rights(self, asked: dict[str, Any]) -> None:
        if asked["trustAnchorArn"] != self.trust_anchor:
            raise Refused(404, "ResourceNotFoundException", "Trust anchor not found")                            # [U]
        if asked["profileArn"] != self.profile:
            raise Refused(404, "ResourceNotFoundException", "Profile not found")                                 # [U]
        if not self.anchor_enabled:
            raise Refused(403, "AccessDeniedException", "Trust anchor is disabled")                              # [U]
        if not self.profile_enabled:
            raise Refused(403, "AccessDeniedException", "Profile is disabled")                                   # [U]
        if asked["roleArn"] != self.role or not self.assume:
            raise Refused(403, "AccessDeniedException", f"Unable to assume role for {asked['roleArn']}")


class Container(Provider):
    """GET /v2/credentials with the token of the moment; plain http, as the real one."""
    plain = True

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.token: str | None = None

    def answer(self, request: "Handler", body: bytes) -> Answer:
        if request.command != "GET" or body or request.path != "/v2/credentials":
            raise Refused(404, "NotFound", "")
        if request.headers.get("Authorization") != self.token:
            raise Refused(401, "Unauthorized", "the authorization token is not the one of this container")
        found = self.lower()
        return 200, {"RoleArn": f"arn:aws:iam::{self.arguments.account}:role/task", "AccessKeyId": found["accessKeyId"],
                     "SecretAccessKey": found["secretAccessKey"], "Token": found["sessionToken"],
                     "Expiration": found["expiration"], "AccountId": self.arguments.account}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, format: str, *args: Any) -> None:
        """requests.jsonl has it."""

    def version_string(self) -> str:
        return "Server"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.provider.cloud.now(), usegmt=True)  # type: ignore[attr-defined]

    def _serve(self) -> None:
        provider: Provider = self.server.provider  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        entry: dict[str, Any] = {"time_unix_s": time.time(), "provider": self.server.name,  # type: ignore[attr-defined]
                                 "method": self.command, "path": self.path, "body": body.decode("utf-8", "replace")}
        if provider.faults:
            self._fail(provider.faults.pop(0), entry)
            return
        try:
            status, answer = provider.answer(self, body)
            kind = ""
            entry["gave"] = provider.gave
        except Refused as no:
            status, answer, kind = no.status, {"message": no.message}, no.kind
        except Exception as bug:  # the double itself is wrong: loudly
            status, answer, kind = 500, {"message": f"double: {bug!r}"}, "InternalFailure"
        self._answer(status, json.dumps(answer).encode(), kind, "application/json", entry | {"error": kind})

    do_GET = do_POST = do_PUT = _serve

    def _answer(self, status: int, data: bytes, kind: str, content: str, entry: dict[str, Any]) -> None:
        self.server.log(entry | {"status": status})  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Type", content)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if kind:
            self.send_header("x-amzn-ErrorType", kind)
        self.end_headers()
        self.wfile.write(data)

    def _fail(self, kind: str, entry: dict[str, Any]) -> None:
        entry = entry | {"fault": kind}
        if kind in ("hang", "reset"):
            self.server.log(entry | {"status": None})  # type: ignore[attr-defined]
            time.sleep(30 if kind == "hang" else 0)
            self.close_connection = True
            return
        status, data, content = {
            "http500": (500, b'{"message":"Internal failure"}', "application/json"),
            "throttle": (429, b'{"message":"Rate exceeded"}', "application/json"),
            "html": (200, b"<html><body>Welcome to the harbour's WLAN</body></html>", "text/html"),
            "bad-json": (200, b'{"credentials":{"accessKeyId":"ASIA', "application/json"),
        }[kind]
        self._answer(status, data, "", content, entry)


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, name: str, provider: Provider, context: ssl.SSLContext | None, log: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name, self.provider, self.context, self.log = name, provider, context, log
        self.sni: dict[Any, str | None] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        self.log({"time_unix_s": time.time(), "provider": self.name, "error": f"connection: {sys.exc_info()[1]}"})

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(20)
        tls = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        try:
            tls.do_handshake()
            super().finish_request(tls, client_address)
            tls.unwrap()
        except ssl.SSLError as no:
            self.log({"time_unix_s": time.time(), "provider": self.name, "error": f"handshake: {no}"})
            drain(socket.socket(fileno=tls.detach()))
        finally:
            tls.close()


def drain(sock: socket.socket) -> None:
    """Closing with bytes unread would reset the connection and the alert be lost."""
    try:
        sock.settimeout(3)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            continue
    except OSError:
        pass
    finally:
        sock.close()


def tls_context(cloud: Path, devices: Devices | None, listener: dict[Any, str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cloud / "tls" / "server.crt", cloud / "tls" / "server.key")
    context.sni_callback = lambda tls, name, _: listener.__setitem__(tls, name)
    if devices is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(devices.folder / "device-ca.pem")
    return context


class Control:
    def __init__(self, providers: dict[str, Provider], devices: Devices) -> None:
        self._providers, self._devices = providers, devices

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            members = {k: v for k, v in request.items() if k not in ("command", "provider")}
            provider = self._providers.get(request.get("provider", ""))
            if request["command"] == "set" and provider:
                provider.set(**members)
            elif request["command"] == "fail" and provider:
                provider.faults += [members["kind"]] * members.get("count", 1)
            elif request["command"] == "issue":
                self._devices.issue(**members)
            elif request["command"] != "dump":
                raise ValueError(f"unknown: {request}")
            return {"ok": True, "arns": {k: getattr(self._providers["rolesanywhere"], k)
                                         for k in ("trust_anchor", "profile", "role")}}
        except (KeyError, TypeError, ValueError, RuntimeError) as no:
            return {"ok": False, "error": repr(no)}

    def serve(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(8)
        while True:
            sock, _ = listener.accept()
            with sock, sock.makefile("rwb") as stream:
                for line in stream:
                    stream.write(json.dumps(self.run(json.loads(line))).encode() + b"\n")
                    stream.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Doubles of what hands out AWS credentials.")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--cloud", type=Path, required=True)
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--stdin-watch", action="store_true")
    arguments = parser.parse_args()
    arguments.dir.mkdir(parents=True, exist_ok=True)
    folder, lock = arguments.dir.resolve(), threading.Lock()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    devices, cloud = Devices(folder), Cloud(arguments.cloud)

    def log(entry: dict[str, Any]) -> None:
        with lock, (folder / "requests.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    providers: dict[str, Provider] = {"iot": Iot(devices, cloud, arguments),
                                      "rolesanywhere": Anywhere(devices, cloud, arguments),
                                      "container": Container(devices, cloud, arguments)}
    ports = {}
    for name, provider in providers.items():
        listener = Listener(name, provider, None, log)
        if not provider.plain:
            listener.context = tls_context(arguments.cloud, devices if name == "iot" else None, listener.sni)
        ports[name] = listener.server_address[1]
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    threading.Thread(target=Control(providers, devices).serve, args=(folder / "control.sock",), daemon=True).start()
    if arguments.stdin_watch:
        end_with_stdin()
    (folder / "ports.new").write_text(json.dumps(ports))
    (folder / "ports.new").rename(folder / "ports")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
