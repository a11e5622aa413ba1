#!/usr/bin/env python3
"""From nothing to a green kedge check, as a new user goes: no conf at all, every file and socket at its default place in a root of
its own that holds kedge and nothing else. What is said at each step is what to do next. And three mistakes that users make."""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "line")]
from e2e import KEDGE, KEDGE_TEST, REGISTRY, Docker, Site, done, ok, same, skip_all, wait  # noqa: E402
from line import Space  # noqa: E402

NAME = "ecs.eu-west-1.amazonaws.com"
# a default route that leads nowhere: AWS's name is a loopback address in /etc/hosts
ROUTE = ("ip link add wan type veth peer name isp && ip addr add 10.64.0.2/24 dev wan && ip link set wan up && "
         "ip link set isp up && ip route add default via 10.64.0.1 && for d in dev proc; do mount --rbind /$d {root}/$d; done &&")
NOBODY = 65534
CHROOT = shutil.which("chroot", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def can() -> str:
    """Empty, or why there can be no root of its own."""
    if os.getuid() != 0:
        return "needs root"
    missing = [t for t in ("unshare", "nsenter", "ip") if not shutil.which(t, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")]
    if missing or not CHROOT:
        return f"{(missing or ['chroot'])[0]} is not installed"
    probe = "ip link set lo up && ip link add wan type veth peer name isp && mount --rbind /dev /mnt"
    tried = subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", probe],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if tried.returncode == 0 else f"no root of its own here: {tried.stdout.strip()}"


class New(Site):
    """A gateway on which nothing is installed but kedge; `add` puts the rest there, part by part."""

    def __init__(self) -> None:
        super().__init__(engine="", kedge=False, agent=False, cloud_options=("--name", NAME, "--port", "443", "--time-scale", "20"))
        self.root = os.path.join(self.folder, "root")
        self.agent_process: subprocess.Popen[bytes] | None = None

    def at(self, path: str) -> str:
        return self.root + path

    def _up(self) -> None:
        for folder in ("etc/ssl/certs", "run", "var/log", "var/lib", "root", "usr/bin", "proc", "dev", "tmp"):
            os.makedirs(self.at("/" + folder))
        os.symlink("/run", self.at("/var/run"))
        shutil.copy(KEDGE, self.at("/usr/bin/kedge"))
        os.chmod(self.root, 0o755)
        os.chmod(self.folder, 0o755)
        self.write("/etc/hosts", f"127.0.0.1 localhost {NAME}\n")
        self.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self.space = Space(ROUTE.format(root=self.root))
        super()._up()

    def _down(self) -> None:
        self.stop()
        super()._down()
        if hasattr(self, "space"):
            self.space.end()

    def double(self, name: str, *arguments: str, **_: Any) -> subprocess.Popen[bytes]:
        return super().double(name, *arguments, inside=self.space.inside)

    def write(self, path: str, text: str) -> None:
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        with open(self.at(path), "w", encoding="utf-8") as f:
            f.write(text)

    # ---- kedge, with no word about a conf

    def command(self, words: tuple[str, ...], uid: int = 0, environment: tuple[str, ...] = ()) -> list[str]:
        user = [f"--userspec={uid}:{uid}"] if uid else []
        return [*self.space.inside, "env", "-i", *environment, str(CHROOT), *user, self.root, "/usr/bin/kedge", *words]

    def ask(self, *words: str, uid: int = 0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(words, uid), capture_output=True, text=True, timeout=60, check=False)

    def start(self, uid: int = 0, *environment: str) -> None:
        self.log = os.path.join(self.folder, "kedge.log")
        with open(self.log, "ab") as log:
            self.agent_process = subprocess.Popen(self.command(("agent",), uid, environment), stdin=subprocess.DEVNULL, stderr=log)

    def stop(self) -> None:
        if self.agent_process and self.agent_process.poll() is None:
            self.agent_process.terminate()
            self.agent_process.wait(15)

    def logged(self) -> str:
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def rows(self) -> dict[str, dict[str, Any]]:
        """kedge check's, by name; of several the worst."""
        try:
            found = json.loads(self.ask("check", "--json").stdout)["checks"]
        except (ValueError, KeyError):
            return {}
        order = ("ok", "unknown", "warning", "critical")
        return {c["name"]: c for c in sorted(found, key=lambda c: order.index(c["level"]))}

    def row(self, name: str, level: str, seconds: float = 30) -> dict[str, Any]:
        return wait(lambda: (r := self.rows().get(name, {})).get("level") == level and r, seconds, 0.3) or self.rows().get(name, {})


def says(s: New, name: str, level: str, text: str, step: str | None, what: str) -> None:
    r = s.row(name, level)
    same((r.get("level"), r.get("next_step")), (level, step), what, r)
    ok(text in (r.get("text") or ""), f"... it says {text!r}", r)


def nothing(s: New) -> None:
    """kedge alone, not started."""
    p = s.ask("check")
    same(p.returncode, 2, "nothing is there, kedge is not started: check is critical", p.stdout)
    ok("has kept nothing yet" in p.stdout and "-> Start it: service kedge start, or kedge agent." in p.stdout,
       "... and says how to start it", p.stdout)
    p = s.ask("status")
    ok(p.returncode == 3 and "start it: kedge agent" in p.stderr, "status says so too, exit 3", p.stderr)
    p = s.ask("init")
    same(p.returncode, 0, "init works without a daemon")
    ok("cluster             not known\n" in p.stdout and "arn:aws:ecs:REGION:ACCOUNT:cluster/CLUSTER" in p.stdout,
       "... what is not known is a name in capitals", p.stdout)
    ok("KEDGE CRITICAL - 1 of 1 checks: daemon (critical)" in p.stdout.rpartition("every other verb: none")[2],
       "... and what is lacking stands last", p.stdout)


def not_root(s: New) -> None:
    """The first mistake: as an ordinary user."""
    s.start(uid=NOBODY)
    ok(wait(lambda: "folder: make directory /run/kedge: Permission denied" in s.logged(), 15),
       "an agent that is not root says what it may not", s.logged())
    s.stop()
    same(os.listdir(s.at("/run")) + os.listdir(s.at("/var/lib")), [], "... and has written nothing")
    s.start()
    if not ok(wait(lambda: s.rows().get("daemon", {}).get("level") == "ok", 15), "as root it runs, without a conf", s.logged()):
        raise SystemExit("the rest needs it")
    for verb, code in (("check", 3), ("status", 3)):
        p = s.ask(verb, uid=NOBODY)
        ok(p.returncode == code and "Permission denied" in p.stdout + p.stderr, f"{verb}, not as root: exit {code}", p.stdout + p.stderr)
    ok("-> Ask as root." in s.ask("check", uid=NOBODY).stdout, "... and what to do", s.ask("check", uid=NOBODY).stdout)


def no_user(s: New) -> None:
    """What a package does and `make install` does not."""
    says(s, "parts", "warning", "a user of its own", "Make it: adduser --system --group kedge; then restart kedge.", "no user of its own")
    s.stop()
    s.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nkedge:x:990:990::/nonexistent:/usr/sbin/nologin\n")
    s.write("/etc/group", "root:x:0:\nkedge:x:990:\n")
    s.start()
    same(s.row("parts", "ok").get("level"), "ok", "... which is there now", s.logged())


def bare(s: New) -> None:
    """It runs, and nothing else does."""
    says(s, "engine", "critical", "/var/run/docker.sock", "Start the container engine, or name its socket in [engine] of kedge.conf.",
         "no engine: the socket that is not there")
    says(s, "ecs_agent", "warning", "the ECS agent is down", "Start the ECS agent: systemctl start ecs.", "no ECS agent")
    says(s, "ecs_agent_log", "warning", "/var/log/ecs/ecs-agent.log", "Start the ECS agent, or set [ecs_agent] log in kedge.conf.",
         "no log")
    says(s, "aws", "warning", "the region is not known yet", "Mend ecs_agent, credentials, tls first; else the line.",
         "AWS waits for the others")
    says(s, "credentials", "critical", "/root/.aws/credentials",
         "systemctl status amazon-ssm-agent: it writes them. Else set [aws] credentials.",
         "no credentials: the file, and who writes it")
    ok("install ca-certificates or set ca_file" in s.logged(), "no CA bundle: the log says what to install", s.logged())
    same(s.ask("check").returncode, 2, "critical")


def engine(s: New) -> None:
    s.double("engine_replay.py", "--socket", s.at("/run/docker.sock"), "--engine", "28")
    s.docker = Docker(s.at("/run/docker.sock"))
    r = s.row("engine", "ok")
    same(r.get("level"), "ok", "the engine starts, and is found by itself", r)


def agent(s: New) -> None:
    """Its settings first, as the installer writes them; then it is there, unregistered; then registered."""
    s.write("/etc/ecs/ecs.config", "ECS_CLUSTER=edge\nAWS_DEFAULT_REGION=eu-west-1\n")
    p = s.ask("init")
    ok("cluster             edge\nregion              eu-west-1\n" in p.stdout, "init reads the ECS agent's settings", p.stdout)
    s.write("/none", '{"Cluster":"edge","ContainerInstanceArn":null,"Version":"Amazon ECS Agent - v1.105.1 (12345678)"}')
    web = ("import http.server as h\nclass H(h.BaseHTTPRequestHandler):\n def do_GET(s):\n"
           "  b=open('%s','rb').read() if s.path=='/v1/metadata' else b'{\"Tasks\":[]}'\n"
           "  s.send_response(200);s.send_header('Content-Length',str(len(b)));s.end_headers();s.wfile.write(b)\n"
           "h.ThreadingHTTPServer(('127.0.0.1',51678),H).serve_forever()" % s.at("/none"))
    with subprocess.Popen([*s.space.inside, sys.executable, "-c", web], stderr=subprocess.DEVNULL) as unregistered:
        r = s.row("ecs_agent", "ok")
        told = json.loads(s.ask("init", "--json").stdout)
        same((r.get("level"), told["container_instance"]), ("ok", None),
             "an ECS agent that is not registered: no container instance is made up", r)
        unregistered.terminate()
    os.makedirs(s.at("/var/log/ecs"))
    s.double(os.path.join(HERE, "agent_more.py"), "--docker", s.at("/run/docker.sock"), "--state", s.state,
             "--control", os.path.join(s.cloud, "control.sock"), "--time-scale", "0.02", "--introspection-port", "51678",
             "--log", s.at("/var/log/ecs/ecs-agent.log"))
    for name in ("ecs_agent", "ecs_agent_log", "ecs_agent_version"):
        same(s.row(name, "ok").get("level"), "ok", f"the ECS agent starts: {name}", s.rows())
    s.docker.call("POST", "/_double/image", {"ref": f"{REGISTRY}/web:1", "spec": {"cmd": ["serve"]}})
    s.service("web", {"image": f"{REGISTRY}/web:1"})


def authority(s: New) -> None:
    """The second mistake: credentials, but no CA certificates on this small system."""
    s.ctl("set-policy", policy={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]})
    os.makedirs(s.at("/root/.aws"))
    shutil.copy(os.path.join(s.cloud, "credentials"), s.at("/root/.aws/credentials"))
    same(s.row("credentials", "ok").get("level"), "ok", "credentials appear where the SSM agent writes them", s.rows())
    says(s, "tls", "warning", "no CA bundle to check it with: install ca-certificates, and restart kedge",
         "Look at the clock, [aws] ca_file, and a proxy that opens TLS.", "no CA bundle: what to install, and to restart")
    shutil.copy(os.path.join(s.cloud, "ca.pem"), s.at("/etc/ssl/certs/ca-certificates.crt"))
    s.stop()
    s.start()
    same(s.row("tls", "ok").get("level"), "ok", "installed, and restarted", s.logged())


def permissions(s: New) -> None:
    """ECS Anywhere's own role allows none of what kedge asks. The third mistake: only the one statement is added."""
    r = s.row("iam", "warning")
    step = r.get("next_step") or ""
    lead = "Add to the role's policy, then restart kedge (kedge init prints all): "
    ok("ecs:DescribeTasks is denied: no identity-based policy allows it" in (r.get("text") or ""), "a role without any permission", r)
    ok(step.startswith(lead), "... what to do, and where all of it is", step)
    same(s.ask("check").returncode, 1, "... and that is a warning: failures are named all the same")
    statement = json.loads(step[len(lead):])
    s.ctl("set-policy", policy={"Version": "2012-10-17", "Statement": [statement]})
    found = wait(lambda: (r := s.row("iam", "warning", 1)) and "ListServiceDeployments" in (r.get("next_step") or "") and r, 60,
                 0.3) or s.rows().get("iam")
    ok(found and "ecs:ListServiceDeployments is denied" in found["text"], "with that statement alone the next one is named",
       str(found) + s.logged())
    page = s.ask("init").stdout
    ok("KEDGE WARNING - 1 of " in page and "ecs:ListServiceDeployments is denied" in page.replace("\n", " "), "init says it too", page)
    policy = json.loads(page[page.index("\n{\n"):page.index("\nWhat needs which action:")])
    s.ctl("set-policy", policy=policy)
    s.stop()
    s.start()
    ok(wait(lambda: s.ask("check").returncode == 0, 90, 0.5), "with init's policy, as it is printed: green",
       s.ask("check").stdout + s.logged())


def green(s: New) -> None:
    p = s.ask("check")
    ok(p.returncode == 0 and p.stdout.startswith("KEDGE OK - "), "kedge check is green", p.stdout)
    ok("hooks" in p.stdout and not os.path.exists(s.at("/etc/kedge")), "... without a conf", p.stdout)
    ok("KEDGE OK - " in s.ask("init").stdout, "... and init ends with that")
    assert s.agent_process
    before = len(s.logged())
    s.agent_process.send_signal(signal.SIGHUP)
    ok(wait(lambda: "is read again" in s.logged()[before:], 10) and "error" not in s.logged()[before:],
       "a reload without a conf is no error", s.logged()[before:])
    p = s.ask("init", "--write", "--yes")
    same((p.returncode, sorted(os.listdir(s.at("/etc/kedge")))), (0, ["kedge-policy.json", "kedge.conf"]),
         "init --write puts a conf where kedge looks", p.stderr)
    s.stop()
    s.start()
    ok(wait(lambda: s.ask("check").returncode == 0, 60, 0.5), "with that conf it is as green", s.ask("check").stdout)
    same(s.ask("check", uid=NOBODY).returncode, 3, "not as root: unknown, not critical")
    s.stop()
    p = s.ask("check")
    ok(p.returncode == 2 and "kedge agent is not running; this is what it kept" in p.stdout and "service kedge start" in p.stdout,
       "stopped: critical, what it kept, how to start it", p.stdout)
    ok("-> Ask as root." in s.ask("check", uid=NOBODY).stdout, "... and not as root, to ask as root")


def clock(s: New) -> None:
    """A board without a clock of its own boots in 1970."""
    shutil.copy(KEDGE_TEST, s.at("/usr/bin/kedge"))
    shutil.rmtree(s.at("/var/lib/kedge"))
    s.start(0, f"KEDGE_CLOCK_OFFSET_MS={86400000 - int(time.time() * 1000)}")
    says(s, "clock", "critical", "1970-01-0", "Let NTP set this node's clock.", "a clock that was never set")
    ok(s.row("engine", "ok").get("level") == "ok" and s.ask("check").returncode == 2,
       "... is critical, and the node is watched all the same", s.ask("check").stdout)


def main() -> None:
    why = can()
    if why:
        skip_all(why)
    with New() as s:
        for step in (nothing, not_root, no_user, bare, engine, agent, authority, permissions, green, clock):
            step(s)
    done()


main()
