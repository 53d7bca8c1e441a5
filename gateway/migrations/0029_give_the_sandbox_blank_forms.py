"""give the sandbox blank forms"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_OLD, _NEW = "uq_blank_forms_authority_code_form_serial_number", "uq_blank_forms_serial"


def upgrade() -> None:
    """The sandbox has a stock of its own; a number there says nothing of the real one."""
    with op.batch_alter_table("blank_forms", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_sample", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.drop_constraint(op.f(_OLD), type_="unique")
        batch_op.create_unique_constraint(_NEW, ["authority_code", "form", "serial_number", "is_sample"])


def downgrade() -> None:
    """Forgets the sandbox's stock: an older gateway would take it for the real one."""
    samples = "(SELECT id FROM blank_forms WHERE is_sample)"
    op.execute(f"UPDATE paper_counterparts SET current_blank_id = NULL WHERE current_blank_id IN {samples}")  # noqa: S608 # no input
    op.execute(f"UPDATE paper_events SET blank_id = NULL WHERE blank_id IN {samples}")  # noqa: S608 # no input
    op.execute(f"DELETE FROM blank_movements WHERE blank_id IN {samples}")  # noqa: S608 # no input
    op.execute("DELETE FROM blank_forms WHERE is_sample")
    with op.batch_alter_table("blank_forms", schema=None) as batch_op:
        batch_op.drop_constraint(_NEW, type_="unique")
        batch_op.create_unique_constraint(op.f(_OLD), ["authority_code", "form", "serial_number"])
        batch_op.drop_column("is_sample")
