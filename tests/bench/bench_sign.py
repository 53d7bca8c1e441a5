"""Sign licences in bulk, PAdES B-T with SM2, render included: ours against stock pyHanko on the same page.

CPU time of this process with all its threads; rounds of both sides alternate, and every licence is new (another holder,
another QR code), so that no cache of a licence helps. What was timed is validated at the end.
"""

import statistics
from itertools import cycle, islice

from gateway.documents.licence_page import draw_face, finished_page, new_canvas, render_electronic
from gateway.documents.pdf_writer import write_pdf
from signing.appending import prepare_second
from signing.augmentation import archive
from signing.evidence_gathering import EvidenceAtHand
from signing.keys import SignatureAlgorithm
from signing.pades import sign_prepared
from signing.pyhanko_adapter import sign_with_pyhanko, validate_with_pyhanko
from tests.bench.bench_render import attachment, per_item, render
from tests.bench.result import BenchResult
from tests.pki import make_pki
from tests.unit.documents.faces import AT, application_faces, fonts, seal

ROUNDS = 9
OURS, THEIRS, ARCHIVED = 40, 4, 3
"""Licences in one round of each kind: about the same time."""


def run():
    """`sign_b_t_fast` and the rates of each way to sign, medians over the rounds."""
    house = make_pki()
    key, unit = house.leaf(), house.unit()
    second = house.leaf(algorithm=SignatureAlgorithm.ECDSA_WITH_SHA256)
    evidence = EvidenceAtHand((house.root.certificate, house.issuing.certificate), house.crls())
    faces = cycle(application_faces())
    ways = {
        "fast": (OURS, lambda face: fast(face, key, unit)),
        "dual": (OURS, lambda face: dual(face, key, second, unit)),
        "sign": (OURS, lambda prepared: sign_prepared(prepared, key, timestamps=unit)),
        "pyhanko": (THEIRS, lambda face: sign_with_pyhanko(unsigned(face), key, timestamps=unit)),
        "archive": (ARCHIVED, lambda document: archive(document, evidence, unit)),
    }
    times = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, (count, work) in ways.items():
            items = [made_for(name, face, key, unit) for face in islice(faces, count)]
            seconds = per_item(items, work)
            times[name] += [seconds] if number else []  # the first round warms up
    check(house, [fast(application_faces()[0], key, unit), dual(application_faces()[1], key, second, unit)])
    median = {name: statistics.median(values) for name, values in times.items()}
    return BenchResult(
        ratios={"sign_b_t_fast": median["pyhanko"] / median["fast"]},
        rates={
            "sign_b_t_fast_per_second": 1 / median["fast"],
            "sign_b_t_dual_per_second": 1 / median["dual"],
            "sign_b_t_prepared_per_second": 1 / median["sign"],
            "sign_b_t_pyhanko_per_second": 1 / median["pyhanko"],
            "archive_b_lta_per_second": 1 / median["archive"],
        },
    )


def made_for(name, face, key, unit):
    """What the timed work starts from: a face, a rendered page, or a signed licence."""
    if name == "sign":
        return render(face)
    return fast(face, key, unit) if name == "archive" else face


def fast(face, key, unit):
    return sign_prepared(render(face), key, timestamps=unit)


def dual(face, key, second, unit):
    prepared = render_electronic(
        fonts(), face, seal(), attachment=attachment(face).encode(), created_at=AT, has_second_signature=True
    )
    once = sign_prepared(prepared, key, timestamps=unit)
    following = prepare_second(once, prepared.empty_field, claimed_at=AT, signer_name=face.issuing_authority)
    return sign_prepared(following, second, timestamps=unit)


def unsigned(face):
    """The same page without field, seal and attachment: a little less than what ours writes."""
    canvas = new_canvas(fonts())
    return write_pdf(finished_page(canvas, face, draw_face(canvas, face), AT))


def check(house, documents):
    """What was timed must be valid, or the figures mean nothing."""
    for document in documents:
        for status in validate_with_pyhanko(document, trust_anchors=[house.root.certificate], crls=house.crls()):
            assert status.bottom_line
            assert status.timestamp_validity.trusted
