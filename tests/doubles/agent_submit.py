"""How the agent tells ECS of state changes: serially for each task, and stuck while ECS is away.

The line "Sending state change to ECS" is written before the call. The call itself is repeated inside the
SDK without a word; while it goes on, a second event of the same task waits with the handler's own lock held,
and with it every other task that has something to tell.
"""
from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from agent_cloud import Refused, Unreachable
from agent_log import AgentLog, go_seconds, go_time

if TYPE_CHECKING:
    from agent_task import Container, Task

RETRY_S = (0.1, 0.1, 0.3, 0.6, 1.5, 2.2, 6.3, 7.9, 29.0, 60.0, 120.0)
RETRY_MAX_S = 300.0
OUTER_FIRST_S, OUTER_MAX_S = 1.0, 30.0


class Change:
    """One state of a task and of those of its containers that changed, as it was when noticed."""

    def __init__(self, task: Task, changed: list[Container]) -> None:
        self.task, self.status = task, task.known
        self.pull_started, self.pull_stopped = task.pull_started, task.pull_stopped
        self.execution_stopped = task.execution_stopped
        self.containers = [(c, c.known, c.exit_code, c.reason(), list(c.bindings), c.docker_id)
                           for c in changed]

    def log(self, log: AgentLog) -> None:
        if log.era <= "B":
            self._log_as_text(log)
        else:
            log.write("info", "Sending state change to ECS", self._fields())

    def _fields(self) -> list[tuple[str, Any]]:
        fields: list[tuple[str, Any]] = [
            ("eventType", "TaskStateChange"), ("taskArn", self.task.arn),
            ("taskStatus", self.status.name), ("taskReason", ""),
            ("taskKnownSentStatus", self.task.sent.name),
            ("taskPullStartedAt", go_seconds(self.pull_started)),
            ("taskPullStoppedAt", go_seconds(self.pull_stopped)),
            ("taskExecutionStoppedAt", go_seconds(self.execution_stopped))]
        for i, (c, status, code, reason, bindings, ident) in enumerate(self.containers):
            text = f"containerName={c.name} containerStatus={status.name}"
            text += f" containerExitCode={code}" if code is not None else ""
            text += f" containerReason={reason}" if reason else ""
            text += f" containerPortBindings={ports_text(bindings)}" if bindings else ""
            text += (f" containerKnownSentStatus={c.sent.name} containerRuntimeID={ident}"
                     f" containerIsEssential={str(c.essential).lower()}")
            fields.append((f"containerChange-{i}", text))
        return fields

    def _log_as_text(self, log: AgentLog) -> None:
        text = (f"TaskChange: [{self.task.arn} -> {self.status.name}, Known Sent: {self.task.sent.name}, "
                f"PullStartedAt: {go_time(self.pull_started)}, PullStoppedAt: {go_time(self.pull_stopped)}, "
                f"ExecutionStoppedAt: {go_time(self.execution_stopped)}")
        for c, status, code, reason, bindings, _ in self.containers:
            text += f", container change: {self.task.arn} {c.name} -> {status.name}"
            text += f", Exit {code}, " if code is not None else ""
            text += f", Reason {reason}" if reason else ""
            text += f", Ports {ports_text(bindings)}" if bindings else ""
            text += f", Known Sent: {c.sent.name}"
        text += "] sent: false"
        log.write("info", "Sending state change to ECS", [("eventType", "task"), ("eventData", text)],
                  old=f"TaskHandler: Sending task change: {text}")

    def body(self) -> dict[str, Any]:
        """SubmitTaskStateChange as it goes over the wire."""
        containers = []
        for c, status, code, reason, bindings, ident in self.containers:
            one: dict[str, Any] = {"containerName": c.name, "status": status.backend()}
            if code is not None:
                one["exitCode"] = code
            if reason:
                one["reason"] = reason[:1024]
            if c.digest:
                one["imageDigest"] = c.digest
            if ident:
                one["runtimeId"] = ident
            if bindings:
                one["networkBindings"] = [
                    {"bindIP": ip, "containerPort": inner, "hostPort": outer, "protocol": proto}
                    for inner, outer, ip, proto in bindings if ":" not in ip]
            containers.append(one)
        body: dict[str, Any] = {"cluster": self.task.agent.cluster, "task": self.task.arn, "reason": "",
                                "status": self.status.backend(), "containers": containers}
        for key, when in (("pullStartedAt", self.pull_started), ("pullStoppedAt", self.pull_stopped),
                          ("executionStoppedAt", self.execution_stopped)):
            if when is not None:
                body[key] = round(when, 3)
        return body


def ports_text(bindings: list[tuple[int, int, str, str]]) -> str:
    return "[" + " ".join(f"{{{inner}  {outer} {ip} {0 if proto == 'tcp' else 1}}}"
                          for inner, outer, ip, proto in bindings) + "]"


class Submitter:
    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self._lock = threading.Lock()
        self._tasks: dict[str, _TaskEvents] = {}

    def add(self, change: Change) -> None:
        """Called by a task's own loop, which stands still as long as this does."""
        with self._lock:
            events = self._tasks.setdefault(change.task.arn, _TaskEvents())
            with events.lock:
                events.waiting.append(change)
                if not events.sending:
                    events.sending = True
                    threading.Thread(target=self._send_all, args=(events,), daemon=True).start()

    def _send_all(self, events: _TaskEvents) -> None:
        delay = OUTER_FIRST_S
        while True:
            with events.lock:
                if not events.waiting:
                    events.sending = False
                    return
                if self._send(events.waiting[0]):
                    events.waiting.pop(0)
                    delay = OUTER_FIRST_S
                    continue
            time.sleep(delay * self.agent.scale)
            delay = min(delay * 1.5, OUTER_MAX_S)

    def _send(self, change: Change) -> bool:
        change.log(self.agent.log)
        tries = 0
        while True:
            try:
                self.agent.cloud.submit_task_state_change(change.body())
                break
            except Unreachable:
                wait = RETRY_S[tries] if tries < len(RETRY_S) else RETRY_MAX_S
                tries += 1
                time.sleep(wait * self.agent.scale)
            except Refused as e:
                self.agent.log.write("error", "Could not submit task state change", [
                    ("taskStateChange", change.task.arn), ("error", str(e))], module=None)
                self.agent.log.write("error", "Unretriable error sending state change to ECS",
                                     change._fields() + [("error", str(e))])
                return False
        change.task.mark_sent(change)
        return True


class _TaskEvents:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[Change] = []
        self.sending = False
