"""The answer in a few words, with a shape and a tone, so that no one depends on colour."""

from dataclasses import dataclass

from gateway.domain.answers import Genuine, InForce, ListedLicence
from gateway.domain.status import WORDS
from gateway.domain.verification import VerificationReport

GOOD, BAD, WARNING, UNKNOWN = "good", "bad", "warning", "unknown"


@dataclass(frozen=True)
class Verdict:
    """A tone (which decides shape and colour) and its words."""

    tone: str
    zh: str
    en: str


COULD_NOT_CHECK = Verdict(UNKNOWN, "无法核验", "Could not check")
_ENDED = frozenset({"revoked", "withdrawn", "cancelled"})


def licence_verdict(licence: ListedLicence) -> Verdict:
    """The verdict on a registered licence."""
    if licence.genuine is Genuine.NO:
        return Verdict(BAD, "不真实", "Not genuine")
    if licence.genuine is Genuine.UNKNOWN:
        return COULD_NOT_CHECK
    zh, en = WORDS[licence.status]
    tone = GOOD if licence.status == "valid" else BAD if licence.status in _ENDED else WARNING
    return Verdict(tone, zh, en.capitalize())


def report_verdict(report: VerificationReport) -> Verdict:
    """The verdict on a presented file."""
    answer, status = report.answer, report.registry.licence_status
    if not report.signatures:
        return Verdict(WARNING, "没有电子签名", "No signature")
    if answer.genuine is Genuine.NO:
        return Verdict(BAD, "不真实", "Not genuine")
    if answer.genuine is Genuine.UNKNOWN:
        return COULD_NOT_CHECK
    if answer.in_force is InForce.YES:
        return Verdict(GOOD, "真实且有效", "Genuine and in force")
    if answer.in_force is InForce.NO and status is not None:
        zh, en = WORDS[status]
        return Verdict(BAD if status in _ENDED else WARNING, f"真实，但{zh}", f"Genuine, but {en}")
    return Verdict(UNKNOWN, "真实，状态未核实", "Genuine; status not checked")
