"""Trust material in folders, and what happens when a file in them is bad."""

import json
import os
import shutil
import threading
from datetime import timedelta

import pytest
from asn1crypto import pem

from certs import trust_store
from certs.errors import TrustStoreError
from certs.profiles import ELECTRONIC_BUSINESS_LICENCE
from certs.trust_store import TrustStore
from signing.cose import key_id_of
from signing.ocsp import CertStatus, ResponseStatus, SingleResponse, build_error, build_response, cert_id
from signing.validation.policy import Revocation, Use
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion, SubIndication
from tests.pki import CREDIT_CODE, DAY, NOW, make_pki, make_stranger


def armoured(der, label="CERTIFICATE"):
    return pem.armor(label, der)


def write_store(folder, pki, leaf, attributes=None):
    """A full store: root as anchor, issuing CA and leaf as certificates, both CRLs."""
    for name in ("anchors", "certificates", "crls", "ocsp"):
        (folder / name).mkdir(parents=True)
    (folder / "anchors" / "root.pem").write_bytes(armoured(pki.root.certificate))
    (folder / "certificates" / "issuing.cer").write_bytes(pki.issuing.certificate)
    (folder / "certificates" / "leaf.pem").write_bytes(armoured(leaf.certificate))
    for number, crl in enumerate(pki.crls()):
        (folder / "crls" / f"{number}.crl").write_bytes(crl if number else armoured(crl, "X509 CRL"))
    if attributes is not None:
        (folder / "anchors.json").write_text(json.dumps(attributes))


@pytest.fixture
def pki():
    return make_pki()


@pytest.fixture
def leaf(pki):
    return pki.leaf()


@pytest.fixture
def folder(tmp_path, pki, leaf):
    write_store(tmp_path / "trust", pki, leaf)
    return tmp_path / "trust"


def conclusion(store, certificate, use=Use.SIGNATURE):
    return validate_certificate(certificate, store.policy(), at=NOW, use=use).conclusion


def test_a_full_store_validates_a_certificate_without_anything_else(folder, leaf):
    store = TrustStore(folder)
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED
    assert conclusion(store, make_stranger().leaf().certificate) is Conclusion.INDETERMINATE
    assert store.warning is None


def test_the_policy_reads_credit_codes_and_takes_the_revocation_rule(folder, leaf):
    policy = TrustStore(folder).policy(revocation="if_available")
    assert policy.revocation is Revocation.IF_AVAILABLE
    assert policy.read_credit_code(leaf.certificate) == CREDIT_CODE
    assert policy.read_credit_code(make_pki().root.certificate) is None


def test_published_certificates_are_found_by_key_id(folder, pki, leaf):
    store = TrustStore(folder)
    for key in (leaf, pki.issuing, pki.root):
        assert store.certificate_by_key_id(key_id_of(key.private.public_key.spki)) == key.certificate
    assert store.certificate_by_key_id(bytes(8)) is None


def test_of_two_certificates_for_one_key_the_later_is_found(folder, pki, leaf):
    from certs.authority import CertificateAuthority, Subject
    from certs.profiles import GATEWAY_SIGNER

    key = leaf.private.public_key
    renewed = CertificateAuthority(pki.issuing).issue(GATEWAY_SIGNER, Subject("新证", "测试"), key, now=NOW + DAY)
    (folder / "certificates" / "a-renewed.pem").write_bytes(armoured(renewed))
    assert TrustStore(folder).certificate_by_key_id(key_id_of(key.spki)) == renewed


def test_attributes_limit_an_anchor(tmp_path, pki):
    leaf = pki.leaf(ELECTRONIC_BUSINESS_LICENCE)
    write_store(tmp_path / "t", pki, leaf, {"root.pem": {"uses": ["enterprise"], "egov_qualified": True}})
    store = TrustStore(tmp_path / "t")
    [anchor] = store.policy().trust_anchors
    assert (anchor.egov_qualified, anchor.uses) == (True, frozenset({Use.ENTERPRISE}))
    assert conclusion(store, leaf.certificate, Use.ENTERPRISE) is Conclusion.PASSED
    assert conclusion(store, leaf.certificate, Use.SIGNATURE) is Conclusion.INDETERMINATE


