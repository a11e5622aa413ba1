#!/usr/bin/env python3
"""What one look at a deployment costs on the line and in processor time. Bytes are TCP payload with TLS in it, both ways, counted
by the cloud from its sockets; processor time is that of every process of it.

kedge by itself: its hourly look, from a day by a clock that runs faster in which the line cuts each idle connection, so every
look pays for its handshake. `kedge deployments`: the same table as the others ask for, because a person wants it, ten times
over one connection. The others: one poll, each with a connection of its own. The service has 100 events, as one that is a month old."""
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import begin, record, used_by, used_up  # noqa: E402
from contenders import AwsLoop, CurlLoop  # noqa: E402
from day import DAY_S, Day, fast_site, lines, wan_bytes  # noqa: E402
from e2e import Site, done, note, ok, wait  # noqa: E402

HEARTBEATS, POLLS = 24, 10
LOOP_LOOKS = DAY_S // 15


def record_all(name, bytes_each, cpu_ms):
    ok(min(bytes_each) > 0, f"{name}: {len(cpu_ms)} looks", bytes_each)
    record(name, "look_bytes", bytes_each)
    record(name, "look_cpu_ms", cpu_ms)


def poll(s, c):
    """The loop's own command, once: bytes, milliseconds."""
    before = len(lines(s, "connections.jsonl"))
    script = c.once().split("sleep")[0].replace("while :; do", "")
    p = subprocess.Popen([c.fresh("/bin/sh"), "-c", script], stdout=subprocess.DEVNULL, env=c.environment)
    cpu_ms = used_up(p.pid).cpu_ns / 1e6
    # the cloud writes a connection down when it has seen its end
    return wait(lambda: wan_bytes(lines(s, "connections.jsonl")[before:]), 10), cpu_ms


def ask(s):
    """A person's question: the verb's time and the daemon's."""
    before = used_by(s.kedge.processes())
    p = subprocess.Popen([s.binary, "--conf", s.conf_path, "deployments"], stdout=subprocess.DEVNULL)
    verb = used_up(p.pid)
    return (verb.cpu_ns + (used_by(s.kedge.processes()) - before).cpu_ns) / 1e6


def asked(s):
    """All over the connection that is there, so that its handshake is shared among them."""
    before = len(lines(s, "connections.jsonl"))
    cpu_ms = [ask(s) for _ in range(POLLS)]
    s.stop_kedge()
    total = wait(lambda: wan_bytes(lines(s, "connections.jsonl")[before:]), 10)
    record_all("kedge deployments", [total / POLLS], cpu_ms)


def day():
    with fast_site() as s:
        day = Day(s, "web")
        s.ctl("pad-events", service="web", count=100)
        before = used_by(s.kedge.processes())
        day.live()
        used = used_by(s.kedge.processes()) - before
        total = day.end()
    why = f"a day's {total} bytes and {used.cpu_ns / 1e9:.2f} s / {HEARTBEATS} looks"
    record("kedge", "look_bytes", [total / HEARTBEATS], why)
    record("kedge", "look_cpu_ms", [used.cpu_ns / 1e6 / HEARTBEATS], why)
    record("kedge", "wan_kb_day", [total / 1000])
    record("kedge", "asking_cpu_s_day", [used.cpu_ns / 1e9], "the whole of that day, so its looks and what woke it besides")


def main():
    begin("look")
    day()
    with Site(engine="20", kedge=False) as s:
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        ok(wait(lambda: s.ctl("dump")["services"]["web"]["service"]["runningCount"] == 1, 30), "the service runs")
        s.ctl("pad-events", service="web", count=100)
        time.sleep(10)          # what kedge has to ask about a new service is asked
        asked(s)
        for c in (AwsLoop("awscli loop", s), CurlLoop("curl loop", s)):
            bytes_each, cpu_ms = zip(*(poll(s, c) for _ in range(POLLS)))
            record_all(c.name, bytes_each, cpu_ms)
            each = sorted(bytes_each)[POLLS // 2]
            record(c.name, "wan_kb_day", [each * LOOP_LOOKS / 1000], f"{each} bytes x {DAY_S} s / 15 s")
    note("docker events, node_exporter and collectd never ask AWS")
    done()


main()
