#!/usr/bin/env python3
"""Runs clang-tidy's hand-picked list (.clang-tidy) over the sources that are not tests, in parallel.

Files changed since the last commit come first. Files of one folder are looked at joined in one translation unit, since most of the
time goes to the headers they share. If anything is said of joined files, be it that they clash, those it is said of are looked at
apart from the others, and so on: only what is said of a file alone is a complaint.

A file that had no complaint is passed over until its text, that of a header of this tree that it includes, its compiler command or
the list changes: BUILD_FOLDER/tidy remembers, and needs the folder to be built by ninja.
Usage: tidy.py BUILD_FOLDER [--root DIR] [--budget SECONDS] [--jobs N] [--changed]
With a budget, nothing further is begun when it is spent, and the files left are counted.
"""

import argparse
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

from source_text import changed_files, finish, sources

JOINED = 40  # No more files in one translation unit: it must fit into memory.
# What keeps a file alone: a main of its own, and using-declarations, as the check for unused ones looks at the main file only.
ALONE = re.compile(r"^int main\(|^\s*using\b(?!\s+namespace\b)[^=;]*;", re.MULTILINE)


def compiled(build, root):
    """The compiler command of each source that `build` compiles, by its path relative to `root`: by itself, or joined with others."""
    entries = json.loads((build / "compile_commands.json").read_text())
    commands = {}
    for entry in entries:
        path, command = pathlib.Path(entry["directory"], entry["file"]).resolve(), entry["command"]
        joined = re.findall(r'^#include "(.*)"$', path.read_text(), re.MULTILINE) if path.parent.name == "Unity" else []
        commands.update((pathlib.Path(source).resolve(), command.replace(str(path), source)) for source in joined)
        commands[path] = command
    return {path.relative_to(root): command for path, command in commands.items() if path.is_relative_to(root)}


def flags_of(command, path):
    """The compiler command of one source without that source and its outputs: equal for sources that are compiled alike."""
    words, flags = iter(shlex.split(command)), []
    for word in words:
        if word in ("-o", "-MF", "-MT"):
            next(words, None)
        elif word not in ("-c", "-MD") and not word.endswith(str(path)):
            flags.append(word)
    return tuple(flags)


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
        if "(VALID)" in (block.splitlines() or [""])[0]:
            read.update((path.relative_to(root), ours) for path in ours if path.suffix == ".cpp")
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


def tidy(build, root, flags, path):
    command = ["clang-tidy-19", f"--config-file={root / '.clang-tidy'}", "--quiet", str(root / path), "--", *flags[1:]]
    run = subprocess.run(command, cwd=build, capture_output=True, text=True)
    return run.returncode, run.stdout if run.returncode == 0 or run.stdout.strip() else run.stderr


def tidy_joined(build, root, flags, paths):
    """Those of the files of which something is said when they are joined; all of them if it is not said of which."""
    name = hashlib.sha256("\0".join(map(str, paths)).encode()).hexdigest()
    unit = build / "tidy" / f"{name[:16]}.cpp"
    unit.write_text("".join(f'#include "{root / path}"\n' for path in paths))
    command = ["clang-tidy-19", f"--config-file={root / '.clang-tidy'}", "--quiet", str(unit), "--", *flags[1:]]
    run = subprocess.run(command, cwd=build, capture_output=True, text=True)
    unit.unlink()
    if run.returncode == 0:
        return []
    named = set(re.findall(r"^(/[^:\n]+):\d+:\d+: (?:error|warning):", run.stdout, re.MULTILINE))
    return [path for path in paths if str(root / path) in named] or paths


def look_at(build, root, flags, paths):
    """Yields what is said of each of the files: its path, the status and the text."""
    if len(paths) == 1:
        yield paths[0], *tidy(build, root, flags, paths[0])
        return
    named = tidy_joined(build, root, flags, paths)
    others = [path for path in paths if path not in named]
    if not named:
        yield from ((path, 0, "") for path in paths)
        return
    for part in (others, named) if others else (paths[: len(paths) // 2], paths[len(paths) // 2 :]):
        yield from look_at(build, root, flags, part)


def batches(files, root, built, changed):
    """The files in the lists in which they are looked at, each with its flags."""
    alike = {}
    for path in sorted(files, key=lambda path: (path not in changed, path)):
        place = path if ALONE.search((root / path).read_text()) else path.parent
        alike.setdefault((path not in changed, flags_of(built[path], path), place), []).append(path)
    return [(flags, paths[at : at + JOINED]) for (_, flags, _), paths in alike.items() for at in range(0, len(paths), JOINED)]


def check(build, root, budget, jobs, changed_only):
    changed, built, read = changed_files(root), compiled(build, root), included(build, root)
    files = [path for path in sources(root, (".cpp",), ("core", "sim", "transports", "tools", "scenarios"))
             if path in built and not path.name.endswith((".test.cpp", ".fuzz.cpp"))]
    if changed_only:
        files = [path for path in files if path in changed]
    end, left, complaints = None if budget is None else time.monotonic() + budget, [], []
    sound = build / "tidy"
    sound.mkdir(exist_ok=True)
    keys = {path: key_of(built[path], read[path], root) if path in read else None for path in files}
    unknown = [path for path in files if not keys[path] or not (sound / keys[path]).exists()]

    def one(batch):
        flags, paths = batch
        if end is not None and time.monotonic() > end:
            return [(path, None, "") for path in paths]
        said = list(look_at(build, root, flags, paths))
        for path, status, _ in said:
            if keys[path] and status == 0:
                (sound / keys[path]).touch()
        return said

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, status, text in itertools.chain.from_iterable(pool.map(one, batches(unknown, root, built, changed))):
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
