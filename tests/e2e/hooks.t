#!/usr/bin/env python3
"""Hooks: what they are told and by what means, who is not run, and a rollback that one of them confirms at its second thought.
The programs here are the site's own: shell scripts that write down what they saw."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import REGISTRY, Site, done, ok, same, wait  # noqa: E402


def script(folder, name, body, mode=0o755):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\n{body}\n")
    os.chmod(path, mode)
    return path


def seen(s, name="log"):
    """The runs a hook wrote down: {variable: value}, with "argument" and "stdin"."""
    folder = os.path.join(s.folder, "saw-" + name)
    found = []
    for n in sorted(filter(str.isdigit, os.listdir(folder)), key=int) if os.path.isdir(folder) else []:
        with open(os.path.join(folder, n), encoding="utf-8") as f:
            head, _, body = f.read().partition("\n--\n")
        if not body.endswith("\n.\n"):
            continue    # still being written
        found.append(dict(line.split("=", 1) for line in head.splitlines() if "=" in line) | {"stdin": body[:-3]})
    return found


def writes_down(s, name):
    where = os.path.join(s.folder, "saw-" + name)
    os.makedirs(where, exist_ok=True)
    return (f'f={where}/$(ls {where} | wc -l); {{ echo "argument=$1"; env; pwd; echo; echo --; cat; echo; echo .; }} >$f.new; mv $f.new $f')


def failing(s):
    s.define("web", {"image": f"{REGISTRY}/web:none"})
    s.ctl("update-service", service="web", taskDefinition="web:2")


def told(s, hooks):
    runs = wait(lambda: [r for r in seen(s) if r.get("KEDGE_EVENT") == "failure"], 40, 0.2) or [{}]
    r = runs[0]
    same((r.get("argument"), r.get("KEDGE_CLASS"), r.get("KEDGE_SERVICE"), r.get("KEDGE_FAMILY"), r.get("KEDGE_REVISION"), r.get("KEDGE_BLAME")),
         ("failure", "image-not-found", "web", "web", "2", "release"), "a hook is told of the failure in its environment", r)
    ok(set(r) - {"stdin", "argument", "PWD", "SHLVL", "_", "OLDPWD"} <= {"PATH", "HOME", "LANG"} | {k for k in r if k.startswith("KEDGE_")},
       "... which is its own, and nothing of kedge's", sorted(r))
    event = json.loads(r["stdin"])
    same((event["schema"], event["event"], event["failure"]["class"], event["failure"]["id"]), ("kedge.event/1", "failure", "image-not-found", r["KEDGE_ID"]),
         "... and on its standard input as JSON", r["stdin"])
    ok(event["failure"]["evidence"] and event["node"]["cluster"] == "edge", "... with evidence and the node", event)
    ids = [json.loads(x["stdin"])["failure"]["id"] for x in seen(s) if x["KEDGE_EVENT"] == "failure"]
    same(len(ids), len(set(ids)), "each failure once")
    ok(not seen(s, "unsafe") and s.kedge.said("hook 20-unsafe is not run"), "a file that others may write is not run, and that is said", s.kedge.tail())
    ok(not seen(s, "backup") and not s.kedge.said("30-old~") and not seen(s, "plain"), "nor what an editor left behind, nor what is no program")
    ok(s.kedge.said("hook 40-fails", "ended with 3", "no such luck"), "one that fails is told with its code and its first words", s.kedge.tail(30))
    ok(not [r for r in seen(s, "confirm") if r["KEDGE_EVENT"] != "confirm"], "one that confirms is asked that alone")


def confirms(s):
    ask = wait(lambda: seen(s, "confirm"), 60, 0.2) or [{}]
    same((ask[0].get("argument"), ask[0].get("KEDGE_ROLLBACK"), ask[0].get("KEDGE_RELEASE"), ask[0].get("KEDGE_TARGET")),
         ("confirm", "awaiting-confirmation", "web:2", None), "a rollback that waits for a person: the hook is asked", ask[0])
    ok(wait(lambda: s.kedge.said("hooks want to be asked again about r"), 20), "it says later (75)", s.kedge.tail())
    service = s.read("services")["services"][0]
    same(service["rollback"]["state"], "awaiting-confirmation", "... and nothing is done")
    ok(wait(lambda: len(seen(s, "confirm")) >= 2, 90, 0.5), "it is asked again, a minute later", s.kedge.tail())
    ok(wait(lambda: s.kedge.said("hooks confirm r"), 20), "it says yes (0)", s.kedge.tail())
    ok(wait(lambda: s.read("services")["services"][0]["rollback"]["state"] == "rolled-back", 90, 0.2), "... and the rollback is done", s.kedge.tail(30))
    same(len(seen(s, "confirm")), 2, "... without another question")
    last = [r for r in seen(s) if r["KEDGE_EVENT"] == "service"][-1]
    ok(wait(lambda: [r for r in seen(s) if r.get("KEDGE_ROLLBACK") == "rolled-back"], 20), "the other hooks hear of it", last)


def refuses(s, hooks):
    """Two that are asked: one agrees, one does not; the more careful one counts."""
    script(hooks, "50-confirm", "exit 0")
    script(hooks, "60-confirm-window", f"{writes_down(s, 'window')}; exit 1")
    s.define("web", {"image": f"{REGISTRY}/web:nosuch"})
    s.ctl("update-service", service="web", taskDefinition="web:3")
    ok(wait(lambda: seen(s, "window"), 90, 0.2), "a second bad release: both are asked", s.kedge.tail())
    ok(wait(lambda: s.kedge.said("hooks do not confirm r"), 20), "one says no, and that counts", s.kedge.tail())
    service = s.read("services")["services"][0]
    same(service["rollback"]["state"], "awaiting-confirmation", "... the rollback waits for a person")
    same(s.run("confirm", service["rollback"]["id"]).returncode, 0, "... who may still confirm it")


def main():
    with Site(engine="20", kedge=False, cloud_options=("--time-scale", "20")) as s:
        hooks = os.path.join(s.folder, "hooks.d")
        os.makedirs(hooks, 0o755)
        s.conf = {"report": {"hooks": hooks, "hook_timeout": "20s"}, "policy": {"hold_down": "0s", "failures": "2"}, "aws": {"fleet": "1"}}
        script(hooks, "10-log", writes_down(s, "log"))
        script(hooks, "20-unsafe", writes_down(s, "unsafe"), 0o777)
        script(hooks, "30-old~", writes_down(s, "backup"))
        script(hooks, "30-plain", writes_down(s, "plain"), 0o644)
        script(hooks, "40-fails", "echo no such luck; exit 3")
        script(hooks, "50-confirm", f"{writes_down(s, 'confirm')}; [ $(ls {s.folder}/saw-confirm | wc -l) -gt 1 ] || exit 75")
        s.image("web:11")
        s.start_kedge()
        s.service("web", {})
        ok(wait(lambda: (s.read("services").get("services") or [{}])[0].get("verdict") == "ok", 90, 0.2), "a site with a service", s.kedge.tail())
        failing(s)
        told(s, hooks)
        confirms(s)
        refuses(s, hooks)
    done()


main()
