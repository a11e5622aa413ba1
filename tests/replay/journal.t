#!/usr/bin/env python3
"""kedge replay of a journal (TAP): what a daemon wrote down is judged again by the same core, whole, cut, with bytes
flipped, and with records of a later kedge in it."""
from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import done, ok, same  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
KEDGE = os.environ.get("KEDGE", os.path.join(ROOT, "build", "amd64", "kedge"))



def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KEDGE, *words], capture_output=True, text=True, errors="replace", timeout=60)


def frame(payload: bytes, version: int = 1) -> bytes:
    head = bytes([0xAE, version]) + struct.pack("<I", len(payload))
    return head + struct.pack("<I", zlib.crc32(head + payload)) + payload


def record(seq: int, **members: Any) -> bytes:
    return json.dumps({"v": 1, "k": "failure", "s": seq, "t": 1795400600000 + seq, **members}, separators=(",", ":")).encode()


def failure(seq: int, **members: Any) -> bytes:
    return record(seq, **{"i": seq, "e": 1, "fa": "web", "rv": 12, "ta": f"arn:aws:ecs:eu-west-1:1:task/edge/{seq:032}",
                          "co": "web", "st": "run", "c": "exited-early", "b": "release", "r": "it exited with code 1",
                          "n": 1, "t1": 1795400522309, "t2": 1795400522309, **members})


class Site:
    """A daemon with a log to follow and nothing else."""

    def __init__(self, at: str) -> None:
        self.log, self.conf, self.journal = (os.path.join(at, name) for name in ("agent.log", "kedge.conf", "s/journal"))
        with open(self.log, "w", encoding="utf-8"):
            pass
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"[kedge]\nuser=nobody\nstate_dir={at}/s\nrun_dir={at}/r\n[engine]\nsocket={at}/none.sock\n[ecs_agent]\n"
                    f"log={self.log}\nconfig={at}/ecs.config\nintrospection=http://127.0.0.1:1\n")
        os.makedirs(os.path.join(at, "r"))

    def live(self) -> None:
        with subprocess.Popen([KEDGE, "--conf", self.conf, "agent"], stderr=subprocess.DEVNULL) as daemon:
            end = time.monotonic() + 20
            while run("--conf", self.conf, "status").stdout.startswith("kedge agent is not") and time.monotonic() < end:
                time.sleep(0.1)
            with open(os.path.join(ROOT, "tests/captures/real-agent/notag/agent.log"), "rb") as recorded, \
                    open(self.log, "ab") as log:
                shutil.copyfileobj(recorded, log)
            while not (os.path.exists(self.journal) and os.path.getsize(self.journal)) and time.monotonic() < end:
                time.sleep(0.1)
            time.sleep(0.5)
            daemon.send_signal(signal.SIGTERM)


def lived(scratch: str) -> None:
    site = Site(scratch)
    site.live()
    kept = json.loads(run("--conf", site.conf, "failures", "--json").stdout)
    played = run("replay", site.journal)
    same((played.returncode, played.stderr), (0, ""), "a daemon's journal is played")
    body = json.loads(played.stdout)
    same([f["class"] for f in body["failures"]], ["image-not-found"], "what the daemon saw")
    same(body["failures"], kept["failures"], "is what `kedge failures` says from the same file")
    same((body["schema"], body["daemon"], body["failures_left_out"]), ("kedge.failures/1", False, 0), "in the same object")
    same(run("replay", site.journal).stdout, played.stdout, "and the same a second time, byte for byte")


def write(path: str, *frames: bytes) -> str:
    with open(path, "wb") as f:
        f.write(b"".join(frames))
    return path


def ids(played: subprocess.CompletedProcess[str]) -> list[str]:
    return [f["id"] for f in json.loads(played.stdout)["failures"]]


def damaged(path: str) -> None:
    frames = [frame(failure(i)) for i in (1, 2, 3)]
    whole = b"".join(frames)
    played = run("replay", write(path, whole))
    same((played.returncode, ids(played), played.stderr), (0, ["f3", "f2", "f1"], ""), "three records")
    same(json.loads(played.stdout)["time_unix_s"], 1795400600.003, "the time is the newest record's")
    cut = [(n, run("replay", write(path, whole[:n]))) for n in range(len(frames[0]) + len(frames[1]) + 1, len(whole), 7)]
    same([n for n, p in cut if p.returncode != 0 or ids(p) != ["f2", "f1"]], [], f"cut at {len(cut)} places of the last one: the two before it")
    ok(all(f"{path}: at byte {len(whole) - len(frames[2])}: passed over: a damaged or unfinished" in p.stderr for _, p in cut),
       "and the place is named", cut[0][1].stderr)
    bad = []
    for at in range(len(frames[0]), len(frames[0]) + len(frames[1]), 5):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 8)
        p = run("replay", write(path, bytes(flipped)))
        if p.returncode != 0 or ids(p) != ["f3", "f1"] or f"at byte {len(frames[0])}: passed over" not in p.stderr:
            bad.append(f"byte {at}: {p.stdout} {p.stderr}")
    same(bad, [], "a flipped bit anywhere in the second: the other two, and its offset")


def later(path: str) -> None:
    new = frame(failure(2), version=2)
    played = run("replay", write(path, frame(failure(1)), new, frame(failure(3))))
    same((played.returncode, ids(played)), (0, ["f3", "f1"]), "a record of a later version between two")
    ok("passed over: a record of version 2, this kedge reads 1" in played.stderr and "2 records read, 1 places" in played.stderr,
       "is named", played.stderr)
    played = run("replay", write(path, frame(failure(1)), frame(failure(2, c="melted"))))
    same((played.returncode, ids(played)), (0, ["f1"]), "so is one with a class of a later kedge")
    ok('member c has the word "melted"' in played.stderr, "with its word", played.stderr)
    played = run("replay", "--json", write(path, new, frame(failure(3), version=2)))
    same((played.returncode, json.loads(played.stdout)["schema"]), (2, "kedge.error/1"), "a journal of a later kedge is refused")
    ok(f"{path} is the journal of a later kedge: " in played.stdout, "by name", played.stdout)


def none(path: str) -> None:
    played = run("replay", write(path, frame(failure(1))[:-1]))
    ok(played.returncode == 2 and "nor a journal of kedge" in played.stderr, "without one sound record it is no journal", played.stderr)
    played = run("replay", write(path, b"\xae" * 600000))
    ok(played.returncode == 2 and "nor a journal of kedge" in played.stderr, "nor is what is longer than any", played.stderr)
    played = run("replay", write(path, *[frame(failure(i, i=i % 50, r="x" * 900)) for i in range(1, 300)]))
    same((played.returncode, len(ids(played))), (0, 50), "a long one: the newest of each id")


def main() -> int:
    if not os.access(KEDGE, os.X_OK):
        print(f"Bail out! no kedge at {KEDGE}: build it, or say KEDGE=")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o711)        # the worker is another user, and has its own folder in it
        lived(scratch)
        path = os.path.join(scratch, "journal")
        damaged(path)
        later(path)
        none(path)
    return done()


sys.exit(main())
