"""A process that delivers for ever, to be killed: arguments are the data directory, the database's URL or ``-``, the port."""

import sys
from pathlib import Path

from gateway.container import Container
from gateway.settings import read_settings
from gateway.worker import deliver

if __name__ == "__main__":
    home, url, port = sys.argv[1:]
    settings = read_settings(
        {},
        data_dir=Path(home),
        database_url=None if url == "-" else url,
        key_iterations=1000,
        public_base_url="http://127.0.0.1:8000",
        delivery_origins=(f"http://127.0.0.1:{port}=127.0.0.0/8",),
        delivery_seconds=1.0,
        log_level="ERROR",
    )
    Container(settings).installation.require()
    print("ready", flush=True)
    deliver(settings, threads=2, until=lambda: False)
