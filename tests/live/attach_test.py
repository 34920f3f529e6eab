#!/usr/bin/env python3
"""Host agents that stay, and controllers that attach to them, detach, and die.
Usage: attach_test.py ROOST SENTRIES ACTORS MESSAGING ORDERING [unittest arguments]"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

from runs import LiveTest, agents_of, children_of, name_of, procs_of, processes_of, root_of, stat_fields, strays_of

LiveTest.roost, SENTRIES, ACTORS, MESSAGING, ORDERING = (os.path.abspath(path) for path in sys.argv[1:6])

# The notes on an agent's socket: mark, version, kind, status, size of the text, number.
NOTE = struct.Struct("=IHHiIq")
MARK, VERSION = 0x726f6f02, 2
ATTACH, ACCEPTED, REFUSED, ALIVE, DETACH, KILL, LEAVING, ENDED, IDLE, STOP, INQUIRE, STATE = range(1, 13)


def note(kind, text=b"", number=0, version=VERSION, status=0):
    return NOTE.pack(MARK, version, kind, status, len(text), number) + text


def answer(there):
    """The next note of a socket: kind and text; none where it hung up."""
    head = there.recv(NOTE.size, socket.MSG_WAITALL)
    if len(head) < NOTE.size:
        return None
    size = NOTE.unpack(head)[4]
    return NOTE.unpack(head)[2], there.recv(size, socket.MSG_WAITALL).decode() if size else ""


class AttachTest(LiveTest):
    def agent(self, name="a", *options, environment=None):
        running = self.run_of("agent", "--listen", name, *options, environment=environment)
        running.path = self.path / name
        running.says(rf"^agent listens at {re.escape(name)}, process {running.session}$")
        return running

    def attach(self, paths, *words, options=(), environment=None):
        return self.run_of("run", "--attach", paths, *options, *words, environment=environment)

    def watch(self, paths, *arguments, knobs=(), options=(), environment=None):
        """A run of sentries that all wait for each other, on hosts that were attached."""
        running = self.attach(paths, self.scenario(SENTRIES, ["watch", *arguments], knobs), options=options, environment=environment)
        running.says(r"info Captain .*: ready$")
        return running

    def elsewhere(self):
        """Where a run keeps its private files while others are searched for theirs."""
        folder = self.path / "elsewhere"
        folder.mkdir()
        return {"TMPDIR": str(folder)}

    def connect(self, agent):
        there = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(there.close)
        here = os.getcwd()
        os.chdir(self.path)  # Paths of sockets are short.
        try:
            there.connect(agent.path.name)
        finally:
            os.chdir(here)
        there.settimeout(60)
        return there

    def idle_again(self, agent, times=1):
        """The agent has let go so often, and nothing of what it ran is left."""
        agent.says(r"^agent idle$", times)
        self.assertEqual(processes_of(agent.session), [agent.session])
        self.assertEqual(children_of(agent.session), [])

    def end(self, *agents):
        for agent in agents:
            agent.process.send_signal(signal.SIGTERM)
            code, said = agent.finish()
            self.assertEqual(code, 0, said)
            self.assertTrue(said.endswith("agent ended\n"), said)
            self.assertFalse(agent.path.exists())

    def refused(self, running, pattern, code=69):
        got, said = running.finish()
        self.assertEqual(got, code, said)
        self.assertRegex(said, pattern)
        self.assertEqual(len(said.splitlines()), 1, said)

    # What works.

    def test_scenarios_hold_on_attached_hosts_one_after_another(self):
        agents = [self.agent("a"), self.agent("b")]
        programs = [(ACTORS, 2, []), (MESSAGING, 4, []), (ORDERING, 2, ["100"])]
        for round_, (program, per_host, arguments) in enumerate(programs + programs, 1):
            with self.subTest(program=os.path.basename(program), round=round_):
                running = self.attach("a,b", program, "--", *arguments)
                code, said = running.finish()
                self.assertEqual(code, 0, said)
                self.assertRegex(said, rf"judged \d+ messages of {3 * per_host + 1} procs: held")
                for agent in agents:
                    self.assertIn(f"agent attached: process {running.session}, {program}, run {os.path.basename(program)}-"
                                  f"{running.session}, build ", agent.output())
                    self.idle_again(agent, round_)
        self.assertEqual(agents[0].output().count("agent drains: its controller has detached"), 6)
        self.end(*agents)

    def test_hosts_are_the_agents_in_order_and_procs_are_the_controllers_own(self):
        agents = [self.agent(name, environment={"WHOSE": "agent's"}) for name in "ab"]
        running = self.watch("b,a", 2, 1, environment={"WHOSE": "controller's"})
        self.assertEqual(len(procs_of(running.session)), 2)
        for agent, host in ((agents[1], "h1"), (agents[0], "h2")):
            runner, = agents_of(agent.session)
            self.assertEqual(pathlib.Path(f"/proc/{runner}/cmdline").read_bytes().split(b"\0")[0], f"roost-agent-{host}".encode())
            self.assertEqual(len(children_of(runner)), 2)
            for pid in (runner, *children_of(runner)):
                self.assertEqual(os.readlink(f"/proc/{pid}/exe"), SENTRIES)
                self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), os.path.realpath(self.path))
                self.assertIn(b"WHOSE=controller's", pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
        os.kill(children_of(agents_of(agents[0].session)[0])[0], signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("5 of 6 answer", said)
        self.assertRegex(said, r"owner told \d+ proc h2/p1\.1 ended .*was killed by signal 9 \(Killed\)")
        self.end(*agents)

    def test_lines_of_attached_hosts_stay_whole_and_in_order(self):
        agents = [self.agent("a"), self.agent("b")]
        code, said = self.attach("a,b", SENTRIES, "--", "write", 2).finish()
        self.assertEqual(code, 0, said)
        for proc in (f"h{host}/p{number}.1" for host in range(3) for number in (1, 2)):
            for stream, last in (("out", 100), ("err", 99)):
                lines = re.findall(rf"(?m)^\[{re.escape(proc)}\] {stream} (.*)$", said)
                self.assertEqual(lines, [f"{number} is whole" for number in range(last + 1)])
        code, said = self.attach("a", SENTRIES, "--", "say", 1, options=["--log-format", "json"]).finish()
        self.assertEqual(code, 0, said)
        found = [json.loads(line) for line in said.splitlines()]
        self.assertEqual(sorted(each["proc"] for each in found if each["msg"] == "on my post"), ["h0/p1.1", "h1/p1.1"])
        self.assertNotIn("on my post", agents[0].output())
        self.end(*agents)

    def test_a_program_that_is_replaced_meanwhile_is_not_mixed(self):
        agent = self.agent()
        program = self.path / "sentries"
        shutil.copy(SENTRIES, program)
        running = self.attach("a", program, "--", "watch", 1, 1, environment={"SENTRIES___agent": "slowly"})
        agent.says("^agent attached")
        fresh = self.path / "fresh"
        fresh.write_text("#!/bin/sh\nexit 3\n")
        fresh.chmod(0o755)
        fresh.rename(program)
        running.says(r"info Captain .*: ready$")
        proc, = procs_of(agent.session)
        self.assertEqual(os.readlink(f"/proc/{proc}/exe"), f"{program} (deleted)")
        os.kill(proc, signal.SIGKILL)
        self.assertEqual(running.finish()[0], 0)
        self.end(agent)

    def test_an_agent_can_have_a_network_of_its_own(self):
        if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode != 0:
            self.skipTest("no network namespace can be made here: that needs CAP_SYS_ADMIN")
        agent = self.agent("a", "--namespaces")
        running = self.watch("a", 1, 1)
        network = {pid: os.readlink(f"/proc/{pid}/ns/net") for pid in (running.session, agent.session, *procs_of(agent.session))}
        self.assertNotEqual(network[running.session], network[agent.session])
        self.assertEqual({network[pid] for pid in procs_of(agent.session)}, {network[agent.session]})
        listed = subprocess.run([LiveTest.roost, "get", "procs"], capture_output=True, text=True).stdout
        self.assertIn("h1/p1.1", listed)
        os.kill(procs_of(agent.session)[0], signal.SIGKILL)
        self.assertEqual(running.process.wait(), 0)
        self.idle_again(agent)
        self.end(agent)

    def test_an_agent_says_what_it_does(self):
        def described(*words):
            return subprocess.run([LiveTest.roost, *words, "describe", "a"], cwd=self.path, capture_output=True, text=True).stdout

        agent = self.agent()
        self.assertEqual(described(), f"agent at a, process {agent.session}\n  idle\n")
        running = self.watch("a", 1, 1)
        what = f"attached: process {running.session}, {SENTRIES}, run live_sentries-{running.session}"
        self.assertEqual(json.loads(described("--json")), {"type": "agent", "path": "a", "process": agent.session, "what": what})
        running.process.send_signal(signal.SIGINT)
        running.finish()
        self.end(agent)

    # Who is refused.

    def test_a_busy_agent_names_its_controller_and_all_others_are_released(self):
        agents = [self.agent("a"), self.agent("b")]
        first = self.watch("b", 1, 1, environment=self.elsewhere())
        self.refused(self.attach("a,b", SENTRIES, "--", "say"),
                     rf"^b: the agent refuses: this agent is attached to the controller of process {first.session}, {SENTRIES}, run ")
        self.idle_again(agents[0])
        os.kill(procs_of(agents[1].session)[0], signal.SIGKILL)
        code, said = first.finish()
        self.assertEqual(code, 0, said)
        self.assertIn("1 of 2 answer", said)
        self.end(*agents)

    def test_who_is_not_there_or_is_no_agent_is_named(self):
        agents = [self.agent("a")]
        (self.path / "file").write_text("")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(os.path.relpath(self.path / "stale"))
        self.refused(self.attach("a,nowhere", SENTRIES), "^nowhere: cannot reach an agent: No such file or directory$")
        self.refused(self.attach("a,file", SENTRIES), "^file: no agent listens there any more$")
        self.refused(self.attach("a,stale", SENTRIES), "^stale: no agent listens there any more$")
        self.refused(self.attach("x" * 108, SENTRIES), "is no path of a socket, expected 1 to 107 bytes$")
        self.end(*agents)

    def test_an_agent_of_another_version_refuses_and_is_refused(self):
        agent = self.agent()
        there = self.connect(agent)
        there.sendall(note(ATTACH, version=VERSION + 1))
        self.assertEqual(answer(there), (REFUSED, f"wire version {VERSION + 1} is spoken there, and {VERSION} here"))
        self.assertIsNone(answer(there))
        agent.says(rf"^agent refuses process {os.getpid()}: wire version {VERSION + 1} is spoken there, and {VERSION} here$")
        self.end(agent)
        for said, why in ((note(ACCEPTED, version=VERSION + 1), f"wire version {VERSION + 1} is spoken there, and {VERSION} here"),
                          (b"HTTP/1.1 400 Bad Request\r\n\r\n", "what came is nothing that roost says")):
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(os.path.relpath(self.path / "other"))
                other.listen()
                running = self.attach("other", SENTRIES)
                there, _ = other.accept()
                there.sendall(said)
                self.refused(running, rf"^other: what listens there is no agent of this roost: {why}")
                there.close()
            (self.path / "other").unlink()

    def test_an_agent_that_does_not_answer_in_time_is_named(self):
        agents = [self.agent("a"), self.agent("b")]
        os.kill(agents[1].session, signal.SIGSTOP)
        self.refused(self.attach("a,b", SENTRIES, options=["--set", "live.agent_bound=800ms"]),
                     "^b: the agent does not answer within 800ms$")
        self.idle_again(agents[0])
        os.kill(agents[1].session, signal.SIGCONT)
        self.end(*agents)

    def test_another_users_controller_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a process as another user")
        agent = self.agent()
        self.assertEqual(agent.path.stat().st_mode & 0o777, 0o600)
        agent.path.chmod(0o666)
        self.path.chmod(0o755)
        program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(4096)[24:].decode())"
        asked = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", program, "a"], cwd=self.path,
                               capture_output=True, text=True)
        self.assertEqual(asked.stdout, "it runs as user 65534, and this agent serves user 0\n", asked.stderr)
        agent.says(r"^agent refuses process \d+: it runs as user 65534, and this agent serves user 0$")
        self.end(agent)

    def test_another_users_agent_is_not_trusted(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a process as another user")
        self.path.chmod(0o777)
        program = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('theirs'); s.listen(); print('listens', flush=True); input()"
        with subprocess.Popen(["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", program], cwd=self.path,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as theirs:
            self.assertEqual(theirs.stdout.readline(), "listens\n")
            self.refused(self.attach("theirs", SENTRIES), "^theirs: the agent runs as user 65534, this process as user 0$")
            theirs.communicate("\n")

    def test_a_socket_file_is_taken_over_from_the_dead_only(self):
        dead = self.agent()
        self.refused(self.run_of("agent", "--listen", "a"), rf"^a: process {dead.session} listens there already$")
        os.kill(dead.session, signal.SIGKILL)
        dead.process.wait()
        self.assertTrue(dead.path.exists())
        agent = self.agent()
        (self.path / "file").write_text("kept")
        self.refused(self.run_of("agent", "--listen", "file"), "^file: lies there already, and is no socket$")
        self.assertEqual((self.path / "file").read_text(), "kept")
        self.refused(self.run_of("agent", "--listen", "no folder/a"), "^no folder/a: cannot open its folder: No such file or directory$")
        agent.path.unlink()
        second = self.agent()
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.finish()[0], 0)
        self.assertTrue(second.path.exists())  # Which is another's by now.
        self.end(second)

    def test_whatever_comes_at_its_socket_an_agent_lives(self):
        agent = self.agent()
        running = self.watch("a", 1, 1)
        def descriptors():
            return len(os.listdir(f"/proc/{agent.session}/fd"))

        before = descriptors()
        chance = random.Random(7)
        shut = socket.socketpair()
        self.addCleanup(lambda: [end.close() for end in shut])
        folder = os.open("/", os.O_RDONLY)
        self.addCleanup(os.close, folder)
        refusals = 0
        for count in range(3000):
            there = self.connect(agent)
            kind = chance.randrange(5)
            whole = note(chance.choice([ATTACH, ALIVE, DETACH, KILL, IDLE, ENDED, 99]), chance.randbytes(chance.randrange(40)))
            if kind == 0:
                sent = chance.randbytes(chance.randrange(1, 200))
            elif kind == 1:
                sent = whole[:chance.randrange(len(whole))]
            elif kind == 2:
                sent = bytearray(whole)
                sent[chance.randrange(len(sent))] ^= 1 << chance.randrange(8)
            elif kind == 3:
                sent = NOTE.pack(MARK, VERSION, ATTACH, 0, chance.choice([4097, 2**32 - 1]), 0)
            else:
                sent = whole
            with_descriptors = [chance.choice([folder, shut[0].fileno(), 0]) for _ in range(chance.randrange(9))]
            try:
                socket.send_fds(there, [bytes(sent)], with_descriptors)
                there.shutdown(socket.SHUT_WR)
                got = answer(there)
            except OSError:  # It hung up before all was sent.
                got = None
            there.close()
            if got is not None:
                self.assertEqual(got[0], REFUSED, got)
                self.assertRegex(got[1], r"^[ -~]+$")
                refusals += 1
        self.assertGreater(refusals, 1000)
        agent.until(lambda: descriptors() == before, "as many open descriptors as before")
        os.kill(procs_of(agent.session)[0], signal.SIGKILL)
        self.assertEqual(running.finish()[0], 0)  # Nobody else was disturbed.
        self.end(agent)

    def test_who_comes_and_says_nothing_is_no_hindrance(self):
        agent = self.agent()
        silent = [self.connect(agent) for _ in range(15)]
        self.assertEqual(self.attach("a", SENTRIES, "--", "say").finish()[0], 0)
        self.assertEqual(answer(silent[0]), (REFUSED, "no request came within 3s"))
        self.end(agent)

    def test_a_crowd_that_says_nothing_keeps_nobody_out(self):
        agent = self.agent()
        silent = [self.connect(agent) for _ in range(40)]
        self.assertEqual(answer(silent[0]), (REFUSED, "too many are here that said nothing yet"))
        self.assertEqual(self.attach("a", SENTRIES, "--", "say").finish()[0], 0)
        described = self.run_of("describe", agent.path)
        self.assertEqual(described.finish()[0], 0)
        self.end(agent)

    def test_an_agent_with_too_many_callers_is_tried_again_within_the_bound(self):
        here = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(here.close)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.path)  # Paths of sockets are short.
        here.bind("a")
        here.listen(1)
        here.settimeout(60)
        def refuse(status, text):
            there = here.accept()[0]
            there.sendall(note(REFUSED, text, status=status))
            there.close()

        def attach():
            return self.attach("a", SENTRIES, "--", "say", options=["--set", "live.agent_bound=600ms"])

        running = attach()
        for status, text in [(1, b"too many"), (1, b"too many"), (0, b"enough")]:
            refuse(status, text)
        self.refused(running, "^a: the agent refuses: enough$")
        running = attach()
        here.settimeout(0.01)
        while running.process.poll() is None:
            try:
                refuse(1, b"too many")
            except TimeoutError:
                pass
        self.refused(running, "^a: the agent refuses: too many$")

    # Who goes.

    def test_a_controller_that_is_killed_leaves_an_idle_agent_that_serves_the_next_one(self):
        agent = self.agent()
        for times, which in enumerate(("controller", "command"), 1):
            with self.subTest(which):
                running = self.watch("a", 2, 1)
                self.assertEqual(len(procs_of(agent.session)), 2)
                os.kill(root_of(running.session) if which == "controller" else running.session, signal.SIGKILL)
                self.assertEqual(self.attach("a", SENTRIES, "--", "say").finish()[0], 0)
                self.assertIn("agent drains: its controller is gone", agent.output())
                self.idle_again(agent, 2 * times)
                running.process.wait()
                running.nothing_left()
        self.end(agent)

    def test_procs_of_a_controller_that_is_gone_are_killed_where_they_do_not_end(self):
        agent = self.agent()
        running = self.attach("a", SENTRIES, "--", "compute", 2)
        running.says("computes$", 4)
        os.kill(running.session, signal.SIGKILL)
        self.idle_again(agent)
        self.end(agent)

    def test_what_procs_leave_behind_ends_before_the_agent_is_idle(self):
        agent = self.agent()
        running = self.attach("a", SENTRIES, "--", "strays", 2)
        running.says("ready$")
        runner, = agents_of(agent.session)
        procs = children_of(runner)
        strays = running.until(lambda: len(found := strays_of(procs)) == 2 and found, "strays")
        os.kill(procs[0], signal.SIGKILL)
        os.kill(runner, signal.SIGKILL)
        self.idle_again(agent)
        self.assertEqual([stat_fields(stray) for stray in strays], [None, None])
        running.process.send_signal(signal.SIGINT)
        running.finish()
        self.end(agent)

    def test_a_controller_that_is_silent_for_the_bound_is_let_go_of(self):
        agent = self.agent()
        # A path bound and a lease that the controller's standstill does not reach: else paths to all procs may count as lost first.
        knobs = {"live.agent_bound": "2s", "link.path_bound": "10s", "actor.lease": "6s"}
        running = self.watch("a", 1, 1, knobs=knobs, environment=self.elsewhere())
        root = root_of(running.session)
        os.kill(root, signal.SIGSTOP)
        agent.says("^agent drains: its controller has been silent for 2s$")
        self.idle_again(agent)
        self.assertEqual(self.attach("a", SENTRIES, "--", "say").finish()[0], 0)
        os.kill(root, signal.SIGCONT)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"owner told \d+ proc h1/p1\.1 ended ")
        self.end(agent)

    def test_an_interrupt_of_the_controller_drains_attached_hosts(self):
        agent = self.agent()
        running = self.watch("a", 2, 1)
        running.process.send_signal(signal.SIGINT)
        code, said = running.finish()
        self.assertEqual(code, 128 + signal.SIGINT, said)
        self.assertRegex(said, r"judged \d+ messages of 5 procs: held")
        self.idle_again(agent)
        self.end(agent)

    def test_the_death_of_an_attached_agent_is_the_death_of_its_procs_each_told_with_the_agent_as_cause(self):
        def attempt():
            agents = [self.agent("a"), self.agent("b")]
            running = self.watch("a,b", 2, 2)
            begun = time.monotonic_ns()
            os.kill(agents[0].session, signal.SIGKILL)
            told = running.says(r"(?:owner|caller) told (\d+) .*", 5)
            code, said = running.finish()
            self.assertEqual(code, 0, said)
            self.assertIn("4 of 6 answer", said)
            self.assertIn(": held", said)
            losses = {found[1]: found[2] for found in re.finditer(r"(?m)owner told \d+ proc (\S+) ended (.*)$", said)}
            self.assertEqual(set(losses), {"h1/p1.1", "h1/p2.1"}, said)
            for why in losses.values():
                self.assertRegex(why, rf"the proc is gone with its host .*the agent of host h1 \(process {agents[0].session} at a\) is "
                                      r"gone: it hung up")
            agents[0].process.wait()
            agents[0].until(lambda: not processes_of(agents[0].session), "the end of all that it ran", ended=True)
            self.idle_again(agents[1])
            self.end(agents[1])
            return max(int(each[1]) - begun for each in told) / 1e9

        self.within(0.2, attempt)

    def test_the_death_of_what_an_agent_runs_is_told_and_the_agent_stays(self):
        agent = self.agent()
        running = self.watch("a", 1, 1)
        runner, = agents_of(agent.session)
        os.kill(runner, signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, rf"owner told .*the agent of host h1 \(process {agent.session} at a\) lost the process that it ran, which "
                               r"was killed by signal 9 \(Killed\)")
        self.idle_again(agent)
        self.end(agent)

    def test_a_silent_agent_is_declared_failed_and_ends_what_it_ran_when_it_goes_on(self):
        for whose in ("agent", "runner"):
            with self.subTest(whose):
                agent = self.agent()
                running = self.watch("a", 2, 2, knobs={"live.agent_bound": "2s"})
                os.kill(agent.session if whose == "agent" else agents_of(agent.session)[0], signal.SIGSTOP)
                code, said = running.finish()
                self.assertEqual(code, 0, said)
                self.assertIn("2 of 4 answer", said)
                self.assertEqual(len(re.findall("owner told .* has not answered for 2s", said)), 2, said)
                if whose == "agent":
                    os.kill(agent.session, signal.SIGCONT)
                self.idle_again(agent)
                self.end(agent)

    def test_an_agent_that_is_to_end_drains_and_tells_its_controller(self):
        for how in ("signal", "stop"):
            with self.subTest(how):
                agent = self.agent()
                running = self.watch("a", 1, 1)
                if how == "signal":
                    agent.process.send_signal(signal.SIGINT)
                    why = "it was stopped by Interrupt"
                else:
                    stopping = self.run_of("agent", "stop", "a")
                    why = f"process {stopping.session} asks for it"
                    self.assertEqual(stopping.finish()[0], 0)
                    self.assertRegex(stopping.output(), rf"^ended the agent at a, process {agent.session}, which was attached: process "
                                                        rf"{running.session}, ")
                code, said = agent.finish()
                self.assertEqual(code, 0, said)
                self.assertFalse(agent.path.exists())
                code, said = running.finish()
                self.assertEqual(code, 0, said)
                self.assertRegex(said, rf"owner told .*the agent of host h1 \(process {agent.session} at a\) drains: {why}")
                self.assertRegex(said, r"judged \d+ messages of 3 procs: held")  # In order: none crashed.
        self.refused(self.run_of("agent", "stop", "a"), "^a: cannot reach an agent: No such file or directory$")

    def test_a_second_signal_kills_an_agent_and_all_that_it_runs(self):
        agent = self.agent()
        running = self.attach("a", SENTRIES, "--", "compute", 2)
        running.says("computes$", 4)
        agent.process.send_signal(signal.SIGTERM)
        agent.says("^agent ends: it was stopped by Terminated$")
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(), -signal.SIGTERM)
        agent.until(lambda: not processes_of(agent.session), "the end of all that it ran", ended=True)
        self.assertFalse(agent.path.exists())
        running.process.send_signal(signal.SIGINT)
        running.finish()

    def test_ordering_holds_when_an_attached_agent_is_killed_in_the_middle(self):
        agents = [self.agent("a"), self.agent("b")]
        folder = self.path / "records"
        running = self.attach("a,b", ORDERING, "--", 2000, options=["--record", folder])
        files = [folder / f"h{host}-p{number}.1.record" for host in range(3) for number in (1, 2)]
        running.until(lambda: all(file.exists() and file.stat().st_size > 20_000 for file in files), "some work of all")
        os.kill(agents[0].session, signal.SIGKILL)
        code, said = running.finish()
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"judged \d+ messages of 7 procs(?:, of which [12] crashed)?: held")
        self.assertRegex(said, r" 4 ranks lost")
        self.idle_again(agents[1])
        self.end(agents[1])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[6:]])
