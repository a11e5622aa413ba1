#!/usr/bin/env python3
"""make deps-check beside an apt that offers what the test says: each verdict and exit status; then once beside this machine's own."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

PINS = [line.split() for line in open(os.path.join(TOP, "packaging", "deps", "pins"), encoding="utf-8") if line.strip() and line[0] != "#"]
SOURCE = {name: pool.split("/")[-2] for name, _, _, pool, _ in PINS}
PLAIN = {name: version.lstrip("r") for name, version, *_ in PINS}
FAKE = """#!/bin/sh
case $1 in
showsrc) cat "$FAKE/$3" 2>/dev/null || { echo "E: You must put some 'deb-src' URIs in your sources.list" >&2; exit 100; } ;;
dumpavail) cat "$FAKE/avail" 2>/dev/null ;;
esac
"""


def check(offers: dict[str, list[str]], avail: str = "") -> tuple[int, dict[str, list[str]], str]:
    """offers: the versions of each pin's source package; avail: apt-cache dumpavail."""
    with tempfile.TemporaryDirectory() as d:
        with open(f"{d}/apt-cache", "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o755)) as f:
            f.write(FAKE)
        for name, versions in offers.items():
            with open(f"{d}/{SOURCE[name]}", "w", encoding="utf-8") as f:
                f.write("".join(f"Package: {SOURCE[name]}\nFormat: 3.0 (quilt)\nVersion: {v}\nPriority: optional\n\n" for v in versions))
        with open(f"{d}/avail", "w", encoding="utf-8") as f:
            f.write(avail)
        p = subprocess.run([os.path.join(TOP, "packaging", "deps", "check")], capture_output=True, text=True, check=False, cwd="/",
                           env=os.environ | {"FAKE": d, "PATH": f"{d}:{os.environ['PATH']}"})
    return p.returncode, {words[0]: words[1:] for words in map(str.split, p.stdout.splitlines())}, p.stderr


if not shutil.which("dpkg"):
    print("1..0 # SKIP no dpkg, which compares versions")
    sys.exit(0)

current = {name: [f"{PLAIN[name]}-3"] for name in PLAIN}
code, said, err = check(current)
same((code, said, err), (0, {name: [v, PLAIN[name], "current"] for name, v, *_ in PINS}, ""), "all current: 0, a line each")
same(list(said), [name for name, *_ in PINS], "... in the order of the pins")

for version in ("1:99.0-1", "99.0+dfsg-2", "99.0-1~deb13u1", "99.0-1+deb12u4", "99.0+ds1-1", "99.0"):
    code, said, err = check(current | {"curl": current["curl"] + [version]})
    same((code, said["curl"][1:], err), (1, ["99.0", "behind"], ""), f"curl {version} beside the pinned: behind, 1")
for version in ("99.0~rc1-1", "0.1-9"):
    same(check(current | {"curl": current["curl"] + [version]})[0], 0, f"curl {version} beside the pinned: current, 0")
code, said, _ = check(current | {"inih": ["999-1"]})
same((code, said["inih"][1:]), (1, ["999", "behind"]), "inih's r61 is 61")
code, said, _ = check(current | {"musl": ["1.0-1", "1.1-1"]})
same((code, said["musl"][1:]), (0, ["1.1", "ahead"]), "an older suite: ahead, 0, and the newest of it is shown")
code, said, err = check({name: ["0.0.1-1"] for name in PLAIN})
same((code, {v[-1] for v in said.values()}), (0, {"ahead"}), "only older suites: ahead, 0")
ok("deb-src" in err, "... and it says that these cannot tell", err)

stanza = "Package: {}\nStatus: ok\n{}Version: {}\nDescription: any\n\n"
code, said, _ = check({}, stanza.format("libmbedtls99", "Source: mbedtls\n", "99.1-1") + stanza.format("curl", "", PLAIN["curl"] + "-1+b2")
                      + stanza.format("libcjson9", "Source: cjson (98.0-2)\n", "98.0-2+b1"))
same((code, {n: v[1:] for n, v in said.items()}),
     (1, {"musl": ["-", "unknown"], "mbedtls": ["99.1", "behind"], "curl": [PLAIN["curl"], "current"], "cjson": ["98.0", "behind"],
          "inih": ["-", "unknown"]}), "without deb-src the binary packages tell, by the source they name")
code, said, err = check({})
same((code, {v[-1] for v in said.values()}), (3, {"unknown"}), "an index that knows none: unknown, 3")
ok("deb-src" in err and "apt-get update" in err, "... and how to get one that does", err)

if shutil.which("apt-cache"):
    p = subprocess.run(["make", "-s", "deps-check"], cwd=TOP, capture_output=True, text=True, check=False,
                       env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")})
    lines = [x for x in p.stdout.splitlines() if re.fullmatch(r"\S+ +\S+ +\S+ +(current|behind|ahead|unknown)", x)]
    same([x.split()[:2] for x in lines], [pin[:2] for pin in PINS], "this machine's own apt: a line for each pin", p.stdout + p.stderr)
    print("".join(f"# {x}\n" for x in lines), end="")
else:
    ok(True, "this machine's own apt # SKIP there is none")
sys.exit(done())
