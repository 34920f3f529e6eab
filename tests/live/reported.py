#!/usr/bin/env python3
"""Runs a command, and fails where the thread sanitizer reports anything in one of its processes. Usage: reported.py COMMAND..."""

import os
import subprocess
import sys
import tempfile

from runs import reports_in, with_reports

with tempfile.TemporaryDirectory(prefix="roost live ") as folder:
    code = subprocess.run(sys.argv[1:], env=with_reports(dict(os.environ), folder)).returncode
    reports = reports_in(folder)
print(reports, end="")
sys.exit(code or bool(reports))
