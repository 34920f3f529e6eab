#!/usr/bin/env python3
"""Compiles one snippet that must be refused, and wants the reason that its first line gives, as the first error and once.

Usage: compile_fail_test.py SNIPPET COMPILER FLAG...
"""

import pathlib
import subprocess
import sys


def main():
    snippet, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
    first = snippet.read_text().splitlines()[0]
    done = subprocess.run([*command, "-fsyntax-only", "-fno-diagnostics-color", str(snippet)], capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if first == "// compiles":
        if done.returncode != 0:
            sys.exit(f"{snippet.name} must compile:\n{output}")
        return
    wanted = first.removeprefix("// refused: ")
    if wanted == first:
        sys.exit(f"{snippet.name}: the first line must say '// compiles' or '// refused: WHY'")
    if done.returncode == 0:
        sys.exit(f"{snippet.name} compiles, expected a refusal: {wanted}")
    errors = [line for line in output.splitlines() if " error: " in line]
    if not errors or wanted not in errors[0]:
        sys.exit(f"{snippet.name}: the first error is not the reason '{wanted}':\n{output}")
    if sum(wanted in line for line in errors) != 1:
        sys.exit(f"{snippet.name}: the reason is given more than once:\n{output}")


main()
