#!/usr/bin/env python3
"""dockerd dies, and the ECS agent's log goes mad: 14,000 lines a second, a file of 5 MB rolled away every 1.4 s, of all of them two
kept. What it said before is known and stays so, also what stood in a file that is gone by now; what fails in the middle of it is told;
kedge answers, and says that the engine is away. How much of a core it takes is told, and a failure only where it is far too much."""
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import ARN, REGISTRY, Site, done, figures, ok, wait  # noqa: E402
from agent_log import AgentLog, go_seconds  # noqa: E402  (e2e knows where it is)

BEFORE, MIDDLE = 40, 10
LINES_S, ROLL_BYTES, KEEP = 14_000, 5_000_000, 2
STORM_S = 6.0
CORE_PERCENT, FAR_TOO_MUCH = 5, 15
DOWN = ("Docker events stream closed with error: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
        "Is the docker daemon running? Trying again: errorcode=dial unix /var/run/docker.sock: connect: no such file or directory")


class Log(AgentLog):
    """Lines that say the same are put down many at a time."""

    def failed_pull(self, number):
        task, image = f"{number:032x}", f"{REGISTRY}/web:gone{number}"
        error = f"Error response from daemon: manifest for {image} not found: manifest unknown: manifest unknown"
        reason = f"CannotPullContainerError: {error}"
        self.write("info", "Received task payload from ACS", [
            ("taskARN", ARN + task), ("taskVersion", "1"), ("desiredStatus", "RUNNING")])
        self.write("error", "Failed to pull image for container", [
            ("image", image), ("error", error), ("task", task), ("container", "app")])
        self.write("error", "Error while pulling image; moving task to STOPPED", [
            ("task", task), ("image", image), ("container", "app"), ("error", reason)])
        self.write("info", "Sending state change to ECS", [
            ("eventType", "TaskStateChange"), ("taskArn", ARN + task), ("taskStatus", "STOPPED"), ("taskReason", ""),
            ("taskKnownSentStatus", "NONE"), ("containerChange-0", "containerName=app containerStatus=STOPPED containerReason=" + reason +
                                              " containerKnownSentStatus=NONE containerRuntimeID= containerIsEssential=true")])

    def blow(self, lines):
        line = f'level=error time={go_seconds(time.time())} msg="{DOWN}" module=docker_client.go\n'
        with self._lock:
            self._append(line * lines)


class Storm(threading.Thread):
    EVERY_S = 0.01

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.over, self.lines = log, threading.Event(), 0
        self.begun = time.monotonic()

    def run(self):
        while not self.over.wait(self.EVERY_S):
            due = int((time.monotonic() - self.begun) * LINES_S) - self.lines
            self.log.blow(due)
            self.lines += due


def ticks(pid):
    """Of the process and of those below it: the gate reads, its worker parses."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        words = f.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return int(words[11]) + int(words[12]) + sum(ticks(child) for child in f.read().split())


def known(s, first, count):
    tasks = {f["task"] for f in s.failures()}
    return sum(ARN + f"{number:032x}" in tasks for number in range(first, first + count))


def main():
    with Site(engine="20", cloud=False) as s:
        log = Log(s.agent_log, max_bytes=ROLL_BYTES, keep=KEEP)
        log.write("info", "Starting Amazon ECS Agent")
        ok(s.wait_source("ecs_agent_log", "up"), "the log is followed", s.kedge.tail())
        for i in range(BEFORE):
            log.failed_pull(i)
        storm = Storm(log)
        used = ticks(s.kedge.pid)
        s.docker.call("POST", "/_double/script", [{"at_ms": 0, "refuse": int(1000 * STORM_S), "stale": True}])
        storm.start()
        ok(s.kedge.wait_said("source engine is", "refused", seconds=STORM_S), "it says that the engine is away", s.kedge.tail())
        time.sleep(STORM_S / 3)
        for i in range(MIDDLE):
            log.failed_pull(BEFORE + i)
        answered = time.monotonic()
        ok(s.status().get("sources"), f"it answers, within {time.monotonic() - answered:.1f} s")
        time.sleep(max(0.0, storm.begun + STORM_S - time.monotonic()))
        took_s = time.monotonic() - storm.begun
        used = ticks(s.kedge.pid) - used
        storm.over.set()
        storm.join()
        percent = round(100 * used / os.sysconf("SC_CLK_TCK") / took_s, 1)
        ok(storm.lines > LINES_S * STORM_S / 2 and not os.path.exists(f"{s.agent_log}.1"),
           f"{storm.lines} lines came; the file from before is gone", os.listdir(s.state))
        ok(wait(lambda: known(s, 0, BEFORE) == BEFORE, 10), f"{known(s, 0, BEFORE)} of {BEFORE} from before are known", s.kedge.tail())
        ok(wait(lambda: known(s, BEFORE, MIDDLE) == MIDDLE, 10), f"{known(s, BEFORE, MIDDLE)} of {MIDDLE} from the middle, too",
           s.kedge.tail())
        figures(log_storm_core_percent=percent)
        ok(percent < FAR_TOO_MUCH, f"{percent} % of a core ({CORE_PERCENT} are meant)")
        ok(s.wait_source("engine", "up", 15), "the engine is found again", s.kedge.tail())
        s.stop_kedge()
        s.start_kedge()
        ok(known(s, 0, BEFORE + MIDDLE) == BEFORE + MIDDLE, "after a restart all of them are there")
        ok(s.kedge.alive(), "kedge lives")
    done()


main()
