"""Receivers of events, and what was and is to be sent to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from gateway.persistence.base import Base

UNDELIVERED = "state IN ('pending', 'dead')"
"""Of deliveries, those that are not done: few among many, with an index of their own. A query that is to use it says it so."""


class Subscription(Base):
    """One receiver, with what it is told and how far it was told."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    client_id: Mapped[str | None] = mapped_column(ForeignKey("clients.id"), index=True)
    """The department whose limits it has; None for a connector of the gateway's own."""
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(30))
    """webhook | publicity | licence_library | data_sharing"""
    url: Mapped[str] = mapped_column(String(500))
    options: Mapped[dict[str, Any]]
    """What the kind needs besides and is no secret."""
    actions: Mapped[list[str]]
    """Kinds of events; empty means all that the kind understands."""
    authority_codes: Mapped[list[str]]
    """Empty means all, which only a connector may have."""
    type_codes: Mapped[list[str]]
    is_sample: Mapped[bool] = mapped_column(Boolean)
    signing: Mapped[str] = mapped_column(String(20))
    is_enabled: Mapped[bool] = mapped_column(Boolean)
    position: Mapped[int] = mapped_column(Integer)
    """Leaves up to this one were looked at, and what concerns it has become a delivery."""
    pruned_through: Mapped[int] = mapped_column(Integer, default=-1, server_default="-1")
    """Of what was delivered up to this position some was removed when its time was over."""
    failures: Mapped[int] = mapped_column(Integer)
    """In a row, in which it took nothing at all."""
    rests_until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    secrets: Mapped[list["SubscriptionSecret"]] = relationship(
        back_populates="subscription", order_by="SubscriptionSecret.created_at"
    )


class SubscriptionSecret(Base):
    """A secret that is shared with a receiver, encrypted. Two may be good at once, while one replaces the other."""

    __tablename__ = "subscription_secrets"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Random: what it is sealed to."""
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    subscription: Mapped[Subscription] = relationship(back_populates="secrets")


class Delivery(Base):
    """One event for one receiver."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("subscription_id", "position"),
        Index("ix_deliveries_due", "subscription_id", "state", "next_attempt_at"),
        Index("ix_deliveries_lane", "subscription_id", "licence_id", "state", "position"),
        Index(
            "ix_deliveries_undelivered",
            "subscription_id",
            "state",
            "position",
            sqlite_where=text(UNDELIVERED),
            postgresql_where=text(UNDELIVERED),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    position: Mapped[int] = mapped_column(ForeignKey("log_leaves.leaf_index"))
    licence_id: Mapped[int | None] = mapped_column(ForeignKey("licences.id"))
    """Deliveries of one licence go out one after another; None where an event is about no licence."""
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(Integer)
    next_attempt_at: Mapped[datetime]
    leased_by: Mapped[str | None] = mapped_column(String(32))
    """Random name of the attempt that is under way."""
    leased_until: Mapped[datetime | None]
    """After this whoever made the attempt is taken for dead."""
    last_status: Mapped[int | None] = mapped_column(Integer)
    last_error: Mapped[str] = mapped_column(String(200))
    delivered_at: Mapped[datetime | None]
    reference: Mapped[dict[str, Any]]
    """What the receiver calls it."""

    subscription: Mapped[Subscription] = relationship()
