"""Reports to hand on: the signed PDF and the ETSI XML of a verification."""

import json
from collections.abc import Mapping
from typing import Any

from certs.errors import KeystoreError
from certs.key_uses import AuthorisedKey, Purpose
from gateway.documents.etsi_report import etsi_report
from gateway.documents.report_page import render_report
from gateway.documents.signature_objects import Attachment
from gateway.domain.human_report import PagePictures, human_report
from gateway.domain.verification import VerificationReport
from gateway.errors import ConfigurationError
from gateway.imaging.pdf_pages import changed_page_pictures
from gateway.services.dependencies import REPORT_KEY, Dependencies
from gateway.services.file_validation import REPORT_ATTACHMENT
from gateway.services.seals import key_at_work
from gateway.tracing import span
from signing.certificate_facts import certificate_facts
from signing.pades import sign_prepared

XML_ATTACHMENT = "verification-report.xml"
_MOST_PICTURES = 4
"""Changed pages that are shown; the others are named."""


def changed_pictures(data: bytes, report: VerificationReport) -> tuple[PagePictures, ...]:
    """The pages of the presented file that changed after its first signature that says so, before and after."""
    changed = next((signature for signature in report.signatures if signature.changed_objects), None)
    if changed is None:
        return ()
    return tuple(
        PagePictures(drawn.page, drawn.before, drawn.after)
        for drawn in changed_page_pictures(data, changed)[:_MOST_PICTURES]
    )


class Reports:
    """Writes reports in the name of this gateway."""

    def __init__(self, deps: Dependencies) -> None:
        self._deps = deps

    def pdf(
        self, report: VerificationReport, *, language: str = "zh", pictures: tuple[PagePictures, ...] = ()
    ) -> bytes:
        """The human report as PDF/A-3b, certified by the gateway with a time-stamp (PAdES B-T, SM2).

        It carries the JSON and the XML form as attachments. ConfigurationError when the gateway has no key for it.
        """
        key = self._key()
        prepared = render_report(
            self._deps.fonts,
            human_report(report, pictures),
            language=language,
            signer_name=certificate_facts(key.certificate).subject_name,
            number=report.report_number or "",
            created_at=self._deps.clock(),
            attachments=(
                Attachment(REPORT_ATTACHMENT, json_bytes(report.to_json()), "核验报告数据 report data"),
                Attachment(
                    XML_ATTACHMENT, etsi_report(report, key.certificate), "ETSI TS 119 102-2", "application/xml"
                ),
            ),
        )
        with span("sign", purpose="report"), key_at_work(REPORT_KEY):
            return sign_prepared(prepared, key, timestamps=self._deps.timestamps)

    def xml(self, report: VerificationReport) -> bytes:
        """The report of ETSI TS 119 102-2; it names this gateway as the validator where it has a key."""
        try:
            validator = self._deps.keystore.certificate(REPORT_KEY)
        except KeystoreError:
            validator = None
        return etsi_report(report, validator)

    def _key(self) -> AuthorisedKey:
        try:
            return self._deps.keystore.load(REPORT_KEY, Purpose.REPORT, actor="gateway.reports")
        except KeystoreError as error:
            raise ConfigurationError(
                "网关没有签署核验报告的密钥。This gateway has no key to sign reports with.",
                hint="Run: licence-gateway init. Reports in HTML, XML and JSON need no key.",
            ) from error


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON as reports are handed out: UTF-8, indented."""
    return json.dumps(value, ensure_ascii=False, indent=2).encode()
