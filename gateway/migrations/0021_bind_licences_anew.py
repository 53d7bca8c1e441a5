"""bind licences anew"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Statements that bind licences to later certificates of electronic business licences."""
    op.create_table(
        "rebindings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("certificate_sm3", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("stated_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_rebindings_licence_identifier_licence_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_sm3"],
            ["electronic_business_licences.certificate_sm3"],
            name=op.f("fk_rebindings_certificate_sm3_electronic_business_licences"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebindings")),
        sa.UniqueConstraint("licence_identifier", "number", name=op.f("uq_rebindings_licence_identifier_number")),
    )


def downgrade() -> None:
    op.drop_table("rebindings")
