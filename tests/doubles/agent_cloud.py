"""The agent's side of the cloud double's control socket; the only file that knows its commands."""
from __future__ import annotations

import json
import os
import socket
from typing import Any

DISCONNECTED = "the container instance is disconnected"
TEXT = "dial tcp 52.94.220.17:443: connect: network is unreachable"


class Unreachable(Exception):
    """The cloud cannot be asked now; the text is that of the agent's Go client."""

    def __init__(self) -> None:
        super().__init__(TEXT)


class Refused(Exception):
    """The cloud answered, and says no."""


class Cloud:
    def __init__(self, control: str, link_file: str | None) -> None:
        self.control, self.link_file = control, link_file
        self.instance = ""
        self.seq = 0

    def reachable(self) -> bool:
        return not (self.link_file and os.path.exists(self.link_file))

    def _call(self, command: str, **members: Any) -> dict[str, Any]:
        """A connection a call: the double may have been started anew in between."""
        if not self.reachable():
            raise Unreachable()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(30)
                s.connect(self.control)
                s.sendall(json.dumps({"command": command, **members}).encode() + b"\n")
                with s.makefile("rb") as stream:
                    answer = json.loads(stream.readline())
        except (OSError, ValueError):
            raise Unreachable() from None
        if answer.get("ok"):
            return answer
        if DISCONNECTED in answer["error"]:
            raise Unreachable()
        raise Refused(answer["error"])

    def register(self, wanted: dict[str, Any]) -> str:
        """Registers, or comes back with its old ARN; returns the container instance ARN.

        Registering connects, so it is not tried while the double's link is down.
        """
        if self._call("dump")["link"] != "up":
            raise Unreachable()
        answer = self._call("instance-register", **{k: v for k, v in wanted.items() if v})
        self.instance = answer["containerInstanceArn"]
        return self.instance

    def connect(self) -> None:
        """Raises Unreachable as long as the double holds the instance for disconnected."""
        if not self._call("poll-tasks", instance=self.instance, since=self.seq)["connected"]:
            raise Unreachable()

    def disconnect(self) -> None:
        try:
            self._call("instance-disconnect", instance=self.instance)
        except (Unreachable, Refused):
            pass

    def poll_tasks(self) -> list[dict[str, Any]]:
        """What is new: taskArn family version desiredStatus networkMode containers[]."""
        answer = self._call("poll-tasks", instance=self.instance, since=self.seq)
        if not answer["connected"]:
            raise Unreachable()
        self.seq = answer["seq"]
        return answer["tasks"]

    def submit_task_state_change(self, body: dict[str, Any]) -> None:
        """body: SubmitTaskStateChange as the agent sends it."""
        self._call("submit-task-state-change", **{k: v for k, v in body.items() if k != "cluster"})

    def publish_health(self, arn: str, container: str, status: str) -> None:
        try:
            self._call("submit-health", task=arn,
                       containers=[{"name": container, "healthStatus": status}])
        except Refused:
            pass	# a task the cloud has forgotten
