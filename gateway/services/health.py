"""Readiness: which dependency is missing, by name."""

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from certs.errors import CertsError
from gateway.errors import GatewayError, RegistryUnavailableError
from gateway.persistence.schema import is_current
from gateway.services.dependencies import Dependencies

OK = "ok"


class Health:
    """Checks that are cheap enough for a load balancer to ask every few seconds."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def check(self) -> dict[str, str]:
        """``ok`` or one sentence for each dependency."""
        return {"database": self._database(), "trust": self._trust()}

    def code_systems(self) -> dict[str, str]:
        """Other systems that read codes, by whether they are asked; one that is down keeps nothing else from working."""
        try:
            return self._deps.code_systems.states()
        except GatewayError:
            return {"configuration": "cannot be used; run doctor"}

    def replicas(self) -> dict[str, str]:
        """Standbys that look-ups read from, by whether they are used; without them everything still works."""
        try:
            return self._deps.standbys.states()
        except GatewayError:
            return {"configuration": "cannot be used; run doctor"}

    def _database(self) -> str:
        try:
            with self._deps.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            return OK if is_current(self._deps.engine) else "The schema is not at the newest revision; run init."
        except (SQLAlchemyError, RegistryUnavailableError):
            return "The database does not answer."

    def _trust(self) -> str:
        try:
            policy = self._deps.policy()
        except (CertsError, GatewayError, OSError):
            return "The trust store cannot be read."
        return OK if policy.trust_anchors else "The trust store has no anchor; run init."
