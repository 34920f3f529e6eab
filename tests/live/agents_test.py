#!/usr/bin/env python3
"""The agents of procs and hosts, asked as actors on real processes. Usage: agents_test.py ROOST SENTRIES [...]"""

import os
import re
import signal
import sys
import unittest

from runs import LiveTest, agents_of, children_of, procs_of, root_of

LiveTest.roost, SENTRIES = (os.path.abspath(path) for path in sys.argv[1:3])


class AgentsTest(LiveTest):
    def ask(self, losses, *options):
        running = self.run_of("run", "-n", 2, *options, self.scenario(SENTRIES, ["agents", 2, losses]))
        running.says(r"asked$")
        return running

    def rows(self, said):
        """What the agents of hosts said, by host and proc, the first time and the last."""
        first, last = {}, {}
        for found in re.finditer(r"agent of host (\d): (\S+) (\S+) is (\w+), process (\d+) ?(.*)$", said, re.MULTILINE):
            key = int(found[1]), found[2]
            last[key] = found[3], found[4], int(found[5]), found[6]
            first.setdefault(key, last[key])
        return first, last

    def test_they_say_which_processes_run_on_each_host(self):
        running = self.ask(1)
        agent, = agents_of(running.session)
        here, there = ([pid for pid in children_of(parent) if pid in procs_of(running.session)]
                       for parent in (root_of(running.session), agent))
        first, _ = self.rows(running.output())
        self.assertEqual(set(first), {(0, "h0/p1.1"), (0, "h0/p2.1"), (1, "h1/p0.1"), (1, "h1/p1.1"), (1, "h1/p2.1")}, first)
        self.assertEqual({row[1] for row in first.values()}, {"running"}, first)
        self.assertEqual({name: row[0] for (_, name), row in first.items()},
                         {"h0/p1.1": "procs/0", "h0/p2.1": "procs/1", "h1/p0.1": "agent", "h1/p1.1": "procs/2", "h1/p2.1": "procs/3"})
        self.assertEqual({row[2] for (host, _), row in first.items() if host == 0}, set(here))
        self.assertEqual({row[2] for (host, _), row in first.items() if host == 1}, set(there))
        for name, process, actors, sessions in re.findall(r"agent of (\S+) \(procs/\d\), process (\d+): (\d+) actors, (\d+) sessions$",
                                                          running.output(), re.MULTILINE):
            self.assertEqual(int(process), next(row[2] for (_, proc), row in first.items() if proc == name))
            self.assertEqual(int(actors), 2, name)  # The sentry and the agent.
            self.assertGreater(int(sessions), 0, name)
        os.kill(first[1, "h1/p2.1"][2], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"agent of h1/p2\.1 is lost .*proc h1/p2\.1 (has failed|ended)")
        _, last = self.rows(said)
        self.assertEqual({key for key, row in last.items() if row[1] != "running"}, {(1, "h1/p2.1")}, last)
        self.assertEqual(last[1, "h1/p2.1"][1:3], ("ended", first[1, "h1/p2.1"][2]))
        self.assertIn("was killed by signal 9 (Killed)", last[1, "h1/p2.1"][3])
        self.assertRegex(said, r"judged \d+ messages of 6 procs, of which 1 crashed: held")

    def test_the_agent_of_a_host_that_is_killed_is_named_to_those_who_ask_it(self):
        running = self.ask(2)
        agent, = agents_of(running.session)
        os.kill(agent, signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"agent of host 1 is lost .*proc h1/p0\.1 (has failed|ended)")
        self.assertRegex(said, rf"owner told .*the agent of host h1 \(process {agent}\) was killed")

    def test_an_agent_that_alone_is_killed_takes_nobody_with_it(self):
        running = self.ask(1)
        first, _ = self.rows(running.output())
        os.kill(first[1, "h1/p0.1"][2], signal.SIGKILL)
        os.kill(first[0, "h0/p2.1"][2], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"agent of host 1 is lost .*proc h1/p0\.1 (has failed|ended)")
        self.assertEqual(len(re.findall(r"agent of h1/p[12]\.1 \(procs/\d\)", said)), 4, said)

    def test_procs_that_are_threads_have_them_too(self):
        code, said = self.ask(0, "--transport", "loopback").finish()
        self.assertEqual(code, 0, said)
        first, _ = self.rows(said)
        self.assertEqual(set(first), {(0, "h0/p1.1"), (0, "h0/p2.1"), (1, "h1/p0.1"), (1, "h1/p1.1"), (1, "h1/p2.1")}, said)
        self.assertEqual({row[1] for row in first.values()}, {"running"}, said)
        self.assertEqual(len(re.findall(r"agent of \S+ \(procs/\d\), process \d+: 2 actors", said)), 4, said)
        self.assertIn(": held", said)

    def test_agents_that_nobody_asks_have_no_process(self):
        running = self.run_of("run", "-n", 2, self.scenario(SENTRIES, ["watch", 1, 1]))
        running.says(r"ready$")
        self.assertEqual(len(procs_of(running.session)), 2)
        os.kill(procs_of(running.session)[0], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
