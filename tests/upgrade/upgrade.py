"""What the tests of upgrades share: the layout of records out of the sources, and what kedge shows of a kept state."""
from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tests", "e2e"), os.path.join(TOP, "tests")]
sys.dont_write_bytecode = True
SHOWN = ("failures", "services", "deployments", "journal")
# what the time of asking, and not the state, says
OF_NOW = {"time_unix_s", "version", "build_unix_s", "age_s"}


def version() -> str:
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as f:
        return re.findall(r"^VERSION = (\S+)$", f.read(), re.M)[0]


def words() -> list[str]:
    """Those that are written down, by the table's name for each set."""
    with open(os.path.join(TOP, "agent/core/names.c"), encoding="utf-8") as f:
        names = f.read()
    with open(os.path.join(TOP, "agent/core/class.c"), encoding="utf-8") as f:
        classes = f.read()
    of = {"W_CLASS": ("\n".join(re.findall(r'"[a-z-]+\\0"', classes)), r"(.*)"), "W_STAGE": (classes, r"\bstages\[.*?\] = \{(.*?)\};"),
          "W_BLAME": (classes, r"\bblames\[.*?\] = \{(.*?)\};"), "W_KIND": (names, r"\bfail_kind_name\(.*?\{(.*?)\n\}"),
          "W_STATE": (names, r"\brb_words\[\] = \{(.*?)\};"), "W_VERIFIED": (names, r"\bverified_name\(.*?\{(.*?)\n\}"),
          "W_STATUS": (names, r"\bsd_words\[\] = \{(.*?)\};")}
    found = []
    for name, (text, where) in of.items():
        here = re.findall(where, text, re.S)
        found += [f"{name} {w}" for w in re.findall(r'"([A-Za-z_-]+)(?:\\0)?"', here[0])] if here else []
    return found


def layout() -> str:
    """The version of records, each kind's members (key, type, words), and the words. From the tables that write and read them."""
    with open(os.path.join(TOP, "agent/wire/record.h"), encoding="utf-8") as f:
        lines = ["version " + re.findall(r"^#define RECORD_VERSION\s+(\d+)", f.read(), re.M)[0]]
    with open(os.path.join(TOP, "agent/wire/record.c"), encoding="utf-8") as f:
        text = f.read()
    tables = dict(re.findall(r"static const struct field (\w+)\[\] = \{(.*?)\};", text, re.S))
    for name, fields in re.findall(r'KIND\("(\w+)", (\w+), \w+\)', text):
        for macro, key, rest in re.findall(r'\b([FWL])\(\w+, "(\w+)", ([^()]*)\)', tables[fields]):
            parts = [p.strip() for p in rest.split(",")]
            of = {"F": parts[:1], "W": [parts[0], parts[2] if len(parts) > 2 else ""], "L": ["T_LIST"]}[macro]
            lines.append(" ".join([name, key, *of]))
    return "\n".join(lines + words()) + "\n"


def conf(folder: str, state: str) -> str:
    """A conf that finds this state and no daemon."""
    path = os.path.join(folder, "kedge.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"[kedge]\nstate_dir = {state}\nrun_dir = {folder}/run\nregion = eu-west-1\n[engine]\nsocket = {folder}/docker.sock\n"
                f"[ecs_agent]\nintrospection = http://127.0.0.1:1\nlog = {folder}/agent.log\nconfig = {folder}/ecs.config\n"
                f"[aws]\nendpoint = http://127.0.0.1:1\ncredentials_file = {folder}/none\n[report]\nlisten =\n")
    return path


def without_now(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_now(v) for k, v in value.items() if k not in OF_NOW or "kind" in value}
    return [without_now(v) for v in value] if isinstance(value, list) else value


def at(unix_s: float) -> dict[str, str]:
    """The environment in which kedge-test has that time: a hold or a decision that waits does not end while the file lies here."""
    return os.environ | {"KEDGE_CLOCK_OFFSET_MS": str(int((unix_s - time.time()) * 1000))}


def shown(kedge: str, conf_path: str, unix_s: float) -> dict[str, Any]:
    """What the verbs tell of it with the daemon down."""
    found: dict[str, Any] = {"recorded_unix_s": unix_s}
    for verb in SHOWN:
        p = subprocess.run([kedge, "--conf", conf_path, verb, "--json"], capture_output=True, text=True, timeout=60, check=False,
                           env=at(unix_s))
        found[verb] = without_now(json.loads(p.stdout)) | {"exit": p.returncode}
    return found
