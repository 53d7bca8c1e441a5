"""A kept report comes back exactly as it was given."""

import pytest
from alembic import command

from gateway.errors import NotFoundError
from gateway.persistence.schema import alembic_config, unenforced_foreign_keys
from gateway.services.kept_reports import keep_report, new_report_number, restore_report


@pytest.fixture
def presented(issued, applications):
    licence = issued.licences.issue(applications[0])
    return licence.electronic_file.read_bytes()


def test_a_report_is_kept_under_its_number_and_comes_back_whole(issued, presented):
    report = issued.verifications.verify(presented, "许可证.pdf")
    assert report.report_number is not None
    again = issued.verifications.kept_report(report.report_number)
    assert again == report
    assert again.signatures[0].chain and again.signatures[0].timestamps[0].token


def test_numbers_name_the_file_and_cannot_be_guessed(issued, presented):
    first, second = (issued.verifications.verify(presented, "a.pdf") for _ in range(2))
    assert first.report_number != second.report_number
    assert first.report_number[:21] == second.report_number[:21]
    assert first.report_number[9:21] == first.document.sm3[:12].upper()
    forged = first.report_number[:-1] + ("0" if first.report_number[-1] != "0" else "1")
    for unknown in (forged, "", "../../etc/passwd", first.report_number.lower(), first.report_number + "\n"):
        with pytest.raises(NotFoundError):
            issued.verifications.kept_report(unknown)


def test_a_row_of_an_older_release_is_told_apart(issued, presented):
    report = issued.verifications.verify(presented, "a.pdf")
    row = keep_report(report)
    del row["restorable"]
    with pytest.raises(NotFoundError, match="older release"):
        restore_report(row)
    assert new_report_number(report) != report.report_number


def test_reports_of_before_are_found_by_their_number_after_the_migration(issued, presented):
    report = issued.verifications.verify(presented, "a.pdf")
    engine, config = issued.deps.engine, alembic_config()
    with engine.connect() as connection, unenforced_foreign_keys(connection), connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0028-1")
        command.upgrade(config, "head")
    assert issued.verifications.kept_report(report.report_number) == report
