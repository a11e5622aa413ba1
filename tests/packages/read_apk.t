#!/usr/bin/env python3
"""The reader of apk packages on packages laid out by hand here: good ones are listed, each broken one is refused by its rule."""
from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from typing import Any

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from tap import done, ok, same  # noqa: E402

READER = os.path.join(HERE, "read_apk")
LOADER = importlib.machinery.SourceFileLoader("read_apk", READER)
reader = importlib.util.module_from_spec(importlib.util.spec_from_loader("read_apk", LOADER))
LOADER.exec_module(reader)
INFO = "name version unique-id description arch license origin maintainer url repo-commit build-time installed-size file-size".split()


class Package:
    """A heap filled from the end of its head on. What is odd about a package is said in **odd."""

    def __init__(self, **odd: Any):
        self.odd, self.heap = odd, bytearray(8)
        self.heap[0] = odd.get("compat", 0)

    def put(self, data: bytes, align: int = 1) -> int:
        self.heap += bytes(-len(self.heap) % align)
        self.heap += data
        return len(self.heap) - len(data)

    def blob(self, data: bytes) -> int:
        for tag, form, bits in ((8, "<B", 8), (9, "<H", 16), (10, "<I", 32)):
            if len(data) < 1 << bits:
                return tag << 28 | self.put(struct.pack(form, len(data)) + data, struct.calcsize(form)) if data else 0
        raise ValueError

    def number(self, n: int) -> int:
        return 0x10000000 | n if n < 1 << 28 else 0x20000000 | self.put(struct.pack("<I", n), 4)

    def any(self, v: Any) -> int:
        """bytes, a number, a list (array), a dict (slot: value), or a pair of the word to write as it is."""
        if isinstance(v, tuple):
            return v[0]
        if isinstance(v, (bytes, int)):
            return self.blob(v) if isinstance(v, bytes) else self.number(v)
        items = dict(enumerate(v, 1)) if isinstance(v, list) else v
        slots = [0] * max(items, default=0)
        for n, item in items.items():
            slots[n - 1] = self.any(item)
        return 0xE0000000 | self.put(struct.pack(f"<{len(slots) + 1}I", self.odd.get("slots", len(slots) + 1), *slots), 4)

    def build(self, package: dict[int, Any], data: list[tuple[int, int, bytes]]) -> bytes:
        odd = self.odd
        root = odd.get("root", self.any(package))
        self.heap[4:8] = struct.pack("<I", root)
        at = self.heap.find(b"\x14" + bytes(20)) + 1
        if at > 0 and odd.get("sum", True):
            self.heap[at:at + 20] = hashlib.sha256(self.heap).digest()[:20]
        body = block(0, bytes(self.heap)) + odd.get("signature", b"")
        body += b"".join(block(2, struct.pack("<II", d, f) + content) for d, f, content in data)
        raw = odd.get("magic", b"ADB.") + odd.get("schema", b"pckg") + body + odd.get("tail", b"")
        return raw


def block(kind: int, data: bytes, fill: bytes = b"\0") -> bytes:
    return struct.pack("<I", kind << 30 | len(data) + 4) + data + fill * (-(len(data) + 4) % 8)


def deflated(raw: bytes) -> bytes:
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"ADBd" + z.compress(raw) + z.flush()


def acl(mode: int = 0o755, user: bytes = b"root") -> dict[int, Any]:
    return {1: mode, 2: user, 3: b"root"}


def file(name: bytes, content: bytes, **odd: Any) -> dict[int, Any]:
    slots = {1: name, 2: acl(0o644), 3: len(content), 4: 1700000000, 5: hashlib.sha256(content).digest()}
    return slots | {int(k[1:]): v for k, v in odd.items()}


def info(**odd: Any) -> dict[int, Any]:
    said: dict[str, Any] = {"name": b"tiny", "version": b"1.2.3-r0", "unique_id": bytes(20), "description": b"A tiny one",
                            "arch": b"x86_64", "license": b"Apache-2.0", "build_time": 1700000000, "installed_size": 9} | odd
    return {INFO.index(k.replace("_", "-")) + 1: v for k, v in said.items() if v is not None}


HELLO, LONG = b"hello\n", bytes(range(256)) * 400
TREE = [{2: acl(), 3: []}, {1: b"etc", 2: acl(), 3: [file(b"a", HELLO), file(b"empty", b"")]},
        {1: b"usr", 2: acl(), 3: []}, {1: b"usr/bin", 2: acl(), 3: [file(b"long", LONG), file(b"same", b"", s3=4, s6=b"\0\xa0long")]}]
