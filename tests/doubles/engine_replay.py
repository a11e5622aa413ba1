#!/usr/bin/env python3
"""engine_replay.py: a double of the Docker Engine over a unix socket, for machines where no dockerd can run.

Its words, events and their order are those recorded from engine 20.10 or 28.5 (tests/captures/docker-20, -28).
Containers play tests/rig/app.c by their arguments. Beside the Docker API it answers on the same socket:
  POST /_double/image    {"ref": "127.0.0.1:5001/web:11", "spec": {...}}  into the registry; answers {"digest","id"}
       spec: entrypoint[] cmd[] arch local(bool) pull_ms salt files[] mode start_fails=CASE create_fails=CASE
             healthcheck{Test,Interval,Retries}
  POST /_double/untag    {"ref": ...}
  POST /_double/fail     {"case": CASE, "ref": REF}   that reference (none: every one) fails as recorded in
                         CASE.pull.http and CASE.distribution.http; case "" ends it
  POST /_double/end      {"id": ..., "code": 137}     a container ends without anybody asking for it
  POST /_double/aged     {"id": ..., "seconds": 60}   a running container was started so much earlier
  POST /_double/script   [{"at_ms": 0, ...}, ...]     plays on the event streams, one of these keys each:
       event {...}  raw "text"  oversize BYTES  eof true  stall MS (nothing is answered)
       hush MS (the streams stay open and silent; with "lose": true what happens meanwhile is never said on them)
       refuse MS (no socket, as after a clean stop; with stale true a dead one, as after a kill)
--script FILE plays such a list from the first /events request on.
"""
from __future__ import annotations

import argparse
import json
import os
import queue
import re
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from engine_model import Answer, Container, Engine
from engine_texts import Texts

MAX_BODY = 16 << 20


