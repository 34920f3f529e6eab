#!/usr/bin/env python3
"""Each floor includes only what stands under it.

core/ knows nobody above it, and inside core each floor knows only those below; sim/, transports/ and scenarios/ know core only;
tools/ and tests/ know everything. Usage: floors.py [ROOT]
"""

import pathlib
import re
import sys

from source_text import code_only, finish, sources

CORE = ["base", "platform", "shape", "wire", "link", "actor", "data", "mesh", "live"]  # Lowest first.
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<(roost/[^>]+)>|"([^"]+)")', re.MULTILINE)
ALL_OF_CORE = set(CORE) | {"core"}


def floor_of(path):
    """The floor that `path` (a source file, relative to the tree) belongs to."""
    top, parts = path.parts[0], path.parts
    if top == "core":
        return parts[2] if len(parts) > 3 else "core"  # Files directly in core/roost, as roost.hpp, stand on all of core.
    return top


def may_include(floor):
    """The floors that `floor` may include besides itself; None where everything is allowed."""
    if floor in CORE:
        return set(CORE[:CORE.index(floor)])
    if floor in ("core", "sim", "transports", "scenarios"):
        return ALL_OF_CORE
    if floor in ("tools", "tests"):
        return None
    return set()


def included_floor(include):
    """The floor that an include path names: roost/link/session.hpp is of link, roost/roost.hpp of core as a whole."""
    parts = pathlib.PurePath(include).parts
    return parts[1] if len(parts) > 2 else "core"


def check(root):
    complaints, files = [], sources(root)
    for path in files:
        floor = floor_of(path)
        if path.parts[0] == "core" and floor not in ALL_OF_CORE:
            complaints.append(f"{path}: core has no floor named {floor}; the floors are {', '.join(CORE)}")
            continue
        allowed = may_include(floor)
        text = (root / path).read_text()
        code = code_only(text)
        for match in INCLUDE.finditer(text):
            if "#" not in code[match.start():match.end()]:
                continue  # In a comment.
            line = text.count("\n", 0, match.start(match.lastindex)) + 1
            if match.group(2):
                if path.parts[0] in ("tests", "scenarios"):  # No include root of their own.
                    continue
                complaints.append(f'{path}:{line}: include "{match.group(2)}" by its full path, <roost/...>')
                continue
            target = included_floor(match.group(1))
            if allowed is not None and target != floor and target not in allowed:
                complaints.append(f"{path}:{line}: {floor} may not include {match.group(1)}: {target} does not stand under it")
    return finish("floors", complaints, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
