"""What the fuzzer begins with: files of the corpus, and the signatures, tokens and answers inside them."""

import re

from signing import cose, ocsp
from signing.keys_sm2 import Sm2SigningKey
from signing.timestamp import build_request
from tests.corpus.case import load_generators, rows
from tests.corpus.documents import sm3
from tests.corpus.makers import cms, seals
from tests.corpus.makers.x509 import RESPONDER, certificate_id, ocsp_response, single_response
from tests.fuzz.targets import PARTS, world

_MOST_BYTES = 60_000


def of(target):
    """The seeds of a target by its name."""
    if target == "canary":
        return [b"abc"]
    files = documents(world())
    return files if target == "document" else parts(world(), files)


def documents(home):
    """Files of the corpus that are not too large to be mutated often."""
    made = (make(home) for name, make in load_generators().items() if not rows()[name].bomb)
    return [data for data in made if 0 < len(data) < _MOST_BYTES]


def parts(home, files):
    """Inputs of the smaller readers, each behind the octet that chooses its reader."""
    found = {
        "contents": [value for data in files for value in _contents(data)],
        "token": [cms.token(unit, sm3(b"x"), home.at) for unit in (home.unit, home.family("ecdsa")[1])],
        "timestamp_request": [build_request(imprint=sm3(b"x"), nonce=7)],
        "ocsp_response": _responses(home),
        "ocsp_request": [
            ocsp.build_request([ocsp.cert_id(home.signer.certificate, home.ca.certificate)], nonce=b"n" * 16)
        ],
        "seal": [_seal(home, version) for version in (1, 4, 5)],
        "seal_signature": [
            seals.signature(home.signer, _seal(home, version), sm3(b"x"), version=version) for version in (1, 4, 5)
        ],
        "envelope": [
            cose.sign1(b"payload", Sm2SigningKey(home.signer.pair.private, home.signer.certificate), key_id=b"k")
        ],
        "certificate": [home.signer.certificate, home.ca.certificate, home.unit.certificate],
        "revocation_list": list(home.crls()[:40]),
    }
    chooser = {reader.__name__: number for number, reader in enumerate(PARTS)}
    return [bytes([chooser[name]]) + value for name, values in found.items() for value in values]


def _contents(data):
    """The contents of every signature in a file."""
    found = re.findall(rb"/Contents<(30[0-9a-f]+)>", data)
    return [bytes.fromhex(digits[: len(digits) // 2 * 2].decode()) for digits in found]


def _seal(home, version):
    info = seals.seal_info([home.signer.certificate], version=version)
    return seals.seal(home.seal_maker, info, version=version)


def _responses(home):
    responder = home.leaf("响应者", extensions=RESPONDER)
    single = single_response(certificate_id(home.signer.certificate, home.ca), this_update=home.at)
    return [
        ocsp_response(responder, [single], produced_at=home.at, certificates=(responder.certificate,), by_key=by_key)
        for by_key in (False, True)
    ]
