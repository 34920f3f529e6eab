#!/usr/bin/env python3
"""The scenarios on real procs, over each transport and over several hosts, judged by what their procs recorded.
Usage: scenarios_test.py ROOST ACTORS MESSAGING ORDERING [unittest arguments]; a program that is - is left out"""

import itertools
import os
import re
import signal
import subprocess
import sys
import unittest

from runs import LiveTest, agents_of, children_of

LiveTest.roost, ACTORS, MESSAGING, ORDERING = (path if path == "-" else os.path.abspath(path) for path in sys.argv[1:5])

# Each with the procs that it has on a host, and its arguments.
PROGRAMS = [each for each in [(ACTORS, 2, []), (MESSAGING, 4, []), (ORDERING, 2, ["100"])] if each[0] != "-"]


class ScenariosTest(LiveTest):
    def hold(self, program, procs, hosts, *options, arguments=()):
        running = self.run_of("run", "-n", hosts, *options, program, "--", *arguments)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, rf"judged \d+ messages of {procs + 1} procs: held")
        self.assertGreater(int(re.search(r"judged (\d+)", said)[1]), 100, said)

    def test_each_holds_with_eight_procs_over_each_transport(self):
        for (program, per_host, arguments), transport in itertools.product(PROGRAMS, ("loopback", "shm")):
            with self.subTest(program=os.path.basename(program), transport=transport):
                self.hold(program, 8, 8 // per_host, "--transport", transport, arguments=arguments)

    def test_each_holds_with_several_workers_a_proc(self):
        for (program, per_host, arguments), transport in itertools.product(PROGRAMS, ("loopback", "shm")):
            with self.subTest(program=os.path.basename(program), transport=transport):
                self.hold(program, 2 * per_host, 2, "--transport", transport, "--set", "live.workers=3", arguments=arguments)

    def test_each_holds_while_idle_rings_come_and_go(self):
        for program, per_host, arguments in PROGRAMS:
            with self.subTest(program=os.path.basename(program)):
                self.hold(program, 2 * per_host, 2, "--set", "shm.ring_idle=200us", arguments=arguments)

    def test_each_holds_with_two_agents(self):
        for program, per_host, arguments in PROGRAMS:
            with self.subTest(program=os.path.basename(program)):
                self.hold(program, 3 * per_host, 3, arguments=arguments)

    def test_each_holds_with_two_agents_in_networks_of_their_own(self):
        if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
            self.skipTest("no network namespace can be made here: that needs CAP_SYS_ADMIN")
        for program, per_host, arguments in PROGRAMS:
            with self.subTest(program=os.path.basename(program)):
                self.hold(program, 3 * per_host, 3, "--namespaces", arguments=arguments)

    def test_ordering_holds_when_a_proc_or_an_agent_is_killed_in_the_middle(self):
        for which, lost in (("proc", 1), ("agent", 2)):
            with self.subTest(which):
                folder = self.path / which
                running = self.run_of("run", "-n", 3, "--record", folder, ORDERING, "--", 8000)
                files = [folder / f"h{host}-p{number}.1.record" for host in range(3) for number in (1, 2)]
                running.until(lambda: all(file.exists() and file.stat().st_size > 20_000 for file in files), "some work of all")
                agent = agents_of(running.session)[0]
                os.kill(agent if which == "agent" else children_of(agent)[0], signal.SIGKILL)
                code, said = running.finish()
                self.assertEqual(code, 0, said)
                # The agent's hang-up and the kernel's signal race for its procs: those that see the first still end in order.
                self.assertRegex(said, r"judged \d+ messages of 7 procs(?:, of which [12] crashed)?: held")
                self.assertRegex(said, rf" {2 * lost} ranks lost")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
