#!/usr/bin/env python3
"""The fix forward from the site: kedge deploy against a control plane that takes it, refuses it, loses it; and what the wait
behind it tells."""
import json
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, never, ok, same, wait  # noqa: E402


def sent(s):
    """The calls that change anything, as the control plane got them."""
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [r["body"] for r in map(json.loads, f) if r["op"] in ("UpdateService", "StopServiceDeployment")]


def deploy(s, *words, seconds=120):
    """Exit code, the object of the deploy, and that of the wait behind it."""
    p = s.run("deploy", *words, "--json", seconds=seconds)
    lines = [json.loads(line) for line in p.stdout.splitlines() if line.startswith("{")]
    return p.returncode, (lines + [{}, {}])[0], (lines + [{}, {}])[1]


def newest(s, service="web"):
    return s.ctl("dump")["services"][service]["deployments"][-1]


def made(s):
    """How many deployments the service web ever had."""
    return len(s.ctl("dump")["services"]["web"]["deployments"])


def row(s, service="web"):
    return next((r for r in s.read("services").get("services", []) if r["service"] == service), {})


def define(s, tag):
    return s.define("web", {"image": f"{REGISTRY}/web:{tag}"})


def shown(s):
    code, told, _ = deploy(s, "web", "web:2", "--dry-run")
    same((code, told.get("done"), told.get("operation")), (4, False, "UpdateService"), "a dry run, which the policy would refuse", told)
    same(told.get("body"), '{"cluster":"edge","service":"web","taskDefinition":"web:2"}', "... its body")
    command = "aws ecs update-service --region eu-west-1 --cluster edge --service web --task-definition web:2"
    same(told.get("command"), command, "... the same as a command")
    p = s.run("deploy", "web", "web:2")
    same((p.returncode, p.stderr.splitlines()[-1]), (4, command), "not allowed: exit 4, and the command for one's own credentials")
    for words in (("web",), ("web", "web"), ("web", "web:0"), ("web", "web:2", "--timeout", "soon"), ("web", "web:2", "--to", "web:1"),
                  ("web", "web:2", "more"), ("a b", "web:2")):
        same(s.run("deploy", *words).returncode, 2, f"wrong words: {' '.join(words)}")
    same(deploy(s, "nobody", "web:2", "--dry-run")[0], 1, "a service that is not known here")
    same(sent(s), [], "nothing was sent")
    other = s.conf_path + ".other"
    with open(s.conf_path, encoding="utf-8") as f, open(other, "w", encoding="utf-8") as o:
        o.write(f.read().replace("[policy]\n", "[policy]\nallow_update_service = yes\n"))
    p = subprocess.run([s.binary, "--conf", other, "deploy", "web", "web:2", "--json"], stdout=subprocess.PIPE, text=True, check=False)
    told = json.loads(p.stdout)
    same((p.returncode, told.get("done"), told.get("command")), (4, False, command), "another conf does not help: the daemon refuses")
    same(sent(s), [], "nothing was sent")


def goes_forward(s):
    """The release that runs is bad; the next one goes over it while it is still under way."""
    s.set_policy(allow_update_service="yes")
    s.image("web:3", "exit 1 300")
    s.ctl("update-service", service="web", taskDefinition=define(s, "3"))
    ok(wait(lambda: row(s).get("rollback", {}).get("state") == "awaiting-confirmation", 60, 0.2), "web:3 fails, a rollback waits", s.kedge.tail())
    bad = newest(s)["serviceDeploymentArn"]
    s.image("web:4")
    define(s, "4")
    code, told, end = deploy(s, "web", "web:4", "--timeout", "90s")
    same((told.get("schema"), told.get("state"), told.get("done")), ("kedge.act/1", "accepted", True), "deploy, allowed", str(told) + s.kedge.tail())
    same(told.get("overtook"), bad, "... names the deployment it overtook")
    same(told.get("deployment"), newest(s)["serviceDeploymentArn"], "... and the one it made")
    same((code, end.get("schema"), end.get("ok"), end.get("deployment")), (0, "kedge.wait/1", True, told.get("deployment")),
         "and waits for that one to its end", end)
    same(sent(s), [{"cluster": "edge", "service": "web", "taskDefinition": "web:4"}], "sent once")
    same(row(s)["rollback"]["state"], "superseded", "the rollback that waited is over")
    page = " ".join(s.run("journal").stdout.split())
    ok(f"deploy web to web:4: accepted {told.get('deployment')}" in page and f"uid {os.getuid()}" in page, "the journal says who, what, and what came of it", page[-900:])
    code, told, end = deploy(s, "web", "web:4")
    same((code, told.get("state"), told.get("text"), end), (1, "not-done", "Nothing was sent: that revision is what is deployed already", {}), "once more: there is nothing to do")
    code, told, _ = deploy(s, "web", "web:3")
    same((code, told.get("state")), (4, "refused"), "a revision this node saw fail", told)
    ok("--force" in told.get("text", ""), "... is sent with --force", told)
    same(len(sent(s)), 1, "nothing more was sent")


def fails_here(s):
    """The cause stands behind the wait."""
    s.image("web:5", "exit 1 300")
    define(s, "5")
    p = s.run("deploy", "web", "web:5", "--timeout", "90s", seconds=120)
    same(p.returncode, 1, "a fix that fails here too: exit 1", p.stdout + s.kedge.tail())
    ok("exited-early, blame release" in p.stdout or "crash-loop, blame release" in p.stdout, "... and why", p.stdout)
    code, told, end = deploy(s, "web", "web:5", "--force", "--no-wait")
    same((code, end), (1, {}), "--no-wait: one object", told)
    code, told, end = deploy(s, "web", "web:4", "--no-wait")
    same((code, told.get("state"), end), (0, "accepted", {}), "back by deploy, without waiting", told)
    ok(wait(lambda: newest(s)["status"] == "SUCCESSFUL", 60, 0.2), "... and it goes well", s.kedge.tail())


