"""CAs of others in the trust store: trusted for what was named, and for nothing else, whatever happens later."""

import json

import pytest
from sqlalchemy import select

from certs.trust_store import TrustStore
from gateway.errors import ValidationFailedError
from gateway.persistence.models import AuditEvent
from gateway.services.trust_anchors import pem_blocks
from signing.validation.policy import Use
from signing.validation.process import validate_certificate
from signing.validation.report import Conclusion
from tests.elicence import HOLDER, phone_at, trust_phones


@pytest.fixture
def admitted(fresh, tmp_path):
    """(gateway, certificate of an enterprise under the admitted CA)."""
    simulator = phone_at(tmp_path / "elicence", "http://127.0.0.1:1")
    certificate = simulator.cards.card(HOLDER).certificate
    trust_phones(fresh, simulator)
    return fresh, certificate


def judged(container, certificate, use):
    policy = TrustStore(container.deps.trust_dir).policy()
    return validate_certificate(certificate, policy, at=container.clock(), use=use).conclusion


def test_it_vouches_for_what_was_named_and_for_nothing_else(admitted):
    container, certificate = admitted
    assert judged(container, certificate, "enterprise") is Conclusion.PASSED
    assert judged(container, certificate, "signature") is not Conclusion.PASSED
    with container.deps.sessions.begin() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "trust_anchor_admitted")).one()
        assert (event.subject, event.detail["uses"]) == ("elicence-simulator", ["enterprise"])


def test_publishing_again_does_not_lift_its_limit(admitted):
    container, certificate = admitted
    container.installation.publish_trust()
    attributes = json.loads((container.deps.trust_dir / "anchors.json").read_text())
    assert attributes["elicence-simulator.pem"] == {"uses": ["enterprise"]}
    assert judged(container, certificate, "signature") is not Conclusion.PASSED
    assert judged(container, certificate, "enterprise") is Conclusion.PASSED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "root"}, "name"),
        ({"name": "../root"}, "name"),
        ({"uses": []}, "uses"),
        ({"certificates": []}, "certificates"),
        ({"certificates": [b"no certificate"]}, "certificates"),
        ({"revocation_lists": [b"no list"]}, "certificates"),
    ],
)
def test_what_cannot_be_trusted_changes_nothing(fresh, changes, field):
    folder = fresh.deps.trust_dir
    [root] = pem_blocks(folder / "anchors" / "root.pem", "CERTIFICATE")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    order = {"name": "other", "certificates": [root], "uses": [Use.ENTERPRISE], "revocation_lists": []} | changes
    with pytest.raises(ValidationFailedError) as caught:
        fresh.trust_anchors.admit(**order)
    assert [error.field for error in caught.value.errors] == [field]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
