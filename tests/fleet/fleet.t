#!/usr/bin/env python3
"""A fleet of NODES real kedges (a gate and a worker each) under one account: a site whose registry is dead, a bad release on all
nodes, in whose rollback half of them lose their line, and at the same time one on three sites.

Their engines and ECS agents are played by one process (nodes.py), AWS is the shared double with the account's throttling
buckets and reads that lag 0-2 s. Every kedge runs with its defaults, but for rollback = auto. FLEET_SCALE is how many times as
fast as this machine's all clocks run (kedge's, the engines', AWS's with its buckets and its lag): 1 is real time."""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from account import between, stops, uses  # noqa: E402
from world import Fleet, done, figures, note, ok, percentile, same, wait  # noqa: E402

NODES = int(os.environ.get("NODES") or 50)
SCALE = int(os.environ.get("FLEET_SCALE") or (4 if NODES <= 100 else 2))
ALLOWED = max(3, NODES // 100)          # stops AWS may take for one deployment: 1 % of the nodes
ODD = 0                                 # the site whose registry dies: the node that has a file of its own, too
BACK = ["ROLLBACK_SUCCESSFUL"]
CUT_S = 60.0


class Story:
    def __init__(self, f):
        self.f, self.worst, self.stops, self.took = f, {}, 0, []

    def now(self):
        return self.f.ctl("ping")["server_unix_s"]

    def pause(self, seconds):
        time.sleep(seconds / SCALE)

    def deployments(self, service):
        return self.f.ctl("dump-service", service=service)["deployments"]

    def ended(self, service, status, seconds):
        """The newest deployment's state, waited for so many seconds of the fleet's time."""
        try:
            return self.f.ctl("wait-deployment", service=service, status=status, timeout_s=seconds / SCALE)["status"]
        except RuntimeError as e:
            return str(e)

    def deploy(self, service, image, **container):
        td = self.f.define(service, image, **container)
        return self.f.ctl("update-service", service=service, taskDefinition=td)["serviceDeploymentArn"]

    # ---- what each node says

    def told(self, service):
        """{node: its row of that service}"""
        rows = {}
        for i in range(NODES):
            for s in self.f.read(i, "status.json").get("services", []):
                if s["service"] == service:
                    rows[i] = s
        return rows

    def all_say(self, service, nodes, test, seconds):
        """Whether all these nodes came to say so, and what the others say instead."""
        left = set(nodes)

        def look():
            for i in list(left):
                for s in self.f.read(i, "status.json").get("services", []):
                    if s["service"] == service and test(s):
                        left.discard(i)
            return not left
        wait(look, seconds / SCALE, 0.5 + NODES / 400)   # reading a thousand of them takes this machine a while
        rows = self.told(service) if left else {}
        return not left, f"{len(left)} do not: " + "\n".join(
            f"{i}: {rows[i]['verdict']} {rows[i]['rollback']}" if i in rows else f"{i}: nothing" for i in sorted(left)[:12])

    # ---- what is counted of a part of the story

    def account(self, what, begin):
        for u in uses(between(self.f.requests(), begin, self.now())):
            note(f"{what}: {u}")
            ok(u.percent <= 50, f"{what}: half of the bucket {u.name} stays free ({u.percent:.0f} % used)", u)
            self.worst[u.name] = max(self.worst.get(u.name, 0), u.percent)

    def one_rollback(self, what, service, arn):
        sent, taken = stops(self.f.requests(), arn)
        states = next(d["states"] for d in self.deployments(service) if d["serviceDeploymentArn"] == arn)
        same(states.count("ROLLBACK_IN_PROGRESS"), 1, f"{what}: exactly one rollback takes effect", states)
        ok(1 <= taken <= ALLOWED, f"{what}: {taken} stops were taken of {sent} sent, {ALLOWED} allowed")
        self.stops = max(self.stops, taken)

    def recovery(self, what, service, nodes):
        """From a node's first failure to its kedge's word that it is hauled back."""
        took = []
        for i in nodes:
            status = self.f.read(i, "status.json")
            row = next((s for s in status.get("services", []) if s["service"] == service), None)
            first = [f["first_unix_s"] for f in status.get("failures", [])
                     if row and f"{f['family']}:{f['revision']}" == row["rollback"].get("release")]
            if row and first and row["rollback"].get("done_unix_s"):
                took.append(row["rollback"]["done_unix_s"] - min(first))
        if took:
            note(f"{what}: first failure on a node to hauled back and checked there: p50 {percentile(took, 50):.1f} s, "
                 f"p99 {percentile(took, 99):.1f} s, of {len(took)} nodes")
        return took


def begins(t):
    f = t.f
    f.image("wide:1")
    f.image("wide:2")
    f.image("wide:3", start_fails="start-exec-notfound-abs")
    f.image("few:1")
    f.image("few:2", cmd=["exit", "1", "300"])
    f.ctl("create-service", service="wide", taskDefinition=f.define("wide", "wide:1"), desiredCount=NODES)
    f.ctl("create-service", service="few", taskDefinition=f.define("few", "few:1"), desiredCount=min(3, NODES),
          deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 0})
    same(t.ended("wide", ["SUCCESSFUL"], 600), "SUCCESSFUL", "a first release runs on all nodes")
    same(t.ended("few", ["SUCCESSFUL"], 600), "SUCCESSFUL", "and one on three")
    begin, at = t.now(), time.monotonic()
    f.start()
    note(f"{NODES} kedges started in {time.monotonic() - at:.1f} s")
    good, instead = t.all_say("wide", range(NODES), lambda s: s["verdict"] == "ok", 900)
    ok(good, "every kedge says ok of it", instead)
    t.account("start", begin)


