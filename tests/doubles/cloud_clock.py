"""The two clocks of the double, and the delayed copy of its state that readers get.

Model time drives the scheduler (40 s rule, back-off, forgetting): monotonic time * scale.
Server time is what a client sees (Date header, skew, time stamps, token life, buckets, read
lag): wall time + offset, or model time + offset with scaled=True.
"""
from __future__ import annotations

import random
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Iterator

KEEP_S = 15.0


@dataclass
class Clock:
    scale: float = 1.0
    scaled: bool = False
    offset_s: float = 0.0
    _wall0: float = field(default_factory=time.time)
    _mono0: float = field(default_factory=time.monotonic)

    def elapsed(self) -> float:
        return time.monotonic() - self._mono0

    def model(self) -> float:
        """Seconds since start as the scheduler counts them."""
        return self.elapsed() * self.scale

    def running(self) -> float:
        """Server seconds since start, never stepped by the offset."""
        return self.model() if self.scaled else self.elapsed()

    def server(self) -> float:
        """Server time, unix seconds."""
        return self._wall0 + self.running() + self.offset_s

    def tick_s(self) -> float:
        """Real seconds between two steps of the scheduler."""
        return min(0.1, max(0.01, 0.25 / self.scale))


class Replica:
    """Every published version of every object for a while: what an eventually consistent read sees."""

    def __init__(self, clock: Clock, lag_max: float, rng: random.Random) -> None:
        self.lag_max = lag_max
        self.fixed: float | None = None
        self._clock = clock
        self._rng = rng
        self._history: dict[str, dict[str, tuple[list[float], list[Any]]]] = {}

    def publish(self, kind: str, key: str, value: Any) -> None:
        """Record a new version; None deletes the object."""
        now = self._clock.running()
        times, values = self._history.setdefault(kind, {}).setdefault(key, ([], []))
        times.append(now)
        values.append(value)
        keep = bisect_right(times, now - max(KEEP_S, self.lag_max, self.fixed or 0)) - 1
        if keep > 0:
            del times[:keep], values[:keep]

    def view(self) -> "View":
        """A consistent picture of some drawn age."""
        lag = self.fixed if self.fixed is not None else self._rng.uniform(0, self.lag_max)
        return View(self._history, self._clock.running() - lag, lag)


class View:
    def __init__(self, history: dict[str, Any], cutoff: float, lag: float) -> None:
        self._history = history
        self._cutoff = cutoff
        self.lag = lag

    def get(self, kind: str, key: str) -> Any:
        entry = self._history.get(kind, {}).get(key)
        if entry is None:
            return None
        index = bisect_right(entry[0], self._cutoff) - 1
        return entry[1][index] if index >= 0 else None

    def all(self, kind: str) -> Iterator[Any]:
        for key in self._history.get(kind, {}):
            value = self.get(kind, key)
            if value is not None:
                yield value


class Bucket:
    """A token bucket as the API quotas describe it."""

    def __init__(self, burst: float, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self.level = self.lowest = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        self.level = min(self.burst, self.level + max(0.0, now - self._at) * self.rate)
        self._at = now
        if self.level < 1.0:
            self.lowest = 0.0
            return False
        self.level -= 1.0
        self.lowest = min(self.lowest, self.level)
        return True
