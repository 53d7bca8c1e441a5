import json
import re
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from gateway.domain.answers import Genuine, InForce
from gateway.domain.status import LicenceStatus
from gateway.errors import ConflictError, ValidationFailedError
from gateway.persistence.models import LicenceVersion, PaperCounterpart, StoredFile
from gateway.services.status_changes import StatusDecision
from signing import sm2
from signing.validation.cms_reading import parse_cms, strip_padding
from signing.x509_fields import public_key_info
from tests.conftest import BASE_URL, VECTORS, container_at

EXPECTED = json.loads((VECTORS / "qr" / "expected.json").read_text())
CODE = "91441702MA9Y03WY4L"


def electronic(container, application):
    return container.licences.issue(application).electronic_file.read_bytes()


def test_the_same_application_is_issued_once(fresh, applications):
    first, again = (fresh.licences.issue(applications[0]) for _ in range(2))
    assert (first.newly_issued, again.newly_issued) == (True, False)
    assert first.licence_identifier == again.licence_identifier
    with pytest.raises(ConflictError):
        fresh.licences.issue(applications[0] | {"经营项目": "热食类食品制售"})
    with pytest.raises(ValidationFailedError, match="FZRQ"):
        fresh.licences.issue(applications[0] | {"ZZHM": "JY1", "FZRQ": "2999-01-01", "YXQJSRQ": "长期"})
    with pytest.raises(ValidationFailedError, match="CYRSFZJHM"):
        fresh.licences.issue(applications[0] | {"CYRSFZJHM": "91441702MA9Y03WY4X"})


@pytest.mark.parametrize("name", EXPECTED)
def test_images_resolve_as_expected(issued, name):
    resolution = issued.codes.resolve_image((VECTORS / "qr" / f"{name}.png").read_bytes())
    assert resolution.code_class == EXPECTED[name]["class"]
    assert resolution.unified_social_credit_code == EXPECTED[name]["code"]


def test_the_list_is_checked_again_each_time(issued):
    licences = issued.codes.resolve(CODE).licences
    assert len(licences) == 3
    assert {line.genuine for line in licences} == {Genuine.YES}
    with issued.deps.sessions() as session:
        digest = session.get(LicenceVersion, licences[0].licence_identifier).electronic_sm3
    path = issued.deps.files.local_path(digest, ".pdf")
    path.write_bytes(path.read_bytes() + b" ")
    changed = issued.codes.resolve(CODE).licences[0]
    assert (changed.genuine, changed.in_force) == (Genuine.UNKNOWN, InForce.UNKNOWN)
    assert [r.code for r in changed.reasons] == ["FILE_NOT_CHECKED"]


def test_answers_on_good_tampered_suspended_and_unsigned_files(issued, applications):
    licence = issued.licences.issue(applications[1])
    original = licence.electronic_file.read_bytes()
    assert issued.verifications.verify(original, "a.pdf").answer.in_force is InForce.YES
    tampered = issued.verifications.verify(original + b"x", "a.pdf").answer
    assert (tampered.genuine, tampered.reasons[0].code) == (Genuine.NO, "CHANGED_AFTER_SIGNING")
    issued.status_changes.record(
        licence.licence_identifier, StatusDecision(LicenceStatus.SUSPENDED, legal_ground="test", reason="test")
    )
    suspended = issued.verifications.verify(original, "a.pdf").answer
    assert (suspended.genuine, suspended.in_force) == (Genuine.YES, InForce.NO)
    unsigned = issued.verifications.verify(licence.paper_file.read_bytes(), "p.pdf").answer
    assert (unsigned.genuine, unsigned.reasons[0].code) == (Genuine.UNKNOWN, "NO_SIGNATURE")


def test_the_licence_code_resolves_and_a_forged_one_does_not(issued, applications):
    text = issued.licences.issue(applications[1]).qr_text
    assert issued.codes.resolve(text).licence.listed.genuine is Genuine.YES
    forged = text[:-8] + ("A" if text[-8] != "A" else "B") + text[-7:]
    assert issued.codes.resolve(forged).licence is None


@pytest.mark.interop
def test_openssl_qpdf_and_poppler_accept_an_issued_pdf(issued, applications, tmp_path):
    document = electronic(issued, applications[0])
    (tmp_path / "a.pdf").write_bytes(document)
    digits = re.search(rb"/Contents<([0-9A-Fa-f]+)>", document)[1]
    cms = parse_cms(strip_padding(bytes.fromhex(digits.decode())))
    for name, data in (
        ("attributes", cms.signed_attributes),
        ("signature", cms.signature),
        ("key", public_key_info(cms.certificates[0])),
    ):
        (tmp_path / name).write_bytes(data)
    keys = [public_key_info(c) for c in cms.certificates]
    results = []
    for spki in keys:
        (tmp_path / "key").write_bytes(spki)
        command = (
            "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -digest sm3 "
            f"-pkeyopt distid:{sm2.DEFAULT_ID.decode()} -in attributes -sigfile signature"
        )
        results.append(subprocess.run(command.split(), cwd=tmp_path, check=False, timeout=60).returncode)
    assert 0 in results
    assert subprocess.run(["qpdf", "--check", "a.pdf"], cwd=tmp_path, check=False, timeout=60).returncode == 0
    text = subprocess.run(["pdftotext", "a.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert applications[0]["CYRMC"] in text.stdout


def test_a_killed_issue_leaves_nothing_half_done(fresh, applications):
    home = fresh.settings.data_dir
    environment = {"GATEWAY_KEY_ITERATIONS": "1000", "GATEWAY_PUBLIC_BASE_URL": BASE_URL, "PATH": "/usr/bin:/bin"}
    environment["GATEWAY_DATABASE_URL"] = fresh.settings.resolved_database_url
    source = str(VECTORS / "registry" / "applications.jsonl")
    command = [sys.executable, "-m", "gateway.cli", "issue", source, "--data-dir", str(home), "--json"]
    for delay in (1.6, 1.9, 2.2):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        container = container_at(home)
        with container.deps.sessions() as session:
            named = set(session.scalars(select(StoredFile.sm3)))
            used = set(session.scalars(select(LicenceVersion.electronic_sm3)))
            used |= set(session.scalars(select(PaperCounterpart.paper_sm3)))
        published = {p.stem for p in (home / "files").glob("??/*.pdf")}
        assert named == used
        assert published <= named
        assert all(container.deps.files.read(digest, ".pdf") for digest in named)
        container.deps.engine.dispose()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout)
    assert summary["issued"] + summary["already_issued"] == len(applications)
    assert not list((home / "files" / "incoming").iterdir())
