"""Every file of the corpus gets the answer of the table: by the library, and by the command that counterparties run."""

import re
import time
from contextlib import suppress

import pytest

from gateway.domain.report_words import check_words
from signing.errors import SigningError
from signing.validation.process import validate_pdf
from tests.corpus.case import differences, load_generators, rows
from tests.corpus.judges import by_command, by_library
from tests.corpus.tabulation import DOCUMENT, in_document, table

BOMB_SECONDS = 10
"""What one bomb may cost (issue 3), besides the start of the command."""
START_SECONDS = 20
ONE_GIGABYTE_IN_KIB = 1 << 20


def test_table_and_generators_name_the_same_cases():
    groups = {name: make.__module__.rpartition(".")[2] for name, make in load_generators().items()}
    assert {row.id: row.group for row in rows().values()} == groups


def test_the_table_explains_each_choice():
    """A row that leaves a choice says why; a row whose answer is left open altogether does not exist."""
    for row in rows().values():
        genuine, status, _ = row.answer
        assert "|" not in genuine + status or row.why, row.id
        assert "*" not in genuine + status, row.id
        assert "yes" not in genuine or row.signatures is None or row.signatures, row.id


@pytest.mark.parametrize("row", [row for row in rows().values() if not row.bomb], ids=lambda row: row.id)
def test_verdict(corpus, policies, row):
    found = by_library(corpus.files[row.id], policies[row.revocation], corpus.world.at)
    assert differences(row, found) == [], row.attack


def test_every_check_is_named_in_both_languages(corpus, policies):
    """The human report explains each check that any file of the corpus provokes; no Chinese name falls back on the code's."""
    names = set()
    for row in rows().values():
        if row.id in corpus.files:
            with suppress(SigningError):
                report = validate_pdf(corpus.files[row.id], policies[row.revocation], at=corpus.world.at)
                names |= {check.name for signature in report.signatures for check in signature.checks}
    assert len(names) > 40
    assert {name: check_words(name).zh for name in names if re.search("[a-z]{3}", check_words(name).zh)} == {}


def test_no_forgery_is_genuine_and_no_good_file_is_forged():
    """The names promise it, so the table must hold to it."""
    for row in rows().values():
        if row.id.startswith("good_"):
            assert row.answer[0] == "yes", row.id
        if row.group in ("isa", "shadow", "annotations", "usf", "swa") and "yes" in row.answer[0]:
            assert row.why or row.id.startswith(("swa_", "certification_")), row.id


def _written(files, folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.pdf" for name in names]
    for path in paths:
        path.write_bytes(files[path.stem])
    return paths


def _wrong(run, names):
    assert "Traceback" not in run.complaints
    assert set(run.judgements) == {f"{name}.pdf" for name in names}
    found = {name: differences(rows()[name], run.judgements[f"{name}.pdf"]) for name in names}
    return {name: wrong for name, wrong in found.items() if wrong}


def _run_of(row):
    """Rows of one setting and one exit status share a process; those that leave a choice share one of their own."""
    return row.revocation, "0|1|2|3|4" if "|" in row.answer[1] else row.answer[1]


@pytest.mark.parametrize(("revocation", "status"), sorted({_run_of(row) for row in rows().values() if not row.bomb}))
def test_the_command_gives_the_same_answers(corpus, tmp_path, revocation, status):
    """All files of a process have one exit status, so that the status of the process is that of each of them."""
    names = [row.id for row in rows().values() if _run_of(row) == (revocation, status) and not row.bomb]
    paths = _written(corpus.files, tmp_path / "files", names)
    run = by_command(paths, corpus.trust, corpus.world.at, home=tmp_path / "home", revocation=revocation)
    assert _wrong(run, names) == {}
    assert str(run.status) in status.split("|")


@pytest.mark.alone
def test_bombs_cost_little(bombs, tmp_path):
    """All of them in one process: it lives on, and answers within ten seconds and a gigabyte for each."""
    paths = _written(bombs.files, tmp_path / "files", bombs.files)
    started = time.monotonic()
    run = by_command(paths, bombs.trust, bombs.world.at, home=tmp_path / "home")
    elapsed = time.monotonic() - started
    assert _wrong(run, bombs.files) == {}
    assert elapsed < START_SECONDS + BOMB_SECONDS * len(bombs.files)
    assert run.peak_kib < ONE_GIGABYTE_IN_KIB


@pytest.mark.alone
def test_the_largest_bomb_ends_in_time(bombs, tmp_path):
    name = "bomb_xref_200_megabytes"
    assert len(bombs.files[name]) < 200_000
    started = time.monotonic()
    run = by_command(_written(bombs.files, tmp_path, [name]), bombs.trust, bombs.world.at, home=tmp_path / "home")
    assert _wrong(run, [name]) == {}
    assert time.monotonic() - started < START_SECONDS + BOMB_SECONDS
    assert run.judgements[f"{name}.pdf"].reasons == ("RESOURCE_LIMIT",)


def test_the_document_shows_the_table():
    assert in_document(DOCUMENT.read_text()) == table()
