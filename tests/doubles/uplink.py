#!/usr/bin/env python3
"""A double of what lies between a gateway and AWS: a name server, and a TCP relay that can be a bad line or a captive portal.

    uplink.py --dir DIR --address ADDRESS --name NAME --to PORT [--port 443] [--stdin-watch]

It answers DNS on ADDRESS:53 (UDP): NAME is ADDRESS, every other name does not exist. What connects to ADDRESS:PORT is
handed on to 127.0.0.1:TO. DIR/control.sock takes one JSON object per line (cloudctl.py); DIR/ready is written last.

  dns      mode answer | silent | servfail
  line     delay_ms=0, jitter_ms=0: how long each piece is under way, in both directions, in order
  cut      after=N: once a connection has carried a request to AWS, it is reset after N more bytes of answers
  hold     after=N: at the same place the connection falls silent and stays so; wait-held timeout_s=30 waits for one
  portal   mode plain | redirect | tls: nothing is handed on: a page in plain HTTP, a 302, or TLS with a certificate
           of the portal's own CA for NAME
  clear    none of all that for new connections, DNS answers; connections that are held stay so
  forget   resets every open connection, as a NAT does that restarts
  counts   connections, queries, bytes_up, bytes_down
"""
from __future__ import annotations

import argparse
import json
import os
import queue
import random
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cloud_http import make_certificates  # noqa: E402
from leash import end_with_stdin  # noqa: E402

REQUEST_BYTES = 1400            # more than any ClientHello of the tests, less than a hello and a signed request
PAGE = b"<!DOCTYPE html><html><head><title>Hotel</title></head><body>Please log in.</body></html>"
OK_PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(PAGE), PAGE)
MOVED = b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


class Uplink:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.lock = threading.Lock()
        self.held = threading.Event()
        self.relayed: set[Relayed] = set()
        self.count = {"connections": 0, "queries": 0, "bytes_up": 0, "bytes_down": 0}
        where = options.dir / "portal"
        where.mkdir(exist_ok=True)
        self.portal_tls = make_certificates(where, names=(options.name,), authority="Hotel Guest Network")
        self.clear()

    # ---- what the control socket may say

    def clear(self) -> None:
        self.dns_mode, self.portal_mode = "answer", ""
        self.delay_s = self.jitter_s = 0.0
        self.cut_after = self.hold_after = -1

    def dns(self, mode: str) -> None:
        self.dns_mode = {"answer": "answer", "silent": "silent", "servfail": "servfail"}[mode]

    def line(self, delay_ms: float = 0, jitter_ms: float = 0) -> None:
        self.delay_s, self.jitter_s = delay_ms / 1000, jitter_ms / 1000

    def cut(self, after: int) -> None:
        self.cut_after = after

    def hold(self, after: int) -> None:
        self.held.clear()
        self.hold_after = after

    def wait_held(self, timeout_s: float = 30) -> None:
        if not self.held.wait(timeout_s):
            raise ValueError(f"no connection was held within {timeout_s} s")

    def portal(self, mode: str) -> None:
        self.portal_mode = {"plain": "plain", "redirect": "redirect", "tls": "tls"}[mode]

    def forget(self) -> None:
        with self.lock:
            known = list(self.relayed)
        for relayed in known:
            relayed.end(hard=True)

    def counts(self) -> dict[str, int]:
        with self.lock:
            return dict(self.count)

    def add(self, what: str, number: int = 1) -> None:
        with self.lock:
            self.count[what] += number


# ---- names

def dns_answer(uplink: Uplink, query: bytes) -> bytes:
    """RFC 1035 4.1: one question in, at most one A record out."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii").lower())
        at += 1 + query[at]
    question = query[12:at + 5]
    kind = struct.unpack("!H", query[at + 1:at + 3])[0]
    known = ".".join(labels) == uplink.options.name
    code = 2 if uplink.dns_mode == "servfail" else 0 if known else 3
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(uplink.options.address)
    found = known and kind == 1 and code == 0
    return query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(found), 0, 0) + question + (record if found else b"")


def serve_names(uplink: Uplink) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((uplink.options.address, 53))
        while True:
            query, peer = sock.recvfrom(1500)
            uplink.add("queries")
            if uplink.dns_mode != "silent":
                sock.sendto(dns_answer(uplink, query), peer)


# ---- connections

def reset(sock: socket.socket) -> None:
    """RST, not FIN: whoever reads from it is woken up first, since a socket in use does not close."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    sock.close()


