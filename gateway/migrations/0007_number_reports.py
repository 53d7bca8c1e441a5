"""number the reports of a licence"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Reports are numbered, so that a licence can go back to what it was reported as before."""
    with op.batch_alter_table("reported_licences", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("blank_form", sa.String(length=50), server_default=sa.text("''"), nullable=False))
        batch_op.drop_constraint("uq_reported_licences_content", type_="unique")
        batch_op.create_unique_constraint(
            "uq_reported_licences_revision",
            ["local_type_code", "authority_code", "licence_number", "is_sample", "revision"],
        )
        batch_op.create_index("ix_reported_licences_blank", ["authority_code", "blank_serial_number"], unique=False)
    with op.batch_alter_table("blank_forms", schema=None) as batch_op:
        batch_op.create_index("ix_blank_forms_serial", ["authority_code", "serial_number"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("blank_forms", schema=None) as batch_op:
        batch_op.drop_index("ix_blank_forms_serial")
    with op.batch_alter_table("reported_licences", schema=None) as batch_op:
        batch_op.drop_index("ix_reported_licences_blank")
        batch_op.drop_constraint("uq_reported_licences_revision", type_="unique")
        batch_op.create_unique_constraint(
            "uq_reported_licences_content", ["local_type_code", "authority_code", "licence_number", "content_sm3"]
        )
        batch_op.drop_column("blank_form")
        batch_op.drop_column("revision")
