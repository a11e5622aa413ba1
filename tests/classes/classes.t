#!/usr/bin/env python3
"""Every class that kedge names, and what it is proven on (TAP). Each error text of tests/captures/wire is judged as
`kedge classify` does it (bare, with the agent's error name, with a log's quotes, as a whole line of the log) and as the
daemon does it (the agent's log or the engine's State.Error, through kedge replay): all the one that stands beside it. Then
the table: class, and the texts, recordings and stories that show it. A class without proof fails."""
from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from tap import done, ok  # noqa: E402

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
WIRE = os.path.join(ROOT, "tests", "captures", "wire")
KEDGE = os.environ.get("KEDGE", os.path.join(ROOT, "build", "amd64", "kedge"))

# What must prove a class: `text`, a text judged alike by classify and by the daemon; `seen`, a recording of the replay
# tables or an e2e test with a real engine; `story`, a timeline of the core.
CLASSES = {
    "text": """image-not-found image-bad-reference image-wrong-arch image-unsupported image-corrupt registry-auth
        registry-auth-expired registry-throttled registry-unreachable registry-dns registry-tls registry-error
        registry-blocked pull-timeout pull-cancelled disk-full pull-unknown
        name-conflict create-failed exec-not-found exec-denied user-missing mount-failed port-in-use device-missing
        network-missing runtime-missing resource-limits log-driver cgroup secret-unavailable start-timeout start-oom
        start-unknown oom engine-down""",
    "words": "exec-format",               # the last words of a container; no reason of the agent ever holds them
    "seen": "exited-early exited restart-loop oom killed-by-signal unhealthy",
    "story": """stale-image crash-loop restart-loop unhealthy killed-by-signal stuck placement-failed ended-with-host orphan
        engine-down ecs-agent-down agent-stalled clock-unset exited-early image-not-found""",
}
NAMES = {"pull": "CannotPullContainerError", "create": "CannotCreateContainerError", "start": "CannotStartContainerError"}
BATCH = 12      # tasks in one log: fewer than the failures that kedge keeps

proof: dict[str, dict[str, list[str]]] = {}


def proves(cls: str, kind: str, where: str) -> None:
    places = proof.setdefault(cls, {}).setdefault(kind, [])
    if where not in places:
        places.append(where)


class Text:
    def __init__(self, where: str, stage: str, cls: str, text: str) -> None:
        self.where, self.stage, self.cls, self.text = where, stage, cls, text
        self.arn = "arn:aws:ecs:eu-west-1:123456789012:task/edge/" + hashlib.md5(f"{where} {stage} {text}".encode()).hexdigest()
        named = re.match(r"[A-Z][A-Za-z]+(Error|Port): ?", text) or re.match(r"(Fetching|Trying|Unable|Environment|Cannot connect|Could not transition) ", text)
        self.reason = text if named else f"{NAMES[stage]}: Error response from daemon: {text}" if stage in NAMES else ""


