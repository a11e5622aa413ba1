#!/usr/bin/env python3
"""No word is lost where texts are packed: each literal of every source stands for itself, odd ones too; what cannot be packed is refused;
and the packed binary says to --help and to whoever errs what the plain one says. What views and verbs print, tests/unit/t_view.c,
t_golden.c and their like hold against the same files in plain and packed variants."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import done, ok, same  # noqa: E402

os.chdir(TOP)
PARTS, SRC = "agent/base/packed_parts.h", "build/src"
PACKED_MAX = int(re.search(r"PACKED_MAX = (\d+)", open("agent/base/packed.h").read())[1])
CPP = ["gcc", "-E", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-DKEDGE_PACKED", '-DKEDGE_VERSION="1"', '-DKEDGE_CPU="x"', "-DKEDGE_BUILD_UNIX_S=1",
       "-I.", "-isystem", "packaging/deps", "-isystem", f"{SRC}/mbedtls/include", "-isystem", f"{SRC}/curl/include", "-isystem", f"{SRC}/cjson",
       "-isystem", f"{SRC}/inih", "-DMBEDTLS_CONFIG_FILE=<mbedtls_config.h>", "-DCURL_STATICLIB", "-DINI_ALLOW_MULTILINE=0",
       "-DINI_ALLOW_INLINE_COMMENTS=0", "-DINI_HANDLER_LINENO=1", "-DINI_STOP_ON_FIRST_ERROR=1", "-DINI_USE_STACK=1", "-DINI_MAX_LINE=1024"]
TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[A-Za-z_]\w*|\S')
ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|(.))')
LETTER = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}

def meant(literal):
    return ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else bytes([int(m[2], 8)]) if m[2] else LETTER.get(m[3], m[3]), literal[1:-1])


part = {}
for n, line in enumerate(x for x in open(PARTS, "rb") if x.startswith(b'"')):
    whole = meant(TOKEN.match(line)[0])
    part[(n + 128) % 256] = whole[:-1] + bytes([whole[-1] - 128])


def unpacked(text):
    out, at = b"", 0
    while at < len(text):
        if text[at] == 1 and at + 1 < len(text):
            at += 1
            out += text[at:at + 1]
        else:
            out += part.get(text[at], text[at:at + 1])
        at += 1
    return out


def tokens(source):
    """Each token, adjacent literals as one."""
    out = []
    for t in TOKEN.findall(re.sub(rb"(?m)^#.*$", b"", source)):
        if t[:1] != b'"':
            out.append(t)
        elif out and isinstance(out[-1], tuple):
            out[-1] = (out[-1][0] + meant(t),)
        else:
            out.append((meant(t),))
    return out


def pack(path, *more):
    return subprocess.run(["packaging/pack", *more, PARTS, path], capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False)


def nuls(text):
    """The texts of a literal that holds several, a NUL between."""
    return text[0].split(b"\0")


with tempfile.TemporaryDirectory() as work:
    wrong, long, found, saved = [], [], 0, 0
    sources = sorted(os.path.join(d, f) for top in ("agent", "platform") for d, _, fs in os.walk(top) for f in fs if f.endswith(".c"))
    for source in sources:
        e = os.path.join(work, "x.e")
        subprocess.run([*CPP, source, "-o", e], check=True)
        plain = tokens(open(e, "rb").read().replace(b"kedge_pack ", b""))
        packed = tokens(pack(e).stdout)
        listed = {meant(b'"' + t + b'"') for t in pack(e, "-v", "list=1").stdout.splitlines()}
        if len(plain) != len(packed):
            wrong.append(f"{source}: {len(plain)} tokens became {len(packed)}")
        for a, b in zip(plain, packed):
            if a == b:
                continue
            if not (isinstance(a, tuple) and isinstance(b, tuple) and [unpacked(x) for x in nuls(b)] == nuls(a)):
                wrong.append(f"{source}: {a!r} became {b!r}")
                break
            found, saved = found + 1, saved + len(a[0]) - len(b[0])
        # a text whose size the compiler checks has room of its own: the lists of agent/wire/prune.h
        checked = {b[0] for a, b in zip(plain, plain[4:]) if a == b"_Static_assert" and isinstance(b, tuple)}
        long += [t for t in listed - checked if len(t) >= PACKED_MAX and not source.endswith("view_page_text.c")]
    same(wrong, [], f"all that the {len(sources)} sources say stands for itself")
    ok(found > 1000 and saved > 20000, f"of {found} texts, which are {saved} bytes shorter")
    same(long, [], "each has room where it is unpacked")

    odd = os.path.join(work, "odd.c")
    with open(odd, "w") as f:
        f.write('#include <stdio.h>\n#include "agent/base/packed.h"\n#define WHO "the answer"\n#define TWICE(x) x " and " x\n'
                'static void say(const struct packed *p) { struct packed_at at = packed_on(p); for (int c; (c = packed_next(&at)) != 0;) putchar(c);'
                ' putchar(\'\\n\'); }\n#define say_f(...) say_g(PACKED_FORMAT __VA_ARGS__)\n'
                'static void say_g(const char *f, int n, const char *s) { char buf[PACKED_MAX]; printf(packed_format(buf, f), n, s); }\n'
                'static const char two[] = "name\\0" PACKED_TEXT("the other text of the two") "\\0" PACKED_TEXT("and the third");\n'
                'int main(int argc, char **argv)\n{\n(void)argv;\nsay(PACKED(""));\nsay(PACKED("%d%% of \\"the\\" \'answer\' \\\\ is \\?\\?= not? \\t tab \\a"));\n'
                'say(PACKED("caf\\303\\251 \\xe2\\x80\\x94 \\1 \\x1f \\0011 \\377"));\nsay(PACKED("in " "pieces "\n   "over "\n\n "lines // no comment /* none */"));\n'
                'say(PACKED(TWICE(WHO) " " TWICE("kedge_pac")));\nsay(argc > 5 ? PACKED("one answer") : PACKED("the other; answer: {(\\"a\\", \'b\')}"));\n'
                'say_f("the answer: %d of %s\\n", 42, "the answer");\nsay_f(argc > 5 ? "%d %s is it\\n" : "%d %s is not the answer\\n", 42, "the answer");\n'
                'puts(two); say((const struct packed *)(two + 5)); printf("%d\\n", __LINE__);\nreturn 0;\n}\n')
    subprocess.run([*CPP, odd, "-o", odd + ".e"], check=True)
    with open(os.path.join(work, "odd.i"), "wb") as f:
        f.write(pack(odd + ".e").stdout)
    for name, flags, source in (("plain", [], odd), ("packed", ["-DKEDGE_PACKED"], os.path.join(work, "odd.i"))):
        subprocess.run(["gcc", "-w", "-std=c11", "-I.", *flags, "-o", os.path.join(work, name), source, "agent/base/packed.c"], check=True)
    said = [subprocess.run([os.path.join(work, name)], capture_output=True, check=True).stdout for name in ("plain", "packed")]
    ok(b"the other text" not in open(os.path.join(work, "packed"), "rb").read(), "odd texts are packed")
    ok(len(said[0]) > 200, "... and plain they say what they say")
    same(said[1].splitlines(), said[0].splitlines(), "... quotes, signs of printf, UTF-8, bytes that have a meaning, texts in pieces")
    for bad, what in (('"a\\0b"', "a NUL within a text"), ('"\\x123"', "a byte that is none"), ('"\\q"', "an escape that is none"), ('"a', "a text without an end")):
        with open(odd, "w") as f:
            f.write(f"x(kedge_pack {bad});\n")
        ok(pack(odd).returncode != 0, f"refused: {what}")

    plain, packed = "build/glibc-san/kedge", os.environ.get("KEDGE", "build/amd64/kedge")
    subprocess.run(["make", "-s", "VARIANT=glibc-san", plain], check=True)
    usage = subprocess.run([packed, "--help"], capture_output=True, check=True).stdout.decode()
    verbs = re.findall(r"(?m)^  ([a-z]+) ", usage)
    ok(len(verbs) > 15, f"{len(verbs)} verbs")
    conf = os.path.join(work, "kedge.conf")
    with open(conf, "w") as f:
        f.write(f"[kedge]\nstate_dir = {work}\nrun_dir = {work}\n")
    for n, bad in enumerate(("[kedge]\ncluster = a b\n", "[aws]\nheartbeat = never\n", "[nothing]\n", "[kedge]\nbad = 1\n", "[aws]\nfleet = x\n")):
        with open(f"{conf}{n}", "w") as f:
            f.write(bad)
    calls = [["--help"], [], ["--nothing"], ["nothing"], ["classify", "--stage", "pull", "no such host"], ["classify", "--stage", "run", "exit 1"],
             ["init"], ["init", "--role", "actor", "--allow-update-service"], ["init", "--role", "x"], ["rollback", "web", "--to", "web"],
             ["deploy", "web", "web"], ["wait", "web", "--timeout", "1s"], ["confirm", "x"]]
    calls += [[v, *more] for v in verbs if v not in ("version", "watch", "agent", "replay", "wait") for more in ([], ["--json"], ["--help"], ["--no-such"])]
    calls += [["--conf", f"{conf}{n}", "status"] for n in range(5)]
    different = []
    for call in calls:
        words = call if "--conf" in call else ["--conf", conf, *call]
        out = [subprocess.run([k, *words], capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False) for k in (plain, packed)]
        texts = [re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|unix_s\":[0-9.]+", b"TIME", o.stdout + o.stderr) for o in out]
        if texts[0] != texts[1] or out[0].returncode != out[1].returncode:
            different.append((call, *texts))
    same(different, [], f"{len(calls)} calls of the plain and of the packed binary print the same")
sys.exit(done())
