"""keep signing requests"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Requests for signatures with electronic business licences, and their documents."""
    op.create_table(
        "signing_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("token_sm3", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("department_code", sa.String(length=18), nullable=False),
        sa.Column("enterprise_code", sa.String(length=18), nullable=False),
        sa.Column("enterprise_name", sa.String(length=300), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("signer_role", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("decline_reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("presented_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("answer_sm3", sa.String(length=64), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("completing_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_signing_requests_department_code_issuing_authorities"),
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_code"],
            ["enterprises.unified_social_credit_code"],
            name=op.f("fk_signing_requests_enterprise_code_enterprises"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_requests")),
        sa.UniqueConstraint("token_sm3", name=op.f("uq_signing_requests_token_sm3")),
    )
    op.create_index(op.f("ix_signing_requests_client_id"), "signing_requests", ["client_id"], unique=False)
    op.create_index(op.f("ix_signing_requests_enterprise_code"), "signing_requests", ["enterprise_code"], unique=False)
    op.create_index("ix_signing_requests_open", "signing_requests", ["state", "expires_at"], unique=False)
    op.create_table(
        "signing_documents",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("content_sm3", sa.String(length=64), nullable=False),
        sa.Column("gap_start", sa.Integer(), nullable=False),
        sa.Column("gap_end", sa.Integer(), nullable=False),
        sa.Column("message_sm3", sa.String(length=64), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("value_sm3", sa.String(length=64), nullable=True),
        sa.Column("result_sm3", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["signing_requests.id"], name=op.f("fk_signing_documents_request_id_signing_requests")
        ),
        sa.ForeignKeyConstraint(
            ["content_sm3"], ["stored_files.sm3"], name=op.f("fk_signing_documents_content_sm3_stored_files")
        ),
        sa.ForeignKeyConstraint(
            ["result_sm3"], ["stored_files.sm3"], name=op.f("fk_signing_documents_result_sm3_stored_files")
        ),
        sa.PrimaryKeyConstraint("request_id", "position", name=op.f("pk_signing_documents")),
        sa.UniqueConstraint("value_sm3", name=op.f("uq_signing_documents_value_sm3")),
    )


def downgrade() -> None:
    """Requests and the place of their results are lost; the files stay in the store."""
    op.drop_table("signing_documents")
    op.drop_index("ix_signing_requests_open", table_name="signing_requests")
    op.drop_index(op.f("ix_signing_requests_enterprise_code"), table_name="signing_requests")
    op.drop_index(op.f("ix_signing_requests_client_id"), table_name="signing_requests")
    op.drop_table("signing_requests")
