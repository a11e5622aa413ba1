#!/usr/bin/env python3
"""Input that is wrong, late, torn, huge or hostile, at every door of the real binary: it lives, the state has a name and
a counter in `status`, nothing kept is lost, and it works again when the input does. Needs no real engine."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import (ARN, KEDGE, REGISTRY, Site, done, labels, never, note, ok, same, wait)  # noqa: E402

NOBODY = 65534
count = 0


def alive(s, what):
    ok(s.kedge.alive(), f"{what}: kedge lives", s.kedge.tail())


def break_one(s, name="broken"):
    """A failed start of its own task: proof that kedge sees and tells; returns the failure."""
    global count
    count += 1
    body = {"Image": f"{REGISTRY}/web:11", "Entrypoint": ["/nosuch"], "HostConfig": {"NetworkMode": "none"},
            "Labels": labels(f"{count:032x}", name)}
    ident = s.docker.create(f"{name}-{count}", body)
    try:
        s.docker.start(ident)
    except Exception:	# that it fails is what it is for
        pass
    return s.wait_failure(15, task=ARN + f"{count:032x}")


def still_works(s, what):
    f = break_one(s)
    same(f.get("class"), "exec-not-found", f"{what}: what fails afterwards is told", s.kedge.tail())
    alive(s, what)


def status(s, *path):
    found = s.status()
    for part in path:
        found = (found or {}).get(part)
    return found


# ---- conf

def conf_errors():
    for name, text, words in (
            ("an unknown key", "[kedge]\nstate_dir = /tmp/x\ncolour = blue\n", ("line 3", "colour")),
            ("a bad value", "[policy]\nfailures = many\n", ("line 2", "failures")),
            ("a bad duration", "[aws]\n\nheartbeat = soon\n", ("line 3", "heartbeat")),
            ("an unknown section", "[keg]\na = b\n", ("line", "keg")),
            ("a line that is no line", "[kedge]\nregion = eu-west-1\nnonsense\n", ("line 3",)),
            ("bytes that are no text", "[kedge]\nregion = \x01\x02\n", ("line 2", "control byte")),
            ("plain http to another host", "[aws]\nendpoint = http://example.com\n", ("[aws]", "endpoint"))):
        path = f"/tmp/kedge-e2e-{os.getpid()}.conf"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        try:
            for verb in (["agent"], ["status", "--json"]):
                got = subprocess.run([KEDGE, "--conf", path, *verb], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True, timeout=20, check=False)
                good = got.returncode == 2 and all(w in got.stderr for w in (path, *words))
                ok(good, f"conf: {name}: {verb[0]} exits 2 and names file and place",
                   f"{got.returncode} {got.stderr}")
        finally:
            os.unlink(path)


def reload(s):
    shutil.copy(s.conf_path, s.conf_path + ".good")
    with open(s.conf_path, "a", encoding="utf-8") as f:
        f.write("[policy]\nrollback = perhaps\n")
    s.kedge.process.send_signal(signal.SIGHUP)
    said = s.kedge.wait_said("the old one stays in force")
    ok(said and "rollback" in said[0] and s.conf_path in said[0], "SIGHUP with a bad conf: said, with file and key", said)
    os.replace(s.conf_path + ".good", s.conf_path)
    still_works(s, "SIGHUP with a bad conf")
    s.kedge.process.send_signal(signal.SIGHUP)
    ok(s.kedge.wait_said("is read again"), "SIGHUP with the good one is taken", s.kedge.tail())


# ---- the engine

def engine_doors():
    with Site(engine="", agent=False, kedge=False) as s:
        s.start_kedge(synced=False)
        ok(s.wait_source("engine", "absent"), "engine: no socket is a state", s.kedge.tail())
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(s.socket)
        ok(s.wait_source("engine", "refused"), "engine: a dead socket is a state", s.status().get("sources"))
        os.unlink(s.socket)
        alive(s, "engine")
        s.stop_kedge()
    if os.getuid() != 0:
        note("not root: a socket of another user cannot be made")
        return
    with Site(engine="20", agent=False, kedge=False) as s:
        for folder in (s.state_dir, s.run_dir):
            os.mkdir(folder)
            os.chown(folder, NOBODY, NOBODY)
        os.chmod(s.folder, 0o755)
        os.chmod(s.socket, 0o600)
        shutil.copy(KEDGE, os.path.join(s.folder, "kedge"))
        s.binary = os.path.join(s.folder, "kedge")
        os.chmod(s.binary, 0o755)
        s.start_kedge(synced=False, uid=NOBODY)
        ok(s.wait_source("engine", "denied"), "engine: a socket of another user is a state", s.kedge.tail())
        ok(status(s, "sources", "engine", "detail"), "and says so", s.status().get("sources"))
        os.chmod(s.socket, 0o666)
        ok(s.wait_source("engine", "up", 40), "engine: taken up when it may be opened", s.kedge.tail())
        alive(s, "engine")


def script(s, *steps):
    s.docker.call("POST", "/_double/script", list(steps))


def engine_stream(s):
    before = status(s, "input", "events_malformed")
    script(s, {"at_ms": 0, "raw": '{"Type":"container","Action":"die", broken\n'},
           {"at_ms": 50, "raw": "<html>not an event</html>\n"}, {"at_ms": 100, "raw": "\x00\x01\x02\n"})
    ok(wait(lambda: status(s, "input", "events_malformed") >= before + 3), "events that are no JSON are counted",
       s.status().get("input"))
    still_works(s, "broken events")
    before = status(s, "input", "events_oversize")
    script(s, {"at_ms": 0, "oversize": 1 << 20})
    ok(wait(lambda: status(s, "input", "events_oversize") == before + 1), "an event of 1 MB is counted and passed over",
       s.status().get("input"))
    still_works(s, "an event of 1 MB")
    script(s, {"at_ms": 0, "eof": True})
    ok(s.kedge.wait_said("source engine is refused"), "a stream that ends without its last chunk is a state", s.kedge.tail())
    ok(s.wait_source("engine", "up", 20), "and it is opened again")
    still_works(s, "a stream that ended")
    script(s, {"at_ms": 0, "refuse": 1500})
    ok(wait(lambda: s.source("engine") in ("absent", "refused"), 10), "an engine that is away is a state")
    ok(s.wait_source("engine", "up", 20), "and it is found again")
    script(s, {"at_ms": 0, "stall": 1500})
    ok(s.status().get("sources"), "an engine that stalls does not keep kedge from answering")
    still_works(s, "a stalled engine")


# ---- credentials, clock and answers of AWS

def ask(s):
    return s.run("deployments", "--json")


def aws_works(s, what, seconds=40):
    def fresh():
        try:
            return len(json.loads(ask(s).stdout).get("services", [])) > 0 and s.source("aws") == "up"
        except ValueError:
            return False
    ok(wait(fresh, seconds, 0.3), f"{what}: then AWS answers again", s.kedge.tail())
    alive(s, what)


def credentials(s):
    path = os.path.join(s.cloud, "credentials")
    with open(path, encoding="ascii") as f:
        whole = f.read()
    s.stop_kedge()
    with open(path, "w", encoding="ascii") as f:
        f.write(whole[:90])
    s.start_kedge()
    ok(wait(lambda: status(s, "facts", "credentials") is False), "a credential file half written is a state",
       s.status().get("facts"))
    ok(status(s, "sources", "aws", "detail"), "and says what is missing", s.status().get("sources"))
    ok("secret" not in s.kedge.tail().lower() or whole.split()[3] not in s.kedge.tail(), "no key in the log")
    with open(path, "w", encoding="ascii") as f:
        f.write(whole)
    ok(wait(lambda: status(s, "facts", "credentials") is True, 25, 0.3), "completed, it is taken", s.status().get("facts"))
    aws_works(s, "a completed credential file")
    s.ctl("expire-credentials")
    ask(s)
    ok(s.wait_source("aws", "denied"), "expired credentials are a state", s.status().get("sources"))
    s.ctl("rotate-credentials", torn_s=0.3)
    aws_works(s, "rotated credentials")
    with open(os.path.join(s.folder, "kedge.log"), encoding="utf-8") as f:
        log = f.read()
    with open(path, encoding="ascii") as f:
        words = f.read().split()
    ok(not any(w in log for w in words if len(w) > 20), "no key or token is in the log")


def clock(s):
    for offset in (3600, -3600):
        s.ctl("set-clock", offset_s=offset)
        aws_works(s, f"a clock {offset} s off the server's")
    s.ctl("set-clock", offset_s=0)
    aws_works(s, "the clock is right again")


def answers(s):
    for kind in ("html", "http500", "http503", "redirect", "bad-json", "truncate", "reset"):
        malformed = status(s, "input", "answers_malformed")
        s.ctl("fault", kind=kind, count=3)
        got = ask(s)
        said = wait(lambda: s.source("aws") != "up" or status(s, "input", "answers_malformed") > malformed or
                    s.kedge.said("aws:"), 10)
        ok(said and got.returncode in (0, 1, 3), f"an answer of kind {kind} is a state or counted",
           got.stdout[:300] + got.stderr + s.kedge.tail())
        s.ctl("clear-faults")
        aws_works(s, f"an answer of kind {kind}")
    s.ctl("fault", kind="hang", count=1, seconds=4)
    p = subprocess.Popen([s.binary, "--conf", s.conf_path, "deployments", "--json"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    ok(s.status().get("sources"), "while AWS hangs, status answers")
    still_works(s, "while AWS hangs")
    p.wait(40)
    s.ctl("clear-faults")
    aws_works(s, "a hanging answer")


def big_answer(s):
    names = ["web"] + [f"svc-{'x' * 200}-{i}" for i in range(1, 10)]	# their names are in every event
    for name in names[1:]:
        s.service(name, {})
    known = wait(lambda: len(s.read("services").get("services", [])) == len(names), 60, 0.2)
    for name in names:
        s.ctl("pad-events", service=name, count=100)
    got = json.loads(ask(s).stdout)
    same(sorted(r["service"] for r in got.get("services", [])), sorted(names),
         "a DescribeServices of 300 KB and more: every service is in the table", known)
    s.stop_kedge()

    def most():
        with open(os.path.join(s.cloud, "connections.jsonl"), encoding="utf-8") as f:
            return max(json.loads(line).get("bytes_to_client", 0) for line in f)

    # the cloud writes a connection down when it has seen its end
    ok(wait(lambda: most() > 300_000, 10), f"{most()} bytes came in over one connection")
    s.start_kedge()
    alive(s, "300 KB")


def denied(s):
    s.ctl("deny-action", action="ecs:DescribeServices")
    ask(s)
    said = s.kedge.wait_said("aws:", "DescribeServices")
    ok(said and "arn:aws:ecs" in said[-1], "a denial names the action and the resource", said or s.kedge.tail())
    ok(s.source("aws") == "up", "and is no outage", s.status().get("sources"))
    s.ctl("allow-action")
    aws_works(s, "allowed again")


# ---- what is kept

def journal(s):
    before = {f["id"]: f["class"] for f in s.failures()}
    wait(lambda: status(s, "journal", "state") == "durable", 10)
    s.stop_kedge()
    shutil.copy(s.journal, s.journal + ".good")
    with open(s.journal, "rb") as f:
        good = f.read()

    def begin(data, what):
        with open(s.journal, "wb") as f:
            f.write(data)
        s.start_kedge()
        alive(s, what)
        left = {f["id"]: f["class"] for f in s.failures()}
        found = status(s, "journal")
        s.stop_kedge()
        return left, found

    left, found = begin(good, "a good journal")
    same(left, before, "a good journal: everything is there again")
    middle = bytearray(good)
    for at in (len(good) // 3, len(good) // 2):
        middle[at] ^= 0x10
    left, found = begin(bytes(middle), "flipped bits")
    # a failed start whose record is gone is found again in the engine, under a new id
    ok(found["damaged"] > 0 and len(left.items() & before.items()) >= len(before) - 2,
       f"flipped bits: {found['damaged']} places counted, the rest is kept", f"{left} of {before}, {found}")
    left, found = begin(good[:-7], "a torn tail")
    ok(found["cut_bytes"] > 0 and len(left.items() & before.items()) >= len(before) - 1,
       "a torn tail: cut and counted", found)
    left, found = begin(good + b"\0" * 4096, "zeros at the end")
    ok(found["cut_bytes"] + found["damaged"] > 0 and left == before, "zeros at the end: counted, nothing lost", found)
    left, found = begin(b"this was never a journal\n" * 200, "a foreign file")
    ok(any(n.startswith("journal.refused-") for n in os.listdir(s.state_dir)), "a foreign file: set aside whole, it starts anew", s.kedge.tail())
    left, found = begin(bytes(good[:4]) + b"\xff\xff" + good[6:], "another version at the start")
    ok(found["damaged"] + found["cut_bytes"] > 0 or left == before, "another version at the start: counted", found)
    with open(s.journal, "wb") as f:
        f.write(good)
    s.start_kedge()
    same({f["id"]: f["class"] for f in s.failures()}, before, "the good one again: nothing was lost")


def directories(s):
    s.stop_kedge()
    blocked = os.path.join(s.folder, "file")
    with open(blocked, "w", encoding="ascii"):
        pass
    s.write_conf(kedge={"state_dir": blocked + "/state"})
    s.start_kedge(fresh_conf=False)
    ok(s.kedge.said("journal:"), "a state_dir that cannot be made is said", s.kedge.tail())
    still_works(s, "a state_dir that cannot be made")
    ok(wait(lambda: status(s, "journal", "state") in ("failing", "writing"), 10), "and the journal is not called durable",
       s.status().get("journal"))
    s.stop_kedge()
    s.write_conf(kedge={"run_dir": blocked + "/run"})
    s.start_kedge(synced=False, fresh_conf=False)
    ok(s.kedge.wait_said("socket:"), "a run_dir that cannot be made is said", s.kedge.tail())
    ok(s.kedge.wait_said("source engine is up"), "and kedge works on", s.kedge.tail())
    alive(s, "a run_dir that cannot be made")
    s.stop_kedge()
    shutil.rmtree(s.run_dir)
    s.start_kedge()
    ok(os.path.exists(os.path.join(s.run_dir, "kedge.sock")), "a run_dir that is missing is made")


def raw(path, data, answer=True):
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(10)
        c.connect(path)
        try:
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got = b""
        try:
            while answer and (part := c.recv(65536)):
                got += part
        except OSError:
            pass
        return got


def status_socket(s):
    path = os.path.join(s.run_dir, "kedge.sock")
    for name, data in (("nothing", b""), ("zeros", b"\0" * 64 + b"\n"), ("a line of 1 MB", b"A" * (1 << 20) + b"\n"),
                       ("another protocol", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("an unknown verb", b"explode now\n"),
                       ("random bytes", os.urandom(2048) + b"\n"), ("half a line", b"stat"),
                       ("an id that is none", b"confirm ../../etc\n"), ("no id", b"why \n")):
        got = raw(path, data)
        ok(not got or b"kedge." in got, f"status socket: {name}", got[:200])
    held = []
    for _ in range(40):	# nobody may keep others out by holding connections
        c = socket.socket(socket.AF_UNIX)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            c.settimeout(2)
            c.connect(path)
            held.append(c)
        except OSError:
            c.close()
    ok(wait(lambda: s.status().get("schema") == "kedge.status/1", 20, 0.3),
       f"with {len(held)} silent connections it answers", s.run("status").stderr)
    for c in held:
        c.close()
    alive(s, "status socket")


def main():
    conf_errors()
    engine_doors()
    with Site(engine="20", cloud_options=("--time-scale", "20")) as s:
        s.image("web:11", local=True)
        s.docker.call("POST", f"/images/create?fromImage={REGISTRY}/web&tag=11")
        s.service("web", {})
        ok(wait(lambda: s.read("services").get("services"), 30), "a site with one service", s.kedge.tail())
        engine_stream(s)
        credentials(s)
        clock(s)
        answers(s)
        denied(s)
        journal(s)
        directories(s)
        reload(s)
        status_socket(s)
        big_answer(s)
        same(s.stop_kedge(), 0, "kedge ends well")
    done()


main()
