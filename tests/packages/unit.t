#!/usr/bin/env python3
"""The unit's box, judged by systemd-analyze without a manager: its score, a reason for each way out, and the system calls that the
sets of systemd 252 do not know."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from debs import TOP  # noqa: E402
from e2e import done, figures, ok, same, skip_all  # noqa: E402

UNIT = os.path.join(TOP, "packaging", "systemd", "kedge.service")
WORST = 2.0


def analyze(unit, *options):
    return subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", *options, unit], capture_output=True, text=True,
                          check=False).stdout


def ways_out():
    """What costs points, by the name that the unit's comments have for it."""
    rows = json.loads(analyze(UNIT, "--json=short"))
    return {row["name"].split("~")[-1].split("=")[0]: row["exposure"] for row in rows if float(row["exposure"] or 0) > 0}


def allowed(text):
    """The system calls and sets that the filter's lines name and do not take back."""
    names = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", text, re.M):
        if value.startswith("~"):
            names -= set(value[1:].split())
        else:
            names |= set(value.split())
    return names


def main():
    if not shutil.which("systemd-analyze"):
        skip_all("no systemd-analyze")
    with open(UNIT, encoding="utf-8") as f:
        text = f.read()
    score = float(re.search(r"Overall exposure level for .*: ([0-9.]+)", analyze(UNIT)).group(1))
    ok(score <= WORST, f"a score of {score}", analyze(UNIT))
    figures(unit_exposure=score)
    reasons = re.split(r", ", ", ".join(re.findall(r"^# ([^:.\n]*): .", text[text.index("# The exceptions"):], re.M)))
    for name, exposure in sorted(ways_out().items(), key=lambda x: x[1], reverse=True):
        ok(name in reasons, f"{exposure} for {name}: its reason stands in the unit", reasons)
    same({"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "@setuid"} - allowed(text), set(),
         "the calls by which it can shut itself in further are allowed")
    same(re.findall(r"^(?:Requires|BindsTo|Wants|PartOf)=.*$", text, re.M), [], "it needs no other unit")
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", UNIT], capture_output=True, text=True, check=False).stderr
    same([line for line in said.splitlines() if "kedge.service" in line and "/usr/bin/kedge is not executable" not in line], [],
         "systemd has nothing to say against it")
    done()


main()
