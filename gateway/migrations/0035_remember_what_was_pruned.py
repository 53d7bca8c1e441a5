"""remember what was pruned"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up to which position deliveries of a receiver were removed: none so far."""
    op.add_column("subscriptions", sa.Column("pruned_through", sa.Integer(), server_default="-1", nullable=False))


def downgrade() -> None:
    """Forget it."""
    with op.batch_alter_table("subscriptions") as batch_op:
        batch_op.drop_column("pruned_through")
