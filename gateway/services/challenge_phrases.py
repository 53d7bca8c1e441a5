"""The phrase of the day, from a secret in the key store."""

import secrets
from datetime import date

from certs.errors import KeystoreError
from certs.keystore import Keystore
from gateway.domain.challenge_phrase import Phrase, day_in_china, phrase_of
from gateway.errors import ConfigurationError
from gateway.services.dependencies import Dependencies

SECRET_NAME = "challenge-phrase"  # noqa: S105 - a name
_SECRET_BYTES = 32


class ChallengePhrases:
    """Gives the phrase that the pages, the API and the command line show on one day."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps
        self._last: Phrase | None = None

    def of_day(self, day: date | None = None) -> Phrase:
        """The phrase of a day in China, today when none is named. ConfigurationError without the secret for it."""
        wanted = day_in_china(self._deps.clock()) if day is None else day
        last = self._last
        if last is None or last.day != wanted:
            # Opening the secret is slow on purpose; the pages ask for each view.
            last = self._last = phrase_of(self.secret(), wanted)
        return last

    def secret(self) -> bytes:
        """The secret of all processes and machines of this gateway. ConfigurationError without it."""
        try:
            return self._deps.keystore.secret(SECRET_NAME)
        except KeystoreError as error:
            raise ConfigurationError(
                "没有核对口令的密钥。There is no secret for the challenge phrase.", hint="Run: licence-gateway init"
            ) from error


def ensure_phrase_secret(keystore: Keystore) -> None:
    """Make the secret where there is none; of two processes at once the first one's stays."""
    if SECRET_NAME in keystore.secret_names():
        return
    try:
        keystore.add_secret(SECRET_NAME, secrets.token_bytes(_SECRET_BYTES))
    except KeystoreError:
        if SECRET_NAME not in keystore.secret_names():
            raise
