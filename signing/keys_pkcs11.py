"""Signing keys in a token or a hardware module, through PKCS#11 (OASIS, 2.40).

PKCS#11 has no number for SM2: each vendor has its own, and it is configured. A mechanism that the standard gives
another meaning is refused, since a key on the SM2 curve would sign plain ECDSA with it and nobody would notice.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11.attributes import AttributeMapper
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PinIncorrect, PinLocked, PKCS11Error
from pkcs11.mechanisms import Mechanism

from signing import der
from signing.algorithms import SHA256_OID
from signing.errors import KeyRefusedError, KeySourceUnavailableError
from signing.keys import SignatureAlgorithm
from signing.outside_keys import accept, algorithm_of, digest_to_sign

_ULONG_BYTES = 8
_SHA256 = der.sequence(der.oid(SHA256_OID), der.NULL)
_ATTEMPTS = 2
"""A token that was pulled and put back is logged in to again, once."""


@dataclass(frozen=True)
class TokenReference:
    """Where a key is. Holds no secret."""

    module: Path
    """The vendor's PKCS#11 library."""
    token_label: str
    key_label: str | None = None
    key_id: bytes | None = None
    """CKA_ID; with ``key_label`` both must fit."""
    sm2_mechanism: int | None = None
    """The vendor's CKM number that signs e = SM3(Z_A || M), 32 bytes, with SM2 and gives r || s or DER."""


@dataclass(frozen=True)
class Pkcs11SigningKey:
    """Implements ``SigningKey``; every signature is verified before it is given out.

    KeyRefusedError when the certificate's key is SM2 and the vendor's mechanism is not named or is a standard one.
    """

    reference: TokenReference
    read_pin: Callable[[], str] = field(repr=False)
    """Asked once, at the first login of the process."""
    certificate: bytes
    """DER."""
    chain: tuple[bytes, ...] = ()
    """DER of the issuing certificates, the leaf's issuer first, without the root."""

    def __post_init__(self) -> None:
        if self.reference.key_label is None and self.reference.key_id is None:
            raise KeyRefusedError("name the key in the token by its label or its id")
        if self.algorithm is SignatureAlgorithm.SM2_WITH_SM3:
            sm2_mechanism(self.reference.sm2_mechanism)

    @cached_property
    def algorithm(self) -> SignatureAlgorithm:
        """What the certificate's key signs with."""
        return algorithm_of(self.certificate)

    def sign(self, message: bytes) -> bytes:
        """Signature over ``message``, hashed here. KeySourceUnavailableError, KeySourceWrongError."""
        mechanism, data = self._request(digest_to_sign(self.certificate, message))
        token = _token(self.reference.module, self.reference.token_label, os.getpid())
        return accept(self.certificate, message, token.sign(self.reference, self.read_pin, mechanism, data))

    def _request(self, digest: bytes) -> tuple[Mechanism, bytes]:
        if self.algorithm is SignatureAlgorithm.SM2_WITH_SM3:
            return sm2_mechanism(self.reference.sm2_mechanism), digest
        if self.algorithm is SignatureAlgorithm.ECDSA_WITH_SHA256:
            return Mechanism.ECDSA, digest
        # CKM_RSA_PKCS pads; the DigestInfo is ours (RFC 8017, 9.2).
        return Mechanism.RSA_PKCS, der.sequence(_SHA256, der.octet_string(digest))


def sm2_mechanism(number: int | None) -> Mechanism:
    """The vendor's mechanism. KeyRefusedError when there is none, and for a number that the standard has given away."""
    if number is None:
        raise KeyRefusedError("an SM2 key in a token needs the number of the vendor's SM2 signing mechanism")
    if number in set(Mechanism) - {Mechanism._VENDOR_DEFINED} or not 0 < number < 1 << 32:  # noqa: SLF001 - the range's start
        raise KeyRefusedError(f"mechanism {number:#010x} is not a vendor's SM2 mechanism: see the vendor's header file")
    # python-pkcs11 takes members of its enumeration only; a vendor's number is made one without being entered in it.
    member = int.__new__(Mechanism, number)
    member._name_, member._value_ = f"VENDOR_{number:#010x}", number
    return member


