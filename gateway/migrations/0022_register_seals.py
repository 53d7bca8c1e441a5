"""register seals"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from cryptography import x509

from gateway.persistence.base import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_COLUMNS = ("name", "filing_number", "valid_from", "valid_until", "status")
_seals = sa.table(
    "seals",
    sa.column("key_id", sa.String),
    sa.column("authority_code", sa.String),
    sa.column("certificate", sa.LargeBinary),
    sa.column("created_at", UtcDateTime(timezone=True)),
    sa.column("name", sa.String),
    sa.column("valid_from", UtcDateTime(timezone=True)),
    sa.column("valid_until", UtcDateTime(timezone=True)),
)
_authorities = sa.table("issuing_authorities", sa.column("code", sa.String), sa.column("name", sa.String))
_events = sa.table(
    "seal_events",
    sa.column("key_id", sa.String),
    sa.column("act", sa.String),
    sa.column("occurred_at", UtcDateTime(timezone=True)),
    sa.column("reason", sa.String),
    sa.column("actor", sa.JSON),
)


def upgrade() -> None:
    """Every seal that there is becomes a registered one in use, valid as long as its certificate."""
    with op.batch_alter_table("seals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("filing_number", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("valid_from", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("valid_until", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("status", sa.String(length=20), server_default="in_use", nullable=False))
        batch_op.create_index(op.f("ix_seals_filing_number"), ["filing_number"], unique=False)
    op.create_table(
        "seal_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["seals.key_id"], name=op.f("fk_seal_events_key_id_seals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_events")),
    )
    op.create_index(op.f("ix_seal_events_key_id"), "seal_events", ["key_id"], unique=False)
    _register(op.get_bind())
    with op.batch_alter_table("seals", schema=None) as batch_op:
        batch_op.alter_column("name", existing_type=sa.String(length=300), nullable=False)
        batch_op.alter_column("valid_from", existing_type=UtcDateTime(timezone=True), nullable=False)
        batch_op.alter_column("valid_until", existing_type=UtcDateTime(timezone=True), nullable=False)


def _register(connection: sa.Connection) -> None:
    names = {row.code: row.name for row in connection.execute(sa.select(_authorities))}
    for row in connection.execute(sa.select(_seals)).all():
        parsed = x509.load_der_x509_certificate(row.certificate)
        values = {
            "name": names.get(row.authority_code, row.authority_code),
            "valid_from": parsed.not_valid_before_utc,
            "valid_until": parsed.not_valid_after_utc,
        }
        connection.execute(_seals.update().where(_seals.c.key_id == row.key_id).values(**values))
        made = {"key_id": row.key_id, "act": "make", "occurred_at": row.created_at or datetime.now(UTC)}
        actor = {"kind": "system", "id": "system", "name": "网关 gateway"}
        connection.execute(_events.insert().values(**made, reason="", actor=actor))


def downgrade() -> None:
    op.drop_table("seal_events")
    with op.batch_alter_table("seals", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_seals_filing_number"))
        for column in _COLUMNS:
            batch_op.drop_column(column)
