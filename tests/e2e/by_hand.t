#!/usr/bin/env python3
"""What a person does: a rollback to a revision by name, allowed and not, what a dry run promises and what is then sent,
and what kedge says where the way back is not a stop: a tag that was overwritten, a controller that is not ECS's own."""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402

CHANGES = ("StopServiceDeployment", "UpdateService")
# what a person's shell finds as `aws`: it answers from the double's books and keeps what it is given
SHIM = '''#!/usr/bin/env python3
import json, os, sys
sys.path.insert(0, {doubles!r})
from cloudctl import call
option = dict(zip(sys.argv[3::2], sys.argv[4::2]))
if sys.argv[2] == "describe-task-definition":
    family, _, revision = option["--task-definition"].partition(":")
    found = [t for t in call({cloud!r}, "dump")["taskDefinitions"]
             if (t["family"], str(t["revision"])) == (family, revision)]
    print(json.dumps(found[0]))
elif sys.argv[2] == "register-task-definition":
    with open(option["--cli-input-json"].removeprefix("file://")) as f:
        answer = call({cloud!r}, "register-task-definition", **json.load(f))
    sys.exit(0 if answer["ok"] else str(answer))
elif sys.argv[2] == "update-service":
    answer = call({cloud!r}, "update-service", service=option["--service"], taskDefinition=option["--task-definition"])
    sys.exit(0 if answer["ok"] else str(answer))
'''


def sent(s):
    """The calls that change anything, as the control plane got them: operation and body."""
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [(r["op"], r["body"]) for r in map(json.loads, f) if r["op"] in CHANGES]


def act(s, *words):
    """Exit code and the object of an acting verb."""
    p = s.run(*words, "--json")
    try:
        return p.returncode, json.loads(p.stdout)
    except ValueError:
        return p.returncode, {"error": p.stdout + p.stderr}


def row(s, service):
    return next((r for r in s.read("services").get("services", []) if r["service"] == service), {})


def newest(s, service):
    return s.ctl("dump")["services"][service]["deployments"][-1]


def wait_status(s, service, *status, seconds=60):
    return wait(lambda: newest(s, service)["status"] in status, seconds, 0.1)


def dry_runs(s):
    """Both requests shown, to the byte, and none sent."""
    arn = newest(s, "web")["serviceDeploymentArn"]
    code, told = act(s, "rollback", "web", "--dry-run")
    same((code, told.get("operation"), told.get("done")), (0, "StopServiceDeployment", False), "a dry run: the stop", told)
    same(told.get("body"), json.dumps({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}, separators=(",", ":")),
         "... its body")
    same(told.get("command"), f"aws ecs stop-service-deployment --region eu-west-1 --service-deployment-arn {arn} "
         "--stop-type ROLLBACK", "... the same as a command")
    code, told = act(s, "rollback", "web", "--to", "web:1", "--dry-run")
    same((code, told.get("operation")), (4, "UpdateService"), "a dry run of --to: the policy would refuse it", told)
    same(told.get("body"), '{"cluster":"edge","service":"web","taskDefinition":"web:1"}', "... its body")
    same(told.get("command"), "aws ecs update-service --region eu-west-1 --cluster edge --service web --task-definition web:1",
         "... the same as a command")
    page = s.run("rollback", "web", "--to", "web:1", "--dry-run").stdout
    ok('  UpdateService {"cluster":"edge","service":"web","taskDefinition":"web:1"}\n' in page, "... for people too", page)
    same(s.run("rollback", "nobody", "--dry-run").returncode, 1, "a service that is not known here")
    same(s.run("rollback", "web", "--to", "web:0", "--dry-run").returncode, 2, "a revision that cannot be")
    same(sent(s), [], "nothing was sent")


def not_allowed(s):
    p = s.run("rollback", "web", "--to", "web:1")
    ok(p.returncode == 4 and "allow_update_service = no" in p.stderr and "--task-definition web:1\n" in p.stderr,
       "rollback --to: exit 4 and the command", p.stderr)
    same(sent(s), [], "nothing was sent")
    # what the conf of the person's shell says counts for nothing: the daemon's own is asked
    other = s.conf_path + ".other"
    with open(s.conf_path, encoding="utf-8") as f, open(other, "w", encoding="utf-8") as o:
        o.write(f.read().replace("[policy]\n", "[policy]\nallow_update_service = yes\n"))
    p = subprocess.run([s.binary, "--conf", other, "rollback", "web", "--to", "web:1", "--json"], stdout=subprocess.PIPE,
                       text=True, check=False)
    told = json.loads(p.stdout)
    same((p.returncode, told.get("done"), told.get("exit")), (4, False, 4), "another conf does not help: the daemon refuses", told)
    ok(told["command"].endswith("--task-definition web:1"), "... with the command too", told)
    same(sent(s), [], "nothing was sent")


