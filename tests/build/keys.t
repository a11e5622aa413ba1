#!/usr/bin/env python3
"""The keys of kedge.conf are the same in three places: the table of the code, conf/kedge.conf and kedge.conf(5), with one default in the
latter two (tests/unit/t_conf.c holds the code's against the file). What a key may be is told by the page too."""
import os
import re
import sys

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def of_code(text):
    """{(section, key): words it may be}; "*" stands for bounds that are no words."""
    table = text[text.index("static const struct key keys[]"):text.index("#define KEYS")]
    macros = dict(re.findall(r'#define (\w+_WORDS)\s+"([^"]*)"', text))
    keys = {}
    for name, said, section, kind in re.findall(r'\{ "(\w+)\\0"? ?(.*?), IN_(\w+), (T_\w+), .*? \},', table, re.S):
        section = section.lower()
        words = re.fullmatch(r'"([^"]*)"|(\w+_WORDS)', said) if kind == "T_WORD" else None
        keys[section, name] = (words[1] or macros[words[2]]).split("|") if words else ["yes", "no"] if kind == "T_FLAG" else []
    return keys


def of_file(text):
    """{(section, key): default} of every #KEY = VALUE; of the example of a service only what [policy] has not."""
    section, keys = "", {}
    for line in text.splitlines():
        if head := re.fullmatch(r"#?\[(\w+)( \w+)?\]", line):
            section = head[1]
        elif pair := re.fullmatch(r"#(\w+) =(?: (.*))?", line):
            if section != "service":
                keys[section, pair[1]] = pair[2] or ""
            elif ("policy", pair[1]) not in keys:
                keys[section, pair[1]] = ""
    return keys


def of_page(text):
    """{(section, key): (default, what is said of it)}; keys that stand one below the other share what is said."""
    section, keys, open_keys = "", {}, []
    text = text[text.index(".Sh SECTIONS"):text.index(".Sh FILES")].replace("\\\n", "")
    for line in text.splitlines():
        if head := re.fullmatch(r"\.Ss \[(\w+)( NAME)?\]\\&", line):
            section, open_keys = head[1], []
        elif item := re.fullmatch(r"\.It Cm (\w+) No =(?: (.*))?", line):
            if open_keys and keys[open_keys[-1]][1]:
                open_keys = []
            open_keys.append((section, item[1]))
            keys[section, item[1]] = (item[2] or "", "")
        elif line == ".El":
            open_keys = []
        for key in [] if ".It" in line else open_keys:
            keys[key] = (keys[key][0], keys[key][1] + line + "\n")
    return keys


code, file, page = of_code(read("agent", "wire", "conf.c")), of_file(read("conf", "kedge.conf")), of_page(read("packaging", "man", "kedge.conf.5"))
ok(len(code) > 50, f"{len(code)} keys in agent/wire/conf.c")
same(sorted(file), sorted(code), "conf/kedge.conf has them, no more and no less")
same(sorted(page), sorted(code), "kedge.conf(5) has them, no more and no less")
same({k: v[0] for k, v in page.items()}, file, "the defaults of kedge.conf(5) are those of conf/kedge.conf")
same([k for k, v in page.items() if not v[1]], [], "each is explained")
same([f"{k} may be {w}" for k, words in code.items() for w in words if not re.search(rf"^\.(Cm|It Cm).*\b{w}\b", page[k][1], re.M)], [],
     "the words a key may be are told")
ok(sum(len(w) for w in code.values()) > 30, "... which were read from the code")
sys.exit(done())
