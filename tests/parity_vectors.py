"""Makes tests/vectors/parity: files that a browser, the command line and the API must judge alike.

    PYTHONPATH=. python -m tests.parity_vectors

Keys are made anew each time and thrown away. Everybody and everything in the vectors is invented.
"""

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from asn1crypto import pem

from certs.profiles import GATEWAY_SIGNER
from gateway.domain.answers import AuthorityState, Genuine
from gateway.domain.identifiers import LicenceIdentifier
from gateway.domain.licence_code import LicenceClaims
from gateway.domain.signed_list import (
    TOKEN_TYPE,
    SignedList,
    StatedAuthority,
    StatedLicence,
    StatedReport,
)
from gateway.domain.status import LicenceStatus
from signing import cbor, sm2
from signing.cose import SIGN1_TAG, key_id_of, sign1
from signing.x509_fields import public_key_info
from tests.corpus.documents import forged_content, signed
from tests.corpus.makers.pdf import CONTENT, update
from tests.corpus.world import World as CorpusWorld
from tests.pki import CREDIT_CODE, NOW, make_pki, make_stranger

FOLDER = Path(__file__).parent / "vectors" / "parity"
AUTHORITY, OTHER_AUTHORITY = "11441702G00002222H", "11441702G0000333XM"
HOLDER_NAME = "阳江市江城区漠江泰和餐饮服务有限公司"
IDENTIFIER = str(LicenceIdentifier("11441700G0000111AX008", CREDIT_CODE, "0A1B2C3D4E5F60718293", "001"))
AT = NOW
"""When the vectors are judged."""


def stated(**changes):
    """A list with a licence in force, a revoked one, one only reported, and an authority that gave no answer."""
    licence = StatedLicence(
        licence_identifier=IDENTIFIER,
        licence_type="食品经营许可证",
        licence_number="JY14417020012345",
        authority_code=CREDIT_CODE,
        holder_name=HOLDER_NAME,
        issued_on=date(2024, 5, 25),
        valid_from=date(2024, 5, 25),
        valid_until=date(2029, 5, 24),
        status="valid",
        genuine=Genuine.YES,
        sm3=sm2.sm3(b"the electronic licence"),
    )
    revoked = replace(
        licence,
        licence_identifier=str(LicenceIdentifier("11441700G0000111AX009", CREDIT_CODE, "AAAA2C3D4E5F60718293", "002")),
        licence_type="公共场所卫生许可证",
        licence_number="粤卫公证字〔2026〕第4417A00001号",
        valid_until=None,
        status="revoked",
        sm3=sm2.sm3(b"the other licence"),
    )
    values = {
        "issuer": "http://127.0.0.1:8000",
        "holder_code": CREDIT_CODE,
        "as_of": AT - timedelta(hours=1),
        "expires_at": AT + timedelta(hours=23),
        "enterprise_name": HOLDER_NAME,
        "enterprise_status": "registered",
        "licences": (licence, revoked),
        "reported": (StatedReport("排污许可证", "PW-0001", CREDIT_CODE, date(2027, 1, 31), "valid"),),
        "authorities": (
            StatedAuthority(
                CREDIT_CODE,
                "阳江市江城区市场监督管理局",
                AuthorityState.ANSWERED,
                AT - timedelta(hours=2),
                timedelta(hours=48),
            ),
            StatedAuthority(
                "91441702MA9Y03WY4L", "阳江市某局", AuthorityState.NEVER_REPORTED, None, timedelta(hours=48)
            ),
        ),
        "checkpoint": None,
    }
    return SignedList(**values | changes)


def claims(**changes):
    """A licence code in force."""
    values = {
        "licence_identifier": IDENTIFIER,
        "licence_type_name": "食品经营许可证",
        "holder_code": CREDIT_CODE,
        "holder_name": HOLDER_NAME,
        "issued_on": date(2024, 5, 25),
        "valid_from": date(2024, 5, 25),
        "valid_until": date(2029, 5, 24),
        "status_at_issue": LicenceStatus.VALID,
        "issued_at": datetime(2024, 5, 25, 1, 2, 3, tzinfo=UTC),
        "status_index": 48_611,
    }
    return LicenceClaims(**values | changes)


