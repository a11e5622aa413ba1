#!/usr/bin/env python3
"""The engine's double, its time that of a clock that runs FAST_CLOCK_SCALE times as fast since the boot time that the file
FAST_CLOCK_ANCHOR says (milliseconds), once it is there."""
from __future__ import annotations

import os
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", where) for where in ("doubles", "e2e")]

import engine_model  # noqa: E402
import engine_replay  # noqa: E402
from fast_clock import FastClock  # noqa: E402


class AnchoredLater(FastClock):
    def time_ns(self) -> int:
        if self.anchor_s == float("inf") and os.path.exists(os.environ["FAST_CLOCK_ANCHOR"]):
            with open(os.environ["FAST_CLOCK_ANCHOR"], encoding="ascii") as f:
                self.anchor_s = int(f.read()) / 1000
        return super().time_ns()


engine_model.time = engine_replay.time = AnchoredLater(float(os.environ["FAST_CLOCK_SCALE"]), float("inf"))
engine_replay.main()