HAVE = [(2, 1, HELLO), (4, 1, LONG)]


def make(tree: Any = None, have: Any = None, package: Any = None, meta: Any = None, **odd: Any) -> bytes:
    whole = {1: meta or info(), 2: TREE if tree is None else tree, 3: {3: b"#!/bin/sh\nexit 0\n"}} | (package or {})
    return Package(**odd).build(whole, HAVE if have is None else have)


def run(data: bytes, *words: str) -> tuple[int, str, str]:
    with tempfile.NamedTemporaryFile(suffix=".apk") as f:
        f.write(data)
        f.flush()
        p = subprocess.run([READER, *words, f.name], capture_output=True, text=True, check=False)
    return p.returncode, p.stdout, p.stderr


def refused(data: bytes, openwrt: bool = False) -> tuple[str, str]:
    """The rule, or nothing when it is read, and what was said."""
    try:
        reader.read(data, openwrt)
    except reader.Refused as e:
        return e.rule, str(e)
    return "", ""


def one_file(**odd: Any) -> dict[str, Any]:
    """A package of one directory with one file, of which something is odd."""
    return {"tree": [{1: b"etc", 2: acl(), 3: [file(b"a", HELLO, **odd)]}], "have": [(1, 1, HELLO)]}


def good() -> None:
    small = deflated(make())
    for name, data in (("plain", make()), ("deflate", small), ("deflate that says its level", b"ADBc\x01\x09" + small[4:])):
        code, out, err = run(data)
        if not ok((code, err) == (0, ""), f"{name}: read", err):
            continue
        said = json.loads(out)
        same({k: said["info"][k] for k in ("name", "version", "arch", "build-time")},
             {"name": "tiny", "version": "1.2.3-r0", "arch": "x86_64", "build-time": 1700000000}, "... what it is")
        same([p["path"] for p in said["paths"]],
             ["", "etc", "etc/a", "etc/empty", "usr", "usr/bin", "usr/bin/long", "usr/bin/same"], "... its paths")
        same(said["paths"][2], {"path": "etc/a", "type": "file", "size": 6, "mtime": 1700000000, "mode": "0644",
                                "user": "root", "group": "root", "sha256": hashlib.sha256(HELLO).hexdigest()}, "... a file")
        same(said["paths"][7]["symlink"], "long", "... a link")
        same(list(said["scripts"]), ["post-install"], "... a script")
    code, out, err = run(make(signature=block(1, b"\0\4" + bytes(16) + b"signed")))
    ok(code == 0 and json.loads(out)["signatures"] == 1, "signed: read, and the signature counted", err)
    for version in ("0", "1.2", "1.2b", "1.2_rc1", "1.2_git20240101_p3", "1.2~0af1", "0.1.0_alpha2-r17"):
        same(refused(make(meta=info(version=version.encode()))), ("", ""), f"version {version} is one")


