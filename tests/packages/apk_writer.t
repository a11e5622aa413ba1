#!/usr/bin/env python3
"""The writer of .apk packages against bytes laid out by hand from the format's description, and the packages made with it:
the same whoever makes them wherever, one for each name OpenWrt has for the machine, and what OpenWrt's scripts read is in
them. That a reader written apart from it takes them is tested in its own test; no real apk has installed one."""
from __future__ import annotations

import glob
import hashlib
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APK = os.path.join(TOP, "packaging", "apk")
sys.path[:0] = [os.path.join(TOP, "tests"), APK]
from adb import Adb, block, deflated  # noqa: E402
from tap import done, ok, same  # noqa: E402

loader = importlib.machinery.SourceFileLoader("pack", os.path.join(APK, "pack"))
pack = importlib.util.module_from_spec(importlib.util.spec_from_loader("pack", loader))  # type: ignore[arg-type]
loader.exec_module(pack)

TIME_S = 1700000000             # 6553f100

# Offsets count from the first of these bytes. A word is little-endian: its last byte's high half is the type.
LAID = """
00000000 0c0100e0       the head: version 0, the root is the object at 10c
0178                    08: "x", a text of 1 byte: the name, and later the file's
04312d7230 00           0a: "1-r0"; a byte that brings the next word to 10
00f15365                10: 1700000000, too large for 28 bits
04726f6f74 000000       14: "root"
04000000 ed010010 14000080 14000080     1c: access of a folder: 0755 root root
03000000 00000000 1c0000e0              2c: the tree's own folder: no name, access, and no list of files
04000000 a4010010 14000080 14000080     38: access of the file: 0644 root root
20 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 000000   48: its SHA-256
06000000 08000080 380000e0 06000010 10000020 48000080   6c: the file: "x", access, 6 bytes, time, digest
0161 0000               84: "a"
02000000 6c0000e0       88: the list of a's files
04000000 84000080 1c0000e0 880000d0     90: the folder "a", access, files
14 ID 000000            a0: 20 bytes: the package's id
0d000000 08000080 0a000080 a0000080 00000000 00000000 00000000 00000000     b8: name, version, id; no description, arch, licence, origin,
00000000 00000000 00000000 10000020 06000010                            maintainer, address, commit; when built; 6 bytes installed
03000000 2c0000e0 900000e0      ec: the list of folders
02730a 00               f8: "s\\n"
04000000 00000000 00000000 f8000080     fc: scripts: no trigger, none before the installation, one after it
04000000 b80000e0 ec0000d0 fc0000e0     10c: the package
"""
DATA = "12000080 02000000 01000000 68656c6c6f0a 000000000000"     # 18 bytes: the second folder's first file; padded to 24


def by_hand() -> bytes:
    words = []
    for line in LAID.strip().splitlines():
        for word in line.split():
            if word == "ID" or all(c in "0123456789abcdef" for c in word) and len(word) % 2 == 0:
                words.append(word)
            else:
                break
    laid = " ".join(words)
    blank = bytes.fromhex(laid.replace("ID", "00" * 20))
    full = bytes.fromhex(laid.replace("ID", hashlib.sha256(blank).hexdigest()[:40]))
    assert len(full) == 0x11c
    return b"ADB.pckg" + (len(full) + 4).to_bytes(4, "little") + full + bytes.fromhex(DATA)


def fails(call) -> bool:
    try:
        call()
    except ValueError:
        return True
    return False


with tempfile.TemporaryDirectory() as tmp:
    tree = os.path.join(tmp, "tree")
    os.makedirs(os.path.join(tree, "a"))
    with open(os.path.join(tree, "a", "x"), "w", encoding="ascii") as f:
        f.write("hello\n")
    for path, mode in (("", 0o755), ("a", 0o755), ("a/x", 0o644)):
        os.chmod(os.path.join(tree, path), mode)
    info = {"name": "x", "version": "1-r0"}
    plain = pack.package(tree, {"post-install": b"s\n"}, info, TIME_S)
    same(plain.hex(" ", 4), by_hand().hex(" ", 4), "a package of one file, one folder and one script is the bytes laid out by hand")
    squeezed = deflated(plain)
    same((squeezed[:4], zlib.decompress(squeezed[4:], -15)), (b"ADBd", plain), "packed it is ADBd and the stream, deflated without a head")

    for path in ("a-b", "a/b", "B"):
        os.makedirs(os.path.join(tree, path))
    same([name for name, _ in pack.folders(tree)], ["", "B", "a", "a-b", "a/b"], "folders stand in the order of their bytes")
    open(os.path.join(tree, "B", "empty"), "w", encoding="ascii").close()
    same(len(pack.package(tree, {}, info, TIME_S).split(b"hello\n")), 2, "an empty file has no block of data")
    os.symlink("x", os.path.join(tree, "a", "link"))
    ok(fails(lambda: pack.package(tree, {}, info, TIME_S)), "a symbolic link is refused, not left out")

