"""let enterprises ask"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0034"
branch_labels = None
depends_on = None
_REQUESTS = sa.table("signing_requests", sa.column("id"), sa.column("department_code"))


def upgrade() -> None:
    """A client may be an enterprise's own system; what it asks for, no authority asked for."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("enterprise_code", sa.String(length=18), nullable=True))
    with op.batch_alter_table("signing_requests", schema=None) as batch_op:
        batch_op.alter_column("department_code", existing_type=sa.String(length=18), nullable=True)


def downgrade() -> None:
    """Forget what no authority asked for, and who asked."""
    own = sa.select(_REQUESTS.c.id).where(_REQUESTS.c.department_code.is_(None))
    for name in ("signer_sessions", "signing_documents"):
        table = sa.table(name, sa.column("request_id"))
        op.execute(sa.delete(table).where(table.c.request_id.in_(own)))
    op.execute("DELETE FROM signing_requests WHERE department_code IS NULL")
    op.execute("UPDATE clients SET is_enabled = false WHERE enterprise_code IS NOT NULL")
    with op.batch_alter_table("signing_requests", schema=None) as batch_op:
        batch_op.alter_column("department_code", existing_type=sa.String(length=18), nullable=False)
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_column("enterprise_code")
