"""Signatures that are made elsewhere: what leaves, what comes back, and what is refused."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from signing import sm2
from signing.deferred import PendingSignature, RemoteKey, complete, complete_batch, prepare
from signing.errors import DocumentChangedError, InvalidSignatureError, MalformedDataError, SigningError
from signing.keys import SignatureAlgorithm
from signing.pyhanko_adapter import validate_with_pyhanko
from signing.pyhanko_writing import prepare_signature
from signing.signature_spec import DocMdp, SignatureSpec
from tests.unit.signing.pki import NOW, pki, plain_pdf, prepared_pdf
from tests.unit.signing.western_pki import western_pki

KEYS = {
    SignatureAlgorithm.SM2_WITH_SM3: (pki().seal, pki().root.certificate),
    **{
        algorithm: (western_pki(algorithm).seal, western_pki(algorithm).root)
        for algorithm in (SignatureAlgorithm.ECDSA_WITH_SHA256, SignatureAlgorithm.RSA_WITH_SHA256)
    },
}


@pytest.fixture(params=KEYS, ids=str)
def signer(request):
    """(key, root)."""
    return KEYS[request.param]


@pytest.mark.parametrize("timestamps", [None, pki().unit], ids=["B-B", "B-T"])
def test_a_signature_from_elsewhere_is_sound(signer, timestamps):
    key, root = signer
    prepared = prepared_pdf()
    pending = PendingSignature.from_json(prepare(prepared, key).to_json())
    signed = complete(prepared.data, pending, key.sign(pending.attributes), timestamps=timestamps)
    [status] = validate_with_pyhanko(signed, trust_anchors=[root, pki().root.certificate], crls=pki().crls())
    assert status.bottom_line
    assert (status.timestamp_validity is not None) == (timestamps is not None)


def test_an_sm2_signer_may_be_given_the_digest_alone():
    prepared = prepared_pdf()
    pending = prepare(prepared, pki().seal)
    value = sm2.backend().sign_digest(pki().seal.private, pending.digest)
    [status] = validate_with_pyhanko(
        complete(prepared.data, pending, value), trust_anchors=[pki().root.certificate], crls=pki().crls()
    )
    assert status.bottom_line


def test_what_waits_holds_no_more_than_certificates_and_attributes():
    pending = prepare(prepared_pdf(), pki().seal)
    assert set(json.loads(pending.to_json())) == {"algorithm", "certificate", "chain", "gap", "attributes"}
    assert len(pending.digest) == 32
    assert PendingSignature.from_json(pending.to_json()) == pending


def test_another_process_completes(tmp_path):
    prepared = prepared_pdf()
    pending = prepare(prepared, pki().seal)
    files = {"document": prepared.data, "pending": pending.to_json(), "value": pki().seal.sign(pending.attributes)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    script = (
        "import sys; from pathlib import Path; from signing.deferred import *; folder = Path(sys.argv[1])\n"
        "document, pending, value = ((folder / n).read_bytes() for n in ('document', 'pending', 'value'))\n"
        "(folder / 'signed').write_bytes(complete(document, PendingSignature.from_json(pending), value))"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)
    signed = (tmp_path / "signed").read_bytes()
    [status] = validate_with_pyhanko(signed, trust_anchors=[pki().root.certificate], crls=pki().crls())
    assert status.bottom_line


def test_a_changed_document_is_refused():
    prepared = prepared_pdf()
    pending = prepare(prepared, pki().seal)
    value = pki().seal.sign(pending.attributes)
    changed = prepared.data.replace(b"/MediaBox[0 0 200 200]", b"/MediaBox[0 0 200 201]")
    with pytest.raises(DocumentChangedError):
        complete(changed, pending, value)


def test_changed_attributes_are_refused_even_when_they_are_signed():
    prepared = prepared_pdf()
    pending = prepare(prepared, pki().seal)
    forged = replace(pending, attributes=pending.attributes[:-1] + b"\0")
    with pytest.raises(DocumentChangedError):
        complete(prepared.data, forged, pki().seal.sign(forged.attributes))


@pytest.mark.parametrize(
    "value",
    [b"", b"\x30\x00", bytes(64), pki().timestamping.sign(b"x"), pki().seal.sign(b"another message")],
    ids=["empty", "hollow", "raw", "another-key", "another-message"],
)
def test_a_value_that_does_not_verify_is_never_embedded(value):
    prepared = prepared_pdf()
    with pytest.raises(InvalidSignatureError):
        complete(prepared.data, prepare(prepared, pki().seal), value)


def test_a_value_of_another_key_is_refused(signer):
    prepared = prepared_pdf()
    pending = prepare(prepared, signer[0])
    others = [key for key, _ in KEYS.values() if key is not signer[0]]
    for other in others:
        with pytest.raises(InvalidSignatureError):
            complete(prepared.data, pending, other.sign(pending.attributes))


def test_a_batch_stands_or_falls_together():
    keys = [key for key, _ in KEYS.values()]
    prepared = [prepared_pdf() for _ in keys]
    pending = [prepare(one, key) for one, key in zip(prepared, keys, strict=True)]
    values = [key.sign(one.attributes) for one, key in zip(pending, keys, strict=True)]
    documents = [one.data for one in prepared]
    signed = complete_batch(documents, pending, values, timestamps=pki().unit)
    roots = [root for _, root in KEYS.values()]
    for document in signed:
        [status] = validate_with_pyhanko(document, trust_anchors=roots, crls=pki().crls())
        assert status.bottom_line

    class Counting:
        asked = 0

        def stamp(self, imprint, digest_oid):
            self.asked += 1

    counting = Counting()
    with pytest.raises(InvalidSignatureError):
        complete_batch(documents, pending, [*values[:-1], values[0]], timestamps=counting)
    assert counting.asked == 0
    with pytest.raises(SigningError, match="batch"):
        complete_batch(documents, pending, values[:-1])


def test_any_document_waits_in_a_batch():
    """Documents of others, certified with several keys that are elsewhere, and one that already is signed."""
    keys = [key for key, _ in KEYS.values()]
    spec = SignatureSpec(claimed_at=NOW, certify=DocMdp.SIGN_AND_FILL_FORMS)
    prepared = [prepare_signature(plain_pdf(), spec) for _ in keys]
    pending = [prepare(one, key) for one, key in zip(prepared, keys, strict=True)]
    values = [key.sign(one.attributes) for one, key in zip(pending, keys, strict=True)]
    once = complete_batch([one.data for one in prepared], pending, values)
    again = prepare_signature(once[0], replace(spec, field_name="Second", certify=None))
    waiting = prepare(again, keys[1])
    twice = complete(again.data, waiting, keys[1].sign(waiting.attributes))
    roots = [root for _, root in KEYS.values()]
    for document, count in ((once[1], 1), (once[2], 1), (twice, 2)):
        statuses = validate_with_pyhanko(document, trust_anchors=roots, crls=pki().crls())
        assert [status.bottom_line for status in statuses] == [True] * count


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"gap": [1]}', b"\xff"])
def test_what_is_no_pending_signature_is_refused(text):
    with pytest.raises(MalformedDataError):
        PendingSignature.from_json(text)


@pytest.mark.parametrize("field", ["certificate", "attributes", "algorithm"])
def test_a_broken_field_is_refused(field):
    values = json.loads(prepare(prepared_pdf(), pki().seal).to_json())
    with pytest.raises(MalformedDataError):
        PendingSignature.from_json(json.dumps(values | {field: "*"}).encode())


def test_only_the_certificate_is_needed_to_prepare():
    key = pki().seal
    remote = RemoteKey(key.algorithm, key.certificate, key.chain)
    assert prepare(prepared_pdf(), remote) == prepare(prepared_pdf(), key)