class World:
    """Keys of one gateway and one authority, of a gateway elsewhere, and a seal that was revoked."""

    def __init__(self):
        self.pki, stranger = make_pki(), make_stranger()
        self.lister = self.pki.leaf(GATEWAY_SIGNER)
        self.seal = self.pki.leaf()
        self.revoked_seal = self.pki.leaf()
        self.pki.revoke(self.revoked_seal)
        self.strange_lister, self.strange_seal = stranger.leaf(GATEWAY_SIGNER), stranger.leaf()

    def list(self, key=None, *, token_type=TOKEN_TYPE, **changes):
        key = key or self.lister
        return sign1(stated(**changes).encode(), key, key_id=key_id(key), media_type=token_type)

    def code(self, key=None, **changes):
        key = key or self.seal
        return sign1(claims(**changes).encode(), key, key_id=key_id(key))

    def trust(self):
        """The published trust files, and the same keys for who reads no certificates."""
        seals = (self.seal.certificate, self.revoked_seal.certificate)
        return {
            "anchors": armoured("CERTIFICATE", [self.pki.root.certificate]),
            "certificates": armoured("CERTIFICATE", [self.pki.issuing.certificate, *seals]),
            "signers": armoured("CERTIFICATE", [self.lister.certificate]),
            "crls": armoured("X509 CRL", self.pki.crls()),
            "keys": [
                {"use": "list", "key_id": key_id(self.lister).hex(), "public_key": point(self.lister)},
                {"use": "licence_code", "key_id": key_id(self.seal).hex(), "public_key": point(self.seal)},
            ],
        }


def armoured(kind, encoded):
    """PEM of each DER."""
    return [pem.armor(kind, der).decode() for der in encoded]


def key_id(key):
    return key_id_of(public_key_info(key.certificate))


def point(key):
    """The uncompressed point in hexadecimal."""
    return sm2.load_public(public_key_info(key.certificate)).point.hex()


def taken_apart(token):
    return list(cbor.loads(token).value)


def put_together(parts):
    return cbor.dumps(cbor.Tagged(SIGN1_TAG, parts))


def with_payload(token, payload):
    """The same signature over another payload."""
    parts = taken_apart(token)
    parts[2] = payload
    return put_together(parts)


def flipped(token):
    """One bit of the signature turned."""
    return token[:-1] + bytes([token[-1] ^ 1])


def lists(world):
    """Cases of list files: (name, token, genuine, in_force, reasons)."""
    good = world.list()
    revoked_hidden = stated(licences=tuple(replace(each, status="valid") for each in stated().licences))
    one_less = stated(licences=stated().licences[:1])
    miscounted = cbor.loads(stated().encode())
    miscounted[-65602]["count"] = 1
    later = {"as_of": AT + timedelta(hours=2), "expires_at": AT + timedelta(hours=26)}
    older = {"as_of": AT - timedelta(hours=25), "expires_at": AT - timedelta(hours=1)}
    unsigned_header = taken_apart(good)
    unsigned_header[1] = {4: b"other"}
    return [
        ("good", good, "yes", "yes", ["GENUINE", "LIST_CURRENT"]),
        ("status_altered", with_payload(good, revoked_hidden.encode()), "no", "not_applicable", ["SIGNATURE_INVALID"]),
        ("licence_left_out", with_payload(good, one_less.encode()), "no", "not_applicable", ["SIGNATURE_INVALID"]),
        ("signature_altered", flipped(good), "no", "not_applicable", ["SIGNATURE_INVALID"]),
        ("other_gateway", world.list(world.strange_lister), "unknown", "unknown", ["LIST_SIGNER_UNKNOWN"]),
        ("signed_by_a_seal", world.list(world.seal), "unknown", "unknown", ["LIST_SIGNER_UNKNOWN"]),
        ("not_yet", world.list(**later), "yes", "no", ["GENUINE", "LIST_NOT_YET"]),
        ("too_old", world.list(**older), "yes", "no", ["GENUINE", "LIST_TOO_OLD"]),
        ("cut_short", good[:-20], "unknown", "unknown", ["LIST_UNREADABLE"]),
        ("octet_added", good + b"\0", "unknown", "unknown", ["LIST_UNREADABLE"]),
        ("unsigned_header", put_together(unsigned_header), "unknown", "unknown", ["LIST_UNREADABLE"]),
        ("another_type", world.list(token_type="application/cwt"), "unknown", "unknown", ["LIST_UNREADABLE"]),
        ("without_a_type", world.list(token_type=None), "unknown", "unknown", ["LIST_UNREADABLE"]),
        ("licence_code_as_list", world.code(), "unknown", "unknown", ["LIST_UNREADABLE"]),
        (
            "count_is_not_that_of_the_lines",
            sign1(cbor.dumps(miscounted), world.lister, key_id=key_id(world.lister), media_type=TOKEN_TYPE),
            *("unknown", "unknown", ["LIST_UNREADABLE"]),
        ),
    ]


