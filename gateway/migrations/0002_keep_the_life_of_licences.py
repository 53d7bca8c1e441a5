"""keep the life of licences"""

import sqlalchemy as sa
from alembic import op

from gateway.persistence.base import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_tables()
    _widen_tables()


def _create_tables() -> None:
    op.create_table(
        "blank_forms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("authority_code", sa.String(length=18), nullable=False),
        sa.Column("form", sa.String(length=50), nullable=False),
        sa.Column("serial_number", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_blank_forms_authority_code_issuing_authorities"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blank_forms")),
        sa.UniqueConstraint(
            "authority_code", "form", "serial_number", name=op.f("uq_blank_forms_authority_code_form_serial_number")
        ),
    )
    op.create_table(
        "reported_licences",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("local_type_code", sa.String(length=21), nullable=False),
        sa.Column("authority_code", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=128), nullable=False),
        sa.Column("holder_code", sa.String(length=18), nullable=False),
        sa.Column("holder_name", sa.String(length=300), nullable=False),
        sa.Column("face_items", sa.JSON(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("blank_serial_number", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("content_sm3", sa.String(length=64), nullable=False),
        sa.Column("is_sample", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reported_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_code"],
            ["issuing_authorities.code"],
            name=op.f("fk_reported_licences_authority_code_issuing_authorities"),
        ),
        sa.ForeignKeyConstraint(
            ["local_type_code"],
            ["licence_types.local_type_code"],
            name=op.f("fk_reported_licences_local_type_code_licence_types"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_licences")),
        sa.UniqueConstraint(
            "local_type_code", "authority_code", "licence_number", "content_sm3", name="uq_reported_licences_content"
        ),
    )
    with op.batch_alter_table("reported_licences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reported_licences_holder_code"), ["holder_code"], unique=False)

    op.create_table(
        "obligations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_obligations_licence_identifier_licence_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligations")),
    )
    with op.batch_alter_table("obligations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_obligations_due_on"), ["due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_obligations_licence_identifier"), ["licence_identifier"], unique=False)

    op.create_table(
        "purpose_copies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("licence_identifier", sa.String(length=128), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("user_name", sa.String(length=200), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("copy_sm3", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["copy_sm3"], ["stored_files.sm3"], name=op.f("fk_purpose_copies_copy_sm3_stored_files")
        ),
        sa.ForeignKeyConstraint(
            ["licence_identifier"],
            ["licence_versions.licence_identifier"],
            name=op.f("fk_purpose_copies_licence_identifier_licence_versions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purpose_copies")),
        sa.UniqueConstraint("copy_sm3", name=op.f("uq_purpose_copies_copy_sm3")),
    )
    with op.batch_alter_table("purpose_copies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_purpose_copies_licence_identifier"), ["licence_identifier"], unique=False)

    op.create_table(
        "blank_movements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("blank_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["blank_id"], ["blank_forms.id"], name=op.f("fk_blank_movements_blank_id_blank_forms")),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["paper_counterparts.id"], name=op.f("fk_blank_movements_paper_id_paper_counterparts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blank_movements")),
    )
    with op.batch_alter_table("blank_movements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blank_movements_blank_id"), ["blank_id"], unique=False)

    op.create_table(
        "obligation_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("obligation_id", sa.Integer(), nullable=False),
        sa.Column("is_fulfilled", sa.Boolean(), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["obligation_id"], ["obligations.id"], name=op.f("fk_obligation_outcomes_obligation_id_obligations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation_outcomes")),
        sa.UniqueConstraint("obligation_id", name=op.f("uq_obligation_outcomes_obligation_id")),
    )
    op.create_table(
        "paper_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("blank_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("collected_by", sa.String(length=1000), nullable=False),
        sa.Column("actor", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["blank_id"], ["blank_forms.id"], name=op.f("fk_paper_events_blank_id_blank_forms")),
        sa.ForeignKeyConstraint(
            ["paper_id"], ["paper_counterparts.id"], name=op.f("fk_paper_events_paper_id_paper_counterparts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_events")),
    )
    with op.batch_alter_table("paper_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_events_paper_id"), ["paper_id"], unique=False)


