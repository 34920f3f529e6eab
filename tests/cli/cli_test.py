#!/usr/bin/env python3
"""The command line, end to end. Usage: cli_test.py ROOST MISBEHAVER FABRIC [unittest arguments]"""

import ctypes
import errno
import json
import os
import pathlib
import platform
import re
import resource
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOST, PROGRAM, FABRIC = (os.path.abspath(path) for path in sys.argv[1:4])

SANITIZED = b"__asan_init" in pathlib.Path(PROGRAM).read_bytes()

CALM = """\
program = "misbehaver"
argv = ["%s"]
[topology]
hosts = 1
procs_per_host = 2
[time]
limit = "60s"
wall_limit = "20s"
[knobs]
draw = false
"""

# Each is a whole file, and what must be said about it behind its name.
MALFORMED = {
    "no value": ("name = \n", r":1:8: .*expected value"),
    "cut short": ('[topology]\nhosts = 2\n[time\n', r":3:\d+: "),
    "no text at all": ("\x00\x01\x02\xff", r":1:\d+: "),
    "unknown key": ("[topology]\nhosts = 2\nprocs_per_hosts = 3\n", r":3:1: unknown key 'procs_per_hosts'.* did you mean 'procs_per_host'\?"),
    "key of another table": ("hosts = 2\n", r":1:1: unknown key 'hosts', did you mean 'topology.hosts'\?"),
    "no hosts": ("[topology]\nhosts = 0\n", r":2:9: topology.hosts: 0 is out of range, expected 1 to"),
    "more procs than there may be": ("[topology]\nhosts = 1_000_000\nprocs_per_host = 5\n",
                                     r":2:9: topology.hosts: 1000000 with 5 procs each make more than 4000000 procs"),
    "least over most": ('program = "misbehaver"\n[knobs]\nlink.backoff_max = "1ms"\nlink.backoff_min = "100ms"\n',
                        r":4:\d+: knob link.backoff_min: 100ms is more than link.backoff_max = 1ms"),
    "no unit": ('[time]\nlimit = "10"\n', r":2:9: time.limit: '10' has no unit, expected a duration such as '10ms'"),
    "unit of a size": ('[time]\nlimit = "10MiB"\n', r":2:9: time.limit: '10MiB' has the unknown unit 'MiB'"),
    "negative duration": ('[time]\nsettle = "-1s"\n', r":2:10: time.settle: '-1s' is negative"),
    "overflow": ('[time]\nlimit = "99999999999999999999s"\n', r":2:9: time.limit: '99999999999999999999s' is too large"),
    "probability over 1": ("[net.default]\nloss = 1.5\n", r":2:8: net.default.loss: '1.5' is more than 1"),
    "minimum over maximum": ('[net.default]\nlatency = { dist = "uniform", min = "5us", max = "2us" }\n',
                             r":2:50: net.default.latency.max: 2us is less than min = 5us"),
    "dims": ("[topology]\ndims = { node = 3 }\n", r":2:8: topology.dims: the sizes multiply to 3, expected hosts \* procs_per_host = 8"),
    "unknown host": ('[[event]]\nat = "1s"\ndo = "partition"\nbetween = ["host0", "host9"]\nfor = "1s"\n',
                     r":4:21: event\[0\]: there is no host9, the hosts are host0 to host1"),
    "place that is not there": ('[topology]\ndims = { node = 8 }\n[[event]]\nat = "1s"\ndo = "kill_proc"\ntarget = "proc(node = 8)"\n',
                                r":6:10: event\[0\].target: 'proc\(node = 8\)': index 8 is out of range"),
    "partition of a host with itself": ('[[event]]\nat = "1s"\ndo = "partition"\nbetween = ["host1", "host1"]\nfor = "1s"\n',
                                        r":4:21: event\[0\]: 'host1' stands on both sides"),
    "partition of no length": ('[[event]]\nat = "1s"\ndo = "partition"\nbetween = ["host0", "host1"]\nfor = "0s"\n',
                               r":5:7: event\[0\].for: 0 is no time"),
    "partition of everybody from nobody": ('[topology]\nhosts = 2\n[[event]]\nat = "1s"\ndo = "partition"\ngroups = [["host0", "host1"]]\nfor = "1s"\n',
                                           r":6:10: event\[0\].groups: all hosts stand in one group"),
    "zero byte in a name": ('name = "a\\u0000b"\n', r":1:8: name: 'a\\x00b' is no name"),
    "zero byte in an argument": ('argv = ["3\\u0000"]\n', r":1:8: argv: '3\\x00' has a zero byte"),
    "trigger of nobody's": ('program = "misbehaver"\n[[event]]\nwhen = "endpoint Nobody.ping count >= 1"\ndo = "heal"\n',
                            r":3:8: event\[0\].when: the program has no endpoint 'Nobody.ping'"),
    "knob twice": ('program = "misbehaver"\n[knobs]\nactor.lease = "1s"\n"actor.lease" = "2s"\n',
                   r":4:1: knob actor.lease is set twice, first at \S*:3:7"),
    "unknown fault": ('[[event]]\nat = "1s"\ndo = "partitoin"\n', r":3:6: event\[0\].do: 'partitoin' is unknown, did you mean 'partition'\?"),
    "two mistakes": ("[topology]\nhosts = 0\n[time]\nlimit = 5\n", r":2:9: .*\n.*:4:9: time.limit is the number 5"),
    "no program": ("name = \"x\"\n", r":1:1: the scenario names no program"),
    "program that is not there": ('program = "nobody"\n', r":1:11: the program 'nobody' is not there, looked for"),
    "program that is roost": ('program = "roost"\n', r":1:11: the program 'roost' is roost itself"),
    "program without roost::main": ('program = "stranger"\n', r":1:11: the program 'stranger' .*does not link roost::main"),
    "unknown knob": ('program = "misbehaver"\n[knobs]\nno_such.knob = 1\n', r":3:9: unknown knob 'no_such.knob'"),
}

