"""The ECS agent's log as its releases write it: logfmt or JSON, five eras of texts, rolled by rename.

Eras (first release): A 1.50.0 engine lines are plain text, B 1.60.0 structured, state change still one text,
C 1.71.1 state change as flat fields, D 1.82.3 manifest lines, E 1.100.0 rolls by size.
"""
from __future__ import annotations

import json
import os
import random
import threading
import time
from datetime import datetime, timezone
from typing import Any, Sequence

ERAS = "ABCDE"
VERSION = {"A": "1.55.0", "B": "1.65.0", "C": "1.79.0", "D": "1.90.0", "E": "1.105.1"}
COMMIT = {"A": "5e2a1c3b", "B": "3c9d71f0", "C": "0be3a4d7", "D": "7a12be90", "E": "a8b3e7d3"}
ZERO_TIME = "0001-01-01T00:00:00Z"

Fields = Sequence[tuple[str, Any]]


class Raw(str):
    """A value the agent prints with %+v: not quoted, blanks and brackets as they are."""


def go_quote(text: str) -> str:
    """Go's %q."""
    short = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
             "\v": "\\v", "\\": "\\\\", '"': '\\"'}
    out = []
    for ch in text:
        if ch in short:
            out.append(short[ch])
        elif ch.isprintable():
            out.append(ch)
        elif ord(ch) < 0x80:
            out.append(f"\\x{ord(ch):02x}")
        else:
            out.append(f"\\u{ord(ch):04x}" if ord(ch) < 0x10000 else f"\\U{ord(ch):08x}")
    return '"' + "".join(out) + '"'


def map_order(fields: Fields) -> list[tuple[str, Any]]:
    """Order in which Go walks a map: a small one begins anywhere, a larger one is mixed."""
    out = list(fields)
    if not out:
        return out
    if len(out) > 8:
        random.shuffle(out)
        return out
    first = random.randrange(len(out))
    return out[first:] + out[:first]


def go_seconds(when: float | None) -> str:
    """A time field: RFC 3339, whole seconds, UTC."""
    if when is None:
        return ZERO_TIME
    return datetime.fromtimestamp(when, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def go_time(when: float | None, monotonic: float | None = None) -> str:
    """Go's time.Time.String()."""
    if when is None:
        return "0001-01-01 00:00:00 +0000 UTC"
    nano = int(when * 1e9)
    text = datetime.fromtimestamp(nano // 10**9, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    frac = f"{nano % 10**9:09d}".rstrip("0")
    text += (f".{frac}" if frac else "") + " +0000 UTC"
    return text if monotonic is None else f"{text} m=+{monotonic:.9f}"


def go_duration(seconds: float) -> str:
    """Go's time.Duration.String()."""
    if seconds < 1:
        return f"{seconds * 1e3:.6f}".rstrip("0").rstrip(".") + "ms"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    if hours or minutes:
        text = f"{int(minutes)}m{text}"
    return f"{int(hours)}h{text}" if hours else text


class AgentLog:
    """Writes one record a line and rolls the file; any thread may write."""

    def __init__(self, path: str, era: str = "E", style: str = "logfmt",
                 max_bytes: int = 5_000_000, keep: int = 24) -> None:
        self.path, self.era, self.style = path, era, style
        self.max_bytes, self.keep = max_bytes, keep
        self.by_size = era >= "E"
        self.start = time.monotonic()
        self._lock = threading.Lock()
        self._file: Any = None
        self._hour = time.localtime().tm_hour

    def since(self, era: str) -> bool:
        return self.era >= era

    def monotonic(self) -> float:
        return time.monotonic() - self.start

    def write(self, level: str, msg: str, fields: Fields = (), *, old: str | None = None,
              old_level: str | None = None, module: str | None = None) -> None:
        """old: the plain text that era A has in place of this line."""
        if old is not None and self.era == "A":
            level, msg, fields = old_level or level, old, ()
            module = module or "docker_task_engine.go"
        stamp = go_seconds(time.time())
        if self.style == "json":
            line = self._json(level, stamp, msg, fields, module)
        else:
            line = self._logfmt(level, stamp, msg, fields, module)
        with self._lock:
            self._append(line + "\n")

    def roll(self) -> None:
        """Rolls now, whatever the size or the hour is."""
        with self._lock:
            self._roll()

    @staticmethod
    def _logfmt(level: str, stamp: str, msg: str, fields: Fields, module: str | None) -> str:
        parts = [f"level={level}", f"time={stamp}", f"msg={go_quote(msg)}"]
        if module:
            parts.append(f"module={module}")
        for key, value in map_order(fields):
            quoted = isinstance(value, str) and not isinstance(value, Raw)
            parts.append(f"{key}={go_quote(value) if quoted else value}")
        return " ".join(parts)

    @staticmethod
    def _json(level: str, stamp: str, msg: str, fields: Fields, module: str | None) -> str:
        def dump(value: Any) -> str:
            text = json.dumps(str(value) if isinstance(value, Raw) else value, ensure_ascii=False)
            for ch in "<>&":
                text = text.replace(ch, f"\\u{ord(ch):04x}")
            return text
        parts = [f'"level":"{level}"', f'"time":"{stamp}"', f'"msg":{go_quote(msg)}']
        if module:
            parts.append(f'"module":{dump(module)}')
        parts += [f"{dump(key)}:{dump(value)}" for key, value in sorted(fields)]
        return "{" + ",".join(parts) + "}"

    def _append(self, line: str) -> None:
        hour = time.localtime().tm_hour
        if not self.by_size and hour != self._hour:
            self._roll()
        self._hour = hour
        if self._file is None:
            self._file = open(self.path, "ab", buffering=0)
        self._file.write(line.encode())
        if self.by_size and self._file.tell() >= self.max_bytes:
            self._roll()

    def _roll(self) -> None:
        """Close, rename; the next write makes the new file, so for a moment there is none."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        if not self.by_size:
            os.replace(self.path, time.strftime(self.path + ".%Y-%m-%d-%H"))
            return
        rolls = self._rolls()
        os.replace(self.path, f"{self.path}.{(rolls[-1] if rolls else 0) + 1}")
        for number in rolls[:max(0, len(rolls) + 1 - self.keep)]:
            os.unlink(f"{self.path}.{number}")

    def _rolls(self) -> list[int]:
        folder, base = os.path.split(self.path)
        found = []
        for name in os.listdir(folder or "."):
            tail = name[len(base) + 1:]
            if name.startswith(base + ".") and tail.isdigit():
                found.append(int(tail))
        return sorted(found)
