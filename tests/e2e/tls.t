#!/usr/bin/env python3
"""TLS is paid for once: a connection after the first resumes its session, with TLS 1.3 and with 1.2, also after AWS cut it;
where AWS has lost its ticket keys, one whole handshake and no error; and nothing of a session outlives the process."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, done, note, ok, same, wait  # noqa: E402

CONF = {"aws": {"heartbeat": "1s", "fleet": "1"}}


def connections(s):
    """Those that a request came over, in their order; the double writes one down when it ends."""
    with open(os.path.join(s.cloud, "connections.jsonl"), encoding="utf-8") as f:
        return [c for c in map(json.loads, f) if c.get("tls")]


def requests(s):
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def next_connection(s, what):
    """AWS cuts what is open; the next heartbeat opens another one, which is cut too so that it is written down."""
    def cut():
        s.ctl("link", state="down", mode="refuse")
        s.ctl("link", state="up")
    cut()
    asked, known = len(requests(s)), len(connections(s))
    ok(wait(lambda: any(r["status"] == 200 for r in requests(s)[asked:]), 60), f"{what}: AWS answers", s.kedge.tail())
    cut()
    found = wait(lambda: connections(s)[known:], 20)
    return found[0] if found else {}


def version(s, newest, name):
    s.ctl("set-tls", newest=newest)
    first = next_connection(s, f"{name}, new ticket keys")
    same((first.get("tls"), first.get("resumed")), (name, False), f"{name}: a whole handshake with a server that forgot its keys")
    for which in ("second", "third"):
        c = next_connection(s, f"{name}, the {which} connection")
        same((c.get("tls"), c.get("resumed")), (name, True), f"{name}: the {which} one resumes")
        note(f"{name} {which}: {c}")


def main():
    with Site(engine="20", kedge=False, conf=CONF, cloud_options=("--time-scale", "100")) as s:
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        ok(wait(lambda: any(r["rollout"] == "SUCCESSFUL" for r in s.read("services").get("services", [])), 60, 0.1), "a service runs")
        version(s, "1.3", "TLSv1.3")
        version(s, "1.2", "TLSv1.2")
        same([r["status"] for r in requests(s) if r["status"] != 200], [], "nothing was refused meanwhile")
        s.stop_kedge()
        known = len(connections(s))
        s.start_kedge()
        ok(s.wait_source("aws", "up", 30), "kedge starts again")
        time.sleep(0.5)
        s.stop_kedge()
        fresh = wait(lambda: connections(s)[known:], 10) or [{}]
        same(fresh[0].get("resumed"), False, "its first connection is a whole handshake: no session was written down")
    done()


main()
