#!/usr/bin/env python3
"""The sandbox under the kernels that Debian ships for ARM, booted in qemu-system: qemu-user has neither Landlock nor seccomp. The
64-bit kernel runs the program of each CPU, the 32-bit one those of armhf and armv6; every row of tests/unit/t_sandbox.c counts, and
none may be skipped."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

RIG = os.path.join(TOP, "tests", "rig", "kernel.sh")
BOOTS = {"arm64": ("arm64", "armhf", "armv6"), "armhf": ("armhf", "armv6")}
ROWS_MIN = 70


def rig(*words):
    return subprocess.run([RIG, *words], cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def build(cpu):
    """What make has made already is not made again."""
    want = [f"build/{cpu}/tests/unit/t_sandbox", f"build/{cpu}/sandbox-init"]
    subprocess.run(["make", f"VARIANT={cpu}", *want], cwd=TOP, check=True, stdout=subprocess.DEVNULL,
                   env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")})
    return [os.path.join(TOP, w) for w in want]


def judge(kernel, cpu, console):
    """The TAP of one program, out of all that the machine said."""
    found = re.search(rf"^== begin t_{cpu}\n(.*?)^== end t_{cpu} (-?\d+)$", console, re.M | re.S)
    who = f"{cpu} program, {kernel} kernel"
    if not ok(found, f"{who}: it ran to its end", console[-3000:]):
        return
    said, code = found.groups()
    rows = re.findall(r"^(not )?ok \d+ - (.*)$", said, re.M)
    plan = re.findall(r"^1\.\.(\d+)$", said, re.M)
    skipped = [name for _, name in rows if "# SKIP" in name]
    bad = [line for line in said.splitlines() if line.startswith(("not ok", "#"))]
    same((code, [n for bad_, n in rows if bad_]), ("0", []), f"{who}: {len(rows)} rows hold", "\n".join(bad))
    same(plan, [str(len(rows))], f"{who}: ... all that were planned")
    ok(len(rows) >= ROWS_MIN and not skipped, f"{who}: ... and none is left out", "\n".join(skipped))


def boot(kernel, cpus, folder):
    got = rig("get", kernel)
    if not ok(got.returncode == 0, f"{kernel}: Debian's kernel is there", got.stderr.decode("utf-8", "replace")):
        return
    root = os.path.join(folder, kernel)
    os.makedirs(root)
    for cpu in cpus:
        program, init = build(cpu)
        shutil.copy(program, os.path.join(root, "t_" + cpu))
        if cpu == kernel:
            shutil.copy(init, os.path.join(root, "init"))
    image = root + ".cpio.gz"
    packed = rig("pack", root, image)
    begun = time.monotonic()
    booted = rig("boot", kernel, got.stdout.decode().strip(), image)
    console = booted.stdout.decode("utf-8", "replace").replace("\r", "")
    ok(packed.returncode == 0 and booted.returncode == 0, f"{kernel}: it boots, and switches itself off",
       console[-3000:] + booted.stderr.decode("utf-8", "replace"))
    print(f"# {kernel}: {time.monotonic() - begun:.1f} s")
    for cpu in cpus:
        judge(kernel, cpu, console)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for kernel, cpus in BOOTS.items():
            boot(kernel, cpus, folder)
    return done()


if __name__ == "__main__":
    sys.exit(main())
