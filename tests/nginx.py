"""A real nginx with what docs/operations.md tells operators to write into its configuration."""

import re
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"
FRAME = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/errors.log;
events {{}}
http {{
    access_log off;
    log_format path $request_uri;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""
OTHERS = """
    location = /favicon.ico { return 204; }            # what browsers ask of a host by themselves
    location / { access_log %s path; return 404; }
}
"""
"""What else the host has: other people's."""


@contextmanager
def nginx_before(gateway_port, port, folder, certificate, key, more=()):
    """nginx on a port of the loopback; gives the file of the paths that were asked for beside the gateway's.

    ``more`` are pairs of lines: what stands behind a line of the documentation.
    """
    outside = folder / "outside.log"
    server = documented(
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "/etc/ssl/zwfw.pem": str(certificate),
            "/etc/ssl/zwfw.key": str(key),
            "http://127.0.0.1:8000;": f"http://127.0.0.1:{gateway_port};",
            **{line: f"{line}\n{added}" for line, added in more},
        }
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(FRAME.format(folder=folder, server=server.rstrip().removesuffix("}") + OTHERS % outside))
    with subprocess.Popen(
        ["/usr/sbin/nginx", "-e", folder / "errors.log", "-p", folder, "-c", configuration]
    ) as process:
        try:
            _wait_for(port, process)
            yield outside
        finally:
            process.terminate()


def documented(changes):
    """The server block of the documentation, with places of this machine in it."""
    block = re.search(r"```nginx\n(.*?)```", OPERATIONS.read_text(), re.DOTALL)[1]
    for written, here in changes.items():
        assert block.count(written) == 1, written
        block = block.replace(written, here)
    return block


def _wait_for(port, process):
    until = time.monotonic() + 20
    while True:
        assert process.poll() is None and time.monotonic() < until, "nginx does not listen"
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
