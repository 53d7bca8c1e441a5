"""Validate one signed licence: ours against stock pyHanko on the same file, and against the least work there is.

The file is a rendered licence with an SM2 signature, its chain and CRLs at hand (B-B), which is what both sides judge alike.
CPU time of this process; rounds alternate; every file is new to ours (another holder, another signature), so that only what
may be cached, chains and lists, is. Memory is the peak of a fresh process that validates one file.
"""

import statistics
import subprocess
import sys
import time
from itertools import cycle, islice

from signing import sm2
from signing.pades import sign_prepared
from signing.pdf.reading import read_structure
from signing.pyhanko_adapter import validate_with_pyhanko
from signing.validation.cms_reading import parse_cms, strip_padding
from signing.validation.process import validate_pdf
from signing.validation.report import Indication
from signing.validation.x509 import load_certificate
from tests.bench.bench_render import render
from tests.bench.result import BenchResult
from tests.pki import NOW, make_pki
from tests.unit.documents.faces import application_faces

ROUNDS = 9
OURS, THEIRS = 40, 4
"""Files in one round of each side."""
_MEMORY = """
import sys
from datetime import datetime
from pathlib import Path
from certs.trust_store import TrustStore
from signing.validation.process import validate_pdf

def peak():
    # Not getrusage: its figure begins with that of the process that started this one.
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1])

before = peak()
policy = TrustStore(Path(sys.argv[1]) / "trust").policy()
report = validate_pdf((Path(sys.argv[1]) / "licence.pdf").read_bytes(), policy, at=datetime.fromisoformat(sys.argv[2]))
assert report.signatures[0].indication == "TOTAL-PASSED", report
print(peak() - before, peak())
"""


def run():
    """`validate_vs_pyhanko` and `validate_vs_lower_bound`, medians over the rounds; `validate_peak_mb`."""
    pki = make_pki()
    key, unit, policy = pki.leaf(), pki.unit(), pki.policy()
    faces = cycle(application_faces())
    times = {"ours": [], "theirs": [], "least": [], "b_t": []}
    for number in range(ROUNDS + 1):
        several = [sign_prepared(render(face), key) for face in islice(faces, OURS)]
        with_time = [sign_prepared(render(face), key, timestamps=unit) for face in islice(faces, OURS)]
        parts = [needed(data, key, pki) for data in several]
        timed = {
            "ours": per_item(several, lambda data: validate_pdf(data, policy, at=NOW)),
            "theirs": per_item(several[:THEIRS], lambda data: theirs(data, pki, policy)),
            "least": per_item(parts, least),
            "b_t": per_item(with_time, lambda data: validate_pdf(data, policy, at=NOW)),
        }
        for name, seconds in timed.items():
            times[name] += [seconds] if number else []  # the first round warms up
        check_both(several[0], pki, policy)
    median = {name: statistics.median(values) for name, values in times.items()}
    grown, peak = memory(several[0], pki)
    return BenchResult(
        ratios={
            "validate_vs_pyhanko": median["theirs"] / median["ours"],
            "validate_vs_lower_bound": median["least"] / median["ours"],
        },
        rates={
            "validate_b_b_per_second": 1 / median["ours"],
            "validate_b_t_per_second": 1 / median["b_t"],
            "validate_reference_per_second": 1 / median["theirs"],
            "validate_peak_mb": peak,
            "validate_peak_over_imports_mb": grown,
        },
    )


def per_item(items, work):
    """Mean CPU seconds of ``work`` over the items."""
    started = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - started) / len(items)


def theirs(data, pki, policy):
    return validate_with_pyhanko(data, trust_anchors=[pki.root.certificate], crls=policy.crls, moment=NOW)


def needed(data, key, pki):
    """What nobody can do without: the covered bytes, and three SM2 values with their keys and messages."""
    [field] = read_structure(data, pki.policy().limits).fields
    cms = parse_cms(strip_padding(field.contents))
    start, length, start2, length2 = field.byte_range
    signed = [(key.certificate, cms.signed_attributes, cms.signature)]
    for issuer, subject in ((pki.issuing, key), (pki.root, pki.issuing)):
        parsed = load_certificate(subject.certificate).parsed
        signed.append((issuer.certificate, parsed.tbs_certificate_bytes, parsed.signature))
    keys = [(sm2.load_public(load_certificate(der).spki), message, value) for der, message, value in signed]
    return data[start : start + length], data[start2 : start2 + length2], keys


def least(parts):
    """SM3 over the file and the three SM2 verifications, with key tables as ours has them."""
    first, second, keys = parts
    digest = sm2.sm3_new(first)
    digest.update(second)
    digest.digest()
    for key, message, value in keys:
        sm2.verify(key, message, value)


def check_both(data, pki, policy):
    """What was timed must be the same verdict, or the figures mean nothing; a spoilt file must be refused by both."""
    [report] = validate_pdf(data, policy, at=NOW).signatures
    [status] = theirs(data, pki, policy)
    assert report.indication is Indication.TOTAL_PASSED
    assert status.bottom_line
    spoilt = bytearray(data)
    spoilt[data.index(b"/MediaBox") + 12] ^= 1
    [report] = validate_pdf(bytes(spoilt), policy, at=NOW).signatures
    [status] = theirs(bytes(spoilt), pki, policy)
    assert report.indication is Indication.TOTAL_FAILED
    assert not status.bottom_line


def memory(data, pki):
    """(MB over what the imports take, MB in all) at the peak of a fresh process that validates one file."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("anchors", "certificates", "crls"):
            (root / "trust" / part).mkdir(parents=True)
        (root / "licence.pdf").write_bytes(data)
        (root / "trust" / "anchors" / "root.cer").write_bytes(pki.root.certificate)
        (root / "trust" / "certificates" / "issuing.cer").write_bytes(pki.issuing.certificate)
        for number, crl in enumerate(pki.crls()):
            (root / "trust" / "crls" / f"{number}.crl").write_bytes(crl)
        command = [sys.executable, "-c", _MEMORY, folder, NOW.isoformat()]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    grown, peak = (int(word) / 1024 for word in done.stdout.split())
    return grown, peak
