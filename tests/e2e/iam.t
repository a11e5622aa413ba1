#!/usr/bin/env python3
"""What the role of a node may do: the two policies of conf/iam, what kedge says when one action is missing, that the statement
it prints is the one that was missing, and that no verb does what its row of the table does not tell. And answers that are not
AWS's."""
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, TOP, Site, done, never, ok, same, wait  # noqa: E402

READING = (("status",), ("failures",), ("services",), ("tasks",), ("version",), ("init",), ("deployments",))


def policy(role, service):
    """conf/iam's, with the names filled in as its README tells."""
    with open(os.path.join(TOP, "conf", "iam", role + ".json"), encoding="utf-8") as f:
        text = f.read()
    for word, name in (("REGION", "eu-west-1"), ("ACCOUNT", "123456789012"), ("CLUSTER", "edge"), ("SERVICE", service)):
        text = text.replace(word, name)
    return json.loads(text)


def without(document, action):
    """The same policy, less one action."""
    kept = []
    for s in document["Statement"]:
        actions = [a for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"]) if a != action]
        kept += [s | {"Action": actions}] if actions else []
    return document | {"Statement": kept}


def plus(document, statement):
    return document | {"Statement": document["Statement"] + [json.loads(statement)]}


def calls(s, since=0):
    with open(os.path.join(s.cloud, "requests.jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f][since:]


def denied(s, action=None, verb="status"):
    return [d for d in s.read(verb).get("denied", []) if action in (None, d["action"])]


def rollback(s, service):
    return next((r for r in s.read("services").get("services", []) if r["service"] == service), {}).get("rollback", {})


def wait_state(s, service, *states, seconds=90):
    return wait(lambda: (r := rollback(s, service)).get("state") in states and r, seconds, 0.2) or rollback(s, service)


def bad_release(s, service):
    """Revision 1 works, revision 2 has no image."""
    s.image(f"{service}:1")
    s.service(service, {"image": f"{REGISTRY}/{service}:1"})
    ok(wait(lambda: s.ctl("dump")["services"][service]["deployments"][-1]["status"] == "SUCCESSFUL", 60) and
       wait(lambda: service in json.dumps(s.read("services")), 30), f"{service}:1 is deployed", s.kedge.tail())
    s.define(service, {"image": f"{REGISTRY}/{service}:nosuch"})
    s.ctl("update-service", service=service, taskDefinition=f"{service}:2")


def generated(s):
    """The files are what kedge init prints where nothing is known."""
    empty = os.path.join(s.folder, "empty.conf")
    with open(empty, "w", encoding="utf-8") as f:
        f.write(f"[kedge]\nrun_dir={s.folder}/none\n[ecs_agent]\nconfig={s.folder}/none\n")
    for role in ("observer", "actor"):
        with open(os.path.join(TOP, "conf", "iam", role + ".json"), encoding="utf-8") as f:
            text = f.read()
        words = ("init", "--role", role)
        path, s.conf_path = s.conf_path, empty
        page, told = s.run(*words).stdout, s.read(*words)
        s.conf_path = path
        ok("\n" + text + "\n" in page, f"conf/iam/{role}.json is what kedge init --role {role} prints", page)
        same(told.get("policy"), json.loads(text), "... and what it prints for scripts")
    told = s.read("init", "--role", "actor")
    same(told.get("policy"), policy("actor", "web"), "on a node that is known the names are filled in", told)


def observer(s):
    """Reads all, and says what it would need to act."""
    s.ctl("set-policy", policy=policy("observer", "web"))
    bad_release(s, "web")
    now = wait_state(s, "web", "denied")
    same(now.get("state"), "denied", "an observer decides, and is denied the stop", str(now) + s.kedge.tail())
    ok(now.get("reason", "").startswith("This node is an observer. ecs:StopServiceDeployment is denied: no identity-based policy allows "
                                        "it. Resource: arn:aws:ecs:eu-west-1:123456789012:service-deployment/edge/web/"),
       "... the action, why, the resource", now)
    same(s.status()["node"]["role"], "observer", "... which is a role, not an error")
    same(s.source("aws"), "up", "... and AWS is up")
    for words in READING:
        same(s.run(*words).returncode, 0, f"an observer reads: {words[0]}")
    same({c["op"] for c in calls(s) if c.get("error") == "AccessDeniedException"}, {"StopServiceDeployment"}, "nothing else was denied")
    statement = now.get("statement") or "{}"
    for words in (("services",), ("why", now["id"]), ("status",)):
        ok(f"\n{statement}\n" in s.run(*words).stdout, f"kedge {words[0]} shows the statement on a line of its own")
    ok(statement in "\n".join(s.kedge.said("a statement that allows it")), "... and so does the log")
    s.ctl("set-policy", policy=plus(policy("observer", "web"), statement))
    same(s.run("rollback", "web").returncode, 0, "with that statement in the policy it is asked for again")
    same(wait_state(s, "web", "rolled-back").get("state"), "rolled-back", "... and goes back", s.kedge.tail())
    same((s.status()["node"]["role"], denied(s)), ("actor", []), "... and the node is an actor")


def not_helped(s):
    """An explicit deny, a boundary: no statement is offered."""
    s.ctl("set-policy", policy=policy("actor", "web"))
    for kind, effect, words in (("identity", "Deny", "explicit deny in an identity-based policy"),
                                ("scp", "Deny", "explicit deny in a service control policy"),
                                ("boundary", "Allow", "no permissions boundary allows it")):
        rule = {"Effect": effect, "Action": "ecs:DescribeServices" if effect == "Deny" else "ecs:List*", "Resource": "*"}
        rest = [{"Effect": "Allow", "Action": "*", "Resource": "*"}] if effect == "Deny" else []
        s.ctl("set-policy", policy={"Version": "2012-10-17", "Statement": [rule, *rest]}, kind=kind)
        s.run("deployments")
        d = (denied(s, "ecs:DescribeServices", "deployments") or [{}])[0]
        same((d.get("reason"), d.get("statement")), (words, None), f"{words}: no statement", d)
        ok("will not help" in d.get("text", ""), "... and said that none helps", d)
        s.ctl("set-policy", policy=policy("actor", "web") if kind == "identity" else None, kind=kind)


def actor(s):
    s.ctl("set-policy", policy=policy("actor", "api"))
    before = len(calls(s))
    bad_release(s, "api")
    same(wait_state(s, "api", "rolled-back", "denied", "refused").get("state"), "rolled-back", "an actor hauls back by itself", s.kedge.tail())
    same([c["op"] for c in calls(s, before) if c.get("error") == "AccessDeniedException"], [], "nothing was denied")
    same(sum(c["op"] == "StopServiceDeployment" for c in calls(s, before)), 1, "one stop was sent")


def afresh(s, **fault):
    """A kedge that remembers nothing asks for all again; what it meets then is set while none runs."""
    s.stop_kedge()
    shutil.rmtree(s.state_dir, ignore_errors=True)
    if fault:
        s.ctl("fault", **fault)
    before = len(calls(s))
    s.start_kedge()
    return before


def went_through(s, op, since):
    return any(c["op"] == op and c.get("status") == 200 for c in calls(s, since))


def one_less(s):
    """Each action an observer needs taken away alone, and given back by the statement kedge prints."""
    for op in ("DescribeTasks", "ListServiceDeployments", "DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices"):
        action, less = "ecs:" + op, without(policy("observer", "web"), "ecs:" + op)
        read = (lambda: s.run("deployments")) if op == "DescribeServices" else (lambda: None)
        s.ctl("set-policy", policy=less)
        afresh(s)
        if op == "DescribeServices":
            wait(lambda: len(s.read("services").get("services", [])) > 1, 30)
        found = wait(lambda: read() and None or denied(s, action), 40, 0.3) or [{}]
        statement = found[0].get("statement") or "{}"
        same(json.loads(statement).get("Action"), action, f"without {action}: that is named, with a statement", str(found) + s.kedge.tail())
        ok(found[0].get("reason") == "no identity-based policy allows it" and found[0].get("resource"), "... why, and on what", found)
        detail = s.status()["sources"]["aws"]["detail"] or ""
        ok(action in detail, "... the source's line names it", detail)
        ok(s.kedge.said("warn: aws:", f"{action} is denied") and statement in "\n".join(s.kedge.said("a statement that allows")), "... and the log")
        s.ctl("set-policy", policy=plus(less, statement))
        before = afresh(s)
        if op == "DescribeServices":
            wait(lambda: len(s.read("services").get("services", [])) > 1, 30)
        ok(wait(lambda: read() and None or went_through(s, op, before), 40, 0.3), "... with it the call goes through", s.kedge.tail())
        same([c["op"] for c in calls(s, before) if c.get("error") == "AccessDeniedException"], [], "... and nothing is denied")


def one_less_quorum(s):
    """ListTasks, which only a fleet's rollback needs."""
    less = without(policy("actor", "wide"), "ecs:ListTasks")
    s.ctl("set-policy", policy=less)
    s.image("wide:1")
    s.service("wide", {"image": f"{REGISTRY}/wide:1", "memory": 1})
    wait(lambda: s.ctl("dump")["services"]["wide"]["deployments"][-1]["status"] == "SUCCESSFUL", 60)
    other = s.ctl("instance-register", memory=100000)["containerInstanceArn"]
    td = s.define("wide", {"image": f"{REGISTRY}/wide:nosuch", "memory": 1})
    s.ctl("update-service", service="wide", taskDefinition=td, desiredCount=3)
    found = wait(lambda: denied(s, "ecs:ListTasks"), 90, 0.3) or [{}]
    statement = found[0].get("statement") or "{}"
    ok(json.loads(statement).get("Resource") == "*" and "ecs:cluster" in statement, "without ecs:ListTasks a fleet cannot be asked",
       str(found) + str(rollback(s, "wide")) + s.kedge.tail())
    before = len(calls(s))
    s.ctl("set-policy", policy=plus(less, statement))
    ok(wait(lambda: went_through(s, "ListTasks", before), 90, 0.3), "... with its statement it is", str(rollback(s, "wide")) + s.kedge.tail())
    s.ctl("delete-service", service="wide")
    s.ctl("instance-deregister", instance=other)


def update(s):
    """UpdateService, on a person's word: the policy that allows it is printed by init, and by the denial."""
    s.conf["policy"] = {"rollback": "manual", "allow_update_service": "yes"}
    s.ctl("set-policy", policy=policy("actor", "api"))
    afresh(s)
    s.define("api", {"image": f"{REGISTRY}/api:1", "memory": 65})
    # what the log and AWS tell of before is judged first, or it takes the place of what is asked here; a busy machine may not
    # have been told yet that it was hauled back: then a person ends it
    now = wait_state(s, "api", "rolled-back", seconds=40)
    if now.get("open"):
        s.run("cancel", now["id"])
    ok(wait(lambda: not rollback(s, "api").get("open", True), 20), "what was is over", str(rollback(s, "api")) + s.kedge.tail(40))
    s.run("rollback", "api", "--to", "api:3")
    now = wait_state(s, "api", "denied")
    statement = now.get("statement") or "{}"
    same(json.loads(statement).get("Condition", {}).get("ArnLike"),
         {"ecs:task-definition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:*"},
         "UpdateService denied: the statement binds it to the service's family", str(now) + s.kedge.tail())
    s.ctl("set-policy", policy=plus(policy("actor", "api"), statement))
    s.run("rollback", "api", "--to", "api:3")
    same(wait_state(s, "api", "rolled-back").get("state"), "rolled-back", "... with it the service goes there", str(rollback(s, "api")) + s.kedge.tail())
    s.ctl("set-policy", policy=s.read("init", "--role", "actor", "--allow-update-service")["policy"])
    s.define("api", {"image": f"{REGISTRY}/api:1", "memory": 66})
    s.run("rollback", "api", "--to", "api:4")
    ok(wait(lambda: (r := rollback(s, "api")).get("target") == "api:4" and r.get("state") == "rolled-back", 90, 0.2),
       "... and with what kedge init prints", str(rollback(s, "api")) + s.kedge.tail())


def table(s):
    """What a verb was seen to do stands in its row."""
    rows = {r["for"]: set(r["actions"]) for r in s.read("init")["actions"]}
    seen = {"ecs:" + c["op"] for c in calls(s)}
    acts = {"ecs:StopServiceDeployment", "ecs:UpdateService"}
    ok(seen - acts <= rows["agent"], "the agent does what its row tells", seen)
    same(rows["agent"] - seen, set(), "... and needs all of it")
    same({a for f, r in rows.items() if f.startswith("rollback") for a in r}, acts & seen, "what changes anything was seen too")
    s.conf["policy"] = {"rollback": "off"}
    afresh(s)
    wait(lambda: len(s.read("services").get("services", [])) > 1, 30)
    wait(lambda: never(lambda n=len(calls(s)): len(calls(s)) > n, 4), 60)
    for words in (*READING, ("why", "f1"), ("classify", "--stage", "pull", "not found"), ("hold", "web", "--for", "0")):
        before = len(calls(s))
        s.run(*words)
        wait(lambda: len(calls(s)) > before, 0.5)
        same({"ecs:" + c["op"] for c in calls(s, before)} - rows.get(words[0], rows["every other verb"]), set(), f"{words[0]} asks for nothing else")


def strangers(s):
    """Answers that are not AWS's: one sentence that says so."""
    s.ctl("set-policy", policy=None)
    host = open(os.path.join(s.cloud, "endpoint"), encoding="utf-8").read().strip().split("//")[1]
    for kind, words in (("html", f"not AWS answered: a captive portal or proxy at {host} (HTTP 200, an HTML page (Welcome))"),
                        ("redirect", "not AWS answered: a captive portal or proxy at portal.example (HTTP 302, an HTML page (Welcome))"),
                        ("http503", "HTTP 503: an HTML page"), ("xml", "ecs:ListServiceDeployments is denied"),
                        ("empty", "the answer is an empty body where JSON was expected"), ("bad-json", "ListServiceDeployments: JSON")):
        before = afresh(s, kind=kind, op="ListServiceDeployments", count=1)
        ok(s.kedge.wait_said("aws: ListServiceDeployments", words, seconds=30), f"{kind}: {words}", s.kedge.tail())
        if kind in ("html", "redirect"):
            ok(wait(lambda: went_through(s, "ListServiceDeployments", before), 30), "... and AWS is asked again soon")
    s.ctl("fault", kind="html", op="DescribeServices", count=1)
    wait(lambda: len(s.read("services").get("services", [])) > 1, 30)
    s.run("deployments")
    ok(s.kedge.wait_said("not AWS answered", "HTTP 200"), "a page where a stream was expected", s.kedge.tail())


def main():
    conf = {"policy": {"rollback": "auto", "hold_down": "1s", "quorum": "auto"}}
    with Site(engine="28", conf=conf, cloud_options=("--time-scale", "20")) as s:
        observer(s)
        generated(s)
        not_helped(s)
        actor(s)
        one_less(s)
        one_less_quorum(s)
        update(s)
        table(s)
        strangers(s)
    done()


main()
