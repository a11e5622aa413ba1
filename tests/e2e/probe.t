#!/usr/bin/env python3
"""Know before the agent does: the registry itself is asked about a revision that waits, and by kedge verify. Against the
engine's doubles; registries: one that asks for credentials in every way, over TLS, and Debian's, plain, on loopback."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, never, note, ok, same, skip_all, wait  # noqa: E402

SLOW = ("--time-scale", "1")            # the agent takes its half minute until it admits what it knows
POLICY = {"rollback": "auto", "failures": "1", "probe": "on", "hold_down": "0s", "quorum": "off"}
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
HOST = "registry.double.test"
CERT = ("--name", HOST, "--name", ECR)
ALONE = ["unshare", "-m", "sh", "-c", "mount --bind \"$1\" /etc/hosts && mount -t tmpfs none /var/lib && mkdir /var/lib/docker && "
                                      "shift && exec \"$@\"", "sh"]


class Asked:
    """What a registry's double was asked."""

    def __init__(self, site: Site) -> None:
        self.path = os.path.join(site.folder, "registry.jsonl")

    def all(self, *words: str) -> list[dict[str, Any]]:
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="utf-8") as f:
            rows = [json.loads(line) for line in f if line.endswith("\n")]
        return [r for r in rows if all(w in r["path"] for w in words)]


def cloud_asked(s: Site, op: str) -> list[dict[str, Any]]:
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [r for r in map(json.loads, f) if r["op"] == op]


def registry(s: Site) -> str:
    """host:port of a TLS registry under the cloud's CA. Then kedge starts, for which that name, and ECR's, are this machine,
    by an /etc/hosts of its own; its engine's data root is an empty file system of its own."""
    s.double("registry.py", "--dir", s.folder, "--tls", os.path.join(s.cloud, "tls"), "--ecr-tokens",
             os.path.join(s.cloud, "ecr_tokens.json"))
    port = os.path.join(s.folder, "registry.port")
    if not wait(lambda: os.path.exists(port), 30):
        raise RuntimeError("the registry's double does not listen")
    with open(port, encoding="utf-8") as f:
        host = HOST + ":" + f.read().strip()
    path = os.path.join(s.folder, "hosts")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"127.0.0.1 localhost {HOST} {ECR}\n")
    s.kedge_inside = (*ALONE, path)
    s.start_kedge()
    return host


def provisional(s: Site, service: str) -> dict[str, Any]:
    return next((f for f in s.read("failures").get("failures", []) if f.get("provisional") and f["service"] == service), {})


def newest(s: Site, service: str) -> dict[str, Any]:
    return s.ctl("dump")["services"][service]["deployments"][-1]


def settled(s: Site, service: str) -> bool:
    rows = s.read("services").get("services", [])
    return newest(s, service)["status"] == "SUCCESSFUL" and any(r["service"] == service and r.get("last_good") for r in rows)


def deploy(s: Site, service: str, image: str) -> float:
    name = s.define(service, {"image": image})
    s.ctl("update-service", service=service, taskDefinition=name)
    return time.monotonic()


def told_early(s: Site, host: str) -> None:
    """Revision 1 works; 2 names a tag that is not there."""
    s.image("web:1")
    s.service("web", {"image": f"{REGISTRY}/web:1"})
    ok(wait(lambda: settled(s, "web"), 120, 0.5), "the first release works", s.kedge.tail(20))
    same(cloud_asked(s, "DescribeTaskDefinition"), [], "a release that starts at once is asked about nowhere")
    asked = Asked(s)
    begun = deploy(s, "web", f"{host}/token/good:9")
    seen = wait(lambda: provisional(s, "web"), 60, 0.1)
    note(f"suspect after {time.monotonic() - begun:.1f} s")
    same(seen.get("class"), "image-not-found", "a tag that is not there is suspect", s.kedge.tail(20))
    ok(any("The registry itself says it has no tag " + host in e for e in seen.get("evidence", [])), "with the registry's word", seen)
    ok(seen and not seen["counted"] and not any("answered the engine" in e for e in seen["evidence"]), "before the agent said a word", seen)
    same([r["method"] + " " + str(r["status"]) for r in asked.all("/v2/token/good")], ["HEAD 401", "HEAD 404", "GET 404"],
         "challenge, token, no; and the error's name by GET", asked.all())
    same(len(asked.all("/token?")), 1, "one anonymous token")
    ok(all("Env" not in json.dumps(r) for r in asked.all()), "nothing of the definition leaves")
    ok(newest(s, "web")["status"] == "IN_PROGRESS" and not s.kedge.said("StopServiceDeployment"), "nothing is hauled back on that alone")
    final = s.wait_failure(120, service="web", **{"class": "image-not-found"})
    ok(final.get("counted"), "the agent's own error makes it final", final)
    ok(any("The registry itself says" in e for e in final.get("evidence", [])), "the registry's word stays beside it", final)
    ok(wait(lambda: newest(s, "web")["status"] == "ROLLBACK_SUCCESSFUL", 120, 0.5), "and then it is hauled back", s.kedge.tail(20))
    same(len(cloud_asked(s, "DescribeTaskDefinition")), 1, "a release is asked about once")
    same(len(asked.all("/v2/token/good")), 3, "and its registry too")