def rollback(s, service):
    return row(s, service).get("rollback", {})


def wait_state(s, service, *states, seconds=60):
    return wait(lambda: (r := rollback(s, service)).get("state") in states and r, seconds, 0.2) or {}


def good_then(s, service, tag, cmd):
    """Revision 1 of a service works, then revision 2 of the same image or of another fails as cmd says."""
    digest = s.image(f"{service}:1")
    s.service(service, {"image": f"{REGISTRY}/{service}:1"})
    ok(wait_status(s, service, "SUCCESSFUL") and wait(lambda: row(s, service).get("deployment"), 30), f"{service}:1 is deployed")
    s.image(f"{service}:{tag}", cmd)
    s.define(service, {"image": f"{REGISTRY}/{service}:{tag}"})
    s.ctl("update-service", service=service, taskDefinition=f"{service}:2")
    return digest


def allowed(s):
    """Sent once, exactly what the dry run showed, and watched to its end."""
    s.set_policy(allow_update_service="yes")
    good_then(s, "api", "2", "exit 1 300")
    ok(wait_state(s, "api", "awaiting-confirmation"), "api:2 fails, a person is asked", s.kedge.tail())
    _, promised = act(s, "rollback", "api", "--to", "api:1", "--dry-run")
    code, told = act(s, "rollback", "api", "--to", "api:1")
    same((code, told.get("done")), (0, True), "rollback --to, allowed", told)
    ok("The way back is UpdateService to api:1" in told.get("text", ""), "... it says what it is", told)
    now = wait_state(s, "api", "rolled-back")
    same((now.get("state"), now.get("target"), now.get("verified")), ("rolled-back", "api:1", "here"), "it went back, verified here",
         s.kedge.tail())
    same([(op, json.dumps(body, separators=(",", ":"))) for op, body in sent(s)],
         [(promised["operation"], promised["body"])], "what was sent is what the dry run showed, once")
    same(newest(s, "api")["status"], "SUCCESSFUL", "ECS agrees")
    audit = s.read("why", now["id"]).get("audit", {})
    same((audit.get("who"), audit.get("uid")), ("person", os.getuid()), "the audit record names the person", audit)
    code, told = act(s, "rollback", "api", "--to", "api:1")
    last = wait_state(s, "api", "refused", seconds=20)
    ok("deployed already" in last.get("reason", ""), "once more: there is nothing to do", last)
    code, told = act(s, "rollback", "api", "--to", "api:9")
    last = wait(lambda: (r := rollback(s, "api")).get("state") in ("refused", "denied") and r.get("target") == "api:9" and r, 40, 0.2)
    ok(last and "task definition" in last["reason"], "a revision that does not exist: AWS's own words", rollback(s, "api"))
    same(newest(s, "api")["status"], "SUCCESSFUL", "... and nothing changed")


def cannot_be_stopped(s):
    """Crashes after 40 s of RUNNING: SUCCESSFUL for ECS, and no stop applies any more."""
    s.set_policy()
    good_then(s, "late", "2", "exit 1 3000")
    before = len(sent(s))
    now = wait_state(s, "late", "refused")
    same(newest(s, "late")["status"], "SUCCESSFUL", "late:2 crashes after ECS called it SUCCESSFUL", s.kedge.tail())
    ok("cannot be stopped any more" in now.get("reason", ""), "refused, and said why", now)
    ok(now.get("command", "").endswith("--service late --task-definition late:1"), "... with the command that goes back", now)
    ok("by tag" in now.get("command_note", "") and "proven" not in now["command_note"], "... and what is not known of it", now)
    same(len(now.get("pin_commands", [])), 3, "... and the pin", now)
    same(len(sent(s)), before, "nothing was sent")
    s.ctl("delete-service", service="late")


