"""Licences with two signatures: who gets them, and that both are there and sound."""

from dataclasses import replace

import pytest
from asn1crypto import pem

from gateway.errors import KeyUnavailableError
from gateway.services.second_signatures import second_key_name, signs_twice
from gateway.settings import read_settings
from signing.pyhanko_adapter import validate_with_pyhanko
from tests.conftest import container_at
from tests.databases import copy_home

CHOSEN = "11441702G00007035K"


@pytest.fixture
def twice(set_up_home, tmp_path, applications):
    """(container whose authority of the first application signs twice, that application)."""

    copy_home(set_up_home, tmp_path / "data")
    plain = container_at(tmp_path / "data")
    authority = plain.catalogue.load().authorities_by_name[applications[0]["FZJGMC"]]
    plain.deps.engine.dispose()
    container = container_at(tmp_path / "data", second_signature_authorities=frozenset({authority.code}))
    yield container, applications[0]
    container.deps.engine.dispose()


def certificates(container, folder, label):
    found = []
    for path in sorted((container.deps.trust_dir / folder).iterdir()):
        found += [der for kind, _, der in pem.unarmor(path.read_bytes(), multiple=True) if kind == label]
    return found


def test_a_licence_of_an_authority_that_was_chosen_is_signed_twice(twice):
    container, application = twice
    with pytest.raises(KeyUnavailableError) as refused:
        container.licences.issue(application)
    assert refused.value.hint == "Run: licence-gateway init"
    container.installation.initialise()
    document = container.licences.issue(application).electronic_file.read_bytes()
    first, second = validate_with_pyhanko(
        document,
        trust_anchors=certificates(container, "anchors", "CERTIFICATE"),
        crls=certificates(container, "crls", "X509 CRL"),
    )
    assert first.bottom_line
    assert second.bottom_line
    assert (first.md_algorithm, second.md_algorithm) == ("sm3", "sha256")
    assert (first.timestamp_validity.md_algorithm, second.timestamp_validity.md_algorithm) == ("sm3", "sha256")
    assert second.timestamp_validity.trusted


def test_the_gateway_finds_both_genuine(twice):
    container, application = twice
    container.installation.initialise()
    document = container.licences.issue(application).electronic_file.read_bytes()
    report = container.verifications.verify(document, "licence.pdf")
    assert report.answer.genuine == "yes", report.answer.reasons
    first, second = report.signatures
    assert (first.level, second.level) == ("PAdES-B-T", "PAdES-B-T")
    assert (first.algorithm, second.algorithm) == ("SM2-with-SM3", "ECDSA-with-SHA256")
    assert second.signer.unified_social_credit_code == first.signer.unified_social_credit_code


def test_the_others_sign_once_as_before(twice, applications):
    container, application = twice
    container.installation.initialise()
    other = next(a for a in applications if a["FZJGMC"] != application["FZJGMC"])
    document = container.licences.issue(other).electronic_file.read_bytes()
    assert document.count(b"/Type/Sig/") == 1
    assert b"/P 2/V/1.2" in document


def test_no_second_keys_where_no_one_signs_twice(fresh):
    codes = [authority.code for authority in fresh.catalogue.load().authorities]
    assert not any(second_key_name(code) in fresh.deps.keystore for code in codes)


def test_the_catalogue_and_the_setting_choose(fresh):
    authorities = fresh.catalogue.load().authorities
    chosen = next(a for a in authorities if a.code != CHOSEN)
    none, one, every = (
        read_settings({"GATEWAY_SECOND_SIGNATURE_AUTHORITIES": text}) for text in ("", f"X, {chosen.code}", "*")
    )
    assert not any(signs_twice(a, none) for a in authorities)
    assert [a for a in authorities if signs_twice(a, one)] == [chosen]
    assert all(signs_twice(a, every) for a in authorities)
    assert signs_twice(replace(chosen, second_signature=True), none)
