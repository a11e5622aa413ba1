#!/usr/bin/env python3
"""What kedge answers over HTTP on loopback, read by curl: the objects of the verbs, its health, and numbers that a strict
reader of Prometheus' text format takes; the stream of events; a port that is taken, an address that is not this machine's, clients
that never read."""
import base64
import hashlib
import json
import os
import re
import select
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, note, ok, same, wait  # noqa: E402

QUIET_S = 15
CHANGES = 600          # more than the kernel keeps for a listener that does not read
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?[0-9.e+]+|NaN)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def curl(port, path, *options):
    p = subprocess.run(["curl", "-s", "-S", "-i", "--max-time", "10", *options, f"http://127.0.0.1:{port}{path}"],
                       capture_output=True, text=True, check=False)
    head, _, body = p.stdout.partition("\n\n" if "\r\n" not in p.stdout else "\r\n\r\n")
    return (int(head.split()[1]) if head else 0), head, body.replace("\r\n", "\n")


def read_metrics(text):
    """{(name, labels): value}; a list of what is wrong, by the rules of the format and of its linter."""
    found, kinds, wrong, last = {}, {}, [], None
    if not text.endswith("\n"):
        wrong.append("no line feed at the end")
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line.startswith("# HELP "):
            if words[2] in kinds:
                wrong.append(f"twice: {words[2]}")
            kinds[words[2]], last = None, words[2]
            if len(words) < 4 or not words[3].strip():
                wrong.append(f"no help: {line}")
        elif line.startswith("# TYPE "):
            if words[2] != last or words[3] not in ("gauge", "counter"):
                wrong.append(f"type: {line}")
            kinds[words[2]] = words[3]
            if (words[3] == "counter") != words[2].endswith("_total"):
                wrong.append(f"a counter ends in _total, and nothing else does: {words[2]}")
            if re.search(r"_(ms|milliseconds|kib|kb|kilobytes|minutes|hours)(_|$)", words[2]):
                wrong.append(f"no base unit: {words[2]}")
        else:
            m = SAMPLE.fullmatch(line)
            if not m or kinds.get(m[1]) is None or m[1] != last:
                wrong.append(f"sample: {line}")
                continue
            key = (m[1], tuple(sorted(LABEL.findall(m[2] or ""))))
            if key in found:
                wrong.append(f"twice: {line}")
            found[key] = float(m[3])
    return found, wrong


def value(found, name, **labels):
    return found.get((name, tuple(sorted(labels.items()))))


def metrics(port):
    return read_metrics(curl(port, "/metrics")[2])


def healthy(s, port):
    code, head, body = curl(port, "/metrics")
    same(code, 200, "/metrics answers")
    ok("text/plain; version=0.0.4" in head, "... as Prometheus wants it", head)
    found, wrong = read_metrics(body)
    same(wrong, [], "... and is well-formed")
    note(f"{len(found)} series, {len(body)} bytes")
    same((value(found, "kedge_service_verdict", service="web", verdict="ok"), value(found, "kedge_service_verdict", service="web", verdict="failing"),
          value(found, "kedge_service_serving", service="web", release="new"), value(found, "kedge_online")), (1, 0, 1, 1), "a service that is well")
    same({k[1][0][1]: v for k, v in found.items() if k[0] == "kedge_source_up"},
         {"engine": 1, "ecs_agent_log": 1, "introspection": 1, "aws": 1}, "all sources are up")
    ok(any(k[0] == "kedge_wan_bytes_today" and v > 0 for k, v in found.items()), "bytes by purpose")
    for name, verb in (("status", "status"), ("failures", "failures"), ("services", "services"), ("tasks", "tasks")):
        code, head, body = curl(port, f"/{name}.json")
        same((code, "application/json" in head, json.loads(body).get("schema")), (200, True, f"kedge.{verb}/1"), f"/{name}.json is what kedge {verb} --json says")
    same(curl(port, "/healthz")[::2], (200, "ok\n"), "/healthz")
    same(curl(port, "/nosuch")[0], 404, "what is no page")
    code, head, body = curl(port, "/")
    same((code, "text/html; charset=utf-8" in head, "default-src 'none'" in head), (200, True, True), "a page for people")
    ok("<b>web</b>" in body and "Runs as deployed." in body and len(body) < 24000, "... with the service's sentence", body[:3000])
    scripts = re.findall(r"<script>(.*?)</script>", body, re.DOTALL)
    hashes = ["'sha256-" + base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() + "'" for s in scripts]
    same(re.findall(r"script-src ([^;\r\n]*)", head), hashes, "... and the one script whose hash its policy has (agent/wire/view_page_text.c)")
    ok("<noscript><meta http-equiv=refresh content=10>" in body, "... or a refresh")
    same(wait(lambda: re.search(r"<td>PRIMARY<td>web:1<td>1<td>0<td>1<td>0<td>(COMPLETED|IN_PROGRESS)<td>", curl(port, "/")[2]) is not None, 20), True,
         "... which makes kedge ask for the deployments", curl(port, "/")[2][2000:])
    ok("script-src" not in curl(port, "/metrics")[1], "no other page runs a script")
    ok(not re.search(r"(https?:)?//", body), "... that reaches for nothing elsewhere", re.findall(r".{20}//.{20}", body))
    same(curl(port, "/status.json", "-H", "Host: rebound.example")[0], 403, "by a name of somebody else's")
    same(curl(port, "/status.json", "-d", "x=1")[0], 405, "nothing can be written")


