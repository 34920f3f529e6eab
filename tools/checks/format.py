#!/usr/bin/env python3
"""Sources are as clang-format writes them. Usage: format.py [ROOT] [--fix]"""

import pathlib
import re
import subprocess
import sys

from source_text import finish, sources


def check(root, fix):
    files = [str(path) for path in sources(root)]
    if not files:
        return finish("format", [], "0 files")
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    style = f"--style=file:{pathlib.Path(__file__).resolve().parents[2] / '.clang-format'}"
    run = subprocess.run(["clang-format-19", style, *mode, *files], cwd=root, capture_output=True, text=True)
    places = re.findall(r"^(.+?):(\d+):\d+: error: code should be clang-formatted", run.stderr, re.MULTILINE)
    if run.returncode and not places:
        print(run.stderr)
        return 1
    first_line = {}
    for path, line in places:
        first_line.setdefault(path, line)
    complaints = [f"{path}:{line}: not formatted; run: tools/checks/format.py --fix" for path, line in first_line.items()]
    return finish("format", complaints, f"{len(files)} files")


if __name__ == "__main__":
    paths = [argument for argument in sys.argv[1:] if argument != "--fix"]
    sys.exit(check(pathlib.Path(paths[0] if paths else "."), "--fix" in sys.argv))
