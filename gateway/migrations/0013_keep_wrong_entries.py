"""keep reports of wrong entries"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The public may say what is wrong in the register, without saying who it is."""
    op.create_table(
        "wrong_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reported_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("handled_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("handled_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wrong_entries")),
    )
    op.create_index("ix_wrong_entries_waiting", "wrong_entries", ["handled_at", "reported_at"])


def downgrade() -> None:
    op.drop_table("wrong_entries")
