#!/usr/bin/env python3
"""What has to be on the disk: the program itself, and what apt would install for it on a Debian that has nothing but what
debootstrap's minbase has (required packages and apt), by dpkg's own Installed-Size, dependencies with it, recommended ones not.
ca-certificates counts for everyone that speaks TLS."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import KEDGE, TOP, begin, record, said  # noqa: E402
from e2e import done, note, ok, skip_all  # noqa: E402

TLS = ["ca-certificates"]
# the file that waits, and the packages a bare Debian needs for it
WANT = {"awscli loop": (["/usr/bin/python3", "/usr/bin/aws"], ["awscli", *TLS]), "curl loop": (["/usr/bin/curl", "/usr/bin/jq"], ["curl", "jq", *TLS]),
        "docker events": (["/usr/bin/docker"], ["docker.io"]), "node_exporter": (["/usr/bin/prometheus-node-exporter"], ["prometheus-node-exporter"]),
        "collectd": (["/usr/sbin/collectd"], ["collectd", "collectd-core"])}


def stanzas(text):
    for block in text.split("\n\n"):
        rows = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", block, re.M))
        if "Package" in rows:
            yield rows, block


def would_install(status, packages):
    """{package: version} that apt would unpack where status says what is there."""
    cache = f"Dir::Cache={os.path.dirname(status)}"     # its own: the machine's is of another status, and would be made anew each time
    shown = subprocess.run(["apt-get", "-s", "-o", f"Dir::State::status={status}", "-o", cache, "--no-install-recommends", "install", *packages],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return re.findall(r"^Inst (\S+) \((\S+)", shown.stdout, re.M), shown.stdout


def bare(folder, known):
    """A status file of a minbase Debian."""
    empty, status = os.path.join(folder, "empty"), os.path.join(folder, "status")
    open(empty, "w", encoding="ascii").close()
    first = sorted({r["Package"] for r, _ in known.values() if r.get("Priority") == "required" or r.get("Essential") == "yes"} | {"apt"})
    rows, told = would_install(empty, first)
    ok(len(rows) > len(first) // 2, f"a bare Debian is {len(rows)} packages", told[-1000:])
    with open(status, "w", encoding="utf-8") as f:
        for name, version in rows:
            block = known[name, version][1]
            f.write(re.sub(r"^(Package: .*)$", r"\1\nStatus: install ok installed", block, count=1, flags=re.M) + "\n\n")
    return status


def main():
    known = {(r["Package"], r["Version"]): (r, block) for r, block in stanzas(said("apt-cache", "dumpavail"))}
    if not known:
        skip_all("apt has no lists here: apt-get update")
    begin("installed")
    deb = next((os.path.join(TOP, "build", c, f"kedge_0.1.0_{c}.deb") for c in (os.path.basename(os.path.dirname(KEDGE)),)), "")
    sizes = said("dpkg-deb", "-f", deb, "Installed-Size")
    ok(sizes.isdigit(), "kedge's package is built", deb)
    control = said("dpkg-deb", "-f", deb, "Depends")
    ok(not control, "and depends on nothing", control)
    with tempfile.TemporaryDirectory() as folder:
        status = bare(folder, known)
        certificates = sum_of(would_install(status, TLS)[0], known)
        note(f"kedge: {sizes} KiB of its own, {certificates} KiB of {TLS[0]} and what that needs")
        record("kedge", "binary_kb", [os.path.getsize(KEDGE) / 1000])
        record("kedge", "package_kib", [int(sizes)])
        record("kedge", "installed_kib", [int(sizes) + certificates])
        for name, (files, packages) in WANT.items():
            rows, told = would_install(status, packages)
            ok(rows, f"{name}: {len(rows)} packages", told[-1000:])
            record(name, "binary_kb", [sum(os.path.getsize(os.path.realpath(f)) for f in files) / 1000], " ".join(files))
            record(name, "package_kib", [sum_of([row for row in rows if row[0] in packages and row[0] not in TLS], known)])
            record(name, "installed_kib", [sum_of(rows, known)], f"{len(rows)} packages beyond a bare Debian")
    done()


def sum_of(rows, known):
    return sum(int(known[row][0]["Installed-Size"]) for row in rows)


main()
