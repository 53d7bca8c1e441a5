"""convert paper licences"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime
from gateway.persistence.queue import install_queue, remove_queue

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs and rows of conversions, and the queue; a converted licence need not be bound to a certificate yet."""
    op.create_table(
        "conversion_jobs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column("source_sm3", sa.String(length=64), nullable=False),
        sa.Column("open_key", sa.String(length=80), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stager", sa.String(length=32), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("registers_holders", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("headings", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.String(length=500), nullable=True),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion_jobs")),
        sa.UniqueConstraint("open_key", name=op.f("uq_conversion_jobs_open_key")),
    )
    op.create_index(op.f("ix_conversion_jobs_state"), "conversion_jobs", ["state"], unique=False)
    op.create_table(
        "conversion_profiles",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("meanings", sa.JSON(), nullable=False),
        sa.Column("saved_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_conversion_profiles")),
    )
    op.create_table(
        "conversion_rows",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=100), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("licence_number", sa.String(length=128), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("done_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["conversion_jobs.id"],
            name=op.f("fk_conversion_rows_job_id_conversion_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_conversion_rows")),
    )
    op.create_index("ix_conversion_rows_status", "conversion_rows", ["job_id", "status", "position"], unique=False)
    with op.batch_alter_table("licence_versions", schema=None) as batch_op:
        batch_op.alter_column("holder_certificate_sm3", existing_type=sa.String(length=64), nullable=True)
    install_queue(op.get_bind())


def downgrade() -> None:
    """Fails where converted licences without a certificate stand: they cannot be kept in the older form."""
    remove_queue(op.get_bind())
    with op.batch_alter_table("licence_versions", schema=None) as batch_op:
        batch_op.alter_column("holder_certificate_sm3", existing_type=sa.String(length=64), nullable=False)
    op.drop_index("ix_conversion_rows_status", table_name="conversion_rows")
    op.drop_table("conversion_rows")
    op.drop_table("conversion_profiles")
    op.drop_index(op.f("ix_conversion_jobs_state"), table_name="conversion_jobs")
    op.drop_table("conversion_jobs")
