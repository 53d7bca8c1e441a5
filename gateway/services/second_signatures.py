"""Second signatures: which authorities sign twice.

PDF readers of other countries know no SM2; a second signature by ECDSA, over the whole document and the SM2 signature
in it, tells them what domestic verifiers read from the first. The keys are those of ``EmbeddedCas.ecdsa_seal``.
"""

from gateway.domain.catalogue import IssuingAuthority
from gateway.settings import Settings

_ALL = "*"


def signs_twice(authority: IssuingAuthority, settings: Settings) -> bool:
    """Whether the licences of this authority get a second signature, by the catalogue or by the setting."""
    chosen = settings.second_signature_authorities
    return authority.second_signature or _ALL in chosen or authority.code in chosen


def second_key_name(authority_code: str) -> str:
    """Name in the key store of the key that signs after the seal's own."""
    return f"ecdsa-seal-{authority_code}"
