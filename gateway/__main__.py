"""``licence-gateway`` and ``python -m gateway``: what takes long begins before the command line itself is loaded."""

import sys
from contextlib import suppress
from importlib import import_module

from gateway.worker_processes import load_ahead


def main() -> None:
    """Entry point: the command line, with the processes that convert loading on another core meanwhile."""
    if sys.argv[1:2] in (["convert"], ["worker"]) and not {"--detach", "--help"} & set(sys.argv):
        # What is wrong is told by the command, which needs them.
        with suppress(OSError):
            load_ahead()
    import_module("gateway.cli").main()


if __name__ == "__main__":
    main()
