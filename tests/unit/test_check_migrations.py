"""The rule that the release before must be able to live with a migration."""

import pytest

from tools.check_migrations import MIGRATIONS, safe_under_the_release_before, unsafe_steps

UPGRADE = """
def upgrade():
    with op.batch_alter_table("clients") as batch_op:
        _step(batch_op)

def _step(batch_op):
    {step}

def downgrade():
    op.drop_table("clients")
"""


@pytest.mark.parametrize(
    "step",
    [
        'op.drop_table("a")',
        'batch_op.drop_column("a")',
        'op.rename_table("a", "b")',
        'batch_op.alter_column("a", nullable=False)',
        'batch_op.alter_column("a", server_default=None)',
        'batch_op.alter_column("a", type_=sa.Integer())',
        'batch_op.alter_column("a", new_column_name="b")',
        'op.add_column("t", sa.Column("a", sa.Integer(), nullable=False))',
        'batch_op.create_unique_constraint("u", ["a"])',
        'batch_op.create_foreign_key("f", "t", ["a"], ["b"])',
        'op.create_index("i", "t", ["a"], unique=True)',
        'op.execute("alter table t drop column a")',
        'op.get_bind().exec_driver_sql("DROP TRIGGER x")',
    ],
)
def test_what_the_release_before_cannot_live_with_is_refused(step):
    assert len(unsafe_steps(UPGRADE.format(step=step))) == 1


@pytest.mark.parametrize(
    "step",
    [
        'op.create_table("a", sa.Column("id", sa.Integer(), nullable=False))',
        'op.add_column("t", sa.Column("a", sa.Integer(), nullable=True))',
        'op.add_column("t", sa.Column("a", sa.Integer(), server_default="0", nullable=False))',
        'batch_op.alter_column("a", existing_type=sa.Text(), nullable=True)',
        'op.create_index("i", "t", ["a"], unique=False)',
        'batch_op.drop_constraint("u", type_="unique")',
        'op.execute("UPDATE t SET a = 1")',
    ],
)
def test_what_only_adds_or_loosens_passes(step):
    assert unsafe_steps(UPGRADE.format(step=step)) == []


def test_every_migration_since_the_rule_is_safe():
    assert safe_under_the_release_before()
    assert unsafe_steps(next(MIGRATIONS.glob("0002*")).read_text()), "the rule reads the files of this repository"
