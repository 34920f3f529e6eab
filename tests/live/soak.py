#!/usr/bin/env python3
"""A soak: one controller that goes on while its procs are killed and stopped at random, at a bounded memory; then short runs of which
anything may be killed. Usage: soak.py TREE [--minutes M] [--transport shm|loopback] [--hosts N] [--procs N] [--seed S] [--runs N]
[--plant BUG]"""

import argparse
import os
import pathlib
import random
import re
import signal
import sys
import time
import unittest

from runs import LiveTest, agents_of, children_of, name_of, procs_of, processes_of, root_of

SILENCE = 60  # Seconds after which a run that says nothing hangs.
JUDGED = 500_000  # Bytes of records that are judged in a second, at least.
LOOK = 2.0  # Seconds between two looks at what is used.
WARM = 0.25  # The part of a soak after which nothing may grow any more.

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("tree")
parser.add_argument("--minutes", type=float, default=1)
parser.add_argument("--transport", default="shm", choices=["shm", "loopback"])
parser.add_argument("--hosts", type=int, default=2)
parser.add_argument("--procs", type=int, default=3, help="of each host, of which the first is never killed")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--growth", type=int, default=1024, help="KiB of private memory that a process may gain once it is warm")
parser.add_argument("--plant", action="append", default=[], help="a planted bug to arm")
parser.add_argument("--runs", type=int, help="short runs afterwards; standard: two a minute")
OPTIONS, REST = parser.parse_known_args()
if OPTIONS.runs is None:
    OPTIONS.runs = int(2 * OPTIONS.minutes)

# What a process that lives on may hold after that beyond what it held then. Shared memory is that of its rings, which fill up.
MORE = {"anonymous KiB": OPTIONS.growth, "descriptors": 12, "threads": 3, "mappings": 24, "files": 12}
REMEMBERED = 1  # KiB of each proc that was lost: a verdict is never taken back.
# How many of the actors that ended, and of their successors, a proc remembers: so few that it has them all when it is warm.
KNOBS = {"actor.tombstones": 64}
# A long run records more than is kept of one for which nobody asked.
LONG = OPTIONS.minutes > 10
if LONG:
    KNOBS["live.record_limit"] = 240 << 20
TREE = pathlib.Path(OPTIONS.tree).resolve()
LiveTest.roost, SOAK = str(TREE / "tools/roost"), str(TREE / "tests/live/live_soak")


def used_by(pid):
    """What a process holds; none where it has ended."""
    folder = pathlib.Path(f"/proc/{pid}")
    try:
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        mapped = (folder / "maps").read_text().splitlines()
        memory = {name: int(status[field].split()[0]) for name, field in
                  (("rss KiB", "VmRSS"), ("peak KiB", "VmHWM"), ("anonymous KiB", "RssAnon"), ("shared KiB", "RssShmem"))}
        return {**memory, "descriptors": len(os.listdir(folder / "fd")), "threads": int(status["Threads"]), "mappings": len(mapped),
                "files": sum("memfd:" in line for line in mapped)}
    except (OSError, KeyError):
        return None


def quietest(samples):
    """The least that was held of each: a block that is on its way at one look, of up to 2 MiB, is nothing that a process keeps."""
    return {what: min(sample[what] for sample in samples) for what in samples[0]}


