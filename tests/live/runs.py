"""Live runs under test: started, watched from outside, and searched for what they left."""

import fcntl
import glob
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import termios
import time
import unittest

# What a shell in the background or nohup has ignored would be ignored by the runs too.
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)

LIMIT = int(os.environ.get("ROOST_LIVE_LIMIT", 240))  # Seconds after which a run counts as hanging.


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name, from the state on; none where there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def took(pid, number):
    """Whether the root, or the command, has dealt with each signal of that number: none is pending, or waits to be handed on."""
    state = pathlib.Path(f"/proc/{pid}/status").read_text()
    pending = any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"(?:SigPnd|ShdPnd):\s+(\w+)", state))
    return not pending and (name_of(pid) == "roost-root" or stat_fields(pid)[0] == "S")


def processes_of(session):
    """The living processes that were started from the first one of a session."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        fields = stat_fields(pid)
        if fields and int(fields[3]) == session and fields[0] != "Z":
            found.append(int(pid))
    return sorted(found)


def exec_d(session, word):
    """Those among them that were exec'd with that first argument."""
    found = []
    for pid in processes_of(session):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[1:2] == [word.encode()]:
            found.append(pid)
    return found


def procs_of(session):
    return exec_d(session, "__proc")


def agents_of(session):
    return exec_d(session, "__agent")


def root_of(session):
    """The root proc of the run that is a session's first process; none where it has not begun."""
    return next((pid for pid in processes_of(session) if name_of(pid) == "roost-root"), None)


def children_of(pid):
    """In the order in which they were started."""
    return [other for other in sorted(map(int, filter(str.isdigit, os.listdir("/proc"))))
            if (fields := stat_fields(other)) and int(fields[1]) == pid]


def strays_of(procs):
    """What sentries left in sessions of their own."""
    return [pid for proc in procs for pid in children_of(proc) if name_of(pid) == "sleep"]


def networks():
    """The network namespaces that some process is in."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/net"))
        except OSError:
            continue
    return found


def built_with(program, sanitizer):
    """Whether a program has that sanitizer in it: "asan", "tsan"."""
    return f"__{sanitizer}_init".encode() in pathlib.Path(program).read_bytes()


def with_reports(environment, folder):
    """Has the thread sanitizer, where it is built in, write what it finds to a file of each process, which then goes on: nobody may read
    what a process says on standard error, and its end may be another's doing. Signals that end it are left to do so."""
    signals = ":".join(f"handle_{name}=0" for name in ("segv", "sigbus", "sigill", "sigfpe", "abort"))
    return dict(environment, TSAN_OPTIONS=f"{environment.get('TSAN_OPTIONS', '')}:{signals}:halt_on_error=0:log_path='{folder}/tsan'")


def reports_in(folder):
    return "\n".join(file.read_text(errors="replace") for file in sorted(pathlib.Path(folder).glob("tsan.*")))


def expect_no_reports(folder):
    if reports := reports_in(folder):
        raise AssertionError(reports)


class Run:
    """One run of the command, in a session of its own, perhaps with a terminal; it writes to files, and so never waits for a reader."""

    def __init__(self, test, *words, environment=None, terminal=None):
        self.test = test
        self.files = [tempfile.TemporaryFile("w+", dir=test.path) for _ in range(2)]
        self.process = subprocess.Popen([test.roost, *map(str, words)], cwd=test.path, start_new_session=True,
                                        env=dict(test.environment, **(environment or {})), stdin=terminal or subprocess.DEVNULL,
                                        preexec_fn=terminal and (lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)),
                                        stdout=self.files[0], stderr=self.files[1])
        self.session = self.process.pid
        test.addCleanup(self.end)

    def end(self):
        for pid in {self.process.pid, *processes_of(self.session)} if self.process.returncode is None else ():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()
        for file in self.files:
            file.close()

    def doing(self):
        """What its processes do, for whoever looks into a failure."""
        words = ["ps", "-o", "pid,ppid,stat,wchan:30,args", "--sid", str(self.session)]
        return subprocess.run(words, capture_output=True, text=True).stdout

    def output(self, which=1):
        size = os.fstat(self.files[which].fileno()).st_size
        return os.pread(self.files[which].fileno(), size, 0).decode(errors="replace")

    def last_line(self, which=1):
        """The last whole line of the output, without reading all of it."""
        size = os.fstat(self.files[which].fileno()).st_size
        lines = os.pread(self.files[which].fileno(), 8_192, max(0, size - 8_192)).decode(errors="replace").split("\n")
        return lines[-2] if len(lines) > 1 else ""

    def until(self, what, why="it", ended=False):
        """Waits for what the run brings about, and gives it. With `ended` the command itself may have ended."""
        limit = time.monotonic() + LIMIT
        while not (found := what()):
            if (not ended and self.process.poll() is not None) or time.monotonic() > limit:
                raise AssertionError(f"{why} did not come about; the exit code is {self.process.poll()}\n{self.doing()}\n"
                                     f"{self.output()}")
            time.sleep(0.002)
        return found

    def says(self, pattern, count=1):
        """Waits until so many lines match, and gives the matches."""
        def found():
            matches = list(re.finditer(pattern, self.output(), re.MULTILINE))
            return matches if len(matches) >= count else None

        return self.until(found, f"a line like {pattern}")

    def finish(self):
        """Waits for its end, after which nothing may be left; gives the exit code and what it said."""
        try:
            self.process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run hangs\n{self.doing()}\n{self.output()}") from None
        said = self.output()
        self.test.assertEqual(processes_of(self.session), [], f"processes are left\n{said}")
        self.test.assertNotRegex(said, "Sanitizer: |runtime error: ")
        self.nothing_left()
        return self.process.returncode, said

    def nothing_left(self):
        """After the command was killed, what it started ends a moment later."""
        self.until(lambda: not processes_of(self.session), "the end of all processes", ended=True)
        self.until(lambda: not os.listdir(self.test.temporary), "an empty folder of temporary files", ended=True)
        self.test.assertEqual(set(glob.glob("/dev/shm/*roost*")) - self.test.shared, set())
        self.until(lambda: networks() <= self.test.networks, "the end of all network namespaces", ended=True)


class LiveTest(unittest.TestCase):
    roost = None  # Of the command line.

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="roost live ")  # With a space: nothing may trip over it.
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.temporary = self.path / "tmp"
        self.temporary.mkdir()
        self.environment = with_reports(dict(os.environ, TMPDIR=str(self.temporary)), self.path)
        self.addCleanup(expect_no_reports, self.path)
        self.shared = set(glob.glob("/dev/shm/*roost*"))
        self.networks = networks()

    def run_of(self, *words, **how):
        return Run(self, *words, **how)

    def scenario(self, program, arguments, knobs=()):
        """A scenario file for `roost run`."""
        file = self.path / "given.toml"
        lines = [f"{name} = {value if isinstance(value, int) else repr(value)}\n" for name, value in dict(knobs).items()]
        file.write_text(f'program = "{program}"\nargv = {[str(word) for word in arguments]}\n[knobs]\n' + "".join(lines))
        return file

    def within(self, bound, attempt, tries=3):
        """`attempt` gives seconds that are within the bound; a machine with other work to do gets a few tries, and the thread
        sanitizer ten times as long."""
        bound *= 10 if built_with(self.roost, "tsan") else 1
        took = [attempt()]
        while took[-1] > bound and len(took) != tries:
            took.append(attempt())
        self.assertLessEqual(took[-1], bound, f"took {took} seconds")
