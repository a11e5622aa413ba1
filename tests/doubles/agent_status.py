"""The agent's ladder of states, for containers and for tasks."""
from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    NONE = 0
    MANIFEST_PULLED = 1
    PULLED = 2
    CREATED = 3
    RUNNING = 4
    STOPPED = 5

    def backend(self) -> str:
        """The word ECS and the introspection page use."""
        return self.name if self >= Status.RUNNING else "PENDING"
