"""An altered PDF is refused on the reader's own device with the reason code of the API and of the command line."""

import base64
import io
import json
import re

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from gateway.cli import app as commands
from gateway.domain.answers import Genuine
from gateway.domain.status import SAMPLE, WORDS
from gateway.domain.verdicts import COULD_NOT_CHECK, NOT_GENUINE, SAMPLE_VERDICT, status_verdict
from tests.browser.test_own_device import PARITY, answer, checking, reasons
from tests.gallery import RICH

__all__ = ["checking"]
pytestmark = pytest.mark.browser
RANGE = re.compile(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) *\]")


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def with_cms(data, change):
    """The file with other octets in the place of its signature, in the same room."""
    start, end = int(RANGE.search(data)[2]) + 1, int(RANGE.search(data)[3]) - 1
    octets = bytes.fromhex(data[start:end].decode())
    return data[:start] + change(octets).hex().encode() + data[end:]


def in_signer(octets, part):
    """Where a part of the SignerInfo stands."""
    signer = cms.ContentInfo.load(octets)["content"]["signer_infos"][0]
    return octets.index(part(signer))


def signed_digest(signer):
    return next(each["values"][0].native for each in signer["signed_attrs"] if each["type"].native == "message_digest")


def rotated(data):
    """The file with its page turned in an update behind the signature, as an editor would save it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Rotate"] = generic.NumberObject(90)
    writer.update_container(page)
    saved = io.BytesIO()
    writer.write(saved)
    return saved.getvalue()


ALTERED = {
    "first half": lambda data: flip(data, data.index(b"stream") + 40),
    "second half": lambda data: flip(data, len(data) - 2000),
    "line appended": lambda data: data + b"\n",
    "page turned": rotated,
    "signature value": lambda data: with_cms(
        data, lambda octets: flip(octets, in_signer(octets, lambda signer: signer["signature"].native) + 20)
    ),
    "digest": lambda data: with_cms(data, lambda octets: flip(octets, in_signer(octets, signed_digest))),
    "range": lambda data: data.replace(b"/ByteRange[0 ", b"/ByteRange[1 "),
}


def by_api(gallery, data):
    form = {"file": (io.BytesIO(data), "licence.pdf")}
    answer = gallery.app().test_client().post("/api/v1/verifications", data=form).get_json()
    return answer["answer"]["genuine"], [each["code"] for each in answer["answer"]["reasons"]]


def by_command(gallery, path, capsys):
    anchors = str(gallery.container.settings.data_dir / "trust" / "anchors")
    commands(["verify", str(path), "--trust-anchors", anchors, "--json"], standalone_mode=False)
    answer = json.loads(capsys.readouterr().out)
    return answer["answer"]["genuine"], [each["code"] for each in answer["answer"]["reasons"]]


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_file_gets_one_reason_everywhere(checking, gallery, tmp_path, capsys, name):
    data = ALTERED[name](gallery.electronic("in_force"))
    path = tmp_path / "licence.pdf"
    path.write_bytes(data)
    checking.set_input_files("#file", path)
    found = reasons(checking)
    assert found in (["CHANGED_AFTER_SIGNING"], ["SIGNATURE_INVALID"])
    assert answer(checking).locator("h2").inner_text() == "Not genuine"
    assert by_api(gallery, data) == ("no", found)
    assert by_command(gallery, path, capsys) == ("no", found)
    assert {method for method, _, _ in checking.sent} == {"GET"}


def test_an_altered_file_is_refused_with_the_network_cut(checking, gallery, tmp_path):
    path = tmp_path / "licence.pdf"
    path.write_bytes(ALTERED["second half"](gallery.electronic("in_force")))
    checking.context.set_offline(True)
    checking.set_input_files("#file", path)
    assert reasons(checking) == ["CHANGED_AFTER_SIGNING"]


@pytest.mark.parametrize("name", ["in_force", "paper"])
def test_what_is_not_altered_is_not_refused(checking, gallery, tmp_path, name):
    path = tmp_path / "licence.pdf"
    is_paper = name == "paper"
    path.write_bytes(
        gallery.licences["in_force"].paper_file.read_bytes() if is_paper else gallery.electronic("in_force")
    )
    checking.context.set_offline(True)
    checking.set_input_files("#file", path)
    assert reasons(checking) == ["NO_SIGNATURE" if is_paper else "SIGNATURE_NOT_CHECKED"]
    assert answer(checking).locator("h2").inner_text() == "Could not check"


def test_the_words_and_tones_of_a_licence_are_those_of_the_pages(checking):
    found = checking.evaluate(
        """async states => {
          const base = document.querySelector('script[type=module]').src.replace('check.js', '')
          const {stateOf} = await import(base + 'words.js')
          return states.map(([status, genuine]) => stateOf({status, genuine}))
        }""",
        [[status, genuine] for status in WORDS for genuine in Genuine],
    )
    expected = [
        SAMPLE_VERDICT
        if status == SAMPLE
        else {"no": NOT_GENUINE, "unknown": COULD_NOT_CHECK}.get(genuine) or status_verdict(status)
        for status in WORDS
        for genuine in Genuine
    ]
    assert found == [{"tone": str(verdict.tone), "word": verdict.en} for verdict in expected]


def test_a_list_says_the_state_of_each_licence_in_word_and_sign(checking, gallery):
    content = gallery.app().test_client().get(f"/api/v1/enterprises/{RICH}/list.cbor").data
    checking.set_input_files("#file", {"name": "list.cbor", "mimeType": "application/cose", "buffer": content})
    assert reasons(checking)[0] == "GENUINE"
    shown = answer(checking).locator(".state-line")
    assert shown.count() == len(gallery.licences)
    words = sorted(shown.locator("strong").all_inner_texts())
    assert words == ["Could not check", "Expired", "In force", "Revoked", "Suspended"]
    signs = "all => all.map(each => getComputedStyle(each, '::before').content[1]).sort().join('')"
    assert shown.locator("strong").evaluate_all(signs) == "!!?✓✕"
    assert "valid" not in answer(checking).inner_text().lower().split()


@pytest.mark.parametrize("case", json.loads((PARITY / "pdfs.json").read_text())["cases"], ids=lambda case: case["name"])
def test_the_shared_vectors_get_their_digests_and_reasons(checking, case):
    """The rows that library, command line and API are held to (tests/interop/test_parity.py)."""
    file = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": base64.b64decode(case["content_base64"])}
    checking.set_input_files("#file", file)
    # Who signed the device cannot tell: a certificate that is not trusted stays as open as a good one.
    assert reasons(checking) == (case["reasons"] if case["genuine"] == "no" else ["SIGNATURE_NOT_CHECKED"])
    words = answer(checking).inner_text()
    assert case["sm3"] in words
    assert case["sha256"] in words