class Soak(LiveTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(OPTIONS.seed)
        # What was freed goes back at once, and is not kept at the end of the heap.
        self.environment.update(MALLOC_MMAP_THRESHOLD_="131072", MALLOC_TRIM_THRESHOLD_="131072")
        # The address sanitizer, where it is built in, keeps what was freed for a while.
        self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        self.done = {"killed": 0, "stopped": 0, "stopped briefly": 0}
        self.to_continue = []  # When, and whom.

    def say(self, text):
        print(time.strftime("%H:%M:%S"), text, flush=True)

    def soak_of(self, seconds):
        plants = [word for each in OPTIONS.plant for word in ("--plant", each)]
        kept = ["--record", self.path / f"records-{time.monotonic_ns()}"] if LONG else []
        return self.run_of("run", *plants, *kept, "--transport", OPTIONS.transport, "-n", OPTIONS.hosts,
                           self.scenario(SOAK, [OPTIONS.procs, seconds], KNOBS))

    def send(self, pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # It was about to end anyway.

    def disturb(self, victims, lasting):
        """One of those that may be lost is killed, or stopped for long or briefly; those that must last are stopped briefly."""
        now = time.monotonic()
        what = self.random.choices(["killed", "stopped", "stopped briefly"], [6, 2, 2])[0]
        chosen = self.random.choice(sorted(victims if what != "stopped briefly" else {*victims, *lasting}))
        self.done[what] += 1
        self.send(chosen, signal.SIGKILL if what == "killed" else signal.SIGSTOP)
        if what == "stopped" and self.random.random() < 0.5:
            self.to_continue.append((now + self.random.uniform(1.2, 1.8), chosen))
        if what == "stopped briefly":
            self.to_continue.append((now + self.random.uniform(0.01, 0.4), chosen))

    def continue_due(self):
        due = [each for each in self.to_continue if each[0] <= time.monotonic()]
        self.to_continue = [each for each in self.to_continue if each not in due]
        for _, pid in due:
            self.send(pid, signal.SIGCONT)

    def test_one_controller_goes_on_while_its_procs_are_killed(self):
        seconds = int(60 * OPTIONS.minutes)
        running = self.soak_of(seconds)
        running.says(r"soak is at round")
        begun = time.monotonic()
        root = root_of(running.session)
        agents = agents_of(running.session)
        firsts = [next(pid for pid in children_of(parent) if pid in procs_of(running.session)) for parent in (root, *agents)
                  if OPTIONS.transport == "shm"]
        watched = {"command": running.session, "root": root,
                   **{f"agent {i}": pid for i, pid in enumerate(agents, 1)}, **{f"proc of host {i}": pid for i, pid in enumerate(firsts)}}
        samples = {who: [] for who in watched}
        most_processes, next_look, next_act, next_word, heard, said_at = 0, 0, 0, 0, "", begun
        while running.process.poll() is None:
            now = time.monotonic()
            self.continue_due()
            last = running.last_line()
            if "soak has done" in last:
                break
            if last != heard:
                heard, said_at = last, now
            self.assertLess(now, said_at + SILENCE, f"the run hangs at: {heard}\n{running.doing()}")
            if now >= next_act and OPTIONS.transport == "shm":
                next_act = now + self.random.uniform(0.3, 2.5)
                victims = set(procs_of(running.session)) - set(firsts)
                if victims:
                    self.disturb(victims, {*firsts, *agents})
            if now >= next_look:
                next_look = now + LOOK
                most_processes = max(most_processes, len(processes_of(running.session)))
                for who, pid in watched.items():
                    if found := used_by(pid):
                        samples[who].append(found)
            if now >= next_word:
                next_word = now + max(10, seconds / 60)
                self.say(f"{now - begun:.0f} s, {self.done}, {most_processes} processes at most; {heard}")
                for who, seen in samples.items():
                    if seen:
                        self.say(f"  {who}: {seen[-1]}")
            time.sleep(0.02)
        for _, pid in self.to_continue:
            self.send(pid, signal.SIGCONT)
        self.await_judge(running)
        code, said = running.finish()
        self.assertEqual(code, 0, said[-5_000:])
        self.assertRegex(said, ": held")
        last = re.findall(r"soak has done .*", said)[-1]
        lost = self.done["killed"] + self.done["stopped"]
        self.say(f"{self.done}, {most_processes} processes at most; {last}; {said.splitlines()[-1]}")
        few = OPTIONS.hosts * OPTIONS.procs + OPTIONS.hosts + 2
        self.assertLessEqual(most_processes, 2 * few)
        for who, seen in samples.items():
            self.bounded(who, seen, lost)

    def await_judge(self, running):
        """The judge may take as long as what has been recorded asks for, and says how far it is; then the run may take as long as any."""
        recorded = sum(file.stat().st_size for file in self.path.rglob("*.record"))
        self.say(f"{recorded >> 20} MiB of records are to be judged")
        limit, shown = time.monotonic() + recorded / JUDGED, ""
        while running.process.poll() is None and time.monotonic() < limit:
            if (last := running.last_line()) != shown and last.startswith("judging"):
                shown = last
                self.say(last)
            time.sleep(0.1)

    def bounded(self, who, seen, lost):
        if who == "command":
            seen = seen[:-1]  # The last look may see it judge.
        warm = int(len(seen) * WARM)
        few = max(3, len(seen) // 10)
        first, warmed, end = quietest(seen[:1]), quietest(seen[warm:warm + few]), quietest(seen[-few:])
        self.say(f"{who}: first {first}\n           warm  {warmed}\n           end   {end}")
        procs = 1 + OPTIONS.hosts * OPTIONS.procs if OPTIONS.transport == "loopback" else 1  # That are threads of it.
        for what, more in MORE.items():
            allowed = warmed[what] + procs * more + (REMEMBERED * lost if what == "anonymous KiB" else 0)
            self.assertLessEqual(end[what], allowed, f"{who}: {what} grew")

    def test_runs_end_whatever_is_killed(self):
        for number in range(OPTIONS.runs):
            running = self.soak_of(600)
            running.says(r"soak is at round")
            session, root = running.session, root_of(running.session)
            for _ in range(self.random.randrange(4)):
                if victims := {*procs_of(session), *agents_of(session)}:
                    self.disturb(victims, victims)
                pause = time.monotonic() + self.random.uniform(0, 1.5)
                while time.monotonic() < pause:
                    self.continue_due()
                    time.sleep(0.01)
            end = self.random.choice(["interrupt", "root", "command"])
            if end == "interrupt":
                running.process.send_signal(signal.SIGINT)
                self.assertIn(running.finish()[0], (128 + signal.SIGINT,))
            elif end == "root":
                os.kill(root, signal.SIGKILL)
                self.assertEqual(running.finish()[0], 4)
            else:
                os.kill(session, signal.SIGKILL)
                running.process.wait()
                running.nothing_left()
            self.to_continue.clear()
            if number % 10 == 9:
                self.say(f"{number + 1} runs, {self.done}")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *REST])
