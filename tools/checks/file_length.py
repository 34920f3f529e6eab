#!/usr/bin/env python3
"""No source file is longer than 600 lines: a longer one holds more than one idea. Usage: file_length.py [ROOT]"""

import pathlib
import sys

from source_text import finish, sources

LIMIT = 600


def check(root):
    files = sources(root, (".hpp", ".cpp", ".py", ".cmake", ".capnp"))
    lengths = {path: (root / path).read_bytes().count(b"\n") for path in files}
    complaints = [f"{path}:{LIMIT + 1}: {length} lines, expected at most {LIMIT}"
                  for path, length in lengths.items() if length > LIMIT]
    return finish("file length", complaints, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
