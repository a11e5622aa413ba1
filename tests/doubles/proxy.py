#!/usr/bin/env python3
"""A double of an HTTP proxy that only speaks CONNECT, for the tests of kedge.

    proxy.py --dir DIR [--port 0] [--to HOST:PORT] [--user USER:PASSWORD] [--allow HOST]... [--fault KIND] [--stdin-watch]

--to: every tunnel leads there, whatever host was asked for; else to the host itself.
--user: who may use it; all others get 407.   --allow: hosts it opens ways to; others get 403. None: all.
--fault: bad-gateway | gateway-timeout (502 and 504 to every CONNECT), close (no answer), silent (never one).
A file `fault` in DIR holds a KIND that wins over --fault: tests change it while the proxy runs.

Files in DIR: proxy.jsonl (one line per request: method, target, header names, user given or not, status, bytes both ways
once the tunnel ended) and, written last, proxy.port. A request that is no CONNECT, has no Host equal to its target, or
carries a header that belongs to AWS (Authorization, X-Amz-*) gets 400 and "leak": true in the log."""
from __future__ import annotations

import argparse
import base64
import json
import select
import socket
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
from leash import end_with_stdin  # noqa: E402

LOCK = threading.Lock()


def log(folder: Path, **members: object) -> None:
    with LOCK, open(folder / "proxy.jsonl", "a", encoding="utf-8") as f:
        f.write(json.dumps(members) + "\n")


def read_head(c: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        one = c.recv(1)
        if not one or len(data) > 65536:
            return b""
        data += one
    return data


def refuse(c: socket.socket, status: int, text: str, *more: str) -> None:
    body = f"<html>{text}</html>".encode()
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} {text}", f"Content-Length: {len(body)}",
                                              "Content-Type: text/html", *more, "Connection: close"))
    c.sendall(head.encode() + b"\r\n" + body)


def relay(a: socket.socket, b: socket.socket) -> tuple[int, int]:
    counts = {a: 0, b: 0}
    while True:
        for s in select.select([a, b], [], [], 120)[0] or [None]:
            data = s.recv(65536) if s else b""
            if not data:
                return counts[a], counts[b]
            counts[s] += len(data)
            (b if s is a else a).sendall(data)


def verdict(options: argparse.Namespace, method: str, target: str, fields: dict[str, str]) -> tuple[int, str, bool]:
    """Status, its text, and whether something was sent here that is none of a proxy's business."""
    leak = any(n == "authorization" or n.startswith("x-amz-") for n in fields)
    if method != "CONNECT" or fields.get("host") != target or leak:
        return 400, "Bad Request", leak
    wanted = "Basic " + base64.b64encode((options.user or "").encode()).decode()
    if options.user and fields.get("proxy-authorization") != wanted:
        return 407, "Proxy Authentication Required", leak
    if options.allow and target.rpartition(":")[0] not in options.allow:
        return 403, "Forbidden", leak
    return 200, "Connection established", leak


def serve(c: socket.socket, options: argparse.Namespace) -> None:
    lines = read_head(c).decode("latin-1").split("\r\n")
    if len(lines[0].split(" ")) != 3:
        return
    method, target, _ = lines[0].split(" ")
    fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:] if line)}
    fault_file = options.dir / "fault"
    fault = fault_file.read_text(encoding="utf-8").strip() if fault_file.exists() else options.fault
    status, text, leak = verdict(options, method, target, fields)
    entry = {"time": time.time(), "method": method, "target": target, "headers": sorted(fields),
             "user": "proxy-authorization" in fields, "leak": leak, "fault": fault}
    if fault in ("close", "silent"):
        log(options.dir, **entry, status=0)
        time.sleep(60 if fault == "silent" else 0)
        return
    if status == 200 and fault:
        status, text = {"bad-gateway": (502, "Bad Gateway"), "gateway-timeout": (504, "Gateway Timeout")}[fault]
    if status != 200:
        log(options.dir, **entry, status=status)
        refuse(c, status, text, *(['Proxy-Authenticate: Basic realm="site"'] if status == 407 else []))
        return
    host, _, port = (options.to or target).rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), 10) as there:
        there.settimeout(None)
        c.sendall(b"HTTP/1.1 200 Connection established\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\n\r\n")
        up, down = relay(c, there)
    log(options.dir, **entry, status=200, up=up, down=down)


def handle(c: socket.socket, options: argparse.Namespace) -> None:
    with c:
        try:
            serve(c, options)
        except OSError as e:
            log(options.dir, error=str(e))


def main() -> None:
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("--dir", type=Path, required=True)
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--to")
    p.add_argument("--user")
    p.add_argument("--allow", action="append")
    p.add_argument("--fault", choices=["bad-gateway", "gateway-timeout", "close", "silent"])
    p.add_argument("--stdin-watch", action="store_true")
    options = p.parse_args()
    s = socket.create_server(("127.0.0.1", options.port))
    if options.stdin_watch:
        end_with_stdin()
    part = options.dir / "proxy.port.part"
    part.write_text(str(s.getsockname()[1]), encoding="utf-8")
    part.rename(options.dir / "proxy.port")
    while True:
        threading.Thread(target=handle, args=(s.accept()[0], options), daemon=True).start()


if __name__ == "__main__":
    main()