class Listener:
    """Who hears the stream of events; room: bytes of its kernel's buffer, 0: as usual."""

    def __init__(self, port, room=0):
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
        self.got, self.over = b"", False

    def hear(self):
        """What has come so far, without waiting for more."""
        while not self.over and select.select([self.socket], [], [], 0)[0]:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            self.got += part
            self.over = not part
        return self.got

    def changes(self):
        return self.hear().count(b"event: change\ndata: 1\n\n")

    def close(self):
        self.socket.close()


def streams(port):
    """Two can listen, and the third is told so; who leaves makes room."""
    two = [Listener(port) for _ in range(2)]
    ok(wait(lambda: all(b"\r\n\r\nretry: 3000\nevent: alive\ndata: 1\n\n" in c.hear() for c in two), 5), "two listen", [c.got for c in two])
    ok(b"HTTP/1.1 200" in two[0].got and b"text/event-stream" in two[0].got and b"Content-Length" not in two[0].got, "... to a stream", two[0].got)
    same(curl(port, "/events")[::2], (503, "as many listen already as there is room for\n"), "the third is refused")
    code, head, body = curl(port, "/events", "-I")
    same((code, "text/event-stream" in head, body), (200, True, ""), "HEAD is answered, and is no listener")
    same((curl(port, "/metrics")[0], curl(port, "/events", "-H", "Host: rebound.example")[0]), (200, 403), "/metrics has room; a name of somebody else's has none")
    two.pop().close()
    late = []
    ok(wait(lambda: late.append(Listener(port)) or wait(late[-1].hear, 1) and b" 200 " in late[-1].hear(), 5), "who leaves makes room")
    for c in two + late:
        c.close()


def wakeups(port):
    return value(metrics(port)[0], "kedge_wakeups_total")


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def quiet(s, port):
    """A listener costs an idle node its signs of life, one in 30 s for all of them, and next to no memory."""
    counts, kib = [], []
    for listeners in ([], [Listener(port), Listener(port)]):
        wait(lambda: all(c.hear() for c in listeners), 5)
        before = wakeups(port)
        time.sleep(QUIET_S)     # what is counted is what happens in a time without anything
        kib.append(pss_kib(s.kedge.pid))
        counts.append(wakeups(port) - before)
        for c in listeners:
            c.close()
    note(f"wake-ups in {QUIET_S} s, those of /metrics among them: alone {counts[0]:.0f}, with two listeners {counts[1]:.0f}; memory {kib} KiB")
    ok(counts[1] <= counts[0] + QUIET_S / 30 + 2, "no more wake-ups for listeners", counts)
    ok(kib[1] <= kib[0] + 64, "hardly more memory", kib)


def change(s):
    """`deployments` at the socket: that AWS has answered it anew is a change that pages hear of."""
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(os.path.join(s.run_dir, "kedge.sock"))
        c.sendall(b"deployments")
        c.shutdown(socket.SHUT_WR)
        while c.recv(65536):
            pass


def lazy(s, port):
    """A listener that stops reading is dropped once its kernel and ours keep no more for it; the other one hears everything."""
    reader, sleeper = Listener(port), Listener(port, 2048)
    ok(wait(lambda: reader.hear() and select.select([sleeper.socket], [], [], 0)[0], 5), "two listen")
    s.ctl("set-throttle", op="DescribeServices", burst=100000, rate=1000)
    before, slowest = reader.changes(), 0.0
    for _ in range(CHANGES):
        begun = time.monotonic()
        change(s)
        slowest = max(slowest, time.monotonic() - begun)
        reader.hear()
    s.ctl("set-throttle", reset=True)
    ok(wait(lambda: reader.changes() - before >= CHANGES, 5) and not reader.over, f"who reads has heard each of {CHANGES} changes", reader.changes() - before)
    ok(wait(lambda: sleeper.hear() and sleeper.over, 5) and sleeper.changes() < CHANGES,
       f"who did not read was dropped: {sleeper.changes()} were kept", (sleeper.over, sleeper.changes()))
    ok(slowest < 2, f"and the loop went on: {1000 * slowest:.0f} ms for the slowest answer")
    for c in (reader, sleeper):
        c.close()


