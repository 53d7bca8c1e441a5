"""Resolves whatever a QR code holds into the verified list, or into the answer on one licence."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.domain.answers import (
    CodeClass,
    EnterpriseView,
    Genuine,
    KeptForms,
    Outcome,
    Resolution,
)
from gateway.domain.authority_lists import by_authority
from gateway.domain.code_systems import CodeSystemDownError, NamedEnterprise, ReadOutcome
from gateway.domain.codes import ScannedCode, classify
from gateway.domain.identifiers import CreditCodeCheck
from gateway.domain.orders import is_sample_identifier
from gateway.domain.reason_catalogue import reason
from gateway.domain.reasons import Reason
from gateway.errors import UnreadableInputError
from gateway.imaging.qr_reading import read_codes
from gateway.metrics import RESOLUTIONS
from gateway.persistence.models import Enterprise, LicenceVersion
from gateway.persistence.session import reading
from gateway.services.dependencies import Dependencies
from gateway.services.enterprises import enterprise_view, named_enterprise
from gateway.services.holder_lists import HolderLists
from gateway.services.licence_codes import check_licence_code
from gateway.services.listing import WHOLE, Listing
from gateway.services.reported_licences import ReportedLicences
from gateway.tracing import span

MOST_CODES = 10
"""In one picture; more are counted and told, not answered."""
_ENDED = {"cancelled": "ENTERPRISE_CANCELLED", "revoked": "ENTERPRISE_REVOKED"}


class Codes:
    """The resolver. A scanned URL is read, never fetched."""

    def __init__(self, deps: Dependencies, listing: Listing, lists: HolderLists, reported: ReportedLicences) -> None:
        self._deps = deps
        self._listing = listing
        self._lists = lists
        self._reported = reported

    def resolve(self, text: str) -> Resolution:
        """The answer for any QR content or typed code; refusals are answers too, with their reason."""
        with span("resolve"):
            return _counted(self._resolved(text))

    def _resolved(self, text: str) -> Resolution:
        code = classify(text, own_hosts=self.own_hosts())
        if code.licence_payload is not None:
            return self._licence(code, code.licence_payload)
        if code.unified_social_credit_code is not None:
            return self._list(code.code_class, code.unified_social_credit_code, code.reasons)
        return self._read_elsewhere(code) if code.needs_system else self._without_list(code.code_class, *code.reasons)

    def of_enterprise(self, code: CreditCodeCheck) -> Resolution:
        """As ``resolve`` of a plain code, for one that was checked already."""
        with span("resolve"):
            return _counted(self._list(CodeClass.PLAIN_CODE, code.code, (reason("CODE_IS_NO_PROOF"),)))

    def resolve_image(self, data: bytes, resolve: Callable[[str], Resolution] | None = None) -> Resolution:
        """The answer for the first code in a picture or PDF that names an enterprise; the others stand in ``also_found``.

        ``resolve`` answers on each code in place of ours. UnreadableInputError when there is no code.
        """
        found_codes = read_codes(data, max_pixels=self._deps.settings.max_image_pixels)
        texts = found_codes.texts
        if not texts:
            raise UnreadableInputError(
                "图片中没有读出二维码。No QR code could be read in the picture.",
                hint="Take the picture closer, straight on and without glare, or type the 18-character code.",
            )
        answers = [(resolve or self.resolve)(found) for found in texts[:MOST_CODES]]
        shown = next((answer for answer in answers if answer.unified_social_credit_code), answers[0])
        others = tuple(answer for answer in answers if answer is not shown)
        left = len(texts) - len(answers)
        several = (reason("SEVERAL_CODES", found=len(texts)),) if others else ()
        left_out = (reason("CODES_LEFT_OUT", left=left),) if left else ()
        unread = (reason("CODES_UNREAD"),) if found_codes.has_unread else ()
        return replace(shown, also_found=others, reasons=shown.reasons + several + left_out + unread)

    def own_hosts(self) -> frozenset[str]:
        """Hosts whose licence codes are ours, lower case."""
        base = urlsplit(self._deps.settings.public_base_url).netloc.lower()
        return self._deps.settings.own_hosts | {base}

    def _without_list(self, code_class: CodeClass, *reasons: Reason, outcome: Outcome = Outcome.REFUSED) -> Resolution:
        return Resolution(code_class, None, None, (), self._deps.clock(), reasons, outcome=outcome)

    def _read_elsewhere(self, code: ScannedCode) -> Resolution:
        """What the system that made a code says of it. The network is asked before the register is opened."""
        try:
            told = self._deps.code_systems.read(code.text)
        except CodeSystemDownError:
            return self._without_list(CodeClass.UNKNOWN, reason("CODE_SYSTEM_DOWN"), outcome=Outcome.COULD_NOT_ASK)
        if told is None:
            return self._without_list(code.code_class, *code.reasons)
        named = told.enterprise
        if named is None:
            why = "CODE_SYSTEM_KNOWS_NOT" if told.outcome is ReadOutcome.UNKNOWN else "DYNAMIC_CODE_EXPIRED"
            return self._without_list(told.code_class, reason(why), outcome=Outcome.NOTHING_REGISTERED)
        read = (reason("CODE_READ_BY_SYSTEM"),)
        return self._list(told.code_class, named.unified_social_credit_code, read, named)

    def _list(
        self,
        code_class: CodeClass,
        credit_code: str,
        reasons: tuple[Reason, ...],
        named: NamedEnterprise | None = None,
    ) -> Resolution:
        held = self._lists.of(credit_code)
        authorities, forms = held.authorities, held.forms
        if held.has_reports:
            with reading(self._deps.sessions) as session:
                reported = self._reported.of_holder(session, credit_code)
            authorities = by_authority(held.licences, reported, held.freshness, held.as_of)
            forms = KeptForms(licences=held.forms.licences, enterprise=held.forms.enterprise)
        if named is not None:
            forms = KeptForms(licences=forms.licences, authorities=forms.authorities)
        enterprise = held.enterprise if named is None else named_enterprise(named, held.enterprise)
        has_any = bool(held.licences) or (held.has_reports and any(each.reported for each in authorities))
        return Resolution(
            code_class=code_class,
            unified_social_credit_code=credit_code,
            enterprise=enterprise,
            licences=held.licences,
            as_of=held.as_of,
            reasons=(*reasons, *_of_registration(held.enterprise, enterprise), *held.reasons),
            authorities=authorities,
            outcome=Outcome.RESOLVED if has_any else Outcome.NOTHING_REGISTERED,
            forms=forms,
        )

    def _licence(self, code: ScannedCode, payload: str) -> Resolution:
        now = self._deps.clock()
        finding = check_licence_code(payload, self._deps.trust_store, self._deps.policy(), at=now)
        if finding.claims is not None and is_sample_identifier(finding.claims.licence_identifier):
            # It calls itself a sample; whoever made it, that is all there is to say.
            return self._without_list(CodeClass.LICENCE_CODE, reason("SAMPLE"))
        if finding.claims is None or finding.genuine is not Genuine.YES:
            # An unproven claim must not lead anyone to a real enterprise's list.
            return self._without_list(CodeClass.LICENCE_CODE, *finding.reasons)
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
            outcome=Outcome.NOTHING_REGISTERED if answer is None else Outcome.RESOLVED,
        )


def _counted(resolution: Resolution) -> Resolution:
    RESOLUTIONS.labels(resolution.code_class, resolution.outcome).inc()
    return resolution


def _of_registration(known: EnterpriseView | None, enterprise: EnterpriseView | None) -> Iterator[Reason]:
    """What the reader must know of the enterprise itself."""
    if known is not None and enterprise is not None and known.name != enterprise.name:
        yield reason("ENTERPRISE_NAME_DIFFERS")
    ended = None if enterprise is None else _ENDED.get(enterprise.registration_status)
    if ended is not None:
        yield reason(ended)


def _version(session: Session, licence_identifier: str) -> LicenceVersion | None:
    return session.scalar(
        select(LicenceVersion).where(LicenceVersion.licence_identifier == licence_identifier).options(*WHOLE)
    )
