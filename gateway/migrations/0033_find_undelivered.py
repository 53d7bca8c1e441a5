"""find undelivered"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0038"
branch_labels = None
depends_on = None

_UNDELIVERED = sa.text("state IN ('pending', 'dead')")


def upgrade() -> None:
    """How old the oldest undelivered event is can be told without a look at all that were delivered."""
    op.create_index(
        "ix_deliveries_undelivered",
        "deliveries",
        ["subscription_id", "state", "position"],
        sqlite_where=_UNDELIVERED,
        postgresql_where=_UNDELIVERED,
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_undelivered", "deliveries")
