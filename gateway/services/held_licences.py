"""Finds a licence for a change: locked, as the actor may see it, and not changed since the caller looked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.actors import Actor, Scope
from gateway.errors import NotFoundError, StaleStateError
from gateway.persistence.models import Licence, LicenceVersion
from gateway.services.listing import WHOLE


def find_version(session: Session, licence_identifier: str, actor: Actor, scope: Scope) -> LicenceVersion:
    """The version with all that answers need. NotFoundError, also when it is a sample and the actor is not, or the
    other way round; ForbiddenError when the actor may not do ``scope`` on it.
    """
    version = session.scalar(
        select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
    )
    if version is None or version.licence.is_sample != actor.is_sandbox:
        raise NotFoundError(f"没有登记 {licence_identifier}。No licence is registered under {licence_identifier}.")
    actor.require(scope, version.licence.authority_code, version.licence.local_type_code)
    return version


def hold_version(
    session: Session,
    licence_identifier: str,
    actor: Actor,
    scope: Scope,
    *,
    expected_revision: int | None = None,
) -> LicenceVersion:
    """As ``find_version``, with the licence locked until the transaction ends and its revision counted up.

    StaleStateError when ``expected_revision`` (If-Match) is not the licence's.
    """
    licence_id = session.scalar(
        select(LicenceVersion.licence_id).where(LicenceVersion.licence_identifier == licence_identifier)
    )
    # The row is locked before anything is read of it; SQLite holds its one write lock from the beginning.
    licence = session.scalar(select(Licence).where(Licence.id == licence_id).with_for_update())
    version = find_version(session, licence_identifier, actor, scope)
    assert licence is not None
    if expected_revision is not None and licence.revision != expected_revision:
        raise StaleStateError(
            "证照在您查看之后已有变更。The licence was changed since you looked at it.",
            hint="Read it again and decide anew.",
        )
    licence.revision += 1
    return version
