#!/usr/bin/env python3
"""The page in a real browser: it lives by events through a failure and a rollback, is readable by phone and desk, dark and light,
with and without script, and runs nothing that others wrote. tests/web/browser.js looks and clicks; what happens at the site in
between is asked for by name and done here. Screenshots: build/web/*.png."""
import json
import os
import socket
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
from e2e import REGISTRY, TOP, Docker, Site, done, ok, wait  # noqa: E402

LONGEST_S = 150
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
MARKUP = "/<script>document.title='run'</script><img src=x onerror=alert(1)>"


class Play:
    """What the browser can ask for; each answers once kedge knows of it, or at once where the page has to show it."""

    def __init__(self, site):
        self.site = site

    def service(self, name="web"):
        return next((s for s in self.site.read("services").get("services", []) if s["service"] == name), {})

    def rollback(self):
        return self.service().get("rollback", {})

    def bad(self):
        self.site.define("web", {"image": f"{REGISTRY}/web:none"})
        self.site.ctl("update-service", service="web", taskDefinition="web:2")
        return True

    def waits(self):
        return wait(lambda: self.rollback().get("state") == "awaiting-confirmation", 40, 0.1)

    def confirm(self):
        return self.site.run("confirm", self.rollback()["id"]).returncode == 0

    def markup(self):
        """A service whose failure is full of tags: the engine repeats the name of the program."""
        self.site.image("evil:1", entrypoint=[MARKUP])
        self.site.service("evil", {"image": f"{REGISTRY}/evil:1"})
        return wait(lambda: self.site.failures(service="evil"), 30, 0.1)

    def stop(self):
        return self.site.stop_kedge() == 0

    def start(self):
        return self.site.start_kedge().alive()

    def do(self, word):
        return bool({"bad": self.bad, "waits": self.waits, "confirm": self.confirm, "markup": self.markup,
                     "stop": self.stop, "start": self.start}[word]())


def show(play, port):
    """Reads what the browser says, line by line, until it ends."""
    environment = os.environ | {"NODE_PATH": os.path.join(TOP, "build", "web", "node_modules")}
    p = subprocess.Popen(["node", os.path.join(HERE, "browser.js"), f"http://127.0.0.1:{port}", os.path.join(TOP, "build", "web"), CHROMIUM],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    late = threading.Timer(LONGEST_S, p.kill)
    late.start()
    try:
        for line in p.stdout:
            said = json.loads(line)
            if "do" in said:
                p.stdin.write(json.dumps(play.do(said["do"])) + "\n")
                p.stdin.flush()
            else:
                ok(said["ok"], said["name"], said.get("told", ""))
    finally:
        late.cancel()
        p.stdin.close()
    ok(p.wait() == 0, "the browser's play has come to its end", p.returncode)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def main():
    port = free_port()
    for path, of in ((os.path.join(TOP, "build", "web", "node_modules", "playwright-core"), "packaging/node-package"), (CHROMIUM, "packaging/setup web")):
        if not ok(os.path.exists(path), f"{os.path.basename(path)} is there", f"{of} brings it"):
            done()
    conf = {"report": {"listen": f"127.0.0.1:{port}"}, "policy": {"rollback": "manual", "hold_down": "0s", "early_exit": "2s"},
            "aws": {"heartbeat": "2s", "fleet": "1", "data_budget": "2MB"}}
    with Site(engine="20", kedge=False, conf=conf, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        s.service("web", {"image": f"{REGISTRY}/web:11"})
        task = wait(lambda: next((t for t in s.tasks_of("web") if t["lastStatus"] == "RUNNING"), None), 30)
        done_by_ecs = wait(lambda: s.ctl("dump")["services"]["web"]["deployments"][-1]["status"] == "SUCCESSFUL", 30)
        ok(task and done_by_ecs, "a release runs, and ECS is content with it", s.tasks_of("web"))
        Docker(s.socket).call("POST", "/_double/aged", {"id": s.container_of(task["taskArn"])["Id"], "seconds": 3600})
        if ok(s.start_kedge().alive(), "kedge runs", s.kedge.tail()):
            show(Play(s), port)
    done()


main()
