#!/usr/bin/env python3
"""No secret outlives its use, and none is where it has no use. All memory of gate and worker is searched for what was replaced or is
no longer wanted: secret keys, session tokens, each key derived from them, the Authorization lines they made, the secrets of webhook,
broker and proxy; what is in force is found, in the gate alone, so the search works. Nor does one stand in what others may read of
the two processes, in log, journal, status, page or a core dump. Beside it: the most stack each of them ever touched."""
import base64
import hashlib
import hmac
import os
import re
import resource
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import Site, done, engine_can, figures, ok, same, wait  # noqa: E402

REGION, SERVICE = "eu-west-1", "ecs"
WEBHOOK, BROKER, PROXY = "webhook-Zk3vQ9sTr8", "broker-Xw7nB2mLp4", "proxy-Hy5cD6gJt1"


def memory(pid):
    """Every readable mapping: (name, first address, bytes)."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            words = line.split()
            low, high = (int(w, 16) for w in words[0].split("-"))
            if "r" not in words[1] or words[-1] in ("[vvar]", "[vsyscall]"):
                continue
            try:
                mem.seek(low)
                yield words[-1] if len(words) > 5 else "anonymous", low, mem.read(high - low)
            except OSError:
                pass


def in_process(pid, secrets):
    """{name of a secret: where in memory it stands}"""
    hits = {}
    for where, low, data in memory(pid):
        for name, value in secrets.items():
            at = data.find(value)
            while at >= 0:
                hits.setdefault(name, []).append(f"{pid} {where} {low + at:#x} after {data[max(0, at - 24):at]!r}")
                at = data.find(value, at + 1)
    return hits


def worker(s):
    for pid in s.kedge.processes():
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            if b"--worker" in words.read():
                return pid
    return 0


def found(s, secrets):
    """In any of the processes."""
    hits = {}
    for pid in s.kedge.processes():
        for name, where in in_process(pid, secrets).items():
            hits.setdefault(name, []).extend(where)
    return hits


def derived(secret, day):
    """The keys of SigV4 (its specification, "Calculate the signature"), and what HMAC makes of the first before it hashes."""
    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256).digest()
    start = b"AWS4" + secret.encode()
    date = mac(start, day)
    region = mac(date, REGION)
    service = mac(region, SERVICE)
    pad = start.ljust(64, b"\0") if len(start) <= 64 else hashlib.sha256(start).digest().ljust(64, b"\0")
    return {"date key": date, "region key": region, "service key": service, "signing key": mac(service, "aws4_request"),
            "inner block": bytes(b ^ 0x36 for b in pad), "outer block": bytes(b ^ 0x5c for b in pad)}


class Keys:
    """What DIR/credentials holds now, and all that is made of it."""

    def __init__(self, site):
        with open(os.path.join(site.cloud, "credentials"), encoding="ascii") as f:
            member = dict(re.findall(r"(aws_\w+)\s*=\s*(\S+)", f.read()))
        self.id = member["aws_access_key_id"]
        self.secret, self.token = member["aws_secret_access_key"], member["aws_session_token"]

    def everything(self):
        days = {time.strftime("%Y%m%d", time.gmtime(time.time() - s)) for s in (0, 600)}
        made = {"secret key": self.secret.encode(), "session token": self.token.encode(),
                "end of the token": self.token[-40:].encode(), "Authorization": f"Credential={self.id}/".encode()}
        for day in days:
            made.update({f"{name} of {day}": value for name, value in derived(self.secret, day).items()})
        return made


    def own(self):
        """What no worker is told: the secret key and whatever is made of it but the Authorization line."""
        return {name: value for name, value in self.everything().items() if name not in ("session token", "end of the token", "Authorization")}


class Broker:
    """Greets whoever comes and listens: enough of MQTT for a password to be sent."""

    def __init__(self):
        self.seen = b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.socket.accept()
            threading.Thread(target=self.one, args=(peer,), daemon=True).start()

    def one(self, peer):
        with peer:
            while data := peer.recv(4096):
                self.seen += data
                if data[0] == 0x10:
                    peer.sendall(b"\x20\x02\0\0")


class Receiver(Broker):
    """Takes one request a connection."""

    def one(self, peer):
        with peer:
            self.seen += peer.recv(65536)
            peer.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def asks(s, what):
    """A verb makes the daemon sign, send and read."""
    requests = os.path.join(s.cloud, "requests.jsonl")
    before = os.path.getsize(requests)

    def more():
        s.run("deployments", "--json")
        return os.path.getsize(requests) > before
    ok(wait(more, 40, 0.3), what, s.kedge.tail())


def not_in_worker(s, keys, what):
    pid = worker(s)
    ok(pid and in_process(pid, {"conf": b"--worker"}), "the worker's memory is searched")
    same(in_process(pid, keys.own()), {}, f"the worker holds nothing of {what}")


def keys(s):
    old = Keys(s)
    asks(s, "AWS is asked with the first keys")
    hits = found(s, old.everything())
    ok("secret key" in hits and "session token" in hits and any(n.startswith("signing key") for n in hits),
       "the keys in force, and the signing key, are found: the search works", str(hits))
    not_in_worker(s, old, "the first keys")
    s.ctl("rotate-credentials", expire_old=True)
    new = Keys(s)
    ok(new.secret != old.secret and new.token != old.token, "the file holds other keys")
    s.kedge.process.send_signal(signal.SIGHUP)
    wait(lambda: "secret key" in found(s, {"secret key": new.secret.encode()}), 30)
    asks(s, "AWS is asked with the new ones")
    hits = found(s, new.everything())
    ok("secret key" in hits and any(n.startswith("signing key") for n in hits), "they are in memory now", str(hits))

    not_in_worker(s, new, "the new keys")

    def gone():
        """A request that was under way with the old keys has ended, and curl's buffer has served the next one."""
        s.run("deployments", "--json")
        return not found(s, old.everything())
    wait(gone, 20, 0.5)
    for name, where in found(s, old.everything()).items():
        ok(False, f"the old {name} is still in memory", "\n".join(where))
    same(found(s, old.everything()), {}, "of the old keys nothing is anywhere in memory")
    hits = found(s, {"secret": new.secret.encode()})
    same(len(hits["secret"]), 2, "the secret in force is there once, and once beside the key made of it")