class Way:
    """One direction of a connection: pieces come out in order, each as late as the line is long."""

    def __init__(self, relayed: Relayed, source: socket.socket, sink: socket.socket, up: bool) -> None:
        self.relayed, self.source, self.sink, self.up = relayed, source, sink, up
        self.under_way: queue.Queue[tuple[float, bytes]] = queue.Queue()
        for what in (self.read, self.write):
            threading.Thread(target=what, daemon=True).start()

    def read(self) -> None:
        uplink = self.relayed.uplink
        while True:
            try:
                piece = self.source.recv(16384)
            except OSError:
                piece = b""
            late_s = uplink.delay_s + random.uniform(0, uplink.jitter_s)
            self.under_way.put((time.monotonic() + late_s, piece))
            if not piece:
                return

    def write(self) -> None:
        while True:
            due, piece = self.under_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            piece, goes_on = (piece, True) if self.up else self.relayed.answer(piece)
            try:
                if piece:
                    self.sink.sendall(piece)
                    self.relayed.seen(self.up, len(piece))
                    if goes_on:
                        continue
            except OSError:
                pass
            if not goes_on and self.relayed.held:
                return
            self.relayed.end(hard=not goes_on)
            return


class Relayed:
    def __init__(self, uplink: Uplink, client: socket.socket) -> None:
        self.uplink, self.client = uplink, client
        self.up_bytes, self.answered, self.held = 0, 0, False
        self.server = socket.create_connection(("127.0.0.1", uplink.options.to))
        for sock in (self.client, self.server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with uplink.lock:
            uplink.relayed.add(self)
        Way(self, client, self.server, True)
        Way(self, self.server, client, False)

    def seen(self, up: bool, number: int) -> None:
        self.uplink.add("bytes_up" if up else "bytes_down", number)
        if up:
            self.up_bytes += number
        elif self.up_bytes >= REQUEST_BYTES:
            self.answered += number

    def answer(self, piece: bytes) -> tuple[bytes, bool]:
        """What of a piece goes on to the client, and whether anything follows it."""
        limit = self.uplink.hold_after if self.uplink.hold_after >= 0 else self.uplink.cut_after
        if limit < 0 or self.up_bytes < REQUEST_BYTES or self.answered + len(piece) <= limit:
            return piece, True
        self.held = self.uplink.hold_after >= 0
        if self.held:
            self.uplink.held.set()
        return piece[:max(0, limit - self.answered)], False

    def end(self, hard: bool) -> None:
        with self.uplink.lock:
            self.uplink.relayed.discard(self)
        if hard:
            reset(self.client)
        for sock in (self.client, self.server):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def portal(uplink: Uplink, client: socket.socket, mode: str) -> None:
    """A hotel's answer to whatever comes."""
    try:
        client.settimeout(10)
        if mode == "tls":
            client = uplink.portal_tls.wrap_socket(client, server_side=True)
        client.recv(4096)
        client.sendall(MOVED if mode == "redirect" else OK_PAGE)
    except (OSError, ssl.SSLError):
        pass
    client.close()


def serve_connections(uplink: Uplink) -> None:
    listener = socket.create_server((uplink.options.address, uplink.options.port), backlog=64)
    while True:
        client, _ = listener.accept()
        uplink.add("connections")
        if uplink.portal_mode:
            threading.Thread(target=portal, args=(uplink, client, uplink.portal_mode), daemon=True).start()
            continue
        try:
            Relayed(uplink, client)
        except OSError:
            reset(client)


# ---- control

def talk(uplink: Uplink, sock: socket.socket) -> None:
    with sock, sock.makefile("rwb") as stream:
        for line in stream:
            try:
                told = json.loads(line)
                name = told.pop("command")
                if name not in ("dns", "line", "cut", "hold", "wait-held", "portal", "clear", "forget", "counts"):
                    raise ValueError(f"unknown command {name}")
                answer = {"ok": True} | (getattr(uplink, name.replace("-", "_"))(**told) or {})
            except (ValueError, KeyError, TypeError) as error:
                answer = {"ok": False, "error": repr(error)}
            stream.write(json.dumps(answer).encode() + b"\n")
            stream.flush()


def serve_control(uplink: Uplink, path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(16)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=talk, args=(uplink, sock), daemon=True).start()


def fatal(target: Any, *arguments: Any) -> None:
    """A thread whose end is the end of the double."""
    def run() -> None:
        try:
            target(*arguments)
        finally:
            os._exit(70)
    threading.Thread(target=run, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="A double of the line to AWS.")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--address", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--to", type=int, required=True)
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--stdin-watch", action="store_true")
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    uplink = Uplink(options)
    fatal(serve_names, uplink)
    fatal(serve_connections, uplink)
    fatal(serve_control, uplink, options.dir / "control.sock")
    if options.stdin_watch:
        end_with_stdin()
    (options.dir / "ready").write_text("")
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
