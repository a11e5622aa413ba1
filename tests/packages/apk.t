#!/usr/bin/env python3
"""The .apk, read by the reader that was written apart from its writer: what OpenWrt needs, what packaging/about says, this very binary
and init script, and the same files as in the .ipk. No real apk was asked: Debian has none.
PACKAGES=full: of every CPU that is built."""
from __future__ import annotations

import glob
import hashlib
import io
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
from tap import done, ok, same  # noqa: E402

HOST = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "armv6l": "armv6"}[platform.machine()]
FULL = os.environ.get("PACKAGES") == "full"
ENV = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}


def read(*path: str) -> bytes:
    with open(os.path.join(TOP, *path), "rb") as f:
        return f.read()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def about() -> dict[str, str]:
    said = dict(word.split("=", 1) for word in shlex.split(read("packaging", "about").decode(), comments=True))
    return said | {"version": re.search(r"^VERSION = (\S+)", read("Makefile").decode(), re.M)[1]}


def ipk_files(path: str) -> dict[str, tuple[str, str]]:
    """Path to mode and hash, or where a link points to."""
    with tarfile.open(path) as outer:
        data = next(outer.extractfile(m).read() for m in outer if m.name.endswith("data.tar.gz"))
    with tarfile.open(fileobj=io.BytesIO(data)) as inner:
        return {m.name.removeprefix("./"): (f"{m.mode:04o}", sha256(inner.extractfile(m).read())) if m.isfile() else ("", m.linkname)
                for m in inner if not m.isdir()}


def one(cpu: str, formats: list[str]) -> None:
    with open(os.path.join(TOP, "build", cpu, "version"), encoding="utf-8") as f:
        epoch = int(f.read().split()[1])
    made = subprocess.run(["make", *formats, f"CPU={cpu}"], cwd=TOP, capture_output=True, text=True, check=False,
                          env=ENV | {"SOURCE_DATE_EPOCH": str(epoch)})
    if not ok(made.returncode == 0, f"make {' '.join(formats)} CPU={cpu}", made.stdout + made.stderr):
        return
    says = about()
    packages = sorted(glob.glob(os.path.join(TOP, "build", cpu, f"{says['name']}_{says['version']}*.apk")))
    ok(packages, f"build/{cpu} has an .apk of version {says['version']}")
    for path in packages:
        name = os.path.basename(path)
        p = subprocess.run([os.path.join(HERE, "read_apk"), "--openwrt", path], capture_output=True, text=True, check=False)
        if not ok(p.returncode == 0, f"{name}: nothing in it that apk or OpenWrt would refuse or misread", p.stderr):
            continue
        said = json.loads(p.stdout)
        info = said["info"]
        same((info["name"], info["license"], info["description"], info["maintainer"]),
             (says["name"], says["licence"], says["summary"], says["maintainer"]), "... what packaging/about says")
        ok(re.fullmatch(re.escape(says["version"]) + r"-r\d+", info["version"]), "... of this version", info["version"])
        ok(name.endswith(f"_{info['arch']}.apk"), "... with its architecture in its file's name", f"{name} {info['arch']}")
        times = {f["mtime"] for f in said["paths"] if f["type"] != "dir"}
        same(times | {info.get("build-time", epoch)}, {epoch}, "... no time but the commit's")
        ok(not info.get("depends"), "... which needs nothing", info.get("depends"))
        files = {f["path"]: (f["mode"], f["sha256"]) if f["type"] == "file" else ("", f.get("symlink") or f.get("hardlink") or f["device"])
                 for f in said["paths"] if f["type"] != "dir"}
        same(files.get("usr/bin/kedge"), ("0755", sha256(read("build", cpu, "kedge"))), f"... with build/{cpu}/kedge")
        same(files.get("etc/init.d/kedge"), ("0755", sha256(read("packaging", "openwrt", "kedge.init"))), "... and its init script")
        odd = [f for f, (mode, _) in files.items() if mode and int(mode, 8) & 0o6022]
        same(odd, [], "... nothing that others may write or that runs as another")
        whole = sum(f["size"] for f in said["paths"] if f["type"] == "file")
        told = info["installed-size"]
        ok(whole <= told <= 2 * whole + 65536, "... whose size is about what it says", f"{whole} {told}")
        print(f"# {name}: {os.path.getsize(path)} bytes, installed {whole}")
        for ipk in sorted(glob.glob(os.path.join(TOP, "build", cpu, f"{says['name']}_{says['version']}*_{info['arch']}.ipk"))):
            other = ipk_files(ipk)
            same({f: v for f, v in files.items() if not f.startswith("lib/apk/")}, other, f"... and the files of {os.path.basename(ipk)}")


wanted = [f for f in ("apk", "ipk") if os.access(os.path.join(TOP, "packaging", f, "build"), os.X_OK)]
if "apk" not in wanted:
    print("1..0 # SKIP packaging/apk/build is not there")
    sys.exit(0)
for each in ("amd64", "arm64", "armhf", "armv6") if FULL else (HOST,):
    if os.path.isfile(os.path.join(TOP, "build", each, "kedge")):
        one(each, wanted)
    else:
        ok(True, f"{each} # SKIP build/{each}/kedge is not there")
sys.exit(done())
