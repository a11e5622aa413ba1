#!/usr/bin/env python3
"""The image a rollback would start, when no task of it runs any more: the engine is asked, and once that has it no
more, with probe = on, its registry and without credentials. Against the engine's doubles."""
import http.server
import os
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402


# service: what the registry answers for the manifest; None: the engine has the image still
SERVICES = {"here": None, "kept": 200, "gone": 404, "closed": 401}


class Registry(http.server.BaseHTTPRequestHandler):
    """Keeps what it was asked."""
    asked, headers_seen = [], []

    def do_HEAD(self):
        self.asked.append(self.path)
        self.headers_seen.append(dict(self.headers))
        self.send_response(SERVICES[self.path.split("/")[2]])
        self.end_headers()

    def do_GET(self):
        """The name of the error, which a HEAD cannot have."""
        gone = "/manifests/" in self.path
        body = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' if gone else b"{}"
        self.send_response(404 if gone else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def row(s, service):
    return next((r for r in s.read("services").get("services", []) if r["service"] == service), {})


def newest(s, service):
    return s.ctl("dump")["services"][service]["deployments"][-1]


def good(s):
    """Revision 1 of each service works. Returns the digests."""
    digests = {service: s.image(f"{service}:1") for service in SERVICES}
    for service in SERVICES:
        s.service(service, {"image": f"{REGISTRY}/{service}:1"})
    ok(wait(lambda: all(newest(s, v)["status"] == "SUCCESSFUL" and row(s, v).get("last_good") for v in SERVICES), 90, 0.5),
       "the first release of each works", [row(s, v) for v in SERVICES])
    return digests


def bad(s, service, forget):
    """Revision 1 is stopped before revision 2, which fails, starts; the engine forgets the image of the first."""
    s.ctl("set-deployment-configuration", service=service, minimumHealthyPercent=0, maximumPercent=100)
    if forget:
        s.docker.call("DELETE", f"/images/{REGISTRY}/{service}:1?force=1")
    s.image(f"{service}:2", "exit 1 300")
    s.define(service, {"image": f"{REGISTRY}/{service}:2"})
    s.ctl("update-service", service=service, taskDefinition=f"{service}:2")


def wait_state(s, service, *states):
    wait(lambda: row(s, service).get("rollback", {}).get("state") in states, 90, 0.5)
    return row(s, service).get("rollback", {})


def probed(s):
    digests = good(s)
    for service, status in SERVICES.items():
        bad(s, service, status is not None)
    for service in ("here", "kept"):
        same(wait_state(s, service, "rolled-back").get("state"), "rolled-back", f"{service}: it goes back", s.kedge.tail(30))
    for service, words in (("gone", "is gone from this node"), ("closed", "Nobody can say")):
        now = wait_state(s, service, "awaiting-confirmation")
        ok(now.get("state") == "awaiting-confirmation" and words in now.get("reason", ""), f"{service}: a person is asked", now)
    for service, status in SERVICES.items():
        path = f"/v2/{service}/manifests/{digests[service]}"
        same(Registry.asked.count(path), 0 if status is None else 1, f"{service}: the registry was asked for its manifest")
    ok(all("Authorization" not in h and "image.index" in h.get("Accept", "") for h in Registry.headers_seen),
       "without credentials, for any kind of manifest", Registry.headers_seen)


def main():
    host, port = REGISTRY.split(":")
    registry = http.server.ThreadingHTTPServer((host, int(port)), Registry)
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    policy = {"rollback": "auto", "failures": "1", "probe": "on", "hold_down": "0s", "quorum": "off"}
    with Site("28", conf={"policy": policy}) as s:
        probed(s)
    registry.shutdown()
    return done()


sys.exit(main())
