"""Words of the console for the names that services use, as template filters."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from gateway.domain.actors import Scope
from gateway.domain.basis import OBLIGATION_WORDS, ObligationKind, ObligationState
from gateway.domain.holder_certificates import (
    CERTIFICATE_STATE_WORDS,
    CertificateState,
    HolderCertificateReason,
)
from gateway.domain.orders import KIND_WORDS, VersionKind
from gateway.domain.papers import STATE_WORDS, BlankState, PaperAction, PaperState
from gateway.domain.seal_register import ACT_WORDS, SEAL_WORDS, SealAct
from gateway.domain.staff import ROLE_WORDS, StaffRole
from gateway.domain.status import WORDS, LicenceStatus
from gateway.domain.verdicts import status_verdict
from gateway.domain.wrong_entries import WrongEntryOutcome
from gateway.services.clients import GATEWAY_TOKEN, SECRET
from verify_web.words import say

_ACTIONS = {
    PaperAction.PRINTED: _lp("done", "打印"),
    PaperAction.REPRINTED: _lp("done", "重新打印"),
    PaperAction.COLLECTED: _l("领取"),
    PaperAction.VOIDED: _lp("done", "作废"),
    PaperAction.RETURNED: _lp("done", "收回"),
    PaperAction.LOST: _l("声明遗失"),
}
BLANK_WORDS = {
    BlankState.IN_STOCK: _lp("state", "在库"),
    BlankState.ISSUED: _lp("state", "已使用"),
    BlankState.SPOILED: _l("已损毁"),
    BlankState.RETURNED: _l("已退回"),
}
_OBLIGATION_STATES = {
    ObligationState.OPEN: _l("待办"),
    ObligationState.OVERDUE: _l("已逾期"),
    ObligationState.FULFILLED: _l("已履行"),
    ObligationState.BROKEN: _l("未履行"),
}
_REQUESTS = {
    LicenceStatus.REVOKED: _l("吊销"),
    LicenceStatus.WITHDRAWN: _l("撤销"),
    LicenceStatus.VALID: _l("恢复效力"),
}
SCOPE_WORDS = {
    Scope.LICENCES_READ: _l("查阅证照"),
    Scope.LICENCES_ISSUE: _lp("scope", "签发"),
    Scope.LICENCES_CHANGE: _l("变更、暂扣、恢复"),
    Scope.LICENCES_REVOKE: _l("吊销、撤销、注销"),
    Scope.PAPERS_HANDLE: _l("纸质证照和空白证照"),
    Scope.REPORTS_WRITE: _l("报送原方式签发的证照"),
    Scope.COPIES_MAKE: _l("加注件"),
    Scope.SIGNING_WRITE: _l("请企业签名"),
    Scope.SIGNING_READ: _l("查阅签名请求"),
    Scope.EVENTS_READ: _lp("scope", "事件"),
    Scope.ADMINISTER: _l("调用记录中的人名"),
}
OUTCOME_WORDS = {
    WrongEntryOutcome.CORRECTED: _l("已更正"),
    WrongEntryOutcome.FOUND_RIGHT: _l("登记无误"),
    WrongEntryOutcome.NOT_OURS: _l("非本机关登记"),
    WrongEntryOutcome.UNCLEAR: _l("无法核实"),
}
CREDENTIAL_WORDS = {
    SECRET: _l("OAuth 密钥"),
    GATEWAY_TOKEN: _l("省网关签名令牌（x-tif）"),
}
_TONES = {
    ObligationState.OPEN: "unknown",
    ObligationState.OVERDUE: "bad",
    ObligationState.FULFILLED: "good",
    ObligationState.BROKEN: "bad",
    PaperState.NOT_PRINTED: "unknown",
    PaperState.PRINTED: "warning",
    PaperState.COLLECTED: "good",
    PaperState.VOID: "bad",
    PaperState.RETURNED: "unknown",
    PaperState.LOST: "bad",
}
_CERTIFICATE_TONES: dict[str, str] = {
    CertificateState.ACCEPTED: "good",
    CertificateState.ENDS_SOON: "warning",
    HolderCertificateReason.CERTIFICATE_NOT_YET_VALID: "warning",
    HolderCertificateReason.REVOCATION_UNKNOWN: "unknown",
}


def status_word(status: str) -> str:
    """A status, or a change to it."""
    return say(*WORDS[status])


def kind_word(kind: str) -> str:
    """Why a version was made."""
    return say(*KIND_WORDS[VersionKind(kind)])


def copy_word(copy_number: int) -> str:
    """正本, or which 副本."""
    return str(_("正本") if copy_number == 0 else _("副本 %(number)s 号", number=copy_number))


def paper_word(state: str) -> str:
    """How a paper stands."""
    return say(*STATE_WORDS[PaperState(state)])


def action_word(action: str) -> str:
    """What was done to a paper."""
    return str(_ACTIONS[PaperAction(action)])


def blank_word(state: str) -> str:
    """How a blank form stands."""
    return str(BLANK_WORDS[BlankState(state)])


def obligation_word(kind: str) -> str:
    """What kind of obligation."""
    zh, _on_paper, en = OBLIGATION_WORDS[ObligationKind(kind)]
    return say(zh, en)


def obligation_state(state: str) -> str:
    """How an obligation stands."""
    return str(_OBLIGATION_STATES[ObligationState(state)])


def state_tone(state: str) -> str:
    """The tone of a state of papers and obligations."""
    return _TONES[ObligationState(state) if state in set(ObligationState) else PaperState(state)]


def certificate_word(state: str | None) -> str:
    """How a certificate of an electronic business licence stands."""
    return str(_("尚未检查")) if state is None else say(*CERTIFICATE_STATE_WORDS[state])


def certificate_tone(state: str | None) -> str:
    """The tone of such a state."""
    return "unknown" if state is None else _CERTIFICATE_TONES.get(state, "bad")


def seal_word(state: str) -> str:
    """How a seal stands."""
    return say(*SEAL_WORDS[state])


def seal_act(act: str) -> str:
    """What was done to a seal."""
    return say(*ACT_WORDS[SealAct(act)])


def role_word(role: str) -> str:
    """A role."""
    return say(*ROLE_WORDS[StaffRole(role)])


def request_word(status: str) -> str:
    """What a request asks for."""
    return str(_REQUESTS[LicenceStatus(status)])


def scope_word(scope: str) -> str:
    """What a system may do."""
    return str(SCOPE_WORDS[Scope(scope)])


def outcome_word(outcome: str) -> str:
    """What came of a report of a wrong entry."""
    return str(OUTCOME_WORDS[WrongEntryOutcome(outcome)])


def credential_word(kind: str) -> str:
    """What kind of secret."""
    return str(CREDENTIAL_WORDS[kind])


def register_console_words(blueprint: Blueprint) -> None:
    """Give the templates their filters."""
    for function in (
        status_word,
        status_verdict,
        kind_word,
        copy_word,
        paper_word,
        action_word,
        blank_word,
        obligation_word,
        obligation_state,
        state_tone,
        certificate_word,
        certificate_tone,
        seal_word,
        seal_act,
        role_word,
        request_word,
        scope_word,
        outcome_word,
        credential_word,
    ):
        blueprint.add_app_template_filter(function)
