"""A small client of the Docker Engine API over its unix socket: what the ECS agent's double needs."""
from __future__ import annotations

import http.client
import json
import socket
import time
from typing import Any, Iterator
from urllib.parse import quote, urlencode

SOCKET_SHOWN = "unix:///var/run/docker.sock"


class DockerError(Exception):
    """The engine answered with an error; str() is the text as the agent's Go client words it."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(f"Error response from daemon: {message}" if status else message)
        self.status = status


class DockerDown(DockerError):
    """Nothing listens on the socket, or it closed in the middle."""

    def __init__(self) -> None:
        super().__init__(f"Cannot connect to the Docker daemon at {SOCKET_SHOWN}. "
                         "Is the docker daemon running?")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("docker", timeout=timeout)
        self.unix_path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.unix_path)


def split_reference(ref: str) -> tuple[str, str, str]:
    """repo, tag, digest of REPO[:TAG][@DIGEST]; the tag is "latest" when neither is given."""
    name, _, digest = ref.partition("@")
    head, slash, last = name.rpartition("/")
    base, colon, tag = last.partition(":")
    if not colon and not digest:
        tag = "latest"
    return head + slash + base, tag, digest


class Docker:
    def __init__(self, path: str) -> None:
        self.path = path

    def _open(self, method: str, path: str, body: Any, timeout: float | None):
        conn = UnixConnection(self.path, timeout)
        headers = {"Host": "docker"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            conn.request(method, path, data, headers)
            return conn, conn.getresponse()
        except (OSError, http.client.HTTPException) as e:
            conn.close()
            raise DockerDown() from e

    def call(self, method: str, path: str, body: Any = None, timeout: float | None = 120) -> Any:
        conn, answer = self._open(method, path, body, timeout)
        try:
            raw = answer.read()
        except (OSError, http.client.HTTPException) as e:
            raise DockerDown() from e
        finally:
            conn.close()
        text = raw.decode("utf-8", "replace")
        if answer.status >= 400:
            raise DockerError(self._message(text), answer.status)
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError:
            return text

    @staticmethod
    def _message(text: str) -> str:
        try:
            return json.loads(text)["message"]
        except (ValueError, KeyError, TypeError):
            return text.strip()

    def distribution(self, ref: str) -> dict[str, Any]:
        return self.call("GET", f"/distribution/{quote(ref, safe='/:@')}/json")["Descriptor"]

    def pull(self, ref: str) -> None:
        """Raises DockerError, also for an error inside a stream that began with 200."""
        repo, tag, digest = split_reference(ref)
        query = urlencode({"fromImage": repo, "tag": digest or tag})
        conn, answer = self._open("POST", f"/images/create?{query}", None, 600)
        try:
            if answer.status >= 400:
                raise DockerError(self._message(answer.read().decode("utf-8", "replace")),
                                  answer.status)
            for line in answer:
                if line.strip() and "error" in (record := json.loads(line)):
                    raise DockerError(record["error"])
        except (OSError, http.client.HTTPException) as e:
            raise DockerDown() from e
        finally:
            conn.close()

    def tag(self, source: str, ref: str) -> None:
        repo, tag, _ = split_reference(ref)
        self.call("POST", f"/images/{quote(source, safe='/:@')}/tag?"
                  + urlencode({"repo": repo, "tag": tag}))

    def image(self, ref: str) -> dict[str, Any]:
        return self.call("GET", f"/images/{quote(ref, safe='/:@')}/json")

    def create(self, name: str, config: dict[str, Any]) -> str:
        return self.call("POST", f"/containers/create?{urlencode({'name': name})}", config)["Id"]

    def start(self, ident: str) -> None:
        self.call("POST", f"/containers/{ident}/start")

    def stop(self, ident: str, seconds: int) -> None:
        self.call("POST", f"/containers/{ident}/stop?t={seconds}", timeout=seconds + 60)

    def remove(self, ident: str) -> None:
        """The engine may still write of the exit where it deletes, and then refuses: 'directory not
        empty'. It says so once and is done the next time."""
        for tries_left in (4, 3, 2, 1, 0):
            try:
                self.call("DELETE", f"/containers/{ident}?v=1&force=1")
                return
            except DockerError as e:
                if tries_left == 0 or "directory not empty" not in str(e):
                    raise
                time.sleep(0.2)

    def inspect(self, ident: str) -> dict[str, Any]:
        return self.call("GET", f"/containers/{ident}/json")

    def events(self) -> Iterator[dict[str, Any]]:
        """Container events from now on; yields {} once when the stream is open; raises DockerDown."""
        filters = quote(json.dumps({"type": ["container"]}))
        conn, answer = self._open("GET", f"/events?filters={filters}", None, None)
        try:
            yield {}
            for line in answer:
                if line.strip():
                    yield json.loads(line)
        except (OSError, ValueError, http.client.HTTPException) as e:
            raise DockerDown() from e
        finally:
            conn.close()
        raise DockerDown()
