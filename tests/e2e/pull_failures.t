#!/usr/bin/env python3
"""Every failed pull that a real engine can be brought to, against a real registry and one that fails on purpose: the
class, whom kedge blames, and the registry's own words.

Left out, because they take the engine 15 to 75 s a try, times the agent's tries; their words are in
tests/captures and judged by tests/unit/t_classify.c: a peer that is silent, blobs that end early, 5xx on a blob, a name
server that does not answer. TLS errors: 127.0.0.0/8 is insecure by default, no other address exists in the rig.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from e2e import REGISTRY, Site, done, engine_can, never, ok, same, skip_all, wait  # noqa: E402

FAKE = "127.0.0.1:5002"

# name: image, class, blame, words
CASES = {
    "tag": (f"{REGISTRY}/web:nosuch", "image-not-found", "release", "manifest unknown"),
    "repo": (f"{REGISTRY}/nosuch/repo:1", "image-not-found", "release", "manifest unknown"),
    "norepo": (f"{FAKE}/norepo:1", "image-not-found", "release", "name unknown"),
    "reference": (f"{REGISTRY}/Upper:1", "image-bad-reference", "release", "invalid reference format"),
    "down": ("127.0.0.1:5999/web:1", "registry-unreachable", "registry", "connection refused"),
    "name": ("registry.nosuch.invalid/web:1", "registry-dns", "network", "no such host"),
    "auth401": (f"{FAKE}/auth401:1", "registry-auth", "credentials", "unauthorized"),
    "denied403": (f"{FAKE}/denied403:1", "registry-auth", "credentials", "denied"),
    "expired": (f"{FAKE}/expired:1", "registry-auth-expired", "credentials", "token has expired"),
    "throttled": (f"{FAKE}/throttled:1", "registry-throttled", "registry", "toomanyrequests"),
    "err500": (f"{FAKE}/err500:1", "registry-error", "registry", "500 Internal Server Error"),
    "err503": (f"{FAKE}/err503:1", "registry-error", "registry", "503 Service Unavailable"),
    "portal200": (f"{FAKE}/portal200:1", "registry-blocked", "network", "invalid character '<'"),
    "portal403": (f"{FAKE}/portal403:1", "registry-blocked", "network", "invalid character '<'"),
    "badjson": (f"{FAKE}/badjson:1", "image-corrupt", "registry", "invalid character"),
    "corrupt": (f"{FAKE}/corrupt:1", "image-corrupt", "registry", "verification failed"),
    "gone": (f"{FAKE}/gone:1", "image-corrupt", "registry", "unknown blob"),
    "nottar": (f"{FAKE}/nottar:1", "image-corrupt", "registry", "tar"),
    "diff": (f"{FAKE}/diff:1", "image-corrupt", "registry", "don't match image configuration"),
    "noarch": (f"{FAKE}/noarch:1", "image-wrong-arch", "release", "no matching manifest"),
    "windows": (f"{FAKE}/windows:1", "image-wrong-arch", "release", "cannot be used on this platform"),
    "chart": (f"{FAKE}/chart:1", "image-unsupported", "release", "vnd.cncf.helm"),
}


def in_mounts(s, *command):
    """In the rig's mount and network namespaces, as root of the engine's world."""
    with open(os.path.join(s.rig, "init.pid"), encoding="utf-8") as f:
        subprocess.run(["nsenter", "-t", f.read().strip(), "-m", "-n", "--", *command], check=True)


def fake(s, *words):
    port = FAKE.rpartition(":")[2]
    s.in_rig(sys.executable, os.path.join(HERE, "fake_registry.py"), port, *words)
    ping = ["curl", "-fs", "--max-time", "2", f"http://{FAKE}/v2/"]
    up = wait(lambda: subprocess.run([os.path.join(HERE, "..", "rig", "engine.sh"), "in", s.rig, *ping],
                                     stdout=subprocess.DEVNULL, check=False).returncode == 0, 20)
    if not up:
        raise RuntimeError("the failing registry does not answer")


def no_names(s):
    path = os.path.join(s.folder, "resolv.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    in_mounts(s, "mount", "--bind", path, os.path.realpath("/etc/resolv.conf"))
    s.engine_sh("daemon-stop")	# it reads the file at most every 5 s
    s.engine_sh("daemon-start")


def check(s, name, arn, klass, blame, words):
    found = s.failures(task=arn, stage="pull")
    if not ok(len(found) == 1, f"{name}: told once", json.dumps(s.failures(task=arn), indent=1)) and not found:
        return
    f = found[0]
    same((f["class"], f["blame"], f["essential"]), (klass, blame, True), f"{name}: {klass}, blame {blame}",
         f["reason"])
    ok(words in (f["reason"] or ""), f"{name}: the registry's own words are kept", f["reason"])
    same([g["id"] for g in s.failures(task=arn)], [f["id"]], f"{name}: the create that follows is the same failure",
         json.dumps(s.failures(task=arn), indent=1))
    lines = s.kedge.said(f"failure {f['id']} ")
    ok(len(lines) == 1, f"{name}: one line in the log", "\n".join(lines))


def failing():
    with Site(kedge=False) as s:
        s.image("web:11")
        fake(s, "names")
        no_names(s)
        s.start_kedge()
        arns = {name: s.run_task(name, {"image": case[0]}) for name, case in CASES.items()}
        for name, arn in arns.items():
            wait(lambda: s.failures(task=arn, essential=True), 60)
        for name, arn in arns.items():
            check(s, name, arn, *CASES[name][1:])
        f = s.wait_failure(task=arns["down"])
        ok(f and any("refused the connection" in e for e in f["evidence"]), "the evidence is a sentence", f)
        cached(s)
        ok(s.kedge.alive(), "kedge lives")
        same(s.stop_kedge(), 0, "and ends well")


def cached(s):
    """The engine has the image: the task runs although the registry is away, and nothing failed."""
    first = s.run_task("cached", {})
    ok(s.wait_task(first, "RUNNING"), "the image is pulled and runs")
    s.engine_sh("registry-stop")
    second = s.run_task("cached-again", {})
    ok(s.wait_task(second, "RUNNING", 60), "the registry is down, the cached image runs")
    ok(never(lambda: s.failures(task=second), 2), "that is no failure", s.failures(task=second))
    s.engine_sh("registry-start")


def disk_full():
    with Site(disk="64m") as s:
        s.image("web:11")
        fake(s, "big")
        arn = s.run_task("big", {"image": f"{FAKE}/big:1"})
        f = s.wait_failure(40, task=arn, essential=True)
        same((f.get("stage"), f.get("class"), f.get("blame")), ("pull", "disk-full", "node"),
             "disk full in a pull: blame node", f)
        ok("no space left on device" in (f.get("reason") or ""), "the engine's own words are kept", f)
        ready = s.run_task("ready", {})
        ok(s.wait_task(ready, "RUNNING"), "a small image still fits")
        data = os.path.join(s.rig, "data")
        in_mounts(s, "sh", "-c", f"cat /dev/zero >{data}/fill 2>/dev/null || true")
        arn = s.run_task("full", {})
        f = s.wait_failure(40, task=arn, essential=True)
        same((f.get("class"), f.get("blame")), ("disk-full", "node"), "disk full: blame node", f)
        in_mounts(s, "rm", f"{data}/fill")
        ok(s.kedge.alive(), "kedge lives")


def main():
    why = engine_can()
    if why:
        skip_all(why)
    failing()
    disk_full()
    done()


main()
