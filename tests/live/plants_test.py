#!/usr/bin/env python3
"""Bugs planted where real processes are started and watched: each breaks what the tests beside this file want, and is seen.
Usage: plants_test.py ROOST SENTRIES ROOT [unittest arguments]"""

import os
import pathlib
import re
import signal
import sys
import time
import unittest

from runs import LiveTest, agents_of, children_of, procs_of, processes_of, root_of, took

LiveTest.roost, SENTRIES = (os.path.abspath(path) for path in sys.argv[1:3])
ROOT = pathlib.Path(sys.argv[3]).resolve()


def process_descriptors_of(pid):
    """How many descriptors of other processes a process has open."""
    found = 0
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += os.readlink(f"/proc/{pid}/fd/{number}") == "anon_inode:[pidfd]"
        except OSError:
            continue
    return found


class PlantsTest(LiveTest):
    """Each test runs one observation twice: what it sees with the bug is not what it sees without."""

    def both(self, plant, observe):
        return observe([]), observe(["--plant", plant])

    def test_every_plant_of_what_starts_and_watches_processes_has_a_test(self):
        tested = set(re.findall(r'self\.both\("([\w-]+)"', pathlib.Path(__file__).read_text()))
        planted = set()
        for part in ("agent_socket", "attached_agent", "child", "child_process", "control_channel", "controlled_process", "guest",
                     "host_agent", "host_procs", "launcher", "offload_pool", "remote_host", "standing_agent"):
            source = (ROOT / "core/roost/live" / f"{part}.cpp").read_text()
            planted |= set(re.findall(r'ROOST_DEFINE_PLANT\(\s*\w+,\s*"([\w-]+)"', source))
        self.assertEqual(planted - tested, set())

    def test_a_plant_that_is_none_is_refused(self):
        code, said = self.run_of("run", "--plant", "child-outlive", SENTRIES).finish()
        self.assertEqual(code, 64, said)
        self.assertIn("child-outlives", said)

    def test_a_child_that_outlives_is_seen(self):
        def observe(plant):
            running = self.run_of("run", *plant, SENTRIES, "--", "compute", 1)
            running.says("computes$")
            proc, = procs_of(running.session)
            os.kill(running.session, signal.SIGKILL)
            running.process.wait()
            running.until(lambda: len(processes_of(running.session)) <= (1 if plant else 0), "the end of the others", ended=True)
            left = processes_of(running.session)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            running.nothing_left()
            return left == [proc]

        self.assertEqual(self.both("child-outlives", observe), (False, True))

    def test_a_log_line_that_is_torn_is_seen(self):
        def observe(plant):
            code, said = self.run_of("run", *plant, SENTRIES, "--", "write", 1).finish()
            self.assertEqual(code, 0, said)
            return [line for line in said.splitlines() if line.startswith("[h0/p1.1] out") and not line.endswith("whole")] == []

        self.assertEqual(self.both("log-line-torn", observe), (True, False))

    def test_a_readiness_that_never_comes_is_seen(self):
        def observe(plant):
            running = self.run_of("run", *plant, self.scenario(SENTRIES, ["lose", 1, 1], {"live.launch_bound": "2s"}))
            if not plant:  # Lives longer than the bound, until it is killed.
                proc, = running.until(lambda: procs_of(running.session), "the proc")
                bound = time.monotonic() + 2.5
                running.until(lambda: time.monotonic() > bound)
                os.kill(proc, signal.SIGKILL)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            return "did not run within 2s, and was killed" in said

        self.assertEqual(self.both("readiness-lost", observe), (False, True))

    def test_a_descriptor_that_is_kept_open_is_seen(self):
        def observe(plant):
            running = self.run_of("run", *plant, self.scenario(SENTRIES, ["watch", 4, 4]))
            running.says("Captain .*: ready$")
            root, procs = root_of(running.session), procs_of(running.session)
            for pid in procs[:3]:
                os.kill(pid, signal.SIGKILL)
            running.says("owner told", 3)
            running.until(lambda: process_descriptors_of(root) == (4 if plant else 1), "the descriptors of living procs")
            found = process_descriptors_of(root)
            os.kill(procs[3], signal.SIGKILL)
            running.finish()
            return found

        self.assertEqual(self.both("descriptor-kept", observe), (1, 4))

    def test_a_signal_that_is_swallowed_is_seen(self):
        def observe(plant):
            running = self.run_of("run", *plant, self.scenario(SENTRIES, ["watch", 1, 1]))
            running.says("Captain .*: ready$")
            root = root_of(running.session)
            os.kill(root, signal.SIGINT)
            if plant:  # It takes the signal, and goes on until another comes.
                running.until(lambda: took(root, signal.SIGINT), "the interrupt")
                os.kill(procs_of(running.session)[0], signal.SIGKILL)
            return running.finish()[0]

        self.assertEqual(self.both("signal-swallowed", observe), (6, 0))

    def test_an_agent_whose_death_is_not_reported_is_seen(self):
        def observe(plant):
            running = self.run_of("run", "-n", 2, *plant, self.scenario(SENTRIES, ["watch", 1, 1]))
            running.says("Captain .*: ready$")
            agent, = agents_of(running.session)
            os.kill(agent, signal.SIGKILL)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            return f"the agent of host h1 (process {agent})" in said

        self.assertEqual(self.both("agent-death-unreported", observe), (True, False))

    def test_offloaded_code_that_nobody_watches_is_seen(self):
        def observe(plant):
            running = self.run_of("run", *plant, self.scenario(SENTRIES, ["block", 1], {"live.stuck_after": "60ms"}))
            running.says("blocks$")
            bound = time.monotonic() + (1 if plant else 1_000)
            running.until(lambda: "offloaded code of" in running.output() or time.monotonic() > bound)
            running.process.send_signal(signal.SIGINT)
            return "offloaded code of Sentry.block_for_ever" in running.finish()[1]

        self.assertEqual(self.both("offload-unwatched", observe), (True, False))

    def agent(self, plant):
        running = self.run_of("agent", "--listen", "a", *plant)
        running.says("^agent listens")
        return running

    def test_procs_that_stay_with_an_agent_when_their_controller_has_gone_are_seen(self):
        def observe(plant):
            agent = self.agent(plant)
            running = self.run_of("run", "--attach", "a", self.scenario(SENTRIES, ["watch", 1, 1], {"live.agent_bound": "800ms"}))
            running.says("Captain .*: ready$")
            root = root_of(running.session)
            os.kill(root, signal.SIGSTOP)  # Else it would end them itself.
            agent.says("^agent drains: its controller has been silent for 800ms$")
            if not plant:
                agent.says("^agent idle$")
            bound = time.monotonic() + 1.5  # After which they end by themselves, with their lease.
            agent.until(lambda: not procs_of(agent.session) or time.monotonic() > bound)
            stay = procs_of(agent.session) != []
            os.kill(root, signal.SIGCONT)
            running.finish()
            agent.process.send_signal(signal.SIGTERM)
            agent.finish()
            return stay

        self.assertEqual(self.both("detached-procs-stay", observe), (False, True))

    def test_an_agent_that_serves_two_is_seen(self):
        def observe(plant):
            agent = self.agent(plant)
            first = self.run_of("run", "--attach", "a", self.scenario(SENTRIES, ["watch", 1, 1]))
            first.says("Captain .*: ready$")
            second = self.run_of("run", "--attach", "a", SENTRIES, "--", "say", 1)
            served = second.process.wait()
            first.process.send_signal(signal.SIGTERM)
            first.process.wait()
            agent.end()
            return served

        self.assertEqual(self.both("agent-serves-two", observe), (69, 0))

    def test_a_socket_file_that_an_agent_leaves_is_seen(self):
        def observe(plant):
            agent = self.agent(plant)
            agent.process.send_signal(signal.SIGTERM)
            self.assertEqual(agent.finish()[0], 0)
            return (self.path / "a").exists()

        self.assertEqual(self.both("stale-agent-file", observe), (False, True))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
