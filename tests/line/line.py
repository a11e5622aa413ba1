"""A bad line to AWS out of network namespaces: kedge and the ECS agent's double live in one, the cloud's double with a name
server and a relay (uplink.py) in another, a pair of veth in between.

    kedge's namespace                      AWS's namespace
    wan 10.64.0.2 --- default route --->   isp 10.64.0.1, 10.64.1.1 (names, port 443) -> 127.0.0.1 (ecs_cloud.py)

Bandwidth is tc's tbf on both ends, loss, drop and RST are nft's in AWS's namespace, latency, cuts and portals the relay's,
and routes come and go in kedge's namespace, where it hears of it by netlink. The namespaces have no name: they end
with the processes in them, and the one that holds each ends when its standard input closes."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from e2e import KEDGE, REGISTRY, Site, call, wait  # noqa: E402

NAME = "ecs.line.test"
AWS, ISP, SITE = "10.64.1.1", "10.64.0.1", "10.64.0.2"
ISP_MAC, SITE_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
# IPv6 is off where there is any: its own chatter is nobody's request
HOLD = ("for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -w $f ] || echo 1 >$f; done; "
        "ip link set lo up && {more} echo up && exec cat")


def line_can() -> str:
    """Empty, or why no bad line can be built here."""
    if os.getuid() != 0:
        return "needs root"
    for tool in ("unshare", "nsenter", "ip", "tc", "nft"):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            return f"{tool} is not installed"
    probe = ("ip link set lo up && ip link add wan type veth peer name isp && nft add table inet t && "
             "tc qdisc add dev wan root tbf rate 2kbit burst 1600 latency 1s && mount --bind /etc/hostname /etc/hostname")
    tried = subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", probe],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return "" if tried.returncode == 0 else f"no private network here: {tried.stdout.strip()}"


class Space:
    """A network and mount namespace, held by a process that waits for the end of its standard input."""

    def __init__(self, more: str = "") -> None:
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", HOLD.format(more=more)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout
        if self.holder.stdout.readline() != b"up\n":
            raise RuntimeError("a private network does not come up")
        self.inside = ("nsenter", "-t", str(self.holder.pid), "-n", "-m", "--")

    def run(self, *command: str, given: str | None = None) -> str:
        done = subprocess.run([*self.inside, *command], input=given, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{given or ''}")
        return done.stdout

    def count(self, protocol: str, name: str) -> int:
        """A counter of the namespace's /proc/net/snmp."""
        with open(f"/proc/{self.holder.pid}/net/snmp", encoding="ascii") as f:
            heads, values = [line.split() for line in f if line.startswith(protocol + ":")]
        return int(values[heads.index(name)])

    def sent(self, device: str) -> int:
        """Packets that went out of a device."""
        with open(f"/proc/{self.holder.pid}/net/dev", encoding="ascii") as f:
            return next(int(line.split(":")[1].split()[9]) for line in f if line.strip().startswith(device + ":"))

    def end(self) -> None:
        assert self.holder.stdin and self.holder.stdout
        self.holder.stdin.close()
        self.holder.wait(10)
        self.holder.stdout.close()


