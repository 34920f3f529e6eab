#!/usr/bin/env python3
"""Runs clang-tidy's hand-picked list (.clang-tidy) over the sources that are not tests, in parallel.

Files changed since the last commit come first, then the largest. A file that had no complaint is passed over until its text, that
of a header of this tree that it includes, its compiler command or the list changes: BUILD_FOLDER/tidy remembers, and needs the
folder to be built by ninja. Usage: tidy.py BUILD_FOLDER [--root DIR] [--budget SECONDS] [--jobs N] [--changed]
With a budget, no further file is begun when it is spent, and those left are counted.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

from source_text import changed_files, finish, sources


def compiled(build, root):
    """The compiler command of each source that `build` compiles, by its path relative to `root`."""
    entries = json.loads((build / "compile_commands.json").read_text())
    paths = {pathlib.Path(entry["directory"], entry["file"]).resolve(): entry["command"] for entry in entries}
    return {path.relative_to(root): command for path, command in paths.items() if path.is_relative_to(root)}


def included(build, root):
    """For each source that ninja has built, itself and all headers below `root` that it read."""
    try:
        run = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True)
    except OSError:
        return {}
    read = {}
    for block in run.stdout.split("\n\n"):
        paths = [(build / line.strip()).resolve() for line in block.splitlines()[1:]]
        ours = [path for path in paths if path.is_relative_to(root)]
        source = next((path for path in ours if path.suffix == ".cpp"), None)
        if source and "(VALID)" in block.splitlines()[0]:
            read[source.relative_to(root)] = ours
    return read


def key_of(command, files, root):
    """What a verdict on one source depends on, as a name; None where a file is gone."""
    digest = hashlib.sha256(command.encode())
    for path in [root / ".clang-tidy", *sorted(files)]:
        try:
            digest.update(b"%s\0%s\0" % (str(path).encode(), hashlib.sha256(path.read_bytes()).digest()))
        except OSError:
            return None
    return digest.hexdigest()


def tidy(build, root, path):
    # A precompiled header is of no use here, and the compiler's own warnings were errors already.
    command = ["clang-tidy-19", "-p", str(build), "--quiet", str(root / path)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return run.returncode, run.stdout if run.returncode == 0 or run.stdout.strip() else run.stderr


def check(build, root, budget, jobs, changed_only):
    changed, built, read = changed_files(root), compiled(build, root), included(build, root)
    files = [path for path in sources(root, (".cpp",), ("core", "sim", "transports", "tools", "scenarios"))
             if path in built and not path.name.endswith((".test.cpp", ".fuzz.cpp"))]
    if changed_only:
        files = [path for path in files if path in changed]
    files.sort(key=lambda path: (path not in changed, -(root / path).stat().st_size))
    end, left, complaints = None if budget is None else time.monotonic() + budget, [], []
    sound = build / "tidy"
    sound.mkdir(exist_ok=True)

    def one(path):
        key = key_of(built[path], read[path], root) if path in read else None
        if key and (sound / key).exists():
            return path, 0, ""
        if end is not None and time.monotonic() > end:
            return path, None, ""
        status, text = tidy(build, root, path)
        if key and status == 0:
            (sound / key).touch()
        return path, status, text

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
    parser.add_argument("--budget", type=int)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--changed", action="store_true", help="only files that differ from the last commit")
    a = parser.parse_args()
    sys.exit(check(a.build.resolve(), a.root.resolve(), a.budget, a.jobs, a.changed))