def texts() -> list[Text]:
    escape = {"n": "\n", "t": "\t", "r": "\r"}
    rows, known = [], set()
    for path in sorted(glob.glob(os.path.join(WIRE, "*.tsv"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                case, stage, cls, text = line.rstrip("\n").split("\t", 3)
                text = re.sub(r"\\(.)", lambda m: escape.get(m[1], m[1]), text)
                if (stage, text) not in known:
                    known.add((stage, text))
                    rows.append(Text(f"{os.path.basename(path)[:-4]}:{case}", stage, cls, text))
    return rows


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def classify(stage: str, text: str, stdin: bool = False) -> str:
    words = [KEDGE, "classify", "--json", "--stage", stage] + ([] if stdin else ["--", text])
    run = subprocess.run(words, input=text if stdin else "", capture_output=True, text=True, timeout=60)
    try:
        return str(json.loads(run.stdout)["class"])
    except (ValueError, KeyError):
        return f"exit {run.returncode}: {run.stdout}{run.stderr}"


def change_line(t: Text) -> str:
    change = f"containerName=web containerStatus=STOPPED containerReason={t.reason} containerKnownSentStatus=NONE containerRuntimeID="
    return ('level=info time=2026-11-23T02:18:31Z msg="Sending state change to ECS" taskReason="" taskStatus="STOPPED" '
            f'taskArn="{t.arn}" containerChange-0={quoted(change + " containerIsEssential=true")} eventType="TaskStateChange"')


def pull_line(t: Text) -> str:
    return (f'level=error time=2026-11-23T02:18:30Z msg="Failed to pull image for container" container="web" task="{t.arn}" '
            f'image="r.test/web:1" error={quoted("Error response from daemon: " + t.text)}')


def by_classify(rows: list[Text]) -> None:
    for t in rows:
        ways = {"bare": classify(t.stage, t.text)}
        if t.reason:
            ways["with the agent's name"] = classify(t.stage, t.reason)
            ways["with a log's quotes"] = classify(t.stage, quoted(t.reason))
            ways["with a log's escapes"] = classify(t.stage, quoted(t.reason)[1:-1])
            ways["as a field"] = classify(t.stage, f"error={quoted(t.reason)}")
            ways["as a line of the log"] = classify(t.stage, change_line(t) + "\n", stdin=True)
        wrong = [f"{way}: {got}" for way, got in ways.items() if got != t.cls]
        if ok(not wrong, f"classify: {t.where} is {t.cls}, however it is written", "\n".join([*wrong, t.text])):
            proves(t.cls, "words" if t.stage == "run" and not t.reason else "classify", t.where)


def renamed(text: str, name: str) -> str:
    """The same text with other names in it: those of images and hosts, and what stands in double quotes."""
    if " " not in name:        # paths and commands may hold blanks, references and hosts cannot
        text = re.sub(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.test(?::\d+)?(?:/[A-Za-z0-9._%/-]+)*(?::[A-Za-z0-9_.-]+)?", lambda _: name, text)
    return re.sub(r'(?<![=\\])(?<!caused )"(?!cgroup"|http|<)[^"\\]*"', lambda _: f'"{name}: permission denied"', text)


def by_other_names(rows: list[Text]) -> None:
    """Whatever images, hosts, paths and commands are called, the class stays."""
    for name in ("x509.toomanyrequests.test:5000/unauthorized/denied:manifest-unknown", "secret.cgroup.test/sysctl/no-such-host:denied@sha256:aa",
                 "/srv/no space left on device/exec:/address already in use"):
        wrong = []
        for t in rows:
            text = renamed(t.text, name)
            got = t.cls if text == t.text else classify(t.stage, text)
            if got != t.cls:
                wrong.append(f"{got}, not {t.cls}: {text}")
        ok(not wrong, f"the class of no text depends on a name like {name}", "\n".join(wrong))


def as_copied() -> None:
    """Whole lines and answers, as people paste them."""
    gone = "manifest for r.test/web:1 not found: manifest unknown: manifest unknown"
    attempt = ('level=error time=2026-11-23T02:48:10Z msg="DockerGoClient: failed to pull image r.test/denied:1: [CannotPullContainerError] '
               f'Error response from daemon: {gone}" module=docker_client.go')
    harmless = 'level=info time=2026-11-23T02:48:11Z msg="Managed task has reached stopped; waiting for container cleanup" task="0a"'
    running = ('level=info time=2026-11-23T02:48:11Z msg="Sending state change to ECS" taskArn="arn:aws:ecs:eu-west-1:1:task/edge/0a" taskStatus="RUNNING" '
               'taskReason="" containerChange-0="containerName=web containerStatus=RUNNING containerKnownSentStatus=NONE containerRuntimeID=0a"')
    for stage, text, cls in (
            ("pull", attempt, "image-not-found"), ("pull", attempt + "\n" + attempt + "\n", "image-not-found"),
            ("run", attempt, "image-not-found"), ("run", harmless, "none"), ("run", running, "none"), ("pull", harmless + "\n" + attempt, "image-not-found"),
            ("pull", json.dumps({"message": gone}), "image-not-found"),
            ("pull", '{"status":"Pulling from web","id":"1"}\r\n' + json.dumps({"errorDetail": {"message": gone}, "error": gone}) + "\r\n", "image-not-found"),
            ("pull", f'time="2026-11-23T02:08:21Z" level=error msg="Not continuing with pull after error" error={quoted(gone)}', "image-not-found"),
            ("start", 'time="2026-11-23T02:08:21Z" level=error msg="Handler for POST /containers/0a/start returned error: unable to find user x: no '
             'matching entries in passwd file"', "user-missing"),
            ("create", json.dumps({"level": "info", "time": "2026-11-23T02:08:21Z", "msg": "Sending state change to ECS", "eventType": "TaskStateChange",
                                   "taskArn": "arn:aws:ecs:eu-west-1:1:task/edge/0a", "taskStatus": "STOPPED", "taskReason":
                                   "CgroupError: Agent could not create task's platform resources"}), "cgroup"),
            ("pull", "containerReason=CannotPullContainerError: denied", "registry-auth"),
            ("pull", "{" + gone, "image-not-found"), ("pull", '"' + gone, "pull-unknown"), ("pull", "\\", "pull-unknown"), ("pull", "", "none")):
        got = classify(stage, text, stdin=True)
        ok(got == cls, f"classify --stage {stage}, pasted: {cls}: {text[:60]!r}", f"got: {got}\n{text}")


def told_by_daemon(rows: list[Text], folder: str, pulls: bool) -> dict[str, list[str]]:
    """task: the classes of its failures, when each row is told by the ECS agent's log."""
    with open(os.path.join(folder, "agent.log"), "w", encoding="utf-8") as f:
        for t in rows:
            f.write('level=info time=2026-11-23T02:18:29Z msg="Received task payload from ACS" taskVersion="1" '
                    f'desiredStatus="RUNNING" taskARN="{t.arn}"\n')
            if pulls:
                f.write(pull_line(t) + "\n")
            else:
                f.write(change_line(t) + "\n")
    run = subprocess.run([KEDGE, "replay", "--dir", folder], capture_output=True, text=True, timeout=60)
    got: dict[str, list[str]] = {t.arn: [] for t in rows}
    for failure in json.loads(run.stdout)["failures"]:
        got[failure["task"]].append(failure["class"])
    return got


def told_by_engine(rows: list[Text], folder: str) -> dict[str, list[str]]:
    """The same when only the engine tells it: a container that was created and not started, and its State.Error."""
    at = 1795400000
    with open(os.path.join(folder, "docker-events.jsonl"), "w", encoding="utf-8") as events, \
            open(os.path.join(folder, "inspect.jsonl"), "w", encoding="utf-8") as inspects:
        for t in rows:
            at += 1
            labels = {"com.amazonaws.ecs.cluster": "edge", "com.amazonaws.ecs.container-name": "web", "com.amazonaws.ecs.task-arn": t.arn,
                      "com.amazonaws.ecs.task-definition-family": "web", "com.amazonaws.ecs.task-definition-version": "1"}
            cid = hashlib.sha256(t.arn.encode()).hexdigest()
            events.write(json.dumps({"Type": "container", "Action": "create", "Actor": {"ID": cid, "Attributes": {
                **labels, "image": "r.test/web:1", "name": "ecs-web-1-web-0a"}}, "time": at, "timeNano": at * 10**9}) + "\n")
            inspects.write(json.dumps({"t": at + 0.5, "inspect": {"Id": cid, "Created": "2026-11-23T02:18:31Z", "Image": "sha256:" + cid, "State": {
                "Status": "created", "OOMKilled": False, "ExitCode": 128, "Error": t.text, "StartedAt": "0001-01-01T00:00:00Z",
                "FinishedAt": "0001-01-01T00:00:00Z"}, "Name": "/ecs-web-1-web-0a", "Config": {"Image": "r.test/web:1", "Labels": labels}}}) + "\n")
    run = subprocess.run([KEDGE, "replay", "--dir", folder], capture_output=True, text=True, timeout=60)
    got: dict[str, list[str]] = {t.arn: [] for t in rows}
    for failure in json.loads(run.stdout)["failures"]:
        got[failure["task"]].append(failure["class"])
    return got


def by_engine(rows: list[Text], scratch: str) -> None:
    chosen = [t for t in rows if t.stage == "start" and t.reason != t.text]
    for i in range(0, len(chosen), BATCH):
        got = told_by_engine(chosen[i:i + BATCH], scratch)
        for t in chosen[i:i + BATCH]:
            if ok(got[t.arn] == [t.cls], f"the daemon, by inspect: {t.where} is {t.cls}", f"{got[t.arn]}\n{t.text}"):
                proves(t.cls, "inspect", t.where)


def by_daemon(rows: list[Text], scratch: str) -> None:
    for pulls, name in ((False, "state change"), (True, "line of a pull")):
        chosen = [t for t in rows if t.reason and (not pulls or (t.stage == "pull" and t.reason != t.text))]
        for i in range(0, len(chosen), BATCH):
            got = told_by_daemon(chosen[i:i + BATCH], scratch, pulls)
            for t in chosen[i:i + BATCH]:
                want = [] if t.cls == "none" else [t.cls]
                if ok(got[t.arn] == want, f"the daemon, by a {name}: {t.where} is {t.cls}", f"{got[t.arn]}\n{t.text}"):
                    proves(t.cls, "log", t.where)


def by_recordings() -> None:
    """The replay tables; those tests check that kedge agrees with them."""
    for test in ("captures.t", "synthetic.t"):
        with open(os.path.join(ROOT, "tests", "replay", test), encoding="utf-8") as f:
            text = f.read()
        case = ""
        for line in text.split('WANT = """\n', 1)[1].split('"""', 1)[0].splitlines():
            if line.startswith("  "):
                proves(line.split()[0], "seen", f"replay of {case}")
            else:
                case = line.split(":")[0]
        for cls in re.findall(r'\["([a-z-]+)"\], "', text):
            proves(cls, "seen", f"replay/{test}")
        for cls, cases in re.findall(r"^([a-z][a-z-]+)=\S+x\d\S*\s+(\S.*)$", text, re.M):
            proves(cls, "seen", f"replay of {cases.split()[0]}")
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "e2e", "*.t"))):
        with open(path, encoding="utf-8") as f:
            for cls in re.findall(r'"([a-z-]+)",\s*"(?:release|node|registry|network|credentials|capacity|unknown)"', f.read()):
                proves(cls, "seen", f"e2e/{os.path.basename(path)}")


def by_stories() -> None:
    """In the expected timeline of a story, or in what a story demands to be told: told(CLASS_X), blamed(CLASS_X, ...)."""
    for path in sorted(glob.glob(os.path.join(ROOT, "tests", "story", "t_*.c"))):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        name = f"story/{os.path.basename(path)}"
        for cls in re.findall(r"FAILURE \S+ \S+ ([a-z-]+)", text):
            proves(cls, "story", name)
        for cls in re.findall(r"\b(?:told|blamed|says)\(CLASS_([A-Z_]+)|\bfailed\(CLASS_([A-Z_]+)\) != NULL", text):
            proves("".join(cls).lower().replace("_", "-"), "story", name)


def table() -> None:
    with open(os.path.join(ROOT, "agent", "core", "class.c"), encoding="utf-8") as f:
        known = set(re.findall(r'^\[CLASS_\w+\] = \{[^"]*"([a-z-]+)\\0"', f.read(), re.M)) - {"none"}
    wanted = {cls for words in CLASSES.values() for cls in words.split()}
    ok(known == wanted, "the table names each class there is", f"not in both: {sorted(known ^ wanted)}")
    print(f"# {'class':<22} {'text, as classify says':<46} {'agent log':<9} {'inspect':<7} {'recording or engine':<30} story")
    for cls in sorted(known):
        at = proof.get(cls, {})
        classified = at.get("classify", []) + at.get("words", [])
        where = (classified or ["-"])[0] + (f" +{len(classified) - 1}" if len(classified) > 1 else "")
        print(f"# {cls:<22} {where:<46} {len(at.get('log', [])):<9} {len(at.get('inspect', [])):<7} {at.get('seen', ['-'])[0]:<30} "
              f"{at.get('story', ['-'])[0]}")
    for kind, words in CLASSES.items():
        for cls in words.split():
            at = proof.get(cls, {})
            good = at.get("classify") and at.get("log") if kind == "text" else at.get(kind)
            ok(good, f"{cls} is proven by {kind}", f"proofs: {at}")


def main() -> int:
    if not os.access(KEDGE, os.X_OK):
        print(f"Bail out! no kedge at {KEDGE}: build it, or say KEDGE=")
        return 1
    rows = texts()
    ok(len(rows) > 350, f"{len(rows)} texts")
    by_classify(rows)
    by_other_names(rows)
    as_copied()
    with tempfile.TemporaryDirectory() as scratch:
        by_daemon(rows, scratch)
    with tempfile.TemporaryDirectory() as scratch:
        by_engine(rows, scratch)
    by_recordings()
    by_stories()
    table()
    return done()


sys.exit(main())
