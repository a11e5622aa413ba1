"""What a recorded engine says: answers and error texts taken from tests/captures/docker-20 and docker-28."""
from __future__ import annotations

import json
import os
import re
from typing import Any

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "captures")


class Exchange:
    """One recorded answer: status, headers, body."""

    def __init__(self, text: str) -> None:
        head, _, body = text.partition("\n\n")
        lines = head.splitlines()
        self.status = int(lines[0].split()[1])
        self.headers = dict(line.split(": ", 1) for line in lines[1:])
        self.body = body

    def message(self) -> str:
        """The engine's words when this is an error, also one inside a stream; else ""."""
        last = self.body.strip().splitlines()[-1:] or [""]
        try:
            record = json.loads(last[0])
        except ValueError:
            return ""
        if not isinstance(record, dict):
            return ""
        return record.get("message") or record.get("error") or ""


class Texts:
    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.folder = os.path.join(CAPTURES, f"docker-{engine}")
        self.version = self.json_of("api-get-version.http")
        self.ping = self.last("api-get-_ping.http")
        self.container = json.loads(self._read("running.inspect.json"))
        self.listed = json.loads(self._read("list-10-running.json"))[0]
        self.image = json.loads(self._read("image-inspect.json"))

    def _read(self, name: str) -> str:
        with open(os.path.join(self.folder, name), encoding="utf-8", newline="") as f:
            return f.read().replace("\r\n", "\n")

    def exchanges(self, name: str) -> list[Exchange]:
        parts = re.split(r"^(?=HTTP/1\.1 )", self._read(name), flags=re.M)
        return [Exchange(re.split(r"\n+=====\n", p)[0]) for p in parts if p.startswith("HTTP/1.1 ")]

    def last(self, name: str) -> Exchange:
        return self.exchanges(name)[-1]

    def json_of(self, name: str) -> Any:
        return json.loads(self.last(name).body)

    def has(self, name: str) -> bool:
        return os.path.exists(os.path.join(self.folder, name))

    def recorded(self, case: str, kind: str, ref: str) -> Exchange | None:
        """The answer of a recorded pull (kind "pull") or digest question, its image's name put in.

        None when the case was not recorded that way, that is, this step succeeds.
        """
        name = f"{case}.{kind}.http"
        if not self.has(name):
            raise ValueError(f"no capture {name} for engine {self.engine}")
        request = self._read(name).splitlines()[0]
        answer = self.last(name)
        if not answer.message():
            return None
        old = self._asked(request, kind)
        for theirs, ours in zip(self._parts(old), self._parts(ref)):
            answer.body = answer.body.replace(theirs, ours) if theirs else answer.body
        return answer

    @staticmethod
    def _asked(request: str, kind: str) -> str:
        path = request.split()[1]
        if kind == "distribution":
            return path[len("/distribution/"):-len("/json")]
        found = re.search(r"fromImage=([^&]+)&tag=([^&]*)", path)
        return f"{found[1]}:{found[2]}" if found else ""

    @staticmethod
    def _parts(ref: str) -> tuple[str, str, str]:
        """host:port/repo:tag, then the repo, then the host: longest first."""
        host, _, rest = ref.partition("/")
        repo = rest.partition("@")[0].rpartition(":")[0] or rest
        return ref, f"{host}/{repo}", host

    def start_error(self, case: str, subject: str = "") -> tuple[int, str, int]:
        """HTTP status, text and exit code of a recorded start failure, about subject instead of theirs."""
        answer = self.last(f"{case}.http")
        text = answer.message()
        if subject:
            text = re.sub(SUBJECT.get(case, r"(?!)"), lambda _: subject, text)
        code = 127 if "exec: " in text and "permission" not in text else \
            126 if "exec: " in text else 128
        return answer.status, text, code


SUBJECT = {"start-exec-notfound-abs": r"/nosuch", "start-exec-notfound-path": r"nosuchcmd",
           "start-exec-permission": r"/noexec", "start-exec-isdir": r"/etc",
           "user-bad-name": r"nosuchuser", "user-bad-group": r"nosuchgroup"}
