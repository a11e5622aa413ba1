#!/usr/bin/env python3
"""The real journald of a booted Debian: each notice once, with fields that journalctl finds it by; the service manager's own view."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from booted import Booted, can  # noqa: E402
from e2e import REGISTRY, Site, done, ok, same, skip_all, wait  # noqa: E402

UNIT = """[Unit]
Description=kedge
[Service]
Type=notify
WatchdogSec=10
Restart=always
RestartSec=1
ExecStart=/usr/local/bin/kedge --conf {conf} agent
ExecReload=/bin/sh -c "kill -HUP $MAINPID"
"""


def fields(b):
    failure = wait(lambda: b.journal("KEDGE_EVENT=failure", "KEDGE_SERVICE=web"), 60, 0.3) or [{}]
    f = failure[0]
    same({k: f.get(k) for k in ("KEDGE_CLASS", "KEDGE_BLAME", "KEDGE_STAGE", "KEDGE_FAMILY", "KEDGE_REVISION", "KEDGE_ID", "PRIORITY", "SYSLOG_IDENTIFIER",
                                "_SYSTEMD_UNIT", "_TRANSPORT", "MESSAGE_ID")},
         {"KEDGE_CLASS": "image-not-found", "KEDGE_BLAME": "release", "KEDGE_STAGE": "pull", "KEDGE_FAMILY": "web", "KEDGE_REVISION": "2", "KEDGE_ID": f.get("KEDGE_ID"),
          "PRIORITY": "4", "SYSLOG_IDENTIFIER": "kedge", "_SYSTEMD_UNIT": "kedge.service", "_TRANSPORT": "journal",
          "MESSAGE_ID": "7dba5356cbe942d4acd132999d612658"}, "a failure has its fields", f)
    ok(f.get("MESSAGE", "").startswith("failure f") and "manifest unknown" in f.get("KEDGE_REASON", ""), "... its line, and the reason", f)
    ids = [x["KEDGE_ID"] for x in b.journal("KEDGE_EVENT=failure")]
    same(len(ids), len(set(ids)), "... each once: stderr, which is the journal too, does not tell it again", ids)
    by_service = wait(lambda: b.journal("MESSAGE_ID=168c16903cc446c7b201058702cda9c5", "KEDGE_VERDICT=failing"), 60, 0.3) or [{}]
    same((by_service[-1].get("KEDGE_SERVICE"), by_service[-1].get("PRIORITY")), ("web", "4"), "a service that fails is found by its verdict", by_service)
    ok(all(x["_TRANSPORT"] == "journal" for x in b.journal("-u", "kedge.service", "SYSLOG_IDENTIFIER=kedge")), "all of kedge's lines come by that way")


def manager(b):
    same((b.show("ActiveState"), b.show("SubState"), b.show("NRestarts")), ("active", "running", "0"), "it runs as a unit of Type=notify")
    ok(wait(lambda: "runs as deployed" in b.show("StatusText"), 40, 0.3), "systemctl status has its line", b.show("StatusText"))
    same(b.run("systemctl", "reload", "kedge.service").returncode, 0, "a reload")
    ok(wait(lambda: b.journal("-u", "kedge.service", "SYSLOG_IDENTIFIER=kedge", "-g", "is read again"), 20, 0.3), "... is told")
    pid = b.show("MainPID")
    b.run("sh", "-c", f"for p in $(cat /proc/{pid}/task/{pid}/children); do grep -q -e worker /proc/$p/cmdline && kill -KILL $p; done")
    told = wait(lambda: b.journal("-u", "kedge.service", "SYSLOG_IDENTIFIER=kedge", "-g", "the worker was ended by signal 9"), 20, 0.3) or [{}]
    same((told[0].get("_TRANSPORT"), told[0].get("PRIORITY")), ("journal", "3"), "what the gate says goes the same way", told)
    b.run("sh", "-c", f"kill -STOP {pid}")
    ok(wait(lambda: b.show("NRestarts") == "1" and b.show("ActiveState") == "active", 60, 0.5), "one that hangs is killed by the watchdog and started anew",
       (b.show("NRestarts"), b.show("ActiveState"), b.show("Result")))
    status = b.run("systemctl", "status", "kedge.service").stdout
    ok(re.search(r"Main PID: \d+", status) and b.show("MainPID") != pid, "... as another process")


def main():
    if can():
        skip_all(can())
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        s.image("web:11")
        s.write_conf()
        with Booted(s, UNIT.format(conf=s.conf_path)) as b:
            s.service("web", {})
            ok(wait(lambda: (s.read("services").get("services") or [{}])[0].get("verdict") == "ok", 90, 0.3), "a service that is well, in a booted root",
               "\n".join(x["MESSAGE"] for x in b.journal("-u", "kedge.service")))
            manager(b)
            s.define("web", {"image": f"{REGISTRY}/web:none"})
            s.ctl("update-service", service="web", taskDefinition="web:2")
            fields(b)
    done()


main()
