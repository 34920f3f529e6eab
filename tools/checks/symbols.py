#!/usr/bin/env python3
"""Refuses what the sources do not show: built code that can run simulated and refers to real time, chance, threads or sockets.

Looks at the symbols that each object file of the simulated libraries and of the scenarios leaves undefined, and at their
instructions, for those that no interposer can catch. What may refer to what, and why, is in symbols.allow beside this script.
And looks whether each program that can run simulated holds every symbol of the interposer: a linker leaves out of it what only
the C++ library refers to, unless it is linked whole.
Usage: symbols.py BUILD_FOLDER [--allow FILE]
"""

import argparse
import fnmatch
import pathlib
import re
import subprocess
import sys

from source_text import finish

LIBRARIES = ("base", "platform", "shape", "wire", "link", "actor", "data", "mesh", "sim")
C_NAMES = set("""
clock_gettime clock_nanosleep nanosleep usleep sleep time gettimeofday timespec_get clock ftime
getrandom getentropy rand srand rand_r random srandom drand48 lrand48 mrand48
pthread_create pthread_mutex_lock pthread_cond_wait pthread_cond_timedwait pthread_cond_clockwait sem_wait
socket connect accept accept4 bind listen sendto sendmsg recvfrom recvmsg poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2
epoll_create1 timerfd_create times fork vfork execve execvp posix_spawn posix_spawnp system popen getenv secure_getenv
""".split())
CXX_NAMES = re.compile(
    r"^std::(?:random_device::|chrono::_V2::\w+_clock::now|this_thread::__sleep_for|thread::_M_start_thread|condition_variable::)")
INSTRUCTIONS = re.compile(r"\t(rdtscp?|rdrand|rdseed)\b")


def allow_list(path):
    """Triples of patterns (library, object file, symbol); each line ends with its reason."""
    rules = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split(None, 3)
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 4:
            sys.exit(f"{path}:{number}: expected: LIBRARY OBJECT SYMBOL reason")
        rules.append(words[:3])
    return rules


def is_allowed(rules, library, member, symbol):
    return any(fnmatch.fnmatch(library, rule[0]) and fnmatch.fnmatch(member, rule[1]) and fnmatch.fnmatch(symbol, rule[2])
               for rule in rules)


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def undefined(binary):
    """Pairs (object file, demangled symbol) that `binary` refers to and does not define."""
    member = binary.name
    for line in output_of("nm", "--undefined-only", "--demangle", str(binary)).splitlines():
        if line.endswith(":") and not line.startswith(" "):
            member = line[:-1]
        elif line.strip():
            yield member, line.split(None, 1)[1].split("@", 1)[0]


def instructions(binary):
    """Pairs (object file, instruction) of `binary` that read the processor's clock or chance."""
    member = binary.name
    process = subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", str(binary)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line[0] not in " \t\n" and "file format" in line:
            member = line.split(":", 1)[0]
        elif match := INSTRUCTIONS.search(line):
            yield member, match.group(1)
    if process.wait():
        sys.exit(f"objdump failed on {binary}")


def simulated_binaries(build):
    archives = [path for name in LIBRARIES for path in build.rglob(f"libroost_{name}.a")]
    scenarios = [path for path in build.glob("scenarios/**/*.o")]
    return sorted(archives) + sorted(scenarios)


def defined(binary):
    """The functions that `binary` defines for others, mangled."""
    lines = output_of("nm", "--defined-only", "--extern-only", str(binary)).splitlines()
    return {words[2] for words in map(str.split, lines) if len(words) == 3 and words[1] in "TWi"}


def missing_interposer(build):
    """Complaints about programs that lack symbols of the interposer, when there is one (interpose*.o)."""
    wanted = set()
    for path in (o for o in build.rglob("interpose*.o") if ".test." not in o.name):
        wanted |= {symbol for symbol in defined(path) if "roost" not in symbol}
    programs = [path for path in [*build.glob("scenarios/*"), build / "roost", build / "tools" / "roost"]
                if wanted and path.is_file() and path.stat().st_mode & 0o111]
    for program in sorted(programs):
        if absent := sorted(wanted - defined(program)):
            yield f"{program.name}: the interposer was not linked whole: {', '.join(absent)} missing"


def check(build, allow):
    rules, complaints = allow_list(allow), set()
    binaries = simulated_binaries(build)
    if not binaries:
        sys.exit(f"symbols: nothing built in {build}; run: cmake --build {build}")
    for binary in binaries:
        for member, symbol in undefined(binary):
            if (symbol in C_NAMES or CXX_NAMES.match(symbol)) and not is_allowed(rules, binary.name, member, symbol):
                complaints.add(f"{binary.name}({member}): refers to {symbol}")
        for member, name in instructions(binary):
            if not is_allowed(rules, binary.name, member, name):
                complaints.add(f"{binary.name}({member}): contains the instruction {name}")
    complaints.update(missing_interposer(build))
    return finish("symbols", sorted(complaints), f"{len(binaries)} libraries and objects")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--allow", type=pathlib.Path, default=pathlib.Path(__file__).parent / "symbols.allow")
    arguments = parser.parse_args()
    sys.exit(check(arguments.build, arguments.allow))
