"""TAP for the tests written in Python: numbered results, what was told when one fails, the plan at the end."""
from __future__ import annotations

from typing import Any

_count = _failed = 0
TOLD_MAX = 60                   # lines of what a failed one has to tell


def ok(good: Any, name: str, told: Any = "") -> bool:
    global _count, _failed
    _count += 1
    _failed += not good
    print(f"{'ok' if good else 'not ok'} {_count} - {name}", flush=True)
    if not good:
        for line in str(told).splitlines()[:TOLD_MAX]:
            print(f"#   {line[:1000]}", flush=True)
    return bool(good)


def same(got: Any, want: Any, name: str, told: Any = "") -> bool:
    return ok(got == want, name, f"got:  {got}\nwant: {want}\n{told}")


def done() -> int:
    """The plan; the exit code of the test."""
    print(f"1..{_count}", flush=True)
    return 1 if _failed else 0
