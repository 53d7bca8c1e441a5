"""How often a presented file is read, and what comes of one whose attachments nobody could read in time."""

import pytest

from gateway.errors import BusyError, OverLimitError, UnreadableInputError
from signing.errors import MalformedDataError, ResourceLimitError, WorkerProblemError, WorkersBusyError


@pytest.fixture
def original(fresh, applications):
    return fresh.licences.issue(applications[1]).electronic_file.read_bytes()


def watch(monkeypatch, workers, fault=None):
    """The names of what the reading processes are asked to do; reading attachments raises the fault."""
    asked, run = [], workers.run

    def watched(function, *arguments, **options):
        asked.append(function.__name__)
        if fault is not None and function.__name__ == "read_attachments":
            raise fault
        return run(function, *arguments, **options)

    monkeypatch.setattr(workers, "run", watched)
    return asked


def test_a_file_is_read_twice_and_no_oftener(fresh, original, monkeypatch):
    asked = watch(monkeypatch, fresh.deps.workers)
    assert fresh.verifications.verify(original, "licence.pdf").answer.genuine == "yes"
    assert asked == ["validate_pdf", "read_attachments"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (ResourceLimitError("took longer than 8 s"), OverLimitError),
        (WorkersBusyError("all are busy"), BusyError),
        (WorkerProblemError("killed"), UnreadableInputError),
    ],
    ids=lambda each: getattr(each, "__name__", type(each).__name__),
)
def test_a_file_whose_attachments_could_not_be_read_is_not_judged_as_one_without(
    fresh, original, monkeypatch, fault, said
):
    watch(monkeypatch, fresh.deps.workers, fault)
    with pytest.raises(said):
        fresh.verifications.verify(original, "licence.pdf")


def test_attachments_that_are_none_are_none(fresh, original, monkeypatch):
    watch(monkeypatch, fresh.deps.workers, MalformedDataError("no name tree"))
    answer = fresh.verifications.verify(original, "licence.pdf").answer
    assert answer.genuine == "yes"
