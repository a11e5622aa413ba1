#!/usr/bin/env python3
"""What watching services costs on the line in a day: kedge for 1, 3 and 10 of them, healthy and with two deployments, and
beside it the same polled by awscli and by curl --aws-sigv4 with jq, each asking the same cloud every 15 s.

Conditions, printed with the figures. Bytes are TCP payload with TLS in it, both ways, counted by the cloud from its
sockets; TCP and IP headers come on top for all alike. kedge: heartbeat of 60 min, idle connections cut every half hour.
A service has 100 events, as one has that is a month old. awscli has no call for service deployments, so both others ask
DescribeServices; each poll is a process of its own with a connection of its own."""
import contextlib
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [os.path.join(TESTS, "e2e"), os.path.join(TESTS, "size")]
from e2e import Site, done, figures, note, ok, wait  # noqa: E402
from day import DAY_S, SCALE, SLOW_SCALE, Day, begin, fast_site, known, lines, wan_bytes  # noqa: E402

COUNTS = (1, 3, 10)
POLLS, EVERY_S = 10, 15
DEPLOYMENTS = 2
CURL = """url = "{endpoint}/"
cacert = "{ca}"
aws-sigv4 = "aws:amz:eu-west-1:ecs"
user = "{aws_access_key_id}:{aws_secret_access_key}"
header = "X-Amz-Security-Token: {aws_session_token}"
header = "Content-Type: application/x-amz-json-1.1"
header = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.DescribeServices"
data = "{body}"
silent
fail
"""


def names(count):
    return [f"svc{i}" for i in range(count)]


def healthy():
    """{services: bytes}; those of many take five times as long, and pass at one time."""
    days = {}
    for counts in (COUNTS[:1], COUNTS[1:]):
        with contextlib.ExitStack() as sites:
            begun = [(c, Day(sites.enter_context(fast_site(SCALE if c == 1 else SLOW_SCALE)), *names(c))) for c in counts]
            for count, day in begun:
                for name in names(count):
                    day.s.ctl("pad-events", service=name, count=100)
            threads = [threading.Thread(target=day.live) for _, day in begun]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            days |= {count: day.end() for count, day in begun}
    return days


def settled(s, td, name):
    row = known(s).get(name, {})
    return f"{row.get('family')}:{row.get('revision')}" == td and row.get("rollout") == "SUCCESSFUL"


def deployments(s, count, results):
    """On a real clock: what two deployments cost from their begin until kedge knows of their end."""
    s.ctl("link", state="down", mode="refuse")
    s.ctl("link", state="up")
    before, begun = len(lines(s, "connections.jsonl")), time.monotonic()
    for _ in range(DEPLOYMENTS):
        td = s.define("svc0", {"memory": 1})
        s.ctl("update-service", service="svc0", taskDefinition=td)
        ok(wait(lambda: settled(s, td, "svc0"), 400, 0.5), f"{td} is deployed, and kedge with {count} services knows",
           f"{known(s).get('svc0')}\n{s.kedge.tail()}")
    took = time.monotonic() - begun
    s.stop_kedge()
    # the cloud writes a connection down when it has seen its end
    ok(wait(lambda: len(lines(s, "connections.jsonl")) > before, 10), f"{count} services: what it cost is known")
    time.sleep(1)
    results[count] = wan_bytes(lines(s, "connections.jsonl")[before:])
    note(f"{count} services: {DEPLOYMENTS} deployments in {took:.0f} s cost {results[count]} bytes")


def deploying():
    results = {}
    with contextlib.ExitStack() as sites:
        threads = []
        for count in COUNTS:
            s = sites.enter_context(Site(engine="20", kedge=False))
            begin(s, *names(count))
            ok(wait(lambda: all(r.get("rollout") == "SUCCESSFUL" for r in known(s).values()), 120, 0.5), "all is quiet", known(s))
            threads.append(threading.Thread(target=deployments, args=(s, count, results)))
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    return results


def polled(s, what, poll):
    before = len(lines(s, "connections.jsonl"))
    failed = [p.stderr for p in (poll() for _ in range(POLLS)) if p.returncode != 0 or "svc0" not in p.stdout]
    ok(not failed, f"{what}: {POLLS} polls", failed[:1])
    rows = wait(lambda: (r := lines(s, "connections.jsonl")[before:]) and len(r) >= POLLS and r, 10)
    total, times = wan_bytes(rows or []), DAY_S // EVERY_S
    ok(rows and len(rows) == POLLS, f"{what}: a connection each", f"{len(rows or [])}")
    day = total * times // POLLS
    note(f"{what}: {total} bytes / {POLLS} polls x {DAY_S} s / {EVERY_S} s = {total / POLLS:.0f} x {times} = {day} bytes a day")
    return day


def others():
    """The same service, asked about by other tools."""
    with Site(engine="20", kedge=False) as s:
        s.image("web:11")
        s.service("svc0", {"memory": 1})
        ok(wait(lambda: s.ctl("dump")["services"]["svc0"]["service"]["runningCount"] == 1, 30), "the service runs")
        s.ctl("pad-events", service="svc0", count=100)
        ca, credentials = os.path.join(s.cloud, "ca.pem"), os.path.join(s.cloud, "credentials")
        with open(os.path.join(s.cloud, "endpoint"), encoding="ascii") as f:
            endpoint = f.read().strip()
        with open(credentials, encoding="ascii") as f:
            keys = dict((w.strip() for w in line.split("=", 1)) for line in f if "=" in line)
        own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_CA_BUNDLE": ca, "AWS_EC2_METADATA_DISABLED": "true"}
        aws = ["/usr/bin/aws", "ecs", "describe-services", "--cluster", "edge", "--services", "svc0", "--endpoint-url", endpoint,
               "--region", "eu-west-1", "--output", "json"]
        body = '{"cluster":"edge","services":["svc0"]}'.replace('"', '\\"')
        conf = CURL.format(endpoint=endpoint, ca=ca, body=body, **keys)
        run = lambda command, given=None: subprocess.run(command, input=given, env=own, text=True,  # noqa: E731
                                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        by_curl = ["sh", "-c", "curl --config - | jq '.services[] | {serviceName, runningCount, deployments}'"]
        return polled(s, "awscli", lambda: run(aws)), polled(s, "curl", lambda: run(by_curl, conf))


def main():
    awscli, curl = others()
    days = healthy()
    extra = deploying()
    for count, total in days.items():
        note(f"kedge, {count} services, healthy: {total} bytes a day")
    for count, more in extra.items():
        note(f"kedge, {count} services, {DEPLOYMENTS} deployments: {days[count]} + {more} = {days[count] + more} bytes a day")
    ok(days[1] < curl and days[1] < awscli, "kedge costs less than polling", f"{days} {awscli} {curl}")
    figures(**{f"wan_bytes_day_{c}svc": b for c, b in days.items()},
            **{f"wan_bytes_day_{c}svc_deploying": days[c] + b for c, b in extra.items()},
            awscli_wan_bytes_day_1svc=awscli, curl_wan_bytes_day_1svc=curl,
            awscli_wan_times_kedge=round(awscli / days[1]), curl_wan_times_kedge=round(curl / days[1]))
    done()


main()
