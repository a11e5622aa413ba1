#!/usr/bin/env python3
"""README's section Install, line by line: each command is known here, and run where it can be (make install, and the .deb in a Debian of
its own); the names of files are those that make gives; what it says of paths is what is installed."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests"))
import tap  # noqa: E402
from tap import ok, same  # noqa: E402

CPUS = ("amd64", "arm64", "armhf", "armv6")
CPU = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, "armhf")
# what is run on a gateway that is not here, or by somebody else
ELSEWHERE = ("opkg ", "apk ", "aws ", "systemctl ", "service ", "rm -r ", "dpkg --print-architecture", "cat /etc/apk/arch",
             "apt-get install ca-certificates", "adduser ")


def read(path: str) -> str:
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


VERSION = re.findall(r"^VERSION = (\S+)$", read("Makefile"), re.M)[0]


def section() -> str:
    return re.findall(r"^## Install\n(.*?)^## ", read("README.md"), re.M | re.S)[0]


def commands(text: str) -> list[tuple[str, str]]:
    """The indented lines and those of the tables: (command, comment)."""
    found = []
    for line in text.splitlines():
        if line.startswith("    "):
            command, _, comment = line.strip().partition(" #")
            found.append((command.strip(), comment.strip()))
        elif line.startswith("| "):
            found += [(c, "") for c in re.findall(r"`([a-z-]+ [^`]+)`", line) if not c.startswith("kedge ")]
    return found


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=TOP, timeout=600, env=os.environ | more)


def skip(what: str, why: str) -> None:
    ok(True, f"{what} # SKIP {why}")


def names(text: str, lines: list[tuple[str, str]]) -> None:
    for kind in ("deb", "ipk", "apk"):
        mine = [(c, m) for c, m in lines if c.startswith(f"make {kind} CPU=")]
        same(len(mine), 1, f"README makes a .{kind}")
        cpu = mine[0][0].rpartition("=")[2]
        ok(cpu in CPUS and mine[0][1].startswith(f"build/{cpu}/kedge_{VERSION}_"), "... with the name make gives it", mine)
    same([f for f in re.findall(r"kedge_([\d.]+)_", text) if f != VERSION], [], "every file is of this version")
    same([a for a in re.findall(r"kedge_[\d.]+_(\w+)\.deb", text) if a not in CPUS], [], "a .deb is named after its CPU")
    for arch in {a for a in re.findall(r"kedge_[\d.]+_(\S+?)\.[ia]pk", text)}:
        same(arch, "ARCH", "an .ipk or .apk is named after the system's own word")


def made(kind: str) -> str:
    """The file of this CPU, or nothing and a line why."""
    if not os.path.exists(os.path.join(TOP, "packaging", kind, "build")):
        skip(f"make {kind}", f"packaging/{kind} is not there")
        return ""
    p = run("make", kind, f"CPU={CPU}")
    found = [f for f in os.listdir(os.path.join(TOP, "build", CPU)) if f.startswith(f"kedge_{VERSION}_") and f.endswith("." + kind)]
    ok(p.returncode == 0 and found, f"make {kind} CPU={CPU} gives build/{CPU}/kedge_{VERSION}_….{kind}", p.stdout + p.stderr)
    return os.path.join(TOP, "build", CPU, found[0]) if found else ""


def from_sources(folder: str, lines: list[tuple[str, str]]) -> None:
    command = next(c for c, _ in lines if c.startswith("make install"))
    p = run(*command.split(), f"DESTDIR={folder}", f"CPU={CPU}")
    same(p.returncode, 0, command, p.stderr)
    there = {os.path.relpath(os.path.join(at, n), folder) for at, _, files in os.walk(folder) for n in files}
    for path in ("usr/bin/kedge", "usr/share/man/man1/kedge.1", "usr/share/man/man8/kedge-agent.8", "usr/share/man/man5/kedge.conf.5",
                 "usr/share/bash-completion/completions/kedge"):
        ok(path in there, f"... it installs /{path}", there)
    with open(os.path.join(folder, "usr/lib/systemd/system/kedge.service"), encoding="utf-8") as f:
        ok("ExecStart=/usr/bin/kedge agent" in f.read(), "... and a unit that starts it")


class Debian:
    """A Debian in which what is installed is gone afterwards."""

    def __init__(self, lower: str, folder: str) -> None:
        script = (f"mount -t tmpfs none {folder} && mkdir {folder}/up {folder}/work {folder}/all && mount -t overlay -o "
                  f"lowerdir={lower},upperdir={folder}/up,workdir={folder}/work none {folder}/all && "
                  f"mount --rbind /proc {folder}/all/proc && "
                  f"mount --rbind /dev {folder}/all/dev && mkdir {folder}/all/given && echo up && exec cat")
        self.root = os.path.join(folder, "all")
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", script], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        assert self.holder.stdout
        self.up = self.holder.stdout.readline() == b"up\n"

    def run(self, command: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["nsenter", "-t", str(self.holder.pid), "-m", "chroot", self.root, "sh", "-c", "cd /given && " + command],
                              input=given,
                              capture_output=True, check=False, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"})

    def end(self) -> None:
        self.holder.communicate()


def in_debian(deb: str, lines: list[tuple[str, str]]) -> None:
    if os.getuid() != 0 or not shutil.which("debootstrap", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        skip("the .deb in a Debian", "needs root and debootstrap")
        return
    lower = os.path.join(TOP, run("tests/rig/root.sh").stdout.strip())
    with tempfile.TemporaryDirectory() as folder:
        debian = Debian(lower, folder)
        ok(debian.up, "a Debian of its own")
        with open(deb, "rb") as f:
            given = f.read()
        # README says arm64; a new and an old one are this one here
        for name in (f"kedge_{VERSION}_arm64.deb", "NEW.deb", "OLD.deb"):
            debian.run(f"cat >{name}", given)
        for command in [c for c, _ in lines if c.startswith("apt-get") and "ca-certificates" not in c]:
            p = debian.run(command + " -y </dev/null")
            same(p.returncode, 0, command, (p.stdout + p.stderr).decode())
            code = debian.run("command -v kedge").returncode
            same(code == 0, not command.startswith(("apt-get remove", "apt-get purge")), "... and kedge is there, or gone")
            if command.startswith("apt-get install ./kedge"):
                installed(debian, lines)
        same(debian.run("ls -d /etc/kedge/kedge.conf /var/lib/kedge").stdout, b"", "purged: settings and state are gone")
        debian.end()


def installed(debian: Debian, lines: list[tuple[str, str]]) -> None:
    """README's verbs with no agent running, as in this root; tests/e2e/first_start.t goes the way to its green end."""
    for command in dict.fromkeys(c for c, _ in lines if c.startswith("kedge ")):
        p = debian.run(command)
        same(p.returncode, 2 if command == "kedge check" else 0, f"{command}: exit", (p.stdout + p.stderr).decode())
    found = debian.run("ls /root/kedge /etc/kedge/kedge.conf /usr/lib/systemd/system/kedge.service "
                       "/usr/share/man/man8/kedge-agent.8*").stdout.decode()
    ok("kedge-policy.json" in found and "/etc/kedge/kedge.conf" in found and "kedge.service" in found,
       "files are where README and the manual say", found)


def main() -> int:
    text = section()
    lines = commands(text)
    ok(len(lines) > 20, f"{len(lines)} commands are found")
    names(text, lines)
    known = [c for c, _ in lines if c.startswith(("make ", "kedge ", "apt-get ", "dpkg --print", *ELSEWHERE))]
    same([c for c, _ in lines if c not in known], [], "every command is one this test knows")
    same([c for c, _ in lines if c.startswith("kedge ")][-1], "kedge check", "it ends with kedge check")
    for claim in ("no opkg and no\napk installed them", "x86_64 and arm64 only"):
        ok(claim in text, f"it says plainly: {claim!r}")
    with tempfile.TemporaryDirectory() as folder:
        from_sources(folder, lines)
    for kind in ("ipk", "apk"):
        made(kind)
    deb = made("deb")
    if deb:
        in_debian(deb, lines)
    return tap.done()


sys.exit(main())
