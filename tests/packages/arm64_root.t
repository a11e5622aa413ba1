#!/usr/bin/env python3
"""A whole arm64 Debian under qemu-user: the arm64 package installed, upgraded, removed and purged by its own dpkg and shell. Minutes:
only with PACKAGES=full."""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import TOP, build, repacked, run, version  # noqa: E402
from booted import can  # noqa: E402
from chroot import QEMU, Root  # noqa: E402
from e2e import done, note, ok, same, skip_all  # noqa: E402

PACKAGES = "systemd,systemd-sysv"


def unpacked(folder):
    """The packages of a small Debian, not yet set up: that takes its own programs."""
    root = os.path.join(folder, "arm64")
    with open("/etc/os-release", encoding="utf-8") as f:
        suite = re.search(r"^VERSION_CODENAME=(.*)$", f.read(), re.M).group(1)
    targets = run("apt-get", "indextargets", "--format", "$(CODENAME) $(ORIGIN) $(REPO_URI)")
    mirror = next(uri for name, origin, uri in (line.split(" ", 2) for line in targets.splitlines()) if (name, origin) == (suite, "Debian"))
    run("debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", f"--include={PACKAGES}", suite, root, mirror)
    # the devices are made; the second stage tries once more whether it could, which in a user namespace nobody can
    os.makedirs(os.path.join(root, "usr/local/bin"), exist_ok=True)
    with open(os.path.join(root, "usr/local/bin/mknod"), "w", encoding="ascii") as f:
        f.write('#!/bin/sh\n: >"$1"\n')
    os.chmod(f.name, 0o755)
    return root


def main():
    if os.environ.get("PACKAGES") != "full":
        skip_all("only with PACKAGES=full: it takes minutes")
    if can():
        skip_all(can())
    if not os.path.exists(QEMU) or not shutil.which("qemu-aarch64-static"):
        skip_all("no qemu-user-static")
    folder = os.path.join(TOP, "build", "arm64_root.t")
    subprocess.run(["rm", "-rf", folder], check=True)
    os.makedirs(folder)
    shutil.copy(build("arm64"), os.path.join(folder, "arm64.deb"))
    shutil.move(repacked(os.path.join(folder, "arm64.deb"), folder, version() + "+1"), os.path.join(folder, "newer.deb"))
    before_here = os.listdir("/proc/sys/fs/binfmt_misc")
    with Root(folder, unpacked(folder), arm64=True) as r:
        code, said = r.sh("/debootstrap/debootstrap --second-stage")
        same((code, r.sh("uname -m; dpkg --print-architecture; rm /usr/local/bin/mknod")), (0, (0, "aarch64\narm64\n")),
             "an arm64 Debian sets itself up", said[-2000:])
        before = r.files()
        for what, deb in (("installed", "arm64"), ("upgraded", "newer"), ("downgraded", "arm64")):
            code, said = r.sh(f"dpkg -i /debs/{deb}.deb")
            same(code, 0, what, said)
        same(r.sh("kedge version; id -un kedge; cd / && md5sum --quiet -c /var/lib/dpkg/info/kedge.md5sums")[1],
             f"kedge {version()} (arm64)\nkedge\n", "it runs, its user is there, its sums are right")
        ok(r.sh("ls /etc/systemd/system/multi-user.target.wants/")[1].find("kedge.service") >= 0, "enabled for the first boot")
        code, said = r.sh("dpkg -r kedge && ls /etc/kedge/kedge.conf && dpkg -P kedge")
        after = r.files()
        same((code, sorted(after - before), sorted(before - after)), (0, [], []), "removed and purged, nothing is left", said)
    same(os.listdir("/proc/sys/fs/binfmt_misc"), before_here, "this machine's table of foreign programs is as it was")
    subprocess.run(["rm", "-rf", folder], check=True)
    note("all of it by the arm64's own dpkg, sh and systemd tools under qemu")
    done()


main()
