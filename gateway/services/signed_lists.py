"""Signed lists: the list of an enterprise as a statement of this gateway, for machines and as a PDF for people."""

from datetime import timedelta

from certs.errors import KeystoreError, KeyUseError
from certs.key_uses import AuthorisedKey, Purpose
from gateway.documents.list_page import render_list
from gateway.documents.signature_objects import Attachment
from gateway.domain.identifiers import CodeError, check_unified_social_credit_code
from gateway.domain.signed_list import ATTACHMENT, MEDIA_TYPE, TOKEN_TYPE, SignedList
from gateway.errors import (
    ConfigurationError,
    FieldError,
    KeyUnavailableError,
    ValidationFailedError,
)
from gateway.services.codes import Codes
from gateway.services.dependencies import LIST_KEY, REPORT_KEY, Dependencies
from gateway.services.log import TransparencyLog
from gateway.services.look_ups import LookUps, is_nothing_registered
from gateway.services.seals import key_at_work
from gateway.tracing import span
from signing.certificate_facts import certificate_facts
from signing.cose import key_id_of, sign1
from signing.pades import sign_prepared
from signing.x509_fields import public_key_info


class SignedLists:
    """Signs lists in the name of this gateway."""

    def __init__(self, deps: Dependencies, codes: Codes, look_ups: LookUps, log: TransparencyLog) -> None:
        self._deps = deps
        self._codes = codes
        self._look_ups = look_ups
        self._log = log

    def cbor(self, code: str) -> bytes:
        """The list of the enterprise with this credit code, checked now, as COSE_Sign1.

        ValidationFailedError for what is no credit code, ConfigurationError when the gateway has no key for lists.
        """
        return sign_token(self._deps, self._stated(code).encode(), TOKEN_TYPE)

    def pdf(self, code: str, *, language: str = "zh") -> bytes:
        """The same as PDF/A-3b, certified by the gateway with a time-stamp, the statement attached.

        Errors of ``cbor``; TimestampsUnavailableError.
        """
        stated = self._stated(code)
        key = _key(self._deps, REPORT_KEY, Purpose.REPORT)
        prepared = render_list(
            self._deps.fonts,
            stated,
            language=language,
            signer_name=certificate_facts(key.certificate).subject_name,
            created_at=self._deps.clock(),
            attachment=Attachment(
                ATTACHMENT, sign_token(self._deps, stated.encode(), TOKEN_TYPE), "证照清单 list of licences", MEDIA_TYPE
            ),
        )
        with span("sign", purpose="list"), key_at_work(REPORT_KEY):
            return sign_prepared(prepared, key, timestamps=self._deps.timestamps)

    def _stated(self, code: str) -> SignedList:
        try:
            checked = check_unified_social_credit_code(code)
        except CodeError as error:
            raise ValidationFailedError([FieldError("code", "CREDIT_CODE_INVALID", str(error))]) from error
        settings = self._deps.settings
        return SignedList.of(
            self._look_ups.answer(lambda: self._codes.of_enterprise(checked), is_nothing_registered),
            issuer=settings.public_base_url,
            valid_for=timedelta(hours=settings.list_hours),
            checkpoint=self._log.checkpoint_note(),
        )


def sign_token(deps: Dependencies, payload: bytes, token_type: str) -> bytes:
    """A statement about many licences, signed by the gateway. ConfigurationError when it has no key for it."""
    key = _key(deps, LIST_KEY, Purpose.LIST)
    with key_at_work(LIST_KEY):
        return sign1(payload, key, key_id=key_id_of(public_key_info(key.certificate)), media_type=token_type)


def _key(deps: Dependencies, name: str, purpose: Purpose) -> AuthorisedKey:
    try:
        return deps.keystore.load(name, purpose, actor="gateway.lists")
    except KeyUseError as error:
        raise KeyUnavailableError(str(error), hint=f"Run: licence-gateway key test {name}") from error
    except KeystoreError as error:
        raise ConfigurationError(
            "网关没有签署清单的密钥。This gateway has no key to sign lists with.", hint="Run: licence-gateway init"
        ) from error