def confirmed(s):
    """The same where UpdateService is allowed: a person is asked, and the word given is for that."""
    s.set_policy(allow_update_service="yes")
    good_then(s, "fix", "2", "exit 1 3000")
    before = len(sent(s))
    now = wait(lambda: (r := rollback(s, "fix")).get("by_update") and r, 60, 0.2) or {}
    ok(now.get("state") == "awaiting-confirmation" and now.get("command", "").endswith("--service fix --task-definition fix:1"),
       "fix:2 cannot be stopped any more: a person is asked for UpdateService", now)
    same(len(sent(s)), before, "nothing was sent")
    s.set_policy()
    code, told = act(s, "confirm", now.get("id", "r0"))
    ok(code == 4 and "allow_update_service = no" in told.get("text", ""), "confirm, no longer allowed: exit 4", told)
    same(len(sent(s)), before, "nothing was sent")
    s.set_policy(allow_update_service="yes")
    code, told = act(s, "confirm", now.get("id", "r0"))
    ok(code == 0 and "The way back is UpdateService to fix:1" in told.get("text", ""), "confirm says what it sends", told)
    now = wait_state(s, "fix", "rolled-back")
    same((now.get("state"), now.get("verified")), ("rolled-back", "here"), "it went back", s.kedge.tail())
    same(sent(s)[before:], [("UpdateService", {"cluster": "edge", "service": "fix", "taskDefinition": "fix:1"})], "by one UpdateService")


def overwritten(s):
    """A tag pushed over: going back by it is proven useless; the printed commands start what worked."""
    digest = good_then(s, "tag", "1", "exit 1 3000")
    now = wait_state(s, "tag", "refused")
    ok("names the same tag as the failing release for container app" in now.get("command_note", "") and
       "proven" in now["command_note"], "one tag, two images: proven", now)
    ok(f"{REGISTRY}/tag@{digest}" in now["command_note"], "... and the image that worked", now)
    folder = os.path.join(s.folder, "person")
    os.makedirs(folder)
    with open(os.path.join(folder, "aws"), "w", encoding="utf-8") as f:
        f.write(SHIM.format(doubles=os.path.dirname(os.path.abspath(__file__)) + "/../doubles", cloud=s.cloud))
    os.chmod(os.path.join(folder, "aws"), 0o755)
    for line in s.read("why", now["id"])["service"]["rollback"]["pin_commands"]:
        p = subprocess.run(line, shell=True, cwd=folder, env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        same(p.returncode, 0, f"pasted: {line[:60]}", p.stdout)
    pinned = s.ctl("dump")["taskDefinitions"]
    image = [t["containerDefinitions"][0]["image"] for t in pinned if (t["family"], t["revision"]) == ("tag", 3)]
    same(image, [f"{REGISTRY}/tag@{digest}"], "tag:3 names the image by digest")
    ok(wait(lambda: newest(s, "tag")["status"] == "SUCCESSFUL" and any(
        t["lastStatus"] == "RUNNING" and t["taskDefinitionArn"].endswith("/tag:3") for t in s.tasks_of("tag")), 40, 0.2),
       "and runs", s.kedge.tail())


def report_only(s):
    s.set_policy(allow_update_service="yes", rollback="auto")
    s.image("cd:1", "exit 1 300")
    s.service("cd", {"image": f"{REGISTRY}/cd:1"}, controller="CODE_DEPLOY")
    before = len(sent(s))
    now = wait_state(s, "cd", "refused")
    ok("CODE_DEPLOY" in now.get("reason", "") and now.get("command") is None, "CodeDeploy's service: kedge only reports",
       str(now) + s.kedge.tail())
    ok("aws deploy stop-deployment" in (now.get("command_note") or ""), "... and names its own way back", now)
    same(len(sent(s)), before, "nothing was sent")


def main():
    with Site(engine="28", cloud_options=("--time-scale", "20")) as s:
        s.image("web:live")
        s.service("web", {"image": f"{REGISTRY}/web:live"})
        ok(wait_status(s, "web", "SUCCESSFUL"), "web:1 is deployed", s.kedge.tail())
        ok(wait(lambda: row(s, "web").get("deployment"), 30), "kedge knows its deployment", s.kedge.tail())
        dry_runs(s)
        not_allowed(s)
        allowed(s)
        cannot_be_stopped(s)
        confirmed(s)
        overwritten(s)
        report_only(s)
    done()


main()
