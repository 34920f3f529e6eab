#!/usr/bin/env python3
"""`roost bench`, end to end. Usage: bench_test.py ROOST [unittest arguments]"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOST = os.path.abspath(sys.argv[1])

# The words after `roost`, and what must be said.
WRONG = [
    ("bench", "subcommand is required"),
    ("bench locl", "unknown command 'locl', did you mean 'local'?"),
    ("bench local --repeat 0", "--repeat"),
    ("bench simm", "unknown command 'simm', did you mean 'sim'?"),
    ("bench sim --repeat 0", "--repeat"),
    ("bench sim --repeat many", "--repeat"),
    ("bench sim --quik", "unexpected argument '--quik', did you mean '--quick'?"),
    ("bench sim extra", "unexpected argument 'extra'"),
]


def call(*words, roost=ROOST):
    return subprocess.run([roost, *words], capture_output=True, text=True, errors="replace", timeout=300)


class Bench(unittest.TestCase):
    def test_wrong_command_lines_say_what_is_wrong(self):
        for words, expected in WRONG:
            with self.subTest(words):
                done = call(*words.split())
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_quick_run_prints_each_row(self):
        done = call("bench", "sim", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in ("ping-pong, 20 hosts", "SimGrid", "200 actors", "8 procs under faults", "allocations a message"):
            self.assertIn(row, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_quick_run_of_local_work_prints_each_row(self):
        done = call("bench", "local", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in ("ping-pong, over a bare loop's", "actors at rest", "spawned and stopped", "awaited request", "CAF",
                    "allocations a request"):
            self.assertIn(row, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_quick_run_between_two_procs_prints_each_row(self):
        done = call("--json", "bench", "shm", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        for kind in ("bench", "bench_bare"):
            self.assertEqual([each["work"] for each in objects if each["type"] == kind],
                             ["64 B round trip", "64 B one way", "64 KiB one way"])
        self.assertTrue(all(each["bare_ns"] > 0 for each in objects if each["type"] == "bench_bare"))

    def test_a_quick_run_between_two_workers_prints_each_row(self):
        done = call("--json", "bench", "workers", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([each["unit"] for each in objects if each["type"] == "bench"], ["ns a message", "times"])
        self.assertEqual([each["work"] for each in objects if each["type"] == "bench_bare"],
                         ["ping-pong, both awake", "awaited request, both awake", "ping-pong, asleep", "awaited request, asleep"])
        self.assertIn("one way", done.stderr)

    def test_a_quick_start_is_timed_beside_bare_processes(self):
        done = call("--json", "bench", "start", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        row, bare = map(json.loads, done.stdout.splitlines())
        self.assertEqual((row["type"], row["unit"]), ("bench", "ms"))
        self.assertEqual(bare["type"], "bench_bare")
        self.assertGreater(row["value"], 0)
        self.assertGreater(bare["bare_ns"], 0)
        self.assertIn("2 procs, until each has answered", done.stderr)

    def test_json_is_one_object_a_line(self):
        done = call("--json", "bench", "sim", "--quick", "--repeat", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        rows = [each for each in objects if each["type"] == "bench"]
        self.assertGreaterEqual(len(rows), 3)
        for row in rows:
            self.assertGreater(row["value"], 0)
            self.assertEqual(row["reached"], row["ratio"] >= 1)
        self.assertEqual(len([each for each in objects if each["type"] == "bench_costs"]), 2)

    def test_without_its_programs_it_says_where_they_come_from(self):
        with tempfile.TemporaryDirectory(prefix="roost bench ") as folder:  # With a space: nothing may trip over it.
            alone = os.path.join(folder, "tools", "roost")
            os.mkdir(os.path.dirname(alone))
            shutil.copy(ROOST, alone)
            for of in ("sim", "local", "workers", "shm", "start"):
                done = call("bench", of, roost=alone)
                self.assertEqual(done.returncode, 69, done.stderr)
                self.assertIn("is not built, expected it from: ./bootstrap bench", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
