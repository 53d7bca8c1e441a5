"""What is fuzzed: every reader that bytes of strangers reach. Each takes bytes and may raise a SigningError, and nothing else."""

from functools import cache

from signing import cose, ocsp, ses, timestamp
from signing.errors import SigningError
from signing.validation.cms_reading import parse_cms, strip_padding
from signing.validation.policy import TrustAnchor, ValidationPolicy
from signing.validation.process import validate_certificate, validate_pdf
from signing.validation.report import Changes, Indication
from signing.validation.revocation_data import load_crl, load_ocsp
from tests.corpus.world import World


@cache
def world():
    """The world whose files the fuzzer begins with, so that it starts from signatures that hold."""
    return World()


@cache
def policy():
    """The trust of that world, as it stands when it is first asked for."""
    anchors = tuple(TrustAnchor(der) for der in world().anchors)
    return ValidationPolicy(anchors, certificates=(world().ca.certificate,), crls=world().crls())


def document(data):
    """The whole validation: structure, changes, contents, evidence."""
    for report in validate_pdf(data, policy(), at=world().at).signatures:
        assert report.indication is not Indication.TOTAL_PASSED or report.changes_after_signing is not Changes.FORBIDDEN


def contents(data):
    """SignedData of every flavour, padded as in a PDF."""
    parse_cms(strip_padding(data))


def token(data):
    """Time-stamp tokens."""
    timestamp.verify_token(timestamp.parse_token(data))


def timestamp_request(data):
    timestamp.parse_request(data)


def ocsp_response(data):
    """OCSP responses, as they stand in a DSS and as a client reads them."""
    load_ocsp(data)
    ocsp.parse_response(data)


def ocsp_request(data):
    ocsp.parse_request(data)


def seal(data):
    ses.parse_seal(data)


def seal_signature(data):
    ses.parse_seal_signature(strip_padding(data))


def envelope(data):
    """COSE_Sign1, as in the QR codes of licences."""
    cose.parse_sign1(data)


def certificate(data):
    validate_certificate(data, policy(), at=world().at, use="signature")


def revocation_list(data):
    load_crl(data)


PARTS = (
    contents,
    token,
    timestamp_request,
    ocsp_response,
    ocsp_request,
    seal,
    seal_signature,
    envelope,
    certificate,
    revocation_list,
)
"""The first octet of an input chooses among them, so that one run covers all."""


def part(data):
    """One of the smaller readers."""
    if data:
        PARTS[data[0] % len(PARTS)](data[1:])


def canary(data):
    """A reader with the fault that fuzzing is there to find: bytes lead to an exception that is not ours."""
    if len(data) > 2 and data[0] > data[1]:
        raise KeyError(data[0])


TARGETS = {target.__name__: target for target in (document, part, canary)}


def survive(target, data):
    """Runs one target; an error of ours is an answer."""
    try:
        target(data)
    except SigningError:
        return
