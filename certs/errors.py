"""What can go wrong with certificates, keys at rest and trust material."""

from typing import ClassVar


class CertsError(Exception):
    """Root of the tree."""

    code: ClassVar[str] = "CERTS_ERROR"


class ProfileError(CertsError):
    """A certificate breaks its profile; it was not signed with the real key."""

    code = "CERTIFICATE_PROFILE"


class KeystoreError(CertsError):
    """A key is missing, or the password does not open it."""

    code = "KEYSTORE"


class RevocationListError(CertsError):
    """A revocation list cannot be read or continued."""

    code = "REVOCATION_LIST"


class CreditCodeError(CertsError):
    """A certificate holds no credit code, or several that differ."""

    code = "CREDIT_CODE"


class CreditCodesDifferError(CreditCodeError):
    """A certificate holds several credit codes that differ."""


class TrustStoreError(CertsError):
    """A file of the trust store cannot be read; the last good set stays in force."""

    code = "TRUST_STORE"


class KeyUseError(CertsError):
    """A key is retired or not authorised for the purpose, or its use cannot be logged; nothing was signed."""

    code = "KEY_USE"


class CertificateImportError(CertsError):
    """Certificates do not belong to the key, do not complete a chain, or do not serve at this moment."""

    code = "CERTIFICATE_IMPORT"