# The words after `roost`, and what must be said.
WRONG = [
    ("", "no command, expected one of sim, run, agent, check, get, describe, bench, doctor"),
    ("simm", "unknown command 'simm', did you mean 'sim'?"),
    ("sim", "subcommand is required"),
    ("sim verfy calm.toml", "unknown command 'verfy', did you mean 'verify'?"),
    ("sim run", "SCENARIO is required"),
    ("sim run calm.toml --seeed 3", "unexpected argument '--seeed', did you mean '--seed'?"),
    ("sim run calm.toml other.toml", "unexpected argument 'other.toml'"),
    ("sim run calm.toml --seed", "--seed"),
    ("sim run calm.toml --seed x", "--seed: 'x' is no seed"),
    ("sim run calm.toml --seed 18446744073709551616", "is too large, expected a seed below 2^64"),
    ("sim run calm.toml --seeds 5..1", "--seeds: '5..1' is empty"),
    ("sim run calm.toml --seeds 1...3", "--seeds: "),
    ("sim run calm.toml --seed 1 --seeds 1..3", "excludes"),
    ("sim run calm.toml --plant no-such-plant", "--plant: "),
    ("sim run calm.toml -j many --seeds 1..2", "-j"),
    ("sim replay", "REPRO is required"),
    ("sim replay x.repro --until never", "--until: 'never' is no event"),
    ("run", "expected a PROGRAM or a SCENARIO"),
    ("run --on slurm misbehaver", "--on: "),
    ("run --transport pigeon misbehaver", "--transport: "),
    ("run --attach a -n 2 misbehaver", "excludes"),
    ("run --attach a,,b misbehaver", "--attach: 'a,,b' has an empty path"),
    ("run --attach a, misbehaver", "--attach: 'a,' has an empty path"),
    ("run --attach a,b,a misbehaver", "--attach: 'a' is there twice"),
    ("run --attach " + ",".join(map(str, range(64))) + " misbehaver", "--attach: expected at most 63 agents"),
    ("run --attach a --attach b misbehaver", "--attach"),
    ("run --attach a --transport loopback {program}", "--attach is for processes, expected --transport shm"),
    ("run --attach a --namespaces {program}", "--namespaces is for agents that are started"),
    ("agent", "agent: expected --listen PATH"),
    ("agent --listen", "--listen"),
    ("agent --listne a", "unexpected argument '--listne', did you mean '--listen'?"),
    ("agent --listen a b", "unexpected argument 'b'"),
    ("agent --listen " + 108 * "x", "is no path of a socket, expected 1 to 107 bytes"),
    ("agent --listen a --plant no-such-plant", "--plant: "),
    ("agent stop", "PATH is required"),
    ("agent stpo a", "unexpected argument"),
    ("agent stop " + 108 * "x", "is no path of a socket, expected 1 to 107 bytes"),
    ("doctor --procs none", "--procs"),
    ("doctor extra", "unexpected argument 'extra'"),
    ("sim knobs -- 5", "'--' is for 'run'"),
    ("--jsn", "unexpected argument '--jsn', did you mean '--json'?"),
    ("sim run --seeed 3", "unexpected argument '--seeed', did you mean '--seed'?"),
    ("sim run calm.toml --trace ''", "--trace: "),
    ("sim replay x.repro --trace ''", "--trace: "),
    ("sim replay x.repro --until ''", "--until: '' is no event"),
    ("sim run calm.toml --seed ''", "--seed: "),
    ("sim run calm.toml --seeds ''", "--seeds: "),
    ("sim verify calm.toml --seeds ''", "--seeds: "),
    ("run misbehaver --record ''", "--record: "),
    ("run misbehaver --attach ''", "--attach: "),
]

