"""How both ends of a connection to PostgreSQL learn that the other one is gone: of a cut cable nothing is heard.

Without this a process would wait for an answer for a quarter of an hour, and the server would keep the row locks of a machine
that is cut off for two (the defaults of Linux and of PostgreSQL). Nothing of it concerns a connection by a Unix socket.
"""

from typing import Any

from sqlalchemy import URL

_IDLE_SECONDS, _INTERVAL_SECONDS, _PROBES = 10, 5, 3
_SENT_MILLISECONDS = 25_000
"""How long what was sent may stay without a sign that it came: as long as the probes take."""
_CONNECT_SECONDS = 10

SERVER_SETTINGS = {
    "tcp_keepalives_idle": _IDLE_SECONDS,
    "tcp_keepalives_interval": _INTERVAL_SECONDS,
    "tcp_keepalives_count": _PROBES,
    "tcp_user_timeout": _SENT_MILLISECONDS,
}
"""Of our session at the server, which then lets go of our locks."""

_CLIENT_SETTINGS = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": _IDLE_SECONDS,
    "keepalives_interval": _INTERVAL_SECONDS,
    "keepalives_count": _PROBES,
    "tcp_user_timeout": _SENT_MILLISECONDS,
}


def client_settings(url: URL) -> dict[str, Any]:
    """What libpq is told for connections to ``url``; what stands in the URL itself goes before it."""
    return {name: value for name, value in _CLIENT_SETTINGS.items() if name not in url.query}


def watch_client(connection: Any, record: object) -> None:
    """For a new connection of the driver: have the server watch whether we are there. A listener of SQLAlchemy's ``connect``."""
    del record
    was_autocommit = connection.autocommit
    connection.autocommit = True
    for name, value in SERVER_SETTINGS.items():
        connection.execute(f"SET {name} = {value}")
    connection.autocommit = was_autocommit
