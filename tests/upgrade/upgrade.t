#!/usr/bin/env python3
"""State moves in no release without a test: today's kedge reads what each release wrote, and shows the same; what a later one wrote is
refused whole, and set aside; and a change of the layout of records fails here until its release has a folder of its own
(tests/upgrade/record)."""
from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import zlib
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import upgrade  # noqa: E402
from e2e import KEDGE_TEST, done, ok, same, wait  # noqa: E402

MOMENTS = {"idle", "failures", "pending", "rolled-back", "bad-digest", "hold"}


def number(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))


def read(path: str) -> str:
    with open(path, encoding="utf-8") as f:
        return f.read()


RELEASES = sorted((n for n in os.listdir(upgrade.HERE) if n[0].isdigit()), key=number)


def layouts() -> None:
    now = upgrade.layout()
    then = [read(os.path.join(upgrade.HERE, r, "layout")) for r in RELEASES]
    for set_of, least in (("W_CLASS", 50), ("W_STAGE", 5), ("W_BLAME", 7), ("W_KIND", 4), ("W_STATE", 19), ("W_VERIFIED", 2),
                          ("W_STATUS", 5)):
        ok(now.count(f"\n{set_of} ") >= least, f"the words of {set_of} are found in the sources", now)
    ok(now.count(" T_") > 80, "the layout of records is found in the sources", now)
    same(now, then[-1], f"records are laid out as in {RELEASES[-1]}; if not, this release needs a folder: tests/upgrade/record")
    for release, old in zip(RELEASES, then):
        gone = set(old.splitlines()[1:]) - set(now.splitlines())
        same(gone, set(), f"no member or word of {release} is gone or of another type: they are for ever")
    versions = {int(t.split()[1]) for t in then}
    same(versions, set(range(1, int(now.split()[1]) + 1)), "there is a state of each version of records up to today's")
    for release in RELEASES:
        there = {n for n in os.listdir(os.path.join(upgrade.HERE, release)) if os.path.isdir(os.path.join(upgrade.HERE, release, n))}
        same(there & MOMENTS, MOMENTS, f"{release} has all moments")


class State:
    """A copy of a kept state with a conf that finds it."""

    def __init__(self, source: str | None = None, unix_s: float | None = None) -> None:
        self.environment = upgrade.at(unix_s) if unix_s else None
        self.folder = tempfile.mkdtemp(prefix="ku", dir="/tmp")
        os.chmod(self.folder, 0o711)    # the worker is another user
        self.dir = os.path.join(self.folder, "state")
        self.journal = os.path.join(self.dir, "journal")
        if source:
            shutil.copytree(source, self.dir, ignore=shutil.ignore_patterns("shown.json"))
        else:
            os.makedirs(self.dir)
        self.conf = upgrade.conf(self.folder, self.dir)

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: Any) -> None:
        shutil.rmtree(self.folder)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([KEDGE_TEST, "--conf", self.conf, *words], capture_output=True, text=True, timeout=60, check=False,
                              env=self.environment)

    def lives(self) -> tuple[str, dict[str, Any]]:
        """What a daemon logs that starts with it, and the failures it then shows."""
        with open(os.path.join(self.folder, "log"), "w+", encoding="utf-8") as log:
            with subprocess.Popen([KEDGE_TEST, "--conf", self.conf, "agent"], stderr=log, env=self.environment) as p:
                wait(lambda: "remembered" in read(log.name) and self.run("failures").stdout[:19] != "kedge agent is not ", 20)
                found = json.loads(self.run("failures", "--json").stdout)
                p.send_signal(signal.SIGTERM)
            return read(log.name), found

    def bytes(self) -> bytes:
        with open(self.journal, "rb") as f:
            return f.read()

    def refused(self) -> list[str]:
        return [os.path.join(self.dir, n) for n in sorted(os.listdir(self.dir)) if n.startswith("journal.refused-")]


