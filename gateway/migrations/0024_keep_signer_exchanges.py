"""keep exchanges with the national service of electronic business licences"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0024"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Its sessions, and the evidence of every exchange."""
    op.create_table(
        "signer_sessions",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("system", sa.String(length=30), nullable=False),
        sa.Column("session_id", sa.String(length=300), nullable=False),
        sa.Column("begun_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["signing_requests.id"], name=op.f("fk_signer_sessions_request_id_signing_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_signer_sessions")),
    )
    op.create_table(
        "signer_exchanges",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("system", sa.String(length=30), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("request_sm3", sa.String(length=64), nullable=False),
        sa.Column("response_sm3", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signer_exchanges")),
    )
    op.create_index(op.f("ix_signer_exchanges_request_id"), "signer_exchanges", ["request_id"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("signer_exchanges")
    op.drop_table("signer_sessions")
