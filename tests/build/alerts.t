#!/usr/bin/env python3
"""conf/alerts: promtool reads the rules, tests/alerts shows each alert fire and keep still, and would notice one that fired at once."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

RULES = os.path.join(TOP, "conf", "alerts", "kedge.rules.yml")
CASES = os.path.join(TOP, "tests", "alerts", "kedge.test.yml")


def promtool(*words):
    p = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    return p.returncode, p.stdout + p.stderr


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def holds(rules):
    """Whether the cases hold for these rules."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("rules.yml", rules), ("cases.yml", cases.replace("../../conf/alerts/kedge.rules.yml", "rules.yml"))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(text)
        return promtool("test", "rules", os.path.join(folder, "cases.yml"))[0] == 0


rules, cases = read(RULES), read(CASES)
alerts = re.split(r"(?=^      - alert: )", rules, flags=re.M)[1:]
code, told = promtool("check", "rules", RULES)
same(code, 0, "promtool check rules", told)
code, told = promtool("test", "rules", CASES)
same(code, 0, "promtool test rules", told)
ok(holds(rules) and len(alerts) > 10, f"{len(alerts)} alerts")
for alert in alerts:
    name = re.match(r"      - alert: (\w+)", alert)[1]
    ok(re.search(rf"alertname: {name}\n.*\n +exp_alerts:\n +- exp_labels:", cases), f"{name} is shown to fire")
    hasty = re.sub(r"expr: (.*)", r"expr: (\1) or on () vector(1)", alert) if "for:" not in alert else re.sub(r"for: \w+", "for: 0s", alert)
    ok(not holds(rules.replace(alert, hasty)), f"{name}: that it fires when it should not would be seen")
sys.exit(done())