def aws_refuses(s):
    before = len(sent(s))
    s.image("web:6")
    define(s, "6")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ecs:List*", "ecs:Describe*"], "Resource": "*"}]}
    s.ctl("set-policy", policy=policy)
    code, told, _ = deploy(s, "web", "web:6")
    statement = json.loads(told.get("statement") or "{}")
    same((code, told.get("state"), statement.get("Action")), (5, "denied", "ecs:UpdateService"), "denied: exit 5 and the statement", told)
    same(statement.get("Condition", {}).get("ArnLike"), {"ecs:task-definition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:*"},
         "... bound to the family")
    ok(f"\n{told.get('statement')}\n" in s.run("deploy", "web", "web:6").stdout, "... on a line of its own for people")
    policy["Statement"].append(statement)
    s.ctl("set-policy", policy=policy)
    code, told, _ = deploy(s, "web", "web:6", "--no-wait")
    same((code, told.get("state")), (0, "accepted"), "with that statement it goes", str(told) + s.kedge.tail())
    s.ctl("set-policy", policy=None)
    code, told, _ = deploy(s, "web", "web:99")
    same((code, told.get("state")), (1, "not-done"), "a revision that is not there", told)
    ok("TaskDefinition" in told.get("text", "") or "task definition" in told.get("text", ""), "... in AWS's words", told)
    s.ctl("deregister-task-definition", taskDefinition="web:2")
    code, told, _ = deploy(s, "web", "web:2")
    ok(code == 1 and "inactive" in told.get("text", ""), "a definition that is INACTIVE", told)
    s.ctl("fault", kind="http503", op="ListServiceDeployments", count=3)
    code, told, _ = deploy(s, "web", "web:4")
    ok(code == 1 and told.get("text", "").startswith("Nothing was sent: "), "the line is down: nothing is sent", told)
    n = len(sent(s))
    ok(never(lambda: len(sent(s)) > n, 6), "... and nothing waits to be")
    same(n, before + 5, "one call for each word that came so far")


def answer_lost(s):
    """Taken, and the connection broke: AWS is asked what became of it, and nothing is sent twice."""
    before, had = len(sent(s)), made(s)
    s.image("web:7")
    name = define(s, "7")
    ok(wait(lambda: row(s).get("asked_unix_s") and s.source("aws") == "up", 90, 0.2), "the line is back", s.kedge.tail())
    s.ctl("fault", kind="drop-answer", op="UpdateService", count=1)
    code, told, _ = deploy(s, "web", name, "--no-wait")
    same((code, told.get("state")), (0, "accepted"), "the answer was cut: its deployment was seen", str(told) + s.kedge.tail())
    # libcurl sends once more what a kept connection took without a word; the same definition twice is one deployment
    ok({json.dumps(b) for b in sent(s)[before:]} == {json.dumps({"cluster": "edge", "service": "web", "taskDefinition": name})},
       "no call but that one", sent(s)[before:])
    same(made(s), had + 1, "... and one deployment")


def killed(s):
    """kill -9 while AWS thinks: who asked is told, and the new life repeats nothing."""
    before, had = len(sent(s)), made(s)
    s.image("web:8")
    name = define(s, "8")
    s.ctl("fault", kind="pause_mid_body", op="UpdateService", seconds=20)
    p = subprocess.Popen([s.binary, "--conf", s.conf_path, "deploy", "web", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ok(wait(lambda: len(sent(s)) > before, 30), "it is on its way")
    s.stop_kedge(signal.SIGKILL)
    out, _ = p.communicate(timeout=30)
    same(p.returncode, 3, "killed in the middle: exit 3", out)
    s.start_kedge()
    ok(wait(lambda: row(s).get("family") == "web" and newest(s)["status"] == "SUCCESSFUL", 90, 0.2), "the new life sees what became of it", s.kedge.tail())
    same((len(sent(s)), made(s)), (before + 1, had + 1), "and sent nothing again")
    ok(f"deploy web to {name}: asked" in " ".join(s.run("journal").stdout.split()), "the journal kept the word")


def another_controller(s):
    s.image("cd:1")
    s.service("cd", {"image": f"{REGISTRY}/cd:1"}, controller="CODE_DEPLOY")
    ok(wait(lambda: row(s, "cd"), 60, 0.2), "a service of CodeDeploy's", s.kedge.tail())
    before = len(sent(s))
    code, told, _ = deploy(s, "cd", "cd:1")
    ok(code == 4 and "CODE_DEPLOY" in told.get("text", ""), "is refused, and said why", str(told) + s.kedge.tail())
    same(len(sent(s)), before, "nothing was sent")


def main():
    with Site(engine="28", cloud_options=("--time-scale", "20")) as s:
        s.image("web:1")
        s.service("web", {"image": f"{REGISTRY}/web:1"})
        ok(wait(lambda: newest(s)["status"] == "SUCCESSFUL" and row(s).get("deployment"), 60, 0.2), "web:1 is deployed", s.kedge.tail())
        define(s, "2")
        shown(s)
        goes_forward(s)
        fails_here(s)
        aws_refuses(s)
        answer_lost(s)
        killed(s)
        another_controller(s)
    done()


main()
