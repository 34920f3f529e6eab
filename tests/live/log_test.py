#!/usr/bin/env python3
"""Logs as JSON: with --log-format json every line on standard error is an object, whoever wrote it and whatever it holds.
Usage: log_test.py ROOST SENTRIES [unittest arguments]"""

import json
import os
import re
import signal
import sys
import unittest

from runs import LiveTest, procs_of

LiveTest.roost, SENTRIES = (os.path.abspath(path) for path in sys.argv[1:3])
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


class LogTest(LiveTest):
    def objects(self, running):
        """Each line of standard error, which must be whole, UTF-8 and one object with what all of them have."""
        size = os.fstat(running.files[1].fileno()).st_size
        raw = os.pread(running.files[1].fileno(), size, 0)
        self.assertTrue(raw.endswith(b"\n"), raw[-200:])
        found = []
        for line in raw[:-1].split(b"\n"):
            record = json.loads(line.decode("utf-8"))
            self.assertRegex(record["ts"], TIME)
            self.assertIn(record["level"], ("debug", "info", "warning", "failure"))
            self.assertIn(record["stream"], ("log", "stdout", "stderr"))
            self.assertIsInstance(record["msg"], str)
            self.assertLessEqual(record.keys(), {"ts", "level", "host", "proc", "mesh", "rank", "actor", "stream", "logger", "msg",
                                                      "fields"})
            found.append(record)
        return found

    def logged(self, *words, code=0, environment=None):
        running = self.run_of(*words, environment=environment)
        got, said = running.finish()
        self.assertEqual(got, code, said)
        return self.objects(running)

    def test_actors_say_who_they_are(self):
        for words in (["--transport", "loopback"], ["-n", 2]):
            with self.subTest(words=words):
                found = self.logged("run", "--log-format", "json", *words, SENTRIES, "--", "say", 2)
                said = [each for each in found if each["msg"] == "on my post"]
                procs = ["h0/p1.1", "h0/p2.1"] + (["h1/p1.1", "h1/p2.1"] if "-n" in words else [])
                self.assertEqual(sorted(each["proc"] for each in said), procs)
                self.assertEqual(sorted(each["rank"] for each in said), list(range(len(procs))))
                for each in said:
                    self.assertEqual((each["level"], each["mesh"], each["stream"]), ("info", "sentries", "log"))
                    self.assertEqual(each["host"], each["proc"].partition("/")[0])
                    self.assertRegex(each["actor"], rf"^{each['proc']}/a\d+$")
                    self.assertIn(f"({each['actor']})", each["logger"])
                self.assertTrue(any(each.get("logger") == "roost" and "held" in each["msg"] for each in found), found)

    def test_fields_keep_their_types_as_json_and_are_words_as_text(self):
        for words in (["--transport", "loopback"], ["-n", 2]):
            with self.subTest(words=words):
                found = self.logged("run", "--log-format", "json", *words, SENTRIES, "--", "report", 1)
                quiet = [each for each in found if each["msg"] == "all is quiet"]
                self.assertEqual(len(quiet), 2 if "-n" in words else 1)
                for each in quiet:
                    self.assertEqual(each["fields"], {"step": 3, "loss": 0.25, "done": False, "mood": "so so"})
                    self.assertEqual([type(value) for value in each["fields"].values()], [int, float, bool, str])
                odd = next(each for each in found if each["msg"] == "odd")
                self.assertEqual((odd["level"], odd["fields"]),
                                 ("warning", {"why": '"a=b"\n\ufffd', "no\nkey": "nan", "": 18446744073709551615}))
                last = [each for each in found if each["msg"].startswith("before it failed: ") and "callback" not in each["msg"]]
                self.assertEqual({each["fields"]["endpoint"] for each in last}, {"Sentry.report"})
                for each in last:
                    self.assertRegex(each["fields"]["sender"], r"^h0/p0\.1/a\d+$")
        code, said = self.run_of("run", SENTRIES, "--", "report", 1).finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r'(?m)^\[h0/p1\.1\] info Sentry .*: all is quiet step=3 loss=0\.25 done=false mood="so so"$')
        self.assertRegex(said, r'(?m)^\[h0/p1\.1\] warning Sentry .*: odd why="\\"a=b\\"\\u000a\ufffd" "no\\u000akey"=nan '
                               r'""=18446744073709551615$')
        self.assertRegex(said, r"(?m)^\[h0/p1\.1\] info Sentry .*: before it failed: \S+ endpoint=Sentry\.report sender=h0/p0\.1/a\d+$")

    def test_output_of_all_procs_is_whole_lines_in_order(self):
        found = self.logged("run", "--log-format", "json", "-n", 2, SENTRIES, "--", "write", 1)
        for proc in ("h0/p1.1", "h1/p1.1"):
            for stream, last in (("stdout", 101), ("stderr", 100)):
                lines = [each["msg"] for each in found if (each.get("proc"), each["stream"]) == (proc, stream)]
                self.assertEqual(lines, [f"{stream[3:]} {i} is whole" for i in range(last)])

    def test_any_bytes_are_valid_json(self):
        found = self.logged("--json", "run", "--log-format", "json", SENTRIES, "--", "babble", 1)
        for proc in ("h0/p0.1", "h0/p1.1"):
            with self.subTest(proc=proc):
                of = [each for each in found if each.get("proc") == proc]
                for stream in ("stdout", "stderr"):
                    lines = [each["msg"] for each in of if each["stream"] == stream]
                    self.assertIn('{"ts":"forged","msg":"x"}', lines)
                    self.assertEqual("".join(lines).count("x" * 1000), 100)  # A long line comes in pieces.
                    self.assertIn("\ufffd\ufffd\u00e9\ufffd", lines)
                self.assertIn("a \"quote\"\nand \\ \u0000 and \ufffd", [each["msg"] for each in of if each["stream"] == "log"])

    def test_the_environment_chooses_and_the_option_wins(self):
        self.logged("run", SENTRIES, "--", "say", 1, environment={"ROOST_LOG_FORMAT": "json"})
        code, said = self.run_of("run", "--log-format", "text", SENTRIES, "--", "say", 1,
                                 environment={"ROOST_LOG_FORMAT": "json"}).finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"(?m)^\[h0/p1\.1\] info Sentry sentries\[.*: on my post$")
        for words, environment in ((["--log-format", "xml"], {}), ([], {"ROOST_LOG_FORMAT": "xml"})):
            code, said = self.run_of("run", *words, SENTRIES, environment=environment).finish()
            self.assertEqual(code, 64, said)
            self.assertIn("text,json", said)

    def test_ends_are_objects_too(self):
        running = self.run_of("run", "--log-format", "json", SENTRIES, "--", "watch", 1, 1)
        running.says('"msg":"ready"')
        os.kill(procs_of(running.session)[0], signal.SIGKILL)
        running.finish()
        found = self.objects(running)
        self.assertTrue(any("owner told" in each["msg"] and each["mesh"] == "captain" for each in found), found)
        found = self.logged("run", "--log-format", "json", "no such program", code=65)
        self.assertEqual(found[-1]["level"], "failure")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
