"""The verification report for people: the answer first, then what was checked in plain words.

One model for the HTML and the PDF form. Everything that strangers wrote has gone through ``visible``.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from gateway.domain.answers import Genuine
from gateway.domain.conclusion import is_unsigned
from gateway.domain.list_words import list_sentence, listed_facts
from gateway.domain.purpose_copies import CopyTerms
from gateway.domain.report_words import (
    INDICATIONS,
    SIGNATURE_KINDS,
    TRUST,
    Fact,
    Words,
    changed_object,
    check_words,
    china_time,
    party_facts,
    same,
)
from gateway.domain.status import CHINA_STANDARD_TIME, WORDS
from gateway.domain.sub_indication_catalogue import explain
from gateway.domain.verdicts import GENUINE_SENTENCES, POSITIVE_REASONS, Shape, Tone, Verdict, report_verdict
from gateway.domain.verification import (
    DocumentKind,
    RegistryStatus,
    VerificationReport,
    changed_pages,
    known_facts,
)
from gateway.domain.visible_text import visible
from signing.validation.report import (
    Changes,
    Check,
    Conclusion,
    Indication,
    SignatureReport,
    SubIndication,
)

_MOST_OBJECTS = 6
"""Changed objects that are named one by one; the JSON report has them all."""

_TONES = {
    Indication.TOTAL_PASSED: (Tone.GOOD, Shape.CHECK),
    Indication.TOTAL_FAILED: (Tone.BAD, Shape.CROSS),
    Indication.INDETERMINATE: (Tone.UNKNOWN, Shape.QUESTION),
}


@dataclass(frozen=True)
class SignaturePart:
    """One signature in plain words."""

    heading: Words
    verdict: Verdict
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class CheckLine:
    """One named check."""

    signature: str
    """Number of the signature, from 1."""
    words: Words
    name: str
    conclusion: Conclusion
    sub_indication: str
    detail: str


@dataclass(frozen=True)
class PagePictures:
    """A changed page before and after the change."""

    page: int
    before_png: bytes | None
    """None for a page that was added."""
    after_png: bytes | None


@dataclass(frozen=True)
class HumanReport:
    """What the one page says, in both languages."""

    verdict: Verdict
    sentence: Words
    """The answer in one plain sentence."""
    document: tuple[Fact, ...]
    signatures: tuple[SignaturePart, ...]
    register: tuple[Fact, ...]
    unchecked: tuple[Words, ...]
    """What could not be checked, and why."""
    next_steps: tuple[Words, ...]
    checks: tuple[CheckLine, ...]
    record: tuple[Fact, ...]
    """Digests, policy, software, time, number."""
    pictures: tuple[PagePictures, ...] = ()
    log_proof: str = ""
    """JSON of the proof that the licence's issue is in the transparency log; empty when there is none to give."""


def human_report(report: VerificationReport, pictures: tuple[PagePictures, ...] = ()) -> HumanReport:
    """The report on one file for a person; ``pictures`` show the changed pages, where there are some."""
    document = report.document
    return HumanReport(
        verdict=report_verdict(report),
        sentence=_sentence(report),
        document=(
            Fact(Words("文件", "File"), same(visible(document.file_name))),
            Fact(Words("大小", "Size"), Words(f"{document.size:,} 字节", f"{document.size:,} bytes")),
            *_copy_facts(report),
            *party_facts(report.parties),
        ),
        signatures=tuple(
            _signature_part(signature, number, report) for number, signature in enumerate(report.signatures, 1)
        ),
        register=tuple(_register(report)),
        unchecked=tuple(dict.fromkeys(_unchecked(report))),
        next_steps=tuple(dict.fromkeys(_next_steps(report))),
        checks=tuple(
            _check_line(str(number), check)
            for number, signature in enumerate(report.signatures, 1)
            for check in signature.checks
        ),
        record=tuple(_record(report)),
        pictures=pictures,
        log_proof=_log_proof(report),
    )


