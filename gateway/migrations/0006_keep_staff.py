"""keep staff"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_members",
        sa.Column("account", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("authority_code", sa.String(length=18), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_first_password", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.String(length=400), nullable=True),
        sa.Column("has_second_factor", sa.Boolean(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_staff_members_authority_code_issuing_authorities"),
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_staff_members")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=50), nullable=False),
        sa.Column("browser_sha256", sa.String(length=64), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["staff_members.account"], name=op.f("fk_staff_sessions_account_staff_members")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_staff_sessions")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_sessions_account"), ["account"], unique=False)

    op.create_table(
        "revocation_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("legal_ground", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("document_number", sa.String(length=100), nullable=False),
        sa.Column("obligation_id", sa.Integer(), nullable=True),
        sa.Column("proposed_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_revocation_requests_licence_identifier_licence_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligations.id"], name=op.f("fk_revocation_requests_obligation_id_obligations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation_requests")),
    )
    with op.batch_alter_table("revocation_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_revocation_requests_licence_identifier"), ["licence_identifier"], unique=False
        )

    op.create_table(
        "revocation_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["revocation_requests.id"],
            name=op.f("fk_revocation_decisions_request_id_revocation_requests"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocation_decisions")),
        sa.UniqueConstraint("request_id", name=op.f("uq_revocation_decisions_request_id")),
    )


def downgrade() -> None:
    op.drop_table("revocation_decisions")
    with op.batch_alter_table("revocation_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_revocation_requests_licence_identifier"))

    op.drop_table("revocation_requests")
    with op.batch_alter_table("staff_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_staff_sessions_account"))

    op.drop_table("staff_sessions")
    op.drop_table("staff_members")
