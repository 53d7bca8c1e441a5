"""let certificates overlap"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_clients = sa.table(
    "clients",
    sa.column("id", sa.String),
    sa.column("certificate_sha256", sa.String),
    sa.column("certificate_sha256s", sa.JSON),
)


def upgrade() -> None:
    """A client may have two certificates while one replaces the other."""
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("certificate_sha256s", sa.JSON(), server_default="[]", nullable=False))
    connection = op.get_bind()
    for row in connection.execute(sa.select(_clients).where(_clients.c.certificate_sha256 != "")).all():
        moved = _clients.update().where(_clients.c.id == row.id)
        connection.execute(moved.values(certificate_sha256s=[row.certificate_sha256]))
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.alter_column("certificate_sha256s", existing_type=sa.JSON(), server_default=None)
        batch_op.drop_column("certificate_sha256")


def downgrade() -> None:
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.add_column(sa.Column("certificate_sha256", sa.String(length=64), server_default="", nullable=False))
    connection = op.get_bind()
    for row in connection.execute(sa.select(_clients)).all():
        if row.certificate_sha256s:
            moved = _clients.update().where(_clients.c.id == row.id)
            connection.execute(moved.values(certificate_sha256=row.certificate_sha256s[-1]))
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.alter_column("certificate_sha256", existing_type=sa.String(length=64), server_default=None)
        batch_op.drop_column("certificate_sha256s")
