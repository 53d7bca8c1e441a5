"""Hosts on one machine: network namespaces that are joined by a bridge, whose cables can be pulled. Needs root and iproute2."""

import os
import shlex
import signal
import subprocess
from contextlib import contextmanager

BRIDGE = "switch"
NETWORK = "10.77.0.{}"


class Network:
    """Host 0 holds the bridge; every other host has a cable to it. None of them reaches anything else."""

    def __init__(self, hosts):
        self._prefix = f"licences-{os.getpid()}-"
        self._hosts = hosts
        self._running = []

    def __enter__(self):
        for number, host in enumerate(self._hosts):
            ip("netns", "add", self._name(host))
            ip("-n", self._name(host), "link", "set", "lo", "up")
            if number == 0:
                ip("-n", self._name(host), "link", "add", BRIDGE, "type", "bridge")
                ip("-n", self._name(host), "addr", "add", f"{NETWORK.format(1)}/24", "dev", BRIDGE)
                ip("-n", self._name(host), "link", "set", BRIDGE, "up")
                continue
            zero = self._name(self._hosts[0])
            ip(
                "-n",
                zero,
                "link",
                "add",
                f"to-{host}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                self._name(host),
            )
            ip("-n", zero, "link", "set", f"to-{host}", "master", BRIDGE, "up")
            ip("-n", self._name(host), "addr", "add", f"{NETWORK.format(number + 1)}/24", "dev", "eth0")
            ip("-n", self._name(host), "link", "set", "eth0", "up")
        return self

    def __exit__(self, *_):
        self.end()
        for host in self._hosts:
            subprocess.run(["ip", "netns", "del", self._name(host)], check=False)

    def end(self):
        """End what was started."""
        while self._running:
            end(self._running.pop())

    def _name(self, host):
        return self._prefix + host

    def address(self, host):
        return NETWORK.format(self._hosts.index(host) + 1)

    @contextmanager
    def cut_off(self, host):
        """Pull the cable at the switch; put it back at the end."""
        zero = self._name(self._hosts[0])
        ip("-n", zero, "link", "set", f"to-{host}", "down")
        try:
            yield
        finally:
            ip("-n", zero, "link", "set", f"to-{host}", "up")

    def run(self, host, script, environment, timeout=300):
        """What a script says on a host; an error when it fails."""
        command = self._command(host, script)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"on host {host}: {script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, host, script, environment, log):
        """A script that goes on, in a session of its own; it is ended with the network."""
        with log.open("ab") as handle:
            process = subprocess.Popen(
                self._command(host, script),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def _command(self, host, script):
        return ["ip", "netns", "exec", self._name(host), "bash", "-euc", script]


def ip(*words):
    """One command of iproute2."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {shlex.join(words)}: {done.stderr}"


def end(process):
    """End all of a session: first politely, then surely."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=45)
        except subprocess.TimeoutExpired:
            continue
