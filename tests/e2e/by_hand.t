#!/usr/bin/env python3
"""What a person does: a rollback to a revision by name, allowed and not, what a dry run promises and what is then sent,
and what kedge says where the way back is not a stop: a tag that was overwritten, a controller that is not ECS's own."""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, never, note, ok, same, wait  # noqa: E402

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


def set_policy(s, **members):
    s.conf["policy"] = {"rollback": "manual"} | members
    s.write_conf()
    s.kedge.process.send_signal(1)
    s.kedge.wait_said("is read again")
    s.kedge.lines.clear()


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


def main():
    with Site(engine="28", cloud_options=("--time-scale", "20")) as s:
        s.image("web:live")
        s.service("web", {"image": f"{REGISTRY}/web:live"})
        ok(wait_status(s, "web", "SUCCESSFUL"), "web:1 is deployed", s.kedge.tail())
        ok(wait(lambda: row(s, "web").get("deployment"), 30), "kedge knows its deployment", s.kedge.tail())
        dry_runs(s)
        not_allowed(s)
    done()


main()
