#!/usr/bin/env python3
"""What kedge answers over HTTP on loopback, read by curl: the objects of the verbs, its health, and numbers that a strict
reader of Prometheus' text format takes; a port that is taken, an address that is not this machine's, a client that never reads."""
import json
import os
import re
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, note, ok, same, wait  # noqa: E402

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
    ok("<b>web</b>" in body and "Runs as deployed." in body and "<script" not in body and len(body) < 24000, "... with the service's sentence, and no script", body[:3000])
    ok(not re.search(r"(https?:)?//", body), "... that reaches for nothing elsewhere", re.findall(r".{20}//.{20}", body))
    same(curl(port, "/status.json", "-H", "Host: rebound.example")[0], 403, "by a name of somebody else's")
    same(curl(port, "/status.json", "-d", "x=1")[0], 405, "nothing can be written")


def failing(s, port):
    before = metrics(port)[0]
    s.define("web", {"image": f"{REGISTRY}/web:none"})
    s.ctl("update-service", service="web", taskDefinition="web:2")
    found = wait(lambda: (f := metrics(port)[0]) and value(f, "kedge_service_verdict", service="web", verdict="failing") == 1 and f, 60, 0.2) or {}
    ok(found, "a release that fails", curl(port, "/metrics")[2])
    ok((value(found, "kedge_failures", **{"class": "image-not-found"}, blame="release") or 0) >= 1, "its failures by class and blame",
       [k for k in found if k[0] == "kedge_failures"])
    same(value(found, "kedge_service_rollback_state", service="web", state="awaiting-confirmation") or
         value(found, "kedge_service_rollback_state", service="web", state="decided"), 1, "what becomes of its rollback")
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
    """The same for node_exporter, from a file that is never there by halves; and what this version does not serve is said."""
    path = os.path.join(s.folder, "kedge.prom")
    s.stop_kedge()
    s.conf["report"] |= {"textfile": path, "webhook": "https://hook.example/kedge", "mqtt": "mqtt://broker", "hooks": s.folder}
    s.start_kedge()
    ok(wait(lambda: os.path.exists(path) and value(read_metrics(open(path, encoding="utf-8").read())[0], "kedge_source_up", source="engine") == 1, 20),
       "the textfile is written")
    same(read_metrics(open(path, encoding="utf-8").read())[1], [], "... and well-formed")
    for words in ("[report] webhook = https://hook.example/kedge is not served", "[report] mqtt = mqtt://broker is not served", "[report] hooks: what is in"):
        ok(s.kedge.said(words), f"said: {words}", s.kedge.tail())
    for key in ("webhook", "mqtt", "hooks"):
        del s.conf["report"][key]


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
    with Site(engine="20", kedge=False, conf={"report": {"listen": f"127.0.0.1:{port}"}}, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        ok(wait(lambda: value(metrics(port)[0], "kedge_service_verdict", service="web", verdict="ok") == 1, 90, 0.2), "a site with a service", s.kedge.tail())
        healthy(s, port)
        failing(s, port)
        deaf(s, port)
        textfile(s)
        in_the_way(s, port)
    done()


main()