def failing(s, port):
    before = metrics(port)[0]
    two = [Listener(port), Listener(port)]
    ok(wait(lambda: all(b"event: alive" in c.hear() for c in two), 5), "two listen")
    heard = [c.changes() for c in two]
    s.define("web", {"image": f"{REGISTRY}/web:none"})
    s.ctl("update-service", service="web", taskDefinition="web:2")
    found = wait(lambda: (f := metrics(port)[0]) and value(f, "kedge_service_verdict", service="web", verdict="failing") == 1 and f, 60, 0.2) or {}
    ok(found, "a release that fails", curl(port, "/metrics")[2])
    ok((value(found, "kedge_failures", **{"class": "image-not-found"}, blame="release") or 0) >= 1, "its failures by class and blame",
       [k for k in found if k[0] == "kedge_failures"])
    same(value(found, "kedge_service_rollback_state", service="web", state="awaiting-confirmation") or
         value(found, "kedge_service_rollback_state", service="web", state="decided"), 1, "what becomes of its rollback")
    ok(wait(lambda: all(c.changes() > n for c, n in zip(two, heard)), 5), "both hear of it", [c.got for c in two])
    for c in two:
        c.close()
    body = curl(port, "/")[2]
    ok("manifest unknown" in body and "Blame: release" in body and "<summary" in body, "the page shows the failure with its evidence", body[3000:8000])
    ok(all(v >= before.get(k, 0) for k, v in found.items() if k[0].endswith("_total")), "counters only grow")


def deaf(s, port):
    """Clients that ask and never read hold nobody up."""
    held = []
    for _ in range(4):
        c = socket.create_connection(("127.0.0.1", port))
        c.sendall(b"GET /status.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        held.append(c)
    begun = time.monotonic()
    same(s.run("status").returncode, 0, "the verbs answer meanwhile")
    same(curl(port, "/healthz")[0], 200, "and so does the page")
    note(f"{1000 * (time.monotonic() - begun):.0f} ms for both")
    for c in held:
        c.close()


def textfile(s):
    """The same for node_exporter, from a file that is never there by halves."""
    path = os.path.join(s.folder, "kedge.prom")
    s.stop_kedge()
    s.conf["report"] |= {"textfile": path}
    s.start_kedge()
    ok(wait(lambda: os.path.exists(path) and value(read_metrics(open(path, encoding="utf-8").read())[0], "kedge_source_up", source="engine") == 1, 20),
       "the textfile is written")
    same(read_metrics(open(path, encoding="utf-8").read())[1], [], "... and well-formed")


def in_the_way(s, port):
    s.stop_kedge()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        s.start_kedge()
        ok(s.kedge.said("somebody listens on", str(port)), "a port that is taken is said", s.kedge.tail())
        same(s.run("status").returncode, 0, "... and kedge goes on without")
        s.stop_kedge()
    for at, words in (("0.0.0.0:7733", "not a loopback address"), ("/run/kedge/http.sock", "unix socket is not served by this version")):
        s.conf["report"] = {"listen": at}
        s.start_kedge()
        ok(s.kedge.said(words), f"listen = {at}: {words}", s.kedge.tail())
        s.stop_kedge()
    s.conf["report"] = {"listen": f"127.0.0.1:{port}", "metrics": "no"}
    s.start_kedge()
    same((curl(port, "/metrics")[0], curl(port, "/healthz")[0]), (404, 200), "metrics = no takes away that page alone")


def main():
    port = free_port()
    with Site(engine="20", kedge=False, conf={"report": {"listen": f"127.0.0.1:{port}"}, "aws": {"data_budget": "unlimited"}}, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        ok(wait(lambda: value(metrics(port)[0], "kedge_service_verdict", service="web", verdict="ok") == 1, 90, 0.2), "a site with a service", s.kedge.tail())
        healthy(s, port)
        streams(port)
        quiet(s, port)
        failing(s, port)
        deaf(s, port)
        lazy(s, port)
        textfile(s)
        in_the_way(s, port)
    done()


main()
