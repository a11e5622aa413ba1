#!/usr/bin/env python3
"""The package on a booted Debian: installed where nothing is yet, it runs; an engine and credentials come; a failure is seen by every
channel through the unit's box; killed, hung, upgraded, downgraded, stopped and masked; removed, purged, and nothing is left."""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import build, repacked, version  # noqa: E402
from e2e import REGISTRY, Site, done, note, ok, same, skip_all, wait  # noqa: E402
from machine import Machine, cannot  # noqa: E402

SOON = """[Service]
WatchdogSec=6
RestartSec=1
ReadWritePaths=/srv/leds/ACT
"""

# What a hook can do in the box, and what it cannot: a line each. The last one is done by the manager, outside of it.
HOOK = """#!/bin/sh
[ "$1" = failure ] || exit 0
{
	echo "class $KEDGE_CLASS"
	echo "uid $(id -u)"
	echo "lesser $(setpriv --reuid kedge --regid kedge --clear-groups id -un)"
	for path in /etc/x /usr/x /var/x /srv/x; do (: >$path) 2>/dev/null && echo "wrote $path"; done
	ls /root/.ssh /home/pi 2>/dev/null
	unshare -U true 2>/dev/null && echo "unshared"
	mount -t tmpfs none /mnt 2>/dev/null && echo "mounted"
	echo "manager $(systemd-run --quiet --collect --pipe --wait sh -c ': >/var/by-manager && ls /root/.ssh')"
	echo end
} >/run/kedge/hook.part 2>&1
mv /run/kedge/hook.part /run/kedge/hook.told
"""


def newly(m, deb):
    """On a host that has neither an engine nor an ECS agent."""
    code, said = m.dpkg("-i", deb)
    same(code, 0, "dpkg -i", said)
    ok(wait(m.runs, 20), "it runs, and has said that it is ready", m.told())
    same((m.show("Type"), m.show("NRestarts"), m.run("systemctl", "is-enabled", "kedge").stdout.strip()), ("notify", "0", "enabled"),
         "... as an enabled service")
    same(m.kedge("version").stdout, f"kedge {version()} (amd64)\n", "kedge version")
    same(m.sources(), {"engine": "absent", "ecs_agent_log": "absent", "introspection": "refused", "aws": "absent"},
         "it says that there is no engine and no ECS agent", m.told())
    ok(m.kedge("check").returncode in (1, 2), "kedge check does, too")
    same(m.sh("id -un kedge; stat -c '%U %a' /root/.aws /var/lib/kedge /run/kedge /etc/kedge/hooks.d").stdout.split("\n")[:5],
         ["kedge", "root 700", "root 1770", "root 1775", "root 755"], "the user and the folders")


def becomes_a_node(m, s):
    """Registered, the SSM agent brings credentials and the ECS agent an engine; none of that is known to kedge.conf."""
    m.sh("mkdir -p /root/.ssh /home/pi /srv/leds/ACT /var/lib/prometheus/node-exporter; : >/root/.ssh/id; : >/home/pi/x;"
         "for f in trigger brightness delay_on delay_off; do : >/srv/leds/ACT/$f; done")
    m.put("/etc/kedge/hooks.d/10-tell", HOOK, "755")
    m.node("textfile = /var/lib/prometheus/node-exporter/kedge.prom\nled = /srv/leds/ACT\n")
    m.put("/etc/systemd/system/kedge.service.d/soon.conf", SOON)
    m.run("systemctl", "daemon-reload")
    same(m.run("systemctl", "restart", "kedge").returncode, 0, "with a conf of its own, and a drop-in")
    s.service("web", {})
    ok(wait(lambda: (m.object("services").get("services") or [{}])[0].get("verdict") == "ok", 90, 0.3), "a service that is well", m.told())
    same(m.sources(), {"engine": "up", "ecs_agent_log": "up", "introspection": "up", "aws": "up"},
         "engine, log, introspection and, by root's credentials and the system's CAs, AWS, all at their usual places", m.told())