def verified(s: Site, image: str, code: int, verdict: str, name: str, **members: Any) -> dict[str, Any]:
    """kedge verify of a definition with this image."""
    found = s.run("verify", s.define("check", {"image": image}), "--json")
    answer = json.loads(found.stdout or "{}")
    row = (answer.get("containers") or [{}])[0]
    same((found.returncode, row.get("verdict"), answer.get("schema")), (code, verdict, "kedge.verify/1"), name, f"{answer} {s.kedge.tail(3)}")
    for member, want in members.items():
        same(row.get(member), want, f"{name}: {member}", answer)
    return row


def verify(s: Site, host: str) -> None:
    asked = Asked(s)
    row = verified(s, f"{host}/open/good:1", 0, "yes", "an index with this node's architecture", arch="amd64", compressed_bytes=4096)
    ok(str(row.get("digest")).startswith("sha256:"), "its digest", row)
    verified(s, f"{host}/token/plain:1", 0, "yes", "one manifest, behind a token", arch="amd64", compressed_bytes=4096)
    row = verified(s, f"{host}/open/other:1", 1, "no", "an image for another processor")
    ok("other processors" in row.get("reason", ""), "and says so", row)
    row = verified(s, f"{host}/open/huge:1", 1, "no", "one larger than the disk")
    ok("room" in row.get("reason", ""), "and says so", row)
    third = int(s.read("verify", "check:1")["free_bytes"] * 0.3)
    for names, code in (((third,), 0), ((third, third), 0), ((third, third + 1), 1)):
        found = s.run("verify", s.define("check", *({"image": f"{host}/open/bytes{n}:1"} for n in names)), "--json")
        same((found.returncode, json.loads(found.stdout).get("would_pull")), (code, code == 0),
             f"images of {len(set(names))} times 30 % of the room, unpacked twice that", found.stdout)
    verified(s, f"{host}/open/good:2", 1, "no", "no such tag")
    verified(s, f"{host}/open/norepo:1", 1, "no", "no such repository")
    for way, words in (("open/html", "404"), ("busy/good", "429"), ("moved/good", "307")):
        row = verified(s, f"{host}/{way}:1", 3, "unknown", f"{way}: nobody can say")
        ok(words in row.get("reason", ""), "and says why", row)
    for way in ("basic/good", "private/good", "ecr/good"):
        row = verified(s, f"{host}/{way}:1", 3, "unknown", f"{way}: closed to kedge")
        ok("credentials" in row.get("reason", ""), "and says why", row)
    row = verified(s, "localhost:1/open/good:1", 3, "unknown", "a registry that is down")
    ok("did not answer" in row.get("reason", ""), "and says so", row)
    verified(s, f"{REGISTRY}/web:1", 3 if s.engine != "real" else 0, "unknown" if s.engine != "real" else "yes", "the site's own registry")
    same([r for r in asked.all("/open/good/") if r["authorization"]], [], "no credentials where none are asked for")
    same(asked.all("moved")[-1]["status"], 307, "a redirect is not followed")
    text = s.run("verify", s.define("two", {"image": f"{host}/open/good:1"}, {"image": f"{host}/open/good:7", "essential": False}))
    same(text.returncode, 1, "one of two would not pull", text.stdout + text.stderr)
    ok("would pull" in text.stdout and "would not pull" in text.stdout and "4.0 KB" in text.stdout, "a line each for people", text.stdout)
    ok("PASSWORD" not in s.kedge.tail(500), "what an image's configuration holds is never told")


