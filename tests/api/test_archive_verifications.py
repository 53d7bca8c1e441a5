"""Archive packages handed in like any file: one answer by API, page and command line."""

import io
import json
import shutil
import zipfile

import pytest
from typer.testing import CliRunner

from certs.key_uses import Purpose
from gateway.app import create_app
from gateway.cli import app as cli
from gateway.domain.archive_files import pack, unpack
from gateway.domain.archives import MANIFEST, RECORD, TOKEN_TYPE
from signing.cose import key_id_of, parse_sign1, sign1
from signing.x509_fields import public_key_info


@pytest.fixture(scope="module")
def packed(gallery):
    return gallery.container.archives.of_licence(gallery.licences["in_force"].licence_identifier, reason="移交档案馆")


@pytest.fixture(scope="module")
def client(gallery):
    return create_app(gallery.container).test_client()


@pytest.fixture(scope="module")
def trust(gallery, tmp_path_factory):
    return shutil.copytree(gallery.container.deps.trust_dir, tmp_path_factory.mktemp("away") / "trust")


def run_command(*words):
    result = CliRunner().invoke(cli, [*map(str, words)])
    return result.exit_code, result.stdout


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def by_a_stranger(gallery, token):
    key = gallery.container.deps.keystore.load("log", Purpose.LOG, actor="test")
    key_id = key_id_of(public_key_info(key.certificate))
    return sign1(parse_sign1(token).payload, key, key_id=key_id, media_type=TOKEN_TYPE)


def presented(gallery, packed, case):
    """The package as somebody presents it."""
    members = unpack(packed)
    pdf = next(name for name in members if name.endswith("/licence.pdf"))
    return {
        "good": packed,
        "file": pack(members | {pdf: flipped(members[pdf])}),
        "missing": pack({name: content for name, content in members.items() if name != RECORD}),
        "manifest": pack(members | {MANIFEST: flipped(members[MANIFEST])}),
        "stranger": pack(members | {MANIFEST: by_a_stranger(gallery, members[MANIFEST])}),
    }[case]


@pytest.mark.parametrize(
    ("case", "genuine", "status", "codes", "words"),
    [
        ("good", "yes", 0, ["GENUINE", "IS_ARCHIVE_PACKAGE"], ("真实的档案包", "A genuine archive package")),
        ("file", "no", 1, ["ARCHIVE_ALTERED"], ("licence.pdf", "licence.pdf")),
        ("missing", "no", 1, ["ARCHIVE_MISSING"], ("record.json", "record.json")),
        ("manifest", "no", 1, ["SIGNATURE_INVALID"], ("签名", "signature")),
        ("stranger", "unknown", 2, ["ARCHIVE_SIGNER_UNKNOWN"], ("不在信任名单内", "not on the trust list")),
    ],
)
def test_one_answer_everywhere(gallery, packed, client, trust, tmp_path, case, genuine, status, codes, words):
    data = presented(gallery, packed, case)
    report = client.post("/api/v1/verifications", data=data, content_type="application/zip").json
    assert report["answer"]["genuine"] == genuine
    assert [each["code"] for each in report["answer"]["reasons"]] == codes
    assert (report["document"]["kind"], report["answer"]["in_force"]) == ("archive_package", "not_applicable")
    for language, said in zip(("zh-CN", "en"), words, strict=True):
        form = {"file": (io.BytesIO(data), "anything.pdf")}
        page = client.post("/verify", data=form, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert said in page.text, page.text
    if case == "good":
        assert "真实的档案包" in client.get(f"/reports/{report['report_number']}.html").text
    file = tmp_path / "no-name-of-a-zip"
    file.write_bytes(data)
    found, printed = run_command("verify", file, "--trust-anchors", trust, "--data-dir", tmp_path / "n", "--json")
    assert found == status
    assert [each["code"] for each in json.loads(printed)["answer"]["reasons"]] == codes
    found, _ = run_command("archive", "verify", file, "--trust-anchors", trust, "--data-dir", tmp_path / "n")
    assert found == status


def zipped(count, content=b"", method=zipfile.ZIP_STORED):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as package:
        for number in range(count):
            package.writestr(f"m{number}" if count > 1 else MANIFEST, content)
    return target.getvalue()


def many_entries():
    """A directory of 120,000 entries without their members."""
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"m"
    directory = entry * 120_000
    return b"PK\x03\x04" + directory + b"PK\x05\x06" + bytes(8) + len(directory).to_bytes(4, "little") + bytes(6)


@pytest.mark.parametrize(
    "hostile",
    [
        lambda _: zipped(1, b"0" * 30_000_000, zipfile.ZIP_DEFLATED),
        lambda _: many_entries(),
        lambda _: zipped(1, b"[" * 9_000_000),
        lambda _: zipped(3, b"no package"),
        lambda _: b"PK\x03\x04 no archive, %PDF-1.7 neither",
        lambda packed: packed[:-1],
        lambda packed: packed.replace(b"record.json", b"../cord.jso"),
    ],
    ids=["bomb", "entries", "manifest", "other", "none", "short", "traversal"],
)
def test_what_is_no_package_is_refused_alike(packed, client, trust, tmp_path, hostile):
    data = hostile(packed)
    refused = client.post("/api/v1/verifications", data=data, content_type="application/zip")
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert client.post("/verify", data={"file": (io.BytesIO(data), "record.zip")}).status_code == 422
    file = tmp_path / "record.zip"
    file.write_bytes(data)
    status, _ = run_command("verify", file, "--trust-anchors", trust, "--data-dir", tmp_path / "n")
    assert status == 4
