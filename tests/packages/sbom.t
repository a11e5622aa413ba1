#!/usr/bin/env python3
"""The SBOM of every binary that is built: SPDX 2.3 with what that asks for, the pins and nothing but what is linked in, the same twice;
and that it rather fails than leaves something out."""
from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

EPOCH = 1764200000
ENV = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")} | {"SOURCE_DATE_EPOCH": str(EPOCH), "VERSION": "1.2.3"}
CPUS = [cpu for cpu in ("amd64", "arm64", "armhf", "armv6") if os.path.isfile(os.path.join(TOP, "build", cpu, "kedge"))]


def pins(top: str = TOP) -> dict[str, list[str]]:
    with open(os.path.join(top, "packaging", "deps", "pins"), encoding="utf-8") as f:
        return {line.split()[0]: line.split() for line in f if line.strip() and not line.startswith("#")}


def sbom(cpu: str, top: str = TOP, **env: str) -> tuple[int, str, str]:
    p = subprocess.run([os.path.join(top, "packaging", "sbom"), cpu], capture_output=True, text=True, check=False, env=ENV | env, cwd="/")
    return p.returncode, p.stdout, p.stderr


def fields(doc: dict[str, Any]) -> list[str]:
    """What SPDX 2.3 requires and this lacks. There is no checker of it in Debian 12."""
    lacks = [f"document: {k}" for k in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages",
                                        "relationships") if k not in doc]
    if (doc["spdxVersion"], doc["dataLicense"], doc["SPDXID"]) != ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"):
        lacks.append("document: version, licence or id")
    if not re.fullmatch(r"https://[^#\s]+", doc["documentNamespace"]):
        lacks.append(doc["documentNamespace"])
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", doc["creationInfo"]["created"]):
        lacks.append("created")
    if not all(re.match(r"(Person|Organization|Tool): .", c) for c in doc["creationInfo"]["creators"] or [""]):
        lacks.append("creators")
    ids = [p["SPDXID"] for p in doc["packages"]]
    for p in doc["packages"]:
        what = p.get("name", "?")
        lacks += [f"{what}: {k}" for k in ("SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed", "licenseConcluded",
                                           "licenseDeclared", "copyrightText") if k not in p]
        if not re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", p["SPDXID"]) or ids.count(p["SPDXID"]) > 1:
            lacks.append(f"{what}: id {p['SPDXID']}")
        if p["downloadLocation"] != "NOASSERTION" and not re.fullmatch(r"https://\S+", p["downloadLocation"]):
            lacks.append(f"{what}: {p['downloadLocation']}")
        for c in p.get("checksums", []):
            if c["algorithm"] != "SHA256" or not re.fullmatch(r"[0-9a-f]{64}", c["checksumValue"]):
                lacks.append(f"{what}: checksum")
        for r in p.get("externalRefs", []):
            form = {"purl": ("PACKAGE-MANAGER", r"pkg:[a-z]+(/[^@/\s]+)+@\S+"),
                    "cpe23Type": ("SECURITY", r"cpe:2\.3:a(:[^:*\s]+){3}(:\*){7}")}[r["referenceType"]]
            if r["referenceCategory"] != form[0] or not re.fullmatch(form[1], r["referenceLocator"]):
                lacks.append(f"{what}: {r}")
        for a in p.get("annotations", []):
            if set(a) != {"annotationType", "annotator", "annotationDate", "comment"}:
                lacks.append(f"{what}: annotation")
    for r in doc["relationships"]:
        for end in ("spdxElementId", "relatedSpdxElement"):
            if r[end] not in ids + ["SPDXRef-DOCUMENT"]:
                lacks.append(f"{r}: nobody")
    return lacks