db = Adb()
same([hex(db.int(n)) for n in (0, (1 << 28) - 1, 1 << 28, 1 << 32)], ["0x10000000", "0x1fffffff", "0x20000008", "0x3000000c"],
     "numbers: in the word itself below 28 bits, then in 32, then in 64")
same([db.blob(bytes(n)) >> 28 for n in (0, 1, 255, 256, 65535, 65536)], [0, 8, 8, 9, 9, 10], "bytes after a length of 1, 2 or 4 bytes")
same(db.blob(bytes(256)) & 1 | db.blob(bytes(65536)) & 3, 0, "a length stands where its width divides the offset")
same([len(block(2, bytes(n))) for n in (0, 4, 5)], [8, 8, 16], "a block is padded to 8 bytes")
for version in ("0.1.0-r0", "1.2.3_rc1-r4", "1.0~0abc"):
    ok(not fails(lambda: pack.checked({"name": "kedge", "version": version})), f"{version} is a version")
for version in ("0.1.0-1", "v1", "1.0rc1", "1..0", ""):
    ok(fails(lambda: pack.checked({"name": "kedge", "version": version})), f"{version!r} is not")


# ---- the packages of this machine's CPU
def built(umask: int, zone: str, tmp: str) -> dict[str, bytes]:
    for old in glob.glob(os.path.join(TOP, "build", "amd64", "kedge_*.apk")):
        os.remove(old)
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(TIME_S), "VERSION": "0.1.0", "TZ": zone, "TMPDIR": tmp, "MAKE": "make"}
    run = subprocess.run(["packaging/apk/build", "amd64"], cwd=TOP, env=env, umask=umask, capture_output=True, text=True, check=False)
    ok(run.returncode == 0 and not run.stdout + run.stderr, "make apk's script works, and says nothing", run.stdout + run.stderr)
    found = {}
    for path in glob.glob(os.path.join(TOP, "build", "amd64", "kedge_*.apk")):
        with open(path, "rb") as made:
            found[os.path.basename(path)] = made.read()
    return found


with tempfile.TemporaryDirectory(prefix="one ") as one, tempfile.TemporaryDirectory(prefix="another-") as another:
    first, second = built(0o022, "UTC", one), built(0o077, "Asia/Tokyo", another)
    same(os.listdir(one) + os.listdir(another), [], "nothing is left in the temporary folders")
with open(os.path.join(TOP, "packaging", "openwrt", "archs"), encoding="ascii") as f:
    archs = next(line.split()[2:] for line in f if line.split()[:2] == ["amd64", "openwrt"])
same(sorted(first), sorted(f"kedge_0.1.0_{arch}.apk" for arch in archs), "one package for each of OpenWrt's names for the machine")
ok(first and first == second, "the same bytes with another mask, another time zone and another temporary folder")
with open(os.path.join(TOP, "packaging", "openwrt", "kedge.uci"), "rb") as f:
    settings = hashlib.sha256(f.read()).hexdigest().encode()
for name, data in sorted(first.items()):
    plain = zlib.decompress(data[4:], -15)
    said = plain[12:8 + int.from_bytes(plain[8:12], "little")]
    arch = name.split("_", 2)[2][:-4].encode()
    ok(plain[:8] == b"ADB.pckg" and bytes([len(arch)]) + arch in said, f"{name}: a package that says its architecture")
    ok(b"\n/etc/init.d/kedge\n" in plain and b"/etc/config/kedge " + settings in plain, f"{name}: lists its service and its settings")
sys.exit(done())
