#!/usr/bin/env python3
"""Procs of one host that are killed, stopped, interrupted: who is told what, and that nothing is left.
Usage: processes_test.py ROOST SENTRIES [unittest arguments]"""

import os
import pathlib
import re
import signal
import sys
import time
import unittest

from runs import LiveTest, built_with, children_of, name_of, procs_of, processes_of, reports_in, root_of, stat_fields, strays_of, took

LiveTest.roost, SENTRIES = (os.path.abspath(path) for path in sys.argv[1:3])


def seconds_since(nanoseconds, begun):
    return (int(nanoseconds) - begun) / 1e9


class ProcessesTest(LiveTest):
    def watch(self, *arguments, knobs=(), options=(), environment=None):
        """A run of sentries that all wait for each other."""
        running = self.run_of("run", *options, self.scenario(SENTRIES, ["watch", *arguments], knobs), environment=environment)
        running.says(r"info Captain .*: ready$")
        return running

    def kill(self, pid, number=signal.SIGKILL):
        begun = time.monotonic_ns()
        os.kill(pid, number)
        return begun

    # A proc dies.

    def test_callers_of_a_killed_proc_are_told_of_it_in_time_and_all_others_go_on(self):
        def attempt():
            running = self.watch(8, 1)
            begun = self.kill(procs_of(running.session)[3])
            # The captain's caller, and that of another sentry.
            why = r"proc h0/p\d\.1 ended .*the proc was killed by signal 9 \(Killed\)"
            told = running.says(rf"Caller .*: caller told (\d+) {why}", 2)
            owner = running.says(rf"Captain .*: owner told (\d+) {why}")
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("7 of 8 answer", said)
            self.assertEqual(len(re.findall("owner told", said)), 1, said)
            return max(seconds_since(each[1], begun) for each in (*told, *owner))

        self.within(0.2, attempt)

    def test_a_stopped_proc_is_declared_failed_in_time_and_refused_and_stops_when_it_goes_on(self):
        def attempt():
            # Longer than this test, so that the proc ends because it was told to.
            running = self.watch(3, 2, knobs={"live.stop_grace": "60s"})
            stopped, killed = procs_of(running.session)[:2]
            begun = self.kill(stopped, signal.SIGSTOP)
            owner = running.says(r"Captain .*: owner told (\d+) (.*stopped by a signal.*)$")
            self.assertEqual(stat_fields(stopped)[0], "T")
            self.kill(stopped, signal.SIGCONT)
            running.says(r"refused a session: h0/p\d\.1 was declared failed")
            running.until(lambda: stopped not in processes_of(running.session), "the end of the proc that went on")
            self.kill(killed)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("1 of 3 answer", said)
            self.assertRegex(said, "judged .* of which 1 crashed: held")  # The other one ended in order.
            self.assertEqual(len(re.findall(rf"owner told", said)), 2, said)
            return seconds_since(owner[0][1], begun)

        self.within(1.5, attempt)

    def test_a_proc_that_is_stopped_briefly_goes_on(self):
        running = self.watch(2, 1, knobs={"live.stopped_bound": "1500ms"})
        stopped, killed = procs_of(running.session)
        begun = self.kill(stopped, signal.SIGSTOP)
        running.until(lambda: time.monotonic_ns() > begun + 600_000_000, "a stop that is seen")
        self.kill(stopped, signal.SIGCONT)
        running.until(lambda: time.monotonic_ns() > begun + 2_500_000_000, "the bound")
        self.kill(killed)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("1 of 2 answer", said)

    def test_a_stopped_proc_that_stays_so_is_killed(self):
        running = self.watch(2, 2, knobs={"live.stopped_bound": "200ms", "live.stop_grace": "100ms"})
        stopped, killed = procs_of(running.session)
        self.kill(stopped, signal.SIGSTOP)
        running.until(lambda: stopped not in processes_of(running.session), "the end of the stopped proc")
        self.kill(killed)
        self.assertEqual(running.finish()[0], 0)

    # The controller dies.

    def test_nothing_outlives_a_controller_that_is_killed(self):
        running = self.watch(4, 1)
        os.kill(root_of(running.session), signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 4, said)
        self.assertIn("the root proc was killed by signal 9", said)

    def test_nothing_outlives_the_command_that_is_killed(self):
        for arguments in (["watch", 4], ["compute", 4]):
            with self.subTest(arguments[0]):
                running = self.run_of("run", SENTRIES, "--", *arguments)
                running.says("ready$|computes$")
                self.assertNotEqual(os.listdir(self.temporary), [])
                os.kill(running.session, signal.SIGKILL)
                running.process.wait()
                running.nothing_left()

    def test_nothing_outlives_a_controller_that_is_stopped_and_killed(self):
        running = self.watch(2, 1)
        for pid in (root_of(running.session), *procs_of(running.session)):
            os.kill(pid, signal.SIGSTOP)
        os.kill(running.session, signal.SIGKILL)
        running.process.wait()
        running.nothing_left()

    def test_what_procs_leave_behind_ends_with_the_run(self):
        running = self.run_of("run", SENTRIES, "--", "strays", 2)
        running.says("ready$")
        procs = children_of(root_of(running.session))
        strays = running.until(lambda: len(found := strays_of(procs)) == 2 and found, "strays")
        for proc in procs:
            os.kill(proc, signal.SIGKILL)
        running.until(lambda: set(strays) <= set(children_of(running.session)), "the command as their parent")
        os.kill(strays[0], signal.SIGKILL)
        running.until(lambda: stat_fields(strays[0]) is None, "its end, with nothing left of it")
        running.process.send_signal(signal.SIGINT)
        running.finish()
        self.assertIsNone(stat_fields(strays[1]))

    # Signals to the controller.

    def test_an_interrupt_drains(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number=number):
                running = self.watch(3, 1)
                running.process.send_signal(number)
                code, said = running.finish()
                self.assertEqual(code, 128 + number, said)
                self.assertRegex(said, rf"was stopped: stopped by {signal.strsignal(number)}")
                self.assertRegex(said, r"judged \d+ messages of 4 procs: held")  # All of them ended in order.

    def test_a_signal_to_the_whole_group_drains_as_one(self):
        for number in (signal.SIGINT, signal.SIGTERM) * 4:
            with self.subTest(number=number):
                running = self.watch(3, 1)
                os.killpg(running.session, number)
                code, said = running.finish()
                self.assertEqual(code, 128 + number, said)
                self.assertRegex(said, rf"was stopped: stopped by {signal.strsignal(number)}")
                self.assertRegex(said, r"judged \d+ messages of 4 procs: held")

    def test_an_interrupt_from_the_terminal_reaches_the_controller_only(self):
        keyboard, terminal = os.openpty()
        for end in (keyboard, terminal):
            self.addCleanup(os.close, end)
        running = self.run_of("run", SENTRIES, "--", "watch", 3, terminal=terminal)
        running.says(r"info Captain .*: ready$")
        os.write(keyboard, b"\x03")
        code, said = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT, said)
        self.assertRegex(said, r"judged \d+ messages of 4 procs: held")

    def test_a_second_interrupt_kills_a_controller_that_does_not_drain(self):
        running = self.run_of("run", SENTRIES, "--", "root computes", 2)
        running.says("computes$")
        root = root_of(running.session)
        running.process.send_signal(signal.SIGINT)
        for pid in (running.session, root):
            running.until(lambda: took(pid, signal.SIGINT), "the first interrupt")
        self.assertEqual(running.process.poll(), None)
        running.says(r"still waits for the program to end after signal 2 \(Interrupt\); a second one kills it$")
        running.process.send_signal(signal.SIGINT)
        self.assertEqual(running.finish()[0], 128 + signal.SIGINT)

    def test_a_second_signal_kills_a_controller_that_is_stopped(self):
        for first, second in [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT), (signal.SIGHUP, signal.SIGTERM)]:
            with self.subTest(first=first, second=second):
                running = self.watch(2, 1)
                root = root_of(running.session)
                os.kill(root, signal.SIGSTOP)
                running.until(lambda: stat_fields(root)[0] == "T", "the stop of the root")
                running.process.send_signal(first)
                running.says(rf"still waits for the program to end after signal {first:d} .*; a second one kills it$")
                running.process.send_signal(second)
                self.assertEqual(running.finish()[0], 128 + second)

    def test_records_go_also_where_the_process_that_removes_them_does_not(self):
        for number in (signal.SIGKILL, signal.SIGSTOP):
            with self.subTest(number=number):
                running = self.watch(2, 1)
                janitor, = (pid for pid in processes_of(running.session) if name_of(pid) == "roost-janitor")
                os.kill(janitor, number)
                running.process.send_signal(signal.SIGINT)
                self.assertEqual(running.finish()[0], 128 + signal.SIGINT)

    def test_procs_that_do_not_drain_are_killed(self):
        running = self.run_of("run", SENTRIES, "--", "compute", 2)
        running.says("computes$", 2)
        running.process.send_signal(signal.SIGINT)
        self.assertEqual(running.finish()[0], 128 + signal.SIGINT)

    # Offloaded code.

    def test_offloaded_code_that_is_stuck_is_named_once(self):
        running = self.run_of("run", self.scenario(SENTRIES, ["block", 2], {"live.stuck_after": "60ms"}))
        named = (r"(?m)^\[(h0/p[12]\.1)\] warning \1: offloaded code of Sentry\.block_for_ever of \1/a\d+ has run for [\d.]+m?s and is "
                 r"not over: its handler waits actor=\1/a\d+ running_ns=\d+ endpoint=Sentry\.block_for_ever$")
        running.says(named, 2)
        running.process.send_signal(signal.SIGINT)  # They do not drain, and go on for the cleanup bound.
        code, said = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT, said)
        self.assertEqual(sorted(re.findall(named, said)), ["h0/p1.1", "h0/p2.1"])

    # Races, where the thread sanitizer is built in.

    def test_a_race_in_a_proc_is_seen(self):
        if not built_with(self.roost, "tsan"):
            self.skipTest("nothing looks for races here")
        running = self.run_of("run", SENTRIES, "--", "race", 1)
        running.process.wait()
        seen = reports_in(self.path)
        self.assertRegex(seen, r"WARNING: ThreadSanitizer: data race(.|\n)*Sentry::race")
        for file in self.path.glob("tsan.*"):
            file.unlink()

    # Output.

    def test_lines_that_come_in_pieces_stay_whole_and_in_order(self):
        running = self.run_of("run", SENTRIES, "--", "write", 3)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        for proc in ("h0/p1.1", "h0/p2.1", "h0/p3.1"):
            for stream, last in (("out", 100), ("err", 99)):
                lines = re.findall(rf"(?m)^\[{re.escape(proc)}\] {stream} (.*)$", said)
                self.assertEqual(lines, [f"{number} is whole" for number in range(last + 1)])
        self.assertEqual([line for line in said.splitlines() if "whole" in line and not line.startswith("[h0/p")], [])

    # Launches.

    def test_a_proc_that_never_calls_back_is_a_launch_failure(self):
        running = self.run_of("run", self.scenario(SENTRIES, ["lose", 2, 2], {"live.launch_bound": "500ms"}),
                              environment={"SENTRIES___proc": "never"})
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        for proc, rank in (("h0/p1.1", 0), ("h0/p2.1", 1)):
            self.assertRegex(said, rf"owner told \d+ .*proc {re.escape(proc)} ended .*did not run within 500ms, and was killed "
                                   r"\[launch_failed\]")

    def test_a_slow_launch_within_the_bound_is_none(self):
        running = self.watch(2, 1, environment={"SENTRIES___proc": "slowly"})
        self.kill(procs_of(running.session)[0])
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("1 of 2 answer", said)

    def test_a_launch_that_is_too_slow_is_a_failure(self):
        running = self.run_of("run", self.scenario(SENTRIES, ["lose", 2, 2], {"live.launch_bound": "100ms"}),
                              environment={"SENTRIES___proc": "slowly"})
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertEqual(len(re.findall(r"owner told .*launch_failed", said)), 2, said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
