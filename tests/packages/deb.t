#!/usr/bin/env python3
"""The Debian packages as files: names, fields, modes, owners, times, licences, what lintian says, and their sizes."""
import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import CPUS, EMULATOR, TOP, build, run, version  # noqa: E402
from e2e import done, figures, note, ok, same  # noqa: E402

PLACED = """
etc/kedge/hooks.d/  etc/kedge/kedge.conf  usr/bin/kedge  usr/lib/systemd/system/kedge.service  usr/lib/sysusers.d/kedge.conf
usr/lib/tmpfiles.d/kedge.conf  usr/share/bash-completion/completions/kedge  usr/share/doc/kedge/changelog.gz  usr/share/doc/kedge/copyright
usr/share/doc/kedge/examples/hooks/10-mail  usr/share/doc/kedge/examples/iam/actor.json  usr/share/doc/kedge/examples/motd/60-kedge
usr/share/doc/kedge/examples/alerts/kedge.rules.yml  usr/share/lintian/overrides/kedge  usr/share/man/man1/kedge.1.gz
usr/share/man/man5/kedge.conf.5.gz  usr/share/man/man8/kedge-agent.8.gz""".split()

# What lintian has to say beside the override, and why it stands.
KNOWN = {
    "package-supports-alternative-init-but-no-init.d-script": "what brings an ECS agent brings systemd; other inits have examples",
    "example-unusual-interpreter": "OpenRC's scripts have one",
    "spelling-error-in-copyright": "Jo-Philipp Wich is a name in musl's licence",
    "spelling-error-in-binary": "four bytes of code that look like a word",
    "initial-upload-closes-no-bugs": "no bug of Debian asked for this package",
}


def tree_of(deb):
    tar = tarfile.open(fileobj=io.BytesIO(subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, check=True).stdout))
    return tar, {m.name.removeprefix("./") + ("/" if m.isdir() else ""): m for m in tar.getmembers()}


def fields(deb):
    text = run("dpkg-deb", "-f", deb)
    return dict(re.findall(r"^([A-Za-z-]+): ?(.*)$", text, re.M))


def control_scripts(deb):
    tar = tarfile.open(fileobj=io.BytesIO(subprocess.run(["dpkg-deb", "--ctrl-tarfile", deb], stdout=subprocess.PIPE, check=True).stdout))
    members = tar.getmembers()
    return {m.name.removeprefix("./"): (m.mode & 0o7777, tar.extractfile(m).read().decode()) for m in members if m.isfile()}, members


def structure(cpu, deb):
    control = fields(deb)
    same((control["Package"], control["Version"], control["Architecture"]), ("kedge", version(), CPUS[cpu]),
         f"{cpu}: name, version, architecture")
    same([k for k, v in control.items() if not v.strip()], [], "... no empty field")
    same([k for k in ("Depends", "Pre-Depends", "Homepage") if k in control], [], "... and none that is not needed")
    tar, files = tree_of(deb)
    scripts, members = control_scripts(deb)
    same([name for name in PLACED if name not in files], [], "... brings what it has to")
    wrong = [(m.name, m.uname, m.uid, oct(m.mode)) for m in [*files.values(), *members]
             if (m.uname, m.gname, m.uid, m.gid) != ("root", "root", 0, 0)
             or m.mode & 0o7777 not in ((0o755,) if m.isdir() else (0o644, 0o755)) or m.issym() or m.islnk()]
    same(wrong, [], "... all root's, 755 or 644")
    runs = sorted(name for name, m in files.items() if m.isfile() and m.mode & 0o111)
    same([r for r in runs if not re.fullmatch(r"usr/bin/kedge|usr/share/doc/kedge/examples/(hooks|motd|openrc|runit)/.*", r)], [],
         "... only programs may be run", runs)
    times = {m.mtime for m in [*files.values(), *members]}
    with open(os.path.join(TOP, "build", cpu, "version"), encoding="ascii") as f:
        same(times, {int(f.read().split()[1])}, "... one time, the commit's")
    same(scripts["conffiles"], (0o644, "/etc/kedge/kedge.conf\n"), "... one conffile")
    same(sorted(name for name, (mode, _) in scripts.items() if mode == 0o755),
         sorted(["postinst", "postrm", "prerm"] + (["preinst"] if cpu == "armhf" else [])), "... its scripts")
    same([s for s, (_, text) in scripts.items() if "@VERSION@" in text], [], "... nothing left to fill in")
    sums = dict(reversed(line.split("  ")) for line in scripts["md5sums"][1].splitlines())
    same(sorted(sums), sorted(n for n, m in files.items() if m.isfile() and not n.startswith("etc/")), "... a sum for each file")
    return tar, files, int(control["Installed-Size"])


