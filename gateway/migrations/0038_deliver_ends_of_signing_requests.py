"""deliver ends of signing requests"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A delivery may be about no licence."""
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.alter_column("licence_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    """Forget what was about no licence."""
    op.execute("DELETE FROM deliveries WHERE licence_id IS NULL")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.alter_column("licence_id", existing_type=sa.Integer(), nullable=False)
