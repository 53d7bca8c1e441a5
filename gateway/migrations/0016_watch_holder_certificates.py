"""watch holder certificates"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """How each certificate of an electronic business licence stands, and how registrations of enterprises changed."""
    op.create_table(
        "holder_certificate_watches",
        sa.Column("certificate_sm3", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("checked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_sm3"],
            ["electronic_business_licences.certificate_sm3"],
            name=op.f("fk_holder_certificate_watches_certificate_sm3_electronic_business_licences"),
        ),
        sa.PrimaryKeyConstraint("certificate_sm3", name=op.f("pk_holder_certificate_watches")),
    )
    for column in ("checked_at", "state"):
        name = op.f(f"ix_holder_certificate_watches_{column}")
        op.create_index(name, "holder_certificate_watches", [column], unique=False)
    op.create_table(
        "registration_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unified_social_credit_code", sa.String(length=18), nullable=False),
        sa.Column("name_before", sa.String(length=300), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("status_before", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("as_of", UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unified_social_credit_code"],
            ["enterprises.unified_social_credit_code"],
            name=op.f("fk_registration_changes_unified_social_credit_code_enterprises"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_changes")),
    )
    op.create_index(
        op.f("ix_registration_changes_unified_social_credit_code"),
        "registration_changes",
        ["unified_social_credit_code"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("registration_changes")
    op.drop_table("holder_certificate_watches")
