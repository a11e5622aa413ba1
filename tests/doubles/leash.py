"""A double ends with whoever started it: when its standard input closes."""
from __future__ import annotations

import os
import threading


def _watch() -> None:
    while os.read(0, 4096):
        continue
    os._exit(0)


def end_with_stdin() -> None:
    threading.Thread(target=_watch, daemon=True).start()
