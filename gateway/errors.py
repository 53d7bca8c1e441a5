"""Errors of the gateway. No HTTP in here: ``gateway/api/problems.py`` is the only mapping."""

from collections.abc import Mapping
from typing import ClassVar

from signing.errors import ResourceLimitError, WorkersBusyError


class GatewayError(Exception):
    """Root of the tree: one sentence for the user, ``code`` for machines, ``hint`` for the way out."""

    code: ClassVar[str] = "GATEWAY_ERROR"
    is_temporary: ClassVar[bool] = False
    """Whether the same request may succeed later."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotInitialisedError(GatewayError):
    """The data directory holds no gateway yet."""

    code = "NOT_INITIALISED"


class ConfigurationError(GatewayError):
    """A setting, key file or trust file is missing or unusable."""

    code = "CONFIGURATION"


class FieldError:
    """One refused field of an input: ``field`` is the name that the sender used, ``path`` where it stands when nested."""

    def __init__(self, field: str, code: str, message: str, path: tuple[str | int, ...] = ()) -> None:
        self.field = field
        self.code = code
        self.message = message
        self._path = path or (field,)

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) of the field."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self._path)

    def within(self, first: str) -> "FieldError":
        """The same error as seen from ``first``, where it stands below that."""
        path = self._path[1:] if self._path[:1] == (first,) else self._path
        return FieldError(self.field, self.code, self.message, path)

    def to_json(self) -> dict[str, str]:
        """As it stands in the ``errors`` of a problem document."""
        return {"pointer": self.pointer, "field": self.field, "code": self.code, "detail": self.message}


class ValidationFailedError(GatewayError):
    """An input breaks rules; every broken field is named."""

    code = "VALIDATION_FAILED"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("；".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


class SignatureRefusedError(ValidationFailedError):
    """A signature by an electronic business licence does not hold; the code of the field says why."""

    code = "SIGNATURE_REFUSED"


class RevocationUnknownError(GatewayError):
    """Whether a certificate is revoked could not be checked, which says nothing of it."""

    code = "REVOCATION_UNKNOWN"
    is_temporary = True


class LogBrokenError(GatewayError):
    """The transparency log, or a part of it, is not what it was."""

    code = "LOG_BROKEN"


class NotFoundError(GatewayError):
    """Nothing is registered under the name that was asked for."""

    code = "NOT_FOUND"


class ConflictError(GatewayError):
    """The input contradicts what is registered."""

    code = "CONFLICT"


class TransitionRefusedError(ConflictError):
    """The status change does not fit what was recorded."""

    code = "TRANSITION_REFUSED"


class StaleStateError(GatewayError):
    """The caller acted on a state that has changed since (If-Match)."""

    code = "STALE_STATE"


class ForbiddenError(GatewayError):
    """The actor may not do this, or not on this licence."""

    code = "FORBIDDEN"


class SignInRefusedError(GatewayError):
    """Account, password and one-time code do not prove who is there."""

    code = "SIGN_IN_REFUSED"


class BindingRefusedError(GatewayError):
    """The electronic business licence does not belong to the holder, or is expired or revoked."""

    code = "BINDING_REFUSED"


class SealRefusedError(GatewayError):
    """The authority's seal is suspended, destroyed, out of its validity, or another owner's; nothing was signed."""

    code = "SEAL_REFUSED"


class UnreadableInputError(GatewayError):
    """An uploaded file or image cannot be read, or is over a limit."""

    code = "UNREADABLE_INPUT"


class OverLimitError(UnreadableInputError):
    """Reading a file was stopped at a limit of time, memory or size."""

    code = ResourceLimitError.code


class BusyError(GatewayError):
    """Too many files wait to be read."""

    code = WorkersBusyError.code
    is_temporary = True


class RegistryUnavailableError(GatewayError):
    """The database cannot be opened, or does not take what is written; nothing is said about any licence."""

    code = "REGISTRY_UNAVAILABLE"


class RegistryBusyError(RegistryUnavailableError):
    """Transactions met and this one had to give way; it left nothing behind and may be tried again."""

    code = "REGISTRY_BUSY"


class StorageError(GatewayError):
    """A file that the registry names is missing or differs from its digest, or cannot be written."""

    code = "STORAGE"
    is_temporary = True


class EnterpriseSignerUnavailableError(GatewayError):
    """The national service of electronic business licences gave no answer that can be believed; nothing was decided."""

    code = "ENTERPRISE_SIGNER_UNAVAILABLE"
    is_temporary = True


class TimestampsUnavailableError(GatewayError):
    """No time-stamp service answered, and what was to be made needs a time-stamp."""

    code = "TIMESTAMPS_UNAVAILABLE"
    is_temporary = True


class ReceiverUnavailableError(GatewayError):
    """A receiver of events did not say what it holds."""

    code = "RECEIVER_UNAVAILABLE"
    is_temporary = True


class KeyUnavailableError(GatewayError):
    """A signing key is retired, locked away, or its token or remote signer does not sign."""

    code = "KEY_UNAVAILABLE"
    is_temporary = True


class AuthenticationError(GatewayError):
    """The caller did not prove who it is. The message never says which part was wrong."""

    code = "NOT_AUTHENTICATED"


class OverCapError(GatewayError):
    """The client's calls for today are used up."""

    code = "DAILY_CAP_REACHED"

    def __init__(self, message: str, *, cap: int, seconds_left: int) -> None:
        super().__init__(message, hint="The day ends at midnight in China.")
        self.cap = cap
        self.seconds_left = seconds_left
        """Until the day ends."""


class TooManyVisitsError(GatewayError):
    """One address, or everybody for one code, looks up more than may be; nothing was looked at."""

    code = "TOO_MANY_REQUESTS"

    def __init__(self, seconds_left: int) -> None:
        super().__init__(
            f"现在查询的人较多，请等待 {seconds_left} 秒后再试。这不说明证照是真是假。"
            f"Many are asking right now. Try again in {seconds_left} seconds. That says nothing about any licence."
        )
        self.seconds_left = seconds_left


class ProofOfWorkRequiredError(TooManyVisitsError):
    """Many are asking: whoever asks works something out first, or waits."""

    code = "PROOF_OF_WORK_REQUIRED"

    def __init__(self, seconds_left: int, puzzle: Mapping[str, str | int | None]) -> None:
        super().__init__(seconds_left)
        self.puzzle = puzzle
        """As problem documents have it."""


class BadRequestError(GatewayError):
    """A header that the request needs is missing or malformed."""

    code = "BAD_HEADER"


class IdempotencyConflictError(ConflictError):
    """The Idempotency-Key was used for another request, or that request is still at work."""

    code = "IDEMPOTENCY_CONFLICT"
