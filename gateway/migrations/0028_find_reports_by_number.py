"""find reports by number"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0022"
branch_labels = None
depends_on = None

_TABLE = "verification_records"


def upgrade() -> None:
    """A report is found by its number alone, in a time that says nothing about the file that it is on."""
    op.add_column(_TABLE, sa.Column("report_number", sa.String(length=64), nullable=True))
    records = sa.table(_TABLE, sa.column("report_number", sa.String()), sa.column("report", sa.JSON()))
    op.execute(sa.update(records).values(report_number=records.c.report["report_number"].as_string()))
    op.create_index("ix_verification_records_report_number", _TABLE, ["report_number"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_verification_records_report_number", _TABLE)
    with op.batch_alter_table(_TABLE) as batch_op:
        batch_op.drop_column("report_number")
