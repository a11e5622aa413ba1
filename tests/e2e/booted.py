"""A small Debian booted with systemd around a site: the real service manager and the real journald for kedge. What changes in it is
gone afterwards. The site's folder is in it at the same path, and its network is this machine's, where the doubles listen."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import Any

from e2e import KEDGE, TOP, note, wait

ROOT = os.path.join(TOP, "tests", "rig", "root.sh")


def can() -> str:
    """Empty, or why nothing can be booted here."""
    if os.geteuid() != 0:
        return "a root of its own is booted as root only"
    missing = [tool for tool in ("systemd-nspawn", "debootstrap", "unshare", "nsenter") if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if missing:
        return f"no {missing[0]}"
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else "no mount namespace of its own can be had here"


class Booted:
    """with Booted(site, unit_text) as b: … ; the unit is kedge.service, and started. Without a unit there is no kedge in it; binds are
    systemd-nspawn's further options."""

    def __init__(self, site: Any, unit: str = "", binds: tuple[str, ...] = ()) -> None:
        self.site, self.leader = site, 0
        self.root = subprocess.run([ROOT], check=True, stdout=subprocess.PIPE, text=True, cwd=TOP).stdout.strip()
        self.options = binds
        if unit:
            path = os.path.join(site.folder, "kedge.service")
            with open(path, "w", encoding="utf-8") as f:
                f.write(unit)
            self.options += (f"--bind-ro={KEDGE}:/usr/local/bin/kedge", f"--bind-ro={path}:/etc/systemd/system/kedge.service")
        self.wants = ["systemd.wants=kedge.service"] if unit else []

    def __enter__(self) -> Booted:
        begun = time.monotonic()
        with open(os.path.join(self.site.folder, "boot.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "-m", "systemd-nspawn", "-q", "-D", os.path.join(TOP, self.root), "--volatile=overlay", "--register=no", "--keep-unit",
                 "--console=pipe", f"--bind={self.site.folder}", *self.options, "-b", *self.wants],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.leader = wait(self._leader, 20)
        if not self.leader or not wait(self._up, 60, 0.2):
            self.__exit__()
            raise RuntimeError("the root does not boot")
        note(f"booted in {time.monotonic() - begun:.1f} s")
        return self

    def _up(self) -> bool:
        if self.wants:
            return self.show("ActiveState") in ("active", "failed")
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def _leader(self) -> int:
        """The first process of the container: a grandchild of ours."""
        for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                    name, _, rest = f.read().partition("(")[2].rpartition(")")
            except OSError:
                continue
            if name in ("systemd", "init") and int(rest.split()[1]) == self.process.pid:
                return int(pid)
        return 0

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["nsenter", "-t", str(self.leader), "-m", "-p", "-u", "-i", *command], capture_output=True, text=True, check=False, timeout=60)

    def show(self, member: str) -> str:
        return self.run("systemctl", "show", "-P", member, "kedge.service").stdout.strip()

    def journal(self, *match: str) -> list[dict[str, Any]]:
        out = self.run("journalctl", "-o", "json", "--all", "--no-pager", *match).stdout
        return [json.loads(line) for line in out.splitlines()]

    def __exit__(self, *_: Any) -> None:
        if self.leader:
            self.run("systemctl", "poweroff", "--no-block")
        try:
            self.process.wait(40 if self.leader else 1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
