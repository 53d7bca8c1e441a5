"""Resolves whatever a QR code holds into the verified list, or into the answer on one licence."""

from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.answers import CodeClass, Genuine, Resolution
from gateway.domain.codes import ScannedCode, classify
from gateway.domain.orders import is_sample_identifier
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.errors import UnreadableInputError
from gateway.imaging.qr_reading import read_codes
from gateway.persistence.models import Enterprise, LicenceVersion
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.enterprises import enterprise_view
from gateway.services.licence_codes import check_licence_code
from gateway.services.listing import WHOLE, Listing


class Codes:
    """The resolver. A scanned URL is read, never fetched."""

    def __init__(self, deps: Dependencies, listing: Listing) -> None:
        self._deps = deps
        self._listing = listing

    def resolve(self, text: str) -> Resolution:
        """The answer for any QR content or typed code; refusals are answers too, with their reason."""
        code = classify(text, own_hosts=self.own_hosts())
        if code.licence_payload is not None:
            return self._licence(code, code.licence_payload)
        if code.unified_social_credit_code is not None:
            return self._list(code, code.unified_social_credit_code)
        return Resolution(code.code_class, None, None, (), self._deps.clock(), code.reasons)

    def resolve_image(self, data: bytes) -> Resolution:
        """The answer for the QR code in a picture or PDF. UnreadableInputError when there is none."""
        texts = read_codes(data, max_pixels=self._deps.settings.max_image_pixels)
        if not texts:
            raise UnreadableInputError(
                "图片中没有读出二维码。No QR code could be read in the picture.",
                hint="Take the picture closer, straight on and without glare, or type the 18-character code.",
            )
        answers = [self.resolve(found) for found in texts]
        return next((answer for answer in answers if answer.unified_social_credit_code), answers[0])

    def own_hosts(self) -> frozenset[str]:
        """Hosts whose licence codes are ours, lower case."""
        base = urlsplit(self._deps.settings.public_base_url).netloc.lower()
        return self._deps.settings.own_hosts | {base}

    def _list(self, code: ScannedCode, credit_code: str) -> Resolution:
        with reading(self._deps.sessions) as session:
            enterprise = session.get(Enterprise, credit_code)
            versions = self._listing.of_holder(session, credit_code)
        licences = tuple(self._listing.line(version) for version in versions)
        reasons: tuple[Reason, ...] = code.reasons
        if enterprise is None:
            reasons += (reason("ENTERPRISE_UNKNOWN"),)
        elif not licences:
            reasons += (reason("NO_LICENCES"),)
        return Resolution(
            code_class=code.code_class,
            unified_social_credit_code=credit_code,
            enterprise=None if enterprise is None else enterprise_view(enterprise),
            licences=licences,
            as_of=self._deps.clock(),
            reasons=reasons,
        )

    def _licence(self, code: ScannedCode, payload: str) -> Resolution:
        now = self._deps.clock()
        finding = check_licence_code(payload, self._deps.trust_store, self._deps.policy(), at=now)
        if finding.claims is not None and is_sample_identifier(finding.claims.licence_identifier):
            # It calls itself a sample; whoever made it, that is all there is to say.
            return Resolution(CodeClass.LICENCE_CODE, None, None, (), now, (reason("SAMPLE"),))
        if finding.claims is None or finding.genuine is not Genuine.YES:
            # An unproven claim must not lead anyone to a real enterprise's list.
            return Resolution(CodeClass.LICENCE_CODE, None, None, (), now, finding.reasons)
        with reading(self._deps.sessions) as session:
            version = _version(session, finding.claims.licence_identifier)
            enterprise = session.get(Enterprise, finding.claims.holder_code)
        answer = None if version is None else self._listing.answer(version, finding.claims)
        return Resolution(
            code_class=code.code_class,
            unified_social_credit_code=finding.claims.holder_code,
            enterprise=None if enterprise is None else enterprise_view(enterprise),
            licences=() if answer is None else (answer.listed,),
            as_of=now,
            reasons=(reason("NOT_IN_REGISTRY"),) if answer is None else answer.reasons,
            licence=answer,
        )


def _version(session: Session, licence_identifier: str) -> LicenceVersion | None:
    return session.scalar(
        select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
    )