def test_an_anchor_without_attributes_is_for_everything_but_not_qualified(folder):
    [anchor] = TrustStore(folder).policy().trust_anchors
    assert (anchor.egov_qualified, anchor.uses) == (False, frozenset(Use))


@pytest.mark.parametrize(
    ("window", "is_trusted"),
    [
        ({}, True),
        ({"valid_from": NOW - DAY, "valid_until": NOW + DAY}, True),
        ({"valid_from": NOW, "valid_until": NOW}, True),
        ({"valid_from": NOW + timedelta(seconds=1)}, False),
        ({"valid_until": NOW - timedelta(seconds=1)}, False),
    ],
)
def test_an_anchor_is_trusted_within_its_window_only(window, is_trusted, tmp_path, pki, leaf):
    attributes = {name: instant.isoformat() for name, instant in window.items()}
    write_store(tmp_path / "t", pki, leaf, {"root.pem": attributes})
    store = TrustStore(tmp_path / "t", clock=lambda: NOW)
    assert len(store.policy().trust_anchors) == is_trusted


BAD_ATTRIBUTES = {
    "no JSON": "{",
    "no object": "[]",
    "no attributes": '{"root.pem": true}',
    "an unknown file": '{"rooot.pem": {"uses": ["enterprise"]}}',
    "an unknown use": '{"root.pem": {"uses": ["everything"]}}',
    "uses that are no list": '{"root.pem": {"uses": "signature"}}',
    "an unknown attribute": '{"root.pem": {"use": ["enterprise"]}}',
    "a word for a boolean": '{"root.pem": {"egov_qualified": "false"}}',
    "a time without a zone": '{"root.pem": {"valid_until": "2030-01-01T00:00:00"}}',
    "no time": '{"root.pem": {"valid_until": "soon"}}',
    "a number for a time": '{"root.pem": {"valid_until": 5}}',
    "brackets without end": "[" * 100_000,
}


@pytest.mark.parametrize("text", BAD_ATTRIBUTES.values(), ids=BAD_ATTRIBUTES)
def test_wrong_attributes_are_refused_since_a_limit_would_get_lost(text, folder):
    (folder / "anchors.json").write_text(text)
    with pytest.raises(TrustStoreError, match=r"anchors\.json"):
        TrustStore(folder).policy()


