"""A root to install in, in a mount namespace that one process holds open; what changes in it lies in memory. One of arm64 gets a user
namespace besides, in which the kernel hands its programs to qemu, so that this machine's own table of such programs is never
touched; it is changed itself, as a user namespace's layers over it cannot rename folders."""
from __future__ import annotations

import os
import re
import subprocess

QEMU = "/usr/lib/binfmt.d/qemu-aarch64.conf"
# for whoever is root in there; the kernel wants to hear it from outside
EVERYBODY = "0 0 65536\n"


class Root:
    """with Root(folder, lower) as r: r.sh(…); folder is seen in it as /debs, and what it changes there stays."""

    def __init__(self, folder: str, lower: str, arm64: bool = False) -> None:
        self.at = os.path.join(folder, "root")
        self.arm64 = arm64
        os.makedirs(self.at, exist_ok=True)
        binfmt = f"mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; cat {QEMU} >/proc/sys/fs/binfmt_misc/register" if arm64 else ":"
        over = (f"mount --bind {lower} {self.at}/all" if arm64 else
                f"mount -t overlay -o lowerdir={lower},upperdir={self.at}/up,workdir={self.at}/work none {self.at}/all")
        script = f"""read begin
set -e
{binfmt}
mount -t tmpfs none {self.at}
mkdir {self.at}/up {self.at}/work {self.at}/all
{over}
mount --rbind /proc {self.at}/all/proc
mkdir {self.at}/all/debs
mount --bind {folder} {self.at}/all/debs
echo ready
cat"""
        self.holder = subprocess.Popen(["unshare", "-m", *(["-U"] if arm64 else []), "sh", "-c", script], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        assert self.holder.stdin and self.holder.stdout
        if arm64:
            self._map()
        self.holder.stdin.write("begin\n")
        self.holder.stdin.flush()
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError("no root of its own can be laid over another")

    def _map(self) -> None:
        own = os.readlink("/proc/self/ns/user")
        while os.readlink(f"/proc/{self.holder.pid}/ns/user") == own:
            pass
        for kind in ("uid_map", "gid_map"):
            with open(f"/proc/{self.holder.pid}/{kind}", "w", encoding="ascii") as f:
                f.write(EVERYBODY)

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.holder.stdin
        self.holder.stdin.close()
        self.holder.wait(10)

    def outside(self, *command: str) -> tuple[int, str]:
        """A program of this machine, which sees the root's files below self.at/all."""
        inside = ["nsenter", "-t", str(self.holder.pid), *(["-U"] if self.arm64 else []), "-m"]
        p = subprocess.run([*inside, *command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout + p.stderr

    def sh(self, script: str) -> tuple[int, str]:
        return self.outside("env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "chroot",
                            self.at + "/all", "sh", "-c", script)

    def files(self) -> set[str]:
        """What lies where, but for what dpkg notes down in its own places."""
        listed = self.sh("find / -path /proc -prune -o -path /debs -prune -o -printf '%y %m %p\\n'")[1]
        aside = re.compile(r" /(var/lib/dpkg|var/log|var/cache)/| /etc/(passwd|group|shadow|gshadow|subuid|subgid)-$")
        return {line for line in listed.splitlines() if not aside.search(line)}