def kept(release: str) -> None:
    at = os.path.join(upgrade.HERE, release)
    for moment in sorted(MOMENTS):
        folder = os.path.join(at, moment)
        golden = json.loads(read(os.path.join(folder, "shown.json")))
        with State(folder, golden["recorded_unix_s"]) as s:
            found = upgrade.shown(KEDGE_TEST, s.conf, golden["recorded_unix_s"])
            for verb in upgrade.SHOWN:
                same(found[verb], golden[verb], f"{release}, {moment}: kedge {verb} shows what it showed then")
            same(golden["journal"]["damaged"], [], "... and the state was whole")
            before = s.bytes()
            log, failures = s.lives()
            ids = [f["id"] for f in golden["failures"]["failures"]]
            same([f["id"] for f in failures["failures"] if f["id"] in ids], ids, "... a daemon goes on with it", log)
            ok(s.bytes().startswith(before) and not s.refused() and "passed over" not in log, "... adds to it, and changes nothing of it",
               log)
    with State() as s:
        s.conf = os.path.join(at, "kedge.conf")
        p = s.run("journal")
        ok(p.returncode != 2 and "kedge.conf" not in p.stderr, f"{release}: its kedge.conf, with every key, is read", p.stderr)


def frame(payload: dict[str, Any], version: int = 1) -> bytes:
    data = json.dumps(payload, separators=(",", ":")).encode()
    head = bytes([0xAE, version]) + struct.pack("<I", len(data))
    return head + struct.pack("<I", zlib.crc32(head + data)) + data


def later() -> None:
    """Downgrades."""
    state = os.path.join(upgrade.HERE, RELEASES[-1], "pending")
    base = {"v": 1, "k": "audit", "s": 900, "t": 1795400600000, "r": "from a later kedge"}
    for what, more, words in (
            ("a later version", frame(base | {"v": 2}, 2), "a record of version 2, this kedge reads 1"),
            ("a payload of a later version", frame(base | {"v": 2}), "a record of version 2 or a kind this kedge does not know"),
            ("a kind it does not know", frame(base | {"k": "lease"}), "a record of version 1 or a kind this kedge does not know"),
            ("a word it does not know", frame({"v": 1, "k": "rollback", "s": 900, "t": 1, "sv": "web", "st": "paused"}),
             'has the word "paused"')):
        with State(state) as s:
            with open(s.journal, "ab") as f:
                f.write(more)
            whole = s.bytes()
            p = s.run("status")
            ok(p.returncode == 3 and f"{s.journal} is not this version's" in p.stderr and words in p.stderr,
               f"{what}: status refuses it, by name", p.stderr)
            same(s.bytes(), whole, "... and touches nothing")
            log, found = s.lives()
            ok(f"error: journal: {s.journal} is not this version's: " in log and words in log and "it starts empty; set aside: " in log,
               "... an agent says so", log)
            same((found["failures"], "0 failures and 0 rollbacks remembered" in log), ([], True), "... and nothing of it is believed", log)
            aside = s.refused()
            ok(len(aside) == 1 and aside[0] in log, "... which file it is now is said", log)
            with open(aside[0], "rb") as f:
                same(f.read(), whole, "... with every byte it had")
            log, _ = s.lives()
            ok("error: journal" not in log and len(s.refused()) == 1, "... and once: the next start has a journal of its own", log)
    for what, data in (("another format", b"KEDGE2\n" + bytes(300)),
                       ("a first record longer than any", b"\xae\x02" + struct.pack("<I", 99999) + b"x" * 99999)):
        with State() as s:
            with open(s.journal, "wb") as f:
                f.write(data)
            log, _ = s.lives()
            aside = s.refused()
            same([os.path.getsize(a) for a in aside], [len(data)], f"{what}: set aside whole", log)
    for what, data in (("a byte and zeros", b"\xae" + bytes(400)), ("nothing but zeros", bytes(400)),
                       ("a torn first record", frame(base)[:-3])):
        with State() as s:
            with open(s.journal, "wb") as f:
                f.write(data)
            log, _ = s.lives()
            ok(not s.refused() and "of a torn record at the end are cut off" in log,
               f"{what}, as a loss of power leaves them, are cut off", log)
    with State(state) as s:
        with open(s.journal, "ab") as f:
            f.write(frame(base | {"zz": "x" * 9000, "yy": {"deep": [1]}}))
        p = s.run("journal", "--json")
        told = json.loads(p.stdout)
        same((told["records"][-1]["text"], told["damaged"]), ("from a later kedge (uid 0)", []),
             "a new key, and a longer record: read without it")
        ok(s.lives() and not s.refused(), "... by the agent too")
    with State() as s:
        os.makedirs(s.journal)
        log, _ = s.lives()
        ok("set aside: rename to" in log and os.path.isdir(s.journal), "what cannot be set aside stays as it is, and the log says why", log)


def main() -> None:
    layouts()
    for release in RELEASES:
        kept(release)
    later()
    done()


main()