class LineSite(Site):
    """A Site whose kedge is at the far end of the line; it begins with the line up and good."""

    def __init__(self, engine: str = "20", conf: dict[str, dict[str, Any]] | None = None,
                 cloud_options: tuple[str, ...] = (), binary: str = KEDGE, **more: Any) -> None:
        conf = conf or {}
        conf["aws"] = {"endpoint": f"https://{NAME}"} | conf.get("aws", {})
        super().__init__(engine=engine, conf=conf, cloud_options=("--name", NAME, *cloud_options), binary=binary, **more)
        self.spaces: list[Space] = []
        self.uplink_dir = os.path.join(self.folder, "uplink")

    def _up(self) -> None:
        resolv = os.path.join(self.folder, "resolv.conf")
        with open(resolv, "w", encoding="ascii") as f:
            f.write(f"nameserver {AWS}\n")
        self.aws = Space()
        self.spaces.append(self.aws)
        self.here = Space(f"mount --bind {resolv} /etc/resolv.conf &&")
        self.spaces.append(self.here)
        self.kedge_inside = self.here.inside
        self._wire()
        super()._up()

    def _down(self) -> None:
        super()._down()
        for space in self.spaces:
            space.end()

    def _wire(self) -> None:
        # who has which address is settled for good, so that every packet there is was wanted by somebody
        self.aws.run("ip", "-batch", "-", given=(
            f"link add isp address {ISP_MAC} type veth peer name wan address {SITE_MAC} netns {self.here.holder.pid}\n"
            f"addr add {ISP}/24 dev isp\naddr add {AWS}/32 dev lo\nlink set isp up\n"
            f"neigh replace {SITE} lladdr {SITE_MAC} dev isp nud permanent\n"))
        self.here.run("ip", "-batch", "-", given=(
            f"addr add {SITE}/24 dev wan\nlink set wan up\n"
            f"neigh replace {ISP} lladdr {ISP_MAC} dev wan nud permanent\n"))
        self.route(True)

    def double(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """The cloud at AWS's end, with what leads to it; the ECS agent beside kedge; the engine is no part of the line."""
        base = os.path.basename(name)
        where = {"ecs_cloud.py": self.aws, "agent_more.py": self.here}.get(base)
        inside = where.inside if where else ()
        if base == "agent_more.py" and "KEDGE_CLOCK_SCALE" in self.environment:
            inside = (*inside, "env", "E2E_LOG_CLOCK=" + self.one_clock(int(self.environment["KEDGE_CLOCK_SCALE"])))
        started = super().double(name, *arguments, inside=inside)
        if base == "ecs_cloud.py":
            self._must(lambda: os.path.exists(os.path.join(self.cloud, "port")), "the cloud's double listens")
            with open(os.path.join(self.cloud, "port"), encoding="ascii") as f:
                port = f.read().strip()
            super().double("uplink.py", "--dir", self.uplink_dir, "--address", AWS, "--name", NAME, "--to", port,
                           inside=self.aws.inside)
            self._must(lambda: os.path.exists(os.path.join(self.uplink_dir, "ready")), "names and relay answer")
        return started

    def one_clock(self, scale: int) -> str:
        """kedge and the agent's log get the time of the cloud, which has run fast for a moment already."""
        ahead_s = self.ctl("ping")["server_unix_s"] - time.time()
        anchor_ms = int(1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - ahead_s / (scale - 1)))
        self.environment["KEDGE_CLOCK_ANCHOR_MS"] = str(anchor_ms)
        return f"{scale} {anchor_ms}"

    # ---- the weather

    def uplink(self, command: str, **members: Any) -> dict[str, Any]:
        answer = call(self.uplink_dir, command, **members)
        if not answer["ok"]:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def route(self, up: bool) -> None:
        self.here.run("ip", "route", *(("replace", "default", "via", ISP) if up else ("del", "default")))

    def rate(self, bits: str) -> None:
        """Both directions, e.g. 2kbit; "" is no limit."""
        for space, device in ((self.aws, "isp"), (self.here, "wan")):
            if bits:
                space.run("tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", bits, "burst", "1600",
                          "latency", "20s")
            else:
                space.run("tc", "qdisc", "del", "dev", device, "root")

    def firewall(self, *rules: str) -> None:
        """Rules for every packet between the two; none: the line is clear."""
        chains = "".join(f"chain {hook} {{ type filter hook {hook} priority 0; {at} lo accept; {'; '.join(rules)}; }}\n"
                         for hook, at in (("input", "iifname"), ("output", "oifname")))
        self.aws.run("nft", "-f", "-", given="add table inet line\ndelete table inet line\n" +
                     (f"table inet line {{\n{chains}}}\n" if rules else ""))

    def forget_connections(self) -> None:
        """Every open connection is reset, as a NAT that restarts does."""
        self.uplink("forget")

    # ---- what came of it

    def tries_without_route(self) -> int:
        """How often anything in kedge's namespace wanted to send a packet that no route leads to."""
        return self.here.count("Ip", "OutNoRoutes")

    def cpu_ticks(self) -> int:
        with open(f"/proc/{self.kedge.pid}/stat", encoding="ascii") as f:
            words = f.read().rpartition(")")[2].split()
        return int(words[11]) + int(words[12])

    # ---- a story in three lines: a good release runs, a bad one comes, it is hauled back

    def begin(self, *services: str) -> None:
        """Each with a good release, and known to kedge."""
        self.image("web:11")
        for service in services:
            self.service(service, {"memory": 1})
        for service in services:
            self._must(lambda: self.newest(service)["status"] == "SUCCESSFUL", f"a good release of {service} runs")
        self._must(lambda: self.source("aws") == "up", "AWS has answered kedge")
        self._must(lambda: len([r for r in self.read("services").get("services", []) if r["rollout"]]) == len(services),
                   "kedge has asked about each service")

    def newest(self, service: str) -> dict[str, Any]:
        return self.ctl("dump")["services"][service]["deployments"][-1]

    def deploy_bad(self, service: str) -> str:
        """A revision whose image does not exist; returns the ARN of its deployment."""
        bad = self.define(service, {"image": f"{REGISTRY}/web:nosuch", "memory": 1})
        self.ctl("update-service", service=service, taskDefinition=bad)
        return self.newest(service)["serviceDeploymentArn"]

    def deploy_good(self, service: str) -> None:
        good = self.define(service, {"memory": 1})
        self.ctl("update-service", service=service, taskDefinition=good)
        self._must(lambda: self.newest(service)["status"] == "SUCCESSFUL", f"a good release of {service} runs again")

    def rollback(self, service: str) -> dict[str, Any]:
        rows = self.read("services").get("services", [])
        return next((r for r in rows if r["service"] == service), {}).get("rollback", {})

    def requests(self) -> list[dict[str, Any]]:
        """What the cloud has read so far."""
        with open(os.path.join(self.cloud, "requests.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def accepted(self, deployment: str) -> dict[str, Any]:
        """The request by which this deployment is rolled back, once AWS has said yes to it."""
        return next((r for r in self.requests() if r["op"] == "StopServiceDeployment" and r["status"] == 200 and
                     r["body"]["serviceDeploymentArn"] == deployment), {})

    def hauled_back(self, service: str) -> bool:
        return bool(wait(lambda: self.newest(service)["status"] == "ROLLBACK_SUCCESSFUL", 60, 0.1))
