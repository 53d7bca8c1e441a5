"""Errors of the gateway. No HTTP in here: ``gateway/api/problems.py`` is the only mapping."""

from typing import ClassVar


class GatewayError(Exception):
    """Root of the tree: one sentence for the user, ``code`` for machines, ``hint`` for the way out."""

    code: ClassVar[str] = "GATEWAY_ERROR"

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
    """One refused field of an input: ``pointer`` is a JSON pointer, ``field`` the name that the sender used."""

    def __init__(self, field: str, code: str, message: str) -> None:
        self.field = field
        self.code = code
        self.message = message

    @property
    def pointer(self) -> str:
        """JSON pointer (RFC 6901) of the field."""
        return "/" + self.field.replace("~", "~0").replace("/", "~1")


class ValidationFailedError(GatewayError):
    """An input breaks rules; every broken field is named."""

    code = "VALIDATION_FAILED"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("；".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


class NotFoundError(GatewayError):
    """Nothing is registered under the name that was asked for."""

    code = "NOT_FOUND"


class ConflictError(GatewayError):
    """The input contradicts what is registered."""

    code = "CONFLICT"


class BindingRefusedError(GatewayError):
    """The electronic business licence does not belong to the holder, or is expired or revoked."""

    code = "BINDING_REFUSED"


class UnreadableInputError(GatewayError):
    """An uploaded file or image cannot be read, or is over a limit."""

    code = "UNREADABLE_INPUT"


class StorageError(GatewayError):
    """A file that the registry names is missing or differs from its digest, or cannot be written."""

    code = "STORAGE"


class KeyUnavailableError(GatewayError):
    """A signing key is retired, locked away, or its token or remote signer does not sign."""

    code = "KEY_UNAVAILABLE"
