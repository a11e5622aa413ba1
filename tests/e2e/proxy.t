#!/usr/bin/env python3
"""A site whose only way out is an HTTP proxy: a whole rollback goes through it, each of its failures has its own
sentence, its password is nowhere, and what is on this machine never goes that way."""
import glob
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402

HOST = "ecs.eu-west-1.kedge.test"   # which no DNS knows: the proxy does
USER, SECRET = "gateway", "hunter2%21"


def lines(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def start_proxy(s, *options):
    with open(os.path.join(s.cloud, "port"), encoding="utf-8") as f:
        to = "127.0.0.1:" + f.read().strip()
    folder = os.path.join(s.folder, "proxy")
    os.makedirs(folder, exist_ok=True)
    s.double("proxy.py", "--dir", folder, "--to", to, "--user", f"{USER}:hunter2!", *options)
    port_file = os.path.join(folder, "proxy.port")
    wait(lambda: os.path.exists(port_file), 20)
    with open(port_file, encoding="utf-8") as f:
        return folder, f.read().strip()


def start(s, environment=None, **aws):
    if s.kedges and s.kedges[-1].alive():
        s.stop_kedge()
    s.conf = {"aws": {"endpoint": f"https://{HOST}", "heartbeat": "1s"} | aws, "policy": {"rollback": "auto", "hold_down": "0s"}}
    s.environment = environment or {}
    s.kedge = s.start_kedge(synced=False)


def says(s, *words):
    """The source aws, once its detail has all these words."""
    return wait(lambda: (d := s.status()["sources"]["aws"].get("detail") or "") and all(w in d for w in words) and d, 20, 0.2)


def whole_rollback(s, folder, port):
    start(s, proxy=f"http://{USER}:{SECRET}@127.0.0.1:{port}")
    s.image("web:1")
    s.service("web", {"image": f"{REGISTRY}/web:1", "memory": 1})
    ok(s.wait_source("aws", "up", 30), "AWS is reached through the proxy", str(s.status()["sources"]["aws"]))
    wait(lambda: s.ctl("dump")["services"]["web"]["deployments"][-1]["status"] == "SUCCESSFUL", 60)
    td = s.define("web", {"image": f"{REGISTRY}/web:nosuch", "memory": 1})
    s.ctl("update-service", service="web", taskDefinition=td)
    ok(wait(lambda: [r for r in lines(s.cloud, "requests.jsonl") if r["op"] == "StopServiceDeployment"], 120, 0.3),
       "a bad release is hauled back through it", s.kedge.tail())
    seen = lines(folder, "proxy.jsonl")
    ok(all(r.get("target") == f"{HOST}:443" for r in seen), "nothing else went there", str(seen))
    same([r for r in seen if r.get("leak")], [], "and no header meant for AWS")


def failures(s, folder, port):
    whose = f"the proxy 127.0.0.1:{port}"
    good = f"http://{USER}:{SECRET}@127.0.0.1:{port}"
    start(s, proxy=f"http://127.0.0.1:{port}")
    ok(says(s, whose, "wants authentication (status 407)", "kedge.conf"), "without a user: says which key to set")
    start(s, proxy=f"http://{USER}:wrong@127.0.0.1:{port}")
    ok(says(s, whose, "refuses the user and password"), "with a wrong password")
    start(s, proxy=good, endpoint="https://forbidden.kedge.test")
    ok(says(s, whose, "forbids connections to forbidden.kedge.test", "403"), "a host it forbids")
    for fault, words in (("bad-gateway", "cannot reach"), ("gateway-timeout", "status 504"), ("close", "closed the connection")):
        with open(os.path.join(folder, "fault"), "w", encoding="utf-8") as f:
            f.write(fault)
        start(s, proxy=good)
        ok(says(s, whose, words), f"{fault}: {words}", str(s.status()["sources"]["aws"]))
    os.unlink(os.path.join(folder, "fault"))
    start(s, proxy="http://127.0.0.1:1")
    ok(says(s, "the proxy 127.0.0.1:1 cannot be connected", "refused"), "nobody listens there")
    start(s, proxy="http://proxy.invalid:3128")
    ok(says(s, "the name of the proxy proxy.invalid:3128"), "a proxy nobody knows")


def environment(s, folder, port):
    there = f"http://{USER}:{SECRET}@127.0.0.1:{port}"
    start(s, {"https_proxy": there, "HTTPS_PROXY": "http://127.0.0.1:1"})
    ok(s.wait_source("aws", "up", 30), "https_proxy of the environment, lower case first")
    start(s, {"ALL_PROXY": "http://127.0.0.1:1"}, proxy=there)
    ok(s.wait_source("aws", "up", 30), "kedge.conf wins over it")
    start(s, {"https_proxy": there, "no_proxy": "example.org,.kedge.test"})
    ok(says(s, f"the name of {HOST} cannot be resolved"), "a host in no_proxy is looked for without it")
    start(s, {"https_proxy": there}, proxy="none")
    ok(says(s, f"the name of {HOST} cannot be resolved"), "and so is every host with proxy = none")
    with open(os.path.join(s.cloud, "endpoint"), encoding="utf-8") as f:
        local = f.read().strip()
    before = len(lines(folder, "proxy.jsonl"))
    start(s, {"https_proxy": "http://127.0.0.1:1"}, endpoint=local)
    ok(s.wait_source("aws", "up", 30), "what is on this machine is reached without a proxy")
    same(len(lines(folder, "proxy.jsonl")), before, "which hears nothing of it")


def secret_nowhere(s):
    text = "".join(k.tail(10 ** 6) for k in s.kedges) + json.dumps(s.status()) + s.run("why", "1").stdout
    for path in glob.glob(s.state_dir + "/*") + glob.glob(s.run_dir + "/*"):
        if os.path.isfile(path):
            with open(path, encoding="latin-1") as f:
                text += f.read()
    ok("hunter2" not in text and "aHVudGVy" not in text, "the password is in no log, journal, status or page")
    s.write_conf(aws={"proxy": f"ftp://{USER}:{SECRET}@h"})
    bad = subprocess.run([s.binary, "--conf", s.conf_path, "agent"], capture_output=True, text=True, timeout=20, check=False)
    ok(bad.returncode != 0 and "proxy" in bad.stderr and "hunter2" not in bad.stderr, "nor in the error about a bad value", bad.stderr)


def main():
    with Site(engine="28", kedge=False, cloud_options=("--time-scale", "20")) as s:
        folder, port = start_proxy(s, "--allow", HOST)
        whole_rollback(s, folder, port)
        failures(s, folder, port)
        environment(s, folder, port)
        secret_nowhere(s)
    done()


main()
