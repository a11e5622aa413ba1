#!/usr/bin/env python3
"""The packages in a root in which no systemd runs, as while an image is made: installed, upgraded, removed and purged without a
service being started; those of other CPUs beside it, by dpkg's own foreign architectures."""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import CPUS, EMULATOR, TOP, build, repacked, run, version  # noqa: E402
from booted import ROOT, can  # noqa: E402
from chroot import Root  # noqa: E402
from e2e import done, ok, same, skip_all  # noqa: E402




def lifetime(r):
    before = r.files()
    code, said = r.sh("dpkg -i /debs/amd64.deb")
    same((code, [line for line in said.splitlines() if re.search("rror|arning|cannot|ailed", line)]), (0, []),
         "dpkg -i in a root without a running systemd", said)
    said = r.sh("kedge version; id -un kedge; ls -d /root/.aws; readlink /etc/systemd/system/multi-user.target.wants/kedge.service")[1]
    same(said.splitlines(),
         [f"kedge {version()} (amd64)", "kedge", "/root/.aws", "/lib/systemd/system/kedge.service"],
         "the program, the user; enabled for the next boot")
    same(r.sh("cd / && md5sum --quiet -c /var/lib/dpkg/info/kedge.md5sums")[1], "", "its sums are right")
    r.sh("echo '# mine' >>/etc/kedge/kedge.conf; mkdir -p /var/lib/kedge; echo x >/var/lib/kedge/journal")
    for what, deb in (("upgraded", "newer"), ("downgraded", "amd64")):
        code, said = r.sh(f"dpkg -i /debs/{deb}.deb")
        same((code, r.sh("tail -n1 /etc/kedge/kedge.conf; cat /var/lib/kedge/journal")[1]), (0, "# mine\nx\n"),
             f"{what}, settings and journal stay", said)
    code, said = r.sh("dpkg -r kedge")
    same((code, r.sh("tail -n1 /etc/kedge/kedge.conf; cat /var/lib/kedge/journal; ls /usr/bin/kedge 2>/dev/null")[1]), (0, "# mine\nx\n"),
         "removed, they stay", said)
    code, said = r.sh("dpkg -P kedge")
    after = r.files()
    same((code, sorted(after - before), sorted(before - after)), (0, [], []), "purged, nothing is left", said)


def foreign(r, cpu):
    before = r.files()
    r.sh(f"dpkg --add-architecture {CPUS[cpu]}")
    code, said = r.sh(f"dpkg -i /debs/{cpu}.deb")
    same(code, 0, f"{cpu}: dpkg -i of a foreign architecture", said)
    if shutil.which(EMULATOR[cpu][0]):
        same(r.outside(*EMULATOR[cpu], r.at + "/all/usr/bin/kedge", "version"), (0, f"kedge {version()} ({cpu})\n"), "... it runs")
    code, said = r.sh("dpkg -r kedge && dpkg -P kedge")
    same((code, r.files() ^ before), (0, set()), "... removed and purged, nothing is left", said)


def refused(r):
    """What dpkg makes of the preinst on the first Raspberry Pis."""
    r.sh("printf '#!/bin/sh\\necho armv6l\\n' >/usr/local/bin/uname && chmod 755 /usr/local/bin/uname")
    code, said = r.sh("dpkg -i /debs/armhf.deb")
    ok(code != 0 and "armv6.deb" in said and not r.sh("ls /usr/bin/kedge")[1].startswith("/usr"),
       "armhf: an ARMv6 refuses it, and is told which to take", said)
    code, said = r.sh("dpkg -i /debs/armv6.deb")
    same(code, 0, "... which it takes", said)
    r.sh("dpkg -P kedge; rm /usr/local/bin/uname")


def main():
    if can():
        skip_all(can())
    if os.uname().machine != "x86_64" or not shutil.which("dpkg-deb"):
        skip_all("the root is an amd64's, and dpkg-deb has to be there")
    folder = os.path.join(TOP, "build", "chroot_deb.t")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for cpu in CPUS:
        shutil.copy(build(cpu), os.path.join(folder, f"{cpu}.deb"))
    shutil.move(repacked(os.path.join(folder, "amd64.deb"), folder, version() + "+1"), os.path.join(folder, "newer.deb"))
    with Root(folder, os.path.join(TOP, run(ROOT).strip().splitlines()[-1])) as r:
        lifetime(r)
        for cpu in EMULATOR:
            foreign(r, cpu)
        refused(r)
    shutil.rmtree(folder)
    done()


main()
