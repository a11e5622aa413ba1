#!/usr/bin/env python3
"""kedge init: what it shows, what it writes and never overwrites, and what it exports of a service for tools that deploy."""
import json
import os
import pty
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402

FILES = ["ecs-service-def.json", "ecs-task-def.json", "ecspresso.yml"]
# the node as a new one sees it: the daemon at its default place, no conf yet
ROOM = 'mount -t tmpfs none /run && mkdir /run/kedge && mount --bind "$1" /run/kedge && shift && exec "$@"'


def fresh(s, conf, *words, **streams):
    command = ["unshare", "-m", "sh", "-c", ROOM, "sh", s.run_dir, s.binary, "--conf", conf, "init", *words]
    return subprocess.Popen(command, text=True, **({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams))


def ran(p):
    out, err = p.communicate(timeout=30)
    return p.returncode, out, err


def content(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def tree(folder):
    return sorted(os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names)


def shows(s):
    page = s.run("init").stdout
    for words in ("[kedge]\ncluster = edge\nregion = eu-west-1\n", "[service web]\nfamily = web\n", "rollback = manual\n"):
        ok(words in page, f"shown: {words!r}", page)
    told = s.read("init")
    ok(told.get("conf", "") in page and told.get("policy"), "... to scripts too", told)
    ok("allow_update_service = yes\n" in s.read("init", "--role", "actor", "--allow-update-service")["conf"], "UpdateService is allowed where asked for")
    p = s.run("init", "--write", "--yes")
    ok(p.returncode == 1 and f"{s.conf_path} is there already" in p.stderr, "a conf that is there is named, exit 1", p.stderr)
    ok(not os.path.exists(os.path.join(s.folder, "kedge-policy.json")), "... and nothing is written")
    same(s.run("init", "--write", "more").returncode, 2, "a word too many")
    same(s.run("init", "--write=x").returncode, 2, "an option that takes no value")
    same(s.run("init", "--export").returncode, 2, "an option without its value")


def writes(s):
    folder = os.path.join(s.folder, "etc", "kedge")
    conf, policy = os.path.join(folder, "kedge.conf"), os.path.join(folder, "kedge-policy.json")
    code, _, err = ran(fresh(s, conf, "--write"))
    ok(code == 1 and "without a terminal it takes --yes" in err and not os.path.exists(folder), "without a terminal and --yes nothing is written", err)
    for answer, wanted in (("n\n", 1), ("\n", 1)):
        here, there = pty.openpty()
        p = fresh(s, conf, "--write", stdin=there)
        os.close(there)
        os.write(here, answer.encode())
        code, out, _ = ran(p)
        os.close(here)
        ok(code == wanted and f"Write {conf} and {policy}? [y/N]" in out and not os.path.exists(folder), f"asked, and answered {answer!r}: nothing is written", out[-300:])
    here, there = pty.openpty()
    p = fresh(s, conf, "--write", "--role", "actor", stdin=there)
    os.close(there)
    os.write(here, b"y\n")
    code, out, err = ran(p)
    os.close(here)
    same((code, sorted(os.listdir(folder))), (0, ["kedge-policy.json", "kedge.conf"]), "y: both are written, and nothing else", err)
    same((mode(conf), mode(policy)), (0o644, 0o644), "... for all to read")
    told = s.read("init", "--role", "actor")
    same((content(conf), json.loads(content(policy))), (told["conf"], told["policy"]), "... as shown")
    p = subprocess.run([s.binary, "--conf", conf, "journal"], capture_output=True, text=True, check=False)
    same((p.returncode, "conf" in p.stderr), (3, False), "kedge reads what it wrote", p.stderr)
    code, _, err = ran(fresh(s, conf, "--write", "--yes"))
    same((code, f"{conf} is there already" in err), (1, True), "once more: exit 1, and which", err)
    os.unlink(conf)
    before = content(policy)
    code, _, err = ran(fresh(s, conf, "--write", "--yes"))
    same((code, f"{policy} is there already" in err, os.path.exists(conf), content(policy)), (1, True, False, before), "the policy alone is there: nothing is written", err)
    os.unlink(policy)
    same(ran(fresh(s, conf, "--write", "--yes", "--json"))[0], 0, "--yes asks nothing")
    same(content(conf), s.read("init")["conf"], "... and writes the same")
    code, _, err = ran(fresh(s, os.path.join(conf, "x", "kedge.conf"), "--write", "--yes"))
    same(code, 1, "where no folder can be: exit 1", err)


def exports(s):
    folder = os.path.join(s.folder, "out")
    s.ctl("pad-events", service="web", count=100)
    p = s.run("init", "--export", folder + "/")
    same((p.returncode, tree(folder)), (0, [f"{x}/{f}" for x in ("api", "web") for f in FILES]), "--export: three files a service", p.stderr + s.kedge.tail())
    service, definition = (json.loads(content(os.path.join(folder, "web", f))) for f in FILES[:2])
    dump = s.ctl("dump")
    real = dump["services"]["web"]["service"]
    gone = set(real) - set(service)
    same({k: v for k, v in real.items() if k in service}, service, "the service, member by member")
    ok({"events", "deployments", "status", "runningCount", "serviceArn", "serviceName", "taskDefinition"} <= gone and
       {"desiredCount", "launchType", "schedulingStrategy", "deploymentConfiguration"} <= set(service), "... without what AWS alone writes", sorted(gone))
    theirs = [t for t in dump["taskDefinitions"] if (t["family"], t["revision"]) == ("web", 1)][0]
    same({k: v for k, v in theirs.items() if k in definition}, definition, "the task definition, member by member")
    ok(not {"taskDefinitionArn", "revision", "status", "registeredAt", "compatibilities", "requiresAttributes"} & set(definition), "... that registers again")
    same(s.ctl("register-task-definition", **definition)["name"], "web:2", "... and does")
    for f, value in ((FILES[0], service), (FILES[1], definition)):
        same(content(os.path.join(folder, "web", f)), json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).replace("\\n", "\\u000a") + "\n", f"{f}: by name, two blanks a level")
    same(content(os.path.join(folder, "web", FILES[2])), "region: eu-west-1\ncluster: edge\nservice: web\n"
         f"service_definition: {FILES[0]}\ntask_definition: {FILES[1]}\n", "ecspresso.yml")
    same(mode(os.path.join(folder, "web", FILES[1])), 0o600, "its environment may hold secrets: its owner's alone")
    before = os.stat(folder).st_mtime_ns
    p = s.run("init", "--export", folder)
    ok(p.returncode == 1 and "there already" in p.stderr and os.stat(folder).st_mtime_ns == before, "never over a folder that is there", p.stderr)
    told = s.run("init", "--export", folder + ".json", "--json")
    same((told.returncode, json.loads(told.stdout).get("exported")), (0, 2), "for scripts", told.stdout)


def lacks(s):
    """Complete or nothing, and what the role lacks."""
    folder = os.path.join(s.folder, "none")
    before = sorted(os.listdir(s.folder))
    for action in ("ecs:DescribeTaskDefinition", "ecs:DescribeServices"):
        s.ctl("deny-action", action=action)
        p = s.run("init", "--export", folder)
        same((p.returncode, f"{action} is denied" in p.stderr), (5, True), f"{action} denied: exit 5, and named", p.stderr)
        ok(f'"Action":"{action}"' in p.stdout, "... with the statement", p.stdout)
        same(sorted(os.listdir(s.folder)), before, "... and nothing is left behind")
        s.ctl("allow-action", action=action)
    same(s.run("init", "--export", "/proc/kedge").returncode, 1, "where nothing can be made")
    s.ctl("link", state="down")
    p = s.run("init", "--export", folder)
    same((p.returncode, sorted(os.listdir(s.folder))), (3, before), "the line is down: exit 3, nothing is left behind", p.stderr)
    s.ctl("link", state="up")
    s.stop_kedge()
    p = s.run("init", "--export", folder)
    ok(p.returncode in (1, 3) and sorted(os.listdir(s.folder)) == before, "no daemon: nothing is exported", p.stderr)


def main():
    with Site(engine="28", cloud_options=("--time-scale", "20")) as s:
        s.image("web:1")
        s.service("web", {"image": f"{REGISTRY}/web:1", "environment": [{"name": "B", "value": 'a "b"\n\\'}, {"name": "A", "value": "é"}]})
        s.image("api:1")
        s.service("api", {"image": f"{REGISTRY}/api:1"})
        ok(wait(lambda: {r["service"] for r in s.read("services").get("services", []) if r.get("family")} == {"web", "api"}, 60, 0.2), "two services", s.kedge.tail())
        shows(s)
        writes(s)
        exports(s)
        lacks(s)
    done()


main()
