#!/usr/bin/env python3
"""Refuses what would make a simulated run depend on anything but its seed (docs/determinism.md says why).

Looks at what can run simulated: core/ but live/, sim/ and scenarios/. A line that must break a rule says why:
`// banned-call: <why>` on the line or alone on the line above. Tests are held to the rules on time and chance only.
Usage: banned_calls.py [ROOT]
"""

import pathlib
import re
import sys

from source_text import code_only, finish, sources

ALLOW = re.compile(r"//\s*banned-call:[ \t]*(\S.*)?$")
TIME_AND_CHANCE = [
    (r"\b(?:system_clock|steady_clock|high_resolution_clock|utc_clock|tai_clock|file_clock)\s*::\s*now\b",
     "reads a real clock; ask the platform's clock"),
    (r"(?<![\w.>:~])(?:::\s*|std\s*::\s*)?(?:clock_gettime|gettimeofday|timespec_get|ftime)\s*\("
     r"|(?<![\w.>:~])(?:::\s*|std\s*::\s*)?time\s*\(\s*(?:NULL|nullptr|0|&)|(?<![\w>])(?:std\s*)?::\s*(?:clock|time)\s*\(",
     "reads a real clock; ask the platform's clock"),
    (r"\bsleep_(?:for|until)\b|(?<![\w.>])(?:::\s*)?\b(?:usleep|nanosleep|clock_nanosleep)\s*\(|(?<![\w.>:])::\s*sleep\s*\(",
     "sleeps a thread; use the runtime's sleep"),
    (r"\brandom_device\b|(?<![\w.>:])(?:::\s*|std\s*::\s*)?(?:s?rand|s?random|rand_r|[dlm]rand48|getrandom|getentropy)\s*\((?!\s*(?:this|auto|std::|int|char|void)\b)",
     "draws chance outside the seed; use a keyed stream"),
]
SIMULATED = TIME_AND_CHANCE + [
    (r"\bstd\s*::\s*(?:\w+_distribution|shuffle|sample|mt19937(?:_64)?|default_random_engine|minstd_rand0?|random_shuffle)\b",
     "differs between standard libraries; draw with a keyed stream"),
    (r"\bstd\s*::\s*(?:j?thread|async|(?:recursive_|timed_|shared_|recursive_timed_|shared_timed_)?mutex|condition_variable(?:_any)?"
     r"|counting_semaphore|binary_semaphore|latch|barrier|call_once|lock_guard|unique_lock|scoped_lock)\b|\bpthread_\w+\s*\(|\bthread_local\b",
     "needs threads; simulated code runs on one, and only live/ has others"),
    (r"\b(?:secure_)?getenv\s*\(", "reads the environment; settings come through knobs and scenarios"),
    (r"(?<![\w.>:)])::\s*(?:socket|connect|accept4?|bind|listen|send(?:to|msg)?|recv(?:from|msg)?|poll|ppoll|select|epoll_\w+|open(?:at)?"
     r"|read|write|fork|execve?|posix_spawnp?|kill|getpid|mkstemp|unlink)\s*\(",
     "reaches the outside world; go through a seam of the platform"),
    (r"\b__?(?:builtin_ia32_)?rd(?:tscp?|rand\w*|seed\w*)\w*\s*\(", "reads the processor's own clock or chance"),
    (r"\bstd\s*::\s*(?:multi)?(?:map|set)\s*<\s*[\w:\s]+\*|\bstd\s*::\s*(?:less|greater|hash)\s*<\s*[\w:\s]+\*",
     "orders or hashes by address, which differs from run to run; order by an id"),
]
TIME_AND_CHANCE = [(re.compile(pattern), why) for pattern, why in TIME_AND_CHANCE]
SIMULATED = [(re.compile(pattern), why) for pattern, why in SIMULATED]

UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)\s*<")
DRAW = re.compile(r"(?:\.|->)\s*(?:next|below|between|chance_q32)\s*\(|\brandom\s*\(\s*\)")
CALL = re.compile(r"([\w>\]])\s*\(")
NOT_CALLS = re.compile(r"\b(?:if|for|while|switch|catch|return|sizeof|decltype|co_await|co_return)\s*$")


def closing(code, start, opening, end):
    """The index after the bracket that closes the one at `start`."""
    depth = 0
    for index in range(start, len(code)):
        if code[index] == opening:
            depth += 1
        elif code[index] == end:
            depth -= 1
            if depth == 0:
                return index + 1
    return len(code)


def unordered_names(code):
    """Names of variables and members declared in `code` as unordered containers, and of aliases for them."""
    names, aliases = set(), set()
    for match in UNORDERED.finditer(code):
        after = code[closing(code, match.end() - 1, "<", ">"):]
        name = re.match(r"\s*(?:const\b)?\s*&?\s*(\w+)\s*(?:[;={(,)]|$)", after)
        if name:
            names.add(name.group(1))
        alias = re.search(r"\busing\s+(\w+)\s*=\s*(?:std\s*::\s*)?$", code[:match.start()])
        if alias:
            aliases.add(alias.group(1))
    for alias in aliases:
        names |= set(re.findall(rf"\b{alias}\b\s*(?:const\b)?\s*&?\s*(\w+)\s*[;={{(,)]", code))
    return names


def unordered_iterations(code, names):
    if not names:
        return
    any_name = "|".join(sorted(map(re.escape, names)))
    pattern = rf"\bfor\s*\([^;{{}}]*:\s*[^;{{}}]*?\b(?:{any_name})\s*\)|\b(?:{any_name})\s*(?:\.|->)\s*c?begin\s*\("
    for match in re.finditer(pattern, code):
        yield match.start(), "goes through an unordered container, whose order is not the same everywhere; keep a sorted one beside it"


def arguments(text):
    """The arguments of a call, split at its own commas."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:index]
            start = index + 1
    yield text[start:]


def double_draws(code):
    for match in CALL.finditer(code):
        if NOT_CALLS.search(code[max(0, match.start() - 12):match.start() + 1]):
            continue
        start = match.end() - 1
        inside = code[start + 1:closing(code, start, "(", ")") - 1]
        if len(inside) < 2000 and sum(bool(DRAW.search(part)) for part in arguments(inside)) > 1:
            yield start, "draws twice in one argument list, whose order of evaluation compilers choose; draw into names first"


def allowed(lines, number):
    """Whether line `number` (from 1), or a comment alone on the line above, carries a reason. A tag without one is no reason."""
    for index in (number - 1, number - 2):
        if index >= 0:
            match = ALLOW.search(lines[index])
            if match and match.group(1) and (index == number - 1 or lines[index].lstrip().startswith("//")):
                return True
    return False


def is_simulated(path):
    return path.parts[:3] != ("core", "roost", "live")


def check(root):
    files = [path for path in sources(root, roots=("core", "sim", "scenarios")) if is_simulated(path)]
    complaints, names_of = [], {}
    code_of = {path: code_only((root / path).read_text()) for path in files}
    for path in files:
        if not path.name.endswith((".test.cpp", ".fuzz.cpp")):
            names_of.setdefault(path.parent, set()).update(unordered_names(code_of[path]))
    for path in files:
        code, lines = code_of[path], (root / path).read_text().splitlines()
        test = path.name.endswith((".test.cpp", ".fuzz.cpp"))
        found = [(match.start(), why) for pattern, why in (TIME_AND_CHANCE if test else SIMULATED) for match in pattern.finditer(code)]
        if not test:
            found += unordered_iterations(code, names_of[path.parent])
            found += double_draws(code)
        for position, why in sorted(set(found)):
            number = code.count("\n", 0, position) + 1
            if not allowed(lines, number):
                complaints.append(f"{path}:{number}: {why}: {lines[number - 1].strip()}")
    return finish("banned calls", complaints, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
