#!/usr/bin/env python3
"""Nothing that a slow or dead consumer does delays the loop: failed starts are told as fast with a hook that hangs, one that floods,
a webhook that never answers, a broker that never greets and page's clients that stop reading, as without.

The two figures come from one run, one round after the other; a time is no verdict here, only what is missing, told twice or
later than 2 s is."""
import os
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, DockerError, Site, done, figures, labels, note, ok, percentile, wait  # noqa: E402

TRIES, LIMIT_S = 40, 2.0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Tarpit:
    """Takes connections and never says a word; reads: or only takes what comes."""

    def __init__(self, reads):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(16)
        self.port, self.held, self.reads, self.bytes = self.socket.getsockname()[1], [], reads, 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            c = self.socket.accept()[0]
            self.held.append(c)
            if self.reads:
                threading.Thread(target=self.swallow, args=(c,), daemon=True).start()

    def swallow(self, c):
        while data := c.recv(65536):
            self.bytes += len(data)


def hook(folder, name, body):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)


def one_start(s, family, ident):
    """Seconds from the engine's answer to kedge's line; None: it was not told."""
    docker = s.docker
    made = docker.create(family, {"Image": f"{REGISTRY}/web:11", "Labels": labels(ident, family), "HostConfig": {"NetworkMode": "none"},
                                  "Cmd": ["/nosuch"]})
    at = time.time()
    try:
        docker.start(made)
    except DockerError:
        pass

    def told():
        with s.kedge.changed:
            return [when for when, line in s.kedge.lines if f" {family}:" in line]

    found = wait(told, 5, 0.002)
    docker.remove(made)
    return (found[0] - at if found else None), len(found)


def round_of(s, what, number):
    took, once = [], 0
    for i in range(TRIES):
        seconds, lines = one_start(s, f"{what}{i}", f"{number:08x}{i:024x}")
        once += lines == 1
        took += [] if seconds is None else [seconds]
    ok(len(took) == TRIES and once == TRIES, f"{what}: all {TRIES} are told, each exactly once", f"{len(took)} told, {once} once\n" + s.kedge.tail())
    ok(took and max(took) < LIMIT_S, f"{what}: every one within {LIMIT_S:.0f} s", took)
    return [1000 * t for t in took]


def stop_reading(port):
    """A client of the page that asked for everything and reads nothing."""
    held = []
    for path in ("/events", "/status.json", "/"):
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        c.connect(("127.0.0.1", port))
        c.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        held.append(c)
    return held


def main():
    silent, deaf, port = Tarpit(True), Tarpit(False), free_port()
    with Site(engine="20", kedge=False, conf={"report": {"listen": ""}}) as s:
        hooks = os.path.join(s.folder, "hooks.d")
        os.makedirs(hooks, 0o755)
        hook(hooks, "10-hangs", "trap '' TERM; while :; do sleep 1; done")
        hook(hooks, "20-floods", "exec yes flood")
        s.image("web:11")
        s.docker.pull(f"{REGISTRY}/web:11")
        s.start_kedge()
        s.wait_source("aws", "up")
        alone = round_of(s, "alone", 1)
        s.stop_kedge()
        s.conf["report"] = {"listen": f"127.0.0.1:{port}", "hooks": hooks, "hook_timeout": "5s", "webhook": f"http://127.0.0.1:{silent.port}/",
                            "mqtt": f"mqtt://127.0.0.1:{deaf.port}"}
        s.start_kedge()
        s.wait_source("aws", "up")
        held = stop_reading(port)
        ok(wait(lambda: silent.held and deaf.held, 40), "the webhook's and the broker's connections stand", s.kedge.tail())
        beset = round_of(s, "beset", 2)
        ok(silent.bytes > 0, "the webhook was sent and never answered")
        ok(s.kedge.wait_said("hook 10-hangs", "was killed after", seconds=30), "the hook that hangs is killed", s.kedge.tail())
        ok(s.kedge.wait_said("hook 20-floods", "ended by signal 13", seconds=30), "the one that floods finds nobody listening", s.kedge.tail())
        ok(s.run("status").returncode == 0 and s.kedge.alive(), "kedge answers")
        for c in held:
            c.close()
        figures(**{f"report_start_{name}_ms_p{p}": round(percentile(values, p), 1) for name, values in (("alone", alone), ("beset", beset)) for p in (50, 99)})
        note(f"alone: max {max(alone):.1f} ms; beset: max {max(beset):.1f} ms")
    done()


main()
