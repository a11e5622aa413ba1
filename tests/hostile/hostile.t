#!/usr/bin/env python3
"""The gate against a worker that was taken over: hostile.c in the worker's place, with its descriptors and its user and without its
sandbox, tries everything that would help a thief. Each try is refused, the gate lives on or starts another worker, and in all that
it told there is no secret. Root is needed: else gate and worker are of one user, which status names."""
import json
import os
import re
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import KEDGE, REGISTRY, TOP, Site, done, labels, ok, same, skip_all, wait  # noqa: E402

HOSTILE = os.path.join(os.path.dirname(KEDGE), "hostile")
SECRETS = {"a container's variable": "container-Qm4xT7vB", "a container's argument": "argument-Lw8sK2dF",
           "the registry's password": "registry-Nc5hR9jP", "the gate's variable": "variable-Ye6gU3kA",
           "the gate's key variable": "wJalrXUtnFEMIhostileEXAMPLEKEYvariable00", "the webhook's secret": "webhook-Bt7zX4mC"}
ENDS = {"cut": "a question is cut", "lies": "not as long as it says", "long": "a packet of more than", "rights": "descriptor"}
STAYS = ("sign", "granted", "engine", "files", "look", "flood")


class Play:
    """One gate with one act of its worker."""

    def __init__(self, s, act, places, environment=None):
        with open(os.path.join(s.folder, "act"), "w", encoding="ascii") as f:
            f.write(" ".join([act, *places]) + "\n")
        s.environment = {"PASSWORD": SECRETS["the gate's variable"],
                         "AWS_SECRET_ACCESS_KEY": SECRETS["the gate's key variable"]} | (environment or {})
        self.act, self.k = act, s.start_kedge(synced=False, fresh_conf=False)

    def told(self, seconds=30):
        """Its results, once it has said that it is done."""
        ended = self.k.wait_said("hostile: end", seconds=seconds)
        for line in self.k.said("hostile: ok ") + self.k.said("hostile: no "):
            _, good, name = line.split(" ", 2)
            ok(good == "ok", f"{self.act}: {name}")
        ok(ended, f"{self.act}: it came to its end", self.k.tail(20))

    def over(self, s, seconds=10):
        begun = time.monotonic()
        s.stop_kedge(signal.SIGTERM)
        took = time.monotonic() - begun
        ok(took < seconds, f"{self.act}: the gate ends when it is told to ({took:.1f} s)")


def workers(pid):
    """The gate's children that are its worker."""
    found = []
    for child in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{child}/stat", encoding="ascii") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{child}/cmdline", "rb") as f:
                if parent == pid and b"--worker" in f.read():
                    found.append(int(child))
        except (OSError, IndexError):
            pass
    return found


def containers(s):
    """One that lives and one that lived for a minute; with secrets."""
    s.image("web:11", local=True)
    ids = []
    for name in ("lives", "dead"):
        ids.append(s.docker.create(name, {"Image": f"{REGISTRY}/web:11", "Labels": labels(name * 4), "Cmd": ["serve", SECRETS["a container's argument"]],
                                          "Env": ["DB_PASSWORD=" + SECRETS["a container's variable"]]}))
        s.docker.start(ids[-1])
    s.docker.call("POST", "/_double/aged", {"id": ids[1], "seconds": 60})
    s.docker.call("POST", "/_double/end", {"id": ids[1], "code": 1})
    told = json.dumps(s.docker.inspect(ids[0]))
    ok(SECRETS["a container's variable"] in told and SECRETS["a container's argument"] in told, "the engine itself tells secrets", told)
    return ids


def setting(s):
    with open(os.path.join(s.folder, "ecs.config"), "w", encoding="ascii") as f:
        f.write('ECS_CLUSTER=edge\nECS_ENGINE_AUTH_TYPE=docker\nECS_ENGINE_AUTH_DATA={"r":{"password":"' + SECRETS["the registry's password"] + '"}}\n')
    webhook = os.path.join(s.folder, "webhook.secret")
    with open(webhook, "w", encoding="ascii") as f:
        f.write(SECRETS["the webhook's secret"])
    keys = os.path.join(s.cloud, "credentials")
    os.chmod(webhook, 0o600)
    os.chmod(keys, 0o600)
    with open(keys, encoding="ascii") as f:
        SECRETS["the secret key"] = re.search(r"aws_secret_access_key\s*=\s*(\S+)", f.read()).group(1)
    s.conf["report"] = {"listen": "", "webhook_secret": webhook}
    s.write_conf()
    os.makedirs(s.state_dir)
    granted = os.path.join(s.state_dir, "granted")
    with open(granted, "w", encoding="ascii") as f:
        f.write("kedge.granted/1 none 0\n")
    os.chmod(granted, 0o600)
    with open(os.path.join(s.cloud, "endpoint"), encoding="ascii") as f:
        host = f.read().strip().split("://")[1].rstrip("/")
    return [*containers(s), host, keys, s.socket, s.state_dir, s.run_dir], granted


