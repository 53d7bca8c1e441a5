"""The answer in a few words, with a shape and a tone, so that no one depends on colour."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.answers import CodeClass, Genuine, InForce, LicenceAnswer, ListedLicence, Outcome, Resolution
from gateway.domain.conclusion import is_unsigned
from gateway.domain.reasons import Reason
from gateway.domain.report_words import Words
from gateway.domain.status import SAMPLE, WORDS
from gateway.domain.verification import DocumentKind, RegistryStatus, VerificationReport


class Tone(StrEnum):
    """What colours an answer."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


class Shape(StrEnum):
    """The picture beside the words; each kind of answer has its own outline."""

    CHECK = "check"
    CLOCK = "clock"
    PAUSE = "pause"
    CROSS = "cross"
    ALERT = "alert"
    LENS = "lens"
    QUESTION = "question"


@dataclass(frozen=True)
class Verdict:
    """A tone, a shape and the words."""

    tone: Tone
    shape: Shape
    zh: str
    en: str


COULD_NOT_CHECK = Verdict(Tone.UNKNOWN, Shape.QUESTION, "无法核验", "Could not check")
NOT_GENUINE = Verdict(Tone.BAD, Shape.CROSS, "不真实", "Not genuine")
NOT_FOUND = Verdict(Tone.UNKNOWN, Shape.LENS, "没有查到", "Not found")
NOT_REGISTERED = Verdict(Tone.WARNING, Shape.ALERT, "未登记", "Not in the register")
DIFFERS = Verdict(Tone.WARNING, Shape.ALERT, "与登记不符", "Differs from the register")
NO_SIGNATURE = Verdict(Tone.WARNING, Shape.ALERT, "没有电子签名", "No signature")
GENUINE_IN_FORCE = Verdict(Tone.GOOD, Shape.CHECK, "真实且有效", "Genuine and in force")
GENUINE_REPORT = Verdict(Tone.GOOD, Shape.CHECK, "真实的核验报告", "A genuine verification report")
GENUINE_COPY = Verdict(
    Tone.GOOD, Shape.CHECK, "真实的加注件，原证照有效", "A genuine purpose copy; the licence is in force"
)
EXPIRED_COPY = Verdict(
    Tone.WARNING, Shape.CLOCK, "真实的加注件，但已过使用期限", "A genuine purpose copy, but its time is over"
)
CURRENT_LIST = Verdict(Tone.GOOD, Shape.CHECK, "真实的证照清单", "A genuine list of licences")
OLD_LIST = Verdict(Tone.WARNING, Shape.CLOCK, "真实的清单，但不代表现在", "A genuine list, but not of now")
GENUINE_ARCHIVE = Verdict(Tone.GOOD, Shape.CHECK, "真实的档案包", "A genuine archive package")
GENUINE_NOT_REGISTERED = Verdict(Tone.WARNING, Shape.ALERT, "真实，但未登记", "Genuine, but not in this register")
GENUINE_STATUS_UNKNOWN = Verdict(
    Tone.UNKNOWN, Shape.QUESTION, "真实，但状态无法核验", "Genuine; its status could not be checked"
)
SUSPICIOUS = Verdict(Tone.BAD, Shape.CROSS, "可疑网址，已拒绝", "Suspicious address, refused")
MISTAKEN = Verdict(Tone.WARNING, Shape.ALERT, "代码有误", "The code is mistaken")
OLD_CODE = Verdict(Tone.UNKNOWN, Shape.LENS, "旧式二维码", "A code of the old kind")
SAMPLE_VERDICT = Verdict(Tone.BAD, Shape.ALERT, "样本，不是证照", "A sample, no licence")
NOT_RECOGNISED = Verdict(Tone.UNKNOWN, Shape.LENS, "无法识别", "Not recognised")

_ENDED = frozenset({"revoked", "withdrawn", "cancelled"})
_GENUINE_KINDS = {
    DocumentKind.VERIFICATION_REPORT: GENUINE_REPORT,
    DocumentKind.ARCHIVE_PACKAGE: GENUINE_ARCHIVE,
}
GENUINE_SENTENCES = {
    DocumentKind.VERIFICATION_REPORT: Words(
        "这是一份由网关签名的核验报告，签名有效，没有被改动。",
        "This is a verification report signed by a gateway; its signature is valid and nothing was changed.",
    ),
    DocumentKind.SIGNED_LIST: Words(
        "这是一份由网关签名的证照清单，签名有效，没有被改动。",
        "This is a list of licences signed by a gateway; its signature is valid and nothing was changed.",
    ),
    DocumentKind.ARCHIVE_PACKAGE: Words(
        "这是一份由网关签名的档案包，其中每个文件都核验无误，没有被改动。",
        "This is an archive package signed by a gateway; every file in it was verified and nothing was changed.",
    ),
}
"""The answer on a genuine file that is no licence."""
_SHAPES = {"valid": Shape.CHECK, "expired": Shape.CLOCK, "not_yet_valid": Shape.CLOCK, "suspended": Shape.PAUSE}
_REFUSALS = {
    CodeClass.UNTRUSTED_URL: SUSPICIOUS,
    CodeClass.MALFORMED: MISTAKEN,
    CodeClass.BUSINESS_LICENCE_SESSION_URL: OLD_CODE,
}
POSITIVE_REASONS = frozenset({"GENUINE", "ACCEPTED_BY_HOLDER", "ACCEPTED_BY_STATEMENT", "IN_FORCE", "LIST_CURRENT"})
"""Reasons that ask nothing of the reader."""


