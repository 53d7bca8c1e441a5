"""Words of the console for the names that services use, as template filters."""

from flask import Blueprint

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
from gateway.services.clients import GATEWAY_TOKEN, SECRET
from verify_web.words import say

_ACTIONS = {
    PaperAction.PRINTED: ("打印", "printed"),
    PaperAction.REPRINTED: ("重新打印", "printed again"),
    PaperAction.COLLECTED: ("领取", "collected"),
    PaperAction.VOIDED: ("作废", "declared void"),
    PaperAction.RETURNED: ("收回", "taken back"),
    PaperAction.LOST: ("声明遗失", "declared lost"),
}
BLANK_WORDS = {
    BlankState.IN_STOCK: ("在库", "in stock"),
    BlankState.ISSUED: ("已使用", "used"),
    BlankState.SPOILED: ("已损毁", "spoiled"),
    BlankState.RETURNED: ("已退回", "returned"),
}
_OBLIGATION_STATES = {
    ObligationState.OPEN: ("待办", "open"),
    ObligationState.OVERDUE: ("已逾期", "overdue"),
    ObligationState.FULFILLED: ("已履行", "fulfilled"),
    ObligationState.BROKEN: ("未履行", "broken"),
}
_REQUESTS = {
    LicenceStatus.REVOKED: ("吊销", "Revoke"),
    LicenceStatus.WITHDRAWN: ("撤销", "Withdraw"),
    LicenceStatus.VALID: ("恢复效力", "Bring back"),
}
_FACTS = {
    "持证主体": "Holder",
    "信用代码": "Credit code",
    "发证机关": "Issuing authority",
    "证照": "Licence",
    "证照编号": "Licence number",
    "提请": "Proposed",
    "法律依据": "Legal ground",
    "事由": "Reason",
    "文书号": "Document number",
    "提出人": "Proposed by",
    "账号": "Account",
    "印章": "Seal",
    "系统": "System",
    "客户端标识": "Client id",
}
SCOPE_WORDS = {
    Scope.LICENCES_READ: ("查阅证照", "read licences"),
    Scope.LICENCES_ISSUE: ("签发", "issue"),
    Scope.LICENCES_CHANGE: ("变更、暂扣、恢复", "change, suspend, restore"),
    Scope.LICENCES_REVOKE: ("吊销、撤销、注销", "revoke, withdraw, cancel"),
    Scope.PAPERS_HANDLE: ("纸质证照和空白证照", "papers and blank forms"),
    Scope.REPORTS_WRITE: ("报送原方式签发的证照", "report licences issued the old way"),
    Scope.COPIES_MAKE: ("加注件", "purpose copies"),
    Scope.EVENTS_READ: ("事件", "events"),
    Scope.ADMINISTER: ("调用记录中的人名", "names of persons in access records"),
}
CREDENTIAL_WORDS = {
    SECRET: ("OAuth 密钥", "OAuth secret"),
    GATEWAY_TOKEN: ("省网关签名令牌（x-tif）", "token for x-tif signatures"),
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
    return (
        say("正本", "original") if copy_number == 0 else say(f"副本 {copy_number} 号", f"duplicate no. {copy_number}")
    )


def paper_word(state: str) -> str:
    """How a paper stands."""
    return say(*STATE_WORDS[PaperState(state)])


def action_word(action: str) -> str:
    """What was done to a paper."""
    return say(*_ACTIONS[PaperAction(action)])


def blank_word(state: str) -> str:
    """How a blank form stands."""
    return say(*BLANK_WORDS[BlankState(state)])


def obligation_word(kind: str) -> str:
    """What kind of obligation."""
    zh, _, en = OBLIGATION_WORDS[ObligationKind(kind)]
    return say(zh, en)


def obligation_state(state: str) -> str:
    """How an obligation stands."""
    return say(*_OBLIGATION_STATES[ObligationState(state)])


def state_tone(state: str) -> str:
    """The tone of a state of papers and obligations."""
    return _TONES[ObligationState(state) if state in set(ObligationState) else PaperState(state)]


def certificate_word(state: str | None) -> str:
    """How a certificate of an electronic business licence stands."""
    return say("尚未检查", "not looked at yet") if state is None else say(*CERTIFICATE_STATE_WORDS[state])


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
    return say(*_REQUESTS[LicenceStatus(status)])


def scope_word(scope: str) -> str:
    """What a system may do."""
    return say(*SCOPE_WORDS[Scope(scope)])


def credential_word(kind: str) -> str:
    """What kind of secret."""
    return say(*CREDENTIAL_WORDS[kind])


def fact_label(label: str) -> str:
    """The label of a fact above a form."""
    return say(label, _FACTS[label])


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
        credential_word,
        fact_label,
    ):
        blueprint.add_app_template_filter(function)
