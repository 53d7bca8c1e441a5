"""SM2 on the system's libcrypto.so.3 through ctypes: patched by the distribution, nonces from its DRBG, no GIL held.

Verification of a recurring public key P uses tables: with the generators' multiples precomputed for G and for P,
R = sG + tP is had as Q = tP + 1G, R = (s-1)G + 1Q, each half with one table (docs/adr/0002). Only public data goes
through the tables; scratch space is one per thread.
"""

import ctypes
import ctypes.util
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_uint64, c_void_p
from functools import cache, lru_cache

from signing import sm2
from signing.errors import BackendUnavailableError, InvalidSignatureError, KeyRefusedError, SigningError
from signing.sm2 import PrivateKey, PublicKey

_NID_SM2 = 1172
_TABLED_KEYS = 256
"""Public keys whose tables are kept; about 140 KiB each."""

_SIGNATURES = {
    "EVP_PKEY_Q_keygen": (c_void_p, [c_void_p, c_char_p, c_char_p]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "EVP_PKEY_is_a": (c_int, [c_void_p, c_char_p]),
    "EVP_PKEY_CTX_new": (c_void_p, [c_void_p, c_void_p]),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_check": (c_int, [c_void_p]),
    "EVP_PKEY_sign_init": (c_int, [c_void_p]),
    "EVP_PKEY_sign": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_PKEY_verify_init": (c_int, [c_void_p]),
    "EVP_PKEY_verify": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "d2i_AutoPrivateKey": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "d2i_PUBKEY": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "i2d_PUBKEY": (c_int, [c_void_p, POINTER(c_void_p)]),
    "EVP_PKEY2PKCS8": (c_void_p, [c_void_p]),
    "EVP_PKCS82PKEY": (c_void_p, [c_void_p]),
    "PKCS8_PRIV_KEY_INFO_free": (None, [c_void_p]),
    "PKCS8_encrypt": (c_void_p, [c_int, c_void_p, c_char_p, c_int, c_char_p, c_int, c_int, c_void_p]),
    "PKCS8_decrypt": (c_void_p, [c_void_p, c_char_p, c_int]),
    "d2i_X509_SIG": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "i2d_X509_SIG": (c_int, [c_void_p, POINTER(c_void_p)]),
    "X509_SIG_free": (None, [c_void_p]),
    "EVP_aes_256_cbc": (c_void_p, []),
    "ERR_clear_error": (None, []),
    "CRYPTO_free": (None, [c_void_p, c_char_p, c_int]),
    "OPENSSL_version_major": (ctypes.c_uint, []),
    "BN_CTX_new": (c_void_p, []),
    "BN_new": (c_void_p, []),
    "BN_bin2bn": (c_void_p, [c_char_p, c_int, c_void_p]),
    "BN_bn2binpad": (c_int, [c_void_p, c_char_p, c_int]),
    "BN_set_word": (c_int, [c_void_p, c_uint64]),
    "EC_GROUP_new_by_curve_name": (c_void_p, [c_int]),
    "EC_GROUP_dup": (c_void_p, [c_void_p]),
    "EC_GROUP_free": (None, [c_void_p]),
    "EC_GROUP_get0_generator": (c_void_p, [c_void_p]),
    "EC_GROUP_get0_order": (c_void_p, [c_void_p]),
    "EC_GROUP_get0_cofactor": (c_void_p, [c_void_p]),
    "EC_GROUP_set_generator": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_GROUP_precompute_mult": (c_int, [c_void_p, c_void_p]),
    "EC_POINT_new": (c_void_p, [c_void_p]),
    "EC_POINT_free": (None, [c_void_p]),
    "EC_POINT_oct2point": (c_int, [c_void_p, c_void_p, c_char_p, c_size_t, c_void_p]),
    "EC_POINT_mul": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EC_POINT_is_at_infinity": (c_int, [c_void_p, c_void_p]),
    "EC_POINT_get_affine_coordinates": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
}


class _Key:
    """An EVP_PKEY that frees itself. Its repr tells nothing."""

    def __init__(self, library: ctypes.CDLL, handle: int) -> None:
        self._library = library
        self.handle = handle
        self.public_key = sm2.load_public(_take_der(library, library.i2d_PUBKEY, handle))

    def __del__(self) -> None:
        self._library.EVP_PKEY_free(self.handle)


class _Scratch(threading.local):
    """Points and numbers for table verification, one set per thread: a shared one would crash."""

    def __init__(self, library: ctypes.CDLL, group: int) -> None:
        self.context = library.BN_CTX_new()
        self.scalar, self.x, self.one = library.BN_new(), library.BN_new(), library.BN_new()
        library.BN_set_word(self.one, 1)
        self.q, self.r = library.EC_POINT_new(group), library.EC_POINT_new(group)
        self.buffer = ctypes.create_string_buffer(sm2.SCALAR_BYTES)


class _TableGroup:
    """An EC_GROUP whose generator is a public key, with its multiples precomputed."""

    def __init__(self, library: ctypes.CDLL, base_group: int, point: bytes) -> None:
        self._library = library
        self.handle = library.EC_GROUP_dup(base_group)
        generator = library.EC_POINT_new(self.handle)
        try:
            order, cofactor = (
                library.EC_GROUP_get0_order(base_group),
                library.EC_GROUP_get0_cofactor(base_group),
            )
            done = (
                library.EC_POINT_oct2point(self.handle, generator, point, len(point), None) == 1
                and library.EC_GROUP_set_generator(self.handle, generator, order, cofactor) == 1
                and library.EC_GROUP_precompute_mult(self.handle, None) == 1
            )
        finally:
            library.EC_POINT_free(generator)
        if not done:
            library.ERR_clear_error()
            raise KeyRefusedError("libcrypto refuses the public key")

    def __del__(self) -> None:
        self._library.EC_GROUP_free(self.handle)


class LibcryptoBackend:
    """EVP for keys and signing, precomputed tables for verifying."""

    can_sign = True

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.name = f"libcrypto (OpenSSL {library.OPENSSL_version_major()})"
        self._group = library.EC_GROUP_new_by_curve_name(_NID_SM2)
        if not self._group or library.EC_GROUP_precompute_mult(self._group, None) != 1:
            raise BackendUnavailableError("libcrypto has no SM2 curve")
        self._generator = library.EC_GROUP_get0_generator(self._group)
        self._scratch = _Scratch(library, self._group)
        self._table = lru_cache(maxsize=_TABLED_KEYS)(self._make_table)
        self._evp_public = lru_cache(maxsize=_TABLED_KEYS)(self._load_evp_public)

    def generate(self) -> PrivateKey:
        """A fresh key."""
        return self._owned(self._library.EVP_PKEY_Q_keygen(None, None, b"SM2"))

    def load_private(self, der: bytes, password: bytes | None = None) -> PrivateKey:
        """PKCS#8, PBES2 when a password is given, or SEC1; checked with EVP_PKEY_check."""
        handle = self._decrypt(der, password) if password is not None else self._decode(der)
        key = self._owned(handle)
        context = self._library.EVP_PKEY_CTX_new(key.handle, None)
        try:
            # Catches d out of [1, n-2] (d = n-1 would sign for ever) and halves that do not match.
            sound = self._library.EVP_PKEY_check(context) == 1
        finally:
            self._library.EVP_PKEY_CTX_free(context)
        if not sound:
            self._library.ERR_clear_error()
            raise KeyRefusedError("the private key is out of range or does not match its public key")
        return key

    def dump_private(self, key: PrivateKey, password: bytes, *, iterations: int = 600_000) -> bytes:
        """DER PKCS#8 under PBES2."""
        library = self._library
        plain = library.EVP_PKEY2PKCS8(_handle(key))
        try:
            sealed = library.PKCS8_encrypt(
                -1, library.EVP_aes_256_cbc(), password, len(password), None, 16, iterations, plain
            )
        finally:
            library.PKCS8_PRIV_KEY_INFO_free(plain)
        if not sealed:
            library.ERR_clear_error()
            raise SigningError("libcrypto could not encrypt the key")
        try:
            return _take_der(library, library.i2d_X509_SIG, sealed)
        finally:
            library.X509_SIG_free(sealed)

    def sign_digest(self, key: PrivateKey, e: bytes) -> bytes:
        """Signature over e; the nonce is libcrypto's own."""
        library = self._library
        context = library.EVP_PKEY_CTX_new(_handle(key), None)
        try:
            buffer = ctypes.create_string_buffer(80)
            length = c_size_t(len(buffer))
            done = (
                library.EVP_PKEY_sign_init(context) == 1
                and library.EVP_PKEY_sign(context, buffer, byref(length), e, len(e)) == 1
            )
        finally:
            library.EVP_PKEY_CTX_free(context)
        if not done:
            library.ERR_clear_error()
            raise SigningError("libcrypto could not sign")
        return buffer.raw[: length.value]

    def verify_digest(self, key: PublicKey, e: bytes, signature: bytes) -> None:
        """Verification with the tables of G and of the key (GB/T 32918.2, 7.1, steps B5 to B7)."""
        r, s = sm2.parse_signature(signature)
        library, scratch = self._library, self._scratch
        table = self._table(key.point)
        t = (r + s) % sm2.N
        library.BN_bin2bn(t.to_bytes(sm2.SCALAR_BYTES), sm2.SCALAR_BYTES, scratch.scalar)
        done = library.EC_POINT_mul(
            table.handle, scratch.q, scratch.scalar, self._generator, scratch.one, scratch.context
        )
        library.BN_bin2bn((s - 1).to_bytes(sm2.SCALAR_BYTES), sm2.SCALAR_BYTES, scratch.scalar)
        done &= library.EC_POINT_mul(self._group, scratch.r, scratch.scalar, scratch.q, scratch.one, scratch.context)
        done &= library.EC_POINT_get_affine_coordinates(self._group, scratch.r, scratch.x, None, scratch.context)
        if not done:
            # The point at infinity has no x; no honest signature leads there.
            library.ERR_clear_error()
            raise InvalidSignatureError("the signature does not fit the message and the key")
        library.BN_bn2binpad(scratch.x, scratch.buffer, sm2.SCALAR_BYTES)
        if (int.from_bytes(e) + int.from_bytes(scratch.buffer.raw) - r) % sm2.N:
            raise InvalidSignatureError("the signature does not fit the message and the key")

    def verify_digest_plain(self, key: PublicKey, e: bytes, signature: bytes) -> None:
        """The same answer from EVP_PKEY_verify, without tables: the reference for tests and benchmarks."""
        sm2.parse_signature(signature)
        library = self._library
        context = library.EVP_PKEY_CTX_new(self._evp_public(key).handle, None)
        try:
            fits = (
                library.EVP_PKEY_verify_init(context) == 1
                and library.EVP_PKEY_verify(context, signature, len(signature), e, len(e)) == 1
            )
        finally:
            library.EVP_PKEY_CTX_free(context)
        if not fits:
            library.ERR_clear_error()
            raise InvalidSignatureError("the signature does not fit the message and the key")

    def _make_table(self, point: bytes) -> _TableGroup:
        return _TableGroup(self._library, self._group, point)

    def _load_evp_public(self, key: PublicKey) -> _Key:
        return self._owned(self._library.d2i_PUBKEY(None, byref(c_char_p(key.spki)), len(key.spki)))

    def _decode(self, der: bytes) -> int | None:
        cursor = c_char_p(der)
        handle: int | None = self._library.d2i_AutoPrivateKey(None, byref(cursor), len(der))
        return handle

    def _decrypt(self, der: bytes, password: bytes) -> int | None:
        library = self._library
        sealed = library.d2i_X509_SIG(None, byref(c_char_p(der)), len(der))
        if not sealed:
            return None
        plain = library.PKCS8_decrypt(sealed, password, len(password))
        library.X509_SIG_free(sealed)
        if not plain:
            library.ERR_clear_error()
            raise KeyRefusedError("the password does not open the private key")
        handle: int | None = library.EVP_PKCS82PKEY(plain)
        library.PKCS8_PRIV_KEY_INFO_free(plain)
        return handle

    def _owned(self, handle: int | None) -> _Key:
        self._library.ERR_clear_error()
        if not handle:
            raise KeyRefusedError("not a key that libcrypto can read")
        if self._library.EVP_PKEY_is_a(handle, b"SM2") != 1:
            self._library.EVP_PKEY_free(handle)
            raise KeyRefusedError("the key is not of type SM2")
        return _Key(self._library, handle)


def _handle(key: PrivateKey) -> int:
    if not isinstance(key, _Key):
        raise KeyRefusedError("the key belongs to another back end")
    return key.handle


def _take_der(library: ctypes.CDLL, encode: "ctypes._NamedFuncPointer", handle: int) -> bytes:
    """DER from an i2d function that allocates its own buffer."""
    buffer = c_void_p()
    length = encode(handle, byref(buffer))
    if length <= 0 or buffer.value is None:
        library.ERR_clear_error()
        raise KeyRefusedError("libcrypto cannot encode the key")
    try:
        return ctypes.string_at(buffer.value, length)
    finally:
        library.CRYPTO_free(buffer, b"", 0)


@cache
def load() -> LibcryptoBackend:
    """The back end on this machine's libcrypto. BackendUnavailableError when it is missing, old or built without SM2."""
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise BackendUnavailableError("libcrypto.so.3 with SM2 is not on this machine") from error
    return LibcryptoBackend(library)
