"""CMS in both families of identifiers: flavour A, and B (GB/T 35275 over the digest) with the deviations that are met."""

from dataclasses import replace

import pytest

from signing import der
from signing.algorithms import DATA_OID, SIGNED_DATA_OID, SM2_SIGN_OID, SM2_WITH_SM3_OID, SM3_OID
from signing.cms import build_signed_data, signed_attributes
from signing.pades import document_digest, embed
from signing.sm2 import signature_to_raw, sm3
from signing.validation.cms_reading import GB_DATA_OID, GB_SIGNED_DATA_OID, parse_cms
from signing.validation.process import validate_pdf
from signing.x509_fields import issuer_and_serial_number
from tests.pki import NOW, make_pki
from tests.unit.signing.pki import prepared_pdf

OURS = b"/ETSI.CAdES.detached"


def named(sub_filter):
    """A prepared PDF with this SubFilter, of the same length."""
    prepared = prepared_pdf()
    name = b"/" + sub_filter.encode()
    return replace(prepared, data=prepared.data.replace(OURS, name.ljust(len(OURS))))


def gb_signed_data(
    key, digest, *, content=True, content_type=GB_DATA_OID, oid=SM2_SIGN_OID, raw=False, attributes=None, message=None
):
    """GB/T 35275 SignedData with one signer, as its own bytes."""
    value = key.sign(attributes or (digest if message is None else message))
    encapsulated = (der.explicit(0, der.octet_string(digest)),) if content else ()
    signer = der.sequence(
        der.integer(1),
        issuer_and_serial_number(key.certificate),
        der.sequence(der.oid(SM3_OID)),
        *((der.explicit(0, der.content_of(attributes)),) if attributes else ()),
        der.sequence(der.oid(oid)),
        der.octet_string(signature_to_raw(value) if raw else value),
    )
    signed_data = der.sequence(
        der.integer(1),
        der.set_of(der.sequence(der.oid(SM3_OID))),
        der.sequence(der.oid(content_type), *encapsulated),
        der.explicit(0, b"".join((key.certificate, *key.chain))),
        der.set_of(signer),
    )
    return der.sequence(der.oid(GB_SIGNED_DATA_OID), der.explicit(0, signed_data))


def judge(prepared, cms, policy=None):
    [report] = validate_pdf(embed(prepared, cms), policy or make_pki().policy(), at=NOW).signatures
    return report


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"oid": SM2_WITH_SM3_OID},
        {"content_type": DATA_OID},
        {"content": False},
        {"raw": True},
    ],
)
def test_flavour_b_and_its_deviations(options):
    prepared = named("GM.sm2cms.detached")
    cms = gb_signed_data(make_pki().leaf(), document_digest(prepared, SM3_OID), **options)
    report = judge(prepared, cms)
    assert (report.indication, report.format, report.level) == ("TOTAL-PASSED", "CMS", "")


@pytest.mark.parametrize("over_digest", [True, False])
def test_flavour_b_with_signed_attributes(over_digest):
    prepared, key = named("GM.sm2cms.detached"), make_pki().leaf()
    digest = document_digest(prepared, SM3_OID)
    attributes = signed_attributes(message_digest=sm3(digest) if over_digest else digest, key=key)
    report = judge(prepared, gb_signed_data(key, digest, content=over_digest, attributes=attributes))
    assert report.indication == "TOTAL-PASSED"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda key, digest: gb_signed_data(key, sm3(digest)), "HASH_FAILURE"),
        (lambda key, digest: gb_signed_data(key, digest, message=sm3(digest)), "SIG_CRYPTO_FAILURE"),
        (lambda key, digest: gb_signed_data(key, digest, content_type="1.2.3"), "FORMAT_FAILURE"),
        (
            lambda key, digest: gb_signed_data(
                key, digest, attributes=signed_attributes(message_digest=sm3(b"other"), key=key)
            ),
            "HASH_FAILURE",
        ),
    ],
)
def test_what_is_wrong_in_flavour_b(make, expected):
    prepared = named("GM.sm2cms.detached")
    assert judge(prepared, make(make_pki().leaf(), document_digest(prepared, SM3_OID))).sub_indication == expected


def test_a_raw_value_has_no_place_in_flavour_a():
    class Raw:
        def __init__(self, key):
            self.key = key

        def __getattr__(self, name):
            return getattr(self.key, name)

        def sign(self, message):
            return signature_to_raw(self.key.sign(message))

    prepared = prepared_pdf()
    cms = build_signed_data(message_digest=document_digest(prepared, SM3_OID), key=Raw(make_pki().leaf()))
    assert judge(prepared, cms).sub_indication == "SIG_CRYPTO_FAILURE"


def test_flavour_a_takes_the_identifiers_of_gb_t_35275():
    prepared = named("adbe.pkcs7.detached")
    cms = build_signed_data(message_digest=document_digest(prepared, SM3_OID), key=make_pki().leaf())
    inner = cms[cms.index(der.oid(SIGNED_DATA_OID)) + len(der.oid(SIGNED_DATA_OID)) :]
    theirs = der.sequence(der.oid(GB_SIGNED_DATA_OID), inner)
    assert parse_cms(theirs).message_digest is not None
    assert judge(prepared, theirs).indication == "TOTAL-PASSED"


@pytest.mark.parametrize(
    ("sub_filter", "requires", "expected"),
    [
        ("adbe.pkcs7.detached", False, None),
        ("adbe.pkcs7.detached", True, "FORMAT_FAILURE"),
        ("ETSI.CAdES.detached", False, "FORMAT_FAILURE"),
    ],
)
def test_a_value_over_the_bytes_themselves(sub_filter, requires, expected):
    """CMS without signed attributes (RFC 5652, 5.4): not in PAdES, and not where the policy wants the certificate bound."""
    prepared, key = named(sub_filter), make_pki().leaf()
    covered = prepared.data[: prepared.gap_start] + prepared.data[prepared.gap_end :]
    cms = gb_signed_data(key, sm3(covered), content=False, message=covered)
    policy = replace(make_pki().policy(), requires_certificate_reference=requires)
    assert judge(prepared, cms, policy).sub_indication == expected


def test_content_in_a_detached_signature_is_refused():
    prepared = prepared_pdf()
    digest = document_digest(prepared, SM3_OID)
    cms = build_signed_data(message_digest=digest, key=make_pki().leaf(), encapsulated=b"other content")
    assert judge(prepared, cms).sub_indication == "FORMAT_FAILURE"


@pytest.mark.parametrize(
    ("sub_filter", "word"), [("adbe.pkcs7.sha1", "SHA-1"), ("adbe.x509.rsa_sha1", "PKCS#1"), ("GM.new", "unsupported")]
)
def test_an_unknown_kind_is_unsupported_and_never_unsigned(sub_filter, word):
    prepared = named(sub_filter)
    report = judge(prepared, build_signed_data(message_digest=bytes(32), key=make_pki().leaf()))
    assert (report.indication, report.sub_indication) == ("INDETERMINATE", "CUSTOM")
    [check] = [c for c in report.checks if c.name == "format_checking.sub_filter"]
    assert word in check.detail
