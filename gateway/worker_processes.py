"""Processes that convert come from one that has loaded the gateway, and has neither threads of ours nor connections.

Imports nothing of the gateway, so that it may begin before all else.
"""

import multiprocessing
import os
import sys
from multiprocessing.forkserver import ensure_running
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["gateway.cli_answers", "gateway.cli_convert"])


def load_ahead() -> None:
    """Have what worker processes need loaded from now on, while the caller does other things; once is enough.

    OSError without a folder for temporary files.
    """
    if not {"", str(Path.cwd())} & set(sys.path):
        # Only where our own modules came from the folder that we are in (`python -m`) do those of the workers.
        os.putenv("PYTHONSAFEPATH", "1")
    ensure_running()
