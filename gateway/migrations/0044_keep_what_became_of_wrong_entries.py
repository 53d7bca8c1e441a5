"""keep what became of wrong entries"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever settles a report says what was found and done; of what was settled before, nobody said it."""
    op.add_column("wrong_entries", sa.Column("outcome", sa.String(length=20), nullable=True))
    op.add_column("wrong_entries", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    """Forget it; who settled a report and when stays."""
    op.drop_column("wrong_entries", "note")
    op.drop_column("wrong_entries", "outcome")