class Filters:
    """The filters parameter: {"key": ["v", ...]} or {"key": {"v": true, ...}}."""

    def __init__(self, text: str | None) -> None:
        self.keys: dict[str, list[str]] = {}
        if not text:
            return
        try:
            parsed = json.loads(text)
            self.keys = {k: list(v) for k, v in parsed.items()}
        except (ValueError, AttributeError, TypeError):
            raise Answer(400, "invalid filter") from None

    def _any(self, key: str, test: Any) -> bool:
        return key not in self.keys or any(test(v) for v in self.keys[key])

    def _labels(self, labels: dict[str, str]) -> bool:
        for want in self.keys.get("label", []):
            name, eq, value = want.partition("=")
            if name not in labels or (eq and labels[name] != value):
                return False
        return True

    def event(self, e: dict[str, Any]) -> bool:
        actor = e.get("Actor", {})
        attributes = actor.get("Attributes", {})
        action = e.get("Action", "")
        return (self._any("type", lambda v: v == e.get("Type"))
                and self._any("event", lambda v: action == v or action.startswith(v + ":"))
                and self._any("container", lambda v: actor.get("ID", "").startswith(v)
                              or attributes.get("name") == v)
                and self._any("image", lambda v: attributes.get("image") == v)
                and self._labels(attributes))

    def container(self, c: Container) -> bool:
        return (self._any("status", lambda v: v == c.status) and self._any("id", lambda v: c.id.startswith(v))
                and self._any("name", lambda v: v.lstrip("/") in c.name) and self._labels(c.labels))


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, engine: Engine, script: list[dict[str, Any]]) -> None:
        self.path, self.engine, self.script = path, engine, script
        self.stalled_until = self.hushed_until = 0.0
        self.lose = False
        self.script_lock = threading.Lock()
        fresh = path + ".new"	# the name appears when somebody listens, not before
        if os.path.exists(fresh):
            os.unlink(fresh)
        super().__init__(fresh, Handler)
        os.chmod(fresh, 0o660)
        os.replace(fresh, path)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no error here."""
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError)):
            super().handle_error(request, client_address)

    def wait_stall(self) -> None:
        while (left := self.stalled_until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def says(self) -> bool:
        """An event is said, if late; False: never."""
        if self.lose and self.hushed_until > time.monotonic():
            return False
        while (left := self.hushed_until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
        return True

    def begin_script(self) -> None:
        with self.script_lock:
            script, self.script = self.script, []
        if script:
            self.play(script)

    def play(self, script: list[dict[str, Any]]) -> None:
        threading.Thread(target=self._play, args=(script,), daemon=True).start()

    def _play(self, script: list[dict[str, Any]]) -> None:
        start = time.monotonic()
        for step in script:
            time.sleep(max(0.0, start + step.get("at_ms", 0) / 1000 - time.monotonic()))
            self._step(step)

    def _step(self, step: dict[str, Any]) -> None:
        events = self.engine.events
        if "event" in step:
            events.play(step["event"])
        elif "raw" in step:
            events.raw(step["raw"].encode())
        elif "oversize" in step:
            filler = json.dumps({"Type": "container", "Action": "create", "Actor": {
                "ID": "0" * 64, "Attributes": {"name": "x" * int(step["oversize"])}}, "timeNano": 1})
            events.raw(filler.encode() + b"\n")
        elif step.get("eof"):
            events.raw(None)
        elif "hush" in step:
            self.lose = bool(step.get("lose"))
            self.hushed_until = time.monotonic() + step["hush"] / 1000
        elif "stall" in step:
            self.stalled_until = time.monotonic() + step["stall"] / 1000
        elif "refuse" in step:
            self._refuse(step["refuse"] / 1000, bool(step.get("stale")))
        else:
            raise ValueError(f"script step {step!r}")

    def _refuse(self, seconds: float, stale: bool) -> None:
        """The name goes, the listener stays: ENOENT; with a socket nobody listens on: ECONNREFUSED."""
        os.rename(self.path, self.path + ".away")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            if stale:
                dead.bind(self.path)
            self.engine.events.raw(None)
            time.sleep(seconds)
        os.rename(self.path + ".away", self.path)


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    ROUTES: list[tuple[str, str, str]] = [
        ("GET|HEAD", r"/_ping", "ping"), ("GET", r"/version", "version"), ("GET", r"/info", "info"),
        ("GET", r"/events", "events"), ("GET", r"/networks", "networks"),
        ("GET", r"/containers/json", "list"), ("POST", r"/containers/create", "create"),
        ("GET", r"/containers/([^/]+)/json", "inspect"), ("GET", r"/containers/([^/]+)/logs", "logs"),
        ("POST", r"/containers/([^/]+)/start", "start"), ("POST", r"/containers/([^/]+)/stop", "stop"),
        ("POST", r"/containers/([^/]+)/kill", "kill"), ("DELETE", r"/containers/([^/]+)", "remove"),
        ("GET", r"/images/(.+)/json", "image"), ("POST", r"/images/create", "pull"),
        ("POST", r"/images/(.+)/tag", "tag"), ("DELETE", r"/images/(.+)", "remove_image"),
        ("GET", r"/distribution/(.+)/json", "distribution"), ("POST", r"/_double/(\w+)", "double")]

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_DELETE = do_HEAD = do_GET

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None:
        """The recorded engine's access is not logged either."""

    def version_string(self) -> str:
        return self.server.engine.texts.ping.headers["Server"]

    def _serve(self) -> None:
        self.engine = self.server.engine
        self.protocol_version = self.request_version	# an HTTP/1.0 question gets an HTTP/1.0 answer
        self.server.wait_stall()
        url = urlsplit(self.path)
        self.query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        length = min(int(self.headers.get("Content-Length") or 0), MAX_BODY)
        self.body = self.rfile.read(length) if length else b""
        try:
            path = self._without_version(unquote(url.path))
            for methods, pattern, name in self.ROUTES:
                found = re.fullmatch(pattern, path)
                if found and self.command in methods.split("|"):
                    getattr(self, f"on_{name}")(*found.groups())
                    return
            raise Answer(404, "page not found")
        except Answer as e:
            self._answer(e.status, {"message": str(e)} if str(e) else None)
        except (KeyError, ValueError, TypeError) as e:
            self._answer(400, {"message": f"double: {type(e).__name__}: {e}"})

    def _without_version(self, path: str) -> str:
        found = re.match(r"/v(\d+)\.(\d+)(/.*)$", path)
        if not found:
            return path
        asked = (int(found[1]), int(found[2]))
        told = self.engine.texts.version
        for limit, below, text in ((told["ApiVersion"], False, "too new. Maximum"),
                                   (told["MinAPIVersion"], True, "too old. Minimum")):
            edge = tuple(int(n) for n in limit.split("."))
            if (asked < edge) if below else (asked > edge):
                more = ", please upgrade your client to a newer version" if below else ""
                raise Answer(400, f"client version {asked[0]}.{asked[1]} is {text} supported API version is "
                             f"{limit}{more}")
        return found[3]

    def _head(self, status: int, kind: str | None, length: int | None) -> None:
        ping = self.engine.texts.ping.headers
        self.send_response(status)
        for name in ("Api-Version", "Docker-Experimental", "Ostype"):
            self.send_header(name, ping[name])
        if kind:
            self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        elif self.request_version == "HTTP/1.1":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.close_connection = True
        self.end_headers()

    def _answer(self, status: int, value: Any, kind: str = "application/json") -> None:
        """Bodies over 2 kB go out in chunks, as the engine does."""
        data = b"" if value is None else value if isinstance(value, bytes) else \
            (json.dumps(value, separators=(",", ":")) + "\n").encode()
        if status in (204, 304):
            self._head(status, None, None if status == 304 else 0)
            return
        chunked = len(data) > 2048 and self.command != "HEAD"
        self._head(status, kind, None if chunked else len(data))
        if self.command == "HEAD":
            return
        if not chunked:
            self.wfile.write(data)
            return
        for at in range(0, len(data), 4096):
            self._chunk(data[at:at + 4096])
        self._last_chunk()

    def _chunk(self, data: bytes) -> None:
        if self.request_version == "HTTP/1.1":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.wfile.write(data)
        self.wfile.flush()

    def _last_chunk(self) -> None:
        if self.request_version == "HTTP/1.1":
            self.wfile.write(b"0\r\n\r\n")

    # ---- the Docker API

    def on_ping(self) -> None:
        self._answer(200, b"OK", "text/plain; charset=utf-8")

    def on_version(self) -> None:
        self._answer(200, self.engine.texts.version)

    def on_info(self) -> None:
        told = self.engine.texts.version
        self._answer(200, {"ID": "DOUB:LE00", "Name": "double", "ServerVersion": told["Version"],
                           "OSType": "linux", "Architecture": "x86_64", "NCPU": 2, "MemTotal": 2 << 30,
                           "Driver": "overlay2", "DockerRootDir": "/var/lib/docker", "CgroupDriver": "cgroupfs",
                           "CgroupVersion": "1", "Containers": len(self.engine.list(True)),
                           "ContainersRunning": len(self.engine.list(False)), "LiveRestoreEnabled": False})

    def on_networks(self) -> None:
        self._answer(200, [{"Name": n, "Id": self.engine.network_id(n), "Driver": d, "Scope": "local"}
                           for n, d in (("none", "null"), ("host", "host"), ("bridge", "bridge"))])

    def on_list(self) -> None:
        wanted = Filters(self.query.get("filters"))
        everything = self.query.get("all") in ("1", "true") or "status" in wanted.keys
        self._answer(200, [c.listed() for c in self.engine.list(everything) if wanted.container(c)])

    def on_create(self) -> None:
        self._answer(201, self.engine.create(self.query.get("name", ""), json.loads(self.body)))

    def on_inspect(self, ident: str) -> None:
        self._answer(200, self.engine.find(ident).inspect())

    def on_start(self, ident: str) -> None:
        self.engine.find(ident).start()
        self._answer(204, None)

    def on_stop(self, ident: str) -> None:
        self.engine.find(ident).stop(float(self.query.get("t", "10")))
        self._answer(204, None)

    def on_kill(self, ident: str) -> None:
        self.engine.find(ident).kill(self.query.get("signal", "KILL"))
        self._answer(204, None)

    def on_remove(self, ident: str) -> None:
        self.engine.remove(self.engine.find(ident), self.query.get("force") in ("1", "true"))
        self._answer(204, None)

    def on_logs(self, ident: str) -> None:
        tail = self.query.get("tail", "all")
        lines = self.engine.find(ident).log.splitlines(keepends=True)
        if tail.isdigit():
            lines = lines[-int(tail):] if int(tail) else []
        self._head(200, None, None)
        for line in lines:
            self._chunk(struct.pack(">BxxxI", 2, len(line)) + line)
        self._last_chunk()

    def on_image(self, ref: str) -> None:
        self._answer(200, self.engine.image(ref))

    def on_tag(self, ref: str) -> None:
        self.engine.tag(ref, f"{self.query['repo']}:{self.query.get('tag') or 'latest'}")
        self._answer(201, None)

    def on_remove_image(self, ref: str) -> None:
        self.engine.remove_image(ref)
        self._answer(200, [])

    def on_distribution(self, ref: str) -> None:
        self._answer(200, self.engine.distribution(ref))

    def on_pull(self) -> None:
        tag = self.query.get("tag") or "latest"
        joint = "@" if tag.startswith("sha256:") else ":"
        records = self.engine.pull(self.query["fromImage"] + joint + tag)
        self._head(200, "application/json", None)
        for record in records:
            self._chunk(json.dumps(record, separators=(",", ":")).encode() + b"\r\n")
        self._last_chunk()

    # ---- the event stream

    @staticmethod
    def _nano(text: str) -> int:
        """SECONDS[.NANOSECONDS], exactly."""
        whole, _, part = text.partition(".")
        return int(whole) * 10**9 + int((part + "0" * 9)[:9])

    def on_events(self) -> None:
        wanted = Filters(self.query.get("filters"))
        since = self._nano(self.query["since"]) if self.query.get("since") else None
        until = self._nano(self.query["until"]) if self.query.get("until") else None
        items: queue.Queue[Any] = queue.Queue()
        ring = self.engine.events.listen(items.put)
        try:
            self._head(200, "application/json", None)
            self.server.begin_script()
            for event in ring if since is not None or until is not None else []:
                if event["timeNano"] >= (since or 0) and event["timeNano"] <= (until or event["timeNano"]):
                    self._event(event, wanted)
            self._follow(items, wanted, until)
        finally:
            self.engine.events.leave(items.put)

    def _event(self, event: dict[str, Any], wanted: Filters) -> None:
        if wanted.event(event):
            self._chunk(json.dumps(event, separators=(",", ":")).encode() + b"\n")

    def _follow(self, items: queue.Queue[Any], wanted: Filters, until: int | None) -> None:
        while True:
            left = None if until is None else (until - time.time_ns()) / 1e9
            try:
                item = items.get(timeout=left) if left is None or left > 0 else items.get_nowait()
            except queue.Empty:
                self._last_chunk()
                return
            self.server.wait_stall()
            if item is None:
                self.close_connection = True
                return
            if not self.server.says():
                continue
            if isinstance(item, bytes):
                self._chunk(item)
            else:
                self._event(item, wanted)

    # ---- the double's own

    def on_double(self, what: str) -> None:
        given = json.loads(self.body)
        if what == "image":
            image = self.engine.add_image(given["ref"], given.get("spec") or {})
            self._answer(200, {"digest": image.digest, "id": image.id})
            return
        if what == "untag":
            self.engine.registry.pop(given["ref"])
        elif what == "fail":
            self._fail(given)
        elif what == "end":
            c = self.engine.find(given["id"])
            c.ended(c.run_id, int(given["code"]))
        elif what == "aged":
            self.engine.find(given["id"]).started -= int(given["seconds"]) * 10**9
        elif what == "script":
            self.server.play(given)
        else:
            raise Answer(404, f"double: no /_double/{what}")
        self._answer(200, {})

    def _fail(self, given: dict[str, Any]) -> None:
        case, ref = given["case"], given.get("ref")
        if case:
            self.engine.texts.recorded(case, "pull", ref or "127.0.0.1:5001/x:y")
        if ref:
            self.engine.ref_fails[ref] = case
        else:
            self.engine.registry_fails = case


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--socket", required=True)
    p.add_argument("--engine", choices=("20", "28"), default="20")
    p.add_argument("--script", help="JSON list of steps, played from the first /events request on")
    p.add_argument("--stdin-watch", action="store_true", help="end when stdin closes")
    options = p.parse_args()
    script = []
    if options.script:
        with open(options.script, encoding="utf-8") as f:
            script = json.load(f)
    server = Server(options.socket, Engine(Texts(options.engine)), script)
    over: queue.SimpleQueue[None] = queue.SimpleQueue()	# a handler may put into it whatever it interrupts
    signal.signal(signal.SIGTERM, lambda *_: over.put(None))
    signal.signal(signal.SIGINT, lambda *_: over.put(None))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if options.stdin_watch:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), over.put(None)), daemon=True).start()
    over.get()
    os.unlink(options.socket)
    os._exit(0)


if __name__ == "__main__":
    main()