# Command lines that are well formed and name something that is not, or not good.
BAD_INPUT = [
    ("sim run nowhere.toml", "nowhere.toml: cannot be read: No such file or directory"),
    ("sim run .", ".: is a folder, expected a file"),
    ("sim run 'two\nlines.toml'", "the path of the scenario has a line end"),
    ("sim run calm.toml --set topology.host=3", "--set topology.host=3: unknown key 'host' in topology, did you mean 'hosts'?"),
    ("sim run calm.toml --set link.credit_message=3", "unknown knob 'link.credit_message', did you mean 'link.credit_messages'?"),
    ("sim run calm.toml --set nonsense", "--set nonsense: expected key=value"),
    ("sim verify calm.toml --set time.limit=forever", "--set time.limit=forever: time.limit: 'forever' is not a number with a unit"),
    ("sim replay nowhere.repro", "nowhere.repro: cannot be read"),
    ("sim replay r1:calm:1:00000000", "the text of the scenario is another than that of the line"),
    ("sim replay r1:calm:1:xyz", "'xyz' is no hash, expected 8 hexadecimal digits"),
    ("sim replay r2:calm:1:00000000", "unknown version 'r2'"),
    ("sim replay r1:nowhere:1:00000000", "there is no scenario 'nowhere', looked for"),
    ("run {program} --set live.wrkers=2", "there is no knob 'live.wrkers', did you mean 'live.workers'?"),
    ("run {program} --set topology.hosts=2", "without a scenario only knobs can be set"),
    ("run {program} --set live.workers=0", "live.workers"),
    ("run nowhere", "nowhere: the program 'nowhere' is not there"),
    ("run /etc/passwd", "/etc/passwd: the program '/etc/passwd' (/etc/passwd) is no file that may be executed"),
]


# Of x86-64.
MEMFD_CREATE, PROCESS_VM_READV, EPOLL_PWAIT2 = 319, 310, 441