def refuses(s, places, granted):
    """The worker lives to the end of its act: nothing it did was reason to end it."""
    for act in STAYS:
        p = Play(s, act, places)
        if act == "granted":
            ok(p.k.wait_said("hostile: waits"), "granted: it waits for a person", p.k.tail())
            say_yes(s)
        elif act == "look":
            with open(granted, encoding="ascii") as f:
                before = f.read()
        p.told()
        same((p.k.alive(), len(workers(p.k.pid)), p.k.said("is ended")), (True, 1, []), f"{act}: gate and worker live", p.k.tail())
        if act == "look":
            with open(granted, encoding="ascii") as f:
                same(f.read(), before, "look: granted is as it was")
        p.over(s)


def say_yes(s):
    """As root on the control socket, in the words of the verb."""
    with socket.socket(socket.AF_UNIX) as person:
        person.settimeout(10)
        person.connect(os.path.join(s.run_dir, "kedge.sock"))
        person.sendall(b"rollback web\n")
        person.shutdown(socket.SHUT_WR)
        ok(b"kedge.error/1" in person.recv(4096), "granted: and is answered by the worker")


def ends(s, places):
    """What is no question ends the worker, and another one is started."""
    for act, why in ENDS.items():
        p = Play(s, act, places)
        ok(p.k.wait_said("the worker: ", why, "it is ended", seconds=5), f"{act}: the gate says why it ends the worker", p.k.tail())
        again = wait(lambda: len(p.k.said("hostile: end")) > 1, 5)
        same(p.k.said("hostile: no"), [], f"{act}: it is not answered")
        ok(again and p.k.alive(), f"{act}: another one is started", p.k.tail())
        p.over(s)


def dies(s, places):
    p = Play(s, "dies", places)
    ok(wait(lambda: len(p.k.said("hostile: end")) > 2, 10), "dies: it is started again and again", p.k.tail())
    times = [at for at, line in p.k.lines if "hostile: end" in line]
    ok(times[2] - times[1] > times[1] - times[0] > 0.9, f"dies: more seldom each time ({[round(t - times[0], 1) for t in times]} s)")
    answer = s.run("rollback", "web", seconds=20)
    ok(answer.returncode != 0, "dies: who asks meanwhile is told", answer.stdout + answer.stderr)
    p.over(s)


def silent(s, places):
    """A service manager's watchdog of 2 s: the worker is asked each second."""
    path = os.path.join(s.folder, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        os.chmod(path, 0o666)
        heard = []
        threading.Thread(target=listen, args=(manager, heard), daemon=True).start()
        for act in ("deaf", "close"):
            p = Play(s, act, places, {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"})
            p.told()
            ok(p.k.wait_said("no sign of life", seconds=10), f"{act}: the gate misses a sign of life", p.k.tail())
            ok(p.k.wait_said("ended by signal 9", seconds=5), f"{act}: it is ended", p.k.tail())
            ok(wait(lambda: len(p.k.said("hostile: end")) > 1, 5) and p.k.alive(), f"{act}: another one is started", p.k.tail())
            p.over(s, 12)
        ok(not any(b"READY=1" in h for h in heard), "the service manager is not told that it is ready", str(heard))
        manager.shutdown(socket.SHUT_RDWR)


def listen(manager, heard):
    while data := manager.recv(4096):
        heard.append(data)


def nothing_told(s):
    with open(os.path.join(s.folder, "heard"), "rb") as f:
        heard = f.read()
    ok(len(heard) > 100000 and b"com.amazonaws.ecs.cluster" in heard and b"Credential=" in heard, f"{len(heard)} bytes were told in all")
    with open(os.path.join(s.folder, "kedge.log"), "rb") as f:
        heard += f.read()
    same([name for name, value in SECRETS.items() if value.encode() in heard], [], "and in them there is none of the secrets")


def main():
    if os.geteuid() != 0:
        skip_all("not root: gate and worker are of one user")
    if not os.path.exists(HOSTILE):
        raise SystemExit(f"{os.path.relpath(HOSTILE, TOP)} is missing: make build/CPU/hostile")
    with Site(engine="28", agent=False, kedge=False, binary=HOSTILE) as s:
        places, granted = setting(s)
        refuses(s, places, granted)
        ends(s, places)
        dies(s, places)
        silent(s, places)
        nothing_told(s)
    done()


main()
