"""Makes the two forms of a licence, electronic and paper, in one act. Touches no database."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.documents.face import FaceItem, LicenceFace, SealPicture
from gateway.documents.licence_page import render_electronic
from gateway.documents.paper_page import render_paper
from gateway.domain.applications import Application
from gateway.domain.identifiers import ALPHABET_36, LicenceIdentifier
from gateway.domain.licence_code import LicenceClaims, licence_code_url
from gateway.domain.status import LicenceStatus
from gateway.domain.verification import instant
from gateway.services.dependencies import Dependencies
from signing.appending import prepare_second
from signing.cose import sign1
from signing.keys import SigningKey
from signing.pades import sign_prepared
from signing.sm2 import sm3

SERIAL_LENGTH = 20
"""Characters of the random serial in a licence identifier: about 103 bits, so that links cannot be guessed."""

FIRST_VERSION = "001"
ATTACHMENT_NAME = "licence.json"
ATTACHMENT_SCHEMA = "licence-gateway/licence/1"


@dataclass(frozen=True)
class HolderBinding:
    """The electronic business licence that a licence is bound to."""

    certificate_sm3: str
    """SM3 over the DER certificate, lower-case hexadecimal."""
    unified_social_credit_code: str


@dataclass(frozen=True)
class SealInUse:
    """An authority's seal, unlocked."""

    key_id: str
    key: SigningKey
    picture: SealPicture
    second: SigningKey | None = None
    """ECDSA key of an authority whose licences are signed twice."""


@dataclass(frozen=True)
class Draft:
    """Both forms of one licence version, ready to be recorded."""

    licence_identifier: str
    qr_text: str
    electronic: bytes
    """Signed PDF/A-3b."""
    paper: bytes
    """Print-ready PDF/A of the original (正本)."""
    signed_at: datetime


def new_identifier(application: Application) -> LicenceIdentifier:
    """A fresh licence identifier (GB/T 36904) with an unguessable serial."""
    serial = "".join(secrets.choice(ALPHABET_36) for _ in range(SERIAL_LENGTH))
    return LicenceIdentifier(
        type_code=application.licence_type.identifier_type_code,
        authority_code=application.authority.code,
        serial=serial,
        version=FIRST_VERSION,
    )


def make_draft(deps: Dependencies, application: Application, binding: HolderBinding, seal: SealInUse) -> Draft:
    """Render, code and sign one licence. Errors of rendering and signing pass through; nothing is stored."""
    identifier = str(new_identifier(application))
    signed_at = deps.clock()
    qr_text = _qr_text(deps, application, identifier, seal, signed_at)
    face = licence_face(deps, application, identifier, qr_text)
    paper = render_paper(deps.fonts, face, created_at=signed_at)
    attachment = attachment_json(application, identifier, binding, qr_text, paper, signed_at)
    prepared = render_electronic(
        deps.fonts,
        face,
        seal.picture,
        attachment=attachment,
        attachment_name=ATTACHMENT_NAME,
        created_at=signed_at,
        has_second_signature=seal.second is not None,
    )
    electronic = sign_prepared(prepared, seal.key, timestamps=deps.timestamps)
    if seal.second is not None and prepared.empty_field is not None:
        # SM2 first and ECDSA last: readers that know only the second one find the whole document covered by it.
        name = face.issuing_authority
        second = prepare_second(electronic, prepared.empty_field, claimed_at=signed_at, signer_name=name)
        electronic = sign_prepared(second, seal.second, timestamps=deps.timestamps)
    return Draft(identifier, qr_text, electronic, paper, signed_at)


def licence_face(deps: Dependencies, application: Application, identifier: str, qr_text: str) -> LicenceFace:
    """The printed face of a licence."""
    return LicenceFace(
        title=application.licence_type.name,
        licence_number=application.licence_number,
        licence_identifier=identifier,
        holder_name=application.holder_name,
        holder_code=application.holder_code,
        items=tuple(FaceItem(label, value) for label, value in application.items),
        issuing_authority=application.authority.name,
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        qr_text=qr_text,
        verify_url=deps.settings.public_base_url,
    )


def _qr_text(
    deps: Dependencies, application: Application, identifier: str, seal: SealInUse, issued_at: datetime
) -> str:
    claims = LicenceClaims(
        licence_identifier=identifier,
        licence_type_name=application.licence_type.name,
        holder_code=application.holder_code,
        holder_name=application.holder_name,
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        status_at_issue=LicenceStatus.VALID,
        issued_at=issued_at,
    )
    token = sign1(claims.encode(), seal.key, key_id=bytes.fromhex(seal.key_id))
    return licence_code_url(deps.settings.public_base_url, token)


def attachment_json(
    application: Application,
    identifier: str,
    binding: HolderBinding,
    qr_text: str,
    paper: bytes,
    issued_at: datetime,
) -> bytes:
    """The machine-readable licence that the signature covers, UTF-8 JSON with sorted keys."""
    until = application.valid_until
    document: dict[str, Any] = {
        "schema": ATTACHMENT_SCHEMA,
        "licence_identifier": identifier,
        "licence_type": {
            "name": application.licence_type.name,
            "code": application.licence_type.licence_type_code,
            "local_code": application.licence_type.local_type_code,
        },
        "licence_number": application.licence_number,
        "version": FIRST_VERSION,
        "holder": {"name": application.holder_name, "code": application.holder_code, "code_type": "001"},
        "issuing_authority": {"name": application.authority.name, "code": application.authority.code},
        "issued_on": application.issued_on.isoformat(),
        "valid_from": application.valid_from.isoformat(),
        "valid_until": until.isoformat() if until else None,
        "face": [{"label": label, "value": value} for label, value in application.items],
        "binding": {
            "electronic_business_licence": {
                "certificate_sm3": binding.certificate_sm3,
                "unified_social_credit_code": binding.unified_social_credit_code,
            }
        },
        "paper_counterpart": {"kind": "original", "sm3": sm3(paper).hex()},
        "qr_text": qr_text,
        "issued_at": instant(issued_at),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()
