"""The HTTPS face of the double: TLS, connections, faults, the request log."""
from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, IO

import cloud_ecr
from cloud_api import TARGET_PREFIX, Api, to_wire
from cloud_scheduler import ApiError
from cloud_shapes import REQUESTS
from cloud_sigv4 import AuthError, Key, Verifier

MAX_BODY = 1 << 20
AMZ_JSON = "application/x-amz-json-1.1"
PORTAL = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please log in.</body></html>"
BEFORE = ("http500", "http503", "html", "redirect", "xml", "empty", "bad-json", "hang", "reset")
AFTER = ("truncate", "pause_mid_body", "drop-answer", "slow")

CA_CONF = """
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
unique_subject = no
email_in_dn = no
rand_serial = yes
[p]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = SAN
[req]
distinguished_name = dn
prompt = no
[dn]
CN = double
"""
DATES = {"good": ("20200101000000Z", "20491231235959Z"),
         "expired": ("20200101000000Z", "20210101000000Z"),
         "future": ("20450101000000Z", "20491231235959Z")}


def _openssl(where: Path, *args: str) -> None:
    done = subprocess.run(["openssl", *args], cwd=where, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr.strip()}")


def make_certificates(where: Path, kind: str = "good", rsa: bool = False,
                      names: tuple[str, ...] = (), authority: str = "kedge test CA") -> ssl.SSLContext:
    """A fresh CA in where/tls, its certificate in where/ca.pem, and a server context.

    kind: good | expired | future | wrong-host | untrusted. names: what it is for beside localhost. authority: the CA's name.
    """
    tls = where / "tls"
    tls.mkdir(exist_ok=True)
    san = "DNS:elsewhere.example" if kind == "wrong-host" else \
        ",".join(["DNS:localhost", "IP:127.0.0.1", "IP:::1", "DNS:ecs.eu-west-1.kedge.test",
                  *(f"DNS:{n}" for n in names)])
    (tls / "ca.cnf").write_text(CA_CONF.replace("= SAN", f"= {san}"))
    (tls / "index.txt").write_text("")
    algorithm = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if rsa else \
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    for name, subject in (("ca", f"/CN={authority}"), ("server", "/CN=ecs.double.test")):
        _openssl(tls, "genpkey", *algorithm, "-out", f"{name}.key")
        _openssl(tls, "req", "-new", "-config", "ca.cnf", "-key", f"{name}.key", "-subj", subject,
                 "-out", f"{name}.csr")
    start, end = DATES["good"]
    _openssl(tls, "ca", "-batch", "-config", "ca.cnf", "-selfsign", "-keyfile", "ca.key",
             "-extensions", "root", "-in", "ca.csr", "-out", "ca.crt", "-notext",
             "-startdate", start, "-enddate", end)
    sign_certificate(where, kind)
    trusted = "server.crt" if kind == "untrusted" else "ca.crt"
    (where / "ca.pem").write_text((tls / trusted).read_text())
    return server_context(where)


def sign_certificate(where: Path, kind: str) -> None:
    """The server's certificate, signed (again) by the same CA, with the dates of its kind."""
    start, end = DATES.get(kind, DATES["good"])
    (where / "tls" / "index.txt").write_text("")
    _openssl(where / "tls", "ca", "-batch", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.crt",
             "-extensions", "leaf", "-in", "server.csr", "-out", "server.crt", "-notext",
             "-startdate", start, "-enddate", end)


def server_context(where: Path, newest: str = "1.3") -> ssl.SSLContext:
    """With ticket keys of its own: no session of another context is resumed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[newest]
    context.load_cert_chain(where / "tls" / "server.crt", where / "tls" / "server.key")
    context.set_alpn_protocols(["http/1.1"])
    return context


@dataclass
class Fault:
    """What to do to the next count requests (of operation op, if given)."""
    kind: str
    count: int = 1
    op: str | None = None
    seconds: float = 5.0
    at: float = 0.5

    def fits(self, op: str) -> bool:
        return self.count > 0 and self.op in (None, op)


class JsonLines:
    """A file of one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self.count = 0

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self.count += 1
            self._file.write(json.dumps(entry, separators=(",", ":")) + "\n")
            self._file.flush()


class Server:
    """Everything the connection threads share."""

    def __init__(self, api: Api, verifier: Verifier, context: ssl.SSLContext, folder: Path) -> None:
        self.api = api
        world = api.world
        self.ecr = cloud_ecr.Ecr(world.region, world.account, verifier.keys, world.clock, folder)
        self.verifier = verifier
        self.context = context
        self.folder = folder
        self.log = JsonLines(folder / "requests.jsonl")
        self.connections = JsonLines(folder / "connections.jsonl")
        self.clock = api.world.clock
        self.faults: list[Fault] = []
        self.handshakes = 0
        self.open = threading.Event()
        self.open.set()
        self._faults_lock = threading.Lock()

    def take_fault(self, op: str, kinds: tuple[str, ...]) -> Fault | None:
        with self._faults_lock:
            for fault in self.faults:
                if fault.kind in kinds and fault.fits(op):
                    fault.count -= 1
                    self.faults = [f for f in self.faults if f.count > 0]
                    return fault
        return None

    def renew_tls(self, kind: str, newest: str) -> None:
        sign_certificate(self.folder, kind)
        self.context = server_context(self.folder, newest)

    def set_faults(self, fault: Fault | None) -> None:
        with self._faults_lock:
            self.faults = [] if fault is None else [*self.faults, fault]


