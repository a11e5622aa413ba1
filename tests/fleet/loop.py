"""One thread for many sockets: timers, work for the next turn, and connections that speak HTTP or lines."""
from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import time
from collections import deque
from typing import Any, Callable


class Loop:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.ready: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self.timers: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self.count = itertools.count()
        self.over = False

    def soon(self, what: Callable[..., Any], *arguments: Any) -> None:
        self.ready.append((what, arguments))

    def later(self, seconds: float, what: Callable[..., Any], *arguments: Any) -> None:
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.count), what, arguments))

    def watch(self, sock: Any, events: int, what: Callable[[int], None]) -> None:
        try:
            self.selector.modify(sock, events, what)
        except KeyError:
            self.selector.register(sock, events, what)

    def forget(self, sock: Any) -> None:
        try:
            self.selector.unregister(sock)
        except (KeyError, ValueError):
            pass

    def run(self) -> None:
        while not self.over:
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, what, arguments = heapq.heappop(self.timers)
                what(*arguments)
            for _ in range(min(len(self.ready), 200)):      # then whoever asks is answered, too
                what, arguments = self.ready.popleft()
                what(*arguments)
            wait = 0.0 if self.ready else max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else None
            for key, events in self.selector.select(wait):
                key.data(events)


class Connection:
    """What comes is handed on in whole messages, what goes is kept until it fits."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        self.loop, self.sock = loop, sock
        self.came, self.goes = b"", bytearray()
        self.closing = self.closed = False
        sock.setblocking(False)
        loop.watch(sock, selectors.EVENT_READ, self._on)

    def send(self, data: bytes, close: bool = False) -> None:
        self.goes += data
        self.closing = self.closing or close
        self._write()

    def message(self) -> bool:
        """Takes one whole message out of self.came; False: there is none yet."""
        raise NotImplementedError

    def gone(self) -> None:
        """The other side went away."""

    def _on(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ and not self.closed:
            self._read()

    def _read(self) -> None:
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self.gone()
            return
        self.came += data
        while not self.closed and self.message():
            pass

    def _write(self) -> None:
        if self.closed:
            return
        try:
            while self.goes:
                del self.goes[:self.sock.send(self.goes)]
        except BlockingIOError:
            self.loop.watch(self.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, self._on)
            return
        except OSError:
            self.close()
            return
        if self.closing:
            self.close()
        else:
            self.loop.watch(self.sock, selectors.EVENT_READ, self._on)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.forget(self.sock)
            self.sock.close()


class Lines(Connection):
    """JSON lines to and from somebody who answers in order."""

    def __init__(self, loop: Loop, sock: socket.socket, on_line: Callable[[bytes], None]) -> None:
        super().__init__(loop, sock)
        self.on_line = on_line

    def message(self) -> bool:
        line, end, rest = self.came.partition(b"\n")
        if not end:
            return False
        self.came = rest
        self.on_line(line)
        return True


class Asked(Connection):
    """One client of an HTTP server: on_get(connection, target) answers each GET."""

    def __init__(self, loop: Loop, sock: socket.socket, on_get: Callable[[Asked, str], None]) -> None:
        super().__init__(loop, sock)
        self.on_get = on_get
        self.old = False
        self.on_gone: Callable[[], None] = lambda: None

    def message(self) -> bool:
        head, end, rest = self.came.partition(b"\r\n\r\n")
        if not end:
            return False
        self.came = rest
        method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        self.old = version == "HTTP/1.0" or b"\r\nconnection: close" in head.lower()
        if method == "GET":
            self.on_get(self, target)
        else:
            self.answer(405, "text/plain", b"")
        return True

    def answer(self, status: int, kind: str, body: bytes) -> None:
        self.send(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body, self.old)

    def stream(self, kind: str) -> None:
        self.send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode() +
                  (b"\r\n" if self.old else b"Transfer-Encoding: chunked\r\n\r\n"))

    def chunk(self, data: bytes) -> None:
        self.send(data if self.old else b"%x\r\n%s\r\n" % (len(data), data))

    def gone(self) -> None:
        self.on_gone()


def listen(loop: Loop, sock: socket.socket, on_get: Callable[[Asked, str], None]) -> None:
    """Serves HTTP on a bound socket."""
    sock.listen(16)
    sock.setblocking(False)

    def accept(_: int) -> None:
        try:
            Asked(loop, sock.accept()[0], on_get)
        except OSError:
            return
    loop.watch(sock, selectors.EVENT_READ, accept)