def through_the_box(m, s):
    """One failure, by every way out."""
    s.define("web", {"image": f"{REGISTRY}/web:none"})
    s.ctl("update-service", service="web", taskDefinition="web:2")

    def final():
        found = m.object("failures").get("failures", [])
        return next((f for f in found if f.get("class") == "image-not-found" and not f.get("provisional")), None)

    failure = wait(final, 60, 0.3) or {}
    ok(failure, "a release that cannot be pulled is seen, over the control socket", m.told())
    same(len(m.journal("KEDGE_EVENT=failure", f"KEDGE_ID={failure.get('id')}", "KEDGE_CLASS=image-not-found")), 1,
         "journald has it, with its fields")
    hook = wait(lambda: m.run("cat", "/run/kedge/hook.told").stdout, 30, 0.3)
    same(hook.splitlines(), ["class image-not-found", "uid 0", "lesser kedge", "manager id", "end"],
         "its hook ran, may become a lesser user, and can write nowhere else, see no home, mount nothing; "
         "what it asks of the manager is done", hook + m.told())
    ok(wait(lambda: 'verdict="failing"' in m.run("cat", "/var/lib/prometheus/node-exporter/kedge.prom").stdout, 20),
       "the textfile is in node_exporter's folder",
       m.run("cat", "/var/lib/prometheus/node-exporter/kedge.prom").stdout)
    same(m.run("stat", "-c", "%a", "/var/lib/prometheus/node-exporter/kedge.prom").stdout.strip(), "644", "... for it to read")
    same(wait(lambda: m.run("cat", "/srv/leds/ACT/trigger").stdout.strip() == "timer", 10), True, "the LED, by a line in the drop-in",
         m.told())
    same((m.page("/healthz"), m.page("/")), (200, 200), "the page on loopback")
    held = m.kedge("hold", "web", "--for", "1h")
    ok(held.returncode == 0 and "uid 0 asks: hold web" in m.told(), "an acting verb, and who asked", held.stdout + held.stderr + m.told())
    same(m.run("systemctl", "reload", "kedge").returncode, 0, "a reload")
    ok(wait(lambda: "is read again" in m.told(), 10), "... is told", m.told())
    held_to = ("Seccomp", "NoNewPrivs", "CapBnd", "CapEff")
    rows = [line.split(":") for line in m.sh("cat /proc/$(systemctl show -P MainPID kedge)/status").stdout.splitlines()]
    seen = {row[0]: row[1].strip() for row in rows if row[0] in held_to}
    same(seen, {"Seccomp": "2", "NoNewPrivs": "1", "CapBnd": "00000000000000c0", "CapEff": "00000000000000c0"},
         "the kernel holds it to that")
    refused = [x["MESSAGE"] for x in m.journal("-u", "kedge.service") if re.search(r"ermission|not permitted|ead-only", x["MESSAGE"])]
    same(refused, [], "and nothing that it wants is refused")
    return failure


def dies(m):
    before = m.show("MainPID")
    m.sh(f"kill -STOP {before}")
    ok(wait(lambda: m.show("NRestarts") == "1" and m.runs(), 40, 0.3), "hung, the watchdog ends it, and it is started",
       (m.show("NRestarts"), m.show("Result"), m.told()))
    before = m.show("MainPID")
    m.sh(f"kill -KILL {before}")
    ok(wait(lambda: m.show("NRestarts") == "2" and m.runs(), 20, 0.3) and m.show("MainPID") != before, "killed, it is started", m.told())


def still_knows(m, failure, what):
    found = wait(lambda: [f for f in m.object("failures").get("failures", []) if f.get("id") == failure.get("id")], 10, 0.3)
    ok(found and found[0].get("class") == "image-not-found", f"{what}: the failure is still known", m.kedge("failures").stdout)
    # what is judged anew after a start needs the sources
    ok(wait(lambda: (m.object("services").get("services") or [{}])[0].get("verdict") in ("failing", "stuck"), 60, 0.3),
       f"{what}: the service still fails", m.kedge("status").stdout)


