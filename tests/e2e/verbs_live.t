#!/usr/bin/env python3
"""Verbs for whoever watches a node and for scripts that deploy: check as a monitoring plugin meets it, wait on deployments that go
well and that do not, watch in a pipe and on a terminal while the daemon comes and goes, and the journal as a timeline."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, note, ok, same, wait  # noqa: E402

CONF = {"aws": {"heartbeat": "2s", "fleet": "1", "credentials": "file"}, "policy": {"rollback": "auto", "hold_down": "0s"}}
FAST = ("--time-scale", "20")


def check(s):
    """Exit code, first line, and each check's level by its name."""
    p, told = s.run("check"), s.read("check")
    return p.returncode, p.stdout.split("\n")[0], {c["name"]: c for c in told.get("checks", [])}


def wait_check(s, name, level, seconds=30.0):
    return wait(lambda: check(s)[2].get(name, {}).get("level") == level, seconds, 0.2)


def waited(s, *words, seconds=150.0):
    """`kedge wait`: exit code, output, its object."""
    p = s.run("wait", *words, seconds=seconds)
    return p.returncode, p.stdout, p.stderr


def watcher(s, **streams):
    return subprocess.Popen([s.binary, "--conf", s.conf_path, "watch"], **streams)


def reads(fd, wanted, seconds=20.0):
    """What comes until `wanted` has."""
    got, end = b"", time.monotonic() + seconds
    while wanted not in got and time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            got += part
    return got.decode(errors="replace")


