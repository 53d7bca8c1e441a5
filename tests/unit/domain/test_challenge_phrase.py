import subprocess
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from gateway.domain.challenge_phrase import day_in_china, phrase_of
from gateway.domain.phrase_words import WORDS

SECRET = bytes(range(32))


def test_the_day_begins_at_midnight_in_china():
    assert day_in_china(datetime(2026, 1, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 1, 1)
    assert day_in_china(datetime(2026, 1, 1, 16, 0, 0, tzinfo=UTC)) == date(2026, 1, 2)
    assert phrase_of(SECRET, date(2026, 1, 1)).valid_until == datetime(2026, 1, 1, 16, tzinfo=UTC)


def test_openssl_derives_the_same_words():
    given = b"licence-gateway challenge phrase 1 2026-01-01"
    command = ["openssl", "mac", "-digest", "SM3", "-macopt", f"hexkey:{SECRET.hex()}", "HMAC"]
    digest = bytes.fromhex(subprocess.run(command, input=given, capture_output=True, check=True).stdout.decode())
    chosen = [WORDS[int.from_bytes(digest[at : at + 4]) % len(WORDS)] for at in (0, 4, 8)]
    phrase = phrase_of(SECRET, date(2026, 1, 1))
    assert phrase.zh == " ".join(zh for zh, _ in chosen)
    assert phrase.en == ", ".join(en for _, en in chosen)


def test_days_and_secrets_give_other_words():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(400)]
    phrases = [phrase_of(SECRET, day).zh for day in days]
    assert Counter(phrases).most_common(1)[0][1] <= 2
    assert phrase_of(b"another secret", days[0]).zh != phrases[0]


def test_the_words_are_told_apart_in_both_languages():
    assert len(WORDS) == 128 == len({zh for zh, _ in WORDS}) == len({en for _, en in WORDS})
    assert all(zh and en and zh == zh.strip() and en == en.strip() for zh, en in WORDS)
