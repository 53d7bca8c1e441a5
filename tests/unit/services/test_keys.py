"""Administration of keys and certificates: what a rotation moves, what is refused, what stays verifiable."""

import json
from dataclasses import replace

import pytest
from asn1crypto import pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_der_x509_certificate
from sqlalchemy import select

from certs.authority import Subject
from certs.errors import KeystoreError, KeyUseError
from certs.key_uses import Purpose
from certs.keystore import Keystore
from certs.private_files import next_password_file, read_password_file, write_private
from certs.profiles import GATEWAY_SIGNER, SEAL_SIGNER
from certs.revocation import RevocationReason
from gateway.container import Container
from gateway.domain.answers import Genuine
from gateway.errors import ConflictError, KeyUnavailableError, NotFoundError, UnreadableInputError
from gateway.persistence.models import AuditEvent
from gateway.services.certificates import owner_of, profile_for
from gateway.services.dependencies import TIMESTAMPING_KEY
from gateway.services.installation import ISSUING_KEY
from signing.keys import SignatureAlgorithm
from signing.private_keys import seal_key
from signing.validation.policy import Use
from signing.validation.report import Conclusion
from tests.remote_signer import RemoteSignerState, remote_signer
from tests.unit.signing.key_material import KINDS, certified, private

SM2, ECDSA, RSA = KINDS


def certify(container, name, kind=SM2, subject=None, profile=GATEWAY_SIGNER):
    """A key as after: generate, request, the CA's answer, import."""
    container.keys.generate(name, kind)
    request = container.certificates.request(name, subject or Subject("阳江市市场监督管理局", "阳江市"))
    issued = container.certificates.issue(request, profile)
    return container.keys.install(name, b"".join(pem.armor("CERTIFICATE", one) for one in issued))


def of_one_authority(applications):
    """Applications that one seal serves."""
    return [a for a in applications if a["FZJGMC"] == applications[0]["FZJGMC"]]


def uses_of(container, **fields):
    return [use for use in container.keys.uses() if fields.items() <= use.items()]


def again(container):
    """The same gateway as another process sees it."""
    return Container(container.settings, container.clock)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_key_is_made_requested_certified_and_tested(kind, fresh):
    entry = certify(fresh, "signer", kind)
    assert (entry.state, entry.algorithm) == ("active", kind)
    assert fresh.keys.test("signer").name == "signer"
    assert uses_of(fresh, key="signer", purpose="proof")
    assert (fresh.deps.trust_dir / "certificates" / "signer.pem").exists()
    answer = fresh.certificates.check_chain(fresh.certificates.of("signer"), Use.SIGNATURE)
    assert answer.conclusion is Conclusion.PASSED


def test_every_issue_logs_its_signatures(fresh, applications):
    before = len(uses_of(fresh))
    fresh.licences.issue(applications[0])
    added = uses_of(fresh)[before:]
    assert sorted(use["purpose"] for use in added) == ["licence", "licence", "timestamp"]
    assert {use["actor"] for use in added} == {"gateway.licences", "gateway.timestamps"}


def test_old_licences_stay_genuine_when_seal_and_time_stamping_unit_are_rotated(fresh, applications):
    first = fresh.licences.issue(applications[0])
    seal = next(use["key"] for use in uses_of(fresh, purpose="licence"))
    rotation = fresh.keys.rotate(seal)
    assert (rotation.retired, rotation.active, rotation.seal_moved) == (seal, f"{seal}.2", True)
    assert not fresh.keys.rotate(TIMESTAMPING_KEY).seal_moved
    later = again(fresh)
    second = later.licences.issue(of_one_authority(applications)[1])
    assert second.newly_issued
    assert uses_of(later, key=f"{seal}.2", purpose="licence")
    assert uses_of(later, key=f"{TIMESTAMPING_KEY}.2")
    for issued in (first, second):
        report = later.verifications.verify(issued.electronic_file.read_bytes(), "x.pdf", at=later.clock())
        assert report.answer.genuine is Genuine.YES
        resolved = later.codes.resolve(issued.qr_text)
        assert [licence.genuine for licence in resolved.licences].count(Genuine.NO) == 0
    with pytest.raises(NotFoundError, match="not active"):
        later.keys.rotate(seal, successor=seal)


def test_a_seal_moves_to_a_key_of_the_same_owner_from_elsewhere_only(fresh, applications):
    fresh.licences.issue(applications[0])
    seal = next(use["key"] for use in uses_of(fresh, purpose="licence"))
    owner = fresh.deps.keystore.certificate(seal)
    subject = Subject("同一机关", "同一机关", fresh.certificates.view(owner).unified_social_credit_code)
    certify(fresh, "stranger", subject=Subject("别人", "别人"))
    with pytest.raises(ConflictError, match="names another owner"):
        fresh.keys.rotate(seal, successor="stranger")
    certify(fresh, "rsa-key", RSA, subject, SEAL_SIGNER)
    with pytest.raises(ConflictError, match="A seal's key is SM2"):
        fresh.keys.rotate(seal, successor="rsa-key")
    fresh.keys.generate("waiting", SM2)
    with pytest.raises(NotFoundError, match="not active"):
        fresh.keys.rotate(seal, successor="waiting")
    certify(fresh, "successor", SM2, subject, SEAL_SIGNER)
    assert fresh.keys.rotate(seal, successor="successor").seal_moved
    with pytest.raises(ConflictError, match="rotate it"):
        fresh.keys.retire("successor")


