#!/usr/bin/env python3
"""Runs every cell of the conformance matrix, prints it, and writes the table of docs/transports.md; with --check compares it instead.

Compared are rows, verdicts and facts, not delays. Usage: matrix.py [--check] BUILD_FOLDER
Exit status: 0 all cells pass or do not apply (and the page says so), 1 not.
"""

import json
import pathlib
import re
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/transports.md"
BEGIN, END = "<!-- The matrix: written by tests/conformance/matrix.py. -->\n", "<!-- The end of the matrix. -->\n"
DELAY = re.compile(r"(?<=pass), [\d.]+(?:ns|us|ms|s)(?= \|)")


def cells(build):
    """What both executables say, one record a cell, simulated first."""
    found = []
    for name in ("conformance_simulated_tests", "conformance_threads_tests"):
        program = build / "tests/conformance" / name
        run = subprocess.run([program, "--cells"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=500)
        records = [json.loads(line) for line in run.stdout.splitlines()]
        if run.returncode not in (0, 1) or not records:
            sys.exit(f"{program} --cells ended with {run.returncode}")
        found += records
    return found


def duration(nanoseconds):
    """Two digits and a unit."""
    value = float(nanoseconds)
    for unit in ("ns", "us", "ms"):
        if value < 1000:
            return f"{float(f'{value:.2g}'):g}{unit}"
        value /= 1000
    return f"{float(f'{value:.2g}'):g}s"


def table(records):
    transports = list(dict.fromkeys(each["transport"] for each in records))
    names = list(dict.fromkeys(each["row"] for each in records))
    by_place = {(each["row"], each["transport"]): each for each in records}
    facts = []
    lines = ["| row | what is done | what must be seen | " + " | ".join(transports) + " |", "|---|---|---|" + "---|" * len(transports)]
    for name in names:
        row = [by_place[name, transport] for transport in transports]
        words = []
        for each in row:
            if each["verdict"] == "n/a":
                fact = f"{each['transport']}: {each['text']}"
                if fact not in facts:
                    facts.append(fact)
                words.append(f"n/a ({facts.index(fact) + 1})")
            else:
                delay = "" if each["delay_ns"] is None else f", {duration(each['delay_ns'])}"
                words.append(each["verdict"] + delay)
        lines.append(f"| {name} | {row[0]['done']} | {row[0]['seen']} | {' | '.join(words)} |")
    lines += ["", "Where a row does not apply:", ""]
    lines += [f"{number}. {fact}" for number, fact in enumerate(facts, 1)]
    return "\n" + "\n".join(lines) + "\n\n"


def main(arguments):
    check = "--check" in arguments
    (build,) = (pathlib.Path(each) for each in arguments if each != "--check")
    records = cells(build)
    failed = [each for each in records if each["verdict"] not in ("pass", "n/a")]
    for each in failed:
        print(f"{each['row']} over {each['transport']}: {each['text']}")
    text = PAGE.read_text()
    before, begin, rest = text.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{PAGE} has lost the lines between which the matrix stands: {BEGIN}{END}")
    new = table(records)
    if check:
        stale = [line for line in DELAY.sub("", new).splitlines() if line not in DELAY.sub("", old).splitlines()]
        gone = [line for line in DELAY.sub("", old).splitlines() if line not in DELAY.sub("", new).splitlines()]
        for line in stale:
            print(f"docs/transports.md does not say: {line}")
        for line in gone:
            print(f"docs/transports.md says, and no run does: {line}")
        if stale or gone:
            print("to write it anew: tests/conformance/matrix.py build/dev")
        return 1 if failed or stale or gone else 0
    PAGE.write_text(before + begin + new + end + after)
    for line in new.splitlines():
        if line.startswith("|") and not line.startswith("|-"):
            name, _, _, *words = line.strip("| ").split(" | ")
            print(f"{name:18}" + "".join(f"{word:16}" for word in words))
    print(f"{len(records)} cells, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
