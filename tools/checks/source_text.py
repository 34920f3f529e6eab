"""Reads C++ sources for the checks: which files there are, and their text without comments and literals."""

import pathlib
import re
import subprocess

ROOTS = ("core", "transports", "sim", "tools", "scenarios", "tests")
_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def sources(root, suffixes=(".hpp", ".cpp"), roots=ROOTS):
    """Paths below `root`, relative to it, sorted."""
    found = []
    for top in roots:
        for suffix in suffixes:
            found += (root / top).rglob("*" + suffix)
    return sorted(path.relative_to(root) for path in found if path.is_file())


def code_only(text):
    """`text` with comments and literals blanked; every character keeps its line and column."""
    def blank(match):
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        return token[0] + inside[1:-1] + token[-1] if token[0] in "\"'" else inside
    return _TOKEN.sub(blank, text)


def changed_files(root):
    """Files that differ from the last commit or are new, relative to `root`; empty without git."""
    command = ["git", "-C", str(root), "status", "--porcelain", "--no-renames", "--untracked-files=all"]
    try:
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        return set()
    return {pathlib.Path(line[3:].strip('"')) for line in lines}


def finish(name, complaints, looked_at):
    """Prints the complaints and what was looked at; returns the exit status."""
    for complaint in complaints:
        print(complaint)
    print(f"{name}: {len(complaints)} complaint{'' if len(complaints) == 1 else 's'} in {looked_at}")
    return 1 if complaints else 0
