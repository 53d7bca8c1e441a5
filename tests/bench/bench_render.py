"""Render and sign one licence: ours against typst with stock pyHanko, and against the least work there is.

CPU time of this process with all its threads, so that neither other processes nor a second core count; rounds of both
sides alternate, and every licence of ours is new to it (another holder, another QR code), so that no cache helps.
"""

import json
import shutil
import statistics
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import typst
import zxingcpp

from gateway.documents.face import chinese_date
from gateway.documents.licence_page import render_electronic
from gateway.documents.paper_page import render_paper
from signing.pades import sign_prepared
from signing.pyhanko_adapter import sign_with_pyhanko, validate_with_pyhanko
from signing.sm2 import sm3
from tests.bench.result import BenchResult
from tests.pki import make_pki
from tests.unit.documents.faces import ASSETS, AT, application_faces, fonts, seal

ROUNDS = 9
OURS, THEIRS = 40, 4
"""Licences in one round of each side: about the same time."""


def run():
    """`render_sign_vs_pyhanko_typst` and `render_sign_vs_lower_bound`, medians over the rounds."""
    pki = make_pki()
    key = pki.leaf()
    faces = cycle(application_faces())
    with tempfile.TemporaryDirectory() as folder:
        reference = TypstLicences(Path(folder))
        times = {"ours": [], "theirs": [], "least": [], "render": [], "paper": []}
        for number in range(ROUNDS + 1):
            several = list(islice(faces, OURS))
            timed = {
                "ours": per_item(several, lambda face: ours(face, key)),
                "theirs": per_item(several[:THEIRS], lambda face: sign_with_pyhanko(reference.render(face), key)),
                "render": per_item(list(islice(faces, OURS)), render),
                "paper": per_item(list(islice(faces, OURS)), lambda face: render_paper(fonts(), face, created_at=AT)),
                "least": per_item([ours(face, key) for face in several], lambda data: least(data, key)),
            }
            for name, seconds in timed.items():
                times[name] += [seconds] if number else []  # the first round warms up
        check_both(reference, key, pki)
    median = {name: statistics.median(values) for name, values in times.items()}
    return BenchResult(
        ratios={
            "render_sign_vs_pyhanko_typst": median["theirs"] / median["ours"],
            "render_sign_vs_lower_bound": median["least"] / median["ours"],
        },
        rates={
            "render_sign_b_b_per_second": 1 / median["ours"],
            "render_electronic_ms": median["render"] * 1e3,
            "render_paper_ms": median["paper"] * 1e3,
            "render_sign_reference_per_second": 1 / median["theirs"],
            "electronic_licence_bytes": len(ours(application_faces()[0], key)),
        },
    )


def per_item(items, work):
    """Mean CPU seconds of ``work`` over the items."""
    started = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - started) / len(items)


def attachment(face):
    return json.dumps({item.label: item.value for item in face.lines()} | {"qr": face.qr_text}, ensure_ascii=False)


def render(face):
    return render_electronic(fonts(), face, seal(), attachment=attachment(face).encode(), created_at=AT)


def ours(face, key):
    return sign_prepared(render(face), key)


def least(data, key):
    """SM3 over the file and one SM2 signature."""
    return key.sign(sm3(data))


class TypstLicences:
    """typst with its compiler, fonts and template kept from licence to licence."""

    def __init__(self, folder):
        shutil.copy(Path(__file__).with_name("licence.typ"), folder)
        (folder / "seal.png").write_bytes(seal().png)
        library = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(ASSETS / "fonts")]
        )
        self._compiler = typst.Compiler(folder / "licence.typ", root=folder, font_paths=library)

    def render(self, face):
        qr = zxingcpp.create_barcode(face.qr_text, zxingcpp.BarcodeFormat.QRCode, ec_level="M").to_svg()
        spec = {
            "title": face.title,
            "number": face.licence_number,
            "lines": [(item.label, item.value) for item in face.lines()],
            "address": face.verify_url,
            "identifier": face.licence_identifier,
            "authority": face.issuing_authority,
            "issued": chinese_date(face.issued_on),
        }
        inputs = {"face": json.dumps(spec), "attachment": attachment(face), "qr": qr}
        return self._compiler.compile(
            format="pdf", sys_inputs=inputs, pdf_standards="a-3b", pdf_tags=False, timestamp=AT
        )


def check_both(reference, key, pki):
    """What was timed must be valid, or the figures mean nothing."""
    face = application_faces()[0]
    for data in (ours(face, key), sign_with_pyhanko(reference.render(face), key)):
        [status] = validate_with_pyhanko(data, trust_anchors=[pki.root.certificate], crls=pki.crls())
        assert status.intact
        assert status.valid
        assert status.bottom_line
