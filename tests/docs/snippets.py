#!/usr/bin/env python3
"""Takes the snippets out of the documentation, so that they can be built.

A fenced block whose first line is ```cpp roost-snippet NAME (or toml) becomes NAME.cpp (or NAME.toml).
Usage: snippets.py OUTPUT_FOLDER PAGE... ; prints the names that have a .cpp, one a line.
"""

import pathlib
import re
import sys

FENCE = re.compile(r"^```(cpp|toml) roost-snippet ([a-z0-9_]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(page):
    text = page.read_text()
    for found in FENCE.finditer(text):
        kind, name, body = found.groups()
        line = text.count("\n", 0, found.start()) + 2
        yield f"{name}.{kind}", body, line


def main(folder, pages):
    taken = {}
    for page in pages:
        for file, body, line in snippets(page):
            if file in taken:
                sys.exit(f"{page}:{line}: there is another snippet {file}, in {taken[file]}")
            taken[file] = f"{page}:{line}"
            # Errors of the compiler name the page.
            text = f'#line {line} "{page}"\n{body}' if file.endswith(".cpp") else body
            to = folder / file
            if not to.exists() or to.read_text() != text:
                to.write_text(text)
    if not taken:
        sys.exit("no page has a snippet")
    print("\n".join(sorted(file[:-4] for file in taken if file.endswith(".cpp"))))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), [pathlib.Path(argument) for argument in sys.argv[2:]])
