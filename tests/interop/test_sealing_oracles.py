"""Sealed fields against BouncyCastle's SM4-GCM."""

import pytest

from gateway.persistence.sealing import FieldVault, Place
from tests.interop.bouncy_castle import ask

pytestmark = pytest.mark.interop

KEY = bytes(range(16))
PLACE = Place("paper_events", "collected_by", "1.2.3/0/2026-01-01T00:00:00+00:00")


def bouncy_castle(aad, sealed):
    return ask("OpenSealed", KEY.hex(), aad.hex(), sealed.rpartition(":")[2])


def test_bouncy_castle_opens_what_is_sealed_and_not_in_another_place():
    sealed = FieldVault(1, lambda _: KEY).seal("梁某某 11010519491231002X", PLACE)
    opened = bouncy_castle(PLACE.encode(), sealed)
    assert opened.stdout == "梁某某 11010519491231002X", opened.stderr
    elsewhere = bouncy_castle(PLACE.item("x").encode(), sealed)
    assert elsewhere.returncode != 0
    assert "AEADBadTagException" in elsewhere.stderr