def got_wrong(s: Site) -> None:
    same(s.run("verify").returncode, 2, "verify without a definition")
    found = s.run("verify", "web")
    same((found.returncode, "FAMILY:REVISION" in found.stderr), (2, True), "a definition without its revision", found.stderr)
    found = s.run("verify", "nosuch:3")
    same(found.returncode, 3, "one that AWS does not know", found.stderr)
    ok("nosuch" in found.stderr or "definition" in found.stderr, "and AWS's own words", found.stderr)
    s.ctl("deny-action", action="ecs:DescribeTaskDefinition")
    found = s.run("verify", "check:1")
    same((found.returncode, "ecs:DescribeTaskDefinition is denied: no identity-based policy allows it" in found.stderr), (3, True),
         "the right to ask is missing", found.stderr)
    lacks(s, "ecs:DescribeTaskDefinition")
    s.ctl("allow-action", action="ecs:DescribeTaskDefinition")
    s.run("verify", "check:1")
    same(s.status().get("denied"), [], "... and lacks no more once it is there")


def lacks(s: Site, action: str) -> None:
    """status says so, with the statement that grants it."""
    found = [d for d in s.status().get("denied", []) if d["action"] == action]
    statement = json.loads((found or [{}])[0].get("statement") or "{}")
    same((statement.get("Effect"), statement.get("Action"), statement.get("Resource")), ("Allow", action, "*"),
         f"{action}: status shows the statement that is needed", s.status().get("denied"))


def ecr(s: Site, host: str) -> None:
    """Its tokens come from the cloud's double."""
    asked = Asked(s)
    there = ECR + ":" + host.split(":")[1]
    verified(s, f"{there}/ecr/good:1", 0, "yes", "ECR with this node's token", arch="amd64")
    same({r["authorization"] for r in asked.all("ecr/good") if r["host"] == there}, {"Basic"}, "as Basic")
    verified(s, f"{there}/ecr/good:5", 1, "no", "ECR: no such tag")
    same(len(cloud_asked(s, "GetAuthorizationToken")), 1, "the token is kept")
    token = list(json.loads(open(os.path.join(s.cloud, "ecr_tokens.json"), encoding="utf-8").read()))[0]
    ok(token[:40] not in s.kedge.tail(500), "and never told")
    row = verified(s, f"{there}/basic/good:1", 3, "unknown", "ECR that refuses this node")
    ok("AWS credentials" in row.get("reason", ""), "and says so", row)
    s.ctl("deny-action", action="ecr:GetAuthorizationToken")
    row = verified(s, f"{there}/ecr/good:1", 3, "unknown", "no right to ask for a token")
    ok("ecr:GetAuthorizationToken" in row.get("reason", ""), "and names it", row)
    lacks(s, "ecr:GetAuthorizationToken")
    s.ctl("allow-action", action="ecr:GetAuthorizationToken")
    verified(s, f"{there}/ecr/good:1", 0, "yes", "with the right it is asked again", arch="amd64")
    same(s.status().get("denied"), [], "... and nothing is lacking")


def silent(s: Site, host: str) -> None:
    """probe = off."""
    s.image("quiet:1")
    s.service("quiet", {"image": f"{REGISTRY}/quiet:1"})
    ok(wait(lambda: settled(s, "quiet"), 120, 0.5), "the first release works", s.kedge.tail(20))
    deploy(s, "quiet", f"{host}/open/good:9")
    ok(wait(lambda: s.read("services").get("services", [{}])[0].get("verdict") != "ok", 30, 0.2), "the next one waits")
    ok(never(lambda: provisional(s, "quiet"), 12), "probe = off: nothing is told before the agent", s.kedge.tail(20))
    same(cloud_asked(s, "DescribeTaskDefinition") + Asked(s).all("/good"), [], "and nothing asked")


def main() -> int:
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        skip_all("a mount namespace is needed, so that a registry's name can be this machine's")
    with Site("28", conf={"policy": POLICY}, kedge=False, cloud_options=CERT, agent_options=SLOW) as s:
        told_early(s, registry(s))
    with Site("28", conf={"policy": POLICY | {"probe": "off"}}, kedge=False, cloud_options=CERT, agent_options=SLOW) as s:
        silent(s, registry(s))
    with Site("28", conf={"policy": POLICY}, kedge=False, cloud_options=CERT) as s:
        with open(os.path.join(s.cloud, "endpoint"), encoding="utf-8") as f:
            s.conf["aws"] = {"ecr_endpoint": f.read().strip()}
        host = registry(s)
        verify(s, host)
        got_wrong(s)
        ecr(s, host)
        s.stop_kedge()
        same(s.run("verify", "check:1").returncode, 3, "verify while the agent is down")
    return done()


sys.exit(main())