@pytest.mark.parametrize("name", [ISSUING_KEY, TIMESTAMPING_KEY, "root"])
def test_a_key_that_the_gateway_needs_is_not_retired(name, fresh):
    with pytest.raises(ConflictError, match="cannot do without"):
        fresh.keys.retire(name)


def test_a_ca_key_is_not_rotated(fresh):
    with pytest.raises(ConflictError, match="make a new CA"):
        fresh.keys.rotate(ISSUING_KEY)


def test_a_seal_whose_key_is_gone_refuses_licences_in_one_sentence(fresh, applications):
    fresh.licences.issue(applications[0])
    seal = next(use["key"] for use in uses_of(fresh, purpose="licence"))
    fresh.deps.keystore.retire(seal)
    with pytest.raises(KeyUnavailableError, match="is retired") as caught:
        fresh.licences.issue(of_one_authority(applications)[1])
    assert "key test" in caught.value.hint


def test_a_seal_signs_through_a_remote_signer(fresh, applications, tmp_path):
    fresh.licences.issue(applications[0])
    seal = next(use["key"] for use in uses_of(fresh, purpose="licence"))
    certificate = fresh.deps.keystore.certificate(seal)
    keys = {"seal": fresh.deps.keystore.private(seal)}
    write_private(tmp_path / "token", b"bearer\n")
    with remote_signer(RemoteSignerState(keys, token="bearer")) as url:
        source = {"kind": "remote", "url": url, "key": "seal", "token_file": str(tmp_path / "token"), "attempts": 1}
        fresh.keys.add_source("far", source, [certificate])
        fresh.deps.keystore.retire(seal, replaced_by="far")
        record = of_one_authority(applications)[1]
        issued = again(fresh).licences.issue(record)
        assert uses_of(fresh, key="far", purpose="licence")
        report = fresh.verifications.verify(issued.electronic_file.read_bytes(), "x.pdf", at=fresh.clock())
        assert report.answer.genuine is Genuine.YES
    third = of_one_authority(applications)[2]
    with pytest.raises(KeyUnavailableError, match="remote signer"):
        again(fresh).licences.issue(third)


def test_a_source_that_does_not_sign_is_not_entered(fresh):
    source = {"kind": "remote", "url": "http://127.0.0.1:9/", "key": "seal", "attempts": 1}
    certify(fresh, "signer")
    certificates = fresh.certificates.of("signer")
    with pytest.raises(UnreadableInputError, match="does not sign"):
        fresh.keys.add_source("far", source, certificates)
    assert "far" not in {entry.name for entry in fresh.keys.entries()}


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_key_file_is_brought_in_with_its_chain(kind, fresh):
    certify(fresh, "made", kind)
    key = fresh.deps.keystore.private("made")
    data = seal_key(key, b"secret", iterations=1000)
    entry = fresh.keys.bring_in_file("brought", data, b"secret", fresh.certificates.of("made")[:1])
    assert entry.certificate == fresh.deps.keystore.certificate("made")
    assert fresh.deps.keystore.chain("brought") == (fresh.deps.keystore.certificate(ISSUING_KEY),)
    assert fresh.keys.test("brought")


def test_what_cannot_be_brought_in_is_said_and_leaves_nothing(fresh):
    data = seal_key(private(SM2), b"secret", iterations=1000)
    with pytest.raises(UnreadableInputError, match="password does not open") as caught:
        fresh.keys.bring_in_file("a", data, b"wrong-secret", ())
    assert "wrong-secret" not in str(caught.value) + caught.value.hint
    with pytest.raises(ConflictError, match="There is a key named root"):
        fresh.keys.bring_in_file("root", data, b"secret", ())
    with pytest.raises(Exception, match="No certificate in the file is for this key"):
        fresh.keys.bring_in_file("a", data, b"secret", [certified(ECDSA).certificate])
    with pytest.raises(Exception, match="issuing certificate is missing"):
        fresh.keys.bring_in_file("a", data, b"secret", [certified(SM2).certificate])
    assert "a" not in {entry.name for entry in fresh.keys.entries()}


def test_of_a_pair_for_signing_and_encryption_the_signing_key_is_taken(fresh):
    certify(fresh, "made", ECDSA)
    key, certificate = fresh.deps.keystore.private("made"), fresh.deps.keystore.certificate("made")
    data = pkcs12.serialize_key_and_certificates(
        None, key, load_der_x509_certificate(certificate), None, serialization.BestAvailableEncryption(b"secret")
    )
    assert fresh.keys.bring_in_container("brought", data, b"secret").certificate == certificate
    with pytest.raises(ConflictError, match="which one is meant"):
        fresh.keys._signing_one([key, private(RSA)], [])
    assert fresh.keys._signing_one([private(RSA), key], [certificate]) is key


