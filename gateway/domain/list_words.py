"""A signed list in words, for reports and for its PDF."""

from collections.abc import Iterable
from datetime import date

from gateway.domain.answers import AuthorityState, Genuine
from gateway.domain.report_words import Fact, Words, china_time, same
from gateway.domain.signed_list import SignedList, StatedLicence, StatedReport
from gateway.domain.status import WORDS
from gateway.domain.visible_text import visible


def list_sentence(stated: SignedList, why: Words) -> Words:
    """Of a genuine list: whose it is, of when, how many licences, and what may be missing."""
    holder = visible(stated.enterprise_name or stated.holder_code)
    when, count = china_time(stated.as_of), len(stated.licences)
    silent = sum(each.state is not AuthorityState.ANSWERED for each in stated.authorities)
    return Words(
        f"这是网关签名的证照清单：“{holder}”在 {when.zh} 有 {count} 份证照"
        + (f"，{silent} 个发证机关没有回答" if silent else "")
        + f"。{why.zh}",
        f"A list signed by a gateway: “{holder}” had {count} licences at {when.en}"
        + (f"; {silent} authorities had given no answer" if silent else "")
        + f". {why.en}".rstrip(),
    )


def listed_facts(stated: SignedList) -> Iterable[Fact]:
    """What a genuine list said of each licence, a line each."""
    for each in stated.licences:
        zh, en = _standing(each)
        named = visible(each.licence_type)
        yield Fact(same(visible(each.licence_number)), Words(f"{named}：{zh}", f"{named}: {en}"))


def list_facts(stated: SignedList) -> tuple[Fact, ...]:
    """Whose list it is, of when, and until when it may stand for the present."""
    missing = sum(each.state is not AuthorityState.ANSWERED for each in stated.authorities)
    whole = Words("完整：各机关均已回答", "complete: every authority answered")
    part = Words(f"可能不全：{missing} 个机关没有回答", f"may be incomplete: {missing} authorities gave no answer")
    return (
        Fact(Words("统一社会信用代码", "Credit code"), same(stated.holder_code)),
        Fact(Words("截至", "As of"), china_time(stated.as_of)),
        Fact(Words("可用至", "May be used until"), china_time(stated.expires_at)),
        Fact(Words("是否完整", "Complete"), part if missing else whole),
        Fact(Words("出具者", "Made by"), same(visible(stated.issuer))),
    )


def told_facts(stated: SignedList) -> tuple[Fact, ...]:
    """All that a reader of a genuine list must see: of when it is, whether it is whole, each licence, who was silent."""
    reported = (
        Fact(same(visible(each.licence_number)), _only_reported(each.licence_type, WORDS[each.status]))
        for each in stated.reported
    )
    return (*list_facts(stated), *listed_facts(stated), *reported, *authority_facts(stated))


def _only_reported(licence_type: str, standing: tuple[str, str]) -> Words:
    named, (zh, en) = visible(licence_type), standing
    return Words(f"{named}：{zh}（仅由机关报送）", f"{named}: {en} (only reported)")


def licence_facts(stated: SignedList, licence: StatedLicence) -> tuple[Fact, ...]:
    """One licence."""
    return (
        Fact(Words("状态", "Status"), _standing(licence)),
        Fact(Words("编号", "Number"), same(visible(licence.licence_number))),
        Fact(Words("持证主体", "Holder"), same(visible(licence.holder_name))),
        Fact(Words("发证机关", "Authority"), same(visible(_name(stated, licence.authority_code)))),
        Fact(Words("有效期", "Validity"), _validity(licence.valid_from, licence.valid_until)),
        Fact(Words("证照标识", "Identifier"), same(licence.licence_identifier)),
        Fact(Words("电子证照 SM3", "SM3 of the file"), same(licence.sm3.hex())),
    )


def reported_facts(stated: SignedList, report: StatedReport) -> tuple[Fact, ...]:
    """One licence that was only reported."""
    zh, en = WORDS[report.status]
    return (
        Fact(
            Words("来源", "Source"), Words("仅由机关报送，没有电子签名可核验", "only reported; no signature to check")
        ),
        Fact(Words("编号", "Number"), same(visible(report.licence_number))),
        Fact(Words("发证机关", "Authority"), same(visible(_name(stated, report.authority_code)))),
        Fact(Words("状态", "Status"), Words(f"{zh}（按日期推算）", f"{en} (by its dates)")),
    )


def authority_facts(stated: SignedList) -> tuple[Fact, ...]:
    """Every authority that gave no answer, and how many did."""
    silent = [each for each in stated.authorities if each.state is not AuthorityState.ANSWERED]
    answered = len(stated.authorities) - len(silent)
    never = Words("从未报送", "never reported")
    return (
        Fact(Words("已回答", "Answered"), Words(f"{answered} 个机关", f"{answered} authorities")),
        *(
            Fact(
                Words("没有回答", "No answer"),
                _beside(visible(each.name), never if each.last_report_at is None else china_time(each.last_report_at)),
            )
            for each in silent
        ),
    )


def _beside(name: str, words: Words) -> Words:
    return Words(f"{name}：{words.zh}", f"{name}: {words.en}")


def _standing(licence: StatedLicence) -> Words:
    zh, en = WORDS[licence.status]
    if licence.genuine is Genuine.YES:
        return Words(zh, en)
    return Words(f"{zh}，但文件未能证明", f"{en}, but its file was not proven")


def _validity(since: date, until: date | None) -> Words:
    return Words(f"{since} 至 {until or '长期'}", f"{since} to {until or 'no end'}")


def _name(stated: SignedList, code: str) -> str:
    return next((each.name for each in stated.authorities if each.code == code), code)
