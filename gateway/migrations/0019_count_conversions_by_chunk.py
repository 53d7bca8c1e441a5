"""count conversions by chunk"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CHUNK_ROWS = 100


def upgrade() -> None:
    """How the rows of each chunk stand, also of the conversions that are there; profiles may hold a query."""
    chunks = op.create_table(
        "conversion_chunks",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("settled_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["conversion_jobs.id"],
            name=op.f("fk_conversion_chunks_job_id_conversion_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "first", name=op.f("pk_conversion_chunks")),
    )
    op.create_index("ix_conversion_chunks_pending", "conversion_chunks", ["job_id", "pending", "first"], unique=False)
    with op.batch_alter_table("conversion_profiles", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("query", sa.Text(), nullable=True))
    if found := _counted(op.get_bind()):
        op.bulk_insert(chunks, found)


def downgrade() -> None:
    """The rows say what the chunks did; queries of profiles are lost."""
    with op.batch_alter_table("conversion_profiles", schema=None) as batch_op:
        batch_op.drop_column("query")
        batch_op.drop_column("source")
    op.drop_index("ix_conversion_chunks_pending", table_name="conversion_chunks")
    op.drop_table("conversion_chunks")


_ROWS = sa.table(
    "conversion_rows",
    sa.column("job_id"),
    sa.column("position", sa.Integer()),
    sa.column("status"),
    sa.column("reason_code"),
    sa.column("done_at", UtcDateTime()),
)


def _counted(connection: sa.Connection) -> list[dict[str, object]]:
    row = _ROWS.c
    first = (row.position - row.position % CHUNK_ROWS).label("first")
    query = sa.select(
        row.job_id, first, row.status, row.reason_code, sa.func.count(), sa.func.max(row.done_at)
    ).group_by(row.job_id, first, row.status, row.reason_code)
    found: dict[tuple[str, int], dict[str, object]] = {}
    counts: dict[tuple[str, int], dict[str, dict[str, int]]] = defaultdict(dict)
    for job_id, start, status, reason, number, done_at in connection.execute(query):
        chunk = found.setdefault((job_id, start), {"pending": 0, "settled": 0, "settled_at": None})
        if status == "pending":
            chunk["pending"] = number
            continue
        if done_at is not None:
            chunk |= {"settled": int(str(chunk["settled"])) + number, "settled_at": done_at}
        counts[job_id, start].setdefault(status, {})[reason or ""] = number
    return [{"job_id": key[0], "first": key[1], "counts": counts[key], **chunk} for key, chunk in found.items()]
