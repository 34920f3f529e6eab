#!/usr/bin/env python3
"""What pages say about the tree is there: links, files, proofs, keys of scenario files. Usage: pages_test.py ROOT"""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
complaints = []


def complain(page, offset, text, what):
    line = text.count("\n", 0, offset) + 1
    complaints.append(f"{page.relative_to(root)}:{line}: {what}")


for page in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
    text = page.read_text()
    for link in re.finditer(r"\]\(([^)#:]+)(#[^)]*)?\)", text):
        if not (page.parent / link[1]).exists():
            complain(page, link.start(), text, f"links to {link[1]}, which is not there")
    for path in re.finditer(r"`((?:core|sim|transports|tools|scenarios|tests|docs|cmake)/[\w./-]+)`", text):
        if not (root / path[1]).exists() and not (root / (path[1] + ".cpp")).exists():  # A program goes by its source.
            complain(page, path.start(), text, f"names {path[1]}, which is not there")

# What docs/failures.md gives as proof is there: marks of scenarios and names of tests.
page = root / "docs/failures.md"
text = page.read_text()
programs = "".join(path.read_text() for path in (root / "scenarios").glob("*.cpp"))
tests = "".join(path.read_text() for floor in ("core", "sim", "tests") for path in sorted((root / floor).rglob("*.test.cpp")))
proofs = 0
for mark in re.finditer(r'"(\d\d: [^".]+)"', text):
    proofs += 1
    if f'"{mark[1]}"' not in programs:
        complain(page, mark.start(), text, f"no scenario has the mark {mark[1]}")
for test in re.finditer(r"`(\w+)\.(\w+)`", text):
    proofs += 1
    of_processes = root / f"tests/live/{test[1]}.py"
    if of_processes.exists() and f"def {test[2]}(" in of_processes.read_text():
        continue
    if not re.search(rf"\({test[1]}, {test[2]}\b", tests):
        complain(page, test.start(), text, f"there is no test {test[1]}.{test[2]}")
if proofs < 10:
    complaints.append("docs/failures.md: fewer than 10 proofs were found: this test looks for them in the wrong form")

# The table of checkers in docs/promises.md names each planted bug in the row of the promise that it breaks.
page = root / "docs/promises.md"
table = page.read_text().partition("## The checkers")[2]
planted = {}
for floor in ("core", "sim", "transports"):
    for source in sorted((root / floor).rglob("*.cpp")):
        for name, promise in re.findall(r'ROOST_DEFINE_PLANT\(\s*\w+,\s*"([\w-]+)",\s*"(G\d+)"', source.read_text()):
            planted[name] = promise
rows = dict(re.findall(r"^\| (G\d+) \|[^|]*\|[^|]*\|([^|]*)\|$", table, re.MULTILINE))
named = {name: promise for promise, row in rows.items() for name in re.findall(r"`([a-z\d]+(?:-[a-z\d]+)*)`", row)}
for name in sorted(planted.keys() | named.keys()):
    if planted.get(name) != named.get(name):
        complaints.append(f"docs/promises.md: the planted bug {name} breaks {planted.get(name)}, and the table says {named.get(name)}")
if len(planted) < 40:
    complaints.append(f"only {len(planted)} planted bugs were found in the sources: this test looks for them in the wrong form")

# Every key that the reader of scenario files knows stands in docs/scenarios.md, in backquotes or in a line of toml.
documented = (root / "docs/scenarios.md").read_text()
known = set()
for source in sorted((root / "sim/roost/sim").glob("scenario_*.cpp")):
    if source.name.endswith(".test.cpp"):
        continue
    text = source.read_text()
    known |= set(re.findall(r'"(?:\w+\.)+(\w+)"', text))
    known |= set(re.findall(r'(?:read|value|table|array|text|choice|require|parse|positive)\((?:\w+, )?"(\w+)"', text))
    known |= set(re.findall(r'read_(?:duration|ppm|group|span)\(\w+, "(\w+)"', text))
for key in sorted(known):
    if not re.search(rf"\b{key}\b", documented):
        complaints.append(f"docs/scenarios.md: the key '{key}' of scenario files is missing")
if len(known) < 40:
    complaints.append(f"only {len(known)} keys of scenario files were found in the sources: this test looks in the wrong place")

print("\n".join(complaints) or f"{len(known)} keys and all links are there")
sys.exit(1 if complaints else 0)
