"""The record of an enterprise as a package: whole, verified by anyone off line, and refused when anything in it was touched."""

import io
import json
import shutil
import struct
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from certs.key_uses import Purpose
from certs.trust_store import TrustStore
from gateway.domain.actors import OPERATOR, Scope
from gateway.domain.answers import Genuine
from gateway.domain.archive_files import pack, read_members, require_package, unpack
from gateway.domain.archives import MANIFEST, RECORD, TOKEN_TYPE, ArchiveManifest
from gateway.domain.status import LicenceStatus
from gateway.errors import ForbiddenError, NotFoundError, OverLimitError, UnreadableInputError, ValidationFailedError
from gateway.persistence.models import AuditEvent, Licence
from gateway.services.archive_checks import check_archive
from gateway.services.status_changes import StatusDecision
from signing.cose import key_id_of, parse_sign1, sign1
from signing.workers import WorkerLimits, WorkerPool
from signing.x509_fields import public_key_info

REASON = "移交档案馆"


@pytest.fixture
def holder(issued):
    """A holder of a licence that was suspended and resumed, with everything in the log."""
    with issued.deps.sessions() as session:
        licence = session.query(Licence).filter(Licence.is_sample.is_(False)).order_by(Licence.id).first()
        identifier, code = licence.versions[-1].licence_identifier, licence.holder_code
    for status in (LicenceStatus.SUSPENDED, LicenceStatus.VALID):
        issued.status_changes.record(identifier, StatusDecision(status, "《某法》第一条", "整改"))
    issued.log.sequence()
    return code


@pytest.fixture
def away(issued, tmp_path):
    """What someone has who has only the published trust files: judges a package, without any database."""
    shutil.copytree(issued.deps.trust_dir, tmp_path / "trust")
    store = TrustStore(tmp_path / "trust")

    def judge(data, at=None):
        return check_archive(data, store, store.policy(), issued.deps.workers, at=at or issued.deps.clock())

    return judge


def noted(container):
    with container.deps.sessions() as session:
        return [e.detail["reason"] for e in session.query(AuditEvent).filter(AuditEvent.action == "archive_exported")]


def signed_anew(container, members, key_name="list-signer", purpose=Purpose.LIST, **changes):
    """A package whose manifest was signed for what is in it now."""
    old = ArchiveManifest.decode(parse_sign1(members[MANIFEST]).payload)
    rest = {name: content for name, content in members.items() if name != MANIFEST}
    made = ArchiveManifest.of(
        rest, issuer=old.issuer, subject=old.subject, made_at=old.made_at, log_certificates=old.log_certificates
    )
    key = container.deps.keystore.load(key_name, purpose, actor="test")
    key_id = key_id_of(public_key_info(key.certificate))
    token = sign1(replace(made, **changes).encode(), key, key_id=key_id, media_type=TOKEN_TYPE)
    return pack(rest | {MANIFEST: token})


def test_a_package_is_whole_and_verified_off_line(issued, holder, away):
    packed = issued.archives.of_enterprise(holder, reason=REASON)
    found = away(packed)
    assert (found.genuine, found.faults, found.subject) == (Genuine.YES, (), holder)
    members = unpack(packed)
    record = json.loads(members[RECORD])
    versions = [version for licence in record["licences"] for version in licence["versions"]]
    assert record["enterprise"]["unified_social_credit_code"] == holder
    assert found.files == len(versions) >= 1
    assert found.proofs >= 3, "the issue and both changes of status"
    assert {"suspended", "valid"} <= {change["status"] for v in versions for change in v["history"]["changes"]}
    for version in versions:
        assert {name.rpartition("/")[2] for name in version["files"]} >= {"licence.pdf", "paper-0.pdf"}
        assert all(members[name].startswith(b"%PDF-") for name in version["files"])
    assert {name.partition("/")[0] for name in members} == {
        *("licences", "lists", "log", "status", "trust", MANIFEST, RECORD)
    }
    one = issued.archives.of_licence(versions[0]["licence_identifier"], reason=REASON)
    assert away(one).genuine is Genuine.YES
    assert noted(issued) == [REASON, REASON]


def test_who_may_not_administer_or_gives_no_reason_gets_nothing(issued, holder):
    reader = replace(OPERATOR, scopes=frozenset(Scope) - {Scope.ADMINISTER})
    elsewhere = replace(OPERATOR, authority_codes=frozenset({"11440000000000000X"}))
    sandbox = replace(OPERATOR, is_sandbox=True)
    with issued.deps.sessions() as session:
        identifier = session.query(Licence).filter_by(holder_code=holder).first().versions[0].licence_identifier
    for actor in (reader, elsewhere, sandbox):
        with pytest.raises(ForbiddenError):
            issued.archives.of_enterprise(holder, reason=REASON, actor=actor)
        with pytest.raises(ForbiddenError):
            issued.archives.of_licence(identifier, reason=REASON, actor=actor)
    with pytest.raises(NotFoundError):
        issued.archives.of_licence("1.2.3", reason=REASON)
    with pytest.raises(ValidationFailedError):
        issued.archives.of_enterprise(holder, reason=" ")
    assert noted(issued) == []


