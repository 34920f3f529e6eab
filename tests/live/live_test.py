#!/usr/bin/env python3
"""Live runs, end to end. Usage: live_test.py ROOST ORDERING MISBEHAVER [unittest arguments]"""

import glob
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from runs import LIMIT, built_with, expect_no_reports, processes_of, procs_of, root_of, with_reports

ROOST, ORDERING, MISBEHAVER = (os.path.abspath(path) for path in sys.argv[1:4])


def until(what, running):
    """Waits for what a run brings about."""
    end = time.monotonic() + LIMIT
    while not what():
        if running.poll() is not None or time.monotonic() > end:
            raise AssertionError(f"it did not come about; the run's exit code is {running.poll()}")
        time.sleep(0.002)


def sanitized():
    return built_with(ROOST, "asan") or built_with(ROOST, "tsan")


class LiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="roost live ")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.temporary = self.path / "tmp"
        self.temporary.mkdir()
        self.environment = with_reports(dict(os.environ, TMPDIR=str(self.temporary)), self.path)
        self.addCleanup(expect_no_reports, self.path)
        self.shared = set(glob.glob("/dev/shm/*roost*"))

    def start(self, *words):
        return subprocess.Popen([ROOST, *map(str, words)], cwd=self.path, env=self.environment, start_new_session=True, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish(self, running):
        try:
            out, err = running.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            self.fail(f"the run hangs\n{running.communicate()[1]}")
        self.assertEqual(processes_of(running.pid), [], f"processes are left\n{err}")
        self.assertNotRegex(err, "Sanitizer: |runtime error: ")
        self.assertEqual(set(glob.glob("/dev/shm/*roost*")) - self.shared, set())
        return running.returncode, out, err

    def call(self, *words):
        return self.finish(self.start(*words))

    def expect(self, code, said, *words):
        got, out, err = self.call(*words)
        self.assertEqual(got, code, f"{words}\n{err}")
        self.assertRegex(err, said)
        return out, err

    def assert_nothing_left(self):
        self.assertEqual(os.listdir(self.temporary), [])

    def record(self, *words):
        """The folder of the records of a run that held."""
        folder = self.path / "records"
        self.expect(0, ": held", "run", "--record", folder, *words)
        return folder

    def scenario(self, text):
        (self.path / "given.toml").write_text(text)
        return self.path / "given.toml"

    # How runs end.

    def test_ordering_holds_over_each_transport(self):
        for transport in ("shm", "loopback"):
            with self.subTest(transport=transport):
                _, err = self.expect(0, r"judged \d+ messages of 3 procs: held", "run", "--on", "local", "--transport", transport,
                                     ORDERING, "--", "60")
                self.assertGreater(int(re.search(r"judged (\d+)", err).group(1)), 100)
                self.assertRegex(err, r"0 ranks lost")
                self.assert_nothing_left()

    def test_a_scenario_names_program_arguments_and_knobs(self):
        folder = self.record(self.scenario(
            f'program = "{ORDERING}"\nargv = ["20"]\n[knobs]\nlink.credit_messages = 1\n'))
        self.assertEqual((folder / "knobs").read_text(), "link.credit_messages=1\n")
        self.expect(0, ": held", "check", folder)

    def test_json_keeps_standard_output_for_objects(self):
        out, _ = self.expect(0, ": held", "--json", "run", ORDERING, "--", "10")
        objects = {line["type"]: line for line in map(json.loads, out.splitlines())}
        self.assertEqual(objects["judged"]["verdict"], "held")
        self.assertEqual(objects["judged"]["procs"], 3)
        self.assertEqual(objects["run"]["code"], 0)

    def test_a_killed_proc_is_named_and_the_rest_goes_on(self):
        folder = self.path / "records"
        running = self.start("run", "--record", folder, ORDERING, "--", "3000")

        def busy():
            files = [folder / f"h0-p{n}.1.record" for n in (0, 1, 2)]
            return all(file.exists() and file.stat().st_size > 20_000 for file in files[1:])

        until(busy, running)
        victim = procs_of(running.pid)[0]
        os.kill(victim, signal.SIGKILL)
        code, _, err = self.finish(running)
        self.assertEqual(code, 0, err)
        self.assertRegex(err, r"judged \d+ messages of 3 procs, of which 1 crashed: held")
        self.assertRegex(err, r"[12] ranks lost")
        self.assert_nothing_left()

    def test_each_way_to_fail_has_its_exit_code(self):
        for transport in ("shm", "loopback"):
            for how, code, said in [("throw", 6, "has had enough"), ("broken", 1, "FAIL .* pupils obey")]:
                with self.subTest(how=how, transport=transport):
                    self.expect(code, said, "run", "--transport", transport, MISBEHAVER, "--", how)
        # What a proc holds that exits in a handler is nobody's any more.
        self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        for how in ("crash", "exit"):
            with self.subTest(how=how):
                self.expect(6, r"proc h0/p[12]\.1 ended", "run", MISBEHAVER, "--", how)

    def test_a_failure_has_one_code_a_cause_and_is_logged_once(self):
        for transport in ("shm", "loopback"):
            with self.subTest(transport=transport):
                _, err = self.expect(6, r"(?m)failed: roost\.Root root \(h0/p0\.1/a\d+\) failed \[actor_failed\]\n"
                                     r"  because: the pupil has had enough \[handler_threw\] at Pupil\.learn of [^\[]*\[[^\]]*\] \([^\[]*\)$",
                                     "run", "--transport", transport, MISBEHAVER, "--", "throw")
                self.assertEqual(len(re.findall(r"Root root .*before it failed: .* a callback", err)), 1, err)

    def test_a_fault_at_the_root_may_be_expected(self):
        text = f'program = "{MISBEHAVER}"\nargv = ["throw"]\n[check]\nexpect_fault_at_root = true\n'
        self.expect(0, "has had enough", "run", self.scenario(text))

    def test_a_root_that_dies_is_told_of_and_leaves_nothing(self):
        self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0"  # Let it die, where it is built in.
        for number, code in [(signal.SIGKILL, 4), (signal.SIGSEGV, 4)]:
            with self.subTest(number=number):
                running = self.start("run", MISBEHAVER, "--", "hang")
                until(lambda: len(procs_of(running.pid)) == 2, running)
                os.kill(root_of(running.pid), number)
                got, _, err = self.finish(running)
                self.assertEqual(got, code, err)
                self.assertRegex(err, rf"the root proc was killed by signal {number}")
                self.assert_nothing_left()

    def test_streams_that_are_closed_from_the_start_are_no_hindrance(self):
        for closed in ("<&-", ">&- 2>&-", "<&- >&- 2>&-"):
            for options in ("run", "run --log-format json", "--json run"):
                with self.subTest(closed=closed, options=options):
                    running = subprocess.Popen(["sh", "-c", f'exec "$0" {options} "$1" {closed}', ROOST, ORDERING],
                                               cwd=self.path, env=self.environment, start_new_session=True,
                                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    self.assertEqual(running.wait(timeout=LIMIT), 0)
                    self.assertEqual(processes_of(running.pid), [])
                    self.assert_nothing_left()

    def on_a_small_disk(self, size, script):
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here: that needs CAP_SYS_ADMIN")
        script = f'mount -t tmpfs -o {size} none "$TMPDIR" && {script}'
        return subprocess.run(["unshare", "--mount", "sh", "-c", script, ROOST, ORDERING], cwd=self.path, env=self.environment,
                              capture_output=True, text=True, timeout=LIMIT)

    def test_a_full_disk_for_records_leaves_no_verdict(self):
        if built_with(ROOST, "tsan"):
            self.skipTest("the thread sanitizer puts a file of its own there, which takes all of the disk from the start")
        done = self.on_a_small_disk("size=64k", '"$0" run --record "$TMPDIR/kept" "$1" -- 500; code=$?; '
                                    '"$0" check "$TMPDIR/kept"; echo check $?; exit $code')
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("nothing more is recorded", done.stderr)
        self.assertEqual(len(re.findall(r"not judged: .*h0-p\d\.1\.record\.incomplete: could not be written to its end", done.stderr)),
                         2, done.stderr)
        self.assertIn("check 5", done.stdout)

    def test_a_full_disk_is_no_hindrance_where_nobody_asked_for_records(self):
        for size, said in [("size=64k", r"record\.incomplete: could not be written to its end"),
                           ("size=64k,nr_inodes=4", r"record\.incomplete: could not be written to its end"),
                           ("size=4k", r"not judged"), ("size=64k,nr_inodes=1", "no folder for records can be made")]:
            with self.subTest(size=size):
                done = self.on_a_small_disk(size, '"$0" run "$1" -- 500; code=$?; echo left: $(ls "$TMPDIR"); exit $code')
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(len(re.findall("not judged", done.stderr)), 1, done.stderr)
                self.assertRegex(done.stderr, said)
                self.assertRegex(done.stderr, "0 ranks lost")
                self.assertRegex(done.stdout, "(?m)^left:$")

    def test_a_folder_for_temporary_files_that_is_none_is_no_hindrance(self):
        self.environment["TMPDIR"] = str(self.path / "nowhere")
        self.expect(0, f"not judged: .*TMPDIR.*No such file.*{re.escape(str(self.path))}/nowhere", "run", ORDERING, "--", 5)
        self.expect(5, "not judged: .*TMPDIR", "run", self.scenario(f'program = "{ORDERING}"\nargv = ["5"]\n'))
        self.expect(0, ": held", "run", "--record", self.path / "kept", ORDERING, "--", 5)
        self.environment["TMPDIR"] = ""
        self.expect(0, ": held", "run", ORDERING, "--", 5)

    def test_a_record_stops_at_its_limit_and_the_run_goes_on(self):
        limit = ("--set", "live.record_limit=96KiB")
        for transport in ("shm", "loopback"):
            with self.subTest(transport=transport):
                _, err = self.expect(0, r"not judged: the record of h0/p[12]\.1 reached 32KiB\n  --record FOLDER", "run", *limit,
                                     "--transport", transport, ORDERING, "--", 600)
                self.assertEqual(err.count("reached 32KiB"), 1, err)
                self.assertIn("0 ranks lost", err)
                self.assert_nothing_left()
        out, _ = self.expect(0, "not judged", "--json", "run", *limit, ORDERING, "--", 600)
        objects = {line["type"]: line for line in map(json.loads, out.splitlines())}
        self.assertEqual((objects["judged"]["verdict"], objects["run"]["code"]), ("not judged", 0))
        folder = self.path / "kept"
        self.expect(5, "not judged: the record of h0/p[12].1 reached 96KiB\n  --set", "run", "--record", folder, *limit, ORDERING,
                    "--", 1200)
        self.expect(5, "not judged: the record of h0/p[12].1 reached 96KiB\n$", "check", folder)
        for file in folder.glob("*.record"):
            self.assertLess(file.stat().st_size, (96 << 10) + 64)
        self.expect(5, "not judged", "run", self.scenario(
            f'program = "{ORDERING}"\nargv = ["600"]\n[knobs]\nlive.record_limit = "96KiB"\n'))

    def test_what_did_not_hold_counts_also_where_a_record_has_stopped(self):
        self.expect(1, "pupils obey(.|\n)*not judged: the record of .* reached 1365B", "run", "--set", "live.record_limit=4KiB",
                    MISBEHAVER, "--", "broken")
        self.expect(6, "has had enough(.|\n)*not judged: the record", "run", "--set", "live.record_limit=4KiB", MISBEHAVER, "--", "throw")

    def test_nothing_is_recorded_where_that_is_asked_for(self):
        self.environment["TMPDIR"] = str(self.path / "nowhere")
        for words in ([ORDERING], [self.scenario(f'program = "{ORDERING}"\n')], ["-n", 2, ORDERING], ["--transport", "loopback", ORDERING]):
            with self.subTest(words=words):
                self.expect(0, "not judged: nothing was recorded, as --no-record asks for", "run", "--no-record", *words, "--", 20)
        self.expect(6, "has had enough", "run", "--no-record", MISBEHAVER, "--", "throw")
        self.expect(64, "--record", "run", "--no-record", "--record", self.path / "kept", ORDERING)

    def limited(self, limit, *words):
        """A command under a limit of `ulimit`."""
        return self.finish(subprocess.Popen(["sh", "-c", f'ulimit {limit} && exec "$0" "$@"', ROOST, *map(str, words)], cwd=self.path,
                                            env=self.environment, start_new_session=True, text=True, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE))

    def test_what_a_proc_lacks_to_start_is_said(self):
        if sanitized():
            self.skipTest("the sanitizers look at memory through descriptors of their own")
        for descriptors, told in ((8, {69}), (10, {0, 69}), (12, {0, 69}), (14, {0, 69})):  # Its procs may lack it, and not the root.
            with self.subTest(descriptors=descriptors):
                code, _, err = self.limited(f"-n {descriptors}", "run", ORDERING)
                self.assertIn(code, told, err)
                self.assertRegex(err, r"cannot make [a-z ]+: Too many open files")
                self.assertNotIn("invariant", err)
                self.assert_nothing_left()

    def test_a_small_address_space_has_room_for_fewer_handlers(self):
        if sanitized():
            self.skipTest("the address sanitizer takes more than any limit leaves")
        for kib in (600_000, 100_000):
            with self.subTest(kib=kib):
                code, _, err = self.limited(f"-v {kib}", "run", ORDERING)
                self.assertEqual(code, 0, err)
                self.assertRegex(err, ": held")

    def test_a_limit_of_files_is_an_error_of_what_is_too_large(self):
        code, _, err = self.limited("-f 8", "run", "--transport", "loopback", ORDERING)
        self.assertEqual(code, 0, err)
        self.assertRegex(err, "not judged")
        code, _, err = self.limited("-f 8", "run", "--transport", "shm", ORDERING)
        self.assertNotIn("signal 25", err)
        self.assertRegex(err, "File too large")
        self.assert_nothing_left()

    def test_a_hang_up_that_is_ignored_ends_nothing(self):
        for number in (signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number=number):
                running = subprocess.Popen([ROOST, "run", MISBEHAVER, "--", "hang"], cwd=self.path, env=self.environment, text=True,
                                           start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(number, signal.SIG_IGN))
                until(lambda: len(procs_of(running.pid)) == 2, running)
                running.send_signal(number)
                time.sleep(1.5)
                self.assertIsNone(running.poll())
                running.send_signal(signal.SIGTERM)
                code, _, err = self.finish(running)
                self.assertEqual(code, 128 + signal.SIGTERM, err)
                self.assertNotRegex(err, "Hangup|Quit")
                self.assert_nothing_left()

    def test_signals_end_a_run_and_leave_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number=number):
                running = self.start("run", MISBEHAVER, "--", "hang")
                until(lambda: len(procs_of(running.pid)) == 2, running)
                running.send_signal(number)
                code, _, err = self.finish(running)
                self.assertEqual(code, 128 + number, err)
                self.assert_nothing_left()

    def test_input_that_is_no_program_is_refused(self):
        garbage = self.path / "garbage"
        garbage.write_bytes(b"\x7fELF and no more")
        garbage.chmod(0o755)
        plain = self.path / "plain"
        plain.write_text("not to be run")
        for target in (garbage, plain, self.path, self.path / "nobody", ROOST):
            with self.subTest(target=target):
                self.expect(65, re.escape(target.name if isinstance(target, pathlib.Path) else "roost"), "run", target)
        self.expect(64, "transport", "run", "--transport", "pigeon", ORDERING)
        self.expect(64, "PROGRAM", "run")
        self.assert_nothing_left()

    def test_records_of_two_runs_are_not_mixed(self):
        folder = self.record(ORDERING, "--", "5")
        self.expect(64, "holds records of another run", "run", "--record", folder, ORDERING, "--", "5")

    # Records.

    def test_a_record_that_was_cut_is_of_a_proc_that_crashed(self):
        folder = self.record(ORDERING, "--", "20")
        self.expect(0, r"of 3 procs: held", "check", folder)
        cut = folder / "h0-p1.1.record"
        text = cut.read_bytes()
        cut.write_bytes(text[:-7])
        self.expect(0, r"of 3 procs, of which 1 crashed: held", "check", folder)
        self.expect(0, r"of 3 procs, of which 1 crashed: held", "check", *sorted(folder.glob("*.record")))

    def test_a_swapped_start_is_caught(self):
        folder = self.record(ORDERING, "--", "400")
        file, first, second = self.pair_under_way_at_once(folder)
        text = file.read_text()
        # Both as they came: each with the size that it was sent with.
        at_its_receiver = r"(?m)^((?:handler_started|handler_ended|replied) .* stamp=)({}|{})((?: size=\d+)?)(?= |$)".format(
            re.escape(first), re.escape(second))
        swap = {first: second, second: first}
        sizes = {stamp: size for what, stamp, size in re.findall(at_its_receiver, text) if what.startswith("handler_started")}
        doctored = re.sub(at_its_receiver, lambda found: found.group(1) + swap[found.group(2)] +
                          (sizes[swap[found.group(2)]] if found.group(3) else ""), text)
        self.assertNotEqual(doctored, text)
        file.write_text(doctored)
        _, err = self.expect(1, r"FAIL .*  G2  record \d+", "check", folder)
        self.assertIn(f"message {first.split('.')[1]} of ", err)

    def pair_under_way_at_once(self, folder):
        """A file and the stamps of two messages that one actor handled one after the other, from one sender that waits for no
        answer to either, the second sent before the first started."""

        def observations(file):
            for line in file.read_text().splitlines()[1:]:
                kind, *words = line.split()
                yield kind, dict(word.partition("=")[::2] for word in words)

        files = list(folder.glob("*.record"))
        sent = {seen["stamp"]: seen for file in files for kind, seen in observations(file) if kind == "sent"}
        for file in files:
            last = {}
            for kind, seen in observations(file):
                if kind != "handler_started" or "stamp" not in seen:
                    continue
                pair = (seen["actor"], seen["stamp"].split(".")[0])
                before = last.get(pair)
                if (before and before["endpoint"] == seen["endpoint"] and int(sent[seen["stamp"]]["at"]) < int(before["at"]) and
                        not any("flag" in sent[one["stamp"]] for one in (before, seen))):
                    return file, before["stamp"], seen["stamp"]
                last[pair] = seen
        self.fail("no two messages of one sender were under way at once")

    def test_what_happens_twice_is_refused_or_judged(self):
        folder = self.record(ORDERING, "--", "5")
        file = folder / "h0-p1.1.record"
        lines = file.read_text().splitlines(keepends=True)
        for kind, code, said in [("actor_started", 65, r"h0-p1\.1\.record: record \d+.*started twice"), ("handler_started", 1, "FAIL"),
                                 ("proc_started", 0, "held"), ("cleanup_started", 1, "FAIL")]:
            with self.subTest(kind=kind):
                at = next(i for i, line in enumerate(lines) if line.startswith(kind) and (kind[0] != "a" or "other=h0/p0" in line))
                file.write_text("".join([*lines[:at], lines[at], *lines[at:]]))
                self.expect(code, said, "check", folder)

    def test_what_was_cut_out_of_a_short_record_is_missed(self):
        folder = self.record(ORDERING, "--", "5")
        lines = {file: file.read_text().splitlines(keepends=True) for file in sorted(folder.glob("*.record"))}
        waits = {line.rpartition("stamp=")[2].split()[0] for record in lines.values() for line in record
                 if line.startswith("wait_started") and "stamp=" in line}
        for kind in ("sent", "handler_started", "handler_ended", "wait_started", "wait_ended", "reply_arrived", "cleanup_started",
                     "cleanup_ended"):
            # What answers a call of several is not told apart from its other answers.
            places = [(file, at) for file, record in lines.items() for at, line in enumerate(record) if line.startswith(kind + " ") and
                      (kind != "reply_arrived" or line.rpartition("stamp=")[2].split()[0] in waits)]
            self.assertTrue(places, kind)
            for file, at in (places[0], places[-1]):
                with self.subTest(kind=kind, file=file.name, line=at + 1):
                    file.write_text("".join(lines[file][:at] + lines[file][at + 1:]))
                    self.expect(1, r"FAIL .*  G\d+  record \d+", "check", folder)
                    file.write_text("".join(lines[file]))

    def test_what_is_no_regular_file_is_no_record(self):
        folder = self.record(ORDERING, "--", "5")
        for name in ("knobs", "h0-p1.1.record"):
            with self.subTest(name=name):
                kept = (folder / name).read_bytes()
                (folder / name).unlink()
                os.mkfifo(folder / name)
                self.expect(65, f"{name}: is no regular file", "check", folder)
                self.expect(65, f"{name}: is no regular file", "check", folder / name if name != "knobs" else folder)
                (folder / name).unlink()
                (folder / name).write_bytes(kept)

    def test_records_that_are_none_are_refused_at_their_place(self):
        folder = self.record(ORDERING, "--", "5")
        self.expect(65, "nowhere", "check", self.path / "nowhere")
        self.expect(65, "holds no file", "check", self.temporary)
        self.expect(64, "DIR", "check")
        self.expect(64, "no knob", "check", folder, "--set", "link.credit=4")
        file = folder / "h0-p2.1.record"
        self.expect(65, "expected one record of each proc", "check", folder, file)
        lines = file.read_text().splitlines(keepends=True)
        file.write_text("".join([*lines[:3], "sent at=x\n", *lines[3:]]))
        self.expect(65, r"h0-p2.1.record: record 3.*expected", "check", folder)
        file.write_bytes(os.urandom(4096))
        self.expect(65, r"h0-p2.1.record: record 0.*expected", "check", folder)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