def good(s):
    """web:1 is deployed, and waited for."""
    s.image("web:1")
    s.start_kedge()
    code, _, said = waited(s, "web")
    ok(code == 3 and "no service of the name web is known on this node" in said, "wait on a service that is not there: 3", said)
    code, out, _ = waited(s, "web", "--json")
    same((code, json.loads(out).get("schema")), (3, "kedge.error/1"), "... for a script")
    s.service("web", {"image": f"{REGISTRY}/web:1"})
    ok(wait(lambda: s.read("services").get("services"), 60, 0.1), "the service is seen")
    code, out, said = waited(s, "web", "--timeout", "1s")
    ok(code == 1 and "\nnot yet: " in out, "wait --timeout 1s: not yet, 1", (code, out, said))
    begun = time.monotonic()
    p = subprocess.Popen([s.binary, "--conf", s.conf_path, "wait", "web"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = reads(p.stdout.fileno(), b"\n")
    s.stop_kedge()
    s.start_kedge()
    out, said = p.communicate(timeout=200)
    rows = (first + out.decode()).splitlines()
    ok(p.returncode == 0 and rows[-1].startswith("web: web:1 ok, AWS: SUCCESSFUL"),
       "wait on a good deployment, over a restart of the daemon: 0", (p.returncode, rows, said))
    same(rows, [r for i, r in enumerate(rows) if i == 0 or r != rows[i - 1]], "... a line only when something changed")
    note(f"{time.monotonic() - begun:.1f} s: " + " | ".join(rows))
    here, there = pty.openpty()
    p = subprocess.Popen([s.binary, "--conf", s.conf_path, "wait", "web", "--timeout=20s"], stdout=there, stdin=subprocess.DEVNULL)
    os.close(there)
    seen = reads(here, b"\n")
    ok(p.wait(20) == 0 and seen.startswith("\rweb: web:1 ok, AWS: SUCCESSFUL, tasks running 1 of 1, failed 0 of 3, ") and " s left" in seen,
       "on a terminal: one line in place, with the time left", seen)
    os.close(here)
    code, out, _ = waited(s, "web", "--json")
    told = json.loads(out)
    same((code, told["schema"], told["ok"], told["settled"], told["verdict"], told["rollout"], told["cause"]),
         (0, "kedge.wait/1", True, True, "ok", "SUCCESSFUL", None), "wait --json on what has settled: at once", told)


def healthy(s):
    code, line, found = check(s)
    same(code, 0, "check on a healthy site: 0", (line, found))
    ok(line.startswith("KEDGE OK - ") and line.endswith(" checks"), "... one line in front", line)
    same({c["level"] for c in found.values()}, {"ok"}, "... every part is well")
    ok({"daemon", "clock", "engine", "ecs_agent", "ecs_agent_log", "route", "aws", "credentials", "iam", "journal", "data_budget",
        "input", "engine_version", "ecs_agent_version"} <= set(found), "... all of them", sorted(found))


def watches(s):
    """A page when it changes, and what else ends it."""
    p = watcher(s, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = reads(p.stdout.fileno(), b"disk written")
    ok(first.startswith("---- 2") and "\nkedge 0." in first and "\nweb " in first, "watch in a pipe: the time, a page", first)
    same(reads(p.stdout.fileno(), b"----", 5), "", "... and no other while nothing changes")
    s.stop_kedge()
    ok("\nkedge agent is not running; this is what it kept\n" in reads(p.stdout.fileno(), b"No failure"), "the daemon ends: it says so")
    s.start_kedge()
    back = reads(p.stdout.fileno(), b"disk written")
    ok("kedge 0." in back and "not running" not in back, "... and goes on when it is back", back)
    p.send_signal(signal.SIGTERM)
    same((p.wait(10), p.stderr.read()), (0, b""), "SIGTERM ends it cleanly")
    p.stdout.close()
    p = watcher(s, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reads(p.stdout.fileno(), b"disk written")
    p.stdout.close()
    same((p.wait(10), p.stderr.read()), (0, b""), "a closed pipe ends it cleanly")
    p = subprocess.run([s.binary, "--conf", s.conf_path, "watch"], stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE, timeout=20)
    ok(p.returncode == 3 and b"cannot be written" in p.stderr, "a full disk is an error", p)
    for term, redrawn in (("xterm", True), ("dumb", False)):
        on_terminal(s, term, redrawn)


def on_terminal(s, term, redrawn):
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    p = watcher(s, stdout=there, stdin=subprocess.DEVNULL, env=os.environ | {"TERM": term})
    os.close(there)
    seen = reads(here, b"disk written")
    if redrawn:
        seen += reads(here, b"disk written")
    same(seen.count("\x1b[H\x1b[2J"), 2 if redrawn else 0, f"on a terminal, TERM={term}: {'drawn again' if redrawn else 'no escapes'}")
    p.send_signal(signal.SIGINT)
    same(p.wait(10), 0, "... Ctrl-C ends it")
    os.close(here)


def bad(s):
    """web:2 cannot start: hauled back, and wait knows from the first moment that web:1 is not what it waits for."""
    s.define("web", {"image": f"{REGISTRY}/web:1", "entryPoint": ["/nosuch"]})
    s.ctl("update-service", service="web", taskDefinition="web:2")
    code, out, said = waited(s, "web", "--timeout", "2m")
    ok(code == 1 and "blame release" in out and "exec-not-found" in out and "kedge why f" in out.replace("\n  ", " "),
       "wait on a bad one: 1, and its cause", (code, out, said))
    note(" | ".join(out.splitlines()))
    same(wait(lambda: (s.read("services").get("services") or [{}])[0].get("verdict") == "rolled-back", 60, 0.2), True, "it is hauled back")
    code, out, _ = waited(s, "web", "--json")
    told = json.loads(out)
    same((code, told["ok"], told["settled"], told["verdict"], told["release"]), (1, False, True, "rolled-back", "web:2"),
         "wait --json after that", told)
    ok("exec-not-found, blame release" in (told["cause"] or ""), "... with the cause", told)


def journal(s):
    told = s.read("journal")
    kinds = [r["kind"] for r in told.get("records", [])]
    same((told.get("schema"), told.get("left_out"), told.get("damaged")), ("kedge.journal/1", 0, []), "the journal while the daemon runs")
    ok({"epoch", "service", "failure", "rollback"} <= set(kinds), "... has what happened", kinds)
    same([r["seq"] for r in told["records"]], sorted(r["seq"] for r in told["records"]), "... newest last")
    f = next(r for r in told["records"] if r["kind"] == "failure")
    ok(f["id"].startswith("f") and "web:2 of web failed" in f["text"] and "exec-not-found, blame release" in f["text"], "a failure", f)
    r = [r for r in told["records"] if r["kind"] == "rollback"][-1]
    ok("web:2 -> web:1, rolled-back" in r["text"], "a rollback", r)
    s.stop_kedge()
    page = s.run("journal", "-n", "2")
    ok(page.returncode == 0 and page.stdout.startswith("(") and "older ones left out" in page.stdout, "-n, without the daemon", page.stdout)
    with open(s.journal, "r+b") as file:
        at = file.read().index(b"\xae\x01", 1)
        file.seek(at + 14)
        file.write(b"\xff")
    page = s.run("journal")
    ok(page.returncode == 0 and f"\nat byte {at}: passed over: " in page.stdout, "damage is named by its offset", page.stdout[-500:])
    code, line, found = check(s)
    ok(code == 2 and line.startswith("KEDGE CRITICAL - ") and "daemon (critical)" in line, "check without a daemon: 2", line)
    ok("web:2" in s.run("check").stdout, "... and what state_dir tells")
    same(found["journal"]["level"], "warning", "... its damage too")


def ailing(s):
    """The ECS agent stops; a permission is taken away."""
    s.stop_agent()
    s.stop_kedge()
    s.start_kedge()     # an idle daemon asks the agent every two minutes only
    ok(wait_check(s, "ecs_agent", "warning"), "the ECS agent is stopped: a warning", check(s))
    code, line, found = check(s)
    same(code, 1, "... exit 1", line)
    ok(line.startswith("KEDGE WARNING - ") and "ecs_agent (warning)" in line, "... in the first line", line)
    ok("systemctl start ecs" in (found["ecs_agent"]["next_step"] or ""), "... and what to do", found["ecs_agent"])
    s.start_agent()
    s.stop_kedge()
    s.start_kedge()     # the agent's port is another now
    ok(wait(lambda: check(s)[0] == 0, 30, 0.2), "it is back: well again", check(s))
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    s.ctl("set-policy", policy={"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["ecs:List*", "ecs:DescribeTasks", "ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions",
                                       "ecs:StopServiceDeployment"], "Resource": "*"}]})
    s.run("deployments")
    code, line, found = check(s)
    same((code, found["iam"]["level"]), (1, "warning"), "a denied action: a warning, 1", (line, found["iam"]))
    ok("ecs:DescribeServices" in found["iam"]["text"] and '"ecs:DescribeServices"' in (found["iam"]["next_step"] or ""),
       "... named, with the statement to add", found["iam"])
    s.ctl("set-policy", policy={"Version": "2012-10-17", "Statement": [allow]})
    s.run("deployments")
    same(check(s)[0], 0, "granted: well again")


def main():
    with Site(engine="20", kedge=False, conf=CONF, cloud_options=FAST) as s:
        good(s)
        healthy(s)
        watches(s)
        ailing(s)
        bad(s)
        journal(s)
    done()


main()