class _Token:
    """One login to one token, for every key in it and every thread of this process."""

    def __init__(self, module: Path, label: str) -> None:
        self._module, self._label = module, label
        self._lock = threading.Lock()
        self._session: Any = None
        self._keys: dict[TokenReference, Any] = {}
        self._refused = False

    def sign(self, reference: TokenReference, read_pin: Callable[[], str], mechanism: Mechanism, data: bytes) -> bytes:
        """The value that the token gives for ``data``."""
        with self._lock:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    key = self._key(reference, read_pin)
                    self._require(mechanism)
                    value: bytes = key.sign(data, mechanism=mechanism)
                except (PinIncorrect, PinLocked):
                    # A second try with the same PIN would only bring the token closer to locking itself.
                    self._refused = True
                    raise KeySourceUnavailableError(f"the token {self._label} refuses the PIN") from None
                except PKCS11Error as error:
                    self._session, self._keys = None, {}
                    if attempt == _ATTEMPTS:
                        raise KeySourceUnavailableError(
                            f"the token {self._label} does not sign: {type(error).__name__}"
                        ) from error
                else:
                    return value
        raise AssertionError

    def _key(self, reference: TokenReference, read_pin: Callable[[], str]) -> Any:
        if self._refused:
            raise KeySourceUnavailableError(
                f"the token {self._label} refused the PIN; it is not tried again until a restart"
            )
        if self._session is None:
            self._session = self._open(read_pin())
        if reference not in self._keys:
            self._keys[reference] = self._find(reference)
        return self._keys[reference]

    def _open(self, pin: str) -> Any:
        library = _library(self._module, os.getpid())
        tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
        found = [token for token in tokens if token.label == self._label]
        if len(found) != 1:
            raise KeySourceUnavailableError(f"{len(found)} tokens are labelled {self._label}; there must be one")
        mapper = AttributeMapper()
        # Vendors number their key types too; the enumeration would choke on them.
        mapper.register_handler(
            Attribute.KEY_TYPE,
            lambda value: int(value).to_bytes(_ULONG_BYTES, "little"),
            lambda value: int.from_bytes(value, "little"),
        )
        self._mechanisms = {int(number) for number in found[0].slot.get_mechanisms()}
        return found[0].open(user_pin=pin, attribute_mapper=mapper)

    def _find(self, reference: TokenReference) -> Any:
        wanted: dict[Attribute, Any] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        if reference.key_label is not None:
            wanted[Attribute.LABEL] = reference.key_label
        if reference.key_id is not None:
            wanted[Attribute.ID] = reference.key_id
        found = list(self._session.get_objects(wanted))
        if len(found) != 1 or not isinstance(found[0], pkcs11.SignMixin):
            raise KeySourceUnavailableError(
                f"the token {self._label} holds {len(found)} keys of that label and id; there must be one that may sign"
            )
        return found[0]

    def _require(self, mechanism: Mechanism) -> None:
        if int(mechanism) not in self._mechanisms:
            raise KeySourceUnavailableError(f"the token {self._label} does not offer mechanism {int(mechanism):#010x}")


@cache
def _token(module: Path, label: str, process: int) -> _Token:  # noqa: ARG001 - a login does not survive a fork
    return _Token(module, label)


@cache
def _library(module: Path, process: int) -> Any:  # noqa: ARG001 - a child must initialise anew (PKCS#11, 5.4)
    if not module.is_file():
        raise KeySourceUnavailableError(f"there is no PKCS#11 library {module}")
    try:
        library = pkcs11.lib(str(module))
        if _loaded_by.setdefault(module, os.getpid()) != os.getpid():
            library.reinitialize()
            _loaded_by[module] = os.getpid()
    except (PKCS11Error, RuntimeError, OSError) as error:
        raise KeySourceUnavailableError(f"the PKCS#11 library {module} cannot be loaded") from error
    return library


_loaded_by: dict[Path, int] = {}