def test_purposes_are_kept_through_import_and_rotation(fresh):
    fresh.keys.generate("lists", SM2, purposes=frozenset({Purpose.LIST}))
    issued = fresh.certificates.issue(fresh.certificates.request("lists", Subject("甲", "甲")), GATEWAY_SIGNER)
    fresh.keys.install("lists", b"".join(pem.armor("CERTIFICATE", one) for one in issued))
    fresh.keys.rotate("lists")
    assert fresh.deps.keystore.entry("lists.2").purposes == {Purpose.LIST}
    with pytest.raises(KeyUseError, match="not authorised"):
        fresh.deps.keystore.load("lists", Purpose.LICENCE)


def test_the_configured_rules_say_where_a_code_may_stand(fresh, tmp_path):
    """Rules that look nowhere find nothing, where the built-in ones take the code for the owner's."""
    rules = tmp_path / "rules.json"
    rules.write_text('{"extension_oids": [], "subject_fields": []}')
    strict = Container(fresh.settings.model_copy(update={"credit_code_rules": rules}))
    certify(fresh, "signer", subject=Subject("机构", "机构", "91441702MA9Y03WY4L"), profile=SEAL_SIGNER)
    certificate = fresh.deps.keystore.certificate("signer")
    shown = [c.certificates.view(certificate).unified_social_credit_code for c in (fresh, strict)]
    owners = [owner_of(certificate, c.deps.credit_code_rules).unified_social_credit_code for c in (fresh, strict)]
    profiles = [profile_for(certificate, c.deps.credit_code_rules) for c in (fresh, strict)]
    assert shown == owners == ["91441702MA9Y03WY4L", None]
    assert profiles == [SEAL_SIGNER, GATEWAY_SIGNER]


def test_a_password_change_leaves_one_password_that_opens_everything(fresh, applications):
    path = fresh.settings.resolved_key_password_file
    before = read_password_file(path)
    count = fresh.keys.change_password(b"a new one from a file")
    private = [entry for entry in fresh.keys.entries() if entry.source == "file"]
    assert count == len(private) + len(fresh.deps.keystore.secret_names())
    assert read_password_file(path) == b"a new one from a file" != before
    assert not next_password_file(path).exists()
    assert again(fresh).licences.issue(applications[0]).newly_issued
    with pytest.raises(KeystoreError, match="wrong password"):
        Keystore(fresh.settings.data_dir / "keys", before).private(ISSUING_KEY)


def test_an_interrupted_password_change_goes_on(fresh, applications, monkeypatch):
    sealed = []

    def killed(self, password):
        sealed.append(password)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Keystore, "reseal", killed)
        with pytest.raises(KeyboardInterrupt):
            fresh.keys.change_password(b"the new one")
    middle = again(fresh)
    assert middle.licences.issue(applications[0]).newly_issued
    with pytest.raises(ConflictError, match="interrupted"):
        middle.keys.change_password(b"yet another")
    middle.keys.change_password(None)
    assert read_password_file(fresh.settings.resolved_key_password_file) == b"the new one"
    assert sealed == [b"the new one"]


def test_a_revoked_certificate_is_on_the_published_list(fresh):
    certify(fresh, "signer")
    chain = fresh.certificates.of("signer")
    assert fresh.certificates.revoke(chain[0], RevocationReason.KEY_COMPROMISE) == ISSUING_KEY
    answer = again(fresh).certificates.check_chain(chain, Use.SIGNATURE)
    assert answer.conclusion is not Conclusion.PASSED
    with pytest.raises(ConflictError, match="No CA of this gateway"):
        fresh.certificates.revoke(certified(SM2).certificate, RevocationReason.SUPERSEDED)


def test_a_request_with_another_signature_is_not_certified(fresh):
    fresh.keys.generate("a", ECDSA)
    request = fresh.certificates.request("a", Subject("甲", "甲"))
    for changed in (request.replace("甲".encode(), "乙".encode()), request[:-1], b"", b"x" * 70_000):
        with pytest.raises(UnreadableInputError, match="no valid PKCS#10"):
            fresh.certificates.issue(changed, GATEWAY_SIGNER)


def test_what_was_done_is_on_record_without_secrets(fresh):
    certify(fresh, "signer")
    fresh.keys.rotate("signer")
    fresh.keys.change_password(b"secret-password")
    with fresh.deps.sessions() as session:
        events = session.scalars(select(AuditEvent)).all()
    actions = [event.action for event in events]
    for action in ("key_generated", "certificate_requested", "certificate_installed", "key_rotated"):
        assert action in actions
    assert "secret-password" not in json.dumps([event.detail for event in events])


def test_lint_names_the_broken_rule(fresh):
    certify(fresh, "signer")
    certificate = fresh.certificates.of("signer")[0]
    assert fresh.certificates.lint(certificate, GATEWAY_SIGNER) is None
    assert "credit code" in str(fresh.certificates.lint(certificate, SEAL_SIGNER))
    assert fresh.certificates.lint(certificate, replace(GATEWAY_SIGNER, days=1)) is not None


def test_algorithms_of_the_container_are_ours():
    assert {str(kind) for kind in SignatureAlgorithm} == {str(kind) for kind in KINDS}
