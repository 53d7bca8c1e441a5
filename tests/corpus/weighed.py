"""Runs a command and writes down the peak of memory of it and of its own processes: ``weighed.py FILE COMMAND...``, KiB.

A process counts what it was forked from as its own, and the process of the tests is a large one: this one is small.
"""

import resource
import subprocess
import sys
from pathlib import Path

status = subprocess.run(sys.argv[2:], check=False).returncode
Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