def upgrades(m, old, new, failure):
    def pid():
        return m.show("MainPID")

    conf = m.run("cat", "/etc/kedge/kedge.conf").stdout
    m.sh("cp /var/lib/kedge/journal /srv/site/journal")
    # as a kedge without a worker left it
    m.sh("cd /var/lib/kedge && touch granted && chown root:root journal granted")
    before = pid()
    code, said = m.dpkg("-i", new)
    ok(code == 0 and wait(m.runs, 20) and pid() != before, "an upgrade starts it anew", said + m.told())
    same(m.sh("cmp -n $(stat -c %s /srv/site/journal) /srv/site/journal /var/lib/kedge/journal").stdout, "", "... on the same journal")
    same(m.sh("stat -c %U /var/lib/kedge/journal /var/lib/kedge/granted").stdout.split(), ["kedge", "root"],
         "... which is the worker's now; what a person permitted stays root's")
    same(m.run("cat", "/etc/kedge/kedge.conf").stdout, conf, "... with the same settings")
    still_knows(m, failure, "upgraded")

    before = pid()
    code, said = m.dpkg("-i", old)
    ok(code == 0 and wait(m.runs, 20) and pid() != before, "a downgrade, too", said + m.told())
    still_knows(m, failure, "downgraded")

    m.put("/etc/kedge/kedge.conf", conf.replace("region =", "regoin ="))
    code, said = m.dpkg("-i", new)
    ok(code == 0 and "does not run" in said, "with a mistake in kedge.conf an upgrade is done, and says that it does not run", said)
    same((m.show("ActiveState"), m.show("ExecMainStatus"), m.show("NRestarts")), ("failed", "2", "0"),
         "... failed it is, and not tried for ever")
    ok("regoin" in m.told(), "... the journal has the line", m.told())
    m.put("/etc/kedge/kedge.conf", conf)
    code, said = m.dpkg("-i", old)
    ok(code == 0 and wait(m.runs, 20), "mended, the next one starts it", said + m.told())

    m.run("systemctl", "stop", "kedge")
    ok("f" in m.kedge("failures").stdout and m.object("status").get("daemon") is False, "stopped, the verbs show what was kept",
       m.kedge("status").stdout)
    code, said = m.dpkg("-i", new)
    same((code, m.show("ActiveState")), (0, "inactive"), "stopped by hand, an upgrade leaves it so", said)
    m.run("systemctl", "disable", "kedge")
    code, said = m.dpkg("-i", old)
    same((code, m.show("ActiveState"), m.run("systemctl", "is-enabled", "kedge").stdout.strip()), (0, "inactive", "disabled"),
         "... disabled, too", said)
    m.run("systemctl", "mask", "kedge")
    code, said = m.dpkg("-i", new)
    same((code, m.show("ActiveState"), m.run("systemctl", "is-enabled", "kedge").stdout.strip()), (0, "inactive", "masked"),
         "... masked, too", said)
    m.run("systemctl", "unmask", "kedge")
    same(m.run("systemctl", "enable", "--now", "kedge").returncode, 0, "and as one wants it again", m.told())


def goes(m, new, before):
    code, said = m.dpkg("-r", "kedge")
    same((code, m.show("ActiveState"), m.show("LoadState")), (0, "inactive", "not-found"), "removed, it is stopped", said)
    same(m.sh("ls /etc/kedge/kedge.conf /etc/kedge/hooks.d/10-tell /var/lib/kedge/journal; pgrep -x kedge").stdout.split(),
         ["/etc/kedge/hooks.d/10-tell", "/etc/kedge/kedge.conf", "/var/lib/kedge/journal"], "... settings, hooks and journal stay")
    code, said = m.dpkg("-i", new)
    ok(code == 0 and wait(m.runs, 20), "installed once more, it runs", said + m.told())
    code, said = m.dpkg("-P", "kedge")
    same(code, 0, "purged", said)
    same(m.sh("ls -d /etc/kedge/hooks.d/10-tell /root/.aws/credentials /etc/kedge/kedge.conf /var/lib/kedge /run/kedge").stdout.split(),
         ["/etc/kedge/hooks.d/10-tell", "/root/.aws/credentials"], "... but for what others put there")
    m.sh("rm -r /etc/kedge /root/.aws /root/.ssh/id /home/pi /srv/leds /var/lib/prometheus /etc/systemd/system/kedge.service.d "
         "/var/by-manager /etc/ecs /var/log/ecs /etc/ssl")
    after = m.files()
    same((sorted(after - before), sorted(before - after)), ([], []), "nothing is left, and nothing is missing")


def obeys(m, deb):
    """policy-rc.d forbids a start, as while an image is made."""
    m.put("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", "755")
    code, said = m.dpkg("-i", deb)
    same((code, m.show("ActiveState"), m.run("systemctl", "is-enabled", "kedge").stdout.strip()), (0, "inactive", "enabled"),
         "policy-rc.d is obeyed", said)
    code, said = m.dpkg("-P", "kedge")
    same((code, m.sh("ls -d /root/.aws /etc/kedge /var/lib/kedge /etc/systemd/system/multi-user.target.wants/kedge.service").stdout),
         (0, ""), "... and purged, nothing is left", said)


def main():
    if cannot():
        skip_all(cannot())
    deb = build("amd64")
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        shutil.copy(deb, os.path.join(s.folder, "old.deb"))
        repacked(deb, s.folder, version() + "+1")
        new = f"/srv/site/kedge_{version()}+1.deb"
        s.image("web:11")
        with Machine(s) as m:
            before = m.files()
            note(f"{len(before)} files")
            newly(m, "/srv/site/old.deb")
            becomes_a_node(m, s)
            failure = through_the_box(m, s)
            dies(m)
            upgrades(m, "/srv/site/old.deb", new, failure)
            goes(m, new, before)
            obeys(m, "/srv/site/old.deb")
    done()


main()