def _sentence(report: VerificationReport) -> Words:
    """The whole answer in one sentence: genuine or not first, in force or not second."""
    answer = report.answer
    if is_unsigned(report.signatures):
        return Words(
            "这份文件没有电子签名，无法证明真伪。",
            "This file has no electronic signature, so nothing proves it genuine.",
        )
    why = tuple(reason for reason in answer.reasons if reason.code not in POSITIVE_REASONS)
    why_zh, why_en = "".join(r.message_zh for r in why[:1]), " ".join(r.message_en for r in why[:1])
    if answer.genuine is Genuine.NO:
        return Words(f"这份文件不真实：{why_zh}", f"This file is not genuine. {why_en}")
    if answer.genuine is Genuine.UNKNOWN:
        return Words(
            f"现在不能断定这份文件是真是假。{why_zh}", f"Whether this file is genuine cannot be told now. {why_en}"
        )
    return _genuine_sentence(report, Words(why_zh, why_en))


def _genuine_sentence(report: VerificationReport, why: Words) -> Words:
    if report.document.kind in GENUINE_SENTENCES and report.signed_list is None:
        return GENUINE_SENTENCES[report.document.kind]
    if report.signed_list is not None:
        return list_sentence(report.signed_list, why)
    if report.purpose_copy is not None and report.registry.status is not RegistryStatus.NOT_FOUND:
        return _copy_sentence(report, report.purpose_copy)
    status = report.registry.licence_status
    accepted = (
        Words("", "") if report.parties.accepted_by is None else Words("，持证主体已签收", ", accepted by its holder")
    )
    if status is not None:
        zh, en = WORDS[status]
        return Words(
            f"这份文件是真的，签发以来没有改动{accepted.zh}；登记簿记载的状态是：{zh}。",
            f"This file is genuine, unchanged since it was issued{accepted.en}; its status in the register is: {en}.",
        )
    return Words(
        f"这份文件是真的，签发以来没有改动{accepted.zh}。{why.zh}",
        f"This file is genuine and unchanged since it was issued{accepted.en}. {why.en}".strip(),
    )


def _copy_sentence(report: VerificationReport, terms: CopyTerms) -> Words:
    """Of a genuine purpose copy: for whom, for what, until when, and how the original stands."""
    status = report.registry.licence_status
    zh, en = ("无法核实", "not known") if status is None else WORDS[status]
    user, purpose, until = visible(terms.user_name), visible(terms.purpose), terms.expires_on.isoformat()
    over = ("已过期限，不能再用", "which is over") if report.is_expired_copy else ("在期限内", "which is not over")
    return Words(
        f"这是一份真实的加注件，供“{user}”用于“{purpose}”，期限至 {until}（{over[0]}）；原证照的状态：{zh}。",
        f"This is a genuine purpose copy for “{user}”, for “{purpose}”, until {until}, {over[1]}; the licence itself: {en}.",
    )


def _copy_facts(report: VerificationReport) -> Iterable[Fact]:
    terms = report.purpose_copy
    if terms is None:
        return
    yield Fact(Words("加注件用途", "Purpose of the copy"), same(visible(terms.purpose)))
    yield Fact(Words("使用人", "May be used by"), same(visible(terms.user_name)))
    over = Words("已过期限", "over") if report.is_expired_copy else Words("在期限内", "not over")
    yield Fact(Words("使用期限", "Until"), Words(f"{terms.expires_on}（{over.zh}）", f"{terms.expires_on} ({over.en})"))
    yield Fact(Words("原件标识", "Original"), same(visible(terms.licence_identifier)))
    yield Fact(Words("原件 SM3", "Original's SM3"), same(visible(terms.original_sm3)))


def signature_kind(signature: SignatureReport, report: VerificationReport) -> Words:
    """Whose signature it is: what certifies a report, a copy or a list is no authority's."""
    if signature.kind == "certification" and report.document.kind is DocumentKind.VERIFICATION_REPORT:
        return Words("核验报告的签名", "The report's signature")
    if signature.kind == "certification" and report.document.kind is DocumentKind.SIGNED_LIST:
        return SIGNATURE_KINDS["gateway"]
    if signature.kind == "certification" and report.purpose_copy is not None:
        return Words("加注件的签名", "The copy's signature")
    return SIGNATURE_KINDS.get(signature.kind, same(signature.kind))


