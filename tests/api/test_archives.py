"""The whole record of a licence over the API: a package that verifies, the purpose on record."""

from urllib.parse import quote

from certs.trust_store import TrustStore
from gateway.app import create_app
from gateway.domain.actors import Scope
from gateway.domain.answers import Genuine
from gateway.persistence.models import AccessRecord, AuditEvent
from gateway.services.archive_checks import check_archive
from tests.gallery import RICH


def test_a_department_gets_a_package_that_verifies(gallery, as_client):
    client = as_client(create_app(gallery.container), frozenset({Scope.ADMINISTER}))
    identifier = gallery.licences["in_force"].licence_identifier
    why = {"X-Purpose": quote("移交档案馆")}
    deps = gallery.container.deps
    with deps.sessions() as session:  # other tests export from the same gallery
        events_before, records_before = (session.query(kind).count() for kind in (AuditEvent, AccessRecord))
    got = client.get(f"/api/v1/licences/{identifier}/archive", headers=why)
    assert (got.status_code, got.mimetype) == (200, "application/zip")
    assert got.headers["Cache-Control"] == "no-store"
    store = TrustStore(deps.trust_dir)
    found = check_archive(got.data, store, store.policy(), deps.workers, at=deps.clock())
    assert (found.genuine, found.subject) == (Genuine.YES, identifier)
    # The file of one of its licences was taken away: nothing is left out in silence.
    refused = client.get(f"/api/v1/enterprises/{RICH}/archive", headers=why)
    assert refused.status_code == 503
    with deps.sessions() as session:
        events = session.query(AuditEvent).order_by(AuditEvent.id).offset(events_before)
        assert [(event.action, event.subject, event.detail["reason"]) for event in events] == [
            ("archive_exported", identifier, "移交档案馆")
        ]
        records = session.query(AccessRecord).order_by(AccessRecord.id).offset(records_before)
        assert [(each.subject, each.result) for each in records] == [(identifier, 200), (RICH, 503)]
