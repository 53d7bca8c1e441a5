"""Symmetric keys at rest: under the password of the key store, like the private ones."""

import hmac

from signing.errors import KeyRefusedError
from signing.pkcs8 import seal, unseal
from signing.sm2 import sm3

_PROOF_BYTES = 16


def seal_secret(key: bytes, password: bytes, *, iterations: int) -> bytes:
    """DER EncryptedPrivateKeyInfo (PBES2) over the key and the start of its SM3 digest."""
    return seal(key + sm3(key)[:_PROOF_BYTES], password, iterations)


def open_secret(sealed: bytes, password: bytes) -> bytes:
    """The key. KeyRefusedError when the password is wrong or the file damaged: PBES2 alone would not always tell."""
    plain = unseal(sealed, password)
    key, proof = plain[:-_PROOF_BYTES], plain[-_PROOF_BYTES:]
    if not key or not hmac.compare_digest(sm3(key)[:_PROOF_BYTES], proof):
        raise KeyRefusedError("the password does not open the file, or the file is damaged")
    return key