BROKEN = [
    ("magic", "a tar in gzip", lambda: b"\x1f\x8b\x08" + make()),
    ("magic", "no magic", lambda: make(magic=b"ABD.")),
    ("magic", "compressed twice", lambda: deflated(deflated(make()))),
    ("compression", "zstd", lambda: b"ADBc\x02\x03" + make()),
    ("deflate", "a stream cut off", lambda: deflated(make())[:-9]),
    ("deflate", "zlib's head", lambda: b"ADBd" + zlib.compress(make())),
    ("trailing", "bytes behind the stream", lambda: deflated(make()) + b"more"),
    ("trailing", "bytes behind the last block", lambda: make(tail=b"\n")),
    ("schema", "an index", lambda: make(schema=b"indx")),
    ("block-order", "data first", lambda: make()[:8] + block(2, b"12345678x") + make()[8:]),
    ("block-order", "two heaps", lambda: make(tail=block(0, bytes(24)))),
    ("block-order", "a signature behind data", lambda: make(tail=block(1, bytes(24)))),
    ("block-order", "nothing behind the head", lambda: make()[:8]),
    ("block-ext", "an extended block", lambda: make(tail=struct.pack("<IIQ", 3 << 30 | 2, 0, 16))),
    ("block-size", "a block of no size", lambda: make(tail=struct.pack("<II", 2 << 30, 0))),
    ("block-size", "a block longer than the file", lambda: make(tail=struct.pack("<II", 2 << 30 | 99, 0))),
    ("block-size", "a heap without room for a root object", lambda: b"ADB.pckg" + block(0, bytes(8))),
    ("padding", "the last block not filled up", lambda: make(have=HAVE[:1])[:-1]),
    ("padding", "filled up with something", lambda: make(**one_file())[:-1] + b"x"),
    ("compat-version", "a later format", lambda: make(compat=1)),
    ("root", "no root", lambda: make(root=0)),
    ("root", "a number as root", lambda: make(root=0x10000005)),
    ("bounds", "root behind the end", lambda: make(root=0xE0FFFFF0)),
    ("bounds", "a string behind the end", lambda: make(meta=info(url=(0x8FFFFFF0,)))),
    ("bounds", "a string in the head", lambda: make(meta=info(url=(0x80000002,)))),
    ("bounds", "more slots than bytes", lambda: make(slots=1 << 20)),
    ("count", "no slots at all", lambda: make(slots=0)),
    ("alignment", "an object on an odd place", lambda: make(root=0xE0000009)),
    ("type", "a number as name", lambda: make(meta=info(name=7))),
    ("type", "bytes as size", lambda: make(meta=info(installed_size=b"9"))),
    ("type", "true as a number", lambda: make(meta=info(installed_size=(1,)))),
    ("type", "a string where paths belong", lambda: make(tree=b"etc/a")),
    ("type", "a null in an array", lambda: make(tree=TREE[:2] + [(0,)])),
    ("unknown-field", "a slot nobody knows", lambda: make(package={6: 1})),
    ("no-info", "no info", lambda: make(package={1: (0,)})),
    ("no-name", "no name", lambda: make(meta=info(name=None))),
    ("no-version", "no version", lambda: make(meta=info(version=None))),
    ("no-arch", "no architecture", lambda: make(meta=info(arch=None))),
    ("name", "a name with a slash", lambda: make(meta=info(name=b"a/b"))),
    ("name", "a name that begins with a dash", lambda: make(meta=info(name=b"-a"))),
    ("control-character", "two lines of description", lambda: make(meta=info(description=b"a\nb"))),
    ("utf-8", "Latin 1", lambda: make(meta=info(maintainer=b"J\xf6rg"))),
    ("description", "a description that is cut off", lambda: make(meta=info(description=b"a" * 513))),
    *(("version", f"version {v}", lambda v=v: make(meta=info(version=v.encode())))
      for v in ("1.2-1", "v1", "1..2", "1.2_foo", "1.2-r", "1.2-r1_p1", "1.2.b", "1.2~xyz")),
    ("no-unique-id", "no unique id", lambda: make(meta=info(unique_id=None))),
    ("unique-id-size", "a unique id of 32 bytes", lambda: make(meta=info(unique_id=b"x" * 32))),
    ("unique-id", "a unique id of something else", lambda: make(sum=False)),
    ("installed-size", "no installed size", lambda: make(meta=info(installed_size=None))),
    ("installed-size", "nothing to install", lambda: make(meta=info(installed_size=0))),
    ("index-only", "the size of the package in itself", lambda: make(meta=info(file_size=5))),
    ("repo-commit", "a commit in hexadecimal", lambda: make(meta=info(repo_commit=b"ab" * 20))),
    ("dependency", "a dependency with a blank", lambda: make(meta=info() | {15: [{1: b"lib c"}]})),
    ("dependency", "a dependency on no version", lambda: make(meta=info() | {15: [{1: b"musl", 2: b"new"}]})),
    ("dependency", "a dependency by no comparison", lambda: make(meta=info() | {15: [{1: b"musl", 2: b"1.2", 3: 99}]})),
    ("tag", "a tag with a blank", lambda: make(meta=info() | {21: [b"a b"]})),
    ("arch", "an architecture with a slash", lambda: make(meta=info(arch=b"arm/v7"))),
    ("no-file-name", "a file without a name", lambda: make(**one_file(s1=b""))),
    ("unsorted", "dependencies", lambda: make(meta=info() | {15: [{1: b"musl"}, {1: b"curl"}]})),
    ("unsorted", "directories", lambda: make(tree=[TREE[2], TREE[1]], have=[(2, 1, HELLO)])),
    ("unsorted", "files", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"b", HELLO), file(b"a", HELLO)]}])),
    ("duplicate", "a directory twice", lambda: make(tree=[TREE[2], TREE[2]])),
    ("duplicate", "a file twice", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"a", HELLO)] * 2}])),
    ("duplicate", "a file that is a directory",
     lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"a", b"")]}, {1: b"etc/a", 2: acl()}], have=[])),
    ("duplicate", "a link that is a directory",
     lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"a", b"", s6=b"\0\xa0b")]}, {1: b"etc/a", 2: acl()}], have=[])),
    ("no-parent", "a directory out of nothing", lambda: make(tree=[TREE[0], TREE[3]])),
    *(("path", f"directory {name!r}", lambda name=name: make(tree=[{1: name, 2: acl()}], have=[]))
      for name in (b"/etc", b"..", b"etc/", b"./etc", b"etc//x", b"etc/../..")),
    ("path", "a file ..", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"..", b"")]}], have=[])),
    ("path", "a file with a slash", lambda: make(**one_file(s1=b"b/a"))),
    ("control-character", "a file name of two lines", lambda: make(**one_file(s1=b"b\na"))),
    ("no-acl", "a file of nobody", lambda: make(**one_file(s2=(0,)))),
    ("no-acl", "a file without a mode", lambda: make(**one_file(s2={2: b"root", 3: b"root"}))),
    ("mode", "the kind of file in its mode", lambda: make(**one_file(s2=acl(0o100644)))),
    ("xattr", "an attribute without a value", lambda: make(**one_file(s2=acl() | {4: [b"user.x"]}))),
    ("no-size", "a file without a size", lambda: make(**one_file(s3=(0,)))),
    ("no-mtime", "a file without a time", lambda: make(**one_file(s4=(0,)))),
    ("no-hash", "a file without a hash", lambda: make(**one_file(s5=(0,)))),
    ("hash-size", "SHA-1", lambda: make(**one_file(s5=hashlib.sha1(HELLO).digest()))),
    ("sha256", "the hash of something else", lambda: make(**one_file(s5=hashlib.sha256(b"").digest()))),
    ("sha256", "a byte of the data turned", lambda: make(tree=one_file()["tree"], have=[(1, 1, b"hellO\n")])),
    ("sha256", "an empty file with another's hash",
     lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"a", b"", s5=b"x" * 32)]}], have=[])),
    ("no-data", "the last file's data missing", lambda: make(have=HAVE[:1])),
    ("data-order", "the first file's data missing", lambda: make(have=HAVE[1:])),
    ("data-order", "data in another order", lambda: make(have=HAVE[::-1])),
    ("data-order", "data of no file", lambda: make(have=HAVE + [(4, 3, b"x")])),
    ("data-order", "data for an empty file", lambda: make(have=[HAVE[0], (2, 2, b""), HAVE[1]])),
    ("data-order", "places counted from nought", lambda: make(have=[(1, 0, HELLO), (3, 0, LONG)])),
    ("data-size", "data too short", lambda: make(tree=one_file()["tree"], have=[(1, 1, HELLO[:-1])])),
    ("data-size", "data filled up to eight", lambda: make(tree=one_file()["tree"], have=[(1, 1, HELLO + b"\0\0")])),
    ("data-head", "data without a head", lambda: make(tree=one_file()["tree"], have=[], tail=block(2, b"abcd"))),
    ("target", "a target without a kind", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"l", b"", s6=b"a")]}], have=[])),
    ("target", "a hard link to nothing", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"l", b"", s6=b"\0\x80etc/x")]}], have=[])),
    ("target", "a directory as target", lambda: make(tree=[{1: b"etc", 2: acl(), 3: [file(b"l", b"", s6=b"\0\x40etc/x")]}], have=[])),
    ("script", "a script of no interpreter", lambda: make(package={3: {3: b"exit 0\n"}})),
    ("trigger", "a trigger without a script", lambda: make(package={4: [b"/etc/*"]})),
    ("signature", "a signature of no size", lambda: make(signature=block(1, b""))),
]

