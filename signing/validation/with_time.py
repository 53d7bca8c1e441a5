"""Signatures with time (EN 319 102-1, 5.5): the basic validation, then what time-stamps on the signature prove.

1. The best signature time begins as the earliest existence that is known already, at worst the validation time (5.5.4, 1).
2. Basic signature validation (5.5.4, 2).
3. Each signature time-stamp is validated (5.4). A sound one may make the best signature time earlier; one that is not
   proves nothing and decides nothing (5.5.4, 3).
4. Each content time-stamp that is sound proves that the signature is not older (5.3.4, 4).
5. The order of the time-stamps must be possible (5.5.4, 4 e).
6. What is wrong now only is judged as of the best signature time (5.5.4, 4; 5.6.2.4).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from signing.validation.basic import BasicResult, SignedObject, validate_basic
from signing.validation.checks import advisory, broken, passed
from signing.validation.context import ValidationContext
from signing.validation.past import validate_past
from signing.validation.policy import Use
from signing.validation.report import Check, SubIndication
from signing.validation.timestamps import TimestampValidation, validate_token

_ORDER_CHECK, _TIME_CHECK = "time_stamp.order", "validation_with_time.best_signature_time"


@dataclass(frozen=True)
class TimedResult:
    """A signature with what is proven of its time."""

    result: BasicResult
    time_checks: tuple[Check, ...]
    existed_at: datetime
    """The best signature time."""
    timestamps: tuple[TimestampValidation, ...]
    """The sound signature time-stamps."""
    all_timestamps: tuple[TimestampValidation, ...] = ()
    """One for each signature time-stamp in the signature, sound or not."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """All of them in the order of the process."""
        return (*self.result.checks, *self.time_checks)


def validate_with_time(
    signed: SignedObject,
    context: ValidationContext,
    uses: tuple[Use, ...],
    *,
    content: bytes,
    made_after: datetime | None = None,
) -> TimedResult:
    """Validate a signature and its time-stamps.

    ``content`` is what content time-stamps stamp; ``made_after`` is an instant that the document itself proves the
    signature not to be older than (a document time-stamp that it covers).
    """
    cms = signed.cms
    # 1.
    existed_at = covered_at = context.proofs.earliest(cms.signature)
    # 2.
    basic = validate_basic(signed, context, uses)
    # 3.
    stamps = [validate_token(token, cms.signature, basic.context) for token in cms.timestamps]
    sound = tuple(stamp for stamp in stamps if stamp.proven_at is not None)
    for stamp in sound:
        existed_at = min(existed_at, stamp.proven_at or existed_at)
    # 4.
    content_stamps = [validate_token(token, content, basic.context) for token in cms.content_timestamps]
    earliest = [made_after, *(stamp.proven_at for stamp in content_stamps)]
    not_older = max((at for at in earliest if at is not None), default=None)
    checks = [advisory(check) for stamp in stamps for check in stamp.checks]
    checks += [advisory(replace(c, name=f"content_{c.name}")) for stamp in content_stamps for c in stamp.checks]
    # 5.
    checks += _order(sound, covered_at, existed_at, not_older)
    if existed_at < context.at:
        checks.append(passed(_TIME_CHECK, f"{existed_at:%Y-%m-%dT%H:%M:%SZ}"))
    # 6.
    return TimedResult(validate_past(basic, existed_at, not_older), tuple(checks), existed_at, sound, tuple(stamps))


def _order(
    sound: tuple[TimestampValidation, ...], covered_at: datetime, existed_at: datetime, not_older: datetime | None
) -> Iterator[Check]:
    """5. A time-stamp on the signature cannot be younger than a document time-stamp over it, nor older than the content's."""
    if any(stamp.proven_at is not None and stamp.proven_at > covered_at for stamp in sound):
        detail = "a time-stamp on the signature is younger than a document time-stamp over both"
        yield broken(_ORDER_CHECK, SubIndication.TIMESTAMP_ORDER_FAILURE, detail)
    if not_older is not None and not_older > existed_at:
        detail = "a time-stamp on the content is younger than a time-stamp on the signature"
        yield broken(_ORDER_CHECK, SubIndication.TIMESTAMP_ORDER_FAILURE, detail)
