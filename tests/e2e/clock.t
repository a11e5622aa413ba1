#!/usr/bin/env python3
"""Clocks that are wrong: a board that boots in 1970 waits and says so, until NTP has set its clock; one that is off by
hours goes by AWS's time and by nobody else's; what the journal knows of AWS's time is believed over the clock; and a
certificate outside of its dates is no riddle. kedge never sets the clock."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import KEDGE_TEST, Site, done, note, ok, same, wait  # noqa: E402

HOURS_S = 6 * 3600
WEEK_S = 7 * 86400
FAST = ("--time-scale", "20")
CONF = {"aws": {"heartbeat": "2s", "fleet": "1"}}


def requests(s):
    path = os.path.join(s.cloud, "requests.jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def connections(s):
    with open(os.path.join(s.cloud, "connections.jsonl"), encoding="utf-8") as f:
        return len(f.readlines())


def clock(s):
    return s.status().get("clock") or {}


def wait_clock(s, state, seconds=20.0):
    return wait(lambda: (c := clock(s)).get("state") == state and c, seconds, 0.05) or {}


def serves(s, name):
    return wait(lambda: next((r for r in s.read("services").get("services", [])
                              if r["service"] == name and r["rollout"] == "SUCCESSFUL"), None), 60, 0.1)


def begin(s, name="web"):
    s.image(f"{name}:11")
    s.start_kedge()
    s.service(name, {})


def boots_in_1970():
    """... and its clock is set some seconds later."""
    set_at = time.clock_gettime(time.CLOCK_BOOTTIME) + 14
    environment = {"KEDGE_CLOCK_OFFSET_MS": str(-int(time.time() * 1000) + 86400000), "KEDGE_CLOCK_SET_AT_MS": str(int(set_at * 1000))}
    with Site(engine="20", kedge=False, binary=KEDGE_TEST, environment=environment, cloud_options=FAST) as s:
        begin(s)
        c = wait_clock(s, "unset")
        same((c.get("source"), c.get("offset_s")), ("machine", None), "1970: the clock is unset, and nobody told another time")
        ok("1970-01-0" in (c.get("detail") or "") and "kedge was built" in c["detail"] and "NTP" in c["detail"], "it says how it knows", c)
        page = s.run("status").stdout
        ok("clock" in page and "unset" in page and "before NTP has set it" in page, "... on the page too", page)
        same(s.read("status").get("online"), False, "AWS is not asked")
        same((requests(s), connections(s)), ([], 0), "not a byte was sent to it")
        ok(wait_clock(s, "ok", 40), "the clock is set", s.status())
        late = time.clock_gettime(time.CLOCK_BOOTTIME) - set_at
        ok(serves(s, "web"), "and AWS is asked", s.kedge.tail())
        note(f"noticed {late:.1f} s after it was set")
        same([r["status"] for r in requests(s) if r["status"] != 200], [], "no signature was refused")


def waits_with_its_provider():
    conf = {"aws": {"credentials": "iot"}, "iot": {"endpoint": "c1.credentials.iot.eu-west-1.amazonaws.com", "role_alias": "kedge",
                                                   "cert": "/nonexistent/device.pem", "key": "/nonexistent/device.key"}}
    with Site(engine="20", kedge=False, binary=KEDGE_TEST, conf=conf, environment={"KEDGE_CLOCK_OFFSET_MS": str(-int(time.time() * 1000))}) as s:
        s.start_kedge()
        ok(wait(lambda: "clock of this node is not set" in (s.status()["credentials"].get("detail") or ""), 15),
           "keys are not asked for before the clock is set", s.status().get("credentials"))
        same(s.status()["credentials"]["state"], "waiting", "... the provider waits")


def off_by_hours():
    """The machine's clock is hours ahead: one refusal, then AWS's time."""
    with Site(engine="20", kedge=False, binary=KEDGE_TEST, conf=CONF, cloud_options=FAST,
              environment={"KEDGE_CLOCK_OFFSET_MS": str(HOURS_S * 1000)}) as s:
        begin(s)
        ok(serves(s, "web"), "a clock hours ahead: AWS is asked with success", s.kedge.tail())
        c = wait_clock(s, "corrected")
        ok(abs(c.get("offset_s", 0) + HOURS_S) <= 2 and c.get("source") == "aws", "its offset is known", c)
        ok("ahead of AWS's" in (c.get("detail") or ""), "... and said", c)
        refused = [r for r in requests(s) if r["status"] != 200]
        same(len(refused), 1, "one signature was refused, and none after it")
        ok(abs(s.status()["time_unix_s"] - time.time()) < 5, "kedge goes by AWS's time", s.status()["time_unix_s"])
        nobody_elses(s)
        dates_of_a_certificate(s)


def nobody_elses(s):
    """A page that is not AWS's has a Date too."""
    before = clock(s)["offset_s"]
    s.ctl("set-clock", offset_s=-3 * 86400.0)
    s.ctl("fault", kind="html", count=1)
    ok(wait(lambda: any(r.get("fault") == "html" for r in requests(s)), 30), "a portal answers, by a clock of its own", requests(s)[-2:])
    s.ctl("set-clock", offset_s=0.0)
    ok(s.wait_source("aws", "up", 30), "AWS answers again")
    ok(abs(clock(s)["offset_s"] - before) <= 2, "the portal's time was nobody's", (before, clock(s)))


def dates_of_a_certificate(s):
    s.ctl("set-tls", certificate="expired")
    s.ctl("link", state="down", mode="refuse")
    s.ctl("link", state="up")
    c = wait_clock(s, "doubted", 40)
    ok("expired on" in (c.get("detail") or "") and "or this node's clock" in c["detail"], "an expired certificate: one of two is wrong", c)
    ok("expired on" in (s.read("status")["sources"]["aws"].get("detail") or ""), "... it is AWS's state too", s.read("status")["sources"]["aws"])
    same(s.status()["facts"]["clock"], None, "the clock is evidence for nothing")
    s.ctl("set-tls", certificate="good")
    ok(s.wait_source("aws", "up", 90), "a good one: AWS is asked again by itself", s.kedge.tail())
    ok(wait_clock(s, "corrected"), "and the doubt is over", clock(s))


def behind_what_the_journal_knows():
    """A board whose clock stood still while it was off: AWS's last time is in the journal."""
    with Site(engine="20", kedge=False, conf=CONF, cloud_options=FAST) as s:
        s.ctl("set-clock", offset_s=float(WEEK_S))
        begin(s)
        ok(serves(s, "web"), "AWS is a week ahead of this node: asked with success", s.kedge.tail())
        c = wait_clock(s, "corrected")
        ok(abs(c.get("offset_s", 0) - WEEK_S) <= 2 and "behind AWS's" in (c.get("detail") or ""), "the offset is known", c)
        s.stop_kedge()
        s.ctl("link", state="down", mode="refuse")
        s.start_kedge(synced=False)
        c = wait_clock(s, "behind")
        ok("AWS answered at" in (c.get("detail") or ""), "offline after a restart: behind, by what the journal knows", c)
        ok(c.get("floor_unix_s", 0) > time.time() + WEEK_S - 600, "... by a week", c)
        s.ctl("link", state="up")
        c = wait_clock(s, "corrected", 60)
        ok(abs(c.get("offset_s", 0) - WEEK_S) <= 2, "AWS is asked all the same, and tells", c)


def main():
    boots_in_1970()
    waits_with_its_provider()
    off_by_hours()
    behind_what_the_journal_knows()
    done()


main()
