#!/usr/bin/env python3
"""Where the keys come from: every provider until AWS answers to its keys, or goes back with them; new ones before the old
ones end, by the server's clock; each way to fail, in its own words; and no old secret left in memory."""
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, never, ok, same, wait  # noqa: E402
from cloudctl import call  # noqa: E402


class Keys:
    """The double that hands out keys, beside a site's cloud."""

    def __init__(self, site):
        self.site, self.folder = site, os.path.join(site.folder, "keys")
        site.double("key_cloud.py", "--dir", self.folder, "--cloud", site.cloud)
        wait(lambda: os.path.exists(os.path.join(self.folder, "ports")), 60)
        with open(os.path.join(self.folder, "ports"), encoding="utf-8") as f:
            self.port = json.load(f)
        self.arns = self.ctl("dump")["arns"]

    def ctl(self, command, **members):
        answer = call(self.folder, command, **members)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def set(self, provider, **members):
        self.ctl("set", provider=provider, **members)

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self, provider):
        try:
            with open(self.path("requests.jsonl"), encoding="utf-8") as f:
                return [r for r in map(json.loads, f) if r["provider"] == provider]
        except FileNotFoundError:
            return []

    def given(self, provider):
        """Secrets handed out, oldest first."""
        return [r["gave"] for r in self.log(provider) if "gave" in r]

    def iot(self, name="thing1", **more):
        return {"aws": {"credentials": "iot"},
                "iot": {"endpoint": f"localhost:{self.port['iot']}", "role_alias": "edge-role", "thing": "thing1",
                        "cert": self.path(name + ".pem"), "key": self.path(name + ".key")} | more}

    def anywhere(self, name, **more):
        return {"aws": {"credentials": "rolesanywhere"},
                "rolesanywhere": self.arns | {"endpoint": f"https://localhost:{self.port['rolesanywhere']}",
                                              "cert": self.path(name + ".pem"), "key": self.path(name + ".key")} | more}


def said(s):
    return s.status().get("credentials", {})


def wait_state(s, state, words="", seconds=30):
    return wait(lambda: (c := said(s)).get("state") == state and words in (c.get("detail") or "") and c, seconds, 0.2)


def answered(s, session):
    """Calls that ECS answered to keys of that session."""
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [r for r in map(json.loads, f) if r["key"] == session and r.get("status") == 200]


def works(s, session, what):
    before = len(answered(s, session))

    def more():
        s.run("deployments", "--json")
        return len(answered(s, session)) > before
    ok(wait(more, 40, 0.3), f"{what}: ECS answers to these keys", str(said(s)) + s.kedge.tail())


def restart(s, conf, environment=None):
    s.stop_kedge()
    s.conf, s.environment = conf, environment or {}
    s.start_kedge()


