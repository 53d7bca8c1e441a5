"""docs/licence-lifecycle.md says what the code does."""

from pathlib import Path

from gateway.domain.catalogue import Forms
from gateway.domain.papers import _ALLOWED
from gateway.domain.reconciliation import DriftKind
from gateway.domain.status import _FOLLOWERS, NATIONAL_CODES, LicenceStatus

TEXT = (Path(__file__).parents[3] / "docs" / "licence-lifecycle.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("|")]


def test_the_table_of_transitions_is_the_code_s():
    start = next(n for n, row in enumerate(ROWS) if row[0] == "from \\ to")
    columns = [LicenceStatus(name) for name in ROWS[start][1:]]
    for row, (previous, followers) in zip(ROWS[start + 2 :], _FOLLOWERS.items(), strict=False):
        assert row[0] == (previous or "(not issued)")
        assert {status for status, cell in zip(columns, row[1:], strict=True) if cell.startswith("yes")} == followers


def test_every_code_form_state_and_drift_is_explained():
    codes = {name.strip(): row[2] for row in ROWS if len(row) == 3 for name in row[0].split(",")}
    assert {name: codes[name] for name in NATIONAL_CODES} == NATIONAL_CODES
    first = " ".join(row[0] for row in ROWS)
    for name in (*Forms, *DriftKind, *_ALLOWED):
        assert f"`{name}`" in first
