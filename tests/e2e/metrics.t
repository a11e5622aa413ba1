#!/usr/bin/env python3
"""What Prometheus' own linter says of a real daemon's numbers: with no service, with one that is well, one that fails and one that was
hauled back, over HTTP and from the textfile. And what the alerts of conf/alerts ask for is among them."""
import os
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, TOP, Site, done, note, ok, same, wait  # noqa: E402

ALERTS = os.path.join(TOP, "conf", "alerts", "kedge.rules.yml")


def promtool(text):
    p = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return p.returncode, p.stdout + p.stderr


class Numbers:
    def __init__(self, s):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.s, self.names = s, set()
        s.conf["report"] = {"listen": f"127.0.0.1:{self.port}", "textfile": os.path.join(s.folder, "kedge.prom")}

    def text(self):
        p = subprocess.run(["curl", "-sS", "--max-time", "10", f"http://127.0.0.1:{self.port}/metrics"], capture_output=True, text=True, check=False)
        return p.stdout

    def has(self, sample):
        return sample in self.text().splitlines()

    def clean(self, state):
        text = self.text()
        same(promtool(text), (0, ""), f"promtool has nothing to say: {state}", text)
        self.names |= set(re.findall(r"^# HELP (\S+)", text, re.M))
        with open(self.s.conf["report"]["textfile"], encoding="utf-8") as f:
            same(promtool(f.read()), (0, ""), "... nor of the textfile")
        note(f"{len(text)} bytes, {len(text.splitlines())} lines")


def main():
    ok(promtool("# HELP kedge_things Things.\n# TYPE kedge_things counter\nkedge_things 1\n")[0] != 0, "promtool objects to what is wrong")
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        n = Numbers(s)
        s.image("web:11")
        s.start_kedge()
        ok(wait(lambda: n.has('kedge_source_up{source="engine"} 1'), 20), "a node without a service", n.text())
        n.clean("no service")
        s.service("web", {})
        ok(wait(lambda: n.has('kedge_service_verdict{service="web",verdict="ok"} 1'), 90, 0.2), "a service that is well", s.kedge.tail())
        n.clean("ok")
        ok(n.has('kedge_fact{fact="clock"} 1') and n.has('kedge_fact{fact="credentials"} 1'), "its clock and its credentials", n.text())
        s.define("web", {"image": f"{REGISTRY}/web:none"})
        s.ctl("update-service", service="web", taskDefinition="web:2")
        ok(wait(lambda: n.has('kedge_service_rollback_state{service="web",state="awaiting-confirmation"} 1'), 90, 0.2), "one that fails", n.text())
        n.clean("failing")
        rollback = s.read("services")["services"][0]["rollback"]["id"]
        same(s.run("confirm", rollback).returncode, 0, "a person says yes")
        ok(wait(lambda: n.has('kedge_service_verdict{service="web",verdict="rolled-back"} 1'), 120, 0.2), "it is hauled back", n.text())
        n.clean("rolled back")
        with open(ALERTS, encoding="utf-8") as f:
            asked = set(re.findall(r"\bkedge_[a-z_]+", "\n".join(line for line in f if "expr:" in line)))
        same(sorted(asked - n.names), [], f"the alerts ask for {len(asked)} of these numbers and for no other")
        ok(len(asked) > 5, "... which were read from the rules")
    done()


main()
