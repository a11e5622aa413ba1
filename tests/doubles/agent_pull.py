"""Bringing in a container's image: first its digest from the registry, then the image by that digest.

Both retries wait longer each time and are never set back, so the first image that fails in an agent's life takes
about 15 + 14 s, every later one about 43 + 22 s.
"""
from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING, Callable, TypeVar

from agent_log import go_duration, go_time
from docker_api import DockerError, split_reference

if TYPE_CHECKING:
    from agent_task import Container
    from ecs_agent import Agent

T = TypeVar("T")
MANIFEST_TRIES, PULL_TRIES = 9, 5
MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class Backoff:
    def __init__(self, first_s: float, max_s: float) -> None:
        self._next, self._max = first_s, max_s
        self._lock = threading.Lock()

    def take(self) -> float:
        with self._lock:
            now = self._next
            self._next = min(self._next * 2, self._max)
        return now * (1 + random.random() * 0.2)


class Puller:
    def __init__(self, agent: Agent, container: Container) -> None:
        self.agent, self.c = agent, container
        self.task = container.task
        self.here = [("task", self.task.id), ("container", container.name), ("image", container.image)]

    def _try(self, tries: int, backoff: Backoff, work: Callable[[], T]) -> T:
        for left in range(tries - 1, -1, -1):
            try:
                return work()
            except DockerError:
                if left == 0 or self.c.known.name == "STOPPED":
                    raise
            time.sleep(backoff.take() * self.agent.scale)
        raise AssertionError("not reached")

    def _is_local(self) -> bool:
        try:
            self.agent.docker.image(self.c.image)
            return True
        except DockerError:
            return False

    def wanted(self) -> bool:
        """Whether the pull behaviour asks the registry at all."""
        if self.agent.behaviour == "once":
            return not (self.c.image in self.agent.pulled_once and self._is_local())
        if self.agent.behaviour == "prefer-cached":
            return not self._is_local()
        return True

    def resolve(self) -> None:
        """Raises DockerError after the last try."""
        _, _, digest = split_reference(self.c.image)
        if digest or not self.wanted():
            self.c.digest = digest
            return
        log = self.agent.log
        fields = [("taskARN", self.task.arn), ("containerName", self.c.name)]
        try:
            found = self._try(MANIFEST_TRIES, self.agent.manifest_backoff,
                              lambda: self.agent.docker.distribution(self.c.image))
        except DockerError as e:
            log.write("error", "Failed to fetch image manifest from registry",
                      fields + [("image", self.c.image), ("error", str(e))])
            raise
        if log.since("E"):
            log.write("info", "Fetched image manifest MediaType for container from registry", fields + [
                ("imageMediaType", found.get("mediaType", MEDIA_TYPE)), ("image", self.c.image)])
        self.c.digest = found["digest"]
        log.write("info", "Fetched image manifest digest for container from registry", fields + [
            ("imageDigest", self.c.digest), ("image", self.c.image)])

    def pull(self) -> None:
        """Raises DockerError after the last try."""
        log = self.agent.log
        if not self.wanted():
            log.write("info", "Image for container already exists, not pulling it again"
                      if self.agent.behaviour == "once"
                      else "Found cached image, use it directly for container", self.here)
            self._add_to_state()
            return
        arn, image, name = self.task.arn, self.c.image, self.c.name
        log.write("info", "Pulling image for container concurrently", self.here,
                  old=f"Task engine [{arn}]: pulling image {image} for container {name} concurrently")
        self._record_start()
        begun = time.monotonic()
        ref = self._reference()
        try:
            self._try(PULL_TRIES, self.agent.pull_backoff, lambda: self._pull_once(ref))
            if ref != image:
                self._tag_back(ref)
        except DockerError as e:
            self._give_up(e)
            raise
        self.agent.pulled_once.add(image)
        self._add_to_state()
        took = time.monotonic() - begun
        self.task.pull_stopped = time.time()
        log.write("info", "Finished pulling image for container",
                  self.here + [("elapsed", go_duration(took)), ("elapsedMs", int(took * 1000))],
                  old=f"Task engine [{arn}]: finished pulling image {image} for container {name} in "
                      f"{go_duration(took)}")

    def _record_start(self) -> None:
        if self.task.pull_started is not None:
            return
        self.task.pull_started = time.time()
        when = go_time(self.task.pull_started, self.agent.log.monotonic())
        self.agent.log.write(
            "info", "Recording start time for image pull", self.here + [("pullStart", when)],
            old=f"Task engine [{self.task.arn}]: recording timestamp for starting image pulltime: {when}")

    def _reference(self) -> str:
        repo, _, digest = split_reference(self.c.image)
        if digest or not self.c.digest:
            return self.c.image
        ref = f"{repo}@{self.c.digest}"
        self.agent.log.write("info", "Prepared a canonical reference for image pull", self.here + [
            ("imageDigest", self.c.digest), ("imageRef", ref)])
        return ref

    def _pull_once(self, ref: str) -> None:
        try:
            self.agent.docker.pull(ref)
        except DockerError as e:
            self.agent.log.write("error", f"DockerGoClient: failed to pull image {ref}: "
                                 f"[CannotPullContainerError] {e}", module="docker_client.go")
            raise

    def _tag_back(self, ref: str) -> None:
        self.agent.docker.tag(ref, self.c.image)
        self.agent.log.write("info", "Successfully tagged image", self.here + [("imageRef", ref)])

    def _add_to_state(self) -> None:
        try:
            found = self.agent.docker.image(self.c.image)["Id"]
        except DockerError:
            return	# the create that follows says what is wrong
        self.c.image_id = found
        image = [("image", self.c.image), ("state", found)]
        if found not in self.agent.image_states:
            self.agent.image_states.add(found)
            self.agent.log.write("info", "Adding image to state", image)
        self.agent.log.write("info", "Updating container reference in image state",
                             [("container", self.c.name)] + image)

    def _give_up(self, e: DockerError) -> None:
        log, c = self.agent.log, self.c
        self.task.pull_stopped = time.time()
        try:
            self.c.image_id = self.agent.docker.image(c.image)["Id"]
        except DockerError as absent:
            log.write("error", "Error inspecting image", [
                ("containerName", c.name), ("containerImage", c.image),
                ("containerKnownStatus", c.known.name), ("containerDesiredStatus", c.desired.name),
                ("containerExitCode", "nil"), ("error", str(absent))])
            log.write("error", "Unable to add container reference to image state", [
                ("task", self.task.id), ("container", c.name), ("error", str(absent))])
        log.write("error", "Failed to pull image for container", self.here + [("error", str(e))],
                  old=f"Task engine [{self.task.arn}]: failed to pull image {c.image} for container "
                      f"{c.name}: {e}")
