"""keep when applied"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_INDEX = "ix_verification_records_verified_at"


def upgrade() -> None:
    """How long it took from the application can be told, and verifications of a period are found without a look at all."""
    op.add_column("licence_versions", sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(_INDEX, "verification_records", ["verified_at"])


def downgrade() -> None:
    op.drop_index(_INDEX, "verification_records")
    op.drop_column("licence_versions", "applied_at")