def channels(s):
    broker, receiver = Broker(), Receiver()
    secret = os.path.join(s.folder, "webhook.secret")
    with open(secret, "w", encoding="ascii") as f:
        f.write(WEBHOOK + "\n")
    conf = s.conf
    s.reload(conf | {"report": {"listen": "", "webhook": f"http://127.0.0.1:{receiver.port}/", "webhook_secret": secret,
                                "mqtt": f"mqtt://site:{BROKER}@127.0.0.1:{broker.port}"}})
    ok(wait(lambda: BROKER.encode() in broker.seen, 30), "the broker gets its password", s.kedge.tail())
    s.stop_agent()      # a source goes: the webhook is told
    ok(wait(lambda: b"X-Kedge-Signature" in receiver.seen, 60), "the webhook is signed", s.kedge.tail())
    same(found(s, {"webhook's secret": WEBHOOK.encode()}), {}, "the webhook's secret is read for each signature and kept nowhere")
    hits = found(s, {"broker's password": BROKER.encode()})
    ok(hits and all("mqtt://site:" in where for where in hits["broker's password"]), "the broker's password stands in the conf alone", str(hits))
    s.reload(conf)
    same(found(s, {"broker's password": BROKER.encode()}), {}, "another conf: it is gone")


def proxy(s):
    conf = s.conf
    s.reload(conf | {"aws": {"proxy": f"http://gateway:{PROXY}@127.0.0.1:9"}})
    ok(wait(lambda: found(s, {"p": PROXY.encode()}), 20), "the proxy's password is in the conf")
    s.run("deployments", "--json")
    s.reload(conf)
    asks(s, "the proxy is no longer wanted: AWS is asked without it")
    sent = base64.b64encode(f"gateway:{PROXY}".encode())
    same(found(s, {"password": PROXY.encode(), "header": sent}), {}, "the proxy's password is gone")


def elsewhere(s):
    """What others may read, all the while kedge ran."""
    now = Keys(s)
    secrets = now.own() | {"session token": now.token.encode(), "webhook": WEBHOOK.encode(), "broker": BROKER.encode(), "proxy": PROXY.encode()}
    texts = {"log": os.path.join(s.folder, "kedge.log"), "journal": s.journal}
    for pid in s.kedge.processes():
        texts |= {f"{name} of {pid}": f"/proc/{pid}/{name}" for name in ("cmdline", "environ")}
    for folder in (s.state_dir, s.run_dir):
        texts |= {name: os.path.join(folder, name) for name in os.listdir(folder) if not name.endswith(".sock")}
    for name, path in texts.items():
        with open(path, "rb") as f:
            said = f.read()
        same([of for of, value in secrets.items() if value in said], [], f"no secret in {name}")
    for verb in (("status", "--json"), ("services", "--json"), ("failures", "--json"), ("journal", "-n", "200"), ("check",)):
        answer = s.run(*verb)
        said = (answer.stdout + answer.stderr).encode()
        same([of for of, value in secrets.items() if value in said], [], f"nor in what `kedge {verb[0]}` says")


def no_core(s):
    """A process that is not to be dumped is root's in /proc, whoever it runs as; root's own has to fall to show it."""
    pid = worker(s)
    same(os.stat(f"/proc/{pid}/environ").st_uid, 0, "the worker leaves no core dump")
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        ok(re.search(r"^Uid:\s+(?!0\b)\d+", f.read(), re.M), "... and is not root")
    for name, of in (("worker", pid), ("gate", s.kedge.pid)):
        with open(f"/proc/{of}/coredump_filter", encoding="ascii") as f:
            same(int(f.read(), 16), 0, f"nothing that the {name} can write to is in a debugger's dump")
    core = os.path.join(os.getcwd(), "core")
    before = os.path.exists(core)
    resource.prlimit(s.kedge.pid, resource.RLIMIT_CORE, (65536, 65536))
    os.kill(s.kedge.pid, signal.SIGSEGV)
    fell = os.waitid(os.P_PID, s.kedge.pid, os.WEXITED | os.WNOWAIT)
    same((fell.si_status, fell.si_code), (signal.SIGSEGV, os.CLD_KILLED), "nor does the gate, which holds the keys")
    if os.path.exists(core) and not before:
        os.unlink(core)


def stack(s):
    for name, pid in (("gate", s.kedge.pid), ("worker", worker(s))):
        with open(f"/proc/{pid}/smaps", encoding="ascii") as f:
            text = f.read()
        kib = int(re.search(r"Rss:\s+(\d+) kB", text[text.index("[stack]"):]).group(1))
        if name == "worker":
            figures(stack_touched_kib=kib)
        ok(0 < kib <= 160, f"the most stack the {name} ever touched: {kib} KiB of 160")


def main():
    with Site(engine="20" if engine_can() else "real") as s:
        s.image("web:1")
        s.service("web", {})
        wait(lambda: any(r.get("rollout") for r in s.read("services").get("services", [])), 60, 0.2)
        keys(s)
        channels(s)
        proxy(s)
        elsewhere(s)
        stack(s)
        no_core(s)
    done()


main()
