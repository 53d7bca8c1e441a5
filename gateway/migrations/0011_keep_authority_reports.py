"""keep authority reports"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Authorities say up to when their data are complete, and enterprises' registration has a source and an instant."""
    op.create_table(
        "authority_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority_code", sa.String(length=18), nullable=False),
        sa.Column("complete_as_of", UtcDateTime(timezone=True), nullable=False),
        sa.Column("is_sample", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reported_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_authority_reports_authority_code_issuing_authorities"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority_reports")),
    )
    newest = (
        ("authority_reports", "complete_as_of"),
        ("licences", "recorded_at"),
        ("reported_licences", "reported_at"),
    )
    for table, column in newest:
        op.create_index(f"ix_{table}_newest", table, ["authority_code", "is_sample", column])
    op.add_column(
        "enterprises",
        sa.Column("registration_source", sa.String(length=20), server_default="enterprise_record", nullable=False),
    )
    op.add_column("enterprises", sa.Column("registration_as_of", UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("enterprises", "registration_as_of")
    op.drop_column("enterprises", "registration_source")
    for table in ("reported_licences", "licences"):
        op.drop_index(f"ix_{table}_newest", table)
    op.drop_table("authority_reports")
