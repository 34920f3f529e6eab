#!/usr/bin/env python3
"""Planted bugs on the command line: listed, armed by name, told with promise and exit code. Usage: ... ROOST WORKLOAD SCENES ROOT"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOST, WORKLOAD, SCENES, ROOT = (pathlib.Path(word).resolve() for word in sys.argv[1:5])

# Where the search for each starts: a line of seen_by.txt. One for each way to be seen: by the judge, the model, a program.
SHOWN = ["mailbox-swap", "duplicate-after-resume", "orphans-live", "sent-twice", "stop-does-not-drain", "value-off-by-one"]


class Plants(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="roost plants ")  # With a space: nothing may trip over it.
        self.path = pathlib.Path(self.folder.name)
        for program in (WORKLOAD, SCENES):
            (self.path / program.name).symlink_to(program)
        for scenario in (ROOT / "tests/properties/workload.toml", *(ROOT / "tests/plants").glob("*.toml")):
            (self.path / scenario.name).write_bytes(scenario.read_bytes())
        lines = (line.split() for line in (ROOT / "tests/plants/seen_by.txt").read_text().splitlines())
        self.seen_by = {words[0]: words[1:] for words in lines if words and words[0] != "#"}

    def tearDown(self):
        self.folder.cleanup()

    def call(self, *words):
        return subprocess.run([ROOST, *words], cwd=self.path, capture_output=True, text=True, errors="replace", timeout=280)

    def promises(self):
        # The program itself: `roost` links less of the runtime, and lists what it links.
        listed = subprocess.run([WORKLOAD, "sim", "plants", "--json"], capture_output=True, text=True, timeout=60)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        return {each["name"]: each["promise"] for each in map(json.loads, listed.stdout.splitlines())}

    def test_every_plant_is_listed_with_its_promise(self):
        promises = self.promises()
        self.assertGreaterEqual(len(promises), 40)
        self.assertLessEqual(set(self.seen_by), set(promises))

    def test_a_plant_breaks_its_promise_and_the_run_exits_1(self):
        promises = self.promises()
        for name in SHOWN:
            scenario, seed, _ = self.seen_by[name]
            with self.subTest(name):
                done = self.call("sim", "run", scenario + ".toml", "--seed", seed, "--plant", name, "--json")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, rf"(?m)^FAIL {scenario}  seed \d+.*\b{promises[name]}\b")
                self.assertIn(f"--plant {name}", done.stderr)

    def test_the_same_seeds_hold_without_plants(self):
        for name in SHOWN:
            scenario, seed, _ = self.seen_by[name]
            with self.subTest(name):
                done = self.call("sim", "run", scenario + ".toml", "--seed", seed)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_verify_catches_a_count_across_runs(self):
        clean = self.call("sim", "verify", "scenes.toml", "--seeds", "1..2")
        self.assertEqual(clean.returncode, 0, clean.stderr)
        planted = self.call("sim", "verify", "scenes.toml", "--seeds", "1..2", "--plant", "count-across-runs")
        self.assertEqual(planted.returncode, 3, planted.stderr)
        self.assertIn("NOT DETERMINISTIC scenes  seed 1", planted.stderr)
        self.assertIn("first difference:", planted.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
