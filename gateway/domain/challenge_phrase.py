"""The challenge phrase: three words that change every day, by which people tell the real page from a copy of it."""

import hmac
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.domain.instants import instant
from gateway.domain.phrase_words import WORDS
from gateway.domain.status import CHINA_STANDARD_TIME, china_day

WORDS_IN_PHRASE = 3
_LABEL = b"licence-gateway challenge phrase 1 "
_OCTETS_A_WORD = 4
"""So many more than a word needs that no word is likelier than another by more than 2 to the -25."""


@dataclass(frozen=True)
class Phrase:
    """The phrase of one day in China, in both languages: the same things, word by word."""

    zh: str
    en: str
    day: date
    valid_until: datetime
    """When the day is over, aware."""

    def to_json(self) -> dict[str, str | None]:
        """As the API and the command line give it."""
        return {"zh": self.zh, "en": self.en, "day": self.day.isoformat(), "valid_until": instant(self.valid_until)}


def phrase_of(secret: bytes, day: date) -> Phrase:
    """The phrase of a day: HMAC-SM3 of it (GM/T 0042) under the gateway's secret, four octets choosing each word."""
    digest = hmac.digest(secret, _LABEL + day.isoformat().encode(), "sm3")
    chosen = [
        WORDS[int.from_bytes(digest[at : at + _OCTETS_A_WORD]) % len(WORDS)]
        for at in range(0, WORDS_IN_PHRASE * _OCTETS_A_WORD, _OCTETS_A_WORD)
    ]
    tomorrow = datetime.combine(day + timedelta(days=1), time(), CHINA_STANDARD_TIME)
    return Phrase(" ".join(zh for zh, _ in chosen), ", ".join(en for _, en in chosen), day, tomorrow)


def day_in_china(now: datetime) -> date:
    """The day that it is in China (Asia/Shanghai has had no other offset since 1991)."""
    return china_day(now)
