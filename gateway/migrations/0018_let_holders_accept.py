"""let holders accept licences"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Acceptances of licences, each by a signing request."""
    op.create_table(
        "licence_acceptances",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("issued_sm3", sa.String(length=64), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["signing_requests.id"], name=op.f("fk_licence_acceptances_request_id_signing_requests")
        ),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_licence_acceptances_licence_identifier_licence_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["issued_sm3"], ["stored_files.sm3"], name=op.f("fk_licence_acceptances_issued_sm3_stored_files")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_licence_acceptances")),
        sa.UniqueConstraint(
            "licence_identifier", "attempt", name=op.f("uq_licence_acceptances_licence_identifier_attempt")
        ),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("licence_acceptances")
