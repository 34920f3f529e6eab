#!/usr/bin/env python3
"""Runs clang-tidy's hand-picked list (.clang-tidy) over the sources that are not tests, in parallel, within a time budget.

Files changed since the last commit come first, then the largest. When the budget is spent no further file is begun, and those
left are counted. Usage: tidy.py BUILD_FOLDER [--root DIR] [--budget SECONDS] [--jobs N] [--changed]
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import time

from source_text import changed_files, finish, sources


def compiled(build, root):
    """The sources that `build` compiles, relative to `root`."""
    entries = json.loads((build / "compile_commands.json").read_text())
    paths = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in entries}
    return {path.relative_to(root) for path in paths if path.is_relative_to(root)}


def tidy(build, root, path):
    # A precompiled header is of no use here, and the compiler's own warnings were errors already.
    command = ["clang-tidy-19", "-p", str(build), "--quiet", str(root / path)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return run.returncode, run.stdout if run.returncode == 0 or run.stdout.strip() else run.stderr


def check(build, root, budget, jobs, changed_only):
    changed, built = changed_files(root), compiled(build, root)
    files = [path for path in sources(root, (".cpp",), ("core", "sim", "transports", "tools"))
             if path in built and not path.name.endswith((".test.cpp", ".fuzz.cpp"))]
    if changed_only:
        files = [path for path in files if path in changed]
    files.sort(key=lambda path: (path not in changed, -(root / path).stat().st_size))
    end, left, complaints = time.monotonic() + budget, [], []

    def one(path):
        if time.monotonic() > end:
            return path, None, ""
        return path, *tidy(build, root, path)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, status, text in pool.map(one, files):
            if status is None:
                left.append(path)
            elif status:
                text = text.strip() or f"{path}: clang-tidy failed with {status}"
                if text not in complaints:  # A header is looked at through each file that includes it.
                    complaints.append(text)
    if left:
        print(f"tidy: the budget of {budget} s is spent; not looked at: {len(left)} of {len(files)} files")
    return finish("tidy", complaints, f"{len(files) - len(left)} files")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--budget", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--changed", action="store_true", help="only files that differ from the last commit")
    a = parser.parse_args()
    sys.exit(check(a.build.resolve(), a.root.resolve(), a.budget, a.jobs, a.changed))
