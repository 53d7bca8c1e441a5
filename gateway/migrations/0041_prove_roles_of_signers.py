"""prove roles of signers"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The register may know the legal representative; a signing request may ask for an authorisation."""
    with op.batch_alter_table("enterprises", schema=None) as batch_op:
        batch_op.add_column(sa.Column("legal_representative", sa.String(length=100), nullable=True))
    with op.batch_alter_table("signing_requests", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("requires_authorisation", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    """Back to what the app claims."""
    with op.batch_alter_table("signing_requests", schema=None) as batch_op:
        batch_op.drop_column("requires_authorisation")
    with op.batch_alter_table("enterprises", schema=None) as batch_op:
        batch_op.drop_column("legal_representative")