def licence_codes(world):
    """Cases of the payloads of licence codes."""
    good = world.code()
    longer = claims(valid_until=date(2039, 5, 24)).encode()
    typed = sign1(claims().encode(), world.seal, key_id=key_id(world.seal), media_type=TOKEN_TYPE)
    odd_token = put_together([*taken_apart(good)[:3], taken_apart(good)[3] + b"\0"])
    return [
        ("good", good, "yes", ["GENUINE"]),
        ("good_without_status_index", world.code(status_index=None), "yes", ["GENUINE"]),
        ("without_limit", world.code(valid_until=None), "yes", ["GENUINE"]),
        ("day_altered", with_payload(good, longer), "no", ["SIGNATURE_INVALID"]),
        ("signature_altered", flipped(good), "no", ["SIGNATURE_INVALID"]),
        ("unknown_seal", world.code(world.strange_seal), "unknown", ["SEAL_UNKNOWN"]),
        ("signed_by_the_list_signer", world.code(world.lister), "unknown", ["SEAL_UNKNOWN"]),
        ("cut_short", good[:-20], "unknown", ["LICENCE_CODE_UNREADABLE"]),
        ("signature_of_65_octets", odd_token, "unknown", ["LICENCE_CODE_UNREADABLE"]),
        ("of_another_type", typed, "unknown", ["LICENCE_CODE_UNREADABLE"]),
    ]


def pdfs(world):
    """Cases of signed PDFs: a certifying SM2 signature over the whole of a one-page licence."""
    good = signed(world.signer)
    return [
        ("good", good.data, "yes", ["GENUINE"]),
        ("page_replaced_by_an_update", update(good, {CONTENT: forged_content()}).data, "no", ["CHANGED_AFTER_SIGNING"]),
        ("covered_octet_altered", with_octet_altered(good.data), "no", ["CHANGED_AFTER_SIGNING"]),
        ("unknown_signer", signed(world.stranger).data, "unknown", ["SIGNER_NOT_TRUSTED"]),
    ]


def with_octet_altered(data):
    """One covered octet altered."""
    return data.replace(b"Food business licence", b"Food business Licence", 1)


def main():
    """Write the vectors."""
    world = World()
    trust, at = world.trust(), AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    write(
        "lists.json",
        {
            "at": at,
            "trust": trust,
            "cases": [
                {
                    "name": case,
                    "content_base64": base64.b64encode(token).decode(),
                    "genuine": genuine,
                    "in_force": in_force,
                    "reasons": reasons,
                }
                for case, token, genuine, in_force, reasons in lists(world)
            ],
        },
    )
    write(
        "licence_codes.json",
        {
            "at": at,
            "trust": trust,
            "cases": [
                {
                    "name": case,
                    "payload": base64.b32encode(token).decode().rstrip("="),
                    "genuine": genuine,
                    "reasons": reasons,
                }
                for case, token, genuine, reasons in licence_codes(world)
            ],
        },
    )

    corpus = CorpusWorld()
    cases = pdfs(corpus)
    write(
        "pdfs.json",
        {
            "at": at,
            "trust": {
                "anchors": armoured("CERTIFICATE", corpus.anchors[:1]),
                "certificates": armoured("CERTIFICATE", [corpus.ca.certificate]),
                "signers": [],
                "crls": armoured("X509 CRL", corpus.crls()),
                "keys": [],
            },
            "cases": [
                {
                    "name": case,
                    "content_base64": base64.b64encode(data).decode(),
                    "sm3": sm2.sm3(data).hex(),
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "genuine": genuine,
                    "reasons": reasons,
                }
                for case, data, genuine, reasons in cases
            ],
        },
    )


def write(file, value):
    """A file of vectors, indented."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / file).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