def status_verdict(status: str) -> Verdict:
    """The verdict on the status of a licence whose genuineness is proven."""
    zh, en = WORDS[status]
    tone = Tone.GOOD if status == "valid" else Tone.BAD if status in _ENDED else Tone.WARNING
    shape = _SHAPES.get(status, Shape.CROSS if status in _ENDED else Shape.ALERT)
    return Verdict(tone, shape, zh, en.capitalize())


def licence_verdict(licence: ListedLicence) -> Verdict:
    """The verdict on a registered licence."""
    if licence.status == SAMPLE:
        return SAMPLE_VERDICT
    if licence.genuine is Genuine.NO:
        return NOT_GENUINE
    if licence.genuine is Genuine.UNKNOWN:
        return COULD_NOT_CHECK
    return status_verdict(licence.status)


def answer_verdict(answer: LicenceAnswer) -> Verdict:
    """The verdict on one licence; a code that contradicts the register is never simply in force."""
    verdict = licence_verdict(answer.listed)
    return DIFFERS if answer.differences and verdict.tone is Tone.GOOD else verdict


def shown_reasons(answer: LicenceAnswer) -> tuple[Reason, ...]:
    """The reasons on one licence. That the register has it as valid is no comfort while its file is not proven."""
    proven = answer.listed.genuine is Genuine.YES
    return tuple(reason for reason in answer.reasons if proven or reason.code not in POSITIVE_REASONS)


def resolution_verdict(resolution: Resolution) -> Verdict:
    """The verdict on a code that leads to no list and no licence."""
    codes = {reason.code for reason in resolution.reasons}
    if resolution.outcome is Outcome.COULD_NOT_ASK:
        return COULD_NOT_CHECK
    if resolution.code_class is CodeClass.LICENCE_CODE:
        if "SAMPLE" in codes:
            return SAMPLE_VERDICT
        if "SIGNATURE_INVALID" in codes:
            return NOT_GENUINE
        return NOT_REGISTERED if "NOT_IN_REGISTRY" in codes else COULD_NOT_CHECK
    if resolution.unified_social_credit_code is not None:
        return NOT_FOUND
    return _REFUSALS.get(resolution.code_class, NOT_RECOGNISED)


def report_verdict(report: VerificationReport) -> Verdict:
    """The verdict on a presented file."""
    answer, registry = report.answer, report.registry
    if is_unsigned(report.signatures):
        return NO_SIGNATURE
    if answer.genuine is Genuine.NO:
        return NOT_GENUINE
    if registry.licence_status == SAMPLE:
        return SAMPLE_VERDICT
    if answer.genuine is Genuine.UNKNOWN:
        return DIFFERS if registry.differences else COULD_NOT_CHECK
    return _genuine_verdict(report)


def _genuine_verdict(report: VerificationReport) -> Verdict:
    answer, registry = report.answer, report.registry
    if report.document.kind in _GENUINE_KINDS:
        return _GENUINE_KINDS[report.document.kind]
    if report.document.kind is DocumentKind.SIGNED_LIST:
        return OLD_LIST if answer.in_force is InForce.NO else CURRENT_LIST
    is_copy = report.document.kind is DocumentKind.PURPOSE_COPY
    if report.is_expired_copy:
        return EXPIRED_COPY
    if answer.in_force is InForce.YES:
        return GENUINE_COPY if is_copy else GENUINE_IN_FORCE
    if answer.in_force is InForce.NO and registry.licence_status is not None:
        status = status_verdict(registry.licence_status)
        zh, en = (
            ("真实的加注件，但原证照", "A genuine purpose copy, but the licence is ")
            if is_copy
            else ("真实，但", "Genuine, but ")
        )
        return Verdict(status.tone, status.shape, zh + status.zh, en + status.en.lower())
    return GENUINE_NOT_REGISTERED if registry.status is RegistryStatus.NOT_FOUND else GENUINE_STATUS_UNKNOWN


def tally(licences: Iterable[ListedLicence]) -> dict[Verdict, int]:
    """How many licences have each verdict, good news first."""
    counts = Counter(map(licence_verdict, licences))
    return dict(sorted(counts.items(), key=lambda entry: list(Tone).index(entry[0].tone)))
