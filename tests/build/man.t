#!/usr/bin/env python3
"""The manual pages: mandoc has nothing to say of them, and they name what there is: the verbs and options that the binary's own help
and the completion name, the events, their ids and fields, and the environment that is read."""
import glob
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAN = os.path.join(TOP, "packaging", "man")
KEDGE = os.environ.get("KEDGE") or os.path.join(TOP, "build", "amd64", "kedge")
PAGES = ("kedge.1", "kedge.conf.5", "kedge-agent.8")
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402


def run(*words, cwd=TOP):
    p = subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd, stdin=subprocess.DEVNULL)
    return p.returncode, p.stdout, p.stderr


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def shown(page):
    """As a terminal shows it, without overstriking."""
    return re.sub(".\b", "", run("mandoc", "-Tascii", "-Owidth=200", os.path.join(MAN, page))[1])


def lint():
    for page in PAGES:      # in the folder, where the pages find each other
        code, out, err = run("mandoc", "-Tlint", "-Wstyle", page, cwd=MAN)
        same((code, out), (0, ""), f"mandoc -Tlint -Wstyle {page}", err)
    same(sorted(os.listdir(MAN)), sorted(PAGES), "all of them were asked")
    ok(run("mandoc", "-Tlint", "-Wstyle", "/dev/stdin")[0] != 0, "... and mandoc would object")


def verbs():
    text = shown("kedge.1")
    page = {line.split()[0]: line for line in re.findall(r"^     (?! )(.+)$", text[text.index("\nVERBS\n"):text.index("\nENVIRONMENT\n")], re.M)
            if re.match(r"[a-z]+( |$)", line)}
    # a short word shares its line with what is said of it
    page = {verb: re.split(r"  +", line)[0] for verb, line in page.items()}
    help_ = run(KEDGE, "--help")[1]
    names = re.findall(r"^  ([a-z]+)", help_, re.M)
    same(sorted(page), sorted(names), "kedge(1) has the verbs of kedge --help, no more and no less")
    for verb in names:
        usage = run(KEDGE, verb, "--help")[1].splitlines()[0].removeprefix("usage: kedge [--conf FILE] ").rstrip()
        same(page.get(verb, "").replace(" | ", "|"), usage.replace(" | ", "|"), f"... {usage}")
        known = run("bash", "-c", f". conf/completion/kedge.bash; _kedge_options {verb}")[1].split()
        same(sorted(known), sorted(set(re.findall(r"--?[a-z][a-z-]*", page.get(verb, ""))) | ({"--json"} if verb != "agent" else set())),
             f"... whose options the completion knows: {' '.join(known)}")
    for option in ("--conf", "--json", "--help"):
        ok(re.search(rf"^     {option}\b", text, re.M) and option in read("conf", "completion", "kedge.bash"), f"{option} is in both")


def events():
    text, notice = read("packaging", "man", "kedge-agent.8"), read("agent", "wire", "notice.c")
    ids = dict(re.findall(r'= \{ "(\w+)", "([0-9a-f]{32})" \}', notice))
    same(dict(re.findall(r"\.It (\w+)\n\.Li ([0-9a-f]{32})", text)), ids, f"kedge-agent(8) has the MESSAGE_ID of {len(ids)} events")
    fields = {f"KEDGE_{name}" for name in re.findall(r'field(?:_number)?\((?:t|out), "([A-Z_]+)"', notice)}
    same(set(re.findall(r"\bKEDGE_[A-Z_]+", re.sub(r"^\.Dl.*", "", text, flags=re.M))) - {"KEDGE_VERSION"}, fields,
         f"... and their {len(fields)} fields")
    ok(len(ids) > 3 and len(fields) > 10, "... which were read from the code")


def environment():
    asked = set()
    for path in glob.glob(os.path.join(TOP, "agent", "*", "*.c")) + glob.glob(os.path.join(TOP, "platform", "*.c")):
        asked |= set(re.findall(r'getenv\("([A-Z_]+)"\)', read(path)))
    told = " ".join(shown(page) for page in ("kedge.1", "kedge-agent.8"))
    same(sorted(name for name in asked if not re.search(rf"\b{name}\b", told)), [], f"the {len(asked)} variables that are read are told")
    ok(len(asked) > 8, "... which were read from the code")


lint()
verbs()
events()
environment()
sys.exit(done())
