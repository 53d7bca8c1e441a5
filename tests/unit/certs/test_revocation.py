"""Revocation lists: written, read, continued."""

import pytest
from cryptography import x509

from certs.authority import CertificateAuthority
from certs.errors import RevocationListError
from certs.revocation import RevocationReason, RevokedEntry, merge, read_revocation_list
from signing import der, sm2
from signing.x509_fields import subject_name
from tests.pki import DAY, NOW, make_pki, make_stranger

TIMES = {"this_update": NOW, "next_update": NOW + DAY}
ENTRIES = tuple(RevokedEntry(2**120 + reason, NOW - reason * DAY, reason) for reason in RevocationReason)


@pytest.fixture
def authority():
    return CertificateAuthority(make_pki().issuing)


def test_a_list_gives_back_what_was_written(authority):
    found = read_revocation_list(authority.crl(number=7, revoked=ENTRIES, **TIMES))
    assert (found.number, found.this_update, found.next_update) == (7, NOW, NOW + DAY)
    assert found.entries == ENTRIES
    assert [found.find(entry.serial_number) for entry in ENTRIES] == list(ENTRIES)
    assert found.find(1) is None


def test_a_list_without_entries_leaves_the_field_out(authority):
    encoded = authority.crl(number=1, **TIMES)
    assert read_revocation_list(encoded).entries == ()
    assert list(x509.load_der_x509_crl(encoded)) == []


def test_a_list_is_signed_by_the_ca_and_says_that_it_keeps_expired_entries(authority):
    parsed = x509.load_der_x509_crl(authority.crl(number=1, **TIMES))
    key = make_pki().issuing.private.public_key
    sm2.verify(key, parsed.tbs_certlist_bytes, parsed.signature)
    kept = parsed.extensions.get_extension_for_oid(x509.ObjectIdentifier("2.5.29.60"))
    since = x509.load_der_x509_certificate(authority.certificate).not_valid_before_utc
    assert kept.value.value == der.generalized_time(since)


def test_unspecified_is_never_written_as_a_reason(authority):
    [entry] = x509.load_der_x509_crl(authority.crl(number=1, revoked=[RevokedEntry(5, NOW)], **TIMES))
    assert list(entry.extensions) == []


def test_the_next_list_counts_up_and_loses_nothing(authority):
    first = authority.next_crl(None, revoked=ENTRIES[:2], **TIMES)
    again = RevokedEntry(ENTRIES[0].serial_number, NOW + DAY / 2, RevocationReason.SUPERSEDED)
    second = authority.next_crl(first, revoked=[again, ENTRIES[2]], this_update=NOW + DAY, next_update=NOW + 2 * DAY)
    found = read_revocation_list(second)
    assert read_revocation_list(first).number == 1
    assert found.number == 2
    assert found.entries == ENTRIES[:3]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_earlier_of_two_revocations_stays(order):
    entries = (RevokedEntry(1, NOW), RevokedEntry(1, NOW - DAY))
    assert merge([entries[order[0]]], [entries[order[1]]]) == (RevokedEntry(1, NOW - DAY),)


def test_a_list_is_not_continued_from_another_ca_or_from_the_future(authority):
    foreign = CertificateAuthority(make_stranger().issuing).crl(number=1, **TIMES)
    with pytest.raises(RevocationListError, match="another CA"):
        authority.next_crl(foreign, **TIMES)
    later = authority.crl(number=1, this_update=NOW + DAY, next_update=NOW + 2 * DAY)
    with pytest.raises(RevocationListError, match="newer"):
        authority.next_crl(later, **TIMES)


def test_a_period_must_run_forward(authority):
    with pytest.raises(RevocationListError, match="next update"):
        authority.crl(number=1, this_update=NOW, next_update=NOW)


@pytest.mark.parametrize("extensions", [(), ("number", "delta"), ("delta",)], ids="+".join)
def test_a_list_without_a_number_or_over_a_part_only_is_refused(extensions):
    with pytest.raises(RevocationListError):
        read_revocation_list(made_of(*extensions))
    assert read_revocation_list(made_of("number")).number == 3


@pytest.mark.parametrize("data", [b"", b"no list", make_pki().root.certificate])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(RevocationListError):
        read_revocation_list(data)


def made_of(*names):
    """A list with these extensions; a critical delta indicator makes it a list of changes (RFC 5280, 5.2.4)."""
    known = {
        "number": der.sequence(der.oid("2.5.29.20"), der.octet_string(der.integer(3))),
        "delta": der.sequence(der.oid("2.5.29.27"), der.boolean(value=True), der.octet_string(der.integer(2))),
    }
    extensions = (der.explicit(0, der.sequence(*(known[name] for name in names))),) if names else ()
    algorithm, issuer = der.sequence(der.oid("1.2.156.10197.1.501")), subject_name(make_pki().issuing.certificate)
    tbs = der.sequence(der.integer(1), algorithm, issuer, der.time(NOW), der.time(NOW + DAY), *extensions)
    return der.sequence(tbs, algorithm, der.bit_string(b"signature"))
