"""log every event"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSERT_ONLY = {"audit_events": "id", "log_leaves": "leaf_index", "log_checkpoints": "size"}
"""Tables whose rows are never changed, with their keys."""


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("salt", sa.String(length=32), server_default=sa.text("''"), nullable=False))
    chance = "lower(hex(randomblob(16)))" if _is_sqlite() else "replace(gen_random_uuid()::text, '-', '')"
    op.execute(f"UPDATE audit_events SET salt = {chance}")  # noqa: S608 - our own words
    _create_tables()
    op.execute("INSERT INTO log_queue (event_id) SELECT id FROM audit_events")
    for statement in _sqlite_triggers() if _is_sqlite() else _postgresql_triggers():
        op.execute(statement)


def downgrade() -> None:
    if _is_sqlite():
        op.execute("DROP TRIGGER audit_events_queue")
        for table in INSERT_ONLY:
            for act in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
    else:
        op.execute("DROP TRIGGER audit_events_queue ON audit_events")
        for table in INSERT_ONLY:
            op.execute(f"DROP TRIGGER {table}_no_change ON {table}")
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute("DROP FUNCTION queue_audit_event()")
        op.execute("DROP FUNCTION refuse_change()")
    op.drop_table("log_checkpoints")
    op.drop_table("log_leaves")
    op.drop_table("log_queue")
    op.drop_column("audit_events", "salt")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _create_tables() -> None:
    op.create_table(
        "log_queue",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_events.id"], name=op.f("fk_log_queue_event_id_audit_events")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_log_queue")),
    )
    op.create_table(
        "log_leaves",
        sa.Column("leaf_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_events.id"], name=op.f("fk_log_leaves_event_id_audit_events")),
        sa.PrimaryKeyConstraint("leaf_index", name=op.f("pk_log_leaves")),
        sa.UniqueConstraint("event_id", name=op.f("uq_log_leaves_event_id")),
    )
    op.create_table(
        "log_checkpoints",
        sa.Column("size", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoints")),
    )


def _sqlite_triggers() -> list[str]:
    queue = "INSERT INTO log_queue (event_id) VALUES (NEW.id)"
    statements = [f"CREATE TRIGGER audit_events_queue AFTER INSERT ON audit_events BEGIN {queue}; END"]
    for table, key in INSERT_ONLY.items():
        refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
        # INSERT OR REPLACE removes the old row without the trigger of DELETE.
        known = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - our own names
        statements += [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refusal}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {known} {refusal}",
        ]
    return statements


def _postgresql_triggers() -> list[str]:
    function = "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {}; END $$"
    statements = [
        function.format("queue_audit_event", "INSERT INTO log_queue (event_id) VALUES (NEW.id); RETURN NULL"),
        function.format("refuse_change", "RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME"),
    ]
    each_row, refuse = "FOR EACH ROW EXECUTE FUNCTION", "EXECUTE FUNCTION refuse_change()"
    queue = f"{each_row} queue_audit_event()"
    statements.append(f"CREATE TRIGGER audit_events_queue AFTER INSERT ON audit_events {queue}")
    for table in INSERT_ONLY:
        statements += [
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {refuse}",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
        ]
    return statements
