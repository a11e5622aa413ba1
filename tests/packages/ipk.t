#!/usr/bin/env python3
"""The .ipk of every CPU that is built: each passes check_ipk, twice packed is the same bytes; and check_ipk refuses what opkg refuses, or
worse, does not: eleven variants that were given to a real one, and some of our own. No opkg is run here: Debian has none."""
from __future__ import annotations

import gzip
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from typing import Callable

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

loader = importlib.machinery.SourceFileLoader("check_ipk", os.path.join(TOP, "tests/packages/check_ipk"))
check_ipk = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_ipk", loader))
loader.exec_module(check_ipk)

Change = Callable[[tarfile.TarInfo, bytes], "tuple[tarfile.TarInfo, bytes] | None"]


def stamp(cpu: str) -> tuple[str, str]:
    """Version and time of the binary, as the build noted them."""
    with open(os.path.join(TOP, "build", cpu, "version"), encoding="ascii") as f:
        version, epoch = f.read().split()
    return version, epoch


def build(cpu: str, **environment: str) -> dict[str, str]:
    """The packages of a CPU: their names and SHA-256."""
    version, epoch = stamp(cpu)
    made = subprocess.run(["sh", "-c", "umask ${UMASK:-022}; exec packaging/ipk/build " + cpu], cwd=TOP, check=False, text=True,
                          capture_output=True, env=os.environ | {"VERSION": version, "SOURCE_DATE_EPOCH": epoch} | environment)
    if made.returncode:
        print(f"# {made.stderr}")
    files = {}
    for path in made.stdout.split():
        with open(os.path.join(TOP, path), "rb") as f:
            files[path] = hashlib.sha256(f.read()).hexdigest()
    return files


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def retar(data: bytes, change: Change, form: int = tarfile.GNU_FORMAT) -> bytes:
    """A gzipped tar again, each member as `change` gives it back."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=out, mode="w", format=form) as new:
        for info in old:
            info.name = "./" + info.name.removeprefix("./").removeprefix(".")
            was = old.extractfile(info)
            if (now := change(info, was.read() if was else b"")) is not None:
                now[0].size = len(now[1])
                new.addfile(now[0], io.BytesIO(now[1]))
    return gz(out.getvalue())


def keep(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return info, data


def only(name: str, change: Change) -> Change:
    return lambda info, data: change(info, data) if info.name == name else (info, data)


def with_(**what: object) -> Change:
    def change(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        for key, value in what.items():
            setattr(info, key, value)
        return info, data
    return change


def control(pattern: str, by: str) -> Change:
    """The control file with a line changed."""
    def change(info: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        text = re.sub(pattern, by, data.decode(), flags=re.M)
        assert text != data.decode(), pattern
        return info, text.encode()
    return only("./control", change)


def inside(good: bytes, member: str, change: Change, form: int = tarfile.GNU_FORMAT) -> bytes:
    """The package with something else in data.tar.gz or control.tar.gz."""
    return retar(good, only(member, lambda info, data: (info, retar(data, change, form))))


def ordered(good: bytes, *names: str) -> bytes:
    """The package with its members in another order, or called otherwise: NEW=OLD."""
    with tarfile.open(fileobj=io.BytesIO(good)) as old:
        held = {m.name.removeprefix("./"): (m, old.extractfile(m).read()) for m in old}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as new:
        for name in names:
            info, data = held[name.split("=")[-1].removeprefix("./")]
            info.name = name.split("=")[0]
            new.addfile(info, io.BytesIO(data))
    return gz(out.getvalue())


def ar(*members: tuple[str, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(
        f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        for name, data in members)


def refused(folder: str, name: str, data: bytes, words: str, what: str) -> None:
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    said = subprocess.run([loader.path, path], check=False, text=True, capture_output=True)
    ok(said.returncode == 1 and said.stdout.startswith(f"{path}: {words}"), f"{what}: {words}", said.stdout + said.stderr)


def variants(folder: str, good_path: str, yocto_path: str) -> None:
    name, yocto_name = os.path.basename(good_path), os.path.basename(yocto_path)
    with open(os.path.join(TOP, good_path), "rb") as f:
        good = f.read()
    with open(os.path.join(TOP, yocto_path), "rb") as f:
        yocto = f.read()
    data, ctl = "./data.tar.gz", "./control.tar.gz"
    pax = tarfile.PAX_FORMAT

    # the eleven
    refused(folder, name, yocto, "ar archive", "1, an ar archive under OpenWrt's name")
    refused(folder, name, inside(good, data, with_(pax_headers={"mtime": "1.5"}), pax), "pax header: data.tar.gz", "2, pax headers")
    refused(folder, name, inside(good, ctl, control("^Architecture: .*", "Architecture: mips_24kc")),
            "architecture: control says mips_24kc", "3, another architecture")
    refused(folder, name, inside(good, ctl, control("^Version: .*\n", "")), "missing field: Version", "4, no Version")
    refused(folder, name, inside(good, ctl, control("^Architecture: .*\n", "")), "missing field: Architecture", "5, no Architecture")
    refused(folder, name, inside(good, ctl, control("^Section:", "Depends:\nSection:")), "empty field: Depends", "6, a Depends of nothing")
    refused(folder, name.replace(".ipk", ".apk"), good, "name: ", "7, renamed for apk")
    refused(folder, name, ordered(good, "./debian-binary", "./control.tar.gz", "./data.tar.gz"), "members: ", "8, Debian's order")
    refused(folder, name, ordered(good, "./data.tar.gz", "./control.tar.gz"), "missing member: ./debian-binary", "9, no debian-binary")
    refused(folder, name, inside(good, data, only("./usr/bin/kedge", with_(uid=1000, gid=1000))), "owner: data.tar.gz: ./usr/bin/kedge",
            "10, a builder's own files")
    refused(folder, name, inside(good, data, only("./etc/init.d/kedge", with_(mode=0o644))), "mode: ./etc/init.d/kedge is 0644",
            "11, an init script that cannot be run")

    # and some more
    refused(folder, name, retar(good, with_(pax_headers={"comment": "x"}), pax), "pax header: the outer tar", "pax headers outside")
    refused(folder, name, ordered(good, "debian-binary", "data.tar.gz", "control.tar.gz"), "missing member: ./debian-binary", "no ./")
    refused(folder, name.replace("x86_64", "aarch64_generic"),
            inside(good, ctl, control("^Architecture: .*", "Architecture: aarch64_generic")),
            "architecture: aarch64_generic is no openwrt name of a machine that runs this program (amd64)", "a stamp of another machine")
    refused(folder, name, inside(good, ctl, control("^Description: .*", "Description:")), "empty field: Description", "an empty field")
    refused(folder, name, inside(good, ctl, only("./postinst", with_(mode=0o644))), "mode: ./postinst", "a script that cannot be run")
    refused(folder, name, inside(good, ctl, only("./conffiles", lambda i, d: (i, b"/etc/nothing\n"))), "conffiles: /etc/nothing",
            "a conffile that is not there")
    refused(folder, name, inside(good, data, only("./etc/config/kedge", with_(mode=0o644))), "mode: ./etc/config/kedge", "settings for all")
    refused(folder, name, inside(good, data, only("./usr/bin/kedge", with_(mtime=1))), "times: 2", "a time of its own")
    refused(folder, name, gzip.compress(gzip.decompress(good), mtime=1), "gzip: the file", "the hour it was packed at")
    refused(folder, name, good[:-2000], "the file: ", "half a package")
    refused(folder, yocto_name, good, "not ar", "OpenWrt's under Yocto's name")
    parts = {m.name: m.data for m in check_ipk.ar(yocto)}
    refused(folder, yocto_name, ar(*((n, parts[n]) for n in ("debian-binary", "data.tar.gz", "control.tar.gz"))), "members: ",
            "Yocto's in OpenWrt's order")
    refused(folder, yocto_name, ar(("debian-binary", b"2.0\n"), ("control.tar.gz", parts["control.tar.gz"])), "missing member: data.tar.gz",
            "Yocto's without data")

    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(retar(good, keep, tarfile.USTAR_FORMAT))
    same(subprocess.run([loader.path, path], check=False, text=True, capture_output=True).stdout, "", "ustar is as good as GNU's")


def main() -> int:
    built = [cpu for cpu in ("amd64", "arm64", "armhf", "armv6") if os.path.exists(os.path.join(TOP, "build", cpu, "kedge"))]
    for cpu in built:
        first = build(cpu)
        said = subprocess.run([loader.path, *first], cwd=TOP, check=False, text=True, capture_output=True)
        same((bool(first), said.stdout, said.returncode), (True, "", 0), f"{cpu}: check_ipk is content with all {len(first)}", said.stderr)
        with open(os.path.join(TOP, "packaging/openwrt/archs"), encoding="ascii") as f:
            rows = [row.split() for row in f if row.startswith(cpu + " ")]
        want = sorted(f"build/{cpu}/kedge_{stamp(cpu)[0]}_{arch}{'_yocto' if row[1] == 'yocto' else ''}.ipk"
                      for row in rows for arch in row[2:])
        same(sorted(first), want, f"{cpu}: one for each name of the table")
        same(build(cpu, UMASK="077", TZ="Asia/Tokyo", LANG="de_DE.UTF-8"), first, f"{cpu}: packed again by somebody else: the same bytes")
        for path in [p for p in first if not p.endswith("_yocto.ipk")][:1]:
            print(f"# {path}: {os.path.getsize(os.path.join(TOP, path))} bytes")
    with tempfile.TemporaryDirectory() as folder:
        if "amd64" in built:
            version = stamp("amd64")[0]
            variants(folder, f"build/amd64/kedge_{version}_x86_64.ipk", f"build/amd64/kedge_{version}_x86_64_yocto.ipk")
    return done()


if __name__ == "__main__":
    sys.exit(main())