def _signature_part(signature: SignatureReport, number: int, report: VerificationReport) -> SignaturePart:
    kind = signature_kind(signature, report)
    heading = Words(f"{number}. {kind.zh}", f"{number}. {kind.en}") if len(report.signatures) > 1 else kind
    words = INDICATIONS[signature.indication]
    tone, shape = _TONES[signature.indication]
    facts = [
        Fact(Words("谁签的", "Who signed"), _signer(signature)),
        Fact(Words("用什么证书", "With certificate"), _certificate(signature)),
        Fact(Words("何时签的", "When"), _when(signature, report.answer.checked_at)),
        Fact(Words("签后改动", "Changed since"), _changes(signature)),
    ]
    if signature.sub_indication is not None:
        reason = explain(signature.sub_indication)
        facts.append(Fact(Words("原因", "Why"), Words(reason.message_zh, reason.message_en)))
    facts.append(Fact(Words("技术结论", "Technical result"), same(_technical(signature))))
    return SignaturePart(heading, Verdict(tone, shape, words.zh, words.en), tuple(facts))


def _signer(signature: SignatureReport) -> Words:
    signer = signature.signer
    name = visible(signer.common_name or signer.organisation)
    if not name:
        return Words("未知", "unknown")
    if signer.organisation and signer.organisation != signer.common_name and signer.common_name:
        name += f" · {visible(signer.organisation)}"
    code = visible(signer.unified_social_credit_code or "")
    if not code:
        return same(name)
    return Words(f"{name}（统一社会信用代码 {code}）", f"{name} (credit code {code})")


def _certificate(signature: SignatureReport) -> Words:
    facts = known_facts(signature.chain[:1])
    trust = TRUST[signature.trust]
    if signature.kind == "document_timestamp" and signature.indication is Indication.TOTAL_PASSED:
        trust = Words("由信任名单上的机构签发", "issued by an authority on the trust list")
    if not facts:
        return Words(f"文件中没有可读的证书；{trust.zh}", f"no readable certificate; {trust.en}")
    found = facts[0]
    serial = found.serial_number if len(found.serial_number) <= 40 else visible(found.serial_number, 40)  # noqa: PLR2004
    zone = CHINA_STANDARD_TIME
    since, until = (moment.astimezone(zone).date().isoformat() for moment in (found.not_before, found.not_after))
    issuer = visible(found.issuer_name)
    return Words(
        f"{trust.zh}；签发者 {issuer}，序列号 {serial}，有效期 {since} 至 {until}",
        f"{trust.en}; issuer {issuer}, serial number {serial}, valid {since} to {until}",
    )


def _when(signature: SignatureReport, checked_at: datetime) -> Words:
    proofs = [(s.generated_at, s) for s in signature.timestamps if s.is_proof and s.generated_at is not None]
    if proofs:
        instant, stamp = min(proofs, key=itemgetter(0))
        time = china_time(instant)
        by = next((visible(facts.subject_name) for facts in known_facts(stamp.chain[:1])), "")
        return Words(f"{time.zh}，由时间戳证明（{by}）", f"{time.en}, proven by a time-stamp ({by})")
    if signature.best_signature_time is not None and signature.best_signature_time < checked_at:
        # No time-stamp of its own, but a document time-stamp covers it (EN 319 102-1, 5.6.3).
        time = china_time(signature.best_signature_time)
        return Words(f"不晚于 {time.zh}，由文档时间戳证明", f"not after {time.en}, proven by a document time-stamp")
    if signature.claimed_signing_time is None:
        return Words("未知，没有时间戳证明", "unknown; no time-stamp proves it")
    time = china_time(signature.claimed_signing_time)
    return Words(f"{time.zh}，签名者自称，没有时间戳证明", f"{time.en}, as the signer claims; no time-stamp proves it")


def _changes(signature: SignatureReport) -> Words:
    if signature.changes_after_signing is Changes.FORBIDDEN:
        head = Words("有不允许的改动", "forbidden changes were made")
    elif signature.sub_indication is SubIndication.HASH_FAILURE:
        head = Words("签名所覆盖的内容被改动过", "the signed content was changed")
    elif signature.changes_after_signing is Changes.PERMITTED:
        head = Words(
            "只有允许的改动（后加的签名或核验数据）", "only permitted changes (later signature, validation data)"
        )
    else:
        head = Words("没有", "no")
    if not signature.changed_objects:
        return head
    pages = changed_pages(signature.changed_objects)
    named = [changed_object(change) for change in signature.changed_objects[:_MOST_OBJECTS]]
    more = len(signature.changed_objects) - len(named)
    where = "、".join(map(str, pages)), ", ".join(map(str, pages))
    return Words(
        head.zh
        + (f"；第 {where[0]} 页" if pages else "")
        + f"：{'、'.join(words.zh for words in named)}"
        + (f"，另有 {more} 处" if more else ""),
        head.en
        + (f"; on page {where[1]}" if pages else "")
        + f": {', '.join(words.en for words in named)}"
        + (f", and {more} more" if more else ""),
    )