INIT, CONF = b"#!/bin/sh /etc/rc.common\n", b"config tiny\n"
LIST = b"/etc/config/tiny\n/etc/init.d/tiny\n"
CALLS = {3: b"#!/bin/sh\npkgname=tiny\ndefault_postinst\n", 4: b"#!/bin/sh\nexport pkgname=\"tiny\"\ndefault_prerm\n",
         7: b"#!/bin/sh\npkgname=tiny\ndefault_postinst\n"}


def for_openwrt(listed: bytes = LIST, conffiles: bytes = b"/etc/config/tiny\n", static: bytes | None = None, scripts: Any = None,
                **odd: Any) -> bytes:
    if static is None:
        static = b"/etc/config/tiny " + hashlib.sha256(CONF).hexdigest().encode() + b"\n"
    lists = {b"tiny.conffiles": conffiles, b"tiny.conffiles_static": static, b"tiny.list": listed}
    trees = {b"etc": {}, b"etc/config": {b"tiny": CONF}, b"etc/init.d": {b"tiny": INIT}, b"lib": {}, b"lib/apk": {},
             b"lib/apk/packages": {n: c for n, c in lists.items() if c}}
    tree = [{1: d, 2: acl(**odd), 3: [file(n, c) for n, c in f.items()]} for d, f in trees.items()]
    have = [(d, n, c) for d, f in enumerate(trees.values(), 1) for n, c in enumerate(f.values(), 1)]
    return make(tree, have, {3: CALLS if scripts is None else scripts})