def in_memory(pid, text):
    """Where in the process's writable memory these bytes stand."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            words = line.split()
            if "w" not in words[1] or words[-1] in ("[vvar]", "[vsyscall]"):
                continue
            low, high = (int(w, 16) for w in words[0].split("-"))
            try:
                mem.seek(low)
                data = mem.read(high - low)
            except OSError:
                continue
            at = data.find(text.encode())
            while at >= 0:
                found.append((words[-1], hex(low + at)))
                at = data.find(text.encode(), at + 1)
    return found


def no_secret(s, secrets, what):
    texts = [json.dumps(s.status()), s.run("status").stdout, json.dumps(s.read("failures"))]
    for folder in (s.state_dir, s.run_dir, s.folder):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    texts.append(f.read().decode("latin-1"))
    ok(secrets and not [x for x in secrets for t in texts if x in t], f"{what}: no secret in log, journal or status")


def rotates(s, keys, provider, what):
    """Keys that last 6 s, then an hour: new ones come half-way, and nothing of the old ones stays."""
    keys.set(provider, duration_s=6)
    before = len(keys.given(provider))
    s.kedge.process.send_signal(signal.SIGHUP)
    ok(wait(lambda: len(keys.given(provider)) > before, 20), f"{what}: asked anew on a reload", s.kedge.tail())
    keys.set(provider, duration_s=3600)
    old = keys.given(provider)[-1]
    ok(wait(lambda: len(keys.given(provider)) > before + 1, 20), f"{what}: new keys before the old ones end", str(said(s)))
    new = keys.given(provider)[-1]
    works(s, provider, what)
    ok(wait(lambda: in_memory(s.kedge.pid, new), 20), f"{what}: the secret in force is found in memory (so the search works)")
    same(in_memory(s.kedge.pid, old), [], f"{what}: the old secret is nowhere in memory")
    ok(never(lambda: len(keys.given(provider)) > before + 2, 3), f"{what}: and no more are asked for")
    no_secret(s, [old, new], what)


# ---- IoT

def iot(s, keys):
    keys.ctl("issue", name="thing1", key="rsa", thing="thing1")
    keys.ctl("issue", name="thing2", key="p384", thing="thing2")
    keys.set("iot", session="iot", policy=False)
    restart(s, keys.iot())
    now = wait_state(s, "refused", "iot:AssumeRoleWithCertificate")
    ok(now and now["provider"] == "iot" and s.source("aws") == "refused", "IoT, no policy: refused, and what to attach", said(s))
    ok(s.status()["facts"]["credentials"] is False, "there are no credentials then")
    keys.set("iot", policy=True)
    now = wait_state(s, "ok", seconds=60)
    ok(now and abs(now["expires_unix_s"] - time.time() - 3600) < 120, "the policy attached: it has keys, and says how long", said(s))
    works(s, "iot", "IoT with an RSA certificate")
    rotates(s, keys, "iot", "IoT")
    for words, member in (("[iot] thing must be the name", {"thing": "other"}), ("role_alias names none", {"role_alias": "none"}),
                          ("is not the one of the certificate", {"key": keys.path("thing2.key")}),
                          ("Permission denied" if os.getuid() else "No such file", {"key": keys.path("nothing.key")}),
                          ("holds no private key", {"key": keys.path("thing1.pem")}),
                          ("cannot be resolved", {"endpoint": "kedge-test.invalid"})):
        s.reload(keys.iot(**member))
        ok(wait_state(s, "failing", words), f"IoT: {words}", said(s))
    works(s, "iot", "the old keys stay in use meanwhile")
    s.reload(keys.iot())
    ok(wait_state(s, "ok"), "mended: ok again", said(s))
    for member, words in (({"active": False}, "activate the certificate"), ({"role": False}, "trust credentials.iot"),
                          ({"max_s": 900}, "maximum session duration")):
        keys.set("iot", **member)
        s.reload(keys.iot())
        ok(wait_state(s, "failing", words), f"IoT refuses: {words}", said(s))
        keys.set("iot", active=True, role=True, max_s=43200)
    for kind, words in (("http500", "cannot answer now (500"), ("throttle", "(429 Rate exceeded)"), ("html", "IoT"),
                        ("bad-json", "IoT"), ("reset", "closed the connection")):
        keys.ctl("fail", provider="iot", kind=kind)
        s.reload(keys.iot())
        ok(wait_state(s, "failing", words), f"IoT, {kind}: {words}", said(s))
        ok(wait_state(s, "ok", seconds=60), "it is asked again by itself", said(s))
    restart(s, keys.iot("thing2", thing="thing2"))
    works(s, "iot", "IoT with a P-384 certificate")
    ok(all(r.get("error") in ("", None) or r["status"] for r in keys.log("iot")), "every connection came to a request")


def by_server_time(s, keys):
    keys.ctl("issue", name="clocked", thing="thing1")
    keys.set("iot", session="iot", duration_s=3600)
    restart(s, keys.iot("clocked"))
    ok(wait_state(s, "ok"), "fresh keys for an hour", said(s))
    before = len(keys.given("iot"))
    works(s, "iot", "before the server's clock moves")
    ok(never(lambda: len(keys.given("iot")) > before, 2), "an hour is left: no keys are asked for")
    s.ctl("set-clock", offset_s=2000)
    works(s, "iot", "the server is 33 minutes ahead")
    ok(never(lambda: len(keys.given("iot")) > before, 2), "27 minutes are left: still none")
    s.ctl("set-clock", offset_s=2800)
    works(s, "iot", "the server is 47 minutes ahead")
    ok(wait(lambda: len(keys.given("iot")) > before, 20), "13 minutes are left by its clock: new keys", said(s))
    ok(wait(lambda: said(s).get("state") == "ok" and abs(said(s)["expires_unix_s"] - time.time() - 2800 - 3600) < 120), "which end by the server's clock",
       said(s))
    keys.ctl("fail", provider="iot", kind="http500", count=1000)
    s.ctl("set-clock", offset_s=2800 + 3000)
    works(s, "iot", "the provider is down, the old keys are good for 10 minutes more")
    ok(wait_state(s, "failing"), "which is told", said(s))
    s.ctl("set-clock", offset_s=2800 + 3700)
    s.run("deployments", "--json")
    ok(wait_state(s, "expired", "have expired", 40) or wait_state(s, "rejected"), "their time is over: there are none", said(s))
    ok(wait(lambda: s.status()["facts"]["credentials"] is False), "and nothing is asked without")
    sent = len(answered(s, "iot"))
    keys.ctl("set", provider="iot", faults=[])
    s.reload(keys.iot("clocked"))
    ok(wait_state(s, "ok", seconds=90), "the provider is back: new keys", said(s))
    works(s, "iot", "after the outage")
    ok(len(answered(s, "iot")) > sent, "with them AWS answers")
    s.ctl("set-clock", offset_s=0)


# ---- Roles Anywhere

def anywhere(s, keys):
    keys.set("rolesanywhere", session="rolesanywhere")
    for name, members in (("ra-rsa", {"key": "rsa"}), ("ra-ec", {}), ("ra-384", {"key": "p384"}),
                          ("ra-chain", {"via_intermediate": True}), ("ra-usage", {"usage": False}), ("ra-old", {"days": 0})):
        keys.ctl("issue", name=name, **members)
    for name in ("ra-rsa", "ra-ec", "ra-384", "ra-chain"):
        restart(s, keys.anywhere(name))
        ok(wait_state(s, "ok"), f"Roles Anywhere, {name}: the signature is good", str(said(s)) + s.kedge.tail())
        works(s, "rolesanywhere", name)
    asked = [r for r in keys.log("rolesanywhere") if r["status"] == 201][-1]
    same(json.loads(asked["body"])["durationSeconds"], 3600, "an hour was asked for")
    rotates(s, keys, "rolesanywhere", "Roles Anywhere")
    keys.set("rolesanywhere", duration_s=0)
    with open(keys.path("leaf-only.pem"), "w", encoding="ascii") as out, open(keys.path("ra-chain.pem"), encoding="ascii") as f:
        out.write(f.read().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")
    other = "arn:aws:rolesanywhere:eu-west-1:123456789012:"
    for words, name, member in (
            ("key usage digitalSignature", "ra-usage", {}),
            ("expired on", "ra-old", {}),
            ("does not chain to the trust anchor", "ra-chain", {"cert": keys.path("leaf-only.pem")}),
            ("trust_anchor names none", "ra-ec", {"trust_anchor": other + "trust-anchor/x"}),
            ("profile names none", "ra-ec", {"profile": other + "profile/x"}),
            ("the profile must list it", "ra-ec", {"role": "arn:aws:iam::123456789012:role/other"})):
        s.reload(keys.anywhere(name, **member))
        ok(wait_state(s, "failing", words), f"Roles Anywhere: {words}", said(s))
    for member in ("anchor_enabled", "profile_enabled"):
        keys.set("rolesanywhere", **{member: False})
        s.reload(keys.anywhere("ra-ec"))
        ok(wait_state(s, "failing", "has to enable it"), f"Roles Anywhere: {member} = no", said(s))
        keys.set("rolesanywhere", **{member: True})
    works(s, "rolesanywhere", "the old keys stay in use meanwhile")
    restart(s, keys.anywhere("ra-usage"))
    now = wait_state(s, "refused", "digitalSignature")
    ok(now and s.source("aws") == "refused", "without old keys it is refused", said(s))


# ---- container, environment, file

def container(s, keys):
    keys.set("container", session="container", token="Bearer first")
    token, url = keys.path("token"), f"http://127.0.0.1:{keys.port['container']}/v2/credentials"
    with open(token, "w", encoding="ascii") as f:
        f.write("Bearer first\n")
    environment = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
                   "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the file wins"}
    automatic = {"aws": {"credentials": "auto", "credentials_file": os.path.join(s.folder, "none")}}
    restart(s, automatic, environment)
    ok(wait_state(s, "ok") and said(s)["provider"] == "container", "auto: the container's endpoint is set, so it is asked", said(s))
    works(s, "container", "container")
    rotates(s, keys, "container", "container")
    keys.set("container", token="Bearer second")
    s.reload(automatic)
    ok(wait_state(s, "failing", "authorization token"), "another token is wanted: told", said(s))
    with open(token, "w", encoding="ascii") as f:
        f.write("Bearer second\n")
    ok(wait_state(s, "ok", seconds=60), "the token file is read each time", said(s))
    before = len(keys.log("container"))
    keys.ctl("fail", provider="container", kind="http500", count=2)
    s.reload(automatic)
    ok(wait(lambda: len(keys.log("container")) >= before + 3, 5), "two failures, and the third try at once", said(s))
    ok(wait_state(s, "ok"), "so that nobody need know", said(s))
    with open(token, "w", encoding="ascii") as f:
        f.write("Bearer second\r\nX-Evil: 1\n")
    before = len(keys.log("container"))
    s.reload(automatic)
    ok(wait_state(s, "failing", "holds a line's end"), "a token with a line's end is not sent", said(s))
    same(len(keys.log("container")), before, "... at all")
    restart(s, {"aws": {"credentials": "container"}}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.7/v2/credentials"})
    ok(wait_state(s, "missing", "http goes to this host"), "plain http to elsewhere: refused, with the reason", said(s))
    restart(s, {"aws": {"credentials": "container"}})
    ok(wait_state(s, "missing", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), "no endpoint at all: named", said(s))


def environment(s):
    key = s.ctl("add-key", session="env")
    given = {"AWS_ACCESS_KEY_ID": key["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"],
             "AWS_SESSION_TOKEN": key["aws_session_token"]}
    restart(s, {"aws": {"credentials": "env"}}, given)
    works(s, "env", "environment")
    s.ctl("expire-credentials", session="env")
    s.run("deployments", "--json")
    ok(wait_state(s, "rejected", "started with new ones"), "expired there: only a restart helps, and it says so", said(s))
    del given["AWS_SECRET_ACCESS_KEY"]
    restart(s, {"aws": {"credentials": "auto", "credentials_file": os.path.join(s.folder, "none")}}, given)
    ok(wait_state(s, "missing", "AWS_SECRET_ACCESS_KEY"), "half an environment is named", said(s))


def ssm_file(s):
    path = os.path.join(s.cloud, "credentials")
    restart(s, {})
    now = wait_state(s, "ok")
    ok(now and now["provider"] == "file" and now["expires_unix_s"] is None, "the SSM agent's file; it does not say until when", said(s))
    works(s, "mi-0123", "SSM file")
    with open(path, encoding="ascii") as f:
        old = f.read().split()[7 - 1]
    inode = os.stat(path).st_ino
    s.ctl("rotate-credentials", expire_old=True, torn_s=0.4)
    ok(os.stat(path).st_ino == inode and old not in open(path, encoding="ascii").read(), "rewritten in place, half written for a while")
    works(s, "mi-0123", "a rewritten file")
    ok(wait_state(s, "ok"), "ok", said(s))
    same(in_memory(s.kedge.pid, old), [], "its old secret is nowhere in memory")
    hour = time.time() - 2 * 3600
    os.utime(path, (hour, hour))
    s.reload({})
    now = wait_state(s, "stale", "is the SSM agent running?")
    ok(now and time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(int(hour))) in now["detail"], "a file of two hours ago is stale, but in use", said(s))
    works(s, "mi-0123", "a stale file")
    s.ctl("expire-credentials")
    s.run("deployments", "--json")
    ok(wait_state(s, "rejected", "waiting for the file to change"), "its keys have ended: it waits for the file", said(s))
    ok(s.wait_source("aws", "denied"), "AWS is told as denied", s.status().get("sources"))
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        before = len(f.readlines())

    def hammers():
        s.run("deployments", "--json")
        with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
            return len(f.readlines()) > before
    ok(never(hammers, 12), "AWS is not asked with keys it refused, whoever wants to know")
    s.ctl("rotate-credentials", torn_s=0.4)
    ok(wait_state(s, "ok", seconds=30), "the SSM agent is back: the new file is taken", said(s))
    works(s, "mi-0123", "after the outage")
    os.unlink(path)
    s.reload({})
    ok(wait_state(s, "missing", "No such file"), "no file: missing", said(s))
    restart(s, {"aws": {"credentials": "file", "profile": "edge"}})
    s.ctl("rotate-credentials")
    ok(wait_state(s, "missing", "no profile [edge]"), "no such profile: named", said(s))


def rolls_back(s, keys):
    """A bad release is hauled back with keys of Roles Anywhere."""
    keys.ctl("issue", name="back", key="rsa")
    keys.set("rolesanywhere", session="rolesanywhere", duration_s=0)
    policy = {"policy": {"rollback": "auto", "failures": 1, "hold_down": "0s", "quorum": "off"}}
    restart(s, keys.anywhere("back") | policy)
    s.image("back:1")
    s.service("back", {"image": f"{REGISTRY}/back:1"})
    ok(wait(lambda: s.ctl("dump")["services"]["back"]["deployments"][-1]["status"] == "SUCCESSFUL", 60), "a good release")
    s.ctl("update-service", service="back", taskDefinition=s.define("back", {"image": f"{REGISTRY}/back:nosuch"}))
    ok(wait(lambda: [r for r in answered(s, "rolesanywhere") if r["op"] == "StopServiceDeployment"], 90, 0.3),
       "a bad one is stopped with those keys", str(s.read("services")) + s.kedge.tail())


def main():
    with Site(engine="20", cloud_options=("--time-scale", "20")) as s:
        keys = Keys(s)
        s.image("web:11", local=True)
        s.docker.call("POST", f"/images/create?fromImage={REGISTRY}/web&tag=11")
        s.service("web", {})
        ok(wait(lambda: s.read("services").get("services"), 30), "a site with one service", s.kedge.tail())
        only = sys.argv[1:]
        for name, part in (("iot", lambda: iot(s, keys)), ("time", lambda: by_server_time(s, keys)),
                           ("anywhere", lambda: anywhere(s, keys)), ("back", lambda: rolls_back(s, keys)),
                           ("container", lambda: container(s, keys)), ("env", lambda: environment(s)),
                           ("file", lambda: ssm_file(s))):
            if not only or name in only:
                part()
        same(s.stop_kedge(), 0, "kedge ends well")
    done()


main()