def _technical(signature: SignatureReport) -> str:
    parts = (signature.indication, signature.sub_indication, signature.level or signature.format, signature.algorithm)
    return " · ".join(visible(str(part)) for part in parts if part)


def _register(report: VerificationReport) -> Iterable[Fact]:
    registry = report.registry
    if report.signed_list is not None:
        yield from listed_facts(report.signed_list)
        return
    label = Words("登记簿", "Register")
    if registry.status is RegistryStatus.NOT_CHECKED:
        yield Fact(label, Words("没有查询登记簿", "the register was not asked"))
    elif registry.licence_status is None:
        yield Fact(label, Words("登记簿中没有这份证照", "the register does not have this licence"))
    else:
        zh, en = WORDS[registry.licence_status]
        yield Fact(label, Words(f"已登记，现状：{zh}", f"registered, status now: {en}"))
    if registry.licence_identifier is not None:
        yield Fact(Words("证照标识", "Licence identifier"), same(visible(registry.licence_identifier)))
    if registry.log is not None:
        number, size = registry.log.leaf_index + 1, registry.log.tree_size
        told = Words(f"签发记录是第 {number} 条，共 {size} 条", f"the issue is entry {number} of {size}")
        yield Fact(Words("透明日志", "Transparency log"), told)
    yield from (Fact(Words("电子营业执照绑定", "Binding"), Words(*step.sentence())) for step in registry.bindings)
    for found in registry.differences:
        yield Fact(Words("与登记不符", "Differs"), Words(visible(found.sentence.zh), visible(found.sentence.en)))


def _log_proof(report: VerificationReport) -> str:
    log = report.registry.log
    return "" if log is None else json.dumps(log.to_json(), ensure_ascii=False, indent=1)


def _unchecked(report: VerificationReport) -> Iterable[Words]:
    for signature in report.signatures:
        if signature.indication is Indication.INDETERMINATE and signature.sub_indication is not None:
            reason = explain(signature.sub_indication)
            yield Words(reason.message_zh, reason.message_en)
        for stamp in signature.timestamps:
            if not stamp.is_proof:
                why = "" if stamp.sub_indication is None else explain(stamp.sub_indication).message_zh
                why_en = "" if stamp.sub_indication is None else explain(stamp.sub_indication).message_en
                yield Words(f"有一个时间戳未被采用。{why}", f"A time-stamp was not used. {why_en}".strip())
    is_statement = report.document.kind in {DocumentKind.SIGNED_LIST, DocumentKind.ARCHIVE_PACKAGE}
    if report.signatures and report.registry.status is RegistryStatus.NOT_CHECKED and not is_statement:
        yield Words(
            "没有查询登记簿，不知道证照现在是否有效。", "The register was not asked, so the status now is not known."
        )


def _next_steps(report: VerificationReport) -> Iterable[Words]:
    reasons = [reason for reason in report.answer.reasons if reason.code not in POSITIVE_REASONS]
    for reason in reasons or report.answer.reasons[:1]:
        yield Words(reason.next_step_zh, reason.next_step_en)


def _check_line(number: str, check: Check) -> CheckLine:
    return CheckLine(
        signature=number,
        words=check_words(check.name),
        name=check.name,
        conclusion=check.conclusion,
        sub_indication="" if check.sub_indication is None else str(check.sub_indication),
        detail=visible(check.detail, 200),
    )


def _record(report: VerificationReport) -> Iterable[Fact]:
    number = Words("离线核验，未留存", "checked off line, none kept")
    yield Fact(Words("报告编号", "Report number"), same(report.report_number) if report.report_number else number)
    yield Fact(Words("核验时间", "Checked at"), china_time(report.answer.checked_at))
    yield Fact(Words("核验策略", "Policy"), same(visible(report.policy_name)))
    yield Fact(Words("软件", "Software"), same(report.software or "licence-gateway"))
    yield Fact(same("SM3"), same(report.document.sm3))
    yield Fact(same("SHA-256"), same(report.document.sha256))
