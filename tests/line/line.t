#!/usr/bin/env python3
"""What a bad line does to kedge: it says what is wrong in a sentence, does not spin, asks nothing where no route leads, and
the rollback that was decided meanwhile is accepted once the line is good. Four sites go through their faults side by
side, since most of the time of most faults is spent waiting for a line that says nothing."""
import contextlib
import os
import sys
import threading
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from line import LineSite, line_can  # noqa: E402
from e2e import done, note, ok, skip_all, wait  # noqa: E402

WATCH_S = 5.0			# so long it is watched what an unattended fault costs
WAKEUPS_MAX, CPU_TICKS_MAX = 100, 50
PATIENCE_S = 300.0		# a line of 2 kbit/s takes 80 s to carry a rollback, one that loses a fifth as long as its dice say
CUT_AFTER = 700			# bytes of answers: more than the tickets that come first, less than they and a deployment


def service_of(name):
    """Each fault has a service of its own: what became of the last one is still watched while the next begins."""
    return "".join(c if c.isalnum() else "-" for c in name)


def aws(s):
    return s.status().get("sources", {}).get("aws", {})


def says(s, words):
    found = aws(s)
    return found if found.get("state") != "up" and words in (found.get("detail") or "") else None


def calm(s, name):
    """Neither wake-ups nor processor without end while the fault lasts."""
    before, ticks = s.status()["thrift"]["wakeups"], s.cpu_ticks()
    time.sleep(WATCH_S)
    woken, ticks = s.status()["thrift"]["wakeups"] - before, s.cpu_ticks() - ticks
    ok(woken <= WAKEUPS_MAX and ticks <= CPU_TICKS_MAX,
       f"{name}: {woken} wake-ups and {10 * ticks} ms of processor in {WATCH_S:.0f} s")


def back_again(s, name, service, deployment, begun):
    ok(wait(lambda: s.accepted(deployment), PATIENCE_S, 0.1), f"{name}: the rollback is accepted",
       f"{aws(s)}\n{s.rollback(service)}\n{s.kedge.tail()}")
    took = s.accepted(deployment).get("time_unix_s", time.time()) - begun
    note(f"{name}: accepted {max(0.0, took):.1f} s after the line was good")
    ok(s.kedge.alive() and s.hauled_back(service), f"{name}: the old release serves again", s.newest(service))


def fault(s, name, begin, end, words, seconds=90):
    """A fault that lets nothing through: a release goes bad meanwhile, and is hauled back afterwards."""
    service = service_of(name)
    s.forget_connections()
    begin(s)
    deployment = s.deploy_bad(service)
    ok(wait(lambda: says(s, words), seconds, 0.2), f"{name}: status says '{words}'", f"{aws(s)}\n{s.kedge.tail()}")
    ok(wait(lambda: s.rollback(service).get("state") in ("queued-offline", "decided"), 60, 0.1),
       f"{name}: the verdict is in without AWS",
       f"{s.rollback(service)}\n{s.kedge.tail()}")
    calm(s, name)
    note(f"{name}: {aws(s).get('detail')}")
    ok(not s.accepted(deployment), f"{name}: nothing was accepted so far")
    end(s)
    back_again(s, name, service, deployment, time.time())


def slow(s, name, begin, end):
    """A fault that lets everything through in the end: the rollback needs no better line."""
    s.forget_connections()
    begin(s)
    begun = time.time()
    back_again(s, name, service_of(name), s.deploy_bad(service_of(name)), begun)
    end(s)


def no_route(s):
    at_end = []

    def gone(s):
        s.route(False)

    def back(s):
        at_end.append((s.here.sent("wan") - packets, s.tries_without_route() - tries, len(s.requests()) - asked))
        s.route(True)
    s.forget_connections()
    packets, tries, asked = s.here.sent("wan"), s.tries_without_route(), len(s.requests())
    fault(s, "no route", gone, back, "route")
    ok(at_end == [(0, 0, 0)], "no route: no packet was sent, none was tried, no request was made", at_end)


def lifted(s):
    s.firewall()
    s.uplink("clear")


def portal(mode):
    return lambda s: s.uplink("portal", mode=mode)


def proxy(kind):
    return lambda s: s.ctl("fault", kind=kind, count=100000)


def cut(s):
    s.uplink("cut", after=CUT_AFTER)


def half_open(s):
    """Once an answer has begun, neither end hears of the other any more."""
    s.uplink("hold", after=CUT_AFTER)
    s.forget_connections()		# one that was opened meanwhile has had answers: its next one would not even begin
    s.uplink("hold", after=CUT_AFTER)

    def drop():
        s.uplink("wait-held")
        s.firewall("tcp dport 443 drop", "tcp sport 443 drop")
    threading.Thread(target=drop, daemon=True).start()


def no_names(s):
    s.uplink("dns", mode="silent")
    s.route(False)		# names known already are forgotten with the route
    s.route(True)


def nothing_arrives(s):
    s.firewall("tcp dport 443 drop")


def loss(s):
    s.firewall("numgen random mod 100 < 20 drop")


QUICK = [("no route", no_route), ("reset", lambda s: s.firewall("tcp dport 443 reject with tcp reset"), lifted, "refused"),
         ("cut", cut, lifted, "closed the connection"), ("portal page", portal("plain"), lifted, "not TLS"),
         ("portal redirect", portal("redirect"), lifted, "not TLS")]
TRUSTED = [("interception", portal("tls"), lifted, "Hotel Guest Network"),
           ("trusted proxy redirects", proxy("redirect"), lambda s: s.ctl("clear-faults"), "captive portal"),
           ("trusted proxy has a page", proxy("html"), lambda s: s.ctl("clear-faults"), "captive portal")]
SILENT = [("blackhole", nothing_arrives, lifted, "did not accept a connection"), ("no names", no_names, lifted, "DNS")]
LATE = [("half-open", half_open, lifted, "did not finish its answer", 180)]
SLOW = [("a fifth is lost", loss, lifted), ("satellite", lambda s: s.uplink("line", delay_ms=300, jitter_ms=200), lifted),
        ("2 kbit s", lambda s: s.rate("2kbit"), lambda s: s.rate(""))]
STORIES = {"quick": QUICK, "trusted": TRUSTED, "silent": SILENT, "late": LATE, "slow": SLOW}


def tell(s, faults):
    for name, begin, *more in faults:
        try:
            if faults is SLOW:
                slow(s, name, begin, *more)
            elif more:
                fault(s, name, begin, *more)
            else:
                begin(s)
        except Exception:
            ok(False, f"{name}: comes to its end", traceback.format_exc() + s.kedge.tail())


def conf(faults):
    """Whose family a task is of is known without AWS."""
    services = [service_of(f[0]) for f in faults]
    return {"policy": {"rollback": "auto", "hold_down": "0s"}} | {f"service {n}": {"family": n} for n in services}


def main():
    why = line_can()
    if why:
        skip_all(why)
    stories = [STORIES[n] for n in sys.argv[1:]] or list(STORIES.values())
    with contextlib.ExitStack() as all_sites:
        sites = [all_sites.enter_context(LineSite(conf=conf(f), cloud_options=("--time-scale", "100"))) for f in stories]
        for s, faults in zip(sites, stories):
            s.begin(*(service_of(f[0]) for f in faults))
        threads = [threading.Thread(target=tell, args=pair) for pair in zip(sites, stories)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    done()


main()