def memory(t):
    kib = t.f.pss_kib(range(NODES))
    note(f"PSS of gate and worker, the binary's pages shared by {NODES - 1} nodes: {sum(kib) / 1024:.0f} MiB in sum, "
         f"p50 {percentile(kib, 50)} KiB, p99 {percentile(kib, 99)} KiB a node; of the one with a file of its own {kib[0]} KiB")
    figures(fleet_pss_mib=round(sum(kib) / 1024), **{f"fleet_pss_kib_node_p{p}": percentile(kib, p) for p in (50, 99)})


def site_says(t):
    return [f for f in t.f.read(ODD, "status.json").get("failures", []) if f["family"] == "wide" and f["revision"] == 2]


def dead_registry(t):
    begin = t.now()
    t.f.order(registry=ODD, case="net-refused-insecure")
    arn = t.deploy("wide", "wide:2")
    wait(lambda: site_says(t), 240 / SCALE, 0.3)
    t.pause(20)
    said = site_says(t)
    ok(said and all(x["blame"] in ("registry", "network") for x in said), "dead registry: that site says whose fault it is",
       [(x["class"], x["blame"]) for x in said])
    same(t.deployments("wide")[-1]["status"], "IN_PROGRESS", "dead registry: the release goes on elsewhere")
    t.f.order(registry=ODD, case="")
    same(t.ended("wide", ["SUCCESSFUL"], 1800), "SUCCESSFUL", "dead registry: mended, the release is everywhere")
    same(stops(t.f.requests(), arn), (0, 0), "dead registry: no stop is sent for a site's fault")
    t.account("dead registry", begin)


def closed(row):
    return row["rollback"]["state"] == "rolled-back" and row["rollback"]["release"] == "wide:3"


def bad_everywhere(t):
    """The first rollback is asked for; in that moment the nodes with odd numbers lose the line."""
    begin, cut = t.now(), list(range(1, NODES, 2))
    wide, few = t.deploy("wide", "wide:3"), t.deploy("few", "few:2")
    during = t.ended("wide", ["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", *BACK], 900)
    ok(during.startswith("ROLLBACK"), f"bad on {NODES} nodes: a rollback is asked for", during)
    asked = t.now()
    t.f.wan(cut, False)
    note(f"{during} {asked - begin:.1f} s after the deployment; {len(cut)} nodes lose their line for {CUT_S:.0f} s")
    t.pause(CUT_S)
    t.f.wan(cut, True)
    same(t.ended("wide", BACK, 900), BACK[0], f"bad on {NODES} nodes: it is hauled back")
    same(t.ended("few", BACK, 900), BACK[0], "bad on 3 sites: it is hauled back")
    good, instead = t.all_say("wide", range(NODES), closed, 1800)
    ok(good, f"bad on {NODES} nodes: every one comes to say that it was hauled back", instead)
    t.one_rollback(f"bad on {NODES} nodes", "wide", wide)
    t.one_rollback("bad on 3 sites", "few", few)
    t.took = t.recovery(f"bad on {NODES} nodes, their line good", "wide", range(0, NODES, 2))
    t.recovery(f"bad on {NODES} nodes, their line cut", "wide", cut)
    t.recovery("bad on 3 sites", "few", range(NODES))
    t.account("bad releases", begin)


def in_sum(t):
    bytes_each = [sum(t.f.read(i, "status.json")["thrift"]["wan_bytes_today"].values()) for i in range(NODES)]
    note(f"payload of the line: {sum(bytes_each) / 1e6:.2f} MB in sum, p50 {percentile(bytes_each, 50)} bytes, "
         f"p99 {percentile(bytes_each, 99)} bytes a node, of {len(t.f.requests())} calls")
    same(t.f.alive(), NODES, "every kedge lives to the end")
    figures(fleet_nodes=NODES, fleet_effective_rollbacks=1, fleet_stop_calls=t.stops,
            fleet_bucket_percent=round(max(t.worst.values()), 1), fleet_bytes_node_p50=percentile(bytes_each, 50),
            fleet_bytes_mb=round(sum(bytes_each) / 1e6, 2),
            **({f"fleet_recover_s_p{p}": round(percentile(t.took, p), 1) for p in (50, 99)} if t.took else {}))


def main():
    note(f"{NODES} nodes, each a gate and a worker of its own user; clocks run {SCALE} times as fast; reads lag 0-2 s of them; "
         f"{os.cpu_count()} CPUs, {os.uname().release}")
    with Fleet(NODES, SCALE) as f:
        t = Story(f)
        begins(t)
        memory(t)
        dead_registry(t)
        bad_everywhere(t)
        in_sum(t)
    done()


main()
