#!/usr/bin/env python3
"""A registry that fails in the way its repository's name says (Docker Registry HTTP API V2), and a name server that
knows no name. Ends when its standard input closes.

    fake_registry.py PORT
"""
from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import socket
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

V2 = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
HTML = b"<!DOCTYPE html><html><body>Please sign in to the hotel's network</body></html>"
BIG = 96 << 20


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(content: io.IOBase | io.BytesIO, size: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = size
        tar.addfile(entry, content)
    return out.getvalue()


class Zeros(io.RawIOBase):
    def read(self, size: int = -1) -> bytes:
        return bytes(max(0, size))


class Image:
    """A one-layer image; the layer's bytes may be lied about."""

    def __init__(self, layer: bytes, os_name: str = "linux", config_type: str = "", diff: str = "") -> None:
        packed = gzip.compress(layer, 1)
        config = json.dumps({"architecture": "amd64", "os": os_name, "config": {"Cmd": ["/file"]},
                             "rootfs": {"type": "layers", "diff_ids": [diff or digest(layer)]}, "history": [{}]}).encode()
        self.blobs = {digest(packed): packed, digest(config): config}
        self.layer = digest(packed)
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": V2,
            "config": {"mediaType": config_type or "application/vnd.docker.container.image.v1+json",
                       "size": len(config), "digest": digest(config)},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": len(packed),
                        "digest": self.layer}]}).encode()


def error(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def plain(text: bytes = b"hello\n") -> bytes:
    return tar_of(io.BytesIO(text), len(text))


GOOD = Image(plain())
CORRUPT = Image(plain(b"corrupt\n"))
CORRUPT.blobs[CORRUPT.layer] = CORRUPT.blobs[CORRUPT.layer][:-8] + b"\0" * 8
GONE = Image(plain(b"gone\n"))
del GONE.blobs[GONE.layer]
NOT_TAR = Image(b"this is no tar archive" * 100)
OTHER_DIFF = Image(plain(b"diff\n"), diff="sha256:" + "1" * 64)
WINDOWS = Image(plain(b"win\n"), os_name="windows")
CHART = Image(plain(b"chart\n"), config_type="application/vnd.cncf.helm.config.v1+json")
IMAGES = {"corrupt": CORRUPT, "gone": GONE, "nottar": NOT_TAR, "diff": OTHER_DIFF, "windows": WINDOWS, "chart": CHART}
NO_ARCH = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": [
    {"mediaType": V2, "size": len(GOOD.manifest), "digest": digest(GOOD.manifest),
     "platform": {"architecture": "s390x", "os": "linux"}}]}).encode()
ECR = "Your authorization token has expired. Reauthenticate and try again."
# repository: status, content type, body of the manifest's answer
ANSWERS = {
    "auth401": (401, "application/json", error("UNAUTHORIZED", "authentication required")),
    "denied403": (403, "application/json", error("DENIED", "requested access to the resource is denied")),
    "expired": (403, "application/json", error("DENIED", ECR)),
    "throttled": (429, "application/json", error("TOOMANYREQUESTS", "Rate exceeded")),
    "err500": (500, "application/json", error("UNKNOWN", "oops")),
    "err503": (503, "text/plain", b"Service Unavailable"),
    "portal200": (200, V2, HTML),
    "portal403": (403, "text/html", HTML),
    "badjson": (200, V2, b'{"schemaVersion": 2, broken'),
    "noarch": (200, LIST, NO_ARCH),
    "norepo": (404, "application/json", error("NAME_UNKNOWN", "repository name not known to registry")),
}


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if "/manifests/" in self.path and status == 200:
            self.send_header("Docker-Content-Digest", digest(body))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if len(parts) < 4:
            self.answer(200, "application/json", b"{}")
            return
        repo, kind, what = parts[1], parts[2], parts[3]
        if kind == "manifests" and repo in ANSWERS:
            self.answer(*ANSWERS[repo])
        elif kind == "manifests" and repo in IMAGES:
            self.answer(200, V2, IMAGES[repo].manifest)
        elif kind == "blobs" and repo in IMAGES and what in IMAGES[repo].blobs:
            self.answer(200, "application/octet-stream", IMAGES[repo].blobs[what])
        else:
            self.answer(404, "application/json", error("BLOB_UNKNOWN" if kind == "blobs" else "MANIFEST_UNKNOWN",
                                                       "unknown"))

    do_HEAD = do_GET


def no_names() -> None:
    """NXDOMAIN to every question (RFC 1035 4.1.1)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))
    while True:
        question, peer = s.recvfrom(1500)
        if len(question) >= 12:
            s.sendto(question[:2] + b"\x81\x83" + question[4:6] + b"\0" * 6 + question[12:], peer)


def main() -> None:
    if "big" in sys.argv[2:]:
        IMAGES["big"] = Image(tar_of(Zeros(), BIG))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if "names" in sys.argv[2:]:
        threading.Thread(target=no_names, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


main()
