#!/usr/bin/env python3
"""Several hosts on one machine, each behind its agent: that are lost, silent, never begin. Usage: hosts_test.py ROOST SENTRIES [...]"""

import os
import re
import signal
import subprocess
import sys
import time
import unittest

from runs import LiveTest, agents_of, children_of, procs_of, processes_of, root_of, stat_fields, strays_of

LiveTest.roost, SENTRIES = (os.path.abspath(path) for path in sys.argv[1:3])

# Fails where the loopback interface is down.
TALK_TO_ONESELF = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 10)"


class HostsTest(LiveTest):
    def watch(self, hosts, *arguments, knobs=(), options=(), environment=None):
        running = self.run_of("run", "-n", hosts, *options, self.scenario(SENTRIES, ["watch", *arguments], knobs),
                              environment=environment)
        running.says(r"info Captain .*: ready$")
        return running

    def losses(self, said):
        """What the owner was told, by proc."""
        return {found[1]: found[2] for found in re.finditer(r"(?m)owner told \d+ proc (\S+) ended (.*)$", said)}

    def test_each_host_but_the_first_has_an_agent_that_is_the_parent_of_its_procs(self):
        running = self.watch(3, 2, 1)
        session, root = running.session, root_of(running.session)
        agents, procs = agents_of(session), procs_of(session)
        self.assertEqual((len(agents), len(procs)), (2, 6))
        self.assertEqual({int(stat_fields(agent)[1]) for agent in agents}, {root})
        for parent in (root, *agents):
            self.assertEqual(len(set(children_of(parent)) & set(procs)), 2)
        for pid in (*agents, *procs):
            self.assertEqual(os.getpgid(pid), pid)
        os.kill(procs[-1], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("5 of 6 answer", said)

    def test_procs_of_any_host_launch_procs_on_all_hosts_which_end_with_them(self):
        running = self.run_of("run", "-n", 2, SENTRIES, "--", "recruit", 2, 1)
        running.says("4 recruits answer")
        agent, = agents_of(running.session)
        root = root_of(running.session)
        self.assertEqual([len(children_of(parent)) for parent in (root, agent)], [1 + 2 + 2, 2 + 2])
        os.kill(children_of(agent)[1], signal.SIGKILL)  # The last sentry's.
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("3 of 4 answer", said)
        self.assertRegex(said, r"judged \d+ messages of 9 procs, of which 3 crashed: held")

    def test_who_is_owned_from_a_proc_whose_launcher_is_killed_ends_without_a_silence(self):
        def attempt():
            knobs = {"actor.lease": "6s", "link.path_bound": "10s"}
            running = self.run_of("run", "-n", 2, self.scenario(SENTRIES, ["settle", 1, 1], knobs))
            running.says(r"info Captain .*: ready$")
            agent, = agents_of(running.session)
            launcher, outpost = children_of(agent)
            begun = time.monotonic_ns()
            os.kill(launcher, signal.SIGKILL)
            told = running.says(r"settler ended (\d+) .*proc h1/p\d+\.1 is lost with h1/p1\.1, which launched it")
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("1 of 2 answer", said)
            return (int(told[0][1]) - begun) / 1e9

        self.within(0.2, attempt)

    def test_a_proc_of_another_host_that_is_killed_is_named_and_its_callers_are_told_in_time(self):
        def attempt():
            running = self.watch(2, 2, 1)
            agent, = agents_of(running.session)
            begun = time.monotonic_ns()
            os.kill(children_of(agent)[0], signal.SIGKILL)
            told = running.says(r"caller told (\d+) .*proc h1/p\d\.1 ended .*was killed by signal 9 \(Killed\)", 2)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("3 of 4 answer", said)
            return max(int(each[1]) - begun for each in told) / 1e9

        self.within(0.2, attempt)

    def test_the_death_of_an_agent_is_the_death_of_its_procs_each_told_with_the_agent_as_cause(self):
        def attempt():
            running = self.watch(3, 2, 2)
            agent = agents_of(running.session)[0]
            begun = time.monotonic_ns()
            os.kill(agent, signal.SIGKILL)
            told = running.says(r"(?:owner|caller) told (\d+) .*", 5)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("4 of 6 answer", said)
            self.assertIn(": held", said)
            losses = self.losses(said)
            self.assertEqual(set(losses), {"h1/p1.1", "h1/p2.1"}, said)
            for why in losses.values():
                self.assertRegex(why, rf"the proc is gone with its host .*the agent of host h1 \(process {agent}\) was killed by "
                                      r"signal 9 \(Killed\)")
            return max(int(each[1]) - begun for each in told) / 1e9

        self.within(0.2, attempt)

    def test_a_silent_agent_is_declared_failed_with_its_procs(self):
        running = self.watch(2, 2, 2, knobs={"live.agent_bound": "500ms"})
        agent, = agents_of(running.session)
        os.kill(agent, signal.SIGSTOP)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("2 of 4 answer", said)
        losses = self.losses(said)
        self.assertEqual(set(losses), {"h1/p1.1", "h1/p2.1"}, said)
        for why in losses.values():
            self.assertIn("has not answered for 500ms", why)

    def test_nothing_outlives_a_controller_or_command_that_is_killed(self):
        for which in ("controller", "command"):
            with self.subTest(which):
                running = self.watch(3, 2, 1)
                self.assertEqual(len(processes_of(running.session)), 2 + 1 + 2 + 6)  # With the janitor.
                os.kill(root_of(running.session) if which == "controller" else running.session, signal.SIGKILL)
                running.process.wait()
                running.nothing_left()

    def test_procs_that_do_nothing_but_compute_end_with_their_agent(self):
        running = self.run_of("run", "-n", 2, SENTRIES, "--", "compute", 2)
        running.says("computes$", 4)
        agent, = agents_of(running.session)
        others = set(procs_of(running.session)) - set(children_of(agent))
        os.kill(agent, signal.SIGKILL)
        running.until(lambda: set(procs_of(running.session)) == others, "the end of its procs")
        running.process.send_signal(signal.SIGINT)
        running.finish()

    def test_an_interrupt_drains_all_hosts(self):
        running = self.watch(3, 2, 1)
        running.process.send_signal(signal.SIGINT)
        code, said = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT, said)
        self.assertRegex(said, r"judged \d+ messages of 7 procs: held")

    def test_procs_of_an_agent_that_do_not_drain_are_killed(self):
        running = self.run_of("run", "-n", 2, SENTRIES, "--", "compute", 2)
        running.says("computes$", 4)
        running.process.send_signal(signal.SIGINT)
        self.assertEqual(running.finish()[0], 128 + signal.SIGINT)

    def test_what_procs_of_an_agent_leave_behind_comes_to_it_and_ends_with_the_run(self):
        running = self.run_of("run", "-n", 2, SENTRIES, "--", "strays", 2, 2)
        running.says("ready$")
        agent, = agents_of(running.session)
        procs = children_of(agent)
        strays = running.until(lambda: len(found := strays_of(procs)) == 2 and found, "strays")
        for proc in procs:
            os.kill(proc, signal.SIGKILL)
        running.until(lambda: set(children_of(agent)) == set(strays), "the agent as their parent")
        os.kill(strays[0], signal.SIGKILL)
        running.until(lambda: stat_fields(strays[0]) is None, "its end, with nothing left of it")
        os.kill(agent, signal.SIGKILL)
        running.until(lambda: int(stat_fields(strays[1])[1]) == running.session, "the command as its parent")
        running.process.send_signal(signal.SIGINT)
        running.finish()
        self.assertIsNone(stat_fields(strays[1]))

    def test_lines_of_all_hosts_stay_whole_and_in_order(self):
        code, said = self.run_of("run", "-n", 3, SENTRIES, "--", "write", 2).finish()
        self.assertEqual(code, 0, said)
        for proc in (f"h{host}/p{number}.1" for host in range(3) for number in (1, 2)):
            for stream, last in (("out", 100), ("err", 99)):
                lines = re.findall(rf"(?m)^\[{re.escape(proc)}\] {stream} (.*)$", said)
                self.assertEqual(lines, [f"{number} is whole" for number in range(last + 1)])

    def test_an_agent_that_never_begins_is_a_launch_failure_of_each_of_its_procs(self):
        running = self.run_of("run", "-n", 2, self.scenario(SENTRIES, ["lose", 2, 2], {"live.launch_bound": "1s"}),
                              environment={"SENTRIES___agent": "never"})
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("2 of 4 answer", said)
        self.assertEqual(set(self.losses(said)), {"h1/p1.1", "h1/p2.1"}, said)
        for why in self.losses(said).values():
            self.assertRegex(why, r"the proc is gone with its host \[launch_failed\] .*the agent of host h1 \(process \d+\) did not run "
                                  r"within 1s, and was killed")

    def test_a_proc_of_an_agent_that_never_calls_back_is_a_launch_failure(self):
        running = self.run_of("run", "-n", 2, self.scenario(SENTRIES, ["lose", 1, 2], {"live.launch_bound": "500ms"}),
                              environment={"SENTRIES___proc": "never"})
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertEqual(set(self.losses(said)), {"h0/p1.1", "h1/p1.1"}, said)
        for why in self.losses(said).values():
            self.assertIn("did not run within 500ms, and was killed [launch_failed]", why)

    def test_a_slow_agent_within_the_bound_is_none(self):
        running = self.watch(2, 1, 1, environment={"SENTRIES___agent": "slowly"})
        os.kill(procs_of(running.session)[0], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("1 of 2 answer", said)

    # Network namespaces.

    def test_agents_and_their_procs_have_networks_of_their_own_that_go_with_them(self):
        if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
            self.skipTest("no network namespace can be made here: that needs CAP_SYS_ADMIN")
        for killed in ("proc", "agent", "command"):
            with self.subTest(killed):
                running = self.watch(3, 1, 1, options=["--namespaces"])
                network = {pid: os.readlink(f"/proc/{pid}/ns/net") for pid in processes_of(running.session)}
                agents = agents_of(running.session)
                self.assertEqual(len({network[pid] for pid in (root_of(running.session), *agents)}), 3)
                for agent in agents:
                    self.assertEqual([network[pid] for pid in children_of(agent)], [network[agent]])
                    subprocess.run(["nsenter", "--net", "--target", str(agent), sys.executable, "-c", TALK_TO_ONESELF], check=True)
                os.kill({"proc": children_of(agents[0])[0], "agent": agents[0], "command": running.session}[killed], signal.SIGKILL)
                if killed == "command":
                    running.process.wait()
                    running.nothing_left()
                else:
                    code, said = running.finish()
                    self.assertEqual(code, 0, said)
                    self.assertIn("2 of 3 answer", said)

    def test_networks_that_are_not_permitted_are_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give up the right to make network namespaces")
        refused = subprocess.run(["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", LiveTest.roost, "run", "-n", "2",
                                  "--namespaces", SENTRIES, "--", "lose"], capture_output=True, text=True, env=self.environment)
        self.assertEqual(refused.returncode, 69, refused.stderr)
        self.assertRegex(refused.stderr, r"--namespaces: cannot make a network namespace, which needs CAP_SYS_ADMIN: "
                                         r"Operation not permitted")
        self.assertEqual(os.listdir(self.temporary), [])

    def test_networks_are_for_agents(self):
        for options in (["-n", 2, "--transport", "loopback"], ["-n", 1]):
            code, said = self.run_of("run", *options, "--namespaces", SENTRIES).finish()
            self.assertEqual(code, 64, said)
            self.assertIn("--namespaces is for host agents", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