def text_of(tar, files, name):
    data = tar.extractfile(files[name]).read()
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode()


def words(tar, files):
    log = text_of(tar, files, "usr/share/doc/kedge/changelog.gz")
    same(re.match(r"kedge \(([^)]+)\)", log).group(1), version(), "the changelog's newest version is the Makefile's")
    rights = " ".join(text_of(tar, files, "usr/share/doc/kedge/copyright").split())
    for source in ("musl/COPYRIGHT", "curl/COPYING", "cjson/LICENSE", "inih/LICENSE.txt"):
        with open(os.path.join(TOP, "build", "src", source), encoding="utf-8") as f:
            whole = " ".join(line.strip() or "." for line in f.read().strip().splitlines())
        ok(" ".join(whole.split()) in rights, f"copyright has the whole of {source}")
    ok("Mbed TLS files are provided" in rights and "/usr/share/common-licenses/Apache-2.0" in rights, "... and says where mbedTLS's is")
    same([n for n in files if n.endswith(".gz") and tar.extractfile(files[n]).read(10)[3:8] != b"\0" * 5], [],
         "gzip keeps neither name nor time")


def binary(cpu, deb, folder):
    run("dpkg-deb", "-x", deb, folder)
    kedge = os.path.join(folder, "usr/bin/kedge")
    emulator = EMULATOR.get(cpu, [])
    if os.uname().machine == "x86_64" and not (emulator and not shutil.which(emulator[0])):
        said = run(*emulator, kedge, "version").strip()
        same(said, f"kedge {version()} ({cpu})", f"{cpu}: its program runs, and says this version")
    with open(kedge, "rb") as f:
        data = f.read()
    same([p for p in (TOP.encode(), b"/build/src", b"/home/") if p in data], [], "... and holds no path of the build")


def lint(cpu, deb):
    if not shutil.which("lintian"):
        ok(True, f"{cpu}: lintian # SKIP no lintian")
        return
    said = subprocess.run(["lintian", "-EvIL", "+pedantic", "--show-overrides", deb], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout
    note(said)
    tags = re.findall(r"^([EWIPXC]): kedge: (\S+)", said, re.M)
    same([(level, tag) for level, tag in tags if tag not in KNOWN or level not in "IP"], [], f"{cpu}: lintian has nothing more to say")
    same(re.findall(r"^O: kedge: (\S+)", said, re.M), ["shared-library-lacks-prerequisites"], "... one override, and it is needed")


def refused(deb, folder):
    """Its preinst where uname says what the first Raspberry Pi says."""
    with open(os.path.join(folder, "uname"), "w", encoding="ascii") as f:
        f.write('#!/bin/sh\necho "$MACHINE"\n')
    os.chmod(f.name, 0o755)
    script = control_scripts(deb)[0]["preinst"][1]
    for machine, argument, code in (("armv6l", "install", 1), ("armv6l", "upgrade", 1), ("armv6l", "abort-upgrade", 0),
                                    ("armv7l", "install", 0), ("aarch64", "install", 0)):
        p = subprocess.run(["sh", "-s", argument], input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                           env={"PATH": folder + ":/usr/bin:/bin", "MACHINE": machine})
        same(p.returncode, code, f"armhf: {argument} on {machine}", p.stdout)
        if code:
            ok(f"kedge_{version()}_armv6.deb" in p.stdout, "... is told which file to take", p.stdout)


def main():
    folder = os.path.join(TOP, "build", "deb.t")
    shutil.rmtree(folder, ignore_errors=True)
    for cpu in CPUS:
        deb = build(cpu)
        tar, files, installed = structure(cpu, deb)
        if cpu == "amd64":
            words(tar, files)
        os.makedirs(os.path.join(folder, cpu))
        binary(cpu, deb, os.path.join(folder, cpu))
        lint(cpu, deb)
        if cpu == "armhf":
            refused(deb, folder)
        figures(**{f"deb_bytes_{cpu}": os.path.getsize(deb), f"deb_installed_kib_{cpu}": installed})
    shutil.rmtree(folder)
    for script in ("preinst", "postinst", "prerm", "postrm"):
        for shell in ("dash", "busybox ash"):
            if shutil.which(shell.split()[0]):
                same(subprocess.run([*shell.split(), "-n", f"packaging/deb/{script}"], cwd=TOP, capture_output=True,
                                    check=False).returncode, 0, f"{shell} reads {script}")
    done()


main()