def damage(folder, kind):
    """Make one file bad; gives its name."""
    name, content = {
        "anchor": ("anchors/bad.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
        "certificate": ("certificates/bad.cer", b"no certificate"),
        "crl": ("crls/bad.crl", b"no list"),
        "ocsp response": ("ocsp/bad.ors", b"no response"),
        "ocsp error": ("ocsp/bad.ors", build_error(ResponseStatus.TRY_LATER)),
        "truncated": ("certificates/leaf.pem", (folder / "certificates/leaf.pem").read_bytes()[:200]),
        "attributes": ("anchors.json", b"{"),
        "no anchor left": ("anchors/root.pem", b""),
    }[kind]
    (folder / name).write_bytes(content)
    return "bad" if "bad" in name else name.split("/")[-1]


@pytest.mark.parametrize(
    "kind", ["anchor", "certificate", "crl", "ocsp response", "ocsp error", "truncated", "attributes", "no anchor left"]
)
def test_a_bad_file_is_named_and_the_last_good_set_stays(kind, folder, leaf):
    store = TrustStore(folder)
    good = store.policy()
    name = damage(folder, kind)
    assert store.policy() == good
    assert name in store.warning
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED
    with pytest.raises(TrustStoreError, match=name):
        TrustStore(folder).policy()


def test_a_mended_file_takes_effect_and_ends_the_warning(folder, pki):
    store = TrustStore(folder)
    store.policy()
    damage(folder, "crl")
    store.policy()
    assert store.warning
    (folder / "crls" / "bad.crl").write_bytes(pki.crls()[0])
    assert len(store.policy().crls) == 3
    assert store.warning is None


def test_changes_take_effect_without_a_restart(folder, pki, leaf):
    store = TrustStore(folder)
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED
    pki.revoke(leaf, NOW - DAY)
    (folder / "crls" / "1.crl").write_bytes(pki.crls()[1])
    answer = validate_certificate(leaf.certificate, store.policy(), at=NOW, use=Use.SIGNATURE)
    assert (answer.conclusion, answer.sub_indication) == (Conclusion.INDETERMINATE, SubIndication.REVOKED_NO_POE)


def test_a_vanished_store_leaves_the_last_good_set(folder, leaf):
    store = TrustStore(folder)
    store.policy()
    shutil.rmtree(folder)
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED
    assert str(folder) in store.warning


def test_unchanged_files_are_read_once_even_when_one_is_bad(folder, monkeypatch):
    from certs import trust_store

    reads, read = [], trust_store._read
    monkeypatch.setattr(trust_store, "_read", lambda path: reads.append(path) or read(path))
    store = TrustStore(folder)
    for _ in range(5):
        store.policy()
    damage(folder, "certificate")
    for _ in range(5):
        store.policy()
    assert len(reads) == 2


def test_no_store_at_all_is_an_error_that_names_the_path(tmp_path):
    with pytest.raises(TrustStoreError, match="nowhere"):
        TrustStore(tmp_path / "nowhere").policy()
    with pytest.raises(TrustStoreError, match="no trust anchor"):
        TrustStore(tmp_path).policy()


def test_a_single_file_is_a_store(tmp_path, pki, leaf):
    bundle = tmp_path / "trust.pem"
    bundle.write_bytes(
        b"".join(
            (
                armoured(leaf.certificate),
                armoured(pki.issuing.certificate),
                armoured(pki.root.certificate),
                *(armoured(crl, "X509 CRL") for crl in pki.crls()),
            )
        )
    )
    store = TrustStore(bundle)
    assert [a.certificate for a in store.policy().trust_anchors] == [pki.root.certificate]
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED
    assert store.certificate_by_key_id(key_id_of(leaf.private.public_key.spki)) == leaf.certificate


def test_a_folder_of_loose_files_is_a_store(tmp_path, pki, leaf):
    (tmp_path / "root.crt").write_bytes(pki.root.certificate)
    (tmp_path / "others.pem").write_bytes(armoured(pki.issuing.certificate) + armoured(pki.crls()[0], "X509 CRL"))
    (tmp_path / "issuing.crl").write_bytes(pki.crls()[1])
    (tmp_path / "README.txt").write_text("no trust material")
    (tmp_path / ".root.pem").write_text("an editor's copy")
    store = TrustStore(tmp_path)
    assert len(store.policy().trust_anchors) == 1
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED


def test_a_ca_that_is_not_self_issued_may_be_pinned_alone(tmp_path, pki, leaf):
    (tmp_path / "issuing.pem").write_bytes(armoured(pki.issuing.certificate))
    (tmp_path / "issuing.crl").write_bytes(pki.crls()[1])
    store = TrustStore(tmp_path)
    assert [a.certificate for a in store.policy().trust_anchors] == [pki.issuing.certificate]
    assert conclusion(store, leaf.certificate) is Conclusion.PASSED


def test_a_huge_file_is_refused_before_it_is_read(folder):
    (folder / "certificates" / "huge.pem").touch()
    os.truncate(folder / "certificates" / "huge.pem", 2**30)
    with pytest.raises(TrustStoreError, match=r"huge\.pem is larger"):
        TrustStore(folder).policy()


def test_ocsp_responses_come_into_the_policy(folder, pki, leaf):
    single = SingleResponse(
        cert_id(leaf.certificate, pki.issuing.certificate), CertStatus.GOOD, None, None, NOW, NOW + DAY
    )
    response = build_response([single], key=pki.issuing, produced_at=NOW)
    (folder / "ocsp" / "leaf.ors").write_bytes(response)
    assert TrustStore(folder).policy().ocsp_responses == (response,)


def test_a_half_written_file_is_never_in_force(folder, pki):
    store = TrustStore(folder)
    good = store.policy()
    whole = armoured(pki.crls()[0], "X509 CRL")
    # Half an end line is where a parser may take the file for a whole one.
    for size in (*range(1, len(whole), 97), *range(len(whole) - 22, len(whole) - 1)):
        (folder / "crls" / "new.crl").write_bytes(whole[:size])
        assert store.policy() == good
        assert "new.crl" in store.warning
    (folder / "crls" / "new.crl").write_bytes(whole)
    assert len(store.policy().crls) == len(good.crls) + 1
    assert store.warning is None


def test_a_set_that_changes_while_it_is_read_is_read_again(folder, monkeypatch):
    """Of two replaced files one could be read as it was and the other as it is: such a mixture never stays in force."""
    store, read = TrustStore(folder), trust_store._read
    stranger = make_stranger()

    def read_and_be_overtaken(path):
        material = read(path)
        if not (path / "anchors" / "late.pem").exists():
            (path / "anchors" / "late.pem").write_bytes(armoured(stranger.root.certificate))
        return material

    monkeypatch.setattr(trust_store, "_read", read_and_be_overtaken)
    assert stranger.root.certificate in {anchor.certificate for anchor in store.policy().trust_anchors}


def test_pipes_keep_nobody_waiting(folder):
    for name in ("anchors/pipe.pem", "crls/pipe.crl", "anchors.json"):
        os.mkfifo(folder / name)
    with pytest.raises(TrustStoreError, match=r"anchors\.json is no file"):
        TrustStore(folder).policy()
    (folder / "anchors.json").unlink()
    assert len(TrustStore(folder).policy().crls) == 2


def test_a_folder_of_many_large_files_is_refused_before_it_is_read(folder):
    for number in range(9):
        (folder / "crls" / f"{number}-large.crl").touch()
        os.truncate(folder / "crls" / f"{number}-large.crl", 30 << 20)
    with pytest.raises(TrustStoreError, match="more than 268435456 bytes"):
        TrustStore(folder).policy()


def test_links_are_followed_and_broken_ones_are_left_out(folder, tmp_path, pki):
    stranger = make_stranger()
    (tmp_path / "elsewhere.pem").write_bytes(armoured(stranger.root.certificate))
    (folder / "anchors" / "linked.pem").symlink_to(tmp_path / "elsewhere.pem")
    (folder / "anchors" / "broken.pem").symlink_to(tmp_path / "nowhere.pem")
    (folder / "anchors" / "loop.pem").symlink_to("loop.pem")
    certificates = {anchor.certificate for anchor in TrustStore(folder).policy().trust_anchors}
    assert certificates == {pki.root.certificate, stranger.root.certificate}


def test_a_folder_with_the_name_of_a_file_is_no_file(folder):
    (folder / "crls" / "folder.crl").mkdir()
    assert len(TrustStore(folder).policy().crls) == 2


def test_readers_at_once_meet_only_whole_sets(folder, pki):
    store = TrustStore(folder)
    sizes = {len(store.policy().crls)}
    stop, failures = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                sizes.add(len(store.policy().crls))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(20):
        (folder / "crls" / ".new").write_bytes(pki.crls()[0])
        (folder / "crls" / ".new").replace(folder / "crls" / "more.crl")
        store.policy()
        (folder / "crls" / "more.crl").unlink()
        store.policy()
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert sizes == {2, 3}


def test_a_patient_store_sees_new_files_at_once_and_those_written_over_in_time(folder, pki, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(trust_store.time, "monotonic", lambda: now[0])
    store = TrustStore(folder, look_again_seconds=1.0)
    assert len(store.policy().crls) == 2
    (folder / "crls" / "1.crl").unlink()
    assert len(store.policy().crls) == 1
    other = make_stranger().root.certificate
    (folder / "anchors" / "root.pem").write_bytes(armoured(other))
    now[0] = 1.0
    assert [a.certificate for a in store.policy().trust_anchors] == [other]
