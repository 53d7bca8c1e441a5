"""keep checks of signatures and status lists"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Decided checks of files are kept for every process; licences get places in the status list of their authority."""
    op.create_table(
        "signature_checks",
        sa.Column("electronic_sm3", sa.String(length=64), nullable=False),
        sa.Column("trust_sm3", sa.String(length=64), nullable=False),
        sa.Column("file_stamp", sa.String(length=80), nullable=False),
        sa.Column("checked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("genuine", sa.String(length=10), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["electronic_sm3"], ["stored_files.sm3"], name=op.f("fk_signature_checks_electronic_sm3_stored_files")
        ),
        sa.PrimaryKeyConstraint("electronic_sm3", name=op.f("pk_signature_checks")),
    )
    op.create_index("ix_signature_checks_oldest", "signature_checks", ["checked_at"])
    op.create_table(
        "status_places",
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("authority_code", sa.String(length=18), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_status_places_licence_identifier_licence_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_status_places_authority_code_issuing_authorities"),
        ),
        sa.PrimaryKeyConstraint("licence_identifier", name=op.f("pk_status_places")),
        sa.UniqueConstraint("authority_code", "place", name=op.f("uq_status_places_authority_code_place")),
    )
    op.create_table(
        "status_list_tokens",
        sa.Column("authority_code", sa.String(length=18), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_sm3", sa.String(length=64), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_status_list_tokens_authority_code_issuing_authorities"),
        ),
        sa.PrimaryKeyConstraint("authority_code", "number", name=op.f("pk_status_list_tokens")),
    )


def downgrade() -> None:
    op.drop_table("status_list_tokens")
    op.drop_table("status_places")
    op.drop_index("ix_signature_checks_oldest", "signature_checks")
    op.drop_table("signature_checks")