class Dropped(Exception):
    """The connection is to be cut without another word."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 65
    server: Server  # type: ignore[assignment]

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr; requests.jsonl has it."""

    def version_string(self) -> str:
        return "Server"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.clock.server() if timestamp is None else timestamp, usegmt=True)

    def do_GET(self) -> None:
        self._answer(404, b'{"__type":"UnknownOperationException"}', {})

    do_PUT = do_HEAD = do_DELETE = do_GET

    def do_POST(self) -> None:
        entry: dict[str, Any] = {"time_unix_s": round(time.time(), 3),
                                 "server_unix_s": round(self.server.clock.server(), 3),
                                 "op": self._operation(), "body": None, "key": None,
                                 "peer": self.client_address[1],
                                 "request_id": str(uuid.uuid4())}
        try:
            self._serve(entry)
        except Dropped as why:
            entry |= {"status": None, "error": f"dropped: {why}"}
            self.close_connection = True
            if entry.get("fault") == "reset":
                _reset(self.connection)
        except OSError as why:
            entry |= {"status": None, "error": f"connection: {why}"}
            self.close_connection = True
        finally:
            self.server.log.add(entry)

    def _operation(self) -> str:
        return self.headers.get("X-Amz-Target", "").removeprefix(TARGET_PREFIX).removeprefix(cloud_ecr.TARGET_PREFIX)

    def _for_ecr(self) -> bool:
        return self.headers.get("X-Amz-Target", "").startswith(cloud_ecr.TARGET_PREFIX)

    def _serve(self, entry: dict[str, Any]) -> None:
        body = self._read_body()
        if not self.server.open.is_set():
            self.server.open.wait()
            raise Dropped("the link was down")
        head = len(self.requestline) + 4 + sum(len(k) + len(v) + 4 for k, v in self.headers.items())
        entry |= {"bytes_in": head + len(body), "bytes_body_in": len(body)}
        fault = self.server.take_fault(entry["op"], BEFORE)
        if fault is not None:
            entry["fault"] = fault.kind
            self._refuse(fault, entry)
            return
        status, answer = 200, {}
        try:
            answer, entry["lag_s"] = self._call(entry, body)
        except (AuthError, ApiError) as error:
            status = getattr(error, "status", 400)
            answer = {"__type": error.code, "message": error.message,
                      **getattr(error, "members", {})}
            entry |= {"error": error.code, "message": error.message[:300]}
        except Exception as bug:  # the double itself is wrong: say so as loudly as HTTP can
            status, answer = 500, {"__type": "ServerException", "message": f"double: {bug!r}"}
            entry |= {"error": "double", "message": repr(bug)}
        self._send(status, to_wire(answer), entry)

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            self._answer(411, b'{"__type":"SerializationException"}', {})
            raise Dropped("no usable Content-Length")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise Dropped("body cut short")
        return body

    def _call(self, entry: dict[str, Any], body: bytes) -> tuple[dict[str, Any], float]:
        key = self._authenticate(body)
        entry["key"] = key.session
        target = self.headers.get("X-Amz-Target", "")
        of_ecs = target.startswith(TARGET_PREFIX) and entry["op"] in REQUESTS
        if self.headers.get("Content-Type") != AMZ_JSON or not (of_ecs or self._for_ecr()) or self.path != "/":
            raise ApiError("UnknownOperationException", "")
        try:
            request = json.loads(body)
        except ValueError as error:
            raise ApiError("SerializationException", f"not JSON: {error}") from error
        entry["body"] = request
        if self._for_ecr():
            return self.server.ecr.call(entry["op"], request, key), 0.0
        return self.server.api.call(entry["op"], request, key)

    def _authenticate(self, body: bytes) -> Key:
        headers = list(self.headers.items())
        verifier = self.server.ecr.verifier if self._for_ecr() else self.server.verifier
        return verifier.verify(self.command, self.path, headers, body,
                                           self.server.clock.server())

    # --- answers -------------------------------------------------------------------------

    def _headers(self, status: int, length: int, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": AMZ_JSON} | more).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _answer(self, status: int, data: bytes, more: dict[str, str]) -> None:
        self._headers(status, len(data), more)
        if self.command != "HEAD":
            self.wfile.write(data)

    def _send(self, status: int, data: bytes, entry: dict[str, Any]) -> None:
        entry |= {"status": status, "bytes_body_out": len(data), "bytes_out": len(data) + 230}
        fault = self.server.take_fault(entry["op"], AFTER)
        more = {"x-amzn-RequestId": entry["request_id"]}
        if entry.get("error") == "ThrottlingException" and self.server.api.retry_after_ms:
            more["x-amz-retry-after"] = str(self.server.api.retry_after_ms)
        if fault is None:
            self._answer(status, data, more)
            return
        entry["fault"] = fault.kind
        self._send_badly(fault, status, data, more)

    def _send_badly(self, fault: Fault, status: int, data: bytes, more: dict[str, str]) -> None:
        if fault.kind == "drop-answer":
            raise Dropped("answer withheld")
        self._headers(status, len(data), more)
        cut = int(len(data) * fault.at)
        self.wfile.write(data[:cut])
        self.wfile.flush()
        if fault.kind == "truncate":
            raise Dropped("answer cut short")
        if fault.kind == "pause_mid_body":
            time.sleep(fault.seconds)
            self.wfile.write(data[cut:])
            return
        for start in range(cut, len(data), 64):
            time.sleep(fault.seconds * 64 / max(64, len(data)))
            self.wfile.write(data[start:start + 64])

    def _refuse(self, fault: Fault, entry: dict[str, Any]) -> None:
        if fault.kind == "reset":
            raise Dropped("reset")
        if fault.kind == "hang":
            time.sleep(fault.seconds)
            raise Dropped("hang")
        status, data, more = {
            "http500": (500, b'{"__type":"ServerException","message":"Service Unavailable. '
                             b'Please try again later."}', {}),
            "http503": (503, b"<html><body><b>Http/1.1 Service Unavailable</b></body> </html>",
                        {"Content-Type": "text/html"}),
            "html": (200, PORTAL, {"Content-Type": "text/html; charset=utf-8"}),
            "redirect": (302, PORTAL, {"Location": "http://portal.example/login", "Content-Type": "text/html"}),
            "xml": (403, b'<?xml version="1.0"?><ErrorResponse><Error><Code>AccessDenied</Code><Message>Not here</Message>'
                         b"</Error></ErrorResponse>", {"Content-Type": "text/xml"}),
            "empty": (200, b"", {}),
            "bad-json": (200, b'{"serviceDeployments":[{"serviceDeploymentArn":', {}),
        }[fault.kind]
        entry |= {"status": status, "error": fault.kind, "bytes_body_out": len(data),
                  "bytes_out": len(data) + 230}
        self._answer(status, data, more)


class Link:
    """The listening socket and its connections; what a WAN cut takes away."""

    def __init__(self, server: Server, port: int) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._held: list[socket.socket] = []
        self.mode = "up"
        self._listener = self._listen(port)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(1024)
        return sock

    def set_mode(self, mode: str) -> None:
        """up | refuse (port closed, connections reset) | blackhole (accepted, never answered;
        what is open falls silent, and is reset when the link comes back)."""
        with self._lock:
            if mode == self.mode:
                return
            before, self.mode = self.mode, mode
            if mode == "blackhole":
                self._server.open.clear()
            if mode == "refuse":
                self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
            elif before == "refuse":
                self._listener = self._listen(self.port)
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
            if mode != "blackhole":
                self._drop()
                self._server.open.set()

    def _drop(self) -> None:
        for sock in [*self._open, *self._held]:
            _reset(sock)
        self._held.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, peer = listener.accept()
            except OSError:
                return
            with self._lock:
                if self.mode == "blackhole":
                    self._held.append(sock)
                    continue
                if self.mode == "refuse":
                    _reset(sock)
                    continue
                self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock, peer), daemon=True).start()

    def _serve(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        plain = sock.dup()
        entry: dict[str, Any] = {"time_unix_s": round(time.time(), 3), "peer": peer[1]}
        with self._lock:
            self._open.add(plain)
            self._open.discard(sock)
        try:
            sock.settimeout(20)
            with self._server.context.wrap_socket(sock, server_side=True) as tls:
                entry |= {"tls": tls.version(), "resumed": tls.session_reused}
                self._server.handshakes += 1
                Handler(tls, peer, self._server)  # type: ignore[arg-type]
        except (OSError, ValueError) as why:
            entry["error"] = str(why)
            sock.close()
        with self._lock:
            self._open.discard(plain)
        self._server.connections.add(entry | _tcp_counts(plain))
        plain.close()


def _tcp_counts(sock: socket.socket) -> dict[str, int]:
    """Bytes of TCP payload both ways, from the kernel (struct tcp_info of linux/tcp.h)."""
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 136)
    except OSError:
        return {}
    acked, received = struct.unpack_from("<QQ", info, 120)
    return {"bytes_to_client": acked, "bytes_from_client": received}


def _reset(sock: socket.socket) -> None:
    """Cut a connection the hard way (RST), also under a thread that uses it."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    except OSError:
        return
