"""Signing requests: an enterprise signs documents with its electronic business licence. The states and their only moves.

created -> presented -> signed, or declined, expired, failed. A signature that was received is a promise: from then on the
request neither expires nor can be declined; it is completed, if need be by another process.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.signing_reasons import SigningReason
from gateway.errors import TransitionRefusedError

LONGEST_PURPOSE, LONGEST_TITLE, LONGEST_REASON = 200, 200, 200
MOST_DOCUMENTS = 20
LEAST_SECONDS, MOST_SECONDS = 60, 30 * 24 * 3600
"""How long a request may stay open."""
MOST_REFUSALS = 20
"""Answers that do not hold; after so many the request fails: whoever guesses gets no further try."""


class SigningState(StrEnum):
    """Where a request stands."""

    CREATED = "created"
    PRESENTED = "presented"
    """The app fetched what is to be signed."""
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    FAILED = "failed"


FINAL = frozenset({SigningState.SIGNED, SigningState.DECLINED, SigningState.EXPIRED, SigningState.FAILED})
STATE_WORDS: dict[SigningState, tuple[str, str]] = {
    SigningState.CREATED: ("等待扫码", "waiting to be scanned"),
    SigningState.PRESENTED: ("已扫码，等待签名", "scanned, waiting for the signature"),
    SigningState.SIGNED: ("已签名", "signed"),
    SigningState.DECLINED: ("已拒绝", "declined"),
    SigningState.EXPIRED: ("已过期", "expired"),
    SigningState.FAILED: ("未完成", "not completed"),
}


class SignerRole(StrEnum):
    """Who signs for the enterprise (电子营业执照管理办法（试行）)."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    LICENCE_ADMINISTRATOR = "licence_administrator"
    HANDLING_PERSON = "handling_person"


ROLE_WORDS: dict[SignerRole, tuple[str, str]] = {
    SignerRole.LEGAL_REPRESENTATIVE: ("法定代表人", "legal representative"),
    SignerRole.LICENCE_ADMINISTRATOR: ("证照管理员", "licence administrator"),
    SignerRole.HANDLING_PERSON: ("办事人", "handling person"),
}


class DocumentForm(StrEnum):
    """What is signed, and so what comes out."""

    PDF = "pdf"
    """A PAdES signature in the file."""
    JSON = "json"
    """A COSE_Sign1 over the canonical form (RFC 8785)."""
    BYTES = "bytes"
    """A detached CMS."""


class Step(StrEnum):
    """What may happen to a request."""

    PRESENT = "present"
    RECEIVE = "receive"
    COMPLETE = "complete"
    DECLINE = "decline"
    EXPIRE = "expire"
    FAIL = "fail"


@dataclass(frozen=True)
class Standing:
    """Where a request stands, and since when."""

    state: SigningState
    expires_at: datetime
    """Aware UTC."""
    presented_at: datetime | None = None
    received_at: datetime | None = None
    """When a signature that holds came in; what is left then is to put it in its place."""
    finished_at: datetime | None = None
    reason_code: str | None = None
    """Of a request that failed."""

    @property
    def is_final(self) -> bool:
        """Whether nothing moves it any more."""
        return self.state in FINAL

    def is_overdue(self, now: datetime) -> bool:
        """Whether its time is over and nobody signed."""
        return not self.is_final and self.received_at is None and now >= self.expires_at

    def at(self, now: datetime) -> "Standing":
        """As it stands at an instant: what is overdue is expired, whether or not somebody noted it."""
        return self.after(Step.EXPIRE, now) if self.is_overdue(now) else self

    def after(self, step: Step, now: datetime, reason: SigningReason | None = None) -> "Standing":
        """After a step. The same step again changes nothing; TransitionRefusedError for one that does not fit."""
        if self._is_done(step, now, reason):
            return self
        if not self._is_permitted(step, now, reason):
            zh, en = STATE_WORDS[self.at(now).state]
            raise TransitionRefusedError(
                f"签名请求{zh}，不能这样做。The signing request is {en}; that cannot be done any more."
            )
        if step in _ENDS:
            at = self.expires_at if step is Step.EXPIRE else now
            return replace(self, state=_ENDS[step], finished_at=at, reason_code=reason)
        presented_at = self.presented_at or now
        received_at = now if step is Step.RECEIVE else None
        return replace(self, state=SigningState.PRESENTED, presented_at=presented_at, received_at=received_at)

    def _is_done(self, step: Step, now: datetime, reason: SigningReason | None) -> bool:
        """Whether the step has nothing more to change."""
        if step is Step.PRESENT:
            return self.state is not SigningState.CREATED
        if step is Step.EXPIRE:
            return not self.is_overdue(now)
        return self.state is _ENDS.get(step) and self.reason_code == reason

    def _is_permitted(self, step: Step, now: datetime, reason: SigningReason | None) -> bool:
        if step is Step.COMPLETE:
            return not self.is_final and self.received_at is not None
        # A department takes back only what nobody signed yet; a fault is a fault until the end.
        if step is Step.FAIL and reason is not SigningReason.CANCELLED:
            return reason is not None and not self.is_final and not self.is_overdue(now)
        is_open = not self.is_final and self.received_at is None
        return is_open and (step is Step.EXPIRE or not self.is_overdue(now))


_ENDS = {
    Step.COMPLETE: SigningState.SIGNED,
    Step.DECLINE: SigningState.DECLINED,
    Step.EXPIRE: SigningState.EXPIRED,
    Step.FAIL: SigningState.FAILED,
}
"""The steps that end a request."""


def expiry(now: datetime, seconds: int) -> datetime:
    """When a request that is made now ends."""
    return now + timedelta(seconds=seconds)