def without_system_call(number):
    """For preexec_fn: from then on the kernel refuses this system call."""
    def rule(code, jt, jf, k):
        return struct.pack("HBBI", code, jt, jf, k)

    rules = b"".join([rule(0x20, 0, 0, 0),  # Load the number,
                      rule(0x15, 0, 1, number),  # compare it,
                      rule(0x06, 0, 0, 0x00050000 | errno.EPERM), rule(0x06, 0, 0, 0x7fff0000)])  # refuse or allow.

    def refuse():
        libc = ctypes.CDLL(None, use_errno=True)
        content = ctypes.create_string_buffer(rules)
        program = struct.pack("HxxxxxxQ", len(rules) // 8, ctypes.addressof(content))
        no_new_privileges, seccomp, mode_filter = 38, 22, 2
        if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(seccomp, mode_filter, ctypes.create_string_buffer(program)):
            raise OSError(ctypes.get_errno(), "no filters of system calls here")

    return refuse


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="roost cli ")  # With a space: nothing may trip over it.
        self.path = pathlib.Path(self.folder.name)
        (self.path / "misbehaver").symlink_to(PROGRAM)
        (self.path / "roost").symlink_to(ROOST)
        (self.path / "stranger").symlink_to("/bin/true")
        self.write("calm.toml", CALM % "nothing")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        (self.path / name).write_bytes(text.encode("latin-1"))

    def misbehave(self, how, extra=""):
        self.write(how + ".toml", CALM % how + extra)
        return how + ".toml"

    def call(self, *words, timeout=120):
        # A program that ends in the middle of a run leaves memory behind, and is meant to.
        env = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0") if "exit.toml" in words else None
        done = subprocess.run([ROOST, *words], cwd=self.path, capture_output=True, text=True, errors="replace", timeout=timeout, env=env)
        self.assertGreaterEqual(done.returncode, 0, f"roost died by a signal\n{done.stderr}")
        return done

    def objects(self, done):
        """What --json wrote, which must be one object a line and nothing else."""
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for each in found:
            self.assertIsInstance(each, dict, done.stdout)
            self.assertIn("type", each)
        return found

    def test_malformed_scenarios_are_refused_at_their_place(self):
        for what, (text, expected) in MALFORMED.items():
            with self.subTest(what):
                self.write("bad.toml", text)
                done = self.call("sim", "run", "bad.toml")
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertRegex(done.stderr, r"^bad\.toml" + expected)
                self.assertEqual(done.stdout, "")
                done = self.call("--json", "sim", "verify", "bad.toml")
                self.assertEqual(done.returncode, 65)
                self.assertEqual([each["type"] for each in self.objects(done)], ["error"])

    def test_wrong_command_lines_are_refused_with_a_hint(self):
        for line, expected in WRONG:
            with self.subTest(line):
                words = shlex.split(line.format(program=PROGRAM))
                done = self.call(*words)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout, "")
                done = self.call("--json", *words)
                self.assertEqual(done.returncode, 64, done.stderr)
                self.assertEqual([each["code"] for each in self.objects(done)], [64])

    def test_input_that_is_not_there_or_not_good_is_named(self):
        for line, expected in BAD_INPUT:
            with self.subTest(line):
                done = self.call(*shlex.split(line.format(program=PROGRAM)))
                self.assertEqual(done.returncode, 65, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_what_cannot_be_written_is_said(self):
        for words in ("--help", "sim knobs", "--version"):
            with self.subTest(words), open("/dev/full", "w") as full:
                done = subprocess.run([ROOST, *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(done.returncode, 69, done.stderr)
                self.assertIn("standard output: cannot be written: No space left on device", done.stderr)

    def test_a_program_runs_no_other(self):
        done = subprocess.run([PROGRAM, "run", "foo"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64, done.stderr)
        self.assertIn("run: 'foo': expected a SCENARIO (.toml) of this program", done.stderr)

    def test_help_and_version_are_no_errors(self):
        for line in ("--help", "sim --help", "sim run --help", "run --help", "agent --help", "agent stop --help", "--version"):
            done = self.call(*line.split())
            self.assertEqual((done.returncode, done.stderr), (0, ""), line)
            self.assertTrue(done.stdout)
        for line in ("sim knobs", "sim plants", "--version"):
            done = self.call(*line.split(), "--json")
            self.assertEqual(done.returncode, 0, line)
            self.objects(done)

    def doctor(self, *words, prepare=None, environment=None):
        """Its exit code, its objects by probe, and what it said."""
        done = subprocess.run([ROOST, "--json", "doctor", *words], capture_output=True, text=True, timeout=120, preexec_fn=prepare,
                              env=dict(os.environ, **(environment or {})))
        objects = self.objects(done)
        self.assertEqual({each["type"] for each in objects}, {"doctor"})
        return done.returncode, {each["probe"]: each for each in objects}, done.stderr

    def test_doctor_says_what_works_here(self):
        code, probes, said = self.doctor("--procs", "3")
        self.assertEqual(code, 0, said)
        for name in ("build", "memory files", "Unix sockets", "process descriptors", "waits for descriptors", "exact waits", "guard pages",
                     "own executable", "cross-memory attach", "cores", "clock", "open files", "file sizes", "processes", "mappings", "libfabric",
                     "fabric providers", "CUDA", "NCCL"):
            self.assertIn(name, probes)
            self.assertRegex(said, rf"(?m)^(  ok  |  --  ){name} ")
        self.assertIn("3 procs", probes["processes"]["found"])
        for each in probes.values():
            self.assertEqual(each["state"] == "works", each["consequence"] == "", each)

    def test_doctor_lists_the_providers_of_a_fabric(self):
        for given, state, expected in [("two", "works", "fi_getinfo gave endpoints of tcp (2), verbs;ofi_rxm (1)"),
                                       ("none", "absent", "fi_getinfo gave none: code -61"),
                                       ("crash", "absent", "a child that opened libfabric.so.1 died")]:
            with self.subTest(given):
                code, probes, said = self.doctor(environment={"LD_LIBRARY_PATH": FABRIC, "STAND_IN_FABRIC": given})
                self.assertEqual(code, 0, said)
                self.assertEqual(probes["libfabric"]["found"], "libfabric 1.17")
                self.assertEqual((probes["fabric providers"]["state"], probes["fabric providers"]["found"]), (state, expected))

    def test_doctor_exits_69_where_something_needed_does_not_work(self):
        code, probes, said = self.doctor("--procs", "8", prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48)))
        self.assertEqual(code, 69, said)
        self.assertEqual([name for name, each in probes.items() if each["state"] == "fails"], ["open files"])
        self.assertRegex(probes["open files"]["found"], r"\d+ of the 80 that 8 procs need could be opened: Too many open files")
        self.assertIn("FAILS open files", said)

    def test_doctor_sees_a_limit_on_the_size_of_files(self):
        for limit, state, expected in [(4 << 20, "fails", "no file of 4MiB, as the ring of a pair takes: .*File too large"),
                                       (64 << 20, "absent", "no file of 192MiB, as the record of a proc takes: .*File too large")]:
            with self.subTest(limit):
                code, probes, said = self.doctor(prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assertEqual(code, 69 if state == "fails" else 0, said)
                self.assertEqual(probes["file sizes"]["state"], state)
                self.assertRegex(probes["file sizes"]["found"], expected)

    @unittest.skipUnless(platform.machine() == "x86_64", "the numbers of system calls are those of x86-64")
    def test_doctor_sees_what_a_filter_of_system_calls_forbids(self):
        for number, probe, state, expected in [(MEMFD_CREATE, "memory files", "fails", "cannot make a memory file: Operation not permitted"),
                                               (PROCESS_VM_READV, "cross-memory attach", "absent", "process_vm_readv: Operation not permitted"),
                                               (EPOLL_PWAIT2, "exact waits", "absent", "epoll_pwait2: Operation not permitted")]:
            with self.subTest(probe):
                code, probes, said = self.doctor(prepare=without_system_call(number))
                self.assertEqual(code, 69 if state == "fails" else 0, said)
                self.assertEqual(probes[probe]["state"], state)
                self.assertIn(expected, probes[probe]["found"])
                self.assertTrue(probes[probe]["consequence"])

    def test_a_run_that_holds_exits_0_and_keeps_standard_output_for_objects(self):
        done = self.call("sim", "run", "calm.toml", "--seed", "0x2a", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        run, = self.objects(done)
        self.assertEqual((run["type"], run["seed"], run["verdict"]), ("run", "42", "held"))
        self.assertIn("this program prints to standard output", done.stderr)
        done = self.call("sim", "run", "calm.toml")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("calm  seed 1  held", done.stderr)

    def test_each_way_to_fail_has_its_exit_code(self):
        for how, code, expected in [("broken", 1, "pupils obey"), ("throw", 6, "the pupil has had enough"),
                                    ("crash", 4, "killed by signal 6"), ("exit", 4, "exited with status 0")]:
            with self.subTest(how):
                done = self.call("sim", "run", self.misbehave(how), "--seed", "7", "--json")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(f"FAIL {how}  seed 7", done.stderr)
                self.assertIn(expected, done.stderr)
                failure = self.objects(done)[-1]
                self.assertEqual((failure["type"], failure["seed"], failure["code"]), ("failure", "7", code))

    def test_a_run_that_hangs_ends_at_its_wall_limit(self):
        scenario = self.misbehave("hang")
        done = self.call("sim", "run", scenario, "--seeds", "3..4", "--set", "time.wall_limit=300ms")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertIn("wall limit of 300ms passed, in Pupil.learn of Pupil pupils[", done.stderr)

    def test_a_run_that_hangs_while_it_asks_for_memory_is_named_all_the_same(self):
        done = self.call("sim", "run", self.misbehave("churn"), "--seeds", "1..8", "--set", "time.wall_limit=100ms")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(len(re.findall(r"wall limit of 100ms passed, in Pupil.learn of Pupil pupils\[", done.stderr)), 5, done.stderr)

    def test_a_crash_names_the_handler_that_it_came_in(self):
        for how, expected in [("crash", r"killed by signal 6 \(Aborted\), in Pupil\.learn of Pupil pupils\[gpu=[01]/2\] \(h0/p[12]\.1/a\d+\)"),
                              ("deep", r"killed by signal 11 .*, in Pupil\.learn of .*, which used up its stack of 64 KiB")]:
            with self.subTest(how):
                done = self.call("sim", "run", self.misbehave(how))
                self.assertEqual(done.returncode, 4, done.stderr)
                if not SANITIZED or how == "crash":
                    self.assertRegex(done.stderr, expected)

    def test_a_trace_that_cannot_be_written_is_refused(self):
        done = self.call("sim", "run", self.misbehave("nothing"), "--trace", str(self.path / "no folder" / "trace"))
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("--trace: cannot be written", done.stderr)

    def test_a_trace_that_is_cut_short_is_said(self):
        repro = re.search(r"^  again:  .*sim replay (.*)$", self.call("sim", "run", self.misbehave("broken")).stderr, re.MULTILINE).group(1)
        for words, code in ((("sim", "run", "calm.toml"), 69), (("sim", "run", "calm.toml", "--in-process"), 69),
                            (("sim", "run", "broken.toml"), 1), (("sim", "replay", repro), 1), (("sim", "replay", repro, "--until", "9"), 69)):
            with self.subTest(words):
                done = self.call(*words, "--trace", "/dev/full", "--json")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn("/dev/full: --trace: cannot be written: No space left on device", done.stderr)
                self.assertEqual(self.objects(done)[-1]["code"], 69)

    def test_a_program_refuses_the_scenario_of_another(self):
        (self.path / "alias").symlink_to(PROGRAM)
        self.write("alias.toml", (CALM % "nothing").replace("misbehaver", "alias"))
        self.write("other.toml", (CALM % "nothing").replace("misbehaver", "stranger"))
        self.write("any.toml", (CALM % "nothing").replace("program", "doc"))
        for words in ("sim run", "sim verify", "run"):
            for scenario, code in (("calm.toml", 0), ("alias.toml", 0), ("any.toml", 0), ("other.toml", 64)):
                with self.subTest((words, scenario)):
                    done = subprocess.run([PROGRAM, *words.split(), scenario], cwd=self.path, capture_output=True, text=True, timeout=120)
                    self.assertEqual(done.returncode, code, done.stderr)
                    if code:
                        self.assertIn("other.toml:1:11: the scenario is for the program 'stranger', and this is misbehaver", done.stderr)
        self.assertEqual(self.call("sim", "run", "alias.toml").returncode, 0)

    def test_a_file_without_end_is_refused(self):
        done = self.call("sim", "run", "/dev/zero")
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn("has more than", done.stderr)

    def test_a_fault_at_the_root_may_be_expected(self):
        scenario = self.misbehave("throw", "[check]\nexpect_fault_at_root = true\n")
        self.assertEqual(self.call("sim", "run", scenario).returncode, 0)

    def test_a_campaign_needs_its_sometimes(self):
        seen = self.call("sim", "run", self.misbehave("nothing", '[check]\nsometimes = ["a pupil learns"]\n'), "--seeds", "1..8")
        self.assertEqual(seen.returncode, 0, seen.stderr)
        self.assertIn("in 0 of 8 seeds (0%)", seen.stderr)
        missing = self.call("sim", "run", self.misbehave("nothing", '[check]\nsometimes = ["pigs fly"]\n'), "--seeds", "1..8", "--json")
        self.assertEqual(missing.returncode, 2, missing.stderr)
        self.assertIn("required sometimes never seen: pigs fly", missing.stderr)
        self.assertEqual(self.objects(missing)[-1]["missing"], ["pigs fly"])

    def test_a_crash_in_a_campaign_costs_one_seed(self):
        done = self.call("sim", "run", self.misbehave("crash"), "--seeds", "1..3", "--json")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual([each["seed"] for each in self.objects(done) if each["type"] == "run"], ["1", "2", "3"])

    def test_verify_holds_a_program_that_keeps_the_rules(self):
        done = self.call("sim", "verify", "calm.toml", "--seeds", "1..10", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sum(each["type"] == "verify" and each["same"] for each in self.objects(done)), 10)

    def test_verify_catches_a_static_counter(self):
        done = self.call("sim", "verify", self.misbehave("static"), "--seeds", "1..2")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("NOT DETERMINISTIC static  seed 1", done.stderr)
        self.assertIn("first difference:", done.stderr)
        fresh = re.search(r"^    fresh  (.*)$", done.stderr, re.MULTILINE).group(1)
        used = re.search(r"^    used   (.*)$", done.stderr, re.MULTILINE).group(1)
        self.assertNotEqual(fresh, used)

    def test_verify_reports_the_seeds_that_were_asked_for_and_each_once(self):
        scenario = self.misbehave("lottery")
        seeds = [str(seed) for seed in range(1, 21)]
        run = self.call("sim", "run", scenario, "--seeds", "1..20", "--json")
        crashed = [each["seed"] for each in self.objects(run) if each["type"] == "run" and each["code"] == 4]
        self.assertTrue(5 < len(crashed) < 20, crashed)
        done = self.call("sim", "verify", scenario, "--seeds", "1..20", "--json")
        objects = self.objects(done)
        self.assertEqual([each["seed"] for each in objects if each["type"] == "verify"], seeds)
        self.assertEqual([each["seed"] for each in objects if each["type"] == "failure"], crashed[:3])
        self.assertEqual((objects[-1]["seeds"], objects[-1]["failed"]), (20, len(crashed)), done.stderr)
        self.assertEqual(done.returncode, 4, done.stderr)
        for seed in seeds[:6]:
            done = self.call("sim", "verify", scenario, "--seeds", f"{seed}..{seed}", "--json")
            self.assertEqual(done.returncode, 4 if seed in crashed else 0, done.stderr)
            self.assertLessEqual({each["seed"] for each in self.objects(done) if "seed" in each}, {seed})

    def test_the_printed_line_reproduces_the_failure_at_the_same_event(self):
        first = self.call("sim", "run", self.misbehave("broken"), "--seed", "12345678901", "--set", "topology.hosts=2")
        again = re.search(r"^  again:  (.*)$", first.stderr, re.MULTILINE).group(1)
        self.assertIn(" r1:broken:0x2dfdc1c35:", again)

        def paste():
            return subprocess.run(shlex.split(again), cwd=self.path, capture_output=True, text=True, timeout=120)
        pasted = paste()
        self.assertEqual(pasted.returncode, 1, pasted.stderr)
        fail = re.compile(r"^FAIL .*$", re.MULTILINE)
        self.assertEqual(fail.search(pasted.stderr).group(), fail.search(first.stderr).group())
        self.misbehave("broken", "# The same run, and another text.\n")
        changed = paste()
        self.assertEqual(changed.returncode, 65, changed.stderr)
        self.assertIn("the text of the scenario is another than that of the line", changed.stderr)

    def test_runs_of_one_seed_that_asked_for_other_knobs_have_files_of_their_own(self):
        scenario = self.misbehave("broken")
        files = []
        for more in ((), ("--set", "link.credit_messages=7"), ("--set", "link.credit_messages=8"), ("--set", "link.credit_messages=7")):
            said = self.call("sim", "run", scenario, *more).stderr
            files.append(re.search(r"^  repro:  (.*)$", said, re.MULTILINE).group(1))
        self.assertEqual(files[1], files[3])
        self.assertEqual(len(set(files)), 3)
        self.assertEqual([re.findall(r'"link.credit_messages=(\d)"', (self.path / each).read_text()) for each in files[:3]],
                         [[], ["7"], ["8"]])

    def test_a_repro_file_replays_and_says_when_it_was_changed(self):
        first = self.call("sim", "run", self.misbehave("broken"), "--seed", "5")
        name = re.search(r"^  repro:  (.*)$", first.stderr, re.MULTILINE).group(1)
        replayed = self.call("sim", "replay", name)
        self.assertEqual(replayed.returncode, 1, replayed.stderr)
        self.assertNotIn("not the recorded one", replayed.stderr)
        text = (self.path / name).read_text()
        (self.path / "other.repro").write_text(re.sub(r'digest = "...', 'digest = "000', text))
        other = self.call("sim", "replay", "other.repro")
        self.assertIn("the run is not the recorded one", other.stderr)
        self.assertEqual(other.returncode, 3, other.stderr)
        (self.path / "bad.repro").write_text(text.replace("verdict", "verdikt"))
        bad = self.call("sim", "replay", "bad.repro")
        self.assertEqual(bad.returncode, 65)
        self.assertRegex(bad.stderr, r"^bad\.repro:\d+:\d+: ")
        # A fault that somebody wrote and that strikes nobody would look like a bug that is gone.
        (self.path / "edited.repro").write_text(text.replace("plan = []", 'plan = [\n  "kill_proc host9/p1 at 5ms",\n]'))
        edited = self.call("sim", "replay", "edited.repro")
        self.assertEqual(edited.returncode, 65, edited.stderr)
        self.assertRegex(edited.stderr, r"^edited\.repro:\d+:3: plan: 'kill_proc host9/p1 at 5ms': there is no host9/p1, the hosts are")

    def test_a_trace_is_the_run_and_until_stops_it(self):
        self.assertEqual(self.call("sim", "run", "calm.toml", "--trace", "one").returncode, 0)
        self.assertEqual(self.call("sim", "run", "calm.toml", "--trace", "two").returncode, 0)
        one = (self.path / "one").read_text()
        self.assertEqual(one, (self.path / "two").read_text())
        self.assertGreater(len(one.splitlines()), 20)

    def test_what_is_logged_in_simulation_is_in_the_trace_with_its_fields(self):
        self.assertEqual(self.call("sim", "run", self.misbehave("log"), "--trace", "trace").returncode, 0)
        self.assertRegex((self.path / "trace").read_text(), r'(?m) log info Pupil pupils\[.*: learns step=3 mood="so so"$')

    def test_an_interrupt_ends_a_campaign_with_what_it_has(self):
        scenario = self.misbehave("hang")
        running = subprocess.Popen([ROOST, "sim", "run", scenario, "--seeds", "1..4"], cwd=self.path, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        children = pathlib.Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while not children.read_text().split() and time.monotonic() < deadline:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, said)
        self.assertIn("0 seeds", said)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