def _widen_tables() -> None:
    with op.batch_alter_table("seals", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_sample", sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("actor", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))

    with op.batch_alter_table("licence_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=20), server_default="issue", nullable=False))
        batch_op.add_column(sa.Column("supersedes", sa.String(length=128), nullable=True))
        batch_op.add_column(sa.Column("takes_effect_at", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("change_reason", sa.String(length=500), server_default=sa.text("''"), nullable=False)
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_licence_versions_licence_id_version"), ["licence_id", "version"]
        )
        batch_op.create_unique_constraint(batch_op.f("uq_licence_versions_supersedes"), ["supersedes"])
        batch_op.create_foreign_key(
            batch_op.f("fk_licence_versions_supersedes_licence_versions"),
            "licence_versions",
            ["supersedes"],
            ["licence_identifier"],
        )

    # Up to here there were first versions only, in effect since they were signed.
    op.execute("UPDATE licence_versions SET takes_effect_at = signed_at")
    with op.batch_alter_table("licence_versions", schema=None) as batch_op:
        batch_op.alter_column("takes_effect_at", existing_type=UtcDateTime(timezone=True), nullable=False)

    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_sample", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
        batch_op.drop_constraint(
            batch_op.f("uq_licences_local_type_code_authority_code_licence_number"), type_="unique"
        )
        batch_op.create_unique_constraint(
            "uq_licences_number", ["local_type_code", "authority_code", "licence_number", "is_sample"]
        )

    with op.batch_alter_table("paper_counterparts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copy_number", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("current_blank_id", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_paper_counterparts_current_blank_id"), ["current_blank_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_paper_counterparts_current_blank_id_blank_forms"),
            "blank_forms",
            ["current_blank_id"],
            ["id"],
        )
        batch_op.drop_index(batch_op.f("ix_paper_counterparts_licence_identifier"))
        batch_op.create_unique_constraint(
            batch_op.f("uq_paper_counterparts_licence_identifier_copy_number"), ["licence_identifier", "copy_number"]
        )
        batch_op.drop_column("blank_serial_number")

    with op.batch_alter_table("status_changes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("licence_identifier", sa.String(length=128), nullable=True))
        batch_op.add_column(
            sa.Column("deciding_authority_code", sa.String(length=18), server_default=sa.text("''"), nullable=False)
        )
        batch_op.add_column(
            sa.Column("document_number", sa.String(length=100), server_default=sa.text("''"), nullable=False)
        )
        batch_op.add_column(sa.Column("obligation_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("actor", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
        batch_op.create_foreign_key(
            batch_op.f("fk_status_changes_licence_identifier_licence_versions"),
            "licence_versions",
            ["licence_identifier"],
            ["licence_identifier"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_status_changes_obligation_id_obligations"), "obligations", ["obligation_id"], ["id"]
        )


def downgrade() -> None:
    _narrow_tables()
    _drop_tables()


def _narrow_tables() -> None:
    with op.batch_alter_table("status_changes", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_status_changes_obligation_id_obligations"), type_="foreignkey")
        batch_op.drop_constraint(
            batch_op.f("fk_status_changes_licence_identifier_licence_versions"), type_="foreignkey"
        )
        batch_op.drop_column("actor")
        batch_op.drop_column("obligation_id")
        batch_op.drop_column("document_number")
        batch_op.drop_column("deciding_authority_code")
        batch_op.drop_column("licence_identifier")

    with op.batch_alter_table("paper_counterparts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("blank_serial_number", sa.VARCHAR(length=64), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_paper_counterparts_licence_identifier_copy_number"), type_="unique")
        batch_op.create_index(
            batch_op.f("ix_paper_counterparts_licence_identifier"), ["licence_identifier"], unique=False
        )
        batch_op.drop_constraint(batch_op.f("fk_paper_counterparts_current_blank_id_blank_forms"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_paper_counterparts_current_blank_id"), type_="unique")
        batch_op.drop_column("current_blank_id")
        batch_op.drop_column("copy_number")

    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.drop_constraint("uq_licences_number", type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_licences_local_type_code_authority_code_licence_number"),
            ["local_type_code", "authority_code", "licence_number"],
        )
        batch_op.drop_column("revision")
        batch_op.drop_column("is_sample")

    with op.batch_alter_table("licence_versions", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_licence_versions_supersedes_licence_versions"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_licence_versions_supersedes"), type_="unique")
        batch_op.drop_constraint(batch_op.f("uq_licence_versions_licence_id_version"), type_="unique")
        batch_op.drop_column("change_reason")
        batch_op.drop_column("takes_effect_at")
        batch_op.drop_column("supersedes")
        batch_op.drop_column("kind")

    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_column("actor")

    with op.batch_alter_table("seals", schema=None) as batch_op:
        batch_op.drop_column("is_sample")


def _drop_tables() -> None:
    with op.batch_alter_table("paper_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_paper_events_paper_id"))

    op.drop_table("paper_events")
    op.drop_table("obligation_outcomes")
    with op.batch_alter_table("blank_movements", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_blank_movements_blank_id"))

    op.drop_table("blank_movements")
    with op.batch_alter_table("purpose_copies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_purpose_copies_licence_identifier"))

    op.drop_table("purpose_copies")
    with op.batch_alter_table("obligations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_obligations_licence_identifier"))
        batch_op.drop_index(batch_op.f("ix_obligations_due_on"))

    op.drop_table("obligations")
    with op.batch_alter_table("reported_licences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reported_licences_holder_code"))

    op.drop_table("reported_licences")
    op.drop_table("blank_forms")
