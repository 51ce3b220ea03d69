#!/usr/bin/env bash
# Texts that people see are in plain words: none of these phrases is in a string of the program, on the page, in the man
# pages or in the README. In the folders of CLEAN, comments, names and documents avoid the words of HOUSE too.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
python3 - "$@" <<'PY'
import glob, os, re, sys

BANNED = re.compile(r"\b(told|anew|can't be had|can ?not be had|could not be had|none that|only in luck|what it is that|"
                    r"loses? their TFTP|Reading only|is like that|UDP does not pass|What it and this box|take its power away|"
                    r"must be done|none of its business)\b", re.I)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`')
# What only a program reads, or was said already.
FREE = {"CHANGELOG.md"}


def without_comments(text):
    return re.sub(r'(^|[^:"])//[^\n]*', lambda m: m.group(1), text)


def bad_in(path):
    text = open(path, errors="replace").read()
    if path.endswith((".cpp", ".hpp", ".js")):
        for piece in STRING.findall(without_comments(text)):
            yield from (f'"{m.group(0)}" in {piece[:100]}' for m in BANNED.finditer(piece))
    else:
        yield from (f'"{m.group(0)}" in {line.strip()[:100]}' for line in text.splitlines() for m in BANNED.finditer(line))


# Words with a standard one in their place: reported, again, back off, abuse, evicted, to make room.
HOUSE = re.compile(r"(?<![a-z])(told|anew)(?![a-z])|\b(offences?|tells?|by and by|can't be had|none of its business|longest ago goes|"
                   r"what (of it )?is news|to whom it is said|whose it is that|comes? to stand|goes for (another|nobody))\b", re.I)
CLEAN = ["sbc", "tftp-proxy", "conf", "nat", "packaging", "tests/loop/net", "tests/loop/admin", "tests/loop/store", "tests/loop/probe",
         "tests/loop/daemon", "tests/loop/nat", "tests/loop/nat_fast", "tests/loop/proxy", "tests/loop/tftp_proxy", "tests/loop/cli",
         "tests/sim", "tests/unit", "tests/support", "tests/packaging", "tests/browser", "README.md", "SECURITY.md", "CONTRIBUTING.md",
         "DECISIONS.md"]
COMMENT = {"//": re.compile(r"(?:^|[^:\"'])//(.*)"), "#": re.compile(r"(?:^|\s)#(.*)")}
NAMES = re.compile(r"(?<![.a-z])(told|anew)(?![a-z])")


def house_words_in(path):
    code = path.endswith((".cpp", ".hpp", ".js"))
    for number, line in enumerate(open(path, errors="replace"), 1):
        words = line
        if code or path.endswith((".sh", ".py", ".toml", ".service")):
            if NAMES.search(line):
                yield f"{number}: {line.strip()[:100]}"
                continue
            found = COMMENT["//" if code else "#"].search(line)
            words = found.group(1) if found else ""
        words = re.sub(r"`[^`]*`|\"[^\"]*\"|\btap\.tell\b", "", words)
        if HOUSE.search(words):
            yield f"{number}: {line.strip()[:100]}"


assert HOUSE.search("it tells the phone") and HOUSE.search("box_print_told_") and not HOUSE.search("untold") and NAMES.search("const auto told =")
assert BANNED.search("the phone was told so") and BANNED.search("No phone is like that.") and not BANNED.search("a toldo")
files = [os.path.join(d, f) for r in ("sbc", "conf", "nat", "tftp-proxy") for d, _, fs in os.walk(r) for f in fs
         if f.endswith((".cpp", ".hpp", ".js", ".html"))]
files += ["README.md", "SECURITY.md", "sbc/admin/API.md", "conf/dropwire.toml", "conf/SETTINGS.md"] + glob.glob("packaging/man/*") + glob.glob("packaging/debian/*.templates")
bad = [f"{path}: {what}" for path in sorted(files) if path not in FREE and os.path.isfile(path) for what in bad_in(path)]
clean = [os.path.join(d, f) for r in CLEAN for d, _, fs in (os.walk(r) if os.path.isdir(r) else [("", [], [r])]) for f in fs
         if f.endswith((".cpp", ".hpp", ".js", ".sh", ".py", ".md", ".toml", ".service"))]
bad += [f"{path}:{what}" for path in sorted(clean) for what in house_words_in(path)]
for line in bad:
    print(line)
if len(files) < 100 or len(clean) < 200:
    bad.append("")
    print("too few files were found: this check looks at nothing")
sys.exit(1 if bad else 0)
PY
