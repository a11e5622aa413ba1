#!/usr/bin/env python3
"""report.py OUT FOLDER LINES BRANCHES FIGURE: what gcov counted below OUT for the sources of FOLDER, by file, with every line and
branch that was never taken; the sums go into build/figures.json as FIGURE_line_coverage and FIGURE_branch_coverage. Fails below
LINES or BRANCHES, in percent.

Left out, by this rule alone: `case X:` labels whose X is the count of its enum (CLASSES, STAGES, EV_TYPES ...), which no value
ever is, and what stands on the same lines or follows only them. A count is what the headers name last in an enum, in capitals
and plural, or *_COUNT. A `switch` over an enum without `default` names all its values (-Wswitch-enum): the branch that no
value takes, and one for each such count among its labels, are left out as well when nothing took them."""
import glob
import gzip
import json
import os
import re
import subprocess
import sys


def counts(folder):
    """The last words of all enums: what counts their values."""
    found = set()
    for header in glob.glob("agent/core/*.h") + glob.glob(f"{folder}/*.h"):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", open(header, encoding="utf-8").read(), flags=re.S)
        for body in re.findall(r"enum\s+\w+\s*\{([^}]*)\}", text):
            last = [word.split("=")[0].strip() for word in body.split(",") if word.strip()][-1]
            if last.endswith("S") or last.endswith("_COUNT"):
                found.add(last)
    return found


def gcov(out, folder):
    """{file: {line: [hits, [branch hits]]}} from gcov's JSON."""
    files = {}
    notes = sorted(glob.glob(os.path.join(out, folder, "*.gcno")))
    for note in notes:
        run = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", note], capture_output=True, check=True)
        text = gzip.decompress(run.stdout) if run.stdout[:2] == b"\x1f\x8b" else run.stdout
        for document in text.decode().splitlines():
            if not document.strip():
                continue
            for one in json.loads(document)["files"]:
                if os.path.normpath(one["file"]).startswith(folder):
                    lines = files.setdefault(os.path.normpath(one["file"]), {})
                    for line in one["lines"]:
                        entry = lines.setdefault(line["line_number"], [0, []])
                        entry[0] += line["count"]
                        entry[1].extend((branch["count"], branch.get("throw", False)) for branch in line["branches"])
    return files, len(notes)


def sentinels(path, words):
    """Line numbers of labels that only name counts, up to the break that ends them."""
    skip, text = set(), open(path, encoding="utf-8").read().splitlines()
    for at, line in enumerate(text):
        labels = re.findall(r"\bcase (\w+):", line)
        if not labels or not all(word in words for word in labels):
            continue
        before = text[at - 1].strip() if at else ""
        if before.startswith("case ") and before.endswith(":"):
            continue                     # what follows has another way in
        for follow in range(at, len(text)):
            skip.add(follow + 1)
            if re.search(r"\b(break|return\b.*);", text[follow]):
                break
    return skip


def excused(path, words):
    """{line of a switch: how many of its branches no value can take}"""
    found, text = {}, open(path, encoding="utf-8").read().splitlines()
    for at, line in enumerate(text):
        if not re.match(r"\s*switch \(", line):
            continue
        depth, body = 0, []
        for follow in text[at:]:
            depth += follow.count("{") - follow.count("}")
            body.append(follow)
            if depth == 0:
                break
        labels = re.findall(r"\bcase (\w+):", "\n".join(body))
        found[at + 1] = sum(word in words for word in labels) + ("default:" not in "\n".join(body))
    return found


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def main():
    out, folder, wanted_lines, wanted_branches, figure = sys.argv[1:3] + [float(v) for v in sys.argv[3:5]] + sys.argv[5:]
    files, notes = gcov(out, folder)
    if not files:
        sys.exit(f"coverage: nothing was counted below {out}/{folder}")
    words, total, missing = counts(folder), [0, 0, 0, 0], []
    print(f"{'file':32} {'lines':>13} {'':>7} {'branches':>13}")
    for path in sorted(files):
        skip, free, row = sentinels(path, words), excused(path, words), [0, 0, 0, 0]
        text = open(path, encoding="utf-8").read().splitlines()
        for number, (hits, branches) in sorted(files[path].items()):
            if number in skip:
                continue
            row[0] += hits > 0
            row[1] += 1
            real = [hit for hit, throw in branches if not throw]
            for _ in range(min(free.get(number, 0), real.count(0))):
                real.remove(0)
            row[2] += sum(hit > 0 for hit in real)
            row[3] += len(real)
            if hits == 0:
                missing.append(f"{path}:{number}: line     {text[number - 1].strip()}")
            elif any(hit == 0 for hit in real):
                which = ",".join(str(i) for i, hit in enumerate(real) if hit == 0)
                missing.append(f"{path}:{number}: branch {which} of {len(real)}  {text[number - 1].strip()}")
        total = [a + b for a, b in zip(total, row)]
        print(f"{os.path.basename(path):32} {row[0]:5} /{row[1]:5}  {percent(row[0], row[1]):6.2f} % {row[2]:5} /{row[3]:5}  {percent(row[2], row[3]):6.2f} %")
    lines, branches = percent(total[0], total[1]), percent(total[2], total[3])
    print(f"{'together':32} {total[0]:5} /{total[1]:5}  {lines:6.2f} % {total[2]:5} /{total[3]:5}  {branches:6.2f} %")
    with open(os.path.join(out, "missing"), "w", encoding="utf-8") as f:
        f.write("\n".join(missing) + "\n")
    print("\n".join(missing))
    subprocess.run(["tests/figures", f"{figure}_line_coverage={lines:.2f}", f"{figure}_branch_coverage={branches:.2f}"], check=True)
    if lines < wanted_lines or branches < wanted_branches:
        sys.exit(f"coverage: lines {lines:.2f} % of {wanted_lines:.0f}, branches {branches:.2f} % of {wanted_branches:.0f}")


main()
