"""A process that sequences for ever, to be killed: arguments are the data directory and the database's URL or ``-``."""

import sys
from pathlib import Path

from tests.unit.services.log_gateway import container_at

if __name__ == "__main__":
    home, url = sys.argv[1:]
    container = container_at(Path(home), None if url == "-" else url)
    print("ready", flush=True)
    while True:
        if container.log.sequence().leaves:
            print("made", flush=True)
