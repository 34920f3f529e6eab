#!/usr/bin/env python3
"""Runs the same seeds of a scenario with the programs of several trees and compares their digests, seed by seed.

Each tree's program is run as `PROGRAM sim verify SCENARIO --seeds A..B --json`; of its output the objects with both "seed" and
"digest" count, one a line. The first program is run once more at fixed addresses, where the system allows it. The first seed that
differs is named with the command that shows it.
Usage: digests.py --seeds A..B SCENARIO PROGRAM PROGRAM...   Exit status: 0 equal, 1 not, 77 fewer than two programs are built.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys


FIXED_ADDRESSES = ["setarch", "--addr-no-randomize"]


def digests_of(program, scenario, seeds):
    """Digest by seed, or an error text. `program` is the beginning of a command."""
    command = [*program, "sim", "verify", scenario, "--seeds", seeds, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if run.returncode:
        return f"{' '.join(command)}: exit {run.returncode}\n{run.stderr.strip()[-2000:]}"
    found = {}
    for line in run.stdout.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            return f"{' '.join(command)}: not JSON: {line[:200]}"
        if isinstance(record, dict) and "seed" in record and "digest" in record:
            found[int(record["seed"], 0)] = record["digest"]
    return found


def fixed_addresses_allowed():
    try:
        return subprocess.run([*FIXED_ADDRESSES, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def check(scenario, seeds, programs):
    first, last = (int(part) for part in seeds.split(".."))
    built = [[str(program)] for program in programs if program.exists()]
    if len(built) < 2 or not pathlib.Path(scenario).exists():
        print(f"digests: nothing to compare: {len(built)} of {len(programs)} programs are built")
        return 77
    trees = len(built)
    if fixed_addresses_allowed():
        built.append([*FIXED_ADDRESSES, *built[0]])
    else:
        print("digests: this system does not let a program have fixed addresses; not compared")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda program: digests_of(program, scenario, seeds), built))
    broken = [text for text in results if isinstance(text, str)]
    for text in broken:
        print(text)
    if broken:
        return 1
    for seed in range(first, last + 1):
        values = [result.get(seed) for result in results]
        if None in values or len(set(values)) > 1:
            print(f"digests: seed {seed} differs:")
            for program, value in zip(built, values):
                print(f"  {value or 'no digest'}  {' '.join(program)} sim run {scenario} --seed {seed}")
            return 1
    print(f"digests: {last - first + 1} seeds of {scenario} are equal in {trees} trees")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", required=True)
    parser.add_argument("scenario")
    parser.add_argument("programs", type=pathlib.Path, nargs="+")
    a = parser.parse_args()
    sys.exit(check(a.scenario, a.seeds, a.programs))
