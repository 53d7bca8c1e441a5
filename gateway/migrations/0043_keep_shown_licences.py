"""keep shown licences"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Electronic business licences that were shown as their object, and what the national service told of them."""
    op.create_table(
        "licence_showings",
        sa.Column("showing_id", sa.String(length=32), nullable=False),
        sa.Column("unified_social_credit_code", sa.String(length=18), nullable=False),
        sa.Column("shown_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("entity_sm3", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unified_social_credit_code"],
            ["enterprises.unified_social_credit_code"],
            name=op.f("fk_licence_showings_unified_social_credit_code_enterprises"),
        ),
        sa.PrimaryKeyConstraint("showing_id", name=op.f("pk_licence_showings")),
    )
    op.create_index(
        op.f("ix_licence_showings_unified_social_credit_code"), "licence_showings", ["unified_social_credit_code"]
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("licence_showings")
