"""A clock that runs faster than this machine's, as KEDGE_CLOCK_SCALE and KEDGE_CLOCK_ANCHOR_MS give kedge one."""
from __future__ import annotations

import time
from typing import Any


class FastClock:
    """Module time, its wall clock apart."""

    def __init__(self, scale: float, anchor_ms: float) -> None:
        self.scale, self.anchor_s = scale, anchor_ms / 1000

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time_ns(self) -> int:
        ahead_s = max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - self.anchor_s) * (self.scale - 1)
        return time.time_ns() + int(1e9 * ahead_s)

    def time(self) -> float:
        return self.time_ns() / 1e9
