"""The Debian packages of this commit, and what dpkg-deb says of one."""
from __future__ import annotations

import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.join(TOP, "tests", "e2e")]
sys.dont_write_bytecode = True

CPUS = {"amd64": "amd64", "arm64": "arm64", "armhf": "armhf", "armv6": "armhf"}     # and what dpkg calls them
EMULATOR = {"arm64": ["qemu-aarch64-static"], "armhf": ["qemu-arm-static"], "armv6": ["qemu-arm-static", "-cpu", "arm1176"]}
PLAIN = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def run(*command: str, **more: object) -> str:
    """What it prints; a failure is an exception that says what it said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=TOP, check=False,
                          **more)   # type: ignore[call-overload]
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}")
    return str(done.stdout)


def version() -> str:
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as f:
        return next(line.split()[2] for line in f if line.startswith("VERSION ="))


def build(cpu: str) -> str:
    """The path of its package, made if it is not the newest."""
    run("make", "-s", "deb", f"CPU={cpu}", env=PLAIN)
    return os.path.join(TOP, "build", cpu, f"kedge_{version()}_{cpu}.deb")


def repacked(deb: str, folder: str, new: str) -> str:
    """The same package under another version."""
    tree = os.path.join(folder, "tree-" + new)
    run("dpkg-deb", "-R", deb, tree)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control, encoding="utf-8") as f:
        text = f.read().replace(f"\nVersion: {version()}\n", f"\nVersion: {new}\n")
    with open(control, "w", encoding="utf-8") as f:
        f.write(text)
    made = os.path.join(folder, f"kedge_{new}.deb")
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-z0", "-b", tree, made)
    return made
