"""keep what was exchanged"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What the national service was asked and what it answered, sealed; of exchanges of before there are only digests."""
    op.create_table(
        "signer_exchange_contents",
        sa.Column("exchange_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kept_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exchange_id"],
            ["signer_exchanges.id"],
            name=op.f("fk_signer_exchange_contents_exchange_id_signer_exchanges"),
        ),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_signer_exchange_contents")),
    )
    op.create_index(op.f("ix_signer_exchange_contents_kept_at"), "signer_exchange_contents", ["kept_at"])


def downgrade() -> None:
    """Forget what was said; the digests stay."""
    op.drop_table("signer_exchange_contents")
