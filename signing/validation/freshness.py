"""Revocation freshness checker (EN 319 102-1, 5.2.5)."""

from datetime import datetime

from signing.validation.policy import ValidationPolicy
from signing.validation.revocation import RevocationStatus


def fresh_until(status: RevocationStatus, policy: ValidationPolicy) -> datetime:
    """The last instant at which the status is fresh; its own issue when nothing says more (5.2.5.4).

    1. The policy's maximum age counts from the issue of the data.
    2. Without one the data counts until its own next update.
    3. Both given, the earlier one decides: data that its issuer has replaced is not made fresh by a policy.
    """
    bounds = [] if status.next_update is None else [status.next_update]
    if policy.revocation_maximum_age is not None:
        bounds.append(status.issued_at + policy.revocation_maximum_age)
    return min(bounds, default=status.issued_at)


def is_fresh(status: RevocationStatus, policy: ValidationPolicy, at: datetime) -> bool:
    """Whether the status was issued and is fresh at ``at``."""
    return status.issued_at <= at <= fresh_until(status, policy)
