#!/usr/bin/env python3
"""What the link costs and when it is used: several services share a connection, a throttle is taken for all of them, a line that
comes back finds everything asked at once, and a data budget sheds in its order and never what a rollback needs."""
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import KEDGE_TEST, REGISTRY, Site, done, note, ok, same, wait  # noqa: E402

NAMES = ("web", "api", "job")
SCALE = 360                     # the hour between two heartbeats in 10 s
CUT_S = 2.0


def lines(s, name):
    with open(os.path.join(s.cloud, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def asked(s, since, op="ListServiceDeployments"):
    """(connection, service, status) of each request of that operation."""
    return [(r["peer"], (r["body"] or {}).get("service"), r["status"]) for r in lines(s, "requests.jsonl")[since:] if r["op"] == op]


def thrift(s):
    return s.status().get("thrift", {})


def settle(s):
    s.image("web:11")
    s.start_kedge()
    for name in NAMES:
        s.service(name, {})
    over = wait(lambda: sorted((r["service"], r["rollout"]) for r in s.read("services").get("services", [])) ==
                sorted((name, "SUCCESSFUL") for name in NAMES), 60, 0.2)
    ok(over, "three services are deployed", s.read("services"))


def by_connection(rows):
    found = {}
    for peer, service, _ in rows:
        found.setdefault(peer, []).append(service)
    return found


def together():
    """Whatever was deployed when: from the second heartbeat on all are asked on one connection."""
    with Site(engine="20", kedge=False, binary=KEDGE_TEST, cloud_options=("--time-scale", str(SCALE), "--scaled-clock"),
              environment={"KEDGE_CLOCK_SCALE": str(SCALE)}) as s:
        settle(s)
        begun, end = len(lines(s, "requests.jsonl")), time.monotonic() + 90
        links = []
        while len(links) < 5 and time.monotonic() < end:
            s.ctl("link", state="down", mode="refuse")   # an idle connection is cut, as AWS does
            s.ctl("link", state="up")
            time.sleep(CUT_S)
            links = list(by_connection(asked(s, begun)).items())
        whole = links[1:-1]
        note("  ".join(f"{len(services)} on {peer}" for peer, services in links))
        ok(len(whole) >= 3 and all(sorted(services) == sorted(NAMES) for _, services in whole),
           "one connection for all services of a heartbeat", links)
        same(len(lines(s, "requests.jsonl")) - begun, sum(len(services) for _, services in links), "and nothing else was asked")
        s.stop_kedge()
        used = {peer for peer, _ in whole}
        rows = [r for r in lines(s, "connections.jsonl") if r.get("peer", r.get("port")) in used]
        ok(len(rows) == len(used) and all(r.get("resumed") for r in rows), "each resumed its TLS session", rows)


def comes_back(s):
    """The route never went, the line was dead: the first answer lets all go."""
    s.ctl("link", state="down", mode="refuse")
    ok(s.wait_source("aws", "unreachable", 30), "the line is dead", s.kedge.tail())
    time.sleep(5)
    before, up = len(lines(s, "requests.jsonl")), time.monotonic()
    s.ctl("link", state="up")
    ok(wait(lambda: len({service for _, service, _ in asked(s, before)}) == len(NAMES), 90, 0.05), "the line is back: all are asked")
    note(f"{time.monotonic() - up:.1f} s after the line came back, without any news from the kernel")
    first = asked(s, before)[0][0]
    ok({service for peer, service, _ in asked(s, before) if peer == first} == set(NAMES), "on one connection", asked(s, before))


def throttled(s):
    same(thrift(s).get("heartbeat"), {"seconds": 2, "why": None}, "the heartbeat as the conf has it")
    s.ctl("set-throttle", op="ListServiceDeployments", burst=0, rate=0, retry_after_ms=1500)
    beat = wait(lambda: (b := thrift(s).get("heartbeat", {})).get("seconds", 0) >= 4 and b, 30, 0.1) or {}
    ok("throttles" in (beat.get("why") or ""), "AWS throttles: the heartbeat doubles, and says why", beat)
    page = s.run("status").stdout
    ok("AWS throttles this account" in page, "... in text too", page)
    beat = wait(lambda: (b := thrift(s).get("heartbeat", {})).get("seconds", 0) >= 8 and b, 60, 0.1) or {}
    ok(beat, "and again", thrift(s))
    before = len(lines(s, "requests.jsonl"))
    begun = time.monotonic()
    wait(lambda: len(asked(s, before)) >= 3, 60, 0.1)
    note(f"{len(asked(s, before))} refused questions in {time.monotonic() - begun:.1f} s")
    s.ctl("set-throttle", reset=True)
    ok(wait(lambda: thrift(s).get("heartbeat") == {"seconds": 2, "why": None}, 120, 0.2), "it decays as answers come", thrift(s))


def real_clock():
    with Site(engine="20", kedge=False, conf={"aws": {"heartbeat": "2s", "fleet": "1"}}, cloud_options=("--time-scale", "20")) as s:
        settle(s)
        counted(s)
        throttled(s)
        comes_back(s)


def counted(s):
    """Today's bytes, by purpose, over a restart and a kill."""
    def total():
        found = thrift(s).get("wan_bytes_today") or {}
        return sum(v or 0 for v in found.values())

    t = thrift(s)
    parts = t.get("by_purpose", {})
    ok({"ListServiceDeployments", "DescribeServiceDeployments"} <= set(parts), "bytes by operation", t)
    same(sum(p["up"] + p["down"] for p in parts.values()), sum(t["wan_bytes_today"].values()), "they add up to the day's")
    rows = [r for r in lines(s, "connections.jsonl")]
    ok(t.get("overhead_estimate_bytes", 0) > 0 and t["overhead_estimate_bytes"] % 52 == 0, "what TCP and IP add stands apart", t)
    note(f"{sum(t['wan_bytes_today'].values())} bytes, {t['overhead_estimate_bytes']} of overhead, {len(rows)} connections")
    for how, name in ((signal.SIGTERM, "a restart"), (signal.SIGKILL, "a kill")):
        wait(lambda: os.path.exists(os.path.join(s.run_dir, "traffic")), 10)
        before = total()
        s.stop_kedge(how)
        s.start_kedge()
        # what went out in the seconds since the file was written is lost to a kill
        ok(total() >= before * (1 if how == signal.SIGTERM else 0.5), f"the day's count goes on after {name}", (before, thrift(s)))
    with open(os.path.join(s.run_dir, "traffic"), "w", encoding="utf-8") as f:
        f.write("1\nListServiceDeployments 99999999 99999999 9\n")
    s.stop_kedge(signal.SIGKILL)
    with open(os.path.join(s.run_dir, "traffic"), "w", encoding="utf-8") as f:
        f.write("1\nListServiceDeployments 99999999 99999999 9\n")
    s.start_kedge()
    ok(total() < 99999999, "what was counted on another day is not today's", thrift(s))


def budget():
    """The day's data are used up, in order; what fails then is hauled back all the same."""
    conf = {"aws": {"heartbeat": "1s", "fleet": "1", "data_budget": "60KB"}, "policy": {"rollback": "auto", "hold_down": "0s"}}
    with Site(engine="20", kedge=False, conf=conf, cloud_options=("--time-scale", "20")) as s:
        s.image("web:1")
        s.start_kedge()
        s.service("web", {"image": f"{REGISTRY}/web:1"})
        levels = []

        def level():
            shed = thrift(s).get("shed")
            if shed and (not levels or levels[-1] != shed["level"]):
                levels.append(shed["level"])
                note(f"{sum(thrift(s)['wan_bytes_today'].values())} bytes: {shed['text']}")
            return levels

        ok(wait(lambda: level() and levels[-1] >= 2, 120, 0.1), "90 % are used", thrift(s))
        said = s.kedge.said("data budget:")
        ok(len(said) >= 2 and "80 %" in said[0] and "90 %" in said[1], "80 % came before, each is told", said)
        same(thrift(s).get("heartbeat", {}).get("seconds"), 21600, "a service at rest is asked about every 6 hours")
        page = s.run("status").stdout
        ok("data budget: 90 % of the day's data are used" in page, "... status says so in a line", page)
        # nothing but a person's question could come now, and it is answered from what is kept
        before = len(lines(s, "requests.jsonl"))
        s.run("deployments")
        same(asked(s, before, "DescribeServices"), [], "service events are not asked for")
        s.define("web", {"image": f"{REGISTRY}/web:1", "entryPoint": ["/nosuch"]})
        s.ctl("update-service", service="web", taskDefinition="web:2")
        state = wait(lambda: next((r["rollback"] for r in s.read("services").get("services", [])
                                   if r["rollback"].get("state") == "rolled-back"), None), 90, 0.2)
        ok(state, "a release that fails is hauled back", s.kedge.tail())
        ok(wait(lambda: level() and levels[-1] == 3, 5), "though that used up the rest", thrift(s))
        same(levels, sorted(levels), "in that order")


def main():
    budget()
    real_clock()
    together()
    done()


main()
