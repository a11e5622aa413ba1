"""What a fleet asked of the account, from the cloud's own log of requests: each bucket's level over time, calls, stops."""
from __future__ import annotations

import os
import sys
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "doubles"))
from cloud_api import BUCKETS  # noqa: E402

Rows = list[dict[str, Any]]
WINDOW_S = 10.0


class Use:
    """Of one bucket: calls, the most of the burst that was gone at any time, the busiest ten seconds."""

    def __init__(self, name: str, rows: Rows) -> None:
        operations, self.burst, self.rate = BUCKETS[name]
        times = sorted(r["server_unix_s"] for r in rows if r["op"] in operations)
        self.name, self.calls = name, len(times)
        self.refused = sum(r.get("error") == "ThrottlingException" for r in rows if r["op"] in operations)
        level, lowest, at = float(self.burst), float(self.burst), 0.0
        for t in times:
            level = max(0.0, min(self.burst, level + max(0.0, t - at) * self.rate) - 1.0)
            lowest, at = min(lowest, level), t
        self.percent = 100.0 * (self.burst - lowest) / self.burst
        self.peak = self._busiest(times) / WINDOW_S

    @staticmethod
    def _busiest(times: list[float]) -> int:
        most = first = 0
        for last, t in enumerate(times):
            while times[first] < t - WINDOW_S:
                first += 1
            most = max(most, last - first + 1)
        return most

    def __str__(self) -> str:
        return (f"{self.name}: {self.calls} calls, at most {self.percent:.0f} % of the burst of {self.burst} used, "
                f"busiest {WINDOW_S:.0f} s {self.peak:.1f}/s of {self.rate}/s, {self.refused} refused")


def uses(rows: Rows) -> list[Use]:
    return [u for u in (Use(name, rows) for name in BUCKETS) if u.calls]


def between(rows: Rows, begin: float, end: float) -> Rows:
    return [r for r in rows if begin <= r["server_unix_s"] < end]


def stops(rows: Rows, deployment: str) -> tuple[int, int]:
    """Sent, accepted."""
    mine = [r for r in rows if r["op"] == "StopServiceDeployment" and (r["body"] or {}).get("serviceDeploymentArn") == deployment]
    return len(mine), sum(r["status"] == 200 for r in mine)
