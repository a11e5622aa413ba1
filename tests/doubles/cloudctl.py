#!/usr/bin/env python3
"""Speak one control command to the cloud double.

    cloudctl.py DIR COMMAND [JSON]        JSON: the members of the command, or - for standard input

Prints the answer as one JSON line; exit status 0 if it was ok, 1 if not, 2 on misuse.
"""
from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any


def call(folder: Path | str, command: str, **members: Any) -> dict[str, Any]:
    """Send one command and return the answer, ok or not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(str(Path(folder) / "control.sock"))
        sock.sendall(json.dumps({"command": command, **members}).encode() + b"\n")
        with sock.makefile("rb") as stream:
            line = stream.readline()
    if not line:
        raise ConnectionError("the double closed the control connection")
    answer: dict[str, Any] = json.loads(line)
    return answer


def main(argv: list[str]) -> int:
    if len(argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    text = "{}" if len(argv) == 3 else sys.stdin.read() if argv[3] == "-" else argv[3]
    try:
        members = json.loads(text)
        answer = call(argv[1], argv[2], **members)
    except (ValueError, TypeError, OSError) as error:
        print(f"cloudctl: {error}", file=sys.stderr)
        return 2
    print(json.dumps(answer))
    return 0 if answer.get("ok") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