def test_what_was_altered_is_missing_or_was_added_is_named(issued, holder, away):
    members = unpack(issued.archives.of_enterprise(holder, reason=REASON))
    pdf = next(name for name in members if name.endswith("/licence.pdf"))
    log = next(name for name in members if name.startswith("log/"))
    paper = next(name for name in members if name.endswith("/paper-0.pdf"))
    without = {name: content for name, content in members.items() if name != paper}
    flipped = members[pdf][:12] + bytes([members[pdf][12] ^ 1]) + members[pdf][13:]
    proofs = json.loads(members[log])
    proofs["proofs"][0]["entry"] = proofs["proofs"][0]["entry"].replace("licence_issued", "licence_voided")
    altered_log = members | {log: json.dumps(proofs).encode()}
    altered_record = members | {RECORD: members[RECORD].replace(holder.encode(), b"91440000000000000X")}
    for changed, member, code in (
        (members | {pdf: flipped}, pdf, "altered"),
        (altered_record, RECORD, "altered"),
        (altered_log, log, "altered"),
        (members | {log: b"{"}, log, "altered"),
        (without, paper, "missing"),
        (members | {"licences/0001/009/licence.txt": b"x"}, "licences/0001/009/licence.txt", "extra"),
        (members | {"lists/list.cbor": b"\xd2\x84"}, "lists/list.cbor", "altered"),
    ):
        found = away(pack(changed))
        assert found.genuine is Genuine.NO, member
        assert (member, code) in {(fault.member, fault.code) for fault in found.faults}
    # Also who holds the key of lists cannot make a forged file or a forged history pass.
    for changed, member, code in ((members | {pdf: flipped}, pdf, "not_genuine"), (altered_log, log, "proof_broken")):
        found = away(signed_anew(issued, changed))
        assert [(fault.member, fault.code) for fault in found.faults] == [(member, code)]


def test_only_a_gateway_that_is_trusted_speaks_for_a_package(issued, holder, away):
    members = unpack(issued.archives.of_enterprise(holder, reason=REASON))
    by_the_log = away(signed_anew(issued, members, "log", Purpose.LOG))
    assert by_the_log.genuine is Genuine.UNKNOWN
    token = members[MANIFEST]
    broken = away(pack(members | {MANIFEST: token[:-1] + bytes([token[-1] ^ 1])}))
    assert (broken.genuine, broken.faults[0].code) == (Genuine.NO, "not_genuine")
    for manifest in (b"", b"\xd2\x84", token[:50], members["lists/list.cbor"]):
        with pytest.raises(UnreadableInputError):
            away(pack(members | {MANIFEST: manifest}))
    later = away(pack(members), issued.deps.clock() + timedelta(days=3650))
    assert later.genuine is Genuine.UNKNOWN, "the certificate of its signer is over"


def zipped(*members, method=zipfile.ZIP_STORED, comment=b""):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as package:
        package.comment = comment
        for name, content in members:
            package.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return target.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_packages_that_are_built_otherwise_are_refused_unread():
    plain = zipped(("a.json", b"{}"), ("b/c.json", b"[]"))
    assert unpack(plain) == {"a.json": b"{}", "b/c.json": b"[]"}
    at = plain.index(b"PK\x01\x02")
    for hostile in (
        b"",
        b"PK\x05\x06",
        plain[:-1],
        plain + b"x",
        b"x" + plain,
        plain[:at] + b"between" + plain[at:],
        zipped(("a", b"0" * 10_000_000), method=zipfile.ZIP_DEFLATED),
        zipped(("a", b"x"), comment=b"hidden"),
        *(zipped((name, b"x")) for name in ("../a", "/a", "a/../b", "a//b", "C:\\a", "a\\b", ".a", "a/", "文")),
        zipped(("a", b"1"), ("a", b"2")),
        zipped(("a", b"1"), ("A", b"2")),
        # One member that says it is the whole file, so that it holds the other ones too.
        plain.replace(b"\x02\x00\x00\x00\x02\x00\x00\x00", b"\xff\x00\x00\x00\xff\x00\x00\x00"),
    ):
        with pytest.raises(UnreadableInputError):
            unpack(hostile)
    with pytest.raises(OverLimitError):
        pack({f"m{number}": b"" for number in range(20_001)})


def overlapping(count, content):
    """A bomb after Fifield: many members in the directory whose content is the same octets of the file."""
    plain = zipped(("m00000", content))
    at = plain.index(b"PK\x01\x02")
    entry = plain[at : plain.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"m00000", f"m{number:05}".encode()) for number in range(count))
    sizes = struct.pack("<HHII", count, count, len(entries), at)
    return plain[:at] + entries + b"PK\x05\x06" + bytes(4) + sizes + bytes(2)


def encrypted():
    """Its only member says that it takes a password."""
    plain = bytearray(zipped(("m", b"secret")))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        plain[plain.index(header) + flags] |= 1
    return bytes(plain)


@pytest.mark.parametrize(
    ("hostile", "why"),
    [
        (lambda: overlapping(10_000, b"0" * 1_000_000), "m00001 overlaps another member"),
        (encrypted, "m is encrypted"),
        (lambda: zipped(("m", b"0" * 10_000_000), method=zipfile.ZIP_DEFLATED), "m is compressed"),
    ],
    ids=["overlapping", "encrypted", "compressed"],
)
def test_bombs_and_secrets_are_refused_for_what_they_are(hostile, why):
    data, workers, asked = hostile(), WorkerPool(), []
    workers.run = lambda function, *given: asked.append(function) or function(*given)
    with pytest.raises(UnreadableInputError, match=why):
        check_archive(data, None, None, workers, at=None)
    assert asked == [read_members]


def test_a_package_that_no_worker_could_hand_back_is_looked_at_by_one_too(monkeypatch):
    workers, asked = WorkerPool(WorkerLimits(output_bytes=10)), []
    workers.run = lambda function, *given: asked.append(function)
    with pytest.raises(UnreadableInputError, match="manifest"):
        check_archive(zipped(("m", b"x")), None, None, workers, at=None)
    assert asked == [require_package]


def test_the_scope_to_administer_suffices(issued, holder, away):
    clerk = replace(OPERATOR, scopes=frozenset({Scope.ADMINISTER}))
    assert away(issued.archives.of_enterprise(holder, reason=REASON, actor=clerk)).genuine is Genuine.YES