OPENWRT = [
    ("openwrt-arch", "all", lambda: make(meta=info(arch=b"all"))),
    ("openwrt-version", "no release", lambda: make(meta=info(version=b"1.2"))),
    ("openwrt-list", "no list", lambda: for_openwrt(b"")),
    ("openwrt-list", "a file the list has not", lambda: for_openwrt(LIST[17:])),
    ("openwrt-list", "a file only the list has", lambda: for_openwrt(LIST + b"/usr/bin/x\n")),
    ("openwrt-list", "a path twice", lambda: for_openwrt(LIST + LIST)),
    ("openwrt-conffiles", "a relative path", lambda: for_openwrt(conffiles=b"etc/config/tiny\n")),
    ("openwrt-list", "relative paths", lambda: for_openwrt(LIST.replace(b"\n/", b"\n"))),
    ("openwrt-list", "no end of line", lambda: for_openwrt(LIST[:-1])),
    ("openwrt-conffiles", "no conffiles", lambda: for_openwrt(conffiles=b"")),
    ("openwrt-conffiles", "no conffiles at all", lambda: for_openwrt(conffiles=b"", static=b"")),
    ("openwrt-conffiles", "no hash of a conffile", lambda: for_openwrt(static=b"")),
    ("openwrt-conffiles", "another's hash", lambda: for_openwrt(static=b"/etc/config/tiny " + b"0" * 64 + b"\n")),
    ("openwrt-scripts", "nothing starts the service", lambda: for_openwrt(scripts={3: CALLS[3], 4: CALLS[4]})),
    ("openwrt-scripts", "nothing stops the service", lambda: for_openwrt(scripts={3: CALLS[3], 7: CALLS[7]})),
    ("openwrt-scripts", "which package it is, is not said", lambda: for_openwrt(scripts=CALLS | {3: b"#!/bin/sh\ndefault_postinst\n"})),
    ("openwrt-owner", "a directory of another user", lambda: for_openwrt(user=b"builder")),
]


def broken() -> None:
    for rules, openwrt in ((BROKEN, False), (OPENWRT, True)):
        for rule, name, build in rules:
            got, told = refused(build(), openwrt)
            same(got, rule, f"{rule}: {name}", told)
    was, reader.INFLATED_MAX = reader.INFLATED_MAX, 100
    same(refused(deflated(make()))[0], "too-big", "too-big: inflated it is more than anybody's memory")
    reader.INFLATED_MAX = was
    code, out, err = run(make(compat=1))
    same((code, out, err.split(": ")[:2]), (1, "", ["refused", "compat-version"]), "the program says so on standard error, and exits 1")
    same(run(make(), "and", "more")[0], 2, "... and 2 when asked for something else")


def openwrt() -> None:
    code, _, err = run(for_openwrt(), "--openwrt")
    ok(code == 0, "a package for OpenWrt has what its scripts look for", err)
    same([name for _, name, build in OPENWRT if refused(build())[0]], [], "what OpenWrt wants is asked for only with --openwrt")


def cut() -> None:
    """Whatever is cut off or turned, there is an answer and never a trace."""
    whole = make(**one_file())
    ok(not refused(whole)[0], "a package of one file is read")
    same([n for n in range(len(whole)) if not refused(whole[:n])[0]], [], "cut off anywhere it is refused")
    turned = [n for n in range(len(whole)) for bit in range(8) if not refused(whole[:n] + bytes([whole[n] ^ 1 << bit]) + whole[n + 1:])[0]]
    same(turned, [], "with any bit turned it is refused")


if __name__ == "__main__":
    good()
    broken()
    openwrt()
    cut()
    sys.exit(done())
