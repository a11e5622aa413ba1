#!/usr/bin/env python3
"""A double of a container registry (OCI distribution 1.1) that asks for credentials in the ways real ones do.

    registry.py --dir DIR --tls DIR [--port 0] [--ecr-tokens FILE] [--stdin-watch]

--tls: a folder with server.crt and server.key. Files in DIR: registry.port (written last), registry.jsonl (one line a
request: method, path, host, authorization's first word, status). Every repository has two names: how it lets in, and
what it has, as in /v2/token/good/manifests/1:

  open     everybody               token    with a Bearer token, which /token gives to anybody
  basic    asks for Basic          ecr      with Basic and a token out of --ecr-tokens that has not ended
  private  with a token that /token gives to nobody
  busy     429                     moved    307 to another place

  good     one manifest for amd64 and arm64 each, behind an index           plain  one manifest for amd64
  other    an index for s390x only                                           huge   layers of many terabytes; bytesN  of N bytes
  html     404 with a page of HTML                                           norepo 404 NAME_UNKNOWN

Tags: 1 is there, each other one is answered 404 MANIFEST_UNKNOWN. It shares no code with kedge, and refuses what a
registry would refuse: an unknown path, a manifest asked for without an Accept that names its kind.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
from leash import end_with_stdin  # noqa: E402

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WAYS = ("open", "token", "basic", "ecr", "private", "busy", "moved")
TERABYTE = 1 << 40


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def wire(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Image:
    """What one repository holds, by digest; tag 1 is `top`."""

    def __init__(self, archs: tuple[str, ...], index: bool, layer_bytes: int = 4000) -> None:
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.blobs: dict[str, bytes] = {}
        entries = []
        for arch in archs:
            config = wire({"architecture": arch, "os": "linux", "config": {"Env": ["PASSWORD=never-read"]},
                           "rootfs": {"type": "layers", "diff_ids": []}})
            self.blobs[digest(config)] = config
            one = wire({"schemaVersion": 2, "mediaType": MANIFEST,
                        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
                        "layers": [{"mediaType": LAYER, "digest": "sha256:" + "0" * 64, "size": size}
                                   for size in (layer_bytes, 96)]})
            self.manifests[digest(one)] = (MANIFEST, one)
            self.top = digest(one)
            entries.append({"mediaType": MANIFEST, "digest": digest(one), "size": len(one),
                            "platform": {"architecture": arch, "os": "linux"}})
        if index:
            # what build tools add: an entry that is no image
            entries.append({"mediaType": MANIFEST, "digest": "sha256:" + "1" * 64, "size": 500,
                            "platform": {"architecture": "unknown", "os": "unknown"}})
            all_of = wire({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
            self.manifests[digest(all_of)] = (INDEX, all_of)
            self.top = digest(all_of)


IMAGES = {"good": Image(("s390x", "arm64", "amd64"), True), "plain": Image(("amd64",), False),
          "other": Image(("s390x",), True), "huge": Image(("amd64",), False, 9 * TERABYTE)}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path, port: int, ecr_tokens: Path | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.tokens: set[str] = set()
        self.ecr_tokens = ecr_tokens
        self._log = (folder / "registry.jsonl").open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._log.write(json.dumps(entry) + "\n")
            self._log.flush()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # type: ignore[assignment]

    def log_message(self, format: str, *args: Any) -> None:
        """registry.jsonl has it."""

    def reply(self, status: int, kind: str, body: bytes, **more: str) -> None:
        self.server.add({"method": self.command, "path": self.path, "host": self.headers.get("Host"),
                         "authorization": self.headers.get("Authorization", "").split(" ")[0], "status": status})
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str, **more: str) -> None:
        self.reply(status, "application/json; charset=utf-8", wire({"errors": [{"code": code, "message": code.lower()}]}),
                   **more)

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if parts == ["token"]:
            self.give_token(urllib.parse.parse_qs(url.query))
        elif parts == ["v2"]:
            self.reply(200, "application/json", b"{}")
        elif len(parts) == 5 and parts[0] == "v2" and parts[1] in WAYS and not url.query:
            self.enter(*parts[1:])
        else:
            self.error(404, "UNSUPPORTED")

    do_HEAD = do_GET

    def give_token(self, asked: dict[str, list[str]]) -> None:
        scope = asked.get("scope", [""])[0].split(":")
        if asked.get("service") != ["double registry"] or len(scope) != 3 or scope[2] != "pull":
            self.error(400, "UNSUPPORTED")
        elif scope[1].startswith("private/"):
            self.error(401, "UNAUTHORIZED")
        else:
            token = secrets.token_urlsafe(900)
            self.server.tokens.add(f"{scope[1]} {token}")
            self.reply(200, "application/json", wire({"token": token, "access_token": token, "expires_in": 300}))

    def let_in(self, way: str, what: str) -> bool:
        scheme, _, secret = self.headers.get("Authorization", "").partition(" ")
        if way == "open":
            return True
        if way == "ecr" and self.server.ecr_tokens is not None and self.server.ecr_tokens.exists():
            ends = json.loads(self.server.ecr_tokens.read_text())
            return scheme == "Basic" and ends.get(secret, 0) > time.time()
        return way == "token" and scheme == "Bearer" and f"{way}/{what} {secret}" in self.server.tokens

    def enter(self, way: str, what: str, kind: str, name: str) -> None:
        realm = f"https://{self.headers.get('Host')}"
        if way == "busy":
            self.error(429, "TOOMANYREQUESTS", Retry_After="7")
        elif way == "moved":
            self.reply(307, "text/plain", b"", Location=f"{realm}/v2/open/{what}/{kind}/{name}")
        elif self.let_in(way, what):
            self.serve(what, kind, name)
        elif way in ("basic", "ecr"):
            self.error(401, "UNAUTHORIZED", WWW_Authenticate=f'Basic realm="{realm}/",service="double"')
        else:
            self.error(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm}/token",service="double registry",'
                                                             f'scope="repository:{way}/{what}:pull"')

    def serve(self, what: str, kind: str, name: str) -> None:
        if what.startswith("bytes") and what not in IMAGES:
            IMAGES[what] = Image(("amd64",), False, int(what[5:]))
        if what == "html":
            self.reply(404, "text/html", b"<html><body>Nothing here</body></html>")
        elif what not in IMAGES:
            self.error(404, "NAME_UNKNOWN")
        elif kind == "blobs" and name in IMAGES[what].blobs:
            self.reply(200, "application/octet-stream", IMAGES[what].blobs[name])
        elif kind == "manifests":
            self.manifest(IMAGES[what], name)
        else:
            self.error(404, "BLOB_UNKNOWN")

    def manifest(self, image: Image, name: str) -> None:
        found = image.manifests.get(image.top if name == "1" else name)
        if found is None or found[0] not in self.headers.get("Accept", ""):
            self.error(404, "MANIFEST_UNKNOWN")
        else:
            self.reply(200, *found, Docker_Content_Digest=digest(found[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description="A double of a container registry.")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--tls", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ecr-tokens", type=Path)
    parser.add_argument("--stdin-watch", action="store_true")
    args = parser.parse_args()
    server = Server(args.dir, args.port, args.ecr_tokens)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.tls / "server.crt", args.tls / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    if args.stdin_watch:
        end_with_stdin()
    fresh = args.dir / "registry.new"
    fresh.write_text(f"{server.server_address[1]}\n")
    fresh.rename(args.dir / "registry.port")
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
