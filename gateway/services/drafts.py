"""Makes the electronic form of a licence and its papers in one act. Touches no database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.documents.face import FaceItem, LicenceFace, SealPicture
from gateway.documents.licence_page import render_electronic
from gateway.documents.paper_page import render_paper
from gateway.domain.licence_code import LicenceClaims, licence_code_url
from gateway.domain.orders import VersionOrder
from gateway.domain.status import LicenceStatus
from gateway.domain.verification import instant
from gateway.metrics import ISSUE_SECONDS, timed
from gateway.services.dependencies import Dependencies
from gateway.tracing import span
from signing.appending import prepare_second
from signing.cose import sign1
from signing.keys import SigningKey
from signing.pades import sign_prepared
from signing.sm2 import sm3

ATTACHMENT_NAME = "licence.json"
ATTACHMENT_SCHEMA = "licence-gateway/licence/1"
SAMPLE_WATERMARK = "样本 SAMPLE"


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
class DraftPaper:
    """One print-ready paper form."""

    kind: str
    """``original`` or ``duplicate``."""
    copy_number: int
    pdf: bytes
    """PDF/A, unsigned."""


@dataclass(frozen=True)
class Draft:
    """All forms of one licence version, ready to be recorded."""

    order: VersionOrder
    qr_text: str
    electronic: bytes
    """Signed PDF/A-3b."""
    papers: tuple[DraftPaper, ...]
    """The original first."""
    signed_at: datetime


def make_draft(deps: Dependencies, order: VersionOrder, binding: HolderBinding | None, seal: SealInUse) -> Draft:
    """Render, code and sign one version. Errors of rendering and signing pass through; nothing is stored."""
    with timed(ISSUE_SECONDS, "draft"), span("draft", kind=order.kind):
        return _drafted(deps, order, binding, seal)


def _drafted(deps: Dependencies, order: VersionOrder, binding: HolderBinding | None, seal: SealInUse) -> Draft:
    signed_at = deps.clock()
    qr_text = _qr_text(deps, order, seal, signed_at)
    face = licence_face(deps, order, qr_text)
    papers = tuple(
        DraftPaper(kind, number, render_paper(deps.fonts, face, created_at=signed_at, copy_number=number))
        for kind, number in order.copies
    )
    attachment = attachment_json(order, binding, qr_text, papers, signed_at)
    prepared = render_electronic(
        deps.fonts,
        face,
        seal.picture,
        attachment=attachment,
        attachment_name=ATTACHMENT_NAME,
        created_at=signed_at,
        has_second_signature=seal.second is not None,
    )
    with span("sign", purpose="licence"):
        electronic = sign_prepared(prepared, seal.key, timestamps=deps.timestamps)
    if seal.second is not None and prepared.empty_field is not None:
        # SM2 first and ECDSA last: readers that know only the second one find the whole document covered by it.
        name = face.issuing_authority
        second = prepare_second(electronic, prepared.empty_field, claimed_at=signed_at, signer_name=name)
        electronic = sign_prepared(second, seal.second, timestamps=deps.timestamps)
    return Draft(order, qr_text, electronic, papers, signed_at)


def licence_face(deps: Dependencies, order: VersionOrder, qr_text: str) -> LicenceFace:
    """The printed face of a licence; a sample says so across the page."""
    application = order.application
    return LicenceFace(
        title=application.licence_type.name,
        licence_number=application.licence_number,
        licence_identifier=str(order.identifier),
        holder_name=application.holder_name,
        holder_code=application.holder_code,
        items=tuple(FaceItem(label, value) for label, value in (*application.items, *application.basis.face_lines())),
        issuing_authority=application.authority.name,
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        qr_text=qr_text,
        verify_url=deps.settings.public_base_url,
        watermark=SAMPLE_WATERMARK if order.is_sample else None,
    )


def _qr_text(deps: Dependencies, order: VersionOrder, seal: SealInUse, issued_at: datetime) -> str:
    application = order.application
    claims = LicenceClaims(
        licence_identifier=str(order.identifier),
        licence_type_name=application.licence_type.name,
        holder_code=application.holder_code,
        holder_name=application.holder_name,
        issued_on=application.issued_on,
        valid_from=application.valid_from,
        valid_until=application.valid_until,
        status_at_issue=LicenceStatus.VALID,
        issued_at=issued_at,
        status_index=order.status_place,
    )
    token = sign1(claims.encode(), seal.key, key_id=bytes.fromhex(seal.key_id))
    return licence_code_url(deps.settings.public_base_url, token)


def attachment_json(
    order: VersionOrder,
    binding: HolderBinding | None,
    qr_text: str,
    papers: tuple[DraftPaper, ...],
    issued_at: datetime,
) -> bytes:
    """The machine-readable licence that the signature covers, UTF-8 JSON with sorted keys."""
    application = order.application
    until = application.valid_until
    document: dict[str, Any] = {
        "schema": ATTACHMENT_SCHEMA,
        "licence_identifier": str(order.identifier),
        "licence_type": {
            "name": application.licence_type.name,
            "code": application.licence_type.licence_type_code,
            "local_code": application.licence_type.local_type_code,
        },
        "licence_number": application.licence_number,
        "version": order.identifier.version,
        "version_kind": order.kind,
        "supersedes": order.supersedes,
        "takes_effect_at": instant(order.takes_effect_at),
        "is_sample": order.is_sample,
        "holder": {"name": application.holder_name, "code": application.holder_code, "code_type": "001"},
        "issuing_authority": {"name": application.authority.name, "code": application.authority.code},
        "issued_on": application.issued_on.isoformat(),
        "valid_from": application.valid_from.isoformat(),
        "valid_until": until.isoformat() if until else None,
        "face": [{"label": label, "value": value} for label, value in application.items],
        "obligations": application.basis.to_json(),
        "binding": None if binding is None else {"electronic_business_licence": vars(binding)},
        "paper_counterparts": [
            {"kind": paper.kind, "copy_number": paper.copy_number, "sm3": sm3(paper.pdf).hex()} for paper in papers
        ],
        "qr_text": qr_text,
        "issued_at": instant(issued_at),
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