def one(cpu: str) -> None:
    code, out, err = sbom(cpu)
    if not ok((code, err) == (0, ""), f"{cpu}: made", err):
        return
    doc = json.loads(out)
    same(fields(doc), [], "... it is JSON, with what SPDX 2.3 requires")
    same(sbom(cpu, TZ="XXX-14", LANG="C.UTF-8", LC_ALL="C.UTF-8")[1], out, "... the same bytes in another time zone and language")
    packages = {p["name"]: p for p in doc["packages"]}
    with open(os.path.join(TOP, "build", cpu, "kedge"), "rb") as f:
        binary = hashlib.sha256(f.read()).hexdigest()
    same(packages["kedge"]["checksums"][0]["checksumValue"], binary, "... kedge, with the binary's SHA-256")
    same(packages["kedge"]["versionInfo"], "1.2.3", "... and its version")
    same(doc["creationInfo"]["created"], "2025-11-26T23:33:20Z", "... of the commit's time")
    ok(doc["documentNamespace"].endswith(f"{cpu}-{binary}"), "... under a name that is this binary's alone", doc["documentNamespace"])
    for name, (_, version, sha, _, url) in pins().items():
        p = packages.get(name, {})
        same((p.get("versionInfo"), p.get("downloadLocation"), [c["checksumValue"] for c in p.get("checksums", [])]), (version, url, [sha]),
             f"... {name} as it is pinned")
    for name in ("musl", "mbedtls", "curl", "cjson"):
        ok(any(r["referenceType"] == "cpe23Type" for r in packages[name]["externalRefs"]), f"... a CPE of {name}, by which flaws are found")
    trimmed = sorted(n for n, p in packages.items() if "annotations" in p)
    same(trimmed, ["curl", "inih", "mbedtls", "musl"], "... those that are trimmed say so")
    rest = sorted(n for n in packages if n not in pins() and n != "kedge" and "gcc" not in n and n != "ld.lld")
    same(rest, [], "... and nothing else but the compiler's")
    links = {r["relatedSpdxElement"] for r in doc["relationships"] if r["relationshipType"] == "STATIC_LINK"}
    same(links, {f"SPDXRef-{n}" for n in pins()} | ({"SPDXRef-libgcc"} if "libgcc" in packages else set()), "... each linked into kedge")
    tools = {r["spdxElementId"] for r in doc["relationships"] if r["relationshipType"] == "BUILD_TOOL_OF"}
    same(tools, {"SPDXRef-gcc", "SPDXRef-lld"}, "... by these tools")
    print(f"# {cpu}: the compiler's runtime is {'' if 'libgcc' in packages else 'not '}in it")


def never_less(cpu: str) -> None:
    with tempfile.TemporaryDirectory() as d:
        def tree(name: str) -> str:
            top = os.path.join(d, name)
            shutil.copytree(os.path.join(TOP, "packaging"), os.path.join(top, "packaging"))
            os.makedirs(os.path.join(top, "build", cpu, "lto"))
            os.symlink(os.path.join(TOP, "build", "src"), os.path.join(top, "build", "src"))
            for part in ("kedge", "kedge.unstripped", "deps", "sysroot"):
                os.symlink(os.path.join(TOP, "build", cpu, part), os.path.join(top, "build", cpu, part))
            shutil.copy(os.path.join(TOP, "build", cpu, "lto", "kedge.res"), os.path.join(top, "build", cpu, "lto"))
            return top

        def edit(top: str, path: str, old: str, new: str) -> None:
            with open(os.path.join(top, path), encoding="utf-8") as f:
                was = f.read()
            assert old in was
            with open(os.path.join(top, path), "w", encoding="utf-8") as f:
                f.write(was.replace(old, new, 1))

        def refused(top: str, words: str, name: str) -> None:
            code, out, err = sbom(cpu, top)
            ok((code, out) == (1, "") and words in err, name, f"exit {code}\n{err}{out[:200]}")

        top = tree("as it is")
        same(sbom(cpu, top)[1], sbom(cpu)[1], "a copy of the tree gives the same")
        planted = f"zlib 1.3 {'0' * 64} pool/main/z/zlib/zlib_1.3.orig.tar.gz https://example.org/zlib-1.3.tar.gz\n"
        edit(top, "packaging/deps/pins", "musl ", f"{planted}musl ")
        refused(top, "zlib has a line in packaging/deps/pins, but none here that says its licence", "a pin without a licence: refused")
        edit(top, "packaging/sbom", "musl|MIT", "zlib|Zlib|LICENSE|zlib|zlib:zlib|pkg:generic/zlib@\nmusl|MIT")
        refused(top, "zlib has a line in packaging/deps/pins, but is not linked in", "a pin that is not linked in: refused")
        top = tree("one more")
        edit(top, f"build/{cpu}/lto/kedge.res", f"build/{cpu}/deps/libcurl.a", f"build/{cpu}/deps/libzlib.a")
        refused(top, "libzlib.a is linked in, but has no line in packaging/deps/pins", "an archive linked in without a pin: refused")
        top = tree("relicensed")
        edit(top, "packaging/sbom", "standard MIT license", "GNU General Public License")
        refused(top, "does not say", "a licence that its archive does not say: refused")
        os.remove(os.path.join(top, "build", cpu, "kedge"))
        refused(top, "is not built", "no binary: refused")


if not CPUS:
    print("1..1\nnot ok 1 - a binary is built")
    sys.exit(1)
for each in CPUS:
    one(each)
never_less(CPUS[0])
with open(os.path.join(TOP, "build", CPUS[0], "version"), encoding="utf-8") as stamp:     # of that commit, so that nothing is compiled
    of = stamp.read().split()[1]
result = subprocess.run(["make", "-s", "sbom", f"CPU={CPUS[0]}"], cwd=TOP, capture_output=True, text=True, check=False,
                        env={k: v for k, v in ENV.items() if k != "VERSION"} | {"SOURCE_DATE_EPOCH": of})
written = os.path.join(TOP, "build", CPUS[0], "kedge.spdx.json")
ok(result.returncode == 0 and os.path.getsize(written) > 0, "make sbom writes it beside the binary", result.stderr)
sys.exit(done())
