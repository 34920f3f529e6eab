#!/usr/bin/env python3
"""roost get and roost describe, beside a live run: tables, objects, metrics, a proc that is busy, and who is not there."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from runs import reports_in, with_reports

ROOST, SENTRIES = sys.argv[1:3]
PATIENCE = 30
REPORTS = tempfile.TemporaryDirectory(prefix="roost live ")
ENVIRONMENT = with_reports(dict(os.environ), REPORTS.name)
failures = []


def look(*words):
    done = subprocess.run([ROOST, *words], env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


def objects(*words):
    code, out, _ = look("--json", *words)
    return code, [json.loads(line) for line in out.splitlines()]


def expect(what, held, seen):
    if not held:
        failures.append(f"{what}: {seen}")


class Run:
    """A run of sentries, from when it says a word until this is left."""

    def __init__(self, word, *arguments, options=()):
        self.word, self.arguments, self.options = word, arguments, options

    def __enter__(self):
        self.process = subprocess.Popen(
            [SENTRIES, "run", "-n", "2", *self.options, "--", *self.arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.name = f"live_sentries-{self.process.pid}"
        for line in self.process.stderr:
            if self.word in line:
                return self
        raise SystemExit(f"sentries ended without a word: {self.arguments}")

    def __exit__(self, *_):
        self.process.kill()  # A busy root would not end by itself.
        self.process.communicate(timeout=PATIENCE)


def awaited(what, look_once):
    until = time.monotonic() + PATIENCE
    while True:
        held, seen = look_once()
        if held or time.monotonic() > until:
            return expect(what, held, seen)


def test_waiting(run):
    code, procs = objects("get", "procs", "--run", run.name)
    expect("procs", code == 0 and sorted(p["proc"] for p in procs) == ["h0/p0.1", "h0/p1.1", "h1/p1.1"], procs)
    code, hosts = objects("get", "hosts", "--run", run.name)
    expect("hosts", [(h["host"], h["procs"]) for h in hosts] == [("h0", 2), ("h1", 1)], hosts)
    code, runs = objects("get", "runs")
    expect("runs", {"type": "run", "run": run.name, "procs": 3}.items() <= next(r for r in runs if r["run"] == run.name).items(), runs)
    code, actors = objects("get", "actors", "--run", run.name)
    captain = next(a for a in actors if a["name"] == "captain")
    expect("captain", captain["class"] == "Captain" and captain["state"] == "running" and captain["waits"], captain)
    caller = next(a for a in actors if a["name"] == "caller")
    expect("caller", re.fullmatch(r"reply of h\d/p1\.1/a\d+ in Caller\.wait_for", caller["waits"][0]), caller)
    code, text, _ = look("get", "--run", run.name)
    expect("table", code == 0 and text.splitlines()[0].split()[:4] == ["RUN", "PROC", "NAME", "PID"] and len(text.splitlines()) == 4, text)
    code, text, _ = look("describe", caller["actor"], "--run", run.name)
    expect("describe actor", code == 0 and f"actor caller (Caller) {caller['actor']}" in text and "waits     for reply of" in text, text)
    code, text, _ = look("describe", "h0/p0.1", "--run", run.name)
    expect("describe proc", code == 0 and "session   h0/p1.1: up" in text, text)
    code, page, _ = look("get", "metrics", "--run", run.name)
    sample = re.compile(r'^roost_[a-z_]+\{run="[^"]+",host="h\d",proc="h\d/p\d\.1"\} \d+$')
    lines = page.splitlines()
    expect("metrics", code == 0 and all(line.startswith("# ") or sample.match(line) for line in lines), page)
    code, samples = objects("get", "metrics", "--run", run.name)
    expect("metrics as objects", code == 0 and any(s["name"] == "roost_actors" and s["proc"] == "h0/p0.1" and s["value"] > 0
                                                   for s in samples) and len(samples) == len([l for l in lines if l[0] != "#"]),
           samples)
    expect("metrics of actors", any(re.match(r'roost_actors\{.*proc="h0/p0.1"\} [1-9]', line) for line in lines), page)
    code, _, said = look("describe", "h7/p1.1", "--run", run.name)
    expect("describe nobody", code == 69 and "nothing of that name is running" in said, said)
    code, _, said = look("get", "--run", "nobody")
    expect("another run", code == 69 and run.name in said, said)


def test_networks(run):
    code, procs = objects("get", "procs", "--run", run.name)
    expect("procs of other networks", code == 0 and sorted(p["proc"] for p in procs) == ["h0/p0.1", "h0/p1.1", "h1/p1.1"], procs)
    of = {os.readlink(f"/proc/{p['pid']}/ns/net") for p in procs}
    expect("two networks", len(of) == 2, of)
    code, text, _ = look("describe", "h1/p1.1", "--run", run.name)
    expect("describe a proc of another network", code == 0 and "session   h0/p0.1: up" in text, text)
    for pid in (p["pid"] for p in procs if p["proc"] == "h1/p1.1"):
        own = pathlib.Path(f"/proc/{pid}/net/unix").read_text()
        expect("nothing listens in the proc's own network", "roost/" not in own, own)


def test_busy(run):
    def busy():
        code, procs = objects("get", "procs", "--run", run.name)
        root = next((p for p in procs if p["proc"] == "h0/p0.1"), None)
        return root is not None and root["busy_ns"] > 0, procs

    def says_who():
        _, text, _ = look("describe", "h0/p0.1", "--run", run.name)
        return "Captain.compute_for_ever of h0/p0.1/a" in text and "session   h0/p1.1: up" in text, text

    awaited("a busy proc answers", busy)
    awaited("who keeps it busy", says_who)


def test_blocked(run):
    def waits():
        code, actors = objects("get", "actors", "--run", run.name)
        sentry = next((a for a in actors if a["class"] == "Sentry"), None)
        return sentry is not None and sentry["waits"] == ["offloaded code in Sentry.block_for_ever"], actors

    awaited("a handler that waits for offloaded code", waits)
    code, text, _ = look("describe", next(a["actor"] for a in waits()[1] if a["class"] == "Sentry"), "--run", run.name)
    expect("describe it", "waits     for offloaded code, in Sentry.block_for_ever" in text, text)


def test_command_line():
    code, _, said = look("describe", "foo")
    expect("no id", code == 64 and "names neither a proc (h0/p1.1) nor an actor (h0/p1.1/a7)" in said, said)
    code, _, said = look("get", "cats")
    expect("no kind", code == 64 and "KIND" in said, said)


with Run("ready", "watch", "1") as waiting:
    test_waiting(waiting)
with Run("computes", "root computes", "1") as busy:
    test_busy(busy)
with Run("blocks", "block", "1") as blocked:
    test_blocked(blocked)
if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0:
    with Run("ready", "watch", "1", options=["--namespaces"]) as apart:
        test_networks(apart)
test_command_line()
expect("no report of the thread sanitizer", not reports_in(REPORTS.name), reports_in(REPORTS.name))
for each in failures:
    print(each)
sys.exit(1 if failures else 0)
